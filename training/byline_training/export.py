"""A run's models to the model repository, in the layout of Triton Inference Server."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from byline.errors import InputError
from byline.repository import CHECKSUMS, ModelRepository, checksums
from byline.spec import LABELS, Spec
from byline_training.calibrate import load_calibration
from byline_training.config import ROOT
from byline_training.encoders import find_tokenizer
from byline_training.provenance import MODELS, calibration_of, graph_of
from byline_training.quantize import check_parity, gate_documents
from byline_training.runs import Run, reading, replacing, sha256
from byline_training.vocabulary import vocabulary_of

VERSION = "1"
_APACHE = {
    "HuggingFaceTB/SmolLM2-135M-Instruct",
    "distilbert/distilbert-base-uncased",
    "google-bert/bert-base-uncased",
    "sentence-transformers/all-MiniLM-L6-v2",
    "sentence-transformers/all-mpnet-base-v2",
}
"""Encoders on the hub that are under the Apache License 2.0."""
_CONFIG = """\
name: "{name}"
backend: "onnxruntime"
max_batch_size: 32
default_model_filename: "model.onnx"
input [
  {{ name: "input_ids"      data_type: TYPE_INT64 dims: [ -1 ] }},
  {{ name: "attention_mask" data_type: TYPE_INT64 dims: [ -1 ] }}
]
output [
  {{ name: "logits"       data_type: TYPE_FP32 dims: [ 2 ]  label_filename: "labels.txt" }},
  {{ name: "token_logits" data_type: TYPE_FP32 dims: [ -1 ] }}
]
version_policy {{ latest {{ num_versions: 1 }} }}
instance_group [ {{ count: 1 kind: KIND_CPU }} ]
dynamic_batching {{
  preferred_batch_size: [ 8, 16, 32 ]
  max_queue_delay_microseconds: 2000
  default_queue_policy {{
    timeout_action: REJECT
    default_timeout_microseconds: 2000000
    max_queue_size: 256
  }}
}}
parameters {{ key: "intra_op_thread_count" value {{ string_value: "1" }} }}
parameters {{ key: "inter_op_thread_count" value {{ string_value: "1" }} }}
model_warmup [ {{
  name: "one_window" batch_size: 1
  inputs {{
    key: "input_ids"
    value {{ data_type: TYPE_INT64 dims: [ {window} ] zero_data: true }}
  }}
  inputs {{
    key: "attention_mask"
    value {{ data_type: TYPE_INT64 dims: [ {window} ] zero_data: true }}
  }}
}} ]
"""
_README = """\
# Model repository

Read by `byline`, and unchanged by Triton Inference Server (docs/architecture.md has the layout).
Written by `byline train export`; don't edit by hand: `SHA256SUMS` and every `scoring.json` hold the
hashes that are checked at load. The fp32 forms, `teacher` and `student`, are too large for git:
their hashes are listed, and training writes them here. `byline models list`, `show` and `verify`
look into it.
"""


def export(run: Run, repository: Path) -> None:
    """Put the four forms into a model repository, in place of what bears their names.

    All are made and checked beside the repository first; then they are renamed, and the hashes with
    them. A kill before that, or an error, leaves the old ones; one in the middle of it is mended by
    another export. The card goes to `docs/` last.

    Args:
        run: with all earlier stages done.
        repository: the folder; made if it isn't there.

    Raises:
        InputError: an earlier stage is missing.
        ParityError: an int8 form fails the gate.
        ModelInvalid: what was written doesn't load.
    """
    # Beside the repository, not in it: Triton takes every folder in there for a model.
    made = repository.parent / f".{repository.name}-made"
    for name in MODELS:  # a kill between the renames left it there alone
        old, place = made / f"{name}-old", repository / name
        if old.exists() and not place.exists():
            old.rename(place)
    shutil.rmtree(made, ignore_errors=True)
    try:
        _make(run, made)
    except BaseException:  # a full disk needs the room
        shutil.rmtree(made, ignore_errors=True)
        raise
    repository.mkdir(exist_ok=True)
    readme = repository / "README.md"
    if not readme.exists():
        readme.write_text(_README, encoding="utf-8")
    others = [name for name in ModelRepository(repository).names() if name not in MODELS]
    folders = [*(made / name for name in MODELS), *(repository / name for name in others)]
    # Written before the models are renamed, and takes its place right after.
    with replacing(repository / CHECKSUMS) as temporary:
        temporary.write_text(checksums(folders), encoding="utf-8")
        for name in MODELS:
            place = repository / name
            if place.exists():
                place.rename(made / f"{name}-old")
            (made / name).rename(place)
    shutil.rmtree(made, ignore_errors=True)
    found = ModelRepository(repository)
    for name in MODELS:
        found.load(name)
    if repository.resolve() == ROOT / "model_repository":  # a release: the card goes along
        record = run.path("docs", "runs", f"{run.preset.name}.json")
        record.write_text(json.dumps(run.published(), indent=2) + "\n", encoding="utf-8")
        shutil.copytree(run.path("docs"), ROOT / "docs", dirs_exist_ok=True)


def _make(run: Run, folder: Path) -> None:
    """Write the four forms into a new folder, and load them from there."""
    metrics = _metrics(run)
    documents = gate_documents(run)
    for name in MODELS:
        if name.endswith("_int8"):
            plain = graph_of(run, name.removesuffix("_int8"))
            check_parity(run, plain, graph_of(run, name), vocabulary_of(run, name), documents)
        tokenizer = find_tokenizer(run.preset.stage(name).base)
        _write_model(run, name, folder / name, tokenizer, metrics[name])
    write_checksums(folder)
    for name in MODELS:
        ModelRepository(folder).load(name)


def write_checksums(repository: Path) -> None:
    """Write `SHA256SUMS` over the files of all models."""
    names = ModelRepository(repository).names()
    with replacing(repository / CHECKSUMS) as temporary:
        temporary.write_text(checksums(repository / name for name in names), encoding="utf-8")


def _write_model(
    run: Run, name: str, folder: Path, tokenizer: Path, metrics: dict[str, float]
) -> None:
    version = folder / VERSION
    version.mkdir(parents=True)
    window = run.preset.data.window
    (folder / "config.pbtxt").write_text(_CONFIG.format(name=name, window=window), encoding="utf-8")
    (folder / "labels.txt").write_text("\n".join(LABELS) + "\n", encoding="utf-8")
    (folder / "LICENSE").write_text(_notice(run, name), encoding="utf-8")
    shutil.copyfile(graph_of(run, name), version / "model.onnx")
    shutil.copyfile(tokenizer, version / "tokenizer.json")
    calibration, thresholds = load_calibration(run, name)
    files = sorted(f for f in folder.rglob("*") if f.is_file())
    spec = Spec(
        window=window,
        calibration=calibration,
        thresholds=thresholds,
        training_run=run_id(run),
        files={f.relative_to(folder).as_posix(): sha256(f) for f in files},
        metrics=metrics,
    )
    (version / "scoring.json").write_text(spec.dumps(), encoding="utf-8")


def run_id(run: Run) -> str:
    """Preset and the first digits of the hash of the student's weights."""
    weights = run.published().get("student", {}).get("weights_sha256", "untrained")
    return f"{run.preset.name}-{weights[:12]}"


def _metrics(run: Run) -> dict[str, dict[str, float]]:
    path = run.path("evaluation.json")
    with reading(path, "evaluate"):
        report = json.loads(path.read_text("utf-8"))
        models = report["models"]
        measured = {
            name: (models[name]["sha256"], models[name]["calibration_sha256"]) for name in MODELS
        }
    for name, hashes in measured.items():
        load_calibration(run, name)  # says so if it is missing, or another graph's
        if hashes != (sha256(graph_of(run, name)), sha256(calibration_of(run, name))):
            raise InputError(
                f"{path} is of another {name} or calibration: run the evaluate stage again"
            )
    now = run.recorded().get("data", {}).get("sha256")
    if now and report.get("run", {}).get("data", {}).get("sha256", now) != now:
        raise InputError(f"{path} is of other texts: run the evaluate stage again")
    # What there were no texts for has no figure.
    return {
        name: {
            figure: value for figure, value in models[name]["summary"].items() if value is not None
        }
        for name in MODELS
    }


def _notice(run: Run, name: str) -> str:
    base = run.preset.stage(name).base
    if base.folder:
        origin = f"those in {Path(base.folder).name}, whose own licence holds too"
    else:
        licence = (
            " (Apache License 2.0)" if base.hub in _APACHE else ", whose own licence holds too"
        )
        package = (*base.parts, (base.package or base.gguf).partition("/")[0])[0]
        origin = (
            f"{base.hub}{licence}" if base.hub
            else f"those in the package {package}, whose own licence holds too" if package
            else "random weights"
        )  # fmt: skip
    terms = (
        run.preset.facts.terms.strip()
        or "Look at the licences of the training data before passing the weights on."
    )
    return (
        f"Weights trained by Byline, preset {run.preset.name}, starting from {origin}.\n\n"
        f"{terms}\n\n"
        "They come without warranty of any kind. The code of Byline is under the Apache License\n"
        "2.0; this notice is about the weights alone.\n"
    )
