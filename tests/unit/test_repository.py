"""A model is served whole and unchanged, or refused with the file that is to blame."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from byline.detector import Detector
from byline.errors import ModelInvalid, ModelNotFound
from byline.repository import CHECKSUMS, ModelRepository

pytestmark = pytest.mark.unit

NAME = "student_int8"


@pytest.fixture
def copy(tiny_repository: Path, tmp_path: Path) -> Path:
    """A repository with one model, to be damaged."""
    shutil.copytree(tiny_repository / NAME, tmp_path / NAME)
    shutil.copy(tiny_repository / CHECKSUMS, tmp_path / CHECKSUMS)
    return tmp_path


def refused(repository: Path) -> ModelInvalid:
    with pytest.raises(ModelInvalid) as caught:
        ModelRepository(repository).load(NAME)
    return caught.value


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_whole_model(copy: Path) -> None:
    model = ModelRepository(copy).load(NAME)
    assert (model.name, model.version, model.path) == (NAME, 1, copy / NAME / "1")
    assert model.size_bytes == model.graph.stat().st_size > 0
    assert model.sha256 == model.spec.files["1/model.onnx"]


@pytest.mark.parametrize("name", ["student", "student_int8", "teacher", "teacher_int8"])
def test_every_exported_model_is_whole(tiny_repository: Path, name: str) -> None:
    assert ModelRepository(tiny_repository).load(name).name == name


FILES = ["config.pbtxt", "labels.txt", "LICENSE", "1/model.onnx", "1/tokenizer.json"]


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def change_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 32 if path.suffix != ".txt" else 1
    path.write_bytes(content)


@pytest.mark.parametrize("file", [*FILES, "1/scoring.json"])
@pytest.mark.parametrize("damage", [Path.unlink, truncate, change_a_byte])
def test_a_damaged_file_is_named(copy: Path, file: str, damage: Callable[[Path], None]) -> None:
    damage(copy / NAME / file)
    if (file, damage) == ("config.pbtxt", Path.unlink):  # without it the folder is no model
        with pytest.raises(ModelNotFound):
            ModelRepository(copy).load(NAME)
        return
    error = refused(copy)
    # The configuration is what names the labels' file.
    wanted = {file, "config.pbtxt"} if file == "labels.txt" else {file}
    assert error.path.relative_to(copy / NAME).as_posix() in wanted
    assert str(error.path) in str(error)


@pytest.mark.parametrize("file", ["1/model.onnx", "1/tokenizer.json", "1/scoring.json"])
def test_a_file_of_another_model_is_refused(copy: Path, tiny_repository: Path, file: str) -> None:
    shutil.copy(tiny_repository / "teacher" / file, copy / NAME / file)
    if file == "1/tokenizer.json":  # both have the same one here
        change_a_byte(copy / NAME / file)
    assert refused(copy).path.name in {Path(file).name, "model.onnx"}


def test_both_hashes_have_to_match(copy: Path) -> None:
    # A file changed together with its hash in scoring.json: SHA256SUMS still knows the old ones.
    scoring = copy / NAME / "1/scoring.json"
    edit(scoring, '"min_words": 40', '"min_words": 10')
    assert refused(copy).path == scoring


def test_no_checksums(copy: Path) -> None:
    (copy / CHECKSUMS).unlink()
    assert refused(copy).path == copy / CHECKSUMS


def test_a_line_missing_in_the_checksums(copy: Path) -> None:
    path = copy / CHECKSUMS
    lines = [line for line in path.read_text("utf-8").splitlines() if "scoring.json" not in line]
    path.write_text("\n".join(lines), encoding="utf-8")
    error = refused(copy)
    assert error.path == path
    assert f"{NAME}/1/scoring.json" in str(error)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"nonsense\n", b"\n\n \n"])
def test_checksums_that_are_none(copy: Path, content: bytes) -> None:
    (copy / CHECKSUMS).write_bytes(content)
    assert refused(copy).path == copy / CHECKSUMS


def test_binary_mode_checksums_are_read(copy: Path) -> None:
    edit(copy / CHECKSUMS, "  ", " *")
    assert ModelRepository(copy).load(NAME).name == NAME


def test_a_file_without_a_hash(copy: Path) -> None:
    scoring = copy / NAME / "1/scoring.json"
    values = json.loads(scoring.read_text("utf-8"))
    del values["files"]["1/tokenizer.json"]
    scoring.write_text(json.dumps(values), encoding="utf-8")
    error = refused(copy)
    assert (error.path, error.field) == (scoring, "files")
    assert "1/tokenizer.json" in str(error)


def test_another_schema_version(copy: Path) -> None:
    edit(copy / NAME / "1/scoring.json", '"schema_version": 2', '"schema_version": 1')
    error = refused(copy)
    assert (error.path.name, error.field) == ("scoring.json", "schema_version")


@pytest.mark.parametrize("labels", [b"ai\nhuman\n", b"human\n", b"", b"\xff\n"])
def test_labels_in_another_order(copy: Path, labels: bytes) -> None:
    (copy / NAME / "labels.txt").write_bytes(labels)
    assert refused(copy).path == copy / NAME / "labels.txt"


def test_unknown_field_in_the_configuration(copy: Path) -> None:
    path = copy / NAME / "config.pbtxt"
    path.write_text(path.read_text("utf-8") + "colour: 3\n", encoding="utf-8")
    error = refused(copy)
    assert error.path == path
    assert "colour" in str(error)


def test_the_highest_version_is_served(copy: Path) -> None:
    # Folders that are no version don't count, as in Triton.
    for other in ("0", "02", "v3", "4.5"):
        (copy / NAME / other).mkdir()
    assert ModelRepository(copy).load(NAME).version == 1
    (copy / NAME / "10").mkdir()
    assert refused(copy).path == copy / NAME / "10/scoring.json"


def test_the_version_policy_chooses(copy: Path) -> None:
    config = copy / NAME / "config.pbtxt"
    edit(config, "latest { num_versions: 1 }", "specific { versions: [ 7 ] }")
    assert "no version folder that is served" in str(refused(copy))


def test_no_version_folder(copy: Path) -> None:
    shutil.rmtree(copy / NAME / "1")
    assert refused(copy).path == copy / NAME


def test_names_are_the_folders_with_a_configuration(copy: Path) -> None:
    (copy / "empty").mkdir()
    (copy / "another").mkdir()
    (copy / "another/config.pbtxt").touch()
    assert ModelRepository(copy).names() == ["another", NAME]


@pytest.mark.parametrize("name", ["nothing", "", ".", "..", f"../{NAME}", f"{NAME}/1", "\x00"])
def test_no_such_model_lists_those_there(copy: Path, name: str) -> None:
    with pytest.raises(ModelNotFound, match=f"there are: {NAME}") as caught:
        ModelRepository(copy).load(name)
    assert caught.value.searched == (copy / name,)


def test_find_takes_the_one_named(copy: Path, tmp_path: Path) -> None:
    assert ModelRepository.find(copy).path == copy
    missing = tmp_path / "missing"
    with pytest.raises(ModelNotFound, match="name the folder that holds the models") as caught:
        ModelRepository.find(missing)
    assert caught.value.searched == (missing,)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package as if it lay in an empty place."""
    package = tmp_path / "root/scoring/byline"
    package.mkdir(parents=True)
    monkeypatch.setattr("byline.repository.__file__", str(package / "repository.py"))
    return package


def test_find_prefers_the_checkouts_to_the_installed_one(package: Path) -> None:
    checkout, installed = package.parents[1] / "model_repository", package / "model_repository"
    with pytest.raises(ModelNotFound) as caught:
        ModelRepository.find()
    assert caught.value.searched == (checkout, installed)
    installed.mkdir()
    assert ModelRepository.find().path == installed
    checkout.mkdir()
    assert ModelRepository.find().path == checkout


@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json"])
def test_a_file_that_is_listed_but_can_not_be_loaded(copy: Path, file: str) -> None:
    model = ModelRepository(copy).load(NAME)
    (model.path / file).write_bytes(b"{}")
    with pytest.raises(ModelInvalid) as caught:
        Detector(model)
    assert caught.value.path == model.path / file


def test_a_graph_with_other_inputs_is_refused(copy: Path) -> None:
    model = ModelRepository(copy).load(NAME)
    content = model.graph.read_bytes()
    assert b"attention_mask" in content
    model.graph.write_bytes(content.replace(b"attention_mask", b"attention_musk"))
    with pytest.raises(ModelInvalid, match="attention_musk"):
        Detector(model)
