"""Figures of merit against those of scikit-learn, and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import log_loss as sklearn_log_loss
from sklearn.metrics import roc_auc_score, roc_curve

from byline_training.metrics import (
    accuracy,
    auroc,
    binomial_interval,
    bootstrap,
    effective_trials,
    expected_calibration_error,
    log_loss,
    share_interval,
    true_positive_rate,
    upper_bound,
)


def sample(seed: int, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    # Rounded, so that there are ties within and between the classes.
    return labels, np.round(rng.normal(labels, 1.2), 1)


@pytest.mark.parametrize("seed", range(5))
def test_auroc_is_that_of_scikit_learn(seed: int) -> None:
    labels, scores = sample(seed)
    assert auroc(labels, scores) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


def test_auroc_of_extremes() -> None:
    labels = np.array([0, 0, 1, 1])
    assert auroc(labels, np.array([1.0, 2, 3, 4])) == 1
    assert auroc(labels, np.array([4.0, 3, 2, 1])) == 0
    assert auroc(labels, np.zeros(4)) == 0.5
    assert math.isnan(auroc(np.ones(3, np.int64), np.arange(3.0)))
    assert math.isnan(auroc(np.zeros(3, np.int64), np.arange(3.0)))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2])
def test_true_positive_rate_is_on_the_roc_curve(seed: int, rate: float) -> None:
    labels, scores = sample(seed)
    false, true, _ = roc_curve(labels, scores, drop_intermediate=False)
    assert true_positive_rate(labels, scores, rate) == pytest.approx(true[false <= rate].max())


def test_true_positive_rate_of_one_class_is_undefined() -> None:
    assert math.isnan(true_positive_rate(np.ones(3, np.int64), np.arange(3.0), 0.1))


def test_expected_calibration_error_by_hand() -> None:
    labels = np.array([0, 1, 1, 1])
    probabilities = np.array([0.1, 0.1, 0.9, 1.0])
    # Both kinds count the same, so the human text three times: beside 0.1 a quarter is AI's, and
    # that bin has two thirds; beside 0.95 all is.
    assert expected_calibration_error(labels, probabilities, 2) == pytest.approx(
        2 / 3 * 0.15 + 1 / 3 * 0.05
    )
    assert expected_calibration_error(np.array([0, 1]), np.array([0.0, 1.0])) == 0


def test_log_loss_and_accuracy() -> None:
    labels, scores = sample(1)
    probabilities = 1 / (1 + np.exp(-scores))
    assert log_loss(labels, probabilities) == pytest.approx(sklearn_log_loss(labels, probabilities))
    assert log_loss(np.array([1]), np.array([0.0])) < 20  # sure and wrong is bad, not infinite
    assert accuracy(np.array([0, 1, 1]), np.array([0.5, 0.6, 0.4])) == pytest.approx(2 / 3)


@pytest.mark.parametrize("trials", [1, 7, 20_000])
def test_bounds_of_none_and_of_all_by_hand(trials: int) -> None:
    assert upper_bound(0, trials) == pytest.approx(1 - 0.05 ** (1 / trials))
    assert binomial_interval(0, trials) == pytest.approx((0, 1 - 0.025 ** (1 / trials)))
    assert binomial_interval(trials, trials) == pytest.approx((0.025 ** (1 / trials), 1))


def test_nothing_is_known_without_trials() -> None:
    assert upper_bound(0, 0) == 1
    assert binomial_interval(0, 0) == (0, 1)


def test_what_is_calibrated_at_even_odds_has_no_error_in_a_lopsided_sample() -> None:
    rng = np.random.default_rng(5)
    probabilities = rng.uniform(size=400_000)
    labels = (rng.uniform(size=400_000) < probabilities).astype(np.int64)
    few = (labels == 0) | (rng.uniform(size=400_000) < 0.1)
    assert expected_calibration_error(labels[few], probabilities[few]) < 0.01


def test_scores_of_one_text_are_drawn_together() -> None:
    rng = np.random.default_rng(6)
    texts = np.repeat(np.arange(40), rng.integers(1, 40, 40))
    labels, scores = rng.integers(0, 2, 40)[texts], rng.normal(size=40)[texts]
    low, high = bootstrap(auroc, labels, scores)
    lower, higher = bootstrap(auroc, labels, scores, groups=texts)
    assert higher - lower > 3 * (high - low)  # for there are 40 texts, not hundreds
    mixed = rng.permutation(len(texts))
    again = bootstrap(auroc, labels[mixed], scores[mixed], groups=texts[mixed])
    assert again == pytest.approx((lower, higher))  # in whatever order they come


def test_trials_that_are_alike_count_as_few() -> None:
    rng = np.random.default_rng(8)
    groups = np.repeat(np.arange(300), 10)
    alone = rng.uniform(size=3000) < 0.1
    alike = (rng.uniform(size=300) < 0.1)[groups]
    assert effective_trials(alone, np.arange(3000)) == pytest.approx(3000, rel=0.01)
    assert effective_trials(alone, groups) > 2000
    assert effective_trials(alike, groups) == pytest.approx(300, rel=0.05)
    assert effective_trials(np.zeros(50, bool), np.zeros(50, int)) == 50
    assert effective_trials(np.arange(50) % 2 == 0, np.arange(50) // 2) == 50
    low, high = share_interval(alike, groups)
    narrow, wide = binomial_interval(int(alike.sum()), 3000)
    assert low < narrow < wide < high
    # Held as often as promised, by shares that come in groups.
    held = 0
    for _ in range(200):
        found = (rng.uniform(size=300) < 0.1)[groups]
        low, high = share_interval(found, groups)
        held += low <= 0.1 <= high
    assert held >= 186


def test_a_mirrored_interval_holds_an_error_that_resampling_adds_to() -> None:
    rng = np.random.default_rng(7)

    def too_sure(n: int) -> tuple[np.ndarray, np.ndarray]:
        log_odds = rng.normal(0, 3, n)
        labels = rng.uniform(size=n) < 1 / (1 + np.exp(-0.9 * log_odds))
        return labels.astype(np.int64), 1 / (1 + np.exp(-log_odds))

    error = expected_calibration_error(*too_sure(1_000_000))
    held = {False: 0, True: 0}
    for mirrored in [False, True] * 15:
        low, high = bootstrap(
            expected_calibration_error, *too_sure(5000), mirrored=mirrored, rounds=60
        )
        held[mirrored] += low <= error <= high
    assert held[True] >= 10 > 5 >= held[False]


def test_bootstrap_holds_the_estimate_and_depends_on_its_seed() -> None:
    labels, scores = sample(2)
    low, high = bootstrap(auroc, labels, scores, rounds=100)
    assert low < auroc(labels, scores) < high
    assert (low, high) == bootstrap(auroc, labels, scores, rounds=100)
    assert (low, high) != bootstrap(auroc, labels, scores, rounds=100, seed=1)
