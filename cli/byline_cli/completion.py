"""`byline completion`: what a shell needs to complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_PROGRAM = "byline"
_VARIABLE = "_BYLINE_COMPLETE"


@click.command(
    epilog="""\
\b
Examples:
  byline completion bash > ~/.local/share/bash-completion/completions/byline
  byline completion zsh > ~/.zfunc/_byline      (with ~/.zfunc in fpath)
  byline completion fish > ~/.config/fish/completions/byline.fish
"""
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that makes a SHELL complete commands, options and file names."""
    maker = get_completion_class(shell)
    if maker is None:
        raise click.ClickException(f"click can't complete in {shell}")
    root = ctx.find_root().command
    click.echo(maker(root, {}, _PROGRAM, _VARIABLE).source())
