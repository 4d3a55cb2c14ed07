"""Windows to logits: the only module that knows ONNX Runtime."""

# ONNX Runtime is published without types; what comes out of it is given types below.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from byline.errors import ModelInvalid
from byline.types import INPUTS, OUTPUTS, Logits, Window

# Before the import: ONNX Runtime reports machine and program to its maker from then on otherwise.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime as ort


class Session:
    """A loaded model. `run` may be called from many threads at once.

    One window a run, without padding: a dynamically quantized model takes its activation ranges
    from the whole batch, so in company or with padding the same window would score differently.
    """

    def __init__(self, path: Path, intra_op_threads: int = 1, inter_op_threads: int = 1) -> None:
        """Load a graph.

        Args:
            path: the `model.onnx`.
            intra_op_threads: threads inside one run.
            inter_op_threads: branches of the graph run at once.

        Raises:
            ModelInvalid: it can't be loaded, or has other inputs and outputs.
        """
        options = ort.SessionOptions()
        options.intra_op_num_threads = intra_op_threads
        options.inter_op_num_threads = inter_op_threads
        options.log_severity_level = 3
        # The arena keeps the largest run's memory for ever; spinning burns a neighbour's core.
        options.enable_cpu_mem_arena = False
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: Any = ort.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the runtime's own exceptions share no other base
            raise ModelInvalid(path, f"the graph can't be loaded ({error})") from error
        for what, wanted, found in (
            ("inputs", INPUTS, [i.name for i in self._session.get_inputs()]),
            ("outputs", OUTPUTS, [o.name for o in self._session.get_outputs()]),
        ):
            if sorted(wanted) != sorted(found):
                raise ModelInvalid(path, f"has {what} {found}, expected {list(wanted)}")

    def run(self, window: Window) -> Logits:
        """Score one window.

        Args:
            window: t ids, special tokens included.

        Returns:
            Logits of the document, float32 [2], and of its tokens, float32 [t].
        """
        ids = window.ids[np.newaxis]
        answers: list[NDArray[np.float32]] = self._session.run(
            OUTPUTS, {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        )
        document, token = answers
        return Logits(document[0], token[0])
