"""Lines on pages to blocks: what a PDF knows only by where things stand.

The thresholds are shares of the size of the letters or of the distance of lines.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from byline_cli.blocks import Block, Kind, is_of_contents

_BULLET = re.compile(r"[•‣▪◦·●○■–*\uf0b7-]\s+(?=\S)")
_NUMBER = re.compile(r"\(?(?:\d{1,3}|[A-Za-z])[.)]\s+(?=\S)")
MARKER = re.compile(f"{_BULLET.pattern}|{_NUMBER.pattern}")
"""Begins a list item."""
_PAGE_NUMBER = re.compile(
    r"(?:page|p\.)?[\s|–—-]*(?:\d{1,4}|[ivxlc]{1,7})[\s|–—-]*(?:(?:of|/)\s*\d{1,4})?", re.IGNORECASE
)
_LINE_NUMBER = re.compile(r"[0-9]{1,5}$")
_LEAST_NUMBERED = 15
_LETTER = re.compile(r"[^\W\d_]")
_DIGITS = re.compile(r"\d+")
_FOOTNOTE = re.compile(r"[\d*†‡§]")
_SURE_FOOTNOTE = re.compile(r"(?!1\s)\d{1,3}\s|[†‡§]")
_ENDS = re.compile(r"[.!?:;][\"'”’)\]]*$")
_EDGE = 2  # lines at the top and at the bottom of a page that may be its header and footer
_FAR = 2.6  # times the size of letters; browsers set lists in by 2.5
_UNEVEN = 0.1  # share of the width by which lines may end before the margin
_REPEATED = 0.3  # share of the pages; left and right ones may differ
_CHAPTER = 4  # pages that a chapter's header must be on


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it stands on its page, in points; y grows upwards.

    Attributes:
        size: height of its letters, ascenders and descenders included.
        fixed: in a font of fixed width.
        hyphen: a word is divided at its end.
        mark: a raised number before it.
        gaps: spaces as wide as between the columns of a table.
    """

    text: str
    left: float
    right: float
    bottom: float
    size: float
    fixed: bool = False
    bold: bool = False
    hyphen: bool = False
    mark: str = ""
    gaps: int = 0

    def goes_on_in(self, other: Line) -> bool:
        """Whether the other piece stands behind this one, at the same height."""
        height = abs(self.bottom - other.bottom)
        return (
            not self.hyphen
            and height < 0.35 * max(self.size, other.size)
            and other.left >= self.right - self.size
        )

    def joined(self, other: Line) -> Line:
        """This line with the other piece behind it."""
        apart = other.left - self.right
        space = " " if apart > 0.1 * self.size else ""
        return replace(
            self if len(self.text) >= len(other.text) else replace(other, left=self.left),
            text=f"{self.text}{space}{other.text}",
            right=other.right,
            hyphen=other.hyphen,
            mark=self.mark,
            gaps=self.gaps + other.gaps + (apart > self.size),
        )


def layout(pages: Sequence[Sequence[Line]]) -> list[Block]:
    """Put lines together to paragraphs, across pages too; words divided at line ends are mended.

    Args:
        pages: lines in the order in which they are read.

    Returns:
        Blocks; running headers, footers, page numbers and contents as `navigation`, footnotes
        behind the paragraph they interrupt as `reference`. Numbers of lines are left out.
    """
    pages = _without_line_numbers(pages)
    lines = [line for page in pages for line in page]
    if not lines:
        return []
    usual = _usual_size(lines)
    running = _running(pages, usual)
    parts = [_without_edges(page, running) for page in pages]
    body = _body_size([rest for rest, _ in parts], usual)
    whole = " ".join(line.text for line in lines)
    blocks: list[Block] = []
    open_paragraph: list[Line] = []
    margins = _Margins.of(lines)
    for rest, aside in parts:
        rest, notes = _without_notes(rest, body)
        aside.extend(Block("reference", text) for text in _notes(notes, whole))
        for group in _groups(rest, body):
            if open_paragraph and _continues(open_paragraph, group):
                open_paragraph = [*open_paragraph, *group]
                continue
            if open_paragraph:
                blocks.append(_block(open_paragraph, body, margins, whole))
            open_paragraph = group
        if aside:
            blocks.extend(aside)
    if open_paragraph:
        blocks.append(_block(open_paragraph, body, margins, whole))
    return _tables_together(blocks)


def _without_line_numbers(pages: Sequence[Sequence[Line]]) -> Sequence[Sequence[Line]]:
    """The pages without the numbers that manuscripts have in the margin, one a line or every five.

    They would pass for words, and the text, to the right of that margin, for a quotation.
    """
    numbers = [int(line.text) for page in pages for line in page if _LINE_NUMBER.match(line.text)]
    steps = Counter(b - a for a, b in pairwise(numbers))
    step, times = max(steps.items(), key=lambda item: item[1], default=(0, 0))
    # A single one on each page is the page's.
    if step < 1 or times < max(_LEAST_NUMBERED, 4 * len(pages), 0.8 * len(numbers)):
        return pages
    return [[line for line in page if not _LINE_NUMBER.match(line.text)] for page in pages]


def _usual_size(lines: Sequence[Line]) -> float:
    """The median size of their characters."""
    weights: Counter[float] = Counter()
    for line in lines:
        weights[round(line.size, 1)] += len(line.text)
    half = weights.total() / 2
    for size in sorted(weights):
        half -= weights[size]
        if half <= 0:
            return size
    return max(weights)


def _body_size(pages: Sequence[Sequence[Line]], usual: float) -> float:
    """The size of the text: the usual one, but where notes take as much room, that above them."""
    upper: list[Line] = []
    for page in filter(None, pages):
        heights = [line.bottom for line in page]
        third = (max(heights) - min(heights)) / 3
        upper.extend(line for line in page if line.bottom >= max(heights) - third)
    above = max(usual, _usual_size(upper)) if upper else usual
    small = [(page, _small_from(page, above)) for page in pages]
    noted = sum(_is_note(page, start) for page, start in small)
    others = sum(start < len(page) for page, start in small) - noted
    # Small letters alone tell nothing: under its title, all text of a slide is in such.
    return above if noted > 1 and 2 * noted >= others else usual


@dataclass(frozen=True, slots=True)
class _Margins:
    """Where columns begin, in steps of three points, and where the longest line of them ends."""

    left: frozenset[int]
    right: float

    @classmethod
    def of(cls, lines: Sequence[Line]) -> _Margins:
        """Left edges that many lines share."""
        counts = Counter(round(line.left / 3) for line in lines)
        left = frozenset(edge for edge, n in counts.items() if n >= max(2, 0.15 * len(lines)))
        inside = (line.right for line in lines if round(line.left / 3) in left)
        return cls(left, max(inside, default=0.0))


def _edges(page: Sequence[Line]) -> list[Line]:
    ordered = sorted(page, key=lambda line: -line.bottom)
    return ordered[:_EDGE] + ordered[_EDGE:][-_EDGE:]


def _key(line: Line) -> tuple[str, int]:
    return _DIGITS.sub("#", line.text), round(line.bottom / 4)


def _running(pages: Sequence[Sequence[Line]], body: float) -> frozenset[tuple[str, int]]:
    """Headers and footers: what stands at the same place on several pages, but for its numbers.

    Those of a chapter are on many of its pages, outermost, and no larger than the text, as titles
    of slides are. Elsewhere a line that comes again is a row of a table, a caption, or prose.
    """
    counts = Counter(key for page in pages for key in {_key(line) for line in _edges(page)})
    least = max(2, _REPEATED * len(pages))
    places: dict[tuple[str, int], list[int]] = {}
    for i, page in enumerate(pages):
        edges = _edges(page)
        outer = [line for line in (*edges[:1], *edges[-1:]) if line.size < 1.12 * body]
        for key in {_key(line) for line in outer if _LETTER.search(line.text)}:
            places.setdefault(key, []).append(i)
    for key, at in places.items():
        if len(at) >= max(_CHAPTER, _REPEATED * (at[-1] - at[0] + 1)):
            counts[key] = len(pages)
    return frozenset(key for key, n in counts.items() if n >= least)


def _without_edges(
    page: Sequence[Line], running: frozenset[tuple[str, int]]
) -> tuple[list[Line], list[Block]]:
    edges = _edges(page)
    outer = (edges[0], edges[-1]) if len(page) > 1 else ()
    rest: list[Line] = []
    aside: list[Block] = []
    for line in page:
        number = line in outer and _PAGE_NUMBER.fullmatch(line.text)
        running_on = line in edges and _key(line) in running
        if number or running_on or is_of_contents(line.text):
            aside.append(Block("navigation", line.text))
        else:
            rest.append(line)
    return rest, aside


def _without_notes(page: list[Line], body: float) -> tuple[list[Line], list[Line]]:
    """Footnotes: small lines at the bottom, of which the first bears a mark.

    Small are abstracts and questions, too: notes that begin above the middle must surely be such.
    """
    start = _small_from(page, body)
    if not _is_note(page, start):
        start = max(start, len(page) // 2)
    while start < len(page) and not _begins_note(page[start]):
        start += 1
    return page[:start], page[start:]


def _small_from(page: Sequence[Line], body: float) -> int:
    start = len(page)
    while start and page[start - 1].size < 0.93 * body:
        start -= 1
    return start


def _is_note(page: Sequence[Line], start: int) -> bool:
    """Whether a line bears a mark as no item of a list does, right below a line of prose."""
    if not 0 < start < len(page):
        return False
    above, line = page[start - 1 : start + 1]
    full = 0.8 * max(other.right - other.left for other in page)
    prose = above.right - above.left > full or above.hyphen or _ENDS.search(above.text)
    marked = line.mark or _SURE_FOOTNOTE.match(line.text)
    return bool(prose and marked and line.fixed == above.fixed)


def _begins_note(line: Line) -> bool:
    return bool(line.mark) or _FOOTNOTE.match(line.text) is not None


def _notes(lines: Sequence[Line], whole: str) -> Iterator[str]:
    note: list[Line] = []
    for line in lines:
        if note and _begins_note(line):
            yield _joined(note, whole)
            note = []
        note.append(line)
    if note:
        yield _joined(note, whole)


def _groups(page: Sequence[Line], body: float) -> Iterator[list[Line]]:
    """The paragraphs of a page, as far as they stand on it."""
    steps = [a.bottom - b.bottom for a, b in pairwise(page)]
    usual = median([step for step in steps if 0.8 * body < step < 3 * body] or [1.3 * body])
    group: list[Line] = []
    for i, line in enumerate(page):
        if group and _breaks(group, line, page, i, usual):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _breaks(group: list[Line], line: Line, page: Sequence[Line], i: int, usual: float) -> bool:
    above = group[-1]
    if above.hyphen and abs(above.size - line.size) < 0.12 * line.size:
        return False
    step = above.bottom - line.bottom
    if not 0.5 * line.size < step < 1.3 * usual and not (step < 0 and not _ENDS.search(above.text)):
        return True
    if abs(above.size - line.size) > 0.12 * line.size or above.fixed != line.fixed:
        return True
    if bool(above.gaps) != bool(line.gaps):
        return True
    if line.fixed or line.gaps:
        return False
    if above.bold != line.bold and (above.bold or len(group) == 1):
        return True
    if _BULLET.match(line.text):
        return True
    if _has_room(above, line, page, i):
        return True
    indented = line.left - above.left > 0.3 * line.size
    if _NUMBER.match(line.text):
        first = group[0]
        return abs(line.left - above.left) > 0.3 * line.size or (
            _NUMBER.match(first.text) is not None and abs(line.left - first.left) < 2
        )
    item = MARKER.match(group[0].text)
    if indented and not (item and len(group) == 1):
        return i + 1 < len(page) and page[i + 1].left < line.left - 0.3 * line.size
    return False


def _has_room(above: Line, line: Line, page: Sequence[Line], i: int) -> bool:
    """Whether the first word would have fitted into the line above: then that was a last line."""
    near = [
        other
        for other in page[max(0, i - 8) : i + 8]
        if abs(other.left - line.left) < 2 and abs(other.size - line.size) < 1
    ]
    right = max(other.right for other in (*near, above, line))
    words = line.text.split()
    width = (line.right - line.left) / max(1, len(line.text))
    needed = width * (len(words[0]) + 1.5)
    if words[0][0].islower() and not _ENDS.search(above.text):
        # In the middle of a sentence, as it seems, and the margin is not that even.
        needed += _UNEVEN * (right - line.left)
    return above.right + needed < right


def _continues(paragraph: list[Line], group: list[Line]) -> bool:
    """Whether a paragraph goes on at the top of the next page or column."""
    last, first = paragraph[-1], group[0]
    if first.bottom < last.bottom:  # further down: a new paragraph for another reason
        return False
    if abs(last.size - first.size) > 0.12 * first.size or last.fixed != first.fixed:
        return False
    if last.hyphen:
        return True
    begins = MARKER.match(first.text)
    return not (last.fixed or last.gaps or first.gaps or begins or _ENDS.search(last.text)) and (
        last.bold == first.bold
    )


def _block(lines: list[Line], body: float, margins: _Margins, whole: str) -> Block:
    first = lines[0]
    if first.gaps and len(lines) > 1:
        return Block("table", "\n".join(line.text for line in lines))
    if first.fixed:
        return Block("code", "\n".join(line.text for line in lines))
    text = _joined(lines, whole)
    kind: Kind = "paragraph"
    marker = MARKER.match(text)
    if first.size > 1.12 * body or (first.bold and len(text) < 120 and not text.endswith(".")):
        kind = "heading"
    elif marker:
        kind, text = "list_item", text[marker.end() :]
    elif len(lines) > 1 and _set_in(lines, margins):
        kind = "quote"
    return Block(kind, text)


def _set_in(lines: Sequence[Line], margins: _Margins) -> bool:
    """Whether lines are set in like a quotation: on both sides, or far on the left.

    A little on the left alone are the items of a list whose bullets are drawings, as in PDFs from
    browsers; and to lose those is worse than to score a quotation.
    """
    first = lines[0]
    edge = round(first.left / 3)
    if margins.left & {edge - 1, edge, edge + 1}:
        return False
    even = all(abs(line.left - first.left) < 2 for line in lines)
    columns = [3 * margin for margin in margins.left if 3 * margin < first.left]
    indent = first.left - max(columns, default=first.left)
    narrow = len(lines) > 2 and all(line.right < margins.right - 1.8 * first.size for line in lines)
    return even and indent > (0.8 if narrow else _FAR) * first.size


def _joined(lines: Sequence[Line], whole: str) -> str:
    text = ""
    for line in lines:
        text = _mended(text, line.text, whole) if text else line.text
        text += "-" if line.hyphen else ""
    return text.strip()


def _mended(above: str, below: str, whole: str) -> str:
    """Join two lines; a word divided at the end of the upper one becomes whole again."""
    if not above.endswith(("-", "\xad")) or not below[:1].islower():
        return f"{above} {below}"
    first = above.rsplit(maxsplit=1)[-1].rstrip("-\xad")
    second = re.split(r"[^\w'’-]", below, maxsplit=1)[0]
    # A compound keeps its hyphen if the document has it in the middle of a line.
    if above.endswith("-") and f"{first}-{second}" in whole and f"{first}{second}" not in whole:
        return above + below
    return above[:-1] + below


def _tables_together(blocks: Sequence[Block]) -> list[Block]:
    joined: list[Block] = []
    for block in blocks:
        if block.kind == "table" and joined and joined[-1].kind == "table":
            block = Block("table", f"{joined.pop().text}\n{block.text}")
        joined.append(block)
    return joined
