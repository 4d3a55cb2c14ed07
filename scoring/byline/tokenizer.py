"""Sentences to token ids, by the `tokenizer.json` that came with the model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as _Tokenizer

from byline.errors import ModelInvalid


class Tokenizer:
    """A model's own tokenizer.

    Attributes:
        vocabulary_size: ids are in 0..vocabulary_size - 1.
        prefix, suffix: int64; the special tokens a window begins and ends with.
    """

    def __init__(self, tokenizer: _Tokenizer) -> None:
        """Take a loaded tokenizer and switch off its own cutting and padding."""
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True  # a text that says "[SEP]" has those letters
        self._tokenizer = tokenizer
        self.vocabulary_size = tokenizer.get_vocab_size(with_added_tokens=True)
        with_special = tokenizer.encode("a").ids
        plain = tokenizer.encode("a", add_special_tokens=False).ids
        at = next(i for i in range(len(with_special)) if with_special[i : i + len(plain)] == plain)
        self.prefix: NDArray[np.int64] = np.asarray(with_special[:at], dtype=np.int64)
        self.suffix: NDArray[np.int64] = np.asarray(with_special[at + len(plain) :], dtype=np.int64)

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        """Read a `tokenizer.json`.

        Raises:
            ModelInvalid: it can't be read as one.
        """
        try:
            # The parser raises a bare Exception on purpose-made or damaged files.
            return cls(_Tokenizer.from_file(str(path)))
        except Exception as error:
            raise ModelInvalid(path, f"not a tokenizer this version can read ({error})") from error

    def encode(self, sentences: Sequence[str]) -> list[NDArray[np.int64]]:
        """Tokenize sentences, each by itself, so that its ids don't depend on its neighbours.

        Args:
            sentences: texts without lone surrogates.

        Returns:
            int64 [t] for each, without special tokens; t may be 0.
        """
        encode = self._tokenizer.encode
        return [
            np.asarray(encode(text, add_special_tokens=False).ids, dtype=np.int64)
            for text in sentences
        ]
