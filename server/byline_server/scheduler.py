"""The bounded queue in front of the model: fair between requests, a few threads at work."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
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


class Ticket(Generic[T]):
    """The jobs of one request.

    Attributes:
        results: in the order of the jobs, once they are done.
        queue_ns: nanoseconds until the first of them began.
        run_ns: nanoseconds from then until the last was done.
    """

    def __init__(self, jobs: Sequence[Callable[[], T]]) -> None:
        self.waiting = deque(enumerate(jobs))
        self.left = len(jobs)
        self.submitted_ns = time.perf_counter_ns()
        self.queue_ns = self.run_ns = 0
        self.done = threading.Event()
        self.error: Exception | None = None
        self._results: list[T | None] = [None] * len(jobs)

    @property
    def results(self) -> list[T]:
        """One for each job.

        Raises:
            Exception: what a job raised.
        """
        if self.error is not None:
            raise self.error
        return [result for result in self._results if result is not None]

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

    def check(self) -> None:
        """Refuse at once while the queue is full, before any work was put into a request.

        Raises:
            QueueFull: it is.
        """
        if self.waiting >= self.capacity:
            raise self._full()

    def run(
        self, jobs: Sequence[Callable[[], T]], deadline: float, gone: Callable[[], bool]
    ) -> Ticket[T]:
        """Run jobs in turn with those of other requests, and wait for the last.

        Args:
            jobs: each run once, by any thread.
            deadline: in `time.monotonic()` seconds.
            gone: says whether the client has hung up.

        Returns:
            The ticket, with its results.

        Raises:
            QueueFull: nothing of it was begun.
            DeadlinePassed, ClientGone: the rest of it was dropped.
        """
        ticket = Ticket(jobs)
        if not jobs:
            return ticket
        with self._changed:
            if self.waiting and self.waiting + len(jobs) > self.capacity:
                raise self._full()
            self._turns.append(ticket)  # type: ignore[arg-type]  # results are only passed on
            self.waiting += len(jobs)
            self._changed.notify(min(len(jobs), self.workers))
        while not ticket.done.wait(max(0.0, min(_LOOK_AROUND, deadline - time.monotonic()))):
            if gone():
                self._drop(ticket)
                raise ClientGone
            if time.monotonic() >= deadline:
                self._drop(ticket)
                raise DeadlinePassed
        return ticket

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

    def _drop(self, ticket: Ticket[T]) -> None:
        with self._changed:
            self.waiting -= len(ticket.waiting)
            if ticket.waiting:
                self._turns.remove(ticket)  # type: ignore[arg-type]
            ticket.waiting.clear()

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
                if not ticket.left:
                    ticket.done.set()
