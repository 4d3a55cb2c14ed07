"""Exact and near duplicates, and which texts must stay on one side of a split."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence

from datasketch import MinHash, MinHashLSH

from byline.normalize import normalize
from byline_training.sources import SPLITS, Row

_PERMUTATIONS = 64
_WORD = re.compile(r"\w+")
# The first of two duplicates is kept: prefer to lose a training text to testing on it.
_KEEP_FIRST = {"test_long": 0, "test_paired": 0, "test": 1, "validation": 2, "train": 3, "": 4}


def drop_duplicates(rows: Sequence[Row], threshold: float, skipped: dict[str, int]) -> list[Row]:
    """Drop exact and near duplicates, and give near relatives one group.

    Near duplicates are texts whose sets of word 5-grams have about `threshold` Jaccard similarity
    or more, by MinHash (Broder 1997). A text that bears both labels is dropped with all copies, and
    one that is near one of the other label, where they came on two sides of a split. Of texts with
    `spans` exact copies alone are looked for. Texts are compared as normalised.

    Args:
        rows: from all sources.
        threshold: 0..1.
        skipped: counts of rows left out, by reason; added to.

    Returns:
        What is left, each row with a group.
    """

    def skip(reason: str) -> None:
        skipped[reason] = skipped.get(reason, 0) + 1

    by_text: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda r: _KEEP_FIRST.get(r.split, 4)):
        by_text[" ".join(_WORD.findall(normalize(row.text).text.lower()))].append(row)
    index = MinHashLSH(threshold=threshold, num_perm=_PERMUTATIONS)
    kept: list[Row] = []
    merged: dict[str, str] = {}

    def bring_along(row: Row, relative: Row) -> None:
        # Only where no split was given: those that were stay as they are.
        if row.group and not row.split:
            merged[_root(merged, row.group)] = _root(merged, relative.group)

    for text, copies in by_text.items():
        if len({row.label for row in copies}) > 1:
            for _ in copies:
                skip("same text under both labels")
            continue
        for _ in copies[1:]:
            skip("exact duplicate")
        row = copies[0]
        # The copy that is kept may lack what another data set knows of its relatives.
        own = hashlib.sha256(text.encode()).hexdigest()[:16]
        row.group = next((copy.group for copy in copies if copy.group), own)
        for copy in copies[1:]:
            bring_along(copy, row)
        if row.spans:  # spliced from texts that are in the data themselves
            kept.append(row)
            continue
        sketch = _sketch(text.split(" "))
        # Sorted: the index answers in the order of a set of strings, another in every process.
        twins = [kept[i] for i in sorted(map(int, index.query(sketch)))]
        if any(twin.label == row.label for twin in twins):
            skip("near duplicate")
            bring_along(row, twins[0])
            continue
        if twins and row.split:  # a rewritten twin of the other kind, whose relatives stay as well
            if _side(row.split) != _side(twins[0].split):
                skip("near twin on another side")
                continue
            row.group = twins[0].group
        elif twins:
            bring_along(row, twins[0])
        index.insert(str(len(kept)), sketch)
        kept.append(row)
    for row in kept:
        row.group = _root(merged, row.group)
    return kept


def assign_splits(rows: Sequence[Row], seed: int) -> None:
    """Give every row without a split one, by its group: about 80% train, 10% each of the others.

    Where relatives of it came with a split, it follows them. Where all rows came with one, and no
    row is to validate or none to test with, a tenth of the training texts is.
    """
    given_sides = {_side(row.split) for row in rows}
    lacking = set() if "" in given_sides else set(SPLITS) - given_sides
    given: dict[str, str] = {}
    for row in sorted(rows, key=lambda r: -_KEEP_FIRST.get(r.split, 4)):
        if row.split:
            given[row.group] = _side(row.split)
    for row in rows:
        if not row.split and row.group in given:
            row.split = given[row.group]
        elif not row.split or (row.split == "train" and _drawn(row, seed) in lacking):
            row.split = _drawn(row, seed)


def _drawn(row: Row, seed: int) -> str:
    draw = hashlib.sha256(f"{seed}:{row.group}".encode()).digest()[0] * 10 // 256
    return SPLITS[{8: 1, 9: 2}.get(draw, 0)]


def _side(split: str) -> str:
    """Of `train`, `validation` and `test` the one that a split, `test_long` say, is a part of."""
    return split.partition("_")[0]


def _root(merged: dict[str, str], group: str) -> str:
    """The group that a group was merged into, in the end."""
    while merged.get(group, group) != group:
        group = merged[group]
    return group


def _sketch(words: list[str]) -> MinHash:
    sketch = MinHash(num_perm=_PERMUTATIONS, seed=1)
    sketch.update_batch(
        [" ".join(words[i : i + 5]).encode() for i in range(max(1, len(words) - 4))]
    )
    return sketch
