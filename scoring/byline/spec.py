"""`scoring.json`: what a model's numbers mean. Written by training, read by everybody."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from byline.calibrate import Band, Calibration, SentenceBand
from byline.errors import ModelInvalid

SCHEMA_VERSION = 2
LABELS = ("human", "ai")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where verdicts change, in calibrated probability; `min_words` is the shortest text judged."""

    human: float
    ai: float
    sentence_human: float
    sentence_ai: float
    min_words: int


@dataclass(frozen=True, slots=True)
class Spec:
    """The contents of `scoring.json`.

    Attributes:
        window: tokens a model sees at once, special tokens included.
        calibration: log-odds to probability.
        thresholds: probability to verdict.
        training_run: id of the run that made the model.
        files: SHA-256 of the model's other files, by path relative to the model's folder.
        metrics: figures the model was released with; see docs/evaluation.md for what they mean.
    """

    window: int
    calibration: Calibration
    thresholds: Thresholds
    training_run: str
    files: dict[str, str]
    metrics: dict[str, float]

    def dumps(self) -> str:
        """As JSON."""
        values = {
            "schema_version": SCHEMA_VERSION,
            "labels": LABELS,
            "window": self.window,
            "calibration": asdict(self.calibration),
            "thresholds": asdict(self.thresholds),
            "training_run": self.training_run,
            "files": self.files,
            "metrics": self.metrics,
        }
        return json.dumps(values, indent=2) + "\n"


def read_spec(path: Path) -> Spec:
    """Read and check a `scoring.json`.

    Raises:
        ModelInvalid: it isn't one, is of another schema version, or a field is missing or wrong.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelInvalid(path, f"can't be read as JSON ({error})") from error
    if not isinstance(values, dict):
        raise ModelInvalid(path, "is not a JSON object")
    fields = _Fields(path, values)
    version = fields.take("schema_version", int)
    if version != SCHEMA_VERSION:
        raise ModelInvalid(
            path,
            f"is {version}, this version of byline reads {SCHEMA_VERSION}: get a model and a "
            "byline that belong together",
            "schema_version",
        )
    labels = fields.take("labels", list)
    if labels != list(LABELS):
        raise ModelInvalid(path, f"is {labels}, expected {list(LABELS)}", "labels")
    calibration = fields.table("calibration")
    bands = tuple(
        _band(_Fields(path, band, f"calibration.bands[{i}]."))
        for i, band in enumerate(calibration.take("bands", list))
    )
    if not bands or [b.words for b in bands] != sorted({b.words for b in bands}):
        raise ModelInvalid(path, "must be in rising order and not empty", "calibration.bands")
    sentence = calibration.table("sentence")
    scale = _scale(sentence)
    thresholds = fields.table("thresholds")
    spec = Spec(
        window=fields.take("window", int, lambda n: n >= 8),
        calibration=Calibration(
            bands,
            SentenceBand(
                scale,
                # A sentence alone in its window is its own context.
                sentence.take("context", float, lambda context: scale + context > 0),
                sentence.take("bias", float),
            ),
        ),
        thresholds=Thresholds(
            **{
                name: thresholds.take(name, float, lambda p: 0 <= p <= 1)
                for name in ("human", "ai", "sentence_human", "sentence_ai")
            },
            min_words=thresholds.take("min_words", int, lambda n: n > 0),
        ),
        training_run=fields.take("training_run", str),
        files=fields.take("files", dict, lambda d: all(isinstance(v, str) for v in d.values())),
        metrics=fields.take("metrics", dict),
    )
    if spec.thresholds.human >= spec.thresholds.ai:
        raise ModelInvalid(path, "human must lie below ai", "thresholds")
    if spec.thresholds.sentence_human >= spec.thresholds.sentence_ai:
        raise ModelInvalid(path, "sentence_human must lie below sentence_ai", "thresholds")
    return spec


class _Fields:
    """Fields of a JSON object, taken with their type; what is wrong is named in full."""

    def __init__(self, path: Path, values: Any, prefix: str = "") -> None:
        if not isinstance(values, dict):
            raise ModelInvalid(path, f"expected an object, not {values!r}", prefix.rstrip("."))
        self._path, self._prefix = path, prefix
        self._values = cast("dict[str, Any]", values)

    def take(self, name: str, kind: type, valid: Callable[[Any], bool] = lambda _: True) -> Any:
        field = self._prefix + name
        if name not in self._values:
            raise ModelInvalid(self._path, "is missing", field)
        value = self._values[name]
        if kind is float and type(value) is int and abs(value) < 2**53:
            value = float(value)
        finite = not isinstance(value, float) or math.isfinite(value)  # JSON's reader takes NaN
        if type(value) is not kind or not finite or not valid(value):
            raise ModelInvalid(
                self._path, f"is {value!r}, which is no usable {kind.__name__}", field
            )
        return value

    def table(self, name: str) -> _Fields:
        return _Fields(self._path, self.take(name, dict), f"{self._prefix}{name}.")


def _band(fields: _Fields) -> Band:
    return Band(
        fields.take("words", int, lambda n: n > 0), _scale(fields), fields.take("bias", float)
    )


def _scale(fields: _Fields) -> float:
    # One that isn't positive would turn verdicts around.
    scale: float = fields.take("scale", float, lambda s: s > 0)
    return scale
