"""What passes between the steps: frozen, typed, and each with its invariant in its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Label = Literal["ai", "human", "unclear", "too_short"]
FindingKind = Literal[
    "zero_width",
    "bidi",
    "homoglyphs",
    "styled_letters",
    "control_characters",
    "invalid_unicode",
    "not_english",
    "repetitive",
    "set_apart",
    "truncated",
]
UNFIT: frozenset[FindingKind] = frozenset({"not_english", "repetitive"})
"""Findings that say the model knows no such text: it isn't asked, and the verdict is `unclear`."""
INPUTS = ("input_ids", "attention_mask")
OUTPUTS = ("logits", "token_logits")
"""Names of a graph's tensors."""
BlockKind = Literal["paragraph", "heading", "list_item", "code", "table"]


@dataclass(frozen=True, slots=True)
class Document:
    """A text and the caller's name for it."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the text a reader should know beside its score.

    Attributes:
        kind: what was found.
        count: how many characters (from `not_english` on in the list: words) it concerns.
        message: one sentence for people.
    """

    kind: FindingKind
    count: int
    message: str


@dataclass(frozen=True, slots=True)
class NormalizedText:
    """A text in the form the model was trained on, with the way back.

    Attributes:
        text: n code points.
        to_raw: int32 [n + 1]; `to_raw[i]` is the raw code point from which `text[i]` came, and
            `to_raw[n]` the raw length. It never decreases.
        findings: what the normalisation removed or replaced that hides or disguises text.
    """

    text: str
    to_raw: NDArray[np.int32]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """A half-open span [start, end) of the normalised text; the unit that is highlighted.

    Sentences are in order and don't overlap. `words` counts its words; `code` and `table` are
    set apart: counted, never scored.
    """

    start: int
    end: int
    words: int
    block: BlockKind

    @property
    def scored(self) -> bool:
        """Whether the model is asked about it."""
        return self.block not in ("code", "table")


@dataclass(frozen=True, slots=True)
class Window:
    """What the model sees in one run.

    Attributes:
        ids: int64 [t], special tokens included, t at most the model's window length.
        owners: int32 [t]; for every token the index of its sentence in the list that was packed,
            -1 for special tokens.
    """

    ids: NDArray[np.int64]
    owners: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Logits:
    """What the model answers for one window.

    Attributes:
        document: float32 [2], in the order (human, ai).
        token: float32 [t], one logit of `ai` for each id of the window.
    """

    document: NDArray[np.float32]
    token: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SentenceScore:
    """The score of the half-open span [start, end) of the RAW text, in code points.

    `verdict` is `too_short` under five words, whatever the probability.
    """

    start: int
    end: int
    probability: float
    log_odds: float
    verdict: Label


@dataclass(frozen=True, slots=True)
class RawScore:
    """The score of the text as it came, without normalising what hides or disguises."""

    probability: float
    log_odds: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one document.

    Attributes:
        id: the document's.
        verdict: `ai`, `human`, `unclear` or `too_short`.
        probability: calibrated probability of `ai` in 0..1, at even odds of both kinds;
            None when nothing was scored: `too_short`, or `unclear` with a finding that says why.
        log_odds: the model's log-odds before calibration, full precision; None likewise.
        words: words in the text.
        coverage: the share of those words that were scored, 0..1.
        sentences: scores of the sentences that were scored, in order.
        findings: what the reader should know beside the score.
        raw: the score without normalisation, where normalisation changed something suspicious;
            None where either text isn't scored.
    """

    id: str
    verdict: Label
    probability: float | None
    log_odds: float | None
    words: int
    coverage: float
    sentences: tuple[SentenceScore, ...] = ()
    findings: tuple[Finding, ...] = ()
    raw: RawScore | None = None
