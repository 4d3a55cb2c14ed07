"""/v2: the endpoints. Errors are {"error": "..."}, as app.py words them for this path."""

from __future__ import annotations

import gzip
import time
import zlib
from importlib.metadata import version as version_of
from typing import Any

from flask import Blueprint, Response, g, request

from byline import ModelInvalid, ModelNotFound
from byline_server import access_log
from byline_server.problem import Problem
from byline_server.service import Service, answered
from byline_server.statistics import Statistics, Total
from byline_server.v2.configuration import configuration
from byline_server.v2.inference import read_inference, write_inference
from byline_server.v2.served import TEXT_MODEL, Served, TextModel, TokenModel
from byline_server.v2.tensors import bad
from byline_server.wire import read_json

_EXTENSIONS = (
    "classification", "model_repository", "model_configuration", "binary_tensor_data", "statistics",
)  # fmt: skip
_JSON_LENGTH = "Inference-Header-Content-Length"


class Catalogue:
    """What is served under the protocol, by name."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def all(self) -> dict[str, Served]:
        """Everything that is ready."""
        service = self._service
        found: dict[str, Served] = {
            name: TokenModel(loaded, service.scheduler)
            for name, loaded in service.models.all().items()
        }
        default = service.models.all().get(service.models.default)
        if default is not None:
            rows = default.detector.model.config.max_batch_size
            limit = service.settings.max_characters
            found[TEXT_MODEL] = TextModel(default, service.scoring, limit, rows)
        return found

    def get(self, name: str, version: str | None, status: int = 404) -> Served:
        """One of them.

        Raises:
            Problem: with `status`, where it isn't there in this version.
        """
        found = self.all()
        served = found.get(name)
        if served is None:
            raise Problem(
                status, "model_not_found", f"unknown model {name[:100]!r}; ready are: "
                f"{', '.join(found) or 'none'}"
            )  # fmt: skip
        if version is not None and version != served.version:
            raise Problem(
                status, "model_not_found", f"model {name!r} has no version {version[:20]!r}; ready "
                f"is: {served.version}"
            )  # fmt: skip
        return served


def v2_blueprint(service: Service) -> Blueprint:
    """The routes of the protocol."""
    routes = Blueprint("v2", __name__, url_prefix="/v2")
    catalogue = Catalogue(service)
    _health(routes, service, catalogue)
    _descriptions(routes, catalogue)
    _inference(routes, service, catalogue)
    _repository(routes, service, catalogue)
    return routes


def _of_model(routes: Blueprint, path: str, name: str, view: Any, method: str = "GET") -> None:
    """Serve a view with and without a version in the path."""
    for middle in ("", "/versions/<version>"):
        routes.add_url_rule(
            f"/models/<name>{middle}{path}", f"{name}{'_version' if middle else ''}", view,
            methods=[method], defaults={} if middle else {"version": None},
        )  # fmt: skip


def _health(routes: Blueprint, service: Service, catalogue: Catalogue) -> None:
    @routes.get("/health/live")
    def live() -> Response:
        return Response()

    @routes.get("/health/ready")
    def ready() -> Response:
        if service.draining.is_set() or not service.warm.is_set():
            raise Problem(503, "not_ready", "the server is starting or stopping", 1)
        return Response()

    def model_ready(name: str, version: str | None) -> Response:
        catalogue.get(name, version, 400)
        return Response()

    _of_model(routes, "/ready", "model_ready", model_ready)


def _descriptions(routes: Blueprint, catalogue: Catalogue) -> None:
    @routes.get("")
    def server() -> Response:
        return answered(
            {"name": "byline", "version": version_of("byline"), "extensions": list(_EXTENSIONS)}
        )

    def metadata(name: str, version: str | None) -> Response:
        served = catalogue.get(name, version)
        return answered({
            "name": name,
            "versions": [served.version],
            "platform": served.platform,
            "inputs": [tensor.described() for tensor in served.takes],
            "outputs": [tensor.described() for tensor in served.gives],
        })  # fmt: skip

    def config(name: str, version: str | None) -> Response:
        return answered(configuration(name, catalogue.get(name, version)))

    def stats(name: str, version: str | None) -> Response:
        served = catalogue.get(name, version, 400)
        return answered({"model_stats": [_statistics(name, served)]})

    @routes.get("/models/stats")
    def all_stats() -> Response:
        found = catalogue.all().items()
        return answered({"model_stats": [_statistics(name, served) for name, served in found]})

    _of_model(routes, "", "metadata", metadata)
    _of_model(routes, "/config", "config", config)
    _of_model(routes, "/stats", "stats", stats)


def _inference(routes: Blueprint, service: Service, catalogue: Catalogue) -> None:
    def infer(name: str, version: str | None) -> Response:
        service.admit()
        served = catalogue.get(name, version)
        began = time.perf_counter_ns()
        try:
            asked = read_inference(
                service.guard.body(request), request.headers.get(_JSON_LENGTH),
                served.takes, served.gives, served.most_rows,
            )  # fmt: skip
            tensors, windows, words = served.infer(asked.inputs, service.patience())
        except Exception:
            served.statistics.failed(time.perf_counter_ns() - began)
            raise
        entry: access_log.Entry = g.entry
        entry.texts, entry.words, entry.batch = asked.rows, words, windows
        body, json_length = write_inference(name, served.version, asked, tensors, served.labels)
        response = Response(body, mimetype="application/json")
        if json_length is not None:
            response.mimetype = "application/octet-stream"
            response.headers[_JSON_LENGTH] = str(json_length)
        return _compressed(response)

    _of_model(routes, "/infer", "infer", infer, "POST")


def _repository(routes: Blueprint, service: Service, catalogue: Catalogue) -> None:
    @routes.post("/repository/index")
    def index() -> Response:
        asked = _parameters(service)
        ready = catalogue.all()
        entries: list[dict[str, str]] = [
            {"name": name, "version": served.version, "state": "READY"}
            for name, served in ready.items()
        ]
        if asked.get("ready") is not True:
            entries += [
                {"name": name, "version": "", "state": "UNAVAILABLE", "reason": "not loaded"}
                for name in service.models.repository.names()
                if name not in ready
            ]
        return answered(entries)

    @routes.post("/repository/models/<name>/load")
    def load(name: str) -> Response:
        _controlled(service)
        service.admit()
        if _parameters(service).get("parameters"):
            raise bad("a model is loaded as it is in the repository: parameters are not taken")
        try:
            service.models.load(name)
        except ModelNotFound as error:
            raise Problem(404, "model_not_found", str(error)) from error
        except ModelInvalid as error:
            raise bad(f"the model can't be loaded: {error}") from error
        return Response()

    @routes.post("/repository/models/<name>/unload")
    def unload(name: str) -> Response:
        _controlled(service)
        try:
            service.models.unload(name)
        except ModelNotFound as error:
            raise Problem(404, "model_not_found", str(error)) from error
        return Response()


def _controlled(service: Service) -> None:
    if service.settings.model_control != "explicit":
        raise Problem(
            503, "model_control_off", "models are not loaded or unloaded over HTTP here; start the "
            "server with --model-control explicit"
        )  # fmt: skip


def _parameters(service: Service) -> dict[str, Any]:
    body = service.guard.body(request)
    values = read_json(body) if body else {}
    if not isinstance(values, dict):
        raise bad("the body must be a JSON object, or empty")
    return values


def _statistics(name: str, served: Served) -> dict[str, Any]:
    kept: Statistics = served.statistics
    with kept.lock:
        return {
            "name": name,
            "version": served.version,
            "last_inference": kept.last,
            "inference_count": kept.inferences,
            "execution_count": kept.executions,
            "inference_stats": {
                "success": _total(kept.success),
                "fail": _total(kept.fail),
                "queue": _total(kept.queue),
                "compute_input": _total(kept.prepare),
                "compute_infer": _total(kept.run),
                "compute_output": _total(kept.finish),
                "cache_hit": _total(Total()),
                "cache_miss": _total(Total()),
            },
            "batch_stats": [],
        }


def _total(total: Total) -> dict[str, int]:
    return {"count": total.count, "ns": total.ns}


def _compressed(response: Response) -> Response:
    """Compress an answer for a client that asked for it."""
    accepted = request.accept_encodings
    body = response.get_data()
    if accepted["gzip"]:
        response.set_data(gzip.compress(body, compresslevel=1))
        response.headers["Content-Encoding"] = "gzip"
    elif accepted["deflate"]:
        response.set_data(zlib.compress(body, level=1))
        response.headers["Content-Encoding"] = "deflate"
    return response
