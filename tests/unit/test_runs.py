"""What of a run is published."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from byline_training import runs
from byline_training.config import Preset, load
from byline_training.runs import Run


def with_folders(preset: Preset, folder: str) -> Preset:
    (source,) = preset.data.sources
    data = dataclasses.replace(
        preset.data, sources=(dataclasses.replace(source, path=f"{folder}/texts"),)
    )
    base = dataclasses.replace(preset.teacher.base, folder=f"{folder}/bert")
    teacher = dataclasses.replace(preset.teacher, base=base)
    return dataclasses.replace(preset, data=data, teacher=teacher)


def test_the_published_record_names_no_folder_of_this_machine(tmp_path: Path) -> None:
    run = Run(with_folders(load("smoke"), "/home/somebody/private"), tmp_path / "smoke")
    run.record(student={"weights_sha256": "0" * 64})
    record = run.published()
    assert "somebody" not in json.dumps(record)
    assert record["preset"]["data"]["sources"][0]["path"] == "texts"
    assert record["preset"]["teacher"]["base"]["folder"] == "bert"
    assert record["preset"]["student"]["base"]["folder"] == ""
    assert record["student"] == run.recorded()["student"]


def test_a_repository_around_an_installed_package_is_not_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runs, "IN_CHECKOUT", False)
    assert runs.commit() == "unknown"
