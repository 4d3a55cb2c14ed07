"""`byline score`: files in, verdicts out."""

from __future__ import annotations

import difflib
import itertools
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from byline_cli import options
from byline_cli.wording import shown

# What scores and formats is imported when it is needed: help must not wait for ONNX Runtime.
if TYPE_CHECKING:
    from byline import Detector, Model
    from byline_cli.results import Result


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "jsonl", "html"]),
    default="table",
    show_default=True,
    help="html is a report with the sentences highlighted.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write there instead of to standard output; the file appears when it is complete.",
)
@click.option(
    "--detail",
    type=click.Choice(["document", "sentence"]),
    default="document",
    show_default=True,
    help="Whether sentences are listed with their scores.",
)
@click.option(
    "--model",
    "model_name",
    default="student_int8",
    show_default=True,
    metavar="NAME",
    help="`byline models list` has the names.",
)
@options.model_repository
@click.option(
    "--min-words",
    type=click.IntRange(min=1),
    metavar="N",
    help="Call shorter texts too short; can only raise the model's own limit.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    metavar="N",
    help="Documents scored at once.  [default: the number of processors]",
)
@click.option(
    "--fail-on",
    type=click.Choice(["ai"]),
    help="End with exit code 1 if a document gets this verdict.",
)
@click.pass_context
def score(
    ctx: click.Context,
    paths: tuple[str, ...],
    form: str,
    output: Path | None,
    detail: str,
    model_name: str,
    repository: Path | None,
    min_words: int | None,
    jobs: int | None,
    fail_on: str | None,
) -> None:
    """Score the texts in files and folders.

    Read are .txt, .md, .markdown, .html and .htm, in folders of any depth; hidden files and
    symbolic links in folders are left out. PATH can be - for plain text on standard input.

    Exit code: 0 done, 1 a --fail-on finding, 2 usage, 3 some files could not be read (they are
    listed on standard error; the others are scored).
    """
    _check_paths(paths)
    _check_output(output, paths)
    detector = _detector(repository, model_name, min_words, jobs or _processors())

    from byline import InputError
    from byline_cli.inputs import find
    from byline_cli.readers import READ
    from byline_cli.results import score_inputs

    leave_out = output.resolve() if output else None
    counts: Counter[str] = Counter()
    results: Iterator[Result] = _counted(score_inputs(detector, find(paths, leave_out)), counts)
    first = next(results, None)
    if first is None:
        raise InputError(f"nothing to score in {', '.join(paths)} ({READ})")
    results = itertools.chain((first,), results)
    several = len(paths) > 1 or os.path.isdir(paths[0])
    # A bar above lines that stream to the same terminal would be torn by them.
    streams = form in ("json", "jsonl") and output is None and sys.stdout.isatty()
    if several and sys.stderr.isatty() and not streams:
        from byline_cli.progress import watched

        results = watched(results, lambda: sum(1 for _ in find(paths, leave_out)))

    from byline_cli.output import opened

    with opened(output) as out:
        _write(results, detector.model, form, detail == "sentence", out, to_file=output is not None)
    if fail_on and counts[fail_on]:
        ctx.exit(1)
    if counts["error"]:
        ctx.exit(3)


def _check_paths(paths: tuple[str, ...]) -> None:
    """Refuse paths that aren't there, before anything is scored."""
    from byline import InputError
    from byline_cli.inputs import STANDARD_INPUT, missing

    if paths.count(STANDARD_INPUT) > 1:
        raise InputError("standard input (-) can be read only once")
    if absent := missing(paths):
        advice = "a text itself goes to standard input: echo TEXT | byline score -"
        folder, name = os.path.split(absent[0])
        if os.path.isdir(folder or "."):
            near = difflib.get_close_matches(name, os.listdir(folder or "."), 1)
            advice = f"did you mean {os.path.join(folder, near[0])}?" if near else advice
        raise InputError(f"no such file or folder: {', '.join(absent)}; {advice}")


def _check_output(output: Path | None, paths: tuple[str, ...]) -> None:
    """Refuse an output that can't be written, before hours of scoring."""
    if output is None:
        return
    from byline import InputError

    if any(path != "-" and output.exists() and output.samefile(path) for path in paths):
        if output.is_file():
            raise InputError(f"--output {output} is a text to be scored; name another file")
    if output.is_dir():
        raise InputError(f"--output {output} is a folder; name a file")
    if not output.parent.is_dir():
        raise InputError(f"--output {output}: there is no folder {output.parent}; make it first")
    if not os.access(output if output.exists() else output.parent, os.W_OK):
        raise InputError(f"--output {output} can't be written; name another file")


def _detector(repository: Path | None, name: str, min_words: int | None, workers: int) -> Detector:
    from dataclasses import replace

    from byline import Detector, InputError, ModelRepository

    model = ModelRepository.find(repository).load(name)
    if min_words is not None:
        thresholds = model.spec.thresholds
        if min_words < thresholds.min_words:
            raise InputError(
                f"--min-words {min_words}: {name} judges no text of fewer than "
                f"{thresholds.min_words} words; the limit can only be raised"
            )
        spec = replace(model.spec, thresholds=replace(thresholds, min_words=min_words))
        model = replace(model, spec=spec)
    return Detector(model, workers)


def _processors() -> int:
    """Processors this process may use, which is fewer than there are in many a container."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _counted(results: Iterable[Result], counts: Counter[str]) -> Iterator[Result]:
    """Count the results by verdict, and list on standard error what couldn't be read."""
    for result in results:
        if result.verdict is None:
            counts["error"] += 1
            click.echo(f"byline: {shown(result.name)}: {shown(result.error or '')}", err=True)
        else:
            counts[result.verdict.verdict] += 1
        yield result


def _write(
    results: Iterable[Result],
    model: Model,
    form: str,
    detailed: bool,
    out: BinaryIO,
    to_file: bool,
) -> None:
    if form == "html":
        from byline_cli.report import write_report

        write_report(results, model, out)
    elif form == "table":
        from byline_cli.table import write_table

        write_table(results, model, detailed, out, to_file)
    else:
        from byline_cli import output

        write = output.write_jsonl if form == "jsonl" else output.write_json
        write(results, model, detailed, out)
