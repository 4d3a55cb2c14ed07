"""The server under load, against the library it stands on and against MLServer.

    make bench

The same model, machine and run; texts of mixed lengths, each a request; caches off. Contenders
take turns. Clients are threads of this process with raw sockets, so that they cost little.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from byline import Detector, Document

pytestmark = pytest.mark.bench

CLIENTS = (1, 4, 16)
REQUESTS = int(os.environ.get("BYLINE_BENCH_REQUESTS", "240"))
"""Of each contender, for each number of clients, in each round."""
ROUNDS = 3
MLSERVER = ".venv-mlserver"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Contender:
    """A server that runs, and how it is asked to score a text."""

    name: str
    pid: int
    port: int
    path: str
    body: Callable[[str], bytes]
    log_odds: Callable[[Any], float]

    def request(self, text: str) -> bytes:
        body = self.body(text)
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def processes(self) -> list[int]:
        """Its process and all below it."""
        found, new = [], [self.pid]
        while new:
            pid = new.pop()
            found.append(pid)
            with contextlib.suppress(OSError):
                for children in Path(f"/proc/{pid}/task").glob("*/children"):
                    new += map(int, children.read_text("ascii").split())
        return found

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        spent = 0
        for pid in self.processes():
            fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
            spent += int(fields[11]) + int(fields[12])
        return spent / TICKS

    def rss(self) -> float:
        """MB."""
        pages = [
            int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
            for pid in self.processes()
        ]
        return sum(pages) * resource.getpagesize() / 1e6


@dataclass(frozen=True)
class Load:
    """What a round of requests took."""

    seconds: float
    cpu: float
    latencies: list[float]


@pytest.fixture(scope="module")
def texts(repository_root: Path) -> list[str]:
    """Two dozen texts of 60 to 800 words, in mixed order."""
    folder = repository_root / "examples" / "documents"
    words = " ".join(p.read_text("utf-8") for p in sorted(folder.glob("*.txt"))).split()
    lengths = [60 + (i * 137) % 740 if i % 4 == 0 else 60 + (i * 37) % 240 for i in range(24)]
    return [" ".join(words[31 * i : 31 * i + length]) + "." for i, length in enumerate(lengths)]


@pytest.fixture
def byline(serve: Callable[..., Any]) -> Contender:
    server = serve("--cache-entries", 0)
    return Contender(
        "byline serve, /v1/score", server.process.pid, server.port, "/v1/score",
        lambda text: json.dumps({"texts": [{"id": "a", "text": text}]}).encode(),
        lambda values: float(values["results"][0]["log_odds"]),
    )  # fmt: skip


@pytest.fixture
def mlserver(repository_root: Path, tmp_path: Path) -> Iterator[Contender | None]:
    """MLServer 1.7 with the library as its runtime; None where it isn't installed."""
    command = repository_root / MLSERVER / "bin" / "mlserver"
    if not (repository_root / MLSERVER / ".installed").exists():
        yield None
        return
    ports = [_free_port() for _ in range(3)]
    settings = {
        "host": "127.0.0.1", "http_port": ports[0], "grpc_port": ports[1],
        "metrics_port": ports[2], "parallel_workers": 0, "debug": False,
    }  # fmt: skip
    model = {"name": "text", "implementation": "runtime.TextModel", "max_batch_size": 0}
    (tmp_path / "settings.json").write_text(json.dumps(settings), "utf-8")
    (tmp_path / "model-settings.json").write_text(json.dumps(model), "utf-8")
    paths = [repository_root / "tests" / "bench" / "mlserver", repository_root / "scoring"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [command, "start", str(tmp_path)], cwd=tmp_path, stdout=log, stderr=log,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        )  # fmt: skip
    contender = Contender(
        "MLServer 1.7", process.pid, ports[0], "/v2/models/text/infer",
        lambda text: json.dumps({"inputs": [
            {"name": "text", "shape": [1, 1], "datatype": "BYTES", "data": [text],
             "parameters": {"content_type": "str"}}]}).encode(),
        lambda values: float(values["outputs"][0]["data"][0]),
    )  # fmt: skip
    until = time.monotonic() + 60
    while not _ready(contender):
        assert process.poll() is None, (tmp_path / "log").read_text("utf-8")
        assert time.monotonic() < until
        time.sleep(0.2)
    yield contender
    process.terminate()
    process.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ready(contender: Contender) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", contender.port), timeout=1) as connection:
            connection.sendall(b"GET /v2/models/text/ready HTTP/1.1\r\nHost: x\r\n\r\n")
            return b" 200 " in connection.recv(100)
    except OSError:
        return False


def _exchange(connection: socket.socket, request: bytes) -> bytes:
    """Send a request and read its answer's body."""
    connection.sendall(request)
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    assert b" 200 " in head.split(b"\r\n")[0], head
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n")
                  if line.lower().startswith(b"content-length"))  # fmt: skip
    while len(body) < length:
        body += connection.recv(65536)
    return body


def _load(contender: Contender, requests: list[bytes], clients: int) -> Load:
    """Have clients send all requests, each the next one as soon as it has its answer."""
    latencies: list[float] = []
    left = iter(requests)
    lock = threading.Lock()

    def client() -> None:
        with socket.create_connection(("127.0.0.1", contender.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                with lock:
                    request = next(left, None)
                if request is None:
                    return
                began = time.perf_counter()
                _exchange(connection, request)
                latencies.append(time.perf_counter() - began)

    cpu, began = contender.cpu(), time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        for future in [pool.submit(client) for _ in range(clients)]:
            future.result()
    return Load(time.perf_counter() - began, contender.cpu() - cpu, latencies)


def _library(detector: Detector, texts: list[str]) -> float:
    """CPU seconds a text takes in the library, one thread."""
    began = time.process_time()
    for text in texts:
        detector.score(text)
    return (time.process_time() - began) / len(texts)


def test_under_load(
    byline: Contender,
    mlserver: Contender | None,
    texts: list[str],
    write_section: Callable[[str, str], None],
) -> None:
    contenders = [byline, mlserver] if mlserver else [byline]
    detector = Detector.load()
    for contender in contenders:
        with socket.create_connection(("127.0.0.1", contender.port)) as connection:
            for text in texts:  # also warms up
                answer = json.loads(_exchange(connection, contender.request(text)))
                expected = detector.score(text).log_odds
                assert contender.log_odds(answer) == pytest.approx(expected, abs=1e-5)
    loads: dict[tuple[str, int], list[Load]] = {}
    library: list[float] = []
    for turn in range(ROUNDS):
        library.append(_library(detector, texts))
        for clients in CLIENTS:
            for contender in contenders[:: 1 if turn % 2 else -1]:
                requests = [contender.request(texts[i % len(texts)]) for i in range(REQUESTS)]
                load = _load(contender, requests, clients)
                loads.setdefault((contender.name, clients), []).append(load)
    least = min(library)
    rows = []
    for (name, clients), rounds in sorted(loads.items(), key=lambda item: (item[0][1], item[0])):
        times = sorted(latency for load in rounds for latency in load.latencies)
        rate = max(len(load.latencies) / load.seconds for load in rounds)
        cpu = min(load.cpu / len(load.latencies) for load in rounds)
        cuts = [1000 * times[round(share * (len(times) - 1))] for share in (0.5, 0.95, 0.99)]
        cells = [name, str(clients), f"{rate:.0f}", *(f"{cut:.0f}" for cut in cuts),
                 f"{1000 * cpu:.1f}", f"{cpu / least:.2f}"]  # fmt: skip
        rows.append("| " + " | ".join(cells) + " |")
    memory = ", ".join(f"{c.name}: {c.rss():.0f} MB" for c in contenders)
    missing = "" if mlserver else "\nMLServer could not be installed here: its rows are missing.\n"
    write_section(
        "The server under load",
        f"""
{len(texts)} texts of {min(len(t.split()) for t in texts)} to {max(len(t.split()) for t in texts)}
words, a request each, {ROUNDS} rounds of {REQUESTS} requests, {os.cpu_count()} processors, which
the clients share. The library takes {1000 * least:.1f} ms of CPU for a text in one thread. The rate
and the CPU are those of the best round, the latencies those of all.

| | clients | requests/s | p50 ms | p95 ms | p99 ms | CPU ms | CPU / library |
|---|---|---|---|---|---|---|---|
{chr(10).join(rows)}

Resident memory after all of it: {memory}.
{missing}
MLServer runs the same library on the same file, one thread a processor; only the server differs.
""",
    )
    assert byline.rss() < 300


def test_a_page_in_one_request(
    serve: Callable[..., Any],
    repository_root: Path,
    write_section: Callable[[str, str], None],
) -> None:
    folder = repository_root / "examples" / "documents"
    words = " ".join(p.read_text("utf-8") for p in sorted(folder.glob("*.txt"))).split()
    paragraphs = [" ".join(words[23 * i : 23 * i + 100]) + "." for i in range(50)]
    server = serve("--cache-entries", 0)
    contender = Contender("", server.process.pid, server.port, "/v1/score",
                          lambda text: text.encode(), float)  # fmt: skip
    body = json.dumps({"texts": [{"id": str(i), "text": p} for i, p in enumerate(paragraphs)]})
    request = contender.request(body)
    workers = len(os.sched_getaffinity(0))
    detector = Detector.load(workers=workers)
    documents = [Document(str(i), p) for i, p in enumerate(paragraphs)]
    ours: list[tuple[float, float]] = []
    library: list[tuple[float, float]] = []
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        for _ in range(12):
            cpu, began = time.process_time(), time.perf_counter()
            verdicts = list(detector.score_many(documents))
            library.append((time.perf_counter() - began, time.process_time() - cpu))
            cpu, began = contender.cpu(), time.perf_counter()
            answer = json.loads(_exchange(connection, request))
            ours.append((time.perf_counter() - began, contender.cpu() - cpu))
        for verdict, result in zip(verdicts, answer["results"], strict=True):
            assert result["log_odds"] == pytest.approx(verdict.log_odds, abs=1e-5)
    times = [[1000 * statistics.median(column) for column in zip(*rows, strict=True)]
             for rows in (ours, library)]  # fmt: skip
    least = [[1000 * min(column) for column in zip(*rows, strict=True)] for rows in (ours, library)]
    write_section(
        "A page of 50 paragraphs of 100 words",
        f"""
In one request to the server, and in the library's `score_many` with {workers} workers, in turn,
{len(ours)} times.

| | least ms | median ms | median CPU ms |
|---|---|---|---|
| one request | {least[0][0]:.0f} | {times[0][0]:.0f} | {times[0][1]:.0f} |
| library | {least[1][0]:.0f} | {times[1][0]:.0f} | {times[1][1]:.0f} |
| ratio | {least[0][0] / least[1][0]:.2f} | {times[0][0] / times[1][0]:.2f} | {
            times[0][1] / times[1][1]:.2f} |
""",
    )
