"""The wheel carries the default model: `pip install .`, and `byline score` works anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def installed(repository_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's contents in a folder of their own, far from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--wheel-dir", str(folder), str(repository_root)],
        check=True,
    )  # fmt: skip
    (wheel,) = folder.glob("byline-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_installed_command_scores_with_the_model_in_the_wheel(
    installed: Path, tmp_path: Path, repository_root: Path
) -> None:
    text = repository_root / "examples" / "documents" / "ai-essay-remote-work.txt"
    code = (
        "import byline, sys; print(byline.__file__, file=sys.stderr); "
        "from byline_cli.main import main; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, "score", str(text), "--format", "jsonl"],
        env={**os.environ, "PYTHONPATH": str(installed)},
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert str(installed) in result.stderr
    record = json.loads(result.stdout)
    released = json.loads(
        (repository_root / "model_repository/student_int8/1/scoring.json").read_text("utf-8")
    )
    assert record["model"]["sha256"] == released["files"]["1/model.onnx"]
    assert record["verdict"] in ("ai", "unclear", "human")


def test_the_wheel_holds_the_four_packages_and_one_model(installed: Path) -> None:
    packages = sorted(p.name for p in installed.iterdir() if not p.name.endswith(".dist-info"))
    assert packages == ["byline", "byline_cli", "byline_server", "byline_training"]
    for file in (
        "byline_server/static/page.js",
        "byline_server/templates/page.html",
        "byline_cli/triton/tokenizer.py",
    ):
        assert (installed / file).is_file()
    models = sorted(p.name for p in (installed / "byline" / "model_repository").iterdir())
    assert models == ["SHA256SUMS", "student_int8"]
