"""Calibration finds what scores were made with; thresholds keep their bounds."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from byline.calibrate import sigmoid
from byline.errors import InputError
from byline_training.calibrate import fit, labelled_sentences, load_calibration
from byline_training.config import Limits, Preset
from byline_training.data import Prepared
from byline_training.metrics import (
    auroc,
    expected_calibration_error,
    probability,
    upper_bound,
)
from byline_training.runs import Run, sha256
from byline_training.scores import Scores


def document(
    label: float, words: int, source: str = "s", labels: tuple[float, ...] = ()
) -> Prepared:
    sentences = labels or (label,)
    return Prepared(
        "", label, words, source, "d", "f", "", [np.zeros(1, np.int64)] * len(sentences),
        np.full(len(sentences), 10, np.int32), np.asarray(sentences, np.float32),
    )  # fmt: skip


def made(
    n: int, scale: float, bias: float, words: int = 100, spread: float = 2.0, seed: int = 0
) -> tuple[list[Prepared], Scores]:
    """Texts whose calibrated log-odds are `scale * x + bias`, by their making."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    # Normal scores of equal variance: the log-odds of the label are linear in them.
    calibrated = rng.normal((labels * 2 - 1) * spread**2 / 2, spread)
    scores = (calibrated - bias) / scale
    documents = [document(float(label), words) for label in labels]
    return documents, Scores(scores, alone(scores))


def alone(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of sentences that are a whole document each: their context is themselves."""
    return np.column_stack([log_odds, log_odds])


def test_relatives_do_not_make_a_threshold_surer() -> None:
    documents, scores = made(4000, 1.0, 0.0, spread=3.5)
    alone = fit(documents, scores, Limits())[1]
    # Each text ten times: no more is known of how many of them exceed a threshold.
    tenfold = [dataclasses.replace(d, group=f"g{i}") for i, d in enumerate(documents)] * 10
    repeated = Scores(np.tile(scores.documents, 10), np.tile(scores.sentences, (10, 1)))
    together = fit(tenfold, repeated, Limits())[1]
    apart = fit([dataclasses.replace(d, group="") for d in tenfold], repeated, Limits())[1]
    assert apart.ai < alone.ai - 0.005
    assert apart.sentence_ai < alone.sentence_ai - 0.005
    assert together.ai == pytest.approx(alone.ai, abs=0.002)
    assert together.human == pytest.approx(alone.human, abs=0.002)
    assert together.sentence_ai == pytest.approx(alone.sentence_ai, abs=0.002)


def calls(documents: list[Prepared], scores: Scores, limits: Limits) -> tuple[np.ndarray, ...]:
    calibration, thresholds = fit(documents, scores, limits)
    probabilities = np.asarray(
        [
            sigmoid(calibration.document(float(x), d.words))
            for x, d in zip(scores.documents, documents, strict=True)
        ]
    )
    labels = np.asarray([d.label for d in documents])
    return labels, probabilities, probabilities >= thresholds.ai, probabilities <= thresholds.human


@pytest.mark.parametrize(("scale", "bias"), [(1.0, 0.0), (0.5, 1.5), (3.0, -2.0)])
def test_a_known_scale_and_bias_are_found(scale: float, bias: float) -> None:
    documents, scores = made(20_000, scale, bias)
    calibration, _ = fit(documents, scores, Limits())
    for x in (-2.0, 0.0, 1.0):
        assert calibration.document(x, 100) == pytest.approx(scale * x + bias, abs=0.2)
        found = calibration.sentences(alone(np.asarray([x])))[0]
        assert found == pytest.approx(scale * x + bias, abs=0.2)


def test_each_length_has_its_own_calibration() -> None:
    short, long = made(8000, 0.5, 1.0, words=50), made(8000, 2.0, -1.0, words=400, seed=1)
    documents = short[0] + long[0]
    scores = np.concatenate([short[1].documents, long[1].documents])
    calibration, _ = fit(documents, Scores(scores, alone(scores)), Limits())
    assert calibration.document(1.0, 50) == pytest.approx(1.5, abs=0.25)
    assert calibration.document(1.0, 400) == pytest.approx(1.0, abs=0.25)
    between = calibration.document(1.0, 140)
    assert np.isfinite(between)


def test_probabilities_are_at_even_odds_however_many_there_are_of_each_kind() -> None:
    documents, scores = made(20_000, 1.0, 0.0)
    keep = [i for i, d in enumerate(documents) if d.label == 1 or i % 20 == 0]
    few_human = [documents[i] for i in keep]
    part = Scores(scores.documents[keep], scores.sentences[keep])
    calibration, _ = fit(few_human, part, Limits())
    assert calibration.document(0.0, 100) == pytest.approx(0, abs=0.25)
    labels, probabilities, *_ = calls(documents, scores, Limits())
    assert expected_calibration_error(labels.astype(np.int64), probabilities) < 0.02


@pytest.mark.parametrize("seed", range(4))
def test_thresholds_keep_their_bounds(seed: int) -> None:
    documents, scores = made(4000, 1.0, 0.0, spread=3.5, seed=seed)
    limits = Limits()
    labels, _, ai, human = calls(documents, scores, limits)
    n = int((labels == 0).sum())
    false_positives, misses = int(ai[labels == 0].sum()), int(human[labels == 1].sum())
    assert upper_bound(false_positives, n) <= limits.false_positive_rate
    assert upper_bound(misses, n) <= limits.miss_rate
    # No stricter than it must be: one more would break the bound.
    assert upper_bound(false_positives + 2, n) > limits.false_positive_rate
    assert ai[labels == 1].mean() > 0.5
    assert not (ai & human).any()


def test_too_few_texts_for_the_bound_put_the_threshold_above_all_seen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    documents, scores = made(40, 1.0, 0.0)
    labels, _, ai, human = calls(documents, scores, Limits())
    assert not ai[labels == 0].any()
    assert not human[labels == 1].any()
    few = int((labels == 0).sum())
    assert f"{few} human texts of 40 words or more, too few to be 95% sure of a rate of 0.01 " in (
        capsys.readouterr().err
    )
    fit(*made(1200, 1.0, 0.0), Limits())
    assert "too few" not in capsys.readouterr().err


def test_a_protected_group_raises_the_threshold() -> None:
    documents, scores = made(8000, 1.0, 0.0, spread=3.5)
    raised = scores.documents.copy()
    changed = []
    for i, d in enumerate(documents):
        learner = d.label == 0 and i % 16 == 0
        raised[i] += 3.0 * learner
        changed.append(document(d.label, d.words, "learners" if learner else "s"))
    with_group = Scores(raised, alone(raised))
    protected = Limits(protected={"learners": ["learners"]})
    _, _, before, _ = calls(changed, with_group, Limits())
    labels, _, after, _ = calls(changed, with_group, protected)
    inside = np.asarray([d.source == "learners" for d in changed])
    hits, n = int(after[inside].sum()), int(inside.sum())
    assert upper_bound(int(before[inside].sum()), n) > protected.protected_false_positive_rate
    assert upper_bound(hits, n) <= protected.protected_false_positive_rate
    assert after[labels == 1].sum() < before[labels == 1].sum()


def test_an_absent_group_changes_nothing() -> None:
    documents, scores = made(1000, 1.0, 0.0)
    limits = Limits(protected={"nobody": ["nowhere"]})
    assert fit(documents, scores, limits) == fit(documents, scores, Limits())


def test_short_texts_do_not_set_thresholds() -> None:
    documents, scores = made(2000, 1.0, 0.0)
    short = [document(0.0, 20)] * 200
    high = np.full(200, 50.0)
    both = Scores(
        np.concatenate([scores.documents, high]),
        np.concatenate([scores.sentences, alone(high * 0)]),
    )
    _, thresholds = fit(documents + short, both, Limits())
    assert thresholds.ai < 1
    assert thresholds.min_words == 40


@pytest.mark.parametrize(("label", "kind"), [(0, "0 human and 50"), (1, "50 human and 0")])
def test_no_text_long_enough_is_said(label: int, kind: str) -> None:
    documents, scores = made(100, 1.0, 0.0)
    documents = [document(d.label, 20 if d.label == label else 100) for d in documents]
    with pytest.raises(InputError, match=f"{kind} AI texts of 40 words or more"):
        fit(documents, scores, Limits())


@pytest.mark.parametrize(("labels", "kinds"), [((0, 1), "0 human and 0"), ((1,), "50 human and 0")])
def test_no_sentence_long_enough_is_said(labels: tuple[int, ...], kinds: str) -> None:
    documents, scores = made(100, 1.0, 0.0)
    for short in (d for d in documents if d.label in labels):
        short.sentence_words[:] = 4
    with pytest.raises(InputError, match=f"{kinds} AI sentences of five words or more"):
        fit(documents, scores, Limits())


def test_sentences_are_labelled_that_are_clear() -> None:
    mixed = document(0.5, 100, labels=(0.0, 1.0, 0.5, 1.0))
    pure = document(1.0, 100)
    scores = Scores(np.zeros(2), alone(np.asarray([-1.0, 1.0, 9.0, np.nan, 7.0])))
    found = labelled_sentences([mixed, pure], scores)
    assert (found.log_odds[:, 0].tolist(), found.labels.tolist()) == ([-1.0, 1.0, 7.0], [0, 1, 1])
    of_mixed = found.of_mixed_documents()
    assert (of_mixed.log_odds[:, 0].tolist(), of_mixed.labels.tolist()) == ([-1.0, 1.0], [0, 1])


def test_sentences_of_pure_documents_never_pass_for_those_of_mixed_ones() -> None:
    documents = [document(0.0, 100), document(1.0, 100), document(0.5, 100, labels=(1.0, 0.5))]
    scores = Scores(np.zeros(3), alone(np.asarray([-3.0, 3.0, 1.0, 0.0])))
    found = labelled_sentences(documents, scores)
    assert found.both_kinds
    of_mixed = found.of_mixed_documents()
    assert (of_mixed.labels.tolist(), of_mixed.documents.tolist()) == ([1], [2])
    assert not of_mixed.both_kinds


def test_what_sentences_have_of_their_context_is_taken_away() -> None:
    rng = np.random.default_rng(0)
    documents, log_odds = [], []
    for labels in ([0.0, 1.0], [0.0, 0.0], [1.0, 1.0]) * 1000:
        own = rng.normal(np.asarray(labels) * 2 - 1, 1.0)
        seen = 0.6 * own + 0.4 * own[::-1]  # each takes on part of the other
        documents.append(document(float(np.mean(labels)), 100, labels=tuple(labels)))
        log_odds.append(np.column_stack([seen, np.full(2, seen.mean())]))
    scores = Scores(rng.normal([d.label for d in documents], 0.1), np.concatenate(log_odds))
    calibration, _ = fit(documents, scores, Limits())
    assert calibration.sentence.context < -1
    found = labelled_sentences(documents, scores).of_mixed_documents()
    before = auroc(found.labels, found.log_odds[:, 0])
    assert auroc(found.labels, calibration.sentences(found.log_odds)) > before + 0.05


def with_two_sentences(human: float, ai: float) -> tuple[list[Prepared], Scores]:
    """Many documents of one kind, and a single mixed one."""
    documents, scores = made(4000, 1.0, 0.0)
    return [*documents, document(0.5, 100, labels=(0.0, 1.0))], Scores(
        np.append(scores.documents, 0.0),
        np.concatenate([scores.sentences, [(human, 0.0), (ai, 0.0)]]),
    )


def test_a_handful_of_mixed_sentences_does_not_decide_what_others_mean() -> None:
    calibration, _ = fit(*with_two_sentences(0.2, -0.2), Limits())
    assert 0.5 < calibration.sentences(alone(np.ones(1)))[0] < 2


def test_sentences_that_are_their_own_context_are_never_turned_around() -> None:
    documents, scores = made(2000, 1.0, 0.0)
    calibration, _ = fit(documents, Scores(scores.documents, -scores.sentences), Limits())
    low, high = calibration.sentences(alone(np.asarray([-1.0, 1.0])))
    assert low < high


def test_thresholds_of_sentences_keep_their_bounds_beside_a_handful_of_mixed_ones() -> None:
    documents, scores = with_two_sentences(-1.5, 1.5)
    limits = Limits()
    calibration, thresholds = fit(documents, scores, limits)
    found = labelled_sentences(documents, scores)
    probabilities = probability(calibration.sentences(found.log_odds))
    human, ai = (probabilities[found.labels == label] for label in (0, 1))
    flagged, missed = human >= thresholds.sentence_ai, ai <= thresholds.sentence_human
    assert upper_bound(int(flagged.sum()), len(human)) <= limits.sentence_false_positive_rate
    assert upper_bound(int(missed.sum()), len(ai)) <= limits.sentence_miss_rate


def test_what_was_fitted_is_read_back(tmp_path: Path) -> None:
    import dataclasses

    run = Run(Preset("x"), tmp_path)
    with pytest.raises(InputError, match="run the quantize stage first"):
        load_calibration(run, "student")
    calibration, thresholds = fit(*made(500, 1.0, 0.0), Limits())
    graph = run.path("onnx", "student.onnx")
    graph.write_bytes(b"a graph")
    values = {
        "graph": sha256(graph),
        "limits": dataclasses.asdict(Limits()),
        "calibration": dataclasses.asdict(calibration),
        "thresholds": dataclasses.asdict(thresholds),
    }
    run.path("calibration", "student.json").write_text(json.dumps(values), encoding="utf-8")
    assert load_calibration(run, "student") == (calibration, thresholds)
    stricter = Preset("x", limits=Limits(false_positive_rate=0.001))
    with pytest.raises(InputError, match=r"student\.json keeps other limits: run the calibrate"):
        load_calibration(Run(stricter, tmp_path), "student")
    run.record(data={"sha256": {"validation": "now"}})
    for key, then in (("window", 128), ("validation", "then")):
        run.path("calibration", "student.json").write_text(json.dumps(values | {key: then}))
        with pytest.raises(InputError, match="other validation texts or windows: run the calibr"):
            load_calibration(run, "student")
    run.path("calibration", "student.json").write_text(json.dumps(values))
    graph.write_bytes(b"another")
    with pytest.raises(InputError, match=r"is of another student\.onnx: run the calibrate stage"):
        load_calibration(run, "student")
