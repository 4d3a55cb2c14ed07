"""Results as SARIF 2.1.0, which code-scanning viewers and editors open.

A text called `ai` is a warning, one that is `unclear` a note; hidden characters and the like are
warnings of their own. Texts called `human` give no result. Sentences called `ai` are results with
their place where the text is the file's own; of other formats the region is the whole file.
"""

from __future__ import annotations

import bisect
import os
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import PurePath
from typing import Any, BinaryIO
from urllib.parse import quote

from byline import SentenceScore
from byline_cli.model_info import ModelInfo
from byline_cli.output import dumps
from byline_cli.results import Result
from byline_cli.wording import EVIDENCE, limits, percent, shown

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_RULES = {
    "ai-text": ("The text reads like a language model's.", "warning"),
    "unclear-text": ("The text could be a person's or a language model's.", "note"),
    "ai-sentence": ("The sentence reads like a language model's.", "note"),
    "zero_width": ("Invisible zero-width characters stand in the text.", "warning"),
    "bidi": (
        "Invisible characters that change the reading direction stand in the text.",
        "warning",
    ),
    "homoglyphs": ("Letters of another alphabet stand in for look-alike English ones.", "warning"),
    "styled_letters": ("Letters of mathematical or full-width blocks stand in.", "warning"),
    "control_characters": ("Control characters stand in the text.", "note"),
    "invalid_unicode": ("The text was damaged or wrongly decoded.", "note"),
    "not_english": ("The text does not read as English, the only language known.", "note"),
    "repetitive": ("The same few words stand in the text over and over.", "note"),
    "set_apart": ("Much of the text is code, tables, quotations or references.", "note"),
    "truncated": ("Only the beginning of the text was scored.", "note"),
}
_INDEX = {rule: i for i, rule in enumerate(_RULES)}


def write_sarif(results: Iterable[Result], model: ModelInfo, detailed: bool, out: BinaryIO) -> None:
    """Write one run; results as soon as they are known, files that could not be read at the end.

    Args:
        results: texts are needed for the places of sentences.
        model: that scored them.
        detailed: sentences called `ai` are results, too.
        out: the file.
    """
    unread: list[Result] = []
    tool = {
        "driver": {
            "name": "Byline",
            "version": version("byline"),
            "fullDescription": {"text": f"{limits(model)} {EVIDENCE}"},
            "rules": [
                {
                    "id": rule,
                    "shortDescription": {"text": text},
                    "defaultConfiguration": {"level": level},
                }
                for rule, (text, level) in _RULES.items()
            ],
            "properties": {
                "model": model.name,
                "modelVersion": model.version,
                "modelSha256": model.sha256,
            },
        }
    }
    out.write(b'{"$schema": ' + dumps(SCHEMA) + b', "version": "2.1.0", "runs": [{"tool": ')
    out.write(dumps(tool) + b', "columnKind": "unicodeCodePoints", "results": [')
    separator = b"\n"
    for result in results:
        if result.verdict is None:
            unread.append(result)
        for values in _results(result, detailed):
            out.write(separator + dumps(values))
            separator = b",\n"
    notifications = [
        {
            "level": "error",
            "message": {"text": shown(f"{result.title}: {result.error}")},
            "locations": [{"physicalLocation": _place(result)}],
        }
        for result in unread
    ]
    invocation = {"executionSuccessful": not unread, "toolExecutionNotifications": notifications}
    out.write(b'\n], "invocations": [' + dumps(invocation) + b"]}]}\n")
    out.flush()


def _results(result: Result, detailed: bool) -> Iterator[dict[str, Any]]:
    verdict = result.verdict
    if verdict is None:
        return
    whole = {"startLine": 1}
    row = f", {result.id}" if result.id is not None else ""
    if verdict.verdict in ("ai", "unclear"):
        yield _finding(
            "ai-text" if verdict.verdict == "ai" else "unclear-text",
            f"P(AI) {percent(verdict.probability)} over {verdict.words:,} words{shown(row)}.",
            result,
            whole,
            {"probability": verdict.probability, "logOdds": verdict.log_odds},
        )
    for found in verdict.findings:
        yield _finding(found.kind, found.message, result, whole, {"count": found.count})
    if detailed:
        lines = _Lines(result.text) if result.in_place else None
        for sentence in verdict.sentences:
            if sentence.verdict == "ai":
                yield _sentence(result, sentence, lines)


def _sentence(result: Result, sentence: SentenceScore, lines: _Lines | None) -> dict[str, Any]:
    text = " ".join(result.text[sentence.start : sentence.end].split())
    region: dict[str, Any] = {"startLine": 1}
    if lines is not None:
        region = lines.region(sentence.start, sentence.end)
    return _finding(
        "ai-sentence",
        f"P(AI) {percent(sentence.probability)}: {shown(text)}",
        result,
        region,
        {
            "probability": sentence.probability,
            "logOdds": sentence.log_odds,
            "start": sentence.start,
            "end": sentence.end,
        },
    )


def _finding(
    rule: str, message: str, result: Result, region: dict[str, Any], properties: dict[str, Any]
) -> dict[str, Any]:
    return {
        "ruleId": rule,
        "ruleIndex": _INDEX[rule],
        "level": _RULES[rule][1],
        "message": {"text": message},
        "locations": [{"physicalLocation": {**_place(result), "region": region}}],
        "properties": properties,
    }


def _place(result: Result) -> dict[str, Any]:
    path = PurePath(result.name)
    if path.is_absolute():
        return {"artifactLocation": {"uri": path.as_uri()}}
    # A name may begin like a scheme: `a:b.txt`.
    name = PurePath(os.path.normpath(path)).as_posix()
    return {"artifactLocation": {"uri": quote(os.fsencode(name))}}


class _Lines:
    """Offsets to lines and columns, both from 1; columns count code points."""

    def __init__(self, text: str) -> None:
        self._starts = [0]
        position = 0
        for line in text.splitlines(keepends=True):
            position += len(line)
            if line.endswith(("\n", "\r")):  # SARIF knows no other ends of lines
                self._starts.append(position)

    def region(self, start: int, end: int) -> dict[str, int]:
        """The region of a half-open span."""
        first, last = (bisect.bisect_right(self._starts, offset) for offset in (start, end))
        return {
            "startLine": first,
            "startColumn": start - self._starts[first - 1] + 1,
            "endLine": last,
            "endColumn": end - self._starts[last - 1] + 1,
        }
