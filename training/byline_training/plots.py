"""The card's pictures."""

from __future__ import annotations

import heapq
from pathlib import Path
from typing import Any

import numpy as np

from byline_training.card import DEFAULT
from byline_training.metrics import even_weights

_COLOURS = {
    "teacher": "#7a5195",
    "teacher_int8": "#bc5090",
    "student": "#003f5c",
    "student_int8": "#ef7d16",
}
_CALLED_AI = (
    ("recall", _COLOURS[DEFAULT], "AI texts called ai"),
    ("false_positive_rate", "#003f5c", "human texts called ai"),
)
_MOST = 100
"""Rows of one kind in a picture: a thousand domains would make it too high to be drawn."""


def draw(report: dict[str, Any], curves: dict[str, dict[str, Any]], folder: Path) -> None:
    """Write `roc`, `reliability`, `human_sources`, `groups` and `attacks`, each a `.png`.

    Args:
        report: `evaluation.json`.
        curves: labels [n] and probabilities [n] by model.
        folder: where to; made if it isn't there.
    """
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    style: Any = {
        "figure.dpi": 120, "axes.spines.top": False, "axes.spines.right": False,
        "axes.grid": True, "grid.alpha": 0.25, "font.size": 10,
        "figure.constrained_layout.use": True,
    }  # fmt: skip
    with plt.rc_context(style):
        _roc(plt, report, curves, folder)
        _reliability(plt, curves, folder)
        _human_sources(plt, report["models"][DEFAULT], folder)
        _groups(plt, report["models"][DEFAULT], folder)
        if attacks := report["models"][DEFAULT].get("under_attack"):
            _attacks(plt, attacks, folder)


def _roc(plt: Any, report: dict[str, Any], curves: dict[str, dict[str, Any]], folder: Path) -> None:
    figure, axes = plt.subplots(figsize=(6, 4.2))
    for name, curve in curves.items():
        order = np.argsort(-curve["probabilities"])
        labels = curve["labels"][order]
        true = np.cumsum(labels) / labels.sum()
        false = np.cumsum(1 - labels) / (1 - labels).sum()
        auroc = report["models"][name]["summary"]["auroc"]
        axes.plot(
            np.maximum(false, 1e-4), true, color=_COLOURS[name], label=f"{name} ({auroc:.4f})",
            linestyle="--" if name.endswith("int8") else "-",
        )  # fmt: skip
    axes.set(
        xscale="log", xlim=(1e-3, 1), ylim=(0, 1.01), xlabel="human texts called AI",
        ylabel="AI texts found", title="Test split: ROC, and the area under it",
    )  # fmt: skip
    axes.axvline(0.01, color="grey", linewidth=0.8)
    axes.legend(loc="lower right")
    figure.savefig(folder / "roc.png")
    plt.close(figure)


def _reliability(plt: Any, curves: dict[str, dict[str, Any]], folder: Path) -> None:
    figure, axes = plt.subplots(figsize=(5, 4.2))
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    for name, curve in curves.items():
        which = np.minimum((curve["probabilities"] * 10).astype(int), 9)
        filled = np.bincount(which, minlength=10) >= 5
        weights = even_weights(curve["labels"])  # as the probabilities are stated
        stated, found, texts = (
            np.bincount(which, weights * values, minlength=10)[filled]
            for values in (curve["probabilities"], curve["labels"], 1.0)
        )
        axes.plot(
            stated / texts, found / texts,
            marker="o", markersize=4, color=_COLOURS[name], label=name,
            linestyle="--" if name.endswith("int8") else "-",
        )  # fmt: skip
    axes.set(
        xlabel="stated probability of AI",
        ylabel="share that is AI, at even odds",
        title="Test split: reliability",
    )
    axes.legend()
    figure.savefig(folder / "reliability.png")
    plt.close(figure)


def _human_sources(plt: Any, default: dict[str, Any], folder: Path) -> None:
    rows = {f"{name} (group)": v for name, v in default["human_groups"].items() if v["human"]}
    sources = {name: v for name, v in default["human_sources"].items() if v["human"] >= 30}
    rows |= _largest(sources)
    figure, axes = plt.subplots(figsize=(7, 0.24 * len(rows) + 1.2))
    for i, values in enumerate(reversed(rows.values())):
        low, high = values["false_positive_rate_interval"]
        axes.plot([100 * low, 100 * high], [i, i], color=_COLOURS[DEFAULT], linewidth=1.5)
        axes.plot(100 * values["false_positive_rate"], i, "o", color="#003f5c", markersize=4)
    names = [f"{name}, n={values['human']}" for name, values in reversed(rows.items())]
    axes.set_yticks(range(len(rows)), names, parse_math=False)
    axes.axvline(1, color="grey", linewidth=0.8)
    axes.set(
        xlabel="percent of human texts called ai, with 95% interval" + _cut(sources, "sources"),
        title=f"{DEFAULT}: who is wrongly accused", xlim=(0, None),
    )  # fmt: skip
    figure.savefig(folder / "human_sources.png")
    plt.close(figure)


def _groups(plt: Any, default: dict[str, Any], folder: Path) -> None:
    """What is called `ai`, by words, domain and family of generators."""
    parts = [_largest(default[key]) for key in ("by_length", "by_domain", "by_family")]
    rows = [item for part in parts for item in part.items()]
    figure, axes = plt.subplots(figsize=(7, 0.24 * len(rows) + 1.4))
    for key, colour, label in _CALLED_AI:
        shown = [(i, v) for i, (_, v) in enumerate(reversed(rows)) if key in v]
        for i, values in shown:
            low, high = values[f"{key}_interval"]
            axes.plot([100 * low, 100 * high], [i, i], color=colour, linewidth=1.5)
        axes.plot([100 * v[key] for _, v in shown], [i for i, _ in shown], "o", color=colour,
                  markersize=4, label=label)  # fmt: skip
    axes.set_yticks(range(len(rows)), [name for name, _ in reversed(rows)], parse_math=False)
    for below in (len(parts[2]), len(parts[2]) + len(parts[1])):
        axes.axhline(below - 0.5, color="grey", linewidth=0.8)
    axes.set(
        xlabel="percent, with 95% interval" + _cut(default["by_domain"], "domains")
        + _cut(default["by_family"], "families"), xlim=(0, 100),
        title=f"{DEFAULT}: what is called ai, by words, domain and family",
    )  # fmt: skip
    axes.margins(y=0.02)
    axes.legend(loc="center")
    figure.savefig(folder / "groups.png")
    plt.close(figure)


def _largest(groups: dict[str, Any]) -> dict[str, Any]:
    """Those with the most texts, as many as a picture holds, in their order."""
    kept = heapq.nlargest(
        _MOST, groups, key=lambda name: groups[name]["human"] + groups[name]["ai"]
    )
    return {name: values for name, values in groups.items() if name in kept}


def _cut(groups: dict[str, Any], kinds: str) -> str:
    return f"\nof {len(groups):,} {kinds}, the {_MOST} largest" if len(groups) > _MOST else ""


def _attacks(plt: Any, attacks: dict[str, Any], folder: Path) -> None:
    figure, axes = plt.subplots(figsize=(7, 3.4))
    at = np.arange(len(attacks))
    for offset, (key, colour, label) in zip((-0.2, 0.2), _CALLED_AI, strict=True):
        axes.bar(at + offset, [100 * v.get(key, 0) for v in attacks.values()], 0.4, color=colour,
                 label=label)  # fmt: skip
    axes.set_xticks(at, [name.replace("_", "\n") for name in attacks], fontsize=8)
    axes.set(ylabel="percent", title=f"{DEFAULT}: altered texts")
    figure.legend(loc="outside lower center", ncols=2)
    figure.savefig(folder / "attacks.png")
    plt.close(figure)
