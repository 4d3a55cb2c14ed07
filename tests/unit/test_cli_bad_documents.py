"""Documents that are damaged, locked, empty, or made to do harm: each is refused by its reason."""

from __future__ import annotations

import shutil
import signal
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byline import InputError
from byline.segment import segment
from byline_cli import results, time_limit
from byline_cli.blocks import Kind, is_of_contents, join
from byline_cli.inputs import Input
from byline_cli.readers.docx import docx_blocks
from byline_cli.readers.files import Reading, read_file
from byline_cli.readers.odt import odt_blocks
from byline_cli.readers.plain import plain_text
from byline_cli.readers.rtf import rtf_blocks

pytestmark = pytest.mark.unit

DOCUMENTS = Path(__file__).parents[1] / "fixtures" / "documents"
ENTITIES = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'
)
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
PARTS = {"docx": "word/document.xml", "odt": "content.xml", "epub": "EPUB/text/ch001.xhtml"}


def refused(path: Path, message: str, how: Reading | None = None) -> None:
    with pytest.raises(InputError, match=message):
        read_file(path, how or Reading())


def rewritten(tmp_path: Path, suffix: str, parts: Mapping[str, bytes | None]) -> Path:
    """pandoc's article with parts replaced, added, or (None) left out."""
    source = DOCUMENTS / f"pandoc/article.{suffix}"
    target = tmp_path / f"a.{suffix}"
    with (
        zipfile.ZipFile(source) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, data in parts.items():
            if data is not None:
                new.writestr(name, data)
    return target


def test_encrypted_pdf() -> None:
    refused(DOCUMENTS / "libreoffice/encrypted.pdf", "is encrypted; remove the password first")


def test_empty_and_damaged_pdf(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"")
    refused(path, "is empty")
    whole = (DOCUMENTS / "libreoffice/article.pdf").read_bytes()
    path.write_bytes(whole[:2000])
    refused(path, "is not a PDF or a damaged one")
    path.write_bytes(b"not a pdf at all")
    refused(path, "is not a PDF or a damaged one")


def test_scanned_pdf_names_what_helps(tmp_path: Path) -> None:
    document = pypdfium2.PdfDocument.new()
    document.new_page(300, 400)
    document.save(tmp_path / "scan.pdf")
    refused(tmp_path / "scan.pdf", "holds no text: it was scanned.*ocrmypdf")


@pytest.mark.parametrize("suffix", PARTS)
def test_file_that_is_no_archive(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    for data in (b"", b"just a text", (DOCUMENTS / f"pandoc/article.{suffix}").read_bytes()[:3000]):
        path.write_bytes(data)
        refused(path, "is not an? .* or a damaged one")


@pytest.mark.parametrize("suffix", PARTS)
def test_archive_of_something_else(tmp_path: Path, suffix: str) -> None:
    with zipfile.ZipFile(tmp_path / f"a.{suffix}", "w") as archive:
        archive.writestr("readme.txt", "a text")
    refused(tmp_path / f"a.{suffix}", "is not an? .*: it has no ")


def test_other_office_files(tmp_path: Path) -> None:
    path = rewritten(tmp_path, "docx", {PARTS["docx"]: b"<workbook/>"})
    refused(path, "is not a Word document but another Office file")
    path = rewritten(tmp_path, "odt", {PARTS["odt"]: b"<a/>"})
    refused(path, "is not an OpenDocument text but another")
    (tmp_path / "old.docx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500))
    refused(tmp_path / "old.docx", "an older Office file, or one under a password")


@pytest.mark.parametrize("suffix", PARTS)
def test_zip_bomb_is_not_unpacked(tmp_path: Path, suffix: str) -> None:
    path = rewritten(tmp_path, suffix, {PARTS[suffix]: b"<x>" + bytes(60_000_000)})
    assert path.stat().st_size < 200_000
    started = time.process_time()
    refused(path, "unpacks to more than 50 MB")
    assert time.process_time() - started < 10


def test_parts_are_bounded_together(tmp_path: Path) -> None:
    small = Reading(max_bytes=30_000)
    refused(DOCUMENTS / "libreoffice/article.odt", "larger than 30 kB", small)
    path = rewritten(tmp_path, "epub", {})
    refused(path, "unpacks to more than 10 kB", Reading(max_bytes=10_000))
    assert read_file(path, small)


@pytest.mark.parametrize(
    "namespace", [b"http://openebook.org/namespaces/oeb-package/1.0/", b""], ids=["old", "none"]
)
def test_chapters_are_found_in_packages_of_other_namespaces(
    tmp_path: Path, namespace: bytes
) -> None:
    source = DOCUMENTS / "pandoc/article.epub"
    with zipfile.ZipFile(source) as archive:
        package = archive.read("EPUB/content.opf")
    package = package.replace(b'xmlns="http://www.idpf.org/2007/opf"', b'xmlns="%s"' % namespace)
    path = rewritten(tmp_path, "epub", {"EPUB/content.opf": package})
    assert read_file(path) == read_file(source) != ""


def test_chapter_that_is_missing_leaves_the_others(tmp_path: Path) -> None:
    with zipfile.ZipFile(DOCUMENTS / "pandoc/article.epub") as archive:
        package, names = archive.read("EPUB/content.opf"), archive.namelist()
    items = (
        b'<item id="%s" href="%s" media-type="%s" />' % item
        for item in (
            (b"gone", b"text/gone.xhtml", b"application/xhtml+xml"),
            (b"drawn", b"drawn.svg", b"image/svg+xml"),
            (b"spaced", b"text/a%20b.xhtml", b"application/xhtml+xml"),
        )
    )
    package = package.replace(b"</manifest>", b"".join(items) + b"</manifest>")
    references = b"".join(b'<itemref idref="%s" />' % id for id in (b"gone", b"drawn", b"spaced"))
    added: dict[str, bytes | None] = {
        "EPUB/content.opf": package.replace(b"</spine>", references + b"</spine>"),
        "EPUB/drawn.svg": b"<svg/>\0",
        "EPUB/text/a%20b.xhtml": b"<p>The last words.</p>",
    }
    whole = read_file(DOCUMENTS / "pandoc/article.epub")
    assert read_file(rewritten(tmp_path, "epub", added)) == f"{whole}\n\nThe last words."
    none: dict[str, bytes | None] = {name: None for name in names if name.endswith(".xhtml")}
    refused(rewritten(tmp_path, "epub", none), "no chapter that can be read .missing: text/")


@pytest.mark.parametrize("suffix", ["docx", "odt"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entity_bomb(tmp_path: Path, suffix: str, encoding: str) -> None:
    bomb = ENTITIES + b"<x>&c;</x>"
    if encoding == "utf-16":
        bomb = bomb.decode().replace('"1.0"', '"1.0" encoding="utf-16"').encode("utf-16")
    refused(rewritten(tmp_path, suffix, {PARTS[suffix]: bomb}), "declares XML entities")


def test_entity_bomb_in_a_chapter_is_not_expanded(tmp_path: Path) -> None:
    path = rewritten(tmp_path, "epub", {PARTS["epub"]: ENTITIES + b"<p>A text &c; here.</p>"})
    assert len(read_file(path)) < 200
    path = rewritten(tmp_path, "epub", {"META-INF/container.xml": ENTITIES + b"<x>&c;</x>"})
    refused(path, "declares XML entities")


def test_protected_book_and_encrypted_text(tmp_path: Path) -> None:
    encryption = (
        b'<encryption xmlns:e="http://www.w3.org/2001/04/xmlenc#">'
        b'<e:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></encryption>'
    )
    path = rewritten(tmp_path, "epub", {"META-INF/encryption.xml": encryption})
    refused(path, r"protected against copying \(DRM\)")
    manifest = (
        b'<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        b"<m:file-entry><m:encryption-data/></m:file-entry></m:manifest>"
    )
    path = rewritten(tmp_path, "odt", {"META-INF/manifest.xml": manifest})
    refused(path, "is encrypted; save it without a password")


@pytest.mark.parametrize("suffix", PARTS)
def test_broken_xml(tmp_path: Path, suffix: str) -> None:
    name = "META-INF/container.xml" if suffix == "epub" else PARTS[suffix]
    refused(rewritten(tmp_path, suffix, {name: b"<a><b></a>"}), "or damaged")


def nested(depth: int, row: str, cell: str) -> str:
    """Tables in one another, with a paragraph before and behind each inner one."""
    inner = ""
    for i in range(depth):
        inner = f"{cell.format(f'a{i}')}{inner}{cell.format(f'z{i}')}"
        inner = row.format(inner)
    return inner


OFFICE = "urn:oasis:names:tc:opendocument:xmlns"
TABLES = {
    "docx": (
        f"<w:document {W}><w:body>{{}}</w:body></w:document>",
        "<w:tbl><w:tr><w:tc>{}</w:tc></w:tr></w:tbl>",
        "<w:p><w:r><w:t>{}</w:t></w:r></w:p>",
    ),
    "odt": (
        f'<o:x xmlns:o="{OFFICE}:office:1.0" xmlns:t="{OFFICE}:text:1.0" '
        f'xmlns:b="{OFFICE}:table:1.0"><o:text>{{}}</o:text></o:x>',
        "<b:table><b:table-row><b:table-cell>{}</b:table-cell></b:table-row></b:table>",
        "<t:p>{}</t:p>",
    ),
}


@pytest.mark.parametrize("suffix", TABLES)
@pytest.mark.parametrize("depth", [1, 3, 75])
def test_text_of_nested_tables_counts_once(tmp_path: Path, suffix: str, depth: int) -> None:
    document, row, cell = TABLES[suffix]
    content = document.format(nested(depth, row, cell) + cell.format("The end."))
    path = rewritten(tmp_path, suffix, {PARTS[suffix]: content.encode()})
    text = read_file(path, Reading(include=frozenset(("table",))))
    levels = range(depth)
    cells = [*(f"a{i}" for i in reversed(levels)), *(f"z{i}" for i in levels)]
    assert text == f"{' '.join(cells)}\n\nThe end."


def test_text_boxes_and_notes_in_tables_count_once(tmp_path: Path) -> None:
    table: frozenset[Kind] = frozenset(("table",))
    document, row, cell = TABLES["docx"]
    box = f"<w:txbxContent>{cell.format('Box.')}</w:txbxContent>"
    boxes = (
        '<m:AlternateContent xmlns:m="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f"<m:Choice>{box}</m:Choice><m:Fallback>{box}</m:Fallback></m:AlternateContent>"
    )
    content = document.format(row.format(f"<w:p><w:r><w:t>A cell.</w:t>{boxes}</w:r></w:p>"))
    path = rewritten(tmp_path, "docx", {PARTS["docx"]: content.encode()})
    assert read_file(path, Reading(include=table)) == "A cell. Box."

    document, row, cell = TABLES["odt"]
    note = "<t:p>" * 9 + "A note." + "</t:p>" * 9
    note = f"<t:note><t:note-body>{note}</t:note-body></t:note>"
    content = document.format(row.format(cell.format(f"A cell.{note}")))
    path = rewritten(tmp_path, "odt", {PARTS["odt"]: content.encode()})
    assert read_file(path, Reading(include=table)) == "A cell."
    assert read_file(path, Reading(include=table | {"reference"})) == "A cell.\n\nA note."


@pytest.mark.parametrize(("suffix", "name"), [("docx", "_rels/.rels"), ("docx", PARTS["docx"]),
    ("docx", "word/styles.xml"), ("docx", "word/footnotes.xml"), ("odt", PARTS["odt"]),
    ("odt", "META-INF/manifest.xml"), ("epub", "META-INF/container.xml"),
    ("epub", "EPUB/content.opf"), ("epub", PARTS["epub"])])  # fmt: skip
def test_comments_and_instructions_say_nothing(tmp_path: Path, suffix: str, name: str) -> None:
    source = DOCUMENTS / f"pandoc/article.{suffix}"
    with zipfile.ZipFile(source) as archive:
        part = archive.read(name)
    begin = part.index(b">", part.index(b"<", part.index(b"?>") + 2)) + 1
    said = part[:begin] + b"<!-- a > b --><?a b?>" + part[begin:]
    said = said.replace(b"grandmother", b"grand<!-- or -->mother")
    assert read_file(rewritten(tmp_path, suffix, {name: said})) == read_file(source)


def test_boxes_and_pictures_of_opendocument_stay_out_of_the_paragraph(tmp_path: Path) -> None:
    content = (
        '<o:x xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:t="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        'xmlns:d="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
        'xmlns:s="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"><o:text>'
        "<t:p>A sentence <d:frame><d:image/><s:title>Dog</s:title><s:desc>A dog.</s:desc></d:frame>"
        "<d:frame><d:text-box><t:p>One box.</t:p><t:p>Two lines.</t:p></d:text-box></d:frame>"
        "<d:custom-shape><t:p>A shape.</t:p></d:custom-shape>goes on.</t:p></o:text></o:x>"
    )
    path = rewritten(tmp_path, "odt", {PARTS["odt"]: content.encode()})
    assert read_file(path) == "A sentence goes on.\n\nOne box.\n\nTwo lines.\n\nA shape."


def test_numbered_heading_of_opendocument_is_no_item(tmp_path: Path) -> None:
    document, _, cell = TABLES["odt"]
    items = "<t:list-item><t:h>A heading</t:h></t:list-item>"
    items += f"<t:list-item>{cell.format('An item.')}</t:list-item>"
    content = document.format(f"<t:list>{items}</t:list>")
    path = rewritten(tmp_path, "odt", {PARTS["odt"]: content.encode()})
    kinds = [block.kind for block in odt_blocks(path.read_bytes(), 50_000_000)]
    assert kinds == ["heading", "list_item"]


def test_nesting_deeper_than_python_recurses(tmp_path: Path) -> None:
    deep = 200  # libxml2's own limit is 256
    namespaces = (
        b'xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        b'xmlns:t="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    )
    span = b"<t:span>" * deep + b"words" + b"</t:span>" * deep
    content = b"<o:x %s><o:text><t:p>%s</t:p></o:text></o:x>" % (namespaces, span)
    assert read_file(rewritten(tmp_path, "odt", {PARTS["odt"]: content})) == "words"
    (tmp_path / "a.html").write_text("<blockquote><div>" * 50_000 + "<p>words</p>")
    assert read_file(tmp_path / "a.html", Reading(include=frozenset(("quote",)))) == "words"
    (tmp_path / "a.rtf").write_bytes(b"{\\rtf1 " + b"{" * 100_000)
    refused(tmp_path / "a.rtf", "nested without end")


def test_file_of_two_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    for name in ("a.txt", "a.pdf", "a.docx"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(2_000_000_000)  # takes no room on disk
        started = time.process_time()
        refused(tmp_path / name, "is larger than 50 MB; split it, or raise --max-size")
        assert time.process_time() - started < 5


def test_rich_text_of_other_writers() -> None:
    source = (
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Times;}{\f1\fmodern Courier New;}"
        rb"{\f2\fcharset204 Arial;}}{\stylesheet{\s1 heading 1;}{\s2 Quote;}}"
        rb"{\*\generator Nobody;}\pard\s1 A title\par\pard\f0 It\'92s caf\'e9, \u8212? and "
        rb"{\v hidden}{\f2\'cf\'f0\'e8}.\par\pard\s2 Somebody else's words.\par"
        rb"\pard\f1 x = 1;\par\pard\plain{\pntext 1.\tab}An item.\par\bin5 {{{{{ The end\emdash .}"
    )
    blocks = [(block.kind, block.text) for block in rtf_blocks(source)]
    assert blocks == [
        ("heading", "A title"),
        ("paragraph", "It’s café, — and При."),
        ("quote", "Somebody else's words."),
        ("code", "x = 1;"),
        ("list_item", "An item."),
        ("list_item", "The end—."),
    ]
    assert join(rtf_blocks(b"{\\rtf1 cut off \\'e")).text != ""


def test_text_boxes_of_rich_text_stand_behind_their_paragraph() -> None:
    box = (
        rb"{\shp{\*\shpinst\shpleft0{\sp{\sn wzName}{\sv \u65?Box}}{\shptxt\pard One box"
        rb"{\footnote A note.}.\par\pard\s2 Said by others.\par\pard\intbl Cell\cell\row"
        rb"\pard Its end%s}}{\shprslt{\*\do{\dptxbxtext One box.\par}}\pard One box.\par}}"
    )
    begin = rb"{\rtf1{\stylesheet{\s2 Quote;}}{\header " + box % b"" + rb"}\pard A sentence "
    source = begin + box + rb"goes on.\par The end.}"
    behind = [
        ("reference", "A note."),
        ("paragraph", "One box."),
        ("quote", "Said by others."),
        ("table", "Cell"),
        ("paragraph", "Its end"),
    ]
    for end in (b"", rb"\par"):
        blocks = [(block.kind, block.text) for block in rtf_blocks(source % end)]
        assert blocks == [
            ("paragraph", "A sentence goes on."),
            *behind,
            ("paragraph", "The end."),
        ]
    cut = source[: source.index(b"%s")]
    blocks = [(block.kind, block.text) for block in rtf_blocks(cut)]
    assert blocks == [("paragraph", "A sentence"), *behind]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_rich_text_of_macos_ends_paragraphs_by_a_backslash_before_a_line_end(
    newline: bytes,
) -> None:
    source = b"{\\rtf1\\cocoartf2709\n\\pard One.\\\n\\\nTwo,\nwhole.\\\nThree.}"
    blocks = list(rtf_blocks(source.replace(b"\n", newline)))
    assert [block.text for block in blocks] == ["One.", "Two,whole.", "Three."]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb"Wait\u8230\par Next", "Wait…\n\nNext"),
        (rb"it{\u8217}s", "it’s"),
        (rb"it\u8217's", "it’s"),
        (rb"well\u8209\_known", "well‑known"),
        (rb"so \u8212\emdash it", "so —it"),
        (rb"\uc2 a\u8230..b", "a…b"),
    ],
)
def test_text_behind_a_unicode_character_of_rich_text_is_kept(source: bytes, text: str) -> None:
    assert join(rtf_blocks(b"{\\rtf1 " + source + b"}")).text == text


def test_drop_cap_of_rich_text_is_the_first_letter_of_its_word() -> None:
    source = rb"{\rtf1 \pard\dropcapli3\dropcapt1 {O\par}\pard nce.\par Next.\par}"
    assert join(rtf_blocks(source)).text == "Once.\n\nNext."
    assert join(rtf_blocks(rb"{\rtf1 \dropcapt1 O}")).text == "O"


def test_drop_cap_of_rich_text_before_a_table_is_not_in_it() -> None:
    table = rb"\trowd\pard\intbl A\cell\row"
    source = rb"{\rtf1 " + table + rb"\pard\dropcapt1 {O\par}" + table + rb"\pard Next.\par}"
    blocks = [(block.kind, block.text) for block in rtf_blocks(source)]
    assert blocks == [("table", "A"), ("paragraph", "O"), ("table", "A"), ("paragraph", "Next.")]


def test_pairs_of_surrogates_in_notes_of_rich_text_are_one_character() -> None:
    blocks = list(rtf_blocks(rb"{\rtf1 Text{\footnote \u-10179?\u-8704? note}.\par}"))
    assert [block.text for block in blocks] == ["Text.", "\U0001f600 note"]


def test_two_notes_of_rich_text_in_one_group_end_with_it() -> None:
    broken = rb"{\rtf1 Text{\footnote one \footnote two} goes on"
    for end in (rb".\par}", b""):
        blocks = list(rtf_blocks(broken + end))
        assert [block.kind for block in blocks] == ["paragraph", "reference", "reference"]
        assert blocks[0].text == "Text goes on" + ("." if end else "")


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(
    [b"{", b"}", b"\\par ", b"\\'e9", b"\\u-3913?", b"\\*", b"\\footnote ", b"\\intbl ", b"\\row ",
     b"\\fonttbl ", b"\\stylesheet ", b"\\shptxt ", b"\\bin3 ", b"word ", b"\\", b"\xff",
     b"\\s7 ", b"\\uc2 "]),
    max_size=60,
))  # fmt: skip
def test_rich_text_is_read_however_broken(pieces: list[bytes]) -> None:
    for block in rtf_blocks(b"{\\rtf1 " + b"".join(pieces)):
        block.text.encode()


@pytest.mark.parametrize("name", ["pandoc/article.docx", "pandoc/article.odt",
                                  "pandoc/article.epub", "libreoffice/article.pdf"])  # fmt: skip
def test_documents_with_a_wrong_byte_are_read_or_refused(tmp_path: Path, name: str) -> None:
    whole = (DOCUMENTS / name).read_bytes()
    path = tmp_path / f"a{Path(name).suffix}"
    random = Random(1)
    outcomes: set[type] = set()
    for _ in range(60):
        data = bytearray(whole)
        data[random.randrange(len(data))] = random.randrange(256)
        path.write_bytes(data)
        try:
            outcomes.add(type(read_file(path)))
        except InputError:
            outcomes.add(InputError)
    assert outcomes <= {str, InputError}
    assert str in outcomes


PLAIN = """\
Heading

A paragraph that goes on
over two lines[1] and ends.

> quoted by mail

    code = indented()
    return code

  Month     Lost
  --------- ------
  May       3.9

- item

    that goes on

[1]: The note.

References

Somebody, 1999.
"""


def test_plain_text_keeps_its_offsets() -> None:
    text = plain_text(PLAIN).text
    assert len(text) == len(PLAIN)
    assert [a == b or b == " " for a, b in zip(PLAIN, text, strict=True)].count(False) == 0
    left = (
        "Heading A paragraph that goes on over two lines and ends. - item that goes on References"
    )
    assert text.split() == left.split()


@pytest.mark.parametrize(
    ("kind", "words"),
    [("quote", "> quoted by mail"), ("code", "code = indented() return code"),
     ("table", "Month Lost --------- ------ May 3.9"), ("reference", "Somebody, 1999.")],
)  # fmt: skip
def test_plain_text_with_what_is_asked_for(kind: str, words: str) -> None:
    text = plain_text(PLAIN, frozenset((kind,))).text  # type: ignore[arg-type]
    assert words in " ".join(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "One paragraph.\n\n  An indented first line\nthat is prose.\n\nAnother.",
        "```\ncode\n```\n\n| a | b |\n| c | d |\n",
        "[1] A numbered paragraph.\n\n[2] Another one.\n",
        "".join(f"  Line {i} is\n  set in.\n\n" for i in range(9)),
        "".join(f"    x = {i};\n    y = f({i})\n\n" for i in range(9)),
        "An indented heading:\n\n   Chapter One\n\nText.",
        "",
        "\r\n \x0c\u2028",
    ],
)
def test_plain_text_without_anything_set_apart_is_passed_on_as_it_is(text: str) -> None:
    assert plain_text(text).text == text


@pytest.mark.parametrize("ruler", ["--- ---", "+---+", "==  ==  =="])
def test_ruler_in_prose_makes_no_table(ruler: str) -> None:
    text = f"It rained.  Nobody came.\n{ruler}\nI read, and then slept;\nit  was late."
    assert plain_text(text).text == text


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("ab >|`-[]1:\n\r\t=(*.\u2028"), max_size=200))
def test_plain_text_never_changes_length(text: str) -> None:
    for include in (Reading().include, Reading(frozenset(("code", "table"))).include):
        assert len(plain_text(text, include).text) == len(text)


def prose(text: str) -> list[str]:
    """The words that are scored."""
    return " ".join(
        text[s.start : s.end] for s in segment(text) if s.block not in ("code", "table")
    ).split()


BODY = "It rained all day.\n\nNobody came; I read, and then slept."
CODE = "x = f(1)\n\nprint(x)"


@pytest.mark.parametrize(
    "text",
    [
        f"Before.\n\n~~~\n\n{BODY}\n\n~~~\n\nAfter.",
        f"Before.\n~~~~~\n{BODY}",
        "~~~\nThe rain, it falls;\nthe night, it calls,\nand so must I:\nto bed, to bed.\n~~~",
        f"~~~\n{'A long paragraph; of prose, in one line. ' * 5}\n~~~",
        f"~~~\n{CODE}",
    ],
)
def test_tildes_that_divide_scenes_are_no_code(text: str) -> None:
    assert plain_text(text).text == text


@pytest.mark.parametrize(
    "fence", ["~~~", "~~~python", "~~~ {.python}", "~~~~", "~~~ python title=demo"]
)
def test_code_between_tildes_is_set_apart(fence: str) -> None:
    text = f"~~~\n\nBefore.\n\n{fence}\n{CODE}\n~~~\n\nAfter."
    assert prose(plain_text(text).text) == ["Before.", "After."]
    included = plain_text(text, frozenset(("code",))).text
    assert prose(included) == ["Before.", *CODE.split(), "After."]


@pytest.mark.parametrize("fence", ["~~~", "~~~ text", "```", "```text"])
def test_behind_a_fence_without_an_end_the_text_goes_on(fence: str) -> None:
    text = f"Before.\n```\ncode\n```\n\n{fence}\n{BODY}\n\n> Quoted."
    assert prose(plain_text(text).text) == ["Before.", *BODY.split()]


SOMEBODY = "Somebody, 1999.\n\n"


@pytest.mark.parametrize(
    "text",
    [
        "References\n\n" + "A paragraph of the text.\n\n" * 9,
        "A title\n\nReferences\n\n" + SOMEBODY * 3 + "A paragraph of the text.\n\n" * 9,
        "# References\n\n" + SOMEBODY + "# Text\n\n" + "A paragraph of the text.\n\n" * 9,
    ],
)
def test_heading_of_references_over_the_text_itself_leaves_it(text: str) -> None:
    assert plain_text(text).text == text


MAIL = """\
From: Tom <tom@example.org>
To: Jane <jane@example.org>, and
 Bob <bob@example.org>
Subject: Re: the budget

Hi Jane,

On 3 October, Jane wrote:
> The budget needs
>> another look.
I have gone through it.
> Did you ask Bob?
I did.
{mark}
Tom Smith | History
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_of_mail_what_its_author_wrote_is_scored(end: str) -> None:
    text = MAIL.format(mark="-- ").replace("\n", end)
    prose = plain_text(text)
    assert len(prose.text) == len(text)
    assert [line for line in prose.text.splitlines() if line.strip()] == [
        "Hi Jane,", "I have gone through it.", "I did.",
    ]  # fmt: skip
    assert prose.set_apart == 9  # of the quotations
    included = plain_text(text, frozenset(("navigation", "quote"))).text
    assert included == text


@pytest.mark.parametrize(
    ("line", "scored"),
    [
        ("On Mon, 3 Oct 2022 at 10:11, Jane Doe\n<jane@example.org> wrote:", False),
        ("Am 03.10.22 um 10:11 schrieb Jane Doe:", False),
        ("Le 3 octobre 2022, Jane a écrit :", False),
        ("Jane Doe <jane@example.org> writes:", False),
        ("In 1999, Doe wrote:", True),
        ("On the whole, as she wrote:", True),
    ],
)
def test_line_above_a_quotation_in_a_mail_is_the_programs(line: str, scored: bool) -> None:
    said = plain_text(f"Hi,\n\n{line}\n> The budget.\n\nI did.").text.split()
    assert said == ["Hi,", *(line.split() if scored else []), "I", "did."]
    assert plain_text(f"{line}\n\nThe budget.").text.split()[:2] == line.split()[:2]


BODY_SET_IN = "    The words are set in,\n    and go on.\n\n"


@pytest.mark.parametrize("before", ["lowmem", "preseed/url (url)", "Dr. No", "A title of its own"])
def test_definitions_are_set_in_and_no_quotations(before: str) -> None:
    text = f"Prose.\nProse.\n\n{before}\n\n{BODY_SET_IN * 2}Prose.\nProse.\nProse.\n"
    assert plain_text(text).text == text
    code = text.replace(BODY_SET_IN * 2, f"{BODY_SET_IN}    x = f(1)\n    return x\n\n")
    assert "return" not in plain_text(code).text


@pytest.mark.parametrize(
    "before", ["She wrote:", "So she wrote.", "Prose\nwithout an end", "- An end:"]
)
def test_what_is_set_in_below_a_sentence_is_a_quotation(before: str) -> None:
    text = f"Prose.\nProse.\n\n{before}\n\n{BODY_SET_IN}Prose.\nProse.\n"
    assert ("words" in plain_text(text).text) == before.startswith("-")


def test_what_looks_like_mail_only_in_part_is_scored() -> None:
    text = "Anna: Where was it from?\nBob: From here.\n\nSubject: a person.\nObject: a thing.\n"
    text += "\nMarks such as\n  > or >> are common.\n"
    assert plain_text(text).text == text


def test_contents_with_dots_are_set_apart_in_plain_text() -> None:
    entries = "1 How it began ..... 1\n  1.1 Who . . . . . . 12\n2 How it\n  ended\t.....\tiv\n"
    text = "Contents\n\n{}\nHe waited .... and 3 hours later she came.\n"
    prose = plain_text(text.format(entries))
    assert prose.text.split() == text.format("").split()
    assert prose.set_apart == 0


ENTRIES = "1. Somebody, 1999.\n2. Another, 2001.\n\n3. Others, 2003,\n   again.\n\n"


@pytest.mark.parametrize("heading", ["References", "5. References"])
@pytest.mark.parametrize("entries", [SOMEBODY * 3, ENTRIES])
@pytest.mark.parametrize("above", ["A paragraph of the text.", "- An item\n\n- Another"])
def test_references_behind_the_text_are_set_apart(heading: str, entries: str, above: str) -> None:
    text = f"References\n\n{above}\n\n{'A paragraph of the text. ' * 3}\n\n{above}\n\n{heading}"
    assert plain_text(f"{text}\n\n{entries}").text.rstrip() == text
    if heading != "References":
        text = f"{text}\n\n{{}}6. An appendix\n\nOf its own.\n"
        assert plain_text(text.format(entries)).text.split() == text.format("").split()


@pytest.mark.parametrize("heading", ["References", "WORKS CITED:", "5. References", "# References"])
@pytest.mark.parametrize(
    "entries", ["Somebody, 1999.\nAnother, 2001.", "1. Somebody, 1999.\n2. Another."]
)
@pytest.mark.parametrize(("above", "below"), [("\n", "\n"), ("\n\n", "\n"), ("\n", "\n\n")])
def test_heading_of_references_may_stand_right_above_or_below_a_line(
    heading: str, entries: str, above: str, below: str
) -> None:
    text = f"{'A paragraph of the text. ' * 6}{above}{heading}"
    assert plain_text(f"{text}{below}{entries}\n").text.rstrip() == text


def test_references_that_the_contents_name_are_set_apart_where_they_stand() -> None:
    text = f"Contents\nHow it began\nReferences\n\n{'A paragraph. ' * 20}\n\nReferences"
    assert plain_text(f"{text}\n{SOMEBODY}").text.rstrip() == text
    for items in (
        "* One\n* References\n* Three", "1. One\n2. References\n3. Three",
        "Values\n  What they are.\n\nReferences\n  How they are named.\n\nScope\n  Where.",
    ):  # fmt: skip
        text = f"{'A paragraph of the text. ' * 9}\n\n{items}\n\nIts end.\n"
        assert plain_text(text).text == text


def test_of_headings_that_follow_each_other_the_lists_are_measured_together() -> None:
    essay, entries = "A paragraph of the text.\n\n" * 20, "Somebody, 1999: a title.\n\n" * 24
    contents = "My thesis\n\nContents\n\nIntroduction\n\n{}\n\n"
    for heading in ("References", "5. References", "REFERENCES:"):
        text = f"{contents.format('References')}{essay}{heading}"
        assert plain_text(f"{text}\n\n{entries}").text.rstrip() == text
    for text in (
        f"{contents.format('Footnotes')}{essay}References\n\n{entries}",
        f"A paragraph.\n\nFootnotes\n\n{entries}References\n\n{entries}",
    ):
        assert plain_text(text).text == text


@pytest.mark.parametrize(
    "words",
    [
        "Her work rests on many\nreferences\nand on nothing else, as she says.",
        "Her work rests on many\nReferences\n1999 brought.", "It is so.\nreferences\n1999 brought.",
        "She would send him a list of\nreferences", "Thirty nine parking\ncitations\nbefore lunch.",
        "He had big\nfoot notes\nand so on.", "References\nAvailable on request.",
        "References:\nTom Smith, my boss", "It is so.\nReferences\nOf all kinds.",
    ],
)  # fmt: skip
def test_word_alone_on_a_line_of_a_paragraph_is_no_heading_of_references(words: str) -> None:
    text = f"{'A paragraph of the text. ' * 9}\n\n{words}\n\nThen she left it.\n"
    assert plain_text(text).text == text


@pytest.mark.parametrize(
    "line", ["-----Original Message-----", "_" * 32, "---------- Forwarded message ---------"]
)
def test_head_of_a_mail_that_is_answered_or_passed_on_is_set_apart(line: str) -> None:
    head = "From: Tom <tom@example.org>\nSent: Monday\nTo: Jane\nSubject: Re: the budget"
    prose = plain_text(f"Here it is.\n\n{line}\n{head}\n\nHi Jane.\n")
    assert (prose.text.split(), prose.set_apart) == (["Here", "it", "is.", "Hi", "Jane."], 0)
    other = f"Here it is.\n\n{line}\nA paragraph.\n"
    assert plain_text(other).text == other


@pytest.mark.parametrize("item", ["- References", "3. References"])
def test_item_of_a_list_is_no_heading_of_references(item: str) -> None:
    for items in (f"{item}\n\n4. An item", f"2. An item\n\n{item}"):
        text = f"{'A paragraph of the text. ' * 9}\n\n{items}\n\nIts end.\n"
        assert plain_text(text).text == text


def test_word_document_with_everything_word_has(tmp_path: Path) -> None:
    w = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = f"""<w:document xmlns:w="{w}"
      xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:body>
      <w:sdt><w:sdtContent><w:p><w:r><w:t>In a control.</w:t></w:r></w:p></w:sdtContent></w:sdt>
      <w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj>
      </w:sdtPr><w:sdtContent><w:p><w:hyperlink><w:r><w:t>How it began</w:t></w:r></w:hyperlink>
      </w:p></w:sdtContent></w:sdt>
      <w:p><w:ins><w:r><w:t>Inserted</w:t></w:r></w:ins><w:del><w:r><w:delText>gone</w:delText></w:r>
      </w:del><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:hyperlink><w:r>
      <w:t xml:space="preserve"> linked</w:t></w:r></w:hyperlink><w:r><w:tab/><w:t>tab</w:t><w:br/>
      <w:t>line</w:t></w:r></w:p>
      <w:p><w:r><w:t>Before.</w:t><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r>
      <w:t>Box.</w:t></w:r></w:p></w:txbxContent></mc:Choice><mc:Fallback><w:pict><w:txbxContent><w:p>
      <w:r><w:t>Box.</w:t></w:r></w:p></w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent>
      </w:r></w:p>
      <w:p><w:r><w:fldChar w:fldCharType="begin"/><w:instrText>PAGE</w:instrText></w:r></w:p>
    </w:body></w:document>"""
    path = rewritten(tmp_path, "docx", {PARTS["docx"]: body.encode()})
    assert read_file(path) == "In a control.\n\nInserted linked tab line\n\nBefore.\n\nBox."


@pytest.mark.parametrize(
    "properties",
    ['<w:framePr w:dropCap="drop" w:lines="3"/>', '<w:rPr><w:del w:id="1" w:author="A"/></w:rPr>'],
    ids=["drop cap", "deleted end"],
)
def test_paragraph_of_word_that_goes_on_in_the_next(tmp_path: Path, properties: str) -> None:
    first = f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>O</w:t></w:r></w:p>"
    rest = "<w:p><w:pPr/><w:r><w:t>nce.</w:t></w:r></w:p>"
    table = "<w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>"
    for paragraphs, texts in (
        (first + rest + rest, ["Once.", "nce."]),
        (first, ["O"]),
        (first + table + rest, ["O", "", "nce."]),
    ):
        body = f"<w:document {W}><w:body>{paragraphs}</w:body></w:document>"
        path = rewritten(tmp_path, "docx", {PARTS["docx"]: body.encode()})
        assert [block.text for block in docx_blocks(path.read_bytes(), 50_000_000)] == texts


@pytest.mark.parametrize(
    ("properties", "kind"),
    [
        ('<w:ind w:left="720" w:right="720"/>', "quote"),
        ('<w:ind w:end="567" w:start="567" w:firstLine="200"/>', "quote"),
        ('<w:ind w:left="720"/>', "paragraph"),
        ('<w:ind w:left="-720" w:right="720"/>', "paragraph"),
        ('<w:ind w:left="200" w:right="200"/>', "paragraph"),
        ('<w:ind w:left="1cm" w:right=""/>', "paragraph"),
        ('<w:numPr><w:numId w:val="1"/></w:numPr><w:ind w:left="720" w:right="720"/>', "list_item"),
        ('<w:outlineLvl w:val="0"/><w:ind w:left="720" w:right="720"/>', "heading"),
    ],
)
def test_paragraph_of_word_set_in_on_both_sides_is_a_quotation(
    tmp_path: Path, properties: str, kind: Kind
) -> None:
    paragraph = f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>Words.</w:t></w:r></w:p>"
    body = f"<w:document {W}><w:body>{paragraph}</w:body></w:document>"
    path = rewritten(tmp_path, "docx", {PARTS["docx"]: body.encode()})
    assert [block.kind for block in docx_blocks(path.read_bytes(), 50_000_000)] == [kind]


@pytest.mark.parametrize(
    ("margins", "kind"),
    [
        (("0.5in", "1.25cm"), "quote"),
        (("36pt", "12.7mm"), "quote"),
        (("0.5in", "0in"), "paragraph"),
        (("-1cm", "1cm"), "paragraph"),
        (("10%", ""), "paragraph"),
    ],
)
def test_paragraph_of_opendocument_set_in_on_both_sides_is_a_quotation(
    tmp_path: Path, margins: tuple[str, str], kind: Kind
) -> None:
    namespaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{full}:1.0"'
        for name, full in (("office", "office"), ("style", "style"), ("text", "text"),
                           ("fo", "xsl-fo-compatible"))
    )  # fmt: skip
    body = (
        f"<office:document-content {namespaces}><office:automatic-styles><style:style "
        f'style:name="P1"><style:paragraph-properties fo:margin-left="{margins[0]}" '
        f'fo:margin-right="{margins[1]}"/></style:style></office:automatic-styles><office:body>'
        '<office:text><text:p text:style-name="P1">Words.</text:p></office:text></office:body>'
        "</office:document-content>"
    )
    path = rewritten(tmp_path, "odt", {PARTS["odt"]: body.encode()})
    assert [block.kind for block in odt_blocks(path.read_bytes(), 50_000_000)] == [kind]


@pytest.mark.parametrize(
    ("parent", "kind"),
    [
        ("Quotations", "quote"),
        ("Intense_20_Quote", "quote"),
        ("Preformatted_20_Text", "code"),
        ("Abstract", "paragraph"),
        ("My_20_own", "paragraph"),
    ],
)
def test_named_style_of_opendocument_is_what_it_inherits(
    tmp_path: Path, parent: str, kind: Kind
) -> None:
    with zipfile.ZipFile(DOCUMENTS / "pandoc/article.odt") as archive:
        named = archive.read("styles.xml").decode()
    own = f'<style:style style:name="My_20_own" style:parent-style-name="{parent}"/>'
    content = (
        '<o:x xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:t="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        'xmlns:s="urn:oasis:names:tc:opendocument:xmlns:style:1.0">'
        '<s:style s:name="P1" s:parent-style-name="My_20_own"/>'
        '<o:text><t:p t:style-name="P1">Words.</t:p></o:text></o:x>'
    )
    parts = {
        "styles.xml": named.replace("</office:styles>", f"{own}</office:styles>").encode(),
        PARTS["odt"]: content.encode(),
    }
    path = rewritten(tmp_path, "odt", parts)
    assert [block.kind for block in odt_blocks(path.read_bytes(), 50_000_000)] == [kind]


def test_document_within_a_word_document(tmp_path: Path) -> None:
    r = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    body = f'<w:document {W} {r}><w:body><w:altChunk r:id="a"/></w:body></w:document>'
    said = '<Relationships><Relationship Id="a" Target="{}"/></Relationships>'
    parts: dict[str, bytes | None] = {
        PARTS["docx"]: body.encode(),
        "word/a.html": b"<p>A paragraph.</p><pre>code</pre>",
        "word/b.mht": b"",
    }
    for target in ("a.html", "/word/a.html"):
        parts["word/_rels/document.xml.rels"] = said.format(target).encode()
        assert read_file(rewritten(tmp_path, "docx", parts)) == "A paragraph."
    parts["word/_rels/document.xml.rels"] = said.format("b.mht").encode()
    refused(rewritten(tmp_path, "docx", parts), r"holds another document \(b.mht\); save it anew")


def test_reading_does_not_touch_the_file(tmp_path: Path) -> None:
    for source in DOCUMENTS.glob("*/article.*"):
        path = tmp_path / source.name
        shutil.copy(source, path)
        path.chmod(0o444)
        read_file(path)
        assert path.read_bytes() == source.read_bytes()


def test_page_that_declares_an_encoding_that_is_none(tmp_path: Path) -> None:
    page = b"<meta charset=undefined><p>A caf\xe9 by the sea, and the boat was late again.</p>"
    (tmp_path / "a.html").write_bytes(page)
    assert "A café by the sea" in read_file(tmp_path / "a.html")


def test_damaged_compression_of_every_method(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr("_rels/.rels", "<Relationships/>" * 20)
        data = bytearray(path.read_bytes())
        begin = 30 + len("_rels/.rels") + 9  # behind the headers
        for i in range(begin, begin + 12):
            data[i] ^= 0x5A
        path.write_bytes(data)
        refused(path, "is not a Word document or a damaged one")


def test_name_that_is_none() -> None:
    refused(Path("a\0b.txt"), "is no name of a file")


def test_what_nobody_foresaw_is_the_error_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, how: Reading) -> str:
        raise KeyError("unforeseen")

    monkeypatch.setattr(results, "prose_of_file", fail)
    path = tmp_path / "a.txt"
    error = results.read(Input(str(path), path), Reading()).error
    assert error == "could not be read (KeyError: 'unforeseen'); save it anew"


def work(seconds: float) -> None:
    ended = time.monotonic() + seconds
    while time.monotonic() < ended:
        pass


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
@pytest.mark.parametrize(
    ("spend", "problem"),
    [
        (work, "took more than 0.05 s of work to read; it is damaged or made to do harm"),
        (
            time.sleep,
            "was not read in 0.5 s; its disk or this machine is too slow: try again",
        ),
    ],
)
def test_file_that_takes_for_ever_is_given_up(
    spend: Callable[[float], None],
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hang(path: Path, how: Reading) -> str:
        spend(10)
        return "never"

    started = time.monotonic()
    monkeypatch.setattr(results, "prose_of_file", hang)
    monkeypatch.setattr(results, "_SECONDS", 0.05)
    if spend is work:  # a busy machine may give it little of its time
        monkeypatch.setattr(time_limit, "_PATIENCE", 1000)
    path = tmp_path / "a.txt"
    before = signal.getsignal(signal.SIGALRM)
    error = results.read(Input(str(path), path), Reading()).error or ""
    assert error == problem
    assert time.monotonic() - started < 5
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


NOTE = "word " * 20_000


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"_rels/.rels": 'Target="a" ' * 20_000}, "is not a Word document"),
        ({"word/styles.xml": f"<w:styles {W}>" + "".join(
            f'<w:style w:styleId="{i}"><w:name w:val="x"/><w:basedOn w:val="{i - 1}"/></w:style>'
            for i in range(10_000)) + "</w:styles>"}, ""),
        ({"word/document.xml": f"<w:document {W}>{'<w:p/>' * 3_000_001}</w:document>"},
         "has more than 3,000,000 tags"),
        ({"word/document.xml": f"<w:document {W}><w:p>"
          + '<w:footnoteReference w:id="1"/>' * 10_000 + "</w:p></w:document>",
          "word/footnotes.xml": f'<w:footnotes {W}><w:footnote w:id="1"><w:p><w:r><w:t>{NOTE}'
          "</w:t></w:r></w:p></w:footnote></w:footnotes>"}, ""),
    ],
    ids=["relations", "styles", "tags", "notes"],
)  # fmt: skip
def test_small_word_documents_made_to_take_long(
    tmp_path: Path, parts: dict[str, str], message: str
) -> None:
    path = rewritten(tmp_path, "docx", {name: text.encode() for name, text in parts.items()})
    how = Reading(include=frozenset(("reference",)))
    started = time.process_time()
    if message:
        refused(path, message, how)
    else:
        assert len(read_file(path, how)) < 2 * len(NOTE)
    assert time.process_time() - started < 5


def test_kinds_of_styles_are_inherited_in_any_order(tmp_path: Path) -> None:
    styles = "".join(
        f'<w:style w:styleId="{id}"><w:name w:val="{name}"/><w:basedOn w:val="{parent}"/></w:style>'
        for id, name, parent in (("c", "x", "b"), ("a", "Quote", ""), ("b", "y", "a"),
                                 ("d", "z", "c"), ("e", "x", "f"), ("f", "y", "e"))
    )  # fmt: skip
    paragraphs = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{id}"/></w:pPr><w:r><w:t>{id}</w:t></w:r></w:p>'
        for id in "abcdef"
    )
    parts = {"word/styles.xml": f"<w:styles {W}>{styles}</w:styles>",
             "word/document.xml": f"<w:document {W}>{paragraphs}</w:document>"}  # fmt: skip
    path = rewritten(tmp_path, "docx", {name: text.encode() for name, text in parts.items()})
    kinds = [block.kind for block in docx_blocks(path.read_bytes(), 50_000_000)]
    assert kinds == ["quote"] * 4 + ["paragraph"] * 2


def test_texts_made_to_take_long() -> None:
    started = time.process_time()
    text = "".join(f"[k{i}] x [k{i}]\n\n" for i in range(30_000))
    assert len(plain_text(text).text) == len(text)
    for dots in (".", ". ", ". . x"):
        assert not is_of_contents(dots * 100_000)
    letters = b"{\\rtf1 " + b"\\'41" * 300_000 + b"}"
    assert join(rtf_blocks(letters)).text == "A" * 300_000
    assert time.process_time() - started < 5
