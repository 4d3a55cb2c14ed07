"""HTML pages to the prose in them."""

from __future__ import annotations

import logging
import re
from html.parser import HTMLParser

import trafilatura

from byline.detector import MAX_CHARACTERS

# It would print to standard error what it thinks of a page.
logging.getLogger("trafilatura").addHandler(logging.NullHandler())

_MAX_EXTRACTED = 5 * MAX_CHARACTERS
"""Of larger pages all visible text is taken: to weigh their parts takes minutes."""

_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset "
    "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html legend li main ol p section "
    "summary title ul".split()
)
_NEVER = frozenset(
    "script style noscript template title nav svg math iframe object canvas audio video select "
    "textarea button footer aside table pre".split()
)
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SPACE = re.compile(r"\s+")


def html_text(source: str) -> str:
    """Keep the main text of a page: paragraphs, headings and list items.

    Args:
        source: a page or a part of one, however broken.

    Returns:
        The blocks in their order, each on one line, a blank line between them; of a page without
        a recognizable main part, all visible ones.
    """
    # lxml takes no lone surrogates and no control characters.
    source = _UNFIT.sub("\ufffd", source)
    main = None
    if len(source) <= _MAX_EXTRACTED:
        main = trafilatura.extract(
            source,
            output_format="html",
            include_comments=False,
            include_tables=False,
            prune_xpath="//pre",  # it would come back as a quotation
        )
    return (main and visible_text(main)) or visible_text(source)


def visible_text(source: str) -> str:
    """The visible blocks of a page; scripts, navigation, tables and code left out."""
    parser = _Visible()
    parser.feed(source)
    parser.close()
    return "\n\n".join(parser.blocks())


class _Visible(HTMLParser):
    """Collects text; an event at a time, so that no nesting is too deep."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._blocks: list[str] = []
        self._pieces: list[str] = []
        self._left_out: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._left_out:
            if tag == self._left_out[-1]:
                self._left_out.append(tag)
        elif tag in _NEVER:
            self._end_block()
            self._left_out.append(tag)
        elif tag in _BLOCKS:
            self._end_block()
        elif tag == "br":
            self._pieces.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if self._left_out:
            if tag == self._left_out[-1]:
                self._left_out.pop()
        elif tag in _BLOCKS:
            self._end_block()

    def handle_data(self, data: str) -> None:
        if not self._left_out:
            self._pieces.append(data)

    def blocks(self) -> list[str]:
        """All blocks so far that hold text."""
        self._end_block()
        return self._blocks

    def _end_block(self) -> None:
        text = _SPACE.sub(" ", "".join(self._pieces)).strip()
        self._pieces.clear()
        if text:
            self._blocks.append(text)
