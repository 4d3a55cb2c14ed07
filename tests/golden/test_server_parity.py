"""The same text gets the same log-odds by library, CLI, /v1 and byline_text, in any company."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from byline import Detector
from byline_cli.main import main

if TYPE_CHECKING:
    from tests.conftest import Server

pytestmark = pytest.mark.golden

TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def texts(repository_root: Path) -> dict[str, str]:
    """Every plain document of the samples, and excerpts of several lengths, by file name."""
    folder = repository_root / "examples" / "documents"
    whole = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.txt"))}
    whole.pop("short-note.txt")
    excerpts = {
        f"{count}-{name}": " ".join(text.split()[:count])
        for count in (45, 120) for name, text in whole.items()
    }  # fmt: skip
    return whole | excerpts


@pytest.fixture(scope="module")
def expected(texts: dict[str, str]) -> dict[str, float]:
    detector = Detector.load()
    found = {name: detector.score(text).log_odds for name, text in texts.items()}
    scored = {name: value for name, value in found.items() if value is not None}
    assert len(scored) == len(texts) > 10
    return scored


def test_the_cli(texts: dict[str, str], expected: dict[str, float], tmp_path: Path) -> None:
    for name, text in texts.items():
        (tmp_path / name).write_text(text, "utf-8")
    result = CliRunner().invoke(main, ["score", str(tmp_path), "--format", "jsonl"])
    records = [json.loads(line) for line in result.stdout.splitlines()]
    scores = {Path(record["path"]).name: record["log_odds"] for record in records}
    assert scores == pytest.approx(expected, abs=TOLERANCE)


def test_each_alone(server: Server, texts: dict[str, str], expected: dict[str, float]) -> None:
    scores = {name: server.score(text)[0]["log_odds"] for name, text in texts.items()}
    assert scores == pytest.approx(expected, abs=TOLERANCE)


def test_in_the_company_of_others(
    server: Server, texts: dict[str, str], expected: dict[str, float]
) -> None:
    names = list(texts)
    orders = [random.Random(seed).sample(names, len(names)) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:  # at the same time, each in another order
        answers = list(pool.map(lambda order: server.score(*(texts[n] for n in order)), orders))
    for order, results in zip(orders, answers, strict=True):
        scores = {name: result["log_odds"] for name, result in zip(order, results, strict=True)}
        assert scores == pytest.approx(expected, abs=TOLERANCE)


def test_byline_text(server: Server, texts: dict[str, str], expected: dict[str, float]) -> None:
    names = list(texts)
    for rows in (names[:1], names):
        tensor = {
            "name": "text", "shape": [len(rows), 1], "datatype": "BYTES",
            "data": [texts[name] for name in rows],
        }  # fmt: skip
        answer = server.post("/v2/models/byline_text/infer", {"inputs": [tensor]})
        data = answer.json["outputs"][0]["data"]
        pairs = zip(data[::2], data[1::2], strict=True)
        scores = {name: ai - human for name, (human, ai) in zip(rows, pairs, strict=True)}
        assert scores == pytest.approx({name: expected[name] for name in rows}, abs=TOLERANCE)
