"""`byline train STAGE`: the stages of training, each resumable after a kill."""

from __future__ import annotations

import dataclasses
import errno
import json
from collections.abc import Callable
from pathlib import Path

import click

from byline.errors import BylineError, InputError
from byline_training.config import ROOT, Preset, Stage, load
from byline_training.runs import Run
from byline_training.sources import WITHOUT_PATH


def _prepare(run: Run, _: Path) -> None:
    from byline_training.prepare import prepare

    prepare(run)


def _teacher(run: Run, _: Path) -> None:
    from byline_training.stages import train_teacher

    train_teacher(run)


def _student(run: Run, _: Path) -> None:
    from byline_training.stages import train_student

    train_student(run)


def _quantize(run: Run, _: Path) -> None:
    from byline_training.quantize import quantize

    quantize(run)


def _calibrate(run: Run, _: Path) -> None:
    from byline_training.calibrate import calibrate

    calibrate(run)


def _leave_out(run: Run, _: Path) -> None:
    from byline_training.leave_out import leave_out

    if not run.preset.data.leave_out:
        raise InputError(
            f"preset {run.preset.name} has leave_out = 0: set it, under [data], to the number of "
            "documents to train on"
        )
    click.echo(json.dumps(leave_out(run, "validation"), indent=1))


def _reproduce(run: Run, repository: Path) -> None:
    from byline_training.reproduce import reproduce

    found = reproduce(run, repository)
    click.echo(f"{'model':14} {'figure':40} released    now")
    for name, figures in found.items():
        for figure, (released, now) in figures.items():
            click.echo(f"{name:14} {figure:40} {released:8.4f} {now:6.4f}")


def _evaluate(run: Run, _: Path) -> None:
    from byline_training.evaluate import evaluate

    evaluate(run)


def _export(run: Run, repository: Path) -> None:
    from byline_training.export import export

    export(run, repository)
    click.echo(f"{run.preset.name}: the models are in {repository}", err=True)


# Stages import what they need when they run: `--help` needs no torch.
STAGES: dict[str, tuple[Callable[[Run, Path], None], str]] = {
    "prepare": (_prepare, "Read the sources, drop duplicates, split, tokenize."),
    "teacher": (_teacher, "Fine-tune the teacher on documents and tokens."),
    "student": (_student, "Distil the teacher into the student."),
    "quantize": (_quantize, "Export to ONNX, fuse, quantize to int8, check parity."),
    "calibrate": (_calibrate, "Fit calibrations and thresholds on the validation split."),
    "evaluate": (_evaluate, "Measure all four models on the test split."),
    "export": (_export, "Write the model repository."),
}
_BESIDE: dict[str, tuple[Callable[[Run, Path], None], str]] = {
    "leave-out": (
        _leave_out,
        "Measure how well texts are told apart of kinds never seen.\n\nTrains without some domains "
        "or sources, and tests on their texts of the validation split. To choose settings by; no "
        "stage needs it.",
    ),
    "reproduce": (
        _reproduce,
        "Measure released models again.\n\nScores the test split with the models of the "
        "repository, and compares with the figures they were released with. After prepare; needs "
        "no trained weights.",
    ),
}


@click.group()
def train() -> None:
    """Train models: prepare, teacher, student, quantize, calibrate, evaluate, export.

    A stage that was killed goes on from its last checkpoint when it is run again.

    \b
    byline train all --preset smoke
    byline train all --preset minilm --data path/to/corpus
    byline train all --preset bert-base --teacher-folder path/to/bert-base-uncased
    """  # noqa: D301 - click's mark for lines that aren't joined


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(
        (
            click.option("--preset", required=True,
                         help="A preset's name (docs/training.md lists them), or a .toml."),
            click.option("--data", type=click.Path(),
                         help="Where the texts of the preset's sources are: a corpus's folder, or "
                         "a file."),
            click.option("--runs", type=click.Path(path_type=Path), default=ROOT / "runs",
                         help="Where runs keep their work.", show_default="runs/"),
            click.option("--teacher-folder", type=click.Path(),
                         help="Folder of the pretrained encoder that the teacher begins as, "
                         "instead of the preset's."),
            click.option("--student-folder", type=click.Path(), help="The same of the student."),
            click.option("--model-repository", type=click.Path(path_type=Path),
                         show_default="model_repository/; for random models in the run's folder",
                         help="Where export writes, and reproduce reads."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def _command(names: tuple[str, ...]) -> Callable[..., None]:
    def body(
        preset: str,
        data: str | None,
        runs: Path,
        teacher_folder: str | None,
        student_folder: str | None,
        model_repository: Path | None,
    ) -> None:
        try:
            chosen = _configured(load(preset), data, teacher_folder, student_folder)
            run = Run(chosen, runs / chosen.name)
            repository = model_repository or run.repository
            for name in names:
                click.echo(f"{chosen.name}: {name}", err=True)
                (STAGES | _BESIDE)[name][0](run, repository)
        except BylineError as error:
            raise click.ClickException(str(error)) from error
        except ModuleNotFoundError as error:
            raise click.ClickException(
                f"{error.name} is not installed: in byline's checkout, pip install '.[train]'"
            ) from error
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            advice = "; the last checkpoint is whole: make room and run the same command again"
            raise click.ClickException(f"{error}{advice if full else ''}") from error

    return body


def _configured(
    preset: Preset, data: str | None, teacher_folder: str | None, student_folder: str | None
) -> Preset:
    """Put the paths of the command line into a preset."""

    def with_folder(stage: Stage, folder: str | None) -> Stage:
        if folder is None:
            return stage
        base = dataclasses.replace(stage.base, folder=folder, random={})
        return dataclasses.replace(stage, base=base)

    sources = preset.data.sources
    if data is not None:
        sources = tuple(
            source if source.kind in WITHOUT_PATH else dataclasses.replace(source, path=data)
            for source in sources
        )
    return dataclasses.replace(
        preset,
        data=dataclasses.replace(preset.data, sources=sources),
        teacher=with_folder(preset.teacher, teacher_folder),
        student=with_folder(preset.student, student_folder),
    )


for _name, (_, _help) in (STAGES | _BESIDE).items():
    train.command(_name, help=_help)(_options(_command((_name,))))
train.command("all", help="All stages, in order.")(_options(_command(tuple(STAGES))))
