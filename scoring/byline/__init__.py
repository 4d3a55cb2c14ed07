"""Byline: how likely a text was written by a language model, and where.

    >>> from byline import Detector
    >>> detector = Detector.load()
    >>> verdict = detector.score(text)
    >>> verdict.verdict, verdict.probability

Spans are half-open and count Unicode code points of the text as it was given.
"""

from byline.detector import Detector
from byline.errors import BylineError, InputError, ModelInvalid, ModelNotFound
from byline.repository import Model, ModelRepository
from byline.types import Document, Finding, RawScore, SentenceScore, Verdict

__all__ = [
    "BylineError",
    "Detector",
    "Document",
    "Finding",
    "InputError",
    "Model",
    "ModelInvalid",
    "ModelNotFound",
    "ModelRepository",
    "RawScore",
    "SentenceScore",
    "Verdict",
]
