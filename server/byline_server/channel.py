"""A connection of waitress, with errors in our shape and an end to whatever has none.

waitress reads requests in one thread without blocking, so a slow client costs a connection and no
thread, and hands complete ones to a pool.
"""

from __future__ import annotations

import json
import time
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import BadRequest, RequestEntityTooLarge

from byline_server import access_log
from byline_server.guard import HEADERS, too_large
from byline_server.problem import error_body

OVERFLOW = "byline.overflow"
"""In a request's WSGI environment: whether all threads were busy when it came."""

_DISCARDED_AT_MOST = 8
"""How many times the largest body of a request that is too large is read and thrown away."""

_AHEAD_AT_MOST = 16
"""Requests that a client may send ahead of an answer; their answers are held until it reads."""


class _Void:
    """Takes the bytes of a body that nobody will read."""

    def append(self, data: bytes) -> None:
        pass

    def __len__(self) -> int:
        return 0

    def close(self) -> None:
        pass


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Refuses what waitress trips over; reads too large a body to its end, and throws it away.

    Closing at once would reset the connection under a client that still sends: it would see that,
    and not the answer.
    """

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # `http://[::1`; a length of thousands of digits
            raise ParsingError("the target or Content-Length can't be read") from error
        # The guard sees the header only; as HTTP wants it, `http://evil.example/` says the same.
        if self.proxy_netloc and self.proxy_netloc.lower() != self.headers.get("HOST", "").lower():
            raise ParsingError("the target names another host than the header Host")

    def received(self, data: bytes) -> int:
        consumed: int = super().received(data)
        if self.chunked:
            most = self.adj.max_request_header_size
            if max(len(self.body_rcv.control_line), len(self.body_rcv.trailer)) > most:
                self.error = BadRequest(f"a chunk's size or the trailer exceeds {most} bytes")
                self.completed = True
        if isinstance(self.error, RequestEntityTooLarge):
            body = self.body_rcv
            if not isinstance(body.buf, _Void):
                body.buf.close()
                body.buf = _Void()
            size = max(self.content_length, self.body_bytes_received)
            endless = size > _DISCARDED_AT_MOST * self.adj.max_request_body_size
            self.completed = bool(body.completed or body.error or endless)
        if self.completed:
            self.expect_continue = False  # else waitress asks for a body, and never answers
        return consumed


class _ErrorTask(ErrorTask):  # type: ignore[misc]
    """Answers what never reached the application, in our shape of errors."""

    def execute(self) -> None:
        error = self.request.error
        path = getattr(self.request, "path", "")
        code, message = "bad_request", f"not a request of HTTP that is understood: {error.body}"
        if isinstance(error, RequestEntityTooLarge):
            problem = too_large(self.channel.adj.max_request_body_size - 1)
            code, message = problem.code, problem.message
        elif error.code == 500:
            code, message = "internal_error", "the server failed; its log says more"
        elif not isinstance(error, BadRequest):
            code = "not_implemented"
        body = json.dumps(error_body(path, code, message)).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend([("Content-Type", "application/json"), *HEADERS.items()])
        self.set_close_on_finish()
        self.content_length = len(body)
        self.channel.server.task_dispatcher.answered(self.request)
        self.write(body)
        method = access_log.method_of(getattr(self.request, "command", ""))
        entry = access_log.Entry(method, "-", error.code, 0.0)
        access_log.record(entry)
        self.channel.server.adj.count(entry)


class _Task(WSGITask):  # type: ignore[misc]
    """Tells the application whether it runs in the overflow; ends connections while draining.

    It also ends one whose client sent too much ahead; what is left unanswered can be sent again.
    """

    def get_environment(self) -> dict[str, Any]:
        environment: dict[str, Any] = super().get_environment()
        environment[OVERFLOW] = self.channel.overflow
        return environment

    def build_response_header(self) -> bytes:
        ahead = len(self.channel.requests) - 1
        if ahead > _AHEAD_AT_MOST or self.channel.server.adj.draining.is_set():
            self.set_close_on_finish()
        header: bytes = super().build_response_header()
        self.channel.server.task_dispatcher.answered(self.request)
        return header


class Channel(HTTPChannel):  # type: ignore[misc]
    """A connection."""

    parser_class = _Parser
    task_class = _Task
    error_task_class = _ErrorTask
    overflow = False
    _request_began = 0.0

    def received(self, data: bytes) -> bool:
        """Take bytes as they come."""
        if self.request is None:
            self._request_began = time.monotonic()
        received: bool = super().received(data)
        return received

    def service(self) -> None:
        """Answer a request, or drop it if its client is gone."""
        request = self.requests[0]
        try:
            super().service()
        finally:
            self.server.task_dispatcher.answered(request)

    def readable(self) -> bool:
        """Whether more bytes are wanted; ends a request that has no end."""
        late = time.monotonic() - self._request_began > self.adj.channel_timeout
        if self.request is not None and late and not self.requests and not self.total_outbufs_len:
            self.will_close = True  # a client that sends a byte now and then, for ever
        readable: bool = super().readable()
        return readable

    def writable(self) -> bool:
        """Whether there is something to send; ends a connection whose client doesn't take it."""
        if self.will_close and self.total_outbufs_len:
            self.handle_close()  # waitress would wait until it can write
            return False
        writable: bool = super().writable()
        return writable

    @property
    def busy(self) -> bool:
        """Whether a request was taken that isn't answered to its end."""
        return bool(self.requests or self.request is not None or self.total_outbufs_len)
