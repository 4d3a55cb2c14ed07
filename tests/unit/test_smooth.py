"""Outlier channels moved into the weights: the same graph, and one that int8 harms less."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from byline_training.quantize import RECIPE, quantize_int8
from byline_training.smooth import smooth

WIDTH, VOCABULARY = 200, 50
WINDOWS = [np.random.default_rng(i).integers(0, VOCABULARY, 30) for i in range(8)]


def graph(path: Path, reach: float) -> Path:
    """Embeddings, one channel of which reaches far, through one weight twice, as ALBERT's do.

    What reaches far is weighed lightly, as in trained models.
    """
    rng = np.random.default_rng(1)
    table = rng.standard_normal((VOCABULARY, WIDTH), np.float32)
    gain = np.ones(WIDTH, np.float32)
    gain[7] = reach
    square = rng.standard_normal((WIDTH, WIDTH), np.float32) / np.float32(WIDTH**0.5)
    square[7] /= max(1, reach)
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["embedded"], name="embed"),
        helper.make_node("Mul", ["embedded", "gain"], ["states"], name="normalize"),
        helper.make_node("MatMul", ["states", "square"], ["once"], name="first"),
        helper.make_node("MatMul", ["once", "square"], ["logits"], name="second"),
    ]
    shape = ["batch", "sequence"]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, shape)
        for name in ("input_ids", "attention_mask")
    ]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [*shape, WIDTH])
    arrays = {"table": table, "gain": gain, "square": square}
    weights = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    model = helper.make_model(
        helper.make_graph(nodes, "outlier", inputs, [output], weights),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    onnx.save(model, str(path))
    return path


def logits(path: Path) -> NDArray[np.float32]:
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    answers = [
        session.run(["logits"], {"input_ids": w[None], "attention_mask": np.ones_like(w[None])})[0]
        for w in WINDOWS
    ]
    found: NDArray[np.float32] = np.concatenate(answers, axis=1)
    return found


def error_of_int8(path: Path, wanted: NDArray[np.float32]) -> float:
    int8 = path.with_suffix(".int8.onnx")
    quantize_int8(path, int8, **RECIPE)
    return float(np.abs(logits(int8) - wanted).mean())


@pytest.mark.parametrize("reach", [0, 1, 40])
def test_the_graph_computes_what_it_did(tmp_path: Path, reach: float) -> None:
    plain = graph(tmp_path / "plain.onnx", reach)
    smooth(plain, tmp_path / "smoothed.onnx", WINDOWS)
    np.testing.assert_allclose(
        logits(tmp_path / "smoothed.onnx"), logits(plain), rtol=1e-4, atol=1e-4
    )


def test_int8_is_nearer_to_it(tmp_path: Path) -> None:
    plain, smoothed = graph(tmp_path / "plain.onnx", 40), tmp_path / "smoothed.onnx"
    smooth(plain, smoothed, WINDOWS)
    wanted = logits(plain)
    assert error_of_int8(smoothed, wanted) < 0.5 * error_of_int8(plain, wanted)


def test_a_weight_that_something_else_reads_stays_as_it_is(tmp_path: Path) -> None:
    plain = graph(tmp_path / "plain.onnx", 40)
    model = onnx.load(plain)
    model.graph.node.insert(0, helper.make_node("Identity", ["square"], ["copy"], name="reader"))
    onnx.save(model, str(plain))
    smooth(plain, tmp_path / "smoothed.onnx", WINDOWS)
    assert onnx.load(tmp_path / "smoothed.onnx") == model


@pytest.mark.parametrize("loud", [0, 1])
def test_silent_channels_are_no_reason_to_scale_by_nothing(tmp_path: Path, loud: int) -> None:
    plain, smoothed = graph(tmp_path / "plain.onnx", 1), tmp_path / "smoothed.onnx"
    model = onnx.load(plain)
    gain = np.zeros(WIDTH, np.float32)
    gain[:loud] = 1
    (old,) = (weight for weight in model.graph.initializer if weight.name == "gain")
    old.CopyFrom(numpy_helper.from_array(gain, "gain"))
    onnx.save(model, str(plain))
    smooth(plain, smoothed, WINDOWS)
    np.testing.assert_allclose(logits(smoothed), logits(plain), rtol=1e-4, atol=1e-4)


def test_the_int8_forms_of_a_run_are_smoothed(tiny_run: Path) -> None:
    for name in ("teacher", "student"):
        int8 = onnx.load(tiny_run / "runs" / "smoke" / "onnx" / f"{name}_int8.onnx")
        assert any(node.name.endswith("_smoothed") for node in int8.graph.node)
