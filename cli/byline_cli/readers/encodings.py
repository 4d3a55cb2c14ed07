"""Bytes to text: which encoding they are in, and whether they are text at all."""

from __future__ import annotations

import codecs
import re

from byline import InputError

_MARKS = (  # the longer first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SIGNATURES = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"{\\rtf": "a rich-text document",
}
_DECLARED = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_BROADER = {"ascii": "cp1252", "iso8859-1": "cp1252"}
"""What browsers take for these (WHATWG, Encoding, 4.2): Windows' quotation marks and dashes stand
where they have control characters or nothing."""
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SAMPLE = 1_000_000
"""Bytes from which an encoding is guessed; a guess costs far more than decoding."""


def decode(data: bytes, declared_in_html: bool = False) -> str:
    """Decode a text.

    A byte-order mark decides; else UTF-8 if it is that, even with some damage; else what an HTML
    page declares; else what charset-normalizer finds likely.

    Args:
        data: the bytes of a file.
        declared_in_html: look for `<meta charset>` at its beginning.

    Returns:
        The text, without byte-order mark. Bytes of damaged UTF-8 become lone surrogates, which
        the library reports as a finding.

    Raises:
        InputError: it isn't text, or in no encoding that is known.
    """
    for signature, what in _SIGNATURES.items():
        if data.startswith(signature):
            raise InputError(f"is {what}, not text; save it as plain text")
    if data.startswith(codecs.BOM_UTF8):
        data = data[len(codecs.BOM_UTF8) :]
        return _utf8(data) or data.decode("utf-8", "surrogateescape")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    text = _utf8(data)
    if text is None and declared_in_html and b"\0" not in data:
        text = _declared(data)
    if text is None or (b"\0" in data and _is_binary(text)):
        text = data.decode(_guess(data), "replace")  # of UTF-16 every other byte may be NUL
    if _is_binary(text):
        raise InputError(_NOT_TEXT)
    return text


_NOT_TEXT = "looks like binary data, not text; if it is text, save it as UTF-8"


def _is_binary(text: str) -> bool:
    """Whether it has more control characters than damage leaves in a text."""
    sample = text[:_SAMPLE]
    return len(_CONTROL.findall(sample)) > len(sample) // 50


def _utf8(data: bytes) -> str | None:
    """The text if it is UTF-8, or was before a little of it was damaged; else None."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return join_surrogates(data.decode("utf-8", "surrogatepass"))  # encoded surrogates
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogateescape")
    broken = sum("\udc80" <= c <= "\udcff" for c in text)
    whole = sum(c > "\x7f" for c in text) - broken
    # Other encodings hardly ever form a valid sequence by chance.
    return text if whole > broken else None


def join_surrogates(text: str) -> str:
    """Join surrogates that are a pair, as in CESU-8 of old databases; lone ones stay.

    As two code points they would move offsets: JSON, of a server or a journal, joins them.
    """
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _declared(data: bytes) -> str | None:
    match = _DECLARED.search(data[:2048])
    if match is None:
        return None
    try:
        encoding = codecs.lookup(match[1].decode("ascii")).name
        if encoding in _BROADER:
            return data.decode(_BROADER[encoding], "replace")
        return data.decode(encoding)
    except (LookupError, UnicodeError):  # the codec `undefined` raises the general one
        return None  # declared wrongly, as pages do


def encoding_of(sample: bytes) -> str:
    """The encoding of a file that is read bit by bit, from its first piece that isn't ASCII.

    Raises:
        InputError: it isn't text.
    """
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding[:6]  # with which Python reads the mark itself
    whole = sample.rsplit(b"\n", 1)[0]  # a letter may be cut at the end
    if whole.isascii():
        whole = sample  # of which the last line is all that tells
    text = _utf8(whole)
    if b"\0" in sample and (text is None or _is_binary(text)):
        return _guess(sample[: len(sample) // 4 * 4])  # UTF-16's line feed has two bytes
    return "utf-8" if text is not None else _guess(whole)


def _guess(data: bytes) -> str:
    import charset_normalizer

    matches = charset_normalizer.from_bytes(data[:_SAMPLE])
    best = matches.best()
    if best is None or (b"\0" in data and not best.encoding.startswith(("utf_16", "utf_32"))):
        raise InputError(_NOT_TEXT)
    # Windows' Western European, the most frequent by far, can't be told from its sisters by the
    # few accents of an English text.
    likely = {match.encoding for match in matches if match.chaos <= best.chaos}
    return "cp1252" if "cp1252" in likely else best.encoding
