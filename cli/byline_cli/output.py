"""Where results go, and their forms for programs: JSON, JSON Lines and CSV."""

from __future__ import annotations

import csv
import glob
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from byline import Verdict
from byline_cli.model_info import ModelInfo
from byline_cli.results import Result

_DOCUMENT = (
    "path", "id", "verdict", "probability", "log_odds", "words", "coverage", "findings",
    "raw_probability", "raw_log_odds", "model", "model_sha256", "error",
)  # fmt: skip
_SENTENCE = (
    "sentence", "sentence_start", "sentence_end", "sentence_verdict", "sentence_probability",
    "sentence_log_odds", "sentence_text",
)  # fmt: skip

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula to be run (OWASP, CSV Injection)."""


@contextmanager
def opened(path: Path | None) -> Iterator[BinaryIO]:
    """Open the output: standard output, or a file that appears whole or not at all.

    A device or pipe can't be replaced, and is written to as it is.

    Raises:
        OSError: it can't be written; it names the file.
    """
    if path is None:
        yield sys.stdout.buffer
        return
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
        return
    path = path.resolve()  # through a link: the file is replaced, not the link to it
    # The process is in the name, so that runs don't meet; what a killed one left is taken away.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    _remove_left_over(path)
    try:
        with temporary.open("wb") as file:
            yield file
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o7777)
        os.replace(temporary, path)
    except OSError as error:
        if error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def _remove_left_over(path: Path) -> None:
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
        pid = left.name.removesuffix(".partial").rpartition(".")[2]
        if pid.isdecimal() and not _runs(int(pid)):
            left.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    if os.name != "posix":
        return True  # there, asking would end it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True


def write_jsonl(results: Iterable[Result], model: ModelInfo, detailed: bool, out: BinaryIO) -> None:
    """Write an object a line and text, each as soon as it is known."""
    for result in results:
        values = values_of(result, detailed)
        if result.error is None:
            values["model"] = model_values(model)
        out.write(dumps(values) + b"\n")
        out.flush()


def write_json(
    results: Iterable[Result],
    model: ModelInfo,
    detailed: bool,
    out: BinaryIO,
    summary: Callable[[], dict[str, Any]] | None = None,
) -> None:
    """Write one object with the model and all results, which are not held meanwhile.

    Args:
        results: what is written.
        model: that scored them.
        detailed: with sentences.
        out: the file.
        summary: called at the end; what it gives is written, too.
    """
    out.write(b'{"model": ' + dumps(model_values(model)) + b', "results": [')
    separator = b"\n"
    for result in results:
        out.write(separator + dumps(values_of(result, detailed)))
        separator = b",\n"
    out.write(b"\n]")
    if summary is not None:
        out.write(b', "summary": ' + dumps(summary()))
    out.write(b"}\n")
    out.flush()


def write_csv(results: Iterable[Result], model: ModelInfo, detailed: bool, out: BinaryIO) -> None:
    """Write a row a text, or a row a sentence if they are asked for; each as soon as it is known.

    UTF-8 with line feeds; what a file name holds of other bytes is written as backslash escapes.
    A text that a spreadsheet would run as a formula gets an apostrophe before it.
    """
    columns = _DOCUMENT + _SENTENCE if detailed else _DOCUMENT
    buffer = _Table()
    writer = csv.DictWriter(buffer, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    for result in results:
        for row in _rows(result, model, detailed):
            writer.writerow({name: _inert(value) for name, value in row.items()})
        _drain(buffer, out)
    _drain(buffer, out)


class _Table(io.StringIO):
    """Rows that end in a line feed.

    Their writer is told of a carriage return, too: for Python 3.11's, in a value only that needs
    quotes with which it ends its rows.
    """

    def write(self, row: str, /) -> int:
        return super().write(row.removesuffix("\r\n") + "\n")


def _inert(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _drain(buffer: io.StringIO, out: BinaryIO) -> None:
    out.write(buffer.getvalue().encode("utf-8", "backslashreplace"))
    out.flush()
    buffer.seek(0)
    buffer.truncate()


def _rows(result: Result, model: ModelInfo, detailed: bool) -> Iterator[dict[str, object]]:
    row: dict[str, object] = {"path": result.name, "id": result.id, "error": result.error}
    verdict = result.verdict
    if verdict is None:
        yield row
        return
    row |= {
        "verdict": verdict.verdict,
        "probability": verdict.probability,
        "log_odds": verdict.log_odds,
        "words": verdict.words,
        "coverage": verdict.coverage,
        "findings": " ".join(f"{finding.kind}:{finding.count}" for finding in verdict.findings),
        "model": model.name,
        "model_sha256": model.sha256,
    }
    if verdict.raw is not None:
        row |= {
            "raw_probability": verdict.raw.probability,
            "raw_log_odds": verdict.raw.log_odds,
        }
    if not detailed or not verdict.sentences:
        yield row
        return
    for i, sentence in enumerate(verdict.sentences, 1):
        yield row | {
            "sentence": i,
            "sentence_start": sentence.start,
            "sentence_end": sentence.end,
            "sentence_verdict": sentence.verdict,
            "sentence_probability": sentence.probability,
            "sentence_log_odds": sentence.log_odds,
            "sentence_text": result.text[sentence.start : sentence.end],
        }


def dumps(values: object) -> bytes:
    """JSON on one line, in ASCII: file names may hold what UTF-8 can't."""
    return json.dumps(values).encode("ascii")


def model_values(model: ModelInfo) -> dict[str, object]:
    """A model as JSON has it."""
    return {"name": model.name, "version": model.version, "sha256": model.sha256}


def values_of(result: Result, detailed: bool) -> dict[str, object]:
    """A result as JSON has it."""
    values: dict[str, object] = {"path": result.name}
    if result.id is not None:
        values["id"] = result.id
    if result.verdict is None:
        return values | {"error": result.error}
    verdict: Verdict = result.verdict
    values |= {
        "verdict": verdict.verdict,
        "probability": verdict.probability,
        "log_odds": verdict.log_odds,
        "words": verdict.words,
        "coverage": verdict.coverage,
        "findings": [asdict(finding) for finding in verdict.findings],
    }
    if verdict.raw is not None:
        values["raw"] = asdict(verdict.raw)
    if detailed:
        values["sentences"] = [
            # Offsets count the text taken from a file, not the file's own bytes: hence the text.
            {**asdict(sentence), "text": result.text[sentence.start : sentence.end]}
            for sentence in verdict.sentences
        ]
    return values
