"""Time of one text of 128 tokens, all contenders in turn in one process.

Machines are noisy, so the figures to use are the ratios: every contender is run once a round, and
the least and the median of the rounds' process-CPU times are kept.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from transformers import BertConfig, BertModel

from byline.session import Session
from byline.types import Window
from byline_training.data import load_tokenizer
from byline_training.model import TwoHeads
from byline_training.provenance import MODELS
from byline_training.runs import Run
from byline_training.stages import load_trained
from byline_training.vocabulary import vocabulary_of

TOKENS = 128
ROUNDS = 40
ROUNDS_OF_RANDOM_MODELS = 2


def time_models(run: Run) -> dict[str, dict[str, float]]:
    """Milliseconds of CPU, one thread, by contender.

    The contenders: the four forms in ONNX Runtime; teacher and student in torch, as fp32 and as
    torch's dynamic int8; and a model of BERT-base's size in torch, whose weights are random, for
    they have no influence on its time.
    """
    rng = np.random.default_rng(0)
    tokenizer = load_tokenizer(run)
    ids = rng.integers(5, tokenizer.vocabulary_size, (1, TOKENS))
    tensor = torch.from_numpy(ids)
    contenders: dict[str, Callable[[], object]] = {}
    for name in MODELS:
        session = Session(run.path("onnx", f"{name}.onnx"))
        own = vocabulary_of(run, name).translate(ids[0]).astype(np.int64)
        contenders[name] = partial(session.run, Window(own, np.zeros(TOKENS, np.int32)))
    size = BertConfig(vocab_size=tokenizer.vocabulary_size)
    bert = TwoHeads(BertModel(size, add_pooling_layer=False)).eval()
    for name, model in (
        ("torch_bert_base_size", bert),
        ("torch_teacher", load_trained(run, "teacher")),
        ("torch_student", load_trained(run, "student")),
    ):
        contenders[name] = partial(model, tensor, torch.ones_like(tensor))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated, yet it is what the original project ran
        dynamic = torch.ao.quantization.quantize_dynamic(  # type: ignore[no-untyped-call]
            load_trained(run, "student"), {torch.nn.Linear}, dtype=torch.qint8
        )
    contenders["torch_dynamic_student"] = partial(dynamic, tensor, torch.ones_like(tensor))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            rounds = ROUNDS_OF_RANDOM_MODELS if run.preset.teacher.base.random else ROUNDS
            return interleaved(contenders, rounds)
    finally:
        torch.set_num_threads(threads)


def interleaved(
    contenders: dict[str, Callable[[], object]], rounds: int
) -> dict[str, dict[str, float]]:
    """Run every contender once a round; least and median CPU time in milliseconds."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for round_ in range(rounds + 2):
        for name, work in contenders.items():
            start = time.process_time()
            work()
            if round_ >= 2:  # the first two warm caches up
                times[name].append(1000 * (time.process_time() - start))
    return {
        name: {"least": min(values), "median": float(np.median(values))}
        for name, values in times.items()
    }
