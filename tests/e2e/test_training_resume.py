"""Training that is killed, or finds the disk full, ends with the weights of an undisturbed run."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

from byline_training.cli import train
from byline_training.config import CONFIGS
from byline_training.runs import sha256

PROGRAM = "from byline_training.cli import train; train()"
EPOCHS = 10


@pytest.fixture(scope="module")
def preset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smoke preset, with more steps to be killed in."""
    text = (CONFIGS / "smoke.toml").read_text("utf-8")
    path = tmp_path_factory.mktemp("preset") / "made.toml"
    path.write_text(text.replace("epochs = 4", f"epochs = {EPOCHS}"), encoding="utf-8")
    return path


def command(stage: str, preset: Path, runs: Path, before: str = "") -> list[str]:
    return [
        sys.executable, "-c", before + PROGRAM, stage, "--preset", str(preset), "--runs", str(runs)
    ]  # fmt: skip


def finished(stage: str, preset: Path, runs: Path) -> None:
    done = subprocess.run(command(stage, preset, runs), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def invoked(stage: str, preset: Path, runs: Path) -> Result:
    """Run a stage in this process, which has torch loaded."""
    return CliRunner().invoke(train, [stage, "--preset", str(preset), "--runs", str(runs)])


@pytest.fixture(scope="module")
def undisturbed(preset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("undisturbed")
    for stage in ("prepare", "teacher", "student"):
        result = invoked(stage, preset, runs)
        assert result.exit_code == 0, result.output
    return runs / "made"


def steps(run: Path, stage: str) -> list[int]:
    path = run / "metrics.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    records = [json.loads(line) for line in lines if line.endswith("}")]
    return [record["step"] for record in records if record["stage"] == stage]


def killed(stage: str, preset: Path, runs: Path) -> None:
    """Run a stage and kill it in the middle."""
    run = runs / "made"
    process = subprocess.Popen(
        command(stage, preset, runs), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 120
        while max(steps(run, stage), default=0) < 40:
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.005)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL
    assert (run / stage / "checkpoint.pt").exists()
    assert not (run / stage / "weights.pt").exists()


def weights(run: Path, stage: str) -> str:
    """Hash of all tensors; the file itself may differ by the order of its parts."""
    state = torch.load(run / stage / "weights.pt", weights_only=True)
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(name.encode() + state[name].numpy().tobytes())
    return digest.hexdigest()


def started_from(undisturbed: Path, runs: Path, *parts: str) -> Path:
    for part in parts:
        shutil.copytree(undisturbed / part, runs / "made" / part)
    return runs / "made"


def assert_went_on(run: Path, stage: str, undisturbed: Path) -> None:
    assert weights(run, stage) == weights(undisturbed, stage)
    assert steps(run, stage).count(20) == 1  # it didn't begin anew
    assert max(steps(run, stage)) == max(steps(undisturbed, stage)) > 100
    for left in ("checkpoint.pt", "frozen"):  # gigabytes, where a training was no trial
        assert not (run / stage / left).exists()


def test_a_teacher_that_is_killed_is_not_mixed_with_others_and_finds_the_disk_full(
    undisturbed: Path, preset: Path, tmp_path: Path
) -> None:
    run = started_from(undisturbed, tmp_path, "prepared")
    killed("teacher", preset, tmp_path)
    checkpoint = run / "teacher" / "checkpoint.pt"
    before = sha256(checkpoint)
    other = tmp_path / "made.toml"
    other.write_text(
        preset.read_text("utf-8").replace("learning_rate = 1e-2", "learning_rate = 2e-2"),
        encoding="utf-8",
    )
    result = invoked("teacher", other, tmp_path)
    assert result.exit_code == 1
    assert "is of a training with other settings or data" in result.output.splitlines()[-1]
    assert sha256(checkpoint) == before
    # A limit on the size of files refuses a write in the middle, as a full disk does.
    limit = checkpoint.stat().st_size // 2
    full = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}));"
    # The states of frozen layers were kept by the killed process already.
    done = subprocess.run(
        command("teacher", preset, tmp_path, full), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "the last checkpoint is whole: make room" in done.stderr.splitlines()[-1]
    assert sha256(checkpoint) == before
    assert [p.name for p in checkpoint.parent.iterdir() if "partial" in p.name] == []
    finished("teacher", preset, tmp_path)
    assert_went_on(run, "teacher", undisturbed)


def test_a_student_that_is_killed(undisturbed: Path, preset: Path, tmp_path: Path) -> None:
    run = started_from(undisturbed, tmp_path, "prepared", "teacher")
    killed("student", preset, tmp_path)
    answers = (run / "student" / "teacher_answers.npz").stat().st_mtime_ns
    finished("student", preset, tmp_path)
    assert_went_on(run, "student", undisturbed)
    # The teacher was asked once.
    assert (run / "student" / "teacher_answers.npz").stat().st_mtime_ns == answers
