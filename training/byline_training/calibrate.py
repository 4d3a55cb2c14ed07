"""Scores on the validation split to calibrations and thresholds, for each form of each model."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from byline.calibrate import Band, Calibration, band_weights, sigmoid
from byline.errors import InputError
from byline.spec import Thresholds
from byline_training.config import Limits
from byline_training.data import Prepared, load_split
from byline_training.metrics import probability, upper_bound
from byline_training.quantize import MODELS, graph_of
from byline_training.runs import Run, reading, replacing, sha256
from byline_training.scores import Scores, score_split
from byline_training.vocabulary import Vocabulary

BAND_CENTRES = (50, 100, 200, 400)
"""Words; the corpus's windows have 40 to 430."""


def calibrate(run: Run) -> None:
    """Write `calibration/MODEL.json` for every form, from its own runtime's scores."""
    documents = load_split(run.path("prepared"), "validation")
    for name in MODELS:
        graph = graph_of(run, name)
        scores = score_split(run, graph, vocabulary_of(run, name), "validation", documents)
        calibration, thresholds = fit(documents, scores, run.preset.limits)
        with replacing(calibration_of(run, name)) as temporary:
            temporary.write_text(
                json.dumps(
                    {
                        "graph": sha256(graph),
                        "calibration": dataclasses.asdict(calibration),
                        "thresholds": dataclasses.asdict(thresholds),
                    },
                    indent=2,
                ),
                encoding="utf-8",
            )
        run.log("calibrate", model=name, ai=thresholds.ai, human=thresholds.human)


def vocabulary_of(run: Run, name: str) -> Vocabulary:
    """The vocabulary of a form of the teacher or the student."""
    return Vocabulary.of(run, run.preset.stage(name).base)


def calibration_of(run: Run, name: str) -> Path:
    """Where the calibration of a form is."""
    return run.path("calibration", f"{name}.json")


def load_calibration(run: Run, name: str) -> tuple[Calibration, Thresholds]:
    """Read what `calibrate` wrote for a model.

    Raises:
        InputError: it hasn't, or for another graph.
    """
    path, graph = calibration_of(run, name), graph_of(run, name)
    with reading(path, "calibrate"):
        values = json.loads(path.read_text("utf-8"))
        fitted = values["calibration"]
        found = (
            Calibration(
                tuple(Band(**band) for band in fitted["bands"]), Band(**fitted["sentence"])
            ),
            Thresholds(**values["thresholds"]),
        )
    if values.get("graph") != sha256(graph):
        raise InputError(f"{path} is of another {graph.name}: run the calibrate stage again")
    return found


def fit(
    documents: Sequence[Prepared], scores: Scores, limits: Limits
) -> tuple[Calibration, Thresholds]:
    """Fit a calibration and choose thresholds.

    Both kinds count the same, however many there are of each: a probability is at even odds.
    Mixed documents take part with their sentences alone.

    Raises:
        InputError: no text of one of the kinds is long enough.
    """
    pure = np.asarray([not document.mixed for document in documents])
    labels = np.asarray([document.label for document in documents])[pure].astype(np.int64)
    words = [document.words for document in documents if not document.mixed]
    log_odds = scores.documents[pure]
    weights = band_weights(words, BAND_CENTRES)
    scales, biases = _platt(log_odds, labels, weights)
    sentences, sentence_labels = labelled_sentences(documents, scores)
    ((sentence_scale,), (sentence_bias,)) = _platt(
        sentences, sentence_labels, np.ones((len(sentences), 1))
    )
    calibration = Calibration(
        tuple(
            Band(centre, float(scale), float(bias))
            for centre, scale, bias in zip(BAND_CENTRES, scales, biases, strict=True)
        ),
        Band(1, float(sentence_scale), float(sentence_bias)),
    )
    probabilities = np.asarray(
        [sigmoid(calibration.document(x, w)) for x, w in zip(log_odds, words, strict=True)]
    )
    long_enough = np.asarray(words) >= limits.min_words
    human, ai = (probabilities[(labels == label) & long_enough] for label in (0, 1))
    if not len(human) or not len(ai):
        raise InputError(
            f"the validation split has {len(human)} human and {len(ai)} AI texts of "
            f"{limits.min_words} words or more; thresholds need some of both"
        )
    threshold = _least_exceeded(human, limits.false_positive_rate)
    sources = np.asarray([document.source for document in documents if not document.mixed])
    for members in limits.protected.values():
        inside = np.isin(sources, members) & (labels == 0) & long_enough
        if inside.any():
            threshold = max(
                threshold,
                _least_exceeded(probabilities[inside], limits.protected_false_positive_rate),
            )
    sentence_probabilities = probability(calibration.sentences(sentences))
    sentence_human, sentence_ai = (
        sentence_probabilities[sentence_labels == label] for label in (0, 1)
    )
    sentence_threshold = _least_exceeded(sentence_human, limits.sentence_false_positive_rate)
    thresholds = Thresholds(
        human=min(-_least_exceeded(-ai, limits.miss_rate), 0.5, threshold / 2),
        ai=threshold,
        sentence_human=min(
            -_least_exceeded(-sentence_ai, limits.sentence_miss_rate), 0.5, sentence_threshold / 2
        ),
        sentence_ai=sentence_threshold,
        min_words=limits.min_words,
    )
    return calibration, thresholds


def labelled_sentences(
    documents: Sequence[Prepared], scores: Scores
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Log-odds and labels of the sentences of mixed documents that are of one kind and scored.

    Sentences under five words are left out: nobody could tell.
    """
    keep: list[NDArray[np.bool_]] = []
    labels: list[NDArray[np.float32]] = []
    for document in documents:
        clear = (document.sentence_labels == 0) | (document.sentence_labels == 1)
        keep.append(clear & (document.sentence_words >= 5) & document.mixed)
        labels.append(document.sentence_labels)
    chosen = np.concatenate(keep) & ~np.isnan(scores.sentences)
    flat = np.concatenate(labels)
    if len(set(flat[chosen])) < 2:  # too few mixed documents: take the pure ones' sentences
        chosen = ~np.isnan(scores.sentences)
    return scores.sentences[chosen], (flat[chosen] > 0.5).astype(np.int64)


def _platt(
    log_odds: NDArray[np.float64], labels: NDArray[np.int64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logistic regression of labels on band-wise scale and bias, by Newton's method.

    A ridge towards scale 1 and bias 0, worth about one text, keeps empty bands defined.

    Args:
        log_odds: [n].
        labels: [n].
        weights: [n, k] of the bands.

    Returns:
        scales [k], at least 0.01, and biases [k].
    """
    bands = weights.shape[1]
    design = np.concatenate([weights * log_odds[:, None], weights], axis=1)
    balance = np.where(
        labels == 1, 0.5 / max(labels.mean(), 1e-9), 0.5 / max(1 - labels.mean(), 1e-9)
    )
    prior = np.concatenate([np.ones(bands), np.zeros(bands)])
    theta = prior.copy()
    for _ in range(50):
        p = probability(design @ theta)
        gradient = design.T @ (balance * (p - labels)) + (theta - prior)
        curvature = design.T @ (design * (balance * p * (1 - p))[:, None]) + np.eye(2 * bands)
        step = np.linalg.solve(curvature, gradient)
        theta = theta - step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-9:
            break
    return np.maximum(theta[:bands], 0.01), theta[bands:]


def _least_exceeded(values: NDArray[np.float64], rate: float) -> float:
    """The least threshold that few enough values reach: 95% sure that at most `rate` do."""
    ranked = np.sort(values)[::-1]
    hits = 0
    while hits < len(ranked) and upper_bound(hits, len(ranked)) <= rate:
        hits += 1
    # hits - 1 may reach it; where even none is too uncertain, stay above all that was seen.
    allowed = max(hits - 1, 0)
    return min(float(np.nextafter(ranked[min(allowed, len(ranked) - 1)], np.inf)), 1.0)
