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
from byline_training.progress import note
from byline_training.runs import Run, reading, replacing, sha256
from byline_training.trainer import discard_progress, hard_loss, predict, train
from byline_training.vocabulary import Vocabulary

FOLDS = {"domain": 4, "source": 3}
"""Parts into which the domains and the sources are divided; each part is left out once."""
_LEAST = 80
"""Tested documents of each kind without which a group isn't asked about."""
_MOST = 100
"""Tested documents of a source and kind: no source rules over a group."""


@dataclasses.dataclass(frozen=True)
class _Fold:
    """Documents that are left out together: of some domains, or of some sources."""

    name: str
    by: str
    values: frozenset[str]

    def __contains__(self, document: Prepared) -> bool:
        return getattr(document, self.by) in self.values


def leave_out(run: Run, split: str) -> dict[str, Any]:
    """Train students without some domains or sources, and one with all, on equally many texts.

    Several domains are left out at once, so each is judged by a model that knew even less than all
    but that one: the figures are no better than those of leaving out one. What is trained is the
    student's network from its pretrained weights, on labels alone: a teacher that saw the texts
    would give them away.

    Args:
        run: `preset.data.leave_out` says on how many documents; 0 for none of this.
        split: what is tested on: `validation` to choose by, `test` for the card.

    Returns:
        `documents`, `split`, and under `domains` by name, under `sources` by fold AUROC and recall
        at 5% false positives, `left_out` and `taken_in`.
    """
    count = run.preset.data.leave_out
    if not count:
        return {}
    # Each once: those that training repeats would make up more of the few than of all.
    loaded = load_split(run, "train")
    documents = list({(d.source, d.id): d for d in loaded if not d.mixed}.values())
    tested = [d for d in load_split(run, split) if not d.mixed]
    results: dict[str, Any] = {"documents": count, "split": split}
    asked: dict[_Fold, dict[str, list[Prepared]]] = {}
    for by in FOLDS:
        for fold in folds(documents, by):
            groups: dict[str, list[Prepared]] = defaultdict(list)
            for document in tested:
                if document in fold:
                    groups[document.domain if by == "domain" else fold.name].append(document)
            found = {name: _capped(members) for name, members in groups.items()}
            asked[fold] = {name: ds for name, ds in sorted(found.items()) if _enough(ds)}
    everything = {
        f"{fold.by} {name}": ds for fold, found in asked.items() for name, ds in found.items()
    }
    if not everything:
        note(
            f"leave-out: no domain and no part of the sources has {_LEAST} texts of each kind in "
            f"the {split} split: nothing is measured"
        )
        return results | {f"{by}s": {} for by in FOLDS}
    taken_in = _figures(run, split, "nothing", documents, everything)
    for fold, found in asked.items():
        kind = results.setdefault(f"{fold.by}s", {})
        rest = [d for d in documents if d not in fold]
        if not found or {d.label for d in rest} != {0.0, 1.0}:
            continue
        left_out = _figures(run, split, f"{fold.by} {fold.name}", rest, found)
        for name in found:
            kind[name] = {"left_out": left_out[name], "taken_in": taken_in[f"{fold.by} {name}"]}
    return results


def folds(documents: Sequence[Prepared], by: str) -> list[_Fold]:
    """Divide the domains or sources into folds with about as many texts of each kind."""
    counts: dict[str, Counter[float]] = defaultdict(Counter)
    for document in documents:
        counts[getattr(document, by)][document.label] += 1
    parts: list[tuple[set[str], Counter[float]]] = [(set(), Counter()) for _ in range(FOLDS[by])]
    for value, count in sorted(counts.items(), key=lambda item: (-item[1].total(), item[0])):
        kinds = set(count)
        values, total = min(parts, key=lambda part: sum(part[1][kind] for kind in kinds))
        values.add(value)
        total.update(count)
    return [
        _Fold(f"{number} of {len(parts)}", by, frozenset(values))
        for number, (values, _) in enumerate(parts, 1)
    ]


def _capped(documents: Sequence[Prepared]) -> list[Prepared]:
    """At most `_MOST` of each source and kind."""
    taken: Counter[tuple[str, float]] = Counter()
    kept = []
    for document in documents:
        kind = (document.source, document.label)
        if taken[kind] < _MOST:
            taken[kind] += 1
            kept.append(document)
    return kept


def _enough(documents: Sequence[Prepared]) -> bool:
    """Whether there are enough of both kinds to be tested."""
    labels = Counter(d.label for d in documents)
    return min(labels[0.0], labels[1.0]) >= _LEAST


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
    settings = dataclasses.asdict(stage)
    key = json.dumps(
        [
            inputs, len(documents), sorted(tested), count, run.preset.data.window,
            run.preset.seed, settings,
        ]
    )  # fmt: skip
    path = run.path("leave_out", split, f"{name}.json")
    kept: dict[str, Any] = {}
    if path.exists():
        with reading(path, "leave-out"):
            kept = json.loads(path.read_text("utf-8"))
    if kept.get("key") == key:
        figures: dict[str, Any] = kept["figures"]
        return figures
    figures = _trained_on(run, f"leave_out/{split}/{name}", documents, tested, key)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps({"key": key, "figures": figures}), encoding="utf-8")
    return figures


def _stage(run: Run) -> Stage:
    """How the student is trained here: on few documents, which make enough steps in small batches.

    From pretrained weights there is no trained model to end on the way from; and of the teacher's
    layers, where a student is made of them, only those can stay as they are that it doesn't train.
    """
    stage, frozen = run.preset.student, run.preset.student.frozen_layers
    return dataclasses.replace(
        stage,
        interpolate=1.0,
        trainings=1,
        tokens_per_batch=min(stage.tokens_per_batch, 1536),
        frozen_layers=min(frozen, run.preset.teacher.frozen_layers) if stage.layers else frozen,
    )


def _trained_on(
    run: Run,
    name: str,
    documents: Sequence[Prepared],
    tested: dict[str, list[Prepared]],
    origin: str,
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
    train(
        run, name, stage, model, examples,
        lambda batch, logits, token_logits, _: hard_loss(batch, logits, token_logits, stage),
        run.preset.seed, vocabulary.pad, origin,
    )  # fmt: skip
    discard_progress(run, name)
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
