"""The network: an encoder, a document head on its mean, a token head on every position."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from byline.errors import InputError
from byline_training.config import Stage
from byline_training.encoders import load_encoder


class TwoHeads(nn.Module):
    """One pass, two answers.

    Shapes: ids and mask int64 [B, T] -> logits float32 [B, 2] in the order (human, ai), and
    token logits float32 [B, T], one logit of `ai` each.
    """

    def __init__(self, encoder: Any) -> None:
        """Put fresh heads on an encoder."""
        super().__init__()
        self.encoder = encoder
        width = encoder.config.hidden_size
        self.document_head = nn.Linear(width, 2)
        self.token_head = nn.Linear(width, 1)
        for head in (self.document_head, self.token_head):
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Answer for a batch of windows."""
        logits, token_logits, _ = self.answers(
            self.hidden(input_ids, attention_mask), attention_mask
        )
        return logits, token_logits

    def hidden(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """The encoder's last hidden states, [B, T, width]."""
        mask: Any = attention_mask
        if self.encoder.config.model_type == "llama":
            mask = _causal(attention_mask)
        states: Tensor = self.encoder(input_ids=input_ids, attention_mask=mask).last_hidden_state
        return states

    def answers(self, hidden: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits, token logits and the pooled hidden state [B, width] of last hidden states."""
        hidden = hidden.float()
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * mask).sum(1) / mask.sum(1)
        return self.document_head(pooled), self.token_head(hidden).squeeze(-1), pooled

    @property
    def layers(self) -> nn.ModuleList:
        """The encoder's transformer layers."""
        found: nn.ModuleList = getattr(*self._place)
        return found

    @property
    def embeddings(self) -> nn.Module:
        """The module that holds the encoder's embeddings."""
        found: nn.Module = getattr(self.encoder, "embeddings", None) or self.encoder.embed_tokens
        return found

    @property
    def _place(self) -> tuple[Any, str]:
        """The module that holds the layers, and their name there."""
        if hasattr(self.encoder, "layers"):  # language models
            return self.encoder, "layers"
        # DistilBERT calls it otherwise.
        return getattr(self.encoder, "encoder", None) or self.encoder.transformer, "layer"

    def freeze(self, layers: int, embeddings: bool) -> None:
        """Keep the weights of the embeddings and the lowest layers as they are."""
        if embeddings or layers:
            self.embeddings.requires_grad_(False)
        if layers:  # not every encoder has a plain list of them (ALBERT shares one)
            for layer in self.layers[:layers]:
                layer.requires_grad_(False)
            # MPNet's, shared by all layers: trained, it would change the frozen ones too, and be
            # reached through all of them.
            if shared := getattr(self._place[0], "relative_attention_bias", None):
                shared.requires_grad_(False)

    def keep_layers(self, layers: Sequence[int]) -> None:
        """Drop all but some layers.

        Raises:
            InputError: there is no such layer.
        """
        count = len(self.layers)
        if missing := [i for i in layers if not -count <= i < count]:
            raise InputError(
                f"the preset's layers have {missing[0]}; the encoder has {count}, from 0 on"
            )
        setattr(*self._place, nn.ModuleList([self.layers[i] for i in layers]))
        self.encoder.config.num_hidden_layers = len(layers)

    @property
    def parameter_count(self) -> int:
        """How many numbers it holds."""
        return sum(p.numel() for p in self.parameters())


def build(stage: Stage, seed: int) -> TwoHeads:
    """The layers of its base that a stage has, with fresh heads."""
    torch.manual_seed(seed)
    model = TwoHeads(load_encoder(stage.base, seed))
    if stage.layers:
        model.keep_layers(stage.layers)
    return model


def build_student(student: Stage, teacher: TwoHeads, seed: int) -> TwoHeads:
    """The student to begin with: some of the trained teacher's layers, or its own encoder.

    Taking layers follows DistilBERT (Sanh et al. 2019); the heads are the teacher's too where the
    widths agree.
    """
    model = build(dataclasses.replace(student, layers=()), seed)
    if student.layers:
        model = TwoHeads(model.encoder)
        same_width = model.encoder.config.hidden_size == teacher.encoder.config.hidden_size
        if same_width and len(model.layers) >= len(teacher.layers) > max(student.layers):
            model.keep_layers(range(len(teacher.layers)))
            model.load_state_dict(teacher.state_dict())
        model.keep_layers(student.layers)
    return model


def _causal(mask: Tensor) -> Tensor:
    """What a language model adds to the scores of its attention, [B, 1, T, T] for int64 [B, T].

    Each token sees itself and those before it. (Transformers makes the same of the mask, in a way
    that can't be exported.)
    """
    length, device = mask.shape[1], mask.device
    before = torch.ones(length, length, dtype=torch.bool, device=device).tril()
    seen = mask[:, None, None, :].bool() & before
    fast = torch.is_autocast_enabled(device.type)
    dtype = torch.get_autocast_dtype(device.type) if fast else torch.float32
    bias = torch.zeros(seen.shape, dtype=dtype, device=device)
    return bias.masked_fill(~seen, torch.finfo(dtype).min)


def interpolated(
    start: Mapping[str, Tensor], end: Mapping[str, Tensor], share: float
) -> dict[str, Tensor]:
    """Weights on the line from `start` to `end`, both of one network.

    A model fine-tuned from another keeps more of what the other knew, and does better on texts of
    other origins, some way back on that line (Wortsman et al. 2022, WiSE-FT).
    """
    return {
        name: torch.lerp(start[name], value, share) if value.is_floating_point() else value
        for name, value in end.items()
    }


def averaged(weights: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of the weights of several models of one network."""
    first, *others = weights
    return {
        name: (value + sum(other[name] for other in others)) / len(weights)
        if value.is_floating_point()
        else value
        for name, value in first.items()
    }


def save_weights(model: TwoHeads, path: Path) -> None:
    """Write the state dict."""
    with path.open("wb") as file:
        torch.save(model.state_dict(), file)


def load_weights(model: TwoHeads, path: Path) -> TwoHeads:
    """Read what `save_weights` wrote; the model must have the same shape."""
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return model


def device_and_precision() -> tuple[torch.device, torch.dtype]:
    """CUDA with bf16 where there is one, else the CPU.

    On a CPU bf16 is twice as fast as fp32 with AVX512-BF16 or AMX and fifty times slower without.
    """
    if torch.cuda.is_available():
        return torch.device("cuda"), torch.bfloat16
    try:
        flags = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        flags = ""
    fast = "avx512_bf16" in flags or "amx_bf16" in flags
    return torch.device("cpu"), torch.bfloat16 if fast else torch.float32
