"""Released models measured again: the same figures, or which ones differ."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from byline import ModelRepository
from byline.errors import InputError
from byline_training import cli
from byline_training.config import load
from byline_training.export import write_checksums
from byline_training.provenance import MODELS
from byline_training.reproduce import NotReproduced, reproduce
from byline_training.runs import Run


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Run:
    """A clone's run: prepared data, and nothing trained."""
    run = Run(load("smoke"), tmp_path / "runs" / "smoke")
    shutil.copytree(tiny_run / "runs" / "smoke" / "prepared", run.path("prepared"))
    return run


@pytest.fixture
def repository(tiny_repository: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_repository, tmp_path / "models"))


def test_the_figures_of_the_release_come_out_again(run: Run, repository: Path) -> None:
    figures = reproduce(run, repository)
    assert list(figures) == list(MODELS)
    for name, pairs in figures.items():
        released = ModelRepository(repository).load(name).spec.metrics
        assert {"auroc", "recall", "false_positive_rate"} <= set(pairs)
        assert "sentence_auroc" not in pairs  # no made-up document is mixed
        assert all(released[figure] == pair[0] for figure, pair in pairs.items())


def test_models_that_are_not_there_are_passed_over(run: Run, repository: Path) -> None:
    shutil.rmtree(repository / "teacher")
    write_checksums(repository)
    assert list(reproduce(run, repository)) == [name for name in MODELS if name != "teacher"]


def change(repository: Path, **metrics: float | None) -> None:
    path = repository / "student_int8" / "1" / "scoring.json"
    values = json.loads(path.read_text("utf-8"))
    values["metrics"] |= metrics
    path.write_text(json.dumps(values), encoding="utf-8")
    write_checksums(repository)


def test_a_figure_that_is_not_the_models_is_named(run: Run, repository: Path) -> None:
    change(repository, loss=7.5)
    with pytest.raises(NotReproduced, match=r"^1 figures .* student_int8 loss 7\.5000 -> \d"):
        reproduce(run, repository)


def test_a_figure_that_cannot_be_measured_is_not_reproduced(run: Run, repository: Path) -> None:
    change(repository, loss=None, invented=0.5)
    with pytest.raises(NotReproduced, match=r"loss nan -> \d.* invented 0\.5000 -> nan"):
        reproduce(run, repository)


def test_models_of_another_preset_are_refused(run: Run, released_repository: Path) -> None:
    with pytest.raises(InputError, match="has no model of preset smoke"):
        reproduce(run, released_repository)


def test_an_empty_repository_is_refused(run: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no model of preset smoke"):
        reproduce(run, tmp_path)


def test_the_command_prints_both_figures(run: Run, repository: Path) -> None:
    result = CliRunner().invoke(
        cli.train,
        ["reproduce", "--preset", "smoke", "--runs", str(run.folder.parent),
         "--model-repository", str(repository)],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    _, *lines = [line.split() for line in result.stdout.splitlines()]
    assert ["student_int8", "auroc"] in [line[:2] for line in lines]
    assert all(line[-1] == line[-2] for line in lines)
