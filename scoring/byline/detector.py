"""The order of the steps; the only module that knows it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import isnan
from pathlib import Path

from byline.aggregate import (
    MIN_SENTENCE_WORDS,
    decide,
    document_log_odds,
    sentence_log_odds,
)
from byline.calibrate import sigmoid
from byline.language import MIN_RICHNESS, is_english, richness
from byline.normalize import as_it_came, normalize
from byline.repository import DEFAULT_MODEL, Model, ModelRepository
from byline.segment import segment
from byline.session import Session
from byline.tokenizer import Tokenizer
from byline.types import (
    UNFIT,
    Document,
    Finding,
    Label,
    Logits,
    NormalizedText,
    RawScore,
    Sentence,
    SentenceScore,
    Verdict,
    Window,
)
from byline.windows import pack

MAX_CHARACTERS = 1_000_000
"""What is scored of one document; the rest is reported as a finding and in `coverage`."""

_SUSPICIOUS = frozenset({"zero_width", "bidi", "homoglyphs", "styled_letters"})


@dataclass(frozen=True, slots=True)
class Task:
    """A document cut into windows, ready for the session.

    Attributes:
        id: the document's.
        text: normalised.
        sentences: those to be scored, as they were packed into the windows.
        words: in the whole document, with what isn't scored or lies beyond `MAX_CHARACTERS`.
        windows: for the session; empty if the text is too short or of a kind in `UNFIT`.
        findings: so far.
        raw: the same text without normalisation, where that was suspicious and there are windows.
    """

    id: str
    text: NormalizedText
    sentences: tuple[Sentence, ...]
    words: int
    windows: tuple[Window, ...]
    findings: tuple[Finding, ...]
    raw: Task | None = None

    @property
    def scored_words(self) -> int:
        """Words of the sentences."""
        return sum(sentence.words for sentence in self.sentences)

    @property
    def unfit(self) -> Finding | None:
        """Why the model isn't asked about a text that is long enough."""
        return next((finding for finding in self.findings if finding.kind in UNFIT), None)


class Detector:
    """Scores texts with one model. Safe to use from many threads.

    `score` and `score_many` are all most callers need. A server that schedules windows itself
    calls `cut`, runs every window in `session`, and passes the answers to `conclude`.
    """

    def __init__(self, model: Model, workers: int = 1) -> None:
        """Load a model that the repository has checked.

        Args:
            model: from `ModelRepository.load`.
            workers: documents that `score_many` works on at once, at least 1.

        Raises:
            ModelInvalid: its graph or tokenizer can't be loaded.
            ValueError: there are no workers.
        """
        if workers < 1:
            raise ValueError(f"workers is {workers}; it must be at least 1")
        self.model = model
        self.session = Session(
            model.graph, model.config.intra_op_threads, model.config.inter_op_threads
        )
        self._tokenizer = Tokenizer.load(model.path / "tokenizer.json")
        self._workers = workers

    @property
    def vocabulary_size(self) -> int:
        """Token ids are in 0..vocabulary_size - 1."""
        return self._tokenizer.vocabulary_size

    @classmethod
    def load(
        cls, model_repository: Path | None = None, model: str = DEFAULT_MODEL, workers: int = 1
    ) -> Detector:
        """Find, check and load a model.

        Args:
            model_repository: a folder; None for the checkout's or the installed one.
            model: its name in there.
            workers: documents that `score_many` works on at once, at least 1.

        Raises:
            ModelNotFound: there is no such repository or model.
            ModelInvalid: a file of it is missing, changed or not understood.
            ValueError: there are no workers.
        """
        return cls(ModelRepository.find(model_repository).load(model), workers)

    def score(self, text: str, id: str = "") -> Verdict:
        """Score one text.

        Args:
            text: any string.
            id: the caller's name for it.

        Returns:
            The verdict; the same text always gets the same one, alone or in any company.

        Raises:
            TypeError: the text isn't a string.
        """
        return self._score(Document(id, text))

    def _score(self, document: Document) -> Verdict:
        task = self.cut(document)
        raw = None if task.raw is None else self._run(task.raw.windows)
        return self.conclude(task, self._run(task.windows), raw)

    def score_many(self, documents: Iterable[Document]) -> Iterator[Verdict]:
        """Score documents as they come, in their order, a few ahead of the reader at most.

        Raises:
            TypeError: one isn't a `Document`, or its text no string.
        """
        if self._workers == 1:
            for document in documents:
                yield self._score(document)
            return
        pool = ThreadPoolExecutor(self._workers)
        ahead: deque[Future[Verdict]] = deque()
        try:
            for document in documents:
                ahead.append(pool.submit(self._score, document))
                if len(ahead) > 2 * self._workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            # On an exception, or when the reader has had enough: don't begin the rest.
            pool.shutdown(wait=False, cancel_futures=True)

    def cut(self, document: Document) -> Task:
        """Everything before the model: normalise, segment, tokenize, pack."""
        _check(document)
        text = normalize(document.text[:MAX_CHARACTERS])
        task = self._cut(document, text)
        if not task.windows:
            return task
        if unfit := _unfit(task):
            return replace(task, windows=(), findings=(*task.findings, unfit))
        if any(finding.kind in _SUSPICIOUS for finding in text.findings):
            raw = self._cut(document, as_it_came(document.text[:MAX_CHARACTERS]))
            task = replace(task, raw=raw)
        return task

    def conclude(
        self, task: Task, logits: Sequence[Logits], raw: Sequence[Logits] | None = None
    ) -> Verdict:
        """Everything after the model: aggregate, calibrate, decide.

        Args:
            task: from `cut`.
            logits: the session's answers to `task.windows`, in order.
            raw: those to `task.raw.windows`, where there is a `task.raw`.
        """
        thresholds = self.model.spec.thresholds
        if not task.windows:
            label: Label = "unclear" if task.unfit else "too_short"
            return Verdict(task.id, label, None, None, task.words, 0.0, findings=task.findings)
        log_odds, probability = self._document(task, logits)
        label = decide(probability, thresholds.human, thresholds.ai)
        raw_score = None
        if task.raw is not None and raw:
            raw_log_odds, raw_probability = self._document(task.raw, raw)
            raw_score = RawScore(raw_probability, raw_log_odds)
        return Verdict(
            task.id, label, probability, log_odds, task.words, task.scored_words / task.words,
            tuple(self._sentences(task, logits)), task.findings, raw_score,
        )  # fmt: skip

    def _cut(self, document: Document, text: NormalizedText) -> Task:
        sentences = segment(text.text)
        words = sum(sentence.words for sentence in sentences)
        scored = tuple(sentence for sentence in sentences if sentence.scored)
        findings = list(text.findings)
        if unseen := truncated(words, len(document.text)):
            words += unseen.count
            findings.append(unseen)
        windows: list[Window] = []
        if sum(sentence.words for sentence in scored) >= self.model.spec.thresholds.min_words:
            pieces = [text.text[sentence.start : sentence.end] for sentence in scored]
            windows = pack(
                self._tokenizer.encode(pieces),
                self.model.spec.window,
                self._tokenizer.prefix,
                self._tokenizer.suffix,
            )
        return Task(document.id, text, scored, words, tuple(windows), tuple(findings))

    def _run(self, windows: Sequence[Window]) -> list[Logits]:
        return [self.session.run(window) for window in windows]

    def _document(self, task: Task, logits: Sequence[Logits]) -> tuple[float, float]:
        log_odds = document_log_odds(task.windows, logits)
        calibrated = self.model.spec.calibration.document(log_odds, task.scored_words)
        return log_odds, sigmoid(calibrated)

    def _sentences(self, task: Task, logits: Sequence[Logits]) -> Iterator[SentenceScore]:
        spec = self.model.spec
        means = sentence_log_odds(task.windows, logits, len(task.sentences))
        calibrated = spec.calibration.sentences(means)
        to_raw = task.text.to_raw
        for sentence, value in zip(task.sentences, calibrated.tolist(), strict=True):
            start, end = int(to_raw[sentence.start]), int(to_raw[sentence.end])
            # No token: a lone mark the tokenizer drops. No length: a part of a single character.
            if isnan(value) or start == end:
                continue
            probability = sigmoid(value)
            label: Label = "too_short"
            if sentence.words >= MIN_SENTENCE_WORDS:
                label = decide(
                    probability, spec.thresholds.sentence_human, spec.thresholds.sentence_ai
                )
            yield SentenceScore(start, end, probability, value, label)


def truncated(words: int, characters: int) -> Finding | None:
    """What to say of a text that is longer than `MAX_CHARACTERS`.

    Args:
        words: in the part that is scored.
        characters: of the whole; counting its words would need all of it in the normalised form.
    """
    if characters <= MAX_CHARACTERS:
        return None
    unseen = round(words * (characters - MAX_CHARACTERS) / MAX_CHARACTERS)
    return Finding(
        "truncated", unseen, f"Only the first {MAX_CHARACTERS:,} characters were scored."
    )


def _check(document: Document) -> None:
    """Raise TypeError unless it is a document with a text: not every caller checks types."""
    if not isinstance(document, Document):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(
            f"a document must be a Document, not {type(document).__name__}: pass Document(id, text)"
        )
    if not isinstance(document.text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        kind = type(document.text).__name__
        advice = "decode it" if kind == "bytes" else 'pass "" where there is none'
        raise TypeError(f"a text must be a str, not {kind}: {advice}")


def _unfit(task: Task) -> Finding | None:
    """Why the model's answer on a text would mean nothing, if it would."""
    pieces = [task.text.text[sentence.start : sentence.end] for sentence in task.sentences]
    if not is_english(pieces):
        return Finding(
            "not_english", task.scored_words,
            "This does not read as English prose; the model knows no other, so it is not scored.",
        )  # fmt: skip
    if richness(pieces) < MIN_RICHNESS:
        return Finding(
            "repetitive", task.scored_words,
            "The same few words stand here over and over; that is not prose, so it is not scored.",
        )  # fmt: skip
    return None
