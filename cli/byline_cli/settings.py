"""What the options of `byline score` say, parsed once and checked before anything is scored."""

from __future__ import annotations

import difflib
import os
import stat
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from byline import InputError
from byline.processors import processors
from byline_cli.engine import Asked
from byline_cli.inputs import (
    STANDARD_INPUT,
    Choice,
    Input,
    find,
    is_pattern,
    listed,
    missing,
    passed_over,
    standard_input,
)
from byline_cli.model_info import ModelInfo
from byline_cli.options import FORMATS
from byline_cli.readers.files import READ, Reading
from byline_cli.results import expanded
from byline_cli.wording import shared_folder

_TOKEN = "BYLINE_TOKEN"
_FORMS = {".htm": "html", ".ndjson": "jsonl"}
"""Formats by other endings that are usual for them."""
_NOT_WRITTEN = frozenset(
    (".xlsx", ".xls", ".ods", ".tsv", ".pdf", ".docx", ".doc", ".odt", ".rtf", ".epub")
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The options.

    Attributes:
        paths: those named on the command line.
        files_from: a list of further ones.
        null: its entries end with NUL.
        form: of the output.
        output: a file; None for standard output.
        place: with Ray, a folder or address for the output's parts.
        asked: of the engine.
        choice: of files.
    """

    paths: tuple[str, ...]
    files_from: str | None
    null: bool
    form: str
    output: Path | None
    place: str | None
    detailed: bool
    resume: bool
    summarize: bool
    base_rate: float | None
    fail_on: str | None
    engine: str
    server: str | None
    token_file: Path | None
    asked: Asked
    choice: Choice

    @classmethod
    def parse(cls, given: dict[str, Any]) -> Settings:
        """Check the options against one another and the file system.

        Args:
            given: values by the names of `options`.

        Raises:
            InputError: they don't go together, a path isn't there, or the output can't be written.
        """
        paths, target = given["paths"], given["output"]
        given = given | {"form": given["form"] or _form(target)}
        form = given["form"]
        ray = given["engine"] == "ray"
        is_place = target is not None and (
            "://" in target or target.endswith(("/", os.sep)) or (ray and os.path.isdir(target))
        )
        _check_combination(given, ray, is_place)
        output = Path(target) if target is not None and not is_place else None
        if not (ray and any("://" in path for path in paths)):
            _check_paths(paths)
        _check_output(output, paths, given["files_from"])
        choice = Choice(
            exclude=given["exclude"],
            ignore_files=not given["no_ignore"],
            records=given["text_column"] is not None,
            leave_out=_left_out(output),
            stream=_redirected() if target is None else None,
        )
        for pattern in filter(is_pattern, paths):
            # Raises if nothing matches, before anything is scored.
            next(found for found in find((pattern,), choice) if found.problem is None)
        return cls(
            paths=paths,
            files_from=given["files_from"],
            null=given["null"],
            form=form,
            output=output,
            place=target if is_place else None,
            detailed=given["detail"] == "sentence",
            resume=given["resume"],
            summarize=given["summarize"],
            base_rate=given["base_rate"],
            fail_on=given["fail_on"],
            engine=given["engine"],
            server=given["server"],
            token_file=given["token_file"],
            asked=Asked(
                reading=Reading(
                    frozenset(given["include"]), given["max_size"], given["text_column"],
                    given["id_column"],
                ),
                model=given["model"],
                repository=given["repository"],
                min_words=given["min_words"],
                jobs=given["jobs"] or processors(),
                texts=given["detail"] == "sentence" or form == "html",
            ),
            choice=choice,
        )  # fmt: skip

    @property
    def places(self) -> str:
        """Where was looked, in words."""
        named = [*self.paths, *([f"the list {self.files_from}"] if self.files_from else [])]
        return ", ".join(named)

    @property
    def folder(self) -> str:
        """The folder that all names begin with, with its separator; empty if that isn't known."""
        if self.files_from is not None:
            return ""
        if len(self.paths) == 1 and os.path.isdir(self.paths[0]):
            return os.path.join(self.paths[0], "")
        return shared_folder(self.paths)

    @property
    def several(self) -> bool:
        """Whether there may be more than one text."""
        one = len(self.paths) == 1 and self.files_from is None and os.path.isfile(self.paths[0])
        return not one or self.asked.reading.text_column is not None

    @property
    def journaled(self) -> bool:
        """Whether the run can be resumed: not if one text is all, or the output no file."""
        if self.output is None or (self.output.exists() and not self.output.is_file()):
            return False
        return self.several or self.resume

    def inputs(self, passed: Counter[str]) -> Iterator[Input]:
        """The files meant, tables and records as their rows.

        Args:
            passed: counts, by suffix, the files of folders that are of no kind that is read.
        """
        return expanded(self._found(passed), self.asked.reading)

    def count(self) -> int | None:
        """How many texts there will be; None if only reading them all would tell."""
        # What is no file can be read once only: counting would leave nothing to score.
        once = self.files_from is not None and not os.path.isfile(self.files_from)
        if once or self.asked.reading.text_column is not None:
            return None
        return sum(1 for _ in self._found())

    def identity(self, model: ModelInfo) -> dict[str, Any]:
        """What two runs must have in common for one to go on with the other's results."""
        reading = asdict(self.asked.reading) | {"include": sorted(self.asked.reading.include)}
        del reading["max_bytes"]  # of what could be read it changes nothing
        return {
            "version": version("byline"),
            "model": [model.sha256, asdict(model.thresholds)],
            "texts in the output": self.asked.texts,
            "--min-words": self.asked.min_words,
            **{f"--{name.replace('_', '-')}": value for name, value in reading.items()},
        }

    def token(self) -> str | None:
        """The server's token.

        Raises:
            InputError: its file can't be read, or no header can hold it; never with the token.
        """
        token, source = os.environ.get(_TOKEN, ""), _TOKEN
        if self.token_file is not None:
            source = f"--token-file {self.token_file}"
            try:
                with self.token_file.open(encoding="utf-8") as file:
                    token = file.readline().strip()  # as the server reads it
            except OSError as error:
                raise InputError(f"{source}: can't be read ({error.strerror})") from error
            except UnicodeDecodeError:  # which holds what it could not decode
                raise InputError(f"{source}: is not UTF-8; write the token anew") from None
            if not token:
                raise InputError(f"{source}: holds no token on its first line")
        if not (token.isascii() and token.isprintable()):
            raise InputError(
                f"{source}: a token is of printable ASCII characters, without line breaks"
            )
        return token or None

    def nothing(self, passed: Counter[str]) -> InputError:
        """What to say where there is nothing to score, but files of the suffixes passed over."""
        # Of what comes through a pipe there is no more.
        again = self if os.path.isfile(self.files_from or "") else replace(self, files_from=None)
        if any(again._found()):
            return InputError(f"nothing to score in {self.places}: there are no rows")
        advice = ""
        if any(replace(again, choice=replace(self.choice, ignore_files=False))._found()):
            advice = "; or a .gitignore names all of it: --no-ignore"
        elif any(replace(again, choice=replace(self.choice, exclude=()))._found()):
            advice = "; or --exclude leaves out all of it"
        told = f"; {passed_over(passed)}" if passed else ""
        return InputError(f"nothing to score in {self.places} ({READ}){told}{advice}")

    def _found(self, passed: Counter[str] | None = None) -> Iterator[Input]:
        yield from find(self.paths, self.choice, passed=passed)
        # What made the list has resolved its patterns: a name with brackets is one.
        yield from find(self._listed(), self.choice, patterns=False, passed=passed)

    def _listed(self) -> Iterator[str]:
        if self.files_from is None:
            return
        separator = b"\0" if self.null else b"\n"
        if self.files_from == STANDARD_INPUT:
            yield from listed(standard_input(), separator)
            return
        with open(self.files_from, "rb") as file:
            yield from listed(file, separator)


def _form(target: str | None) -> str:
    """The format that the name of the output asks for.

    Raises:
        InputError: it asks for one that there isn't; with a table in it, no program opens the file.
    """
    suffix = Path(target or "").suffix.lower()
    if suffix in _NOT_WRITTEN:
        raise InputError(
            f"--output {target}: {suffix} is not written; end it with .html, .csv, .json, .jsonl, "
            ".sarif or .txt, or say what it is with --format"
        )
    form = _FORMS.get(suffix, suffix.removeprefix("."))
    return form if form in FORMATS else "table"


def _check_combination(given: dict[str, Any], ray: bool, is_place: bool) -> None:
    columns = given["text_column"] is not None
    for wrong, advice in (
        (not given["paths"] and given["files_from"] is None,
         "name a PATH to score, or - for standard input; byline score --help has examples"),
        (given["output"] is None and sys.stdout is None,
         "standard output is closed; name an --output"),
        (given["null"] and given["files_from"] is None, "--null is for --files-from"),
        (given["id_column"] is not None and not columns, "--id-column needs --text-column"),
        (columns and STANDARD_INPUT in given["paths"],
         "--text-column reads no standard input (-), for its name tells what a file is: save it to "
         "one that ends in .csv, .tsv, .jsonl or .parquet"),
        (given["base_rate"] is not None and not (given["summarize"] or given["form"] == "html"),
         "--base-rate is for --summary and --format html"),
        (given["resume"] and given["output"] is None,
         "--resume needs --output FILE: the journal lies beside it"),
        (given["resume"] and ray, "--resume is for --engine local; Ray retries by itself"),
        (ray and STANDARD_INPUT in given["paths"],
         "--engine ray reads no standard input (-): name a file that its machines see, or leave "
         "--engine out"),
        (given["server"] is not None and ray, "--server and --engine ray exclude one another"),
        (given["server"] is not None and given["repository"] is not None
         and "BYLINE_MODEL_REPOSITORY" not in os.environ,
         "--model-repository is for scoring here; the server has its own"),
        (given["token_file"] is not None and given["server"] is None,
         "--token-file is for --server"),
        (is_place and not ray, f"--output {given['output']} is a folder; name a file"),
        (is_place and given["form"] not in ("jsonl", "parquet"),
         f"--output {given['output']} needs --format jsonl or parquet"),
        (is_place and columns and given["id_column"] is None,
         "--output into a folder needs --id-column, too: parts of a dataset number no rows"),
        (is_place and columns and (given["files_from"] is not None or given["exclude"]),
         "--files-from and --exclude are for files; with --text-column and a folder as --output "
         "Ray reads whole PATHs"),
        (given["form"] == "parquet" and not is_place,
         "--format parquet is for --engine ray with a folder as --output"),
    ):  # fmt: skip
        if wrong:
            raise InputError(advice)
    if [*given["paths"], given["files_from"]].count(STANDARD_INPUT) > 1:
        raise InputError("standard input (-) can be read only once")
    listing = given["files_from"]
    if listing not in (None, STANDARD_INPUT) and not os.path.exists(listing):
        raise InputError(f"--files-from {listing}: there is no such file")


def _check_paths(paths: tuple[str, ...]) -> None:
    """Refuse paths that aren't there, before anything is scored."""
    if absent := missing(paths):
        advice = "a text itself goes to standard input: echo TEXT | byline score -"
        if "://" in absent[0]:
            advice = "web addresses are not read: save the page to a file first"
        folder, name = os.path.split(absent[0])
        if os.path.isdir(folder or "."):
            near = difflib.get_close_matches(name, os.listdir(folder or "."), 1)
            advice = f"did you mean {os.path.join(folder, near[0])}?" if near else advice
        if os.path.islink(absent[0]):
            advice = f"it is a link to {os.readlink(absent[0])}, which is not there"
        raise InputError(f"no such file or folder: {', '.join(absent)}; {advice}")


def _check_output(output: Path | None, paths: tuple[str, ...], listing: str | None) -> None:
    """Refuse an output that can't be written, before hours of scoring."""
    if output is None:
        return
    try:
        output.resolve()
    except (OSError, RuntimeError) as error:
        raise InputError(f"--output {output}: is a link to itself; name another file") from error
    if output.is_file():
        if any(path != STANDARD_INPUT and _same(output, path) for path in paths):
            raise InputError(f"--output {output} is a text to be scored; name another file")
        if listing not in (None, STANDARD_INPUT) and _same(output, str(listing)):
            raise InputError(f"--output {output} is the list of --files-from; name another file")
    if output.is_dir():
        raise InputError(f"--output {output} is a folder; name a file")
    if not output.parent.is_dir():
        raise InputError(f"--output {output}: there is no folder {output.parent}; make it first")
    if output.exists() and not os.access(output, os.W_OK):
        raise InputError(f"--output {output} can't be written; name another file")
    folder = output.resolve().parent
    if (output.is_file() or not output.exists()) and not os.access(folder, os.W_OK):
        # A file is made there, and takes the place of the old one when it is complete.
        raise InputError(f"--output {output}: {folder} lets no file be made in it; name another")


def _same(output: Path, path: str) -> bool:
    return os.path.exists(path) and output.samefile(path)


def _redirected() -> tuple[int, int] | None:
    """Device and inode of the file that standard output goes to, if it is one."""
    try:
        status = os.fstat(sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):  # closed, or something without a descriptor
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def _left_out(output: Path | None) -> frozenset[Path]:
    if output is None:
        return frozenset()
    from byline_cli.journal import journal_of

    resolved = output.resolve()
    return frozenset((resolved, journal_of(resolved)))
