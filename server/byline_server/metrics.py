"""/metrics for Prometheus: our own counters, and Triton's names where the meaning is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flask import Blueprint, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from byline_server.access_log import Entry
from byline_server.cache import Cache
from byline_server.models import Models
from byline_server.scheduler import Scheduler
from byline_server.statistics import Statistics
from byline_server.v2.served import TEXT_MODEL

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

# Triton's counters, which lack the ending `_total` that Prometheus asks of counters.
_OF_MODELS: dict[str, tuple[str, Callable[[Statistics], float]]] = {
    "nv_inference_request_success": ("Requests that were answered", lambda s: s.success.count),
    "nv_inference_request_failure": ("Requests that failed", lambda s: s.fail.count),
    "nv_inference_count": ("Texts or rows", lambda s: s.inferences),
    "nv_inference_exec_count": ("Runs of the graph", lambda s: s.executions),
    "nv_inference_request_duration_us": ("Requests, µs", lambda s: s.success.ns / 1000),
    "nv_inference_queue_duration_us": ("Waiting for a worker, µs", lambda s: s.queue.ns / 1000),
    "nv_inference_compute_input_duration_us": ("Cutting texts, µs", lambda s: s.prepare.ns / 1000),
    "nv_inference_compute_infer_duration_us": ("In the graph, µs", lambda s: s.run.ns / 1000),
    "nv_inference_compute_output_duration_us": ("After it, µs", lambda s: s.finish.ns / 1000),
}


class Metrics:
    """Counts requests, and reads the rest off the parts of the server when asked."""

    def __init__(self, models: Models, scheduler: Scheduler, cache: Cache) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "byline_http_requests", "Requests", ("method", "path", "status"),
            registry=self.registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "byline_http_request_seconds", "Time of requests", ("path",), buckets=_SECONDS,
            registry=self.registry,
        )  # fmt: skip
        self._words = Counter("byline_words", "Words in scored texts", registry=self.registry)
        self.registry.register(_Parts(models, scheduler, cache))

    def record(self, entry: Entry) -> None:
        """Count a request."""
        self._requests.labels(entry.method, entry.path, str(entry.status)).inc()
        self._seconds.labels(entry.path).observe(entry.ms / 1000)
        self._words.inc(entry.words)


class _Parts(Collector):
    def __init__(self, models: Models, scheduler: Scheduler, cache: Cache) -> None:
        self._models = models
        self._scheduler = scheduler
        self._cache = cache

    def collect(self) -> Iterator[Metric]:
        scheduler, cache = self._scheduler, self._cache
        for name, text, value in (
            ("byline_queue_windows", "Windows that wait", scheduler.waiting),
            ("byline_queue_capacity_windows", "Windows that may wait", scheduler.capacity),
            ("byline_running_windows", "Windows that run", scheduler.running),
            ("byline_workers", "Windows that may run at once", scheduler.workers),
            ("byline_cache_entries", "Results remembered", len(cache)),
            ("byline_cache_bytes", "Memory they take, about", cache.bytes),
        ):
            yield GaugeMetricFamily(name, text, value)
        yield CounterMetricFamily("byline_cache_hits", "Results found", cache.hits)
        yield CounterMetricFamily("byline_cache_misses", "Results not found", cache.misses)
        statistics = {
            (name, str(loaded.detector.model.version)): loaded.statistics
            for name, loaded in self._models.all().items()
        }
        if (default := self._models.all().get(self._models.default)) is not None:
            statistics[TEXT_MODEL, "1"] = default.text_statistics
        for name, (text, read) in _OF_MODELS.items():
            metric = Metric(name, text, "unknown")
            for (model, version), kept in statistics.items():
                metric.add_sample(name, {"model": model, "version": version}, read(kept))
            yield metric
        pending = GaugeMetricFamily(
            "nv_inference_pending_request_count", "Windows that wait", labels=("model",)
        )
        pending.add_metric([TEXT_MODEL], scheduler.waiting)
        yield pending


def metrics_blueprint(metrics: Metrics) -> Blueprint:
    """The route."""
    routes = Blueprint("metrics", __name__)

    @routes.get("/metrics")
    def read() -> Response:
        return Response(generate_latest(metrics.registry), content_type=CONTENT_TYPE_LATEST)

    return routes
