"""The queue before the workers: turns, bounds, deadlines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from byline_server.scheduler import (
    TURN,
    ClientGone,
    DeadlinePassed,
    Patience,
    QueueFull,
    Scheduler,
    Ticket,
)

pytestmark = pytest.mark.unit


def here() -> bool:
    return False


def patient() -> Patience:
    return Patience(time.monotonic() + 30, here)


class Gate:
    """Jobs that wait until they are let through, and note their order."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.order: list[str] = []

    def job(self, name: str) -> str:
        assert self.open.wait(30)
        self.order.append(name)
        return name

    def jobs(self, name: str, count: int) -> list[Callable[[], str]]:
        return [partial(self.job, f"{name}{i}") for i in range(count)]


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


def asked(call: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    return thread


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_results_are_in_the_order_of_the_jobs() -> None:
    scheduler = Scheduler(workers=3, capacity=100)
    ticket = scheduler.run([partial(pow, i, 2) for i in range(50)], patient())
    assert ticket.results == [i * i for i in range(50)]
    assert ticket.run_ns > 0
    assert scheduler.run([], patient()).results == []
    scheduler.close()


def test_a_large_request_does_not_starve_small_ones(gate: Gate) -> None:
    scheduler = Scheduler(workers=1, capacity=100)
    first = asked(lambda: scheduler.run(gate.jobs("large", 20), patient()))
    until(lambda: scheduler.waiting == 19)
    a = asked(lambda: scheduler.run(gate.jobs("a", 2), patient()))
    until(lambda: scheduler.waiting == 21)
    b = asked(lambda: scheduler.run(gate.jobs("b", 2), patient()))
    until(lambda: scheduler.waiting == 23)
    gate.open.set()
    for thread in (first, a, b):
        thread.join(10)
    first_turn = [f"large{i}" for i in range(TURN)]
    assert gate.order[: TURN + 4] == [*first_turn, "a0", "a1", "b0", "b1"]
    assert len(gate.order) == 24
    scheduler.close()


def test_a_full_queue_refuses_with_a_time(gate: Gate) -> None:
    scheduler = Scheduler(workers=1, capacity=4)
    threads = [asked(lambda: scheduler.run(gate.jobs("a", 4), patient()))]
    until(lambda: scheduler.waiting == 3)
    with pytest.raises(QueueFull) as raised:
        scheduler.run(gate.jobs("b", 2), patient())
    assert raised.value.waiting == 3
    assert raised.value.retry_after >= 1
    threads.append(asked(lambda: scheduler.run(gate.jobs("c", 1), patient())))
    until(lambda: scheduler.waiting == 4)
    with pytest.raises(QueueFull):
        scheduler.run(gate.jobs("d", 1), patient())
    gate.open.set()
    for thread in threads:
        thread.join(10)
    assert "b0" not in gate.order
    assert "c0" in gate.order
    scheduler.close()


def test_a_request_larger_than_the_queue_is_served_when_nothing_waits() -> None:
    scheduler = Scheduler(workers=2, capacity=4)
    ticket = scheduler.run([partial(str, i) for i in range(100)], patient())
    assert len(ticket.results) == 100
    scheduler.close()


@pytest.mark.parametrize(
    ("error", "deadline", "gone"),
    [(DeadlinePassed, 0.1, here), (ClientGone, 30.0, lambda: True)],
)
def test_what_nobody_waits_for_is_dropped(
    gate: Gate, error: type[Exception], deadline: float, gone: Callable[[], bool]
) -> None:
    scheduler = Scheduler(workers=1, capacity=100)
    blocker = asked(lambda: scheduler.run(gate.jobs("blocker", 1), patient()))
    until(lambda: scheduler.running == 1)
    with pytest.raises(error):
        scheduler.run(gate.jobs("dropped", 50), Patience(time.monotonic() + deadline, gone))
    assert scheduler.waiting == 0
    gate.open.set()
    blocker.join(10)
    assert scheduler.run(gate.jobs("next", 1), patient()).results == ["next0"]
    assert gate.order == ["blocker0", "next0"]
    scheduler.close()


def test_what_a_job_raises_reaches_its_request_alone() -> None:
    scheduler = Scheduler(workers=1, capacity=10)
    ticket = scheduler.run([partial(int, "no number"), partial(int, "1")], patient())
    with pytest.raises(ValueError, match="no number"):
        _ = ticket.results
    assert scheduler.run([partial(int, "2")], patient()).results == [2]
    scheduler.close()


def test_closing_gives_up_what_waits_and_ends_what_runs(gate: Gate) -> None:
    scheduler = Scheduler(workers=2, capacity=10)
    tickets: list[Ticket[str]] = []
    thread = asked(lambda: tickets.append(scheduler.run(gate.jobs("a", 6), patient())))
    until(lambda: scheduler.waiting == 4)
    closing = asked(scheduler.close)
    thread.join(10)
    with pytest.raises(DeadlinePassed):
        _ = tickets[0].results
    assert closing.is_alive()
    gate.open.set()
    closing.join(10)
    assert not closing.is_alive()
    assert sorted(gate.order) == ["a0", "a1"]


def test_jobs_run_while_others_are_added(gate: Gate) -> None:
    scheduler = Scheduler(workers=1, capacity=10)
    ticket: Ticket[int] = Ticket(6)
    with scheduler.admitted(ticket):
        assert scheduler.waiting == 6  # room is kept before there are jobs
        scheduler.add(ticket, [partial(int, "1"), partial(int, "2")])
        until(lambda: ticket.left == 0)
        assert not ticket.done.is_set()
        assert scheduler.waiting == 4
        with pytest.raises(QueueFull):
            scheduler.run(gate.jobs("a", 7), patient())
        scheduler.add(ticket, [partial(int, "3")])
        scheduler.wait(ticket, patient())
    assert ticket.results == [1, 2, 3]
    assert scheduler.waiting == 0
    scheduler.close()


def test_room_that_no_job_needed_is_free_while_the_jobs_run(gate: Gate) -> None:
    scheduler = Scheduler(workers=1, capacity=6)
    ticket: Ticket[str] = Ticket(6)

    def ask() -> None:
        with scheduler.admitted(ticket):
            scheduler.add(ticket, gate.jobs("a", 2))
            scheduler.wait(ticket, patient())

    threads = [asked(ask)]
    until(lambda: ticket.complete and scheduler.running == 1)
    assert scheduler.waiting == 1
    threads.append(asked(lambda: scheduler.run(gate.jobs("b", 5), patient())))
    until(lambda: scheduler.waiting == 6)
    gate.open.set()
    for thread in threads:
        thread.join(10)
    assert len(gate.order) == 7
    assert scheduler.waiting == 0
    scheduler.close()


def test_what_fails_while_it_adds_leaves_nothing(gate: Gate) -> None:
    scheduler = Scheduler(workers=1, capacity=10)
    blocker = asked(lambda: scheduler.run(gate.jobs("blocker", 1), patient()))
    until(lambda: scheduler.running == 1)

    def fail() -> None:
        ticket: Ticket[str] = Ticket(5)
        with scheduler.admitted(ticket):
            scheduler.add(ticket, gate.jobs("lost", 8))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert scheduler.waiting == 0
    gate.open.set()
    blocker.join(10)
    assert gate.order == ["blocker0"]
    scheduler.close()
