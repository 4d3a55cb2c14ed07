"""An inference request to tensors, and tensors to an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from byline_server.v2.tensors import (
    Specification,
    Tensor,
    bad,
    classified,
    from_bytes,
    from_json,
    to_bytes,
    to_json,
)
from byline_server.wire import dumps, place_of, read_json

_T = TypeVar("_T")
_Few = Annotated[list[_T], Field(max_length=8)]
"""More than any model has inputs, outputs or dimensions; a longer list is not looked into."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    parameters: dict[Any, Any] = {}  # any string: pydantic's own refuses lone surrogates


class _Input(_Part):
    name: StrictStr
    shape: _Few[Annotated[StrictInt, Field(le=2**63 - 1)]]
    datatype: StrictStr
    data: list[Any] | None = None


class _Output(_Part):
    name: StrictStr


class _Request(_Part):
    id: StrictStr = ""
    inputs: _Few[_Input]
    outputs: _Few[_Output] | None = None  # none named are all


@dataclass(frozen=True, slots=True)
class Wanted:
    """An output that is asked for.

    Attributes:
        binary: as raw bytes after the JSON.
        top: how many classes, 0 for the values themselves.
    """

    name: str
    binary: bool
    top: int


@dataclass(frozen=True, slots=True)
class Inference:
    """A request that fits the model.

    Attributes:
        inputs: by name, each as the model takes it.
        rows: their first dimension.
    """

    id: str
    inputs: Mapping[str, Tensor]
    rows: int
    outputs: tuple[Wanted, ...]


def read_inference(
    body: bytes,
    json_length: str | None,
    takes: Sequence[Specification],
    gives: Sequence[Specification],
    most_rows: int,
) -> Inference:
    """Parse and check a request.

    Args:
        body: decompressed.
        json_length: the header Inference-Header-Content-Length, where there is one.
        takes: what the model takes, all of it needed.
        gives: what can be asked for.
        most_rows: the model's largest batch.

    Raises:
        Problem: it is no such request, or doesn't fit the model.
    """
    text, raw = _split(body, json_length)
    try:
        request = _Request.model_validate(read_json(text))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise bad(f"{place_of(first['loc'])}: {first['msg']}") from None
    known = {wanted.name: wanted for wanted in takes}
    inputs: dict[str, Tensor] = {}
    for given in request.inputs:
        wanted = known.get(given.name)
        if wanted is None:
            raise bad(f"unexpected input {given.name[:100]!r}; the model takes {', '.join(known)}")
        if given.name in inputs:
            raise bad(f"input {given.name!r} is given twice")
        if given.datatype != wanted.datatype:
            raise bad(
                f"input {given.name!r} has datatype {given.datatype[:20]!r}; the model takes "
                f"{wanted.datatype}"
            )
        values, raw = _values(given, raw, wanted)
        inputs[given.name] = Tensor(wanted.datatype, values)
    missing = [name for name in known if name not in inputs]
    if missing:
        raise bad(f"input {missing[0]!r} is missing; the model takes {', '.join(known)}")
    if raw:
        raise bad(f"{len(raw)} bytes follow the last tensor")
    rows = {len(tensor.values) for tensor in inputs.values()}
    if len(rows) > 1 or max(rows) > most_rows:
        raise bad(
            f"batches of {' and '.join(map(str, sorted(rows)))} rows; the inputs must have the "
            f"same number, at most {most_rows}"
        )
    return Inference(request.id, inputs, rows.pop(), _outputs(request, gives))


def write_inference(
    model: str,
    version: str,
    inference: Inference,
    tensors: Mapping[str, Tensor],
    labels: Mapping[str, Sequence[str]],
) -> tuple[bytes, int | None]:
    """The answer's body, and the length of its JSON where raw bytes follow.

    Args:
        model: its name.
        version: its version.
        inference: what was asked.
        tensors: the model's outputs by name.
        labels: the classes of an output, by its name.
    """
    described: list[dict[str, Any]] = []
    raw: list[bytes] = []
    for wanted in inference.outputs:
        tensor = tensors[wanted.name]
        if wanted.top:
            tensor = classified(tensor, wanted.top, labels.get(wanted.name, ()))
        entry: dict[str, Any] = {
            "name": wanted.name,
            "datatype": tensor.datatype,
            "shape": list(tensor.values.shape),
        }
        if wanted.binary:
            raw.append(to_bytes(tensor))
            entry["parameters"] = {"binary_data_size": len(raw[-1])}
        else:
            entry["data"] = to_json(tensor)
        described.append(entry)
    values: dict[str, Any] = {"id": inference.id} if inference.id else {}
    values |= {"model_name": model, "model_version": version, "outputs": described}
    text = dumps(values).encode("ascii")
    return text + b"".join(raw), len(text) if raw else None


def _split(body: bytes, json_length: str | None) -> tuple[bytes, bytes]:
    if json_length is None:
        return body, b""
    if not (json_length.isdecimal() and json_length.isascii() and len(json_length) < 12):
        raise bad("Inference-Header-Content-Length must be a number of bytes")
    if int(json_length) > len(body):
        raise bad(
            f"the body has {len(body)} bytes, fewer than Inference-Header-Content-Length says"
        )
    return body[: int(json_length)], body[int(json_length) :]


def _values(given: _Input, raw: bytes, wanted: Specification) -> tuple[Any, bytes]:
    """The values of an input, and what is left of the raw bytes."""
    size = given.parameters.get("binary_data_size")
    if "shared_memory_region" in given.parameters:
        raise bad("shared memory is not supported; send the data itself")
    if size is None:
        if given.data is None:
            raise bad(f"input {given.name!r} has neither data nor binary_data_size")
        return from_json(given.data, given.shape, wanted), raw
    if given.data is not None:
        raise bad(f"input {given.name!r} has both data and binary_data_size")
    if type(size) is not int or size < 0:
        raise bad(f"binary_data_size of input {given.name!r} must be a number of bytes")
    if size > len(raw):
        raise bad(
            f"input {given.name!r} is cut off: {size} bytes are announced, {len(raw)} are there"
        )
    return from_bytes(raw[:size], given.shape, wanted), raw[size:]


def _outputs(request: _Request, gives: Sequence[Specification]) -> tuple[Wanted, ...]:
    all_binary = request.parameters.get("binary_data_output") is True
    known = {given.name: given for given in gives}
    if not request.outputs:
        return tuple(Wanted(name, all_binary, 0) for name in known)
    wanted: list[Wanted] = []
    for output in request.outputs:
        if output.name not in known:
            raise bad(
                f"unexpected output {output.name[:100]!r}; the model gives {', '.join(known)}"
            )
        if any(output.name == other.name for other in wanted):
            raise bad(f"output {output.name!r} is asked for twice")
        top = output.parameters.get("classification", 0)
        if type(top) is not int or top < 0:
            raise bad(f"classification of output {output.name!r} must be a number of classes")
        binary = output.parameters.get("binary_data", all_binary)
        wanted.append(Wanted(output.name, binary is True, top))
    return tuple(wanted)
