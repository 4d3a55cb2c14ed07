"""Which files are meant."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from byline_cli.inputs import find, missing

pytestmark = pytest.mark.unit


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a text")


def names(folder: Path, *paths: str, leave_out: Path | None = None) -> list[str]:
    found = find([str(folder / path) for path in paths], leave_out)
    return [os.path.relpath(item.name, folder) for item in found]


def test_folder_is_read_in_order_and_in_depth(tmp_path: Path) -> None:
    write(tmp_path, "b.md", "a/z.txt", "a/y/x.html", "c.HTM", "B.markdown", "no.pdf", "none")
    assert names(tmp_path, ".") == ["B.markdown", "a/y/x.html", "a/z.txt", "b.md", "c.HTM"]


def test_hidden_files_and_links_of_a_folder_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, "in/a.txt", "in/.b.txt", "in/.git/c.txt", "out/d.txt")
    (tmp_path / "in/e.txt").symlink_to(tmp_path / "out/d.txt")
    (tmp_path / "in/f").symlink_to(tmp_path / "out")
    (tmp_path / "in/loop").symlink_to(tmp_path / "in")
    assert names(tmp_path, "in") == ["in/a.txt"]
    assert names(tmp_path, "in/e.txt") == ["in/e.txt"]


def test_named_files_are_taken_whatever_they_are_called(tmp_path: Path) -> None:
    write(tmp_path, "b.pdf", ".a.txt")
    assert names(tmp_path, "b.pdf", ".a.txt", "b.pdf") == ["b.pdf", ".a.txt", "b.pdf"]


def test_the_output_is_not_an_input(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "report.html")
    assert names(tmp_path, ".", leave_out=(tmp_path / "report.html").resolve()) == ["a.txt"]


def test_folders_nested_deeper_than_python_recurses(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(300):
        deep = deep / "d"
    write(deep, "a.txt")
    assert [item.path for item in find([str(tmp_path)])] == [deep / "a.txt"]


def test_folder_that_cannot_be_listed_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a.txt", "shut/b.txt")
    scandir = os.scandir

    def refuse(path: Path) -> os.PathLike[str]:
        if path.name == "shut":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)  # type: ignore[return-value]

    monkeypatch.setattr(os, "scandir", refuse)
    problems = [item.problem for item in find([str(tmp_path)])]
    assert problems == [None, "the folder can't be listed (Permission denied)"]


def test_missing_paths_are_named(tmp_path: Path) -> None:
    write(tmp_path, "a.txt")
    (tmp_path / "dead.txt").symlink_to(tmp_path / "gone")
    paths = [str(tmp_path / name) for name in ("a.txt", "b.txt", "dead.txt")]
    assert missing([*paths, "-"]) == paths[1:]
