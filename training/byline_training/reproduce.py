"""Released models measured again, from the model repository and the test split alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from byline.errors import BylineError, InputError
from byline.repository import ModelRepository
from byline.session import Session
from byline_training.data import load_split, load_tokenizer
from byline_training.figures import summarize
from byline_training.provenance import MODELS
from byline_training.runs import Run
from byline_training.scores import score
from byline_training.vocabulary import vocabulary_of

TOLERANCE = 0.00005
"""Figures are stated with four digits."""
_NOT_MEASURED = {
    "parameters", "size_mb", "milliseconds_128_tokens", "threshold_ai", "threshold_human",
}  # fmt: skip


class NotReproduced(BylineError):
    """A released model doesn't give the figures it was released with."""


def reproduce(run: Run, repository: Path) -> dict[str, dict[str, tuple[float, float]]]:
    """Score the test split with every model that is there, and compare with its `scoring.json`.

    Args:
        run: of the released preset, after `prepare`.
        repository: where the models are; those that aren't (the fp32 forms in a clone) are passed
            over.

    Returns:
        By model and figure: as released, and as measured now.

    Raises:
        InputError: there is no model of this preset with figures, or nothing is prepared.
        ModelInvalid: a model is damaged.
        NotReproduced: a figure differs by more than `TOLERANCE`, or can't be measured.
    """
    found = ModelRepository(repository)
    models = [found.load(name) for name in MODELS if (repository / name).is_dir()]
    models = [m for m in models if m.spec.training_run.rpartition("-")[0] == run.preset.name]
    if not any(model.spec.metrics for model in models):
        raise InputError(
            f"{repository} has no model of preset {run.preset.name} with figures: name another "
            "with --model-repository, or run the export stage"
        )
    test = load_split(run, "test")
    tokenizer = load_tokenizer(run)
    figures: dict[str, dict[str, tuple[float, float]]] = {}
    for model in models:
        # Anew, not from the run's cache: that may be what the figures were made of.
        scores = score(
            Session(model.graph), vocabulary_of(run, model.name), test, model.spec.window,
            tokenizer, f"{model.name} on test",
        )  # fmt: skip
        now = summarize(run.preset, test, scores, model.spec.calibration, model.spec.thresholds)
        figures[model.name] = {
            figure: (_number(released), _number(now.get(figure)))
            for figure, released in model.spec.metrics.items()
            if figure not in _NOT_MEASURED
        }
    if differ := [
        f"{name} {figure} {released:.4f} -> {now:.4f}"
        for name, pairs in figures.items()
        for figure, (released, now) in pairs.items()
        if not np.isclose(released, now, rtol=0, atol=TOLERANCE, equal_nan=True)
    ]:
        raise NotReproduced(
            f"{len(differ)} figures are not those of the release: {'; '.join(differ)}. Two kinds "
            "of CPU round int8 differently; other differences are those of models or data"
        )
    return figures


def _number(value: float | None) -> float:
    """The same; NaN for a figure that there are no texts for."""
    return float("nan") if value is None else value
