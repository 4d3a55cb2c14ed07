"""How well texts are told apart whose like a model never saw: trained without, tested on them."""

from __future__ import annotations

import dataclasses
import json
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from byline.aggregate import document_log_odds
from byline_training.config import Stage
from byline_training.data import (
    Prepared,
    document_windows,
    load_split,
    load_tokenizer,
    training_examples,
)
from byline_training.metrics import auroc, true_positive_rate
from byline_training.model import build
from byline_training.runs import Run, reading, replacing, sha256
from byline_training.trainer import hard_loss, predict, train
from byline_training.vocabulary import Vocabulary

FOLDS = 3
"""Parts into which the sources are divided; each is left out once."""
_LEAST = 100
"""Tested documents of each kind without which a group isn't asked about."""
_MOST = 100
"""Tested documents of a source and kind: no source rules over a group."""


@dataclasses.dataclass(frozen=True)
class _Group:
    """Documents that are left out together: of one domain, or of some sources."""

    name: str
    domain: str | None = None
    sources: frozenset[str] = frozenset()

    def __contains__(self, document: Prepared) -> bool:
        return document.domain == self.domain or document.source in self.sources


def leave_out(run: Run, split: str) -> dict[str, Any]:
    """Train a student without each domain and fold of sources, and with all, on equally many texts.

    What is trained is the student's network from its pretrained weights, on labels alone: a
    teacher that saw the texts would give them away.

    Args:
        run: `preset.data.leave_out` says on how many documents; 0 for none of this.
        split: what is tested on: `validation` to choose by, `test` for the card.

    Returns:
        `documents`, `split`, and under `domains` and `sources` by name AUROC and recall at 5%
        false positives, `left_out` and `taken_in`.
    """
    count = run.preset.data.leave_out
    if not count:
        return {}
    documents = [d for d in load_split(run.path("prepared"), "train") if not d.mixed]
    tested = [d for d in load_split(run.path("prepared"), split) if not d.mixed]
    groups = {
        "domains": [_Group(name, domain=name) for name in sorted({d.domain for d in tested})],
        "sources": [
            _Group(f"{number} of {FOLDS}", sources=sources)
            for number, sources in enumerate(source_folds(documents), 1)
        ],
    }
    results: dict[str, Any] = {"documents": count, "split": split}
    asked = {kind: _asked(found, tested) for kind, found in groups.items()}
    everything = {f"{kind} {g.name}": ds for kind, found in asked.items() for g, ds in found}
    taken_in = _figures(run, split, "nothing", documents, everything)
    for kind, found in asked.items():
        results[kind] = {}
        for group, members in found:
            name = f"{kind} {group.name}"
            rest = [d for d in documents if d not in group]
            left_out = _figures(run, split, name, rest, {name: members})
            results[kind][group.name] = {"left_out": left_out[name], "taken_in": taken_in[name]}
    return results


def source_folds(documents: Sequence[Prepared]) -> list[frozenset[str]]:
    """Divide the sources into folds with about as many texts of each kind."""
    counts: dict[str, Counter[float]] = defaultdict(Counter)
    for document in documents:
        counts[document.source][document.label] += 1
    folds: list[tuple[set[str], Counter[float]]] = [(set(), Counter()) for _ in range(FOLDS)]
    for source, count in sorted(counts.items(), key=lambda item: (-item[1].total(), item[0])):
        kinds = set(count)
        sources, total = min(folds, key=lambda fold: sum(fold[1][kind] for kind in kinds))
        sources.add(source)
        total.update(count)
    return [frozenset(sources) for sources, _ in folds]


def _asked(
    groups: Sequence[_Group], tested: Sequence[Prepared]
) -> list[tuple[_Group, list[Prepared]]]:
    """The groups with enough documents of both kinds to be tested, and those documents."""
    asked = []
    for group in groups:
        taken: Counter[tuple[str, float]] = Counter()
        members = []
        for document in tested:
            kind = (document.source, document.label)
            if document in group and taken[kind] < _MOST:
                taken[kind] += 1
                members.append(document)
        labels = Counter(d.label for d in members)
        if min(labels[0.0], labels[1.0]) >= _LEAST:
            asked.append((group, members))
    return asked


def _figures(
    run: Run,
    split: str,
    name: str,
    documents: Sequence[Prepared],
    tested: dict[str, list[Prepared]],
) -> dict[str, Any]:
    """Figures by group of a student trained on some of `documents`, or those of an earlier call."""
    count, stage = run.preset.data.leave_out, _stage(run)
    inputs = [sha256(run.path("prepared", f"{s}.parquet")) for s in ("train", split)]
    key = json.dumps([inputs, count, run.preset.data.window, dataclasses.asdict(stage)])
    path = run.path("leave_out", split, f"{name}.json")
    kept: dict[str, Any] = {}
    if path.exists():
        with reading(path, "leave-out"):
            kept = json.loads(path.read_text("utf-8"))
    if kept.get("key") == key:
        figures: dict[str, Any] = kept["figures"]
        return figures
    figures = _trained_on(run, f"leave_out/{split}/{name}", documents, tested)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps({"key": key, "figures": figures}), encoding="utf-8")
    return figures


def _stage(run: Run) -> Stage:
    """How the student is trained here: on few documents, which make enough steps in small batches.

    From pretrained weights there is no trained model to end on the way from.
    """
    stage = run.preset.student
    tokens = min(stage.tokens_per_batch, 1536)
    return dataclasses.replace(stage, interpolate=1.0, trainings=1, tokens_per_batch=tokens)


def _trained_on(
    run: Run, name: str, documents: Sequence[Prepared], tested: dict[str, list[Prepared]]
) -> dict[str, Any]:
    stage, window = _stage(run), run.preset.data.window
    tokenizer = load_tokenizer(run)
    count = min(run.preset.data.leave_out, len(documents))
    chosen = random.Random(run.preset.seed).sample(documents, count)
    vocabulary = Vocabulary.of(run, stage.base)
    examples = [
        dataclasses.replace(e, ids=vocabulary.translate(e.ids))
        for e in training_examples(chosen, window, stage.splice, tokenizer, run.preset.seed)
    ]
    model = build(stage, run.preset.seed)
    if stage.layers:
        model.keep_layers(stage.layers)
    train(
        run, name, stage, model, examples,
        lambda batch, logits, token_logits, _: hard_loss(batch, logits, token_logits, stage),
        run.preset.seed, vocabulary.pad,
    )  # fmt: skip
    run.path(name, "checkpoint.pt").unlink(missing_ok=True)
    figures = {}
    for group, members in tested.items():
        windows = [document_windows(d, window, tokenizer) for d in members]
        flat = [vocabulary.translate(w.ids).astype(np.int64) for ws in windows for w in ws]
        answers, _ = predict(model, flat, f"score {group}", vocabulary.pad)
        ends = np.cumsum([len(ws) for ws in windows])
        log_odds = np.asarray(
            [
                document_log_odds(ws, answers[end - len(ws) : end])
                for ws, end in zip(windows, ends, strict=True)
            ]
        )
        labels = np.asarray([d.label for d in members], dtype=np.int64)
        figures[group] = {
            "auroc": auroc(labels, log_odds),
            "recall_at_5_percent_fpr": true_positive_rate(labels, log_odds, 0.05),
        }
    return figures
