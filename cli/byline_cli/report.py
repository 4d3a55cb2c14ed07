"""Results as one HTML page that needs nothing else: no script, no request, no font."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from byline import Finding, Model, Verdict
from byline_cli.passages import STRIPE_WIDTH, Passage, Stripe, passages, stripes
from byline_cli.results import Result
from byline_cli.wording import (
    EVIDENCE,
    NOT_READ,
    WORDS,
    limits,
    percent,
    shared_folder,
    shown,
    summary,
)

_TEMPLATES = Path(__file__).parent / "templates"
# What can't be seen, but tells on a text: shown as a mark of its own.
_HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u061c\u180e]")
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Page:
    """A document as the report shows it.

    Attributes:
        kind: the verdict, or `error`.
        passages: the text in pieces; together they are all of what was looked at.
        stripes: where in the text its passages are, by kind.
        described: the same in words.
    """

    name: str
    kind: str
    probability: str
    words: int
    coverage: str
    findings: tuple[Finding, ...]
    raw: str
    error: str
    passages: tuple[Passage, ...]
    stripes: tuple[Stripe, ...]
    described: str


def write_report(results: Iterable[Result], model: Model, out: BinaryIO) -> None:
    """Write the page: a summary, then every document with its sentences highlighted.

    Args:
        results: all of them are kept with their texts until the summary is complete.
        model: that scored them.
        out: the file.
    """
    pages = [_page(result, model) for result in results]
    style = (_TEMPLATES / "report.css").read_text("utf-8")
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(revealed=revealed, shown=shown)
    parts = environment.get_template("report.html.j2").generate(
        pages=pages,
        folder=shared_folder([page.name for page in pages]),
        words={**WORDS, "error": NOT_READ},
        totals=summary(Counter(page.kind for page in pages)),
        model=model,
        size=f"{model.size_bytes / 1e6:.1f} MB",
        limits=limits(model),
        evidence=EVIDENCE,
        thresholds=[
            ("AI from", percent(model.spec.thresholds.ai)),
            ("human up to", percent(model.spec.thresholds.human)),
            ("sentence AI from", percent(model.spec.thresholds.sentence_ai)),
            ("shortest text judged", f"{model.spec.thresholds.min_words} words"),
        ],
        metrics=[(_spelled(name), f"{value:,.6g}") for name, value in _metrics(model)],
        style=Markup(style),
        policy=_policy(style),
    )
    for part in parts:
        out.write(part.encode("utf-8", "replace"))
    out.flush()


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


def _page(result: Result, model: Model) -> Page:
    verdict = result.verdict
    if verdict is None:
        return Page(result.name, "error", "", 0, "", (), "", shown(result.error or ""), (), (), "")
    pieces = passages(result.text, verdict, model.spec.thresholds)
    found = stripes(pieces)
    return Page(
        name=result.name,
        kind=verdict.verdict,
        probability=percent(verdict.probability),
        words=verdict.words,
        coverage=f"{verdict.coverage:.0%}" if verdict.probability is not None else "none",
        findings=verdict.findings,
        raw=_raw(verdict),
        error="",
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


def _raw(verdict: Verdict) -> str:
    return percent(verdict.raw.probability) if verdict.raw else ""


def _metrics(model: Model) -> list[tuple[str, float]]:
    return [(k, v) for k, v in sorted(model.spec.metrics.items()) if isinstance(v, int | float)]


def _spelled(metric: str) -> str:
    short = {"auroc": "AUROC", "ece": "ECE", "mb": "MB", "tpr": "TPR", "fpr": "FPR", "ai": "AI"}
    return " ".join(short.get(word, word) for word in metric.split("_"))


def _policy(style: str) -> str:
    """A content security policy that allows this style sheet and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
