"""Many requests of mixed size: none is lost, none is wrong, and the memory stays where it was.

`make test` sends 2,000; `make bench` sends 20,000, and writes the figures.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from byline import Detector

if TYPE_CHECKING:
    from tests.conftest import Server

JSON = {"Content-Type": "application/json"}
CLIENTS = 8
SETTLED = 1000
"""Requests after which the memory should have found its size."""


@pytest.fixture(scope="module")
def pool_of_texts(repository_root: Path) -> list[str]:
    """Texts from none to some hundred words; many are short, as on a page."""
    folder = repository_root / "examples" / "documents"
    words = " ".join(p.read_text("utf-8") for p in sorted(folder.glob("*.txt"))).split()
    lengths = [0, 3, 20, 39, 41, 45, 50, 60, 80, 41, 42, 300]
    return [" ".join(words[50 * i : 50 * i + count]) for i, count in enumerate(lengths)]


def soak(server: Server, texts: list[str], requests: int) -> dict[str, float]:
    """Send requests of one to six texts, check every answer, and watch the memory."""
    detector = Detector.load()
    expected = [detector.score(text) for text in texts]
    memory: list[float] = []

    def ask(i: int) -> bool:
        choice = random.Random(i)
        count = 40 if i % 500 == 250 else choice.choice((1, 1, 1, 2, 3, 6))
        picked = [choice.randrange(len(texts)) for _ in range(count)]
        body = json.dumps({"texts": [{"id": f"{i}.{n}", "text": texts[k]}
                                     for n, k in enumerate(picked)]}).encode()  # fmt: skip
        answer = server.request("POST", "/v1/score", body, JSON)
        assert answer.status == 200, answer.body
        results: list[dict[str, Any]] = answer.json["results"]
        assert len(results) == count
        for n, (k, result) in enumerate(zip(picked, results, strict=True)):
            assert result["id"] == f"{i}.{n}"
            assert result["verdict"] == expected[k].verdict
            assert result["log_odds"] == pytest.approx(expected[k].log_odds, abs=1e-5)
        return True

    began = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as pool:
        for start in range(0, requests, SETTLED):
            count = min(SETTLED, requests - start)
            assert sum(pool.map(ask, range(start, start + count))) == count
            memory.append(server.status("VmRSS") / 1024)
    return {"seconds": time.monotonic() - began, "settled": memory[0], "end": memory[-1]}


@pytest.mark.e2e
def test_soak(serve: Callable[..., Server], pool_of_texts: list[str]) -> None:
    # The cache is small, so that most texts are scored and some are remembered.
    requests = 2000
    server = serve("--cache-entries", 4)
    found = soak(server, pool_of_texts, requests)
    assert found["end"] < 1.1 * found["settled"]
    assert found["end"] < 300
    counted = server.request("GET", "/metrics").body.decode()
    assert f'path="/v1/score",status="200"}} {requests}.0' in counted
    assert server.stop() == 0


@pytest.mark.bench
def test_the_whole_soak(
    serve: Callable[..., Server],
    pool_of_texts: list[str],
    write_section: Callable[[str, str], None],
) -> None:
    server = serve("--cache-entries", 4)
    requests = 20_000
    found = soak(server, pool_of_texts, requests)
    write_section(
        "Soak",
        f"""
{requests:,} requests of 1 to 40 texts by {CLIENTS} clients: {found["seconds"]:.0f} s, none lost,
every answer as the library's. Resident memory after the first {SETTLED:,}:
{found["settled"]:.0f} MB, after the last: {found["end"]:.0f} MB.
""",
    )
    assert found["end"] < 1.1 * found["settled"]
