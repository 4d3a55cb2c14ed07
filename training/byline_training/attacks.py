"""Ways in which people alter a text to change a detector's mind, for tests and augmentation.

Each takes a text and a random generator, one passages of others too, and returns the altered text.
Rates are those at which a reader still follows the text without effort.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from functools import partial

from byline.normalize import LOOKALIKE
from byline.segment import segment

_SYNONYMS = {
    "important": "significant", "big": "large", "help": "assist", "show": "demonstrate",
    "use": "employ", "good": "fine", "many": "numerous", "start": "begin", "end": "finish",
    "get": "obtain", "make": "create", "need": "require", "think": "believe", "people": "persons",
    "often": "frequently", "however": "nevertheless", "also": "likewise", "because": "since",
    "very": "extremely", "new": "novel", "different": "distinct", "hard": "difficult",
    "easy": "simple", "fast": "quick", "small": "little", "problem": "issue", "way": "manner",
    "keep": "retain", "give": "provide", "try": "attempt", "ask": "inquire", "change": "alter",
    "crucial": "key", "enhance": "improve", "ensure": "make sure", "various": "several",
    "essential": "vital", "significant": "major", "utilize": "use", "provide": "give",
}  # fmt: skip

Attack = Callable[[str, random.Random], str]


def homoglyph(text: str, rng: random.Random) -> str:
    """Replace 10% of the letters that have a Cyrillic or Greek look-alike."""
    lookalike = {latin: other for other, latin in LOOKALIKE.items()}
    return "".join(lookalike[c] if c in lookalike and rng.random() < 0.1 else c for c in text)


def zero_width(text: str, rng: random.Random) -> str:
    """Put a zero-width space into 20% of the words."""
    return re.sub(r"\B", lambda _: "\u200b" if rng.random() < 0.05 else "", text)


def whitespace(text: str, rng: random.Random) -> str:
    """Double 15% of the spaces."""
    return re.sub(" ", lambda _: "  " if rng.random() < 0.15 else " ", text)


def misspelling(text: str, rng: random.Random) -> str:
    """Swap, drop or double a letter in 6% of the words of four letters or more."""

    def spoil(match: re.Match[str]) -> str:
        word = match.group()
        if rng.random() >= 0.06:
            return word
        i = rng.randrange(1, len(word) - 2)
        spoilt: str = rng.choice(
            (word[:i] + word[i + 1] + word[i] + word[i + 2 :], word[:i] + word[i + 1 :],
             word[:i] + word[i] + word[i:])
        )  # fmt: skip
        return spoilt

    return re.sub(r"[A-Za-z]{4,}", spoil, text)


def case(text: str, rng: random.Random) -> str:
    """Begin 30% of the sentences with a small letter."""

    def lower(match: re.Match[str]) -> str:
        return match.group().lower() if rng.random() < 0.3 else match.group()

    return re.sub(r"(?:^|(?<=[.!?]\s))[A-Z]", lower, text)


def article_deletion(text: str, rng: random.Random) -> str:
    """Drop 40% of the articles, as learners of English do."""
    return re.sub(
        r"\b(?:[Tt]he|[Aa]n?) (?=\w)", lambda m: "" if rng.random() < 0.4 else m.group(), text
    )


def synonym(text: str, rng: random.Random) -> str:
    """Replace half of the words from a short list by a synonym."""

    def swap(match: re.Match[str]) -> str:
        other = _SYNONYMS.get(match.group().lower())
        if other is None or rng.random() < 0.5:
            return match.group()
        return other.capitalize() if match.group()[0].isupper() else other

    return re.sub(r"[A-Za-z]+", swap, text)


def inserted_paragraph(text: str, rng: random.Random, passages: Sequence[str]) -> str:
    """Put the first sentences of one of `passages`, 40 words or all it has, near the middle."""
    passage = " ".join(rng.choice(passages).split())
    end, words = len(passage), 0
    for sentence in segment(passage):
        words += sentence.words
        if words >= 40:
            end = sentence.end
            break
    boundaries = [m.end() for m in re.finditer(r"[.!?]\s", text)] or [len(text)]
    at = min(boundaries, key=lambda b: abs(b - len(text) // 2))
    return f"{text[:at].rstrip()}\n\n{passage[:end].rstrip()}\n\n{text[at:]}"


def attacks(people: Sequence[str]) -> dict[str, Attack]:
    """All of them by name; the paragraphs that one inserts are taken from people's texts."""
    return ALTERATIONS | {"inserted_paragraph": partial(inserted_paragraph, passages=people)}


ALTERATIONS: dict[str, Attack] = {
    attack.__name__: attack
    for attack in (
        homoglyph, zero_width, whitespace, misspelling, case, article_deletion, synonym,
    )
}  # fmt: skip
"""Those that need nothing but the text."""

UNDONE = ("homoglyph", "zero_width", "whitespace")
"""Those that `normalize` undoes."""
