"""Where results go, and their forms for programs: JSON and JSON Lines."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from byline import Model, Verdict
from byline_cli.results import Result


@contextmanager
def opened(path: Path | None) -> Iterator[BinaryIO]:
    """Open the output: standard output, or a file that appears whole or not at all.

    A device or pipe can't be replaced, and is written to as it is.
    """
    if path is None:
        yield sys.stdout.buffer
        return
    path = path.resolve()  # through a link: the file is replaced, not the link to it
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
        return
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            yield file
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o7777)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_jsonl(results: Iterable[Result], model: Model, detailed: bool, out: BinaryIO) -> None:
    """Write an object a line and document, each as soon as it is known."""
    for result in results:
        values = _values(result, detailed)
        if result.error is None:
            values["model"] = _model(model)
        out.write(_dumps(values) + b"\n")
        out.flush()


def write_json(results: Iterable[Result], model: Model, detailed: bool, out: BinaryIO) -> None:
    """Write one object with the model and all results, which are not held meanwhile."""
    out.write(b'{"model": ' + _dumps(_model(model)) + b', "results": [')
    separator = b"\n"
    for result in results:
        out.write(separator + _dumps(_values(result, detailed)))
        separator = b",\n"
    out.write(b"\n]}\n")
    out.flush()


def _dumps(values: dict[str, object]) -> bytes:
    # ASCII: file names may hold what UTF-8 can't, and any reader takes \u escapes.
    return json.dumps(values).encode("ascii")


def _model(model: Model) -> dict[str, object]:
    return {"name": model.name, "version": model.version, "sha256": model.sha256}


def _values(result: Result, detailed: bool) -> dict[str, object]:
    if result.verdict is None:
        return {"path": result.name, "error": result.error}
    verdict: Verdict = result.verdict
    values: dict[str, object] = {
        "path": result.name,
        "verdict": verdict.verdict,
        "probability": verdict.probability,
        "log_odds": verdict.log_odds,
        "words": verdict.words,
        "coverage": verdict.coverage,
        "findings": [
            {"kind": finding.kind, "count": finding.count, "message": finding.message}
            for finding in verdict.findings
        ],
    }
    if verdict.raw is not None:
        values["raw"] = {
            "probability": verdict.raw.probability,
            "log_odds": verdict.raw.log_odds,
        }
    if detailed:
        values["sentences"] = [
            {
                "start": sentence.start,
                "end": sentence.end,
                "probability": sentence.probability,
                "log_odds": sentence.log_odds,
                "verdict": sentence.verdict,
                # Offsets count the text taken from a Markdown or HTML file, not the file's own.
                "text": result.text[sentence.start : sentence.end],
            }
            for sentence in verdict.sentences
        ]
    return values
