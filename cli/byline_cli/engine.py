"""Who scores: this machine, a server, or a cluster; whichever it is, results come out in order."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from byline import ModelRepository
from byline.repository import DEFAULT_MODEL
from byline_cli.inputs import Input
from byline_cli.model_info import ModelInfo, info_of
from byline_cli.readers.files import Reading
from byline_cli.results import Result, raised, with_floor

Known = Callable[[Input], Result | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an engine is asked for.

    Attributes:
        reading: how files are read.
        model: name of the model; None for the default.
        repository: folder of models; None for the one that came with byline.
        min_words: raises the model's limit.
        jobs: files worked on at once.
        texts: whether the output needs the texts and their sentences.
    """

    reading: Reading
    model: str | None
    repository: Path | None
    min_words: int | None
    jobs: int
    texts: bool


class Engine(Protocol):
    """Scores inputs."""

    model: ModelInfo

    def run(
        self, inputs: Iterable[Input], known: Known
    ) -> Generator[tuple[Input, Result], None, None]:
        """Yield each input with its result, in order.

        Args:
            inputs: any number.
            known: results of an earlier run.
        """
        ...


class Local:
    """This machine, with as many processes as there are jobs."""

    def __init__(self, asked: Asked) -> None:
        """Check the model.

        Raises:
            ModelNotFound: there is no such repository or model.
            ModelInvalid: a file of it is missing, changed or not understood.
        """
        self._asked = asked
        name = asked.model or DEFAULT_MODEL
        self._model = with_floor(ModelRepository.find(asked.repository).load(name), asked.min_words)
        self.model = info_of(self._model)

    def run(
        self, inputs: Iterable[Input], known: Known
    ) -> Generator[tuple[Input, Result], None, None]:
        """Yield each input with its result, in order."""
        from byline_cli.work import Task, run

        task = Task(self._asked, self.model.name)
        return run(task, lambda: task.ready_with(self._model), inputs, known)


class Remote:
    """A server; files are read here."""

    def __init__(self, asked: Asked, url: str, token: str | None) -> None:
        """Ask the server for its model.

        Raises:
            ServerFailed: it can't be reached, or has no such model.
        """
        from byline_cli.server import Server

        self._asked = asked
        self._server = Server(url, token)
        self.model = self._server.model(asked.model)
        thresholds = raised(self.model.thresholds, asked.min_words, self.model.name)
        self.model = replace(self.model, thresholds=thresholds)

    def run(
        self, inputs: Iterable[Input], known: Known
    ) -> Generator[tuple[Input, Result], None, None]:
        """Yield each input with its result, in order."""
        from byline_cli.work import Task, run

        task = Task(self._asked, None)
        with closing(run(task, task.ready, inputs, known)) as read:
            yield from self._server.scored(read, self._asked)
