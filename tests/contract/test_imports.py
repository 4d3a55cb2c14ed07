"""What importing each package may load. In a subprocess: pytest has loaded half of it already."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.contract

HEAVY = {"torch", "transformers", "datasets", "onnx"}

# Those of the base dependencies that the library is made of, with what they import in turn. Whether
# one is imported at once or on first use is the library's choice.
LIBRARY_MAY_LOAD = {
    "byline",
    "flatbuffers",
    "google",
    "numpy",
    "onnxruntime",
    "packaging",
    "sentencex",
    "tokenizers",
    "typing_extensions",
}

REPORT = """
import json, sys
before = set(sys.modules)
import {package}
print(json.dumps(sorted({{name.partition('.')[0] for name in set(sys.modules) - before}})))
"""


def loaded_by(package: str) -> set[str]:
    """The top-level modules that importing `package` adds to a fresh interpreter."""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", REPORT.format(package=package)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    names: list[str] = json.loads(result.stdout.splitlines()[-1])
    return set(names)


@pytest.mark.parametrize("package", ["byline", "byline_cli.main", "byline_server"])
def test_loads_no_training_framework(package: str) -> None:
    loaded = loaded_by(package)
    assert package.partition(".")[0] in loaded
    assert not loaded & HEAVY


def test_library_loads_only_what_it_is_made_of() -> None:
    foreign = {
        name
        for name in loaded_by("byline") - sys.stdlib_module_names
        # compiled helpers of an allowed package, and what an editable install puts on the path
        if not name.startswith("_")
    }
    assert foreign <= LIBRARY_MAY_LOAD


@pytest.mark.parametrize("package", ["byline", "byline_training.quantize"])
def test_the_runtime_is_imported_with_its_reports_switched_off(package: str) -> None:
    watched = f"""
import os, sys
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "onnxruntime":
            print(os.environ.get("ORT_DISABLE_TELEMETRY"))
sys.meta_path.insert(0, Watch())
import {package}
"""
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    result = subprocess.run(
        [sys.executable, "-c", watched], env=environment, capture_output=True, text=True, check=True
    )
    assert result.stdout == "1\n"
