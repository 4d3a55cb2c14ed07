"""Markdown to blocks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from byline.detector import MAX_CHARACTERS
from byline_cli.blocks import SET_APART, Block, Kind
from byline_cli.readers.html import html_blocks

# A break between sections looks like it, but for the key that comes next.
_KEY = r"(?:[ \t]*#[^\n]*\n)*[\"']?[\w.-]+[\"']?[ \t]*"
_FRONT_MATTER = re.compile(
    rf"\A(?:---[ \t]*\n(?={_KEY}:\s).*?\n(?:---|\.\.\.)"
    rf"|\+\+\+[ \t]*\n(?={_KEY}=).*?\n\+\+\+)[ \t]*(?:\n|\Z)",
    re.DOTALL,
)
_NOTE = re.compile(r"\[\^[^\]\s]{1,40}\]:\s*")
_NOTE_MARK = re.compile(r"\[\^[^\]\s]{1,40}\]")
_TASK = re.compile(r"\A\[[ xX]\]\s+")
_BREAK = re.compile(r"<br\b", re.IGNORECASE)
_ALERT = re.compile(r"\[![\w-]{1,20}\][+-]?")
# What goes to the program that makes a page of it: shortcodes and variables of Hugo, Jekyll and
# their like, fences of admonitions, attributes behind a heading or paragraph.
_FOR_PROGRAMS = re.compile(
    r"`?(?:\{\{[^{}]{1,500}\}\}|\{%[^{}]{1,500}%\})`?|^:{3,}[^\n]*$|\{[#.:][^{}]{1,200}\}\Z",
    re.MULTILINE,
)
_MAX_PARSED = 2 * MAX_CHARACTERS
_MAX_INLINE = 10_000
"""Larger blocks are taken as they are: parsing takes time that grows with the square, and no
paragraph of prose is as long. Emphasis marks are dropped by the library, too."""

_BLOCKS = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table").disable("inline")
_INLINE = MarkdownIt("commonmark", {"maxNesting": 8})
_APART: dict[str, Kind] = {"blockquote": "quote", "table": "table"}


def markdown_blocks(source: str) -> Iterator[Block]:
    """Parse Markdown; front matter is dropped, HTML read as on a page.

    Args:
        source: CommonMark, with the tables and footnotes of GitHub's dialect.

    Yields:
        The blocks in their order, without inline markup.
    """
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    source = _FRONT_MATTER.sub("", source, count=1)
    # What lies beyond is too far down to be scored; unparsed it costs nothing and still counts.
    beyond = source[_MAX_PARSED:]
    references: dict[str, object] = {}
    tokens = _BLOCKS.parse(source[:_MAX_PARSED], references)
    yield from _blocks(tokens, references)
    if beyond:
        yield Block("paragraph", beyond)


def _blocks(tokens: Iterable[Token], references: dict[str, object]) -> Iterator[Block]:
    apart: list[Kind] = []
    row: list[str] = []
    rows: list[str] = []
    kind: Kind = "paragraph"
    items = 0
    for token in tokens:
        name, _, end = token.type.rpartition("_")
        if name in _APART:
            if end == "open":
                apart.append(_APART[name])
            elif apart.pop() == "table":
                yield Block("table", "\n".join(rows))
                rows.clear()
        elif name == "tr" and end == "close":
            rows.append(" ".join(row))
            row.clear()
        elif name == "list_item":
            items += 1 if end == "open" else -1
        elif token.type in ("fence", "code_block"):
            yield Block("code", token.content.rstrip("\n"))
        elif token.type == "html_block":
            for block in html_blocks(token.content):
                within = apart and block.kind not in SET_APART
                yield Block(apart[-1], block.text) if within else block
        elif token.type == "heading_open":
            kind = "heading"
        elif token.type == "inline":
            content = token.content
            if apart and apart[-1] == "quote" and (alert := _ALERT.match(content)):
                apart[-1] = "paragraph"  # a note of the author's own
                content = content[alert.end() :]
            text = _text(content, references)
            if apart and apart[-1] == "table":
                row.append(text)
                continue
            if items:
                text = _TASK.sub("", text, count=1)
            if not apart and _NOTE.match(token.content):
                kind, text = "reference", _NOTE.sub("", text, count=1)
            if text:
                yield Block(apart[-1] if apart else _prose(kind, items), text)
            kind = "paragraph"


def _prose(kind: Kind, items: int) -> Kind:
    return "list_item" if kind == "paragraph" and items else kind


def _text(content: str, references: dict[str, object]) -> str:
    content = _FOR_PROGRAMS.sub("", content)
    if len(content) > _MAX_INLINE or _dense(content):
        return content.replace("\n", " ").strip()
    if not _NOTE.match(content):
        content = _NOTE_MARK.sub("", content)
    inlines = _INLINE.parseInline(content, references)
    return "".join(text for i in inlines for text in _inline(i.children or ())).strip()


def _dense(content: str) -> bool:
    """Whether there are more brackets or marks than prose has; each is matched with all others."""
    marks = sum(map(content.count, "*_`<"))
    return content.count("[") > 10 + len(content) // 40 or marks > 40 + len(content) // 40


def _inline(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("text", "code_inline", "text_special"):
            yield token.content
        elif token.type in ("softbreak", "hardbreak") or (
            token.type == "html_inline" and _BREAK.match(token.content)
        ):
            yield " "  # a wrapped line that begins with `1986.` must not become a list item
