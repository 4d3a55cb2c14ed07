"""waitress from its socket to its end: a bound on waiting, and an orderly stop."""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from waitress import create_server, wasyncore
from waitress.task import ThreadedTaskDispatcher

from byline_server.access_log import Entry
from byline_server.channel import Channel
from byline_server.settings import Settings

_log = logging.getLogger(__name__)


class Lanes(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Threads for requests, and one apart for those that come while all are busy.

    The one apart lets the application refuse what would wait, and answer probes.
    """

    def __init__(self, threads: int) -> None:
        super().__init__()
        self._count = threads
        self._unanswered: set[object] = set()
        self._apart = ThreadedTaskDispatcher()
        self._apart.set_thread_count(1)
        self.set_thread_count(threads)

    def add_task(self, task: Channel) -> None:
        """Take a request; in the thread apart if it would have to wait for another."""
        with self.lock:
            task.overflow = len(self._unanswered) >= self._count
            if not task.overflow:
                self._unanswered.add(task.requests[0])
        if task.overflow:
            self._apart.add_task(task)
        else:
            super().add_task(task)

    def answered(self, request: object) -> None:
        """Count a request no more; its client may send the next before the thread is free."""
        with self.lock:
            self._unanswered.discard(request)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> None:
        """End all threads."""
        self._apart.shutdown(cancel_pending, timeout)
        super().shutdown(cancel_pending, timeout)


class Transport:
    """The listening server, from its socket to its orderly end.

    Attributes:
        application: takes the requests.
        count: is told of those that don't reach it.
        host, port: where it listens, as in a URL.
    """

    def __init__(self, settings: Settings) -> None:
        """Listen; connections wait until `serve`.

        Raises:
            OSError: the address can't be had.
        """
        self.draining = threading.Event()
        self._drain_seconds = settings.drain
        self._map: dict[int, Any] = {}
        self._lanes = Lanes(settings.threads)
        self.host = f"[{settings.host}]" if ":" in settings.host else settings.host
        create_server(
            lambda environ, start_response: self.application(environ, start_response),
            map=self._map,
            _dispatcher=self._lanes,
            listen=f"{self.host}:{settings.port}",
            ident="byline",
            max_request_body_size=settings.max_body + 1,  # waitress refuses from this size on
            max_request_header_size=32 * 1024,
            inbuf_overflow=sys.maxsize,  # no text goes to a file; what is held is bounded anyhow
            outbuf_overflow=sys.maxsize,
            outbuf_high_watermark=sys.maxsize,  # or a thread would wait for a client to read
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
            server.channel_class = Channel
            server.adj.draining = self.draining
            server.adj.count = lambda entry: self.count(entry)
        self.application: Any = None
        self.count: Callable[[Entry], None] = lambda _: None
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
        while (left := self._unanswered()) and time.monotonic() < until:
            self._turn(0.05)
        if left:
            _log.warning("%d requests are unanswered after %d s", left, self._drain_seconds)
        self._lanes.shutdown(timeout=1)
        wasyncore.close_all(self._map)

    def _unanswered(self) -> int:
        return sum(c.busy for s in self._listeners for c in s.active_channels.values())
