"""What a stage trains on."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from byline_training import stages
from byline_training.config import load
from byline_training.runs import Run


def test_a_stage_may_train_on_some_of_the_documents(tiny_run: Path) -> None:
    run = Run(load("smoke"), tiny_run / "runs" / "smoke")
    everything = dataclasses.replace(run.preset.student, splice=0.0)
    some = dataclasses.replace(everything, documents=10)
    taken = stages._examples(run, some)
    assert len(taken) == 10 < len(stages._examples(run, everything))
    first = stages._examples(run, everything)[:10]
    assert [e.ids.tolist() for e in taken] == [e.ids.tolist() for e in first]
    assert stages._origin(run, some) != stages._origin(run, everything)
