"""The reader of HTML files and the extension take the same for notes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from byline_cli.readers import html

pytestmark = pytest.mark.contract

EXTRACT = Path(__file__).parents[2] / "extension" / "src" / "content" / "extract.ts"


def found(pattern: str) -> str:
    match = re.search(pattern, EXTRACT.read_text(encoding="utf-8"))
    assert match is not None
    return match[1]


def test_notes_are_of_the_same_names() -> None:
    assert found(r"(?m)^const NOTES =\s+/(.+)/;$") == html._NOTES.pattern


def test_notes_are_the_same_elements() -> None:
    tags = found(r'(?m)^const MAY_BE_NOTES = new Set\("([a-z ]+)"')
    assert set(tags.split()) == html._MAY_BE_NOTES
