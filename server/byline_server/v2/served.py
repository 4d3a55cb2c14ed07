"""What can be inferred: the models that take tokens, and `byline_text`, which takes strings."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from byline.detector import Task
from byline.spec import LABELS
from byline.types import Window
from byline_server.models import Loaded
from byline_server.scheduler import Patience, Scheduler
from byline_server.scoring import Scored, Scoring
from byline_server.statistics import Statistics
from byline_server.v2.tensors import Specification, Tensor, bad

TEXT_MODEL = "byline_text"


@dataclass(frozen=True, slots=True)
class TokenModel:
    """A model of the repository: token ids in, logits out, each row as if it were alone."""

    loaded: Loaded
    scheduler: Scheduler
    platform = "onnxruntime_onnx"
    takes = (
        Specification("input_ids", "INT64", (-1, -1)),
        Specification("attention_mask", "INT64", (-1, -1)),
    )
    gives = (
        Specification("logits", "FP32", (-1, len(LABELS))),
        Specification("token_logits", "FP32", (-1, -1)),
    )
    labels: ClassVar[Mapping[str, Sequence[str]]] = {"logits": LABELS}

    @property
    def version(self) -> str:
        """Of the model."""
        return str(self.loaded.detector.model.version)

    @property
    def most_rows(self) -> int:
        """As its config.pbtxt says."""
        return self.loaded.detector.model.config.max_batch_size

    @property
    def statistics(self) -> Statistics:
        """What was done with it."""
        return self.loaded.statistics

    def infer(
        self, inputs: Mapping[str, Tensor], patience: Patience
    ) -> tuple[dict[str, Tensor], int, int]:
        """Run each row alone, without its padding.

        Args:
            inputs: int64 [B, T]; the mask of a row is ones, then zeros.
            patience: how long.

        Returns:
            Outputs by name, how many windows were run, and no words: tokens don't tell them.

        Raises:
            Problem: a row can't be run.
        """
        began = time.perf_counter_ns()
        ids, mask = inputs["input_ids"].values, inputs["attention_mask"].values
        lengths = self._checked(ids, mask)
        windows = [
            Window(np.ascontiguousarray(row[:n]), np.full(n, -1, dtype=np.int32))
            for row, n in zip(ids, lengths, strict=True)
        ]
        run = self.loaded.detector.session.run
        prepared = time.perf_counter_ns()
        ticket = self.scheduler.run([partial(run, window) for window in windows], patience)
        ran = time.perf_counter_ns()
        answers = ticket.results
        token: NDArray[np.float32] = np.zeros(ids.shape, dtype=np.float32)
        for row, answer in zip(token, answers, strict=True):
            row[: len(answer.token)] = answer.token
        document = np.stack([answer.document for answer in answers])
        ended = time.perf_counter_ns()
        self.statistics.succeeded(
            inferences=len(ids), executions=len(answers), total=ended - began,
            queue=ticket.queue_ns, prepare=prepared - began, run=ticket.run_ns, finish=ended - ran,
        )  # fmt: skip
        return _floats(logits=document, token_logits=token), len(answers), 0

    def _checked(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> list[int]:
        """The length of each row without padding."""
        if ids.shape != mask.shape:
            raise bad(
                f"attention_mask has shape {list(mask.shape)}, input_ids {list(ids.shape)}: they "
                "must be the same"
            )
        limit = self.loaded.detector.model.spec.window
        if ids.shape[1] > limit:
            raise bad(f"rows of {ids.shape[1]} tokens; the model takes {limit}: cut the text")
        known = self.loaded.detector.vocabulary_size
        if int(ids.min()) < 0 or int(ids.max()) >= known:
            raise bad(f"a token id lies outside the model's vocabulary, 0 to {known - 1}")
        lengths: list[int] = mask.sum(axis=1).tolist()
        if not np.array_equal(mask, np.arange(ids.shape[1]) < np.asarray(lengths)[:, np.newaxis]):
            raise bad("attention_mask must be ones, for the text, followed by zeros, for padding")
        if 0 in lengths:
            raise bad(f"row {lengths.index(0)} has no token: its attention_mask is all zeros")
        return lengths


@dataclass(frozen=True, slots=True)
class TextModel:
    """The default model behind the library's own cutting: text in, the document's logits out.

    A text of several windows gets their mean, weighted by length, as the library takes it: the
    difference of the two logits is the `log_odds` of /v1/score.
    """

    loaded: Loaded
    scoring: Scoring
    most_characters: int
    most_rows: int
    version = "1"
    platform = "byline"
    takes = (Specification("text", "BYTES", (-1, 1)),)
    gives = (
        Specification("logits", "FP32", (-1, len(LABELS))),
        Specification("probability", "FP32", (-1, 1)),
    )
    labels: ClassVar[Mapping[str, Sequence[str]]] = {"logits": LABELS}

    @property
    def statistics(self) -> Statistics:
        """What was done with it, over /v1 too."""
        return self.loaded.text_statistics

    def infer(
        self, inputs: Mapping[str, Tensor], patience: Patience
    ) -> tuple[dict[str, Tensor], int, int]:
        """Score texts.

        Args:
            inputs: UTF-8 [B, 1].
            patience: how long.

        Returns:
            Outputs by name, how many windows were run, and the words of the texts.

        Raises:
            Problem: a text isn't UTF-8, too long, too short to be judged, or of no kind that is.
        """
        texts = [self._text(i, raw) for i, raw in enumerate(inputs["text"].values[:, 0])]
        scored = list(self.scoring.run(self.loaded, texts, patience, self._check))
        logits = np.stack([_logits(text) for text in scored])
        probability = np.asarray([[s.verdict.probability] for s in scored], dtype=np.float32)
        windows = sum(len(s.logits) + len(s.raw) for s in scored)
        words = sum(s.verdict.words for s in scored)
        return _floats(logits=logits, probability=probability), windows, words

    def _text(self, row: int, raw: bytes) -> str:
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise bad(f"the text of row {row} is not UTF-8") from error
        if len(text) > self.most_characters:
            raise bad(f"the text of row {row} has more than {self.most_characters:,} characters")
        return text

    def _check(self, row: int, task: Task) -> None:
        if task.unfit:
            raise bad(f"the text of row {row} can't be judged: {task.unfit.message}")
        if not task.windows:
            least = self.loaded.detector.model.spec.thresholds.min_words
            raise bad(
                f"the text of row {row} is too short to be judged: it has "
                f"{task.scored_words} words of prose, and needs {least}"
            )


Served = TokenModel | TextModel


def _logits(scored: Scored) -> NDArray[np.float32]:
    mean: NDArray[np.float64] = np.average(
        np.asarray([answer.document for answer in scored.logits], dtype=np.float64),
        axis=0,
        weights=[len(window.ids) for window in scored.task.windows],
    )
    return mean.astype(np.float32)


def _floats(**values: NDArray[np.float32]) -> dict[str, Tensor]:
    return {name: Tensor("FP32", array) for name, array in values.items()}
