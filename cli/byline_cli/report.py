"""Results as one HTML page that needs nothing else: no request, no font, no framework."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from byline import Finding
from byline.normalize import HIDDEN
from byline_cli.model_info import ModelInfo
from byline_cli.passages import STRIPE_WIDTH, Passage, Stripe, passages, stripes
from byline_cli.results import Result
from byline_cli.summary import BINS, Tally, expectation_lines, expected
from byline_cli.wording import (
    EVIDENCE,
    NOT_READ,
    WORDS,
    limits,
    percent,
    sentence_thresholds,
    shown,
    summary,
    thresholds,
)

_TEMPLATES = Path(__file__).parent / "templates"
_HIDDEN = re.compile(f"[{''.join(HIDDEN)}]")
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

_ORDER = ("ai", "unclear", "human", "too_short", "error")
_CHUNK = 65536
_IN_MEMORY = 4_000_000
_FLOOR, _HIGHEST = 120, 96
"""Where the histogram's bars stand, and how high one may be, in units of its drawing."""


@dataclass(frozen=True, slots=True)
class Page:
    """A text as the report shows it.

    Attributes:
        title: its name, without the folder that all have in common.
        kind: the verdict, or `error`.
        rank: place of the verdict in the order of suspicion.
        sort: the probability as a number; empty if there is none.
        passages: the text in pieces; together they are all of what was looked at.
        stripes: where in the text its passages are, by kind.
        described: the same in words.
    """

    title: str
    kind: str
    rank: int
    sort: str = ""
    probability: str = ""
    words: int = 0
    coverage: str = ""
    findings: tuple[Finding, ...] = ()
    raw: str = ""
    error: str = ""
    passages: tuple[Passage, ...] = ()
    stripes: tuple[Stripe, ...] = ()
    described: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the histogram, in units of its drawing; its parts are (verdict, y, height)."""

    label: str
    count: int
    x: int
    y: float
    parts: tuple[tuple[str, float, float], ...]


def write_report(
    results: Iterable[Result],
    model: ModelInfo,
    out: BinaryIO,
    tally: Tally,
    base_rate: float | None = None,
    folder: str = "",
) -> None:
    """Write the page: a summary, then every text with its sentences highlighted.

    Args:
        results: with their texts; what is made of them waits on disk until the summary is known.
        model: that scored them.
        out: the file.
        tally: that counts the results as they pass.
        base_rate: the share of AI texts that the user expects.
        folder: that all names begin with.
    """
    style = (_TEMPLATES / "report.css").read_text("utf-8")
    script = (_TEMPLATES / "report.js").read_text("utf-8")
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(revealed=revealed, shown=shown)
    words = {**WORDS, "error": NOT_READ}
    row, document = map(environment.get_template, ("row.html.j2", "document.html.j2"))
    with _spool() as rows, _spool() as documents:
        for number, result in enumerate(results, 1):
            page = _page(result, model, folder)
            for template, spool in ((row, rows), (document, documents)):
                spool.write(template.render(page=page, number=number, words=words))
        parts = environment.get_template("report.html.j2").generate(
            rows=_pieces(rows),
            documents=_pieces(documents),
            folder=folder,
            totals=summary(tally.counts),
            histogram=_histogram(tally),
            expectation=list(expectation_lines(expected(tally, model, base_rate), model)),
            model=model,
            limits=limits(model),
            thresholds=thresholds(model),
            sentence_thresholds=sentence_thresholds(model),
            evidence=EVIDENCE,
            facts=list(_facts(model)),
            metrics=[(_spelled(name), f"{value:,.6g}") for name, value in _metrics(model)],
            style=Markup(style),
            script=Markup(script),
            policy=_policy(style, script),
        )
        for part in parts:
            out.write(part.encode("utf-8", "replace"))
    out.flush()


def _spool() -> SpooledTemporaryFile[str]:
    return SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8", errors="replace", newline="")


def _pieces(spool: SpooledTemporaryFile[str]) -> Iterator[Markup]:
    spool.seek(0)
    while chunk := spool.read(_CHUNK):
        yield Markup(chunk)


def _histogram(tally: Tally) -> dict[str, object]:
    counts = tally.bins
    unit = _HIGHEST / max(1, *counts)
    bars = []
    for tenth, count in enumerate(counts):
        parts: list[tuple[str, float, float]] = []
        y: float = _FLOOR
        for kind in reversed(_ORDER):  # a bar within which a threshold lies has parts of both kinds
            if height := tally.spread[tenth, kind] * unit:
                y -= height
                parts.append((kind, round(y, 1), round(height, 1)))
        bars.append(
            Bar(f"{100 * tenth // BINS}%", count, 12 + 50 * tenth, round(y, 1), tuple(parts))
        )
    spread = ", ".join(f"{bar.count} from {bar.label}" for bar in bars if bar.count) or "none"
    return {"bars": bars, "described": f"Texts by probability, in tenths: {spread}"}


def _facts(model: ModelInfo) -> Iterator[tuple[str, str]]:
    size = "" if model.size_bytes is None else f", {model.size_bytes / 1e6:.1f} MB"
    yield "Model", f"{model.name}, version {model.version}{size}"
    if model.training_run:
        yield "Training run", model.training_run
    yield "shortest text judged", f"{model.thresholds.min_words} words"


def revealed(text: str) -> Markup:
    """Escape a text; invisible characters get a mark, unprintable ones a replacement."""
    text = _UNFIT.sub("\ufffd", text)
    pieces: list[str] = []
    done = 0
    for match in _HIDDEN.finditer(text):
        pieces.append(escape(text[done : match.start()]))
        code = f"U+{ord(match[0]):04X}"
        pieces.append(f'<span class="hidden" title="invisible character {code}"></span>')
        done = match.end()
    pieces.append(escape(text[done:]))
    return Markup("".join(pieces))


def _page(result: Result, model: ModelInfo, folder: str) -> Page:
    verdict = result.verdict
    title = result.title.removeprefix(folder)
    if verdict is None:
        return Page(title, "error", _ORDER.index("error"), error=shown(result.error or ""))
    pieces = passages(result.text, verdict, model.thresholds)
    found = stripes(pieces)
    return Page(
        title=title,
        kind=verdict.verdict,
        rank=_ORDER.index(verdict.verdict),
        sort="" if verdict.probability is None else f"{verdict.probability:.6f}",
        probability=percent(verdict.probability),
        words=verdict.words,
        coverage=f"{verdict.coverage:.0%}" if verdict.probability is not None else "none",
        findings=verdict.findings,
        raw=percent(verdict.raw.probability) if verdict.raw else "",
        passages=pieces,
        stripes=found,
        described=_described(found),
    )


def _described(found: Iterable[Stripe]) -> str:
    shares: Counter[str] = Counter()
    for stripe in found:
        shares[stripe.kind] += round(stripe.width)
    parts = [
        f"{shares[kind] / STRIPE_WIDTH:.0%} {word}" for kind, word in WORDS.items() if shares[kind]
    ]
    return f"Sentences by length: {', '.join(parts) or 'none scored'}"


def _metrics(model: ModelInfo) -> list[tuple[str, float]]:
    return [(k, v) for k, v in sorted(model.metrics.items()) if isinstance(v, int | float)]


def _spelled(metric: str) -> str:
    short = {"auroc": "AUROC", "ece": "ECE", "mb": "MB", "tpr": "TPR", "fpr": "FPR", "ai": "AI"}
    return " ".join(short.get(word, word) for word in metric.split("_"))


def _policy(style: str, script: str) -> str:
    """A content security policy that allows this style sheet, this script and nothing else."""
    styles, scripts = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (style, script)
    )
    return (
        f"default-src 'none'; style-src 'sha256-{styles}'; script-src 'sha256-{scripts}'; "
        "base-uri 'none'; form-action 'none'"
    )
