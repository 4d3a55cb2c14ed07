"""Standard output for people: a terminal of any width, or a pipe."""

from __future__ import annotations

import errno
import io
import sys
from typing import NoReturn

from rich.console import Console

UNBOUNDED = 10_000
"""Columns of a pipe or file: a line a row, for those who search in them."""


class Terminal(Console):
    """A console that leaves it to the command how a closed pipe ends."""

    def on_broken_pipe(self) -> NoReturn:
        """Pass it on; rich would exit with 1, which here means a finding."""
        raise BrokenPipeError(errno.EPIPE, "the reader of standard output went away")


def standard_output() -> Terminal:
    """The console on standard output."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # it may not have every letter of a name
    console = Terminal()
    if not console.is_terminal:
        console.width = UNBOUNDED
    return console
