"""/v1, /healthz and /readyz."""

from __future__ import annotations

from importlib.metadata import version

from flask import Blueprint, Response, g, request

from byline_server import access_log
from byline_server.problem import Problem
from byline_server.schema import API
from byline_server.service import Service, answered
from byline_server.wire import model_answer, read_request, result_answer


def score_blueprint(service: Service) -> Blueprint:
    """The routes of our own API."""
    routes = Blueprint("v1", __name__)
    limit = service.settings.max_characters
    byline_version = version("byline")

    @routes.post("/v1/score")
    def score() -> Response:
        if request.mimetype != "application/json":
            raise Problem(
                415, "not_json", "send the request as JSON, with Content-Type: application/json"
            )
        service.admit()
        asked = read_request(service.guard.body(request), service.settings.max_texts)
        seen: dict[str, int] = {}
        for i, text in enumerate(asked.texts):
            if seen.setdefault(text.id, i) != i:
                raise Problem(
                    409, "duplicate_id", f"texts[{i}].id repeats that of texts[{seen[text.id]}]; "
                    "give each text an id of its own"
                )  # fmt: skip
        loaded = service.models.get(asked.model)
        kept = [text for text in asked.texts if len(text.text) <= limit]
        verdicts, windows = service.scoring.score(
            loaded, [text.text for text in kept], service.patience()
        )
        by_id = {text.id: verdict for text, verdict in zip(kept, verdicts, strict=True)}
        entry: access_log.Entry = g.entry
        entry.texts, entry.batch = len(kept), windows
        entry.words = sum(verdict.words for verdict in verdicts)
        detailed = asked.detail == "sentence"
        return answered(
            {
                "model": model_answer(loaded.detector.model),
                "results": [
                    result_answer(
                        text.id, text.text, by_id[text.id], detailed, asked.offset_encoding
                    )
                    if text.id in by_id
                    else _too_long(text.id, len(text.text), limit)
                    for text in asked.texts
                ],
            }
        )

    @routes.get("/v1/models")
    def models() -> Response:
        described = []
        for loaded in service.models.all().values():
            model = loaded.detector.model
            thresholds = model.spec.thresholds
            described.append({
                **model_answer(model),
                "window": model.spec.window,
                "metrics": model.spec.metrics,
                "thresholds": {
                    "human": thresholds.human,
                    "ai": thresholds.ai,
                    "sentence_human": thresholds.sentence_human,
                    "sentence_ai": thresholds.sentence_ai,
                },
            })  # fmt: skip
        return answered({"default": service.models.default, "models": described})

    @routes.get("/healthz")
    def health() -> Response:
        return answered({"status": "ok"})

    @routes.get("/readyz")
    def ready() -> Response:
        if service.draining.is_set():
            raise Problem(503, "stopping", "the server is stopping", 5)
        if not service.warm.is_set():
            raise Problem(503, "starting", "the server is starting; its log says where it can't", 1)
        return answered({"status": "ready", "version": byline_version, "api": API})

    return routes


def _too_long(id: str, length: int, limit: int) -> dict[str, object]:
    message = f"the text has {length:,} characters, and may have {limit:,}: send it in parts"
    return {"id": id, "error": {"code": "text_too_long", "message": message}}
