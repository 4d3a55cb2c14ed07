"""One data set, two tokenizers: ids of the prepared data in a model's own vocabulary."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from byline.errors import InputError
from byline_training.config import Base
from byline_training.encoders import find_tokenizer
from byline_training.runs import Run, reading

_PADDING = ("[PAD]", "<pad>")
_UNKNOWN = ("[UNK]", "<unk>")
_ROLES = (("[CLS]", "<s>"), ("[SEP]", "</s>"), _PADDING, _UNKNOWN, ("[MASK]", "<mask>"))


def vocabulary_of(run: Run, name: str) -> Vocabulary:
    """The vocabulary of a form of the teacher or the student."""
    return Vocabulary.of(run, run.preset.stage(name).base)


@dataclass(frozen=True)
class Vocabulary:
    """A model's ids for the ids of the prepared data.

    Attributes:
        table: int32 [prepared vocabulary].
        pad: the model's padding id.
    """

    table: NDArray[np.int32]
    pad: int

    @classmethod
    def of(cls, run: Run, base: Base) -> Vocabulary:
        """Map the prepared vocabulary to that of a base.

        Raises:
            InputError: an entry has no counterpart: teacher and student need one vocabulary.
        """
        tokenizer = run.path("prepared", "tokenizer.json")
        with reading(tokenizer, "prepare"):
            prepared = _entries(tokenizer)
        own = _entries(find_tokenizer(base))
        pad = next((own[name] for name in _PADDING if name in own), 0)
        if own == prepared:
            return cls(np.arange(max(own.values()) + 1, dtype=np.int32), pad)
        counterpart = {a: b for pair in _ROLES for a, b in (pair, pair[::-1])}
        unknown = _unknown(find_tokenizer(base))
        table = np.zeros(max(prepared.values()) + 1, np.int32)
        for entry, index in prepared.items():
            mapped = own.get(counterpart.get(entry, entry), own.get(entry))
            if entry in _UNKNOWN:  # MPNet has both, and uses BERT's
                mapped = own.get(unknown, mapped)
            if mapped is None:
                raise InputError(
                    f"token {entry!r} of the student is not in the teacher's vocabulary: "
                    "they must share one, or tokens can't be distilled one to one"
                )
            table[index] = mapped
        return cls(table, pad)

    def translate(self, ids: NDArray[np.integer]) -> NDArray[np.int32]:
        """The model's ids for prepared ids, same shape."""
        translated: NDArray[np.int32] = self.table[ids]
        return translated


def _unknown(path: Path) -> str:
    """What a tokenizer writes for what it doesn't know; empty for a Unigram model."""
    return str(json.loads(path.read_text("utf-8"))["model"].get("unk_token") or "")


def _entries(path: Path) -> dict[str, int]:
    values = json.loads(path.read_text("utf-8"))
    vocabulary = values["model"]["vocab"]
    if isinstance(vocabulary, list):  # Unigram: pairs of piece and score
        vocabulary = {piece: i for i, (piece, _) in enumerate(vocabulary)}
    entries: dict[str, int] = {**vocabulary}
    for added in values.get("added_tokens", []):
        entries[added["content"]] = added["id"]
    return entries
