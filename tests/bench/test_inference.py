"""Time of one text of 128 tokens: the library against what it stands on and what it replaces.

    make bench

Process-CPU time, one thread, contenders in turn in one process; the least of the rounds is shown,
and the ratios are what counts: machines are noisy.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from byline import Detector
from byline_training.model import TwoHeads
from byline_training.timing import interleaved

pytestmark = pytest.mark.bench
TOKENS = 128
ROUNDS = 60


def _text_of(tokenizer: Tokenizer, tokens: int, folder: Path) -> str:
    """The beginning of a sample document that has just so many tokens, special ones included."""
    document = "\n\n".join(p.read_text("utf-8") for p in sorted(folder.glob("*.txt")))
    words = document.split(" ")
    for count in range(40, len(words)):
        text = " ".join(words[:count])
        if len(tokenizer.encode(text).ids) >= tokens:
            return text
    raise AssertionError("the sample documents are too short")


def _torch_model(layers: int, width: int, heads: int) -> TwoHeads:
    config = BertConfig(
        hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
        intermediate_size=4 * width,
    )  # fmt: skip
    return TwoHeads(BertModel(config, add_pooling_layer=False)).eval()


def _cold_start(text: str) -> tuple[float, float, float]:
    """CPU seconds and peak MB of `byline score FILE` from nothing, and of `python -c ''`."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "one.txt")
        file.write_text(text, encoding="utf-8")
        command = [sys.executable, "-c", "from byline_cli.main import main; main()", "score"]
        spent = []
        for _ in range(5):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([*command, str(file)], check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        probe = (
            "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
            "capture_output=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        )
        peak = subprocess.run(
            [sys.executable, "-c", probe, *command, str(file)],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return min(spent), int(peak.stdout) / 1024, float(len(spent))


def test_one_text(repository_root: Path, write_section: Callable[[str, str], None]) -> None:
    detector = Detector.load()
    tokenizer = Tokenizer.from_file(str(detector.model.path / "tokenizer.json"))
    tokenizer.no_truncation()  # the file asks for 128 tokens, cut or padded
    tokenizer.no_padding()
    text = _text_of(tokenizer, TOKENS, repository_root / "examples" / "documents")
    ids = np.asarray([tokenizer.encode(text).ids], dtype=np.int64)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    bare = onnxruntime.InferenceSession(
        str(detector.model.graph), options, providers=["CPUExecutionProvider"]
    )

    def run(ids: np.ndarray) -> object:
        return bare.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})

    tensor = torch.from_numpy(ids)
    mask = torch.ones_like(tensor)
    bert_base, student = _torch_model(12, 768, 12), _torch_model(6, 384, 12)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            # Beside models of hundreds of megabytes nothing of ours stays in the caches: the cost
            # over bare ONNX Runtime is measured without them, and in as many rounds again with.
            runtimes = {
                "library: text to verdict": lambda: detector.score(text),
                "bare ONNX Runtime: text to ids to logits": lambda: run(
                    np.asarray([tokenizer.encode(text).ids], dtype=np.int64)
                ),
                "bare ONNX Runtime: ids to logits": lambda: run(ids),
            }
            times = interleaved(runtimes, ROUNDS)
            beside = interleaved(
                {
                    "library: text to verdict": runtimes["library: text to verdict"],
                    "student's size in torch, fp32": lambda: student(tensor, mask),
                    "BERT-base's size in torch, fp32": lambda: bert_base(tensor, mask),
                },
                ROUNDS,
            )
    finally:
        torch.set_num_threads(threads)
    rows = [
        f"| {name} | {t['least']:.2f} | {t['median']:.2f} | {ours / t['least']:.3f} |"
        for group in (times, beside)
        for ours in [group["library: text to verdict"]["least"]]
        for name, t in group.items()
    ]
    cpu, peak, runs = _cold_start(text)
    write_section(
        f"One text of {ids.shape[1]} tokens, model student_int8",
        f"""
CPU time of one thread in milliseconds, {ROUNDS} rounds, torch {torch.__version__}: first beside
bare ONNX Runtime, then beside models of hundreds of megabytes, which leave nothing in the caches.

| | least | median | library / this |
|---|---|---|---|
{chr(10).join(rows)}

The torch models have random weights: weights have no influence on time.
""",
    )
    write_section(
        "Cold start",
        f"""
`byline score one.txt`, from starting Python to the table, least of {runs:.0f}: {cpu:.2f} s of CPU,
{peak:.0f} MB at the peak.
""",
    )
    library = beside["library: text to verdict"]["least"]
    assert library / beside["BERT-base's size in torch, fp32"]["least"] <= 0.10
