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
_MANY = 8  # lines of options, which are not repeated for each command that has them
_TOP = """\
# Command line

Made from the help of the commands by `make docs`; a test holds this page to them.
"""


def reference() -> str:
    """The page: every command, with what `--help` prints; options that many share, once."""
    settings = {**main.context_settings, "terminal_width": _WIDTH}
    context = click.Context(main, info_name="byline", **settings)
    return _TOP + "".join(_sections(main, context, 2, {}))


def _sections(
    command: click.Command, context: click.Context, level: int, described: dict[str, str]
) -> Iterator[str]:
    heading = "#" * min(level, 4)
    above, title, options = command.get_help(context).partition("Options:\n")
    first = described.setdefault(options, context.command_path)
    if first != context.command_path and options.count("\n") >= _MANY:
        title, options = f"Options: those of {first}", ""
    yield f"\n{heading} {context.command_path}\n\n```\n{above}{title}{options}\n```\n"
    if not isinstance(command, click.Group):
        return
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        if isinstance(below, Plugin):
            below = plugins()[name].load()
        if below is not None and not below.hidden:
            yield from _sections(below, click.Context(below, context, name), level + 1, described)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), "utf-8")
