"""The two stages that train: the teacher on labels, the student on the teacher."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
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
    averaged,
    build,
    build_student,
    load_weights,
    save_weights,
)
from byline_training.progress import note
from byline_training.provenance import training_settings, weights_of
from byline_training.runs import Run, cached, commit, keep, made_by, reading, replacing, sha256
from byline_training.trainer import Objective, discard_progress, hard_loss, predict, train
from byline_training.vocabulary import Vocabulary

Begin = Callable[[int], tuple[TwoHeads, list[Example], Objective]]
"""Of a training's seed: where it begins, what it trains on, what it minimises."""


def train_teacher(run: Run) -> None:
    """Fine-tune the teacher on documents and tokens; writes `teacher/weights.pt`."""
    stage = run.preset.teacher
    vocabulary = Vocabulary.of(run, stage.base)

    def objective(batch: Batch, logits: Tensor, token_logits: Tensor, pooled: Tensor) -> Tensor:
        return hard_loss(batch, logits, token_logits, stage)

    def begin(seed: int) -> tuple[TwoHeads, list[Example], Objective]:
        examples = [
            Example(vocabulary.translate(example.ids), example.token_labels, example.label)
            for example in _examples(run, stage, seed)
        ]
        model = build(stage, seed)
        _check_positions(model, run.preset.data.window)
        return model, examples, objective

    _train(run, "teacher", begin)


def train_student(run: Run) -> None:
    """Distil the teacher into the student; writes `student/weights.pt`.

    Loss: cross-entropy as for the teacher; `distill_weight` times the Kullback-Leibler divergence
    from the teacher's answers at a temperature, times its square (Hinton et al. 2015), for the
    document and for every token; `cosine_weight` times the cosine distance of the pooled hidden
    states, where the widths agree (Sanh et al. 2019). The teacher isn't listened to where it
    contradicts the label: it may never have seen the like of a text (Wen et al. 2019 correct such
    answers); nor on windows of both kinds, whose labels know more.

    The teacher is asked once; its answers are kept in `student/teacher_answers.npz`. Of a teacher
    trained several times all trainings are asked, and the mean of their logits is its answer.
    """
    stage = run.preset.student
    weights = _weights_taught_by(run)

    def begin(seed: int) -> tuple[TwoHeads, list[Example], Objective]:
        # The same windows for every training, so that the teacher is asked about them once.
        examples = _examples(run, stage, run.preset.seed)
        model = build_student(stage, load_trained(run, "teacher"), seed)
        _check_positions(model, run.preset.data.window)
        answers = _teacher_answers(run, examples, weights)
        width = model.encoder.config.hidden_size
        return model, examples, _Distillation(stage, examples, answers, width)

    _train(run, "student", begin, *weights)


def load_trained(run: Run, name: str) -> TwoHeads:
    """The trained `teacher` or `student`, or one of its trainings.

    Raises:
        InputError: there is none yet, or it is damaged.
    """
    path = run.path(name, "weights.pt")
    stage = run.preset.stage(name)
    model = build(stage, run.preset.seed)
    with reading(path, name.partition("-")[0]):
        return load_weights(model, path).eval()


def training_names(run: Run, name: str) -> list[str]:
    """The names of a model's trainings: its own, if it is trained once."""
    count = run.preset.stage(name).trainings
    return [name] if count == 1 else [f"{name}-{number}" for number in range(1, count + 1)]


def _train(run: Run, name: str, begin: Begin, *inputs: str) -> None:
    """Train a model as often as its stage asks, and take the mean of the weights.

    Models that were fine-tuned from one pretrained one often lie in one valley of the loss, and
    their mean does better than each, on texts of other origins too (Wortsman et al. 2022, Model
    soups). Each training has an order and fresh heads of its own, a teacher's windows too.
    """
    stage = run.preset.stage(name)
    pad = Vocabulary.of(run, stage.base).pad
    members = training_names(run, name)
    for number, member in enumerate(members):
        seed = run.preset.seed + 1000 * number  # an epoch adds 1 to it
        origin = _origin(run, stage, seed, *inputs)
        if _done(run, member, origin):
            continue
        model, examples, objective = begin(seed)
        model = train(run, member, stage, model, examples, objective, seed, pad, origin)
        _finish(run, member, origin, model)
    if members == [name]:
        return
    origin = _digest([sha256(run.path(member, "weights.pt")) for member in members])
    if not _done(run, name, origin):
        models = [load_trained(run, member) for member in members]
        models[0].load_state_dict(averaged([model.state_dict() for model in models]))
        _finish(run, name, origin, models[0])


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
        pure = (batch.labels == 0) | (batch.labels == 1)
        listen = pure & ((target[:, 1] > target[:, 0]) == (batch.labels > 0.5))
        document = functional.kl_div(
            functional.log_softmax(logits[listen] / t, dim=1),
            functional.log_softmax(target[listen] / t, dim=1),
            reduction="sum",
            log_target=True,
        ) / len(listen)
        token_target = np.zeros(batch.ids.shape, np.float32)
        for row, i in enumerate(batch.indices):
            begin = self._ends[i - 1] if i else 0
            token_target[row, : self._ends[i] - begin] = self._answers["token"][
                begin : self._ends[i]
            ]
        token_teacher = torch.from_numpy(token_target).to(device)
        learn = batch.token_labels >= 0
        right = learn & pure[:, None] & ((token_teacher > 0) == (batch.token_labels > 0.5))
        soft = torch.sigmoid(token_teacher[right] / t)
        student = token_logits[right] / t
        # Cross-entropy less the target's own entropy: the divergence of two Bernoullis.
        token = functional.binary_cross_entropy_with_logits(student, soft, reduction="sum")
        token = token - functional.binary_cross_entropy(soft, soft, reduction="sum")
        token = token / learn.sum()
        loss = loss + stage.distill_weight * t * t * (document + stage.token_weight * token)
        if stage.cosine_weight and self._same_width:
            wanted = torch.from_numpy(self._answers["pooled"][batch.indices].astype(np.float32))
            distance = 1 - functional.cosine_similarity(pooled, wanted.to(device))
            loss = loss + stage.cosine_weight * (distance * listen).mean()
        return loss


def _weights_taught_by(run: Run) -> list[str]:
    """Hashes of the weights that a student begins with and learns from.

    Raises:
        InputError: there are none, or they don't belong together.
    """
    names = training_names(run, "teacher")
    mean = weights_of(run, "teacher")
    if names == ["teacher"]:
        return [sha256(mean)]
    hashes = [sha256(made_by("teacher", run.path(name, "weights.pt"))) for name in names]
    if run.recorded().get("teacher", {}).get("origin") != _digest(hashes):
        raise InputError(
            f"{mean} is not the mean of the trainings beside it: run the teacher stage again"
        )
    return [sha256(mean), *hashes]


def _teacher_answers(
    run: Run, examples: list[Example], weights: Sequence[str]
) -> dict[str, NDArray[Any]]:
    path = run.path("student", "teacher_answers.npz")
    asked = hashlib.sha256(b"".join(example.ids.tobytes() for example in examples)).hexdigest()
    key = _digest([asked, *weights])
    if kept := cached(path, key):
        return kept
    vocabulary = Vocabulary.of(run, run.preset.teacher.base)
    # Nothing is learned from what it says of windows of both kinds: there its answers stay zero.
    pure = np.array([example.label in (0, 1) for example in examples])
    windows = [
        vocabulary.translate(example.ids).astype(np.int64)
        for example, asked in zip(examples, pure, strict=True)
        if asked
    ]
    places = {
        "document": pure,
        "token": np.repeat(pure, [len(example.ids) for example in examples]),
        "pooled": pure,
    }
    names = training_names(run, "teacher")
    answers: dict[str, NDArray[Any]] = {}
    for name in names:
        logits, pooled = predict(load_trained(run, name), windows, f"ask {name}", vocabulary.pad)
        for part, values in (
            ("document", np.stack([answer.document for answer in logits])),
            ("token", np.concatenate([answer.token for answer in logits])),
            ("pooled", pooled.astype(np.float32)),
        ):
            if part not in answers:
                answers[part] = np.zeros((len(places[part]), *values.shape[1:]))
            answers[part][places[part]] += values / len(names)
    for part, kept_as in (("document", np.float32), ("token", np.float16), ("pooled", np.float16)):
        answers[part] = answers[part].astype(kept_as)
    keep(path, key, **answers)
    return answers


def _examples(run: Run, stage: Stage, seed: int) -> list[Example]:
    tokenizer = load_tokenizer(run)
    documents = load_split(run, "train")
    first = stage.first % len(documents)
    some = (documents[first:] + documents[:first])[: stage.documents or None]
    return training_examples(some, run.preset.data.window, stage.splice, tokenizer, seed)


def _origin(run: Run, stage: Stage, seed: int, *inputs: str) -> str:
    """Hash of all that determines what a training ends with."""
    values = dataclasses.asdict(stage)
    del values["checkpoint_seconds"], values["trainings"]
    data = run.preset.data
    train_split = sha256(made_by("prepare", run.path("prepared", "train.parquet")))
    return _digest([values, seed, data.window, train_split, *inputs])


def _digest(known: Sequence[Any]) -> str:
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
    positions = getattr(model.embeddings, "position_embeddings", None)
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
                "commit": commit(),
                "settings": training_settings(run, name),
            }
        }
    )
    discard_progress(run, name)
