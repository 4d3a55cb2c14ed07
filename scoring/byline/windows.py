"""Tokenized sentences to windows: whole sentences, in order, as even as they can be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from byline.types import Window


def pack(
    sentences: Sequence[NDArray[np.int64]],
    limit: int,
    prefix: NDArray[np.int64],
    suffix: NDArray[np.int64],
) -> list[Window]:
    """Pack sentences into as few windows as their length asks for.

    The windows of a text are made about equally long: a last window of ten tokens would be noise.
    A sentence stays whole unless it is longer than a window by itself; then it is cut.

    Args:
        sentences: int64 [t_i] each, without special tokens.
        limit: the most tokens a window may hold, special tokens included.
        prefix: int64, special tokens put before.
        suffix: int64, special tokens put after.

    Returns:
        Windows in which every token stands exactly once, in order; none longer than `limit`.

    Raises:
        ValueError: no room for text between the special tokens.
    """
    room = limit - len(prefix) - len(suffix)
    if room < 1:
        raise ValueError(f"a window of {limit} tokens has no room for text")
    total = sum(len(ids) for ids in sentences)
    if not total:
        return []
    even = -(-total // -(-total // room))
    windows: list[Window] = []
    ids: list[NDArray[np.int64]] = []
    owners: list[int] = []
    lengths: list[int] = []
    held = 0

    def close() -> None:
        nonlocal held
        if held:
            owner = np.repeat(
                np.asarray([-1, *owners, -1], dtype=np.int32),
                [len(prefix), *lengths, len(suffix)],
            )
            windows.append(Window(np.concatenate([prefix, *ids, suffix]), owner))
            ids.clear()
            owners.clear()
            lengths.clear()
            held = 0

    for index, sentence in enumerate(sentences):
        for at in range(0, len(sentence), room):
            piece = sentence[at : at + room]
            if held + len(piece) > room:
                close()
            ids.append(piece)
            owners.append(index)
            lengths.append(len(piece))
            held += len(piece)
            if held >= even:
                close()
    close()
    return windows
