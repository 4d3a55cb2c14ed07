"""Pairs of encoders from local folders, through every stage to a verified model repository.

The encoders have the architectures of the published ones and random weights of small width, so
what is tested is that everything fits together, not how well it learns.
"""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from byline import Detector
from byline.repository import ModelRepository
from byline_training import cli, encoders, timing
from byline_training.config import Base, Gate, Preset, Source, load
from byline_training.data import load_split
from byline_training.provenance import MODELS
from byline_training.runs import Run
from byline_training.scores import score_split
from byline_training.sources import read
from byline_training.vocabulary import vocabulary_of

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "sources"
WORDS = sorted(
    {word.strip(".").lower() for row in read(Source("made-up", "x", limit=40), {})
     for word in row.text.split()}
)  # fmt: skip
BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz.,'?"]
BERT += [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"] + WORDS
# As MPNet's: four tokens of its own, BERT's behind them, and the mask at the end.
MPNET = ["<s>", "<pad>", "</s>", "<unk>", *[e for e in BERT if e != "[MASK]"], "<mask>"]
WIDTH: dict[str, Any] = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 32}


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No hub, no caches of others, and no long timing."""
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(encoders, "_CACHE", tmp_path / "cache")
    monkeypatch.setattr(timing, "ROUNDS", 1)


def wordpiece(folder: Path, entries: list[str], first: str, last: str) -> None:
    vocabulary = {entry: i for i, entry in enumerate(entries)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(
        (last, vocabulary[last]), (first, vocabulary[first])
    )
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))


def bert(folder: Path, layers: int) -> Path:
    from transformers import BertConfig, BertModel

    torch.manual_seed(1)
    config = BertConfig(vocab_size=len(BERT), num_hidden_layers=layers, **WIDTH)
    BertModel(config).save_pretrained(folder)
    wordpiece(folder, BERT, "[CLS]", "[SEP]")
    return folder


def distilbert(folder: Path) -> Path:
    from transformers import DistilBertConfig, DistilBertModel

    torch.manual_seed(2)
    config = DistilBertConfig(vocab_size=len(BERT), dim=16, n_layers=6, n_heads=2, hidden_dim=32)
    DistilBertModel(config).save_pretrained(folder)
    wordpiece(folder, BERT, "[CLS]", "[SEP]")
    return folder


def mpnet(folder: Path) -> Path:
    from transformers import MPNetConfig, MPNetModel

    torch.manual_seed(3)
    config = MPNetConfig(vocab_size=len(MPNET), num_hidden_layers=2, **WIDTH)
    MPNetModel(config).save_pretrained(folder)
    wordpiece(folder, MPNET, "<s>", "</s>")
    return folder


def albert(folder: Path) -> Path:
    """With nothing but a SentencePiece model, trained here, for a tokenizer."""
    import sentencepiece
    from transformers import AlbertConfig, AlbertModel

    folder.mkdir(parents=True)
    texts = (row.text.lower() for row in read(Source("made-up", "x", limit=100), {}))
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_prefix=str(folder / "spiece"), vocab_size=64,
        pad_id=0, unk_id=1, bos_id=-1, eos_id=-1, minloglevel=2,
        control_symbols=["[CLS]", "[SEP]", "[MASK]"],
    )  # fmt: skip
    (folder / "spiece.vocab").unlink()
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "AlbertTokenizer", "do_lower_case": True}), encoding="utf-8"
    )
    torch.manual_seed(4)
    config = AlbertConfig(vocab_size=64, embedding_size=8, num_hidden_layers=2, **WIDTH)
    AlbertModel(config).save_pretrained(folder)
    return folder


def kaggle_folder(folder: Path) -> Path:
    """Both Kaggle layouts under their own names, the fixtures enlarged by made-up rows."""
    folder.mkdir()
    made = list(read(Source("made-up", "x", limit=280), {}))
    for fixture, name, rows in (
        ("llm_detect", "Training_Essay_Data", made[:200]),
        ("daigt_v2", "train_v2_drcat_02", made[160:]),  # the two overlap
    ):
        path = folder / f"{name}.csv"
        path.write_bytes((FIXTURES / f"{fixture}.csv").read_bytes())
        with path.open("a", newline="", encoding="utf-8") as file:
            for number, row in enumerate(rows):
                label = int(row.label)
                more = [f"prompt {number % 40}", "made-up", "False"] if "daigt" in fixture else []
                csv.writer(file).writerow([row.text, label, *more])
    return folder


def barely_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random weights that have seen a few steps have no answers for int8 to keep."""

    def with_open_gate(name: str) -> Preset:
        return dataclasses.replace(load(name), gate=Gate(2.0, 1e9, 1.0))

    monkeypatch.setattr(cli, "load", with_open_gate)


def trained(tmp_path: Path, preset: str, *more: str, stage: str = "all") -> Result:
    return CliRunner().invoke(
        cli.train,
        [stage, "--preset", preset, "--runs", str(tmp_path / "runs"),
         "--model-repository", str(tmp_path / "models"), *more],
        catch_exceptions=False,
    )  # fmt: skip


def assert_served_as_measured(tmp_path: Path, preset: str) -> None:
    """Every form is whole, and scores a text as it did when it was measured."""
    repository = ModelRepository(tmp_path / "models")
    assert repository.names() == sorted(MODELS)
    run = Run(load(preset), tmp_path / "runs" / load(preset).name)
    documents = load_split(run, "attacked")
    text = next(row.text for row in read(Source("made-up", "x", limit=1), {}))
    for name in MODELS:
        detector = Detector.load(repository.path, name)
        found = detector.score(text).log_odds
        assert found is not None
        assert np.isfinite(found)
        graph = run.path("onnx", f"{name}.onnx")
        measured = score_split(run, graph, vocabulary_of(run, name), "attacked", documents)
        assert np.isfinite(measured.documents).all()


def test_bert_base_from_local_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    barely_trained(monkeypatch)
    teacher, student = bert(tmp_path / "bert", 12), distilbert(tmp_path / "distilbert")
    result = trained(
        tmp_path, "bert-base", "--data", str(kaggle_folder(tmp_path / "data")),
        "--teacher-folder", str(teacher), "--student-folder", str(student),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    record = Run(load("bert-base"), tmp_path / "runs" / "bert-base").recorded()
    assert record["data"]["skipped"]["exact duplicate"] >= 44
    parameters = [
        sum(p.numel() for p in encoders.load_encoder(Base(folder=str(folder)), 0).parameters())
        for folder in (teacher, student)
    ]
    assert record["teacher"]["parameters"] > parameters[0] > parameters[1]
    repository = ModelRepository(tmp_path / "models")
    assert [repository.load(name).name for name in MODELS] == list(MODELS)
    card = (tmp_path / "runs" / "bert-base" / "docs" / "evaluation.md").read_text("utf-8")
    assert "preset bert-base" in card


@pytest.mark.parametrize("stage", ["prepare", "teacher"])
def test_bert_base_without_hub_or_folder_says_what_to_do(stage: str, tmp_path: Path) -> None:
    data = str(kaggle_folder(tmp_path / "data"))
    if stage == "teacher":
        student = str(distilbert(tmp_path / "distilbert"))
        done = trained(
            tmp_path, "bert-base", "--data", data, "--student-folder", student, stage="prepare"
        )
        assert done.exit_code == 0, done.output
    result = trained(tmp_path, "bert-base", "--data", data, stage=stage)
    assert result.exit_code == 1
    line = result.output.splitlines()[-1]
    missing = {"prepare": "distilbert/distilbert", "teacher": "google-bert/bert"}[stage]
    assert f"{missing}-base-uncased' can't be had from the hub" in line
    assert "give a local folder with --teacher-folder or --student-folder" in line


def own_preset(tmp_path: Path, teacher: Path, student: Path, more: str = "") -> str:
    path = tmp_path / "pair.toml"
    path.write_text(
        f"""
[data]
window = 64
attacked = 4
sources = [{{ kind = "made-up", name = "made-up", limit = 300 }}]
[teacher]
base = {{ folder = "{teacher}" }}
learning_rate = 1e-2
epochs = 3
tokens_per_batch = 1024
{more}
[student]
base = {{ folder = "{student}" }}
learning_rate = 1e-2
epochs = 3
tokens_per_batch = 1024
distill_weight = 1.0
[gate]
max_mean_change = 0.5
max_flips = 0.2
max_auroc_drop = 0.1
""",
        encoding="utf-8",
    )
    return str(path)


def test_an_mpnet_teacher_of_a_bert_student(tmp_path: Path) -> None:
    preset = own_preset(
        tmp_path, mpnet(tmp_path / "mpnet"), bert(tmp_path / "bert", 2), "frozen_layers = 1"
    )
    result = trained(tmp_path, preset)
    assert result.exit_code == 0, result.output
    assert_served_as_measured(tmp_path, preset)
    # The ids that were prepared for the student and shifted are those of the teacher's tokenizer.
    table = vocabulary_of(Run(load(preset), tmp_path / "runs" / "pair"), "teacher")
    students, own = (
        Tokenizer.from_file(str(tmp_path / name / "tokenizer.json")) for name in ("bert", "mpnet")
    )
    text = "River stones, laughed; delve \u4e00 Q9."  # with unknown characters
    ids = np.asarray(students.encode(text).ids, np.int32)
    assert table.translate(ids).tolist() == own.encode(text).ids


def test_a_sentencepiece_pair(tmp_path: Path) -> None:
    folder = albert(tmp_path / "albert")
    preset = own_preset(tmp_path, folder, folder)
    result = trained(tmp_path, preset)
    assert result.exit_code == 0, result.output
    assert_served_as_measured(tmp_path, preset)
