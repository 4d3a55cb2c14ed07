"""What a stage trains on."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from byline.errors import InputError
from byline_training import stages
from byline_training.batch import collate
from byline_training.config import Stage, load
from byline_training.data import Example, load_split
from byline_training.model import build, interpolated
from byline_training.runs import Run
from byline_training.trainer import hard_loss, predict


def test_a_stage_may_train_on_some_of_the_documents(tiny_run: Path) -> None:
    run = Run(load("smoke"), tiny_run / "runs" / "smoke")
    everything = dataclasses.replace(run.preset.student, splice=0.0)
    some = dataclasses.replace(everything, documents=10)
    taken = stages._examples(run, some, 1)
    assert len(taken) == 10 < len(stages._examples(run, everything, 1))
    first = stages._examples(run, everything, 1)[:10]
    assert [e.ids.tolist() for e in taken] == [e.ids.tolist() for e in first]
    assert stages._origin(run, some, 1) != stages._origin(run, everything, 1)


def test_a_stage_may_begin_anywhere_in_the_documents(tiny_run: Path) -> None:
    run = Run(load("smoke"), tiny_run / "runs" / "smoke")
    count = len(load_split(run, "train"))
    stage = dataclasses.replace(run.preset.student, splice=0.0, documents=5)
    labels = [d.label for d in load_split(run, "train")]
    for first in (count - 3, 2 * count - 3):  # it goes round, as often as it takes
        taken = stages._examples(run, dataclasses.replace(stage, first=first), 1)
        assert [e.label for e in taken] == pytest.approx([*labels[-3:], *labels[:2]])


def test_a_layer_that_the_encoder_has_not_is_named() -> None:
    model = build(load("smoke").teacher, 1)
    with pytest.raises(InputError, match=r"layers have 7; the encoder has 2, from 0 on"):
        model.keep_layers((1, 7))
    model.keep_layers((-1,))
    assert len(model.layers) == 1


def test_weights_lie_on_the_line_between_two_models() -> None:
    start = {"w": torch.tensor([0.0, 4.0]), "positions": torch.tensor([1, 2])}
    end = {"w": torch.tensor([1.0, 0.0]), "positions": torch.tensor([1, 2])}
    found = interpolated(start, end, 0.75)
    assert found["w"].tolist() == [0.75, 1.0]
    assert found["positions"].tolist() == [1, 2]


def test_a_student_may_end_on_the_way_from_its_teacher(tiny_run: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_run / "runs" / "smoke", tmp_path / "smoke")
    weights = {}
    for share in (0.0, 0.5, 1.0):
        preset = load("smoke")
        # As many layers as the teacher, so that it begins as the teacher.
        student = dataclasses.replace(preset.student, layers=(0, 1), interpolate=share)
        run = Run(dataclasses.replace(preset, student=student), tmp_path / "smoke")
        stages.train_student(run)
        weights[share] = stages.load_trained(run, "student").state_dict()
        teacher = stages.load_trained(run, "teacher").state_dict()
    for name, value in weights[0.5].items():
        assert torch.equal(weights[0.0][name], teacher[name])
        assert torch.allclose(value, (weights[1.0][name] + teacher[name]) / 2, atol=1e-6)
    assert not torch.equal(weights[1.0]["token_head.weight"], teacher["token_head.weight"])


def test_a_model_may_be_the_mean_of_several_trainings(tiny_run: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_run / "runs" / "smoke", tmp_path / "smoke")
    preset = load("smoke")
    run = Run(
        dataclasses.replace(
            preset,
            teacher=dataclasses.replace(preset.teacher, trainings=2),
            student=dataclasses.replace(preset.student, layers=(0, 1), trainings=2),
        ),
        tmp_path / "smoke",
    )
    once = stages.load_trained(run, "teacher").state_dict()
    stages.train_teacher(run)
    both, first, second = (
        stages.load_trained(run, name).state_dict()
        for name in ("teacher", "teacher-1", "teacher-2")
    )
    for name, value in both.items():
        assert torch.allclose(value.float(), (first[name] + second[name]) / 2, atol=1e-6)
        assert torch.equal(first[name], once[name])
    assert not torch.equal(first["token_head.weight"], second["token_head.weight"])
    before = run.path("teacher-2", "weights.pt").stat().st_mtime_ns
    stages.train_teacher(run)  # nothing is trained twice
    assert run.path("teacher-2", "weights.pt").stat().st_mtime_ns == before

    weights = run.path("teacher-2", "weights.pt")
    shutil.copyfile(weights, tmp_path / "kept")
    shutil.copyfile(run.path("teacher-1", "weights.pt"), weights)
    with pytest.raises(InputError, match=r"is not the mean of the trainings .* run the teacher"):
        stages.train_student(run)
    shutil.copyfile(tmp_path / "kept", weights)
    record = run.path("run.json").read_text("utf-8")
    run.path("run.json").unlink()  # nobody knows then what the mean is of
    with pytest.raises(InputError, match="is not the mean of the trainings"):
        stages.train_student(run)
    run.path("run.json").write_text(record, encoding="utf-8")

    stages.train_student(run)
    first, second = (
        stages.load_trained(run, name).state_dict() for name in ("student-1", "student-2")
    )
    assert not torch.equal(first["token_head.weight"], second["token_head.weight"])
    with np.load(run.path("student", "teacher_answers.npz")) as kept:
        answers = kept["document"]
    examples = stages._examples(run, run.preset.student, run.preset.seed)
    windows = [example.ids.astype(np.int64) for example in examples]
    each = []
    for name in ("teacher-1", "teacher-2"):
        logits, _ = predict(stages.load_trained(run, name), windows, name)
        each.append(np.stack([answer.document for answer in logits]))
    pure = np.array([example.label in (0, 1) for example in examples])
    assert 0 < pure.sum() < len(pure)
    assert np.allclose(answers[pure], (each[0] + each[1])[pure] / 2, atol=1e-5)
    assert not answers[~pure].any()  # it isn't asked about those


def test_a_teacher_that_contradicts_the_label_teaches_nothing() -> None:
    loss, hard = distillation(labels=[1, 1], document_label=1.0)
    assert loss([3.0, -3.0], -4.0) == pytest.approx(hard)
    assert loss([-3.0, 3.0], -4.0) > hard + 0.01
    assert loss([3.0, -3.0], 4.0) > hard + 0.01


def test_of_a_spliced_window_the_teacher_teaches_nothing() -> None:
    loss, hard = distillation(labels=[1, 0], document_label=0.5)
    assert loss([-3.0, 3.0], 4.0) == loss([3.0, -3.0], -4.0) == pytest.approx(hard)


def distillation(
    labels: list[int], document_label: float
) -> tuple[Callable[[list[float], float], float], float]:
    """The student's loss of one window by its teacher's answers, and the labels' part of it."""
    stage = Stage(distill_weight=1.0, token_weight=1.0, cosine_weight=1.0)
    ai = np.asarray([-1, *labels, -1], np.float32)
    examples = [Example(np.arange(4, dtype=np.int32), ai, document_label)]
    batch = collate(examples, np.asarray([0]), torch.device("cpu"), 0)
    logits, token_logits = torch.tensor([[0.0, 1.0]]), torch.full((1, 4), 0.5)

    def loss(document: list[float], token: float) -> float:
        answers: dict[str, np.ndarray] = {
            "document": np.asarray([document], np.float32),
            "token": np.full(4, token, np.float16),
            "pooled": np.zeros((1, 8), np.float16),
        }
        objective = stages._Distillation(stage, examples, answers, width=8)
        return float(objective(batch, logits, token_logits, torch.zeros(1, 8)))

    return loss, float(hard_loss(batch, logits, token_logits, stage))
