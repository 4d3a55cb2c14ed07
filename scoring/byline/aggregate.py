"""Logits of windows to one score for the document and one for each sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from byline.types import Label, Logits, Window

MIN_SENTENCE_WORDS = 5
"""Of shorter ones nobody could tell who wrote them; calibration leaves them out."""


def document_log_odds(windows: Sequence[Window], logits: Sequence[Logits]) -> float:
    """Mean of the windows' log-odds of `ai`, weighted by their tokens.

    Args:
        windows: n of them, n at least 1.
        logits: the model's answers to them.

    Returns:
        Uncalibrated log-odds.
    """
    weights = np.asarray([len(window.ids) for window in windows], dtype=np.float64)
    document = np.asarray([answer.document for answer in logits], dtype=np.float64)
    return float(weights @ (document[:, 1] - document[:, 0]) / weights.sum())


def sentence_log_odds(
    windows: Sequence[Window], logits: Sequence[Logits], sentences: int
) -> NDArray[np.float64]:
    """Mean of each sentence's token log-odds, and of those of the windows it stands in.

    Args:
        windows: in which the sentences were packed.
        logits: the model's answers to them.
        sentences: how many sentences were packed.

    Returns:
        float64 [sentences, 2], the sentence's own and its context's; NaN for a sentence without
        tokens.
    """
    owned = [window.owners >= 0 for window in windows]
    token = [
        answer.token[inside].astype(np.float64)
        for answer, inside in zip(logits, owned, strict=True)
    ]
    context = [np.full(len(part), part.mean() if len(part) else 0.0) for part in token]
    owners = np.concatenate(
        [window.owners[inside] for window, inside in zip(windows, owned, strict=True)]
    )
    counts = np.bincount(owners, minlength=sentences)
    means: NDArray[np.float64] = np.full((sentences, 2), np.nan)
    for column, values in enumerate((token, context)):
        sums = np.bincount(owners, np.concatenate(values), minlength=sentences)
        np.divide(sums, counts, out=means[:, column], where=counts > 0)
    return means


def decide(probability: float, human: float, ai: float) -> Label:
    """Name a probability: `human` up to one threshold, `ai` from the other, else `unclear`."""
    if probability >= ai:
        return "ai"
    return "human" if probability <= human else "unclear"
