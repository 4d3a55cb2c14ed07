"""How names, numbers and verdicts are put to people."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from byline import Finding
    from byline_cli.model_info import ModelInfo

WORDS = {"ai": "AI", "unclear": "unclear", "human": "human", "too_short": "too short"}
NOT_READ = "not read"
EVIDENCE = "A verdict is evidence, not proof: weigh it with what else you know."


def shown(name: str) -> str:
    """A name or message made safe to print: on one line, nothing invisible, no invalid Unicode."""
    return "".join(c if c.isprintable() else _escaped(c) for c in name)


def _escaped(c: str) -> str:
    # An undecodable byte of a file name comes as a lone surrogate (PEP 383).
    return f"\\x{ord(c) - 0xDC00:02x}" if "\udc80" <= c <= "\udcff" else repr(c)[1:-1]


def shared_folder(names: Sequence[str]) -> str:
    """The folder that several files lie in, with its separator; empty if there is none."""
    folders = {os.path.dirname(name) for name in names}
    if len(names) < 2:
        return ""
    try:
        shared = os.path.join(os.path.commonpath(folders), "")
    except ValueError:  # on two drives, or from two places
        return ""
    return shared if all(name.startswith(shared) for name in names) else ""


def percent(probability: float | None) -> str:
    """A probability as a percentage; never 0 or 100, which would claim certainty."""
    if probability is None:
        return "-"
    if probability >= 0.9995:
        return ">99.9%"
    return "<0.1%" if probability < 0.0005 else f"{probability:.1%}"


def size(n: int) -> str:
    """A number of bytes, in the largest decimal unit of which there is one."""
    for name, unit in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n >= unit:
            return f"{n / unit:g} {name}"
    return "1 byte" if n == 1 else f"{n} bytes"


def found(finding: Finding) -> str:
    """A finding in two words."""
    from byline.types import UNFIT  # late: numpy and ONNX Runtime come with it

    name = finding.kind.replace("_", " ")
    return name if finding.kind in UNFIT else f"{name} ({finding.count:,})"


def limits(model: ModelInfo) -> str:
    """How often the model's thresholds call a human text `ai`, as far as it was measured."""
    rate = model.metrics.get("false_positive_rate")
    if rate is None:
        return f"The error rates of {model.name} are not known here."
    return f"On held-out test texts, {model.name} wrongly called {rate:.2%} of the human ones AI."


def thresholds(model: ModelInfo) -> str:
    """Where the verdicts begin and end, and what to make of the one between."""
    at = model.thresholds
    return (
        f"A text is called AI from {percent(at.ai)}, human up to {percent(at.human)}; between them "
        f"it is unclear: draw no conclusion from it. Under {at.min_words} words it is too short."
    )


def sentence_thresholds(model: ModelInfo) -> str:
    """The same of sentences, and why they may differ from their text."""
    at = model.thresholds
    return (
        f"A sentence is called AI from {percent(at.sentence_ai)}, human up to "
        f"{percent(at.sentence_human)}. A text holds more evidence than each of its sentences: it "
        "may be AI where every one of them is unclear."
    )


def summary(counts: dict[str, int]) -> str:
    """Totals in words.

    Args:
        counts: documents by verdict, with those not read under `error`.
    """
    scored = sum(n for kind, n in counts.items() if kind != "error")
    parts = [f"{counts[kind]:,} {word}" for kind, word in WORDS.items() if counts.get(kind)]
    line = f"{scored:,} document{'' if scored == 1 else 's'}"
    line += f": {', '.join(parts)}" if parts else ""
    if failed := counts.get("error"):
        line += f"; {failed:,} could not be read"
    return line + "."
