"""Write `scores.json`: log-odds of the sample documents by the fp32 student in torch.

    python tests/golden/make_scores.py runs/minilm-tiny

It needs the run's own weights, which are not committed; the numbers it leaves behind are.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from byline import Detector, Document
from byline.aggregate import document_log_odds
from byline.types import Logits
from byline_cli.readers.files import read_file
from byline_training.config import load
from byline_training.runs import Run
from byline_training.stages import load_trained

HERE = Path(__file__).resolve().parent
DOCUMENTS = HERE.parent.parent / "examples" / "documents"


def main(folder: Path) -> None:
    """Score every document with at least one window."""
    run = Run(load(folder.name), folder)
    student = load_trained(run, "student")
    detector = Detector.load()
    scores = {}
    for path in sorted(DOCUMENTS.iterdir()):
        task = detector.cut(Document(path.name, read_file(path)))
        answers = []
        for window in task.windows:
            ids = torch.from_numpy(window.ids)[None]
            with torch.inference_mode():
                document, token = student(ids, torch.ones_like(ids))
            answers.append(Logits(document[0].numpy(), token[0].numpy()))
        if answers:
            scores[path.name] = document_log_odds(task.windows, answers)
    values = {
        "made_by": f"python tests/golden/make_scores.py runs/{folder.name}",
        "training_run": detector.model.spec.training_run,
        "torch": torch.__version__,
        "log_odds": scores,
    }
    (HERE / "scores.json").write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
