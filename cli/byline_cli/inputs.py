"""Which files are meant by the paths that were given."""

from __future__ import annotations

import os
import re
import stat
import sys
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from byline import InputError
from byline_cli.ignore import IGNORE_FILE, Rules, excluded, rules_around, rules_of
from byline_cli.readers.files import KINDS, PAGES, RECORDS, suffix_of
from byline_cli.wording import shown

STANDARD_INPUT = "-"
_MAGIC = re.compile(r"[*?\[]")
_OF_PAGE = re.compile(
    "(.+)(?:_(?:archivos|arquivos|bestanden|bylos|datoteke|dosyalar|elemei|failid|fails|fichiers|"
    "ficheiros|files?|fitxategiak|fitxers|pliki|soubory|tiedostot)|-(?:Dateien|filer)|[.]files)"
)
"""How browsers and Word, each in its language, call the folder beside a page that they save:
scripts, pictures, and frames of others (Windows knows these as connected files)."""
_CHUNK = 65536
_KINDS_NAMED = 6


@dataclass(frozen=True, slots=True)
class Input:
    """A file to be read, or a row of one that has been.

    Attributes:
        name: what the output calls it; may hold anything a file name may, undecodable bytes
            as lone surrogates (PEP 383).
        path: where it is; None for standard input.
        id: of a row, its name in the file.
        text: of a row, what is to be scored.
        problem: why it can't be read, where that is known already.
    """

    name: str
    path: Path | None
    id: str | None = None
    text: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which files of a folder are taken.

    Attributes:
        exclude: patterns as in `.gitignore`.
        ignore_files: whether `.gitignore` files are obeyed.
        records: whether tables and records are taken, too.
        leave_out: resolved paths that are not taken: the file the output goes to.
        stream: device and inode of the file that standard output was redirected to.
    """

    exclude: tuple[str, ...] = ()
    ignore_files: bool = True
    records: bool = False
    leave_out: frozenset[Path] = frozenset()
    stream: tuple[int, int] | None = None


def missing(paths: Sequence[str]) -> list[str]:
    """Those of the paths that neither exist nor are patterns."""
    return [
        path
        for path in paths
        if path != STANDARD_INPUT and not os.path.exists(path) and not is_pattern(path)
    ]


def is_pattern(path: str) -> bool:
    """Whether a path stands for the files that match it: a file of that name comes first."""
    return not os.path.lexists(path) and _MAGIC.search(path) is not None


def find(
    paths: Iterable[str],
    choice: Choice = Choice(),
    patterns: bool = True,
    passed: Counter[str] | None = None,
) -> Iterator[Input]:
    """Yield the files meant, in the order given; those of a folder sorted by name, level by level.

    Of a folder, files of the kinds that can be read are taken, hidden ones and symbolic links left
    out: a link leads either out of the folder or to what is found in it anyway. So are the files
    that lock a document while Word has it open (`~$essay.docx`), and what a browser saves along
    with a page (`page_files` beside `page.html`).

    Args:
        paths: files, folders, patterns such as `texts/**/*.md`, and `-` for standard input.
        choice: what of a folder is left out.
        patterns: whether a path that isn't there may be a pattern; those of a list are names.
        passed: counts, by suffix, the files that are left out for their kind alone.
    """

    def pass_over(path: str) -> None:
        if passed is not None:
            passed[suffix_of(path)] += 1

    exclude = excluded(choice.exclude) if choice.exclude else None
    for path in paths:
        if path == STANDARD_INPUT:
            yield Input(path, None)
        elif os.path.isdir(path):
            yield from _Folder(path, choice, pass_over).files()
        elif patterns and is_pattern(path):
            yield from _matching(path, choice, pass_over)
        elif exclude is None or not exclude.match_file(_relative(path)):
            yield Input(path, Path(path))


def passed_over(passed: Counter[str]) -> str:
    """What `find` has left out for its kind, in words."""
    named = passed.most_common(_KINDS_NAMED)
    parts = [
        f"{n:,} {shown(suffix) or 'without a suffix'} "
        f"({'name --text-column' if suffix in RECORDS else 'not read'})"
        for suffix, n in named
    ]
    if others := passed.total() - sum(n for _, n in named):
        parts.append(f"{others:,} of other kinds")
    return f"passed over: {', '.join(parts)}"


def listed(stream: BinaryIO, separator: bytes) -> Iterator[str]:
    """Yield the paths of a list as they come.

    Args:
        stream: paths, each followed by the separator.
        separator: a line feed, or NUL, which no name can hold. Lines are also taken as editors on
            Windows write them: with a carriage return at their end, a byte order mark before all.
    """
    for number, path in enumerate(_split(stream, separator)):
        if separator == b"\n":
            path = path.removesuffix(b"\r").removeprefix(BOM_UTF8 if number == 0 else b"")
        if path:
            yield os.fsdecode(path)


def standard_input() -> BinaryIO:
    """Standard input, as bytes.

    Raises:
        InputError: it is closed.
    """
    if sys.stdin is None:
        raise InputError("standard input is closed")
    return sys.stdin.buffer


def _relative(path: str) -> str:
    try:
        return os.path.relpath(path)
    except ValueError:  # on another of Windows' drives
        return path


def _split(stream: BinaryIO, separator: bytes) -> Iterator[bytes]:
    rest = b""
    while chunk := stream.read1(_CHUNK) if hasattr(stream, "read1") else stream.read(_CHUNK):
        *whole, rest = (rest + chunk).split(separator)
        yield from whole
    yield rest


def _matching(pattern: str, choice: Choice, pass_over: Callable[[str], None]) -> Iterator[Input]:
    """Files that match a pattern no shell has resolved; `**` stands for folders of any depth."""
    folder = os.path.dirname(_MAGIC.split(pattern, maxsplit=1)[0])
    below = pattern[len(folder) :].lstrip(os.sep + (os.altsep or ""))
    matches = excluded((f"/{below}",))
    found = False

    def name_of(path: str) -> str:
        return os.path.relpath(path, folder or ".")

    def pass_over_match(path: str) -> None:
        if matches.match_file(name_of(path)):
            pass_over(path)

    for given in _Folder(folder or ".", choice, pass_over_match).files():
        name = name_of(given.name)
        match = matches.match_file(name)
        if given.problem is not None:
            # Where the pattern reaches into the folder, it may hide matches; it is none itself.
            place = name_of(str(given.path or "."))
            depth = 0 if place == "." else place.count(os.sep) + 1
            match = match or "**" in below or below.count("/") >= depth
        else:
            found = found or match
        if match:
            yield given if folder else Input(name, Path(name), problem=given.problem)
    if not found:
        raise InputError(
            f"no such file, and nothing matches it as a pattern: {pattern}; a text itself goes to "
            "standard input: echo TEXT | byline score -"
        )


class _Folder:
    """Walks a folder."""

    def __init__(self, root: str, choice: Choice, pass_over: Callable[[str], None]) -> None:
        self._root = root
        self._real = os.path.realpath(root)
        self._choice = choice
        self._pass_over = pass_over
        self._exclude = self._excluded() if choice.exclude else None
        around, self._broken = rules_around(self._real) if choice.ignore_files else (None, {})
        # Of a folder that they leave out they say nothing more: it was named, not found.
        self._around = None if around and around.leave_out(self._real, True) else around
        self._kinds = frozenset(KINDS) | (RECORDS if choice.records else frozenset())

    def _excluded(self) -> Rules:
        """What `--exclude` leaves out, written from this folder or as seen from the current one."""
        patterns = excluded(self._choice.exclude)
        here = Path.cwd().resolve()
        outer = Rules(str(here), patterns) if here in Path(self._real).parents else None
        if outer and outer.leave_out(self._real, True):
            outer = None  # as of a .gitignore: it was named, not found
        return Rules(self._real, patterns, outer)

    def files(self) -> Iterator[Input]:
        for folder, problem in self._broken.items():
            above = os.path.join(self._root, os.path.relpath(folder, self._real), IGNORE_FILE)
            yield Input(above, Path(self._root), problem=problem)
        # No recursion: folders can be nested deeper than Python recurses.
        stack = [(self._root, True, self._around)]
        while stack:
            path, is_folder, rules = stack.pop()
            if not is_folder:
                yield from self._file(path)
                continue
            try:
                with os.scandir(path) as entries:
                    found = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                problem = f"the folder can't be listed ({error.strerror})"
                yield Input(path, Path(path), problem=problem)
                continue
            try:
                if self._choice.ignore_files:
                    rules = rules_of(self._resolved(path), rules)
            except InputError as error:  # its folder is read as if it had none
                yield Input(os.path.join(path, IGNORE_FILE), Path(path), problem=str(error))
            names = (entry.name for entry in found)
            pages = {os.path.splitext(name)[0] for name in names if suffix_of(name) in PAGES}
            for entry in reversed(found):
                below = entry.is_dir(follow_symlinks=False)
                if below and (beside := _OF_PAGE.fullmatch(entry.name)) and beside[1] in pages:
                    continue
                if self._wanted(entry, os.path.join(path, entry.name), below, rules):
                    stack.append((os.path.join(path, entry.name), below, rules))

    def _wanted(
        self, entry: os.DirEntry[str], path: str, is_folder: bool, rules: Rules | None
    ) -> bool:
        if entry.name.startswith((".", "~$")) or entry.is_symlink():
            return False
        path = self._resolved(path)
        if self._exclude is not None and self._exclude.leave_out(path, is_folder):
            return False
        return rules is None or not rules.leave_out(path, is_folder)

    def _resolved(self, path: str) -> str:
        return os.path.join(self._real, path[len(self._root) :].lstrip(os.sep)).rstrip(os.sep)

    def _file(self, path: str) -> Iterator[Input]:
        if self._choice.leave_out and Path(self._resolved(path)) in self._choice.leave_out:
            return
        try:
            status = os.lstat(path)
        except OSError:
            mode = stat.S_IFREG  # it has just gone: whoever reads it will say so
        else:
            mode = status.st_mode
            if (status.st_dev, status.st_ino) == self._choice.stream:
                return
        if suffix_of(path) not in self._kinds:
            if stat.S_ISREG(mode):
                self._pass_over(path)
        elif stat.S_ISREG(mode) or stat.S_ISFIFO(mode):  # a pipe is refused when it is read
            yield Input(path, Path(path))
