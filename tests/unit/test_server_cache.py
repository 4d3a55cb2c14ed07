"""What is remembered, and what is forgotten first."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from byline import Finding, SentenceScore, Verdict
from byline_server.cache import Cache, key_of

pytestmark = pytest.mark.unit

VERDICT = Verdict("mine", "human", 0.1, -2.0, 50, 1.0)


def test_what_was_put_comes_back_without_its_id() -> None:
    cache = Cache(10, 1_000_000)
    cache.put(key_of(1, "text"), VERDICT)
    assert cache.get(key_of(1, "text")) == replace(VERDICT, id="")
    assert cache.get(key_of(2, "text")) is None  # another model, or the same loaded anew
    assert cache.get(key_of(1, "other")) is None
    assert (cache.hits, cache.misses) == (1, 2)


def test_keys_take_any_string() -> None:
    texts = ["", "a", "\ud800", "\udfff", "\ud83d\ude00", "\N{GRINNING FACE}"]
    assert len({key_of(1, text) for text in texts}) == len(texts)


def test_the_least_used_goes_first() -> None:
    cache = Cache(3, 1_000_000)
    for name in "abc":
        cache.put(key_of(1, name), VERDICT)
    cache.get(key_of(1, "a"))
    cache.put(key_of(1, "d"), VERDICT)
    found = [name for name in "abcd" if cache.get(key_of(1, name))]
    assert found == ["a", "c", "d"]
    assert len(cache) == 3


def test_memory_is_bounded_by_what_it_says() -> None:
    cache = Cache(1_000_000, 100_000)
    long = replace(VERDICT, sentences=(SentenceScore(0, 1, 0.5, 0.0, "unclear"),) * 20)
    for i in range(500):
        cache.put(key_of(1, str(i)), long)
    assert 50_000 < cache.bytes <= 100_000
    assert len(cache) < 30
    huge = replace(VERDICT, sentences=long.sentences * 50)
    cache.put(key_of(1, "huge"), huge)
    assert cache.get(key_of(1, "huge")) is None
    assert len(cache) > 10


def test_putting_again_counts_once() -> None:
    cache = Cache(10, 1_000_000)
    for _ in range(5):
        cache.put(key_of(1, "a"), VERDICT)
    once = Cache(10, 1_000_000)
    once.put(key_of(1, "a"), VERDICT)
    assert cache.bytes == once.bytes


@pytest.mark.parametrize(("entries", "size"), [(0, 1_000_000), (10, 0)])
def test_switched_off(entries: int, size: int) -> None:
    cache = Cache(entries, size)
    cache.put(key_of(1, "a"), VERDICT)
    assert cache.get(key_of(1, "a")) is None
    assert len(cache) == 0


def test_the_sizes_are_no_underestimate() -> None:
    def deep(value: object) -> int:
        parts = [getattr(value, name) for name in getattr(value, "__slots__", ())]
        return sys.getsizeof(value) + sum(map(deep, parts)) + (
            sum(map(deep, value)) if isinstance(value, tuple) else 0
        )  # fmt: skip

    sentences = tuple(SentenceScore(i, i + 1000, i / 7, i / 3, "ai") for i in range(300, 340))
    findings = (Finding("homoglyphs", 1000, "x" * 70),)
    verdict = Verdict("", "ai", 0.123, 4.567, 1000, 0.99, sentences, findings)
    cache = Cache(10, 1_000_000)
    cache.put(key_of(1, "a"), verdict)
    assert deep(verdict) < cache.bytes < 3 * deep(verdict)
