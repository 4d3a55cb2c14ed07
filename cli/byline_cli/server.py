"""A running `byline serve` as the engine: texts are read here and scored there."""

from __future__ import annotations

import http.client
import json
import math
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from queue import SimpleQueue
from typing import Any
from urllib.parse import urlsplit

from byline import BylineError, Finding, InputError, Verdict
from byline.detector import MAX_CHARACTERS, truncated
from byline.spec import Thresholds
from byline.types import UNFIT
from byline_cli.engine import Asked
from byline_cli.inputs import Input
from byline_cli.model_info import ModelInfo
from byline_cli.results import Result, verdict_of

API = 1
"""The version of the server's API that this speaks."""
_TEXTS, _CHARACTERS = 16, 400_000
"""The most a request holds."""
_BUSY = frozenset((429, 503))
_LONGEST_WAIT = 30.0
_PATIENCE = 600.0
"""Seconds a server may be busy before it is given up."""
_TIMEOUT = 300.0
_MOST_BYTES = 200_000_000
"""Of an answer; every word of sixteen long texts as a sentence would be less."""
_RETRIES = (0.5, 1.0, 2.0)
_TRIES = 3
"""Times that a text may take longer than the server allows."""

Pairs = list[tuple[Input, Result]]
Batches = SimpleQueue[tuple[Pairs, Future[Pairs]] | None]


class ServerFailed(BylineError):
    """The server can't be reached, or doesn't do what was agreed. The message says what to do."""


class Server:
    """A client of one server. Safe to use from many threads, each with a connection of its own."""

    def __init__(self, url: str, token: str | None = None) -> None:
        """Nothing is sent yet.

        Args:
            url: such as http://127.0.0.1:8765.
            token: if it asks for one.

        Raises:
            InputError: it is no such address.
        """
        try:
            parts = urlsplit(url)
            self._port = parts.port
            host = (parts.hostname or "").encode("idna")
        except ValueError as error:
            raise InputError(f"--server {url}: {error}") from error
        if parts.scheme not in ("http", "https") or not host:
            raise InputError(f"--server {url} is no address such as http://127.0.0.1:8765")
        if not (parts.path.isascii() and parts.path.isprintable()) or " " in parts.path:
            raise InputError(f"--server {url}: write its path with % escapes")
        self.url = url.rstrip("/")
        self._kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else (http.client.HTTPConnection)
        )
        self._host = host.decode("ascii")
        self._base = parts.path.rstrip("/")
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._local = threading.local()
        self._ended = threading.Event()

    def model(self, name: str | None) -> ModelInfo:
        """The model that will score.

        Raises:
            ServerFailed: it isn't ready, speaks another version, or has no such model.
        """
        ready = self._ask("GET", "/readyz")
        if ready.get("api") != API:
            raise ServerFailed(
                f"{self.url} speaks version {ready.get('api')} of the API, this byline {API}: use "
                "the same release on both sides"
            )
        answer = self._ask("GET", "/v1/models")
        with self._understood():
            wanted = name or answer["default"]
            for values in answer["models"]:
                if values["name"] == wanted:
                    limits = Thresholds(**values["thresholds"], min_words=values["min_words"])
                    metrics = {key: float(value) for key, value in values["metrics"].items()}
                    return ModelInfo(wanted, values["version"], values["sha256"], limits, metrics)
            there = ", ".join(values["name"] for values in answer["models"])
        raise ServerFailed(f"{self.url} has no model {wanted!r}; there are: {there}")

    def scored(
        self, pairs: Iterable[tuple[Input, Result]], asked: Asked
    ) -> Iterator[tuple[Input, Result]]:
        """Score what was read, in order; what has a verdict or an error is passed on.

        Once: what is under way when it ends is given up, and nothing is asked any more.

        Raises:
            ServerFailed: as soon as it is known that the server will not answer.
        """
        batches: Batches = SimpleQueue()
        ahead: deque[Future[Pairs]] = deque()
        try:
            for number, batch in enumerate(_batches(pairs)):
                if number < asked.jobs:
                    # Not those of an executor: the interpreter's end would wait for their answers.
                    threading.Thread(target=self._work, args=(batches, asked), daemon=True).start()
                ahead.append(Future())
                batches.put((batch, ahead[-1]))
                if len(ahead) > asked.jobs:
                    yield from ahead.popleft().result()
            while ahead:
                yield from ahead.popleft().result()
        finally:
            self._ended.set()
            for _ in range(asked.jobs):
                batches.put(None)

    def _work(self, batches: Batches, asked: Asked) -> None:
        """Score batches until there are no more, or nobody waits for them."""
        while (item := batches.get()) is not None and not self._ended.is_set():
            batch, scored = item
            try:
                scored.set_result(self._score(batch, asked))
            except BaseException as error:  # raised where the result is waited for
                scored.set_exception(error)
        self._close()

    def _score(self, batch: Pairs, asked: Asked) -> Pairs:
        open_ones = [i for i, (_, result) in enumerate(batch) if _unscored(result)]
        if not open_ones:
            return batch
        body: dict[str, Any] = {
            "texts": [{"id": str(i), "text": batch[i][1].text[:MAX_CHARACTERS]} for i in open_ones],
            "detail": "sentence" if asked.texts else "document",
        }
        if asked.model is not None:
            body["model"] = asked.model
        try:
            # A single text may have met a busy hour; of several, fewer at once may be in time.
            answer = self._ask("POST", "/v1/score", body, tries=1 if len(batch) > 1 else _TRIES)
        except _TooMuch as error:
            if len(batch) > 1:  # perhaps only all of it together
                half = len(batch) // 2
                return self._score(batch[:half], asked) + self._score(batch[half:], asked)
            return [(batch[0][0], replace(batch[0][1], text="", error=str(error)))]
        done = list(batch)
        places = {str(i): i for i in open_ones}
        with self._understood():
            for values in answer["results"]:
                i = places[values["id"]]
                given, result = batch[i]
                done[i] = given, _result(result, values, asked)
        if any(_unscored(result) for _, result in done):
            raise ServerFailed(f"{self.url} did not answer for each text; is it a byline server?")
        return done

    @contextmanager
    def _understood(self) -> Iterator[None]:
        """What an answer lacks, or has in another form, is the server's failure."""
        try:
            yield
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise ServerFailed(
                f"{self.url} answers in another form than agreed ({type(error).__name__}: "
                f"{error}); is it a byline server?"
            ) from error

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, tries: int = _TRIES
    ) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode("ascii")
        deadline = time.monotonic() + _PATIENCE
        retries = iter(_RETRIES)
        answer: dict[str, Any]
        while True:
            try:
                status, wait, answer = self._send(method, path, data)
            except (OSError, http.client.HTTPException) as error:
                self._close()
                pause = next(retries, None)
                if pause is None:
                    raise ServerFailed(
                        f"{self.url} can't be reached ({error or type(error).__name__}); start it "
                        "with `byline serve`, or correct --server"
                    ) from error
                self._wait(pause)
                continue
            if status == 200:
                return answer
            if _error(answer).get("code") == "deadline_passed":
                tries -= 1
                if not tries:
                    raise _TooMuch(
                        "takes longer than the server allows; split it, or score it here"
                    )
            if status not in _BUSY or time.monotonic() + wait > deadline:
                raise self._refused(status, answer)
            self._wait(wait)

    def _wait(self, seconds: float) -> None:
        if self._ended.wait(seconds):
            raise ServerFailed(f"{self.url} is no longer waited for")

    def _send(self, method: str, path: str, data: bytes | None) -> tuple[int, float, Any]:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._kind(self._host, self._port, timeout=_TIMEOUT)
            self._local.connection = connection
        connection.request(method, self._base + path, data, self._headers)
        response = connection.getresponse()
        content = response.read(_MOST_BYTES + 1)
        if response.will_close or len(content) > _MOST_BYTES:
            self._close()
        if len(content) > _MOST_BYTES:
            raise ServerFailed(f"{self.url} answers without end; is it a byline server?")
        try:
            wait = float(response.headers.get("Retry-After", "1"))
        except ValueError:  # it may be a date
            wait = 1.0
        if not math.isfinite(wait):
            wait = 1.0
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError):
            answer = {}
        if not isinstance(answer, dict):
            answer = {}
        return response.status, min(max(wait, 0.1), _LONGEST_WAIT), answer

    def _close(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def _refused(self, status: int, answer: dict[str, Any]) -> BylineError:
        message = _error(answer).get("message", "")
        if status == 413:
            return _TooMuch(message or "is larger than the server takes; split it")
        if status in (401, 403):
            message = (
                f"{message or 'it wants a token'}; give it here in BYLINE_TOKEN or --token-file"
            )
        return ServerFailed(f"{self.url} answers {status}: {message or 'is it a byline server?'}")


class _TooMuch(BylineError):
    """What was asked for in one request is too large, or takes too long."""


def _error(answer: dict[str, Any]) -> dict[str, Any]:
    error = answer.get("error")
    return error if isinstance(error, dict) else {}


def _unscored(result: Result) -> bool:
    return result.verdict is None and result.error is None


def _batches(pairs: Iterable[tuple[Input, Result]]) -> Iterator[Pairs]:
    batch: Pairs = []
    characters = 0
    for given, result in pairs:
        batch.append((given, result))
        characters += len(result.text)
        # What came on standard input, or from a slow disk, should not wait for more.
        if len(batch) >= _TEXTS or characters > _CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _result(result: Result, values: dict[str, Any], asked: Asked) -> Result:
    if "error" in values:
        return replace(result, text="", error=str(values["error"].get("message")))
    verdict = verdict_of(result.name, values)
    if finding := truncated(verdict.words, len(result.text)):
        verdict = _truncated(verdict, finding)
    if asked.min_words is not None:
        verdict = _with_floor(verdict, asked.min_words)
    return replace(result.judged(verdict), text=result.text if asked.texts else "")


def _truncated(verdict: Verdict, finding: Finding) -> Verdict:
    """What the library says of the whole text, of which the server got the beginning."""
    words = verdict.words + finding.count
    known = [f for f in verdict.findings if f.kind not in UNFIT]
    unfit = [f for f in verdict.findings if f.kind in UNFIT]
    return replace(
        verdict, words=words, findings=(*known, finding, *unfit),
        coverage=round(verdict.coverage * verdict.words) / words if words else 0.0,
    )  # fmt: skip


def _with_floor(verdict: Verdict, min_words: int) -> Verdict:
    """What the library says of a text with a higher limit of words."""
    unfit = [f.count for f in verdict.findings if f.kind in UNFIT]
    if max(unfit, default=round(verdict.coverage * verdict.words)) >= min_words:
        return verdict
    return replace(
        verdict, verdict="too_short", probability=None, log_odds=None, coverage=0.0, sentences=(),
        findings=tuple(f for f in verdict.findings if f.kind not in UNFIT), raw=None,
    )  # fmt: skip
