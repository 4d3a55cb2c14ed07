"""From a text to its verdict: spans, company, streaming, and whatever people send."""

from __future__ import annotations

import itertools
import math
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byline import Detector, Document, ModelRepository, Verdict
from byline.detector import MAX_CHARACTERS
from byline.normalize import normalize
from byline.types import UNFIT, Label

pytestmark = pytest.mark.unit

PROSE = (
    "When we came home last night, the door was open and the light in the hall was still burning. "
    "Nobody had heard a thing. In the kitchen stood a glass that none of us had used, and it was "
    "half full of milk! Was it the cat? My brother said that it must have been our aunt, who has "
    "had a key since the summer, and so we went to bed."
)
DECORATED = (
    "\ufeff# The “open” door\r\n\r\nWhen we came **home** last night 😀, the door was _open_ "
    "and the e\u0301clair was gone.\r\n> Nobody had heard a thing, said the ﬁreman…  "
    "Was it the 👩\u200d🚒?\r\n\r\n"
    "- In the kitch\u200ben stood a glass that none of us had used.\r\n"
    "- It was half full of m\u0456lk, and my aunt\u2019s \u202bשלום\u202c was on it!\r\n\r\n"
    "```\nprint('This is code and isn’t scored.')\n```\r\n\r\n"
    "So we all went to bed, and that was it."
)


@pytest.fixture(scope="module")
def detector(tiny_repository: Path) -> Detector:
    return Detector.load(tiny_repository)


def kinds(verdict: Verdict) -> dict[str, int]:
    return {finding.kind: finding.count for finding in verdict.findings}


def check(verdict: Verdict, text: str) -> None:
    """What holds for every verdict, whatever was scored."""
    assert 0 <= verdict.coverage <= 1
    unfit = any(finding.kind in UNFIT for finding in verdict.findings)
    assert (verdict.verdict == "too_short" or unfit) == (verdict.probability is None)
    assert (verdict.probability is None) == (verdict.log_odds is None)
    if verdict.probability is None or verdict.log_odds is None:
        assert verdict.sentences == ()
        assert verdict.coverage == 0
    else:
        assert 0 <= verdict.probability <= 1
        assert math.isfinite(verdict.log_odds)
    ends = [0, *(s.end for s in verdict.sentences)]
    starts = [*(s.start for s in verdict.sentences), len(text)]
    assert all(end <= start for end, start in zip(ends, starts, strict=True))
    for sentence in verdict.sentences:
        assert sentence.start < sentence.end
        assert 0 <= sentence.probability <= 1
        assert sentence.verdict in ("human", "unclear", "ai", "too_short")


@pytest.mark.parametrize("text", [PROSE, DECORATED])
def test_spans_are_the_sentences_in_the_raw_text(detector: Detector, text: str) -> None:
    task = detector.cut(Document("", text))
    scores = detector.score(text).sentences
    assert len(scores) == len(task.sentences) > 4
    for score, sentence in zip(scores, task.sentences, strict=True):
        normalized = task.text.text[sentence.start : sentence.end]
        # The bullets' marks lie outside, so nothing is special about a span by itself.
        assert normalize(text[score.start : score.end]).text.strip() == normalized


def test_spans_count_code_points_of_the_raw_text(detector: Detector) -> None:
    spans = [DECORATED[s.start : s.end] for s in detector.score(DECORATED).sentences]
    assert spans[0] == "The “open” door"
    assert "In the kitch\u200ben stood a glass that none of us had used." in spans
    assert spans[-1] == "So we all went to bed, and that was it."
    assert not any("print" in span for span in spans)


def test_a_verdict(detector: Detector) -> None:
    verdict = detector.score(PROSE, "a letter")
    check(verdict, PROSE)
    assert (verdict.id, verdict.words, verdict.coverage) == ("a letter", len(PROSE.split()), 1.0)
    assert verdict.findings == ()
    assert verdict.raw is None


@pytest.mark.parametrize(
    ("human", "ai", "label"), [(0.0, 1e-9, "ai"), (1.0, 2.0, "human"), (0.0, 1.0, "unclear")]
)
def test_verdict_follows_the_thresholds(
    tiny_repository: Path, human: float, ai: float, label: Label
) -> None:
    model = ModelRepository.find(tiny_repository).load()
    thresholds = replace(
        model.spec.thresholds, human=human, ai=ai, sentence_human=human, sentence_ai=ai
    )
    verdict = Detector(replace(model, spec=replace(model.spec, thresholds=thresholds))).score(PROSE)
    assert verdict.verdict == label
    # "Was it the cat?" and the rest
    assert [s.verdict for s in verdict.sentences] == [label] * 3 + ["too_short", label]


def test_the_same_text_scores_the_same_in_any_company(
    tiny_repository: Path, detector: Detector
) -> None:
    sentences = PROSE.split(". ")
    order = random.Random(7)
    texts = [". ".join(order.sample(sentences, len(sentences))) * (n % 4 + 1) for n in range(24)]
    alone = {text: detector.score(text) for text in texts}
    assert len({verdict.log_odds for verdict in alone.values()}) > 4
    for workers in (1, 3):
        company = Detector.load(tiny_repository, workers=workers)
        for _ in range(2):
            order.shuffle(texts)
            verdicts = list(company.score_many(Document("", text) for text in texts))
            # To the last bit, spans and all.
            assert verdicts == [alone[text] for text in texts]


@pytest.mark.parametrize(("workers", "ahead"), [(1, 0), (3, 6)])
def test_documents_are_taken_a_few_ahead(tiny_repository: Path, workers: int, ahead: int) -> None:
    taken = 0

    def endless() -> Iterator[Document]:
        nonlocal taken
        for number in itertools.count():
            taken += 1
            yield Document(str(number), PROSE)

    verdicts = Detector.load(tiny_repository, workers=workers).score_many(endless())
    for number, verdict in enumerate(itertools.islice(verdicts, 10)):
        assert verdict.id == str(number)
        assert taken <= number + 1 + ahead


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_of_the_source_comes_through(tiny_repository: Path, workers: int) -> None:
    def failing() -> Iterator[Document]:
        yield Document("first", PROSE)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(Detector.load(tiny_repository, workers=workers).score_many(failing()))


def test_no_workers_are_refused(tiny_repository: Path) -> None:
    with pytest.raises(ValueError, match="workers is 0; it must be at least 1"):
        Detector.load(tiny_repository, workers=0)


@pytest.mark.parametrize("workers", [1, 3])
def test_no_documents(tiny_repository: Path, workers: int) -> None:
    assert list(Detector.load(tiny_repository, workers=workers).score_many([])) == []


def test_from_min_words_on_a_text_is_judged(detector: Detector) -> None:
    least = detector.model.spec.thresholds.min_words
    words = PROSE.split()[:least]
    assert detector.score(" ".join(words)).verdict != "too_short"
    short = detector.score(" ".join(words[:-1]))
    assert (short.verdict, short.words, short.coverage) == ("too_short", least - 1, 0)


def test_coverage_is_the_share_of_words_outside_code_and_tables(detector: Detector) -> None:
    words = len(PROSE.split())
    verdict = detector.score(PROSE + "\n\n```\n" + "code " * words + "\n```\n")
    assert (verdict.words, verdict.coverage) == (2 * words, 0.5)


def test_both_scores_where_something_was_hidden(detector: Detector) -> None:
    hidden = PROSE.replace("a", "а").replace("the ", "t\u200bhe ")
    verdict = detector.score(hidden)
    assert set(kinds(verdict)) == {"homoglyphs", "zero_width"}
    assert verdict.raw is not None
    assert verdict.raw.log_odds != verdict.log_odds
    # What was hidden is gone: it scores as the plain text does.
    assert verdict.log_odds == detector.score(PROSE).log_odds
    # Of a text that is too short neither is wanted.
    assert detector.cut(Document("", hidden[:60])).raw is None


@pytest.mark.parametrize("space", ["\u1680", "\u00a0", "\u2003", "\u2028", "\u3000", "\x85"])
def test_a_wide_space_after_a_lone_letter(detector: Detector, space: str) -> None:
    for text in (f"Plan B{space}. {PROSE}", f"Plan B{space}. {PROSE} hel\u200blo"):
        verdict = detector.score(text)
        check(verdict, text)
        assert verdict.probability is not None
        assert (verdict.raw is None) == ("\u200b" not in text)


@pytest.mark.parametrize("suffix", ["\x00", " “Yes”, he said.", " \ud800", "\r\n\r\n**So.**"])
def test_one_score_where_nothing_was_hidden(detector: Detector, suffix: str) -> None:
    assert detector.score(PROSE + suffix).raw is None


def test_a_million_characters_are_scored_and_the_rest_is_reported(detector: Detector) -> None:
    text = PROSE + "\n\n" + "|x x x x x|\n" * 120_000  # 600,000 words in 1.44 million characters
    verdict = detector.score(text)
    check(verdict, text)
    assert kinds(verdict).keys() == {"truncated"}
    # The words beyond are taken to be as dense as those before.
    assert kinds(verdict)["truncated"] == pytest.approx(0.44 / 1.44 * 600_000, rel=0.01)
    assert verdict.words == pytest.approx(600_000, rel=0.01)
    assert verdict.coverage < 0.001


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", set()),
        (" \r\n\t\u3000" * 1000, set()),
        ("x" * 100_000, set()),
        ("\x00" * 5000, {"control_characters"}),
        ("\ud800" * 5000, {"invalid_unicode"}),
        ("\udc80\ud83d" * 5000, {"invalid_unicode"}),
        ("😀👩\u200d🚒🏳\ufe0f\u200d🌈 " * 500, set()),
        ("\u200b\u202e\ufeff" * 2000, set()),
        ("\u0301\u0323" * 2000, set()),
        ("```\n" + "for x in y: print(x)\n" * 100 + "```", set()),
        ("| a | b |\n" * 100, set()),
        ("我们昨晚回家时，门是开着的。" * 100, {"not_english"}),
        (". - * # > | ~ `" * 500, set()),
    ],
)
def test_nothing_to_judge(detector: Detector, text: str, found: set[str]) -> None:
    verdict = detector.score(text)
    check(verdict, text)
    assert verdict.verdict == ("unclear" if "not_english" in found else "too_short")
    assert (verdict.probability, verdict.coverage) == (None, 0.0)
    assert kinds(verdict).keys() == found


@pytest.mark.parametrize(
    "text",
    [
        "Когда мы вчера вернулись домой, дверь была открыта, а в коридоре ещё горел свет. " * 5,
        "Quand nous sommes rentrés hier soir, la porte était ouverte, et la lumière brûlait. " * 5,
        "cat dog stone river apple window candle paper silver garden " * 5,
        bytes(range(256)).decode("latin-1") * 40 + " word" * 100,
        "مرحبا بالعالم " * 50,
    ],
)
def test_no_verdict_where_it_is_not_english(detector: Detector, text: str) -> None:
    verdict = detector.score(text)
    check(verdict, text)
    assert (verdict.verdict, verdict.probability, verdict.sentences) == ("unclear", None, ())
    assert "not_english" in kinds(verdict)


@pytest.mark.parametrize("text", ["the a the. " * 80, "the cat sat. " * 50, "It is not. " * 30_000])
def test_no_verdict_on_a_few_words_over_and_over(detector: Detector, text: str) -> None:
    verdict = detector.score(text)
    check(verdict, text)
    assert (verdict.verdict, verdict.probability, verdict.sentences) == ("unclear", None, ())
    assert kinds(verdict) == {"repetitive": len(text.split())}


def test_what_is_no_text_is_refused_with_what_to_do(detector: Detector) -> None:
    for wrong, advice in ((None, 'pass "" where'), (5, 'pass "" where'), (b"some bytes", "decode")):
        with pytest.raises(TypeError, match=f"must be a str, not {type(wrong).__name__}: {advice}"):
            detector.score(wrong)  # type: ignore[arg-type]
    for workers in (1, 3):
        many = Detector(detector.model, workers)
        for document in ("a text", None):
            kind = type(document).__name__
            with pytest.raises(
                TypeError, match=rf"a Document, not {kind}: pass Document\(id, text"
            ):
                list(many.score_many([document]))  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (PROSE.replace("\n", " ") * (10_000_000 // len(PROSE)), 60),  # 10 MB in one line
        ("x" * 10_000_000, 10),
        ("“" * 300_000 + "\u200bx", 30),
        ("a\u0301\u0323" * 100_000 + "а", 30),
        ("It is a. " * 30_000, 30),
        ("- it is a\n" * 30_000, 30),
    ],
    ids=["prose", "word", "quotes", "marks", "sentences", "items"],
)
def test_time_is_bounded(detector: Detector, text: str, seconds: float) -> None:
    start = time.process_time()
    verdict = detector.score(text)
    assert time.process_time() - start < seconds
    check(verdict, text)
    assert ("truncated" in kinds(verdict)) == (len(text) > MAX_CHARACTERS)


@given(
    st.lists(st.one_of(st.characters(), st.characters(categories=["Cs"])), max_size=40), st.data()
)
@settings(deadline=None, max_examples=60)
def test_any_text_beside_prose(detector: Detector, noise: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(PROSE)))
    text = PROSE[:at] + "".join(noise) + PROSE[at:]
    check(detector.score(text), text)
