"""PDFs to blocks, where the article among the fixtures shows nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from byline_cli.blocks import Block, join
from byline_cli.readers.pdf import pdf_blocks
from byline_cli.readers.pdf_layout import Line, layout

pytestmark = pytest.mark.unit

VARIABLE = "\U0001d465"  # an italic x, as formulas have it
# In the fonts of `pdf_of` this byte is that letter.
TO_UNICODE = (
    "begincmap 1 begincodespacerange <00> <ff> endcodespacerange "
    "1 beginbfchar <7e> <d835dc65> endbfchar endcmap"
)


# For pages that are turned clockwise when they are shown: their contents lie the other way.
TURNED = {0: "1 0 0 1 0 0",
          90: "0 1 -1 0 800 0", 180: "-1 0 0 -1 600 800", 270: "0 -1 1 0 -200 600"}  # fmt: skip


def pdf_of(*lines: str, turn: int = 0) -> bytes:
    """A page with these lines; `/H`, `/B`, `/C`, `/S` begin Helvetica, bold, Courier, and small."""
    contents = [f"{TURNED[turn]} cm BT 12 TL 72 700 Td"]
    for line in lines:
        for piece in f" {line}".split(" /")[1:]:
            size = 6 if piece[0] == "S" else 10
            contents.append(f"/{piece[0]} {size} Tf ({piece[2:]} ) Tj")
        contents.append("T*")
    contents.append("ET")
    fonts = [
        f"<</Type/Font/Subtype/Type1/BaseFont/{name}/ToUnicode 5 0 R>>"
        for name in ("Helvetica", "Helvetica-Bold", "Courier", "Helvetica")
    ]
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Rotate {turn}/Contents 4 0 R"
        f"/Resources<</Font<</H {fonts[0]}/B {fonts[1]}/C {fonts[2]}/S {fonts[3]}>>>>>>",
        *(
            f"<</Length {len(stream)}>>stream\n{stream}\nendstream"
            for stream in ("\n".join(contents), TO_UNICODE)
        ),
    ]
    numbered = "\n".join(f"{i} 0 obj\n{object}\nendobj" for i, object in enumerate(objects, 1))
    return f"%PDF-1.4\n{numbered}\ntrailer<</Root 1 0 R>>\n%%EOF\n".encode()


def line(
    text: str, bottom: float, right: float = 500.0, left: float = 72.0, size: float = 12.0
) -> Line:
    return Line(text=text, left=left, right=right, bottom=bottom, size=size)


@pytest.mark.parametrize("font", ["B", "C"])
def test_line_with_a_word_in_bold_or_of_fixed_width_is_one_of_prose(font: str) -> None:
    source = pdf_of(
        "/H The first line of this paragraph names nothing at all that stands",
        f"/H out, the second one has /{font} something_longer /H in its very middle",
        "/H and the third is once more as plain as the first one was before.",
    )
    assert [block.kind for block in pdf_blocks(source)] == ["paragraph"]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_page_that_is_turned_reads_as_it_is_shown(turn: int) -> None:
    lines = (
        "/H The first line of this paragraph is as long as the one below it is,",
        "/H and the second one ends with a stop, at about the same place. Now",
        "",
        "/H another paragraph begins here, as the blank line above it tells,",
        "/H and its second line is the last.",
    )
    upright = pdf_blocks(pdf_of(*lines))
    assert len(upright) == 2
    assert pdf_blocks(pdf_of(*lines, turn=turn)) == upright


def test_small_letters_in_the_middle_of_a_line_are_not_its_size() -> None:
    source = pdf_of(
        "/H The first line of this paragraph holds no formula at all, and so",
        "/H it is of one size, but the next /S i, j, k /H has some in its middle, and is",
        "/H followed by a third, which is plain again.",
    )
    assert [block.kind for block in pdf_blocks(source)] == ["paragraph"]


def test_lines_in_a_font_of_fixed_width_are_code() -> None:
    blocks = pdf_blocks(pdf_of("/H A line of prose.", "/C x = 1", "/C print(x)"))
    assert blocks[1:] == [Block("code", "x = 1\nprint(x)")]


def test_places_are_those_of_the_letters_behind_a_formula() -> None:
    source = pdf_of(
        "/H Here ~ and ~ and ~ and ~ and ~ and ~ and ~ are said to be the numbers",
        "/H that a second line, ~, speaks of; and it goes on and on, up to the margin",
        "/H of the page, where a third takes over and ends what the first began.",
    )
    (block,) = pdf_blocks(source)
    assert block.text.startswith(f"Here {VARIABLE} and {VARIABLE} and")
    assert block.text.endswith("takes over and ends what the first began.")


def test_sentence_goes_on_behind_a_line_that_ends_a_little_early() -> None:
    page = [
        line("A line of this paragraph that reaches to the margin of the page, or", 700, 540),
        line("nearly so: the next word of it would have found its room right here,", 686, 490),
        line("for a margin is ragged where no word is divided and no line stretched.", 672, 420),
        line("Here another paragraph begins, for there was much room above.", 658, 530),
        line("its last line", 644, 130),
        line("a line for which there was room, too", 630, 300),
    ]
    assert [block.text.split()[0] for block in layout([page])] == ["A", "Here", "a"]


def test_contents_whose_dots_lead_to_pages_are_navigation() -> None:
    contents = ["1 How it began ..... 1", "2 How it went on . . . . . . 12", "Preface ········ iv"]
    texts = ["Contents", *contents, "How it began", "He waited .... 3 hours later she came."]
    page = [line(text, 700 - 14 * i, 540) for i, text in enumerate(texts)]
    scored = join(layout([page])).text
    assert " ".join(scored.split()) == f"{texts[0]} {texts[4]} {texts[5]}"


@pytest.mark.parametrize("every", [1, 5])
def test_numbers_of_lines_in_the_margin_are_left_out(every: int) -> None:
    words = "The words of this line are those of every other one, so that it is long enough"
    texts = [line(words, 4000 - 14 * i, 540) for i in range(100)]
    numbers = [line(str(i), 4014 - 14 * i, 60, left=50) for i in range(every, 101, every)]
    assert layout([numbers + texts]) == [Block("paragraph", " ".join([words] * 100))]


def test_a_few_numbers_are_no_numbers_of_lines() -> None:
    numbers = [line(str(i), 700 - 14 * i, 60) for i in range(10)]
    # The outermost may be the page's.
    assert join(layout([numbers])).text.split() == [number.text for number in numbers[1:-1]]


PROSE = "The words of a line of this page are many enough for a line of prose, and so"


def page_of(*lines: tuple[str, float]) -> list[Line]:
    """A page with these lines and their sizes, from its top."""
    return [line(text, 700 - 14 * i, size=size) for i, (text, size) in enumerate(lines)]


@pytest.mark.parametrize(
    ("top", "on", "size", "scored"),
    [
        ("{page} Chapter 3. It began", range(50, 60), 12, False),
        ("It began", range(50, 60, 2), 12, False),  # on right pages
        ("It began", range(0, 100, 10), 12, True),
        ("It began", range(50, 60), 20, True),  # on slides
        ("{page} 17 3.5", range(50, 60), 12, True),
    ],
)
def test_header_of_a_chapter_in_a_long_document_is_navigation(
    top: str, on: range, size: int, scored: bool
) -> None:
    pages = [
        page_of(
            (top.format(page=page) if page in on else f"{PROSE} {page * 'a'}", size),
            *[(f"{page}: {PROSE}", 12)] * 9,
        )
        for page in range(100)
    ]
    words = join(layout(pages)).text.split()
    assert words.count(top.split()[-1]) == (len(on) if scored else 0)


@pytest.mark.parametrize(
    ("above", "first", "scored"),
    [
        ("It ends here.", {"text": "Small", "mark": "1"}, False),
        ("It ends here.", {"text": "12 Small"}, False),
        ("It ends here.", {"text": "1. Small"}, True),
        ("Questions", {"text": "12 Small"}, True),
        ("Somebody, a university", {"text": "Small", "mark": "1"}, True),
    ],
)
def test_notes_that_take_more_room_than_the_text_are_set_apart(
    above: str, first: dict[str, Any], scored: bool
) -> None:
    pages = []
    for n in "abcde":
        page = page_of(*[(f"{n} {PROSE}", 12)] * 5, (above, 12), *[(f"{n} small {PROSE}", 9)] * 15)
        page[5] = replace(page[5], right=200)
        page[6] = replace(page[6], **first)
        pages.append(page)
    words = join(layout(pages)).text.split()
    assert (words.count("The"), words.count("small")) == (25 + scored * 70, scored * 70)
