"""Duplicates are found before splitting, and relatives stay on one side of it."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from byline_training.config import Source
from byline_training.dedupe import assign_splits, drop_duplicates
from byline_training.sources import Row, read

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "sources"


def prose(seed: int, words: int = 120) -> str:
    rng = random.Random(seed)
    return " ".join("".join(rng.choices("abcdefghij", k=5)) for _ in range(words))


def row(text: str, label: float = 0, **more: Any) -> Row:
    return Row(text, label, "made", **more)


def test_exact_duplicates_are_dropped_and_counted() -> None:
    text = prose(1)
    skipped: dict[str, int] = {}
    # Case, spacing and punctuation don't make another text.
    copies = [row(text), row(text.upper()), row(text.replace(" ", ",  ") + "!"), row(prose(2))]
    kept = drop_duplicates(copies, 0.7, skipped)
    assert kept == [copies[0], copies[3]]
    assert skipped == {"exact duplicate": 2}


def test_near_duplicates_are_dropped_and_counted() -> None:
    words = prose(1, 200).split()
    near = [*words[:100], "changed", *words[101:]]
    far = [w if i % 4 else "changed" for i, w in enumerate(words)]
    skipped: dict[str, int] = {}
    kept = drop_duplicates([row(" ".join(w)) for w in (words, near, far)], 0.7, skipped)
    assert [r.text for r in kept] == [" ".join(words), " ".join(far)]
    assert skipped == {"near duplicate": 1}


def test_texts_are_compared_as_normalised() -> None:
    words = prose(1).split()
    hidden = " ".join(f"{word[:2]}\u200b{word[2:]}" for word in words)
    skipped: dict[str, int] = {}
    assert len(drop_duplicates([row(" ".join(words)), row(hidden)], 0.7, skipped)) == 1
    assert skipped == {"exact duplicate": 1}


def test_relatives_of_a_dropped_copy_stay_with_the_kept_one() -> None:
    words = prose(1, 200).split()
    near = " ".join([*words[:100], "changed", *words[101:]])
    rows = [
        row(" ".join(words), group="a"), row(" ".join(words), group="b"), row(near, group="c"),
        row(prose(2), group="b"), row(prose(3), group="c"), row(prose(4), group="d"),
    ]  # fmt: skip
    kept = drop_duplicates(rows, 0.7, {})
    assert [r.group for r in kept] == ["a", "a", "a", "d"]


def test_the_two_kaggle_sets_overlap() -> None:
    skipped: dict[str, int] = {}
    rows = [
        r
        for kind, name in (("kaggle-llm-detect", "llm_detect"), ("kaggle-daigt-v2", "daigt_v2"))
        for r in read(Source(kind, name, str(FIXTURES / f"{name}.csv")), skipped)
    ]
    kept = drop_duplicates(rows, 0.7, skipped)
    assert (len(rows), len(kept)) == (16, 12)
    assert skipped == {"exact duplicate": 4}
    # The kept copy is the first set's, which doesn't know the prompts; the second does.
    groups = {r.text[:9]: r.group for r in kept}
    assert groups["My grandm"] == "prompt:Community service"


def test_the_same_text_under_both_labels_goes_with_all_its_copies() -> None:
    text = prose(1)
    skipped: dict[str, int] = {}
    kept = drop_duplicates([row(text, 0), row(text, 1), row(text, 1), row(prose(2))], 0.7, skipped)
    assert [r.text for r in kept] == [prose(2)]
    assert skipped == {"same text under both labels": 3}


def test_test_is_kept_over_train() -> None:
    text = prose(1, 200)
    near = text.replace(text.split()[100], "changed")
    for other in (text, near):
        skipped: dict[str, int] = {}
        kept = drop_duplicates(
            [row(text, split="train"), row(other, split="test"), row(prose(2))], 0.7, skipped
        )
        assert [r.split for r in kept] == ["test", ""]
        assert sum(skipped.values()) == 1


def test_mixed_documents_are_not_duplicates_of_what_they_were_spliced_from() -> None:
    text = prose(1, 200)
    mixed = row(text + " end", 0.5)
    mixed.spans = [(0, 500, 0), (500, len(mixed.text), 1)]
    skipped: dict[str, int] = {}
    assert len(drop_duplicates([row(text), mixed], 0.7, skipped)) == 2
    assert skipped == {}


def test_a_rewritten_twin_of_the_other_kind_stays_with_both_families() -> None:
    # A and B are of one prompt; C is a machine's edit of B and of another prompt, with D.
    b = prose(2, 200)
    c = b.replace(b.split()[100], "changed")
    for seed in range(30):
        rows = [
            row(prose(1), group="p"), row(b, group="p"), row(c, 1, group="q"),
            row(prose(4), 1, group="q"), row(prose(5), group="r"),
        ]  # fmt: skip
        kept = drop_duplicates(rows, 0.7, {})
        assign_splits(kept, seed)
        assert len(kept) == 5
        assert len({r.split for r in kept[:4]}) == 1
        assert len({r.group for r in kept[:4]}) == 1
        assert kept[4].group == "r"


def test_relatives_of_a_row_that_came_with_a_split_follow_it() -> None:
    rows = [row(prose(i), group="p") for i in range(5)] + [row(prose(9), group="p", split="test")]
    kept = drop_duplicates(rows, 0.7, {})
    assign_splits(kept, 1)
    assert {r.split for r in kept} == {"test"}


def test_a_twin_of_a_test_text_is_tested_on_too_or_dropped() -> None:
    text = prose(1, 200)
    near = text.replace(text.split()[100], "changed")
    for split, sides in (
        ("", ["test", "test"]), ("test_paired", ["test_paired", "test"]), ("train", ["test"]),
    ):  # fmt: skip
        skipped: dict[str, int] = {}
        rows = [row(near, 1, split=split, group="q"), row(text, split="test", group="p")]
        kept = drop_duplicates(rows, 0.7, skipped)
        assign_splits(kept, 3)
        assert [r.split for r in kept] == sides
        assert skipped == ({} if len(sides) == 2 else {"near twin on another side": 1})


def test_groups_never_cross_splits_and_shares_are_about_right() -> None:
    rows = [row(prose(i, 20), group=f"g{i // 3}") for i in range(1800)]
    assign_splits(rows, 5)
    sides = defaultdict(set)
    for r in rows:
        sides[r.group].add(r.split)
    assert all(len(side) == 1 for side in sides.values())
    share = {s: sum(r.split == s for r in rows) / len(rows) for s in ("train", "test")}
    assert 0.75 < share["train"] < 0.85
    assert 0.06 < share["test"] < 0.14


def test_a_split_that_nobody_gave_is_taken_of_the_training_texts() -> None:
    sides = ("train", "train", "train", "test")
    rows = [row(prose(i, 20), group=f"g{i // 2}", split=sides[i // 2 % 4]) for i in range(2400)]
    tested = [r for r in rows if r.split == "test"]
    assign_splits(rows, 5)
    assert [r for r in rows if r.split == "test"] == tested
    taken = {r.group for r in rows if r.split == "validation"}
    assert not taken & {r.group for r in rows if r.split != "validation"}
    assert 0.06 < 2 * len(taken) / (len(rows) - len(tested)) < 0.14


def test_of_three_given_splits_none_is_touched() -> None:
    sides = ("train", "validation", "test_paired")
    rows = [row(prose(i, 20), split=sides[i % 3]) for i in range(300)]
    assign_splits(rows, 5)
    assert [r.split for r in rows] == [sides[i % 3] for i in range(300)]


def test_splits_depend_on_the_seed_alone() -> None:
    def split(seed: int, order: list[int]) -> dict[str, str]:
        rows = [row(prose(i, 20)) for i in order]
        kept = drop_duplicates(rows, 0.7, {})
        assign_splits(kept, seed)
        return {r.text: r.split for r in kept}

    forwards, backwards = list(range(100)), list(range(99, -1, -1))
    assert split(1, forwards) == split(1, backwards)
    assert split(1, forwards) != split(2, forwards)


def test_twins_are_the_same_in_every_process() -> None:
    # Python hashes strings differently in every process, and the index keeps sets of strings.
    program = """
import random
from byline_training.dedupe import drop_duplicates
from byline_training.sources import Row
rng = random.Random(0)
words = ["".join(rng.choices("abcdefghij", k=5)) for _ in range(200)]
def altered(*at):
    return " ".join("changed%d" % i if i in at else w for i, w in enumerate(words))
rows = [Row(altered(*range(9 * i, 9 * i + 6)), 0.0, "s", group="g%d" % i) for i in range(12)]
rows.append(Row(altered(199), 1.0, "s", group="twin"))
print([(row.group, row.label) for row in drop_duplicates(rows, 0.8, {})])
"""
    answers = set()
    for seed in "1234":
        result = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        )  # fmt: skip
        answers.add(result.stdout)
    assert len(answers) == 1
    assert answers.pop().count("0.0") > 1
