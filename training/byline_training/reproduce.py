"""Released models measured again, from the model repository and the test split alone."""

from __future__ import annotations

from pathlib import Path

from byline.errors import BylineError, InputError
from byline.repository import ModelRepository
from byline.session import Session
from byline.tokenizer import Tokenizer
from byline_training.calibrate import vocabulary_of
from byline_training.data import load_split
from byline_training.evaluate import summarize
from byline_training.quantize import MODELS
from byline_training.runs import Run
from byline_training.scores import score

TOLERANCE = 0.00005
"""Figures are stated with four digits."""


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
        InputError: there is no model of this preset.
        NotReproduced: a figure differs by more than `TOLERANCE`.
    """
    found = ModelRepository(repository)
    names = [name for name in MODELS if (repository / name).is_dir()]
    if not names:
        raise InputError(f"{repository} has none of {list(MODELS)}: name another with "
                         "--model-repository, or run the export stage")  # fmt: skip
    test = load_split(run.path("prepared"), "test")
    figures: dict[str, dict[str, tuple[float, float]]] = {}
    for name in names:
        model = found.load(name)
        # Anew, not from the run's cache: that may be what the figures were made of.
        scores = score(
            Session(model.graph), vocabulary_of(run, name), test, model.spec.window,
            Tokenizer.load(run.path("prepared", "tokenizer.json")), f"{name} on test",
        )  # fmt: skip
        now = summarize(run.preset, test, scores, model.spec.calibration, model.spec.thresholds)
        figures[name] = {
            figure: (model.spec.metrics[figure], value)
            for figure, value in now.items()
            if figure in model.spec.metrics and value is not None
        }
    if differ := [
        f"{name} {figure} {released:.4f} -> {now:.4f}"
        for name, pairs in figures.items()
        for figure, (released, now) in pairs.items()
        if abs(released - now) > TOLERANCE
    ]:
        raise NotReproduced(
            f"{len(differ)} figures are not those of the release: {'; '.join(differ)}. Two kinds "
            "of CPU round int8 differently; other differences are those of models or data"
        )
    return figures
