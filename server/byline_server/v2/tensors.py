"""Tensors on the wire: nested or flat JSON, or raw little-endian bytes after the JSON.

https://github.com/kserve/open-inference-protocol and Triton's extension "binary tensor data".
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from byline_server.problem import Problem

Datatype = Literal["INT64", "FP32", "BYTES"]
_NUMPY: dict[str, str] = {"INT64": "<i8", "FP32": "<f4"}


@dataclass(frozen=True, slots=True)
class Specification:
    """A tensor that a model takes or gives.

    Attributes:
        shape: with -1 for what may vary; the first is the batch.
    """

    name: str
    datatype: Datatype
    shape: tuple[int, ...]

    def described(self) -> dict[str, Any]:
        """As metadata shows it."""
        return {"name": self.name, "datatype": self.datatype, "shape": list(self.shape)}


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor's values: int64, float32, or bytes objects."""

    datatype: Datatype
    values: NDArray[Any]


def bad(message: str) -> Problem:
    """The problem of a request that can't be understood."""
    return Problem(400, "invalid_request", message)


def check_shape(shape: Sequence[int], wanted: Specification) -> int:
    """Check a shape against what the model takes.

    Returns:
        The number of elements.

    Raises:
        Problem: it has another rank or another fixed dimension, or is empty.
    """
    fits = len(shape) == len(wanted.shape) and all(
        (n >= 1 if w == -1 else n == w) for n, w in zip(shape, wanted.shape, strict=True)
    )
    if not fits:
        raise bad(f"input {wanted.name!r} has shape {list(shape)}; expected {list(wanted.shape)}")
    return math.prod(shape)


def from_json(data: list[Any], shape: Sequence[int], wanted: Specification) -> NDArray[Any]:
    """Values from JSON, nested or flat.

    Raises:
        Problem: there are more or fewer than the shape says, or some of another type.
    """
    flat = data
    while flat and isinstance(flat[0], list):
        if not all(isinstance(part, list) for part in flat):
            raise bad(f"the data of input {wanted.name!r} is nested unevenly")
        flat = list(chain.from_iterable(flat))
    count = check_shape(shape, wanted)
    if len(flat) != count:
        raise bad(
            f"input {wanted.name!r} has {len(flat)} values; its shape {list(shape)} asks for "
            f"{count}"
        )
    kind = str if wanted.datatype == "BYTES" else int
    if any(type(value) is not kind for value in flat):
        raise bad(
            f"the data of input {wanted.name!r} must be "
            f"{'strings' if kind is str else 'whole numbers'} only"
        )
    try:
        if wanted.datatype == "BYTES":
            values = _objects([text.encode("utf-8") for text in flat])
        else:
            values = np.asarray(flat, dtype=_NUMPY[wanted.datatype])
    except UnicodeEncodeError as error:
        raise bad(f"a string of input {wanted.name!r} has a lone surrogate") from error
    except OverflowError as error:
        raise bad(f"a number of input {wanted.name!r} does not fit {wanted.datatype}") from error
    return values.reshape(shape)


def from_bytes(raw: bytes, shape: Sequence[int], wanted: Specification) -> NDArray[Any]:
    """Values from raw bytes.

    Raises:
        Problem: there are more or fewer than the shape says.
    """
    count = check_shape(shape, wanted)
    if wanted.datatype == "BYTES":
        elements = _split(raw, wanted.name)
        if len(elements) != count:
            raise bad(
                f"input {wanted.name!r} has {len(elements)} elements; its shape {list(shape)} asks "
                f"for {count}"
            )
        return _objects(elements).reshape(shape)
    kind = np.dtype(_NUMPY[wanted.datatype])
    if len(raw) != count * kind.itemsize:
        raise bad(
            f"input {wanted.name!r} has {len(raw)} bytes; its shape {list(shape)} asks for "
            f"{count * kind.itemsize}"
        )
    return np.frombuffer(raw, dtype=kind).reshape(shape)


def to_bytes(tensor: Tensor) -> bytes:
    """A tensor's raw bytes."""
    if tensor.datatype == "BYTES":
        return b"".join(struct.pack("<I", len(v)) + v for v in tensor.values.flat)
    return tensor.values.astype(_NUMPY[tensor.datatype]).tobytes()


def to_json(tensor: Tensor) -> list[Any]:
    """A tensor's values, flat."""
    if tensor.datatype == "BYTES":
        return [value.decode("utf-8") for value in tensor.values.flat]
    values: list[Any] = tensor.values.ravel().tolist()
    return values


def classified(tensor: Tensor, top: int, labels: Sequence[str]) -> Tensor:
    """The classification extension: the greatest values as "value:index:label".

    Args:
        tensor: float32 [B, n].
        top: at most so many of each row.
        labels: of the n, or none.

    Returns:
        bytes objects [B, min(top, n)], in falling order.
    """
    top = min(top, tensor.values.shape[-1])
    order = np.argsort(-tensor.values, axis=-1, kind="stable")[:, :top]
    rows = [
        f"{row[i]:f}:{i}" + (f":{labels[i]}" if labels else "")
        for row, best in zip(tensor.values, order, strict=True)
        for i in best
    ]
    values = _objects([row.encode() for row in rows]).reshape(len(order), top)
    return Tensor("BYTES", values)


def _objects(elements: list[bytes]) -> NDArray[Any]:
    values = np.empty(len(elements), dtype=np.object_)
    values[:] = elements
    return values


def _split(raw: bytes, name: str) -> list[bytes]:
    elements: list[bytes] = []
    at = 0
    while at < len(raw):
        if at + 4 > len(raw):
            raise bad(f"input {name!r} is cut off inside a length")
        (length,) = struct.unpack_from("<I", raw, at)
        at += 4
        if at + length > len(raw):
            raise bad(f"input {name!r} is cut off inside an element")
        elements.append(raw[at : at + length])
        at += length
    return elements
