"""The house keeps to its own description: targets, version, import contracts, pins, samples."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.contract

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def normalized(requirement: str) -> str:
    """The distribution a requirement names, as PEP 503 spells it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~ ;]", requirement, maxsplit=1)[0]).lower()


def test_make_help_lists_each_target() -> None:
    listed = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony is not None
    # These only check for the others that the tool of their name is there.
    for target in set(phony[1].split()) - {"python", "node"}:
        assert re.search(rf"^  make {target} +\S", listed, re.MULTILINE), target


def test_make_says_what_to_do_with_an_environment_that_was_moved(tmp_path: Path) -> None:
    (tmp_path / ".installed").touch()
    result = subprocess.run(
        ["make", "python", f"BASE={tmp_path}", f"PYTHON={sys.executable}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert f"delete {tmp_path} and try again" in result.stderr


def test_installed_version_is_the_projects() -> None:
    assert importlib.metadata.version("byline") == PROJECT["version"]


def test_import_contracts_hold() -> None:
    command = Path(sys.executable).parent / "lint-imports"
    result = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_dependency_is_pinned() -> None:
    pins = [
        line
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert all("==" in pin for pin in pins)
    extras = PROJECT["optional-dependencies"].values()
    wanted = [*PROJECT["dependencies"], *(name for extra in extras for name in extra)]
    assert {normalized(name) for name in wanted} <= {normalized(pin) for pin in pins}


def test_torch_is_only_in_the_training_extra() -> None:
    base = {normalized(name) for name in PROJECT["dependencies"]}
    assert not base & {"torch", "transformers", "datasets", "onnx"}
    assert "torch==2.13.0" in PROJECT["optional-dependencies"]["train"]


def test_every_sample_document_is_accounted_for() -> None:
    table = (ROOT / "examples/README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `([^`]+)`", table, re.MULTILINE))
    assert named == {path.name for path in (ROOT / "examples/documents").iterdir()}
