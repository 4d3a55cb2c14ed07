"""Puts the default model and the presets into the wheel, and only there.

A static `force-include` would also copy it into every editable install: a second, ageing copy
beside the checkout's own, and no editable install at all before a model has been trained.
"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CARRIED = {
    "model_repository/student_int8": "byline/model_repository/student_int8",
    "model_repository/SHA256SUMS": "byline/model_repository/SHA256SUMS",
    "training/configs": "byline_training/configs",
}


class DataFiles(BuildHookInterface[Any]):
    """Adds data to a standard wheel, so that `pip install` is all that scoring needs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Map each path to its place in the package; hatchling fails if one is missing."""
        if version == "standard":
            build_data["force_include"].update(CARRIED)
