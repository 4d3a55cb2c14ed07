"""Bytes to text."""

from __future__ import annotations

import codecs
import contextlib
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byline import InputError
from byline.normalize import normalize
from byline_cli.readers.encodings import decode, encoding_of

pytestmark = pytest.mark.unit

TEXT = "He said “hello there” – it’s a café, naïve and ‘quoted’, as an English text is. "


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_utf8_is_read_as_it_is(text: str) -> None:
    # A text may begin with the character that is a byte-order mark there.
    assert decode(text.encode()) == text.removeprefix("\ufeff")


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_decides_and_is_left_out(mark: bytes, encoding: str) -> None:
    assert decode(mark + TEXT.encode(encoding)) == TEXT


@pytest.mark.parametrize("repeated", [1, 20])
def test_windows_western_european_is_recognized(repeated: int) -> None:
    assert decode((TEXT * repeated).encode("cp1252")) == TEXT * repeated


def test_utf16_without_a_mark_is_recognized() -> None:
    assert decode((TEXT * 5).encode("utf-16-le")) == TEXT * 5


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Это обычный русский текст для проверки. "),
        ("shift_jis", "これはテスト用の普通の日本語の文章です。"),
    ],
)
def test_other_scripts_are_not_taken_for_western_european(encoding: str, text: str) -> None:
    assert decode((text * 5).encode(encoding)) == text * 5


def test_damaged_utf8_stays_utf8_and_is_reported() -> None:
    data = bytearray((TEXT * 3).encode())
    data[data.index("é".encode()) + 1] = 0x20
    text = decode(bytes(data))
    assert text.endswith(TEXT * 2)
    assert [f.kind for f in normalize(text).findings] == ["invalid_unicode"]


def test_encoded_lone_surrogates_are_kept_for_the_library_to_report() -> None:
    assert decode(b"before \xed\xa0\x80 after") == "before \ud800 after"


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_encoded_pairs_of_surrogates_are_one_character(mark: bytes) -> None:
    text = decode(mark + b"before \xed\xa0\xbd\xed\xb8\x80 after \xed\xa0\xbd")
    assert text == "before \U0001f600 after \ud83d"
    assert json.loads(json.dumps(text)) == text  # or offsets of a server would be others


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_declared_encoding_of_a_page_is_used(mark: bytes) -> None:
    page = '<html><head><meta charset="iso-8859-5"></head>Проверка'
    data = page.encode("iso-8859-5")
    if mark:
        assert "Проверка" not in decode(mark + data, declared_in_html=True)
    else:
        assert decode(data, declared_in_html=True) == page


@pytest.mark.parametrize("name", ["ISO-8859-1", "latin1", "us-ascii"])
def test_page_that_declares_latin_1_is_read_as_browsers_do(name: str) -> None:
    page = f"<meta charset={name}>{TEXT}"
    data = page.encode("cp1252")
    assert decode(data, declared_in_html=True) == page
    # A byte that is no letter there changes none of the others.
    assert decode(data + b"\x81", declared_in_html=True) == f"{page}\ufffd"


def test_a_wrongly_declared_encoding_is_survived() -> None:
    page = '<meta charset="no-such-encoding">' + TEXT * 3
    assert decode(page.encode("cp1252"), declared_in_html=True) == page


def test_stray_nul_in_a_text_is_its_flaw() -> None:
    damaged = TEXT.replace(" ", "\0 ", 1) * 3
    assert decode(damaged.encode()) == damaged
    assert encoding_of(damaged.encode()) == "utf-8"


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
        b"plain at first, then\0a NUL",
        bytes(random.Random(1).choices(range(256), k=5000)),
        bytes(random.Random(1).choices(range(1, 256), k=5000)),
        bytes(random.Random(1).choices(range(1, 32), k=5000)),
        b"%PDF-1.7\n" + b"text " * 100,
        b"PK\x03\x04" + b"x" * 100,
    ],
    ids=["png", "nul", "random", "random-no-nul", "controls", "pdf", "zip"],
)
def test_what_is_no_text_is_refused_with_advice(data: bytes) -> None:
    with pytest.raises(InputError, match="save it as"):
        decode(data)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_text_or_an_input_error(data: bytes) -> None:
    for html in (False, True):
        with contextlib.suppress(InputError):
            assert isinstance(decode(data, declared_in_html=html), str)


def test_empty_stays_empty() -> None:
    assert decode(b"") == decode(codecs.BOM_UTF8) == ""
