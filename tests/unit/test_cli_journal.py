"""What a resumed run takes over from the journal of the one before."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from byline import InputError, ModelRepository, Verdict
from byline.repository import DEFAULT_MODEL
from byline_cli.inputs import Input
from byline_cli.journal import Journal
from byline_cli.main import main
from byline_cli.model_info import info_of
from byline_cli.results import Result
from byline_cli.settings import Settings

pytestmark = pytest.mark.unit


def result(given: Input, log_odds: float) -> Result:
    verdict = Verdict(given.name, "human", 0.5, log_odds, 100, 1.0, (), (), None)
    return Result(given.name, given.id, "", verdict)


def written(path: Path, *finished: tuple[Input, float]) -> None:
    journal = Journal(path, {"model": "a"}, resume=True)
    for given, _ in finished:  # several are under way at once
        assert journal.known(given) is None
    for given, log_odds in finished:
        journal.add(given, result(given, log_odds))
    journal.close(done=False)


def test_rows_of_the_same_id_keep_their_own_results(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("any")
    rows = [Input(str(table), table, "anna", text) for text in ("one text", "another")]
    path = tmp_path / "out.journal"
    written(path, (rows[0], -2.0), (rows[1], 4.0))
    journal = Journal(path, {"model": "a"}, resume=True)
    assert [journal.known(row) for row in rows] == [result(rows[0], -2.0), result(rows[1], 4.0)]
    journal.close(done=True)


@pytest.mark.parametrize(
    ("old", "new"), [('{"key": "', '{"key": "z'), ('"result": {', '"result": {"'),
                     ('"name"', '"other"')],
)  # fmt: skip
def test_damaged_line_is_done_again(tmp_path: Path, old: str, new: str) -> None:
    text = tmp_path / "a.txt"
    text.write_text("any")
    given = Input(str(text), text)
    path = tmp_path / "out.journal"
    written(path, (given, 1.0))
    path.write_text(path.read_text().replace(old, new))
    journal = Journal(path, {"model": "a"}, resume=True)
    assert journal.known(given) is None
    journal.add(given, result(given, 2.0))
    assert len(journal) == 1
    journal.close(done=False)


@pytest.mark.parametrize("resume", [True, False])
def test_file_of_somebody_else_is_left_alone(tmp_path: Path, resume: bool) -> None:
    path = tmp_path / "out.csv.journal"
    path.write_text("Dear diary\n")
    with pytest.raises(InputError, match=r"is not a journal of byline.*; move it"):
        Journal(path, {"model": "a"}, resume=resume)
    assert path.read_text() == "Dear diary\n"


@pytest.mark.parametrize("system", ["posix", "another"])
def test_it_is_removed_under_its_lock_where_an_open_file_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    path = tmp_path / "out.journal"
    journal = Journal(path, {"model": "a"}, resume=False)
    file, closed = journal._file, []
    unlink = Path.unlink

    def remove(self: Path, missing_ok: bool = False) -> None:
        closed.append(file.closed)
        unlink(self, missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", remove)
        patched.setattr(os, "name", system)
        journal.close(done=True)
    assert closed == [system != "posix"]
    assert not path.exists()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EIO])
def test_file_system_without_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)
    path = tmp_path / "out.journal"
    if number == errno.EIO:
        with pytest.raises(OSError, match="Input/output error"):
            Journal(path, {"model": "a"}, resume=False)
    else:
        Journal(path, {"model": "a"}, resume=False).close(done=True)


def settings_of(*options: str) -> Settings:
    return Settings.parse(main.commands["score"].make_context("score", ["-", *options]).params)


def test_other_thresholds_are_another_model(tiny_repository: Path) -> None:
    settings = settings_of()
    info = info_of(ModelRepository.find(tiny_repository).load(DEFAULT_MODEL))
    moved = replace(info, thresholds=replace(info.thresholds, ai=0.99))
    assert settings.identity(info) != settings.identity(moved)


@pytest.mark.parametrize(
    ("option", "value", "same"), [("--max-size", "2GB", True), ("--include", "code", False)]
)
def test_run_with_a_higher_limit_of_size_goes_on(
    tiny_repository: Path, option: str, value: str, same: bool
) -> None:
    info = info_of(ModelRepository.find(tiny_repository).load(DEFAULT_MODEL))
    identity = settings_of(option, value).identity(info)
    assert (identity == settings_of().identity(info)) == same
    assert same or identity[option] == [value]  # as an error names it
