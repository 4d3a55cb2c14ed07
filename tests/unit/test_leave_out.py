"""A domain left out is trained without, and tested on."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from byline_training import leave_out
from byline_training.config import load
from byline_training.data import load_split
from byline_training.runs import Run


@pytest.fixture
def run(tiny_run: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    preset = load("smoke")
    data = dataclasses.replace(preset.data, leave_out=120)
    monkeypatch.setattr(leave_out, "_LEAST", 2)
    return Run(dataclasses.replace(preset, data=data), tiny_run / "runs" / "smoke")


def test_every_domain_is_tested_seen_and_never_seen(run: Run) -> None:
    test = load_split(run.path("prepared"), "test")
    results = leave_out.leave_one_domain_out(run, test)
    assert results["documents"] == 120
    assert results["domains"]
    for figures in results["domains"].values():
        assert set(figures) == {"taken_in", "left_out"}
        assert all(0 <= side["auroc"] <= 1 for side in figures.values())
    # The dialects are told apart by their words, whatever the domain.
    assert min(f["taken_in"]["auroc"] for f in results["domains"].values()) > 0.9


def test_what_was_measured_is_kept(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    test = load_split(run.path("prepared"), "test")
    first = leave_out.leave_one_domain_out(run, test)
    monkeypatch.setattr(leave_out, "_trained_without", None)  # would fail if it were called
    assert leave_out.leave_one_domain_out(run, test) == first


def test_none_is_asked_for(run: Run) -> None:
    data = dataclasses.replace(run.preset.data, leave_out=0)
    without = Run(dataclasses.replace(run.preset, data=data), run.folder)
    assert leave_out.leave_one_domain_out(without, []) == {}
