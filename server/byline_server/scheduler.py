"""The bounded queue in front of the model: fair between requests, a few threads at work."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

TURN = 8
"""Jobs of a request that are begun before another request has its turn. In turns of one, a page of
several windows would be done last of all; in turns of many, a small request would wait long."""

_LOOK_AROUND = 0.25
"""Seconds between looks whether a waiting request's client is still there."""


class QueueFull(Exception):
    """There is no room; `retry_after` says in how many seconds there may be."""

    def __init__(self, waiting: int, retry_after: int) -> None:
        super().__init__(f"{waiting} windows are waiting")
        self.waiting = waiting
        self.retry_after = retry_after


class DeadlinePassed(Exception):
    """The work was not done in time; what was left of it was dropped."""


class ClientGone(Exception):
    """Nobody waits for the answer; what was left of the work was dropped."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request is worked on.

    Attributes:
        deadline: in `time.monotonic()` seconds.
        gone: says, from any thread, whether its client has hung up.
    """

    deadline: float
    gone: Callable[[], bool]

    def check(self) -> None:
        """Look.

        Raises:
            ClientGone, DeadlinePassed: it has an end.
        """
        if self.gone():
            raise ClientGone
        if time.monotonic() >= self.deadline:
            raise DeadlinePassed


class Ticket(Generic[T]):
    """The jobs of one request.

    Attributes:
        reserved: room in the queue that its jobs have not taken up yet; about as many as will come.
        results: in the order of the jobs, once they are done.
        queue_ns: nanoseconds until the first of them began.
        run_ns: nanoseconds from then until the last was done.
    """

    def __init__(self, reserved: int) -> None:
        self.reserved = reserved
        self.waiting: deque[tuple[int, Callable[[], T]]] = deque()
        self.left = 0
        self.complete = False
        self.submitted_ns = self.queue_ns = self.run_ns = 0
        self.done = threading.Event()
        self.error: Exception | None = None
        self._results: list[T | None] = []

    @property
    def results(self) -> list[T]:
        """One for each job.

        Raises:
            Exception: what a job raised.
        """
        if self.error is not None:
            raise self.error
        return self.finished

    @property
    def finished(self) -> list[T]:
        """Those of the first jobs, up to one that isn't done."""
        found: list[T] = []
        for result in self._results:
            if result is None:
                break
            found.append(result)
        return found

    def take(self, jobs: Sequence[Callable[[], T]]) -> None:
        """Put further jobs behind those that wait."""
        if not self._results:
            self.submitted_ns = time.perf_counter_ns()
        self.waiting.extend(enumerate(jobs, len(self._results)))
        self._results += [None] * len(jobs)
        self.left += len(jobs)

    def keep(self, index: int, result: T) -> None:
        """Note the result of a job; each index is written once, by one thread."""
        self._results[index] = result


class Scheduler:
    """Worker threads over a queue of jobs.

    Requests take turns of `TURN` jobs: a large one doesn't starve small ones. The capacity bounds
    the jobs that wait. A request larger than the whole queue is taken when nothing waits, since it
    would otherwise never be; what is held in memory stays bounded by the largest request.
    """

    def __init__(self, workers: int, capacity: int) -> None:
        """Start the threads.

        Args:
            workers: jobs run at once.
            capacity: jobs that may wait.
        """
        self.workers = workers
        self.capacity = capacity
        self.waiting = 0
        self.running = 0
        self._job_seconds = 0.01  # moving average, for Retry-After
        self._turns: deque[Ticket[object]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"worker-{i}", daemon=True)
            for i in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def run(self, jobs: Sequence[Callable[[], T]], patience: Patience) -> Ticket[T]:
        """Run jobs in turn with those of other requests, and wait for the last.

        Args:
            jobs: each run once, by any thread.
            patience: how long.

        Returns:
            The ticket, with its results.

        Raises:
            QueueFull: nothing of it was begun.
            DeadlinePassed, ClientGone: the rest of it was dropped.
        """
        ticket: Ticket[T] = Ticket(len(jobs))
        with self.admitted(ticket):
            self.add(ticket, jobs)
            self.wait(ticket, patience)
        return ticket

    @contextmanager
    def admitted(self, ticket: Ticket[T]) -> Iterator[None]:
        """Let a ticket in; jobs can be added to it while the first of them run.

        On leaving, what is left of its room, and what was not begun, is dropped.

        Raises:
            QueueFull: there is no room.
        """
        with self._changed:
            if self.waiting and self.waiting + ticket.reserved > self.capacity:
                raise self._full()
            self.waiting += ticket.reserved
        try:
            yield
        finally:
            with self._changed:
                if ticket.waiting:
                    self._turns.remove(ticket)  # type: ignore[arg-type]
                self.waiting -= len(ticket.waiting) + ticket.reserved
                ticket.waiting.clear()

    def add(self, ticket: Ticket[T], jobs: Sequence[Callable[[], T]]) -> None:
        """Add jobs to a ticket."""
        with self._changed:
            if jobs and not ticket.waiting:
                self._turns.append(ticket)  # type: ignore[arg-type]  # results are only passed on
            ticket.take(jobs)
            used = min(ticket.reserved, len(jobs))
            ticket.reserved -= used
            self.waiting += len(jobs) - used
            self._changed.notify(min(len(jobs), self.workers))

    def wait(self, ticket: Ticket[T], patience: Patience) -> None:
        """Wait for the last job of a ticket, to which none is added any more.

        What its jobs did not need of its room is free for others.

        Raises:
            DeadlinePassed, ClientGone: it took too long.
        """
        with self._changed:
            ticket.complete = True
            self.waiting -= ticket.reserved
            ticket.reserved = 0
            if not ticket.left:
                ticket.done.set()
        while not ticket.done.wait(
            max(0.0, min(_LOOK_AROUND, patience.deadline - time.monotonic()))
        ):
            patience.check()

    def close(self) -> None:
        """Give up what waits, and stop the threads once what runs is done.

        A thread that is inside the model while Python ends would take the process down.
        """
        with self._changed:
            self._closed = True
            self.waiting = 0
            for ticket in self._turns:
                ticket.waiting.clear()
                ticket.error = DeadlinePassed()
                ticket.done.set()
            self._turns.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _full(self) -> QueueFull:
        seconds = self.waiting * self._job_seconds / self.workers
        return QueueFull(self.waiting, max(1, min(60, round(seconds))))

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._turns:
                    if self._closed:
                        return
                    self._changed.wait()
                ticket = self._turns[0]
                index, job = ticket.waiting.popleft()
                if not ticket.waiting:
                    self._turns.popleft()
                elif (index + 1) % TURN == 0:
                    self._turns.rotate(-1)
                self.waiting -= 1
                self.running += 1
                began = time.perf_counter_ns()
                if not index:
                    ticket.queue_ns = began - ticket.submitted_ns
            error: Exception | None = None
            try:
                ticket.keep(index, job())
            except Exception as raised:  # handed to the request that asked
                error = raised
            spent = time.perf_counter_ns() - began
            with self._changed:
                self.running -= 1
                self._job_seconds += 0.05 * (spent / 1e9 - self._job_seconds)
                ticket.run_ns = began + spent - ticket.submitted_ns - ticket.queue_ns
                ticket.error = ticket.error or error
                ticket.left -= 1
                if ticket.complete and not ticket.left:
                    ticket.done.set()
