"""Which files of a folder are left out: by `.gitignore` files, and by `--exclude`."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from byline import InputError

if TYPE_CHECKING:  # imported only where there are patterns
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".gitignore"
_BAD_PATTERN = (ValueError, re.error)
_MOST_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that hold in a folder: its own, then those of the folders it lies in.

    Attributes:
        folder: to which the patterns are relative; resolved.
        spec: the patterns.
        outer: the rules of the folder around; they count where these say nothing.
    """

    folder: str
    spec: GitIgnoreSpec
    outer: Rules | None = None

    def leave_out(self, path: str, is_folder: bool) -> bool:
        """Whether a resolved path below `folder` is left out; as in git, the nearest rule wins."""
        rules: Rules | None = self
        while rules is not None:
            relative = os.path.relpath(path, rules.folder)
            decided = rules.spec.check_file(relative + "/" if is_folder else relative).include
            if decided is not None:
                return decided
            rules = rules.outer
        return False


def excluded(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    """Patterns of `--exclude`.

    Raises:
        InputError: one of them is no pattern.
    """
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(patterns)
    except _BAD_PATTERN as error:
        raise InputError(f"--exclude: {error}") from error


def rules_of(folder: str, outer: Rules | None) -> Rules | None:
    """The rules in a folder: those of its `.gitignore`, if it has one, before the outer ones.

    As in git, a line that is no pattern matches nothing.

    Raises:
        InputError: the file can't be read.
    """
    path = os.path.join(folder, IGNORE_FILE)
    try:
        # As in git, a link isn't followed; a pipe or device could be read for ever.
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return outer
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read(_MOST_BYTES).splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return outer
    except OSError as error:
        raise InputError(f"can't be read ({error.strerror})") from error
    from pathspec import GitIgnoreSpec

    try:
        spec = GitIgnoreSpec.from_lines(lines)
    except _BAD_PATTERN:
        spec = GitIgnoreSpec.from_lines(filter(_is_pattern, lines))
    return Rules(folder, spec, outer)


def rules_around(folder: str) -> tuple[Rules | None, dict[str, str]]:
    """The rules that the folders around have for a resolved one, up to the root of its checkout.

    Returns:
        The rules; and what is wrong with the `.gitignore` files of folders that are read as if they
        had none, by folder.
    """
    here = Path(folder)
    around = [here, *here.parents]
    root = next((i for i, parent in enumerate(around) if os.path.exists(parent / ".git")), None)
    rules: Rules | None = None
    problems: dict[str, str] = {}
    for parent in map(str, reversed(around[1 : root + 1] if root is not None else ())):
        try:
            rules = rules_of(parent, rules)
        except InputError as error:
            problems[parent] = str(error)
    return rules, problems


def _is_pattern(line: str) -> bool:
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines((line,))
    except _BAD_PATTERN:
        return False
    return True
