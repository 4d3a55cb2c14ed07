"""A text in the pieces a report shows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byline import SentenceScore, Verdict
from byline.detector import MAX_CHARACTERS
from byline.spec import Thresholds
from byline_cli.passages import LEVELS, STRIPE_WIDTH, passages, stripes

pytestmark = pytest.mark.unit

THRESHOLDS = Thresholds(0.2, 0.9, 0.3, 0.8, 40)


def verdict(*sentences: SentenceScore) -> Verdict:
    return Verdict("", "ai", 0.95, 3.0, 100, 1.0, sentences)


def sentence(start: int, end: int, probability: float) -> SentenceScore:
    label = "ai" if probability >= 0.8 else "human" if probability <= 0.3 else "unclear"
    return SentenceScore(start, end, probability, 0.0, label)  # type: ignore[arg-type]


@st.composite
def scored_texts(draw: st.DrawFn) -> tuple[str, Verdict]:
    text = draw(st.text(alphabet="ab1 \n.🙂\u0301\ud800", max_size=60))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    return text, verdict(*(sentence(a, b, draw(st.floats(0, 1))) for a, b in spans))


@settings(deadline=None)
@given(scored_texts())
def test_pieces_together_are_the_text(scored: tuple[str, Verdict]) -> None:
    text, answer = scored
    pieces = passages(text, answer, THRESHOLDS)
    assert "".join(piece.text for piece in pieces) == text
    assert all(0 <= piece.level <= LEVELS for piece in pieces)
    assert [p.text for p in pieces if p.note] == [text[s.start : s.end] for s in answer.sentences]


@settings(deadline=None)
@given(scored_texts())
def test_stripes_lie_in_order_inside_the_width(scored: tuple[str, Verdict]) -> None:
    end = 0.0
    for stripe in stripes(passages(*scored, THRESHOLDS)):
        assert stripe.start >= end - 0.02
        end = stripe.start + stripe.width
    assert end <= STRIPE_WIDTH + 0.02


def test_strength_is_the_place_in_the_band_of_the_verdict() -> None:
    probabilities = [0.1, 0.31, 0.79, 0.8, 0.9, 1.0]
    text = "abcdef" * 6
    scores = [sentence(6 * i, 6 * i + 6, p) for i, p in enumerate(probabilities)]
    pieces = passages(text, verdict(*scores), THRESHOLDS)
    assert [(piece.kind, piece.level) for piece in pieces] == [
        ("human", 0), ("unclear", 1), ("unclear", 4), ("ai", 1), ("ai", 3), ("ai", 4),
    ]  # fmt: skip


def test_a_sentence_too_short_for_a_verdict_has_no_figure() -> None:
    short = replace(sentence(0, 12, 0.99), verdict="too_short")
    (piece,) = passages("Was it them?", verdict(short), THRESHOLDS)
    assert (piece.kind, piece.level, piece.note) == ("too_short", 0, "too short")


def test_code_is_unscored_and_a_list_number_is_not() -> None:
    text = "1. One item.\n\n```\ncode()\n```\n"
    pieces = passages(text, verdict(sentence(3, 12, 0.9)), THRESHOLDS)
    assert [(piece.kind, piece.text) for piece in pieces] == [
        ("space", "1. "), ("ai", "One item."), ("space", "\n\n"),
        ("unscored", "```\ncode()\n```"), ("space", "\n"),
    ]  # fmt: skip


def test_neighbours_of_a_kind_are_one_stripe() -> None:
    scores = [sentence(0, 10, 0.9), sentence(12, 20, 0.99), sentence(20, 40, 0.1)]
    found = stripes(passages("a" * 10 + "  " + "a" * 28, verdict(*scores), THRESHOLDS))
    assert [(s.kind, s.start, s.width) for s in found] == [("ai", 0, 500), ("human", 500, 500)]


def test_what_lies_beyond_the_limit_is_left_out() -> None:
    pieces = passages("a" * (MAX_CHARACTERS + 5), verdict(), THRESHOLDS)
    assert sum(len(piece.text) for piece in pieces) == MAX_CHARACTERS
