"""`--engine ray` on this machine: the same results as the local engine.

Needs the extra `ray`, which `make test` installs: pip install '.[ray]'.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from byline import InputError
from byline_cli import ray_engine
from byline_cli.inputs import Input

pytestmark = pytest.mark.e2e
COMMAND = [sys.executable, "-m", "byline_cli.main", "score"]
DATASET = ["--text-column", "t", "--id-column", "i", "--format", "jsonl", "--output", "x/"]
PROSE = (
    "The boat was late, and we waited on the pier with our bags until it was dark. Nobody had "
    "said that it would be so cold there, so my brother gave me his coat. In the end a man came "
    "out of the office and told us to go home and try again. "
)


@pytest.fixture(autouse=True, scope="module")
def _ray_is_there() -> None:
    assert importlib.util.find_spec("ray"), "Ray is missing: pip install '.[ray]'"


@pytest.fixture
def environment(tiny_repository: Path) -> dict[str, str]:
    environment = {**os.environ, "BYLINE_MODEL_REPOSITORY": str(tiny_repository)}
    environment.pop("RAY_ADDRESS", None)
    return environment


def run(*arguments: object, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=environment, capture_output=True, check=False, timeout=240, text=True,
    )  # fmt: skip


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_files_come_out_as_from_the_local_engine(
    environment: dict[str, str], tmp_path: Path
) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    for i in range(60):
        (texts / f"{i:02}.txt").write_text(f"Number {i}. {PROSE * (1 + i % 3)}", encoding="utf-8")
    (texts / "30.txt").write_bytes(b"\0\1\2" * 100)
    (texts / "31.txt").write_text("Hid\u200bden. " + PROSE.replace("o", "о"), encoding="utf-8")
    arguments = [texts, "--format", "jsonl", "--detail", "sentence", "--jobs", 2]
    local = run(*arguments, environment=environment)
    ray = run(*arguments, "--engine", "ray", environment=environment)
    assert ray.returncode == local.returncode == 3, ray.stderr
    assert ray.stdout == local.stdout
    assert len(lines(ray.stdout)) == 60
    assert local.stderr in ray.stderr  # the file that could not be read, by its reason


def test_datasets_are_read_and_written_in_parts(
    environment: dict[str, str], tmp_path: Path
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    rows = [{"key": f"k{i}", "body": f"Row {i}. {PROSE}", "more": i} for i in range(40)]
    rows[7]["body"] = None
    source = tmp_path / "in"
    source.mkdir()
    parquet.write_table(pa.Table.from_pylist(rows[:25]), source / "0.parquet")
    parquet.write_table(pa.Table.from_pylist(rows[25:]), source / "1.parquet")
    columns = ["--text-column", "body", "--id-column", "key", "--jobs", 2]
    local = run(source, *columns, "--format", "jsonl", environment=environment)
    out = tmp_path / "out"
    ray = run(
        f"file://{source}", *columns, "--engine", "ray", "--format", "jsonl", "--output", f"{out}/",
        "--fail-on", "ai", "--summary", environment=environment,
    )  # fmt: skip
    expected = {o["id"]: {**o, "path": ""} for o in lines(local.stdout)}
    found = {
        o["id"]: {**o, "path": ""} for part in out.iterdir() for o in lines(part.read_text("utf-8"))
    }
    assert found == expected
    assert len(found) == 40
    flagged = any(o.get("verdict") == "ai" for o in found.values())
    assert ray.returncode == (1 if flagged else 3), ray.stderr
    assert local.returncode == 3
    assert "judged 39 texts" in ray.stderr
    parts = sorted(out.iterdir())
    again = run(
        source, *columns, "--engine", "ray", "--format", "jsonl", "--output", out,
        environment=environment,
    )  # fmt: skip
    assert again.returncode == 2
    assert f"--output {out} holds files already" in again.stderr
    assert sorted(out.iterdir()) == parts


def test_parquet_out_of_files(environment: dict[str, str], tmp_path: Path) -> None:
    import pyarrow.dataset

    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "a.txt").write_text(PROSE, encoding="utf-8")
    (texts / "b.txt").write_text("Short.", encoding="utf-8")
    odd = texts / os.fsdecode(b"caf\xe9.txt")
    odd.write_bytes(PROSE.encode() + b" And caf\xe9s\xff.")
    out = tmp_path / "out"
    ray = run(
        texts, "--engine", "ray", "--format", "parquet",
        "--output", f"{out}/", "--detail", "sentence", "--jobs", 1, environment=environment,
    )  # fmt: skip
    assert ray.returncode == 0, ray.stderr
    table = pyarrow.dataset.dataset(out).to_table().to_pylist()
    named = run(odd, "--engine", "ray", environment=environment)
    assert named.returncode == 2
    assert named.stderr.endswith("name its folder instead\n")
    local = run(texts, "--format", "jsonl", "--detail", "sentence", environment=environment)
    expected = {o["path"].replace("\udce9", r"\udce9"): o for o in lines(local.stdout)}
    assert {row["path"] for row in table} == set(expected)
    for row in table:
        assert row["log_odds"] == expected[row["path"]]["log_odds"]
        assert row["sentences"] == expected[row["path"]]["sentences"]
        assert row["error"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--resume", "--output", "x"], "Ray retries by itself"),
        (["--output", "x/", "--format", "table"], "needs --format jsonl or parquet"),
        (["--output", "x/", "--format", "jsonl", "--text-column", "t"], "needs --id-column"),
        (["--server", "http://127.0.0.1:1"], "exclude one another"),
        ([*DATASET, "--files-from", "list"], "Ray reads whole PATHs"),
        ([*DATASET, "--exclude", "drafts/"], "Ray reads whole PATHs"),
    ],
)
def test_what_does_not_go_together(
    environment: dict[str, str], tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "a.txt").write_text(PROSE, encoding="utf-8")
    result = run(tmp_path, "--engine", "ray", *arguments, environment=environment)
    assert result.returncode == 2
    assert message in result.stderr


def test_standard_input_in_a_list_is_not_left_to_a_worker() -> None:
    with pytest.raises(InputError, match=r"lists standard input \(-\)"):
        ray_engine._plain(Input("-", None))


def test_place_that_holds_files_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for place in (f"{out}/", f"file://{out}/"):
        ray_engine._check_empty(place)
    (out / "empty").mkdir(parents=True)
    for place in (f"{out}/", f"file://{out}/"):
        ray_engine._check_empty(place)
    (out / "empty/part").touch()
    for place in (f"{out}/", f"file://{out}/"):
        with pytest.raises(InputError, match="out/ holds files already"):
            ray_engine._check_empty(place)
