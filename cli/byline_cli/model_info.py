"""What the output says of the model, wherever it ran."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from byline import Model
    from byline.spec import Thresholds


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model, without its files.

    Attributes:
        metrics: figures it was released with.
        training_run: empty where a server ran it, which doesn't tell.
        size_bytes: likewise; None where it isn't known.
    """

    name: str
    version: int
    sha256: str
    thresholds: Thresholds
    metrics: dict[str, float]
    training_run: str = ""
    size_bytes: int | None = None


def info_of(model: Model) -> ModelInfo:
    """Of a model of the repository."""
    return ModelInfo(
        model.name, model.version, model.sha256, model.spec.thresholds, model.spec.metrics,
        model.spec.training_run, model.size_bytes,
    )  # fmt: skip
