"""The application without a socket: when it is ready, whom it answers, what its parts count."""

from __future__ import annotations

import http.client
import http.server
import io
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError
from waitress import wasyncore

from byline import Detector, Document
from byline.types import Logits, Window
from byline_server.access_log import Entry
from byline_server.app import create_app
from byline_server.cache import key_of
from byline_server.channel import OVERFLOW
from byline_server.guard import Guard
from byline_server.scheduler import ClientGone, DeadlinePassed, Patience, QueueFull
from byline_server.schema import ScoreRequest
from byline_server.service import Service, started, warm_up
from byline_server.settings import Settings, variable
from byline_server.transport import Transport
from byline_server.wire import utf16_offsets

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    settings = Settings(model=("student_int8", "teacher_int8"), cache_entries=2)
    service = started(settings, Event())
    yield service
    service.scheduler.close()


@pytest.fixture(scope="module")
def client(service: Service) -> FlaskClient:
    return create_app(service).test_client()


@pytest.fixture(scope="module")
def essay(repository_root: Path) -> str:
    return (repository_root / "examples/documents/ai-essay-remote-work.txt").read_text("utf-8")


def test_it_is_ready_when_the_models_have_run_and_not_when_it_stops(
    service: Service, client: FlaskClient
) -> None:
    for path in ("/readyz", "/v2/health/ready"):
        assert client.get(path).status_code == 503
    assert client.get("/readyz").json["error"]["code"] == "starting"  # type: ignore[index]
    ran = service.scheduler.run

    def full(*_: Any) -> None:
        service.scheduler.run = ran  # type: ignore[method-assign]
        raise QueueFull(1, 1)

    service.scheduler.run = full  # type: ignore[method-assign, assignment]
    warm_up(service)
    for path in ("/readyz", "/v2/health/ready", "/healthz", "/v2/health/live"):
        assert client.get(path).status_code == 200
    service.draining.set()
    try:
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json["error"]["code"]) == (503, "stopping")  # type: ignore[index]
        assert answer.headers["Retry-After"]
        assert client.get("/healthz").status_code == 200
    finally:
        service.draining.clear()


@pytest.mark.parametrize("draining", [False, True])
def test_it_is_not_ready_with_a_model_that_cannot_run(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    draining: bool,
) -> None:  # fmt: skip
    def fail(*_: object) -> None:
        raise RuntimeError("no such operator")

    broken = replace(service, warm=Event(), draining=Event())
    if draining:
        broken.draining.set()
    loaded = service.models.get("teacher_int8")
    monkeypatch.setattr(loaded.detector.session, "run", fail)
    warm_up(broken)
    assert not broken.warm.is_set()
    assert ("teacher_int8 can't run" in caplog.text) == (not draining)
    assert ("no such operator" in caplog.text) == (not draining)


def test_what_was_done_when_a_client_gave_up_is_remembered(
    service: Service, monkeypatch: pytest.MonkeyPatch, essay: str
) -> None:
    loaded = service.models.get(None)
    expected = loaded.detector.score(essay)
    mine = {window.ids.tobytes() for window in loaded.detector.cut(Document("", essay)).windows}
    run, held = loaded.detector.session.run, Event()
    done: list[bytes] = []

    def one(window: Window) -> Logits:
        if window.ids.tobytes() not in mine:
            assert held.wait(60)
        logits = run(window)
        done.append(window.ids.tobytes())
        return logits

    monkeypatch.setattr(loaded.detector.session, "run", one)
    other = essay[200:]
    patience = Patience(time.monotonic() + 60, lambda: mine <= set(done))
    with pytest.raises(ClientGone):
        service.scoring.score(loaded, [essay, other], patience)
    held.set()
    assert service.cache.get(key_of(loaded.serial, essay)) == expected
    assert service.cache.get(key_of(loaded.serial, other)) is None


def test_a_request_chooses_its_model(client: FlaskClient, essay: str) -> None:
    listed = client.get("/v1/models").json
    assert listed is not None
    assert listed["default"] == "student_int8"
    assert [model["name"] for model in listed["models"]] == ["student_int8", "teacher_int8"]
    for asked, name in ((None, "student_int8"), ("teacher_int8", "teacher_int8")):
        values = {"texts": [{"id": "a", "text": essay}], "model": asked}
        answer = client.post("/v1/score", json=values).json
        assert answer is not None
        assert answer["model"]["name"] == name
        expected = Detector.load(model=name).score(essay).log_odds
        assert answer["results"][0]["log_odds"] == pytest.approx(expected, abs=1e-5)


def test_metrics_can_be_read_and_count(client: FlaskClient, essay: str) -> None:
    def read() -> dict[str, float]:
        found = {}
        for family in text_string_to_metric_families(client.get("/metrics").text):
            for sample in family.samples:
                labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
                found[f"{sample.name}{{{labels}}}"] = sample.value
        return found

    before = read()
    text = f"{essay} Once more."
    for _ in range(2):
        answer = client.post("/v1/score", json={"texts": [{"id": "a", "text": text}]}).json
    client.post("/v1/score", json={})
    values = {"name": "text", "shape": [1, 1], "datatype": "BYTES", "data": [text]}
    client.post("/v2/models/byline_text/infer", json={"inputs": [values]})
    after = read()

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0)

    scored = "byline_http_requests_total{method=POST,path=/v1/score,status="
    assert grown(scored + "200}") == 2
    assert grown(scored + "422}") == 1
    assert grown("byline_cache_hits_total{}") == 1
    assert grown("byline_cache_misses_total{}") == 1
    assert answer is not None
    assert grown("byline_words_total{}") == 3 * answer["results"][0]["words"]
    assert grown("nv_inference_count{model=byline_text,version=1}") == 2
    assert grown("nv_inference_exec_count{model=student_int8,version=1}") >= 2
    assert grown("nv_inference_compute_infer_duration_us{model=student_int8,version=1}") > 0
    assert after["process_resident_memory_bytes{}"] > 1e7
    assert 1 <= after["byline_cache_entries{}"] <= 2


def counted(service: Service) -> tuple[int, int]:
    """Requests that succeeded and that failed."""
    kept = service.models.get(None).text_statistics
    return kept.success.count, kept.fail.count


@pytest.mark.parametrize("last", ["Too short.", "Die Tür war offen, und niemand war da. " * 20])
def test_a_text_that_is_not_judged_is_a_failure_alone(
    service: Service, client: FlaskClient, essay: str, last: str
) -> None:
    success, fail = counted(service)
    values = {"name": "text", "shape": [2, 1], "datatype": "BYTES", "data": [essay, last]}
    answer = client.post("/v2/models/byline_text/infer", json={"inputs": [values]})
    assert answer.status_code == 400
    assert "text of row 1" in answer.text
    assert counted(service) == (success, fail + 1)
    values |= {"shape": [1, 1], "data": [essay]}
    assert client.post("/v2/models/byline_text/infer", json={"inputs": [values]}).status_code == 200
    assert counted(service) == (success + 1, fail + 1)


@pytest.mark.parametrize(("error", "status"), [(QueueFull(1, 1), 429), (DeadlinePassed(), 503)])
def test_what_could_not_be_scored_is_a_failure(
    service: Service, client: FlaskClient, monkeypatch: pytest.MonkeyPatch,
    error: Exception, status: int,
) -> None:  # fmt: skip
    def fail(*_: object) -> None:
        raise error

    success, failed = counted(service)
    monkeypatch.setattr(service.scheduler, "wait", fail)
    answer = client.post("/v1/score", json={"texts": [{"id": "a", "text": f"New: {status}."}]})
    assert answer.status_code == status
    assert counted(service) == (success, failed + 1)


def test_a_model_is_not_loaded_in_the_thread_that_answers_probes(service: Service) -> None:
    settings = replace(service.settings, model_control="explicit")
    client = create_app(replace(service, settings=settings)).test_client()
    for busy, status in ((True, 503), (False, 404)):
        answer = client.post(
            "/v2/repository/models/nobody/load", environ_overrides={OVERFLOW: busy}
        )
        assert answer.status_code == status


def test_the_names_and_addresses_it_answers_to() -> None:
    def allowed(settings: Settings, host: str, port: str = "8765") -> bool:
        return Guard(settings)._ours(host, port)

    plain = Settings()
    for host in (
        "127.0.0.1:8765",
        "LocalHost:8765",
        "[::1]:8765",
        "127.9.9.9:8765",
    ):
        assert allowed(plain, host)
    for host in (
        "", ":8765", "localhost", "localhost:8766", "evil.test:8765", "localhost.evil.test:8765",
        "127.0.0.1.evil.test:8765", "10.0.0.1:8765", "localhost:8765@evil.test",
        "a@localhost:8765", "localhost:8765/x", "localhost:x", "[::1", "localhost:8765:1",
        "localhost:99999",
    ):  # fmt: skip
        assert not allowed(plain, host), host
    assert allowed(plain, "localhost", "80")
    lan = Settings(host="10.0.0.1", token="x")
    assert allowed(lan, "10.0.0.1:8765")
    assert not allowed(lan, "10.0.0.2:8765")
    everywhere = Settings(host="0.0.0.0", token="x", allow_host=("byline.test", "Other:1"))
    for host in (
        "10.0.0.2:8765",
        "[fe80::1]:8765",
        "byline.test",
        "byline.test:77",
        "other:1",
    ):
        assert allowed(everywhere, host), host
    for host in ("other:2", "evil.example:8765", "10.0.0.2:8766"):
        assert not allowed(everywhere, host), host


def test_extensions_can_be_narrowed_to_one() -> None:
    def allowed(settings: Settings, origin: str) -> bool:
        return Guard(settings)._from_here(origin, "127.0.0.1:8765")

    mine = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"
    for origin in (mine, "moz-extension://1-2-3", "http://127.0.0.1:8765"):
        assert allowed(Settings(), origin)
    for origin in ("null", "", "http://127.0.0.1", "http://127.0.0.1:1", "https://a.example",
                   "chrome-extension:", "http://chrome-extension://x",
                   "chrome-extension://x, http://evil.example", "chrome-extension://x http://a",
                   "chrome-extension://x,moz-extension://y"):  # fmt: skip
        assert not allowed(Settings(), origin), origin
    narrow = Settings(allow_origin=(mine,))
    assert allowed(narrow, mine)
    assert allowed(narrow, "http://127.0.0.1:8765")
    assert not allowed(narrow, mine[:-1] + "a")


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("https://byline.test", "byline.test", True),
        ("https://byline.test", "Byline.test:443", True),  # as proxies send it that name the port
        ("http://byline.test", "byline.test:80", True),
        ("https://byline.test:8443", "byline.test:8443", True),
        ("https://byline.test", "byline.test:80", False),
        ("https://byline.test:8443", "byline.test", False),
        ("https://byline.test", "byline.test:8443", False),
        ("ftp://byline.test", "byline.test", False),
    ],
)
def test_its_own_page_behind_a_proxy(origin: str, host: str, allowed: bool) -> None:
    assert Guard(Settings())._from_here(origin, host) == allowed


@pytest.mark.parametrize(
    "values",
    [
        {"texts": [0, 0, 0]},
        {"texts": [], **dict.fromkeys("abcdef")},
        {"texts": [{"id": "", "text": "", **dict.fromkeys("abcdef")}]},
    ],
)
def test_one_error_is_made_however_many_there_are(values: object) -> None:
    with pytest.raises(ValidationError) as caught:
        ScoreRequest.model_validate(values)
    assert caught.value.error_count() == 1


@given(st.text(st.characters(codec=None) | st.sampled_from("\U0001f600\U0010ffff\ud800e\u0301")))
def test_offsets_in_utf16_are_those_of_the_encoded_text(text: str) -> None:
    offsets = utf16_offsets(text)
    assert offsets == [
        len(text[:i].encode("utf-16-le", "surrogatepass")) // 2 for i in range(len(text) + 1)
    ]


def test_neither_a_request_nor_an_answer_goes_to_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    files: list[io.BytesIO] = []

    def made(mode: str) -> io.BytesIO:
        files.append(io.BytesIO())
        return files[-1]

    monkeypatch.setattr("tempfile.TemporaryFile", made)
    transport = Transport(Settings(port=0, threads=1))

    def echo(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    transport.application = echo
    sent = b"text " * 1_000_000
    answered: list[bytes] = []

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", transport.port, timeout=30)
        for body in (sent, iter([sent[:2_500_000], sent[2_500_000:]])):  # the second in chunks
            connection.request("POST", "/", body)
            answered.append(connection.getresponse().read())
        connection.close()

    client = threading.Thread(target=ask)
    client.start()
    while client.is_alive():
        transport._turn(0.05)
    transport._lanes.shutdown()
    wasyncore.close_all(transport._map)
    assert answered == [sent, sent]
    assert files == []


def test_a_client_that_does_not_read_is_ended() -> None:
    transport = Transport(Settings(port=0, threads=1, receive_timeout=1))

    def long(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "30000000")])
        return [bytes(30_000_000)]

    transport.application = long
    (listener,) = transport._listeners
    with socket.create_connection(("127.0.0.1", transport.port)) as deaf:
        deaf.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        transport._turn(1)
        assert listener.active_channels
        until = time.monotonic() + 10
        while listener.active_channels and time.monotonic() < until:
            transport._turn(0.1)
        assert not listener.active_channels
    transport._lanes.shutdown()
    wasyncore.close_all(transport._map)


def test_requests_that_never_reach_the_application_are_counted() -> None:
    transport = Transport(Settings(port=0, threads=1, max_body_mb=1))
    counted: list[Entry] = []
    transport.count = counted.append
    for head in (
        b"POST /v1/score HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n",
        b"no HTTP\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", transport.port)) as connection:
            before = len(counted)
            connection.sendall(head)
            until = time.monotonic() + 10
            while len(counted) == before and time.monotonic() < until:
                transport._turn(0.1)
    transport._lanes.shutdown()
    wasyncore.close_all(transport._map)
    assert [(entry.method, entry.path, entry.status) for entry in counted] == [
        ("POST", "-", 413), ("other", "-", 400)
    ]  # fmt: skip


def test_the_containers_health_is_asked_at_its_port_and_by_no_proxy(
    repository_root: Path,
) -> None:
    dockerfile = (repository_root / "deploy" / "Dockerfile").read_text("utf-8")
    (found,) = re.findall(r"^HEALTHCHECK CMD (.+)$", dockerfile, re.MULTILINE)
    _, *arguments = json.loads(found)
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(503 if len(asked) > 1 else 200)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = {"BYLINE_PORT": str(server.server_port), "http_proxy": "http://127.0.0.1:1"}
        results = [
            subprocess.run(
                [sys.executable, *arguments], env=environment, capture_output=True, check=False
            ).returncode
            for _ in range(2)
        ]
        server.shutdown()
    assert asked == ["/readyz"] * 2
    assert results == [0, 1]


def test_what_is_deployed_sets_only_what_there_is(repository_root: Path) -> None:
    known = {variable(name) for name in Settings.__dataclass_fields__}
    for path in (repository_root / "deploy").iterdir():
        named = set(re.findall(r"\bBYLINE_\w+", path.read_text("utf-8")))
        assert named <= known, path.name
