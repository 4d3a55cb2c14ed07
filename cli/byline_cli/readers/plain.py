"""Plain text: passed on as it is, but for what is set apart by layout.

That is blanked, not cut out: offsets of a verdict go on counting the characters of the file. Fenced
code and tables of pipes stay, for the library knows them and sets them apart by itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from byline.segment import FENCE, LIST_ITEM, TABLE_ROW, count_words
from byline_cli.blocks import Kind, Prose, is_list_of_references, is_of_contents

_NOT_NEWLINE = re.compile(r"[^\r\n]")
_BREAKS = "\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
# More than the library's: behind tildes, it takes one word alone for a language.
_FENCE = re.compile(rf"{FENCE.pattern}|[ \t]{{0,3}}~{{3,}}[^~]*$")
_TILDES = re.compile(r"[ \t]{0,3}~{3,}\s*")
_RULER = re.compile(r"[ \t]*(?:\+[-=+]{3,}\+|[-=]{2,}(?:[ \t]+[-=]{2,})+)[ \t]*")
_COLUMNS = re.compile(r"[^\s.!?](?:  |\t)\s*\S")
_QUOTED = re.compile(r"[ \t]{0,3}>")
_FIELD = re.compile(r"[A-Z][\w-]{0,40}:(?:\s|$)|[ \t]")
_ABOVE_HEAD = re.compile(r"[ \t]*(?:-{3,}[^-]{1,60}-{3,}|_{10,})\s*")
"""What mail programs put above the head of a mail that is answered or passed on."""
_SIGNATURE = "-- "
"""Alone on its line, it begins the signature of a mail (RFC 3676, 4.3)."""
_MARK = re.compile(r"\[(?P<mark>\^?\w{1,12})\]")
_NOTE = re.compile(r"\[(?P<mark>\^?\w{1,12})\]:?[ \t]+\S")
_NUMBERED = re.compile(r"[ \t]*(\d{1,3})[.)][ \t]")
_SIGN = r"[={}<>]|\w\(|^\s*(?:#|//|\$ |>>> |return\b|import\b|end\b)"
_CODE = re.compile(rf"{_SIGN}|;|[:,\\]$")
_SIGN_OF_CODE = re.compile(_SIGN)
_WROTE = re.compile(
    r"\b(?:wrote|writes|schrieb|a écrit|escribió|escreveu|ha scritto|schreef)\b", re.IGNORECASE
)
_ENTRY = re.compile(r"\s*(?:\[|\(?\d)|.*\b(?:1[5-9]|20)\d\d")
"""An entry of a list of references: with a number or a year."""
_ENDS_SENTENCE = re.compile(r"[.!?:\"”)]\s*$")
_DATED = re.compile(r"(?:On|Am|Le|El|Em|Il|Op)\b.*\d")
_MOST_SAID = 300
_SHORT = 60
_LONG = 150
"""Characters; such a line is a paragraph of prose, in which a semicolon tells nothing."""
_INDENT = re.compile(r"(?:\t| {4})")
_MARKED = {"fence": "code", "tildes": "code", "pipes": "table"}
"""What has marks, and what it is; the library knows all but tildes that it takes for a divider."""


def plain_text(text: str, include: frozenset[Kind] = frozenset()) -> Prose:
    """Blank code, tables, quotations, contents, notes and references in a text without markup.

    Args:
        text: the contents of a file.
        include: kinds to keep; fenced code and tables of pipes lose the marks by which the library
            would set them apart.

    Returns:
        A text of the same length; the very same if nothing in it is set apart. What the library
        sets apart is counted by it.
    """
    pieces: list[str] = []
    done = blanked = 0
    for start, end, kind in _set_apart(text):
        pieces.append(text[done:start])
        piece = text[start:end]
        if _MARKED.get(kind, kind) in include:
            piece = _without_marks(piece) if kind in _MARKED else piece
        elif kind not in ("fence", "pipes"):
            # Nobody's words, as in the other formats.
            if kind != "navigation" and not _MARK.fullmatch(piece):
                blanked += count_words(piece)
            piece = _NOT_NEWLINE.sub(" ", piece)
        pieces.append(piece)
        done = end
    if not done:
        return Prose(text, in_place=True)
    pieces.append(text[done:])
    return Prose("".join(pieces), blanked, in_place=True)


def _without_marks(piece: str) -> str:
    lines = piece.splitlines(keepends=True)
    return "".join(
        _NOT_NEWLINE.sub(" ", line)
        if _FENCE.match(line.rstrip(_BREAKS))
        else line.replace("|", " ")
        for line in lines
    )


def _set_apart(text: str) -> Iterator[tuple[int, int, str]]:
    """Spans and kinds, in order; and the marks of notes."""
    definitions = Counter(match["mark"] for match in re.finditer(rf"(?m)^{_NOTE.pattern}", text))
    uses = Counter(match["mark"] for match in _MARK.finditer(text))
    # Paragraphs that are numbered so are no notes: nothing refers to them.
    marks = frozenset(m for m, n in definitions.items() if uses[m] > n)
    whole = text.splitlines(keepends=True)
    listed = frozenset(_references(_kinds(whole, marks)))
    for start, end, _, kind in _kinds(whole, marks):
        if start in listed:
            yield start, end, "reference"
        elif kind is not None and kind != "list_item":
            yield start, end, kind
        elif marks:
            for found in _MARK.finditer(text, start, end):
                if found["mark"] in marks and found.start() > start:
                    yield found.start(), found.end(), "reference"


def _references(chunks: Iterable[tuple[int, int, list[str], str | None]]) -> Iterator[int]:
    """Where the chunks begin under a heading such as `References`, up to the next that is marked.

    If it comes before all prose, or more than half of the words stand under it and those that
    follow it, that is no list; nor if it comes again, for then the contents named it. A heading
    with a number looks like an item; up to the next of those its list goes.
    """
    lists: list[list[int]] = []
    sizes: list[int] = []
    named: set[str] = set()  # the headings of the list so far
    total = numbered = 0
    prose = listing = False
    above = [""]
    for (start, _, lines, kind), (_, _, below, _) in pairwise([*chunks, (0, 0, [""], None)]):
        words = sum(len(line.split()) for line in lines)
        total += words
        bare = _unmarked(lines[0]) if len(lines) == 1 else ""
        section = _section(above, lines, below) if kind == "list_item" else 0
        above = lines
        if kind not in (None, "list_item"):
            continue
        if is_list_of_references(bare) and (kind is None or section):
            if prose:
                name = bare.casefold().rstrip(": ").split()[-1]
                if listing and name in named:
                    lists.pop()
                    sizes.pop()
                    listing = False
                if not listing:
                    lists.append([])
                    sizes.append(0)
                    named.clear()
                named.add(name)
                listing = True
                numbered = section
        elif lines[0].lstrip().startswith("#") and 0 < len(bare) < _SHORT:
            listing = False
        elif listing and 0 < numbered < section:
            listing = False
        elif listing:
            lists[-1].append(start)
            sizes[-1] += words
        else:
            prose = True
    for found, size in zip(lists, sizes, strict=True):
        if 2 * size <= total:
            yield from found


def _unmarked(line: str) -> str:
    return line.strip(" \t#*_")


def _section(above: list[str], lines: list[str], below: list[str]) -> int:
    """The number of a line alone, unless a list counts up to it or on from it; else 0."""
    found = _numbers(lines)
    if len(lines) > 1 or not found:
        return 0
    listed = found[0] - 1 in _numbers(above)[-1:] or found[0] + 1 in _numbers(below)[:1]
    return 0 if listed else found[0]


def _numbers(lines: list[str]) -> list[int]:
    return [int(found[1]) for found in map(_NUMBERED.match, lines) if found]


def _kinds(
    whole: list[str], marks: frozenset[str]
) -> Iterator[tuple[int, int, list[str], str | None]]:
    """Where chunks begin and end, their lines, and what they are."""
    # Where most lines are set in, that means nothing.
    lines = [line for line in whole if line.strip()]
    telling = 2 * sum(line[0] in " \t" for line in lines) < len(lines)
    before: str | None = None
    chunks = list(_chunks(whole))
    for (start, end, lines), (_, _, following) in pairwise([*chunks, (0, 0, [""])]):
        kind = _chunk_kind(lines, before, telling, marks)
        if kind is None and _is_attribution(lines) and _QUOTED.match(following[0]):
            kind = "navigation"
        yield start, end, lines, kind
        if LIST_ITEM.match(lines[-1]) or kind == "list_item":
            before = "list_item"
        elif not (before == "term" and lines[0][0] in " \t"):
            before = "term" if kind is None and _is_term(lines) else None


def _chunk_kind(
    lines: list[str], before: str | None, telling: bool, marks: frozenset[str]
) -> str | None:
    """What the lines between two blank ones are, if not prose."""
    if _FENCE.match(lines[0]):
        fence = FENCE.match(lines[0])
        known = "fence" if fence and (fence["ticks"] or fence["info"]) else "tildes"
        return known if len(lines) > 1 else None
    if all(map(TABLE_ROW.match, lines)):
        return "pipes"
    contents = 2 * sum(map(is_of_contents, lines)) > len(lines)
    if contents or lines[0] == _SIGNATURE or _is_head_of_mail(lines):
        return "navigation"
    if _has_columns(lines):
        return "table"
    if all(_QUOTED.match(line) for line in lines):
        return "quote"
    if (note := _NOTE.match(lines[0])) and note["mark"] in marks:
        return "reference"
    if any(map(LIST_ITEM.match, lines)):
        return "list_item" if LIST_ITEM.match(lines[0]) else None
    indents = [len(line) - len(line.lstrip()) for line in lines]
    if not telling or not all(indents):
        return None
    if before == "list_item":
        return "list_item"  # goes on after a blank line
    if all(map(_INDENT.match, lines)) and _is_code(lines):
        return "code"
    if before == "term":
        return None  # its definition
    # A single indented line may be a heading, and of a paragraph only the first line is.
    return "quote" if len(lines) > 1 and len(set(indents)) == 1 else None


def _is_term(lines: list[str]) -> bool:
    """Whether it is no sentence, which leads to a quotation, but has its own text set in below."""
    line = lines[0].rstrip()
    return len(lines) == 1 and len(line) < _SHORT and line[-1] not in '.:,;!?…"”’'


def _is_attribution(lines: list[str]) -> bool:
    """Whether a mail program says so who wrote what is quoted: by date or by address."""
    line = " ".join(lines).rstrip()
    said = len(line) < _MOST_SAID and line.endswith(":") and _WROTE.search(line)
    return bool(said and (_DATED.match(line) or "@" in line))


def _is_head_of_mail(lines: list[str]) -> bool:
    if len(lines) > 1 and _ABOVE_HEAD.fullmatch(lines[0]):
        lines = lines[1:]
    names = {line.partition(":")[0] for line in lines}
    return "From" in names and "Subject" in names and all(map(_FIELD.match, lines))


def _has_columns(lines: list[str]) -> bool:
    """Whether there is a ruler, and most other lines have columns under it: it may divide prose."""
    rows = [line for line in lines if not _RULER.fullmatch(line)]
    found = sum(bool(TABLE_ROW.match(row) or _COLUMNS.search(row)) for row in rows)
    return len(rows) < len(lines) and 2 * found > len(rows)


def _is_code(lines: list[str]) -> bool:
    """Whether most lines look so, and not by their last marks alone: those of verse do, too."""
    found = [line.rstrip() for line in lines if line.strip()]
    likely = sum(len(line) < _LONG and bool(_CODE.search(line)) for line in found)
    return any(map(_SIGN_OF_CODE.search, found)) and 2 * likely >= len(found)


def _chunks(whole: list[str]) -> Iterator[tuple[int, int, list[str]]]:
    """Runs of lines that aren't blank; fenced code with its blank lines, other fences alone.

    In mails, answers stand right below what is quoted, and signatures below the text; a heading of
    references may stand between the lines of both.
    """
    behind = _fences(whole)
    position = start = end = stop = 0
    lines: list[str] = []
    quoted = heading = False
    for i, line in enumerate(whole):
        bare = line.rstrip(_BREAKS)
        fenced = i < stop
        before, quoted = quoted, bare.startswith(">")
        ends = i == stop or i in behind or quoted != before or bare == _SIGNATURE or heading
        heading = len(bare) < _SHORT and _begins_references(whole, i)
        ends = ends or heading
        if lines and not fenced and (ends or not bare.strip()):
            yield start, end, lines
            lines = []
        if bare.strip() or fenced:
            if not lines:
                start, stop = position, behind.get(i, -1)
            end = position + len(bare)
            lines.append(bare)
        position += len(line)
    if lines:
        yield start, end, lines


def _begins_references(whole: list[str], i: int) -> bool:
    """Whether a line is the heading of references, not a word that stands alone as it was wrapped.

    It begins as a heading does; no sentence goes on from the line above, and an entry is below.
    """
    above, below = "".join(whole[i - 1 : i]), "".join(whole[i + 1 : i + 2])
    bare = _unmarked(whole[i].rstrip(_BREAKS))
    return (
        is_list_of_references(bare)
        and (not bare[0].islower() or "#" in whole[i])
        and (not above.strip() or _ENDS_SENTENCE.search(above) is not None)
        and (not below.strip() or _ENTRY.match(below) is not None)
    )


def _fences(whole: list[str]) -> dict[int, int]:
    """Lines on which fenced code begins, and those behind its end; a fence of no code is alone.

    That is one without an end; and tildes that name no language, which the library always takes for
    dividers of scenes, unless what is between them looks like code.
    """
    fences = [i for i, line in enumerate(whole) if _FENCE.match(line.rstrip(_BREAKS))]
    closing: dict[int, int] = {}
    later: dict[str, int] = {}
    for i in reversed(fences):
        mark = whole[i].lstrip()[0]
        closing[i] = later.get(mark, i)
        later[mark] = i
    behind: dict[int, int] = {}
    done = 0
    for i in fences:
        if i < done:
            continue
        end = closing[i]
        divides = _TILDES.fullmatch(whole[i]) is not None
        if divides and not (_TILDES.fullmatch(whole[end]) and _is_code(whole[i + 1 : end])):
            end = i
        done = behind[i] = end + 1
    return behind
