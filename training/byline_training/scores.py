"""Scores of whole splits by the runtime that will serve: one window a run, unpadded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from byline.aggregate import document_log_odds, sentence_log_odds
from byline.session import Session
from byline.tokenizer import Tokenizer
from byline.types import Window
from byline_training.data import Prepared, document_windows, load_tokenizer
from byline_training.progress import progress
from byline_training.runs import Run, cached, keep, sha256
from byline_training.vocabulary import Vocabulary

WORKERS = 2


@dataclass(frozen=True)
class Scores:
    """Uncalibrated log-odds of n documents and of their m sentences together.

    Attributes:
        documents: float64 [n].
        sentences: float64 [m, 2] as `byline.aggregate.sentence_log_odds` has them.
    """

    documents: NDArray[np.float64]
    sentences: NDArray[np.float64]


def score_split(
    run: Run, graph: Path, vocabulary: Vocabulary, split: str, documents: Sequence[Prepared]
) -> Scores:
    """Score documents of a split, or take the scores over if graph and documents are the same."""
    key = f"{sha256(graph)}:{_digest(documents)}:{run.preset.data.window}:sentences [m, 2]"
    path = run.path("scores", f"{graph.stem}-{split}-{len(documents)}.npz")
    if kept := cached(path, key):
        return Scores(**kept)
    scores = score(
        Session(graph), vocabulary, documents, run.preset.data.window,
        load_tokenizer(run), f"{graph.stem} on {split}",
    )  # fmt: skip
    keep(path, key, documents=scores.documents, sentences=scores.sentences)
    return scores


def _digest(documents: Sequence[Prepared]) -> str:
    """Hash of what is scored, in its order: two selections of a split may be of one length."""
    digest = hashlib.sha256()
    for document in documents:
        for ids in document.sentences:
            digest.update(len(ids).to_bytes(4, "little"))
            digest.update(ids.tobytes())
        digest.update(b"end of document")
    return digest.hexdigest()


def score(
    session: Session,
    vocabulary: Vocabulary,
    documents: Sequence[Prepared],
    window: int,
    tokenizer: Tokenizer,
    name: str,
) -> Scores:
    """Score documents as `Detector` does."""

    def one(document: Prepared) -> tuple[float, NDArray[np.float64]]:
        windows = [
            Window(vocabulary.translate(w.ids).astype(np.int64), w.owners)
            for w in document_windows(document, window, tokenizer)
        ]
        logits = [session.run(w) for w in windows]
        return (
            document_log_odds(windows, logits),
            sentence_log_odds(windows, logits, len(document.sentences)),
        )

    with ThreadPoolExecutor(WORKERS) as pool:
        results = list(progress(pool.map(one, documents), name, total=len(documents)))
    return Scores(
        np.asarray([log_odds for log_odds, _ in results]),
        np.concatenate([sentences for _, sentences in results]),
    )
