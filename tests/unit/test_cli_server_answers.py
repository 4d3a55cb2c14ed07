"""What `--server` makes of wrong addresses, of tokens, and of servers that are none of ours."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner

import byline.detector
from byline import Detector, InputError
from byline_cli import server as client
from byline_cli.engine import Asked
from byline_cli.inputs import Input
from byline_cli.main import main
from byline_cli.readers.files import Reading
from byline_cli.results import Result
from byline_cli.server import Server, ServerFailed

pytestmark = pytest.mark.unit

THRESHOLDS = {"human": 0.2, "ai": 0.9, "sentence_human": 0.2, "sentence_ai": 0.9}
MODEL = {
    "name": "m",
    "version": 1,
    "sha256": "0",
    "min_words": 40,
    "thresholds": THRESHOLDS,
    "metrics": {"false_positive_rate": 0.01},
}
ASKED = Asked(Reading(), model=None, repository=None, min_words=None, jobs=1, texts=False)


class Strange(http.server.BaseHTTPRequestHandler):
    """Answers what it was told to, by path."""

    answers: ClassVar[dict[str, Any]]
    busy: ClassVar[list[str]]

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        answer = self.answers[self.path]
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        wait = self.busy.pop() if self.busy else None
        self.send_response(503 if wait else 200)
        if wait:
            self.send_header("Retry-After", wait)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()


@pytest.fixture
def strange() -> Iterator[tuple[Server, type[Strange]]]:
    class Told(Strange):
        busy: ClassVar[list[str]] = []
        answers: ClassVar[dict[str, Any]] = {
            "/readyz": {"api": 1}, "/v1/models": {"default": "m", "models": [MODEL]},
        }  # fmt: skip

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Told) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
        thread.start()
        asking = Server(f"http://127.0.0.1:{listening.server_port}")
        yield asking, Told
        asking._close()
        listening.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "answer",
    [{"api": 1}, [], b"[" * 100_000, {"default": "m", "models": 7}, {"default": "m", "models": [7]},
     {"default": "m", "models": [{**MODEL, "thresholds": []}]}],
)  # fmt: skip
def test_models_in_another_form(strange: tuple[Server, type[Strange]], answer: Any) -> None:
    server, told = strange
    assert server.model(None).name == "m"
    told.answers["/v1/models"] = answer
    with pytest.raises(ServerFailed, match="in another form than agreed"):
        server.model(None)


@pytest.mark.parametrize(
    "answer",
    [{}, {"results": 7}, {"results": [{"id": "999"}]}, {"results": [{"id": "-1"}]},
     {"results": [{"id": []}]}, {"results": [{"id": "0"}]},
     {"results": [{"id": "0", "error": "text"}]}],
)  # fmt: skip
def test_results_in_another_form(strange: tuple[Server, type[Strange]], answer: Any) -> None:
    server, told = strange
    told.answers["/v1/score"] = answer
    pair = Input("a", Path("a")), Result("a", text="A text.")
    with pytest.raises(ServerFailed, match="in another form than agreed"):
        list(server.scored([pair], ASKED))


@pytest.mark.parametrize("wait", ["nan", "-inf", "-1", "soon"])
def test_times_to_wait_that_are_none(strange: tuple[Server, type[Strange]], wait: str) -> None:
    server, told = strange
    told.busy.append(wait)
    assert server.model(None).name == "m"


def test_who_no_longer_listens_does_not_wait_for_a_busy_server(
    strange: tuple[Server, type[Strange]],
) -> None:
    server, told = strange
    told.answers["/v1/score"] = {}
    told.busy.extend(["30"] * 10)
    done = [(Input("a", None), Result("a", error="unread"))] * 16
    waiting = [(Input("b", None), Result("b", text="A text."))]
    before = set(threading.enumerate())
    results = server.scored(iter(done + waiting), ASKED)
    assert next(results) == done[0]
    while len(told.busy) == 10:  # it has not been asked yet
        time.sleep(0.01)
    threads = set(threading.enumerate()) - before
    assert threads
    results.close()  # type: ignore[attr-defined]
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_server_that_never_answers_does_not_hold_up_the_end() -> None:
    code = """if True:
        import socket
        from byline_cli.inputs import Input
        from byline_cli.results import Result
        from byline_cli.engine import Asked
        from byline_cli.readers.files import Reading
        from byline_cli.server import Server

        listening = socket.create_server(("127.0.0.1", 0))
        done = [(Input("a", None), Result("a", error="unread"))] * 16
        waiting = [(Input("b", None), Result("b", text="A text."))]
        server = Server(f"http://127.0.0.1:{listening.getsockname()[1]}")
        asked = Asked(Reading(), None, None, None, 1, False)
        results = server.scored(done + waiting, asked)
        next(results)
        connection, _ = listening.accept()
        connection.recv(1)
        results.close()
    """
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_answer_without_end(
    strange: tuple[Server, type[Strange]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_MOST_BYTES", 1000)
    server, told = strange
    told.answers["/readyz"] = b" " * 2000
    with pytest.raises(ServerFailed, match="answers without end"):
        server.model(None)


@pytest.mark.parametrize(
    "url",
    ["http://[::1", "http://.:80", "http://", "http://a:99999", "http://127.0.0.1/\u20ac",
     "http://127.0.0.1/a b", "ftp://a"],
)  # fmt: skip
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(InputError, match=r"--server "):
        Server(url)


@pytest.mark.parametrize(
    "token", ["s3cret\n# comment\n", "s3cr\u20act", "\n", b"s3cret\xff"],
    ids=["comment", "letter", "empty", "byte"],
)  # fmt: skip
def test_token_is_never_shown(tmp_path: Path, token: str | bytes) -> None:
    (tmp_path / "a.txt").write_text("A text.")
    file = tmp_path / "token"
    file.write_bytes(token if isinstance(token, bytes) else token.encode())
    arguments = ["score", str(tmp_path / "a.txt"), "--server", "http://127.0.0.1:9"]
    given: list[dict[str, Any]] = [{"args": [*arguments, "--token-file", str(file)]}]
    if isinstance(token, str) and "\u20ac" in token:
        given.append({"args": arguments, "env": {"BYLINE_TOKEN": token}})
    for each in given:
        result = CliRunner().invoke(main, **each)
        assert result.exit_code == 2
        assert result.output.startswith("byline: ")
        assert "s3c" not in result.output
        # Of two lines, the first is the token, as for the server.
        assert ("can't be reached" in result.output) == (token == "s3cret\n# comment\n")


def test_long_text_is_cut_as_the_library_cuts_it(
    tiny_repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(byline.detector, "MAX_CHARACTERS", 10_000)
    scorer = Detector.load(tiny_repository)
    prose = "The boat was late, and we waited on the pier with our bags until it was dark. " * 100
    for beginning in (prose, "lorem ipsum dolor sit amet " * 100, "Short."):
        whole = beginning + " " * (10_000 - len(beginning)) + "and more " * 400
        cut = scorer.score(whole[:10_000], "a")
        finding = byline.detector.truncated(cut.words, len(whole))
        assert finding is not None
        assert client._truncated(cut, finding) == scorer.score(whole, "a")
