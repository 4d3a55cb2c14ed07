"""`config.pbtxt`: the Triton model configuration, of which our runtime obeys a part.

The text is parsed by protobuf against the fields declared here. They are those of Triton's
`model_config.proto` that a Byline model has use for, with Triton's names and numbers; any other
field is refused, as Triton refuses what it doesn't know.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from byline.errors import ModelInvalid
from byline.types import INPUTS, OUTPUTS

# message -> field -> (number, type, repeated); a type is a scalar's, an enum's or a message's name
_MESSAGES: dict[str, dict[str, tuple[int, str, bool]]] = {
    "ModelConfig": {
        "name": (1, "string", False),
        "platform": (2, "string", False),
        "version_policy": (3, "ModelVersionPolicy", False),
        "max_batch_size": (4, "int32", False),
        "input": (5, "ModelInput", True),
        "output": (6, "ModelOutput", True),
        "instance_group": (7, "ModelInstanceGroup", True),
        "default_model_filename": (8, "string", False),
        "dynamic_batching": (11, "ModelDynamicBatching", False),
        "parameters": (14, "ParametersEntry", True),
        "model_warmup": (16, "ModelWarmup", True),
        "backend": (17, "string", False),
    },
    "ModelInput": {
        "name": (1, "string", False),
        "data_type": (2, "DataType", False),
        "dims": (4, "int64", True),
    },
    "ModelOutput": {
        "name": (1, "string", False),
        "data_type": (2, "DataType", False),
        "dims": (3, "int64", True),
        "label_filename": (4, "string", False),
    },
    "ModelVersionPolicy": {
        "latest": (1, "Latest", False),
        "all": (2, "All", False),
        "specific": (3, "Specific", False),
    },
    "Latest": {"num_versions": (1, "uint32", False)},
    "All": {},
    "Specific": {"versions": (1, "int64", True)},
    "ModelInstanceGroup": {
        "name": (1, "string", False),
        "count": (2, "int32", False),
        "gpus": (3, "int32", True),
        "kind": (4, "Kind", False),
    },
    "ModelDynamicBatching": {
        "preferred_batch_size": (1, "int32", True),
        "max_queue_delay_microseconds": (2, "uint64", False),
        "default_queue_policy": (6, "ModelQueuePolicy", False),
    },
    "ModelQueuePolicy": {
        "timeout_action": (1, "TimeoutAction", False),
        "default_timeout_microseconds": (2, "uint64", False),
        "allow_timeout_override": (3, "bool", False),
        "max_queue_size": (4, "uint32", False),
    },
    "ParametersEntry": {"key": (1, "string", False), "value": (2, "ModelParameter", False)},
    "ModelParameter": {"string_value": (1, "string", False)},
    "ModelWarmup": {
        "name": (1, "string", False),
        "batch_size": (2, "uint32", False),
        "inputs": (3, "InputsEntry", True),
        "count": (4, "uint32", False),
    },
    "InputsEntry": {"key": (1, "string", False), "value": (2, "WarmupInput", False)},
    "WarmupInput": {
        "data_type": (1, "DataType", False),
        "dims": (2, "int64", True),
        "zero_data": (3, "bool", False),
        "random_data": (4, "bool", False),
        "input_data_file": (5, "string", False),
    },
}
_ENUMS = {
    "DataType": {
        "TYPE_INVALID": 0, "TYPE_BOOL": 1, "TYPE_INT32": 8, "TYPE_INT64": 9, "TYPE_FP16": 10,
        "TYPE_FP32": 11, "TYPE_STRING": 13,
    },
    "Kind": {"KIND_AUTO": 0, "KIND_GPU": 1, "KIND_CPU": 2},
    "TimeoutAction": {"REJECT": 0, "DELAY": 1},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """What our runtime obeys of a `config.pbtxt`.

    Attributes:
        max_batch_size: rows a V2 request may hold.
        filename: of the graph inside a version's folder.
        versions: version numbers allowed; empty for any. Of these the highest is served.
        intra_op_threads, inter_op_threads: for ONNX Runtime.
    """

    max_batch_size: int
    filename: str
    versions: tuple[int, ...]
    intra_op_threads: int
    inter_op_threads: int


def parse_config(path: Path) -> Any:
    """Parse a model's configuration; returns the protobuf message `ModelConfig`.

    Raises:
        ModelInvalid: it doesn't parse.
    """
    from google.protobuf import text_format

    message = _message_class()()
    try:
        text_format.Parse(path.read_text("utf-8"), message)
    except (OSError, ValueError, text_format.ParseError) as error:
        raise ModelInvalid(path, f"can't be read as a model configuration ({error})") from error
    return message


def read_config(path: Path) -> ModelConfig:
    """Read and check a model's configuration.

    Raises:
        ModelInvalid: it doesn't parse, or describes another kind of model.
    """
    message = parse_config(path)
    if message.name and message.name != path.parent.name:
        raise ModelInvalid(path, f"is {message.name!r} in folder {path.parent.name!r}", "name")
    if message.backend != "onnxruntime" and message.platform != "onnxruntime_onnx":
        raise ModelInvalid(path, f"is {message.backend!r}, expected 'onnxruntime'", "backend")
    for field, wanted, tensors in (
        ("input", {name: "TYPE_INT64" for name in INPUTS}, message.input),
        ("output", {name: "TYPE_FP32" for name in OUTPUTS}, message.output),
    ):
        types = {number: name for name, number in _ENUMS["DataType"].items()}
        found = {tensor.name: types.get(tensor.data_type) for tensor in tensors}
        if found != wanted:
            raise ModelInvalid(path, f"is {found}, expected {wanted}", field)
    for output in message.output:
        if output.label_filename and not (path.parent / output.label_filename).is_file():
            raise ModelInvalid(path, f"{output.label_filename!r} is missing", "label_filename")
    parameters: dict[str, str] = {
        entry.key: entry.value.string_value for entry in message.parameters
    }
    threads: dict[str, int] = {}
    for name in ("intra_op_thread_count", "inter_op_thread_count"):
        value = parameters.get(name, "1")
        if not value.isdecimal() or len(value) > 4:  # more threads than any machine has
            raise ModelInvalid(
                path, f"is {value!r}, expected a number of threads", f"parameters.{name}"
            )
        threads[name] = int(value)
    return ModelConfig(
        max_batch_size=message.max_batch_size,
        filename=message.default_model_filename or "model.onnx",
        versions=tuple(message.version_policy.specific.versions),
        intra_op_threads=threads["intra_op_thread_count"],
        inter_op_threads=threads["inter_op_thread_count"],
    )  # fmt: skip


@functools.cache
def _message_class() -> Any:
    """The protobuf class of `_MESSAGES`."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    field_type = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="byline/model_config.proto", package="byline.triton", syntax="proto3"
    )
    for enum, values in _ENUMS.items():
        declared = file.enum_type.add(name=enum)
        for name, number in values.items():
            declared.value.add(name=name, number=number)
    for message, fields in _MESSAGES.items():
        target = file.message_type.add(name=message)
        for name, (number, kind, repeated) in fields.items():
            field = target.field.add(name=name, number=number)
            field.label = field_type.LABEL_REPEATED if repeated else field_type.LABEL_OPTIONAL
            if kind in _MESSAGES:
                field.type, field.type_name = field_type.TYPE_MESSAGE, f".byline.triton.{kind}"
            elif kind in _ENUMS:
                field.type, field.type_name = field_type.TYPE_ENUM, f".byline.triton.{kind}"
            else:
                field.type = getattr(field_type, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)  # type: ignore[no-untyped-call]
    config = cast("Any", pool.FindMessageTypeByName("byline.triton.ModelConfig"))  # type: ignore[no-untyped-call]
    return message_factory.GetMessageClass(config)
