"""Commands of other packages, and how any command may end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

from byline import InputError
from byline_cli import plugins
from byline_cli.main import main

pytestmark = pytest.mark.unit


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A module that offers the command `train`, and one that lacks a package."""
    module = ModuleType("offered")
    monkeypatch.setitem(sys.modules, "offered", module)
    entries = [
        EntryPoint("train", "offered:command", plugins.GROUP),
        EntryPoint("other", "absent_package.cli:command", plugins.GROUP),
    ]
    monkeypatch.setattr(plugins, "entry_points", lambda group: entries)
    plugins.plugins.cache_clear()
    yield module
    plugins.plugins.cache_clear()


@pytest.mark.usefixtures("installed")
def test_commands_are_listed_without_being_imported() -> None:
    # The module offers nothing yet, and the other doesn't exist: an import would fail.
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.split("Commands:\n")[1].splitlines()] == [
        "completion", "doctor", "models", "other", "score", "train",
    ]  # fmt: skip


def test_command_gets_its_arguments(installed: ModuleType) -> None:
    @click.command()
    @click.option("--preset")
    def command(preset: str) -> None:
        click.echo(f"training {preset}")

    installed.command = command  # type: ignore[attr-defined]
    result = CliRunner().invoke(main, ["train", "--preset", "smoke"])
    assert (result.exit_code, result.stdout) == (0, "training smoke\n")


@pytest.mark.usefixtures("installed")
def test_missing_package_is_one_line_with_the_command_that_helps() -> None:
    result = CliRunner().invoke(main, ["other"])
    assert result.exit_code == 2
    assert result.stderr == (
        "byline: `byline other` needs a package that is not installed (absent_package): "
        "in byline's checkout, pip install '.'\n"
    )


def test_package_missed_only_when_it_runs_is_the_same(installed: ModuleType) -> None:
    @click.command()
    def command() -> None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    installed.command = command  # type: ignore[attr-defined]
    result = CliRunner().invoke(main, ["train"])
    assert result.exit_code == 2
    assert result.stderr.endswith("(torch): in byline's checkout, pip install '.[train]'\n")


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (InputError("two\nlines"), 2, "byline: two\\nlines\n"),
        (KeyboardInterrupt(), 130, ""),
        (OSError(28, "No space left on device", "/disk/file"), 2,
         "byline: /disk/file: No space left on device\n"),
    ],
)  # fmt: skip
def test_ends_in_one_line(
    installed: ModuleType,
    error: BaseException,
    code: int,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("byline_cli.main.os.dup2", lambda *_: None)  # pytest's own output is 1

    @click.command()
    def command() -> None:
        raise error

    installed.command = command  # type: ignore[attr-defined]
    result = CliRunner().invoke(main, ["train"])
    assert (result.exit_code, result.stderr) == (code, line)


def test_a_bug_is_not_hidden(installed: ModuleType) -> None:
    @click.command()
    def command() -> None:
        raise ZeroDivisionError

    installed.command = command  # type: ignore[attr-defined]
    result = CliRunner().invoke(main, ["train"])
    assert result.exit_code == 70
    assert "ZeroDivisionError" in result.stderr


def test_unknown_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(main, ["scroe"])
    assert result.exit_code == 2
    assert "scroe" in result.stderr
