"""`byline`: the commands, and how each of them may end.

Exit codes: 0 done, 1 a `--fail-on` finding, 2 usage (a bad argument, model or output), 3 some files
could not be read, 70 an error of ours (EX_SOFTWARE of sysexits.h), 130 interrupted, 141 the reader
of a pipe went away, 143 terminated.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from typing import IO, Any, NoReturn

import click

from byline_cli.completion import completion
from byline_cli.doctor import doctor
from byline_cli.models import models
from byline_cli.plugins import Plugin, plugins
from byline_cli.score import score
from byline_cli.wording import shown


class Failure(click.ClickException):
    """Ends a command with one line on standard error."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the line."""
        click.echo(f"byline: {shown(self.message)}", file=file, err=True)


class Commands(click.Group):
    """Our own commands and those of other packages, which are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return sorted({*super().list_commands(ctx), *plugins()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command for the list of commands; one from outside is a stand-in."""
        return super().get_command(ctx, cmd_name) or plugins().get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A command to be called; one from outside is imported now."""
        is_path = os.path.exists(args[0]) and self.get_command(ctx, args[0]) is None
        if is_path and not ctx.resilient_parsing:
            ctx.fail(f"{shown(args[0])} is no command; byline score {shown(args[0])} scores it")
        name, command, rest = super().resolve_command(ctx, args)
        if isinstance(command, Plugin):
            ctx.obj = command
            command = command.load()
        return name, command, rest

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; what it raises on purpose becomes a line and an exit code."""
        try:
            try:
                return super().invoke(ctx)
            finally:
                if sys.stdout is not None:
                    sys.stdout.flush()
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            raise SystemExit(130) from None
        except OSError as error:
            _end_output(error)
        except Exception as error:
            from byline import BylineError  # late: numpy and ONNX Runtime come with it

            if isinstance(error, BylineError):
                raise Failure(str(error)) from error
            if isinstance(error, ModuleNotFoundError) and isinstance(ctx.obj, Plugin):
                raise Failure(ctx.obj.missing(error)) from error
            # Python would exit with 1, which says that a text was found to be AI's.
            traceback.print_exc()
            raise SystemExit(70) from error


def _end_output(error: OSError) -> NoReturn:
    """Give up on standard output, which is closed or full."""
    if error.errno in (errno.EPIPE, errno.ENOSPC):
        # Python flushes what is left on its way out, and would complain of the same again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if isinstance(error, BrokenPipeError):
        raise SystemExit(141) from None
    where = f"{os.fsdecode(error.filename)}: " if error.filename else ""
    raise Failure(f"{where}{error.strerror or error}") from error


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="byline", prog_name="byline")
def main() -> None:
    """Say how likely texts were written by a language model, and show where."""


main.add_command(score)
main.add_command(models)
main.add_command(doctor)
main.add_command(completion)

if __name__ == "__main__":
    main(prog_name="byline")
