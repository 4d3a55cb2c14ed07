"""The README's commands and code do what it says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def readme(repository_root: Path) -> str:
    return (repository_root / "README.md").read_text("utf-8")


@pytest.fixture
def desk(repository_root: Path, tmp_path: Path) -> Path:
    """A folder with the files that the README's examples name."""
    documents = repository_root / "examples" / "documents"
    shutil.copy(documents / "ai-essay-remote-work.txt", tmp_path / "essay.txt")
    shutil.copy(documents / "human-pep-264.md", tmp_path / "notes.md")
    shutil.copy(documents / "ai-product-post.html", tmp_path / "page.html")
    (tmp_path / "answers.csv").write_text("student,answer\n1,An answer.\n", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    shutil.copy(documents / "short-note.txt", tmp_path / "folder")
    return tmp_path


def test_every_scoring_command_works(readme: str, desk: Path) -> None:
    commands = [
        line.split("  #")[0]
        for line in readme.splitlines()
        if re.match(r"(cat .*\| )?byline (score|models)", line)
    ]
    assert len(commands) >= 5
    byline = f"{sys.executable} -c 'from byline_cli.main import main; main()'"
    for command in commands:
        runnable = re.sub(r"\bbyline\b", byline, command, count=1)
        result = subprocess.run(
            ["bash", "-c", runnable], cwd=desk, check=False, capture_output=True, text=True
        )
        assert result.returncode == 0, f"{command}: {result.stderr}"
    assert (desk / "report.html").stat().st_size > 2000


def test_the_python_example_runs(readme: str, desk: Path) -> None:
    code = re.search(r"```python\n(.*?)```", readme, re.DOTALL)
    assert code
    result = subprocess.run(
        [sys.executable, "-c", code[1]], cwd=desk, check=True, capture_output=True, text=True
    )
    lines = result.stdout.splitlines()
    assert lines[0].split()[0] in ("ai", "human", "unclear")
    assert len(lines) > 5


def test_the_examples_of_the_library_run(repository_root: Path, desk: Path) -> None:
    page = (repository_root / "docs" / "library.md").read_text("utf-8")
    program = "\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    shutil.copytree(desk / "folder", desk / "texts")
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=desk, check=True, capture_output=True, text=True
    )
    assert result.stdout == "short-note.txt too_short None\n"


def test_every_make_target_it_names_exists(readme: str, repository_root: Path) -> None:
    makefile = (repository_root / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^make (\w+)", readme, re.MULTILINE))
    assert {"demo", "test", "check", "bench", "train"} <= targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_every_file_it_links_to_exists(readme: str, repository_root: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", readme)
    assert links
    assert [link for link in links if not (repository_root / link).exists()] == []
