"""The two stages that train: the teacher on labels, the student on the teacher."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from byline.errors import InputError
from byline_training.batch import Batch
from byline_training.config import Stage
from byline_training.data import Example, load_split, load_tokenizer, training_examples
from byline_training.model import (
    TwoHeads,
    build,
    build_student,
    load_weights,
    save_weights,
)
from byline_training.progress import note
from byline_training.runs import Run, cached, keep, reading, replacing, sha256
from byline_training.trainer import hard_loss, predict, train
from byline_training.vocabulary import Vocabulary


def train_teacher(run: Run) -> None:
    """Fine-tune the teacher on documents and tokens; writes `teacher/weights.pt`."""
    stage = run.preset.teacher
    examples = _examples(run, stage)
    origin = _origin(run, stage)
    if _done(run, "teacher", origin):
        return
    model = build(stage, run.preset.seed)
    _check_positions(model, run.preset.data.window)
    vocabulary = Vocabulary.of(run, stage.base)
    examples = [Example(vocabulary.translate(e.ids), e.token_labels, e.label) for e in examples]

    def objective(batch: Batch, logits: Tensor, token_logits: Tensor, pooled: Tensor) -> Tensor:
        return hard_loss(batch, logits, token_logits, stage)

    _finish(run, "teacher", origin, train(
        run, "teacher", stage, model, examples, objective, vocabulary.pad, origin
    ))  # fmt: skip


def train_student(run: Run) -> None:
    """Distil the teacher into the student; writes `student/weights.pt`.

    Loss: cross-entropy as for the teacher; `distill_weight` times the Kullback-Leibler divergence
    from the teacher's answers at a temperature, times its square (Hinton et al. 2015), for the
    document and for every token, where the answer doesn't contradict the label: the teacher may
    never have seen the like of a text (Wen et al. 2019 correct such answers; here they are left
    out); `cosine_weight` times the cosine distance of the pooled hidden
    states, where the widths agree (Sanh et al. 2019). The teacher is asked once; its answers are
    kept in `student/teacher_answers.npz`.
    """
    stage = run.preset.student
    examples = _examples(run, stage)
    teacher = load_trained(run, "teacher")
    origin = _origin(run, stage, sha256(run.path("teacher", "weights.pt")))
    if _done(run, "student", origin):
        return
    model = build_student(stage, teacher, run.preset.seed)
    _check_positions(model, run.preset.data.window)
    answers = _teacher_answers(run, teacher, examples, origin)
    del teacher
    vocabulary = Vocabulary.of(run, stage.base)
    objective = _Distillation(stage, examples, answers, model.encoder.config.hidden_size)
    _finish(run, "student", origin, train(
        run, "student", stage, model, examples, objective, vocabulary.pad, origin
    ))  # fmt: skip


def load_trained(run: Run, name: str) -> TwoHeads:
    """The trained `teacher` or `student`.

    Raises:
        InputError: there is none yet, or it is damaged.
    """
    path = run.path(name, "weights.pt")
    stage = run.preset.stage(name)
    model = build(stage, run.preset.seed)
    if stage.layers:
        model.keep_layers(stage.layers)
    with reading(path, name):
        return load_weights(model, path).eval()


class _Distillation:
    """The student's loss; see `train_student`."""

    def __init__(
        self,
        stage: Stage,
        examples: list[Example],
        answers: dict[str, np.ndarray],
        width: int,
    ) -> None:
        self._stage = stage
        self._answers = answers
        self._ends = np.cumsum([len(example.ids) for example in examples])
        self._same_width = answers["pooled"].shape[1] == width

    def __call__(
        self, batch: Batch, logits: Tensor, token_logits: Tensor, pooled: Tensor
    ) -> Tensor:
        stage, t = self._stage, self._stage.temperature
        loss = hard_loss(batch, logits, token_logits, stage)
        device = logits.device
        target = torch.from_numpy(self._answers["document"][batch.indices]).to(device)
        right = (target[:, 1] > target[:, 0]) == (batch.labels > 0.5)
        document = functional.kl_div(
            functional.log_softmax(logits[right] / t, dim=1),
            functional.log_softmax(target[right] / t, dim=1),
            reduction="sum",
            log_target=True,
        ) / len(right)
        token_target = np.zeros(batch.ids.shape, np.float32)
        for row, i in enumerate(batch.indices):
            begin = self._ends[i - 1] if i else 0
            token_target[row, : self._ends[i] - begin] = self._answers["token"][
                begin : self._ends[i]
            ]
        token_teacher = torch.from_numpy(token_target).to(device)
        learn = batch.token_labels >= 0
        right = learn & ((token_teacher > 0) == (batch.token_labels > 0.5))
        soft = torch.sigmoid(token_teacher[right] / t)
        student = token_logits[right] / t
        # Cross-entropy less the target's own entropy: the divergence of two Bernoullis.
        token = functional.binary_cross_entropy_with_logits(student, soft, reduction="sum")
        token = token - functional.binary_cross_entropy(soft, soft, reduction="sum")
        token = token / learn.sum()
        loss = loss + stage.distill_weight * t * t * (document + stage.token_weight * token)
        if stage.cosine_weight and self._same_width:
            wanted = torch.from_numpy(self._answers["pooled"][batch.indices].astype(np.float32))
            cosine = functional.cosine_similarity(pooled, wanted.to(device)).mean()
            loss = loss + stage.cosine_weight * (1 - cosine)
        return loss


def _teacher_answers(
    run: Run, teacher: TwoHeads, examples: list[Example], origin: str
) -> dict[str, np.ndarray]:
    path = run.path("student", "teacher_answers.npz")
    if kept := cached(path, origin):
        return kept
    vocabulary = Vocabulary.of(run, run.preset.teacher.base)
    windows = [vocabulary.translate(example.ids).astype(np.int64) for example in examples]
    logits, pooled = predict(teacher, windows, "ask the teacher", vocabulary.pad)
    answers: dict[str, NDArray[Any]] = {
        "document": np.stack([answer.document for answer in logits]),
        "token": np.concatenate([answer.token for answer in logits]).astype(np.float16),
        "pooled": pooled,
    }
    keep(path, origin, **answers)
    return answers


def _examples(run: Run, stage: Stage) -> list[Example]:
    tokenizer = load_tokenizer(run)
    documents = load_split(run.path("prepared"), "train")
    window, seed = run.preset.data.window, run.preset.seed
    some = documents[: stage.documents or None]
    return training_examples(some, window, stage.splice, tokenizer, seed)


def _origin(run: Run, stage: Stage, *inputs: str) -> str:
    """Hash of all that determines what a stage ends with."""
    values = dataclasses.asdict(stage)
    del values["checkpoint_seconds"]
    data = run.preset.data
    train_split = sha256(run.path("prepared", "train.parquet"))
    known = [values, run.preset.seed, data.window, train_split, *inputs]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()


def _done(run: Run, name: str, origin: str) -> bool:
    """Whether a stage was finished with the same settings and data, so that `all` can go on."""
    weights, known = run.path(name, "weights.pt"), run.recorded().get(name, {})
    if known.get("origin") != origin or not weights.exists():
        return False
    if known["weights_sha256"] != sha256(weights):
        return False
    note(f"{name}: was trained before with these settings and data; {weights}")
    return True


def _check_positions(model: TwoHeads, window: int) -> None:
    """Refuse an encoder that has fewer positions than a window tokens."""
    positions = getattr(model.encoder.embeddings, "position_embeddings", None)
    if positions is None:
        return
    unused = 0 if positions.padding_idx is None else positions.padding_idx + 1
    if window > (room := positions.num_embeddings - unused):
        raise InputError(
            f"the encoder takes {room} tokens at most; the preset's window is {window}"
        )


def _finish(run: Run, name: str, origin: str, model: TwoHeads) -> None:
    weights = run.path(name, "weights.pt")
    with replacing(weights) as temporary:
        save_weights(model, temporary)
    run.record(
        **{
            name: {
                "weights_sha256": sha256(weights),
                "parameters": model.parameter_count,
                "origin": origin,
            }
        }
    )
    run.path(name, "checkpoint.pt").unlink(missing_ok=True)
