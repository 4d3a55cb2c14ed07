"""What came of a file, and the one function that makes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byline import Finding, InputError, RawScore, SentenceScore, Verdict
from byline_cli.inputs import Input, standard_input
from byline_cli.readers.files import (
    RECORDS,
    Reading,
    bounded,
    prose_of_file,
    prose_of_text,
    suffix_of,
)
from byline_cli.time_limit import time_limit

if TYPE_CHECKING:
    from byline import Detector, Model
    from byline.spec import Thresholds

_SECONDS = 60
"""Many times what the longest document takes to read, on a busy machine, too."""
_MUCH = 0.2
"""The share of a text's words from which on a finding says that they were set apart."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one text: a verdict or an error.

    Attributes:
        name: the file's, as the output calls it.
        id: of a row of a file, its name there.
        text: what was scored; spans of the verdict count its code points.
        verdict: None where there is an error.
        error: why it couldn't be read, and what to do.
        set_apart: words that were left out because of the blocks they stand in.
        in_place: whether spans count the code points of the file, too.
    """

    name: str
    id: str | None = None
    text: str = ""
    verdict: Verdict | None = None
    error: str | None = None
    set_apart: int = 0
    in_place: bool = False

    def judged(self, verdict: Verdict) -> Result:
        """The same with a verdict that counts what was set apart, and says so where it was much."""
        words = verdict.words + self.set_apart
        if self.set_apart:
            coverage = verdict.coverage * verdict.words / words
            verdict = replace(verdict, words=words, coverage=coverage)
        if self.set_apart > _MUCH * words or (self.set_apart and verdict.verdict == "too_short"):
            finding = Finding(
                "set_apart", self.set_apart,
                "So many words are code, tables, quotations, references or navigation, which are "
                "scored only if --include names them.",
            )  # fmt: skip
            verdict = replace(verdict, findings=(*verdict.findings, finding))
        return replace(self, verdict=verdict)

    def bare(self) -> Result:
        """The same without its text and sentences: the output needs neither."""
        return replace(self, text="", verdict=self.verdict and replace(self.verdict, sentences=()))

    @property
    def title(self) -> str:
        """What people are shown."""
        return self.name if self.id is None else f"{self.name}: {self.id}"


def expanded(inputs: Iterable[Input], how: Reading) -> Iterator[Input]:
    """Replace tables and records by their rows."""
    for given in inputs:
        whole = given.problem is not None or how.text_column is None or given.path is None
        if whole or suffix_of(given.name) not in RECORDS:
            yield given
        else:
            yield from _rows(given, Path(given.name), how)


def _rows(given: Input, path: Path, how: Reading) -> Iterator[Input]:
    from byline_cli.readers.records import rows

    try:
        for row in rows(path, how):
            yield replace(given, id=row.id, text=row.text, problem=row.problem)
    except Exception as error:
        yield replace(given, problem=_problem(error))


def read(given: Input, how: Reading) -> Result:
    """Read one input; what goes wrong, whatever it is, is the result's error."""
    result = Result(given.name, given.id)
    try:
        if given.problem is not None:
            raise InputError(given.problem)
        if given.text is not None:
            return replace(result, text=given.text)
        if given.path is None:
            data = bounded(standard_input(), how)  # whoever types has time
            with time_limit(_SECONDS):
                prose = prose_of_text(data, how)
        else:
            with time_limit(_SECONDS):
                prose = prose_of_file(given.path, how)
    except Exception as error:  # one file must not end a run of thousands
        return replace(result, error=_problem(error))
    return replace(result, text=prose.text, set_apart=prose.set_apart, in_place=prose.in_place)


def _problem(error: Exception) -> str:
    """What to say of a file that could not be read."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, MemoryError):
        return "takes more memory than there is; split it"
    if isinstance(error, RecursionError):
        return "is nested too deeply; save it anew"
    return f"could not be read ({type(error).__name__}: {error}); save it anew"


def scored(result: Result, detector: Detector) -> Result:
    """Score what was read."""
    if result.error is not None:
        return result
    return result.judged(detector.score(result.text, result.name))


def result_of(values: dict[str, Any]) -> Result:
    """A result with a verdict or an error, from what `dataclasses.asdict` made of it."""
    name, verdict = values["name"], values["verdict"]
    if verdict is None:
        return Result(name, values["id"], error=values["error"])
    return Result(
        name, values["id"], values["text"], verdict_of(name, verdict), in_place=values["in_place"]
    )


def verdict_of(name: str, values: dict[str, Any]) -> Verdict:
    """A verdict from what `dataclasses.asdict` made of it, or a server of another.

    Raises:
        LookupError, TypeError: it is neither.
    """
    raw = values.get("raw")
    return Verdict(
        name,
        values["verdict"],
        values["probability"],
        values["log_odds"],
        values["words"],
        values["coverage"],
        tuple(SentenceScore(**sentence) for sentence in values.get("sentences", ())),
        tuple(Finding(**finding) for finding in values["findings"]),
        RawScore(**raw) if raw else None,
    )


def with_floor(model: Model, min_words: int | None) -> Model:
    """The model with a higher limit below which texts are too short.

    Raises:
        InputError: the limit is lower than the model's own.
    """
    thresholds = raised(model.spec.thresholds, min_words, model.name)
    return replace(model, spec=replace(model.spec, thresholds=thresholds))


def raised(own: Thresholds, min_words: int | None, name: str) -> Thresholds:
    """A model's thresholds with a higher limit, if there is one.

    Raises:
        InputError: the limit is lower than the model's own.
    """
    if min_words is None:
        return own
    if min_words < own.min_words:
        raise InputError(
            f"--min-words {min_words}: {name} judges no text of fewer than {own.min_words} words; "
            "the limit can only be raised"
        )
    return replace(own, min_words=min_words)
