"""A progress bar on standard error, where somebody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def watched(items: Iterable[T], total: Callable[[], int]) -> Iterator[T]:
    """Yield the items and show how many of them have passed.

    Args:
        items: any.
        total: how many there will be.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    with Progress(
        TextColumn("Scoring"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
    ) as progress:
        task = progress.add_task("", total=total())
        for item in items:
            yield item
            progress.advance(task)
