"""Plain text: passed on as it is, but for what is set apart by layout.

That is blanked, not cut out: offsets of a verdict go on counting the characters of the file. Fenced
code and tables of pipes stay, for the library knows them and sets them apart by itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from byline_cli.blocks import SET_APART, Kind, is_list_of_references

_NOT_NEWLINE = re.compile(r"[^\r\n]")
_FENCE = re.compile(r"[ \t]{0,3}(?:`{3,}[^`]*|~~~.*)")
_PIPES = re.compile(r"[ \t]*\|.*\|[ \t]*")
_RULER = re.compile(r"[ \t]*(?:\+[-=+]{3,}\+|[-=]{2,}(?:[ \t]+[-=]{2,})+)[ \t]*")
_QUOTED = re.compile(r"[ \t]{0,3}>")
_MARK = re.compile(r"\[(?P<mark>\^?\w{1,12})\]")
_NOTE = re.compile(r"\[(?P<mark>\^?\w{1,12})\]:?[ \t]+\S")
_ITEM = re.compile(r"[ \t]*(?:[-*+•‣▪◦·–]|\(?\d{1,3}[.)]|\(?[A-Za-z]\))[ \t]+\S")
_CODE = re.compile(r"[={};<>]|\w\(|[:,\\]$|^\s*(?:#|//|\$ |>>> |return\b|import\b|end\b)")
_INDENT = re.compile(r"(?:\t| {4})")


def plain_text(text: str, include: frozenset[Kind] = frozenset()) -> str:
    """Blank code, tables, quotations, notes and lists of references in a text without markup.

    Args:
        text: the contents of a file.
        include: kinds to keep; fenced code and tables of pipes lose the marks by which the library
            would set them apart.

    Returns:
        A text of the same length; the very same if nothing in it is set apart.
    """
    pieces: list[str] = []
    done = 0
    for start, end, kind in _set_apart(text):
        known = kind in ("fence", "pipes")
        wanted = {"fence": "code", "pipes": "table"}.get(kind, kind) in include
        pieces.append(text[done:start])
        piece = text[start:end]
        if known and wanted:
            piece = _without_marks(piece)
        elif not known and not wanted:
            piece = _NOT_NEWLINE.sub(" ", piece)
        pieces.append(piece)
        done = end
    if not done:
        return text
    pieces.append(text[done:])
    return "".join(pieces)


def _without_marks(piece: str) -> str:
    lines = piece.splitlines(keepends=True)
    return "".join(
        _NOT_NEWLINE.sub(" ", line)
        if _FENCE.fullmatch(line.rstrip("\r\n"))
        else line.replace("|", " ")
        for line in lines
    )


def _set_apart(text: str) -> Iterator[tuple[int, int, str]]:
    """Spans and kinds, in order; and the marks of notes that are explained."""
    definitions = Counter(match["mark"] for match in re.finditer(rf"(?m)^{_NOTE.pattern}", text))
    uses = Counter(match["mark"] for match in _MARK.finditer(text))
    # Paragraphs that are numbered so are no notes: nothing refers to them.
    marks = frozenset(m for m, n in definitions.items() if uses[m] > n)
    # Where most lines are set in, that means nothing.
    lines = [line for line in text.splitlines() if line.strip()]
    telling = 2 * sum(line[0] in " \t" for line in lines) < len(lines)
    before: Kind | None = "heading"
    listing = False
    for start, end, lines in _chunks(text):
        kind = _chunk_kind(lines, before, telling, marks)
        if len(lines) == 1 and kind is None:
            bare = lines[0].strip(" \t#*_")
            if is_list_of_references(bare):
                listing, kind = True, "heading"
            elif listing and len(bare) < 60 and lines[0].lstrip().startswith("#"):
                listing = False
        if listing and kind is None:
            kind = "reference"
        if kind in SET_APART or kind in ("fence", "pipes"):
            yield start, end, kind
        elif marks:
            for found in _MARK.finditer(text, start, end):
                if found["mark"] in marks and found.start() > start:
                    yield found.start(), found.end(), "reference"
        before = "list_item" if _ITEM.match(lines[-1]) or kind == "list_item" else None


def _chunk_kind(
    lines: list[str], before: str | None, telling: bool, marks: frozenset[str]
) -> str | None:
    """What the lines between two blank ones are, if not prose."""
    if _FENCE.fullmatch(lines[0]):
        return "fence"
    if all(_PIPES.fullmatch(line) for line in lines):
        return "pipes"
    if any(_RULER.fullmatch(line) for line in lines) and len(lines) > 1:
        return "table"
    if all(_QUOTED.match(line) for line in lines):
        return "quote"
    if (note := _NOTE.match(lines[0])) and note["mark"] in marks:
        return "reference"
    if any(_ITEM.match(line) for line in lines):
        return "list_item" if _ITEM.match(lines[0]) else None
    indents = [len(line) - len(line.lstrip()) for line in lines]
    if not telling or not all(indents):
        return None
    if before == "list_item":
        return "list_item"  # goes on after a blank line
    if all(map(_INDENT.match, lines)) and 2 * sum(map(bool, map(_CODE.search, lines))) >= len(
        lines
    ):
        return "code"
    # A single indented line may be a heading, and of a paragraph only the first line is.
    return "quote" if len(lines) > 1 and len(set(indents)) == 1 else None


def _chunks(text: str) -> Iterator[tuple[int, int, list[str]]]:
    """Runs of lines that aren't blank, and fenced code with its blank lines."""
    start = end = -1
    lines: list[str] = []
    fenced = False
    position = 0
    for line in text.splitlines(keepends=True):
        bare = line.rstrip("\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
        opens = _FENCE.fullmatch(bare) is not None
        if lines and not fenced and (opens or not bare.strip()):
            yield start, end, lines
            lines = []
        if bare.strip() or fenced:
            if not lines:
                start, fenced = position, opens
                opens = False
            end = position + len(bare)
            lines.append(bare)
            if fenced and opens:
                yield start, end, lines
                lines, fenced = [], False
        position += len(line)
    if lines:
        yield start, end, lines
