"""What was done with a model, as Triton counts it: for /v2/models/stats and for /metrics."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Total:
    """How often something was done, and how long it took in all."""

    count: int = 0
    ns: int = 0

    def add(self, ns: int) -> None:
        """Count it."""
        self.count += 1
        self.ns += ns


@dataclass(slots=True)
class Statistics:
    """Totals of one model since it was loaded; times in nanoseconds, per request.

    Attributes:
        inferences: texts or rows.
        executions: runs of the graph.
        last: milliseconds since 1970 of the last request, 0 before the first.
        success, fail: whole requests.
        prepare: from the text or tensor to the model's windows.
        queue: until the first of them was begun.
        run: from then until the last was done.
        finish: from its logits to the answer.
    """

    inferences: int = 0
    executions: int = 0
    last: int = 0
    success: Total = field(default_factory=Total)
    fail: Total = field(default_factory=Total)
    queue: Total = field(default_factory=Total)
    prepare: Total = field(default_factory=Total)
    run: Total = field(default_factory=Total)
    finish: Total = field(default_factory=Total)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def succeeded(
        self, inferences: int, executions: int, total: int, queue: int, prepare: int, run: int,
        finish: int,
    ) -> None:  # fmt: skip
        """Count a request that was answered."""
        with self.lock:
            self.inferences += inferences
            self.executions += executions
            self.last = time.time_ns() // 1_000_000
            self.success.add(total)
            self.queue.add(queue)
            self.prepare.add(prepare)
            self.run.add(run)
            self.finish.add(finish)

    def failed(self, total: int) -> None:
        """Count a request that was not."""
        with self.lock:
            self.last = time.time_ns() // 1_000_000
            self.fail.add(total)
