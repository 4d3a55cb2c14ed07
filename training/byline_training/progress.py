"""Progress of long work: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from rich.console import Console
from rich.progress import track

T = TypeVar("T")
_SECONDS_BETWEEN_LINES = 20.0


def note(text: str) -> None:
    """Say something on standard error."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def progress(items: Iterable[T], what: str, done: int = 0, total: int | None = None) -> Iterator[T]:
    """Pass items on and say on standard error how far along they are.

    Args:
        items: what is worked through.
        what: a name for the work.
        done: items done before, in an earlier process.
        total: how many there are with those; taken from `items` where it is known.
    """
    if total is None and isinstance(items, Sized):
        total = len(items) + done
    console = Console(stderr=True)
    if console.is_terminal:
        yield from track(items, what, total=total, completed=done, console=console)
        return
    said = started = time.monotonic()
    count = done
    for item in items:
        yield item
        count += 1
        if (now := time.monotonic()) - said > _SECONDS_BETWEEN_LINES:
            said = now
            rate = (count - done) / (now - started)
            left = f", {(total - count) / rate / 60:.1f} min left" if total and rate else ""
            note(f"{what}: {count}/{total or '?'}{left}")
