"""`config.pbtxt`: what our runtime obeys is read, and what it doesn't understand is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from byline.config_pbtxt import ModelConfig, read_config
from byline.errors import ModelInvalid

pytestmark = pytest.mark.unit

CONFIG = """\
name: "model"
backend: "onnxruntime"
max_batch_size: 16
default_model_filename: "graph.onnx"
input [
  { name: "input_ids" data_type: TYPE_INT64 dims: [ -1 ] },
  { name: "attention_mask" data_type: TYPE_INT64 dims: [ -1 ] }
]
output [
  { name: "logits" data_type: TYPE_FP32 dims: [ 2 ] label_filename: "labels.txt" },
  { name: "token_logits" data_type: TYPE_FP32 dims: [ -1 ] }
]
parameters { key: "intra_op_thread_count" value { string_value: "2" } }
"""


def written(folder: Path, config: str) -> Path:
    path = folder / "model" / "config.pbtxt"
    path.parent.mkdir()
    (path.parent / "labels.txt").write_text("human\nai\n", encoding="utf-8")
    path.write_text(config, encoding="utf-8")
    return path


def test_what_our_runtime_obeys(tmp_path: Path) -> None:
    assert read_config(written(tmp_path, CONFIG)) == ModelConfig(
        max_batch_size=16,
        filename="graph.onnx",
        versions=(),
        intra_op_threads=2,
        inter_op_threads=1,
    )


def test_what_is_left_out_has_tritons_defaults(tmp_path: Path) -> None:
    config = CONFIG.replace('default_model_filename: "graph.onnx"', "").replace('name: "model"', "")
    assert read_config(written(tmp_path, config)).filename == "model.onnx"


@pytest.mark.parametrize(
    ("policy", "versions"),
    [
        ("latest { num_versions: 3 }", ()),
        ("latest {}", ()),
        ("all {}", ()),
        ("specific { versions: [ 2, 5 ] }", (2, 5)),
    ],
)
def test_version_policy(tmp_path: Path, policy: str, versions: tuple[int, ...]) -> None:
    config = read_config(written(tmp_path, CONFIG + f"version_policy {{ {policy} }}"))
    assert config.versions == versions


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('name: "model"', 'name: "other"', "name"),
        ('backend: "onnxruntime"', 'backend: "pytorch"', "backend"),
        ('backend: "onnxruntime"', "", "backend"),
        ('name: "input_ids" data_type: TYPE_INT64', 'name: "ids" data_type: TYPE_INT64', "input"),
        ('name: "input_ids" data_type: TYPE_INT64', 'name: "input_ids"', "input"),
        ("TYPE_INT64", "TYPE_INT32", "input"),
        ("TYPE_INT64", "99", "input"),  # a number that is no type
        ("TYPE_FP32", "TYPE_FP16", "output"),
        ('name: "token_logits"', 'name: "tokens"', "output"),
        ('"labels.txt"', '"classes.txt"', "label_filename"),
        ('string_value: "2"', 'string_value: "two"', "parameters.intra_op_thread_count"),
        ('string_value: "2"', 'string_value: "-1"', "parameters.intra_op_thread_count"),
        ('string_value: "2"', f'string_value: "{10**12}"', "parameters.intra_op_thread_count"),
    ],
)
def test_a_bad_field_is_named(tmp_path: Path, old: str, new: str, field: str) -> None:
    assert old in CONFIG
    path = written(tmp_path, CONFIG.replace(old, new))
    with pytest.raises(ModelInvalid) as caught:
        read_config(path)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{path}: {field}: ")


@pytest.mark.parametrize(
    "config",
    [
        CONFIG + "threads: 4\n",
        CONFIG.replace("max_batch_size", "maximum_batch_size"),
        CONFIG.replace("dims: [ -1 ]", 'dims: [ "any" ]'),
        CONFIG.replace("max_batch_size: 16", 'max_batch_size: "16"'),
        CONFIG.replace("TYPE_INT64", "TYPE_INT63"),
        CONFIG.replace("output [", "output"),
        CONFIG[:200],
        "\x00",
        "{}",
    ],
)
def test_what_does_not_parse_names_the_file(tmp_path: Path, config: str) -> None:
    path = written(tmp_path, config)
    with pytest.raises(ModelInvalid, match="can't be read as a model configuration") as caught:
        read_config(path)
    assert caught.value.path == path


def test_an_unknown_field_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(ModelInvalid, match="threads"):
        read_config(written(tmp_path, CONFIG + "threads: 4\n"))


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelInvalid) as caught:
        read_config(path)
    assert caught.value.path == path
