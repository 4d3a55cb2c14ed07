"""What the handlers share: made once, where the server starts."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import Any

import numpy as np
from flask import Response, g, request

from byline.types import Window
from byline_server.cache import Cache
from byline_server.channel import OVERFLOW
from byline_server.guard import Guard
from byline_server.metrics import Metrics
from byline_server.models import Models
from byline_server.problem import Problem
from byline_server.scheduler import Patience, QueueFull, Scheduler
from byline_server.scoring import Scoring
from byline_server.settings import Settings
from byline_server.wire import dumps

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of the running server.

    Attributes:
        warm: set once the model has run; the server isn't ready before.
        draining: set once the server was told to stop.
    """

    settings: Settings
    models: Models
    scheduler: Scheduler
    cache: Cache
    guard: Guard
    scoring: Scoring
    metrics: Metrics
    warm: Event = field(default_factory=Event)
    draining: Event = field(default_factory=Event)

    def admit(self) -> None:
        """Refuse a request that would have to wait for a thread.

        Raises:
            Problem: all threads are busy.
        """
        if request.environ.get(OVERFLOW):
            raise Problem(429, "too_many_requests", "too many requests at once; try again later", 1)

    def patience(self) -> Patience:
        """How long the current request is worked on."""
        gone = request.environ.get("waitress.client_disconnected", lambda: False)
        return Patience(g.began + self.settings.deadline, gone)


def answered(values: Any, status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(dumps(values), status, mimetype="application/json")


def started(settings: Settings, draining: Event) -> Service:
    """Load the models and start the workers.

    Raises:
        ModelNotFound, ModelInvalid: a model can't be loaded.
    """
    models = Models(settings.model_repository, settings.model)
    scheduler = Scheduler(settings.worker_count, settings.queue)
    cache = Cache(settings.cache_entries, settings.cache_mb * 1_000_000)
    return Service(
        settings, models, scheduler, cache, Guard(settings), Scoring(scheduler, cache),
        Metrics(models, scheduler, cache), draining=draining,
    )  # fmt: skip


def warm_up(service: Service) -> None:
    """Run every model on as many full windows as there are workers, then call the server ready.

    A model that can't run leaves it as it is; the log says why.
    """
    for name, loaded in service.models.all().items():
        ids = np.zeros(loaded.detector.model.spec.window, dtype=np.int64)
        window = Window(ids, np.full(len(ids), -1, dtype=np.int32))
        jobs = [partial(loaded.detector.session.run, window)] * service.scheduler.workers
        while True:
            try:
                patience = Patience(time.monotonic() + 3600, lambda: False)
                ticket = service.scheduler.run(jobs, patience)
                break
            except QueueFull:  # the port has been open for a moment
                time.sleep(0.1)
        if ticket.error is not None:
            if not service.draining.is_set():  # else it was dropped
                _log.error("%s can't run: the server is not ready", name, exc_info=ticket.error)
            return
    service.warm.set()
