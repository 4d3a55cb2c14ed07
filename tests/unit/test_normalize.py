"""Any text to the model's form and every offset back, in time that grows with the text's length."""

from __future__ import annotations

import re
import time
import unicodedata

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from byline.normalize import LOOKALIKE, as_it_came, normalize

pytestmark = pytest.mark.unit

# What changes length, order or neighbours under normalisation, beside all that Unicode has.
AWKWARD = [
    "a", "b", " ", "\t", ".", "*", "**", "_", "`", "```", "> ", ">", "#", "- ",
    "\r\n", "\r", "\n", "\u2028", "\x85", "\x00", "\x1b", "\x7f", "\ufeff", "\u200b", "\u200d",
    "\u00ad", "\ufe0f", "\u202e", "\u2066", "\u034f", "\u3164", "\U000e0041",
    "\u0301", "\u0323", "\u0345", "e\u0301", "ﬁ", "ﷺ", "½", "…", "‴", "ŉ", "㎏", "ᾳ",
    "\ud83d", "\ude00", "😀", "👩\u200d💻", "🏳\ufe0f\u200d🌈", "שלום", "مرحبا", "\u0644\u0627",
    "\u1100", "\u1161", "\u11a8", "ㄱ", "ㅏ", "ﾡ", "ￂ", "ｶ", "ﾞ", "한", "“", "’", "Ａ", "𝐀",
    "а", "ο", "[1]", "x[2]", ".[3][4]", "[",
]  # fmt: skip
ANY_TEXT = st.lists(
    st.one_of(
        st.sampled_from(AWKWARD), st.characters(), st.characters(categories=["Cs", "Mn", "Cf"])
    ),
    max_size=40,
).map("".join)

# Markup, lone controls and look-alikes are left out: taking one away can bring others together
# that now mean something ("*\u200b*"), and a second pass would take those.
SETTLED = [s for s in AWKWARD if not set(s) & {*"*_`>[\x00\x1b\x7f", *LOOKALIKE}]

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u202a\u202e\u2066\u2069\u200e\u200f\u034f\u3164"


def findings(raw: str) -> dict[str, int]:
    return {finding.kind: finding.count for finding in normalize(raw).findings}


@given(ANY_TEXT)
@example("")
@example("a" * 5 + "\u0323\u0301" * 200)
@settings(deadline=None, max_examples=300)
def test_map_leads_back_for_every_character(raw: str) -> None:
    normalized = normalize(raw)
    to_raw = normalized.to_raw
    assert to_raw.dtype == np.int32
    assert len(to_raw) == len(normalized.text) + 1
    assert to_raw[-1] == len(raw)
    assert (np.diff(to_raw) >= 0).all()
    # Each character has one it came from: none is at or beyond the end.
    assert ((0 <= to_raw[:-1]) & (to_raw[:-1] < max(len(raw), 1))).all()


@given(ANY_TEXT)
@settings(deadline=None, max_examples=300)
def test_nothing_hidden_is_left(raw: str) -> None:
    text = normalize(raw).text
    left = {c for c in text if unicodedata.category(c) in ("Cc", "Cs")}
    assert left <= {"\n", "\t"}
    assert not set(text) & {*INVISIBLE, "\ufe0f", "\U000e0041", "\r", "\u2028"}


@given(ANY_TEXT)
@settings(deadline=None, max_examples=200)
def test_as_it_came_changes_surrogates_only(raw: str) -> None:
    came = as_it_came(raw)
    assert came.text == "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in raw)
    assert came.to_raw.tolist() == list(range(len(raw) + 1))


@given(st.lists(st.sampled_from(SETTLED), max_size=40).map("".join))
@settings(deadline=None, max_examples=300)
def test_twice_is_once(raw: str) -> None:
    text = normalize(raw).text
    assert normalize(text).text == text
    assert unicodedata.is_normalized("NFKC", text)


@given(
    st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="*_`>"))
)
@settings(deadline=None)
def test_plain_text_stays(raw: str) -> None:
    assume(not re.search(r"\[\d", raw))
    normalized = normalize(raw)
    assert normalized.text == raw
    assert normalized.to_raw.tolist() == list(range(len(raw) + 1))
    assert not normalized.findings


def test_a_phrase_in_one_character_does_not_swell_the_text() -> None:
    assert len(normalize("\ufdfa" * 1000).text) <= 6000


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("“It’s ‘fine’,” she said.", "\"It's 'fine',\" she said."),
        ("«Well» ‴ ŉ", "\"Well\" ''' 'n"),
        ("one\r\ntwo\rthree\u2028four\x0bfive\x85six", "one\ntwo\nthree\nfour\nfive\nsix"),
        ("**bold**, *soft* and ***both***, __too__ and _so_", "bold, soft and both, too and so"),
        ("Call `f(x)` or ``g(x)``.", "Call f(x) or g(x)."),
        ("```python\nx\n```", "```python\nx\n```"),
        ("> quoted\n> > twice\n>thrice", "quoted\ntwice\nthrice"),
        ("> quoted\r> > twice\u2028>thrice", "quoted\ntwice\nthrice"),
        ("2 * 3 * 4 > 5 and snake_case_name", "2 * 3 * 4 > 5 and snake_case_name"),
        ("* item\n- item", "* item\n- item"),
        (
            "It rained.[1] A cat’s[2][13] (or so)[3]: “way”[4], **far**[5] and *off*[6]; 5%[7].",
            'It rained. A cat\'s (or so): "way", far and off; 5%.',
        ),
        ("[1] One, see [4], [5][6] and '[7]' of [x][8]",) * 2,
        ("a[1](url), x[2](y), f[0] = 1, f[0]=1, v[0].b, p[0]->q, b[[2]] and [x][y].[1999]",) * 2,
        ("e\u0301 e\u200b\u0301 =\u0338", "é é ≠"),
        ("ﬁve oﬃces, ½ ㎏…", "five offices, 1⁄2 kg..."),
        ("a\u00a0b\u2003c\u3000d", "a b c d"),
        ("ㄱㅏ \u1112\u1161\u11ab ｶﾞ", "가 한 ガ"),
        ("co\u00adoperate", "cooperate"),
        ("\ud800 x \ud83d\ude00", "\ufffd x \ufffd\ufffd"),
    ],
)
def test_forms(raw: str, text: str) -> None:
    assert normalize(raw).text == text


def test_spans_lead_back_through_what_was_taken_out() -> None:
    raw = "A 😀 “ﬁne”\u200b **day**, e\u0301h?\r\nYes."
    normalized = normalize(raw)
    for word, origin in [("fine", "ﬁne"), ("day", "day"), ("éh", "e\u0301h"), ("Yes", "Yes")]:
        start = normalized.text.index(word)
        first, last = normalized.to_raw[[start, start + len(word)]]
        # What was taken out behind a word belongs to it: a combining mark can't be told from it.
        assert raw[first:last].rstrip("*\u200b”") == origin


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("The h\u043euse is \u0430 home.", {"homoglyphs": 2}),  # о in a word, а as a word
        ("We st\u03bfpped. Then α rose.", {"homoglyphs": 2}),  # beside a disguise, any look-alike
        ("c\u0430f\u00e9 life", {"homoglyphs": 1}),
        ("ha\u200bppy d\u200cays", {"zero_width": 2}),
        ("ha\U000e0041ppy d\u034fay\u3164s", {"zero_width": 3}),
        ("reve\u202ersed", {"bidi": 1}),
        ("𝐁𝐨𝐥𝐝 and Ｗｉｄｅ", {"styled_letters": 8}),
        ("a\x00\x01b\x1b", {"control_characters": 3}),
        ("a\ud800b", {"invalid_unicode": 1}),
    ],
)
def test_findings(raw: str, found: dict[str, int]) -> None:
    assert findings(raw) == found


@pytest.mark.parametrize(
    "raw",
    [
        "Пока мы шли домой, началась гроза. Я и он о ней не знали, а она росла.",
        "Η γάτα και ο σκύλος είναι φίλοι. Το σπίτι είναι κοντά στη θάλασσα.",
        "The word дом means house, and вода means water.",
        "Let α = 0.05 and ρ < 1, with NF-κB, TNFα and a χ² test.",
        "Our team 👩\u200d💻👨\u200d👩\u200d👧 won ❤\ufe0f 🏴\U000e0067\U000e0062\U000e007f!",
        "\ufeffA byte order mark begins the file.",
        "שלום\u200f, \u202bעולם\u202c",
        "می\u200cخواهم",
        "A naïve café résumé, Zürich and Łódź.",
        "Soft\u00adhyphens are the typesetter's.",
    ],
)
def test_no_finding_in_honest_text(raw: str) -> None:
    assert findings(raw) == {}


def test_disguised_words_become_english() -> None:
    lookalike = {latin: other for other, latin in LOOKALIKE.items()}
    plain = "Once a year we open the old house and its top window to see a cat."
    # Every letter that has one: whole words of other alphabets, as "a" and "see" now are.
    disguised = "".join(lookalike.get(c, c) for c in plain)
    assert normalize(disguised).text == plain


@pytest.mark.parametrize(
    "pattern",
    [
        "*", "_", "`", ">", ">\n", "*a", "a*", "\u200b", "a\u200b", "\u202e", "\r",
        "\x00", "\ud800", "\u0301", "\u0301\u0323", "а", "aа", "а ", "аж", "ﬁ", "ﷺ", "“a” ", "ㄱㅏ",
        "\u1161", "é", "😀", "[", "[1]", "a[1]",
    ],
)  # fmt: skip
def test_time_is_linear(pattern: str) -> None:
    text = pattern * (200_000 // len(pattern))
    start = time.process_time()
    normalize(f"a{text}é")
    # Takes a tenth of this; what grew with the square took minutes.
    assert time.process_time() - start < 8


@pytest.mark.parametrize("word", ["a" * 1_000_000, "é" * 1_000_000, "a" * 999_999 + "а"])
def test_time_of_a_million_letters_without_a_space(word: str) -> None:
    start = time.process_time()
    assert len(normalize(word).text) == len(word)
    assert time.process_time() - start < 10
