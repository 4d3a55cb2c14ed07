"""`byline score --server`: the results of the local engine, from a running server."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from byline import Detector

pytestmark = pytest.mark.e2e
COMMAND = [sys.executable, "-m", "byline_cli.main", "score"]
DOCUMENTS = Path(__file__).parents[1] / "fixtures" / "documents"
PROSE = (
    "The boat was late, and we waited on the pier with our bags until it was dark. Nobody had "
    "said that it would be so cold there, so my brother gave me his coat. In the end a man came "
    "out of the office and told us to go home and try again. "
)


def run(*arguments: object, **variables: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env={**os.environ, **variables}, capture_output=True, check=False, timeout=120,
    )  # fmt: skip


def test_results_are_those_of_the_local_engine(server: Any, tmp_path: Path) -> None:
    for i in range(40):
        (tmp_path / f"{i:02}.txt").write_text(f"Number {i}. {PROSE * (1 + i % 3)}", "utf-8")
    (tmp_path / "20.txt").write_bytes(bytes(range(256)) * 10)
    (tmp_path / "21.txt").write_text("Hid\u200bden 🙂. " + PROSE.replace("o", "о"), "utf-8")
    (tmp_path / "22.txt").write_text("", "utf-8")
    for detail in ("document", "sentence"):
        for form in ("jsonl", "csv"):
            arguments = [tmp_path, DOCUMENTS / "pandoc", "--format", form, "--detail", detail]
            local = run(*arguments)
            remote = run(*arguments, "--server", server.url)
            assert remote.returncode == local.returncode == 3, remote.stderr
            assert remote.stdout == local.stdout
            assert remote.stderr == local.stderr


def test_higher_floor_is_that_of_the_library(server: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(PROSE, "utf-8")
    (tmp_path / "b.txt").write_text(PROSE * 2, "utf-8")
    arguments = [tmp_path, "--format", "jsonl", "--detail", "sentence", "--min-words", 60]
    remote = run(*arguments, "--server", server.url)
    assert remote.stdout == run(*arguments).stdout
    assert b"too_short" in remote.stdout
    table = run(tmp_path, "--min-words", 60, "--server", server.url)
    assert b"Under 60 words" in b" ".join(table.stdout.split())
    low = run(tmp_path, "--min-words", 3, "--server", server.url)
    assert low.returncode == 2
    assert b"can only be raised" in low.stderr


def test_report_has_the_rates_a_server_tells(server: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(PROSE, "utf-8")
    result = run(tmp_path / "a.txt", "--server", server.url, "--format", "html")
    assert result.returncode == 0, result.stderr
    assert b"student_int8" in result.stdout
    rate = Detector.load().model.spec.metrics["false_positive_rate"]
    assert f"wrongly called {rate:.2%}".encode() in result.stdout


def test_token_comes_from_a_file_or_the_environment(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    token = "a-token-of-more-than-thirty-two-letters"
    url = serve(BYLINE_TOKEN=token).url
    (tmp_path / "a.txt").write_text(PROSE, "utf-8")
    (tmp_path / "token").write_text(f"{token}\n", "utf-8")
    arguments = [tmp_path / "a.txt", "--server", url]
    without = run(*arguments, BYLINE_TOKEN="")
    assert without.returncode == 2
    assert b"give it here in BYLINE_TOKEN or --token-file" in without.stderr
    assert run(*arguments, BYLINE_TOKEN=token).returncode == 0
    assert run(*arguments, "--token-file", tmp_path / "token", BYLINE_TOKEN="").returncode == 0


def test_resumes_with_a_server(server: Any, tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    for i in range(30):
        (texts / f"{i}.txt").write_text(f"Number {i}. {PROSE}", "utf-8")
    output = tmp_path / "out.jsonl"
    (texts / "broken.pdf").write_bytes(b"%PDF")
    arguments = [texts, "--server", server.url, "--format", "jsonl", "--output", output, "--resume"]
    first = run(*arguments)
    assert first.returncode == 3
    # What could not be read is tried again; the rest is taken from the journal.
    (texts / "broken.pdf").unlink()
    assert len((tmp_path / "out.jsonl.journal").read_bytes().splitlines()) == 31
    again = run(*arguments)
    assert (again.returncode, again.stderr) == (0, b"")
    assert len(output.read_bytes().splitlines()) == 30
    assert not (tmp_path / "out.jsonl.journal").exists()


def test_no_server_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(PROSE, "utf-8")
    result = run(tmp_path / "a.txt", "--server", "http://127.0.0.1:9")
    assert result.returncode == 2
    assert b"http://127.0.0.1:9 can't be reached" in result.stderr
    assert b"start it with `byline serve`" in result.stderr
    assert result.stderr.count(b"\n") == 1
    wrong = run(tmp_path / "a.txt", "--server", "localhost:8765")
    assert wrong.returncode == 2
    assert b"is no address such as http://127.0.0.1:8765" in wrong.stderr


class Busy(http.server.BaseHTTPRequestHandler):
    """Answers as a server with a full queue may: refused, cut off, then served."""

    protocol_version = "HTTP/1.1"
    score: list[Any]
    asked: list[int]
    api = 1

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        if self.path == "/readyz":
            self.answer(200, {"status": "ready", "version": "0", "api": self.api})
            return
        thresholds = {"human": 0.2, "ai": 0.9, "sentence_human": 0.2, "sentence_ai": 0.9}
        model = {"name": "m", "version": 1, "sha256": "0", "window": 64, "min_words": 40}
        self.answer(
            200, {"default": "m", "models": [{**model, "thresholds": thresholds, "metrics": {}}]}
        )

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(len(body["texts"]))
        step = self.score.pop(0) if self.score else 200
        if step == "cut":
            self.close_connection = True
            return
        if step != 200:
            status, code = (503, step) if isinstance(step, str) else (step, "x")
            error = {"code": code, "message": "not now"}
            self.answer(status, {"error": error}, {"Retry-After": "0"})
            return
        result = {"verdict": "human", "probability": 0.1, "log_odds": -2.0, "words": 44,
                  "coverage": 1.0, "findings": []}  # fmt: skip
        results = [{"id": text["id"], **result} for text in body["texts"]]
        self.answer(200, {"model": {}, "results": results})

    def answer(self, status: int, values: Any, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(values).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def busy() -> Iterator[tuple[type[Busy], str]]:
    """The real server is not made to refuse, to cut off and to speak another version at will."""
    handler = type("Handler", (Busy,), {"score": [], "asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield handler, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_busy_and_cut_off_answers_are_asked_again(
    busy: tuple[type[Busy], str], tmp_path: Path
) -> None:
    handler, url = busy
    for i in range(40):
        (tmp_path / f"{i:02}.txt").write_text(PROSE, "utf-8")
    handler.score += [429, "cut", 503, 429]
    result = run(tmp_path, "--server", url, "--format", "jsonl", "--jobs", 1)
    assert (result.returncode, result.stderr) == (0, b"")
    assert len(result.stdout.splitlines()) == 40
    assert sum(handler.asked) > 40
    assert max(handler.asked) == 16  # texts travel in batches


def test_batch_that_is_too_large_is_divided(busy: tuple[type[Busy], str], tmp_path: Path) -> None:
    handler, url = busy
    for i in range(4):
        (tmp_path / f"{i}.txt").write_text(PROSE, "utf-8")
    handler.score += [413, 413, 413]
    result = run(tmp_path, "--server", url, "--format", "jsonl", "--jobs", 1)
    assert handler.asked == [4, 2, 1, 1, 2]
    assert result.returncode == 3
    assert result.stderr == f"byline: {tmp_path}/0.txt: not now\n".encode()


def test_batch_that_takes_too_long_is_divided(busy: tuple[type[Busy], str], tmp_path: Path) -> None:
    handler, url = busy
    for i in range(4):
        (tmp_path / f"{i}.txt").write_text(PROSE, "utf-8")
    handler.score += ["deadline_passed"] * 5
    result = run(tmp_path, "--server", url, "--format", "jsonl", "--jobs", 1)
    assert handler.asked == [4, 2, 1, 1, 1, 1, 2]
    assert result.returncode == 3
    assert result.stderr.startswith(f"byline: {tmp_path}/0.txt: takes longer".encode())
    assert len(result.stdout.splitlines()) == 4


def test_server_of_another_version_is_refused(busy: tuple[type[Busy], str], tmp_path: Path) -> None:
    handler, url = busy
    handler.api = 2
    (tmp_path / "a.txt").write_text(PROSE, "utf-8")
    result = run(tmp_path, "--server", url)
    assert result.returncode == 2
    assert b"speaks version 2 of the API, this byline 1" in result.stderr
