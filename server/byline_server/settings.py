"""Every setting of the server: its option, its environment variable, its help, in one table.

The option of the field `max_texts` is `--max-texts`, its variable `BYLINE_MAX_TEXTS`. The command,
its help and docs/server.md are made from this table.
"""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from byline import InputError
from byline.processors import processors
from byline.repository import DEFAULT_MODEL

_SHORTEST_TOKEN = 16
"""Characters, where others can reach the server and try."""


@dataclass(frozen=True, slots=True)
class Described:
    """What is said of a setting.

    Attributes:
        help: for `--help` and the documentation.
        least, most: smallest and largest number allowed.
        choices: the values allowed, where they are few.
        option: whether there is an option beside the variable.
    """

    help: str
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()
    option: bool = True


def _setting(default: Any, help: str, **more: Any) -> Any:
    return dataclasses.field(default=default, metadata={"described": Described(help, **more)})


@dataclass(frozen=True, slots=True)
class Settings:
    """How the server runs. What each field means stands beside it, for people who run servers."""

    host: str = _setting(
        "127.0.0.1",
        "Address to listen on. Another than this machine's own (127.0.0.1, ::1, localhost) needs "
        "a token.",
    )
    port: int = _setting(8765, "Port to listen on; 0 for any that is free.", least=0, most=65535)
    allow_host: tuple[str, ...] = _setting(
        (),
        "A further name this server is called by, such as byline.example or byline.example:8443. "
        "Requests for any other name are refused. May be given several times.",
    )
    allow_origin: tuple[str, ...] = _setting(
        ("chrome-extension://*", "moz-extension://*"),
        "An origin whose scripts may call, * standing for anything; the server's own pages always "
        "may. Name your extension's to shut out others. May be given several times.",
    )
    token: str = _setting(
        "",
        "The token that callers must send, as `Authorization: Bearer TOKEN`.",
        option=False,  # other users of the machine can read a command line
    )
    token_file: Path | None = _setting(None, "File that holds the token, on its first line.")
    model_repository: Path | None = _setting(
        None, "Folder of models; by default the one that came with byline."
    )
    model: tuple[str, ...] = _setting(
        (DEFAULT_MODEL,),
        "Model to load; the first is used where a request names none. May be given several times.",
    )
    model_control: str = _setting(
        "none",
        "explicit: models may be loaded and unloaded over /v2.",
        choices=("none", "explicit"),
    )
    workers: int = _setting(
        0, "Windows that are run at once; 0 for as many as there are processors.", least=0
    )
    threads: int = _setting(
        64, "Requests that are worked on or wait at once; the others are told to come back.",
        least=1,
    )  # fmt: skip
    queue: int = _setting(
        512,
        "Windows (of up to a page of text) that may wait; a request that finds the queue too full "
        "is told to come back.",
        least=1,
    )
    deadline: int = _setting(30, "Seconds after which a request is given up.", least=1)
    receive_timeout: int = _setting(
        30, "Seconds for a request to arrive in; an idle connection ends after them.",
        least=1,
    )  # fmt: skip
    drain: int = _setting(
        25, "Seconds that a server told to stop has for the requests it accepted.", least=0
    )
    max_connections: int = _setting(1000, "Connections at once.", least=1)
    max_body_mb: int = _setting(
        16, "Largest body of a request, in MB, before and after decompression.", least=1
    )
    max_texts: int = _setting(1000, "Most texts in a request.", least=1)
    max_characters: int = _setting(1_000_000, "Longest text, in characters.", least=1)
    cache_entries: int = _setting(
        10_000, "Results that are remembered by hash of model and text; 0 for none.", least=0
    )
    cache_mb: int = _setting(32, "Memory for them, in MB.", least=0)
    log_format: str = _setting("text", "Form of the log.", choices=("text", "json"))

    @property
    def max_body(self) -> int:
        """Bytes of a body."""
        return self.max_body_mb * 1_000_000

    @property
    def worker_count(self) -> int:
        """Threads that run the model."""
        return self.workers or processors()


def described() -> Mapping[str, Described]:
    """What is said of each setting, by the field's name."""
    return {f.name: f.metadata["described"] for f in dataclasses.fields(Settings)}


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"BYLINE_{name.upper()}"


def option(name: str) -> str:
    """The command-line option of a setting."""
    return f"--{name.replace('_', '-')}"


def checked(settings: Settings) -> Settings:
    """Settings with the token read from its file or stripped, if they are safe together.

    An address of IPv6 may come in brackets, as in a URL; the settings hold it without.

    Raises:
        InputError: the token can't be read or is none, or an address that others can reach has
            none; or a name or an origin is written so that it can't match.
    """
    settings = dataclasses.replace(settings, host=settings.host.strip("[]"))
    # Such as these would match no request, whose refusal would advise to set what is set.
    for name in settings.allow_host:
        if any(mark in name for mark in "/*,"):
            raise InputError(
                f"{option('allow_host')} {name}: give one name alone, such as byline.example or "
                "byline.example:8443"
            )
    for origin in settings.allow_origin:
        name = origin.partition("://")[2]
        if "/" in name or not (name or "*" in origin):
            raise InputError(
                f"{option('allow_origin')} {origin}: give scheme and name without a path, such as "
                "chrome-extension://abcdefgh"
            )
    if settings.token_file is not None:
        settings = dataclasses.replace(settings, token=_read_token(settings.token_file))
    elif settings.token:
        settings = dataclasses.replace(settings, token=_stripped(settings.token))
    if settings.token and not (settings.token.isascii() and settings.token.isprintable()):
        raise InputError("the token must be of printable ASCII characters, without line breaks")
    if not settings.token and not is_loopback(settings.host):
        raise InputError(
            f"--host {settings.host} can be reached by others: set a token, in a file "
            f"({option('token_file')}) or in the variable {variable('token')}"
        )
    if not is_loopback(settings.host) and len(settings.token) < _SHORTEST_TOKEN:
        raise InputError(
            f"--host {settings.host} can be reached by others, who could guess a token of "
            f"{len(settings.token)} characters: make one of {_SHORTEST_TOKEN} or more, such as "
            "`openssl rand -hex 16` prints"
        )
    return settings


def is_loopback(host: str) -> bool:
    """Whether an address or name means this machine, from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _stripped(token: str) -> str:
    # Blanks around it are no part of a header's value: no request could carry them.
    stripped = token.strip()
    if not stripped:
        raise InputError(f"{variable('token')} holds only blanks: set a token, or unset it")
    return stripped


def _read_token(path: Path) -> str:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--token-file {path}: can't be read ({error})") from error
    token = lines[0].strip() if lines else ""
    if not token:
        raise InputError(f"--token-file {path}: holds no token on its first line")
    return token
