"""What `byline train` says when it can't go on: one line that names what to do."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from byline_training import cli
from byline_training.config import load
from byline_training.runs import Run


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.train, list(arguments))


def complaint(result: Result) -> str:
    """The one line that isn't the name of the stage."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    lines = [line for line in result.output.splitlines() if not line.startswith("smoke: ")]
    assert len(lines) == 1, result.output
    return lines[0]


@pytest.fixture
def partly(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy of a finished run, to take parts away from."""
    shutil.copytree(tiny_run / "runs", tmp_path / "runs")
    return tmp_path / "runs"


def test_an_unknown_preset() -> None:
    assert "no preset 'huge'; there are: bert-base" in complaint(run("all", "--preset", "huge"))


def test_a_missing_option_or_an_unknown_stage_is_a_usage_error() -> None:
    for arguments in (("all",), ("dream", "--preset", "smoke"), ("all", "--preset")):
        result = run(*arguments)
        assert result.exit_code == 2
        assert "Traceback" not in result.output


def test_a_preset_that_needs_data(tmp_path: Path) -> None:
    result = run("prepare", "--preset", "minilm-tiny", "--runs", str(tmp_path))
    line = result.output.splitlines()[-1]
    assert result.exit_code == 1
    assert "name it with --data" in line
    result = run("prepare", "--preset", "minilm-tiny", "--runs", str(tmp_path), "--data", "gone")
    assert "no folder gone; name it with --data" in result.output


def test_the_folder_of_the_data_is_not_our_own_texts() -> None:
    corpus, paired = cli._configured(load("minilm"), "folder", None, None).data.sources
    assert (corpus.path, paired.path) == ("folder", "")


@pytest.mark.parametrize(
    "stage", ["teacher", "student", "quantize", "calibrate", "evaluate", "export"]
)
def test_every_stage_before_its_time(stage: str, tmp_path: Path) -> None:
    line = complaint(run(stage, "--preset", "smoke", "--runs", str(tmp_path)))
    assert "is missing: run the " in line
    assert line.endswith("stage first")


@pytest.mark.parametrize(
    ("stage", "taken_away", "needed"),
    [
        ("teacher", "prepared/train.parquet", "prepare"),
        ("student", "teacher", "teacher"),
        ("quantize", "teacher", "teacher"),
        ("quantize", "student", "student"),
        ("calibrate", "onnx", "quantize"),
        ("evaluate", "onnx", "quantize"),
        ("evaluate", "calibration", "calibrate"),
        ("evaluate", "prepared", "prepare"),
        ("export", "evaluation.json", "evaluate"),
        ("export", "calibration", "calibrate"),
        ("export", "onnx", "quantize"),
    ],
)
def test_the_stage_that_is_missing_is_named(
    partly: Path, stage: str, taken_away: str, needed: str
) -> None:
    gone = partly / "smoke" / taken_away
    gone.unlink() if gone.is_file() else shutil.rmtree(gone)
    line = complaint(
        run(stage, "--preset", "smoke", "--runs", str(partly),
            "--model-repository", str(partly.parent / "models"))
    )  # fmt: skip
    assert f"is missing: run the {needed} stage first" in line


@pytest.mark.parametrize(
    ("stage", "damaged", "maker"),
    [
        ("teacher", "prepared/train.parquet", "prepare"),
        ("teacher", "run.json", "prepare"),
        ("student", "teacher/weights.pt", "teacher"),
        ("quantize", "prepared/tokenizer.json", "prepare"),
        ("evaluate", "calibration/student.json", "calibrate"),
        ("export", "evaluation.json", "evaluate"),
    ],
)
@pytest.mark.parametrize("content", [b"", b"{", b"{}"])
def test_a_damaged_file_is_named(
    partly: Path, stage: str, damaged: str, maker: str, content: bytes
) -> None:
    (partly / "smoke" / damaged).write_bytes(content)
    result = run(stage, "--preset", "smoke", "--runs", str(partly),
                 "--model-repository", str(partly.parent / "models"))  # fmt: skip
    if damaged == "run.json" and content == b"{}":  # whole, and says nothing
        assert "was trained before" not in result.output
        return
    line = complaint(result)
    assert damaged in line
    assert f"run the {maker} stage" in line or "not a tokenizer" in line


@pytest.mark.parametrize("cache", ["scores", "student/teacher_answers.npz"])
def test_a_damaged_cache_is_made_anew(partly: Path, cache: str) -> None:
    place = partly / "smoke" / cache
    for path in [place] if place.is_file() else sorted(place.iterdir()):
        path.write_bytes(path.read_bytes()[:100])
    (partly / "smoke" / "student" / "weights.pt").unlink()
    for stage in ("student", "quantize", "calibrate"):
        result = run(stage, "--preset", "smoke", "--runs", str(partly))
        assert result.exit_code == 0, result.output


def test_models_are_not_exported_with_the_figures_of_others(partly: Path) -> None:
    where = ("--runs", str(partly), "--model-repository", str(partly.parent / "models"))
    path = partly / "smoke" / "calibration" / "teacher.json"
    calibration = path.read_text("utf-8")
    path.write_text(json.dumps(json.loads(calibration) | {"graph": "another"}), encoding="utf-8")
    for stage in ("evaluate", "export"):
        line = complaint(run(stage, "--preset", "smoke", *where))
        assert "is of another teacher.onnx: run the calibrate stage again" in line
    path.write_text(calibration, encoding="utf-8")
    path = partly / "smoke" / "evaluation.json"
    original = path.read_text("utf-8")
    for key in ("sha256", "calibration_sha256"):
        report = json.loads(original)
        report["models"]["student"][key] = "another"
        path.write_text(json.dumps(report), encoding="utf-8")
        line = complaint(run("export", "--preset", "smoke", *where))
        assert "is of another student or calibration: run the evaluate stage again" in line


def test_leave_out_says_where_its_documents_are_counted(tmp_path: Path) -> None:
    line = complaint(run("leave-out", "--preset", "smoke", "--runs", str(tmp_path)))
    assert "has leave_out = 0: set it, under [data]" in line


@pytest.mark.parametrize(
    ("error", "said", "advised"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "No space left", True),
        (PermissionError(errno.EACCES, "Permission denied", "runs"), "Permission denied", False),
        (ModuleNotFoundError("no torch", name="torch"), "pip install '.[train]'", False),
    ],
)
def test_what_the_machine_refuses(
    error: Exception, said: str, advised: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(_: Run, __: Path) -> None:
        raise error

    monkeypatch.setitem(cli.STAGES, "teacher", (fail, ""))
    line = complaint(run("teacher", "--preset", "smoke", "--runs", str(tmp_path)))
    assert said in line
    assert ("make room and run the same command again" in line) is advised


def test_a_finished_stage_is_not_trained_again(partly: Path) -> None:
    before = (partly / "smoke" / "teacher" / "weights.pt").stat().st_mtime_ns
    result = run("teacher", "--preset", "smoke", "--runs", str(partly))
    assert result.exit_code == 0
    assert "was trained before with these settings and data" in result.output
    assert (partly / "smoke" / "teacher" / "weights.pt").stat().st_mtime_ns == before


def test_help_needs_no_torch() -> None:
    import subprocess
    import sys

    program = (
        "import sys; from click.testing import CliRunner; from byline_training.cli import train;"
        "result = CliRunner().invoke(train, ['--help']);"
        "assert 'quantize' in result.output, result.output;"
        "assert 'torch' not in sys.modules and 'datasets' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
