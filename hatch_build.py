"""Puts the default model into the wheel, and only there.

A static `force-include` would also copy it into every editable install: a second, ageing copy
beside the checkout's own, and no editable install at all before a model has been trained.
"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CARRIED = ("model_repository/student_int8", "model_repository/SHA256SUMS")


class DefaultModel(BuildHookInterface[Any]):
    """Adds the model to a standard wheel, so that `pip install` is all that scoring needs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Map each path to its place in the package; hatchling fails if one is missing."""
        if version == "standard":
            build_data["force_include"].update({path: f"byline/{path}" for path in CARRIED})
