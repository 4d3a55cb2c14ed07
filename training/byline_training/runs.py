"""A run's folder: what every stage leaves behind, and how it is written so a kill can't hurt it."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from byline.errors import InputError
from byline_training.config import IN_CHECKOUT, ROOT, Preset

_LIBRARIES = ("torch", "transformers", "onnx", "onnxruntime", "numpy", "tokenizers", "pyarrow")


@dataclasses.dataclass(frozen=True)
class Run:
    """One preset's work in one folder.

    ::

        run.json  metrics.jsonl  prepared/  teacher[-N]/  student[-N]/  onnx/  calibration/
    """

    preset: Preset
    folder: Path

    @property
    def repository(self) -> Path:
        """Where the models go: the checkout's, but for random ones the run's own folder."""
        place = self.folder if self.preset.teacher.base.random else ROOT
        return place / "model_repository"

    def path(self, *parts: str) -> Path:
        """A path inside the run's folder; its parent is made."""
        path = self.folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def log(self, stage: str, **values: float | int | str) -> None:
        """Append a line to `metrics.jsonl`."""
        record = {"time": round(time.time(), 3), "stage": stage, **values}
        with self.path("metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def record(self, **values: Any) -> None:
        """Merge values into `run.json`, beside the configuration and the versions used.

        Without values nothing was made, and the versions stay those of what was.
        """
        path = self.path("run.json")
        known = self.recorded() | {"preset": dataclasses.asdict(self.preset)}
        if values or "commit" not in known:
            known |= {
                "libraries": _versions(),
                "python": platform.python_version(),
                "commit": commit(),
                **values,
            }
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")

    def recorded(self) -> dict[str, Any]:
        """What `record` has gathered."""
        path = self.path("run.json")
        if not path.exists():
            return {}
        with reading(path, "prepare"):
            values: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return values

    def published(self) -> dict[str, Any]:
        """The same for others to read: of this machine's folders, their names alone.

        Raises:
            InputError: there is no record.
        """
        record = self.recorded()
        if "preset" not in record:
            raise InputError(
                f"{self.path('run.json')} is missing, which says how the models were made: run the "
                "stages from prepare on again"
            )
        for place, key in (
            *((source, "path") for source in record["preset"]["data"]["sources"]),
            *((record["preset"][stage]["base"], "folder") for stage in ("teacher", "student")),
        ):
            place[key] = Path(place[key]).name
        return record


def made_by(stage: str, path: Path) -> Path:
    """The same path, of a file that a stage has made.

    Raises:
        InputError: it hasn't.
    """
    if not path.exists():
        raise InputError(f"{path} is missing: run the {stage} stage first")
    return path


@contextmanager
def reading(path: Path, stage: str) -> Iterator[None]:
    """Turn what goes wrong while a stage's file is read into an error that names both.

    Raises:
        InputError: the file is missing or damaged.
    """
    made_by(stage, path)
    try:
        yield
    # Of JSON, Parquet and torch, in this order; a missing key is a KeyError.
    except (ValueError, KeyError, TypeError, RuntimeError, EOFError, UnpicklingError) as error:
        raise InputError(
            f"{path} is damaged: delete it and run the {stage} stage again "
            f"({str(error).splitlines()[0] if str(error) else type(error).__name__})"
        ) from error


def cached(path: Path, key: str) -> dict[str, NDArray[Any]] | None:
    """Arrays that `keep` wrote under the same key; None if there are none, or they are damaged."""
    try:
        with path.open("rb") as file, np.load(file) as kept:
            arrays = dict(kept)
    except (OSError, ValueError, EOFError, BadZipFile):
        return None
    return arrays if str(arrays.pop("key", "")) == key else None


def keep(path: Path, key: str, **arrays: Any) -> None:
    """Write arrays for `cached`."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, key=np.asarray(key), **arrays)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path that takes the place of `path` once it is whole and on disk.

    A kill or a full disk in between leaves the old file as it was.
    """
    temporary = path.with_name(f".{path.name}.partial")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _versions() -> dict[str, str]:
    versions = {}
    for name in _LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def commit() -> str:
    """The commit of the code that runs, `-dirty` if it was changed; `unknown` outside its git."""
    root = Path(__file__).resolve().parent
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"]
    # Where it is installed, a repository around it is somebody else's.
    if not IN_CHECKOUT or shutil.which("git") is None:
        return "unknown"
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout.strip() or "unknown"
