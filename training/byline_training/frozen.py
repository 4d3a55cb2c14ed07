"""Hidden states below the trained layers, computed once where that pays."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from byline_training.attention import hidden_states, takes_apart, through
from byline_training.batch import batches, collate
from byline_training.config import Stage
from byline_training.data import Example
from byline_training.model import TwoHeads
from byline_training.progress import progress


class FrozenStates:
    """Last hidden states of a model in training.

    With frozen layers and more than one epoch the states above those layers are kept in one file
    on disk, as float16 [tokens, width], and mapped into memory: the same numbers would come out in
    every epoch. Otherwise it is the plain forward pass.
    """

    def __init__(
        self,
        folder: Path,
        model: TwoHeads,
        stage: Stage,
        examples: Sequence[Example],
        device: torch.device,
        precision: torch.dtype,
        pad: int,
    ) -> None:
        """Compute the states, or take them over from an earlier process."""
        self._model = model
        pays = stage.epochs > 1 and takes_apart(model)
        self._frozen = stage.frozen_layers if pays else 0
        if not self._frozen:
            return
        self._width = model.encoder.config.hidden_size
        self._lengths = [len(example.ids) for example in examples]
        self._ends = np.cumsum(self._lengths)
        folder.mkdir(parents=True, exist_ok=True)
        path, complete = folder / "states.f16", folder / "complete"
        shape = (int(self._ends[-1]), self._width)
        key = self._key(examples)
        if complete.exists() and complete.read_text("utf-8") == key:
            self._states = np.memmap(path, np.float16, "r", shape=shape)
            return
        complete.unlink(missing_ok=True)
        with path.open("wb") as file:
            size = shape[0] * shape[1] * 2
            file.truncate(size)
            # Room is taken now: a full disk under a memory map kills the process without a word.
            if hasattr(os, "posix_fallocate"):  # macOS has none
                os.posix_fallocate(file.fileno(), 0, size)
        states = np.memmap(path, np.float16, "r+", shape=shape)
        for group in progress(batches(self._lengths, 8192, None), "cache frozen layers"):
            batch = collate(examples, group, device, pad)
            with (
                torch.inference_mode(),
                torch.autocast(device.type, precision, enabled=precision != torch.float32),
            ):
                below = self._below(batch.ids, batch.mask).cpu().numpy()
            for row, i in enumerate(group):
                states[self._ends[i] - self._lengths[i] : self._ends[i]] = below[
                    row, : self._lengths[i]
                ]
        states.flush()
        complete.write_text(key, encoding="utf-8")
        self._states = states

    def hidden(self, indices: NDArray[np.int64], ids: Tensor, mask: Tensor) -> Tensor:
        """Last hidden states [B, T, width] of some examples, differentiable."""
        if not self._frozen:
            return hidden_states(self._model, ids, mask)
        states = np.zeros((*ids.shape, self._width), np.float32)
        for row, i in enumerate(indices):
            states[row, : self._lengths[i]] = self._states[
                self._ends[i] - self._lengths[i] : self._ends[i]
            ]
        hidden = torch.from_numpy(states).to(ids.device)
        return through(self._model, hidden, mask, slice(self._frozen, None))

    def _key(self, examples: Sequence[Example]) -> str:
        """Hash of what the states are computed from: the windows and the frozen weights."""
        digest = hashlib.sha256(str(self._lengths).encode())
        for example in examples:
            digest.update(example.ids.tobytes())
        layers = self._model.layers[: self._frozen]
        for module in (self._model.encoder.embeddings, layers):
            for tensor in module.state_dict().values():
                digest.update(tensor.cpu().numpy().tobytes())
        return digest.hexdigest()

    def _below(self, ids: Tensor, mask: Tensor) -> Tensor:
        embedded = self._model.encoder.embeddings(ids)
        return through(self._model, embedded, mask, slice(0, self._frozen)).float()
