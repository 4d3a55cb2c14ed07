"""Tensors to the wire and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tritonclient.utils import deserialize_bytes_tensor, serialize_byte_tensor

from byline_server.problem import Problem
from byline_server.v2.inference import read_inference
from byline_server.v2.tensors import (
    Specification,
    Tensor,
    classified,
    from_bytes,
    from_json,
    to_bytes,
    to_json,
)

pytestmark = pytest.mark.unit

IDS = Specification("ids", "INT64", (-1, -1))
TEXT = Specification("text", "BYTES", (-1, 1))
SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 5))


def read(reading: Callable[[], NDArray[Any]]) -> NDArray[Any] | None:
    """The values, or None where they were refused as a request's fault; else it raises."""
    try:
        return reading()
    except Problem as problem:
        return None if problem.status == 400 else pytest.fail(str(problem))


@given(SHAPES, st.data())
def test_integers_survive_both_ways(shape: tuple[int, int], data: st.DataObject) -> None:
    count = shape[0] * shape[1]
    numbers = st.lists(st.integers(-(2**63), 2**63 - 1), min_size=count, max_size=count)
    flat = data.draw(numbers)
    values = np.asarray(flat, dtype=np.int64).reshape(shape)
    tensor = Tensor("INT64", values)
    np.testing.assert_array_equal(from_bytes(to_bytes(tensor), shape, IDS), values)
    np.testing.assert_array_equal(from_json(to_json(tensor), shape, IDS), values)
    np.testing.assert_array_equal(from_json(values.tolist(), shape, IDS), values)


@given(st.lists(st.text(), min_size=1, max_size=6))
def test_strings_are_coded_as_the_official_client_does(texts: list[str]) -> None:
    values: NDArray[Any] = np.empty((len(texts), 1), dtype=object)
    values[:, 0] = [text.encode("utf-8", "replace") for text in texts]
    raw = to_bytes(Tensor("BYTES", values))
    assert raw == serialize_byte_tensor(values).item()
    assert list(deserialize_bytes_tensor(raw)) == list(values[:, 0])
    np.testing.assert_array_equal(from_bytes(raw, values.shape, TEXT), values)


@given(st.binary(max_size=60), SHAPES)
def test_any_bytes_are_read_or_refused(raw: bytes, shape: tuple[int, int]) -> None:
    for wanted, given_shape in ((IDS, shape), (TEXT, (shape[0], 1))):
        values = read(partial(from_bytes, raw, given_shape, wanted))
        if values is not None:
            assert to_bytes(Tensor(wanted.datatype, values)) == raw


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=20,
)


@given(st.lists(NESTED, max_size=6), st.lists(st.integers(-3, 10**20), max_size=4))
def test_any_json_is_read_or_refused(data: list[Any], shape: list[int]) -> None:
    for wanted in (IDS, TEXT):
        values = read(partial(from_json, data, shape, wanted))
        if values is not None:
            assert list(values.shape) == shape


def test_shapes_beyond_any_number_or_open_are_refused() -> None:
    for shape in ((10**200, 10**200), (10**400, 1), (-1, -1)):
        assert read(partial(from_bytes, b"12345678", shape, IDS)) is None
        assert read(partial(from_json, [1], shape, IDS)) is None


def test_classes_fall_and_carry_their_label() -> None:
    logits = Tensor("FP32", np.asarray([[0.5, 2.0], [1.0, -1.0]], dtype=np.float32))
    best = classified(logits, 2, ("human", "ai")).values.tolist()
    assert best == [
        [b"2.000000:1:ai", b"0.500000:0:human"],
        [b"1.000000:0:human", b"-1.000000:1:ai"],
    ]
    assert classified(logits, 1, ()).values.tolist() == [[b"2.000000:1"], [b"1.000000:0"]]


@pytest.mark.parametrize("named", [{}, {"outputs": None}, {"outputs": []}])
def test_where_no_output_is_named_all_are_given(named: dict[str, Any]) -> None:
    given = {"name": "text", "shape": [1, 1], "datatype": "BYTES", "data": ["So."]}
    body = json.dumps({"inputs": [given], **named}).encode()
    gives = [Specification(name, "FP32", (-1, 1)) for name in ("logits", "probability")]
    asked = read_inference(body, None, [TEXT], gives, 4)
    assert [wanted.name for wanted in asked.outputs] == ["logits", "probability"]
