"""A pass through an encoder's layers, with attention as a CPU trains it fastest.

Transformers' MPNet writes the scores [B, H, T, T] eight times a layer, half of them in fp32.
Torch's fused attention is fastest forward; backward it takes two to four times as long, on a CPU in
bf16, as matrix products do. So it is fused where nothing is learned, and products where something
is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AttentionInterface

from byline_training.model import TwoHeads

_NAME = "byline_training"


def takes_apart(model: TwoHeads) -> bool:
    """Whether `through` knows the encoder: what its layers take beside states and mask."""
    return model.encoder.config.model_type in ("bert", "mpnet")


def hidden_states(model: TwoHeads, ids: Tensor, mask: Tensor) -> Tensor:
    """Last hidden states [B, T, width] of ids and mask int64 [B, T]; those of `model.hidden`."""
    if ids.is_cuda or not takes_apart(model):
        return model.hidden(ids, mask)
    return through(model, model.encoder.embeddings(ids), mask, slice(None))


def through(model: TwoHeads, hidden: Tensor, mask: Tensor, layers: slice) -> Tensor:
    """Pass hidden states [B, T, width] through some of the layers; mask int64 [B, T]."""
    encoder = model.encoder
    allowed = mask[:, None, None, :].bool()
    bias = torch.zeros(allowed.shape, dtype=hidden.dtype, device=hidden.device)
    bias = bias.masked_fill(~allowed, torch.finfo(hidden.dtype).min)
    if positional := getattr(encoder.encoder, "compute_position_bias", None):
        bias = bias + positional(hidden)
    if torch.is_autocast_enabled(hidden.device.type):
        bias = bias.to(torch.get_autocast_dtype(hidden.device.type))
    heads, length = encoder.config.num_attention_heads, hidden.shape[1]
    bias = bias.expand(-1, heads, length, -1).contiguous()  # once, not in every layer
    with _attention_replaced(model):
        for layer in model.layers[layers]:
            out = layer(hidden, bias)
            hidden = out[0] if isinstance(out, tuple) else out
    return hidden


def attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor, scale: float) -> Tensor:
    """softmax(query key^T scale + bias) value; [B, H, T, D] each, bias [B, H, T, T]."""
    if query.is_cuda or not (torch.is_grad_enabled() and query.requires_grad):
        return functional.scaled_dot_product_attention(query, key, value, bias, scale=scale)
    length = query.shape[2]
    q, k, v = (x.flatten(0, 1) for x in (query, key, value))
    scores = torch.baddbmm(bias.view(-1, length, length), q, k.transpose(1, 2), alpha=scale)
    with torch.autocast(query.device.type, enabled=False):  # which would make it fp32
        shares = torch.softmax(scores, dim=-1)
    return torch.bmm(shares, v).view_as(query)


@contextmanager
def _attention_replaced(model: TwoHeads) -> Iterator[None]:
    """Let the layers attend by `attend`, and afterwards as they did: ONNX is exported from that."""
    config = model.encoder.config
    if config.model_type == "mpnet":
        layers: Any = model.layers
        blocks = [layer.attention.attn for layer in layers]
        for block in blocks:
            block.forward = partial(_mpnet_attention, block)
        try:
            yield
        finally:
            for block in blocks:
                del block.forward
    else:
        before = config._attn_implementation
        config._attn_implementation = _NAME
        try:
            yield
        finally:
            config._attn_implementation = before


def _mpnet_attention(block: Any, hidden: Tensor, bias: Tensor, *_: Any, **__: Any) -> Any:
    shape = (*hidden.shape[:-1], -1, block.attention_head_size)
    q, k, v = (part(hidden).view(shape).transpose(1, 2) for part in (block.q, block.k, block.v))
    attended = attend(q, k, v, bias, block.attention_head_size**-0.5)
    return (block.o(attended.transpose(1, 2).flatten(2)),)


def _bert_attention(
    _: Any, query: Tensor, key: Tensor, value: Tensor, bias: Tensor, scaling: float, **__: Any
) -> tuple[Tensor, None]:
    return attend(query, key, value, bias, scaling).transpose(1, 2).contiguous(), None


AttentionInterface.register(_NAME, _bert_attention)
