"""The four models on the test split: figures to `evaluation.json`, card and plots to `docs/`."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from byline.calibrate import Calibration
from byline.spec import Thresholds
from byline_training import card, plots
from byline_training.calibrate import labelled_sentences, load_calibration
from byline_training.data import Prepared, group_numbers, load_split
from byline_training.figures import Judged, summarize, writers
from byline_training.leave_out import leave_out
from byline_training.metrics import (
    accuracy,
    auroc,
    bootstrap,
    expected_calibration_error,
    log_loss,
    probability,
    true_positive_rate,
)
from byline_training.provenance import MODELS, calibration_of, graph_of
from byline_training.runs import Run, commit, replacing, sha256
from byline_training.scores import Scores, score_split
from byline_training.stages import load_trained
from byline_training.timing import TOKENS, time_models
from byline_training.vocabulary import vocabulary_of

_ATTACKED = {"attacked": "under_attack", "attacked_raw": "under_attack_raw"}
"""Splits of attacked texts, and what their figures are called."""
_DEFAULT_ALONE = {*_ATTACKED, "test_long"}
"""Splits that only the default model is asked about: they are most of the test texts."""
LENGTHS = ((40, 75), (75, 150), (150, 300), (300, 10_000))


def evaluate(run: Run) -> None:
    """Measure calibrated models, and write `evaluation.json`, and the card with plots to `docs/`.

    All of it goes into the run's folder; `export` takes the card along to where the models go.

    Raises:
        InputError: an earlier stage is missing, or was run with other settings or data.
    """
    run.record()  # the notes may have changed since the stage before
    for name in MODELS:  # before the long part
        load_calibration(run, name)
    docs = run.path("docs", "evaluation.md").parent
    apart = [
        split
        for split in ("test_long", "test_paired")
        if run.path("prepared", f"{split}.parquet").exists()
    ]
    loaded = {split: load_split(run, split) for split in ("test", *_ATTACKED, *apart)}
    splits = {split: documents for split, documents in loaded.items() if documents}
    parameters = {name: load_trained(run, name).parameter_count for name in ("teacher", "student")}
    report: dict[str, Any] = {
        "preset": run.preset.name,
        "run": run.published(),
        "commit": commit(),
        "intervals_over": "groups of texts (of one prompt, document or writer, which for shares "
        "count as fewer: Korn and Graubard 1998)",
        "tokens_timed": TOKENS,
        "times": time_models(run),
        "models": {},
    }
    curves: dict[str, dict[str, Any]] = {}
    for name in MODELS:
        graph = graph_of(run, name)
        scores = {
            split: score_split(run, graph, vocabulary_of(run, name), split, documents)
            for split, documents in splits.items()
            if split not in _DEFAULT_ALONE or name == card.DEFAULT
        }
        report["models"][name], curves[name] = _measure(run, name, splits, scores)
        report["models"][name]["sha256"] = sha256(graph)
        report["models"][name]["calibration_sha256"] = sha256(calibration_of(run, name))
        report["models"][name]["summary"] |= {
            "parameters": parameters[name.removesuffix("_int8")],
            "size_mb": graph.stat().st_size / 1e6,
            "milliseconds_128_tokens": report["times"][name]["least"],
        }
    report["leave_out"] = leave_out(run, "test")
    text = json.dumps(report, indent=1) + "\n"
    (docs / "evaluation.json").write_text(text, encoding="utf-8")
    plots.draw(report, curves, docs / "evaluation")
    (docs / "evaluation.md").write_text(card.write(report, run.preset), encoding="utf-8")
    # Last: what `export` looks at is there once all that it takes along is.
    with replacing(run.path("evaluation.json")) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _measure(
    run: Run, name: str, splits: dict[str, list[Prepared]], scores: dict[str, Scores]
) -> tuple[dict[str, Any], dict[str, Any]]:
    calibration, thresholds = load_calibration(run, name)

    def judge(split: str) -> Judged:
        return Judged.by_model(splits[split], scores[split].documents, calibration, thresholds)

    test, everything = splits["test"], judge("test")
    summary = summarize(run.preset, test, scores["test"], calibration, thresholds)
    judged = everything.pure(thresholds)
    labels, probabilities = judged.labels, judged.probabilities
    interval = partial(bootstrap, labels=labels, scores=probabilities, groups=judged.groups)
    sentences = labelled_sentences(test, scores["test"])
    mixed, pure = sentences.of_mixed_documents(), sentences.of_pure_documents()
    figures = judged.figures()
    intervals = {
        "auroc": interval(auroc),
        "ece": interval(expected_calibration_error, mirrored=True),
        "accuracy": interval(accuracy),
        "loss": interval(log_loss),
        **{
            f"tpr_at_{percent}_percent_fpr": interval(
                partial(true_positive_rate, false_positives=percent / 100)
            )
            for percent in (1, 5)
        },
        "false_positive_rate": figures["false_positive_rate_interval"],
        "recall": figures["recall_interval"],
        "miss_rate": figures["miss_rate_interval"],
    }
    if mixed.both_kinds:
        intervals["sentence_auroc"] = bootstrap(
            auroc,
            mixed.labels,
            calibration.sentences(mixed.log_odds),
            groups=everything.groups[mixed.documents],
        )

    human_sources = judged.by(lambda d: d.source if d.label == 0 else "")
    human_sources.pop("", None)
    measured = {
        "summary": summary,
        "intervals": intervals,
        "by_domain": judged.by(lambda d: d.domain),
        "by_length": {
            f"{low}-{high - 1}" if high < 10_000 else f"{low}+": judged.where(
                np.asarray([low <= d.words < high for d in judged.documents])
            ).figures()
            for low, high in LENGTHS
        },
        "by_family": {
            family: values
            for family, values in judged.by(lambda d: d.family).items()
            if family != "human" and values["ai"] >= 15
        },
        "human_groups": writers(judged, run.preset),
        "human_sources": human_sources,
        "mixed_documents": _mixed(everything, scores["test"].sentences, calibration, thresholds),
        "pure_sentence_auroc": auroc(pure.labels, calibration.sentences(pure.log_odds)),
    }
    for split, figures_name in _ATTACKED.items():
        if split in scores:
            measured[figures_name] = _attacked(judge(split).pure(thresholds))
    if "test_long" in scores:
        long = judge("test_long")
        measured["long_documents"] = long.figures() | {"by_domain": long.by(lambda d: d.domain)}
    if "test_paired" in scores:
        measured["paired_documents"] = _paired(judge("test_paired"), judged)
    return measured, {"labels": labels, "probabilities": probabilities}


def _paired(paired: Judged, test: Judged) -> dict[str, Any]:
    """How AI texts are judged that a newer model wrote to the topics of human ones.

    Their AUROC is to the human texts of the test split, of whose topics they are a part.
    """
    human = test.labels == 0
    probabilities = np.concatenate([paired.probabilities, test.probabilities[human]])
    labels = np.repeat([1, 0], [len(paired.labels), int(human.sum())])
    groups = group_numbers([*paired.documents, *test.where(human).documents])
    return paired.figures() | {
        "auroc": auroc(labels, probabilities),
        "auroc_interval": bootstrap(auroc, labels, probabilities, groups=groups),
        "by_prompt": paired.by(lambda d: d.attack.removeprefix("prompt_")),
        "by_domain": paired.by(lambda d: d.domain),
    }


def _mixed(
    everything: Judged,
    sentences: NDArray[np.float64],
    calibration: Calibration,
    thresholds: Thresholds,
) -> dict[str, Any]:
    """What mixed documents long enough for a verdict are called; how far all's AI share is off.

    The share is the mean probability of the sentences, weighted by their words.
    """
    ends = np.cumsum([len(d.sentences) for d in everything.documents])
    errors = []
    for document, end in zip(everything.documents, ends, strict=True):
        log_odds = sentences[end - len(document.sentences) : end]
        scored = ~np.isnan(log_odds[:, 0])
        if document.mixed and document.sentence_words[scored].sum():
            probabilities = probability(calibration.sentences(log_odds[scored]))
            share = np.average(probabilities, weights=document.sentence_words[scored])
            errors.append(abs(share - document.label))
    mixed = np.asarray([d.mixed and d.words >= thresholds.min_words for d in everything.documents])
    if not errors or not mixed.any():
        return {"n": 0}
    return {
        "n": int(mixed.sum()),
        "called_ai": float(everything.called_ai[mixed].mean()),
        "called_human": float(everything.called_human[mixed].mean()),
        "share_error": float(np.mean(errors)),
    }


def _attacked(judged: Judged) -> dict[str, Any]:
    attacks = np.asarray([d.attack for d in judged.documents])
    plain = judged.where(attacks == "none")
    # An attacked text meets the threshold that was set for texts as they are.
    human = np.sort(plain.probabilities[plain.labels == 0])[::-1]
    threshold = human[int(0.05 * len(human))] if len(human) else 1.0
    figures = {}
    for name in dict.fromkeys(attacks.tolist()):
        part = judged.where(attacks == name)
        figures[name] = part.figures()
        if len(found := part.probabilities[part.labels == 1]):
            figures[name]["recall_at_5_percent_fpr"] = float((found > threshold).mean())
    return figures
