"""The released model scores one article alike, whichever format it comes in."""

from __future__ import annotations

from pathlib import Path

import pytest

from byline import Detector
from byline_cli.readers.files import read_file

pytestmark = pytest.mark.golden
DOCUMENTS = Path(__file__).parents[1] / "fixtures" / "documents"


def test_log_odds_agree_within_a_twentieth(released_repository: Path) -> None:
    detector = Detector.load(released_repository)
    expected = detector.score(read_file(DOCUMENTS / "source.md")).log_odds
    assert expected is not None
    paths = sorted(DOCUMENTS.glob("*/article.*"))
    assert len(paths) >= 12
    for path in paths:
        found = detector.score(read_file(path)).log_odds
        assert found == pytest.approx(expected, abs=0.05), path
