"""Prepared Parquet as arrays, and training windows."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from byline.tokenizer import Tokenizer
from byline.types import Window
from byline.windows import pack
from byline_training.provenance import check_prepared
from byline_training.runs import Run, made_by, reading


@dataclass(frozen=True)
class Prepared:
    """One prepared document; see `prepare.SCHEMA`."""

    id: str
    label: float
    words: int
    source: str
    domain: str
    family: str
    attack: str
    sentences: list[NDArray[np.int64]]
    sentence_words: NDArray[np.int32]
    sentence_labels: NDArray[np.float32]
    group: str = ""

    @property
    def mixed(self) -> bool:
        """Whether it has passages of both kinds."""
        return 0 < self.label < 1


@dataclass(frozen=True)
class Example:
    """One training window.

    Attributes:
        ids: int32 [t], special tokens included.
        token_labels: float32 [t]; AI share of each token's sentence, -1 for special tokens.
        label: AI share of its tokens.
    """

    ids: NDArray[np.int32]
    token_labels: NDArray[np.float32]
    label: float


def load_split(run: Run, split: str) -> list[Prepared]:
    """Read a split that `prepare` wrote; documents without any token are left out.

    Raises:
        InputError: it hasn't been prepared, or with other settings, or is damaged.
    """
    documents = []
    path = run.path("prepared", f"{split}.parquet")
    with reading(path, "prepare"):
        rows = pq.read_table(path).to_batches(4096)
    check_prepared(run, split)
    for batch in rows:
        for row in batch.to_pylist():
            if not row["ids"]:
                continue
            ids = np.asarray(row["ids"], dtype=np.int64)
            documents.append(
                Prepared(
                    row["id"], row["label"], row["words"], row["source"], row["domain"],
                    row["family"], row["attack"],
                    np.split(ids, np.cumsum(row["sentence_lengths"])[:-1]),
                    np.asarray(row["sentence_words"], dtype=np.int32),
                    np.asarray(row["sentence_labels"], dtype=np.float32),
                    row["group"],
                )
            )  # fmt: skip
    return documents


def group_numbers(documents: Sequence[Prepared]) -> NDArray[np.int64]:
    """Which group each is of, int64 [n]; one without relatives is a group of its own."""
    names = np.asarray([d.group or f"alone {i}" for i, d in enumerate(documents)], dtype=str)
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def load_tokenizer(run: Run) -> Tokenizer:
    """The tokenizer that the data were prepared with.

    Raises:
        InputError: they haven't been.
        ModelInvalid: it is damaged.
    """
    return Tokenizer.load(made_by("prepare", run.path("prepared", "tokenizer.json")))


def training_examples(
    documents: Sequence[Prepared], window: int, splice: float, tokenizer: Tokenizer, seed: int
) -> list[Example]:
    """Choose one window a document, and splice some of a human and an AI half.

    Long documents give a random run of sentences, so that beginnings aren't all a model sees. The
    choice depends on the seed alone: what is computed from these windows can be cached.
    """
    rng = random.Random(seed)
    pure = [document for document in documents if not document.mixed]
    by_label = [[d for d in pure if d.label == label] for label in (0, 1)]
    by_domain: dict[tuple[str, float], list[Prepared]] = {}
    for document in pure:
        by_domain.setdefault((document.domain, document.label), []).append(document)
    examples = []
    for document in documents:
        sentences, labels = list(document.sentences), list(document.sentence_labels)
        if not document.mixed and rng.random() < splice and all(by_label):
            others = by_domain.get((document.domain, 1 - document.label))
            other = rng.choice(others or by_label[int(1 - document.label)])
            sentences, labels = _splice(document, other, rng)
        examples.append(_example(sentences, labels, window, tokenizer, rng))
    return examples


def document_windows(document: Prepared, limit: int, tokenizer: Tokenizer) -> list[Window]:
    """Pack a document as the library does."""
    return pack(document.sentences, limit, tokenizer.prefix, tokenizer.suffix)


def _example(
    sentences: list[NDArray[np.int64]],
    labels: list[float],
    window: int,
    tokenizer: Tokenizer,
    rng: random.Random,
) -> Example:
    room = window - len(tokenizer.prefix) - len(tokenizer.suffix)
    lengths = [len(s) for s in sentences]
    # The last start from which what is left still fills the window.
    last = 0
    while last + 1 < len(lengths) and sum(lengths[last + 1 :]) >= room:
        last += 1
    first = rng.randint(0, last)
    ids = np.concatenate(sentences[first:])[:room]
    token_labels = np.repeat(np.asarray(labels[first:], np.float32), lengths[first:])[:room]
    special = np.float32(-1)
    return Example(
        np.concatenate([tokenizer.prefix, ids, tokenizer.suffix]).astype(np.int32),
        np.concatenate(
            [
                np.full(len(tokenizer.prefix), special),
                token_labels,
                np.full(len(tokenizer.suffix), special),
            ]
        ),
        float(token_labels.mean()),
    )


def _splice(
    first: Prepared, second: Prepared, rng: random.Random
) -> tuple[list[NDArray[np.int64]], list[float]]:
    if rng.random() < 0.5:
        first, second = second, first
    cut = rng.uniform(0.25, 0.75)
    a = max(1, round(cut * len(first.sentences)))
    b = min(len(second.sentences) - 1, round(cut * len(second.sentences)))
    return (
        [*first.sentences[:a], *second.sentences[b:]],
        [*first.sentence_labels[:a], *second.sentence_labels[b:]],
    )
