"""Triton's python backend: one text to the windows that the library cuts it into.

Written by `byline models export-triton`. It needs the package `byline` in Triton's Python.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

from byline import Detector, Document


class TritonPythonModel:
    """`text` [1, 1] to `input_ids` and `attention_mask` [windows, tokens], and `words` [1]."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the tokenizer of the model that the configuration names."""
        config = json.loads(args["model_config"])
        model: str = config["parameters"]["model"]["string_value"]
        self._most = int(config["parameters"]["most_windows"]["string_value"])
        self._detector = Detector.load(Path(args["model_repository"]).parent, model)

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer each request, with an error where its text can't be scored."""
        responses = []
        for request in requests:
            raw = pb_utils.get_input_tensor_by_name(request, "text").as_numpy().reshape(-1)[0]
            try:
                tensors = self._cut(bytes(raw).decode("utf-8"))
            except ValueError as error:
                responses.append(pb_utils.InferenceResponse(error=pb_utils.TritonError(str(error))))
            else:
                responses.append(
                    pb_utils.InferenceResponse(
                        [pb_utils.Tensor(name, values) for name, values in tensors.items()]
                    )
                )
        return responses

    def _cut(self, text: str) -> dict[str, np.ndarray]:
        task = self._detector.cut(Document("", text))
        if task.unfit:
            raise ValueError(task.unfit.message)
        if not task.windows:
            least = self._detector.model.spec.thresholds.min_words
            raise ValueError(
                f"the text is too short to be judged: it has {task.scored_words} words of prose, "
                f"and needs {least}"
            )
        if len(task.windows) > self._most:
            raise ValueError(
                f"the text has {len(task.windows)} windows, and may have {self._most}: send it in "
                "parts"
            )
        lengths = np.asarray([len(window.ids) for window in task.windows])
        mask = np.arange(lengths.max()) < lengths[:, np.newaxis]
        ids = np.zeros(mask.shape, dtype=np.int64)
        ids[mask] = np.concatenate([window.ids for window in task.windows])
        return {
            "input_ids": ids,
            "attention_mask": mask.astype(np.int64),
            "words": np.asarray([task.scored_words], dtype=np.int32),
        }
