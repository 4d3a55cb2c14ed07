"""Results that were computed before, by model and hash of text; the least used goes first."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import replace

from byline import Verdict

Key = tuple[int, bytes]

# What a verdict and its parts take in CPython, with the key and the entry; measured, rounded up.
_VERDICT_BYTES = 900
_SENTENCE_BYTES = 280
_FINDING_BYTES = 400


def key_of(model: int, text: str) -> Key:
    """The key of a text.

    Args:
        model: number of the loaded model, which another load of the same name doesn't share.
        text: any string; lone surrogates are allowed.
    """
    return model, hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


class Cache:
    """Verdicts without their ids, bounded by number and by memory. For many threads."""

    def __init__(self, entries: int, size: int) -> None:
        """Make an empty cache; `entries` and `size`, in bytes, bound it, and 0 switches it off."""
        self._entries = entries
        self._size = size
        self._held: OrderedDict[Key, Verdict] = OrderedDict()
        self._lock = threading.Lock()
        self.bytes = 0
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: Key) -> Verdict | None:
        """What was put under a key, if it is still there."""
        with self._lock:
            verdict = self._held.get(key)
            if verdict is None:
                self.misses += 1
            else:
                self.hits += 1
                self._held.move_to_end(key)
            return verdict

    def put(self, key: Key, verdict: Verdict) -> None:
        """Remember a verdict; one that would push out most of the others isn't kept."""
        size = _size_of(verdict)
        if not self._entries or size > self._size // 4:
            return
        with self._lock:
            if key in self._held:
                self.bytes -= _size_of(self._held.pop(key))
            self._held[key] = replace(verdict, id="")
            self.bytes += size
            while len(self._held) > self._entries or self.bytes > self._size:
                _, dropped = self._held.popitem(last=False)
                self.bytes -= _size_of(dropped)


def _size_of(verdict: Verdict) -> int:
    return (
        _VERDICT_BYTES
        + _SENTENCE_BYTES * len(verdict.sentences)
        + _FINDING_BYTES * len(verdict.findings)
    )
