"""What every test may use."""

from __future__ import annotations

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
