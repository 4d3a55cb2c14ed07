"""What every test may use."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository_root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def released_repository() -> Path:
    """The committed model repository."""
    return ROOT / "model_repository"


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the smoke preset was run from end to end: `runs/smoke` and `models`."""
    from click.testing import CliRunner

    from byline_training.cli import train

    folder = tmp_path_factory.mktemp("tiny")
    result = CliRunner().invoke(
        train,
        ["all", "--preset", "smoke", "--runs", str(folder / "runs"),
         "--model-repository", str(folder / "models")],
        catch_exceptions=False,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="session")
def tiny_repository(tiny_run: Path) -> Path:
    """A model repository with four models of a few thousand parameters."""
    return tiny_run / "models"


@pytest.fixture
def descendants() -> Callable[[int], list[int]]:
    """Finds the processes below one (Linux only)."""
    return _descendants


@pytest.fixture
def peak_memory() -> Callable[[subprocess.Popen[bytes]], float]:
    """Waits for a process; gives its peak memory in MB with that of those below it (Linux only)."""
    return _peak_memory


def _descendants(pid: int) -> list[int]:
    """Processes below one, as far as they live."""
    found: list[int] = []
    for each in Path("/proc").iterdir():
        if each.name.isdecimal():
            try:
                parent = int(each.joinpath("stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            if parent == pid:
                found += [int(each.name), *_descendants(int(each.name))]
    return found


def _peak_memory(process: subprocess.Popen[bytes]) -> float:
    """Peak memory of a process and those below it in MB; what they share counts once."""
    peak = 0.0
    while process.poll() is None:
        time.sleep(0.1)
        total = 0
        for pid in (process.pid, *_descendants(process.pid)):
            try:
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            shares = [line for line in rollup.splitlines() if line.startswith("Pss:")]
            total += sum(int(share.split()[1]) for share in shares)
        peak = max(peak, total / 1024)
    return peak
