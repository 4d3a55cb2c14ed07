"""What the name of a paragraph's style says, as Word, LibreOffice, pandoc and others give it."""

from __future__ import annotations

import functools
import re

from byline_cli.blocks import Kind

_NAMED: tuple[tuple[str, Kind], ...] = (
    (r"preformatted|source ?code|plain code|\bmacro\b", "code"),
    (r"quot|block ?text", "quote"),
    (r"^(?:toc|index) (?:\d|heading)|^table of |^contents|contents \d", "navigation"),
    (r"^heading|^title$|^subtitle$", "heading"),
    (r"bibliography|(?:foot|end)note text|^footnote$", "reference"),
)


@functools.lru_cache(1000)
def kind_of_style(name: str) -> Kind | None:
    """The kind of the paragraphs in a style; None if its name tells nothing."""
    found = (kind for pattern, kind in _NAMED if re.search(pattern, name, re.IGNORECASE))
    return next(found, None)
