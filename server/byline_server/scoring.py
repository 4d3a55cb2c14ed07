"""Texts to verdicts by way of the cache and the shared queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from byline import Document, Verdict
from byline.detector import Task
from byline.types import Logits
from byline_server.cache import Cache, key_of
from byline_server.models import Loaded
from byline_server.scheduler import ClientGone, DeadlinePassed, Patience, Scheduler, Ticket

_CHARACTERS_A_WINDOW = 1000
"""Of English, about; room in the queue is asked for before a text is cut."""


class Scoring:
    """Scores texts as `Detector.score` does, in turn with other requests."""

    def __init__(self, scheduler: Scheduler, cache: Cache) -> None:
        self._scheduler = scheduler
        self._cache = cache

    def score(
        self, loaded: Loaded, texts: Sequence[str], patience: Patience
    ) -> tuple[list[Verdict], int]:
        """Score texts.

        Args:
            loaded: the model.
            texts: any strings.
            patience: how long.

        Returns:
            A verdict for each text, without an id, and the number of windows that were run.

        Raises:
            QueueFull, DeadlinePassed, ClientGone: not all were scored.
        """
        keys = [key_of(loaded.serial, text) for text in texts]
        known = {key: self._cache.get(key) for key in keys}
        new = {key: text for key, text in zip(keys, texts, strict=True) if known[key] is None}
        windows = 0
        if new:
            began = time.perf_counter_ns()
            try:
                ran = self.run(loaded, new.values(), patience)
                for key, scored in zip(new, ran, strict=True):
                    windows += len(scored.logits) + len(scored.raw)
                    known[key] = scored.verdict
                    self._cache.put(key, scored.verdict)
            except Exception:
                loaded.text_statistics.failed(time.perf_counter_ns() - began)
                raise
        return [verdict for key in keys if (verdict := known[key]) is not None], windows

    def run(
        self,
        loaded: Loaded,
        texts: Collection[str],
        patience: Patience,
        check: Callable[[int, Task], None] | None = None,
    ) -> Iterator[Scored]:
        """Score texts, whatever was scored before. Counts a success; a failure is the caller's.

        They come in order; where not all are done in time, those before the first that isn't.

        Args:
            loaded: the model.
            texts: any strings.
            patience: how long.
            check: looks at each text once it is cut, by its index; what it raises ends the run.

        Raises:
            QueueFull, DeadlinePassed, ClientGone: not all were scored.
        """
        began = time.perf_counter_ns()
        run = loaded.detector.session.run
        tasks: list[Task] = []
        ticket: Ticket[Logits] = Ticket(
            sum(1 + len(text) // _CHARACTERS_A_WINDOW for text in texts)
        )
        try:
            with self._scheduler.admitted(ticket):
                for i, text in enumerate(texts):  # the first run while the next are cut
                    patience.check()
                    task = loaded.detector.cut(Document("", text))
                    if check is not None:
                        check(i, task)
                    windows = [window for part in _parts(task) for window in part.windows]
                    self._scheduler.add(ticket, [partial(run, window) for window in windows])
                    tasks.append(task)
                prepared = time.perf_counter_ns()
                self._scheduler.wait(ticket, patience)
        except (DeadlinePassed, ClientGone):  # who asks again has less to wait for
            yield from _concluded(loaded, tasks, ticket.finished)
            raise
        ran = time.perf_counter_ns()
        yield from _concluded(loaded, tasks, ticket.results)
        ended = time.perf_counter_ns()
        executions = len(ticket.results)
        for statistics, inferences in (
            (loaded.text_statistics, len(tasks)),
            (loaded.statistics, executions),
        ):
            statistics.succeeded(
                inferences=inferences, executions=executions, total=ended - began,
                queue=ticket.queue_ns, prepare=prepared - began, run=ticket.run_ns,
                finish=ended - ran,
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scored:
    """A text that was scored.

    Attributes:
        task: how it was cut.
        logits: of its windows.
        raw: of those of the text as it came, where that is looked at.
    """

    task: Task
    logits: list[Logits]
    raw: list[Logits]
    verdict: Verdict


def _parts(task: Task) -> Iterator[Task]:
    yield task
    if task.raw is not None:
        yield task.raw


def _concluded(loaded: Loaded, tasks: Sequence[Task], results: list[Logits]) -> Iterator[Scored]:
    """The texts, up to one whose windows have not all been run."""
    answers = iter(results)
    for task in tasks:
        parts = [(part, [*islice(answers, len(part.windows))]) for part in _parts(task)]
        if any(len(found) < len(part.windows) for part, found in parts):
            return
        (_, logits), *rest = parts
        raw = rest[0][1] if rest else []
        yield Scored(task, logits, raw, loaded.detector.conclude(task, logits, raw or None))
