"""Markdown to the prose in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from byline.detector import MAX_CHARACTERS

_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\n.*?\n(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_MAX_PARSED = 2 * MAX_CHARACTERS
_MAX_INLINE = 10_000
"""Larger blocks are taken as they are: parsing takes time that grows with the square, and no
paragraph of prose is as long. Emphasis marks are dropped by the library, too."""

_BLOCKS = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table").disable("inline")
_INLINE = MarkdownIt("commonmark", {"maxNesting": 8})


def markdown_text(source: str) -> str:
    """Keep paragraphs, headings and list items; drop front matter, code, tables and HTML.

    Args:
        source: CommonMark, with the tables of GitHub's dialect.

    Returns:
        The blocks in their order, each on one line (but for hard breaks), without inline markup,
        a blank line between them.
    """
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    source = _FRONT_MATTER.sub("", source, count=1)
    # What lies beyond is too far down to be scored; unparsed it costs nothing and still counts.
    beyond = source[_MAX_PARSED:]
    references: dict[str, object] = {}
    tokens = _BLOCKS.parse(source[:_MAX_PARSED], references)
    blocks = [block for block in _blocks(tokens, references) if block]
    return "\n\n".join([*blocks, beyond] if beyond else blocks)


def _blocks(tokens: Iterable[Token], references: dict[str, object]) -> Iterator[str]:
    tables = 0
    for token in tokens:
        if token.type == "table_open":
            tables += 1
        elif token.type == "table_close":
            tables -= 1
        elif token.type == "inline" and not tables:
            if len(token.content) > _MAX_INLINE or _dense(token.content):
                yield token.content.replace("\n", " ").strip()
                continue
            for inline in _INLINE.parseInline(token.content, references):
                yield "".join(_inline(inline.children or ())).strip()


def _dense(content: str) -> bool:
    """Whether there are more brackets or marks than prose has; each is matched with all others."""
    marks = sum(map(content.count, "*_`<"))
    return content.count("[") > 10 + len(content) // 40 or marks > 40 + len(content) // 40


def _inline(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("text", "code_inline", "text_special"):
            yield token.content
        elif token.type == "softbreak":
            yield " "  # a wrapped line that begins with `1986.` must not become a list item
        elif token.type == "hardbreak":
            yield "\n"
