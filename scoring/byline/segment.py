"""Normalised text to sentences; headings, list items, paragraphs, code and tables set apart.

Blocks are found first, line by line, so that no sentence reaches across a heading or a bullet;
sentence boundaries inside a block come from sentencex. List markers, heading marks, and the times
and names before the lines of a chat or a transcript lie outside every span: the model never sees
them, for they are layout and not writing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import cast

from byline.types import BlockKind, Sentence

MAX_SENTENCE_CHARACTERS = 600
"""Longer sentences are cut at a space: nobody highlights a page-long sentence."""

_STRETCH = 10_000
_HEADING = re.compile(r"[ \t]{0,3}#{1,6}[ \t]+(?=\S)")
LIST_ITEM = re.compile(r"[ \t]*(?:[-*+•‣▪◦·–]|\(?\d{1,3}[.)]|\(?[A-Za-z]\))[ \t]+(?=\S)")
# With ticks behind, it is code in a line; tildes alone divide scenes. Nothing is given back: tried
# at every place of a long run, the rest would take quadratic time.
FENCE = re.compile(r"[ \t]{0,3}(?:(?P<ticks>`{3,})[^`]*|~{3,}+[ \t]*+(?P<info>\S*+)[ \t]*)$")
_RULE = re.compile(r"[ \t]*(?:[-=*_~#][ \t]*){3,}$")
TABLE_ROW = re.compile(r"[ \t]*\|.*\|[ \t]*$")
_TIME = r"\d{1,3}(?::\d{1,3}){1,2}(?:[.,]\d{1,3})?(?:[ ]?[AaPp]\.?[Mm]\b\.?)?"  # a verse's, too
_DATE = (  # with dots it may be a section's number
    r"(?:\d{1,4}([-/])\d{1,2}\1\d{1,4}|\d{2}\.\d{2}\.\d{2}(?:\d{2})?|\d{1,2}\.\d{1,2}\.\d{4})"
)
_STAMP = re.compile(
    rf"[ \t]*(?:[\[(]?(?:{_DATE}(?:[,T]?[ ]?{_TIME})?|{_TIME})[\])]?|\[\d{{1,4}}\])"
    r"(?:[ \t]*[-–:|])?(?=\s)[ \t]*"
)
_LABEL = re.compile(r"[ \t]*(?:<[^<>]{1,40}>|[^\s:][^:]{0,39}:)(?=\s|$)[ \t]*")
_LEAST_STAMPED = 3
"""Lines that begin with a time before it is taken for layout; of prose one or two may."""
_ENDS_SENTENCE = re.compile(r"[.!?:;,…\"')\]-]\s*$")
_WORD = re.compile(r"\w")
_WIDE_SPACE = re.compile(r"[^\S\x00-\x7f]")


def segment(text: str) -> list[Sentence]:
    """Cut a normalised text into sentences.

    Args:
        text: normalised text.

    Returns:
        Sentences in order, without overlap; only whitespace and layout lies between them.
    """
    sentences: list[Sentence] = []
    for start, end, block in _blocks(text):
        if block in ("code", "table"):
            sentences.append(Sentence(start, end, count_words(text[start:end]), block))
            continue
        for s, e in _sentence_spans(text, start, end):
            # The rest of a word that was cut in two is no word more.
            split = s > start and bool(_WORD.match(text[s - 1]) and _WORD.match(text[s]))
            sentences.append(Sentence(s, e, count_words(text[s:e]) - split, block))
    return sentences


def count_words(text: str) -> int:
    """Count the whitespace-separated tokens that hold a letter or a digit."""
    return sum(1 for token in text.split() if token.isalnum() or _WORD.search(token))


def _blocks(text: str) -> Iterator[tuple[int, int, BlockKind]]:
    """Yield (start, end, kind) of every block that isn't empty."""
    start = end = -1
    kind: BlockKind = "paragraph"
    lines = list(_lines(text))
    fences = _fences(text, lines)
    labelled = _labelled(text, lines)
    closing = -1
    for i, (a, b) in enumerate(lines):
        line = text[a:b]
        if i in fences:
            if start >= 0:
                yield start, end, kind
            closing = fences[i]
            yield a, lines[closing][1], "code"
            start, kind = -1, "paragraph"
        if i <= closing:
            continue
        alone = start < 0 and i not in labelled and _stands_alone(text, lines, i)
        opener, opened = _opener(line, alone)
        if i in labelled and opener < len(line) and opened != "table":
            opener = labelled[i] - a
        if start >= 0 and (opener >= 0 or not line.strip() or kind in ("heading", "table")):
            yield start, end, kind
            start = -1
        if opener == len(line) or not line.strip():
            continue
        if start < 0:
            start, kind = a + max(opener, 0), opened
        end = b
    if start >= 0:
        yield start, end, kind


def _fences(text: str, lines: list[tuple[int, int]]) -> dict[int, int]:
    """Lines on which fenced code begins, and those on which it ends. Unclosed, it is none."""
    fences: dict[int, int] = {}
    open_at, opener = -1, False
    found = [(i, match) for i, (a, b) in enumerate(lines) if (match := FENCE.match(text[a:b]))]
    last = {bool(match["ticks"]): i for i, match in found}
    for i, match in found:
        ticks = bool(match["ticks"])
        if open_at >= 0:
            if ticks == opener:
                fences[open_at], open_at = i, -1
        elif i < last[ticks] and (ticks or match["info"]):
            open_at, opener = i, ticks
    return fences


def _labelled(text: str, lines: list[tuple[int, int]]) -> dict[int, int]:
    """Lines that begin with a time or a label, as others do, and where their text begins.

    A label is what stands before a colon, or in angle brackets, behind a time, or where nearly all
    lines have one and it comes again: who speaks in a chat or a transcript, or a field's name. A
    list of advantages is prose.
    """
    begins = {i: a for i, (a, b) in enumerate(lines) if text[a:b].strip()}

    def found(pattern: re.Pattern[str]) -> dict[int, re.Match[str]]:
        pairs = ((i, pattern.match(text, at, lines[i][1])) for i, at in begins.items())
        return {i: match for i, match in pairs if match}

    begins |= {i: item.end() for i, item in found(LIST_ITEM).items()}
    stamped = {i: stamp.end() for i, stamp in found(_STAMP).items()}
    if len(stamped) < _LEAST_STAMPED:
        stamped.clear()
    begins |= stamped
    labels = found(_LABEL)
    times = Counter(label[0].strip() for label in labels.values())
    again = {i for i, label in labels.items() if times[label[0].strip()] > 1}
    if 6 * len(again) < 5 * len(begins):
        again.clear()
    return stamped | {i: m.end() for i, m in labels.items() if i in stamped or i in again}


def _opener(line: str, alone: bool) -> tuple[int, BlockKind]:
    """Where the text of a block begins that this line opens, and its kind; -1 if it opens none."""
    if match := _HEADING.match(line):
        return match.end(), "heading"
    if _RULE.match(line) or FENCE.match(line):
        return len(line), "paragraph"
    if TABLE_ROW.match(line):
        return 0, "table"
    if match := LIST_ITEM.match(line):
        return match.end(), "list_item"
    if alone:
        return 0, "heading"
    return -1, "paragraph"


def _stands_alone(text: str, lines: list[tuple[int, int]], i: int) -> bool:
    """Whether an unmarked line reads as a heading: short, no closing mark, a new start below."""
    a, b = lines[i]
    line = text[a:b].strip()
    if not line or len(line) > 80 or _ENDS_SENTENCE.search(line) or len(line.split()) > 10:
        return False
    if i + 1 >= len(lines):
        return i == 0 or not text[slice(*lines[i - 1])].strip()
    below = text[slice(*lines[i + 1])].strip()
    return not below or (len(line) <= 50 and below[0].isupper() and len(below) > len(line))


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield start, end
        start = end + 1


def _sentence_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        # Given a stretch at a time: on a run of opening quotes sentencex takes quadratic time.
        stop = min(end, start + _STRETCH)
        boundaries = _boundaries(text[start:stop])
        if stop < end and len(boundaries) > 1:
            boundaries.pop()  # it may go on behind the stretch
            stop = start + boundaries[-1]["end_index"]
        for boundary in boundaries:
            yield from _cut(text, start + boundary["start_index"], start + boundary["end_index"])
        start = stop


def _boundaries(stretch: str) -> list[dict[str, int]]:
    # Imported late: stages of training that only read prepared data run where it isn't installed.
    import sentencex

    # In the place of each space of several bytes a plain one: sentencex 1.0.32 panics where such a
    # one stands between a single capital letter and a period.
    plain = _WIDE_SPACE.sub(" ", stretch)
    try:
        found = sentencex.get_sentence_boundaries("en", plain)  # pyright: ignore
    except BaseException as error:
        # A panic is no Exception: it would end what survives errors. Its class can't be imported;
        # Rust has said on standard error what it was.
        if type(error).__name__ != "PanicException":
            raise
        return [{"start_index": 0, "end_index": len(stretch)}]
    return cast("list[dict[str, int]]", found)


def _cut(text: str, a: int, b: int) -> Iterator[tuple[int, int]]:
    while b - a > MAX_SENTENCE_CHARACTERS:
        cut = text.rfind(" ", a + MAX_SENTENCE_CHARACTERS // 2, a + MAX_SENTENCE_CHARACTERS)
        cut = a + MAX_SENTENCE_CHARACTERS if cut < 0 else cut
        yield from _trimmed(text, a, cut)
        a = cut
    yield from _trimmed(text, a, b)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        start += len(piece) - len(piece.lstrip())
        yield start, start + len(stripped)
