"""Alterations keep to their rates, their alphabet and their seed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from difflib import SequenceMatcher

import pytest

from byline.normalize import LOOKALIKE, normalize
from byline_training.attacks import attacks

TEXT = (
    "The keeper of the small museum said that many people think an old map is a good thing to "
    "show. However, the important problem is how to keep it dry. We often make a new copy of it. "
) * 40
PASSAGE = "It rained. " + "We stood under the old bridge and counted the boats that went by. " * 9
ATTACKS = attacks([PASSAGE])


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_depends_on_its_seed_alone(attack: Callable[[str, random.Random], str]) -> None:
    assert attack(TEXT, random.Random(1)) == attack(TEXT, random.Random(1))
    assert attack(TEXT, random.Random(1)) != TEXT


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
@pytest.mark.parametrize(
    "text", ["", " ", "word", "a\r\nb", "\U0001f600" * 5, "漢字。", "the the the"]
)
def test_an_attack_takes_any_text(attack: Callable[[str, random.Random], str], text: str) -> None:
    assert isinstance(attack(text, random.Random(0)), str)


@pytest.mark.parametrize("name", ["homoglyph", "zero_width"])
def test_hidden_characters_are_undone_and_found_by_normalisation(name: str) -> None:
    altered = ATTACKS[name](TEXT, random.Random(3))
    cleaned = normalize(altered)
    assert cleaned.text == TEXT
    assert [f.kind for f in cleaned.findings] == [
        {"homoglyph": "homoglyphs", "zero_width": "zero_width"}[name]
    ]


def test_homoglyphs_replace_a_tenth_of_what_has_a_lookalike() -> None:
    altered = ATTACKS["homoglyph"](TEXT, random.Random(3))
    possible = sum(c in set(LOOKALIKE.values()) for c in TEXT)
    changed = sum(a != b for a, b in zip(TEXT, altered, strict=True))
    assert 0.07 < changed / possible < 0.13


def test_whitespace_is_doubled_and_nothing_else() -> None:
    altered = ATTACKS["whitespace"](TEXT, random.Random(3))
    assert altered.split() == TEXT.split()
    assert 0.1 < (len(altered) - len(TEXT)) / TEXT.count(" ") < 0.2


def test_misspellings_touch_few_words_by_one_letter() -> None:
    altered = ATTACKS["misspelling"](TEXT, random.Random(3)).split()
    before = TEXT.split()
    changed = [(a, b) for a, b in zip(before, altered, strict=True) if a != b]
    long_words = sum(len(re.sub(r"\W", "", w)) >= 4 for w in before)
    assert 0.03 < len(changed) / long_words < 0.09
    for a, b in changed:
        assert abs(len(a) - len(b)) <= 1
        assert a[0] == b[0]
        assert SequenceMatcher(None, a, b).ratio() > 0.6


def test_case_lowers_beginnings_of_sentences_alone() -> None:
    altered = ATTACKS["case"](TEXT, random.Random(3))
    assert altered.lower() == TEXT.lower()
    lowered = [m.start() for m in re.finditer(r"[A-Z]", TEXT) if altered[m.start()].islower()]
    assert 0.2 < len(lowered) / len(re.findall(r"[.!?] [A-Z]", TEXT)) < 0.4


def test_article_deletion_drops_articles_alone() -> None:
    altered = ATTACKS["article_deletion"](TEXT, random.Random(3))
    articles = re.compile(r"\b(?:[Tt]he|[Aa]n?) ")
    dropped = 1 - len(articles.findall(altered)) / len(articles.findall(TEXT))
    assert 0.3 < dropped < 0.5
    assert articles.sub("", altered) == articles.sub("", TEXT)


def test_synonyms_keep_the_capital() -> None:
    altered = ATTACKS["synonym"](TEXT, random.Random(3))
    assert "Nevertheless, the" in altered
    assert "significant problem" in altered or "important issue" in altered


def test_an_inserted_paragraph_stands_between_sentences() -> None:
    altered = ATTACKS["inserted_paragraph"](TEXT, random.Random(3))
    before, inserted, after = altered.split("\n\n")
    assert f"{before} {after}" == TEXT
    assert before.endswith(".")
    assert PASSAGE.startswith(f"{inserted} ")
    assert inserted.endswith("by.")
    assert 40 <= len(inserted.split()) <= 53


@pytest.mark.parametrize(
    "passage", ["a b c", "  a\n\nb  c ", "a b", 'They said "yes." ' * 20, "word " * 300]
)
def test_an_inserted_paragraph_is_one_paragraph_of_whole_sentences(passage: str) -> None:
    altered = attacks([passage])["inserted_paragraph"]("One. Two.", random.Random(3))
    before, inserted, after = altered.split("\n\n")
    assert (before, after) == ("One.", "Two.")
    assert " ".join(passage.split()).startswith(inserted)
    assert min(40, len(passage.split())) <= len(inserted.split()) <= 120
