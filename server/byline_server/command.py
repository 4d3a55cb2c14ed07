"""`byline serve`: the settings as options and variables, and the server's life."""

from __future__ import annotations

import dataclasses
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from byline import InputError
from byline_server.access_log import log_to_stderr
from byline_server.app import create_app
from byline_server.service import started, warm_up
from byline_server.settings import Described, Settings, checked, described, option, variable
from byline_server.transport import Transport

_log = logging.getLogger(__name__)


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each setting that has one."""
    for field in reversed(dataclasses.fields(Settings)):
        about: Described = field.metadata["described"]
        if about.option:
            many = isinstance(field.default, tuple)
            command = click.option(
                option(field.name),
                field.name,
                default=field.default,
                show_default=bool(field.default) or field.default == 0,
                multiple=many,
                type=_type(field.default, about),
                metavar=None if about.choices else _metavar(field.default),
                envvar=variable(field.name),
                show_envvar=True,
                help=about.help,
            )(command)
    return command


def _type(default: Any, about: Described) -> Any:
    if about.choices:
        return click.Choice(about.choices)
    if isinstance(default, int):
        return click.IntRange(about.least, about.most)
    return click.Path(path_type=Path) if default is None else str


def _metavar(default: Any) -> str:
    if isinstance(default, int):
        return "N"
    return "PATH" if default is None else "TEXT"


@click.command()
@_options
def serve(**values: Any) -> None:
    """Score over HTTP: POST /v1/score, a page at /, the Open Inference Protocol at /v2.

    Each setting is also an environment variable, named beside it; those that may be given several
    times are separated by spaces there. The token comes from BYLINE_TOKEN or a file, never from
    the command line, which other users of the machine can read.
    """
    for name, about in described().items():
        if not about.option:
            values[name] = os.environ.get(variable(name), "")
    settings = checked(Settings(**values))
    log_to_stderr(settings.log_format)
    try:
        transport = Transport(settings)
    except (OSError, ValueError) as error:
        raise InputError(
            f"can't listen on {settings.host} port {settings.port} ({error}); choose another with "
            "--host or --port"
        ) from error
    service = started(settings, transport.draining)
    transport.application = create_app(service)
    transport.count = service.metrics.record
    threading.Thread(target=warm_up, args=(service,), name="warm-up", daemon=True).start()
    _log.info("listening at http://%s:%d", transport.host, transport.port)
    try:
        transport.serve()
    finally:
        service.scheduler.close()
    _log.info("stopped")
