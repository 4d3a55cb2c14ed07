"""Is this English prose? The model learnt nothing else, and elsewhere its answer means nothing.

A fifth to a half of running English are words from a short list, whatever the subject or the
writer's skill. Words that Dutch, German or Danish share (in, is, was, of, had) are not on it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

MIN_FUNCTION_WORD_SHARE = 0.12
"""Below this share a text is taken not to be English; see docs/decisions/0006-language.md."""
_PIECE = 300  # words
MIN_RICHNESS = 1.5
"""Below this a text says a few words over and over; decision 6 has what prose has."""

_FUNCTION_WORDS = frozenset(
    "the and to a that for it as with be by on not he i this are or his from at which "
    "but have an they you their one all can her has there been if more when will would "
    "who so no she my do your what up out about our them then its into than some could "
    "these only other any may how am very just because also like should him us people get make "
    "most much many such where those after don't it's i'm did does "
    "being through while own before".split()
)
_TOKEN = re.compile(r"[^\W\d_]+(?:'[a-z]+)?")


def function_word_share(texts: Iterable[str]) -> float:
    """Share of English function words among the words of some texts, 0..1; 0 without words."""
    words = _words(texts)
    return sum(map(_FUNCTION_WORDS.__contains__, words)) / len(words) if words else 0.0


def richness(texts: Iterable[str]) -> float:
    """Different words by the root of all (Guiraud 1954), of the piece that has the most of them."""
    words = _words(texts)
    starts = range(0, max(1, len(words) - _PIECE + 1), _PIECE)
    pieces = (words[start : start + _PIECE] for start in starts)
    return max(len(set(piece)) / math.sqrt(max(1, len(piece))) for piece in pieces)


def _words(texts: Iterable[str]) -> list[str]:
    return _TOKEN.findall("\n".join(texts).lower())
