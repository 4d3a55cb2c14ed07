"""Presets: one TOML file each in `training/configs/`, parsed into frozen dataclasses."""

from __future__ import annotations

import dataclasses
import tomllib
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from byline.errors import InputError

_PACKAGE = Path(__file__).resolve().parent
IN_CHECKOUT = (_PACKAGE.parent / "configs").is_dir()
CONFIGS = (_PACKAGE.parent if IN_CHECKOUT else _PACKAGE) / "configs"
"""The presets: beside the package in a checkout, inside it where it was installed."""
ROOT = _PACKAGE.parent.parent if IN_CHECKOUT else Path.cwd()
"""What work and results are put under: the checkout, or the folder one stands in."""


@dataclass(frozen=True)
class Source:
    """Where labelled texts come from.

    Attributes:
        kind: a key of `sources.READERS`.
        limit: texts taken; 0 for all.
        repeat: how many times a training text of it is taken, each cut and spliced anew.
    """

    kind: str
    name: str
    path: str = ""
    subset: str = ""
    text_column: str = "text"
    label_column: str = "label"
    limit: int = 0
    repeat: int = 1


@dataclass(frozen=True)
class Data:
    """What `prepare` reads and how it cuts.

    Attributes:
        window: tokens the model sees at once, special tokens included.
        augment: share of training texts that get misspellings or lose articles, of both labels.
        near_duplicate: Jaccard similarity of word 5-grams from which two texts are the same.
        limit: documents taken per split, stratified by source and label; 0 for all.
        attacked: test documents that are scored under every attack.
        leave_out: documents a model is trained on without some domains or sources; 0 for no such
            figures.
    """

    sources: tuple[Source, ...] = ()
    window: int = 256
    augment: float = 0.1
    near_duplicate: float = 0.7
    limit: int = 0
    attacked: int = 300
    leave_out: int = 0


@dataclass(frozen=True)
class Base:
    """Where a pretrained encoder comes from: a folder, else an installed package, else the hub.

    Attributes:
        package: the folder with the weights, inside an installed package.
        parts: packages that hold the pieces of one zip file with such a folder.
        gguf: a GGUF file inside an installed package.
        random: the shape of an untrained one.
    """

    hub: str = ""
    gguf: str = ""
    package: str = ""
    parts: tuple[str, ...] = ()
    folder: str = ""
    random: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """How a model is trained.

    Attributes:
        documents: how many are trained on, of all in their shuffled order; 0 for all.
        first: from which of them on, as places in a list; behind the last comes the first.
        tokens_per_batch: batches hold about so many tokens, padding included.
        trainings: how many times it is trained, each in an order of its own, a teacher also on
            windows of its own; the model is the mean of their weights.
        splice: share of the training windows that are made of a human and an AI half.
        layers: which of its base's layers a teacher is made of, and which of the teacher's a
            student; empty: all of its base's.
        interpolate: how far from the weights it began with to the trained ones the model ends:
            1 all the way, 0.5 at their mean (`model.interpolated`).
        frozen_layers: layers (and the embeddings) that keep their pretrained weights.
        freeze_embeddings: whether the embeddings keep theirs.
        token_weight, distill_weight, cosine_weight: weights of the losses beside the document's.
        temperature: softens the teacher's logits.
    """

    base: Base = Base()
    documents: int = 0
    first: int = 0
    trainings: int = 1
    splice: float = 0.1
    layers: tuple[int, ...] = ()
    epochs: int = 1
    learning_rate: float = 1.2e-4
    tokens_per_batch: int = 6144
    warmup: float = 0.06
    weight_decay: float = 0.01
    interpolate: float = 1.0
    frozen_layers: int = 0
    freeze_embeddings: bool = False
    label_smoothing: float = 0.02
    token_weight: float = 0.5
    distill_weight: float = 0.0
    cosine_weight: float = 0.0
    temperature: float = 2.0
    checkpoint_seconds: float = 300.0


@dataclass(frozen=True)
class Gate:
    """How far int8 may be from fp32 on the validation split; see `quantize.Parity`."""

    max_auroc_drop: float = 0.005
    max_mean_change: float = 0.1
    max_flips: float = 0.02
    documents: int = 600


@dataclass(frozen=True)
class Limits:
    """What the thresholds must keep on the validation split (upper 95% confidence bounds).

    Texts of one prompt, document or writer count as alike, and so do a document's sentences.

    Attributes:
        false_positive_rate: share of human texts called `ai`.
        protected_false_positive_rate: the same for each group in `protected`.
        miss_rate: share of AI texts called `human`.
        sentence_false_positive_rate, sentence_miss_rate: the same for sentences.
        protected: groups of writers by name, each a list of sources.
    """

    false_positive_rate: float = 0.01
    protected_false_positive_rate: float = 0.03
    miss_rate: float = 0.05
    sentence_false_positive_rate: float = 0.02
    sentence_miss_rate: float = 0.1
    min_words: int = 40
    protected: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """What is known of the texts that can't be counted here: for the card and the weights' notice.

    Attributes:
        baseline: what another method reaches on the test split.
        variety: what they hold beside so many domains, as the end of a sentence.
        whole: what the whole documents are, after "Whole documents".
        limits: items of a list, of what figures on them don't say.
        terms: what may be done with weights trained on them.
    """

    baseline: str = ""
    variety: str = ""
    whole: str = ""
    limits: str = ""
    terms: str = ""


@dataclass(frozen=True)
class Preset:
    """One whole run, from data to model repository; `notes` are for the evaluation card."""

    name: str
    notes: str = ""
    seed: int = 20261123
    data: Data = Data()
    teacher: Stage = Stage()
    student: Stage = Stage()
    gate: Gate = Gate()
    limits: Limits = Limits()
    facts: Facts = Facts()

    def stage(self, model: str) -> Stage:
        """How a model, in whichever form (`student_int8`, say), is trained."""
        return self.teacher if model.startswith("teacher") else self.student


_LEAST = {
    "window": 8, "limit": 0, "attacked": 0, "leave_out": 0, "documents": 0, "first": 0,
    "trainings": 1, "epochs": 1, "learning_rate": 0, "tokens_per_batch": 1, "frozen_layers": 0,
    "min_words": 1, "temperature": 0.1,
}  # fmt: skip
_BELOW = {
    "warmup": 1, "label_smoothing": 1,
    "near_duplicate": 0.96,  # nearer ones so few hashes can't tell apart
    "false_positive_rate": 1, "protected_false_positive_rate": 1, "miss_rate": 1,
    "sentence_false_positive_rate": 1, "sentence_miss_rate": 1,
}  # fmt: skip


def load(name: str) -> Preset:
    """Read a preset by name, or from a path that ends in `.toml`.

    Raises:
        InputError: there is no such preset, or it holds an unknown, mistyped or impossible value.
    """
    path = Path(name) if name.endswith(".toml") else CONFIGS / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in CONFIGS.glob("*.toml")))
        raise InputError(f"no preset {name!r}; there are: {known}")
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}") from error
    preset = _build(Preset, {"name": path.stem, **values}, str(path))
    assert isinstance(preset, Preset)
    for table in ("data", "teacher", "student", "limits"):
        for key, value in vars(getattr(preset, table)).items():
            if key in _LEAST and value < _LEAST[key]:
                raise InputError(
                    f"{path}: {table}: {key} is {value}; at least {_LEAST[key]} is needed"
                )
            if key in _BELOW and not 0 <= value < _BELOW[key]:
                raise InputError(
                    f"{path}: {table}: {key} is {value}; it is a share, from 0 to below "
                    f"{_BELOW[key]} (0.01 is one percent)"
                )
    return preset


def _build(kind: Any, value: Any, where: str) -> Any:
    """Turn parsed TOML into `kind`, refusing what doesn't fit, with the key in the message."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if not isinstance(value, dict):
            raise InputError(f"{where}: expected a table, not {value!r}")
        hints = typing.get_type_hints(kind)
        if unknown := set(value) - set(hints):
            raise InputError(f"{where}: unknown key {sorted(unknown)[0]!r}; known: {sorted(hints)}")
        needed = [
            f.name
            for f in dataclasses.fields(kind)
            if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        ]
        if missing := [name for name in needed if name not in value]:
            raise InputError(f"{where}: {missing[0]!r} is missing")
        return kind(**{k: _build(hints[k], v, f"{where}: {k}") for k, v in value.items()})
    origin = typing.get_origin(kind)
    if origin is tuple and isinstance(value, list):
        (item, _) = typing.get_args(kind)
        return tuple(_build(item, v, f"{where}[{i}]") for i, v in enumerate(value))
    if origin is dict and isinstance(value, dict):
        item = typing.get_args(kind)[1]
        return {k: _build(item, v, f"{where}: {k}") for k, v in value.items()}
    if origin is list and isinstance(value, list):
        (item,) = typing.get_args(kind)
        return [_build(item, v, f"{where}[{i}]") for i, v in enumerate(value)]
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(kind, type | types.GenericAlias) and origin is None and type(value) is kind:
        return value
    raise InputError(f"{where}: expected {getattr(kind, '__name__', kind)}, not {value!r}")
