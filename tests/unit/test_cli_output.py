"""CSV, SARIF and the summary."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from pathlib import Path, PureWindowsPath
from typing import Any

import jsonschema
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from byline import Detector
from byline.spec import Thresholds
from byline_cli import output, sarif, table
from byline_cli import results as cli_results
from byline_cli.main import main
from byline_cli.model_info import ModelInfo, info_of
from byline_cli.summary import Tally, expected, summary_lines

pytestmark = pytest.mark.unit

SENTENCES = [
    "The boat was late, and we waited on the pier with our bags until it was dark.",
    "Nobody had said that it would be so cold there, so my brother gave me his coat.",
    "In the end a man came out of the office and told us to go home and try again.",
]
PROSE = "\n".join(SENTENCES)
SCHEMA = Path(__file__).parents[1] / "fixtures" / "sarif" / "sarif-2.1.0-rtm.5.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_text(f"A heading\r\n\r\n{PROSE}", encoding="utf-8")
    (folder / 'b, "quoted".txt').write_text(PROSE.replace("o", "о"), encoding="utf-8")
    (folder / "broken.pdf").write_bytes(b"%PDF")
    (folder / os.fsdecode(b"byte\xff.txt")).write_text("Too short.", encoding="utf-8")
    (folder / "new\nline.md").write_text(PROSE, encoding="utf-8")
    return folder


def score(repository: Path, *arguments: object) -> Result:
    command = ["score", *map(str, arguments), "--model-repository", str(repository)]
    return CliRunner().invoke(main, command, prog_name="byline")


def all_ai(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("byline.detector.decide", lambda *_: "ai")


def test_csv_opens_with_pandas(tiny_repository: Path, folder: Path) -> None:
    result = score(tiny_repository, folder, "--format", "csv")
    assert result.exit_code == 3
    table = pd.read_csv(io.StringIO(result.stdout), dtype={"probability": str, "log_odds": str})
    objects = [json.loads(line) for line in
               score(tiny_repository, folder, "--format", "jsonl").stdout.splitlines()]  # fmt: skip
    assert len(table) == len(objects) == 5
    for (_, row), expected_values in zip(table.iterrows(), objects, strict=True):
        assert row["path"] == expected_values["path"].replace("\udcff", "\\udcff")
        if "error" in expected_values:
            assert row["error"] == expected_values["error"]
            assert pd.isna(row["verdict"])
            continue
        for name in ("probability", "log_odds"):
            value = expected_values[name]
            assert pd.isna(row[name]) if value is None else float(row[name]) == value
        assert row["words"] == expected_values["words"]
    assert table["findings"].str.startswith("homoglyphs:").sum() == 1
    assert table["raw_log_odds"].notna().sum() == 1


def test_csv_holds_no_formula(tiny_repository: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    ids = ["=HYPERLINK(1)", "+1", "-1", "@a", "\ta", "plain", "a=b"]
    rows = "".join(f'"{id}",{SENTENCES[0]}\n' for id in ids).replace(SENTENCES[0], "Short.")
    path.write_text(f"id,text\n{rows}")
    result = score(
        tiny_repository, path, "--text-column", "text", "--id-column", "id", "--format", "csv"
    )
    found = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["id"] for row in found] == [f"'{id}" for id in ids[:5]] + ids[5:]
    values = {"log_odds": -1.5, "path": "=a"}
    assert {name: output._inert(value) for name, value in values.items()} == {
        "log_odds": -1.5, "path": "'=a",
    }  # fmt: skip


def test_csv_quotes_line_breaks_of_every_kind() -> None:
    names = ["a\rb.txt", "a\nb.txt", "a\r\nb.txt", "a\r\n", "plain.txt"]
    out = io.BytesIO()
    output.write_csv([cli_results.Result(name, error="x") for name in names], model(), False, out)
    assert out.getvalue().endswith(b"\nplain.txt,,,,,,,,,,,,x\n")
    rows = csv.DictReader(io.StringIO(out.getvalue().decode(), newline=""))
    assert [row["path"] for row in rows] == names


def test_csv_has_a_row_a_sentence_when_asked(tiny_repository: Path, folder: Path) -> None:
    result = score(tiny_repository, folder / "a.txt", "--format", "csv", "--detail", "sentence")
    table = pd.read_csv(io.StringIO(result.stdout))
    assert list(table["sentence_text"]) == ["A heading", *SENTENCES]
    assert list(table["sentence"]) == [1, 2, 3, 4]
    assert table["log_odds"].nunique() == 1


def test_sarif_is_valid(
    tiny_repository: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_ai(monkeypatch)
    schema = json.loads(SCHEMA.read_text("utf-8"))
    for detail in ("document", "sentence"):
        result = score(tiny_repository, folder, "--format", "sarif", "--detail", detail)
        log = json.loads(result.stdout)
        jsonschema.Draft4Validator(schema).validate(log)
        (run,) = log["runs"]
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert all(rules[found["ruleIndex"]] == found["ruleId"] for found in run["results"])
        kinds = {found["ruleId"] for found in run["results"]}
        assert kinds >= {"ai-text", "homoglyphs"}
        assert ("ai-sentence" in kinds) == (detail == "sentence")
        (invocation,) = run["invocations"]
        assert invocation["executionSuccessful"] is False
        (unread,) = invocation["toolExecutionNotifications"]
        assert "broken.pdf: is not a PDF" in unread["message"]["text"]
        for found in run["results"]:
            (location,) = found["locations"]
            assert location["physicalLocation"]["artifactLocation"]["uri"].startswith("file:///")


def test_sarif_places_sentences_in_the_lines_of_a_text(
    tiny_repository: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_ai(monkeypatch)
    monkeypatch.chdir(folder)
    result = score(tiny_repository, "a.txt", "--format", "sarif", "--detail", "sentence")
    found = [f for f in json.loads(result.stdout)["runs"][0]["results"]
             if f["ruleId"] == "ai-sentence"]  # fmt: skip
    lines = Path("a.txt").read_text("utf-8").split("\n")
    texts = []
    for each in found:
        place = each["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "a.txt"
        region = place["region"]
        assert region["startLine"] == region["endLine"]
        line = lines[region["startLine"] - 1]
        texts.append(line[region["startColumn"] - 1 : region["endColumn"] - 1])
    assert texts == SENTENCES  # the heading is too short for a verdict


def test_sarif_places_sentences_of_a_page_nowhere_whatever_its_name(
    tiny_repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_ai(monkeypatch)
    page = tmp_path / "page.txt"
    page.write_text(f"<!doctype html>\n\n<p>{' '.join(SENTENCES)}</p>", "utf-8")
    result = score(tiny_repository, page, "--format", "sarif", "--detail", "sentence")
    found = [f for f in json.loads(result.stdout)["runs"][0]["results"]
             if f["ruleId"] == "ai-sentence"]  # fmt: skip
    assert found
    for each in found:
        assert each["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


@pytest.mark.parametrize(
    ("name", "uri"),
    [(r"in\a b.txt", "in/a%20b.txt"), (r"C:\in\a.txt", "file:///C:/in/a.txt")],
)
def test_sarif_names_files_of_windows(monkeypatch: pytest.MonkeyPatch, name: str, uri: str) -> None:
    monkeypatch.setattr(sarif, "PurePath", PureWindowsPath)
    place = sarif._place(cli_results.Result(name))
    assert place == {"artifactLocation": {"uri": uri}}


def model(**metrics: float) -> ModelInfo:
    return ModelInfo("student", 1, "0" * 64, Thresholds(0.2, 0.9, 0.2, 0.9, 40), metrics)


def tally(ai: int, human: int) -> Tally:
    counted = Tally()
    counted.counts.update(ai=ai, human=human)
    counted.spread.update({(9, "ai"): ai, (0, "human"): human})
    return counted


def test_expected_false_flags_are_those_of_the_measured_rate() -> None:
    found = expected(tally(30, 970), model(false_positive_rate=0.01, recall=0.8), 0.1)
    assert found is not None
    assert found.if_all_human == pytest.approx(10)
    assert (found.low, found.high) == (4, 17)  # scipy.stats.binom(1000, 0.01).interval(0.95)
    assert found.expected_flagged == pytest.approx(1000 * (0.1 * 0.8 + 0.9 * 0.01))
    assert found.precision == pytest.approx(0.08 / 0.089)
    assert expected(tally(1, 1), model(), None) is None


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 3000), st.floats(0, 1))
def test_range_by_chance_is_the_binomial_one(n: int, rate: float) -> None:
    from scipy.stats import binom

    found = expected(tally(0, n), model(false_positive_rate=rate), None)
    assert found is not None
    assert found.low <= found.if_all_human + 1
    assert found.high >= found.if_all_human - 1
    # At the ends there may be one between the two, where sums of floats fall on either side.
    low, high = binom.interval(0.95, n, rate) if n and 0 < rate < 1 else (found.low, found.high)
    assert abs(found.low - low) <= 1
    assert abs(found.high - high) <= 1


def test_summary_of_a_folder(tiny_repository: Path, folder: Path) -> None:
    result = score(tiny_repository, folder, "--summary", "--base-rate", "0.3", "--format", "json")
    values: dict[str, Any] = json.loads(result.stdout)["summary"]
    assert values["verdicts"]["error"] == 1
    assert sum(values["bins"]) == values["judged"] == 3
    rate = Detector.load(tiny_repository).model.spec.metrics["false_positive_rate"]
    assert values["expected"]["if_all_human"] == pytest.approx(3 * rate)
    assert values["expected"]["base_rate"] == 0.3
    assert "judged 3 texts" in result.stderr
    assert f"called {rate:.2%} of its human test texts" in result.stderr
    assert "If AI wrote 30.0% of the texts" in result.stderr


def test_summary_without_rates_says_so() -> None:
    text = "\n".join(summary_lines(tally(1, 2), model(), None))
    assert "is not known: no error rates come with student" in text
    assert math.isclose(sum(tally(1, 2).bins), 3)


def test_tallies_add_up() -> None:
    one, other = tally(1, 2), tally(3, 4)
    one.merge(other)
    assert one.counts == {"ai": 4, "human": 6}
    assert one.judged == 10


def test_narrowest_terminal_breaks_no_table(tiny_repository: Path) -> None:
    detector = Detector.load(tiny_repository)
    told = cli_results.Result("a.txt", text=PROSE, verdict=detector.score(PROSE))
    console = Console(file=io.StringIO(), width=22)
    table._print([told], info_of(detector.model), True, console)
    assert isinstance(console.file, io.StringIO)
    assert "AI from" in " ".join(console.file.getvalue().split())


@pytest.mark.parametrize("kind", [RuntimeError, ModuleNotFoundError])
def test_an_error_of_ours_is_no_finding(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise kind("nobody thought of this")

    monkeypatch.setattr("byline_cli.score._score", fail)
    result = CliRunner().invoke(main, ["score", "-"])
    assert result.exit_code == 70
    assert f"{kind.__name__}: nobody thought of this" in result.stderr


@pytest.mark.parametrize("width", range(76, 110))
def test_a_narrow_terminal_folds_findings_and_loses_nothing_of_them(width: int) -> None:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    cells = ("not English", "99.6%", "3,171", "100%", "homoglyphs (120), zero width (38)")
    console.print(table._table([("a-name-of-some-length-such-as-this.txt", cells)], console))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    begins = next(line for line in lines if "Findings" in line).index("Findings")
    assert "".join("".join(line[begins:] for line in lines).split()).endswith(
        "homoglyphs(120),zerowidth(38)"
    )
    assert max(map(len, lines)) <= width
