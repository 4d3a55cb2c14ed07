"""/openapi.json, made from the models that validate the requests, and the page that shows it."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from flask import Blueprint, Response, render_template
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from byline_server import schema
from byline_server.guard import OPEN_PATHS
from byline_server.service import Service, answered

_REFERENCE = "#/components/schemas/{model}"
_WRONG = {
    400: "The body is no JSON, or not compressed as it says.",
    401: "The server wants its token.",
    403: "The name this server was called by, or the page that called it, is not allowed.",
    404: "No such model is loaded.",
    405: "The path knows other methods.",
    409: "Two texts have the same id.",
    413: "Too much at once.",
    415: "The body is of another type.",
    422: "A field is missing, unknown or of the wrong type, or there are too many texts.",
    429: "Too many wait already; try again after `Retry-After`.",
    500: "A fault of the server.",
    503: "Not ready, or not done in time; try again after `Retry-After`.",
}
_PLAIN = {
    "/metrics": ("Counters and times for Prometheus", "text/plain"),
    "/openapi.json": ("This description", "application/json"),
}


def describe(max_texts: int, with_token: bool) -> dict[str, Any]:
    """The description of /v1 as OpenAPI 3.1.

    Args:
        max_texts: most texts in a request.
        with_token: whether a token is needed.
    """
    answers: list[type[BaseModel]] = [
        schema.ScoreAnswer, schema.ModelsAnswer, schema.Health, schema.Ready, schema.ErrorAnswer,
    ]  # fmt: skip
    _, definitions = models_json_schema(
        [(schema.ScoreRequest, "validation"), *((model, "serialization") for model in answers)],
        ref_template=_REFERENCE,
    )
    schemas = definitions["$defs"]
    schemas["ScoreRequest"]["properties"]["texts"]["maxItems"] = max_texts
    score = _operation("score", "Score texts", schema.ScoreAnswer, (400, 404, 409, 413, 415, 422,
                       429, 503))  # fmt: skip
    score["requestBody"] = {
        "required": True,
        "content": {"application/json": {"schema": _reference(schema.ScoreRequest)}},
    }
    paths = {
        "/v1/score": {"post": score},
        "/v1/models": {"get": _operation("models", "The models that are loaded",
                                         schema.ModelsAnswer)},
        "/healthz": {"get": _operation("health", "Whether the process lives", schema.Health)},
        "/readyz": {"get": _operation("ready", "Whether it takes requests", schema.Ready, (503,))},
    }  # fmt: skip
    for path, (summary, kind) in _PLAIN.items():
        operation = _operation(path.strip("/").partition(".")[0], summary, None)
        operation["responses"]["200"] = {"description": summary, "content": {kind: {}}}
        paths[path] = {"get": operation}
    description: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Byline",
            "version": version("byline"),
            "description": "How likely texts were written by a language model, and where. The Open "
            "Inference Protocol under /v2 has a description of its own: "
            "https://github.com/kserve/open-inference-protocol",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": schemas},
    }
    if with_token:
        description["components"]["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer"}
        }
        description["security"] = [{"token": []}]
        for path in OPEN_PATHS:
            paths[path]["get"]["security"] = []
    for path, methods in paths.items():
        if not with_token or path in OPEN_PATHS:
            for operation in methods.values():
                del operation["responses"]["401"]
    return description


def openapi_blueprint(service: Service) -> Blueprint:
    """The routes of the description."""
    routes = Blueprint("openapi", __name__)
    settings = service.settings
    description = describe(settings.max_texts, bool(settings.token))

    @routes.get("/openapi.json")
    def document() -> Response:
        return answered(description)

    @routes.get("/docs")
    def page() -> str:
        return render_template("docs.html", api=description)

    return routes


def _operation(
    name: str, summary: str, answer: type[BaseModel] | None, wrong: tuple[int, ...] = ()
) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    if answer is not None:
        responses["200"] = {"description": summary, "content": _json(answer)}
    for status in sorted({*wrong, 401, 403, 405, 500}):
        responses[str(status)] = {
            "description": _WRONG[status],
            "content": _json(schema.ErrorAnswer),
        }
        if status in (429, 503):
            responses[str(status)]["headers"] = {
                "Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}
            }
    return {"operationId": name, "summary": summary, "responses": responses}


def _json(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": _reference(model)}}


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(model=model.__name__)}
