"""`byline models`: what is in the model repository, and whether it is whole."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from byline_cli import options
from byline_cli.export_triton import export_triton
from byline_cli.wording import shown


@click.group()
def models() -> None:
    """List, show and verify the models."""


models.add_command(export_triton)


@models.command("list")
@options.model_repository
def list_models(repository: Path | None) -> None:
    """List the models; a damaged one is listed with what is wrong with it."""
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    from byline import ModelInvalid, ModelRepository
    from byline.repository import DEFAULT_MODEL
    from byline_cli.terminal import standard_output

    found = ModelRepository.find(repository)
    table = Table(box=SIMPLE, pad_edge=False, header_style="bold")
    table.add_column("Model", no_wrap=True)
    for name in ("Version", "Parameters", "MB"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for name in found.names():
        mark = "default" if name == DEFAULT_MODEL else ""
        try:
            model = found.load(name)
        except ModelInvalid as error:
            table.add_row(Text(shown(name)), "", "", "", Text(shown(f"damaged: {error}")))
            continue
        parameters = model.spec.metrics.get("parameters")
        table.add_row(
            Text(shown(name)),
            str(model.version),
            f"{parameters:,.0f}" if parameters is not None else "-",
            f"{model.size_bytes / 1e6:.1f}",
            mark,
        )
    console = standard_output()
    console.print(table)
    console.print(Text(shown(str(found.path)), style="dim"), soft_wrap=True)


@models.command()
@click.argument("name")
@options.model_repository
def show(name: str, repository: Path | None) -> None:
    """Show what a model is and what its numbers mean, as JSON."""
    from byline import ModelRepository

    found = ModelRepository.find(repository)
    model = found.load(name)
    values = {
        "name": model.name,
        "version": model.version,
        "path": str(model.path),
        "sha256": model.sha256,
        "size_bytes": model.size_bytes,
        "config": asdict(model.config),
        **asdict(model.spec),
    }
    click.echo(json.dumps(values, indent=2))


@models.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
@options.model_repository
@click.pass_context
def verify(ctx: click.Context, names: tuple[str, ...], repository: Path | None) -> None:
    """Check the files of all models, or of those named, against their hashes.

    Exit code: 0 if all are whole, else 1.
    """
    from byline import BylineError, ModelNotFound, ModelRepository

    found = ModelRepository.find(repository)
    checked = names or tuple(found.names())
    if not checked:
        raise ModelNotFound(f"no models in {found.path}", (found.path,))
    damaged = False
    for name in checked:
        try:
            found.load(name)
            state = "ok"
        except BylineError as error:
            state, damaged = str(error), True
        click.echo(shown(f"{name}: {state}"))
    if damaged:
        ctx.exit(1)
