"""Windows' logits to one score for the document and one for each sentence."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from byline.aggregate import decide, document_log_odds, sentence_log_odds
from byline.types import Label, Logits, Window

pytestmark = pytest.mark.unit


def window(owners: list[int]) -> Window:
    return Window(np.zeros(len(owners), dtype=np.int64), np.asarray(owners, dtype=np.int32))


def logits(human: float, ai: float, token: list[float]) -> Logits:
    return Logits(np.asarray([human, ai], np.float32), np.asarray(token, np.float32))


def test_document_is_the_mean_over_tokens() -> None:
    windows = [window([-1, 0, 0, -1]), window([-1, 1, -1, -1, -1, -1, -1, -1])]
    answers = [logits(1, 4, [0] * 4), logits(2, 2, [0] * 8)]
    # Log-odds 3 over 4 tokens and 0 over 8.
    assert document_log_odds(windows, answers) == pytest.approx(1.0)


def test_sentence_is_the_mean_of_its_tokens_in_all_windows() -> None:
    windows = [window([-1, 0, 1, -1]), window([-1, 1, 1, 3, -1])]
    # The special tokens' logits are out of all proportion, so that one counted would show.
    answers = [logits(0, 0, [99, 2, 1, 99]), logits(0, 0, [99, 4, 7, -5, 99])]
    own = sentence_log_odds(windows, answers, 4)[:, 0]
    assert_allclose(own, [2, 4, np.nan, -5])


def test_context_is_the_mean_of_the_windows_a_sentence_stands_in() -> None:
    windows = [window([-1, 0, 1, -1]), window([-1, 1, 1, 3, -1]), window([-1, -1])]
    answers = [
        logits(0, 0, [99, 2, 1, 99]), logits(0, 0, [99, 4, 7, -5, 99]), logits(0, 0, [99, 99])
    ]  # fmt: skip
    context = sentence_log_odds(windows, answers, 4)[:, 1]
    # Sentence 1 has one token in a window of mean 1.5 and two in one of mean 2.
    assert_allclose(context, [1.5, (1.5 + 2 + 2) / 3, np.nan, 2])


def test_float32_logits_are_summed_in_double_precision() -> None:
    token = [1e8] + [1.0] * 1000
    means = sentence_log_odds([window([0] * 1001)], [logits(0, 0, token)], 1)
    assert means[0].tolist() == pytest.approx([(1e8 + 1000) / 1001] * 2, rel=1e-12)


@pytest.mark.parametrize(
    ("probability", "label"),
    [(0.2, "human"), (0.2001, "unclear"), (0.8999, "unclear"), (0.9, "ai"), (1, "ai")],
)  # fmt: skip
def test_thresholds_belong_to_the_sure_verdicts(probability: float, label: Label) -> None:
    assert decide(probability, human=0.2, ai=0.9) == label
