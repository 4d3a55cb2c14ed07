"""Files to text. What is scored is what this returns, and spans count its code points."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from byline import InputError
from byline_cli import wording
from byline_cli.blocks import Kind, Prose, by_looks, join
from byline_cli.readers.encodings import decode

MAX_BYTES = 50_000_000
"""More than any document of prose; it bounds the memory a file can take."""

_PAGE = re.compile(r"\s*(?:<\?xml[^>]{0,200}>\s*)?<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are read.

    Attributes:
        include: kinds of blocks that are scored although they are set apart.
        max_bytes: of a file, and of what an archive unpacks to.
        text_column: of tables and records, what is scored.
        id_column: of tables and records, what names a row; None for its number.
    """

    include: frozenset[Kind] = frozenset()
    max_bytes: int = MAX_BYTES
    text_column: str | None = None
    id_column: str | None = None


def prose_of_text(data: bytes, how: Reading = Reading()) -> Prose:
    """Read text, or a page of HTML, that has no name to tell which.

    Raises:
        InputError: it is not text.
    """
    from byline_cli.readers.plain import plain_text

    text = decode(data)
    # Whoever saves a page may call it anything.
    return _html(data, how) if _PAGE.match(text) else plain_text(text, how.include)


def _markdown(data: bytes, how: Reading) -> Prose:
    from byline_cli.readers.markdown import markdown_blocks

    return join(markdown_blocks(decode(data)), how.include)


def _html(data: bytes, how: Reading) -> Prose:
    from byline_cli.readers.html import page_blocks

    return join(page_blocks(decode(data, declared_in_html=True)), how.include)


def _pdf(data: bytes, how: Reading) -> Prose:
    from byline_cli.readers.pdf import pdf_blocks

    return join(by_looks(pdf_blocks(data)), how.include)


def _docx(data: bytes, how: Reading) -> Prose:
    from byline_cli.readers.docx import docx_blocks

    return join(by_looks(docx_blocks(data, how.max_bytes)), how.include)


def _odt(data: bytes, how: Reading) -> Prose:
    from byline_cli.readers.odt import odt_blocks

    return join(by_looks(odt_blocks(data, how.max_bytes)), how.include)


def _rtf(data: bytes, how: Reading) -> Prose:
    from byline_cli.readers.rtf import rtf_blocks

    return join(by_looks(rtf_blocks(data)), how.include)


def _epub(data: bytes, how: Reading) -> Prose:
    from byline_cli.readers.epub import epub_blocks

    return join(epub_blocks(data, how.max_bytes), how.include)


PAGES = (".html", ".htm", ".xhtml")
KINDS: dict[str, Callable[[bytes, Reading], Prose]] = {
    ".txt": prose_of_text,
    ".md": _markdown,
    ".markdown": _markdown,
    **dict.fromkeys(PAGES, _html),
    ".pdf": _pdf,
    ".docx": _docx,
    ".odt": _odt,
    ".rtf": _rtf,
    ".epub": _epub,
}
RECORDS = frozenset((".csv", ".tsv", ".jsonl", ".ndjson", ".parquet"))
"""Files of many texts, one a row; `records` reads them."""
READ = (
    "read are .txt, .md, .html, .pdf, .docx, .odt, .rtf and .epub; with --text-column also .csv, "
    ".tsv, .jsonl and .parquet"
)


def suffix_of(path: str | Path) -> str:
    """What tells a file's kind."""
    return os.path.splitext(path)[1].lower()


def read_file(path: Path, how: Reading = Reading()) -> str:
    """The text of a file, as `prose_of_file` reads it."""
    return prose_of_file(path, how).text


def prose_of_file(path: Path, how: Reading = Reading()) -> Prose:
    """Read a file of a known kind; one without a suffix is taken for plain text.

    Raises:
        InputError: it can't be read; the message says why and what to do.
    """
    check_regular(path)
    suffix = suffix_of(path)
    reader = KINDS.get(suffix) if suffix else prose_of_text
    if suffix in RECORDS:
        raise InputError("holds a text a row: name their column with --text-column")
    if reader is None:
        raise InputError(f"files ending in {suffix} are not read ({READ}); save it as one of those")
    try:
        _check_size(path.stat().st_size, how)
        with path.open("rb") as file:
            data = bounded(file, how)
    except OSError as error:
        raise unreadable(error) from error
    return reader(data, how)


def check_regular(path: Path) -> None:
    """Raise InputError unless it is a file that can be opened without waiting for anybody."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise unreadable(error) from error
    except ValueError as error:
        raise InputError(f"is no name of a file ({error})") from error
    if stat.S_ISFIFO(mode):
        raise InputError("is a named pipe; send its contents to `byline score -` instead")
    if not stat.S_ISREG(mode):
        raise InputError("is not a regular file; send its contents to `byline score -` instead")


def unreadable(error: OSError) -> InputError:
    """What to say of a file that the system doesn't give."""
    advice = "; allow it to be read" if isinstance(error, PermissionError) else ""
    return InputError(f"can't be read ({error.strerror or error}){advice}")


def bounded(stream: BinaryIO, how: Reading = Reading()) -> bytes:
    """Read all of a file that may grow meanwhile, or of what has no size to ask for.

    Raises:
        InputError: it is larger than the limit.
    """
    pieces: list[bytes] = []
    left = how.max_bytes + 1
    while left:
        asked = min(left, MAX_BYTES)  # Python sets memory aside for all that is asked for
        pieces.append(stream.read(asked))
        left -= len(pieces[-1])
        if len(pieces[-1]) < asked:
            break  # that was all; a terminal would have to be told its end again
    data = b"".join(pieces)
    _check_size(len(data), how)
    return data


def _check_size(size: int, how: Reading) -> None:
    if size > how.max_bytes:
        limit = wording.size(how.max_bytes)
        raise InputError(f"is larger than {limit}; split it, or raise --max-size")
