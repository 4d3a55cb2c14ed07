"""`byline models export-triton`: a repository for Triton in which a model takes text."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import click

from byline_cli import options
from byline_cli.triton.configs import TEXT, TOKENIZER, VERDICT, configurations
from byline_cli.wording import shown

_SOURCES = Path(__file__).parent / "triton"


@click.command("export-triton")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--model", "name", default=None, metavar="NAME", help="The model that scores.  "
              "[default: student_int8]")  # fmt: skip
@click.option("--instances", type=click.IntRange(min=1), default=1, show_default=True,
              metavar="N", help="Processes that cut texts.")  # fmt: skip
@click.option("--batching/--no-batching", default=False, show_default=True,
              help="Let Triton run texts of different requests together. A text's score then "
              "depends on its company, by tenths of a logit for the int8 models.")  # fmt: skip
@options.model_repository
def export_triton(
    folder: Path, name: str | None, instances: int, batching: bool, repository: Path | None
) -> None:
    """Write a model repository for Triton Inference Server or KServe to DIR.

    Beside the model it has the ensemble `byline_text`, which takes a text and gives its logits and
    probability. docs/scaling.md says how it is served.
    """
    from byline import InputError, ModelRepository
    from byline.repository import CHECKSUMS, DEFAULT_MODEL, checksums

    found = ModelRepository.find(repository)
    model = found.load(name or DEFAULT_MODEL)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there and not an empty folder; name another")
    target = folder / model.name
    shutil.copytree(found.path / model.name, target)
    if not batching:
        _drop_batching(target / "config.pbtxt")
        _sign(target, model.version)
    (folder / CHECKSUMS).write_text(checksums([target]), "utf-8")
    most = model.config.max_batch_size
    for step, text in configurations(model.name, most, instances).items():
        version = folder / step / "1"
        version.mkdir(parents=True)
        (folder / step / "config.pbtxt").write_text(text, "utf-8")
    shutil.copy(_SOURCES / "tokenizer.py", folder / TOKENIZER / "1" / "model.py")
    shutil.copy(_SOURCES / "verdict.py", folder / VERDICT / "1" / "model.py")
    # An ensemble has no file, but Triton wants its version folder, which copying may leave out.
    (folder / TEXT / "1" / "README").write_text("An ensemble has no file of its own.\n", "utf-8")
    click.echo(f"{shown(str(folder))}: {model.name}, {', '.join((TOKENIZER, VERDICT, TEXT))}")


def _drop_batching(path: Path) -> None:
    """Take the block `dynamic_batching` out of a configuration."""
    text = path.read_text("utf-8")
    # Blocks in it nest one deep, as the exporter of the training writes them.
    kept = re.sub(r"(?m)^dynamic_batching\s*\{(?:[^{}]|\{[^{}]*\})*\}\n?", "", text)
    path.write_text(kept, "utf-8")


def _sign(folder: Path, version: int) -> None:
    """Note the hash of the changed configuration where the model's hashes are."""
    from byline.repository import sha256

    path = folder / str(version) / "scoring.json"
    values = json.loads(path.read_text("utf-8"))
    values["files"]["config.pbtxt"] = sha256(folder / "config.pbtxt")
    path.write_text(json.dumps(values, indent=2) + "\n", "utf-8")
