"""The model repository is the old one or the new one, and says what may be done with it."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from byline.repository import ModelRepository
from byline_training import export as module
from byline_training.config import Base, Facts, load
from byline_training.export import export, run_id, write_checksums
from byline_training.provenance import MODELS
from byline_training.quantize import Parity, ParityError, check_parity
from byline_training.runs import Run


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Run:
    shutil.copytree(tiny_run / "runs" / "smoke", tmp_path / "smoke")
    return Run(load("smoke"), tmp_path / "smoke")


@pytest.fixture
def repository(tiny_repository: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_repository, tmp_path / "models"))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_an_error_with_the_last_model_leaves_the_repository_as_it_was(
    run: Run, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_the_teacher(run: Run, plain: Path, int8: Path, *rest: object) -> Parity:
        if plain.stem == "student":
            raise ParityError("no parity")
        return check_parity(run, plain, int8, *rest)  # type: ignore[arg-type] # passed through

    (repository / "teacher" / "LICENSE").write_text("of before", encoding="utf-8")
    before = contents(repository.parent / "models")
    monkeypatch.setattr(module, "check_parity", only_the_teacher)
    with pytest.raises(ParityError):
        export(run, repository)
    assert contents(repository) == before
    assert sorted(p.name for p in repository.parent.iterdir()) == ["models", "smoke"]


def test_what_is_exported_takes_the_place_of_its_like_alone(run: Run, repository: Path) -> None:
    shutil.copytree(repository / "student", repository / "another")
    write_checksums(repository)
    (repository / "teacher" / "1" / "tokenizer.json").unlink()
    export(run, repository)
    found = ModelRepository(repository)
    assert found.names() == sorted([*MODELS, "another"])
    assert [found.load(name).spec.training_run for name in MODELS] == [run_id(run)] * 4
    assert sorted(p.name for p in repository.parent.iterdir()) == ["models", "smoke"]
    written = (repository / "SHA256SUMS").read_bytes()
    write_checksums(repository)
    assert (repository / "SHA256SUMS").read_bytes() == written


@pytest.mark.parametrize(
    ("base", "said"),
    [
        (Base(hub="google-bert/bert-base-uncased"), "bert-base-uncased (Apache License 2.0)."),
        (Base(hub="somebody/else"), "somebody/else, whose own licence holds too."),
        (Base(folder="/home/somebody/bert"), "those in bert, whose own licence holds too."),
        (Base(package="my_bert/model"), "in the package my_bert, whose own licence holds too."),
        (Base(parts=("my_bert_1", "my_bert_2")), "in the package my_bert_1, whose own licence"),
        (Base(gguf="my_model/small.gguf"), "in the package my_model, whose own licence holds too."),
        (Base(random={"hidden_size": 8}), "starting from random weights."),
    ],
)
def test_the_notice_claims_nothing_of_what_is_not_ours(base: Base, said: str) -> None:
    preset = load("smoke")
    student = dataclasses.replace(preset.student, base=base)
    run = Run(dataclasses.replace(preset, student=student), Path())
    assert said in module._notice(run, "student_int8")
    assert "Look at the licences of the training data" in module._notice(run, "student")
    terms = dataclasses.replace(run.preset, facts=Facts(terms="For reading only.\n"))
    assert "\n\nFor reading only.\n\n" in module._notice(Run(terms, Path()), "student")


@pytest.mark.parametrize(
    "name", ["minilm", "minilm-tiny", "mpnet-minilm", "mpnet-distil", "smollm2"]
)
def test_weights_of_the_corpus_are_not_for_commerce(name: str) -> None:
    notice = module._notice(Run(load(name), Path()), "student_int8")
    assert "research and other non-commercial use.\n" in notice
