"""From sources to prepared Parquet: what is in it, and that it is the same every time."""

from __future__ import annotations

import dataclasses
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from byline.errors import InputError
from byline.normalize import normalize
from byline.segment import segment
from byline.tokenizer import Tokenizer
from byline_training.attacks import UNDONE, attacks
from byline_training.config import Base, Data, Preset, Source, Stage
from byline_training.prepare import SCHEMA, prepare
from byline_training.runs import Run

TINY = Stage(base=Base(random={"hidden_size": 8}))
HUMAN = "The café was shut \U0001f600 so we walked home.\r\nIt rained on us — all the way back."
AI = "It is crucial to delve into this.\r\nFurthermore, we must foster a robust dialogue."


def prepared(folder: Path, source: Source, **data: Any) -> Run:
    run = Run(
        Preset("made", data=Data(sources=(source,), window=64, **data), teacher=TINY, student=TINY),
        folder,
    )
    prepare(run)
    return run


def made_up(folder: Path, limit: int = 300, **data: Any) -> Run:
    return prepared(folder, Source("made-up", "made-up", limit=limit), **data)


def records(run: Run, split: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(run.path("prepared", f"{split}.parquet")).to_pylist()
    return rows


def jsonl(path: Path, lines: list[dict[str, Any]]) -> Source:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return Source("file", "made", str(path))


def with_splits(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """These lines and one of each label in every split."""
    words = random.Random(0)
    rest = [
        {"text": " ".join("".join(words.choices("abcdef", k=4)) for _ in range(20)) + ".",
         "label": label, "split": split, "spans": None}
        for split in ("train", "validation", "test") for label in (0, 1)
    ]  # fmt: skip
    return [*rest, *lines]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return made_up(tmp_path_factory.mktemp("prepared"), attacked=5, augment=0.3)


def test_every_split_has_the_schema_and_both_labels(run: Run) -> None:
    for split in ("train", "validation", "test", "attacked", "attacked_raw"):
        path = run.path("prepared", f"{split}.parquet")
        assert pq.read_schema(path).equals(SCHEMA)
        assert {row["label"] for row in records(run, split)} == {0.0, 1.0}


def test_a_record_is_cut_as_the_library_cuts(run: Run) -> None:
    tokenizer = Tokenizer.load(run.path("prepared", "tokenizer.json"))
    for row in records(run, "test"):
        lengths = row["sentence_lengths"]
        assert sum(lengths) == len(row["ids"])
        assert len(lengths) == len(row["sentence_words"]) == len(row["sentence_labels"])
        assert row["words"] == sum(row["sentence_words"])
        assert 0 <= min(row["ids"]) <= max(row["ids"]) < tokenizer.vocabulary_size
        assert set(row["sentence_labels"]) == {row["label"]}


def test_groups_and_texts_are_on_one_side(run: Run) -> None:
    sides = {split: records(run, split) for split in ("train", "validation", "test")}
    for what in ("group", "id"):
        seen = [{row[what] for row in rows} for rows in sides.values()]
        assert sum(map(len, seen)) == len(set.union(*seen))


def test_the_attacked_split_has_each_text_under_each_attack(run: Run) -> None:
    rows = records(run, "attacked")
    assert Counter(row["attack"] for row in rows) == dict.fromkeys(("none", *attacks([])), 5)
    test = {row["id"]: row["ids"] for row in records(run, "test")}
    for row in rows:
        assert row["id"] in test
        if row["attack"] in ("none", *UNDONE):
            assert row["ids"] == test[row["id"]]  # untouched, or undone by normalisation
    changed = [row["ids"] != test[row["id"]] for row in rows if row["attack"] == "misspelling"]
    assert all(changed)
    raw = Counter(row["attack"] for row in records(run, "attacked_raw"))
    assert raw == dict.fromkeys(("none", *UNDONE), 5)


def test_the_card_counts_what_is_there(run: Run) -> None:
    card = run.path("prepared", "datacard.md").read_text("utf-8")
    test = records(run, "test")
    for kind, label in (("AI", 1), ("human", 0)):
        heading, essays = (
            [cell.strip() for cell in line.strip("| ").split("|")]
            for line in card.splitlines()
            if line.startswith(("| domain", "| essay"))
        )
        expected = sum(r["label"] == label and r["domain"] == "essay" for r in test)
        assert int(essays[heading.index(f"test {kind}")]) == expected
    for title in ("## Left out", "## By source", "## By domain", "## By family"):
        assert title in card


def test_a_name_with_a_bar_stays_in_its_cell_of_the_card(tmp_path: Path) -> None:
    lines = with_splits([])
    for line in lines:
        line["domain"] = "news | sport"
    run = prepared(tmp_path / "run", jsonl(tmp_path / "x.jsonl", lines))
    assert r"| news \| sport | " in run.path("prepared", "datacard.md").read_text("utf-8")


def test_the_same_seed_gives_the_same_files(run: Run, tmp_path: Path) -> None:
    again = made_up(tmp_path / "again", attacked=5, augment=0.3)
    assert again.recorded()["data"] == run.recorded()["data"]
    assert set(run.recorded()["data"]["sha256"]) == {
        "train", "validation", "test", "attacked", "attacked_raw",
    }  # fmt: skip


def test_hashes_are_recorded_with_what_made_them(run: Run) -> None:
    record = run.recorded()
    assert record["preset"]["data"]["window"] == 64
    assert {"torch", "onnxruntime", "numpy"} <= set(record["libraries"])
    assert record["commit"]


def test_a_limit_is_stratified(tmp_path: Path) -> None:
    source = Source("made-up", "made-up", limit=400)
    whole = records(prepared(tmp_path / "whole", source, attacked=2), "train")
    cut = records(prepared(tmp_path / "cut", source, attacked=2, limit=60), "train")
    assert 50 <= len(cut) <= 70
    for key in ("source", "label"):
        before, after = Counter(r[key] for r in whole), Counter(r[key] for r in cut)
        assert before.keys() == after.keys()
        for name, n in before.items():
            assert after[name] / len(cut) == pytest.approx(n / len(whole), abs=0.05)


def test_a_source_is_repeated_in_training_alone(tmp_path: Path) -> None:
    source = Source("made-up", "made-up", limit=100)
    once = prepared(tmp_path / "once", source, attacked=2)
    thrice = prepared(tmp_path / "thrice", dataclasses.replace(source, repeat=3), attacked=2)
    for split, times in (("train", 3), ("validation", 1), ("test", 1)):
        ids = Counter(r["id"] for r in records(once, split))
        assert Counter(r["id"] for r in records(thrice, split)) == {i: times for i in ids}


def test_the_attacked_texts_depend_on_the_test_split_alone(tmp_path: Path) -> None:
    words = random.Random(1)
    source = jsonl(tmp_path / "x.jsonl", [
        {"id": f"{split}-{n}", "split": split, "label": n % 2,
         "text": " ".join("".join(words.choices("abcdef", k=4)) for _ in range(20)) + "."}
        for split in ("train", "validation", "test") for n in range(20)
    ])  # fmt: skip
    alone = prepared(tmp_path / "alone", source, attacked=5)
    data = dataclasses.replace(
        alone.preset.data, sources=(source, Source("paired", "paired", limit=30))
    )
    more = Run(dataclasses.replace(alone.preset, data=data), tmp_path / "more")
    prepare(more)
    assert records(more, "test_paired")
    assert records(more, "attacked") == records(alone, "attacked")


def test_more_texts_to_test_on_change_nothing_of_the_training(tmp_path: Path) -> None:
    words = random.Random(2)
    rows = [
        {"id": f"{split}-{n}", "split": split, "label": n % 2,
         "text": " ".join("".join(words.choices("abcdef", k=4)) for _ in range(20)) + "."}
        for split in ("test", "train", "validation") for n in range(20)
    ]  # fmt: skip
    fewer = prepared(tmp_path / "fewer", jsonl(tmp_path / "x.jsonl", rows[10:]))
    more = prepared(tmp_path / "more", jsonl(tmp_path / "y.jsonl", rows))
    assert len(records(more, "test")) == len(records(fewer, "test")) + 10
    for split in ("train", "validation"):
        assert [r["ids"] for r in records(more, split)] == [r["ids"] for r in records(fewer, split)]


def test_an_id_that_several_texts_have_is_told_apart(tmp_path: Path) -> None:
    texts = with_splits([])  # of each question a person's answer and an AI's
    lines = [{**line, "id": f"q{i // 2}"} for i, line in enumerate(texts)]
    run = prepared(tmp_path / "run", jsonl(tmp_path / "x.jsonl", lines), augment=0)
    ids = [r["id"] for split in ("train", "validation", "test") for r in records(run, split)]
    assert len(set(ids)) == len(ids) == len(texts)
    assert {"q0", "q1", "q2"} < set(ids)


def test_spans_become_labels_of_sentences(tmp_path: Path) -> None:
    text = f"{HUMAN}\r\n\r\n{AI}"
    cut = len(HUMAN)
    lines = with_splits(
        [{"text": text, "label": 1, "split": "test",
          "spans": [[0, cut, 0], [cut + 4, len(text), 1]]}]
    )  # fmt: skip
    run = prepared(tmp_path / "run", jsonl(tmp_path / "x.jsonl", lines))
    (row,) = (r for r in records(run, "test") if 0 < r["label"] < 1)
    assert row["label"] == pytest.approx(len(AI) / (len(AI) + len(HUMAN)))
    clean = normalize(text)
    sentences = [clean.text[s.start : s.end] for s in segment(clean.text) if s.scored]
    assert len(sentences) == 4
    assert row["sentence_labels"] == [0, 0, 1, 1]


def test_a_span_that_ends_inside_a_sentence_gives_it_a_share(tmp_path: Path) -> None:
    text = "Half of this sentence is by a person, half of it is not so at all."
    lines = with_splits(
        [{"text": text, "label": 1, "split": "test",
          "spans": [[0, 37, 0], [37, len(text), 1]]}]
    )  # fmt: skip
    run = prepared(tmp_path / "run", jsonl(tmp_path / "x.jsonl", lines))
    (row,) = (r for r in records(run, "test") if 0 < r["label"] < 1)
    assert row["sentence_labels"] == [pytest.approx((len(text) - 37) / len(text))]


def test_what_is_skipped_is_reported(tmp_path: Path) -> None:
    lines = with_splits([{"text": "", "label": 0}, {"text": "x", "label": "maybe"}])
    lines += [lines[0], {"text": lines[1]["text"], "label": 0}]
    for line in lines:
        line["label"] = str(line["label"])
    lines += with_splits([])[1:2]
    lines[-1] |= {"label": "1", "text": "Another text, so that the split keeps one of its kind."}
    run = prepared(tmp_path / "run", jsonl(tmp_path / "x.jsonl", lines))
    skipped = run.recorded()["data"]["skipped"]
    assert skipped == {
        "empty text": 1, "label unclear": 1, "exact duplicate": 1, "same text under both labels": 2
    }  # fmt: skip
    card = run.path("prepared", "datacard.md").read_text("utf-8")
    for reason, count in skipped.items():
        assert f"- {reason}: {count}" in card


def test_a_split_without_one_kind_is_refused(tmp_path: Path) -> None:
    lines = [r for r in with_splits([]) if r["split"] != "test" or r["label"] == 0]
    with pytest.raises(InputError, match="no AI texts are left for the test split"):
        prepared(tmp_path / "run", jsonl(tmp_path / "x.jsonl", lines))


def test_texts_of_which_nothing_is_scored_are_refused(tmp_path: Path) -> None:
    lines = with_splits([])
    for line in lines:
        if line["split"] == "train" and line["label"]:
            line["text"] = f"```\n{line['text']}\n```"
    with pytest.raises(InputError, match="no AI text of the train split has a sentence that is sc"):
        prepared(tmp_path / "run", jsonl(tmp_path / "x.jsonl", lines))


def test_splits_of_an_earlier_run_do_not_stay(tmp_path: Path) -> None:
    run = made_up(tmp_path, limit=100, attacked=2)
    stale = run.path("prepared", "test_long.parquet")
    stale.write_bytes(run.path("prepared", "test.parquet").read_bytes())
    prepare(run)
    assert not stale.exists()
    assert run.path("prepared", "test.parquet").exists()
