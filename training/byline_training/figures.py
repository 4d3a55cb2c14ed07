"""Documents with a model's verdicts, and the figures of merit of those."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from byline.calibrate import Calibration, sigmoid
from byline.errors import InputError
from byline.spec import Thresholds
from byline_training.calibrate import labelled_sentences
from byline_training.config import Preset
from byline_training.data import Prepared, group_numbers
from byline_training.metrics import (
    accuracy,
    auroc,
    expected_calibration_error,
    log_loss,
    share_interval,
    true_positive_rate,
)
from byline_training.scores import Scores


@dataclass(frozen=True)
class Judged:
    """Documents with the verdicts of one model.

    Attributes:
        documents: n of them.
        labels: int64 [n]; a mixed document's is that of its larger part.
        groups: int64 [n]; relatives have the same.
        probabilities: float64 [n], 0..1.
        called_ai, called_human: bool [n].
    """

    documents: list[Prepared]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    called_ai: NDArray[np.bool_]
    called_human: NDArray[np.bool_]

    @classmethod
    def by_model(
        cls, documents: Sequence[Prepared], log_odds: NDArray[np.float64],
        calibration: Calibration, thresholds: Thresholds,
    ) -> Judged:  # fmt: skip
        """Judge documents by uncalibrated log-odds [n]."""
        probabilities = np.asarray(
            [
                sigmoid(calibration.document(x, d.words))
                for x, d in zip(log_odds, documents, strict=True)
            ]
        )
        return cls(
            list(documents),
            np.asarray([d.label for d in documents]).round().astype(np.int64),
            group_numbers(documents),
            probabilities,
            probabilities >= thresholds.ai,
            probabilities <= thresholds.human,
        )

    def where(self, inside: NDArray[np.bool_]) -> Judged:
        """Some of them; `inside` is bool [n]."""
        return Judged(
            [d for d, i in zip(self.documents, inside, strict=True) if i],
            self.labels[inside],
            self.groups[inside],
            self.probabilities[inside],
            self.called_ai[inside],
            self.called_human[inside],
        )

    def pure(self, thresholds: Thresholds) -> Judged:
        """Those of one kind that are long enough for a verdict."""
        return self.where(
            np.asarray([not d.mixed and d.words >= thresholds.min_words for d in self.documents])
        )

    def by(self, kind: Callable[[Prepared], str]) -> dict[str, Any]:
        """The figures of each kind of documents."""
        kinds = np.asarray([kind(d) for d in self.documents], dtype=str)
        return {k: self.where(kinds == k).figures() for k in sorted(set(kinds.tolist()))}

    def figures(self) -> dict[str, Any]:
        """Counts, AUROC, and how often each kind is called what."""
        human, ai = self.labels == 0, self.labels == 1
        figures: dict[str, Any] = {"human": int(human.sum()), "ai": int(ai.sum())}
        if human.any() and ai.any():
            figures["auroc"] = auroc(self.labels, self.probabilities)
        for name, kind, called in (
            ("false_positive_rate", human, self.called_ai),
            ("recall", ai, self.called_ai),
            ("miss_rate", ai, self.called_human),
        ):
            if kind.any():
                figures[name] = int(called[kind].sum()) / int(kind.sum())
                figures[f"{name}_interval"] = share_interval(called[kind], self.groups[kind])
        return figures


def summarize(
    preset: Preset,
    test: Sequence[Prepared],
    scores: Scores,
    calibration: Calibration,
    thresholds: Thresholds,
) -> dict[str, float | None]:
    """The figures of one model on the test split, as its `scoring.json` has them.

    Args:
        preset: names the protected groups of writers.
        test: the n documents of the split.
        scores: theirs, by the model.
        calibration: the model's.
        thresholds: the model's.

    Raises:
        InputError: the split has no texts of one of the kinds that are long enough.
    """
    judged = Judged.by_model(test, scores.documents, calibration, thresholds).pure(thresholds)
    labels, probabilities = judged.labels, judged.probabilities
    sentences = labelled_sentences(test, scores).of_mixed_documents()
    figures = judged.figures()
    groups = writers(judged, preset)
    if not figures["human"] or not figures["ai"]:
        raise InputError(
            f"the test split has {figures['human']} human and {figures['ai']} AI texts of "
            f"{thresholds.min_words} words or more; figures need some of both"
        )
    return {
        "accuracy": accuracy(labels, probabilities),
        "loss": log_loss(labels, probabilities),
        "auroc": figures["auroc"],
        "tpr_at_1_percent_fpr": true_positive_rate(labels, probabilities, 0.01),
        "tpr_at_5_percent_fpr": true_positive_rate(labels, probabilities, 0.05),
        "ece": expected_calibration_error(labels, probabilities),
        "ece_above_80_words": calibration_error(judged, 81, 10**6),
        "ece_40_to_80_words": calibration_error(judged, 40, 80),
        "false_positive_rate": figures["false_positive_rate"],
        "recall": figures["recall"],
        "miss_rate": figures["miss_rate"],
        "unclear": float((~judged.called_ai & ~judged.called_human).mean()),
        "sentence_auroc": auroc(sentences.labels, calibration.sentences(sentences.log_odds))
        if sentences.both_kinds
        else None,
        "threshold_ai": thresholds.ai,
        "threshold_human": thresholds.human,
        **{
            f"false_positive_rate, {group}": groups[group].get("false_positive_rate")
            for group in preset.limits.protected
        },
    }


def writers(judged: Judged, preset: Preset) -> dict[str, Any]:
    """The figures of human texts: of all, of each protected group of writers, of all but it."""
    human = judged.labels == 0
    groups = {"all human texts": judged.where(human).figures()}
    for group, members in preset.limits.protected.items():
        inside = np.asarray([d.source in members for d in judged.documents])
        groups[group] = judged.where(human & inside).figures()
        groups[f"all but {group}"] = judged.where(human & ~inside).figures()
    return groups


def calibration_error(judged: Judged, least: int, most: int) -> float | None:
    """The calibration error of texts of so many words; None if there are none."""
    part = judged.where(np.asarray([least <= d.words <= most for d in judged.documents]))
    if not len(part.labels):
        return None
    return expected_calibration_error(part.labels, part.probabilities)
