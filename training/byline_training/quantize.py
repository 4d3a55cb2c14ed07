"""Trained weights to ONNX, fused and in int8, and the gate that int8 must pass."""

from __future__ import annotations

import logging
import random
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from byline.errors import BylineError, InputError
from byline_training.data import Prepared, document_windows, load_split, load_tokenizer
from byline_training.metrics import auroc
from byline_training.model import TwoHeads
from byline_training.provenance import weights_of
from byline_training.runs import Run, commit, replacing, sha256
from byline_training.scores import score_split
from byline_training.smooth import QUANTILE, smooth
from byline_training.stages import load_trained
from byline_training.vocabulary import Vocabulary, vocabulary_of

RECIPE: dict[str, Any] = {"per_channel": True, "reduce_range": True}
"""Measured to keep accuracy; without `per_channel`, `reduce_range` breaks a model."""

SMOOTHED_BY = 200
"""Training documents that show how far each channel reaches."""


class ParityError(BylineError):
    """An int8 form strays further from its fp32 form than the preset allows."""


@dataclass(frozen=True)
class Parity:
    """How int8 differs from fp32 on the same documents.

    Attributes:
        auroc_drop: AUROC of fp32 less that of int8.
        mean_change: mean absolute change of the log-odds, in standard deviations of the log-odds.
        flips: share of documents whose log-odds change sign.
    """

    auroc_drop: float
    mean_change: float
    flips: float


def quantize(run: Run) -> None:
    """Write `onnx/{teacher,student}[_int8].onnx`.

    Raises:
        ParityError: an int8 form fails the gate.
    """
    documents = gate_documents(run)
    how = RECIPE | {"smoothed_by": f"{SMOOTHED_BY} at random", "outliers_above": QUANTILE}
    for name in ("teacher", "student"):
        plain = run.path("onnx", f"{name}.onnx")
        int8 = run.path("onnx", f"{name}_int8.onnx")
        made = {"weights": sha256(weights_of(run, name)), "recipe": how}
        known = run.recorded().get("onnx", {})
        whole = plain.exists() and int8.exists()
        others = {model: values for model, values in known.items() if model != name}
        if not whole or any(known.get(name, {}).get(key) != value for key, value in made.items()):
            run.record(onnx=others)  # what is there until the gate is passed is nobody's
            export_fp32(load_trained(run, name), plain)
            smoothed = run.path("onnx", f"{name}_smoothed.onnx")
            smooth(plain, smoothed, windows_to_smooth_by(run, name))
            quantize_int8(smoothed, int8, **RECIPE)
            smoothed.unlink()
        parity = check_parity(run, plain, int8, vocabulary_of(run, name), documents)
        run.record(onnx=others | {name: {**made, **parity.__dict__, "commit": commit()}})


def windows_to_smooth_by(run: Run, name: str) -> list[NDArray[np.int64]]:
    """First windows of training documents of all sources, int64 [t], in a model's vocabulary."""
    vocabulary = vocabulary_of(run, name)
    tokenizer = load_tokenizer(run)
    documents = _some(load_split(run, "train"), SMOOTHED_BY, run)
    windows = [document_windows(d, run.preset.data.window, tokenizer)[0] for d in documents]
    return [vocabulary.translate(window.ids).astype(np.int64) for window in windows]


def gate_documents(run: Run) -> list[Prepared]:
    """The validation documents that the gate looks at, of all sources, half of each label."""
    pure = [d for d in load_split(run, "validation") if not d.mixed]
    if not pure:
        raise InputError("the validation split has no pure documents: run the prepare stage")
    half = run.preset.gate.documents // 2
    return [
        document
        for label in (0, 1)
        for document in _some([d for d in pure if d.label == label], half, run)
    ]


def _some(documents: list[Prepared], count: int, run: Run) -> list[Prepared]:
    # At random: they lie one source after another.
    return random.Random(run.preset.seed).sample(documents, min(count, len(documents)))


def export_fp32(model: TwoHeads, path: Path) -> None:
    """Export a model with dynamic batch and sequence, and fuse what ONNX Runtime can fuse."""
    from onnxruntime.transformers import optimizer

    model.encoder.set_attn_implementation("eager")  # the pattern that attention fusion knows
    model.eval()
    ids = torch.arange(5, 21).reshape(2, 8)
    axes = {0: "batch", 1: "sequence"}
    raw = path.with_suffix(".raw.onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (ids, torch.ones_like(ids)),
            str(raw),
            input_names=["input_ids", "attention_mask"],
            output_names=["logits", "token_logits"],
            dynamic_axes={
                "input_ids": axes, "attention_mask": axes, "token_logits": axes,
                "logits": {0: "batch"},
            },
            opset_version=17,
            dynamo=False,  # its graphs are the ones the fusions were written for
        )  # fmt: skip
    config = model.encoder.config
    fused = optimizer.optimize_model(
        str(raw), model_type="bert", num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size, opt_level=0,
    )  # fmt: skip
    with replacing(path) as temporary:
        fused.save_model_to_file(str(temporary))
    raw.unlink()


def quantize_int8(plain: Path, int8: Path, *, per_channel: bool, reduce_range: bool) -> None:
    """Quantize weights and embeddings to int8; activations follow at run time."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.getLogger().setLevel(logging.ERROR)  # it advises what `export_fp32` has done
    with replacing(int8) as temporary:
        quantize_dynamic(
            str(plain),
            str(temporary),
            weight_type=QuantType.QInt8,
            per_channel=per_channel,
            reduce_range=reduce_range,
            # The fused operators' types aren't inferred; without this it fails on them.
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )


def check_parity(
    run: Run, plain: Path, int8: Path, vocabulary: Vocabulary, documents: Sequence[Prepared]
) -> Parity:
    """Compare two forms of a model on validation documents.

    Raises:
        ParityError: they differ by more than `preset.gate` allows.
    """
    before, after = (
        score_split(run, graph, vocabulary, "validation", documents).documents
        for graph in (plain, int8)
    )
    labels = np.asarray([document.label for document in documents], dtype=np.int64)
    parity = Parity(
        auroc_drop=auroc(labels, before) - auroc(labels, after),
        mean_change=float(np.abs(after - before).mean() / before.std()),
        flips=float(((before > 0) != (after > 0)).mean()),
    )
    gate = run.preset.gate
    run.log("quantize", model=int8.stem, **parity.__dict__)
    for name, limit in (
        ("auroc_drop", gate.max_auroc_drop),
        ("mean_change", gate.max_mean_change),
        ("flips", gate.max_flips),
    ):
        if not getattr(parity, name) <= limit:  # NaN fails too
            raise ParityError(
                f"{int8}: {name} is {getattr(parity, name):.4f}, at most {limit} is allowed: "
                f"{parity}"
            )
    return parity
