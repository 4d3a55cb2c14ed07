"""docs/cli.md says what the commands' help says, and what they need is where it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from byline_cli import options
from byline_cli.main import main
from byline_cli.reference import reference

pytestmark = pytest.mark.contract


def test_page_is_that_of_the_help(repository_root: Path, tmp_path: Path) -> None:
    # In a process of its own: click keeps what commands that were run before have changed.
    made = tmp_path / "cli.md"
    subprocess.run([sys.executable, "-m", "byline_cli.reference", made], check=True)
    page = (repository_root / "docs" / "cli.md").read_text("utf-8")
    assert page == made.read_text("utf-8"), "run `make docs`"


def test_every_option_of_score_has_a_help_text() -> None:
    command = main.commands["score"]
    assert all(p.help for p in command.params if isinstance(p, click.Option))
    page = reference()
    for parameter in command.params:
        names = parameter.opts if isinstance(parameter, click.Option) else ["[PATH...]"]
        assert any(name in page for name in names), parameter.name


def test_examples_in_the_help_name_options_there_are() -> None:
    text = CliRunner().invoke(main, ["score", "--help"]).stdout
    known = {name for p in main.commands["score"].params for name in p.opts}
    examples = re.findall(r"^  .*byline score .*$", options.SCORE_EPILOG, re.MULTILINE)
    assert len(examples) >= 7
    for example in examples:
        assert example.strip() in text
        used = re.findall(r"(?<= )--?[a-z0-9][\w-]*", example.split("byline score", 1)[1])
        assert set(used) <= known, example


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    result = CliRunner().invoke(main, ["completion", shell])
    assert result.exit_code == 0
    assert "_BYLINE_COMPLETE" in result.stdout
    # What the script asks when somebody presses the key.
    variables = {"COMP_WORDS": "byline score --for", "COMP_CWORD": "2"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    asked = CliRunner().invoke(
        main, [], env={"_BYLINE_COMPLETE": f"{shell}_complete"}, prog_name="byline"
    )
    assert asked.exit_code in (0, 1)
