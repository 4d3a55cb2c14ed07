"""`byline serve` on a real port: texts in, verdicts out, and what is answered to bad requests."""

from __future__ import annotations

import gzip
import json
import socket
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from byline import Detector

if TYPE_CHECKING:
    from tests.conftest import Answer, Server

pytestmark = pytest.mark.e2e

JSON = {"Content-Type": "application/json"}
ONE = b'{"texts": [{"id": "a", "text": "too short"}]}'


@pytest.fixture(scope="module")
def documents(repository_root: Path) -> dict[str, str]:
    """The sample documents, by name."""
    folder = repository_root / "examples" / "documents"
    return {path.name: path.read_text("utf-8") for path in sorted(folder.iterdir())}


def error_of(answer: Answer) -> str:
    """The code of an error, after looking at its shape."""
    assert answer.headers["Content-Type"] == "application/json"
    assert set(answer.json) == {"error"}
    assert set(answer.json["error"]) == {"code", "message"}
    assert len(answer.json["error"]["message"]) > 15
    code: str = answer.json["error"]["code"]
    return code


def test_scores_are_the_librarys(server: Server, documents: dict[str, str]) -> None:
    detector = Detector.load()
    results = server.score(*documents.values(), detail="sentence")
    for text, result in zip(documents.values(), results, strict=True):
        verdict = detector.score(text)
        assert result["verdict"] == verdict.verdict
        assert result["log_odds"] == verdict.log_odds
        assert result["probability"] == verdict.probability
        assert result["coverage"] == verdict.coverage
        spans = [(s["start"], s["end"], s["log_odds"]) for s in result["sentences"]]
        assert spans == [(s.start, s.end, s.log_odds) for s in verdict.sentences]
        raw = verdict.raw and {
            "probability": verdict.raw.probability, "log_odds": verdict.raw.log_odds,
        }  # fmt: skip
        assert result.get("raw") == raw


def test_the_answer_names_the_model_and_keeps_the_order(
    server: Server, documents: dict[str, str]
) -> None:
    texts = [{"id": name, "text": text} for name, text in reversed(documents.items())]
    answer = server.post("/v1/score", {"texts": texts, "model": "student_int8"})
    assert [result["id"] for result in answer.json["results"]] == [t["id"] for t in texts]
    assert "sentences" not in answer.json["results"][0]
    model = Detector.load().model
    assert answer.json["model"] == {
        "name": "student_int8",
        "version": model.version,
        "sha256": model.sha256,
        "min_words": model.spec.thresholds.min_words,
    }


def test_offsets_count_what_was_asked_for(server: Server, documents: dict[str, str]) -> None:
    text = "\N{GRINNING FACE} " + documents["human-pep-264.md"] + " \N{GRINNING FACE}"
    (points,) = server.score(text, detail="sentence")
    (units,) = server.score(text, detail="sentence", offset_encoding="utf-16")
    coded = text.encode("utf-16-le")
    assert len(points["sentences"]) > 3
    for a, b in zip(points["sentences"], units["sentences"], strict=True):
        cut = coded[2 * b["start"] : 2 * b["end"]].decode("utf-16-le")
        assert cut == text[a["start"] : a["end"]]


def test_short_and_damaged_texts_have_verdicts(server: Server, documents: dict[str, str]) -> None:
    damaged = documents["ai-essay-remote-work.txt"].replace("e", "e\ud800", 1)
    empty, short, lone = server.score("", "Not many words.", damaged)
    assert (empty["verdict"], empty["probability"], empty["words"]) == ("too_short", None, 0)
    assert (short["verdict"], short["log_odds"]) == ("too_short", None)
    assert lone["verdict"] in ("ai", "unclear", "human")
    assert [finding["kind"] for finding in lone["findings"]] == ["invalid_unicode"]


def test_a_text_that_is_too_long_fails_alone(server: Server, documents: dict[str, str]) -> None:
    good = documents["human-pep-264.md"]
    results = server.score(good, "x" * 1_000_001, good)
    assert results[1]["error"]["code"] == "text_too_long"
    assert "1,000,001 characters" in results[1]["error"]["message"]
    assert results[0]["log_odds"] == results[2]["log_odds"] is not None


def test_compressed_bodies(server: Server) -> None:
    for encoding, body in (
        ("gzip", gzip.compress(ONE)),
        ("deflate", zlib.compress(ONE)),
        ("identity", ONE),
    ):
        answer = server.request("POST", "/v1/score", body, {**JSON, "Content-Encoding": encoding})
        assert answer.status == 200, encoding


TEXTS = [{"id": str(i), "text": ""} for i in range(10_000)]
BAD: dict[str, tuple[int, str, bytes, dict[str, str]]] = {
    "no content type": (415, "not_json", ONE, {}),
    "another content type": (415, "not_json", ONE, {"Content-Type": "text/plain"}),
    "no body": (400, "invalid_json", b"", JSON),
    "malformed": (400, "invalid_json", b'{"texts": [', JSON),
    "not UTF-8": (400, "invalid_json", b'{"texts": [{"id": "\xff"}]}', JSON),
    "deep": (400, "invalid_json", b"[" * 100_000, JSON),
    "NaN": (400, "invalid_json", b'{"texts": NaN}', JSON),
    "infinity": (400, "invalid_json", b'{"texts": [], "detail": -Infinity}', JSON),
    "a long number": (400, "invalid_json", b'{"texts": ' + b"1" * 10_000 + b"}", JSON),
    "not an object": (422, "invalid_request", b"[]", JSON),
    "no texts": (422, "invalid_request", b"{}", JSON),
    "texts of another type": (422, "invalid_request", b'{"texts": "abc"}', JSON),
    "a number for an id": (
        422, "invalid_request", b'{"texts": [{"id": 1, "text": ""}]}', JSON),
    "a number for a text": (
        422, "invalid_request", b'{"texts": [{"id": "", "text": 1e999}]}', JSON),
    "an unknown field": (422, "invalid_request", b'{"texts": [], "txets": []}', JSON),
    "an unknown detail": (422, "invalid_request", b'{"texts": [], "detail": "all"}', JSON),
    "an id too long": (
        422, "invalid_request",
        json.dumps({"texts": [{"id": "i" * 201, "text": ""}]}).encode(), JSON),
    "duplicate ids": (
        409, "duplicate_id", json.dumps({"texts": [TEXTS[0], TEXTS[0]]}).encode(), JSON),
    "an unknown model": (404, "model_not_found", b'{"texts": [], "model": "none"}', JSON),
    "10,000 texts": (422, "too_many_texts", json.dumps({"texts": TEXTS}).encode(), JSON),
    "50 MB": (413, "body_too_large", b"x" * 50_000_000, JSON),
    "a million zeros": (
        422, "too_many_texts", b'{"texts": [' + b"0," * 1_000_000 + b"0]}", JSON),
    "a gzip bomb": (
        413, "body_too_large", gzip.compress(b" " * 100_000_000, 1),
        {**JSON, "Content-Encoding": "gzip"}),
    "gzip in gzip": (
        415, "unsupported_encoding", gzip.compress(gzip.compress(ONE)),
        {**JSON, "Content-Encoding": "gzip, gzip"}),
    "not gzip": (400, "invalid_encoding", ONE, {**JSON, "Content-Encoding": "gzip"}),
    "half a gzip": (
        400, "invalid_encoding", gzip.compress(ONE)[:-9], {**JSON, "Content-Encoding": "gzip"}),
    "brotli": (415, "unsupported_encoding", ONE, {**JSON, "Content-Encoding": "br"}),
    "another's name": (403, "host_not_allowed", ONE, {**JSON, "Host": "evil.example"}),
    "our name, another port": (403, "host_not_allowed", ONE, {**JSON, "Host": "localhost:1"}),
    "a page's origin": (403, "origin_not_allowed", ONE, {**JSON, "Origin": "https://evil.example"}),
    "a file's origin": (403, "origin_not_allowed", ONE, {**JSON, "Origin": "null"}),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_requests_get_their_status_within_a_second(server: Server, name: str) -> None:
    status, code, body, headers = BAD[name]
    began = time.monotonic()
    answer = server.request("POST", "/v1/score", body, headers)
    assert time.monotonic() - began < 1
    assert (answer.status, error_of(answer)) == (status, code)
    assert server.request("GET", "/healthz").json == {"status": "ok"}


def test_many_times_a_bad_request_is_survived_by_the_others(
    server: Server, documents: dict[str, str]
) -> None:
    text = documents["human-pep-264.md"]
    before = server.score(text)
    for name in BAD:
        _, _, body, headers = BAD[name]
        server.request("POST", "/v1/score", body, headers)
    assert server.score(text) == before


def test_other_paths_and_methods(server: Server) -> None:
    for method, path, status, code in (
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/v1/score", 405, "method_not_allowed"),
        ("DELETE", "/v1/models", 405, "method_not_allowed"),
        ("OPTIONS", "/v1/score", 405, "method_not_allowed"),
        ("BREW", "/v1/score", 405, "method_not_allowed"),
    ):
        answer = server.request(method, path)
        assert (answer.status, error_of(answer)) == (status, code)
    assert server.request("GET", "/v1/score").headers["Allow"] == "POST"


def test_what_is_no_http(server: Server) -> None:
    answer = server.request("GET", "/healthz", headers={"X": "y" * 40_000})
    assert (answer.status, error_of(answer)) == (431, "bad_request")
    answer = server.request("POST", "/v1/score", headers={"Transfer-Encoding": "zip"})
    assert (answer.status, error_of(answer)) == (501, "not_implemented")


def test_a_target_with_a_host_of_its_own(server: Server) -> None:
    ours = f"127.0.0.1:{server.port}"
    tried: list[tuple[str, dict[str, str], int]] = [
        (f"http://{ours}/healthz", {}, 200),
        ("http://evil.example/healthz", {}, 400),
        (f"http://evil.example@{ours}/healthz", {}, 400),
        ("http://evil.example/healthz", {"Host": "evil.example"}, 403),
        ("http://[::1", {}, 400),
        ("/healthz", {"Content-Length": "9" * 5000}, 400),
    ]
    for target, headers, status in tried:
        answer = server.request("GET", target, headers={"Host": ours, **headers})
        assert answer.status == status, target
        if status != 200:
            error_of(answer)
    assert not any("Traceback" in line for line in server.lines)


def test_a_vast_body_in_chunks_and_one_that_asks_first(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        head = f"POST /v1/score HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        for _ in range(50):
            connection.sendall(b"f4240\r\n" + b"x" * 1_000_000 + b"\r\n")
        connection.sendall(b"0\r\n\r\n")
        assert connection.recv(20).startswith(b"HTTP/1.1 413")
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            f"{head}Content-Length: 50000000\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        assert connection.recv(20).startswith(b"HTTP/1.1 100")
        connection.sendall(b"x" * 50_000_000)
        received = connection.recv(2000)
        while b"body_too_large" not in received:
            received += connection.recv(2000)
        assert b"HTTP/1.1 413" in received
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(f"{head}Content-Length: 999999999999\r\n\r\n".encode())
        assert connection.recv(20).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("endless", ["1;" + "a" * 40_000, "0\r\n" + "A: b\r\n" * 7000])
def test_a_size_or_trailer_of_chunks_without_an_end(server: Server, endless: str) -> None:
    head = f"POST /v1/score HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n{endless}".encode())
        assert connection.recv(20).startswith(b"HTTP/1.1 400")


def test_one_that_asks_first_has_nothing_to_send(server: Server) -> None:
    for method, target, status in (
        ("GET", "/healthz", 200),
        ("POST", "/v1/score", 400),
        ("GET", "http://evil.example/healthz", 400),
    ):
        headers = {**JSON, "Host": f"127.0.0.1:{server.port}", "Expect": "100-continue"}
        assert server.request(method, target, headers=headers, timeout=10).status == status


def test_every_answer_is_safe(server: Server) -> None:
    paths = [("GET", "/healthz"), ("GET", "/nothing"), ("POST", "/v1/score")]
    answers = [server.request(*path) for path in paths]
    answers.append(server.request("POST", "/v1/score", b"x" * 17_000_000))
    for answer in answers:
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Server"] == "byline"


def test_who_may_ask(server: Server) -> None:
    for headers in (
        {"Host": f"localhost:{server.port}"},
        {"Host": f"127.0.0.1:{server.port}", "Origin": server.url},
        {"Host": f"[::1]:{server.port}"},
        {"Origin": "chrome-extension://abcdefghijklmnopabcdefghijklmnop"},
        {"Origin": "moz-extension://7a9b6c0e-7f53-4bd9-a0d0-8a9d42a8c0de"},
    ):
        assert server.request("POST", "/v1/score", ONE, {**JSON, **headers}).status == 200


def test_models(server: Server) -> None:
    model = Detector.load().model
    described: dict[str, Any] = server.request("GET", "/v1/models").json
    assert described["default"] == "student_int8"
    (only,) = described["models"]
    assert (only["name"], only["sha256"]) == (model.name, model.sha256)
    assert only["window"] == model.spec.window
    assert only["thresholds"]["ai"] == model.spec.thresholds.ai
    assert only["metrics"] == model.spec.metrics


def test_ready(server: Server) -> None:
    answer = server.request("GET", "/readyz").json
    assert answer == {"status": "ready", "version": "0.1.0", "api": 1}
