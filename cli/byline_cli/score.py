"""`byline score`: files in, verdicts out."""

from __future__ import annotations

import itertools
import signal
import sys
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from byline_cli import options
from byline_cli.wording import shown

# What scores and formats is imported when it is needed: help must not wait for ONNX Runtime.
if TYPE_CHECKING:
    from collections import Counter

    from byline_cli.engine import Engine
    from byline_cli.journal import Journal
    from byline_cli.model_info import ModelInfo
    from byline_cli.results import Result
    from byline_cli.settings import Settings
    from byline_cli.summary import Tally


@click.command(epilog=options.SCORE_EPILOG)
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@options.score_options
@click.pass_context
def score(ctx: click.Context, /, **_: Any) -> None:
    """Say of texts how likely a language model wrote them.

    PATH is a file, a folder (read in any depth), a pattern such as 'texts/**/*.md', or - for text
    or HTML on standard input. Read are .txt, .md, .html, .pdf, .docx, .odt, .rtf and .epub, and
    with --text-column the rows of .csv, .tsv, .jsonl and .parquet.

    In folders, hidden files, symbolic links, what a .gitignore names and the X_files that a browser
    saves beside X.html are left out, unless the folder itself is named; files of other kinds, too,
    and a line at the end counts them. Code, tables, quotations, references and navigation are not
    scored unless --include says so.
    """
    from byline_cli.settings import Settings

    settings = Settings.parse(ctx.params)
    with _ending_in_order():
        _run(ctx, settings)


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """End as after an interrupt when told to, by `timeout` or a machine that goes down."""
    own = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if not own or threading.current_thread() is not threading.main_thread():
        yield  # who has called this decides
        return

    def end(_signal: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # told again, at once
        raise SystemExit(143)

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _run(ctx: click.Context, settings: Settings) -> None:
    engine: Engine
    if settings.engine == "ray":
        from byline_cli.ray_engine import Ray

        engine = ray = Ray(settings.asked)
        tally = ray.write(settings) if settings.place else _score(settings, engine)
    else:
        engine = _engine(settings)
        tally = _score(settings, engine)
    if tally.passed:
        from byline_cli.inputs import passed_over

        click.echo(f"byline: {passed_over(tally.passed)}", err=True)
    if settings.summarize:
        from byline_cli.summary import summary_lines

        for line in summary_lines(tally, engine.model, settings.base_rate):
            click.echo(line, err=True)
    if settings.fail_on and tally.counts[settings.fail_on]:
        ctx.exit(1)
    if tally.counts["error"]:
        ctx.exit(3)


def _engine(settings: Settings) -> Engine:
    from byline_cli import engine

    if settings.server is not None:
        return engine.Remote(settings.asked, settings.server, settings.token())
    return engine.Local(settings.asked)


def _score(settings: Settings, engine: Engine) -> Tally:
    """Find, read, score, write: the one way through."""
    from byline_cli.output import opened
    from byline_cli.summary import Tally

    tally = Tally()
    journal = _journal(settings, engine.model)
    found = _results(settings, engine, journal, tally.passed)
    try:
        first = next(found, None)
        if first is None:
            raise settings.nothing(tally.passed)
        results = _counted(itertools.chain((first,), found), tally)
        if _watched(settings):
            from byline_cli.progress import watched

            results = watched(results, settings.count)
        with opened(settings.output) as out:
            _write(results, settings, engine.model, tally, out)
    except BaseException:
        if journal is not None:
            _close(journal, done=False)
        raise
    finally:
        found.close()  # left to the garbage collector, a pool might end in a thread of its own
    if journal is not None:
        _close(journal, done=not tally.counts["error"])
    return tally


def _close(journal: Journal, done: bool) -> None:
    journal.close(done)
    if not done and len(journal):
        click.echo(f"byline: {journal.advice()}", err=True)


def _journal(settings: Settings, model: ModelInfo) -> Journal | None:
    if not settings.journaled or settings.output is None:
        return None
    from byline_cli.journal import Journal, journal_of

    path = journal_of(settings.output.resolve())
    journal = Journal(path, settings.identity(model), settings.resume)
    if settings.resume and not len(journal):
        click.echo(
            f"byline: no unfinished run of {settings.output} to go on with; beginning anew",
            err=True,
        )
    return journal


def _results(
    settings: Settings, engine: Engine, journal: Journal | None, passed: Counter[str]
) -> Generator[Result, None, None]:
    known = journal.known if journal is not None else lambda _: None
    with closing(engine.run(settings.inputs(passed), known)) as pairs:
        for given, result in pairs:
            if journal is not None:
                journal.add(given, result)
            yield result


def _watched(settings: Settings) -> bool:
    # A bar above lines that stream to the same terminal would be torn by them.
    streams = settings.form in ("json", "jsonl", "csv", "sarif") and settings.output is None
    to_terminal = sys.stderr is not None and sys.stderr.isatty()
    return settings.several and to_terminal and not (streams and sys.stdout.isatty())


def _counted(results: Iterable[Result], tally: Tally) -> Iterator[Result]:
    """Count the results, and list on standard error what couldn't be read."""
    for result in results:
        tally.add(result)
        if result.error is not None:
            click.echo(f"byline: {shown(result.title)}: {shown(result.error)}", err=True)
        yield result


def _write(
    results: Iterable[Result],
    settings: Settings,
    model: ModelInfo,
    tally: Tally,
    out: BinaryIO,
) -> None:
    form, detailed = settings.form, settings.detailed
    if form == "html":
        from byline_cli.report import write_report

        write_report(results, model, out, tally, settings.base_rate, settings.folder)
    elif form == "table":
        from byline_cli.table import write_table

        write_table(results, model, detailed, out, settings.output is not None)
    elif form == "sarif":
        from byline_cli.sarif import write_sarif

        write_sarif(results, model, detailed, out)
    else:
        from byline_cli import output

        if form == "json":
            from byline_cli.summary import summary_values

            output.write_json(
                results, model, detailed, out,
                (lambda: summary_values(tally, model, settings.base_rate))
                if settings.summarize else None,
            )  # fmt: skip
        elif form == "csv":
            output.write_csv(results, model, detailed, out)
        else:
            output.write_jsonl(results, model, detailed, out)
