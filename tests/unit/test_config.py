"""Presets parse, and what doesn't fit is refused with its key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from byline.errors import InputError
from byline_training.config import CONFIGS, Preset, load
from byline_training.sources import READERS

PRESETS = sorted(path.stem for path in CONFIGS.glob("*.toml"))


def test_the_presets_are_those_of_the_design() -> None:
    assert PRESETS == [
        "bert-base", "minilm", "minilm-tiny", "mpnet-distil", "mpnet-minilm", "smoke", "smollm2",
    ]  # fmt: skip


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_parses(name: str) -> None:
    preset = load(name)
    assert preset.name == name
    assert preset.data.sources
    assert all(source.kind in READERS for source in preset.data.sources)
    assert preset.student.distill_weight > 0


def test_the_preset_of_the_guide_parses(repository_root: Path, tmp_path: Path) -> None:
    guide = (repository_root / "docs" / "training.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    (tmp_path / "mine.toml").write_text(example, "utf-8")
    preset = load(str(tmp_path / "mine.toml"))
    assert [source.kind for source in preset.data.sources] == ["file"]
    assert preset.teacher.base.package == load("minilm").teacher.base.package


def test_the_guide_lists_each_preset(repository_root: Path) -> None:
    guide = (repository_root / "docs" / "training.md").read_text("utf-8")
    assert [name for name in PRESETS if f"\n| `{name}` |" not in guide] == []


def test_values_arrive_with_their_types() -> None:
    preset = load("minilm-tiny")
    assert preset.student.layers == (0, 2, 5)
    assert preset.student.learning_rate == 2.5e-4
    assert preset.teacher.freeze_embeddings
    assert "FCE" in preset.limits.protected["non-native writers"]


def test_an_unknown_preset_is_refused_with_those_known() -> None:
    with pytest.raises(InputError, match=r"no preset 'huge'; there are: bert-base, minilm, "):
        load("huge")
    with pytest.raises(InputError, match=r"no preset 'gone/x\.toml'"):
        load("gone/x.toml")


def test_a_preset_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("seed = 3\n[student]\nlearning_rate = 1\n", encoding="utf-8")
    preset = load(str(path))
    assert preset.name == "mine"
    assert (preset.seed, preset.student.learning_rate) == (3, 1.0)
    assert preset.gate == Preset("x").gate


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[data]\nwindw = 3", r"data: unknown key 'windw'; known: \['attacked'"),
        ("[data]\nwindow = 'wide'", "data: window: expected int, not 'wide'"),
        ("[data]\nwindow = true", "window: expected int, not True"),
        ("[data]\nwindow = 1.5", r"window: expected int, not 1\.5"),
        ("[student]\nsplice = '1'", "splice: expected float, not '1'"),
        ("[student]\nsplice = true", "splice: expected float, not True"),
        ("[data]\nsources = 'x'", "sources: expected tuple, not 'x'"),
        ("[data]\nsources = [{kind = 'file', nam = 'x'}]", r"sources\[0\]: unknown key 'nam'"),
        ("[teacher]\nlayers = [1, 'two']", r"layers\[1\]: expected int, not 'two'"),
        ("[teacher]\nfreeze_embeddings = 1", "freeze_embeddings: expected bool, not 1"),
        ("[teacher.base.random]\nhidden_size = 'x'", "hidden_size: expected int, not 'x'"),
        ("[limits.protected]\nlearners = 'FCE'", "learners: expected list, not 'FCE'"),
        ("[student]\ntrainings = 0", "student: trainings is 0; at least 1 is needed"),
        ("[student]\nepochs = 0", "student: epochs is 0; at least 1 is needed"),
        ("[teacher]\nlearning_rate = -1", r"teacher: learning_rate is -1\.0; at least 0 is"),
        ("[data]\nwindow = 5", "data: window is 5; at least 8 is needed"),
        ("[data]\nnear_duplicate = 1", r"data: near_duplicate is 1\.0; it is a share"),
        ("[limits]\nfalse_positive_rate = 1", r"from 0 to below 1 \(0\.01 is one percent\)"),
        ("[student]\nwarmup = 2", r"student: warmup is 2\.0; it is a share"),
        ("[student]\ntemperature = 0", r"temperature is 0\.0; at least 0\.1"),
        ("[limits]\nmin_words = 0", "limits: min_words is 0; at least 1"),
        ("teacher = 3", "teacher: expected a table, not 3"),
        ("seed = ", r"x\.toml: Invalid value"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, toml: str, message: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(toml, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        load(str(path))


def test_a_preset_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes("notes = 'für uns'\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"x\.toml: 'utf-8' codec can't decode"):
        load(str(path))


@pytest.mark.parametrize("toml", ["[[data.sources]]\nkind = 'file'", "name = 3"])
def test_a_missing_or_mistyped_name_is_refused(tmp_path: Path, toml: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(toml, encoding="utf-8")
    with pytest.raises(InputError, match="name"):
        load(str(path))
