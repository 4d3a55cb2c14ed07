"""Windows hold every token once, in order, and never more than the model takes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from byline.windows import pack

pytestmark = pytest.mark.unit

PREFIX = np.asarray([101], dtype=np.int64)
SUFFIX = np.asarray([102, 103], dtype=np.int64)
SPECIAL = len(PREFIX) + len(SUFFIX)
LENGTHS = st.lists(st.integers(0, 40), max_size=30)
LIMITS = st.integers(SPECIAL + 1, 32)


def sentences_of(lengths: list[int]) -> list[NDArray[np.int64]]:
    """Sentences whose ids are all different, so that one out of place shows."""
    ids = np.arange(1000, 1000 + sum(lengths), dtype=np.int64)
    return np.split(ids, np.cumsum(lengths)[:-1]) if lengths else []


@given(LENGTHS, LIMITS)
def test_every_token_stands_once_in_order_with_its_owner(lengths: list[int], limit: int) -> None:
    sentences = sentences_of(lengths)
    windows = pack(sentences, limit, PREFIX, SUFFIX)
    ids: list[int] = []
    owners: list[int] = []
    for window in windows:
        assert len(window.ids) == len(window.owners) <= limit
        assert window.ids[: len(PREFIX)].tolist() == PREFIX.tolist()
        assert window.ids[-len(SUFFIX) :].tolist() == SUFFIX.tolist()
        owned = window.owners >= 0
        assert owned.any()
        assert owned.tolist() == [False, *[True] * (len(owned) - SPECIAL), False, False]
        ids.extend(window.ids[owned].tolist())
        owners.extend(window.owners[owned].tolist())
    assert ids == [i for sentence in sentences for i in sentence.tolist()]
    assert owners == [n for n, sentence in enumerate(sentences) for _ in sentence]


@given(LENGTHS, LIMITS)
def test_a_sentence_is_cut_only_if_no_window_holds_it(lengths: list[int], limit: int) -> None:
    windows = pack(sentences_of(lengths), limit, PREFIX, SUFFIX)
    for n, length in enumerate(lengths):
        holding = sum(bool((window.owners == n).any()) for window in windows)
        room = limit - SPECIAL
        # A cut one may share its first window with nobody, so its pieces are as few as they can be.
        assert holding == -(-length // room)


@given(LENGTHS, LIMITS)
def test_a_window_ends_early_only_for_evenness_or_room(lengths: list[int], limit: int) -> None:
    windows = pack(sentences_of(lengths), limit, PREFIX, SUFFIX)
    room = limit - SPECIAL
    even = -(-sum(lengths) // max(1, -(-sum(lengths) // room)))
    for window, following in itertools.pairwise(windows):
        held = len(window.ids) - SPECIAL
        next_piece = int((following.owners == following.owners[len(PREFIX)]).sum())
        assert held >= even or held + next_piece > room


def test_windows_are_about_equally_long() -> None:
    # 110 tokens in windows of 100: two of 60 and 50, not one of 100 and one of 10.
    windows = pack(sentences_of([10] * 11), 100 + SPECIAL, PREFIX, SUFFIX)
    assert [len(window.ids) - SPECIAL for window in windows] == [60, 50]


@pytest.mark.parametrize("lengths", [[], [0], [0, 0, 0]])
def test_nothing_to_pack_is_no_window(lengths: list[int]) -> None:
    assert pack(sentences_of(lengths), 16, PREFIX, SUFFIX) == []


@pytest.mark.parametrize("limit", [-1, 0, SPECIAL])
def test_no_room_for_text_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match=f"a window of {limit} tokens"):
        pack(sentences_of([3]), limit, PREFIX, SUFFIX)
