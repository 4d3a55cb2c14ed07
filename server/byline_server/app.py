"""The Flask application: guard first, then a blueprint, then one log line."""

from __future__ import annotations

import logging
import time
from http import HTTPStatus

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from byline_server import access_log
from byline_server.guard import protect
from byline_server.metrics import metrics_blueprint
from byline_server.openapi import openapi_blueprint
from byline_server.page import page_blueprint
from byline_server.problem import Problem, error_body, under_v2
from byline_server.scheduler import ClientGone, DeadlinePassed, QueueFull
from byline_server.score import score_blueprint
from byline_server.service import Service, answered
from byline_server.v2.routes import v2_blueprint

_log = logging.getLogger(__name__)

_ADVICE = {
    404: "there is nothing here; GET /openapi.json lists what there is",
    405: "this path knows other methods: see the header Allow",
}


def create_app(service: Service) -> Flask:
    """Make the application.

    Args:
        service: the running parts.
    """
    app = Flask(__name__)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False  # a preflight must not succeed
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.register_blueprint(score_blueprint(service))
    app.register_blueprint(v2_blueprint(service))
    app.register_blueprint(openapi_blueprint(service))
    app.register_blueprint(metrics_blueprint(service.metrics))
    app.register_blueprint(page_blueprint())

    @app.before_request
    def arrive() -> None:
        g.began = time.monotonic()
        g.entry = access_log.Entry(access_log.method_of(request.method), "-", 0, 0.0)
        service.guard.check(request)

    @app.after_request
    def leave(response: Response) -> Response:
        protect(response)
        entry: access_log.Entry = g.entry
        if request.url_rule is not None:
            entry.path = request.url_rule.rule
        entry.status = response.status_code
        entry.ms = round(1000 * (time.monotonic() - g.began), 2)
        access_log.record(entry)
        service.metrics.record(entry)
        return response

    @app.errorhandler(Exception)
    def fail(error: Exception) -> Response:
        return _answer_to(_problem_of(error))

    return app


def _answer_to(problem: Problem) -> Response:
    path = request.path
    status = problem.status
    if status == 429 and under_v2(path):
        status = 503  # as Triton says it
    response = answered(error_body(path, problem.code, problem.message), status)
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    if status == 401:
        # Browsers ask the user for a password, which is the token, where a page is opened. Programs
        # take */*.
        page = "text/html" in request.headers.get("Accept", "") and request.method == "GET"
        response.headers["WWW-Authenticate"] = f'{"Basic" if page else "Bearer"} realm="Byline"'
    if problem.allow:
        response.headers["Allow"] = problem.allow
    return response


def _problem_of(error: Exception) -> Problem:
    """Every exception as the one that handlers raise on purpose."""
    match error:
        case Problem():
            return error
        case QueueFull():
            return Problem(
                429, "queue_full", f"{error.waiting} windows of text wait already; try again "
                f"in {error.retry_after} s, or send less at once", error.retry_after,
            )  # fmt: skip
        case DeadlinePassed():
            return Problem(
                503, "deadline_passed", "the request took longer than the server allows; send "
                "less at once, or try again when it has less to do", 1,
            )  # fmt: skip
        case ClientGone():
            return Problem(503, "client_gone", "the client hung up")
        case HTTPException(code=int(code)):
            name = HTTPStatus(code).phrase.lower()
            allow = error.get_response().headers.get("Allow", "")
            return Problem(
                code, name.replace(" ", "_").replace("-", "_"), _ADVICE.get(code, name), allow=allow
            )
    _log.error("a request failed", exc_info=error)
    return Problem(500, "internal_error", "the server failed; its log says more")
