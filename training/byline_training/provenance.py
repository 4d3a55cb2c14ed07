"""What a run's files were made of, so that none of other settings or data passes for the preset's.

A record says what each was made with. What it doesn't say (an older one knows less) isn't compared.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from byline.errors import InputError
from byline_training.runs import Run, made_by, sha256

MODELS = ("teacher", "teacher_int8", "student", "student_int8")
"""The four forms."""


def data_settings(run: Run) -> dict[str, Any]:
    """What the preset would prepare data with.

    Where the sources lie is no setting; nor is the seed, for many may train on the same data.
    """
    values = dataclasses.asdict(run.preset.data)
    del values["window"], values["leave_out"]
    for source in values["sources"]:
        del source["path"]
    return _as_recorded(values)


def training_settings(run: Run, name: str) -> dict[str, Any]:
    """What the preset would train `teacher` or `student` with, and on which data and teacher."""
    values = dataclasses.asdict(run.preset.stage(name))
    del values["checkpoint_seconds"]
    values["base"]["folder"] = Path(values["base"]["folder"]).name
    values |= {
        "seed": run.preset.seed,
        "window": run.preset.data.window,
        "train_split": prepared_sha256(run, "train"),
    }
    if name.startswith("student"):
        values["teacher_weights"] = run.recorded().get("teacher", {}).get("weights_sha256")
    return _as_recorded(values)


def prepared_sha256(run: Run, split: str) -> str | None:
    """The hash that `prepare` recorded of a split."""
    found: str | None = run.recorded().get("data", {}).get("sha256", {}).get(split)
    return found


def check_prepared(run: Run, split: str) -> None:
    """Refuse a split that isn't what was recorded, or was prepared with other settings.

    Raises:
        InputError: it is.
    """
    path = run.path("prepared", f"{split}.parquet")
    record = run.recorded()
    if "data" not in record:
        return
    if prepared_sha256(run, split) != sha256(path):
        raise InputError(
            f"{path} is not what the last prepare stage that came to its end wrote: run the "
            "prepare stage again"
        )
    if differ := _differing(record["data"].get("settings", {}), data_settings(run)):
        raise InputError(f"{path} was prepared with other settings ({differ}): {_again('prepare')}")


def weights_of(run: Run, name: str) -> Path:
    """Where the weights of `teacher` or `student` are.

    Raises:
        InputError: there are none, or they were trained with other settings or data.
    """
    path = made_by(name, run.path(name, "weights.pt"))
    recorded = run.recorded().get(name, {}).get("weights_sha256")
    if recorded not in (None, sha256(path)):
        raise InputError(f"{path} is not the one that run.json records: run the {name} stage again")
    _check_trained(run, name)
    return path


def graph_of(run: Run, name: str) -> Path:
    """Where a form of a model is.

    Raises:
        InputError: it hasn't been made, or of other weights, or of weights of other settings.
    """
    path = made_by("quantize", run.path("onnx", f"{name}.onnx"))
    model, record = name.removesuffix("_int8"), run.recorded()
    _check_trained(run, model)
    if "onnx" in record:
        made_of = record["onnx"].get(model, {}).get("weights")
        if made_of is None or made_of != record.get(model, {}).get("weights_sha256", made_of):
            raise InputError(
                f"{path} is of other weights, or failed the gate: run the quantize stage again"
            )
    return path


def calibration_of(run: Run, name: str) -> Path:
    """Where the calibration of a form is."""
    return run.path("calibration", f"{name}.json")


def _check_trained(run: Run, name: str) -> None:
    made = run.recorded().get(name, {}).get("settings", {})
    if differ := _differing(made, training_settings(run, name)):
        raise InputError(
            f"{run.path(name, 'weights.pt')} was trained with other settings or data ({differ}): "
            f"{_again(name)}"
        )


def _again(stage: str) -> str:
    return f"put those back, or run the {stage} stage again"


def _differing(made: dict[str, Any], now: dict[str, Any]) -> str:
    """What was made with other values than there are now, in words; empty if nothing was."""
    return ", ".join(
        f"{key} was {value}, is {now[key]}" if isinstance(value, int | float) else key
        for key, value in made.items()
        if value is not None and now.get(key) not in (None, value)
    )


def _as_recorded(values: dict[str, Any]) -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads(json.dumps(values))
    return recorded
