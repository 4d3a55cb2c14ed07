"""The cluster engine: the same work as Ray Data runs it, one loaded model an actor.

Two ways in and out. Files that every machine sees come back in order, and are written as by the
other engines. Folders and object-store addresses are written by Ray itself, in parts, without
passing through this process; and read so, where they hold a text a row.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byline import InputError
from byline_cli.engine import Asked, Known, Local
from byline_cli.inputs import Input
from byline_cli.model_info import ModelInfo
from byline_cli.output import dumps, model_values, values_of
from byline_cli.results import Result, result_of
from byline_cli.summary import Tally
from byline_cli.work import Task

if TYPE_CHECKING:
    from byline_cli.settings import Settings

_BATCH = 16
_OPTIONAL = ("id", "raw", "error")
"""Columns that JSON Lines have only where they have a value."""
_READERS = {".parquet": "read_parquet", ".jsonl": "read_json", ".ndjson": "read_json"}


class Ray:
    """A Ray cluster, or this machine as one."""

    def __init__(self, asked: Asked) -> None:
        """Check the model here, before any actor loads it, and connect.

        Raises:
            InputError: Ray isn't installed.
        """
        self._asked = asked
        self.model = Local(asked).model
        self._ray = _connected(asked.jobs)

    def run(
        self, inputs: Iterable[Input], known: Known
    ) -> Generator[tuple[Input, Result], None, None]:
        """Yield each input with its result, in order; Ray itself does again what is lost."""
        given = list(inputs)
        if not given:
            return
        items = [{"input": json.dumps(_plain(each))} for each in given]
        self._ray.data.DataContext.get_current().execution_options.preserve_order = True
        dataset = self._scored(self._ray.data.from_items(items), _Files(self._task()))
        for each, row in zip(given, dataset.iter_rows(), strict=True):
            yield each, result_of(json.loads(row["result"]))

    def write(self, settings: Settings) -> Tally:
        """Score files, or the rows of datasets, and let Ray write the parts of the output.

        Raises:
            InputError: there are files where the parts go: Ray would write beside them.
        """
        place = settings.place or ""
        _check_empty(place)
        counts = self._ray.remote(_Counts).remote()
        rows = _Rows(self._task(), self.model, settings.detailed, counts)
        passed: Counter[str] = Counter()
        dataset = self._scored(self._read(settings, passed), rows)
        if settings.form == "parquet":
            dataset.write_parquet(place)
        else:
            dataset.write_datasink(_json_lines(place))
        tally: Tally = self._ray.get(counts.tally.remote())
        tally.passed = passed
        return tally

    def _read(self, settings: Settings, passed: Counter[str]) -> Any:
        reading = settings.asked.reading
        if reading.text_column is None:
            items = [{"input": json.dumps(_plain(each))} for each in settings.inputs(passed)]
            if not items:
                raise settings.nothing(passed)
            return self._ray.data.from_items(items)
        datasets = [self._dataset(path) for path in settings.paths]
        first, *others = (d.select_columns([reading.text_column, reading.id_column, "path"])
                          for d in datasets)  # fmt: skip
        return first.union(*others) if others else first

    def _dataset(self, path: str) -> Any:
        suffixes = _suffixes(path)
        known = suffixes & set(_READERS)
        if len(known) != 1:
            raise InputError(
                f"{path} must hold files of one kind, .parquet or .jsonl, and holds "
                f"{', '.join(sorted(suffixes)) or 'none'}"
            )
        (suffix,) = known
        read = getattr(self._ray.data, _READERS[suffix])
        return read(path, include_paths=True, file_extensions=[suffix[1:]])

    def _scored(self, dataset: Any, work: _Files | _Rows) -> Any:
        return dataset.map_batches(
            _actor(work),
            batch_size=_BATCH,
            batch_format="pyarrow",
            compute=self._ray.data.ActorPoolStrategy(min_size=1, max_size=self._asked.jobs),
        )

    def _task(self) -> Task:
        asked = self._asked
        repository = None if asked.repository is None else asked.repository.resolve()
        return Task(replace(asked, repository=repository), self.model.name)


def _actor(work: _Files | _Rows) -> type:
    """A process of the cluster; its model is loaded once.

    The work is part of the class: what an actor is made with, Ray would keep in its object store,
    and lose when it must make the actor again.
    """

    class Actor:
        def __init__(self) -> None:
            self._score = work.task.ready()

        def __call__(self, batch: Any) -> Any:
            return work.answer(batch, self._score)

    return Actor


class _Files:
    """Files in, results out, for this process to write."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def answer(self, batch: Any, score: Any) -> Any:
        import pyarrow

        results = (score(_input(json.loads(line))) for line in batch["input"].to_pylist())
        return pyarrow.table({"result": [json.dumps(asdict(result)) for result in results]})


class _Rows:
    """Files or rows in, rows of the output out, for Ray to write."""

    def __init__(self, task: Task, model: ModelInfo, detailed: bool, counts: Any) -> None:
        self.task = task
        self._model = model_values(model)
        self._detailed = detailed
        self._counts = counts

    def answer(self, batch: Any, score: Any) -> Any:
        import pyarrow

        results = [score(given) for given in self._inputs(batch.to_pylist())]
        tally = Tally()
        for result in results:
            tally.add(result)
        self._counts.add.remote(tally)
        rows = [self._row(result) for result in results]
        return pyarrow.Table.from_pylist(rows, _schema(self._detailed))

    def _row(self, result: Result) -> dict[str, object]:
        model = {} if result.verdict is None else {"model": self._model}
        values: dict[str, object] = _storable(values_of(result, self._detailed) | model)
        return values

    def _inputs(self, rows: list[dict[str, Any]]) -> Iterator[Input]:
        from byline_cli.readers.records import row_of

        reading = self.task.asked.reading
        for number, row in enumerate(rows, 1):
            if reading.text_column is None:
                yield _input(json.loads(row["input"]))
                continue
            found = row_of(row, number, reading)
            yield Input(row["path"], Path(row["path"]), found.id, found.text, found.problem)


def _storable(value: Any) -> Any:
    """The same where strings can be UTF-8: what names and damaged texts hold besides is escaped."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {key: _storable(item) for key, item in value.items()}
    return [_storable(item) for item in value] if isinstance(value, list) else value


def _json_lines(place: str) -> Any:
    """Where JSON Lines go; Ray's own writer rounds numbers to ten digits."""
    from ray.data.datasource import BlockBasedFileDatasink

    class JsonLines(BlockBasedFileDatasink):
        def write_block_to_file(self, block: Any, file: Any) -> None:
            for row in block.to_arrow().to_pylist():
                left_out = _OPTIONAL if row["error"] is None else row.keys()
                kept = {k: v for k, v in row.items() if v is not None or k not in left_out}
                file.write(dumps(kept) + b"\n")

    return JsonLines(place, file_format="jsonl")


class _Counts:
    """Adds up what the actors count."""

    def __init__(self) -> None:
        self._tally = Tally()

    def add(self, other: Tally) -> None:
        self._tally.merge(other)

    def tally(self) -> Tally:
        return self._tally


def _schema(detailed: bool) -> Any:
    """The columns, spelled out: a part without findings must not differ from one that has some."""
    import pyarrow as pa

    score = [("probability", pa.float64()), ("log_odds", pa.float64())]
    finding = pa.struct([("kind", pa.string()), ("count", pa.int64()), ("message", pa.string())])
    model = [("name", pa.string()), ("version", pa.int64()), ("sha256", pa.string())]
    columns = [
        ("path", pa.string()), ("id", pa.string()), ("verdict", pa.string()), *score,
        ("words", pa.int64()), ("coverage", pa.float64()), ("findings", pa.list_(finding)),
        ("raw", pa.struct(score)),
    ]  # fmt: skip
    if detailed:
        span = [("start", pa.int64()), ("end", pa.int64())]
        sentence = [*span, *score, ("verdict", pa.string()), ("text", pa.string())]
        columns.append(("sentences", pa.list_(pa.struct(sentence))))
    columns += [("model", pa.struct(model)), ("error", pa.string())]
    return pa.schema(columns)


def _plain(given: Input) -> dict[str, Any]:
    """An input as it is sent.

    Raises:
        InputError: it is standard input: a worker would read its own.
    """
    if given.path is None:
        raise InputError(
            "--files-from lists standard input (-), which --engine ray does not read: take it out, "
            "or leave --engine out"
        )
    return asdict(given) | {"path": str(given.path.absolute())}


def _input(values: dict[str, Any]) -> Input:
    return Input(**values | {"path": Path(values["path"])})


def _check_empty(place: str) -> None:
    if _suffixes(place, may_lack=True):
        raise InputError(
            f"--output {place} holds files already, beside which Ray would write; name another "
            "place, or take them away"
        )


def _suffixes(path: str, may_lack: bool = False) -> set[str]:
    """Endings of the files at a place; the object stores are those pyarrow knows.

    Args:
        path: a file, folder or address.
        may_lack: whether there need not be anything.

    Raises:
        InputError: it can't be looked at.
    """
    from pyarrow import ArrowException, fs

    try:
        system, inside = fs.FileSystem.from_uri(path if "://" in path else os.path.abspath(path))
        info = system.get_file_info(inside)
        if info.type == fs.FileType.File:
            return {os.path.splitext(inside)[1].lower()}
        below = fs.FileSelector(inside, allow_not_found=may_lack, recursive=True)
        files = system.get_file_info(below)
    except (OSError, ArrowException, ValueError) as error:
        raise InputError(f"{path} can't be read ({error})") from error
    return {f".{f.extension.lower()}" for f in files if f.type == fs.FileType.File}


def _connected(jobs: int) -> Any:
    # Nothing is reported to anybody; Ray would by default.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # it speaks of its own concerns
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        raise InputError(
            "--engine ray needs Ray: in byline's checkout, pip install '.[ray]'"
        ) from error
    if not ray.is_initialized():
        try:
            ray.init(
                num_cpus=None if os.environ.get("RAY_ADDRESS") else jobs + 1,
                log_to_driver=False,
                logging_level=logging.ERROR,
                include_dashboard=False,
            )
        except UnicodeEncodeError as error:  # it takes the whole command line for its job's name
            raise InputError(
                "Ray takes no name that isn't UTF-8 from a command line; name its folder instead"
            ) from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = sys.stderr.isatty()
    return ray
