"""Sentences and blocks: nothing lost, nothing twice, and no text that takes for ever."""

from __future__ import annotations

import itertools
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byline.normalize import as_it_came, normalize
from byline.segment import MAX_SENTENCE_CHARACTERS, count_words, segment
from byline.types import BlockKind

pytestmark = pytest.mark.unit

PARTS = [
    "Hello there. ", "What now? ", "Dr. Smith went at 5 p.m. home! ", "\n", "\n\n", " ", "\t",
    "# Heading\n", "#", "- item\n", "* ", "1. first\n", "(a) ", "```\n", "~~~\n", "```x``` ",
    "| a | b |\n", "|", "---\n", "===", "“Quoted.” ", "e.g. this", "😀 ", "👩💻. ", "שלום. ", "é",
    "\nQ: ", "\n10:02 ", "word " * 200, "x" * 700,
    "...", "!?", ".", "\u3000", "日本語。", "A Title\n",
]  # fmt: skip
LAYOUT = re.compile(r"(?:[\s`#*+•‣▪◦·–=_~|()-]|\b\(?(?:\d{1,3}|[A-Za-z])[.)]|Q:|10:02)*")


def parts(text: str) -> list[tuple[str, BlockKind]]:
    return [(text[s.start : s.end], s.block) for s in segment(text)]


@given(st.lists(st.sampled_from(PARTS), max_size=25).map("".join))
@settings(deadline=None, max_examples=300)
def test_sentences_are_in_order_and_only_layout_lies_between(text: str) -> None:
    sentences = segment(text)
    ends = [0, *(sentence.end for sentence in sentences)]
    starts = [*(sentence.start for sentence in sentences), len(text)]
    for end, start in zip(ends, starts, strict=True):
        assert end <= start
        assert LAYOUT.fullmatch(text[end:start]), text[end:start]
    for sentence in sentences:
        span = text[sentence.start : sentence.end]
        assert span.strip()
        assert sentence.block in ("code", "table") or span == span.strip()
        assert sentence.block in ("code", "table") or len(span) <= MAX_SENTENCE_CHARACTERS


@given(st.lists(st.sampled_from(["one", "two,", "three.", "Four!", "5", "—", "x" * 900])))
@settings(deadline=None)
def test_every_word_counts_once(words: list[str]) -> None:
    text = " ".join(words)
    # An enumerator at the start is layout and no word; none of the words here is one.
    assert sum(s.words for s in segment(text)) == sum(word != "—" for word in words)


def test_a_word_has_a_letter_or_a_digit() -> None:
    assert count_words("It's 5 o'clock — don't … * you-know-who 😀 naïve") == 6


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (" \n\t\n", []),
        ("One. Two!", [("One.", "paragraph"), ("Two!", "paragraph")]),
        ("One\ntwo. Three.", [("One\ntwo.", "paragraph"), ("Three.", "paragraph")]),
        ("# Top\nText here.", [("Top", "heading"), ("Text here.", "paragraph")]),
        ("### Top", [("Top", "heading")]),
        ("Top\n===\nIt is so.", [("Top", "paragraph"), ("It is so.", "paragraph")]),
        ("A short title\n\nIt is so.", [("A short title", "heading"), ("It is so.", "paragraph")]),
        ("- one\n- two", [("one", "list_item"), ("two", "list_item")]),
        ("1. One. Two.\n2) Three.", [("One.", "list_item"), ("Two.", "list_item"),
                                     ("Three.", "list_item")]),
        ("* one\n  goes on", [("one\n  goes on", "list_item")]),
        ("It is:\n- one", [("It is:", "paragraph"), ("one", "list_item")]),
        ("So.\n\n---\n\nIt goes.", [("So.", "paragraph"), ("It goes.", "paragraph")]),
        ("So.\n```py\nx. y.\n```\nIt goes.", [("So.", "paragraph"), ("```py\nx. y.\n```", "code"),
                                              ("It goes.", "paragraph")]),
        ("So.\n````\nnever closed. It", [("So.", "paragraph"), ("never closed.", "paragraph"),
                                         ("It", "paragraph")]),
        ("~~~\nIt is.\n~~~\nSo.", [("It is.", "paragraph"), ("So.", "paragraph")]),
        ("~~~\nIt is.", [("It is.", "paragraph")]),
        ("~~~ Part two\nIt is.\n~~~\nSo.", [("~~~ Part two\nIt is.", "paragraph"),
                                            ("So.", "paragraph")]),
        ("~~~ py\nx. y.\n~~~\nSo.", [("~~~ py\nx. y.\n~~~", "code"), ("So.", "paragraph")]),
        ("```\n~~~\nx\n```\nSo.", [("```\n~~~\nx\n```", "code"), ("So.", "paragraph")]),
        ("```not a block``` it says.\nIt goes.", [("```not a block``` it says.", "paragraph"),
                                                  ("It goes.", "paragraph")]),
        ("| a | b |\n|---|---|\nIt goes.", [("| a | b |", "table"), ("|---|---|", "table"),
                                            ("It goes.", "paragraph")]),
        ("The value |x| is small.", [("The value |x| is small.", "paragraph")]),
    ],
)  # fmt: skip
def test_blocks(text: str, found: list[tuple[str, BlockKind]]) -> None:
    assert parts(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ann: Who?\nBo: I\nam.\n\nAnn: fine\n\nBo: ok\nAnn: so",
         ["Who?", "I\nam.", "fine", "ok", "so"]),
        ("[3/4/2019, 10:02:11 PM] Ann: Who?\n[3/4/2019, 10:02:12 PM] Bo: I.\n"
         "[3/4/2019, 10:03:00 PM] Ann: So.\nIt is.", ["Who?", "I.", "So.", "It is."]),
        ("3/4/19, 10:02 AM - Bo Li: Who?\n3/4/19, 10:03 - Ann: I.\n3/5/19, 9:01 - Ann: So.",
         ["Who?", "I.", "So."]),
        ("10:02 <ann> Who?\n10:02 <bo> I.\n10:03 <ann> So.", ["Who?", "I.", "So."]),
        ("<ann> Who?\n<bo> I.\n<ann> So.\n<bo> It is.", ["Who?", "I.", "So.", "It is."]),
        ("- Q: Who?\n- A: I.\n- Q: So?\n- A: It is.", ["Who?", "I.", "So?", "It is."]),
        ("  Name : One.\n  Age  : Two\n\n  Name : Four\n  Age  : 5", ["One.", "Two", "Four", "5"]),
        ("2019-03-04 10:02:11,123 One.\n2019-03-04T10:02:12 Two.\n2019-03-04: So.",
         ["One.", "Two.", "So."]),
        ("3:16 For so.\n3:17 And so.\n3:18 He that.", ["For so.", "And so.", "He that."]),
        ("[1] One.\n[2] Two.\n[3] So.", ["One.", "Two.", "So."]),
        # Of prose, too, a line may begin so.
        ("He was in at\n10:30, she\n11:15 or so.", ["He was in at\n10:30, she\n11:15 or so."]),
        ("Cost: low.\nSpeed: high.", ["Cost: low.", "Speed: high."]),
        ("Day one\nPro: I.\nSo.\nDay two\nPro: It is.\nSo.",
         ["Day one\nPro: I.", "So.", "Day two\nPro: It is.", "So."]),
        ("2 cups\n1.5 spoons\n1/2 egg", ["2 cups\n1.5 spoons\n1/2 egg"]),
        ("1.1.1 One\nIs so.\n\n1.1.10 Two\nIt is.\n\n1.2.3 So\nBe it.",
         ["1.1.1 One\nIs so.", "1.1.10 Two\nIt is.", "1.2.3 So\nBe it."]),
        ("04.03.19, 10:02 - Ann: Who?\n4.3.2019 10:03 - Bo: I.\n04.03.19, 10:04 - Ann: So.",
         ["Who?", "I.", "So."]),
        ("| a: | b |\n| a: | c |", ["| a: | b |", "| a: | c |"]),
    ],
)  # fmt: skip
def test_who_speaks_and_when_is_layout(text: str, found: list[str]) -> None:
    assert [part for part, _ in parts(text)] == found


def test_code_and_tables_are_counted_but_not_scored() -> None:
    sentences = segment("Two words.\n```\nthree more words\n```\n| a | b |")
    assert [(s.words, s.scored) for s in sentences] == [(2, True), (3, False), (2, False)]


def test_offsets_are_code_points() -> None:
    # Counted in bytes or UTF-16 code units, every span after the emoji would be shifted.
    text = "😀👩‍💻 naïve 𝐱 start. Second one here. 日本 third."
    assert [t for t, _ in parts(text)] == [
        "😀👩‍💻 naïve 𝐱 start.", "Second one here.", "日本 third."
    ]  # fmt: skip


WIDE_SPACES = [c for c in map(chr, range(0x80, 0x3001)) if c.isspace()]


@pytest.mark.parametrize("space", WIDE_SPACES, ids=ascii)
def test_a_wide_space_is_a_space(space: str) -> None:
    # Of the spaces that normalizing leaves, U+1680 alone is one; the text as it came has them all.
    text = f"It was plan B{space}. He{space}went.{space}So did I."
    plain = text.replace(space, " ")
    for prepared in (as_it_came(text).text, normalize(text).text):
        spans = [(s.start, s.end) for s in segment(prepared)]
        if "\n" not in prepared:
            assert spans == [(s.start, s.end) for s in segment(plain)]
        assert [part.split()[-1] for part, _ in parts(prepared)][-2:] == ["went.", "I."]


class PanicException(BaseException):
    """As Rust's panics come: of no other class, and out of no module that could be imported."""


@pytest.mark.parametrize("error", [PanicException, KeyboardInterrupt, MemoryError])
def test_where_sentencex_panics_the_text_is_one_sentence(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    text = "One. Two!\n\n- " + "word " * 200
    monkeypatch.setattr("sentencex.get_sentence_boundaries", fail)
    if error is PanicException:
        assert parts(text)[0][0] == "One. Two!"
        assert sum(s.words for s in segment(text)) == 202
    else:
        with pytest.raises(error):
            segment(text)


def test_a_long_sentence_is_cut_between_words() -> None:
    text = "word " * 1000
    spans = [t for t, _ in parts(text)]
    assert len(spans) > 5
    assert " ".join(spans) == text.strip()
    assert max(map(len, spans)) <= MAX_SENTENCE_CHARACTERS


def test_an_endless_word_is_cut_and_counts_once() -> None:
    sentences = segment("It is " + "x" * 100_000 + " so.")
    assert max(s.end - s.start for s in sentences) <= MAX_SENTENCE_CHARACTERS
    assert sum(s.words for s in sentences) == 4


@pytest.mark.parametrize(
    ("before", "pattern", "after"),
    [("", "~", " a b"), ("~~~", " ", "x y"), *(("", pattern, "x") for pattern in (
        "- ", "- \n", "- x\n", "#", "#\n", "# ", "|", "|a|\n", "| ", "\n", " ", "a", ".", ". ",
        "a. ", "A! ", "1. ", "```\n", "`", "“", "(", "-=", "Dr. ", "Title\nBelow\n", "“a.” ", "...",
        "😀", "。", "「", "‘", "~", "~ ",
    ))],
)  # fmt: skip
def test_time_is_linear(before: str, pattern: str, after: str) -> None:
    def seconds(characters: int) -> float:
        start = time.process_time()
        segment(before + pattern * (characters // len(pattern)) + after)
        return time.process_time() - start

    # The least of three: a collection of the garbage of all tests before takes most of a second.
    short, long = (min(seconds(n) for _ in range(3)) for n in (100_000, 200_000))
    # Twice the text may take three times as long, and half a second of noise.
    assert long < 3 * short + 0.5


def test_a_million_characters() -> None:
    text = "It was late, and we left. " * 40_000
    start = time.process_time()
    sentences = segment(text)
    assert len(sentences) == 40_000
    assert all(a.end < b.start for a, b in itertools.pairwise(sentences))
    assert time.process_time() - start < 10
