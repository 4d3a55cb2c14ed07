"""OpenDocument texts to blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from byline import InputError
from byline_cli.blocks import QUOTE_INDENT, Block, Kind
from byline_cli.readers.archive import Archive
from byline_cli.readers.styles import kind_of_style

_WHAT = "an OpenDocument text"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_FO = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_SVG = "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}"
_MANIFEST = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}"

_LENGTH = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)(in|cm|mm|pt|pc)")
_TWIPS = {"in": 1440, "cm": 1440 / 2.54, "mm": 1440 / 25.4, "pt": 20, "pc": 240}
_LISTS = tuple(
    f"{_TEXT}{name}"
    for name in (
        "table-of-content", "illustration-index", "table-index", "object-index", "user-index",
        "alphabetical-index",
    )
)  # fmt: skip
_SKIPPED = (f"{_TEXT}tracked-changes", f"{_OFFICE}forms", f"{_TEXT}sequence-decls")
_SILENT = (
    f"{_OFFICE}annotation", f"{_TEXT}ruby-text",
    f"{_SVG}title", f"{_SVG}desc", f"{_DRAW}object",  # what a picture shows, formulas
)  # fmt: skip
_PARAGRAPHS = (f"{_TEXT}p", f"{_TEXT}h")
_BOXES = (f"{_DRAW}text-box", *_PARAGRAPHS)
"""What stands within a paragraph and is none of its text: text boxes, the text of shapes."""


def odt_blocks(data: bytes, limit: int) -> Iterator[Block]:
    """Read an .odt.

    Args:
        data: the file.
        limit: the most bytes its parts may have, unpacked.

    Raises:
        InputError: it isn't one, or is damaged, encrypted or made to do harm.
    """
    archive = Archive(data, _WHAT, limit)
    if "META-INF/manifest.xml" in archive.names:
        manifest = archive.xml("META-INF/manifest.xml")
        if manifest.find(f".//{_MANIFEST}encryption-data") is not None:
            raise InputError("is encrypted; save it without a password")
    content = archive.xml("content.xml")
    body = content.find(f".//{_OFFICE}text")
    if body is None:
        raise InputError(f"is not {_WHAT} but another OpenDocument file")
    named = [archive.xml("styles.xml")] if "styles.xml" in archive.names else []
    yield from _Body(content, named).blocks(body)


class _Body:
    """Walks the body; a stack of its own, so that no nesting is too deep."""

    def __init__(self, content: Any, named: list[Any]) -> None:
        self._parents = {
            style.get(f"{_STYLE}name"): style.get(f"{_STYLE}parent-style-name")
            for part in (*named, content)
            for style in part.iter(f"{_STYLE}style")
        }
        # Of the named ones the indent tells nothing: abstracts are set in, too.
        self._set_in = {
            style.get(f"{_STYLE}name", "")
            for style in content.iter(f"{_STYLE}style")
            if _is_set_in(style.find(f"{_STYLE}paragraph-properties"))
        }

    def blocks(self, body: Any) -> Iterator[Block]:
        """The blocks below an element; notes where they are referred to, as references."""
        stack: list[tuple[Any, Kind]] = [(body, "paragraph")]
        while stack:
            element, kind = stack.pop()
            if element.tag in _SKIPPED or not isinstance(element.tag, str):
                continue
            notes: list[str] = []
            if element.tag == f"{_TABLE}table":
                yield Block("table", "\n".join(_rows(element, notes)))
                yield from (Block("reference", note) for note in notes)
                continue
            if element.tag in _PARAGRAPHS:
                boxes: list[Any] = []
                text = _text(element, boxes, notes)
                if element.tag == f"{_TEXT}h" and kind in ("paragraph", "list_item"):
                    kind = "heading"
                yield Block(self._kind(element, kind), text)
                yield from (Block("reference", note) for note in notes)
                within: Kind = kind if kind in ("navigation", "reference") else "paragraph"
                stack.extend((box, within) for box in reversed(boxes))
                continue
            if element.tag == f"{_TEXT}list-item" and kind == "paragraph":
                kind = "list_item"
            if element.tag in _LISTS:
                kind = "navigation"
            if element.tag == f"{_TEXT}bibliography":
                kind = "reference"
            stack.extend((child, kind) for child in reversed(element))

    def _kind(self, element: Any, kind: Kind) -> Kind:
        if kind in ("navigation", "reference"):
            return kind
        name = element.get(f"{_TEXT}style-name")
        seen: set[str] = set()
        while name and name not in seen:  # styles could be made to descend from one another
            if named := kind_of_style(name.replace("_20_", " ")):
                return named
            seen.add(name)
            name = self._parents.get(name)
        own = element.get(f"{_TEXT}style-name")
        return "quote" if kind == "paragraph" and own in self._set_in else kind


def _is_set_in(properties: Any) -> bool:
    return properties is not None and all(
        _twips(properties.get(f"{_FO}margin-{side}", "")) > QUOTE_INDENT
        for side in ("left", "right")
    )


def _twips(length: str) -> float:
    found = _LENGTH.fullmatch(length)
    return float(found[1]) * _TWIPS[found[2]] if found else 0


def _rows(table: Any, notes: list[str]) -> Iterator[str]:
    """A line a row; what a table within a cell holds is part of the row."""
    stack = [table]
    while stack:
        element = stack.pop()
        if element.tag == f"{_TABLE}table-row":
            yield " ".join(_paragraphs(element, notes))
        elif element.tag not in _SILENT:
            stack.extend(reversed(element))


def _paragraphs(element: Any, notes: list[str]) -> Iterator[str]:
    """The texts of the paragraphs in a row or a note, however deep, each once."""
    stack = [element]
    while stack:
        element = stack.pop()
        if element.tag in _PARAGRAPHS:
            boxes: list[Any] = []
            yield _text(element, boxes, notes)
            stack.extend(reversed(boxes))
        elif element.tag not in _SILENT:
            stack.extend(reversed(element))


def _text(paragraph: Any, boxes: list[Any], notes: list[str]) -> str:
    """The text of a paragraph; its text boxes and the texts of its notes are added to the lists."""
    pieces: list[str] = []
    # Events rather than recursion; what follows an element is its parent's text.
    stack: list[tuple[Any, bool]] = [(paragraph, False)]
    while stack:
        element, done = stack.pop()
        if done:
            pieces.append(element.tail or "")
            continue
        if element is not paragraph:
            stack.append((element, True))
        if element.tag == f"{_TEXT}note":
            body = element.find(f"{_TEXT}note-body")
            if body is not None:
                notes.append(" ".join(_paragraphs(body, [])))
        elif element.tag in _BOXES and element is not paragraph:
            boxes.append(element)
        elif element.tag == f"{_TEXT}s":
            count = element.get(f"{_TEXT}c", "1")
            pieces.append(" " * (min(int(count), 1000) if count.isdecimal() else 1))
        elif element.tag == f"{_TEXT}tab":
            pieces.append("\t")
        elif element.tag == f"{_TEXT}line-break":
            pieces.append("\n")
        elif element.tag not in _SILENT and isinstance(element.tag, str):
            pieces.append(element.text or "")
            stack.extend((child, False) for child in reversed(element))
    return "".join(pieces)
