"""Files to text. What is scored is what this returns, and spans count its code points."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from byline import InputError
from byline_cli.encodings import decode

MAX_BYTES = 50_000_000
"""More than any document of prose; it bounds the memory a file can take."""


def _text(data: bytes) -> str:
    return decode(data)


def _markdown(data: bytes) -> str:
    from byline_cli.markdown_text import markdown_text

    return markdown_text(decode(data))


def _html(data: bytes) -> str:
    from byline_cli.html_text import html_text

    return html_text(decode(data, declared_in_html=True))


KINDS: dict[str, Callable[[bytes], str]] = {
    ".txt": _text,
    ".md": _markdown,
    ".markdown": _markdown,
    ".html": _html,
    ".htm": _html,
}
READ = "read are .txt, .md, .markdown, .html and .htm"


def read_file(path: Path) -> str:
    """Read a file of a known kind; one without a suffix is taken for plain text.

    Raises:
        InputError: it can't be read; the message says why and what to do.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"can't be read ({error.strerror})") from error
    if stat.S_ISFIFO(status.st_mode):
        raise InputError("is a named pipe; send its contents to `byline score -` instead")
    if not stat.S_ISREG(status.st_mode):
        raise InputError("is not a regular file; send its contents to `byline score -` instead")
    suffix = path.suffix.lower()
    reader = KINDS.get(suffix) if suffix else _text
    if reader is None:
        raise InputError(f"files ending in {suffix} are not read ({READ}); save it as one of those")
    _check_size(status.st_size)
    try:
        with path.open("rb") as file:
            return reader(_bounded(file))
    except OSError as error:
        advice = "; allow it to be read" if isinstance(error, PermissionError) else ""
        raise InputError(f"can't be read ({error.strerror}){advice}") from error


def read_stream(stream: BinaryIO) -> str:
    """Read plain text from standard input.

    Raises:
        InputError: it is too long or not text.
    """
    return decode(_bounded(stream))


def _bounded(stream: BinaryIO) -> bytes:
    """Read all, unless it grows beyond the limit meanwhile or has no size to ask for."""
    data = stream.read(MAX_BYTES + 1)
    _check_size(len(data))
    return data


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        limit = f"{MAX_BYTES // 1_000_000} MB"
        raise InputError(f"is larger than {limit}, the most that is read; split it")
