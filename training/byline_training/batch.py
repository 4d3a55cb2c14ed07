"""Windows to padded batches of like length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from byline_training.data import Example


@dataclass(frozen=True)
class Batch:
    """A padded batch.

    Attributes:
        indices: which examples, in the order of the rows.
        ids, mask: int64 [B, T].
        token_labels: float32 [B, T], -1 where there is nothing to learn.
        labels: float32 [B].
    """

    indices: NDArray[np.int64]
    ids: Tensor
    mask: Tensor
    token_labels: Tensor
    labels: Tensor


def batches(
    lengths: Sequence[int], tokens_per_batch: int, seed: int | None
) -> list[NDArray[np.int64]]:
    """Group indices of like length, so that padding is a few percent.

    Args:
        lengths: of all examples.
        tokens_per_batch: the most a batch may hold, padding included.
        seed: shuffles; None keeps the order by length, longest first.
    """
    rng = np.random.default_rng(seed)
    order = np.argsort(-np.asarray(lengths), kind="stable")
    if seed is not None:
        # Sorting inside large random pools keeps batches varied from epoch to epoch.
        shuffled = rng.permutation(len(lengths))
        pools = np.array_split(shuffled, max(1, len(shuffled) // 3000))
        order = np.concatenate(
            [p[np.argsort(-np.asarray(lengths)[p], kind="stable")] for p in pools]
        )
    groups: list[NDArray[np.int64]] = []
    start = 0
    while start < len(order):
        longest, end = lengths[order[start]], start + 1
        while end < len(order):
            longest = max(longest, lengths[order[end]])
            if longest * (end - start + 1) > tokens_per_batch:
                break
            end += 1
        groups.append(order[start:end])
        start = end
    if seed is not None:
        rng.shuffle(groups)
    return groups


def collate(
    examples: Sequence[Example], group: NDArray[np.int64], device: torch.device, pad: int
) -> Batch:
    """Pad some examples to the longest of them.

    Args:
        examples: all of them.
        group: int64 [B]; which make up the batch.
        device: where the batch goes.
        pad: id of the padding token.
    """
    chosen = [examples[i] for i in group]
    longest = max(len(example.ids) for example in chosen)
    ids = np.full((len(chosen), longest), pad, dtype=np.int64)
    mask = np.zeros_like(ids)
    token_labels = np.full(ids.shape, -1, dtype=np.float32)
    for row, example in enumerate(chosen):
        ids[row, : len(example.ids)] = example.ids
        mask[row, : len(example.ids)] = 1
        token_labels[row, : len(example.ids)] = example.token_labels
    labels = torch.tensor([example.label for example in chosen], dtype=torch.float32)
    return Batch(
        group,
        torch.from_numpy(ids).to(device),
        torch.from_numpy(mask).to(device),
        torch.from_numpy(token_labels).to(device),
        labels.to(device),
    )
