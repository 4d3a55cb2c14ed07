"""Is this English prose? The model learnt nothing else, and elsewhere its answer means nothing.

A fifth to a half of running English are words from a short list, whatever the subject or the
writer's skill. Words that Dutch, German or Danish share (in, is, was, of, had) are not on it.
Other languages have some of the rest, and often; but hardly ever those that are English alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

MIN_FUNCTION_WORD_SHARE = 0.12
MIN_OWN_WORD_SHARE = 0.03
"""Below either share a text is taken not to be English; see docs/decisions/0006-language.md.

The first is of all words on the list, the second of those that no other language has.
"""
_PIECE = 300  # words
MIN_RICHNESS = 1.5
"""Below this a text says a few words over and over; decision 6 has what prose has."""

_OWN_WORDS = frozenset(
    "the and that with not this from which but they you their there been if when would who "
    "she your what out about our them its into than could these only other how very because "
    "should people much many such where those after don't it's i'm did does being through "
    "while own before".split()
)
_SHARED_WORDS = frozenset(
    "to a for it as be by on he i are or his at have an one all can her has more will so no "
    "my do up then some any may am just also like him us get make most".split()
)
"""Words of other languages of Europe, too: of Hungarian `a` and `be`, of Danish `i` and `for`."""
_TOKEN = re.compile(r"[^\W\d_]+(?:'[a-z]+)?")


def is_english(texts: Iterable[str]) -> bool:
    """Whether some texts have the function words of English, and not those of its neighbours."""
    shares = function_word_shares(texts)
    return shares[0] >= MIN_FUNCTION_WORD_SHARE and shares[1] >= MIN_OWN_WORD_SHARE


def function_word_shares(texts: Iterable[str]) -> tuple[float, float]:
    """Share of English function words among the words of some texts, and of those it has alone.

    Both are 0..1, and 0 without words.
    """
    words = _words(texts)
    own = sum(map(_OWN_WORDS.__contains__, words))
    shared = sum(map(_SHARED_WORDS.__contains__, words))
    total = max(1, len(words))
    return (own + shared) / total, own / total


def richness(texts: Iterable[str]) -> float:
    """Different words by the root of all (Guiraud 1954), of the piece that has the most of them."""
    words = _words(texts)
    starts = range(0, max(1, len(words) - _PIECE + 1), _PIECE)
    pieces = (words[start : start + _PIECE] for start in starts)
    return max(len(set(piece)) / math.sqrt(max(1, len(piece))) for piece in pieces)


def _words(texts: Iterable[str]) -> list[str]:
    return _TOKEN.findall("\n".join(texts).lower())
