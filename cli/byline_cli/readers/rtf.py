r"""Rich text (RTF 1.9) to blocks.

striprtf, the library there is, drops styles, fonts and notes, by which quotations and code are
known, and searches hyperlinks in time that grows with the square; so the control words that matter
are interpreted here.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from byline import InputError
from byline_cli.blocks import QUOTE_INDENT, Block, Kind
from byline_cli.readers.styles import kind_of_style

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+"
    rb"|([^\\{}\r\n]+)"
)
_MARKER = re.compile(r"\s*(?:[•‣▪◦·–-]|\(?\w{1,4}[.)])\t\s*")
_PUT = {
    "tab": "\t", "line": "\n", "emdash": "—", "endash": "–", "emspace": " ", "enspace": " ",
    "qmspace": " ", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“",
    "rdblquote": "”", "cell": " ", "nestcell": " ",
}  # fmt: skip
_SYMBOLS = {"~": "\xa0", "_": "‑", "-": "", "\\": "\\", "{": "{", "}": "}"}
_NOT_TEXT = frozenset(
    "fonttbl colortbl stylesheet info pict object header headerl headerr headerf footer footerl "
    "footerr footerf pntext listtext pntxta pntxtb fldinst xe tc rxe bkmkstart bkmkend "
    "annotation atnid atnauthor atndate generator listtable listoverridetable revtbl rsidtbl "
    "themedata colorschememapping datastore latentstyles xmlnstbl filetbl template shprslt "
    "nonesttables ftnsep ftnsepc aftnsep aftnsepc background mmathPr userprops operator".split()
)
# Fonts whose width tells code.
_FIXED = re.compile(r"mono|courier|consol|menlo|typewriter|source code|fixed", re.IGNORECASE)
_ENCODINGS = {0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 134: "gbk", 136: "big5",
              161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256",
              186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250"}  # fmt: skip
_LEVELS = 10_000
"""Groups within groups; no document has more than a few dozen."""


@dataclass(slots=True)
class _State:
    """What a group inherits and forgets at its end."""

    silent: bool = False
    may_ignore: bool = False
    hidden: bool = False
    shape: bool = False  # in what describes one, around its text
    unicode_skip: int = 1
    font: int = 0
    table: str = ""


@dataclass(slots=True)
class _Paragraph:
    """What is known of the paragraph so far."""

    style: int = -1
    in_table: bool = False
    item: bool = False
    outline: bool = False
    initial: bool = False
    left: int = 0
    first: int = 0
    pieces: list[str] = field(default_factory=list)
    fixed: int = 0  # characters in a font of fixed width


@dataclass(slots=True)
class _Interrupted:
    """A paragraph, within which a note or a text box stands in a group so deep."""

    depth: int
    paragraph: _Paragraph
    by_note: bool


def rtf_blocks(data: bytes) -> Iterator[Block]:
    """Read an .rtf.

    Raises:
        InputError: it isn't one.
    """
    if not data.lstrip().startswith(b"{\\rtf"):
        raise InputError("is not rich text: it does not begin with {\\rtf; save it anew")
    yield from _Interpreter().run(data)


class _Interpreter:
    def __init__(self) -> None:
        self._states = [_State()]
        self._paragraph = _Paragraph()
        self._outer: list[_Interrupted] = []
        self._behind: list[Block] = []  # notes and text boxes of the paragraph so far
        self._rows: list[str] = []
        self._cells = ""
        self._initial = ""  # a drop cap, of which the next paragraph is the rest
        self._fonts: dict[int, tuple[bool, str]] = {}
        self._styles: dict[int, str] = {}
        self._entry = 0
        self._encoding = "cp1252"
        self._item_left = -1  # where the text of the last list item began
        self._skip = 0  # characters that stand for a \u before them
        self._bytes = bytearray()

    def run(self, data: bytes) -> Iterator[Block]:
        position = 0
        while match := _TOKEN.match(data, position):
            position = match.end()
            word, number, byte, symbol, brace, text = match.groups()
            if byte:
                self._put_bytes(bytes([int(byte, 16)]))
                continue
            if text is not None:
                self._put_bytes(text)
                continue
            self._flush()
            if brace:
                self._skip = 0  # nothing beyond its group stands for a \u
            if brace == b"{":
                if len(self._states) > _LEVELS:
                    raise InputError("has groups nested without end; save it anew")
                self._states.append(replace(self._states[-1]))
            elif brace:
                self._close()
            elif symbol in (b"\n", b"\r"):  # so macOS ends its paragraphs
                yield from self._control("par", None)
            elif symbol:
                self._symbol(symbol.decode("latin-1"))
            elif word:
                value = int(number) if number else None
                if word == b"bin":
                    position += max(0, value or 0)
                yield from self._control(word.decode("ascii"), value)
        self._flush()
        while self._outer:  # the file is cut off
            self._close()
        self._paragraph.initial = False  # nothing follows
        yield from self._end_paragraph()
        yield from self._end_table()

    def _close(self) -> None:
        while self._outer and self._outer[-1].depth == len(self._states):
            text = _without_surrogates("".join(self._paragraph.pieces))
            outer = self._outer.pop()
            if outer.by_note:
                self._behind.append(Block("reference", text.strip()))
            else:
                self._behind.extend(self._block(self._paragraph, text))
            self._paragraph = outer.paragraph
        if len(self._states) > 1:
            self._states.pop()

    def _symbol(self, symbol: str) -> None:
        state = self._states[-1]
        if symbol == "*":
            state.may_ignore = True
        elif symbol in _SYMBOLS and not self._stands_in():
            self._put(_SYMBOLS[symbol])

    def _control(self, word: str, value: int | None) -> Iterator[Block]:
        state, paragraph = self._states[-1], self._paragraph
        on = value != 0
        if word not in _PUT:
            self._skip = 0  # text behind it is no stand-in, though the writer gave none
        if state.may_ignore:
            state.may_ignore = False
            state.silent = state.silent or word not in ("footnote", "shpinst")
        if word in ("fonttbl", "stylesheet"):
            state.table, state.silent = word, True
        elif word in _NOT_TEXT:
            state.silent = True
            paragraph.item = paragraph.item or word in ("pntext", "listtext")
        elif word in ("footnote", "shptxt") and not state.silent:
            self._outer.append(_Interrupted(len(self._states), paragraph, word == "footnote"))
            self._paragraph = _Paragraph()
            state.shape = False
        elif state.table:
            self._describe(state.table, word, value)
        elif state.silent:
            return
        elif word in ("par", "sect", "page", "row", "nestrow"):
            yield from self._end_paragraph(row=word.endswith("row"))
        elif word == "shpinst":
            state.shape = True
        elif word == "pard":
            self._paragraph = _Paragraph(pieces=paragraph.pieces, fixed=paragraph.fixed)
        elif word in ("intbl", "itap"):
            paragraph.in_table = on
        elif word == "s":
            paragraph.style = value or 0
        elif word == "ls":
            paragraph.item = on
        elif word == "outlinelevel":
            paragraph.outline = True
        elif word == "dropcapt":
            paragraph.initial = on
        elif word in ("li", "lin"):
            paragraph.left = value or 0
        elif word == "fi":
            paragraph.first = value or 0
        elif word in ("f", "plain"):
            state.font = value or 0
            state.hidden = state.hidden and word == "f"
        elif word in ("v", "deleted"):
            state.hidden = on
        elif word == "uc":
            state.unicode_skip = value or 0
        elif word == "u":
            self._put(chr((value or 0) % 0x10000))
            self._skip = state.unicode_skip
        elif word == "ansicpg":
            self._encoding = _known(f"cp{value}") or self._encoding
        elif word in _PUT and not self._stands_in():
            self._put(_PUT[word])

    def _stands_in(self) -> bool:
        """Whether a character is what older readers show for a Unicode one before it."""
        if not self._skip:
            return False
        self._skip -= 1
        return True

    def _describe(self, table: str, word: str, value: int | None) -> None:
        if table == "fonttbl":
            if word == "f":
                self._entry = value or 0
                self._fonts[self._entry] = (False, "")
            elif word == "fmodern":
                self._fonts[self._entry] = (True, self._fonts.get(self._entry, (True, ""))[1])
            elif word == "fcharset":
                fixed = self._fonts.get(self._entry, (False, ""))[0]
                self._fonts[self._entry] = (fixed, _ENCODINGS.get(value or 0, ""))
        elif word == "s":
            self._entry = value or 0

    def _put_bytes(self, data: bytes) -> None:
        state = self._states[-1]
        if state.table:
            name = data.decode("cp1252", "replace").strip(" ;")
            if state.table == "fonttbl" and _FIXED.search(name):
                self._fonts[self._entry] = (True, self._fonts.get(self._entry, (True, ""))[1])
            elif state.table == "stylesheet" and name:
                self._styles.setdefault(self._entry, name)
            return
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        self._bytes += data[skipped:]

    def _flush(self) -> None:
        """Decode the bytes so far: letters of some alphabets take two of them."""
        if self._bytes:
            encoding = self._fonts.get(self._states[-1].font, (False, ""))[1] or self._encoding
            text = self._bytes.decode(encoding, "replace")
            self._bytes.clear()
            self._put(text)

    def _put(self, text: str) -> None:
        state = self._states[-1]
        if state.silent or state.hidden or state.shape:
            return
        self._paragraph.pieces.append(text)
        if self._fonts.get(state.font, (False, ""))[0]:
            self._paragraph.fixed += len(text.strip())

    def _end_paragraph(self, row: bool = False) -> Iterator[Block]:
        paragraph = self._paragraph
        text = _without_surrogates("".join(paragraph.pieces))
        self._paragraph = replace(paragraph, pieces=[], fixed=0, initial=False)
        if self._outer:
            if self._outer[-1].by_note:
                self._paragraph.pieces.append(f"{text} ")  # a note of several paragraphs
            else:
                self._behind.extend(self._block(paragraph, text))
            return
        if (row or paragraph.in_table) and self._initial:
            yield Block("paragraph", self._initial)
            self._initial = ""
        if row:
            self._rows.append(f"{self._cells} {text}".strip())
            self._cells = ""
            return
        if paragraph.in_table:
            self._cells = f"{self._cells} {text}"
            return
        yield from self._end_table()
        text, self._initial = self._initial + text, ""
        if paragraph.initial:
            self._initial = text
            return
        for block in self._block(paragraph, text):
            yield block
            self._item_left = paragraph.left if block.kind == "list_item" else -1
        yield from self._behind
        self._behind.clear()

    def _block(self, paragraph: _Paragraph, text: str) -> Iterator[Block]:
        if text.strip():
            kind: Kind = "table" if paragraph.in_table else self._kind(paragraph, text)
            text = text if kind == "code" else text.strip()
            yield Block(kind, _MARKER.sub("", text, count=1) if kind == "list_item" else text)

    def _end_table(self) -> Iterator[Block]:
        if self._rows or self._cells.strip():
            yield Block("table", "\n".join([*self._rows, self._cells]).strip())
        self._rows.clear()
        self._cells = ""

    def _kind(self, paragraph: _Paragraph, text: str) -> Kind:
        if named := kind_of_style(self._styles.get(paragraph.style, "")):
            return named
        if paragraph.fixed > len(text.strip()) // 2:
            return "code"
        if paragraph.outline:
            return "heading"
        hanging = paragraph.first < 0
        if paragraph.item or hanging or paragraph.left == self._item_left:
            return "list_item"
        # On the left alone, pandoc sets quotations in.
        return "quote" if paragraph.left > QUOTE_INDENT else "paragraph"


def _without_surrogates(text: str) -> str:
    """Join surrogates, for RTF counts in UTF-16; lone ones are replaced."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _known(encoding: str) -> str | None:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return None
