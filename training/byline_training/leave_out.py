"""How well a domain is told apart that a model never saw: trained without it, tested on it."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from byline.aggregate import document_log_odds
from byline.tokenizer import Tokenizer
from byline_training.data import Example, Prepared, document_windows, load_split, training_examples
from byline_training.metrics import auroc, true_positive_rate
from byline_training.model import build
from byline_training.runs import Run, replacing, sha256
from byline_training.trainer import hard_loss, predict, train
from byline_training.vocabulary import Vocabulary

_LEAST = 100
"""Test documents of each kind without which a domain isn't asked about."""


def leave_one_domain_out(run: Run, test: Sequence[Prepared]) -> dict[str, Any]:
    """Train a small student once without each domain, and once with all, on equally many texts.

    What is trained is the student's network from its pretrained weights, on labels alone: a
    teacher that saw the domain would give it away.

    Args:
        run: `preset.data.leave_out` says on how many documents; 0 for none of this.
        test: the test split.

    Returns:
        `documents`, and by domain AUROC and recall at 5% false positives, left out and taken in.
    """
    count = run.preset.data.leave_out
    if not count:
        return {}
    pure = [d for d in test if not d.mixed]
    kinds = Counter((d.domain, d.label) for d in pure)
    domains = [
        domain
        for domain in sorted({d.domain for d in pure})
        if min(kinds[domain, 0.0], kinds[domain, 1.0]) >= _LEAST
    ]
    key = sha256(run.path("prepared", "train.parquet")) + f":{count}"
    results: dict[str, Any] = {"documents": count, "domains": {}}
    for domain in ("", *domains):
        path = run.path("leave_out", f"{domain or 'none'}.json")
        kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
        if kept.get("key") != key:
            kept = {"key": key, "figures": _trained_without(run, domain, count, pure, domains)}
            with replacing(path) as temporary:
                temporary.write_text(json.dumps(kept), encoding="utf-8")
        for tested, figures in kept["figures"].items():
            if domain in ("", tested):
                side = "left_out" if domain else "taken_in"
                results["domains"].setdefault(tested, {})[side] = figures
    return results


def _trained_without(
    run: Run, domain: str, count: int, pure: Sequence[Prepared], domains: Sequence[str]
) -> dict[str, Any]:
    stage = run.preset.student
    tokenizer = Tokenizer.load(run.path("prepared", "tokenizer.json"))
    rest = [
        d for d in load_split(run.path("prepared"), "train") if d.domain != domain and not d.mixed
    ]
    chosen = random.Random(run.preset.seed).sample(rest, min(count, len(rest)))
    vocabulary = Vocabulary.of(run, stage.base)
    examples = [
        Example(vocabulary.translate(e.ids), e.token_labels, e.label)
        for e in training_examples(
            chosen, run.preset.data.window, stage.splice, tokenizer, run.preset.seed
        )
    ]
    model = build(stage, run.preset.seed)
    if stage.layers:
        model.keep_layers(stage.layers)
    train(
        run, f"leave_out/{domain or 'none'}", stage, model, examples,
        lambda batch, logits, token_logits, _: hard_loss(batch, logits, token_logits, stage),
        vocabulary.pad,
    )  # fmt: skip
    run.path("leave_out", domain or "none", "checkpoint.pt").unlink(missing_ok=True)
    tested = [d for d in pure if d.domain == domain or (not domain and d.domain in domains)]
    windows = [document_windows(d, run.preset.data.window, tokenizer) for d in tested]
    flat = [vocabulary.translate(w.ids).astype(np.int64) for ws in windows for w in ws]
    answers, _ = predict(model, flat, f"score {domain or 'all domains'}", vocabulary.pad)
    scores, at = [], 0
    for ws in windows:
        scores.append(document_log_odds(ws, answers[at : at + len(ws)]))
        at += len(ws)
    log_odds = np.asarray(scores)
    labels = np.asarray([d.label for d in tested], dtype=np.int64)
    names = np.asarray([d.domain for d in tested])
    return {
        name: {
            "auroc": auroc(labels[names == name], log_odds[names == name]),
            "recall_at_5_percent_fpr": true_positive_rate(
                labels[names == name], log_odds[names == name], 0.05
            ),
        }
        for name in ([domain] if domain else domains)
    }
