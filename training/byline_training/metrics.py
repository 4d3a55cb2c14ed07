"""Figures of merit with their uncertainty. Labels are 0 (human) and 1 (AI)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

Floats = NDArray[np.float64]
Interval = tuple[float, float]


def probability(log_odds: Floats) -> Floats:
    """Probabilities 0..1 of log-odds of any shape, by a tanh, which never overflows."""
    found: Floats = 0.5 * (1 + np.tanh(0.5 * log_odds))
    return found


def auroc(labels: NDArray[np.int64], scores: Floats) -> float:
    """Area under the ROC curve, ties counted half (Mann and Whitney 1947); NaN for one class.

    Args:
        labels: int64 [n], 0 or 1.
        scores: float64 [n], the higher the likelier AI.
    """
    positive = int(labels.sum())
    negative = len(labels) - positive
    if not positive or not negative:
        return float("nan")
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    first = np.searchsorted(ranked, ranked, side="left")
    last = np.searchsorted(ranked, ranked, side="right")
    ranks = (first + last + 1) / 2
    wins = ranks[labels[order] == 1].sum() - positive * (positive + 1) / 2
    return float(wins / (positive * negative))


def true_positive_rate(labels: NDArray[np.int64], scores: Floats, false_positives: float) -> float:
    """Share of AI texts above the score that the given share of human texts exceeds.

    Args:
        labels: int64 [n], 0 or 1.
        scores: float64 [n], the higher the likelier AI.
        false_positives: that share, 0..1.

    Returns:
        0..1; NaN for one class.
    """
    human = np.sort(scores[labels == 0])[::-1]
    if not len(human) or not (labels == 1).any():
        return float("nan")
    allowed = int(np.floor(false_positives * len(human)))
    threshold = human[min(allowed, len(human) - 1)]
    return float((scores[labels == 1] > threshold).mean())


def even_weights(labels: NDArray[np.int64]) -> Floats:
    """Weights [n] that make both kinds count the same; their mean is 1 where there are both."""
    share = np.clip(labels.mean(), 1e-9, 1 - 1e-9)
    weights: Floats = np.where(labels == 1, 0.5 / share, 0.5 / (1 - share))
    return weights


def expected_calibration_error(
    labels: NDArray[np.int64], probabilities: Floats, bins: int = 15
) -> float:
    """Mean distance of probability and frequency over equally wide bins (Guo et al. 2017).

    Both kinds count the same, however many there are of each: probabilities are at even odds.
    """
    which = np.minimum((probabilities * bins).astype(int), bins - 1)
    weights = even_weights(labels)
    errors = np.bincount(which, weights * (probabilities - labels), minlength=bins)
    return float(np.abs(errors).sum() / weights.sum())


def accuracy(labels: NDArray[np.int64], probabilities: Floats) -> float:
    """Share of texts on the right side of one half.

    Args:
        labels: int64 [n], 0 or 1.
        probabilities: float64 [n], 0..1.
    """
    return float(((probabilities > 0.5) == (labels == 1)).mean())


def log_loss(labels: NDArray[np.int64], probabilities: Floats) -> float:
    """Mean negative log-likelihood, in nats.

    Args:
        labels: int64 [n], 0 or 1.
        probabilities: float64 [n], 0..1; taken for no nearer to 0 or 1 than 1e-7.
    """
    p = np.clip(probabilities, 1e-7, 1 - 1e-7)
    return float(-np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p)))


def bootstrap(
    statistic: Callable[[NDArray[np.int64], Floats], float],
    labels: NDArray[np.int64],
    scores: Floats,
    *,
    groups: NDArray[np.int64] | None = None,
    mirrored: bool = False,
    rounds: int = 300,
    seed: int = 0,
) -> Interval:
    """95% interval of a statistic, resampling texts (Efron 1979).

    Args:
        statistic: of labels and scores.
        labels: [n].
        scores: [n].
        groups: [n]; those of one group are alike, and are drawn together. All are apart without.
        mirrored: take the interval on the estimate's other side (Davison and Hinkley 1997, the
            basic bootstrap): for an error that chance only adds to, and resampling adds to again.
        rounds: how many samples are drawn.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    order = np.arange(len(labels)) if groups is None else np.argsort(groups, kind="stable")
    first = order if groups is None else np.unique(groups[order], return_index=True)[1]
    counts = np.diff(np.append(first, len(labels)))
    values = []
    for _ in range(rounds):
        drawn = rng.integers(0, len(first), len(first))
        # Of each group drawn, its scores from the first on.
        within = np.arange(counts[drawn].sum()) - np.repeat(
            np.cumsum(counts[drawn]) - counts[drawn], counts[drawn]
        )
        i = order[np.repeat(first[drawn], counts[drawn]) + within]
        values.append(statistic(labels[i], scores[i]))
    low, high = (float(value) for value in np.nanpercentile(values, [2.5, 97.5]))
    if mirrored:
        estimate = statistic(labels, scores)
        return max(0.0, 2 * estimate - high), max(0.0, 2 * estimate - low)
    return low, high


def effective_trials(hits: NDArray[np.bool_], groups: NDArray[np.int64]) -> float:
    """How many independent trials tell as much of the share of hits as these.

    Trials of one group are alike: a writer's texts, a document's sentences. That many times their
    variance is larger (the design effect, Kish 1965), so many fewer they count as in an exact
    interval (Korn and Graubard 1998).

    Args:
        hits: [n].
        groups: [n].

    Returns:
        At most n; n where all or none are hits.
    """
    n, share = len(hits), float(hits.mean()) if len(hits) else 0.0
    if share in (0.0, 1.0):
        return float(n)
    totals = np.bincount(np.unique(groups, return_inverse=True)[1], hits - share)
    if len(totals) == 1:
        return 1.0
    variance = float(len(totals) / (len(totals) - 1) * (totals**2).sum() / n**2)
    # In groups of the same share each, trials are less alike than chance would have them.
    return min(float(n), share * (1 - share) / variance) if variance else float(n)


def share_interval(hits: NDArray[np.bool_], groups: NDArray[np.int64]) -> Interval:
    """Two-sided 95% interval of the share of hits, as `effective_trials` takes them."""
    trials = effective_trials(hits, groups)
    return binomial_interval(float(hits.mean()) * trials, trials)


def binomial_interval(hits: float, trials: float) -> Interval:
    """Two-sided 95% interval of a share (Clopper and Pearson 1934); 0 to 1 without trials."""
    tail = (1 - 0.95) / 2
    low = float(beta.ppf(tail, hits, trials - hits + 1)) if hits > 0 else 0.0
    return low, upper_bound(hits, trials, 1 - tail)


def upper_bound(hits: float, trials: float, confidence: float = 0.95) -> float:
    """One-sided exact upper bound of a share; 1 without trials."""
    return float(beta.ppf(confidence, hits + 1, trials - hits)) if hits < trials else 1.0
