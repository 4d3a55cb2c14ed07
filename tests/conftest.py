"""What every test may use."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# For tests that import ONNX Runtime before the library, which sees to it otherwise.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# How fast examples come says something of the machine's load, and nothing of us.
settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ours")


@pytest.fixture(scope="session")
def repository_root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def released_repository() -> Path:
    """The committed model repository."""
    return ROOT / "model_repository"


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the smoke preset was run from end to end: `runs/smoke` and `models`."""
    from click.testing import CliRunner

    from byline_training.cli import train

    folder = tmp_path_factory.mktemp("tiny")
    result = CliRunner().invoke(
        train,
        ["all", "--preset", "smoke", "--runs", str(folder / "runs"),
         "--model-repository", str(folder / "models")],
        catch_exceptions=False,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="session")
def tiny_repository(tiny_run: Path) -> Path:
    """A model repository with four models of a few thousand parameters."""
    return tiny_run / "models"


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is; without one the test fails, or is skipped where that was allowed."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if os.environ.get("E2E") == "optional":
            pytest.skip("E2E=optional, and there is no Chromium")
        pytest.fail(
            "this test drives Chromium. On Debian: apt-get install chromium fonts-dejavu-core. "
            "E2E=optional skips it."
        )
    return path


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: http.client.HTTPMessage  # names in any case
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """`byline serve` in a process of its own, on a port that was free."""

    def __init__(self, *options: object, **variables: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "byline_cli.main", "serve", "--port", "0", *map(str, options)],
            env={**os.environ, **variables}, stderr=subprocess.PIPE, text=True,
            # A shell's background jobs ignore the interrupt: here it must count.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        self.lines: list[str] = []
        self._listening = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._listening.wait(60), self.lines
        found = [re.search(r"listening at http://[^ ]+:(\d+)", line) for line in self.lines]
        ports = [int(match[1]) for match in found if match]
        if not ports:
            self.process.wait(10)
            raise RuntimeError("".join(self.lines))
        self.port = ports[0]
        self.url = f"http://127.0.0.1:{self.port}"
        while self.request("GET", "/readyz").status != 200:
            time.sleep(0.02)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if "listening at" in line:
                self._listening.set()
        self._listening.set()  # it ended

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def post(self, path: str, values: Any, **headers: str) -> Answer:
        sent = {"Content-Type": "application/json"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return self.request("POST", path, json.dumps(values).encode(), sent)

    def score(self, *texts: str, **more: Any) -> list[dict[str, Any]]:
        named = [{"id": str(i), "text": text} for i, text in enumerate(texts)]
        answer = self.post("/v1/score", {"texts": named, **more})
        assert answer.status == 200, answer.body
        results: list[dict[str, Any]] = answer.json["results"]
        return results

    def status(self, field: str) -> int:
        """A number of the process's state, such as VmRSS in kB."""
        text = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        match = re.search(rf"^{field}:\s+(\d+)", text, re.MULTILINE)
        assert match
        return int(match[1])

    def stop(self, with_signal: int = signal.SIGTERM, timeout: float = 40) -> int:
        """Tell it to end; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        code = self.process.wait(timeout)
        self._reader.join(5)
        if self.process.stderr is not None:
            self.process.stderr.close()
        return code


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers, and ends them when the test does."""
    started: list[Server] = []

    def start(*options: object, **variables: str) -> Server:
        started.append(Server(*options, **variables))
        return started[-1]

    yield start
    for server in started:
        server.stop(signal.SIGKILL)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server with the released model, for tests that leave it as it is."""
    running = Server("--cache-entries", 0, "--log-format", "json")
    yield running
    assert running.stop() == 0, running.lines


@pytest.fixture
def descendants() -> Callable[[int], list[int]]:
    """Finds the processes below one (Linux only)."""
    return _descendants


@pytest.fixture
def peak_memory() -> Callable[[subprocess.Popen[bytes]], float]:
    """Waits for a process; gives its peak memory in MB with that of those below it (Linux only)."""
    return _peak_memory


def _descendants(pid: int) -> list[int]:
    """Processes below one, as far as they live."""
    found: list[int] = []
    for each in Path("/proc").iterdir():
        if each.name.isdecimal():
            try:
                parent = int(each.joinpath("stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            if parent == pid:
                found += [int(each.name), *_descendants(int(each.name))]
    return found


def _peak_memory(process: subprocess.Popen[bytes]) -> float:
    """Peak memory of a process and those below it in MB; what they share counts once."""
    peak = 0.0
    while process.poll() is None:
        time.sleep(0.1)
        total = 0
        for pid in (process.pid, *_descendants(process.pid)):
            try:
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            shares = [line for line in rollup.splitlines() if line.startswith("Pss:")]
            total += sum(int(share.split()[1]) for share in shares)
        peak = max(peak, total / 1024)
    return peak
