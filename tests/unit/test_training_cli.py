"""What `byline train` says when it can't go on: one line that names what to do."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from byline_training import calibrate, cli, evaluate, prepare, quantize, runs, scores
from byline_training.card import DEFAULT
from byline_training.config import CONFIGS, load
from byline_training.provenance import MODELS
from byline_training.quantize import Parity, ParityError
from byline_training.runs import Run


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.train, list(arguments))


def complaint(result: Result) -> str:
    """The one line that isn't the name of the stage, nor says how few texts calibrate had."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    notes = ("smoke: ", "the validation split has ")
    lines = [line for line in result.output.splitlines() if not line.startswith(notes)]
    assert len(lines) == 1, result.output
    return lines[0]


@pytest.fixture
def partly(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy of a finished run, to take parts away from."""
    for part in ("runs", "models"):
        shutil.copytree(tiny_run / part, tmp_path / part)
    return tmp_path / "runs"


def test_an_unknown_preset() -> None:
    assert "no preset 'huge'; there are: bert-base" in complaint(run("all", "--preset", "huge"))


def test_a_missing_option_or_an_unknown_stage_is_a_usage_error() -> None:
    for arguments in (("all",), ("dream", "--preset", "smoke"), ("all", "--preset")):
        result = run(*arguments)
        assert result.exit_code == 2
        assert "Traceback" not in result.output


def test_a_preset_that_needs_data(tmp_path: Path) -> None:
    result = run("prepare", "--preset", "minilm-tiny", "--runs", str(tmp_path))
    line = result.output.splitlines()[-1]
    assert result.exit_code == 1
    assert "name it with --data" in line
    result = run("prepare", "--preset", "minilm-tiny", "--runs", str(tmp_path), "--data", "gone")
    assert "no folder gone; name it with --data" in result.output


def test_a_missing_encoder_is_said_before_the_texts_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "read", None)  # would fail if it were called
    arguments = ("--preset", "smoke", "--runs", str(tmp_path), "--student-folder", "gone")
    assert "gone holds no config.json" in complaint(run("prepare", *arguments))


def test_the_folder_of_the_data_is_not_our_own_texts() -> None:
    corpus, paired = cli._configured(load("minilm"), "folder", None, None).data.sources
    assert (corpus.path, paired.path) == ("folder", "")


@pytest.mark.parametrize(
    "stage", ["teacher", "student", "quantize", "calibrate", "evaluate", "export"]
)
def test_every_stage_before_its_time(stage: str, tmp_path: Path) -> None:
    line = complaint(run(stage, "--preset", "smoke", "--runs", str(tmp_path)))
    assert "is missing: run the " in line
    assert line.endswith("stage first")


def test_the_default_model_alone_is_asked_about_long_and_attacked_texts(
    partly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    smoke = Run(load("smoke"), partly / "smoke")
    shutil.copyfile(*(smoke.path("prepared", f"{s}.parquet") for s in ("test", "test_long")))
    data = smoke.recorded()["data"]
    data["sha256"]["test_long"] = data["sha256"]["test"]
    smoke.record(data=data)
    times = json.loads(smoke.path("evaluation.json").read_text("utf-8"))["times"]
    asked: dict[str, set[str]] = defaultdict(set)

    def scored(run: Run, graph: Path, vocabulary: Any, split: str, documents: Any) -> scores.Scores:
        asked[split].add(graph.stem)
        return scores.score_split(run, graph, vocabulary, split, documents)

    monkeypatch.setattr(evaluate, "score_split", scored)
    monkeypatch.setattr(evaluate, "time_models", lambda _: times)
    evaluate.evaluate(smoke)
    assert asked.pop("test") == set(MODELS)
    assert set(asked) == {"test_long", "attacked", "attacked_raw"}
    assert all(names == {DEFAULT} for names in asked.values())


@pytest.mark.parametrize(
    ("stage", "taken_away", "needed"),
    [
        ("teacher", "prepared/train.parquet", "prepare"),
        ("student", "teacher", "teacher"),
        ("quantize", "teacher", "teacher"),
        ("quantize", "student", "student"),
        ("calibrate", "onnx", "quantize"),
        ("evaluate", "onnx", "quantize"),
        ("evaluate", "calibration", "calibrate"),
        ("evaluate", "prepared", "prepare"),
        ("export", "evaluation.json", "evaluate"),
        ("export", "calibration", "calibrate"),
        ("export", "onnx", "quantize"),
    ],
)
def test_the_stage_that_is_missing_is_named(
    partly: Path, stage: str, taken_away: str, needed: str
) -> None:
    gone = partly / "smoke" / taken_away
    gone.unlink() if gone.is_file() else shutil.rmtree(gone)
    line = complaint(
        run(stage, "--preset", "smoke", "--runs", str(partly),
            "--model-repository", str(partly.parent / "models"))
    )  # fmt: skip
    assert f"is missing: run the {needed} stage first" in line


@pytest.mark.parametrize(
    ("stage", "damaged", "maker"),
    [
        ("teacher", "prepared/train.parquet", "prepare"),
        ("teacher", "run.json", "prepare"),
        ("student", "teacher/weights.pt", "teacher"),
        ("quantize", "prepared/tokenizer.json", "prepare"),
        ("evaluate", "calibration/student.json", "calibrate"),
        ("export", "evaluation.json", "evaluate"),
    ],
)
@pytest.mark.parametrize("content", [b"", b"{", b"{}"])
def test_a_damaged_file_is_named(
    partly: Path, stage: str, damaged: str, maker: str, content: bytes
) -> None:
    (partly / "smoke" / damaged).write_bytes(content)
    result = run(stage, "--preset", "smoke", "--runs", str(partly),
                 "--model-repository", str(partly.parent / "models"))  # fmt: skip
    if damaged == "run.json" and content == b"{}":  # whole, and says nothing
        assert "was trained before" not in result.output
        return
    line = complaint(result)
    assert damaged in line
    assert f"run the {maker} stage" in line or "not a tokenizer" in line


@pytest.mark.parametrize("cache", ["scores", "student/teacher_answers.npz"])
def test_a_damaged_cache_is_made_anew(partly: Path, cache: str) -> None:
    place = partly / "smoke" / cache
    for path in [place] if place.is_file() else sorted(place.iterdir()):
        path.write_bytes(path.read_bytes()[:100])
    (partly / "smoke" / "student" / "weights.pt").unlink()
    for stage in ("student", "quantize", "calibrate"):
        result = run(stage, "--preset", "smoke", "--runs", str(partly))
        assert result.exit_code == 0, result.output


def test_models_are_not_exported_with_the_figures_of_others(partly: Path) -> None:
    where = ("--runs", str(partly), "--model-repository", str(partly.parent / "models"))
    path = partly / "smoke" / "calibration" / "teacher.json"
    calibration = path.read_text("utf-8")
    path.write_text(json.dumps(json.loads(calibration) | {"graph": "another"}), encoding="utf-8")
    for stage in ("evaluate", "export"):
        line = complaint(run(stage, "--preset", "smoke", *where))
        assert "is of another teacher.onnx: run the calibrate stage again" in line
    path.write_text(calibration, encoding="utf-8")
    path = partly / "smoke" / "evaluation.json"
    original = path.read_text("utf-8")
    for key in ("sha256", "calibration_sha256"):
        report = json.loads(original)
        report["models"]["student"][key] = "another"
        path.write_text(json.dumps(report), encoding="utf-8")
        line = complaint(run("export", "--preset", "smoke", *where))
        assert "is of another student or calibration: run the evaluate stage again" in line


def test_leave_out_says_where_its_documents_are_counted(tmp_path: Path) -> None:
    line = complaint(run("leave-out", "--preset", "smoke", "--runs", str(tmp_path)))
    assert "has leave_out = 0: set it, under [data]" in line


@pytest.mark.parametrize(
    ("error", "said", "advised"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "No space left", True),
        (PermissionError(errno.EACCES, "Permission denied", "runs"), "Permission denied", False),
        (ModuleNotFoundError("no torch", name="torch"), "pip install '.[train]'", False),
    ],
)
def test_what_the_machine_refuses(
    error: Exception, said: str, advised: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(_: Run, __: Path) -> None:
        raise error

    monkeypatch.setitem(cli.STAGES, "teacher", (fail, ""))
    line = complaint(run("teacher", "--preset", "smoke", "--runs", str(tmp_path)))
    assert said in line
    assert ("make room and run the same command again" in line) is advised


def test_a_finished_stage_is_not_trained_again(partly: Path) -> None:
    before = (partly / "smoke" / "teacher" / "weights.pt").stat().st_mtime_ns
    result = run("teacher", "--preset", "smoke", "--runs", str(partly))
    assert result.exit_code == 0
    assert "was trained before with these settings and data" in result.output
    assert (partly / "smoke" / "teacher" / "weights.pt").stat().st_mtime_ns == before


def changed(preset: Path, old: str, new: str) -> str:
    text = (CONFIGS / "smoke.toml").read_text("utf-8")
    assert old in text
    preset.write_text(text.replace(old, new), encoding="utf-8")
    return str(preset)


STUDENT = "layers = [1]\nepochs = 4\nlearning_rate = 1e-2"


@pytest.mark.parametrize(
    ("stage", "old", "new", "said"),
    [
        ("quantize", "window = 64", "window = 48", "window was 64, is 48"),
        ("calibrate", STUDENT, f"{STUDENT}\ninterpolate = 0.5", "interpolate was 1.0, is 0.5"),
        ("evaluate", STUDENT, STUDENT.replace("1e-2", "2e-2"), "learning_rate was 0.01, is 0.02"),
        ("export", "layers = [1]", "layers = [0]", "(layers): put those back, or run the student"),
        ("export", "[data]", "seed = 1\n[data]", "seed was 20261123, is 1"),
        ("calibrate", "limit = 400", "limit = 300", "prepared with other settings (sources)"),
        ("reproduce", "attacked = 20", "attacked = 5", "attacked was 20, is 5"),
    ],
)
def test_what_was_made_with_other_settings_is_refused(
    partly: Path, stage: str, old: str, new: str, said: str
) -> None:
    preset = changed(partly / "smoke.toml", old, new)
    line = complaint(run(stage, "--preset", preset, *beside(partly)))
    assert said in line
    assert re.search("put those back, or run the (prepare|teacher|student) stage again", line)


def beside(runs: Path) -> list[str]:
    """Options that name the runs, and the models beside them."""
    return ["--runs", str(runs), "--model-repository", str(runs.parent / "models")]


def recorded(runs: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((runs / "smoke" / "run.json").read_text("utf-8"))
    return values


def test_a_record_that_does_not_say_is_not_asked(partly: Path) -> None:
    """Runs of before it said what was made with which settings go on."""
    record = recorded(partly)
    for made in (record["data"], record["teacher"], record["student"]):
        del made["settings"], made["commit"]
    (partly / "smoke" / "run.json").write_text(json.dumps(record), encoding="utf-8")
    path = partly / "smoke" / "calibration" / "student.json"
    calibration = json.loads(path.read_text("utf-8"))
    del calibration["window"], calibration["validation"]
    path.write_text(json.dumps(calibration), encoding="utf-8")
    preset = changed(partly / "smoke.toml", STUDENT, f"{STUDENT}\ninterpolate = 0.5")
    for stage in ("evaluate", "export"):
        result = run(stage, "--preset", preset, *beside(partly))
        assert result.exit_code == 0, result.output


def test_measuring_does_not_change_what_trained(
    partly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained_at = recorded(partly)["commit"]
    for module in (runs, calibrate, evaluate):
        monkeypatch.setattr(module, "commit", lambda: "of-later")
    for stage in ("calibrate", "evaluate"):
        result = run(stage, "--preset", "smoke", "--runs", str(partly))
        assert result.exit_code == 0, result.output
    assert recorded(partly)["commit"] == trained_at
    card = (partly / "smoke" / "docs" / "evaluation.md").read_text("utf-8")
    assert f"commit {trained_at}, data prepared at commit {trained_at}, measured at" in card
    assert "measured at commit of-later, torch" in card


def test_splits_of_two_prepare_stages_are_not_mixed(
    partly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = partly / "smoke" / "prepared" / "test.parquet"
    original = path.read_bytes()
    shutil.copyfile(path.with_name("validation.parquet"), path)
    said = "test.parquet is not what the last prepare stage that came to its end wrote"
    assert said in complaint(run("evaluate", "--preset", "smoke", "--runs", str(partly)))
    path.write_bytes(original)

    def killed(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(prepare, "_write", killed)
    run("prepare", "--preset", "smoke", "--runs", str(partly))
    assert said in complaint(run("reproduce", "--preset", "smoke", *beside(partly)))


def test_graphs_that_failed_the_gate_are_nobodys(
    partly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ("--preset", "smoke", "--runs", str(partly))
    weights = partly / "smoke" / "student" / "weights.pt"
    first = weights.read_bytes(), recorded(partly)["student"]
    settings = changed(partly / "smoke.toml", STUDENT, STUDENT.replace("1e-2", "2e-2"))
    assert run("student", "--preset", settings, "--runs", str(partly)).exit_code == 0

    def only_the_teacher(_: Run, plain: Path, *__: object) -> Parity:
        if plain.stem == "student":
            raise ParityError("no parity")
        return Parity(0, 0, 0)

    with monkeypatch.context() as context:
        context.setattr(quantize, "check_parity", only_the_teacher)
        result = run("quantize", "--preset", settings, "--runs", str(partly))
        assert "no parity" in complaint(result)
    weights.write_bytes(first[0])
    (partly / "smoke" / "run.json").write_text(
        json.dumps(recorded(partly) | {"student": first[1]}), encoding="utf-8"
    )
    graph = partly / "smoke" / "onnx" / "student.onnx"
    strange = graph.read_bytes()
    assert "of other weights, or failed the gate" in complaint(run("calibrate", *where))
    assert run("quantize", *where).exit_code == 0
    assert graph.read_bytes() != strange


def test_no_attacks_are_no_figures(partly: Path) -> None:
    preset = changed(partly / "smoke.toml", "attacked = 20", "attacked = 0")
    result = run("all", "--preset", preset, "--runs", str(partly))
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1].startswith("smoke: the models are in ")
    assert result.output.count("was trained before") == 2  # that needs no other attacks
    card = (partly / "smoke" / "docs" / "evaluation.md").read_text("utf-8")
    assert "## Under attack\n\nNot measured for this preset.\n" in card


def test_reproduce_needs_no_torch() -> None:
    program = "import sys, byline_training.reproduce; assert 'torch' not in sys.modules"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_help_needs_no_torch() -> None:
    program = (
        "import sys; from click.testing import CliRunner; from byline_training.cli import train;"
        "result = CliRunner().invoke(train, ['--help']);"
        "assert 'quantize' in result.output, result.output;"
        "assert 'torch' not in sys.modules and 'datasets' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
