"""Log-odds of a model to probabilities that mean what they say.

Platt scaling (Platt 1999) whose scale and bias depend on the length: long texts carry more
evidence than a window's logit shows. Both are given at a few lengths, the centres of the bands,
and interpolated linearly in the logarithm of the number of words, so that one word more never
makes a verdict jump.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Band:
    """Scale and bias at a text length, in words."""

    words: int
    scale: float
    bias: float


@dataclass(frozen=True, slots=True)
class SentenceBand:
    """Scales of a sentence's own log-odds and of its context's, and a bias.

    Tokens take on what stands around them: the encoder's doing. A negative `context` takes part of
    that away again.
    """

    scale: float
    context: float
    bias: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted calibration.

    Attributes:
        bands: by rising length, at least one; outside the outermost their values hold.
        sentence: the same for sentences.
    """

    bands: tuple[Band, ...]
    sentence: SentenceBand

    def document(self, log_odds: float, words: int) -> float:
        """Calibrated log-odds of a document from the model's."""
        length = math.log(max(words, 1))
        lengths = [math.log(band.words) for band in self.bands]
        scale = np.interp(length, lengths, [band.scale for band in self.bands])
        bias = np.interp(length, lengths, [band.bias for band in self.bands])
        return float(scale * log_odds + bias)

    def sentences(self, log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated log-odds [n] of sentences from `aggregate.sentence_log_odds`, [n, 2]."""
        own, context = log_odds.T
        band = self.sentence
        calibrated: NDArray[np.float64] = band.scale * own + band.context * context + band.bias
        return calibrated


def band_weights(words: Sequence[int], centres: Sequence[int]) -> NDArray[np.float64]:
    """How much each band counts for texts of some lengths, as `Calibration.document` weighs them.

    Args:
        words: lengths of n texts.
        centres: rising lengths of k bands.

    Returns:
        float64 [n, k]; rows sum to 1 and at most two neighbours are not 0.
    """
    position = np.interp(
        np.log(np.maximum(words, 1)), np.log(centres), np.arange(len(centres), dtype=np.float64)
    )
    distance: NDArray[np.float64] = np.abs(position[:, None] - np.arange(len(centres)))
    return np.maximum(0.0, 1.0 - distance)


def sigmoid(log_odds: float) -> float:
    """Probability of log-odds, without overflow."""
    return 0.5 * (1.0 + math.tanh(0.5 * log_odds))
