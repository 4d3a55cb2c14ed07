"""Triton's python backend: the logits of a text's windows to the text's, and its probability.

Written by `byline models export-triton`. It needs the package `byline` in Triton's Python.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

from byline import ModelRepository
from byline.calibrate import sigmoid


class TritonPythonModel:
    """`window_logits` [windows, 2], `attention_mask`, `words` to `logits`, `probability`."""

    def initialize(self, args: dict[str, str]) -> None:
        """Read the calibration of the model that the configuration names."""
        config = json.loads(args["model_config"])
        model: str = config["parameters"]["model"]["string_value"]
        repository = ModelRepository.find(Path(args["model_repository"]).parent)
        self._calibration = repository.load(model).spec.calibration

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer each request."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Any) -> Any:
        windows, mask, words = (
            pb_utils.get_input_tensor_by_name(request, name).as_numpy()
            for name in ("window_logits", "attention_mask", "words")
        )
        logits = np.average(windows.astype(np.float64), axis=0, weights=mask.sum(axis=1))
        log_odds = float(logits[1] - logits[0])
        probability = sigmoid(self._calibration.document(log_odds, int(words[0])))
        return pb_utils.InferenceResponse([
            pb_utils.Tensor("logits", logits[np.newaxis].astype(np.float32)),
            pb_utils.Tensor("probability", np.asarray([[probability]], dtype=np.float32)),
        ])  # fmt: skip
