"""The server as a process: addresses, tokens, logs, and what goes wrong while it runs."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from byline import Detector

if TYPE_CHECKING:
    from tests.conftest import Answer, Server

    Serve = Callable[..., Server]
    SendLong = Callable[[Server], socket.socket]

pytestmark = pytest.mark.e2e

JSON = {"Content-Type": "application/json"}
ONE = b'{"texts": [{"id": "a", "text": "too short"}]}'


@pytest.fixture(scope="module")
def prose(repository_root: Path) -> str:
    """Of one window."""
    path = repository_root / "examples/documents/human-speech-1962.txt"
    return " ".join(path.read_text("utf-8").split()[:120])


@pytest.fixture(scope="module")
def log_odds(prose: str) -> float:
    found = Detector.load().score(prose).log_odds
    assert found is not None
    return found


def bytes_of(*texts: str) -> bytes:
    named = [{"id": str(i), "text": text} for i, text in enumerate(texts)]
    return json.dumps({"texts": named}).encode()


def until(true: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def gauge(server: Server, name: str) -> float:
    lines = server.request("GET", "/metrics").body.decode().splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))


def refused_to_start(*options: object, **variables: str) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "byline_cli.main", "serve", *map(str, options)],
        env={**os.environ, **variables}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    lines = [line for line in result.stderr.splitlines() if line.startswith("byline: ")]
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_what_keeps_it_from_starting_is_one_line(server: Server, tmp_path: Path) -> None:
    assert "set a token" in refused_to_start("--host", "0.0.0.0", "--port", 0)
    assert "Address already in use" in refused_to_start("--port", server.port)
    assert "no model 'nobody'" in refused_to_start("--port", 0, "--model", "nobody")
    assert "no model repository" in refused_to_start(
        "--port", 0, "--model-repository", tmp_path / "x"
    )
    assert "can't be read" in refused_to_start("--port", 0, "--token-file", tmp_path / "x")
    assert "can't listen" in refused_to_start(
        "--host", "256.1.1.1", "--port", 0, BYLINE_TOKEN="x" * 16
    )


def test_variables_are_settings_too(serve: Serve) -> None:
    server = serve(
        BYLINE_LOG_FORMAT="json", BYLINE_MAX_TEXTS="2", BYLINE_ALLOW_HOST="a.test b.test"
    )
    assert server.request("POST", "/v1/score", bytes_of("", "", ""), JSON).status == 422
    for host, status in (("a.test", 200), ("b.test:99", 200), ("c.test", 403)):
        assert server.request("GET", "/healthz", headers={"Host": host}).status == status
    json.loads(server.lines[-1])


def test_a_token_opens_and_others_do_not(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("open sesame, please\n", "utf-8")
    server = serve("--host", "0.0.0.0", "--token-file", file)
    basic = "Basic YW55Om9wZW4gc2VzYW1lLCBwbGVhc2U="  # any:open sesame, please
    for path, given, status in (
        ("/v1/models", "Bearer open sesame, please", 200),
        ("/v1/models", "bearer open sesame, please", 200),
        ("/v1/models", basic, 200),
        ("/v1/models", "Bearer open", 401),
        ("/v1/models", "Bearer ", 401),
        ("/v1/models", "Bearer n\xe4h", 401),
        ("/v1/models", "Basic !", 401),
        ("/v1/models", "Basic \xff", 401),
        ("/v1/models", "", 401),
        ("/metrics", "", 401),
        ("/v2/models/student_int8", "", 401),
        ("/", "", 401),
        ("/static/page.js", "", 401),
        ("/nothing", "", 401),
        ("/healthz", "", 200),
        ("/readyz", "Bearer wrong", 200),
    ):
        headers = {"Authorization": given, "Accept": "*/*"}
        answer = server.request("GET", path, headers=headers)
        assert answer.status == status, (path, given)
        if status == 401:
            assert "token" in answer.body.decode()
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Byline"'
    assert not any("sesame" in line for line in server.lines)


def test_nothing_of_a_text_or_token_is_logged(serve: Serve, prose: str) -> None:
    server = serve("--log-format", "json", BYLINE_TOKEN="hush")
    known = {"Authorization": "Bearer hush", **JSON}
    secret = "Zanzibar"
    bodies = [
        bytes_of(f"{secret} {prose}"),
        json.dumps({"texts": [{"id": secret, "text": 5}]}).encode(),
        json.dumps({secret: []}).encode(),
        json.dumps({"texts": [], "model": secret}).encode(),
        secret.encode(),
    ]
    for body in bodies:
        server.request("POST", "/v1/score", body, known)
        server.request("POST", "/v2/models/byline_text/infer", body, known)
    server.request("GET", f"/{secret}?{secret}", headers=known)
    server.request("GET", f"/v2/models/{secret}", headers={**known, "User-Agent": secret})
    server.request("POST", "/v1/score", bodies[0], {**known, "Authorization": f"Bearer {secret}"})
    server.request(secret.upper(), "/v1/score", headers=known)
    for line in (f"{secret} {secret}", f"{secret.upper()} /{secret} HTTP/9"):
        with socket.create_connection(("127.0.0.1", server.port)) as raw:
            raw.sendall(f"{line}\r\n\r\n".encode())
            assert b" 40" in raw.recv(200)
    server.stop()
    log = "".join(server.lines)
    assert secret.lower() not in log.lower()
    assert "hush" not in log
    assert log.count('"method": "POST", "path": "/v1/score"') == 6
    assert log.count('"path": "/v2/models/<name>/infer"') == 5


def test_one_line_for_each_request(serve: Serve, prose: str) -> None:
    server = serve("--log-format", "json")
    server.score(prose, prose + " Again.", "short")
    server.score(prose)
    until(lambda: sum("/v1/score" in line for line in server.lines) == 2)
    first, second = [json.loads(line) for line in server.lines if "/v1/score" in line]
    assert (first["method"], first["status"]) == ("POST", 200)
    assert (first["texts"], first["batch"], first["level"]) == (3, 2, "info")
    assert first["words"] > 200
    assert 0 < first["ms"] < 60_000
    assert (second["texts"], second["batch"]) == (1, 0)  # remembered
    text = serve("--log-format", "text")
    text.score("short")
    until(lambda: "method=POST path=/v1/score status=200" in text.lines[-1])


def test_killed_amid_requests_and_started_again(serve: Serve, prose: str, log_odds: float) -> None:
    server = serve("--cache-entries", 0)
    before = time.monotonic()
    body = bytes_of(*[f"{prose} {i}" for i in range(100)])
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(server.request, "POST", "/v1/score", body, JSON) for _ in range(4)]
        until(lambda: gauge(server, "byline_queue_windows") > 100)
        server.stop(signal.SIGKILL)
        ended = [future.exception(20) for future in asked]
    assert time.monotonic() - before < 20  # nobody hangs
    assert all(isinstance(end, OSError | http.client.HTTPException) for end in ended)
    again = serve("--port", server.port)
    assert again.port == server.port
    assert again.score(prose)[0]["log_odds"] == pytest.approx(log_odds, abs=1e-5)


def test_as_many_clients_as_threads_are_all_answered(serve: Serve) -> None:
    server = serve("--threads", 2)

    def ask(i: int) -> Counter[int]:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        counts: Counter[int] = Counter()
        for _ in range(300):
            connection.request("POST", "/v1/score", ONE, JSON)
            response = connection.getresponse()
            response.read()
            counts[response.status] += 1
        connection.close()
        return counts

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(ask, range(2)), Counter()) == {200: 600}


def test_a_slow_client_holds_up_nobody(serve: Serve, prose: str, log_odds: float) -> None:
    server = serve("--threads", 1)
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    body = bytes_of(prose)
    head = f"POST /v1/score HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    for connection in slow:
        connection.sendall(head.encode() + body[:10])
    began = time.monotonic()
    assert server.score(prose)[0]["log_odds"] == pytest.approx(log_odds, abs=1e-5)
    assert time.monotonic() - began < 2
    for connection in slow:
        for at in range(10, len(body), 97):
            connection.sendall(body[at : at + 97])
        assert b" 200 OK" in connection.recv(20)
        connection.close()


def test_a_client_that_never_ends_is_ended(serve: Serve) -> None:
    server = serve("--receive-timeout", 1)
    with socket.create_connection(("127.0.0.1", server.port)) as drip:
        drip.settimeout(0.2)
        began = time.monotonic()
        ended = False
        while not ended and time.monotonic() - began < 15:
            try:
                drip.sendall(b"G")
                ended = drip.recv(10) == b""
            except TimeoutError:
                continue
            except OSError:
                ended = True
        assert ended
        assert 1 <= time.monotonic() - began < 6
    assert server.request("GET", "/healthz").status == 200


@pytest.mark.parametrize("long", [False, True])
def test_a_client_that_does_not_read_holds_up_nobody(serve: Serve, prose: str, long: bool) -> None:
    server = serve("--threads", 1)
    host = f"Host: 127.0.0.1:{server.port}\r\n"
    sent = f"GET /openapi.json HTTP/1.1\r\n{host}\r\n".encode() * 300  # at once
    if long:  # 24 MB are answered, more than the system keeps for a client
        text = {"name": "text", "shape": [1, 1], "datatype": "BYTES", "data": [prose]}
        values = {"id": "\xe9" * 4_000_000, "inputs": [text]}
        body = json.dumps(values, ensure_ascii=False).encode()
        head = f"POST /v2/models/byline_text/infer HTTP/1.1\r\n{host}"
        head += f"Content-Length: {len(body)}\r\n"
        last = f"GET /openapi.json HTTP/1.1\r\n{host}Connection: close\r\n\r\n"
        sent = f"{head}\r\n".encode() + body + last.encode()
    with socket.create_connection(("127.0.0.1", server.port)) as deaf:
        deaf.sendall(sent)
        until(lambda: any("path=/openapi.json" in line for line in server.lines))
        until(lambda: server.request("POST", "/v1/score", ONE, JSON).status == 200)
        received = b"".join(iter(lambda: deaf.recv(65536), b""))
    assert received.count(b"HTTP/1.1 200 OK") in ((2,) if long else (1, 2))
    assert received.count(b"Connection: close") == 1


@pytest.fixture
def send_long(prose: str) -> Iterator[SendLong]:
    """Sends a request of 500 windows, and doesn't wait for the answer."""
    sent: list[socket.socket] = []
    body = bytes_of(*[f"{prose} {i}." for i in range(500)])

    def send(server: Server) -> socket.socket:
        sent.append(socket.create_connection(("127.0.0.1", server.port)))
        head = f"POST /v1/score HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        sent[-1].sendall(head.encode() + body)
        time.sleep(0.5)  # it arrives before what is asked next, which would take its thread
        return sent[-1]

    yield send
    for connection in sent:
        connection.close()


def test_the_work_for_a_client_that_hung_up_is_dropped(
    serve: Serve, prose: str, send_long: SendLong
) -> None:
    server = serve("--workers", 1)
    connection = send_long(server)
    until(lambda: gauge(server, "byline_queue_windows") > 100)
    connection.close()
    until(lambda: gauge(server, "byline_queue_windows") == 0, seconds=3)
    until(lambda: any("status=503" in line for line in server.lines))


def test_a_request_that_takes_too_long_is_given_up(serve: Serve, prose: str) -> None:
    server = serve("--workers", 1, "--deadline", 1)
    began = time.monotonic()
    answer = server.request(
        "POST", "/v1/score", bytes_of(*[f"{prose} {i}" for i in range(900)]), JSON
    )
    assert time.monotonic() - began < 3
    assert answer.status == 503
    assert answer.json["error"]["code"] == "deadline_passed"
    assert int(answer.headers["Retry-After"]) >= 1
    assert server.score(prose)[0]["verdict"] != "too_short"


def test_small_requests_pass_a_large_one(serve: Serve, prose: str, send_long: SendLong) -> None:
    server = serve("--cache-entries", 0)
    send_long(server)
    until(lambda: gauge(server, "byline_queue_windows") > 300)
    for i in range(5):
        server.score(f"{prose} {i}")
    assert gauge(server, "byline_queue_windows") > 100  # the large one isn't done, and we are


@pytest.mark.parametrize("options", [("--queue", 64, "--threads", 300), ("--threads", 64)])
def test_200_clients_at_once(
    serve: Serve, prose: str, log_odds: float, options: tuple[object, ...]
) -> None:
    server = serve("--cache-entries", 0, *options)
    together = threading.Barrier(200)

    def ask(i: int) -> Answer:
        together.wait(30)
        return server.request("POST", "/v1/score", bytes_of(prose), JSON, timeout=30)

    with ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(ask, range(200), timeout=60))
    counts = Counter(answer.status for answer in answers)
    assert set(counts) == {200, 429}
    assert counts[200] >= 60
    for answer in answers:
        if answer.status == 200:
            assert answer.json["results"][0]["log_odds"] == pytest.approx(log_odds, abs=1e-5)
        else:
            assert answer.json["error"]["code"] in ("queue_full", "too_many_requests")
            assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert server.score(prose)[0]["log_odds"] == pytest.approx(log_odds, abs=1e-5)


def test_overload_on_v2_is_503_and_probes_are_answered(
    serve: Serve, prose: str, send_long: SendLong
) -> None:
    server = serve("--threads", 1, "--workers", 1)
    send_long(server)
    until(lambda: gauge(server, "byline_queue_windows") > 50)
    text = {"name": "text", "shape": [1, 1], "datatype": "BYTES", "data": [prose]}
    answer = server.post("/v2/models/byline_text/infer", {"inputs": [text]})
    assert answer.status == 503
    assert list(answer.json) == ["error"]
    assert answer.headers["Retry-After"]
    assert server.request("GET", "/healthz").status == 200
    assert server.request("GET", "/readyz").status == 200
    assert server.request("GET", "/v2/health/live").status == 200


@pytest.mark.parametrize("change", ["deleted", "changed"])
def test_a_model_file_is_lost_while_it_runs(
    serve: Serve,
    released_repository: Path,
    tmp_path: Path,
    prose: str,
    log_odds: float,
    change: str,
) -> None:
    repository = tmp_path / "models"
    repository.mkdir()
    shutil.copy(released_repository / "SHA256SUMS", repository)
    shutil.copytree(released_repository / "student_int8", repository / "student_int8")
    server = serve("--model-repository", repository, "--cache-entries", 0)
    folder = repository / "student_int8/1"
    if change == "deleted":
        shutil.rmtree(repository)
    else:
        for file in folder.iterdir():
            file.write_bytes(b"\0" * file.stat().st_size)
    assert server.score(prose)[0]["log_odds"] == pytest.approx(log_odds, abs=1e-5)
    assert server.request("GET", "/readyz").status == 200
    assert server.request("POST", "/v2/repository/index").status == 200
    assert server.request("GET", "/v2/models/student_int8/config").status == 200
    server.stop()
    line = refused_to_start("--port", 0, "--model-repository", repository)
    assert str(repository) in line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_under_load_it_answers_what_it_accepted(
    serve: Serve, prose: str, log_odds: float, number: int
) -> None:
    server = serve("--cache-entries", 0)
    accepted = threading.Semaphore(0)

    def ask(i: int) -> bytes:
        body = bytes_of(*[f"{prose}"] * 1, *[f"{prose} {i} {j}" for j in range(6)])
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            head = f"POST /v1/score HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
            accepted.release()
            connection.settimeout(30)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
            return received

    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(ask, i) for i in range(20)]
        for _ in asked:
            assert accepted.acquire(timeout=10)
        assert server.stop(number) == 0
        answers = [future.result(30) for future in asked]
    for answer in answers:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert b"Connection: close" in head
        results: list[dict[str, Any]] = json.loads(body)["results"]
        assert len(results) == 7
        assert results[0]["log_odds"] == pytest.approx(log_odds, abs=1e-5)
    assert "stopped" in server.lines[-1]
    with pytest.raises(OSError, match=r"refused|reset"):
        server.request("GET", "/healthz")


def test_what_is_not_done_in_time_is_left(serve: Serve, prose: str, send_long: SendLong) -> None:
    server = serve("--workers", 1, "--drain", 1)
    send_long(server)
    until(lambda: gauge(server, "byline_queue_windows") > 200)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 5
    assert any("unanswered" in line for line in server.lines)


def test_connections_are_kept_and_pipelined(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for _ in range(3):
        connection.request("POST", "/v1/score", ONE, JSON)
        response = connection.getresponse()
        assert response.status == 200
        assert response.read()
    connection.close()
