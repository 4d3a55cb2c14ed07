"""The options of the commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from byline_cli.blocks import SET_APART

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = ("table", "json", "jsonl", "csv", "html", "sarif", "parquet")

model_repository = click.option(
    "--model-repository",
    "repository",
    type=click.Path(path_type=Path),
    metavar="DIR",
    envvar="BYLINE_MODEL_REPOSITORY",
    show_envvar=True,
    help="Folder of models.  [default: the one that came with byline]",
)

_MOST_BYTES, _MOST_DIGITS = 10**12, 13


class Size(click.ParamType[int]):
    """A number of bytes: `800kB`, `50MB`, `2GB`; decimal units."""

    name = "SIZE"
    _units = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}  # noqa: RUF012 - never changed

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Bytes of a size in words."""
        if isinstance(value, int):
            return value
        digits = value.rstrip("BKMGbkmg").strip()
        unit = self._units.get(value[len(value.rstrip("BKMGbkmg")) :].lower())
        if not digits.isdecimal() or unit is None or not digits.strip("0"):
            self.fail(f"{value!r} is no size such as 50MB", param, ctx)
        size = int(digits[:_MOST_DIGITS]) * unit
        if len(digits) > _MOST_DIGITS or size > _MOST_BYTES:
            self.fail(f"{value!r} is more than the most there can be, 1000GB", param, ctx)
        return size


_SCORE = (
    click.option(
        "--format", "form", type=click.Choice(FORMATS),
        help="html is a report with the sentences highlighted; sarif opens in code-scanning "
        "viewers; jsonl and csv stream; parquet is for --engine ray.  [default: what the name of "
        "--output ends with, else table]",
    ),
    click.option(
        "--output", "-o", metavar="FILE",
        help="Write there instead of to standard output; the file appears when it is complete. "
        "With --engine ray also a folder (with a / at its end) or an object-store address.",
    ),
    click.option(
        "--detail", type=click.Choice(["document", "sentence"]), default="document",
        show_default=True, help="Whether sentences are listed with their scores.",
    ),
    click.option(
        "--summary", "summarize", is_flag=True,
        help="At the end, on standard error: texts by verdict, the distribution of P(AI), and how "
        "many false flags to expect of so many texts. In json it is part of the output, too.",
    ),
    click.option(
        "--base-rate", type=click.FloatRange(0, 1), metavar="SHARE",
        help="Share of AI texts you expect, 0 to 1: --summary and the report then say which part "
        "of the flagged texts is rightly so.",
    ),
    click.option(
        "--exclude", multiple=True, metavar="PATTERN",
        help="Leave files and folders out, by a pattern as in a .gitignore, of the folder that is "
        "read or of the current one; may be repeated.",
    ),
    click.option(
        "--no-ignore", is_flag=True, help="Do not obey .gitignore files.",
    ),
    click.option(
        "--files-from", metavar="FILE",
        help="Read further PATHs from a file, one a line; - is standard input.",
    ),
    click.option(
        "--null", "-0", is_flag=True,
        help="PATHs in --files-from end with NUL, as those of find -print0.",
    ),
    click.option(
        "--include", multiple=True, type=click.Choice(SET_APART),
        help="Score these as well; may be repeated.",
    ),
    click.option(
        "--text-column", metavar="NAME", help="Of tables and records, what is scored, row by row.",
    ),
    click.option(
        "--id-column", metavar="NAME",
        help="Of tables and records, what names a row.  [default: its number]",
    ),
    click.option(
        "--max-size", type=Size(), default="50MB", show_default=True,
        help="Larger files are not read, nor archives that unpack to more.",
    ),
    click.option(
        "--model", metavar="NAME",
        help="`byline models list` has the names.  [default: student_int8, or the server's]",
    ),
    model_repository,
    click.option(
        "--min-words", type=click.IntRange(min=1), metavar="N",
        help="Call shorter texts too short; can only raise the model's own limit.",
    ),
    click.option(
        "--jobs", "-j", type=click.IntRange(1, 256), metavar="N",
        help="Files read and scored at once.  [default: the number of processors]",
    ),
    click.option(
        "--resume", is_flag=True,
        help="Go on where a killed or interrupted run with the same --output was. Its journal lies "
        "beside the output (FILE.journal) until that is complete and every file could be read.",
    ),
    click.option(
        "--fail-on", type=click.Choice(["ai"]),
        help="End with exit code 1 if a text gets this verdict.",
    ),
    click.option(
        "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True,
        help="ray scores on a Ray cluster (needs the extra: byline[ray]).",
    ),
    click.option(
        "--server", metavar="URL", envvar="BYLINE_SERVER", show_envvar=True,
        help="Let a running `byline serve` score; files are read here.",
    ),
    click.option(
        "--token-file", type=click.Path(path_type=Path), metavar="FILE",
        help="Holds the server's token.  [default: the environment variable BYLINE_TOKEN]",
    ),
)  # fmt: skip


def score_options(command: F) -> F:
    """The options of `byline score`."""
    for option in reversed(_SCORE):
        command = option(command)
    return command


SCORE_EPILOG = """\
\b
Examples:
  byline score essay.docx
  byline score texts/ --output report.html
  byline score texts/ --format jsonl --detail sentence | jq .verdict
  byline score texts/ --output all.csv --resume --summary
  byline score 'texts/**/*.md' --exclude 'drafts/' --fail-on ai
  byline score answers.csv --text-column answer --id-column student
  git ls-files -z '*.md' | byline score --files-from - -0 --format sarif
  cat essay.txt | byline score -

\b
Exit codes:
  0    done
  1    a text got the verdict that --fail-on names
  2    wrong usage, a damaged model, an output that can't be written
  3    some files could not be read: they are listed on standard error, the
       others are scored
  70   a fault of byline's own, whose trace is on standard error
  130  interrupted;  141  the reader of the pipe went away;  143  terminated

\b
Environment: BYLINE_MODEL_REPOSITORY, BYLINE_SERVER, BYLINE_TOKEN.
"""
