"""Texts to verdicts by way of the cache and the shared queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from byline import Detector, Document, Verdict
from byline.detector import Task
from byline.types import Logits
from byline_server.cache import Cache, Key, key_of
from byline_server.models import Loaded
from byline_server.scheduler import ClientGone, DeadlinePassed, Scheduler


class Scoring:
    """Scores texts as `Detector.score` does, in turn with other requests."""

    def __init__(self, scheduler: Scheduler, cache: Cache) -> None:
        self._scheduler = scheduler
        self._cache = cache

    def score(
        self,
        loaded: Loaded,
        texts: Sequence[str],
        deadline: float,
        gone: Callable[[], bool],
    ) -> tuple[list[Verdict], int]:
        """Score texts.

        Args:
            loaded: the model.
            texts: any strings.
            deadline: in `time.monotonic()` seconds.
            gone: says whether the client has hung up.

        Returns:
            A verdict for each text, without an id, and the number of windows that were run.

        Raises:
            QueueFull, DeadlinePassed, ClientGone: nothing was scored.
        """
        began = time.perf_counter_ns()
        keys = [key_of(loaded.serial, text) for text in texts]
        found = {key: self._cache.get(key) for key in keys}
        if any(verdict is None for verdict in found.values()):
            self._scheduler.check()
        tasks: dict[Key, Task] = {}
        for key, text in zip(keys, texts, strict=True):
            if found[key] is None and key not in tasks:
                if gone():
                    raise ClientGone
                if time.monotonic() >= deadline:
                    raise DeadlinePassed
                tasks[key] = loaded.detector.cut(Document("", text))
        prepared = time.perf_counter_ns()
        ticket = self._scheduler.run(
            [partial(loaded.detector.session.run, window)
             for task in tasks.values() for part in _parts(task) for window in part.windows],
            deadline, gone,
        )  # fmt: skip
        ran = time.perf_counter_ns()
        logits = iter(ticket.results)
        for key, task in tasks.items():
            verdict = _conclude(loaded.detector, task, logits)
            self._cache.put(key, verdict)
            found[key] = verdict
        ended = time.perf_counter_ns()
        loaded.text_statistics.succeeded(
            inferences=len(texts), executions=len(ticket.results), total=ended - began,
            queue=ticket.queue_ns, prepare=prepared - began, run=ticket.run_ns,
            finish=ended - ran,
        )  # fmt: skip
        verdicts = [found[key] for key in keys]
        return [verdict for verdict in verdicts if verdict is not None], len(ticket.results)


def _parts(task: Task) -> Iterator[Task]:
    yield task
    if task.raw is not None:
        yield task.raw


def _conclude(detector: Detector, task: Task, logits: Iterator[Logits]) -> Verdict:
    taken = [[next(logits) for _ in part.windows] for part in _parts(task)]
    return detector.conclude(task, taken[0], taken[1] if task.raw is not None else None)
