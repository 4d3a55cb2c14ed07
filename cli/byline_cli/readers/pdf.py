"""PDFs to lines: the text with its place, size and font. `pdf_layout` makes blocks of them."""

from __future__ import annotations

import ctypes
import math
import re
import threading
from collections.abc import Iterator
from typing import Any

from byline import InputError
from byline_cli.blocks import Block
from byline_cli.readers.encodings import join_surrogates
from byline_cli.readers.pdf_layout import MARKER, Line, layout

_HYPHEN = "\ufffe"
"""What PDFium puts for a hyphen at the end of a line, in place of the line break."""
_PIECE = re.compile(rf"[^\r\n{_HYPHEN}]+{_HYPHEN}?")
_MARK = re.compile(r"[\d*†‡§,]")
_FIXED = re.compile(r"mono|courier|consol|menlo|typewriter|cmtt|sourcecode", re.IGNORECASE)
_FIXED_PITCH = 1  # a flag of font descriptors, PDF 32000-1 table 123
_BOLD = 600
_SMALL = 0.85
"""Size below which a digit beside a word is the mark of a note."""
_ONE_AT_A_TIME = threading.Lock()
"""PDFium is not made for several threads."""


def pdf_blocks(data: bytes) -> list[Block]:
    """Read a .pdf.

    Raises:
        InputError: it isn't one, or is damaged, encrypted, or scanned: it holds no text.
    """
    import pypdfium2

    if not data:
        raise InputError("is empty")
    with _ONE_AT_A_TIME:
        try:
            document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            raise InputError(_reason(str(error))) from error
        try:
            pages = [list(_lines(document[i])) for i in range(len(document))]
        except pypdfium2.PdfiumError as error:
            raise InputError(f"is damaged ({error}); save it anew") from error
        finally:
            document.close()
    if pages and not any(pages):
        raise InputError(
            "holds no text: it was scanned, or its letters are drawings; run a text recognition "
            "such as ocrmypdf first"
        )
    return layout(pages)


def _reason(message: str) -> str:
    if "password" in message.lower():
        return "is encrypted; remove the password first"
    return f"is not a PDF or a damaged one ({message}); save it anew"


def _lines(page: Any) -> Iterator[Line]:
    """The lines of a page, in the order of its contents; pieces at one height are put together."""
    import pypdfium2.raw as pdfium

    text_page = page.get_textpage()
    turn = page.get_rotation()
    text = _units(text_page.get_text_range())
    line: Line | None = None
    for match in _PIECE.finditer(text):
        piece = match[0].rstrip(_HYPHEN)
        start = match.start() + len(piece) - len(piece.lstrip())
        piece = piece.strip()
        if not piece:
            continue
        # Not every character has its place in the text, nor the other way round.
        first = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, start)
        last = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, start + len(piece) - 1)
        found = _line(text_page, piece, first, last, match[0].endswith(_HYPHEN), turn)
        if found is None:
            continue
        if line is not None and line.goes_on_in(found):
            line = line.joined(found)
            continue
        if line is not None:
            yield line
        line = found
    if line is not None:
        yield line


def _line(
    text_page: Any, piece: str, first: int, last: int, hyphen: bool, turn: int
) -> Line | None:
    if first < 0 or last < first:
        return None
    # Of three letters that of middle size: one may be raised or lowered, as in a formula.
    letters = [first + _letter_at(piece, quarter) for quarter in (1, 2, 3)]
    size, middle = sorted((_size(text_page, index), index) for index in letters)[1]
    a, b = 0, len(piece)
    # Raised digits: the mark of a note behind a word, or before the note itself.
    while b > 1 and _MARK.match(piece[b - 1]) and _size(text_page, last) < _SMALL * size:
        b, last = b - 1, last - 1
    mark = ""
    while a < b - 1 and _MARK.match(piece[a]) and _size(text_page, first) < _SMALL * size:
        mark, a, first = mark + piece[a], a + 1, first + 1
    left, _, _ = _box(text_page, first, turn)
    _, _, right = _box(text_page, last, turn)
    _, bottom, _ = _box(text_page, middle, turn)
    # All of it: a line of prose with a name of a program or a term in it is one of prose.
    fonts = [_font(text_page, index) for index in letters]
    piece = piece[a:b].strip()
    return Line(
        text=join_surrogates(piece),
        left=left, right=right, bottom=bottom, size=size,
        fixed=all(flags & _FIXED_PITCH or _FIXED.search(name) for name, flags, _ in fonts),
        bold=all(weight >= _BOLD or "bold" in name.lower() for name, _, weight in fonts),
        hyphen=hyphen,
        mark=mark,
        gaps=_wide_gaps(text_page, piece, first, (right - left), size, turn),
    )  # fmt: skip


def _units(text: str) -> str:
    """Letters as PDFium counts them, by which their places are asked for: in UTF-16."""
    return "".join(map(chr, memoryview(text.encode("utf-16", "surrogatepass"))[2:].cast("H")))


def _letter_at(piece: str, quarter: int) -> int:
    """The index of a character so far along that isn't a space: those have no size."""
    index = quarter * len(piece) // 4
    return index if piece[index] != " " else index - 1


def _box(text_page: Any, index: int, turn: int) -> tuple[float, float, float]:
    """Left, bottom and right of a character, as one sees it on a page that is turned so far."""
    left, bottom, right, top = text_page.get_charbox(index, loose=True)
    return {
        0: (left, bottom, right),
        90: (bottom, -right, top),
        180: (-right, -top, -left),
        270: (-top, left, -bottom),
    }[turn]


def _size(text_page: Any, index: int) -> float:
    """Size of a character in points, as it is drawn."""
    import pypdfium2.raw as pdfium

    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(text_page, index, matrix)
    return float(pdfium.FPDFText_GetFontSize(text_page, index) * math.hypot(matrix.c, matrix.d))


def _font(text_page: Any, index: int) -> tuple[str, int, int]:
    import pypdfium2.raw as pdfium

    name = ctypes.create_string_buffer(128)
    flags = ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(text_page, index, name, len(name), flags)
    return (
        name.value.decode("utf-8", "replace"),
        flags.value,
        pdfium.FPDFText_GetFontWeight(text_page, index),
    )


def _wide_gaps(text_page: Any, piece: str, first: int, width: float, size: float, turn: int) -> int:
    """How many spaces are as wide as in tables; that behind a bullet or number doesn't count."""
    if width < 0.55 * size * len(piece):  # nowhere wider than prose
        return 0
    gaps = 0
    marker = MARKER.match(piece)
    begin = marker.end() if marker else 1
    for i, character in enumerate(piece):
        if character == " " and begin <= i < len(piece) - 1:
            _, _, right = _box(text_page, first + i - 1, turn)
            left, _, _ = _box(text_page, first + i + 1, turn)
            gaps += left - right > size
    return gaps
