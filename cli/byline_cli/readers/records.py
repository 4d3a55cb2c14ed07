"""Files of many texts to rows: CSV, TSV, JSON Lines and Parquet, a row at a time."""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO, TypeVar

from byline import InputError
from byline_cli import wording
from byline_cli.readers.encodings import encoding_of, join_surrogates
from byline_cli.readers.files import Reading, check_regular, suffix_of, unreadable

T = TypeVar("T")

_SEPARATOR = re.compile(r"sep=(.)\s*", re.IGNORECASE)
"""A first line by which Excel is told what divides the columns."""
_QUOTED = re.compile(r'(?<![^,;\t|])"(?:[^"]++|"")*+"?')
"""A name in quotation marks, which are such at its beginning alone."""
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_SAMPLE = 200_000
_BEFORE = 10_000
"""Bytes of a sample before the first that isn't ASCII."""
_KINDS = {
    type(None): "null", bool: "true or false", int: "a number", float: "a number",
    list: "an array", dict: "an object",
}  # fmt: skip
_TOO_LARGE = "is larger than --max-size allows"
_MOST_PACKED = 100
"""To how many times its size a column of Parquet may unpack; prose does to three or five."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its text, or what is wrong with it.

    Attributes:
        id: the value of the id column, else the row's number from 1 (of JSON Lines, the line's).
    """

    id: str
    text: str = ""
    problem: str | None = None


def rows(path: Path, how: Reading) -> Iterator[Row]:
    """Read the rows of a file; a broken one is a problem of its own.

    Raises:
        InputError: the file can't be read at all, or lacks a column.
    """
    check_regular(path)
    suffix = suffix_of(path)
    try:
        if suffix == ".parquet":
            yield from _parquet(path, how)
        elif suffix in (".jsonl", ".ndjson"):
            yield from _json_lines(path, how)
        else:
            yield from _csv(path, how, "\t" if suffix == ".tsv" else None)
    except OSError as error:
        raise unreadable(error) from error


def _csv(path: Path, how: Reading, delimiter: str | None) -> Iterator[Row]:
    with path.open("rb") as file:
        encoding = encoding_of(_sample(file))
    csv.field_size_limit(how.max_bytes)
    # Damaged bytes become lone surrogates, which the library reports as a finding.
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    with path.open(encoding=encoding, errors=errors, newline="") as table:
        lines = _Lines(table, how.max_bytes)
        first = _first_line(lines)
        if told := _SEPARATOR.fullmatch(first or ""):
            delimiter = told[1]
            first = _first_line(lines)
        if not first:
            raise InputError("is empty: it has no line that names the columns")
        if delimiter is None:
            # A spreadsheet writes the separator of its user's language.
            delimiter = max(",;\t|", key=_QUOTED.sub("", first).count)
        reader = csv.reader(itertools.chain((first,), lines), delimiter=delimiter, strict=True)
        header = _first(reader) or []
        text, name = _columns(header, how)
        number = 0
        while True:
            number += 1
            lines.next_row()
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(str(number), problem=f"is broken ({error}); see its quotation marks")
                continue
            if not row:
                number -= 1  # an empty line is no row
            elif len(row) != len(header):
                fields = f"{len(row)} fields where the header has {len(header)}"
                yield Row(str(number), problem=f"has {fields}; see its quotation marks")
            else:
                yield Row(str(number) if name is None else row[name], row[text])


def _sample(file: BinaryIO) -> bytes:
    """What tells the encoding: the beginning; where that is ASCII, the first piece that isn't."""
    sample = file.read(_SAMPLE)
    if b"\0" in sample:
        return sample  # UTF-16, or no text
    while sample.isascii() and (more := file.read(_SAMPLE)):
        # A NUL so far behind the beginning is but its row's flaw.
        sample = sample[-_BEFORE:] + more.replace(b"\0", b"")
    first = _NOT_ASCII.search(sample)
    start = max(0, first.start() - _BEFORE) if first else 0
    return sample[start:] + file.read(start)  # enough behind it that it isn't the letter cut off


class _Lines:
    """Lines of a table, of which no row fills the memory; one that would is an error of its own."""

    def __init__(self, file: TextIO, limit: int) -> None:
        self._file = file
        self._limit = limit
        self._left = limit

    def next_row(self) -> None:
        """Say that what is read from here on belongs to another row."""
        self._left = self._limit

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(self._limit + 1)
        if not line:
            raise StopIteration
        self._left -= len(line.encode(errors="surrogatepass"))
        if self._left >= 0:
            return line
        while line and not line.endswith(("\n", "\r")):
            line = self._file.readline(self._limit)
        raise csv.Error("it is larger than --max-size allows")


def _first_line(lines: Iterator[str]) -> str | None:
    """The first line that isn't blank: some programs begin with others."""
    while (line := _first(lines)) and not line.strip(" \r\n"):
        pass
    return line


def _first(items: Iterator[T]) -> T | None:
    try:
        return next(items, None)
    except csv.Error as error:
        raise InputError(f"has a broken first line ({error})") from error


def _columns(header: list[str], how: Reading) -> tuple[int, int | None]:
    for column in (how.text_column, how.id_column):
        if column is not None and column not in header:
            raise InputError(_lacks(column, header))
    return (
        header.index(how.text_column or ""),
        None if how.id_column is None else header.index(how.id_column),
    )


def _lacks(column: str, there: list[str]) -> str:
    # Quoted: a space around a name is part of it.
    return f"has no column {column!r}; there are: {', '.join(map(repr, there))}"


def _json_lines(path: Path, how: Reading) -> Iterator[Row]:
    with path.open("rb") as file:
        sample = _sample(file)
    if b"\0" not in sample[:4]:
        sample = sample.replace(b"\0", b"")  # not UTF-16, as of PowerShell: but its row's flaw
    encoding = encoding_of(sample)
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    with path.open(encoding=encoding, errors=errors, newline="\n") as lines:
        number = 0
        while line := lines.readline(how.max_bytes + 1):
            number += 1
            if len(line.encode(errors="surrogatepass")) > how.max_bytes:
                yield Row(str(number), problem=_TOO_LARGE)
                while line and not line.endswith("\n"):
                    line = lines.readline(how.max_bytes)
                continue
            if number == 1 and line.lstrip("\ufeff \t").startswith("["):
                raise InputError("is an array, not an object a line; jq -c '.[]' makes it so")
            if line.strip():
                yield _json_row(_passed(line).removeprefix("\ufeff"), number, how)


def _passed(line: str) -> str:
    """A line with the surrogates that were encoded one by one, as old databases do."""
    try:
        return line.encode(errors="surrogateescape").decode(errors="surrogatepass")
    except UnicodeError:
        return line  # damaged


def _json_row(line: str, number: int, how: Reading) -> Row:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Row(str(number), problem=f"is not JSON ({error})")
    if not isinstance(values, dict):
        return Row(str(number), problem="is not a JSON object")
    return row_of(values, number, how)


def row_of(values: dict[str, Any], number: int, how: Reading) -> Row:
    """A row from its values by column."""
    id = str(number)
    if how.id_column is not None:
        if values.get(how.id_column) is None:
            return Row(id, problem=_lacks(how.id_column, list(values)))
        id = str(values[how.id_column])
    text = values.get(how.text_column or "")
    if how.text_column not in values:
        return Row(id, problem=_lacks(str(how.text_column), list(values)))
    if not isinstance(text, str):
        kind = _KINDS.get(type(text), type(text).__name__)
        return Row(id, problem=f"has no text in {how.text_column!r} but {kind}")
    if len(text.encode(errors="surrogatepass")) > how.max_bytes:
        return Row(id, problem=_TOO_LARGE)
    return Row(id, text if text.isascii() else join_surrogates(text))


def _parquet(path: Path, how: Reading) -> Iterator[Row]:
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ModuleNotFoundError as error:
        raise InputError(
            "is Parquet, which needs pyarrow: in byline's checkout, pip install '.[parquet]'"
        ) from error
    try:
        with parquet.ParquetFile(path) as file:
            there: list[str] = file.schema_arrow.names
            wanted = [c for c in (how.text_column, how.id_column) if c is not None]
            for column in wanted:
                if column not in there:
                    raise InputError(_lacks(column, there))
            _check_packing(file.metadata, wanted, how)
            # One at a time: a few bytes can stand for many rows of megabytes.
            for number, batch in enumerate(file.iter_batches(batch_size=1, columns=wanted), 1):
                yield row_of(batch.to_pylist()[0], number, how)
    except pyarrow.ArrowException as error:
        raise InputError(f"is not Parquet or a damaged one ({error})") from error


def _check_packing(metadata: Any, wanted: list[str], how: Reading) -> None:
    """Raise InputError for a column that would fill the memory: its pages are unpacked whole."""
    for i, j in itertools.product(range(metadata.num_row_groups), range(metadata.num_columns)):
        chunk = metadata.row_group(i).column(j)
        read = f"{chunk.path_in_schema}.".startswith(tuple(f"{column}." for column in wanted))
        most = max(how.max_bytes, _MOST_PACKED * chunk.total_compressed_size)
        if read and chunk.total_uncompressed_size > most:
            raise InputError(
                f"unpacks to more than {wording.size(how.max_bytes)}; it is made to do harm, or "
                "needs a larger --max-size"
            )
