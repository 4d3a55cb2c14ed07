"""Files to results: read, scored and given back in the order they came, a few at a time."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from byline import Detector, Document, InputError, Verdict
from byline_cli.inputs import Input
from byline_cli.readers import read_file, read_stream


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one file: a verdict or an error.

    Attributes:
        name: the file's, as the output calls it.
        text: what was scored; spans of the verdict count its code points.
        verdict: None where there is an error.
        error: why the file couldn't be read, and what to do.
    """

    name: str
    text: str = ""
    verdict: Verdict | None = None
    error: str | None = None


def score_inputs(detector: Detector, inputs: Iterable[Input]) -> Iterator[Result]:
    """Yield the result of each input, in order; at most a few texts are held at a time."""
    waiting: deque[Result] = deque()

    def documents() -> Iterator[Document]:
        for given in inputs:
            try:
                text = _read(given)
            except InputError as error:
                waiting.append(Result(given.name, error=str(error)))
                continue
            waiting.append(Result(given.name, text))
            yield Document(given.name, text)

    for verdict in detector.score_many(documents()):
        while waiting[0].error is not None:
            yield waiting.popleft()
        yield replace(waiting.popleft(), verdict=verdict)
    yield from waiting


def _read(given: Input) -> str:
    if given.problem is not None:
        raise InputError(given.problem)
    if given.path is None:
        return read_stream(sys.stdin.buffer)
    return read_file(given.path)
