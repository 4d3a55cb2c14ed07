"""Results as a table for people, on a terminal of 80 columns or in a pipe."""

from __future__ import annotations

import io
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import BinaryIO

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from byline import SentenceScore
from byline_cli.model_info import ModelInfo
from byline_cli.results import Result
from byline_cli.terminal import UNBOUNDED, standard_output
from byline_cli.wording import (
    EVIDENCE,
    NOT_READ,
    WORDS,
    found,
    limits,
    percent,
    sentence_thresholds,
    shared_folder,
    shown,
    summary,
    thresholds,
)

# Kind of verdict to its mark, the mark where a terminal has ASCII only, and its style: never the
# colour alone.
_MARKS = {
    "ai": ("■", "!", "bold red"),
    "unclear": ("◧", "?", "yellow"),
    "human": ("□", "-", "green"),
    "too_short": ("·", ".", "dim"),
    "error": ("×", "x", "bold magenta"),
}
_WORDS = {**WORDS, "error": NOT_READ}
_TEXT_WIDTH = 80
_PAGE = 500  # rows
_INDENT = 23
_LEAST_NAME = 26


def write_table(
    results: Iterable[Result], model: ModelInfo, detailed: bool, out: BinaryIO, to_file: bool
) -> None:
    """Write a line a document, the totals, and what the figures are worth.

    Args:
        results: of which a page is held at a time.
        model: that scored them.
        detailed: list the sentences, too.
        out: the file.
        to_file: else the terminal or pipe that standard output is.
    """
    if to_file:
        stream = io.TextIOWrapper(out, encoding="utf-8", write_through=True)
        _print(results, model, detailed, Console(file=stream, width=UNBOUNDED))
        stream.detach()
        return
    _print(results, model, detailed, standard_output())


def _print(results: Iterable[Result], model: ModelInfo, detailed: bool, console: Console) -> None:
    counts: Counter[str] = Counter()
    remaining = iter(results)
    # A page at a time: a folder may hold more files than fit into memory as rows.
    while page := list(islice(remaining, _PAGE)):
        rows: list[tuple[str, tuple[str | Text, ...]]] = []
        for result in page:
            kind = result.verdict.verdict if result.verdict else "error"
            counts[kind] += 1
            rows.append((result.title, _cells(result, kind, console)))
        console.print(_table(rows, console))
        for result in page:
            if detailed and result.verdict is not None:
                _print_sentences(result, result.verdict.sentences, console)
    width = min(console.width, _TEXT_WIDTH)
    console.print(Text(summary(counts), style="bold"), width=width)
    notes = [thresholds(model), sentence_thresholds(model) if detailed else "", limits(model)]
    console.print(Text(" ".join(filter(None, [*notes, EVIDENCE])), style="dim"), width=width)


def _cells(result: Result, kind: str, console: Console) -> tuple[str | Text, ...]:
    verdict = result.verdict
    if verdict is None:
        return (_marked(kind, console),)
    return (
        _marked(kind, console),
        percent(verdict.probability),
        f"{verdict.words:,}",
        f"{verdict.coverage:.0%}" if verdict.probability is not None else "-",
        ", ".join(map(found, verdict.findings)),
    )


def _table(rows: Sequence[tuple[str, tuple[str | Text, ...]]], console: Console) -> Table:
    # Room is short on a terminal; in a pipe a name is what the next command needs, in full.
    folder = shared_folder([name for name, _ in rows]) if console.is_terminal else ""
    table = Table(box=SIMPLE, pad_edge=False, collapse_padding=True, header_style="bold")
    if folder:
        table.title, table.title_justify, table.title_style = shown(folder), "left", "dim"
    longest = max((len(name) - len(folder) for name, _ in rows), default=0)
    table.add_column("File", overflow="fold")
    table.add_column("Verdict", no_wrap=True)
    for name in ("P(AI)", "Words", "Scored"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Findings", overflow="fold")
    for name, cells in rows:
        table.add_row(Text(shown(name[len(folder) :])), *cells)
    full = console.measure(table, options=console.options.update(width=UNBOUNDED)).maximum
    excess = full - console.width
    if excess > 0:  # names give way, then findings; a `min_width` would cut the latter off
        table.columns[0].width = min(longest, max(_LEAST_NAME, longest - excess))
    return table


def _marked(kind: str, console: Console) -> Text:
    mark, plain, style = _MARKS[kind]
    return Text(f"{plain if console.options.ascii_only else mark} {_WORDS[kind]}", style=style)


def _print_sentences(result: Result, sentences: Sequence[SentenceScore], console: Console) -> None:
    console.print(Text(shown(result.title), style="bold"), soft_wrap=True)
    for sentence in sentences:
        kind = sentence.verdict
        line = Text("  ").append_text(_marked(kind, console))
        line.pad_right(_INDENT - len(line) - 8)
        line.append(f"{percent(None if kind == 'too_short' else sentence.probability):>6}  ")
        text = " ".join(result.text[sentence.start : sentence.end].split())
        indent = " " * _INDENT
        body = textwrap.fill(shown(text), max(_LEAST_NAME, console.width - _INDENT)).replace(
            "\n", f"\n{indent}"
        )
        console.print(line.append(body), soft_wrap=True)
    console.print()
