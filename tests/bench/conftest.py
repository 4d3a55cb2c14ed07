"""The page the benchmarks write, a section each."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable
from pathlib import Path

import onnxruntime
import pytest

from byline import ModelRepository

_TOP = """\
# Benchmarks

Written by `make bench`, a section by each of its tests. Contenders take turns in one run on one
machine. Ratios carry over to machines with the same instructions (int8 gains most where a processor
has VNNI, which `byline doctor` lists), milliseconds don't. Each section names its model; one that
isn't the default's of today (`byline models show student_int8`) was measured with an earlier one,
and not again. Those of `minilm-tiny` are of a model half as deep: expect half the documents or
requests a second.
"""


@pytest.fixture
def write_section(repository_root: Path) -> Callable[[str, str], None]:
    """Put a section, given by heading and Markdown, into docs/benchmarks.md; the others stay."""

    def write(heading: str, body: str) -> None:
        page = repository_root / "docs" / "benchmarks.md"
        parts = re.split(r"(?m)^## (.+)\n", page.read_text("utf-8"))
        sections = dict(zip(parts[1::2], parts[2::2], strict=True))
        model = ModelRepository(repository_root / "model_repository").load("student_int8")
        measured = (
            f"Python {platform.python_version()}, onnxruntime {onnxruntime.__version__}, "
            f"model {model.spec.training_run}."
        )
        sections[heading] = f"\n{body.strip()}\n\n{measured}\n\n"
        text = _TOP + "".join(f"\n## {name}\n{part.rstrip()}\n" for name, part in sections.items())
        page.write_text(text, "utf-8")

    return write
