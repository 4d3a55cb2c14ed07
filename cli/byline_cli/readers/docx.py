"""Word documents to blocks.

The parts are read here and not by mammoth or python-docx: mammoth takes ten times as long, a third
of the time that scoring takes, and python-docx leaves out tracked insertions and content controls.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from byline import InputError
from byline_cli.blocks import QUOTE_INDENT, Block, Kind
from byline_cli.readers.archive import Archive
from byline_cli.readers.encodings import decode
from byline_cli.readers.html import html_blocks
from byline_cli.readers.styles import kind_of_style

_WHAT = "a Word document"
# The namespaces of ECMA-376, and those of its strict form.
_WORD = re.compile(
    r"\{http://(?:schemas\.openxmlformats\.org/wordprocessingml/2006/main"
    r"|purl\.oclc\.org/ooxml/wordprocessingml/main)\}"
)
_CHOICE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Choice"
_SILENT = frozenset(
    "del moveFrom instrText delText delInstrText fldData rPr pPr sectPr tblPr footnoteRef "
    "endnoteRef annotationRef commentReference rt".split()
)
_SIDES = (("left", "start"), ("right", "end"))  # the second names are of the strict form
_PUT = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "‑", "ptab": "\t"}


def docx_blocks(data: bytes, limit: int) -> Iterator[Block]:
    """Read a .docx: its body, with tracked insertions and without deletions.

    Args:
        data: the file.
        limit: the most bytes its parts may have, unpacked.

    Raises:
        InputError: it isn't one, or is damaged, encrypted or made to do harm.
    """
    archive = Archive(data, _WHAT, limit)
    main = next(
        (
            relation.get("Target", "").removeprefix("/")
            for relation in archive.xml("_rels/.rels").iter("{*}Relationship")
            if relation.get("Type", "").endswith("/officeDocument")
        ),
        "word/document.xml",
    )
    folder = main.rpartition("/")[0]
    yield from _Document(archive, main, f"{folder}/" if folder else "").blocks()


class _Document:
    """Walks the body; with stacks of its own, so that no nesting is too deep."""

    def __init__(self, archive: Archive, main: str, folder: str) -> None:
        self._archive, self._folder = archive, folder
        self._relations = f"{folder}_rels/{main.removeprefix(folder)}.rels"
        self._root = archive.xml(main)
        if _name(self._root) != "document":
            raise InputError(f"is not {_WHAT} but another Office file")
        self._kinds, self._lists = _styles(archive, f"{folder}styles.xml")
        self._notes = {
            kind: _notes(archive, f"{folder}{kind}s.xml") for kind in ("footnote", "endnote")
        }

    def blocks(self) -> Iterator[Block]:
        """The blocks in their order; a note behind the paragraph that refers to it."""
        stack = [self._root]
        carried = ""  # the text of a paragraph that goes on in the next
        while stack:
            element = stack.pop()
            name = _name(element)
            if name == "tbl":
                if carried:
                    yield Block("paragraph", carried)
                    carried = ""
                yield Block("table", "\n".join(_rows(element)))
            elif name == "sdt" and _is_contents(element):
                yield from (Block("navigation", text) for text in _paragraphs(element))
            elif name == "p":
                notes: list[str] = []
                boxes: list[Any] = []
                text = carried + _text(element, boxes, self._notes, notes)
                carried = text if _goes_on(element) and not boxes else ""
                if not carried:
                    yield Block(self._kind(element), text)
                yield from (Block("reference", note) for note in notes)
                stack.extend(reversed(boxes))
            elif name == "altChunk":
                yield from self._chunk(_attribute(element, "id"))
            elif name not in _SILENT and element.tag != _CHOICE:
                stack.extend(reversed(element))
        if carried:
            yield Block("paragraph", carried)

    def _chunk(self, id: str) -> Iterator[Block]:
        """A document within, which Word takes in when it next saves: HTML, as converters put it."""
        relations = self._archive.xml(self._relations).iter("{*}Relationship")
        target = next((r.get("Target", "") for r in relations if r.get("Id") == id), "")
        if not target.lower().endswith((".html", ".htm", ".xhtml")):
            raise InputError(f"holds another document ({target or id}); save it anew with Word")
        name = posixpath.normpath(posixpath.join(f"/{self._folder}", target)).removeprefix("/")
        yield from html_blocks(decode(self._archive.read(name), declared_in_html=True))

    def _kind(self, paragraph: Any) -> Kind:
        properties = _child(paragraph, "pPr")
        style, numbered, outline, set_in = "", False, False, False
        for each in () if properties is None else properties:
            name = _name(each)
            if name == "pStyle":
                style = _value(each)
            elif name == "numPr":
                numbered = all(_value(n) != "0" for n in each if _name(n) == "numId")
            elif name == "outlineLvl":
                outline = _value(each) != "9"
            elif name == "ind":
                left, right = (max(_twips(each, side) for side in sides) for sides in _SIDES)
                set_in = min(left, right) > QUOTE_INDENT
        kind = self._kinds.get(style, "paragraph")
        if kind == "paragraph" and outline:
            return "heading"
        if kind == "paragraph" and (numbered or style in self._lists):
            return "list_item"
        return "quote" if kind == "paragraph" and set_in else kind


def _styles(archive: Archive, part: str) -> tuple[dict[str, Kind], frozenset[str]]:
    """Kinds of paragraph styles by their ids, what they inherit included; and those of lists."""
    if part not in archive.names:
        return {}, frozenset()
    names: dict[str, str] = {}
    parents: dict[str, str] = {}
    lists: set[str] = set()
    for style in archive.xml(part):
        id = next((v for k, v in style.attrib.items() if k.endswith("}styleId")), "")
        for each in style:
            name = _name(each)
            if name == "name":
                names[id] = _value(each)
            elif name == "basedOn":
                parents[id] = _value(each)
            elif name == "pPr" and _child(each, "numPr") is not None:
                lists.add(id)
    kinds: dict[str, Kind] = {}
    done: set[str] = set()
    for id in names:
        line: list[str] = []
        ancestor, kind = id, None
        while kind is None and ancestor in names and ancestor not in done:
            done.add(ancestor)  # they could descend from one another
            line.append(ancestor)
            kind = kind_of_style(names[ancestor])
            ancestor = parents.get(ancestor, "")
        kind = kind or kinds.get(ancestor)
        if kind is not None:
            kinds |= dict.fromkeys(line, kind)
    return kinds, frozenset(id for id in lists if kinds.get(id) != "heading")


def _goes_on(paragraph: Any) -> bool:
    """Whether the next paragraph is its rest: it is a drop cap, or its end was deleted."""
    properties = _child(paragraph, "pPr")
    if properties is None:
        return False
    frame, mark = _child(properties, "framePr"), _child(properties, "rPr")
    if frame is not None and _attribute(frame, "dropCap") in ("drop", "margin"):
        return True
    return mark is not None and _child(mark, "del") is not None


def _is_contents(control: Any) -> bool:
    """Whether a content control is a table of contents; those of Google Docs have no styles."""
    for name in ("sdtPr", "docPartObj", "docPartGallery"):
        control = _child(control, name)
        if control is None:
            return False
    return _value(control) == "Table of Contents"


def _notes(archive: Archive, part: str) -> dict[str, str]:
    if part not in archive.names:
        return {}
    notes: dict[str, str] = {}
    for note in archive.xml(part):
        notes[_attribute(note, "id")] = " ".join(_paragraphs(note)).strip()
    return notes


def _rows(table: Any) -> Iterator[str]:
    """A line a row; what a table within a cell holds is part of the row."""
    stack = [table]
    while stack:
        element = stack.pop()
        if _name(element) == "tr":
            yield " ".join(text for text in _paragraphs(element) if text.strip())
        else:
            stack.extend(reversed(element))


def _paragraphs(element: Any) -> Iterator[str]:
    """The texts of the paragraphs in a row or a note, however deep, each once."""
    stack = [element]
    while stack:
        element = stack.pop()
        if _name(element) == "p":
            boxes: list[Any] = []
            yield _text(element, boxes, {}, [])
            stack.extend(reversed(boxes))
        elif _name(element) not in _SILENT and element.tag != _CHOICE:
            stack.extend(reversed(element))


def _text(
    paragraph: Any, boxes: list[Any], known: dict[str, dict[str, str]], notes: list[str]
) -> str:
    """The text of a paragraph; its text boxes and the texts of its notes are added to the lists."""
    pieces: list[str] = []
    stack = [paragraph]
    while stack:
        element = stack.pop()
        name = _name(element)
        if name == "t":
            pieces.append(element.text or "")
        elif name in _PUT:
            pieces.append(_PUT[name])
        elif name in ("footnoteReference", "endnoteReference"):
            # Taken out: many references to a long note would be a long text.
            note = known.get(name.removesuffix("Reference"), {}).pop(_attribute(element, "id"), "")
            if note:
                notes.append(note)
        elif name == "txbxContent":
            boxes.append(element)
        elif name == "r" and _hidden(element):
            continue
        elif name not in _SILENT and element.tag != _CHOICE:
            stack.extend(reversed(element))  # of alternatives, the fallback; all writers give one
    return "".join(pieces)


def _hidden(run: Any) -> bool:
    properties = _child(run, "rPr")
    if properties is None:
        return False
    vanish = _child(properties, "vanish")
    return vanish is not None and _value(vanish) not in ("0", "false", "off")


def _name(element: Any) -> str:
    """An element's name; of other namespaces with the namespace, of entities none."""
    return _WORD.sub("", element.tag, count=1) if isinstance(element.tag, str) else ""


def _child(element: Any, name: str) -> Any:
    return next((child for child in element if _name(child) == name), None)


def _value(element: Any) -> str:
    return _attribute(element, "val")


def _twips(element: Any, name: str) -> int:
    value = _attribute(element, name)
    return int(value[:9]) if value.isdecimal() else 0


def _attribute(element: Any, name: str) -> str:
    return next((v for k, v in element.attrib.items() if k.endswith(f"}}{name}")), "")
