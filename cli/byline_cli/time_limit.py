"""A limit to the time that one file may take: some are made to take hours."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from byline import InputError


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Give up on what runs inside.

    Only a process's main thread can be interrupted so, and none on Windows: elsewhere there is no
    limit. A call into C is interrupted when it returns.

    Args:
        seconds: by the clock on the wall; waiting counts.

    Raises:
        InputError: it took longer.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or not hasattr(signal, "setitimer"):
        yield
        return

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise InputError(
            f"took longer than {seconds:g} s to read; it is damaged or made to do harm"
        )

    before = signal.signal(signal.SIGALRM, give_up)
    # Again and again: the first may come where an exception is lost, such as in a destructor.
    signal.setitimer(signal.ITIMER_REAL, seconds, 1)
    try:
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:  # once more, if it came in the line above
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
