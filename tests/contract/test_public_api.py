"""The public API, pinned: a change here is a change for everybody who imports `byline`."""

from __future__ import annotations

import inspect
import re

import pytest

import byline
from byline import errors

pytestmark = pytest.mark.contract


def test_names() -> None:
    assert byline.__all__ == [
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
    for name in byline.__all__:
        assert inspect.isclass(getattr(byline, name)), name


SIGNATURES = {
    "__init__": ["self", "model: Model", "workers: int = 1"],
    "conclude": [
        "self",
        "task: Task",
        "logits: Sequence[Logits]",
        "raw: Sequence[Logits] | None = None",
        "-> Verdict",
    ],
    "cut": ["self", "document: Document", "-> Task"],
    "load": [
        "model_repository: Path | None = None",
        "model: str = 'student_int8'",
        "workers: int = 1",
        "-> Detector",
    ],
    "score": ["self", "text: str", "id: str = ''", "-> Verdict"],
    "score_many": ["self", "documents: Iterable[Document]", "-> Iterator[Verdict]"],
}


def written(method: object) -> list[str]:
    """Parameters and result as they stand in the source, independent of Python's version."""
    assert callable(method)
    signature = inspect.signature(method)
    parts = []
    for name, parameter in signature.parameters.items():
        part = name
        if parameter.annotation is not parameter.empty:
            part += f": {parameter.annotation}"
        if parameter.default is not parameter.empty:
            part += f" = {parameter.default!r}"
        parts.append(part)
    if signature.return_annotation not in (signature.empty, "None"):
        parts.append(f"-> {signature.return_annotation}")
    return parts


def test_detectors_methods() -> None:
    methods = {
        name: written(getattr(byline.Detector, name))
        for name in vars(byline.Detector)
        if callable(getattr(byline.Detector, name))
        and (name == "__init__" or not name.startswith("_"))
    }
    assert methods == SIGNATURES


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("Document", ("id", "text")),
        ("Finding", ("kind", "count", "message")),
        ("RawScore", ("probability", "log_odds")),
        ("SentenceScore", ("start", "end", "probability", "log_odds", "verdict")),
        (
            "Verdict",
            (
                "id", "verdict", "probability", "log_odds", "words", "coverage", "sentences",
                "findings", "raw",
            ),
        ),
    ],
)  # fmt: skip
def test_fields_of_what_is_returned(name: str, fields: tuple[str, ...]) -> None:
    assert tuple(getattr(byline, name).__dataclass_fields__) == fields


def test_the_tree_of_exceptions_is_as_drawn() -> None:
    drawing = inspect.getdoc(errors)
    assert drawing is not None
    drawn: dict[str, str] = {}
    above: list[str] = []
    for line in drawing.splitlines():
        if match := re.match(r" {4}((?:[│ ] {3})*)(?:[├└]── )?([A-Z]\w+)(?: {2,}\w|$)", line):
            depth = len(match[1]) // 4 + ("── " in line)
            above[depth:] = [match[2]]
            drawn[match[2]] = above[depth - 1] if depth else "Exception"
    classes = {
        name: cls.__base__.__name__
        for name, cls in vars(errors).items()
        if inspect.isclass(cls) and issubclass(cls, Exception) and cls.__base__ is not None
    }
    assert drawn == classes
    assert len(classes) > 1
