"""The model repository: a folder of models, laid out as Triton Inference Server reads it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from byline.config_pbtxt import ModelConfig, read_config
from byline.errors import ModelInvalid, ModelNotFound
from byline.spec import LABELS, Spec, read_spec

DEFAULT_MODEL = "student_int8"
CHECKSUMS = "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class Model:
    """A model whose files are whole and fit together.

    Attributes:
        name: its folder's.
        version: the one served, the highest the version policy allows.
        path: of the version's folder, with `model.onnx`, `tokenizer.json` and `scoring.json`.
        sha256: of the graph; names the model in every answer.
        size_bytes: of the graph.
        config: what the runtime obeys.
        spec: what the numbers mean.
    """

    name: str
    version: int
    path: Path
    sha256: str
    size_bytes: int
    config: ModelConfig
    spec: Spec

    @property
    def graph(self) -> Path:
        """The ONNX file."""
        return self.path / self.config.filename


@dataclass(frozen=True, slots=True)
class ModelRepository:
    """A model repository on disk."""

    path: Path

    @classmethod
    def find(cls, path: Path | None = None) -> ModelRepository:
        """Find the repository: the one named, else the checkout's, else the installed package's.

        Raises:
            ModelNotFound: none of them is there.
        """
        package = Path(__file__).resolve().parent
        places = (
            (Path(path),)
            if path is not None
            else (package.parent.parent / "model_repository", package / "model_repository")
        )
        for place in places:
            if place.is_dir():
                return cls(place)
        raise ModelNotFound(
            f"no model repository at {' or '.join(map(str, places))}; "
            "name the folder that holds the models",
            places,
        )

    def names(self) -> list[str]:
        """Names of the models that are there, sorted; whether they are whole is not looked at."""
        names = (config.parent.name for config in self.path.glob("*/config.pbtxt"))
        return sorted(name for name in names if not name.startswith("."))

    def load(self, name: str = DEFAULT_MODEL) -> Model:
        """Check a model's files against their hashes and read what describes it.

        Raises:
            ModelNotFound: there is no such model.
            ModelInvalid: a file is missing, changed or not understood.
        """
        folder = self.path / name
        if name not in self.names():
            raise ModelNotFound(
                f"no model {name!r} in {self.path}; there are: {', '.join(self.names()) or 'none'}",
                (folder,),
            )
        config = read_config(folder / "config.pbtxt")
        version = _version(folder, config)
        spec = read_spec(folder / str(version) / "scoring.json")
        labels = folder / "labels.txt"
        if labels.is_file() and labels.read_bytes().split() != [s.encode() for s in LABELS]:
            raise ModelInvalid(labels, f"must hold {' and '.join(LABELS)}, in this order")
        graph = f"{version}/{config.filename}"
        for needed in ("config.pbtxt", "labels.txt", graph, f"{version}/tokenizer.json"):
            if needed not in spec.files:
                raise ModelInvalid(
                    folder / str(version) / "scoring.json", f"has no hash of {needed}", "files"
                )
        listed = self._checksums()
        for file, expected in {**spec.files, f"{version}/scoring.json": None}.items():
            digest = sha256(folder / file)
            wanted = {expected, listed.get(f"{name}/{file}")} - {None}
            if not wanted:
                raise ModelInvalid(self.path / CHECKSUMS, f"does not list {name}/{file}")
            if wanted != {digest}:
                raise ModelInvalid(
                    folder / file,
                    f"was changed or cut off: its SHA-256 is {digest}, released was "
                    f"{' and '.join(sorted(map(str, wanted)))}; get the file again",
                )
        return Model(
            name, version, folder / str(version), spec.files[graph],
            (folder / graph).stat().st_size, config, spec,
        )  # fmt: skip

    def _checksums(self) -> dict[str, str]:
        """`SHA256SUMS`: hashes by path relative to the repository."""
        path = self.path / CHECKSUMS
        try:
            lines = path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ModelInvalid(path, f"can't be read ({error})") from error
        pairs = (line.split(maxsplit=1) for line in lines if line.strip())
        return {pair[-1].lstrip("*"): pair[0] for pair in pairs}


def _version(folder: Path, config: ModelConfig) -> int:
    numbers = sorted(
        int(f.name) for f in folder.iterdir()
        if f.is_dir() and f.name.isdecimal() and not f.name.startswith("0")
    )  # fmt: skip
    allowed = [n for n in numbers if n in config.versions] if config.versions else numbers
    if not allowed:
        raise ModelInvalid(folder, f"has no version folder that is served (found: {numbers})")
    return allowed[-1]


def checksums(models: Iterable[Path]) -> str:
    """What `SHA256SUMS` says of the files in folders of models that are whole."""
    return "".join(
        f"{sha256(file)}  {file.relative_to(folder.parent).as_posix()}\n"
        for folder in sorted(models, key=lambda folder: folder.name)
        for file in sorted(f for f in folder.rglob("*") if f.is_file())
    )


def sha256(path: Path) -> str:
    """Hex SHA-256 of a model's file.

    Raises:
        ModelInvalid: it can't be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelInvalid(path, f"can't be read ({error.strerror})") from error
