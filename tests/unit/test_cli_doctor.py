"""`byline doctor`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from byline import ModelRepository
from byline_cli import doctor as module
from byline_cli.main import main

pytestmark = pytest.mark.unit


def doctor(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["doctor", *map(str, arguments)])


def test_sound_installation(tiny_repository: Path) -> None:
    result = doctor("--model-repository", tiny_repository)
    assert result.exit_code == 0, result.output
    sha256 = ModelRepository.find(tiny_repository).load().sha256
    assert f"whole, SHA-256 {sha256}" in result.stdout
    assert "onnxruntime " in result.stdout
    assert "scored in" in result.stdout
    assert "FAIL" not in result.stdout
    checks = json.loads(doctor("--model-repository", tiny_repository, "--json").stdout)
    assert {check["name"] for check in checks} >= {"Python", "processor", "packages", "test score"}
    assert all(check["ok"] in (True, None) for check in checks)


def test_damaged_default_model_fails_and_another_does_not(
    tiny_repository: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "models"
    shutil.copytree(tiny_repository, copy)
    other = copy / "teacher/1/model.onnx"
    other.write_bytes(other.read_bytes()[:-1])
    assert doctor("--model-repository", copy).exit_code == 0
    default = copy / "student_int8/1/tokenizer.json"
    default.write_bytes(default.read_bytes() + b" ")
    result = doctor("--model-repository", copy)
    assert result.exit_code == 1
    assert "FAIL   student_int8" in result.stdout
    assert "was changed or cut off" in result.stdout


def test_missing_repository_and_package(
    tmp_path: Path, tiny_repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = doctor("--model-repository", tmp_path / "absent")
    assert result.exit_code == 1
    assert "no model repository at" in result.stdout
    monkeypatch.setattr(module, "requires", lambda _: ["numpy>=2", "no-such-package"])
    result = doctor("--model-repository", tiny_repository)
    assert result.exit_code == 1
    assert "missing: no-such-package" in result.stdout
