"""Options that more than one command has."""

from __future__ import annotations

from pathlib import Path

import click

model_repository = click.option(
    "--model-repository",
    "repository",
    type=click.Path(path_type=Path),
    metavar="DIR",
    envvar="BYLINE_MODEL_REPOSITORY",
    show_envvar=True,
    help="Folder of models.  [default: the one that came with byline]",
)
