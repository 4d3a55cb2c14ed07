"""Labelled texts from every kind of place, and what is said of those that can't be used.

The fixtures have the exact columns of the public data sets they stand for, and made-up rows.
"""

from __future__ import annotations

import dataclasses
import gc
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from byline.errors import InputError
from byline_training.config import Source
from byline_training.sources import Row, read

# `datasets` leaves the file open of which the rest isn't asked for.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"
)

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "sources"
HUMAN = "We walked home in the rain and my brother sang the whole way."
AI = "It is crucial to delve into the rich tapestry of this landscape."


@pytest.fixture(autouse=True)
def files_closed() -> Iterator[None]:
    """Files left open are found now, and not in the middle of another test."""
    yield
    gc.collect()


def rows(kind: str, path: Path | str, **options: Any) -> tuple[list[Row], dict[str, int]]:
    skipped: dict[str, int] = {}
    source = Source(kind=kind, name="made", path=str(path), **options)
    return list(read(source, skipped)), skipped


def written(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No hub, and no trace in the caches of whoever runs this."""
    import datasets
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def test_first_kaggle_layout() -> None:
    found, skipped = rows("kaggle-llm-detect", FIXTURES / "llm_detect.csv")
    assert [row.label for row in found] == [0.0] * 5 + [1.0] * 5
    assert found[0].text.startswith("My grandmother kept bees")
    assert {row.domain for row in found} == {"essay"}
    assert skipped == {}


def test_second_kaggle_layout() -> None:
    found, _ = rows("kaggle-daigt-v2", FIXTURES / "daigt_v2.csv")
    assert [row.label for row in found] == [0, 0, 0, 1, 1, 1]
    assert found[0].group == "prompt:Community service"
    assert [row.family for row in found][2:5] == ["human", "mistral7binstruct_v2", "chat_gpt_moth"]


def test_kaggle_sets_under_their_own_names_in_one_folder(tmp_path: Path) -> None:
    # One --data serves a preset with both sets.
    for fixture, name in (
        ("llm_detect", "Training_Essay_Data"),
        ("daigt_v2", "train_v2_drcat_02"),
    ):
        (tmp_path / f"{name}.csv").write_bytes((FIXTURES / f"{fixture}.csv").read_bytes())
    assert len(rows("kaggle-llm-detect", tmp_path)[0]) == 10
    assert len(rows("kaggle-daigt-v2", tmp_path)[0]) == 6


def test_a_kaggle_set_with_another_sets_columns_is_refused() -> None:
    with pytest.raises(InputError, match="no column 'generated'"):
        rows("kaggle-llm-detect", FIXTURES / "daigt_v2.csv")


def test_a_column_that_only_the_layout_knows_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "x.jsonl", [{"text": AI, "label": 1}])
    with pytest.raises(InputError, match="no column 'prompt_name'"):
        rows("kaggle-daigt-v2", path)


def test_kaggle_without_file_or_network_says_what_to_download(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import kagglehub

    def fail(_: str) -> str:
        raise ConnectionError("no route to host")

    monkeypatch.setattr(kagglehub, "dataset_download", fail)
    with pytest.raises(InputError, match=r"no route to host.*download Training_Essay_Data\.csv"):
        rows("kaggle-llm-detect", "")


def as_csv(path: Path, table: dict[str, list[Any]]) -> Path:
    import csv

    path = path.with_suffix(".csv")
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))
    return path


def as_jsonl(path: Path, table: dict[str, list[Any]]) -> Path:
    lines = [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
    return written(path.with_suffix(".jsonl"), lines)


def as_jsonl_gz(path: Path, table: dict[str, list[Any]]) -> Path:
    plain = as_jsonl(path, table)
    packed = plain.with_suffix(".jsonl.gz")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    return packed


def as_csv_gz(path: Path, table: dict[str, list[Any]]) -> Path:
    plain = as_csv(path, table)
    packed = plain.with_suffix(".csv.gz")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    return packed


def as_parquet(path: Path, table: dict[str, list[Any]]) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = path.with_suffix(".PARQUET")
    pq.write_table(pa.table(table), path)
    return path


@pytest.mark.parametrize("form", [as_csv, as_csv_gz, as_jsonl, as_jsonl_gz, as_parquet])
def test_any_table_with_text_and_label(
    tmp_path: Path, form: Callable[[Path, dict[str, list[Any]]], Path]
) -> None:
    folder = tmp_path / "brackets [1]"  # a pattern, if it isn't escaped
    folder.mkdir()
    path = form(
        folder / "texts",
        {"text": [HUMAN, AI, 'comma, "quote"\nand line'], "label": [0, 1, 0],
         "domain": ["diary", "blog", "diary"]},
    )  # fmt: skip
    found, skipped = rows("file", path)
    assert [(row.text, row.label) for row in found] == [
        (HUMAN, 0.0), (AI, 1.0), ('comma, "quote"\nand line', 0.0)
    ]  # fmt: skip
    assert [row.domain for row in found] == ["diary", "blog", "diary"]
    assert skipped == {}


def test_other_column_names_and_names_of_labels(tmp_path: Path) -> None:
    path = written(
        tmp_path / "x.jsonl",
        [{"essay": HUMAN, "by": "Human"}, {"essay": AI, "by": " chatgpt "}],
    )
    found, _ = rows("file", path, text_column="essay", label_column="by")
    assert [row.label for row in found] == [0, 1]


def test_labels_as_floats_and_booleans(tmp_path: Path) -> None:
    for i, (human, ai) in enumerate(((0.0, 1.0), (False, True), ("0", "1"))):
        path = written(
            tmp_path / f"{i}.jsonl", [{"text": HUMAN, "label": human}, {"text": AI, "label": ai}]
        )
        assert [row.label for row in rows("file", path)[0]] == [0, 1]


def test_empty_texts_and_unclear_labels_are_counted(tmp_path: Path) -> None:
    path = written(
        tmp_path / "x.jsonl",
        [{"text": HUMAN, "label": "0"}, {"text": AI, "label": "1"}, {"text": "  \n", "label": "1"},
         {"text": None, "label": "0"}, {"text": AI, "label": "perhaps"},
         {"text": AI, "label": None}],
    )  # fmt: skip
    found, skipped = rows("file", path)
    assert len(found) == 2
    assert skipped == {"empty text": 2, "label unclear": 2}


def test_mixed_documents_carry_spans(tmp_path: Path) -> None:
    text = f"{HUMAN} {AI}"
    cut = len(HUMAN)
    path = written(
        tmp_path / "x.jsonl",
        [{"text": HUMAN, "label": 0, "spans": None},
         {"text": AI, "label": 1, "spans": []},
         {"text": text, "label": None, "spans": [[0, cut, 0], [cut + 1, len(text), 1]]},
         {"text": text, "label": 1, "spans": [[0, 10_000, 1]]},
         {"text": text, "label": 1, "spans": [[10, 5, 1]]}],
    )  # fmt: skip
    found, skipped = rows("file", path)
    assert [row.spans for row in found] == [[], [], [(0, cut, 0), (cut + 1, len(text), 1)]]
    assert found[2].label == pytest.approx(len(AI) / (len(AI) + len(HUMAN)))
    assert skipped == {"spans unclear": 2}


def test_spans_in_a_csv_are_json(tmp_path: Path) -> None:
    text, cut = f"{HUMAN} {AI}", len(HUMAN)
    spans = [[0, cut, 0], [cut + 1, len(text), 1]]
    path = as_csv(
        tmp_path / "x",
        {"text": [HUMAN, AI, text, text, text], "label": [0, 1, "", "", "perhaps"],
         "spans": ["", "[]", json.dumps(spans), "[[0, 5", "[]"]},
    )  # fmt: skip
    found, skipped = rows("file", path)
    assert [row.spans for row in found] == [[], [], [tuple(span) for span in spans]]
    assert skipped == {"spans unclear": 1, "label unclear": 1}


def test_spans_of_another_form_are_counted(tmp_path: Path) -> None:
    lines = [{"text": t, "label": i, "spans": []} for i, t in enumerate((HUMAN, AI))]
    lines += [{"text": AI, "label": 1, "spans": [{"start": 0, "end": 5, "label": 1}]}]
    found, skipped = rows("file", written(tmp_path / "x.jsonl", lines))
    assert (len(found), skipped) == (2, {"spans unclear": 1})


def test_a_group_may_be_number_0(tmp_path: Path) -> None:
    lines = [{"text": HUMAN, "label": 0, "group": 0}, {"text": AI, "label": 1, "group": None}]
    found, _ = rows("file", written(tmp_path / "x.jsonl", lines))
    assert [row.group for row in found] == ["0", ""]


def test_a_number_is_an_id_where_another_text_has_none_too(tmp_path: Path) -> None:
    path = as_csv(
        tmp_path / "x", {"text": [HUMAN, AI, f"{AI} 3"], "label": [0, 1, 1], "id": [0, "", 17]}
    )
    assert [row.id for row in rows("file", path)[0]] == ["0", "", "17"]


def test_a_numbered_group_is_one_whether_its_part_of_the_table_has_gaps(tmp_path: Path) -> None:
    """The reader takes so many rows at a time, and a column with gaps in it for floats."""
    part = 10_000
    groups = ["17", *["3"] * (part - 1), "17", ""]
    lines = [f"{(HUMAN, AI)[i % 2]},{i % 2},{group}" for i, group in enumerate(groups)]
    path = tmp_path / "x.csv"
    path.write_text("\n".join(["text,label,group", *lines]), encoding="utf-8")
    found, _ = rows("file", path)
    assert [row.group for row in (found[0], *found[part:])] == ["17", "17", ""]


def test_a_group_that_is_no_number_is_none(tmp_path: Path) -> None:
    path = as_parquet(
        tmp_path / "x", {"text": [HUMAN, AI], "label": [0, 1], "group": [float("nan"), 2.5]}
    )
    assert [row.group for row in rows("file", path)[0]] == ["", "2.5"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("train", "train"), ("Training", "train"), ("val", "validation"), ("dev", "validation"),
     (" Test", "test"), (" ", ""), (None, "")],
)  # fmt: skip
def test_a_split_may_have_another_name(tmp_path: Path, given: str | None, kept: str) -> None:
    lines = [{"text": t, "label": i, "split": given} for i, t in enumerate((HUMAN, AI))]
    found, _ = rows("file", written(tmp_path / "x.jsonl", lines))
    assert [row.split for row in found] == [kept] * 2


def test_what_was_held_out_is_not_split_anew(tmp_path: Path) -> None:
    lines = [{"text": f"{t} {i}", "label": i, "split": s}
             for s in ("train", "holdout") for i, t in enumerate((HUMAN, AI))]  # fmt: skip
    found, skipped = rows("file", written(tmp_path / "x.jsonl", lines))
    assert [row.split for row in found] == ["train"] * 2
    assert skipped == {"split of another name than train, validation and test": 2}
    path = written(tmp_path / "y.jsonl", lines[2:])
    with pytest.raises(InputError, match=r"no texts; .* \(2 more are left out: split of"):
        rows("file", path)


def test_a_limit_takes_so_many_texts(tmp_path: Path) -> None:
    lines = [{"text": f"{HUMAN} {i}", "label": i % 2} for i in range(10)]
    assert len(rows("file", written(tmp_path / "x.jsonl", lines), limit=4)[0]) == 4


@pytest.mark.parametrize(("label", "kind"), [(0, "human"), (1, "AI")])
def test_one_label_only_is_refused(tmp_path: Path, label: int, kind: str) -> None:
    path = written(tmp_path / "x.jsonl", [{"text": HUMAN, "label": label}] * 3)
    with pytest.raises(InputError, match=f"{kind} texts only; a detector needs both"):
        rows("file", path)


def test_of_a_sorted_file_it_is_said_that_limit_cut_the_other_kind_off(tmp_path: Path) -> None:
    lines = [{"text": f"{HUMAN} {i}", "label": i // 5} for i in range(10)]
    path = written(tmp_path / "x.jsonl", lines)
    with pytest.raises(InputError, match="human texts only among its first 4, and limit takes no"):
        rows("file", path, limit=4)


def test_nothing_but_empty_rows_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "x.jsonl", [{"text": "", "label": 0}] * 3)
    with pytest.raises(InputError, match=r"has no texts; .* \(3 more are left out: empty text\)$"):
        rows("file", path)


@pytest.mark.parametrize(
    ("human", "ai", "said"),
    [
        ("human", "gpt-4", r"human texts only; .* \(3 more are left out: a label must be one of"),
        ("person", "gpt-4", r"no texts; .* \(6 more are left out: .*'human'.* or of .*'chatgpt'"),
    ],
)
def test_labels_of_other_names_are_told_from_missing_texts(
    tmp_path: Path, human: str, ai: str, said: str
) -> None:
    lines = [{"text": HUMAN, "label": human}, {"text": AI, "label": ai}] * 3
    with pytest.raises(InputError, match=said):
        rows("file", written(tmp_path / "x.jsonl", lines))


def test_a_missing_column_is_named_with_those_there(tmp_path: Path) -> None:
    path = written(tmp_path / "x.jsonl", [{"body": HUMAN, "label": 0}])
    with pytest.raises(InputError, match=r"no column 'text'; it has \['body', 'label'\]"):
        rows("file", path)


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz", "x.parquet", "x.csv"])
def test_an_unreadable_file_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\x00\xff\xfe\x01 no table \x9c\n\x00" * 20)
    with pytest.raises(InputError, match=rf"{name} can't be read as"):
        rows("file", path)


def test_a_truncated_archive_is_named(tmp_path: Path) -> None:
    path = as_jsonl_gz(tmp_path / "x", {"text": [HUMAN, AI] * 500, "label": [0, 1] * 500})
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match=r"x\.jsonl\.gz can't be read as json"):
        rows("file", path)


def test_an_unknown_suffix_is_refused_with_those_known(tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(b"")
    with pytest.raises(InputError, match=r"'\.xlsx' is not read; use one of \['\.csv'"):
        rows("file", tmp_path / "x.xlsx")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no file .*gone\.csv"):
        rows("file", tmp_path / "gone.csv")
    with pytest.raises(InputError, match="name it with --data"):
        rows("file", "")


def test_an_unknown_kind_is_refused_with_those_known() -> None:
    with pytest.raises(InputError, match=r"unknown kind 'web': \['corpus', 'file', 'hc3'"):
        rows("web", "x")


def test_a_hub_set_by_name(offline: None, tmp_path: Path) -> None:
    # A folder takes the very way of a hub name through `datasets`.
    folder = tmp_path / "set"
    folder.mkdir()
    for split in ("train", "validation", "test"):
        written(
            folder / f"{split}.jsonl",
            [{"text": HUMAN, "label": 0}, {"text": AI, "label": 1}],
        )
    found, _ = rows("hub", folder)
    assert sorted((row.split, row.label) for row in found) == [
        (split, label) for split in ("test", "train", "validation") for label in (0.0, 1.0)
    ]


def test_a_hub_set_with_a_train_split_alone_is_still_to_be_split(
    offline: None, tmp_path: Path
) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    written(folder / "train.jsonl", [{"text": HUMAN, "label": 0}, {"text": AI, "label": 1}])
    assert [row.split for row in rows("hub", folder)[0]] == ["", ""]


@pytest.mark.parametrize(("others", "left_out"), [({"train", "test"}, 2), ({"train"}, 0)])
def test_a_hub_sets_further_splits_are_left_out_where_it_is_split_already(
    monkeypatch: pytest.MonkeyPatch, others: set[str], left_out: int
) -> None:
    import datasets

    lines = [{"text": HUMAN, "label": 0}, {"text": AI, "label": 1}]
    monkeypatch.setattr(
        datasets, "load_dataset", lambda *_: dict.fromkeys([*others, "dev", "extra"], lines)
    )
    found, skipped = rows("hub", "some/set")
    assert sum(skipped.values()) == left_out
    taken = [row.split for row in found]
    assert taken.count("validation") == 2  # the hub's `dev`
    assert taken.count("") == (0 if left_out else 4)
    assert taken.count("test") == (2 if left_out else 0)


def test_an_unreachable_hub_says_what_to_do(offline: None) -> None:
    with pytest.raises(InputError, match=r"some/set can't be had from the hub .*kind = 'file'"):
        rows("hub", "some/set")
    with pytest.raises(InputError, match=r"Hello-SimpleAI/HC3 can't be had from the hub"):
        rows("hc3", "")


def test_hc3_keeps_a_questions_answers_together() -> None:
    found, skipped = rows("hc3", FIXTURES / "hc3.jsonl")
    assert [(row.group, row.label) for row in found] == [
        ("hc3:Why is the sky blue?", 0), ("hc3:Why is the sky blue?", 0),
        ("hc3:Why is the sky blue?", 1), ("hc3:What is inflation?", 0),
        ("hc3:What is inflation?", 1),
    ]  # fmt: skip
    assert [row.family for row in found] == ["human", "human", "chatgpt", "human", "chatgpt"]
    assert found[3].domain == "finance"
    assert skipped == {"empty text": 1}


def test_a_question_without_answers_of_a_kind_is_passed_over(tmp_path: Path) -> None:
    question = {"question": "?", "source": "finance"}
    lines = [
        question | {"human_answers": [HUMAN], "chatgpt_answers": None},
        question | {"human_answers": None, "chatgpt_answers": [AI]},
    ]
    found, _ = rows("hc3", written(tmp_path / "x.jsonl", lines))
    assert [row.label for row in found] == [0, 1]


@pytest.mark.parametrize("model", [None, "", " "])
def test_a_raid_text_by_nobody_knows_is_not_ai(tmp_path: Path, model: str | None) -> None:
    lines = [
        {"generation": text, "model": name, "source_id": "s", "domain": "d", "attack": "none"}
        for text, name in ((HUMAN, "human"), (AI, "gpt4"), ("Whose is this?", model))
    ]
    found, skipped = rows("raid", written(tmp_path / "x.jsonl", lines))
    assert [row.family for row in found] == ["human", "gpt4"]
    assert skipped == {"label unclear": 1}


def test_raid_knows_its_attacks_and_groups() -> None:
    found, _ = rows("raid", FIXTURES / "raid.csv")
    assert [(row.label, row.family, row.attack) for row in found] == [
        (0, "human", ""), (1, "gpt4", ""), (1, "gpt4", "homoglyph")
    ]  # fmt: skip
    assert {row.group for row in found} == {"raid:s1"}


def test_mage_labels_are_turned_round() -> None:
    found, _ = rows("mage", FIXTURES / "mage.csv")
    assert [(row.domain, row.label) for row in found] == [
        ("cmv_human", 0), ("cmv_machine_continuation_gpt-3.5", 1)
    ]  # fmt: skip


def test_numbers_name_groups_and_domains_of_a_corpus_too(tmp_path: Path) -> None:
    lines = [
        {"text": text, "label": label, "group": label, "domain": 2020, "source": None}
        for label, text in enumerate((HUMAN, AI))
    ]
    plain = written(tmp_path / "x", lines).read_bytes()
    for split in ("train", "validation", "test"):
        (tmp_path / f"{split}.jsonl.gz").write_bytes(gzip.compress(plain))
    found, _ = rows("corpus", tmp_path)
    assert {(row.group, row.domain, row.source) for row in found} == {
        ("0", "2020", "unknown"), ("1", "2020", "unknown")
    }  # fmt: skip


def test_a_corpus_folder_brings_its_splits_and_mixed_documents(tmp_path: Path) -> None:
    def line(text: str, label: int, **more: Any) -> dict[str, Any]:
        return {"text": text, "label": label, "group": "g", "domain": "news", "source": "s"} | more

    for split in ("train", "validation", "test"):
        plain = written(tmp_path / "x", [line(HUMAN, 0), line(AI, 1, family="made")])
        (tmp_path / f"{split}.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    mixed = written(tmp_path / "x", [line(HUMAN + AI, 1, spans=[[0, len(HUMAN), 0]])])
    (tmp_path / "test_mixed.jsonl.gz").write_bytes(gzip.compress(mixed.read_bytes()))
    long = written(tmp_path / "x", [line(HUMAN * 9, 0)])
    (tmp_path / "test_long.jsonl.gz").write_bytes(gzip.compress(long.read_bytes()))
    found, _ = rows("corpus", tmp_path)
    assert [row.split for row in found] == [
        "train", "train", "validation", "validation", "test", "test", "test", "test_long"
    ]  # fmt: skip
    assert found[6].spans == [(0, len(HUMAN), 0)]
    assert found[6].label == 0
    assert found[1].family == "made"
    (tmp_path / "validation.jsonl.gz").unlink()
    with pytest.raises(InputError, match=r"validation\.jsonl\.gz is missing"):
        rows("corpus", tmp_path)
    with pytest.raises(InputError, match="name it with --data"):
        rows("corpus", "")


def test_paired_texts_are_all_ai_and_test_apart() -> None:
    found, skipped = rows("paired", "", repeat=3)
    assert {(row.label, row.family, row.source, row.repeat) for row in found} == {
        (1.0, "claude", "made", 3)
    }
    assert {row.split for row in found} == {"train", "validation", "test_paired"}
    assert {row.attack for row in found} == {"prompt_plain", "prompt_polished", "prompt_natural"}
    assert len({row.id for row in found}) == len(found) > 2000
    assert all(row.group and row.domain != "unknown" for row in found)
    assert skipped == {}


def test_a_source_that_is_never_trained_on_is_refused() -> None:
    with pytest.raises(InputError, match="repeat is 0; it must be at least 1"):
        rows("made-up", "", repeat=0)


def test_made_up_texts_are_the_same_every_time() -> None:
    first, second = rows("made-up", "", limit=20)[0], rows("made-up", "", limit=20)[0]
    assert [dataclasses.astuple(row) for row in first] == [
        dataclasses.astuple(row) for row in second
    ]
    assert {row.label for row in first} == {0.0, 1.0}
