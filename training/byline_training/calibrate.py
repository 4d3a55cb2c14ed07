"""Scores on the validation split to calibrations and thresholds, for each form of each model."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from byline.aggregate import MIN_SENTENCE_WORDS
from byline.calibrate import Band, Calibration, SentenceBand, band_weights, sigmoid
from byline.errors import InputError
from byline.spec import Thresholds
from byline_training.config import Limits
from byline_training.data import Prepared, group_numbers, load_split
from byline_training.metrics import effective_trials, even_weights, probability, upper_bound
from byline_training.progress import note
from byline_training.provenance import MODELS, calibration_of, graph_of, prepared_sha256
from byline_training.runs import Run, commit, reading, replacing, sha256
from byline_training.scores import Scores, score_split
from byline_training.vocabulary import vocabulary_of

BAND_CENTRES = (50, 100, 200, 400)
"""Words; the corpus's windows have 40 to 430."""


def calibrate(run: Run) -> None:
    """Write `calibration/MODEL.json` for every form, from its own runtime's scores."""
    run.record()  # the limits may have changed since the stage before
    documents = load_split(run, "validation")
    for name in MODELS:
        graph = graph_of(run, name)
        scores = score_split(run, graph, vocabulary_of(run, name), "validation", documents)
        calibration, thresholds = fit(documents, scores, run.preset.limits)
        with replacing(calibration_of(run, name)) as temporary:
            temporary.write_text(
                json.dumps(
                    {
                        "graph": sha256(graph),
                        "limits": dataclasses.asdict(run.preset.limits),
                        "window": run.preset.data.window,
                        "validation": prepared_sha256(run, "validation"),
                        "commit": commit(),
                        "calibration": dataclasses.asdict(calibration),
                        "thresholds": dataclasses.asdict(thresholds),
                    },
                    indent=2,
                ),
                encoding="utf-8",
            )
        run.log("calibrate", model=name, ai=thresholds.ai, human=thresholds.human)


def load_calibration(run: Run, name: str) -> tuple[Calibration, Thresholds]:
    """Read what `calibrate` wrote for a model.

    Raises:
        InputError: it hasn't, or for another graph, with other limits or on other texts.
    """
    path, graph = calibration_of(run, name), graph_of(run, name)
    with reading(path, "calibrate"):
        values = json.loads(path.read_text("utf-8"))
        fitted = values["calibration"]
        found = (
            Calibration(
                tuple(Band(**band) for band in fitted["bands"]),
                SentenceBand(**fitted["sentence"]),
            ),
            Thresholds(**values["thresholds"]),
        )
    if values.get("graph") != sha256(graph):
        raise InputError(f"{path} is of another {graph.name}: run the calibrate stage again")
    if values.get("limits") != dataclasses.asdict(run.preset.limits):
        raise InputError(f"{path} keeps other limits: run the calibrate stage again")
    for key, now in (
        ("window", run.preset.data.window),
        ("validation", prepared_sha256(run, "validation")),
    ):
        if None not in (now, values.get(key)) and values[key] != now:
            raise InputError(
                f"{path} was fitted on other validation texts or windows: run the calibrate stage "
                "again"
            )
    return found


def fit(
    documents: Sequence[Prepared], scores: Scores, limits: Limits
) -> tuple[Calibration, Thresholds]:
    """Fit a calibration and choose thresholds.

    Both kinds count the same, however many there are of each: a probability is at even odds.
    Mixed documents take part with their sentences alone. For sentences they count as much as the
    documents of one kind, where its context says what a sentence is; in a mixed one it misleads.

    Args:
        documents: the n validation documents.
        scores: theirs, by the runtime that the calibration is for.
        limits: what the thresholds must keep.

    Raises:
        InputError: no text or no sentence of one of the kinds is long enough.
    """
    pure = np.asarray([not document.mixed for document in documents])
    labels = np.asarray([document.label for document in documents])[pure].astype(np.int64)
    words = [document.words for document in documents if not document.mixed]
    log_odds = scores.documents[pure]
    weights = band_weights(words, BAND_CENTRES)
    scales, biases = _platt(log_odds, labels, weights)
    sentences = labelled_sentences(documents, scores)
    counts = [int((sentences.labels == label).sum()) for label in (0, 1)]
    if not all(counts):
        raise InputError(
            f"the validation split has {counts[0]} human and {counts[1]} AI sentences of five "
            "words or more; their thresholds need some of both"
        )
    calibration = Calibration(
        tuple(
            Band(centre, float(scale), float(bias))
            for centre, scale, bias in zip(BAND_CENTRES, scales, biases, strict=True)
        ),
        _sentence_band(sentences),
    )
    probabilities = np.asarray(
        [sigmoid(calibration.document(x, w)) for x, w in zip(log_odds, words, strict=True)]
    )
    long_enough = np.asarray(words) >= limits.min_words
    human, ai = ((labels == label) & long_enough for label in (0, 1))
    if not human.any() or not ai.any():
        raise InputError(
            f"the validation split has {human.sum()} human and {ai.sum()} AI texts of "
            f"{limits.min_words} words or more; thresholds need some of both"
        )
    groups = group_numbers(documents)
    relatives = groups[pure]
    threshold = _least_exceeded(probabilities[human], relatives[human], limits.false_positive_rate)
    if upper_bound(0, few := int(human.sum())) > limits.false_positive_rate:
        note(
            f"the validation split has {few} human texts of {limits.min_words} words or more, too "
            f"few to be 95% sure of a rate of {limits.false_positive_rate:g} even if none is "
            "called ai: the threshold lies above all of them"
        )
    sources = np.asarray([document.source for document in documents if not document.mixed])
    for group, members in limits.protected.items():
        inside = np.isin(sources, members) & human
        if not inside.any():
            note(f"no validation text is by {group}: the thresholds promise nothing for them")
            continue
        threshold = max(
            threshold,
            _least_exceeded(
                probabilities[inside], relatives[inside], limits.protected_false_positive_rate
            ),
        )
    # Among mixed documents' sentences, and among all: the former may be a handful, or of one kind.
    judged = [
        (probability(calibration.sentences(some.log_odds)), groups[some.documents], some.labels)
        for some in (sentences, sentences.of_mixed_documents())
        if some.both_kinds
    ]
    sentence_threshold = max(
        _least_exceeded(found[kinds == 0], of[kinds == 0], limits.sentence_false_positive_rate)
        for found, of, kinds in judged
    )
    sentence_human = min(
        -_least_exceeded(-found[kinds == 1], of[kinds == 1], limits.sentence_miss_rate)
        for found, of, kinds in judged
    )
    missed = -_least_exceeded(-probabilities[ai], relatives[ai], limits.miss_rate)
    thresholds = Thresholds(
        human=min(missed, 0.5, threshold / 2),
        ai=threshold,
        sentence_human=min(sentence_human, 0.5, sentence_threshold / 2),
        sentence_ai=sentence_threshold,
        min_words=limits.min_words,
    )
    return calibration, thresholds


@dataclasses.dataclass(frozen=True)
class LabelledSentences:
    """Sentences of one kind.

    Attributes:
        log_odds: float64 [n, 2], as `byline.aggregate.sentence_log_odds` has them.
        labels: int64 [n].
        mixed: bool [n]; whether the document is of both kinds.
        documents: int64 [n]; which document each is of.
    """

    log_odds: NDArray[np.float64]
    labels: NDArray[np.int64]
    mixed: NDArray[np.bool_]
    documents: NDArray[np.int64]

    @property
    def both_kinds(self) -> bool:
        """Whether there are some by people and some by AI."""
        return len(set(self.labels)) == 2

    def of_mixed_documents(self) -> LabelledSentences:
        """Those of mixed documents."""
        return self._where(self.mixed)

    def of_pure_documents(self) -> LabelledSentences:
        """Those of documents of one kind."""
        return self._where(~self.mixed)

    def _where(self, inside: NDArray[np.bool_]) -> LabelledSentences:
        return LabelledSentences(
            self.log_odds[inside], self.labels[inside], self.mixed[inside], self.documents[inside]
        )


def labelled_sentences(documents: Sequence[Prepared], scores: Scores) -> LabelledSentences:
    """The scored sentences that are of one kind, and long enough for a verdict."""
    labels = np.concatenate([document.sentence_labels for document in documents])
    words = np.concatenate([document.sentence_words for document in documents])
    of = np.repeat(np.arange(len(documents)), [len(d.sentences) for d in documents])
    mixed = np.asarray([document.mixed for document in documents])[of]
    clear = ((labels == 0) | (labels == 1)) & (words >= MIN_SENTENCE_WORDS)
    clear &= ~np.isnan(scores.sentences[:, 0])
    return LabelledSentences(
        scores.sentences[clear], labels[clear].astype(np.int64), mixed[clear], of[clear]
    )


def _sentence_band(sentences: LabelledSentences) -> SentenceBand:
    """Logistic regression of labels on a sentence's own log-odds and its context's."""
    labels, mixed = sentences.labels, sentences.mixed
    parts = [part for part in (mixed, ~mixed) if part.any()]
    # Both count as the fewer do: a handful must not outweigh what keeps coefficients in bounds.
    fewest = min(int(part.sum()) for part in parts)
    weights = np.zeros(len(labels))
    for part in parts:
        weights[part] = even_weights(labels[part]) * fewest / part.sum()
    scale, context, bias = _regression(
        np.column_stack([sentences.log_odds, np.ones(len(labels))]),
        labels, weights, np.asarray([1.0, 0.0, 0.0]),
    )  # fmt: skip
    scale = max(float(scale), 0.01)
    # Nor may a sentence that is its own context be turned around.
    return SentenceBand(scale, max(float(context), 0.01 - scale), float(bias))


def _platt(
    log_odds: NDArray[np.float64], labels: NDArray[np.int64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logistic regression of labels on band-wise scale and bias.

    Args:
        log_odds: [n].
        labels: [n].
        weights: [n, k] of the bands.

    Returns:
        scales [k], at least 0.01, and biases [k].
    """
    bands = weights.shape[1]
    design = np.concatenate([weights * log_odds[:, None], weights], axis=1)
    prior = np.concatenate([np.ones(bands), np.zeros(bands)])
    theta = _regression(design, labels, even_weights(labels), prior)
    return np.maximum(theta[:bands], 0.01), theta[bands:]


def _regression(
    design: NDArray[np.float64],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    prior: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Coefficients [k] of a logistic regression on `design` [n, k], by Newton's method.

    A ridge towards `prior`, worth about one text, keeps those defined that no text tells.
    """
    theta = prior.copy()
    for _ in range(50):
        p = probability(design @ theta)
        gradient = design.T @ (weights * (p - labels)) + (theta - prior)
        curvature = design.T @ (design * (weights * p * (1 - p))[:, None]) + np.eye(len(prior))
        step = np.linalg.solve(curvature, gradient)
        theta = theta - step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-9:
            break
    return theta


def _least_exceeded(values: NDArray[np.float64], groups: NDArray[np.int64], rate: float) -> float:
    """The least threshold that few enough values reach: 95% sure that at most `rate` do.

    Values of one group, such as a writer's or a document's, are alike, and tell less than as many
    others.
    """
    order = np.argsort(-values, kind="stable")
    ranked, groups = values[order], groups[order]
    reached = np.zeros(len(ranked), bool)
    hits = 0
    while hits < len(ranked):
        trials = effective_trials(reached, groups)
        if upper_bound(hits / len(ranked) * trials, trials) > rate:
            break
        reached[hits] = True
        hits += 1
    # hits - 1 may reach it; where even none is too uncertain, stay above all that was seen.
    allowed = max(hits - 1, 0)
    return min(float(np.nextafter(ranked[min(allowed, len(ranked) - 1)], np.inf)), 1.0)
