"""Log-odds to probabilities, by the text's length."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from byline.calibrate import Band, Calibration, SentenceBand, band_weights, sigmoid

pytestmark = pytest.mark.unit

CALIBRATION = Calibration(
    (Band(50, 1.0, 0.0), Band(200, 3.0, -2.0), Band(800, 2.0, 1.0)),
    SentenceBand(scale=0.5, context=-0.1, bias=0.25),
)
CENTRES = st.lists(st.integers(1, 10_000), min_size=1, max_size=6, unique=True).map(sorted)


@pytest.mark.parametrize(
    ("words", "calibrated"),
    [
        (0, 4.0),
        (50, 4.0),
        (100, 7.0),  # half-way from 50 to 200 in the logarithm: scale 2, bias -1
        (200, 10.0),
        (400, 9.5),
        (800, 9.0),
        (10**9, 9.0),
    ],
)
def test_document(words: int, calibrated: float) -> None:
    assert CALIBRATION.document(4.0, words) == pytest.approx(calibrated)


def test_sentences() -> None:
    own, context = [1.0, -2.0, np.nan], [5.0, -5.0, np.nan]
    found = CALIBRATION.sentences(np.column_stack([own, context]))
    assert_allclose(found, [0.25, -0.25, np.nan])


@given(st.lists(st.integers(0, 1_000_000), max_size=20), CENTRES)
def test_weights_are_shares_of_two_neighbours(words: list[int], centres: list[int]) -> None:
    weights = band_weights(words, centres)
    assert weights.shape == (len(words), len(centres))
    assert (weights >= 0).all()
    assert_allclose(weights.sum(axis=1), 1)
    for row in weights:
        used = np.flatnonzero(row)
        assert used[-1] - used[0] <= 1


@given(st.integers(1, 100_000), CENTRES)
def test_one_word_more_moves_the_weights_little(words: int, centres: list[int]) -> None:
    before, after = band_weights([words, words + 1], centres)
    closest = min((b / a for a, b in itertools.pairwise(centres)), default=math.inf)
    step = math.log((words + 1) / words) / math.log(closest)
    assert np.abs(after - before).max() <= step + 1e-9


@given(st.integers(0, 5000))
def test_a_document_is_calibrated_by_the_weights_training_fits_with(words: int) -> None:
    weights = band_weights([words], [band.words for band in CALIBRATION.bands])[0]
    scale, bias = weights @ [[band.scale, band.bias] for band in CALIBRATION.bands]
    assert CALIBRATION.document(4.0, words) == pytest.approx(4.0 * scale + bias)


@given(st.floats(-30, 30), st.floats(-30, 30), st.integers(0, 5000))
def test_more_log_odds_are_never_less_probable(one: float, other: float, words: int) -> None:
    low, high = sorted((one, other))
    assert CALIBRATION.document(low, words) <= CALIBRATION.document(high, words)
    assert sigmoid(low) <= sigmoid(high)


@given(st.floats(-30, 30))
def test_sigmoid_is_the_inverse_of_log_odds(log_odds: float) -> None:
    assert sigmoid(log_odds) == pytest.approx(1 / (1 + math.exp(-log_odds)), abs=1e-12)


@pytest.mark.parametrize(
    ("log_odds", "probability"), [(-1e308, 0), (-math.inf, 0), (0, 0.5), (1e308, 1), (math.inf, 1)]
)
def test_sigmoid_does_not_overflow(log_odds: float, probability: float) -> None:
    assert sigmoid(log_odds) == probability
