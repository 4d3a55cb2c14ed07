"""What a folder looks like as a whole, and how much of it to expect to be an error."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from byline_cli.model_info import ModelInfo
from byline_cli.results import Result
from byline_cli.wording import summary as totals

BINS = 10
_RATE = "false_positive_rate"
_RECALL = "recall"
_BAR = 40
_SURE = 0.95


class Tally:
    """Counts results as they pass; its size does not grow with their number."""

    def __init__(self) -> None:
        """Nothing counted yet."""
        self.counts: Counter[str] = Counter()
        self.spread: Counter[tuple[int, str]] = Counter()  # by tenth, and verdict
        self.words = 0
        self.passed: Counter[str] = Counter()  # files that are no texts, by suffix

    def add(self, result: Result) -> None:
        """Count a result."""
        verdict = result.verdict
        if verdict is None:
            self.counts["error"] += 1
            return
        self.counts[verdict.verdict] += 1
        self.words += verdict.words
        if verdict.probability is not None:
            tenth = min(BINS - 1, int(verdict.probability * BINS))
            self.spread[tenth, verdict.verdict] += 1

    def merge(self, other: Tally) -> None:
        """Add what another has counted."""
        self.counts += other.counts
        self.spread += other.spread
        self.words += other.words

    @property
    def bins(self) -> list[int]:
        """Texts by tenth of the probability."""
        bins = [0] * BINS
        for (tenth, _), n in self.spread.items():
            bins[tenth] += n
        return bins

    @property
    def judged(self) -> int:
        """Texts that got a probability."""
        return self.spread.total()


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the model's measured rates let one expect of so many texts.

    Attributes:
        judged: texts that got a probability.
        flagged: those called `ai`.
        rate: the share of human test texts that the model called `ai`.
        if_all_human: of the texts, if people wrote them all, how many it would call `ai`.
        low: 95 of 100 such folders have at least so many...
        high: ...and at most so many.
        base_rate: the share of AI texts that the user expects; None if it wasn't said.
        expected_flagged: at this share, how many it would call `ai`.
        precision: at this share, which part of those is AI's; None if it isn't known.
    """

    judged: int
    flagged: int
    rate: float
    if_all_human: float
    low: int
    high: int
    base_rate: float | None = None
    expected_flagged: float | None = None
    precision: float | None = None


def expected(tally: Tally, model: ModelInfo, base_rate: float | None) -> Expectation | None:
    """Apply the model's measured rates to the texts; None if they aren't recorded with it."""
    rate, recall = model.metrics.get(_RATE), model.metrics.get(_RECALL)
    if rate is None:
        return None
    n = tally.judged
    low, high = _binomial_range(n, rate)
    flagged = precision = None
    if base_rate is not None and recall is not None:
        right, wrong = base_rate * recall, (1 - base_rate) * rate
        flagged = n * (right + wrong)
        precision = right / (right + wrong) if right + wrong else None
    return Expectation(
        n, tally.counts["ai"], rate, n * rate, low, high, base_rate, flagged, precision
    )


def summary_lines(tally: Tally, model: ModelInfo, base_rate: float | None) -> Iterator[str]:
    """The summary for people, a line at a time."""
    yield totals(tally.counts)
    yield f"{tally.words:,} words; judged {_texts(tally.judged)}."
    bins = tally.bins
    most = max(bins)
    if most:
        yield ""
        yield "P(AI)      texts"
        for i, n in enumerate(bins):
            bar = "#" * math.ceil(_BAR * n / most)
            yield f"{i * 10:3}-{i * 10 + 10:<3}%  {n:>6,}  {bar}".rstrip()
    yield ""
    yield from expectation_lines(expected(tally, model, base_rate), model)


def summary_values(tally: Tally, model: ModelInfo, base_rate: float | None) -> dict[str, Any]:
    """The summary for programs; `bins` are tenths of the probability."""
    found = expected(tally, model, base_rate)
    return {
        "verdicts": dict(tally.counts),
        "words": tally.words,
        "judged": tally.judged,
        "bins": tally.bins,
        "expected": None if found is None else asdict(found),
    }


def expectation_lines(found: Expectation | None, model: ModelInfo) -> Iterator[str]:
    """How many false flags to expect, in sentences."""
    if found is None:
        yield f"How many false flags to expect is not known: no error rates come with {model.name}."
        return
    yield (
        f"False flags: of {_texts(found.judged)}, if people wrote all of them, expect "
        f"{_expected(found)} to be called AI: {model.name} called {found.rate:.2%} of its human "
        f"test texts so. Here it called {found.flagged:,} AI. On other kinds of text it may err "
        "more often."
    )
    if found.base_rate is None:
        return
    if found.expected_flagged is None or found.precision is None:
        yield f"At a base rate of {found.base_rate:.1%} nothing can be said: no recall is recorded."
        return
    yield (
        f"If AI wrote {found.base_rate:.1%} of the texts, expect about "
        f"{found.expected_flagged:,.1f} to be called AI, and {found.precision:.1%} of those to be "
        "AI's."
    )


def _texts(n: int) -> str:
    return f"{n:,} text{'' if n == 1 else 's'}"


def _expected(found: Expectation) -> str:
    """The number of false flags, and between which it may lie by chance."""
    if found.low == found.high:
        return f"about {found.if_all_human:,.1f}"
    return f"about {found.if_all_human:,.1f} ({found.low:,} to {found.high:,} by chance)"


def _binomial_range(n: int, rate: float) -> tuple[int, int]:
    """The central 95% of a binomial distribution, ends included."""
    if n == 0 or rate <= 0:
        return 0, 0
    if rate >= 1:
        return n, n
    tail = (1 - _SURE) / 2
    # From one probability to the next, in logarithms: the first may be too small for a float.
    log_p = n * math.log1p(-rate)
    odds = math.log(rate) - math.log1p(-rate)
    total, low = 0.0, None
    for k in range(n + 1):
        total += math.exp(log_p)
        if low is None and total > tail:
            low = k
        if total >= 1 - tail:
            return low or 0, k
        log_p += odds + math.log((n - k) / (k + 1)) if k < n else 0.0
    return low or 0, n
