"""Outlier channels of the activations moved into the weights, before a graph is quantized.

A dynamically quantized activation has one scale for all its channels, so one that reaches 25 where
the others reach 5 leaves these a fifth of the 256 steps. What that costs isn't only accuracy: which
way a value is rounded depends on the last bit, which differs between CPUs, and the wider the
steps, the further apart two of them score a text.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from byline_training.runs import replacing

_QUANTILE = 0.99
"""Channels that reach higher than this share of them do are outliers."""


def smooth(plain: Path, smoothed: Path, windows: Sequence[NDArray[np.int64]]) -> None:
    """Divide the outlier channels of every linear layer's input, and multiply their weights.

    The graph computes what it did before, with one elementwise product more a layer
    (SmoothQuant, Xiao et al. 2023; there all channels are scaled, here the outliers alone).

    Args:
        plain: an fp32 graph, as `quantize.export_fp32` writes it.
        smoothed: where the new one goes.
        windows: int64 [t] each; the reach of a channel is the greatest it has on them.
    """
    model = onnx.load(plain)
    weights = {weight.name: weight for weight in model.graph.initializer}
    linear = [n for n in model.graph.node if n.op_type == "MatMul" and n.input[1] in weights]
    reach = _reach(model, linear, windows)
    scales = {name: _scale(channels) for name, channels in reach.items()}
    for name, scale in scales.items():
        weight = numpy_helper.to_array(weights[name]) * scale[:, None]
        weights[name].CopyFrom(numpy_helper.from_array(weight, name))
        model.graph.initializer.append(numpy_helper.from_array(1 / scale, f"{name}_smoothing"))
    nodes = list(model.graph.node)
    for node in linear:
        inputs, product = (
            [node.input[0], f"{node.input[1]}_smoothing"],
            f"{node.output[0]}_smoothed",
        )
        nodes.insert(nodes.index(node), helper.make_node("Mul", inputs, [product], name=product))
        node.input[0] = product
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    with replacing(smoothed) as temporary:
        onnx.save(model, str(temporary))


def _scale(reach: NDArray[np.float32]) -> NDArray[np.float32]:
    """What to divide each channel by so that none reaches further than the quantile."""
    limit = np.quantile(reach, _QUANTILE) or reach.max() or 1
    return np.maximum(1, reach / limit).astype(np.float32)


def _reach(
    model: onnx.ModelProto, linear: Sequence[onnx.NodeProto], windows: Sequence[NDArray[np.int64]]
) -> dict[str, NDArray[np.float32]]:
    """By weight, the greatest absolute value of each channel it is multiplied with.

    One weight may have several inputs: ALBERT's layers share theirs.
    """
    inputs = sorted({node.input[0] for node in linear})
    opened = onnx.ModelProto()
    opened.CopyFrom(model)
    opened.graph.output.extend(
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in inputs
    )
    session = ort.InferenceSession(opened.SerializeToString(), providers=["CPUExecutionProvider"])
    reach: dict[str, NDArray[np.float32]] = {}
    for ids in windows:
        fed = {"input_ids": ids[None], "attention_mask": np.ones_like(ids[None])}
        seen = dict(zip(inputs, session.run(inputs, fed), strict=True))
        for node in linear:
            values = seen[node.input[0]]
            greatest = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
            reach[node.input[1]] = np.maximum(reach.get(node.input[1], 0), greatest)
    return reach
