"""A domain or source left out is trained without, and tested on."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from byline.errors import InputError
from byline_training import leave_out, trainer
from byline_training.config import load
from byline_training.data import Prepared, load_split
from byline_training.runs import Run


@pytest.fixture
def run(tiny_run: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    preset = load("smoke")
    data = dataclasses.replace(preset.data, leave_out=120)
    monkeypatch.setattr(leave_out, "_LEAST", 2)
    return Run(dataclasses.replace(preset, data=data), tiny_run / "runs" / "smoke")


def test_every_domain_and_source_is_tested_seen_and_never_seen(run: Run) -> None:
    results = leave_out.leave_out(run, "validation")
    assert (results["documents"], results["split"]) == (120, "validation")
    groups = [*results["domains"].values(), *results["sources"].values()]
    assert results["domains"]
    for figures in groups:
        assert set(figures) == {"taken_in", "left_out"}
        assert all(0 <= side["auroc"] <= 1 for side in figures.values())
    # The dialects are told apart by their words, whatever the domain.
    assert min(figures["taken_in"]["auroc"] for figures in groups) > 0.9


def test_no_text_of_what_is_tested_was_trained_on(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, tuple[set[str], set[str]]] = {}

    def trained_on(_: Run, name: str, documents: Any, tested: Any, __: str) -> dict[str, Any]:
        by = "source" if "source" in name else "domain"
        asked = {getattr(d, by) for members in tested.values() for d in members}
        seen[Path(name).name] = ({getattr(d, by) for d in documents}, asked)
        return {group: {"auroc": 1.0, "recall_at_5_percent_fpr": 1.0} for group in tested}

    monkeypatch.setattr(leave_out, "_trained_on", trained_on)
    leave_out.leave_out(run, "test")
    everything, _ = seen.pop("nothing")
    assert everything
    for trained, asked in seen.values():
        assert asked
        assert not trained & asked
    domains = [asked for name, (_, asked) in seen.items() if "domain" in name]
    assert set.union(*domains) == everything


def test_what_was_measured_is_kept(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    first = leave_out.leave_out(run, "test")
    monkeypatch.setattr(leave_out, "_trained_on", None)  # would fail if it were called
    assert leave_out.leave_out(run, "test") == first


def test_other_settings_are_measured_anew(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_out.leave_out(run, "test")
    student = dataclasses.replace(run.preset.student, learning_rate=1e-3)
    other = Run(dataclasses.replace(run.preset, student=student), run.folder)
    monkeypatch.setattr(leave_out, "_trained_on", None)
    with pytest.raises(TypeError):
        leave_out.leave_out(other, "test")


def test_another_seed_is_measured_anew(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_out.leave_out(run, "test")
    other = Run(dataclasses.replace(run.preset, seed=run.preset.seed + 1), run.folder)
    monkeypatch.setattr(leave_out, "_trained_on", None)
    with pytest.raises(TypeError):
        leave_out.leave_out(other, "test")


def test_what_was_killed_goes_on_with_its_own_settings_alone(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(run.path("prepared"), tmp_path / "prepared")

    def trained(learning_rate: float) -> dict[str, Any]:
        student = dataclasses.replace(
            run.preset.student, learning_rate=learning_rate, checkpoint_seconds=0.0
        )
        preset = dataclasses.replace(run.preset, student=student)
        return leave_out.leave_out(Run(preset, tmp_path), "test")

    save = trainer._save

    def killed(*state: Any) -> None:
        save(*state)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(trainer, "_save", killed)
        with pytest.raises(KeyboardInterrupt):
            trained(1e-4)
    with pytest.raises(InputError, match="of a training with other settings or data"):
        trained(2e-4)
    assert trained(1e-4)["domains"]


def test_a_domain_that_is_all_there_is_is_not_left_out(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_one_domain(run: Run, split: str) -> list[Prepared]:
        return [dataclasses.replace(d, domain="one") for d in load_split(run, split)]

    monkeypatch.setattr(leave_out, "load_split", of_one_domain)
    assert leave_out.leave_out(run, "test")["domains"] == {}


def test_nothing_is_trained_where_nothing_can_be_measured(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(leave_out, "_LEAST", 5000)
    monkeypatch.setattr(leave_out, "_trained_on", None)  # would fail if it were called
    results = leave_out.leave_out(run, "validation")
    assert results == {"documents": 120, "split": "validation", "domains": {}, "sources": {}}
    assert "has 5000 texts of each kind in the validation split" in capsys.readouterr().err


def test_none_is_asked_for(run: Run) -> None:
    data = dataclasses.replace(run.preset.data, leave_out=0)
    without = Run(dataclasses.replace(run.preset, data=data), run.folder)
    assert leave_out.leave_out(without, "test") == {}


def test_folds_share_out_sources_whole_and_kinds_evenly() -> None:
    documents = [
        document(f"{source}{kind}{i}", kind, source)
        for source, human, ai in (("a", 90, 80), ("b", 50, 0), ("c", 0, 70), ("d", 40, 0),
                                  ("e", 0, 30), ("f", 30, 40))
        for kind, count in ((0.0, human), (1.0, ai))
        for i in range(count)
    ]  # fmt: skip
    folds = leave_out.folds(documents, "source")
    assert [fold.name for fold in folds] == ["1 of 3", "2 of 3", "3 of 3"]
    assert sorted(source for fold in folds for source in fold.values) == list("abcdef")
    for fold in folds:
        assert {d.label for d in documents if d in fold} == {0.0, 1.0}


def document(name: str, label: float, source: str) -> Prepared:
    return Prepared(
        id=name, label=label, words=50, source=source, domain="d", family="f", attack="",
        sentences=[np.ones(5, np.int64)], sentence_words=np.ones(1, np.int32),
        sentence_labels=np.full(1, label, np.float32),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("teacher", "student", "layers", "frozen"),
    [(0, 3, (1,), 0), (4, 0, (1,), 0), (4, 4, (1,), 4), (6, 4, (1,), 4), (0, 3, (), 3)],
)
def test_layers_stay_as_they_are_that_neither_stage_trains(
    teacher: int, student: int, layers: tuple[int, ...], frozen: int
) -> None:
    """A student with no layers of the teacher's has an encoder of its own."""
    preset = load("smoke")
    preset = dataclasses.replace(
        preset,
        teacher=dataclasses.replace(preset.teacher, frozen_layers=teacher),
        student=dataclasses.replace(preset.student, frozen_layers=student, layers=layers),
    )
    assert leave_out._stage(Run(preset, Path())).frozen_layers == frozen
