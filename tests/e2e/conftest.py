"""What the tests of whole programs share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def environment(tiny_repository: Path) -> dict[str, str]:
    """Variables for a process that scores with the tiny models."""
    return {**os.environ, "BYLINE_MODEL_REPOSITORY": str(tiny_repository)}
