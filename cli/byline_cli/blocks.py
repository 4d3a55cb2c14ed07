"""What every reader yields, the blocks of a document; and how they become the text to score."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal[
    "paragraph", "heading", "list_item",
    "code", "table", "quote", "reference", "navigation",
]  # fmt: skip
SET_APART: tuple[Kind, ...] = ("code", "table", "quote", "reference", "navigation")
"""Not the author's running prose: left out unless it is asked for by kind."""
QUOTE_INDENT = 300
"""Twips (1/1440 inch) by which a quotation without a style is set in on both sides: on the left
alone, lists are, too, and the ends of letters."""

_PROSE: tuple[Kind, ...] = ("paragraph", "heading", "list_item")
_LIST_OF_REFERENCES = re.compile(
    r"(?:[\divx.]+\s+)?(?:references(?: cited| list)?|reference list|list of references|"
    r"(?:selected )?bibliography|works? cited|works consulted|literature cited|citations|"
    r"foot ?notes|end ?notes)\s*:?",
    re.IGNORECASE,
)
# Begun once a run of dots, and nothing given back: it may be long.
_LEADER = re.compile(
    r"(?<![.·…])(?<![.·…][ \t])(?:[.·…][ \t]?+){4,}+[ \t]*+(?:\d{1,4}|[ivxlc]{1,7})[ \t]*$"
)
_SPACE = re.compile(r"\s+")
_FEW_WORDS = 40
_MOST_IN_A_ROW = 60  # words


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, list item, or something that is set apart.

    Attributes:
        kind: what it is.
        text: without marks of layout such as bullets; of code, with its line breaks; of a table,
            a line a row.
    """

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Prose:
    """What is scored of a document.

    Attributes:
        text: of the blocks of prose.
        set_apart: words in other blocks; of navigation, where the text has only a few.
        in_place: whether it is as long as the file's own text, and each word stands where it did.
    """

    text: str
    set_apart: int = 0
    in_place: bool = False


def join(blocks: Iterable[Block], include: frozenset[Kind] = frozenset()) -> Prose:
    """Put the blocks of prose together, each on one line, a blank line between them.

    Args:
        blocks: in their order.
        include: kinds among `SET_APART` to keep, too; they are read as prose then.

    Returns:
        What is scored; the same from every format of one document.
    """
    from byline.segment import count_words  # not for `--help`, which asks for SET_APART

    kept: list[str] = []
    dropped: Counter[Kind] = Counter()
    for block in set_references_apart(blocks):
        # Each line of these is a unit of its own.
        lines = block.text.split("\n") if block.kind in ("code", "table") else [block.text]
        apart = block.kind in SET_APART and block.kind not in include
        for line in lines:
            if apart and not (block.kind == "table" and _is_layout(line)):
                dropped[block.kind] += count_words(line)
            elif line := _SPACE.sub(" ", line).strip():
                kept.append(line)
    text = "\n\n".join(kept)
    if len(text.split(maxsplit=_FEW_WORDS)) >= _FEW_WORDS:
        del dropped["navigation"]
    return Prose(text, dropped.total())


def by_looks(blocks: Iterable[Block]) -> list[Block]:
    """Correct kinds that were told by looks alone: a style, a font, an indent.

    What most of a document looks like is its text: a manuscript in the style of a typewriter is no
    code, and one that is set in throughout no quotation.
    """
    found = list(blocks)
    words: Counter[Kind] = Counter()
    for block in found:
        words[block.kind] += len(block.text.split())
    half = (words["code"] + words["quote"] + sum(words[kind] for kind in _PROSE)) / 2
    wrong = {kind for kind in ("code", "quote") if words[kind] > half}
    return [replace(b, kind="paragraph") if b.kind in wrong else b for b in found]


def set_references_apart(blocks: Iterable[Block]) -> Iterator[Block]:
    """Take what stands under a heading such as `References`, up to the next one, for references.

    A paragraph of that one word, as those write who use no styles, is such a heading if less than
    before it follows: it may also be a line of the contents. So is an item without others beside
    it, which word processors make of `5. References`; the next one ends the list.
    """
    found = list(blocks)
    words = [len(block.text.split()) if block.kind in _PROSE else 0 for block in found]
    below = [0]  # of each block, from the end: words up to the next heading
    for block, n in zip(reversed(found), reversed(words), strict=True):
        below.append(0 if block.kind == "heading" else below[-1] + n)
    lone = _lone_items(found, words)
    listing: Kind | None = None  # what its heading is
    above = 0
    for i, following in enumerate(reversed(below[:-1])):
        block = found[i]
        if block.kind == "heading" or (listing == "list_item" and i in lone):
            listing = None
        bare = (block.kind == "paragraph" or i in lone) and following < above
        if not listing and (bare or block.kind == "heading"):
            listing = block.kind if is_list_of_references(block.text) else None
        above += words[i]
        apart = listing is not None and block.kind not in SET_APART
        yield replace(block, kind="reference") if apart else block


def _lone_items(blocks: Sequence[Block], words: Sequence[int]) -> frozenset[int]:
    """Where items of lists stand that have no other right before or behind them."""
    prose = [i for i, n in enumerate(words) if n]
    items = [False, *(blocks[i].kind == "list_item" for i in prose), False]
    around = zip(prose, items, items[1:], items[2:], strict=False)
    return frozenset(i for i, before, item, behind in around if item and not (before or behind))


def is_list_of_references(heading: str) -> bool:
    """Whether a heading says that references or notes follow."""
    return _LIST_OF_REFERENCES.fullmatch(heading.strip()) is not None


def is_of_contents(line: str) -> bool:
    """Whether a line is an entry of a table of contents: dots lead to the number of a page."""
    return _LEADER.search(line) is not None


def _is_layout(row: str) -> bool:
    """Whether a row is no data: in mails and forms, tables hold paragraphs in their places."""
    return len(row.split()) > _MOST_IN_A_ROW
