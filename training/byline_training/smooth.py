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

QUANTILE = 0.99
"""Channels that reach higher than this share of them do are outliers."""


def smooth(plain: Path, smoothed: Path, windows: Sequence[NDArray[np.int64]]) -> None:
    """Divide the outlier channels of what `MatMul`s multiply, and multiply their weights.

    The graph computes what it did before, with one elementwise product more for each
    (SmoothQuant, Xiao et al. 2023; there all channels are scaled, here the outliers alone). Fused
    attention is left as it is: its inputs have no such channels.

    Args:
        plain: an fp32 graph, as `quantize.export_fp32` writes it.
        smoothed: where the new one goes.
        windows: int64 [t] each; the reach of a channel is the greatest it has on them.
    """
    model = onnx.load(plain)
    linear = _linear(model)
    weights = {weight.name: weight for weight in model.graph.initializer}
    scales = {name: _scale(reach) for name, reach in _reach(model, linear, windows).items()}
    for name, scale in scales.items():
        weight = numpy_helper.to_array(weights[name]) * scale[:, None]
        weights[name].CopyFrom(numpy_helper.from_array(weight, name))
    nodes, products = [], {}
    for node in model.graph.node:
        if node in linear:
            activation, scale = node.input[0], scales[node.input[1]]
            key = (activation, scale.tobytes())  # queries, keys and values may share an input
            if key not in products:
                products[key] = f"{node.output[0]}_smoothed"
                factor = numpy_helper.from_array(1 / scale, f"{node.output[0]}_smoothing")
                model.graph.initializer.append(factor)
                nodes.append(
                    helper.make_node(
                        "Mul", [activation, factor.name], [products[key]], name=products[key]
                    )
                )
            node.input[0] = products[key]
        nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    with replacing(smoothed) as temporary:
        onnx.save(model, str(temporary))


def _linear(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """The `MatMul`s by a weight [channels, n] that nothing else reads."""
    matrices = {weight.name for weight in model.graph.initializer if len(weight.dims) == 2}
    elsewhere = {
        name
        for node in model.graph.node
        for place, name in enumerate(node.input)
        if (node.op_type, place) != ("MatMul", 1)
    }
    return [
        node
        for node in model.graph.node
        if node.op_type == "MatMul" and node.input[1] in matrices - elsewhere
    ]


def _scale(reach: NDArray[np.float32]) -> NDArray[np.float32]:
    """What to divide each channel by so that none reaches further than the quantile."""
    # Nearly all channels may be silent, or all of them.
    limit = np.quantile(reach, QUANTILE) or reach.max() or 1
    return np.maximum(1, reach / limit).astype(np.float32)


def _reach(
    model: onnx.ModelProto, linear: Sequence[onnx.NodeProto], windows: Sequence[NDArray[np.int64]]
) -> dict[str, NDArray[np.float32]]:
    """By weight, the greatest absolute value of each channel it is multiplied with.

    One weight may have several inputs: ALBERT's layers share theirs.
    """
    reach: dict[str, NDArray[np.float32]] = {}
    if not linear:
        return reach
    inputs = sorted({node.input[0] for node in linear})
    opened = onnx.ModelProto()
    opened.CopyFrom(model)
    opened.graph.output.extend(
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in inputs
    )
    session = ort.InferenceSession(opened.SerializeToString(), providers=["CPUExecutionProvider"])
    for ids in windows:
        fed = {"input_ids": ids[None], "attention_mask": np.ones_like(ids[None])}
        seen = dict(zip(inputs, session.run(inputs, fed), strict=True))
        for node in linear:
            values = seen[node.input[0]]
            greatest = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
            reach[node.input[1]] = np.maximum(reach.get(node.input[1], 0), greatest)
    return reach
