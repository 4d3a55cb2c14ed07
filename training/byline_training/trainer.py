"""The training loop: AdamW, linear warm-up and decay, checkpoints that a kill can't hurt.

A run is determined by its seed: batches depend on (seed, epoch) alone and dropout is off, so a
run that was killed and resumed ends with the weights of one that wasn't.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from byline.errors import InputError
from byline.types import Logits
from byline_training.attention import hidden_states
from byline_training.batch import Batch, batches, collate
from byline_training.config import Stage
from byline_training.data import Example
from byline_training.frozen import FrozenStates
from byline_training.model import TwoHeads, device_and_precision, interpolated
from byline_training.progress import progress
from byline_training.runs import Run, replacing


class Objective(Protocol):
    """What a stage minimises."""

    def __call__(
        self, batch: Batch, logits: Tensor, token_logits: Tensor, pooled: Tensor
    ) -> Tensor:
        """The loss of one batch, a scalar."""


def train(
    run: Run,
    name: str,
    stage: Stage,
    model: TwoHeads,
    examples: Sequence[Example],
    objective: Objective,
    seed: int,
    pad: int = 0,
    origin: str = "",
) -> TwoHeads:
    """Train a model, or go on from its last checkpoint.

    Args:
        run: where checkpoints and metrics go.
        name: the stage's name, for those.
        stage: its settings.
        model: where to begin; changed in place.
        examples: the windows.
        objective: the loss.
        seed: of the batches' order, and torch's.
        pad: id of the padding token.
        origin: names the settings and data; a checkpoint of others isn't gone on from.

    Returns:
        The trained model, on the CPU, in evaluation mode.

    Raises:
        InputError: there is a checkpoint of other settings or data.
    """
    device, precision = device_and_precision()
    torch.manual_seed(seed)
    start = {name: weight.clone() for name, weight in model.state_dict().items()}
    model.freeze(stage.frozen_layers, stage.freeze_embeddings)
    model.to(device).train()
    lengths = [len(example.ids) for example in examples]
    schedule = [
        (epoch, group)
        for epoch in range(stage.epochs)
        for group in batches(lengths, stage.tokens_per_batch, seed + epoch)
    ]
    decayed = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    plain = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": stage.weight_decay},
            {"params": plain, "weight_decay": 0.0},
        ],
        lr=stage.learning_rate,
        fused=True,
    )
    warmup = max(1, round(stage.warmup * len(schedule)))
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min(
            (step + 1) / warmup, (len(schedule) - step) / (len(schedule) - warmup + 1)
        ),
    )
    checkpoint = run.path(name, "checkpoint.pt")
    done = _resume(checkpoint, model, optimizer, scheduler, device, origin)
    states = FrozenStates(run.path(name, "frozen"), model, stage, examples, device, precision, pad)
    saved = time.monotonic()
    average = 0.0
    for step, (epoch, group) in enumerate(
        progress(schedule[done:], f"train {name}", done, len(schedule)), start=done
    ):
        batch = collate(examples, group, device, pad)
        with torch.autocast(device.type, precision, enabled=precision != torch.float32):
            hidden = states.hidden(batch.indices, batch.ids, batch.mask)
        logits, token_logits, pooled = model.answers(hidden, batch.mask)
        loss = objective(batch, logits, token_logits, pooled)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(decayed + plain, 1.0)
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
        average = loss.item() if step == done else 0.98 * average + 0.02 * loss.item()
        if (step + 1) % 20 == 0 or step + 1 == len(schedule):
            run.log(
                name,
                step=step + 1,
                epoch=epoch,
                loss=round(average, 5),
                learning_rate=float(scheduler.get_last_lr()[0]),
                gradient_norm=round(float(norm), 4),
            )
        if time.monotonic() - saved >= stage.checkpoint_seconds:
            _save(checkpoint, model, optimizer, scheduler, step + 1, origin)
            saved = time.monotonic()
    model.to("cpu").eval()
    model.load_state_dict(interpolated(start, model.state_dict(), stage.interpolate))
    return model


def hard_loss(batch: Batch, logits: Tensor, token_logits: Tensor, stage: Stage) -> Tensor:
    """Cross-entropy on the documents plus `token_weight` times that on the tokens."""
    smoothed = batch.labels * (1 - stage.label_smoothing) + stage.label_smoothing / 2
    document = functional.cross_entropy(logits, torch.stack([1 - smoothed, smoothed], dim=1))
    learn = batch.token_labels >= 0
    token = functional.binary_cross_entropy_with_logits(
        token_logits[learn], batch.token_labels[learn]
    )
    return document + stage.token_weight * token


def predict(
    model: TwoHeads, windows: Sequence[NDArray[np.int64]], name: str, pad: int = 0
) -> tuple[list[Logits], NDArray[np.float16]]:
    """Answer for many windows in fp32 or bf16, as the machine is fast.

    Returns:
        Logits in the order of `windows`, and the pooled hidden states float16 [n, width].
    """
    device, precision = device_and_precision()
    model.to(device).eval()
    empty = np.empty(0, np.float32)
    examples = [
        Example(ids.astype(np.int32), np.zeros(len(ids), np.float32), 0.0) for ids in windows
    ]
    answers = [Logits(empty, empty)] * len(windows)
    pools = np.empty((len(windows), model.encoder.config.hidden_size), np.float16)
    groups = batches([len(ids) for ids in windows], 8192, None)
    for group in progress(groups, name):
        batch = collate(examples, group, device, pad)
        with (
            torch.inference_mode(),
            torch.autocast(device.type, precision, enabled=precision != torch.float32),
        ):
            hidden = hidden_states(model, batch.ids, batch.mask)
        with torch.inference_mode():
            logits, token_logits, pooled = model.answers(hidden, batch.mask)
        for row, index in enumerate(group):
            answers[index] = Logits(
                logits[row].float().cpu().numpy(),
                token_logits[row, : len(windows[index])].float().cpu().numpy(),
            )
        pools[group] = pooled.cpu().numpy().astype(np.float16)
    model.to("cpu")
    return answers, pools


def discard_progress(run: Run, name: str) -> None:
    """Delete what `train` keeps to go on from, once the trained weights are kept or not needed.

    The states of frozen layers are the largest: two bytes for each token and dimension.
    """
    run.path(name, "checkpoint.pt").unlink(missing_ok=True)
    shutil.rmtree(run.path(name, "frozen"), ignore_errors=True)


def _resume(
    path: Path,
    model: TwoHeads,
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LambdaLR,
    device: torch.device,
    origin: str,
) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, map_location=device, weights_only=True)
    if state.get("origin", origin) != origin:
        raise InputError(
            f"{path} is of a training with other settings or data: put those back, or delete it "
            "to begin anew"
        )
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    scheduler.load_state_dict(state["scheduler"])
    step: int = state["step"]
    return step


def _save(
    path: Path,
    model: TwoHeads,
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LambdaLR,
    step: int,
    origin: str,
) -> None:
    # Written by Python: torch's own writer answers a full disk with a RuntimeError of its insides.
    with replacing(path) as temporary, temporary.open("wb") as file:
        torch.save(
            {
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "scheduler": scheduler.state_dict(),
                "step": step,
                "origin": origin,
            },
            file,
        )
