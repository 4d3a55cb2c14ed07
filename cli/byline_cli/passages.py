"""A text and its sentence scores to the passages a report shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from byline import SentenceScore, Verdict
from byline.detector import MAX_CHARACTERS
from byline.spec import Thresholds
from byline_cli.wording import WORDS, percent

LEVELS = 4
STRIPE_WIDTH = 1000
"""Units from the beginning of a text to its end."""

_WORD = re.compile(r"\w")
_LEAST_UNSCORED = 4
"""Letters and digits; fewer are the number of a list item, which is nobody's prose."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a text.

    Attributes:
        kind: a sentence's verdict; `unscored` for words that were not scored, `space` for what
            lies between.
        level: 1 to LEVELS, how far into the band of its verdict a sentence lies; 0 if in none.
        note: its verdict and probability in words; empty if it has none.
    """

    text: str
    kind: str
    level: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Stripe:
    """Where neighbouring passages of a kind lie, in units of STRIPE_WIDTH from the beginning."""

    kind: str
    start: float
    width: float


def passages(text: str, verdict: Verdict, thresholds: Thresholds) -> tuple[Passage, ...]:
    """Cut a text at its sentences; the passages together are the text, up to what is looked at."""
    text = text[:MAX_CHARACTERS]
    found: list[Passage] = []
    end = 0
    for sentence in verdict.sentences:
        found.extend(_between(text[end : sentence.start]))
        note = WORDS[sentence.verdict]
        if sentence.verdict != "too_short":
            note += f", {percent(sentence.probability)}"
        level = _level(sentence, thresholds)
        found.append(Passage(text[sentence.start : sentence.end], sentence.verdict, level, note))
        end = sentence.end
    found.extend(_between(text[end:]))
    return tuple(found)


def stripes(pieces: Sequence[Passage]) -> tuple[Stripe, ...]:
    """Join neighbours of one kind and place them; spaces belong to what surrounds them."""
    total = sum(len(piece.text) for piece in pieces)
    joined: list[tuple[str, int, int]] = []
    position = 0
    for piece in pieces:
        start, position = position, position + len(piece.text)
        if piece.kind == "space":
            continue
        if joined and joined[-1][0] == piece.kind:
            start = joined.pop()[1]
        joined.append((piece.kind, start, position))
    scale = STRIPE_WIDTH / max(total, 1)
    return tuple(
        Stripe(kind, round(start * scale, 2), round((end - start) * scale, 2))
        for kind, start, end in joined
    )


def _between(text: str) -> Iterator[Passage]:
    if not text:
        return
    if len(_WORD.findall(text)) < _LEAST_UNSCORED:
        yield Passage(text, "space")
        return
    # The blank lines around stay outside, or a muted background would cover them.
    start = len(text) - len(text.lstrip())
    end = len(text.rstrip())
    for a, b, kind in ((0, start, "space"), (start, end, "unscored"), (end, len(text), "space")):
        if a < b:
            yield Passage(text[a:b], kind)


def _level(sentence: SentenceScore, thresholds: Thresholds) -> int:
    if sentence.verdict == "ai":
        low, high = thresholds.sentence_ai, 1.0
    elif sentence.verdict == "unclear":
        low, high = thresholds.sentence_human, thresholds.sentence_ai
    else:
        return 0
    share = (sentence.probability - low) / max(high - low, 1e-9)
    return min(LEVELS, 1 + int(share * LEVELS))
