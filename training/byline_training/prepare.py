"""Sources to `prepared/*.parquet`: cleaned, split, and tokenized by sentence.

The stages after this one read ids only: they need neither the texts nor the tools that cut them.
Normalisation and segmentation are the library's own, so training and serving can't drift apart.
"""

from __future__ import annotations

import dataclasses
import random
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from byline.errors import InputError
from byline.normalize import as_it_came, normalize
from byline.segment import segment
from byline.tokenizer import Tokenizer
from byline.types import NormalizedText, Sentence
from byline_training.attacks import ALTERATIONS, UNDONE, Attack, attacks
from byline_training.dedupe import assign_splits, drop_duplicates
from byline_training.encoders import find_tokenizer
from byline_training.markdown import table
from byline_training.progress import progress
from byline_training.provenance import data_settings
from byline_training.runs import Run, commit, replacing, sha256
from byline_training.sources import SPLITS, Row, read

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("label", pa.float32()),
        ("words", pa.int32()),
        ("source", pa.string()),
        ("domain", pa.string()),
        ("generator", pa.string()),
        ("family", pa.string()),
        ("attack", pa.string()),
        ("group", pa.string()),
        ("ids", pa.list_(pa.int32())),
        ("sentence_lengths", pa.list_(pa.int32())),
        ("sentence_words", pa.list_(pa.int32())),
        ("sentence_labels", pa.list_(pa.float32())),
    ]
)

_Step = Callable[[str], NormalizedText]


def prepare(run: Run) -> None:
    """Run the stage.

    Writes `prepared/{train,validation,test,...,attacked,attacked_raw}.parquet`, the last of the
    attacks that normalisation undoes, without it, `prepared/tokenizer.json` and
    `prepared/datacard.md`.

    Raises:
        InputError: a source can't be used, or nothing is left of a split that is scored.
    """
    data, seed = run.preset.data, run.preset.seed
    found = find_tokenizer(run.preset.student.base)  # before the long part
    skipped: dict[str, int] = {}
    rows = [row for source in data.sources for row in progress(read(source, skipped), source.name)]
    rows = drop_duplicates(rows, data.near_duplicate, skipped)
    assign_splits(rows, seed)
    named: set[tuple[str, str]] = set()
    for number, row in enumerate(rows):
        if not row.id or (row.source, row.id) in named:  # it may be that of a question or a prompt
            row.id = f"{row.id or row.source}-{number}"
        named.add((row.source, row.id))
    rows = _limited(rows, data.limit, seed)

    by_split: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_split[row.split].append(row)
    for split in SPLITS:
        for label, kind in ((0, "human"), (1, "AI")):
            if not any(row.label == label for row in by_split[split]):
                raise InputError(
                    f"no {kind} texts are left for the {split} split: more texts are needed, or "
                    f"more groups (prompts, documents) of them; skipped: {skipped}"
                )
    run.record(data={})  # a kill from here on leaves files of two runs: nobody is to take them
    tokenizer_path = run.path("prepared", "tokenizer.json")
    shutil.copyfile(found, tokenizer_path)
    tokenizer = Tokenizer.load(tokenizer_path)
    hashes = {}
    for path in run.path("prepared").glob("*.parquet"):  # an earlier run's, of other splits
        if path.stem not in {*by_split, "attacked", "attacked_raw"}:
            path.unlink()
    for split, members in by_split.items():
        if split == "train":
            rng = random.Random(seed)
            members = [row for row in members for _ in range(row.repeat)]
            members = [_augmented(row, data.augment, rng) for row in members]
            rng.shuffle(members)
        hashes[split] = _write(run, split, members, tokenizer)
    _check_scored(run)
    # By id, from a generator of its own: which are chosen depends on the test split alone.
    pure = sorted((row for row in by_split["test"] if not row.spans), key=lambda row: row.id)
    sample = random.Random(seed).sample(pure, min(data.attacked, len(pure)))
    people = sorted(row.text for row in by_split["test"] if row.label == 0)
    attacked = [
        _altered(row, name, attack, random.Random(f"{name}:{row.id}"))
        for name, attack in ({"none": lambda text, rng: text} | attacks(people)).items()
        for row in sample
    ]
    hashes["attacked"] = _write(run, "attacked", attacked, tokenizer)
    hidden = [row for row in attacked if row.attack in ("none", *UNDONE)]
    hashes["attacked_raw"] = _write(run, "attacked_raw", hidden, tokenizer, as_it_came)
    _write_card(run, by_split, skipped)
    run.record(
        data={
            "sha256": hashes,
            "skipped": skipped,
            "commit": commit(),
            "seed": seed,
            "settings": data_settings(run),
        }
    )


def _augmented(row: Row, share: float, rng: random.Random) -> Row:
    """Spoil some training texts of both labels, so that slips tell nothing about the writer."""
    if row.spans or rng.random() >= share:
        return row
    spoil = ALTERATIONS[rng.choice(("misspelling", "article_deletion"))]
    return _altered(row, row.attack, spoil, rng)


def _altered(row: Row, name: str, attack: Attack, rng: random.Random) -> Row:
    return dataclasses.replace(row, text=attack(row.text, rng), attack=name)


def _limited(rows: Sequence[Row], limit: int, seed: int) -> list[Row]:
    """Take about `limit` rows of each split, every source and label in proportion.

    Each split has a generator of its own: more texts to test on change nothing of the training.
    """
    strata: dict[str, dict[tuple[str, bool], list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        strata[row.split][row.source, row.label > 0.5].append(row)
    taken: list[Row] = []
    for split, members in strata.items():
        rng = random.Random(f"{split}:{seed}")
        total = sum(map(len, members.values()))
        share = min(1.0, limit / total) if limit else 1.0
        for stratum in members.values():
            taken += rng.sample(stratum, max(1, round(share * len(stratum))))
    return taken


def _write(
    run: Run, split: str, rows: Iterable[Row], tokenizer: Tokenizer, step: _Step = normalize
) -> str:
    path = run.path("prepared", f"{split}.parquet")
    with replacing(path) as temporary, pq.ParquetWriter(temporary, SCHEMA) as writer:
        batch: list[dict[str, object]] = []
        for row in progress(list(rows), f"tokenize {split}"):
            batch.append(_record(row, tokenizer, step))
            if len(batch) == 2000:
                writer.write_table(pa.Table.from_pylist(batch, SCHEMA))
                batch = []
        writer.write_table(pa.Table.from_pylist(batch, SCHEMA))
    return sha256(path)


def _check_scored(run: Run) -> None:
    """Refuse splits with nothing to learn from or to test on in the texts of one kind."""
    for split in SPLITS:
        path = run.path("prepared", f"{split}.parquet")
        rows = pq.read_table(path, columns=["label", "words"]).to_pylist()
        for label, kind in ((0, "human"), (1, "AI")):
            if not any(row["words"] for row in rows if row["label"] == label):
                raise InputError(
                    f"no {kind} text of the {split} split has a sentence that is scored: code, "
                    "tables, quotations, references and navigation are left out, as in a document"
                )


def _record(row: Row, tokenizer: Tokenizer, step: _Step) -> dict[str, object]:
    normalized = step(row.text)
    sentences = [s for s in segment(normalized.text) if s.scored]
    ids = tokenizer.encode([normalized.text[s.start : s.end] for s in sentences])
    return {
        "id": row.id,
        "label": row.label,
        "words": sum(s.words for s in sentences),
        "source": row.source,
        "domain": row.domain,
        "generator": row.generator,
        "family": row.family,
        "attack": row.attack,
        "group": row.group,
        "ids": np.concatenate([*ids, np.empty(0, np.int64)]).astype(np.int32),
        "sentence_lengths": [len(i) for i in ids],
        "sentence_words": [s.words for s in sentences],
        "sentence_labels": [_sentence_label(row, normalized, s) for s in sentences],
    }


def _sentence_label(row: Row, normalized: NormalizedText, sentence: Sentence) -> float:
    """The AI share of a sentence, from the spans where there are some."""
    if not row.spans:
        return row.label
    start, end = normalized.to_raw[[sentence.start, sentence.end]].tolist()
    ai = sum(max(0, min(end, b) - max(start, a)) for a, b, label in row.spans if label)
    return float(ai / max(1, end - start))


def _write_card(run: Run, splits: dict[str, list[Row]], skipped: dict[str, int]) -> None:
    lines = [f"# Data of preset {run.preset.name}", "", "## Left out", ""]
    lines += [f"- {reason}: {n}" for reason, n in sorted(skipped.items())] or ["- nothing"]
    for title in ("source", "domain", "family"):
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for split, rows in splits.items():
            for row in rows:
                kind = "mixed" if row.spans else "AI" if row.label > 0.5 else "human"
                counts[getattr(row, title)][f"{split} {kind}"] += 1
        columns = sorted({c for count in counts.values() for c in count})
        cells = [(name, *(count[c] for c in columns)) for name, count in sorted(counts.items())]
        lines += ["", f"## By {title}", "", table((title, *columns), cells)]
    with replacing(run.path("prepared", "datacard.md")) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
