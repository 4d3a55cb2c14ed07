"""One article from every format: the same blocks, the same text."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from byline.segment import segment
from byline_cli.blocks import SET_APART, Block, Kind, by_looks, join
from byline_cli.readers.files import KINDS, Reading, read_file
from byline_cli.readers.html import html_blocks

pytestmark = pytest.mark.unit

DOCUMENTS = Path(__file__).parents[1] / "fixtures" / "documents"
ARTICLES = sorted(DOCUMENTS.glob("*/article.*"))
CODE = "seconds = 86400 * days"
CELL = "Temperature"
QUOTE = "conscience of the street"
NOTE = "eleven keepers between 1887 and 1961"
# What each reader can tell apart; the rest is covered by the formats' own tests.
MARKED = {"code": CODE, "table": CELL, "quote": QUOTE, "reference": NOTE}


def prose(text: str) -> list[str]:
    """The words that are scored: bullets and numbers of items are layout."""
    return " ".join(text[s.start : s.end] for s in segment(text)).split()


def identifier(path: Path) -> str:
    return f"{path.parent.name}-{path.suffix[1:]}"


def test_there_is_an_article_in_every_format() -> None:
    suffixes = {path.suffix for path in ARTICLES}
    assert suffixes == set(KINDS) - {".markdown", ".htm", ".xhtml"}
    assert {path.parent.name for path in ARTICLES} == {"pandoc", "libreoffice"}


@pytest.mark.parametrize("path", ARTICLES, ids=identifier)
def test_words_agree_with_the_source(path: Path) -> None:
    expected = prose(read_file(DOCUMENTS / "source.md"))
    assert 550 < len(expected) < 600
    found = prose(read_file(path))
    matcher = difflib.SequenceMatcher(None, expected, found, autojunk=False)
    same = sum(block.size for block in matcher.get_matching_blocks())
    assert same >= 0.99 * max(len(expected), len(found))


@pytest.mark.parametrize("path", ARTICLES, ids=identifier)
def test_paragraphs_headings_and_items_are_units_of_their_own(path: Path) -> None:
    text = read_file(path)
    sentences = [" ".join(text[s.start : s.end].split()) for s in segment(text)]
    for unit in (
        "The Clock on Harbour Street",
        "What the weights do",
        "Take the crank from its hook and check that the pin is still in it.",
        "My grandmother, who is ninety-six, said that I should mind my own business.",
        "I forgot the third rule only once.",
        # Of the words that the PDF divides at the ends of lines and pages.
        "My grandmother set her kitchen by it, and my father missed a train because of it.",
    ):
        assert unit in sentences, unit


@pytest.mark.parametrize("path", ARTICLES, ids=identifier)
def test_what_is_set_apart_is_left_out_unless_asked_for(path: Path) -> None:
    dense = "".join(read_file(path).split())
    assert [kind for kind, words in MARKED.items() if "".join(words.split()) in dense] == []
    for kind, words in MARKED.items():
        included = read_file(path, Reading(include=frozenset((kind,))))  # type: ignore[arg-type]
        scored = "".join(prose(included))
        for other, others in MARKED.items():
            assert ("".join(others.split()) in scored) == (other == kind), (kind, other, words)


@pytest.mark.parametrize("name", ["libreoffice/article.pdf", "libreoffice/article.html"])
def test_headers_and_page_numbers_are_navigation(name: str) -> None:
    title = "The Clock on Harbour Street"
    assert read_file(DOCUMENTS / name).count(title) == 1
    included = read_file(DOCUMENTS / name, Reading(include=frozenset(("navigation",))))
    assert included.count(title) > 1


def test_contents_are_navigation() -> None:
    for name in ("pandoc/article.html", "pandoc/article.epub"):
        assert read_file(DOCUMENTS / name).count("What the weights do") == 1


def test_blocks_are_joined_one_a_line() -> None:
    blocks = [
        Block("heading", "A  heading"),
        Block("paragraph", "One\nparagraph."),
        Block("paragraph", " \n"),
        Block("table", "a b\nc d"),
        Block("code", "x = 1\ny = 2"),
    ]
    assert join(blocks).text == "A heading\n\nOne paragraph."
    everything: frozenset[Kind] = frozenset(SET_APART)
    assert join(blocks, everything).text == (
        "A heading\n\nOne paragraph.\n\na b\n\nc d\n\nx = 1\n\ny = 2"
    )


def test_looks_of_a_whole_document_tell_nothing() -> None:
    typed = [Block("heading", "A title"), Block("code", "A manuscript in one style."),
             Block("quote", "Quoted."), Block("paragraph", "Other.")]  # fmt: skip
    assert join(by_looks(typed)).text == "A title\n\nA manuscript in one style.\n\nOther."
    typed[1] = Block("code", "x = 1")
    assert join(by_looks(typed)).text == "A title\n\nOther."


def test_table_that_only_puts_paragraphs_in_their_places_is_prose() -> None:
    paragraph = " ".join(["word"] * 61)
    assert join([Block("table", f"a b\n{paragraph}\nc d")]).text == paragraph
    assert (
        join(html_blocks(f"<table><tr><td>a<td>b<tr><td><p>{paragraph}</table>")).text == paragraph
    )


@pytest.mark.parametrize("heading", [
    "References", "7. Bibliography", "WORKS CITED:", "Footnotes", "6.1 References",
    "Reference list", "List of References", "References Cited", "IV. Work Cited", "Works Consulted",
    "Selected Bibliography",
])  # fmt: skip
def test_lists_of_references_end_at_the_next_heading(heading: str) -> None:
    blocks = [
        Block("heading", heading),
        Block("list_item", "Somebody, Something, 1999."),
        Block("heading", "Afterword"),
        Block("paragraph", "It goes on."),
    ]
    assert join(blocks).text == "Afterword\n\nIt goes on."


@pytest.mark.parametrize("heading", ["Sources", "Notes", "Annotated Bibliography"])
def test_other_headings_begin_no_list_of_references(heading: str) -> None:
    blocks = [Block("heading", heading), Block("paragraph", "A paragraph of the text.")]
    assert join(blocks).text.endswith("A paragraph of the text.")


def test_references_under_a_word_without_a_style_are_set_apart() -> None:
    text = Block("paragraph", "A paragraph of the essay, which has no headings.")
    entry = Block("paragraph", "Somebody, Something, 1999.")
    word = Block("paragraph", "Works Cited")
    assert join([text, word, entry]).text == text.text
    after = Block("heading", "Afterword")
    assert join([text, word, entry, after, text]).text.endswith(f"Afterword\n\n{text.text}")
    item = Block("list_item", "References")  # of `5. References`, as word processors have it
    assert join([text, item, entry]).text == text.text
    other = Block("list_item", "Appendix")
    for rest in ([item, entry, other, entry], [item, other, entry], [other, item, entry]):
        assert join([text, text, *rest]).text.endswith(entry.text)
    contents = [Block("paragraph", "Contents"), word, text]
    assert join(contents).text.split("\n\n") == [block.text for block in contents]
