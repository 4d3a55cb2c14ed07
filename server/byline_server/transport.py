"""waitress, with what it lacks for us: JSON errors, a bound on waiting, an orderly end.

waitress reads requests in one thread without blocking, so a slow client costs a connection and no
thread, and hands complete ones to a pool.
"""

from __future__ import annotations

import json
import logging
import signal
import threading
import time
from types import FrameType
from typing import Any

from waitress import create_server, wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask
from waitress.utilities import BadRequest, RequestEntityTooLarge

from byline_server import access_log
from byline_server.guard import HEADERS, too_large
from byline_server.problem import error_body
from byline_server.settings import Settings

OVERFLOW = "byline.overflow"
"""In a request's WSGI environment: whether all threads were busy when it came."""

_log = logging.getLogger(__name__)
_DISCARDED_AT_MOST = 8
"""How many times the largest body of a request that is too large is read and thrown away."""


class _Void:
    """Takes the bytes of a body that nobody will read."""

    def append(self, data: bytes) -> None:
        pass

    def __len__(self) -> int:
        return 0

    def close(self) -> None:
        pass


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Reads the body of a request that is too large to its end, and throws it away.

    Closing at once would reset the connection under a client that still sends: it would see that,
    and not the answer.
    """

    _to_discard = 0

    def received(self, data: bytes) -> int:
        if self._to_discard:
            taken = min(len(data), self._to_discard)
            self._to_discard -= taken
            self.completed = not self._to_discard
            return taken
        consumed: int = super().received(data)
        if isinstance(self.error, RequestEntityTooLarge) and not self.expect_continue:
            most = _DISCARDED_AT_MOST * self.adj.max_request_body_size
            if self.content_length <= most:
                self._to_discard = self.content_length - self.body_bytes_received
                self.completed = not self._to_discard
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
        self.write(body)
        command = getattr(self.request, "command", "") or "-"
        access_log.record(access_log.Entry(command, "-", error.code, 0.0))


class _Task(WSGITask):  # type: ignore[misc]
    """Tells the application whether it runs in the overflow; ends connections while draining."""

    def get_environment(self) -> dict[str, Any]:
        environment: dict[str, Any] = super().get_environment()
        environment[OVERFLOW] = self.channel.overflow
        return environment

    def build_response_header(self) -> bytes:
        if self.channel.server.adj.draining.is_set():
            self.set_close_on_finish()
        header: bytes = super().build_response_header()
        return header


class _Channel(HTTPChannel):  # type: ignore[misc]
    """A connection."""

    parser_class = _Parser
    task_class = _Task
    error_task_class = _ErrorTask
    overflow = False
    _request_began = 0.0

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self._request_began = time.monotonic()
        received: bool = super().received(data)
        return received

    def readable(self) -> bool:
        late = time.monotonic() - self._request_began > self.adj.channel_timeout
        if self.request is not None and late and not self.requests:
            self.will_close = True  # a client that sends a byte now and then, for ever
        readable: bool = super().readable()
        return readable

    @property
    def busy(self) -> bool:
        """Whether a request was taken that isn't answered to its end."""
        return bool(self.requests or self.request is not None or self.total_outbufs_len)


class Lanes(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Threads for requests, and one apart for those that come while all are busy.

    The one apart lets the application refuse what would wait, and answer probes.
    """

    def __init__(self, threads: int) -> None:
        super().__init__()
        self._count = threads
        self._apart = ThreadedTaskDispatcher()
        self._apart.set_thread_count(1)
        self.set_thread_count(threads)

    def add_task(self, task: _Channel) -> None:
        """Take a request; in the thread apart if it would have to wait for another."""
        with self.lock:
            task.overflow = self.active_count + len(self.queue) >= self._count
        if task.overflow:
            self._apart.add_task(task)
        else:
            super().add_task(task)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End all threads."""
        self._apart.shutdown(cancel_pending, timeout)
        done: bool = super().shutdown(cancel_pending, timeout)
        return done


class Transport:
    """The listening server, from its socket to its orderly end."""

    def __init__(self, settings: Settings) -> None:
        """Listen; connections wait until `serve`.

        Raises:
            OSError: the address can't be had.
        """
        self.draining = threading.Event()
        self._drain_seconds = settings.drain
        self._map: dict[int, Any] = {}
        self._lanes = Lanes(settings.threads)
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        create_server(
            lambda environ, start_response: self.application(environ, start_response),
            map=self._map,
            _dispatcher=self._lanes,
            listen=f"{host}:{settings.port}",
            ident="byline",
            max_request_body_size=settings.max_body + 1,  # waitress refuses from this size on
            max_request_header_size=32 * 1024,
            connection_limit=settings.max_connections + 4,  # its own sockets count
            channel_timeout=settings.receive_timeout,
            cleanup_interval=max(1, settings.receive_timeout // 4),
            channel_request_lookahead=1,  # or it wouldn't notice that a client hung up
            recv_bytes=64 * 1024,
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=False,  # none is read
        )
        self._listeners = [s for s in self._map.values() if hasattr(s, "active_channels")]
        for server in self._listeners:
            server.channel_class = _Channel
            server.adj.draining = self.draining
        self.application: Any = None
        self.port: int = int(self._listeners[0].effective_port)

    def serve(self) -> None:
        """Serve until SIGTERM or SIGINT, then answer what was accepted, and return."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self.draining.is_set():
            self._turn(1.0)
        self._drain()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self.draining.is_set():
            raise KeyboardInterrupt  # the second time is meant
        self.draining.set()
        self._listeners[0].pull_trigger()  # ends the wait for requests

    def _turn(self, timeout: float) -> None:
        wasyncore.loop(timeout=timeout, use_poll=True, map=self._map, count=1)

    def _drain(self) -> None:
        _log.info("stopping: answering what was accepted")
        for server in self._listeners:
            accepted = -1
            while len(server.active_channels) > accepted:  # what the kernel has accepted already
                accepted = len(server.active_channels)
                server.handle_accept()
            server.accepting = False
            server.socket.close()
            server.del_channel()
        until = time.monotonic() + self._drain_seconds
        self._turn(0.0)  # reads what these have sent
        while time.monotonic() < until:
            channels = [c for server in self._listeners for c in server.active_channels.values()]
            if not any(channel.busy for channel in channels):
                break
            self._turn(0.05)
        left = sum(c.busy for s in self._listeners for c in s.active_channels.values())
        if left:
            _log.warning("%d requests are unanswered after %d s", left, self._drain_seconds)
        self._lanes.shutdown(timeout=1)
        wasyncore.close_all(self._map)
