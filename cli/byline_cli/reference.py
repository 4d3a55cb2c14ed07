"""docs/cli.md, made from the help of the commands.

python -m byline_cli.reference docs/cli.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from byline_cli.main import main
from byline_cli.plugins import Plugin, plugins

_WIDTH = 100
_TOP = """\
# Command line

Made from the help of the commands by `make docs`; a test holds this page to them.
"""


def reference() -> str:
    """The page: every command, with what `--help` prints."""
    settings = {**main.context_settings, "terminal_width": _WIDTH}
    context = click.Context(main, info_name="byline", **settings)
    return _TOP + "".join(_sections(main, context, 2))


def _sections(command: click.Command, context: click.Context, level: int) -> Iterator[str]:
    heading = "#" * min(level, 4)
    yield f"\n{heading} {context.command_path}\n\n```\n{command.get_help(context)}\n```\n"
    if not isinstance(command, click.Group):
        return
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        if isinstance(below, Plugin):
            below = plugins()[name].load()
        if below is not None and not below.hidden:
            yield from _sections(below, click.Context(below, context, name), level + 1)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), "utf-8")
