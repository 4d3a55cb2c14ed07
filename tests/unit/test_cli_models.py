"""`byline models`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from byline import ModelRepository
from byline_cli.main import main

pytestmark = pytest.mark.unit

NAMES = ["student", "student_int8", "teacher", "teacher_int8"]


def models(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["models", *map(str, arguments)])


@pytest.fixture
def damaged(tiny_repository: Path, tmp_path: Path) -> Path:
    """A repository in which one file was cut off."""
    copy = tmp_path / "models"
    shutil.copytree(tiny_repository, copy)
    graph = copy / "student/1/model.onnx"
    graph.write_bytes(graph.read_bytes()[:-1])
    return copy


def test_list_names_every_model_and_the_default(tiny_repository: Path) -> None:
    result = models("list", "--model-repository", tiny_repository)
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines()]
    assert [row[0] for row in rows if row and row[0] in NAMES] == NAMES
    assert [row[0] for row in rows if "default" in row] == ["student_int8"]


def test_list_shows_a_damaged_model_as_such(damaged: Path) -> None:
    result = models("list", "--model-repository", damaged)
    assert result.exit_code == 0
    assert "damaged" in result.stdout
    assert all(name in result.stdout for name in NAMES)


def test_show_has_what_the_numbers_mean(tiny_repository: Path) -> None:
    result = models("show", "student_int8", "--model-repository", tiny_repository)
    shown = json.loads(result.stdout)
    model = ModelRepository.find(tiny_repository).load("student_int8")
    assert shown["sha256"] == model.sha256
    assert shown["thresholds"]["ai"] == model.spec.thresholds.ai
    assert shown["files"] == model.spec.files
    assert shown["metrics"] == model.spec.metrics
    assert shown["config"]["intra_op_threads"] == model.config.intra_op_threads
    assert len(shown["calibration"]["bands"]) == len(model.spec.calibration.bands)


def test_verify_whole_models(tiny_repository: Path) -> None:
    result = models("verify", "--model-repository", tiny_repository)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [f"{name}: ok" for name in NAMES]


def test_verify_names_the_damaged_file(damaged: Path) -> None:
    result = models("verify", "--model-repository", damaged)
    assert result.exit_code == 1
    problem, *others = result.stdout.splitlines()
    assert problem.startswith(f"student: {damaged / 'student/1/model.onnx'}: ")
    assert others == [f"{name}: ok" for name in NAMES[1:]]
    assert models("verify", "teacher", "--model-repository", damaged).exit_code == 0


def test_verify_an_unknown_name_is_a_problem(tiny_repository: Path) -> None:
    result = models("verify", "nobody", "--model-repository", tiny_repository)
    assert result.exit_code == 1
    assert result.stdout.startswith("nobody: no model")


@pytest.mark.parametrize("arguments", [("list",), ("verify",), ("show", "student")])
def test_missing_repository_is_one_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = models(*arguments, "--model-repository", tmp_path / "absent")
    assert result.exit_code == 2
    assert result.stderr.startswith("byline: no model repository at")
    assert result.stderr.endswith("; name the folder that holds the models\n")
    assert result.stderr.count("\n") == 1


def test_damaged_model_is_not_used(damaged: Path) -> None:
    result = models("show", "student", "--model-repository", damaged)
    assert result.exit_code == 2
    assert "model.onnx" in result.stderr
    assert result.stdout == ""


def test_empty_repository_is_not_called_whole(tmp_path: Path) -> None:
    result = models("verify", "--model-repository", tmp_path)
    assert result.exit_code == 2
    assert "no models in" in result.stderr
