"""`config.pbtxt` and our part of its schema against Triton's own schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2 as official

from byline.config_pbtxt import _ENUMS, _message_class
from byline.repository import ModelRepository

pytestmark = pytest.mark.contract


@pytest.mark.parametrize("name", ["student", "student_int8", "teacher", "teacher_int8"])
def test_what_export_writes_parses_under_the_official_schema(
    tiny_repository: Path, name: str
) -> None:
    assert name in ModelRepository(tiny_repository).names()
    folder = tiny_repository / name
    config = text_format.Parse(
        (folder / "config.pbtxt").read_text(encoding="utf-8"), official.ModelConfig()
    )
    assert config.name == name
    assert config.backend == "onnxruntime"
    assert config.max_batch_size > 1
    assert [i.name for i in config.input] == ["input_ids", "attention_mask"]
    assert {i.data_type for i in config.input} == {official.TYPE_INT64}
    assert {o.data_type for o in config.output} == {official.TYPE_FP32}
    assert {o.name: list(o.dims) for o in config.output} == {"logits": [2], "token_logits": [-1]}
    # Triton exits if either file is missing.
    assert (folder / config.output[0].label_filename).is_file()
    assert (folder / "1" / config.default_model_filename).is_file()
    assert config.dynamic_batching.default_queue_policy.max_queue_size > 0
    warmup = config.model_warmup[0]
    assert set(warmup.inputs) == {"input_ids", "attention_mask"}
    spec = ModelRepository(tiny_repository).load(name).spec
    assert {tuple(i.dims) for i in warmup.inputs.values()} == {(spec.window,)}


def pairs(ours: Any, theirs: Any) -> dict[str, tuple[Any, Any]]:
    """Every message of our schema beside the official one, by full path."""
    found = {ours.name: (ours, theirs)}
    for field in ours.fields:
        if field.message_type is not None and field.name in theirs.fields_by_name:
            below = pairs(field.message_type, theirs.fields_by_name[field.name].message_type)
            found.update({f"{ours.name}.{path}": pair for path, pair in below.items()})
    return found


def test_our_schema_is_part_of_the_official_one() -> None:
    messages = pairs(_message_class().DESCRIPTOR, official.ModelConfig.DESCRIPTOR)
    assert len(messages) == 15
    for path, (ours, theirs) in messages.items():
        for field in ours.fields:
            assert field.name in theirs.fields_by_name, f"{path}.{field.name}"
            other = theirs.fields_by_name[field.name]
            described = [(f.number, f.type, f.is_repeated) for f in (field, other)]
            assert described[0] == described[1], f"{path}.{field.name}"
            if field.enum_type is not None:
                numbers = {value.name: value.number for value in other.enum_type.values}
                assert _ENUMS[field.enum_type.name].items() <= numbers.items(), field.name
