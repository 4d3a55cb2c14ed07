"""Which files are meant by the paths that were given."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from byline_cli.readers import KINDS

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class Input:
    """A file to be read.

    Attributes:
        name: what the output calls it; may hold anything a file name may, undecodable bytes
            as lone surrogates (PEP 383).
        path: where it is; None for standard input.
        problem: why it can't be read, where that is known already.
    """

    name: str
    path: Path | None
    problem: str | None = None


def missing(paths: Sequence[str]) -> list[str]:
    """Those of the paths that don't exist."""
    return [path for path in paths if path != STANDARD_INPUT and not os.path.exists(path)]


def find(paths: Sequence[str], leave_out: Path | None = None) -> Iterator[Input]:
    """Yield the files meant, in the order given; those of a folder sorted by name, level by level.

    Of a folder, files of the kinds that can be read are taken, hidden ones and symbolic links left
    out: a link leads either out of the folder or to what is found in it anyway.

    Args:
        paths: files, folders, and `-` for standard input.
        leave_out: not taken from a folder: the file the output goes to.
    """
    for path in paths:
        if path == STANDARD_INPUT:
            yield Input(path, None)
        elif os.path.isdir(path):
            yield from _walk(Path(path), leave_out)
        else:
            yield Input(path, Path(path))


def _walk(root: Path, leave_out: Path | None) -> Iterator[Input]:
    stack = [root]  # no recursion: folders can be nested deeper than Python recurses
    while stack:
        path = stack.pop()
        if path is not root and not path.is_dir():
            if leave_out is None or path.resolve() != leave_out:
                yield Input(str(path), path)
            continue
        try:
            with os.scandir(path) as entries:
                taken = sorted(entry.name for entry in entries if _wanted(entry))
        except OSError as error:
            yield Input(str(path), path, f"the folder can't be listed ({error.strerror})")
            continue
        stack.extend(path / name for name in reversed(taken))


def _wanted(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith(".") or entry.is_symlink():
        return False
    if entry.is_dir():
        return True
    return entry.is_file() and os.path.splitext(entry.name)[1].lower() in KINDS
