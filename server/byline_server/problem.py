"""What the server answers when it can't do what was asked: one exception, one JSON shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(eq=False)
class Problem(Exception):
    """Ends a request with an error.

    Attributes:
        status: of HTTP.
        code: for programs; snake_case, stable.
        message: for people; what was seen and what to do. Never a piece of a user's text.
        retry_after: seconds after which to try again, where that makes sense.
        allow: methods allowed, where another was used.
    """

    status: int
    code: str
    message: str
    retry_after: int | None = None
    allow: str = ""


def under_v2(path: str) -> bool:
    """Whether a path is the Open Inference Protocol's."""
    return path == "/v2" or path.startswith("/v2/")


def error_body(path: str, code: str, message: str) -> dict[str, Any]:
    """The body of an error: our own shape, or under /v2 the Open Inference Protocol's.

    `{"error": {"code": "queue_full", "message": "..."}}`; `{"error": "..."}`.
    """
    if under_v2(path):
        return {"error": message}
    return {"error": {"code": code, "message": message}}
