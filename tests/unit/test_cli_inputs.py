"""Which files are meant."""

from __future__ import annotations

import io
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from byline import InputError
from byline_cli.inputs import Choice, Input, find, listed, missing, passed_over

pytestmark = pytest.mark.unit


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a text")


def names(folder: Path, *paths: str, choice: Choice = Choice()) -> list[str]:  # noqa: B008 - frozen
    found = find([os.path.join(folder, path) for path in paths], choice)
    return [os.path.relpath(item.name, folder) for item in found]


def test_folder_is_read_in_order_and_in_depth(tmp_path: Path) -> None:
    write(tmp_path, "b.md", "a/z.txt", "a/y/x.html", "c.HTM", "B.markdown", "no.png", "none")
    assert names(tmp_path, ".") == ["B.markdown", "a/y/x.html", "a/z.txt", "b.md", "c.HTM"]


def test_hidden_files_and_links_of_a_folder_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, "in/a.txt", "in/.b.txt", "in/.git/c.txt", "in/~$a.docx", "out/d.txt")
    (tmp_path / "in/e.txt").symlink_to(tmp_path / "out/d.txt")
    (tmp_path / "in/f").symlink_to(tmp_path / "out")
    (tmp_path / "in/loop").symlink_to(tmp_path / "in")
    assert names(tmp_path, "in") == ["in/a.txt"]
    assert names(tmp_path, "in/e.txt") == ["in/e.txt"]


def test_what_a_browser_saves_along_with_a_page_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, "A b.HTM", "A b_files/ad.html", "A b_files/in/ad.html", "A b/c.txt")
    write(tmp_path, "my_files/d.txt", "d.txt", "d_files/e.txt", "f.html", "f_files", "g.html/h.txt")
    kept = ["A b/c.txt", "A b.HTM", "d.txt", "d_files/e.txt", "f.html", "g.html/h.txt"]
    assert names(tmp_path, ".") == [*kept, "my_files/d.txt"]
    assert names(tmp_path, "A b_files") == ["A b_files/ad.html", "A b_files/in/ad.html"]
    assert names(tmp_path, "A b_files/*.html")[0] == "A b_files/ad.html"


@pytest.mark.parametrize("end", ["-Dateien", "_fichiers", "_archivos", ".files", "_file", "-filer"])
def test_folder_beside_a_page_has_a_name_in_the_language_of_the_browser(
    tmp_path: Path, end: str
) -> None:
    write(tmp_path, "A_b.html", f"A_b{end}/ad.html", f"other{end}/c.txt", "A_b/d.txt")
    assert names(tmp_path, ".") == ["A_b/d.txt", "A_b.html", f"other{end}/c.txt"]


def test_named_files_are_taken_whatever_they_are_called(tmp_path: Path) -> None:
    write(tmp_path, "b.pdf", ".a.txt")
    assert names(tmp_path, "b.pdf", ".a.txt", "b.pdf") == ["b.pdf", ".a.txt", "b.pdf"]


def test_the_output_is_not_an_input(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "report.html")
    assert names(
        tmp_path, ".", choice=Choice(leave_out=frozenset(((tmp_path / "report.html").resolve(),)))
    ) == ["a.txt"]


def test_folders_nested_deeper_than_python_recurses(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(300):
        deep = deep / "d"
    write(deep, "a.txt")
    assert [item.path for item in find([str(tmp_path)])] == [deep / "a.txt"]


@pytest.mark.parametrize("ignore", [".gitignore", "../.gitignore"])
def test_folder_that_cannot_be_listed_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ignore: str
) -> None:
    (tmp_path / ".git").mkdir()
    tmp_path = tmp_path / "in"
    write(tmp_path, "a.txt", "shut/b.txt", ignore)
    scandir = os.scandir

    def refuse(path: str, **_: object) -> os.PathLike[str]:
        if os.path.basename(path) in ("shut", ".gitignore"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)  # type: ignore[return-value]

    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr("byline_cli.ignore.open", refuse, raising=False)
    assert next(find([str(tmp_path)])).name == str(tmp_path / ignore)
    shut = "the folder can't be listed (Permission denied)"
    for path, expected in (
        (tmp_path, [None, shut]), (tmp_path / "*", [None, shut]), (tmp_path / "*.txt", [None]),
        (tmp_path / "**/*.txt", [None, shut]), (tmp_path / "*/*.txt", [shut]),
    ):  # fmt: skip
        problems: list[str | None] = []
        try:
            problems.extend(item.problem for item in find([str(path)]))
        except InputError:
            assert path.parent.name == "*"  # which a.txt is too high for
        broken, *rest = problems
        assert broken == "can't be read (Permission denied)"
        assert rest == expected
    problems = []
    with pytest.raises(InputError, match=r"nothing matches it as a pattern: .*shut/\*"):
        problems.extend(item.problem for item in find([str(tmp_path / "shut/*")]))
    assert problems == ["can't be read (Permission denied)", shut]


def test_missing_paths_are_named(tmp_path: Path) -> None:
    write(tmp_path, "a.txt")
    (tmp_path / "dead.txt").symlink_to(tmp_path / "gone")
    paths = [str(tmp_path / name) for name in ("a.txt", "b.txt", "dead.txt")]
    assert missing([*paths, "-"]) == paths[1:]


def test_gitignore_files_are_obeyed_nearest_first(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "b.log.txt", "out/c.txt", "in/d.txt", "in/b.log.txt", "in/e/keep.txt")
    (tmp_path / ".gitignore").write_text("*.log.txt\n/out/\nkeep.txt\n")
    (tmp_path / "in/.gitignore").write_text("!b.log.txt\n")
    (tmp_path / "in/e/.gitignore").write_text("# nothing\n")
    assert names(tmp_path, ".") == ["a.txt", "in/b.log.txt", "in/d.txt"]
    everything = names(tmp_path, ".", choice=Choice(ignore_files=False))
    assert len(everything) == 6
    assert names(tmp_path, "out/c.txt") == ["out/c.txt"]  # named, not found


def test_gitignore_of_the_checkout_around_counts_too(tmp_path: Path) -> None:
    write(tmp_path, "docs/a.txt", "docs/build/b.txt")
    (tmp_path / ".gitignore").write_text("docs/build\n")
    assert names(tmp_path, "docs") == ["docs/a.txt", "docs/build/b.txt"]
    (tmp_path / ".git").mkdir()
    assert names(tmp_path, "docs") == ["docs/a.txt"]
    (tmp_path / "link").symlink_to(tmp_path / "docs")
    assert names(tmp_path, "link") == ["link/a.txt"]
    assert names(tmp_path, "docs/build") == ["docs/build/b.txt"]  # named, not found
    write(tmp_path, "docs/build/deep/c.txt")
    assert names(tmp_path, "docs/build/deep/*") == ["docs/build/deep/c.txt"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("make", [
    os.mkfifo, lambda path: path.symlink_to("/dev/zero"), lambda path: path.mkdir(),
])  # fmt: skip
def test_gitignore_that_is_no_file_is_as_none(tmp_path: Path, make: Any) -> None:
    write(tmp_path, "a.txt")
    make(tmp_path / ".gitignore")
    assert names(tmp_path, ".") == ["a.txt"]


def test_patterns_that_are_none(tmp_path: Path) -> None:
    write(tmp_path, "a.txt")
    with pytest.raises(InputError, match="--exclude: bad character range"):
        names(tmp_path, ".", choice=Choice(exclude=("[z-a]",)))
    write(tmp_path, ".git/x", "in/a.txt", "in/b.txt")
    for folder in (tmp_path, tmp_path / "in"):
        (folder / ".gitignore").write_text("!\n\\\n[z-a]\nb.txt\n")
        assert names(tmp_path, "in", "a.txt") == ["in/a.txt", "a.txt"]


def test_excluded_patterns(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "a.md", "drafts/b.txt", "in/drafts/c.txt", "in/d.txt")
    choice = Choice(exclude=("drafts/", "*.md"))
    assert names(tmp_path, ".", choice=choice) == ["a.txt", "in/d.txt"]
    assert names(tmp_path, "a.txt", "a.md", choice=choice) == ["a.txt"]
    choice = Choice(exclude=("*.txt", "!d.txt"))
    assert names(tmp_path, ".", choice=choice) == ["a.md", "in/d.txt"]


def test_pattern_may_begin_in_the_folder_or_in_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "in/a.txt", "in/drafts/b.txt", "in/c/drafts/d.txt", "drafts/e.txt")
    monkeypatch.chdir(tmp_path)
    kept = ["in/a.txt", "in/c/drafts/d.txt"]
    for pattern in ("in/drafts/", "/in/drafts", "/drafts/", "in/drafts/*.txt"):
        choice = Choice(exclude=(pattern,))
        for paths in (["in"], ["in/**/*.txt"], [str(tmp_path / "in")]):
            assert [os.path.relpath(item.name) for item in find(paths, choice)] == kept
    monkeypatch.chdir(tmp_path / "drafts")  # not around the folder: says nothing of it
    assert len(list(find(["../in"], Choice(exclude=("in/drafts/",))))) == 3


def test_patterns_do_not_leave_out_the_folder_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "2023/a.txt", "2023/2023/b.txt", "2023/build/c.txt", "2023/build/deep/d.txt")
    for pattern in ("2023", "20*"):
        choice = Choice(exclude=(pattern,))
        kept = ["2023/a.txt", "2023/build/c.txt", "2023/build/deep/d.txt"]
        assert sorted(names(tmp_path, "2023", choice=choice)) == kept
        assert names(tmp_path, "2023/*.txt", choice=choice) == ["2023/a.txt"]
    choice = Choice(exclude=("build",))
    assert names(tmp_path, "2023/build/deep", choice=choice) == ["2023/build/deep/d.txt"]


def test_file_on_another_drive_is_excluded_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def relpath(path: str) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    write(tmp_path, "a.txt", "a.md")
    paths = [str(tmp_path / name) for name in ("a.txt", "a.md")]
    with monkeypatch.context() as patched:
        patched.setattr(os.path, "relpath", relpath)
        found = [item.name for item in find(paths, Choice(exclude=("*.md",)))]
    assert found == paths[:1]


def test_patterns_that_no_shell_has_resolved(tmp_path: Path) -> None:
    write(tmp_path, "in/a.md", "in/b.txt", "in/deep/er/c.md", "in/.hidden/d.md", "[x].md")
    assert names(tmp_path, "in/*.md") == ["in/a.md"]
    assert names(tmp_path, "in/**/*.md") == ["in/a.md", "in/deep/er/c.md"]
    assert names(tmp_path, "in/[b-z]*") == ["in/b.txt", "in/deep/er/c.md"]
    assert names(tmp_path, "[x].md") == ["[x].md"]  # a file of that name comes first
    with pytest.raises(InputError, match=r"nothing matches it as a pattern: .*\*\.rtf"):
        names(tmp_path, "in/*.rtf")


def test_patterns_of_windows_may_have_slashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "in/a.md", "in/b.txt")
    with monkeypatch.context() as patched:
        patched.setattr(os, "sep", "\\")
        patched.setattr(os, "altsep", "/")
        found = names(tmp_path, "in/*.md", choice=Choice(ignore_files=False))
    assert found == ["in/a.md"]


def test_names_in_a_list_are_no_patterns(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone[1].txt")
    assert list(find([gone], patterns=False)) == [Input(gone, Path(gone))]


def test_lists_of_paths() -> None:
    lines = b"a.txt\nb c.txt\n\n\xff.txt"
    assert list(listed(io.BytesIO(lines), b"\n")) == ["a.txt", "b c.txt", os.fsdecode(b"\xff.txt")]
    assert list(listed(io.BytesIO(b"new\nline.txt\0b.txt\0"), b"\0")) == ["new\nline.txt", "b.txt"]
    windows = b"\xef\xbb\xbfa.txt\r\n\r\nb.txt\r\nc.txt\r"
    assert list(listed(io.BytesIO(windows), b"\n")) == ["a.txt", "b.txt", "c.txt"]
    assert list(listed(io.BytesIO(b"a\r\0\xef\xbb\xbf"), b"\0")) == ["a\r", "\ufeff"]
    many = b"".join(b"%d.txt\n" % i for i in range(30_000))
    assert list(listed(io.BytesIO(many), b"\n")) == [f"{i}.txt" for i in range(30_000)]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_named_pipe_in_a_folder_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    write(tmp_path, "a.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    os.mkfifo(tmp_path / "pipe")
    assert names(tmp_path, ".") == ["a.txt", "pipe.txt"]


def test_tables_are_taken_only_if_they_can_be_read(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "b.csv", "c.jsonl")
    assert names(tmp_path, ".") == ["a.txt"]
    assert names(tmp_path, ".", choice=Choice(records=True)) == ["a.txt", "b.csv", "c.jsonl"]


def test_what_is_passed_over_for_its_kind_is_counted(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "a.DOC", "in/b.doc", "in/c.csv", "in/d", "out/e.doc", ".f.doc", "g.x")
    (tmp_path / ".gitignore").write_text("out/\n")
    output = (tmp_path / "g.x").resolve()
    choice = Choice(leave_out=frozenset((output,)))
    for path, counts in (
        (tmp_path, {".doc": 2, ".csv": 1, "": 1}),
        (tmp_path / "*", {".doc": 2, ".csv": 1, "": 1}),
        (tmp_path / "**/*.txt", {}),
        (tmp_path / "g.x", {}),  # named: an error where it is read
    ):
        passed: Counter[str] = Counter()
        assert list(find([str(path)], choice, passed=passed))
        assert passed == counts
    kinds = {".doc": 1200, ".csv": 3, "": 2}
    assert passed_over(Counter(kinds)) == (
        "passed over: 1,200 .doc (not read), 3 .csv (name --text-column), "
        "2 without a suffix (not read)"
    )
    many = Counter({f".{i}": 10 - i for i in range(9)})
    assert passed_over(many).endswith(", 5 .5 (not read), 9 of other kinds")
