"""Ids of the prepared data in a teacher's own vocabulary."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from byline.errors import InputError
from byline_training.config import Base, Preset
from byline_training.runs import Run
from byline_training.vocabulary import Vocabulary

BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "river", "##s", "."]
# As in MPNet: four tokens of its own in front, BERT's after them, and the mask at the end.
MPNET = ["<s>", "<pad>", "</s>", "<unk>", *[t for t in BERT if t != "[MASK]"], "<mask>"]


def tokenizer(path: Path, entries: list[str], unknown: str = "[UNK]") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = {
        "model": {
            "type": "WordPiece",
            "unk_token": unknown,
            "vocab": {entry: i for i, entry in enumerate(entries)},
        },
        "added_tokens": [{"id": entries.index(unknown), "content": unknown}],
    }
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def vocabulary(folder: Path, prepared: list[str], own: list[str]) -> Vocabulary:
    tokenizer(folder / "run" / "prepared" / "tokenizer.json", prepared)
    tokenizer(folder / "encoder" / "tokenizer.json", own)
    (folder / "encoder" / "config.json").write_text("{}", encoding="utf-8")
    base = Base(folder=str(folder / "encoder"))
    return Vocabulary.of(Run(Preset("x"), folder / "run"), base)


def test_one_vocabulary_is_left_as_it_is(tmp_path: Path) -> None:
    found = vocabulary(tmp_path, BERT, BERT)
    ids = np.arange(len(BERT), dtype=np.int32)
    assert found.translate(ids).tolist() == ids.tolist()
    assert found.pad == 0


def test_ids_are_shifted_and_special_tokens_take_their_counterparts(tmp_path: Path) -> None:
    found = vocabulary(tmp_path, BERT, MPNET)
    ids = np.asarray([[BERT.index(t) for t in ("[CLS]", "the", "river", "##s", ".", "[SEP]")]])
    translated = found.translate(ids.astype(np.int32))
    assert [MPNET[i] for i in translated[0]] == ["<s>", "the", "river", "##s", ".", "</s>"]
    assert translated.shape == ids.shape


def test_padding_and_mask_take_their_counterparts(tmp_path: Path) -> None:
    found = vocabulary(tmp_path, BERT, MPNET)
    assert MPNET[found.table[BERT.index("[PAD]")]] == "<pad>"
    assert MPNET[found.table[BERT.index("[MASK]")]] == "<mask>"


def test_the_unknown_token_is_the_one_the_teacher_was_trained_with(tmp_path: Path) -> None:
    # MPNet has <unk> as well as BERT's [UNK], and its tokenizer writes the latter.
    found = vocabulary(tmp_path, BERT, MPNET)
    assert MPNET[found.table[BERT.index("[UNK]")]] == "[UNK]"


def test_the_other_way_round(tmp_path: Path) -> None:
    prepared = [t for t in MPNET if t not in ("[CLS]", "[SEP]", "[PAD]", "<unk>")]
    found = vocabulary(tmp_path, prepared, BERT)
    assert [BERT[found.table[prepared.index(t)]] for t in ("<s>", "river", "[UNK]")] == [
        "[CLS]", "river", "[UNK]"
    ]  # fmt: skip
    assert BERT[found.pad] == "[PAD]"


def test_a_token_that_the_teacher_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="token 'river' of the student is not in the teacher's"):
        vocabulary(tmp_path, BERT, [t for t in BERT if t != "river"])


def test_a_unigram_vocabulary_is_read_too(tmp_path: Path) -> None:
    pieces = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]", "▁river"]
    values = {"model": {"type": "Unigram", "unk_id": 1, "vocab": [[p, -1.0] for p in pieces]}}
    for folder in ("run/prepared", "encoder"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "tokenizer.json").write_text(json.dumps(values), encoding="utf-8")
    (tmp_path / "encoder" / "config.json").write_text("{}", encoding="utf-8")
    run = Run(Preset("x"), tmp_path / "run")
    found = Vocabulary.of(run, Base(folder=str(tmp_path / "encoder")))
    assert found.table.tolist() == list(range(6))
    assert found.pad == 0
