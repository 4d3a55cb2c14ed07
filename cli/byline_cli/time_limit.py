"""A limit to the time that one file may take: some are made to take hours."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from byline import InputError

_PATIENCE = 10
"""How many times its limit a file may take by the clock: the machine may have more to do."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Give up on what runs inside.

    Only a process's main thread can be interrupted so, and none on Windows: elsewhere there is no
    limit. A call into C is interrupted when it returns.

    Args:
        seconds: of work; ten times as many by the clock, where waiting counts.

    Raises:
        InputError: it took longer.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or not hasattr(signal, "setitimer"):
        yield
        return

    began, worked, patience = time.monotonic(), time.thread_time(), _PATIENCE * seconds

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        if time.thread_time() - worked >= seconds:
            raise InputError(
                f"took more than {seconds:g} s of work to read; it is damaged or made to do harm"
            )
        if time.monotonic() - began >= patience:
            raise InputError(
                f"was not read in {patience:g} s; its disk or this machine is too slow: try again"
            )

    before = signal.signal(signal.SIGALRM, give_up)
    # Again and again: the first may come where an exception is lost, such as in a destructor.
    signal.setitimer(signal.ITIMER_REAL, seconds, min(seconds, 1))
    try:
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:  # once more, if it came in the line above
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
