"""The card, the committed models and the figures they were released with say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from byline import ModelRepository
from byline.aggregate import decide
from byline.calibrate import sigmoid
from byline_training import card, config


@pytest.fixture(scope="module")
def report(repository_root: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(
        (repository_root / "docs" / "evaluation.json").read_text("utf-8")
    )
    return values


def test_the_card_is_what_its_figures_give(report: dict[str, Any], repository_root: Path) -> None:
    written = (repository_root / "docs" / "evaluation.md").read_text("utf-8")
    assert written == card.write(report, config.load(report["preset"]))


def test_the_readme_has_its_headline(report: dict[str, Any], repository_root: Path) -> None:
    readme = (repository_root / "README.md").read_text("utf-8")
    assert card.headline(report) in readme
    default = report["models"][card.DEFAULT]
    for who in ("all human texts", "non-native writers"):
        values = default["human_groups"][who]
        low, high = values["false_positive_rate_interval"]
        assert f"{values['false_positive_rate']:.1%} ({low:.1%} to {high:.1%})" in readme


def test_readme_and_extension_say_where_verdicts_begin_and_how_often_short_texts_are_wronged(
    report: dict[str, Any], repository_root: Path, released_repository: Path
) -> None:
    readme = (repository_root / "README.md").read_text("utf-8")
    at = ModelRepository(released_repository).load(card.DEFAULT).spec.thresholds
    assert f"`ai` from a probability of {at.ai:.1%}, `human` up to {at.human:.1%}" in readme
    assert f"thresholds of their own ({at.sentence_ai:.1%}, {at.sentence_human:.1%})" in readme
    default = report["models"][card.DEFAULT]
    rates = {
        words: f"{values['false_positive_rate']:.1%}"
        for words, values in default["by_length"].items()
    }
    short, middle, long = rates["40-74"], rates["75-149"], rates["150-299"]
    said = f"{short} of those of 40 to 74 words, {middle} of 75 to 149, {long} of 150 to 299"
    assert said in readme
    extension = " ".join((repository_root / "docs" / "extension.md").read_text("utf-8").split())
    assert f"{short} of 40 to 74 words are called `ai`, {middle} of 75 to 149, {long}" in extension


def test_the_example_of_an_answer_is_one_that_the_model_could_give(
    repository_root: Path, released_repository: Path
) -> None:
    page = (repository_root / "docs" / "server.md").read_text("utf-8")
    example = re.search(r"```json\n(\{\"model\".*?)```", page, re.DOTALL)
    assert example
    (result,) = json.loads(example[1])["results"]
    at = ModelRepository(released_repository).load(card.DEFAULT).spec.thresholds
    assert result["verdict"] == decide(result["probability"], at.human, at.ai)
    for sentence in result["sentences"]:
        probability = sentence["probability"]
        assert probability == round(sigmoid(sentence["log_odds"]), 2)
        assert sentence["verdict"] == decide(probability, at.sentence_human, at.sentence_ai)


def test_its_plots_are_there(repository_root: Path) -> None:
    written = (repository_root / "docs" / "evaluation.md").read_text("utf-8")
    plots = sorted(p.name for p in (repository_root / "docs" / "evaluation").glob("*.png"))
    assert plots == ["attacks.png", "groups.png", "human_sources.png", "reliability.png", "roc.png"]
    assert all(f"(evaluation/{name})" in written for name in plots)


@pytest.mark.parametrize("name", ["student_int8", "teacher_int8"])
def test_committed_models_are_those_that_were_measured(
    report: dict[str, Any], released_repository: Path, name: str
) -> None:
    model = ModelRepository(released_repository).load(name)
    assert model.sha256 == report["models"][name]["sha256"]
    assert model.spec.metrics == report["models"][name]["summary"]
    assert model.size_bytes < 80e6


def test_the_default_keeps_what_was_promised(report: dict[str, Any]) -> None:
    """The figures that the release was gated on.

    Recall misses its goal; the card says so, and why. It may not fall further.
    """
    models = {name: values["summary"] for name, values in report["models"].items()}
    student = models["student_int8"]
    assert student["auroc"] >= 0.975
    assert models["teacher"]["auroc"] - student["auroc"] <= 0.01
    for name in ("teacher", "student"):
        assert models[name]["auroc"] - models[f"{name}_int8"]["auroc"] <= 0.005
    assert student["ece"] <= 0.05
    assert student["sentence_auroc"] >= 0.9
    assert student["recall"] >= 0.75
    assert student["false_positive_rate"] <= 0.01
    assert student["false_positive_rate, non-native writers"] <= 0.02
    newer = report["models"]["student_int8"]["paired_documents"]
    assert newer["auroc"] >= 0.97
    assert newer["recall"] >= 0.65
    assert newer["miss_rate"] <= 0.03
    attacked = {m: v["under_attack"] for m, v in report["models"].items() if "under_attack" in v}
    assert list(attacked) == ["student_int8"]  # the others answer alike, and slowly
    attacks = attacked["student_int8"].values()
    assert all(figures["false_positive_rate"] <= 0.02 for figures in attacks)
    times = report["times"]
    assert times["student_int8"]["least"] <= 0.1 * times["torch_bert_base_size"]["least"]
