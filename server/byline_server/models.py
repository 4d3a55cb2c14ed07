"""The models that are loaded: one session each, shared by all requests."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from byline import Detector, ModelRepository
from byline.config_pbtxt import parse_config
from byline.errors import ModelNotFound
from byline_server.problem import Problem
from byline_server.statistics import Statistics

_log = logging.getLogger(__name__)
_serials = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model ready to run.

    Attributes:
        configuration: its config.pbtxt, parsed.
        serial: another one for each load, so that nothing remembered outlives it.
    """

    detector: Detector
    configuration: Any
    statistics: Statistics
    text_statistics: Statistics
    serial: int = field(default_factory=lambda: next(_serials))


class Models:
    """What is loaded, by name. Requests that run keep their model if it is unloaded meanwhile."""

    def __init__(self, repository: Path | None, names: Sequence[str]) -> None:
        """Load the models named, the first of which is the default.

        Raises:
            ModelNotFound: there is no such repository or model.
            ModelInvalid: a file of one is missing, changed or not understood.
        """
        self.repository = ModelRepository.find(repository)
        self.default = names[0]
        self._loaded: dict[str, Loaded] = {}
        self._loading = threading.Lock()
        for name in names:
            self.load(name)

    def load(self, name: str) -> None:
        """Load a model, or load it anew; what was loaded before serves until then.

        Raises:
            ModelNotFound, ModelInvalid: as above; what was loaded before stays.
        """
        with self._loading:
            detector = Detector(self.repository.load(name))
            configuration = parse_config(detector.model.path.parent / "config.pbtxt")
            loaded = Loaded(detector, configuration, Statistics(), Statistics())
            self._loaded = {**self._loaded, name: loaded}
        _log.info("loaded %s, version %d", name, detector.model.version)

    def unload(self, name: str) -> None:
        """Drop a model.

        Raises:
            ModelNotFound: there is no such model in the repository.
        """
        with self._loading:
            if name not in self._loaded and name not in self.repository.names():
                raise ModelNotFound(f"no model {name!r} in the repository")
            self._loaded = {key: kept for key, kept in self._loaded.items() if key != name}
        _log.info("unloaded %s", name)

    def all(self) -> dict[str, Loaded]:
        """All that are loaded, by name."""
        return self._loaded

    def get(self, name: str | None) -> Loaded:
        """A model that is loaded.

        Args:
            name: None for the default.

        Raises:
            Problem: it isn't.
        """
        loaded = self._loaded.get(self.default if name is None else name)
        if loaded is None:
            known = ", ".join(self._loaded) or "none"
            asked = "the default model" if name is None else "this model"
            raise Problem(
                404, "model_not_found", f"{asked} is not loaded; GET /v1/models lists those that "
                f"are ({known})"
            )  # fmt: skip
        return loaded
