"""Raw text to the form the model knows, with the way back for every offset.

Three things are taken out of the model's sight, because they say nothing about who wrote:

* disguise - zero-width and direction controls, look-alike letters of other alphabets, letters
  from the mathematical and full-width blocks. Each is reported as a finding;
* encoding - compatibility forms (Unicode NFKC, UAX #15), typographic quotes, odd spaces,
  control characters, line endings;
* markup - emphasis marks, inline code ticks and quote prefixes of Markdown and e-mail, and marks of
  notes: numbers in brackets at the end of what they belong to.

Whitespace is otherwise left alone: the tokenizer ignores it and `segment` needs the line breaks.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

import numpy as np

from byline.types import Finding, FindingKind, NormalizedText

# Look-alikes after Unicode's confusables data (UTS #39), for letters of English only.
_CYRILLIC_GREEK = "аеорсухіјѕԁһӏԛԝьАВЕКМНОРСТУХІЈЅԌԚԜαοινρυχτκΑΒΕΖΗΙΚΜΝΟΡΤΥΧօոսցհԼՕՏ"
_LATIN = "aeopcyxijsdhlqwbABEKMHOPCTYXIJSGQWaoivpuxtkABEZHIKMNOPTYXonughLOS"
LOOKALIKE = dict(zip(_CYRILLIC_GREEK, _LATIN, strict=True))
_LOOKALIKES = "".join(LOOKALIKE)

_QUOTES = {**dict.fromkeys("‘’‚‛ʼ′", "'"), **dict.fromkeys("“”„‟″«»", '"')}
# Unicode's Default_Ignorable_Code_Point, but for the two sets below.
_ZERO_WIDTH = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u3164\ufeff\uffa0"
) | {chr(c) for a, b in ((0x2060, 0x2066), (0x206A, 0x2070), (0xFFF0, 0xFFF9), (0xE0000, 0xE0100))
     for c in range(a, b)}  # fmt: skip
_SILENT = frozenset("\u00ad") | {
    chr(c) for a, b in ((0x180B, 0x180E), (0xFE00, 0xFE10), (0xE0100, 0xE01F0)) for c in range(a, b)
}
_BIDI = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
HIDDEN = _ZERO_WIDTH | _BIDI
"""Characters that can't be seen, but tell on a text."""

# Numbers in brackets right behind a word or sentence, and whatever closes those. Of code, what an
# operator, a call or a name follows is spared; another index in prose is taken for one.
_NOTE_MARKS = (
    r"(?:(?<=[\w.!?…%)])|(?<=\w[,;:])|(?<=[\w.!?…)][\"'”’»*`])|(?<=[\w.!?…)]\*\*))"
    r"(?:\[\d{1,3}\])+(?![\w(`\[\]]|[ ]?[=<>+]|\.\w|->)"
)
# What may need work begins with one of these; looking for them alone makes plain text cheap.
_CANDIDATE = re.compile(r"[\x00-\x08\x0b-\x1f*>\[_`\x7f-\U0010ffff]")
_TREATED = re.compile(
    r"(?P<newline>\r\n?|[\u2028\u2029\x0b\x0c\x85])"
    r"|(?P<control>[\x00-\x08\x0e-\x1f\x7f-\x9f]+)"
    r"|(?P<markup>"
    r"(?:(?m:^)|(?<=[\r\u2028\u2029\x0b\x0c\x85])|(?<=\n[ \t])|(?<=\n[ \t]{2})|(?<=\n[ \t]{3}))"
    r"(?:>[ \t]?)+"
    r"|\*\*+|__+|(?<!`)`{1,2}(?!`)|(?<![\w*])\*(?=[\w\"'(])|(?<=[\w.,!?;:\"')])\*(?![\w*])"
    r"|(?<![\w_])_(?=[^\W_])|(?<=[^\W_])_(?![\w_])"
    rf"|{_NOTE_MARKS})"
    r"|(?P<unicode>[^\x00-\x9f\u2028\u2029]+)"
)
# Begun only where a word begins: from every letter of a long word it would take quadratic time.
_LATIN_LETTERS = "A-Za-zÀ-ÖØ-öø-ɏ"
_MIXED_WORD = re.compile(
    rf"(?<![{_LATIN_LETTERS}{_LOOKALIKES}])[{_LATIN_LETTERS}]*+"
    rf"[{_LOOKALIKES}][{_LATIN_LETTERS}{_LOOKALIKES}]*+"
)
_PLAIN_LETTERS = re.compile("[a-z].*[a-z]", re.DOTALL)
_GREEK = re.compile("[\u0370-\u03ff]")
_LONGEST_CLUSTER = 32
_MOST_UNFOLDED = 6
"""What a character may become; a few hold whole phrases (U+FDFA: 18), which would swell a text."""
_MESSAGES: dict[FindingKind, str] = {
    "zero_width": "Invisible zero-width characters were found inside the text.",
    "bidi": "Invisible characters that change the reading direction were found.",
    "homoglyphs": "Letters of another alphabet stand in for look-alike English ones.",
    "styled_letters": "Letters from mathematical or full-width blocks stand in for plain ones.",
    "control_characters": "Control characters were found; is this a text file?",
    "invalid_unicode": "Lone surrogates were found: the text was damaged or wrongly decoded.",
}


def normalize(raw: str) -> NormalizedText:
    """Bring a text into the model's form.

    Args:
        raw: any string; lone surrogates and NULs are allowed.

    Returns:
        The text, which is free of surrogates and controls, its map to `raw`, and findings.
    """
    counts: Counter[FindingKind] = Counter()
    disguised = _disguised_letters(raw)
    pieces: list[str] = []
    origins: list[np.ndarray] = []
    done = 0
    found = _CANDIDATE.search(raw)
    while found:
        start = found.start()
        match = _TREATED.match(raw, start)
        if match is None:
            found = _CANDIDATE.search(raw, start + 1)
            continue
        end, kind = match.end(), match.lastgroup
        if kind == "unicode":
            if start > done:
                start -= 1  # it may be the base of a combining mark
            text, origin = _fold(raw, start, end, disguised, counts)
        elif kind == "newline":
            text, origin = "\n", [start]
        else:
            text, origin = "", []
            if kind == "control":
                counts["control_characters"] += end - start
        _keep(raw, done, start, pieces, origins)
        pieces.append(text)
        origins.append(np.asarray(origin, dtype=np.int32))
        done = end
        found = _CANDIDATE.search(raw, end)
    _keep(raw, done, len(raw), pieces, origins)
    origins.append(np.asarray([len(raw)], dtype=np.int32))
    findings = tuple(Finding(kind, n, _MESSAGES[kind]) for kind, n in sorted(counts.items()))
    return NormalizedText("".join(pieces), np.concatenate(origins), findings)


def as_it_came(raw: str) -> NormalizedText:
    """Change nothing but what a tokenizer can't take (lone surrogates), one for one."""
    text = raw.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if len(text) != len(raw):  # surrogates in pairs decode to one code point
        text = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in raw)
    return NormalizedText(text, np.arange(len(raw) + 1, dtype=np.int32))


def _keep(raw: str, start: int, end: int, pieces: list[str], origins: list[np.ndarray]) -> None:
    if start < end:
        pieces.append(raw[start:end])
        origins.append(np.arange(start, end, dtype=np.int32))


def _fold(
    raw: str, start: int, end: int, disguised: frozenset[int], counts: Counter[FindingKind]
) -> tuple[str, list[int]]:
    """Fold a run of non-ASCII characters; returns the text and the raw index of each character."""
    kept: list[str] = []
    at: list[int] = []
    for i in range(start, end):
        c = raw[i]
        if c in _SILENT:
            continue
        if c in _ZERO_WIDTH:
            # A byte order mark at the start is the file's.
            counts["zero_width"] += _beside_ascii(raw, i) and not (c == "\ufeff" and i == 0)
        elif c in _BIDI:
            counts["bidi"] += _beside_ascii(raw, i)
        elif "\ud800" <= c <= "\udfff":
            counts["invalid_unicode"] += 1
            kept.append("\ufffd")
            at.append(i)
        elif i in disguised:
            counts["homoglyphs"] += 1
            kept.append(LOOKALIKE[c])
            at.append(i)
        else:
            if "\uff21" <= c <= "\uff5a" or "\U0001d400" <= c <= "\U0001d7ff":
                counts["styled_letters"] += 1
            kept.append(_QUOTES.get(c, c))
            at.append(i)
    for kind in ("zero_width", "bidi"):
        if not counts[kind]:
            del counts[kind]
    text = "".join(kept)
    if unicodedata.is_normalized("NFKC", text):
        return text, at
    clusters: list[str] = []
    origin: list[int] = []
    i = 0
    while i < len(text):
        j = i + 1
        # Sorting a run of marks takes quadratic time: a run no language has is cut (UAX #15, D3).
        while j < len(text) and j - i < _LONGEST_CLUSTER and _extends(text[j]):
            j += 1
        folded = unicodedata.normalize("NFKC", text[i:j])[: (j - i) * _MOST_UNFOLDED]
        folded = "".join(_QUOTES.get(c, c) for c in folded)  # some quotes come apart into others
        clusters.append(folded)
        origin.extend([at[i]] * len(folded))
        i = j
    return "".join(clusters), origin


def _extends(c: str) -> bool:
    """Whether a character can melt into the one before it under NFKC: marks and parts of Hangul."""
    return (
        unicodedata.category(c).startswith("M")
        or "\u1161" <= c <= "\u11ff"
        or "\u3131" <= c <= "\u3163"
        or "\uff9e" <= c <= "\uffdc"
    )


def _beside_ascii(raw: str, i: int) -> bool:
    """Hidden characters belong in emoji and in some scripts; beside an English letter they hide."""
    before, after = raw[i - 1 : i], raw[i + 1 : i + 2]
    return (before.isascii() and before.isalnum()) or (after.isascii() and after.isalnum())


def _disguised_letters(raw: str) -> frozenset[int]:
    """Indices of letters of other alphabets that pose as English ones.

    A look-alike poses if its word has English letters too, or if the text around is English and
    the word is made of look-alikes alone. Words of real Russian or Greek are left alone, and so
    are the Greek symbols of science (the coefficient α, TNFα, NF-κB) while nothing else in the
    text is disguised.
    """
    if raw.isascii():
        return frozenset()
    matches = [m for m in _MIXED_WORD.finditer(raw) if _whole_word(raw, m)]
    if not matches:
        return frozenset()
    english = sum(c.isascii() and c.isalpha() for c in raw)
    foreign = sum(not c.isascii() and c.isalpha() and c not in LOOKALIKE for c in raw)
    mostly_english = english > 4 * foreign
    posing = [m for m in matches if mostly_english or any(c.isascii() for c in m.group())]
    # Two small letters of English beside it: neither a symbol with its index nor an abbreviation.
    if not any(_PLAIN_LETTERS.search(m.group()) or not _GREEK.search(m.group()) for m in posing):
        return frozenset()
    return frozenset(i for m in posing for i in range(m.start(), m.end()) if raw[i] in LOOKALIKE)


def _whole_word(raw: str, match: re.Match[str]) -> bool:
    before, after = raw[match.start() - 1 : match.start()], raw[match.end() : match.end() + 1]
    return not (before.isalpha() or after.isalpha())
