"""What `byline train` says when it can't go on: one line that names what to do."""

from __future__ import annotations

import errno
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
    ("error", "said", "advised"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "No space left", True),
        (PermissionError(errno.EACCES, "Permission denied", "runs"), "Permission denied", False),
        (ModuleNotFoundError("no torch", name="torch"), "pip install 'byline[train]'", False),
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
