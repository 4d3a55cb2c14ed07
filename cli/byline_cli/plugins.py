"""Commands of other packages, by the entry-point group `byline.commands`.

They are known by name, so that listing them imports nothing.
"""

from __future__ import annotations

import functools
from importlib.metadata import EntryPoint, entry_points

import click

GROUP = "byline.commands"

# What the list of commands says, and the extra a command needs. Asking the command itself would
# import it.
_KNOWN = {
    "serve": ("Score over HTTP.", ""),
    "train": ("Make the models (needs the extra: byline[train]).", "[train]"),
}


class Plugin(click.Command):
    """Stands for a command until it is called."""

    def __init__(self, entry: EntryPoint) -> None:
        help_text, self.extra = _KNOWN.get(entry.name, (f"From {entry.module}.", ""))
        super().__init__(entry.name, help=help_text)
        self._entry = entry

    def load(self) -> click.Command:
        """Import the command.

        Raises:
            click.ClickException: it is no command.
        """
        command = self._entry.load()
        if not isinstance(command, click.Command):
            raise click.ClickException(f"{self._entry.value} is not a click command")
        return command

    def missing(self, error: ModuleNotFoundError) -> str:
        """What to say where a package is missing that the command imports."""
        return (
            f"`byline {self.name}` needs a package that is not installed ({error.name}): "
            f"in byline's checkout, pip install '.{self.extra}'"
        )


@functools.cache
def plugins() -> dict[str, Plugin]:
    """The installed commands, by name."""
    return {entry.name: Plugin(entry) for entry in entry_points(group=GROUP)}
