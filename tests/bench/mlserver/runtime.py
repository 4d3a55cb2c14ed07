"""Byline's library behind MLServer, for tests/bench/test_serving.py: only the server differs.

Runs in an environment of its own (`make bench` makes it): MLServer's pins don't go with ours.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from mlserver import MLModel  # type: ignore[import-not-found]
from mlserver.codecs import NumpyCodec, StringCodec  # type: ignore[import-not-found]
from mlserver.types import InferenceRequest, InferenceResponse  # type: ignore[import-not-found]

from byline import Detector


class TextModel(MLModel):  # type: ignore[misc]
    """Text in, log-odds out, one thread a processor over one session, as our server has it."""

    async def load(self) -> bool:
        """Load the default model."""
        self._detector = Detector.load()
        self._pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)))
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Score the texts of a request."""
        texts = StringCodec.decode_input(payload.inputs[0])
        loop = asyncio.get_running_loop()
        verdicts = await asyncio.gather(
            *(loop.run_in_executor(self._pool, self._detector.score, text) for text in texts)
        )
        values = np.asarray([[verdict.log_odds] for verdict in verdicts])
        return InferenceResponse(
            model_name=self.name, outputs=[NumpyCodec.encode_output("log_odds", values)]
        )
