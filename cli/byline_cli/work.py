"""The local engine: files are read and scored by several processes, and come back in their order.

Processes, not threads: reading a PDF or a page is Python, and holds Python's lock. And a file that
brings a process down takes only its own result along; a few files, or one job, have only this one.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing.connection import wait

from byline import Detector, Model, ModelRepository
from byline_cli.engine import Asked, Known
from byline_cli.inputs import Input
from byline_cli.results import Result, read, scored, with_floor

FEW = 8
"""Up to so many files it takes longer to start processes than to score."""
_AHEAD = 4
"""Files a process that are read before their turn, so that a long one holds up no other."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a process does with a file; small, for it is sent to each.

    Attributes:
        asked: how files are read, and what is kept of them.
        model: name of the model; None to read only, where a server scores.
    """

    asked: Asked
    model: str | None

    def ready(self) -> Callable[[Input], Result]:
        """Load the model.

        Raises:
            ModelNotFound: there is no such repository or model.
            ModelInvalid: a file of it is missing, changed or not understood.
        """
        if self.model is None:
            return lambda given: read(given, self.asked.reading)
        model = ModelRepository.find(self.asked.repository).load(self.model)
        return self.ready_with(with_floor(model, self.asked.min_words))

    def ready_with(self, model: Model) -> Callable[[Input], Result]:
        """The same with a model that is checked already."""
        detector = Detector(model)

        def work(given: Input) -> Result:
            result = scored(read(given, self.asked.reading), detector)
            return result if self.asked.texts else result.bare()

        return work


def run(
    task: Task,
    ready: Callable[[], Callable[[Input], Result]],
    inputs: Iterable[Input],
    known: Known,
) -> Generator[tuple[Input, Result], None, None]:
    """Yield each input with its result, in order; a few are held at a time.

    Args:
        task: for the processes.
        ready: makes the same task ready in this process: for a few files, and for standard input.
        inputs: any number.
        known: results of an earlier run.
    """
    here = _Lazy(ready)
    jobs = task.asked.jobs
    inputs = iter(inputs)
    few = [] if jobs == 1 else list(islice(inputs, FEW + 1))
    if len(few) <= FEW:
        for given in chain(few, inputs):
            yield given, known(given) or here(given)
        return
    pool = _Pool(task)
    ahead: deque[tuple[Input, Result | Future[Result]]] = deque()
    try:
        for given in chain(few, inputs):
            finished = known(given)
            if finished is None and given.path is None:
                while ahead:  # standard input may take its time: what comes before it doesn't wait
                    yield pool.first(ahead)
                finished = here(given)
            ahead.append((given, pool.submit(given) if finished is None else finished))
            while len(ahead) > _AHEAD * jobs or (ahead and _is_there(ahead[0][1])):
                yield pool.first(ahead)
        while ahead:
            yield pool.first(ahead)
    finally:
        pool.end()


def _is_there(result: Result | Future[Result]) -> bool:
    return isinstance(result, Result) or result.done()


class _Lazy:
    """Is made ready when it is first needed: a pool may do without."""

    def __init__(self, ready: Callable[[], Callable[[Input], Result]]) -> None:
        self._ready = ready
        self._work: Callable[[Input], Result] | None = None

    def __call__(self, given: Input) -> Result:
        if self._work is None:
            self._work = self._ready()
        return self._work(given)


class _Pool:
    """Processes that can be lost."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._others = set(multiprocessing.active_children())
        self._pool = self._started(task.asked.jobs)

    def submit(self, given: Input) -> Future[Result]:
        try:
            return self._pool.submit(_work, given)
        except BrokenProcessPool as error:
            lost: Future[Result] = Future()
            lost.set_exception(error)
            return lost

    def first(self, ahead: deque[tuple[Input, Result | Future[Result]]]) -> tuple[Input, Result]:
        """The first result; if a process was lost, all that it may have held is done again."""
        given, result = ahead.popleft()
        if isinstance(result, Result):
            return given, result
        try:
            return given, result.result()
        except BrokenProcessPool:
            pass
        self._pool.shutdown()
        # One of those under way is to blame; alone, a file can blame no other.
        retried = self._alone(given)
        self._pool = self._started(self._task.asked.jobs)
        for i, (other, waiting) in enumerate(ahead):
            if isinstance(waiting, Future) and (not waiting.done() or waiting.exception()):
                ahead[i] = (other, self.submit(other))
        return given, retried

    def end(self) -> None:
        """Stop at once, even in the middle of a file."""
        for process in set(multiprocessing.active_children()) - self._others:
            process.terminate()
        # Waited for: the pool's own thread closes its pipes, and the interpreter's end, were it
        # faster, would close them a second time and complain.
        self._pool.shutdown(cancel_futures=True)

    def _alone(self, given: Input) -> Result:
        with self._started(1) as pool:
            try:
                return pool.submit(_work, given).result()
            except BrokenProcessPool:
                return Result(
                    given.name, given.id,
                    error="crashed its reader; it is damaged, or takes more memory than there is",
                )  # fmt: skip

    def _started(self, jobs: int) -> ProcessPoolExecutor:
        # Not a plain fork: ONNX Runtime has threads, which a fork would lose.
        server = "forkserver" in multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context("forkserver" if server else "spawn")
        if server:
            multiprocessing.set_forkserver_preload(["byline_cli.work", "byline_cli.readers.html"])
        if sys.platform == "win32":
            jobs = min(jobs, 61)  # more than it can wait for
        return ProcessPoolExecutor(jobs, context, _begin, (self._task,))


_here: Callable[[Input], Result] | None = None
"""In a process of the pool: its task."""


def _begin(task: Task) -> None:
    global _here
    # The terminal's interrupt goes to all; who started this process ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.stdin = open(os.devnull, encoding="utf-8")
    _here = task.ready()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _work(given: Input) -> Result:
    if _here is None:
        raise RuntimeError("a process of the pool was not begun")
    return _here(given)
