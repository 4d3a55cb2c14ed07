"""Figures of the card that are computed from documents and scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure
from numpy.typing import NDArray

from byline.calibrate import Band, Calibration, SentenceBand
from byline.spec import Thresholds
from byline_training import card, evaluate, markdown, plots
from byline_training.data import Prepared
from byline_training.figures import Judged, calibration_error

AS_IT_IS = Calibration((Band(50, 1.0, 0.0),), SentenceBand(1.0, 0.0, 0.0))
THRESHOLDS = Thresholds(human=0.2, ai=0.9, sentence_human=0.2, sentence_ai=0.9, min_words=40)


def document(words: list[int], labels: list[float], attack: str = "") -> Prepared:
    return Prepared(
        id="", label=float(np.average(labels, weights=words)), words=sum(words), source="s",
        domain="d", family="f", attack=attack, sentences=[np.ones(n, np.int64) for n in words],
        sentence_words=np.asarray(words, np.int32),
        sentence_labels=np.asarray(labels, np.float32),
    )  # fmt: skip


def judged(documents: list[Prepared], log_odds: list[float]) -> Judged:
    return Judged.by_model(documents, np.asarray(log_odds), AS_IT_IS, THRESHOLDS)


def sentences(*log_odds: float) -> NDArray[np.float64]:
    return np.column_stack([log_odds, np.zeros(len(log_odds))])


def test_the_share_of_a_mixed_document_counts_words() -> None:
    documents = [document([60], [1.0]), document([10, 30], [1.0, 0.0]), document([20], [0.0])]
    everything = judged(documents, [5.0, 0.0, -5.0])
    right = evaluate._mixed(everything, sentences(50, 50, -50, -50), AS_IT_IS, THRESHOLDS)
    assert right["n"] == 1
    assert right["share_error"] == pytest.approx(0, abs=1e-6)
    wrong = evaluate._mixed(everything, sentences(50, 50, 50, -50), AS_IT_IS, THRESHOLDS)
    assert wrong["share_error"] == pytest.approx(0.75)
    unscored = evaluate._mixed(everything, sentences(50, np.nan, -50, -50), AS_IT_IS, THRESHOLDS)
    assert unscored["share_error"] == pytest.approx(0.25)


def test_no_mixed_documents_have_no_share() -> None:
    everything = judged([document([60], [1.0])], [5.0])
    assert evaluate._mixed(everything, sentences(5.0), AS_IT_IS, THRESHOLDS) == {"n": 0}
    short = judged([document([10, 20], [1.0, 0.0])], [0.0])  # gets no verdict
    assert evaluate._mixed(short, sentences(5.0, -5.0), AS_IT_IS, THRESHOLDS) == {"n": 0}


def test_calibration_is_measured_within_bounds_of_words() -> None:
    documents = [document([n], [1.0]) for n in (40, 80, 81)]
    everything = judged(documents, [50.0, 50.0, -50.0])
    assert calibration_error(everything, 40, 80) == pytest.approx(0, abs=1e-6)
    assert calibration_error(everything, 81, 999) == pytest.approx(1, abs=1e-6)
    assert calibration_error(everything, 500, 999) is None


def test_attacked_texts_meet_the_threshold_of_texts_as_they_are() -> None:
    attack = "synonym"
    documents, log_odds = [], []
    for name, human, ai in (("none", -2.0, 2.0), (attack, 4.0, -3.0)):
        documents += [document([60], [0.0], name), document([60], [1.0], name)]
        log_odds += [human, ai]
    figures = evaluate._attacked(judged(documents, log_odds))
    assert figures["none"]["recall_at_5_percent_fpr"] == 1
    assert figures[attack]["recall_at_5_percent_fpr"] == 0
    assert figures[attack]["false_positive_rate"] == 1


def test_paired_texts_are_told_from_the_human_texts_of_the_test_split() -> None:
    test = judged([document([60], [label]) for label in (0.0, 0.0, 1.0)], [-3.0, 1.0, -9.0])
    paired = judged(
        [document([60], [1.0], f"prompt_{style}") for style in ("plain", "plain", "natural")],
        [4.0, 2.0, -2.0],
    )
    figures = evaluate._paired(paired, test)
    # Of the six pairs with the two human texts, one is the wrong way round.
    assert figures["auroc"] == pytest.approx(5 / 6)
    assert figures["recall"] == pytest.approx(1 / 3)
    assert figures["by_prompt"]["plain"]["recall"] == pytest.approx(1 / 2)
    assert figures["by_prompt"]["natural"]["miss_rate"] == 1
    assert figures["by_domain"]["d"]["ai"] == 3


def test_any_names_and_any_number_of_them_can_be_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `$` begins a formula, and a picture can be no higher than 65,536 dots."""
    drawn: list[Figure] = []
    monkeypatch.setattr(pyplot, "close", drawn.append)
    texts = judged([document([60], [0.0])] * 30 + [document([60], [1.0])] * 15, [0.0] * 45)
    figures = texts.figures()
    many = {f"{i}.example": figures for i in range(3000)}
    few = {"a$_$b": figures}
    default = {
        "by_length": {}, "by_domain": few | many, "by_family": few,
        "human_groups": few, "human_sources": few | many, "summary": figures,
    }  # fmt: skip
    curve = {"labels": texts.labels, "probabilities": texts.probabilities}
    plots.draw({"models": {card.DEFAULT: default}}, {card.DEFAULT: curve}, tmp_path)
    assert (tmp_path / "groups.png").stat().st_size > 0
    assert (tmp_path / "human_sources.png").stat().st_size > 0
    *_, sources, groups = [figure.axes[0].get_xlabel() for figure in drawn]
    assert sources.endswith("\nof 3,001 sources, the 100 largest")
    assert groups.endswith("interval\nof 3,001 domains, the 100 largest")


def test_a_name_with_a_bar_stays_in_its_cell() -> None:
    assert markdown.table(("domain", "n"), [("a|b", 1)]).splitlines()[-1] == r"| a\|b | 1 |"
