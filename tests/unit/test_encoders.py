"""Pretrained encoders: where they are looked for, and what is said where there is none."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from byline.errors import InputError
from byline_training import encoders
from byline_training.config import Base


@pytest.fixture(autouse=True)
def nothing_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(encoders, "_CACHE", tmp_path / "cache")


def package_set(folder: Path, monkeypatch: pytest.MonkeyPatch, archive: bytes) -> tuple[str, ...]:
    """Two packages that hold the halves of a zip file, as large models are published on PyPI."""
    names = ("made_up_part_001", "made_up_part_002")
    half = len(archive) // 2
    for name, number, piece in zip(
        names, ("001", "002"), (archive[:half], archive[half:]), strict=True
    ):
        (folder / name / "data").mkdir(parents=True)
        (folder / name / "__init__.py").touch()
        (folder / name / "data" / f"model.zip.{number}").write_bytes(piece)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    return names


def zipped(folder: Path, files: dict[str, str]) -> bytes:
    path = folder / "model.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path.read_bytes()


def test_nothing_there_names_package_hub_and_option() -> None:
    base = Base(package="no_such_package/model", hub="nobody/nothing")
    with pytest.raises(InputError) as caught:
        encoders.find_folder(base)
    message = str(caught.value)
    assert "'no_such_package' is not installed (pip install no-such-package)" in message
    assert "'nobody/nothing' can't be had from the hub" in message
    assert "--teacher-folder or --student-folder" in message
    assert "\n" not in message


def test_a_preset_that_names_none_is_told_so() -> None:
    with pytest.raises(InputError, match="the preset names none"):
        encoders.find_folder(Base())


def test_a_folder_must_hold_an_encoder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no config\.json"):
        encoders.find_folder(Base(folder=str(tmp_path / "gone"), hub="x/y"))


def test_a_folder_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="can't be loaded as an encoder"):
        encoders.load_encoder(Base(folder=str(tmp_path)), 0)
    with pytest.raises(InputError, match=r"no tokenizer\.json, and none can be made"):
        encoders.find_tokenizer(Base(folder=str(tmp_path)))


def test_a_folder_inside_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_up_encoder" / "model").mkdir(parents=True)
    (tmp_path / "made_up_encoder" / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    found = encoders.find_folder(Base(package="made_up_encoder/model", hub="nobody/nothing"))
    assert found == tmp_path / "made_up_encoder" / "model"


def test_the_pieces_of_a_zip_are_joined_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "all-model/1_Pooling/config.json": '{"pooling": true}',
        "all-model/config.json": '{"model_type": "mpnet"}',
        "all-model/tokenizer.json": "{}",
    }
    parts = package_set(tmp_path / "site", monkeypatch, zipped(tmp_path, files))
    folder = encoders.find_folder(Base(parts=parts))
    assert (folder / "config.json").read_text("utf-8") == '{"model_type": "mpnet"}'
    assert encoders.find_tokenizer(Base(parts=parts)).read_text("utf-8") == "{}"
    assert sorted(p.name for p in folder.parent.iterdir()) == ["made_up_part_001"]
    # The packages may go once the model is joined.
    monkeypatch.setattr(sys, "path", sys.path[1:])
    assert encoders.find_folder(Base(parts=parts)) == folder


def test_a_missing_piece_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = zipped(tmp_path, {"m/config.json": "{}"})
    first, second = package_set(tmp_path / "site", monkeypatch, archive)
    (tmp_path / "site" / second / "data" / "model.zip.002").unlink()
    with pytest.raises(InputError, match="the package 'made_up_part_002' holds no piece"):
        encoders.find_folder(Base(parts=(first, second)))


def test_damaged_pieces_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = package_set(tmp_path / "site", monkeypatch, b"this is no archive at all" * 9)
    with pytest.raises(InputError, match=r"made_up_part_002 make no zip file .*install them again"):
        encoders.find_folder(Base(parts=parts))
    assert not (tmp_path / "cache" / "made_up_part_001" / "config.json").exists()


def test_pieces_without_a_model_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = package_set(tmp_path / "site", monkeypatch, zipped(tmp_path, {"readme.txt": "hello"}))
    with pytest.raises(InputError, match=r"hold no config\.json"):
        encoders.find_folder(Base(parts=parts))


def test_dropout_is_off_in_what_is_loaded(tmp_path: Path) -> None:
    import torch
    from transformers import DistilBertConfig, DistilBertModel

    config = DistilBertConfig(
        vocab_size=30, dim=8, n_layers=1, n_heads=2, hidden_dim=8, max_position_embeddings=16
    )
    DistilBertModel(config).save_pretrained(tmp_path)
    encoder = encoders.load_encoder(Base(folder=str(tmp_path)), 0).train()
    ids = torch.arange(8)[None]
    first, second = (encoder(input_ids=ids).last_hidden_state for _ in range(2))
    assert torch.equal(first, second)


@pytest.mark.parametrize("kept_as", ["bfloat16", "float16"])
def test_a_folder_in_half_precision_is_trained_in_full(tmp_path: Path, kept_as: str) -> None:
    import torch
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=30, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=16,
    )  # fmt: skip
    BertModel(config).to(getattr(torch, kept_as)).save_pretrained(tmp_path)
    encoder = encoders.load_encoder(Base(folder=str(tmp_path)), 0)
    assert {parameter.dtype for parameter in encoder.parameters()} == {torch.float32}
