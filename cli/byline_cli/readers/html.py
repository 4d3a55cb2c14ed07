"""HTML to blocks: of a page its main part, of a chapter or a converted document all of it."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable
from html.parser import HTMLParser
from typing import NamedTuple

from byline.detector import MAX_CHARACTERS
from byline_cli.blocks import SET_APART, Block, Kind

# It would print to standard error what it thinks of a page.
logging.getLogger("trafilatura").addHandler(logging.NullHandler())

_MAX_EXTRACTED = 5 * MAX_CHARACTERS
"""Of larger pages all visible text is taken: to weigh their parts takes minutes."""
_NEAR = 50_000
"""How far ahead a block is looked for in the main part, in characters."""
_ENOUGH = 60
"""Characters that tell a block from others."""

_BLOCKS = frozenset(
    "address article body caption center dd details dialog div dl dt fieldset figcaption figure "
    "form header hgroup hr html legend main ol p search section summary tr ul".split()
)
_HEADINGS = frozenset("h1 h2 h3 h4 h5 h6".split())
_NEVER = frozenset(
    "script style noscript template title svg math iframe object canvas audio video select "
    "textarea button datalist".split()
)
_IN_LINE = {"math": " ", "svg": " ", "script": "", "style": "", "noscript": "", "template": ""}
"""Those among them around which a paragraph goes on, and what parts the words there."""
_TOOLS = "mw-editsection"
"""Class of what Wikipedia and its like put behind each heading: `[edit]`."""
_APART: dict[str, Kind] = {
    "nav": "navigation", "footer": "navigation", "aside": "navigation", "menu": "navigation",
    "blockquote": "quote", "pre": "code", "table": "table",
}  # fmt: skip
_BETWEEN: tuple[Kind, ...] = ("heading", "code", "table", "quote")
"""What may stand between paragraphs of the main part; a menu or another paragraph is its end."""
_CELLS = frozenset(("td", "th"))
_LISTS = frozenset(("ol", "ul", "menu"))
# HTML lets end tags of paragraphs and items be left out: at these, a paragraph has ended.
_NO_PARAGRAPH = _BLOCKS | _HEADINGS | _CELLS | _APART.keys() | {"li"}
# How pages, EPUBs and converters mark notes and lists of references.
_NOTES = re.compile(
    r"(?:^|[\s_-])(?:sd)?(?:foot|end|rear)notes?(?:[\s_-]?\w{0,40}\d)?(?:$|\s)"
    r"|(?:^|\s)(?:doc-)?(?:foot|end|rear)notes?(?:$|\s)"
    r"|(?:^|[\s_-])(?:bibliography|references|reflist)(?:$|\s)"
)
_MAY_BE_NOTES = frozenset("div section aside ol ul li p dl".split())
_FRONT_MATTER = frozenset(("toc", "landmarks", "titlepage", "cover", "copyright-page", "index"))
_NOTE_MARK = re.compile(r"[\s\[\](){}.,*†‡§¶↑↩^\ufe0e\d]{1,8}|[\[(]?[a-z]{1,2}[\])]?")
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SPACE = re.compile(r"\s+")
# After the HTML standard's tokenizer: a comment without an end runs to that of the page.
_COMMENT = re.compile(r"<!--(?:-?>|.*?(?:--!?>|\Z))", re.DOTALL)
_TAG = re.compile(r"<[a-zA-Z/!?]")
_MOSTLY = 0.8
"""Share of linked text from which on a block leads elsewhere and says nothing."""


def page_blocks(source: str) -> list[Block]:
    """The main part of a web page.

    trafilatura finds where it is, but loses headings, lists and what is set apart on many pages:
    the blocks themselves are those of `html_blocks`, as in every other format. It also loses boxes
    (`sidebar`, `note`) and paragraphs between others: those of a class with some that it keeps are
    kept, too.

    Args:
        source: a page or a part of one, however broken.

    Returns:
        The blocks in their order; of a page without a recognizable main part, all visible ones.
        What lies outside of the main part is `navigation`.
    """
    page = _parsed(source)
    blocks = page.blocks()
    if len(source) > _MAX_EXTRACTED or not blocks:
        return blocks
    import trafilatura

    # lxml takes no lone surrogates and no control characters.
    main = trafilatura.extract(
        _UNFIT.sub("\ufffd", source), output_format="html", include_comments=False
    )
    kept = _kept(blocks, html_blocks(main)) if main else []
    if not any(kept):
        return blocks
    first = kept.index(True)
    last = len(kept) - 1 - kept[::-1].index(True)
    prose = [
        # Short ones are names, captions and titles: running prose is longer.
        role if role.name and block.kind == "paragraph" and len(block.text) > _ENOUGH else None
        for role, block in zip(page.roles, blocks, strict=True)
    ]
    ours = {role for role, keep in zip(prose, kept, strict=True) if keep and role}
    for i in range(first - 1, -1, -1):
        if prose[i] in ours or blocks[i].kind == "heading":
            first = i
        elif blocks[i].kind not in _BETWEEN:
            break
    for i in range(last + 1, len(blocks)):
        if prose[i] in ours:
            last = i
        elif blocks[i].kind not in _BETWEEN:
            break
    return [
        block
        if kept[i]
        or (first <= i <= last and (block.kind != "paragraph" or prose[i] in ours))
        or block.kind in SET_APART
        else Block("navigation", block.text)
        for i, block in enumerate(blocks)
    ]


def html_blocks(source: str) -> list[Block]:
    """The visible blocks of HTML; an event at a time, so that no nesting is too deep."""
    return _parsed(source).blocks()


def _parsed(source: str) -> _Visible:
    # A tag without an end is none; looked for at each of many, the end would take quadratic time.
    unclosed = _TAG.search(source, source.rfind(">") + 1)
    parser = _Visible()
    parser.feed(_UNFIT.sub("\ufffd", source[: unclosed.start()] if unclosed else source))
    parser.close()
    return parser


def _kept(blocks: Iterable[Block], main: Iterable[Block]) -> list[bool]:
    """Which of the blocks stand in the main part, which may divide the text in other ways."""
    whole = "".join(_dense(block.text) for block in main)
    place = 0
    found: list[bool] = []
    for block in blocks:
        at = -1
        text = "" if block.kind in SET_APART else _dense(block.text)
        # Its beginning or its end: in between there may be the mark of a note.
        for piece in (text[:_ENOUGH], text[-_ENOUGH:]) if text else ():
            telling = len(piece) > _ENOUGH // 2  # a word of the menu may stand anywhere
            at = whole.find(piece, place, place + len(text) + _NEAR)
            if at < 0 and telling:
                # The last one may have been found at its second mention, as a line of the
                # contents is at its chapter.
                at = whole.find(piece, max(0, place - _NEAR), place + len(piece))
            if at >= 0:
                place = at if telling else place
                break
        found.append(at >= 0)
    return found


def _dense(text: str) -> str:
    return _SPACE.sub("", text)


class _Role(NamedTuple):
    """What a block is on its page: its element, and the innermost class that is given around it."""

    tag: str = ""
    name: str = ""


class _Visible(HTMLParser):
    """Collects blocks, and the role of each."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._blocks: list[Block] = []
        self.roles: list[_Role] = []
        self._open_roles = [_Role()]  # of the elements that are open, from the page's own
        self._open_tags: Counter[str] = Counter()
        self._pieces: list[str] = []
        self._linked = 0  # characters of the pieces that are links
        self._link: int | None = None  # the piece with which the open link begins
        self._inside = False  # whether that link leads to a place on the page
        self._never: list[str] = []
        self._apart: list[tuple[str, Kind]] = []  # open tags, and what their contents are
        self._heading = self._item = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._end_unclosed(tag, tag == "li")
        name = dict(attrs).get("class") or ""
        if self._never:
            if tag == self._never[-1]:
                self._never.append(tag)
        elif tag in _NEVER or (tag == "span" and _TOOLS in name):
            if tag in _IN_LINE:
                self._pieces.append(_IN_LINE[tag])
            else:
                self._end_block()
            self._never.append(tag)
        elif tag == "a":
            self._end_link()  # they don't nest
            for key, value in attrs:
                if key == "href":  # without one it is a bookmark
                    self._link = len(self._pieces)
                    self._inside = "#" in (value or "")
        elif tag == "br":
            self._pieces.append("\n")
        elif tag in _CELLS:
            self._pieces.append(" ")
        elif kind := self._set_apart(tag, attrs):
            self._end_block()
            # Within navigation and notes nothing is prose; else the innermost counts.
            outer = self._apart[-1][1] if self._apart else None
            self._apart.append((tag, outer if outer in ("navigation", "reference") else kind))
        else:
            self._open(tag)
        if tag in _NO_PARAGRAPH and tag != "hr":
            if self._open_roles[-1].tag == "p":
                self._close_role("p")
            self._open_roles.append(_Role(tag, name or self._open_roles[-1].name))
            self._open_tags[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        self._end_unclosed(tag, tag in _LISTS)
        if self._never:
            if tag == self._never[-1]:
                self._never.pop()
        elif tag == "a":
            self._end_link()
        elif self._apart and tag == self._apart[-1][0]:
            self._end_block()
            self._apart.pop()
        elif tag != "tr" and self._kind() == "table":
            self._pieces.append(" ")
        elif tag in _HEADINGS or tag == "li" or tag in _BLOCKS:
            self._end_block()
            self._heading = self._heading and tag not in _HEADINGS
            self._item = self._item and tag != "li" and tag not in _LISTS
        self._close_role(tag)

    def parse_comment(self, i: int, report: bool = True) -> int:
        """Where a comment ends; the parser's own looks for an end that there may not be."""
        found = _COMMENT.match(self.rawdata, i)
        return found.end() if found else i + 1

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Where a section such as `<![if x]>` ends: it is a comment, whatever its name."""
        return self.parse_bogus_comment(i)

    def handle_data(self, data: str) -> None:
        if not self._never:
            self._pieces.append(data)

    def blocks(self) -> list[Block]:
        """All blocks so far that hold text; the rows of a table and the lines of code together."""
        self._end_block()
        return self._blocks

    def _close_role(self, tag: str) -> None:
        """Close an element, with those within whose end tags are left out, if it is open."""
        closed = ""
        while self._open_tags[tag] and closed != tag:
            closed = self._open_roles.pop().tag
            self._open_tags[closed] -= 1

    def _end_unclosed(self, tag: str, ends_item: bool) -> None:
        """End notes whose own end tags are left out."""
        while self._apart and not self._never:
            opened = self._apart[-1][0]
            if not (opened == "p" and tag in _NO_PARAGRAPH) and not (opened == "li" and ends_item):
                return
            self._end_block()
            self._apart.pop()

    def _open(self, tag: str) -> None:
        # Within what is set apart, equal tags are counted so that its end is known; and the lists
        # within an item, whose items don't end it.
        if self._apart:
            opened, kind = self._apart[-1]
            if tag == opened or (opened == "li" and tag in _LISTS):
                self._apart.append((tag, kind))
        if tag != "tr" and self._kind() == "table":
            self._pieces.append(" ")  # of a table, the rows are the lines
        elif tag in _HEADINGS or tag == "li":
            self._end_block()
            self._heading = tag in _HEADINGS
            self._item = tag == "li"
        elif tag in _BLOCKS:
            self._end_block()

    def _set_apart(self, tag: str, attrs: list[tuple[str, str | None]]) -> Kind | None:
        if tag in _MAY_BE_NOTES or tag == "aside":
            for name, value in attrs:
                if name == "title" and value in ("header", "footer"):
                    return "navigation"  # of the pages of a converted document
                if value and name in ("id", "class", "role", "epub:type"):
                    if _NOTES.search(value):
                        return "reference"
                    if name == "epub:type" and _FRONT_MATTER & set(value.split()):
                        return "navigation"
        return _APART.get(tag)

    def _kind(self) -> Kind:
        if self._apart:
            return self._apart[-1][1]
        if self._heading:
            return "heading"
        return "list_item" if self._item else "paragraph"

    def _end_link(self) -> None:
        if self._link is None:
            return
        text = "".join(self._pieces[self._link :])
        if self._inside and _NOTE_MARK.fullmatch(text):
            del self._pieces[self._link :]  # the mark of a note, or the way back from it
        else:
            self._linked += len(text.strip())
        self._link = None

    def _end_block(self) -> None:
        self._end_link()
        kind = self._kind()
        text = "".join(self._pieces)
        lines = text.split("\n") if kind == "code" else [_SPACE.sub(" ", text)]
        text = "\n".join(line.rstrip() for line in lines).strip("\n" if kind == "code" else None)
        linked, self._linked = self._linked, 0
        self._pieces.clear()
        if not text.strip():
            return
        if kind in ("paragraph", "list_item") and linked > _MOSTLY * len(text):
            kind = "navigation"
        if kind == "table" and self._blocks and self._blocks[-1].kind == "table":
            text = f"{self._blocks.pop().text}\n{text}"
            self.roles.pop()
        self._blocks.append(Block(kind, text))
        self.roles.append(self._open_roles[-1])
