"""The Open Inference Protocol, as NVIDIA's own Python client speaks it, and as raw requests."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from google.protobuf import json_format
from numpy.typing import NDArray
from tritonclient.grpc import model_config_pb2 as official
from tritonclient.http import (
    InferenceServerClient,
    InferenceServerException,
    InferInput,
    InferRequestedOutput,
)

from byline import Detector, Document
from byline.types import Logits, Window

if TYPE_CHECKING:
    from tests.conftest import Server

pytestmark = pytest.mark.e2e

MODEL = "student_int8"


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.load()


@pytest.fixture(scope="module")
def texts(repository_root: Path) -> list[str]:
    folder = repository_root / "examples" / "documents"
    return [path.read_text("utf-8") for path in sorted(folder.glob("*.txt"))]


@pytest.fixture(scope="module")
def windows(detector: Detector, texts: list[str]) -> list[Window]:
    """Real windows, of several lengths."""
    found = [w for text in texts for w in detector.cut(Document("", text)).windows]
    assert len({len(window.ids) for window in found}) > 3
    return found


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[InferenceServerClient]:
    client = InferenceServerClient(f"127.0.0.1:{server.port}")
    yield client
    client.close()


def tensors(
    ids: NDArray[np.int64], mask: NDArray[np.int64] | None = None, binary: bool = True
) -> list[InferInput]:
    made = []
    for name, values in (("input_ids", ids), ("attention_mask", mask)):
        values = np.ones_like(ids) if values is None else values
        tensor = InferInput(name, list(values.shape), "INT64")
        tensor.set_data_from_numpy(values, binary_data=binary)
        made.append(tensor)
    return made


def strings(*texts: str, binary: bool = True) -> list[InferInput]:
    tensor = InferInput("text", [len(texts), 1], "BYTES")
    values = np.array([[text.encode()] for text in texts], dtype=object)
    tensor.set_data_from_numpy(values, binary_data=binary)
    return [tensor]


def test_health_and_descriptions(client: InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(MODEL)
    assert client.is_model_ready(MODEL, "1")
    assert not client.is_model_ready("nobody")
    assert not client.is_model_ready(MODEL, "2")
    assert client.get_server_metadata()["name"] == "byline"
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    metadata = client.get_model_metadata(MODEL)
    assert metadata == {
        "name": MODEL,
        "versions": ["1"],
        "platform": "onnxruntime_onnx",
        "inputs": [
            {"name": "input_ids", "datatype": "INT64", "shape": [-1, -1]},
            {"name": "attention_mask", "datatype": "INT64", "shape": [-1, -1]},
        ],
        "outputs": [
            {"name": "logits", "datatype": "FP32", "shape": [-1, 2]},
            {"name": "token_logits", "datatype": "FP32", "shape": [-1, -1]},
        ],
    }


@pytest.mark.parametrize("model", [MODEL, "byline_text"])
def test_the_configuration_is_the_official_one(client: InferenceServerClient, model: str) -> None:
    values = client.get_model_config(model)
    config = json_format.ParseDict(values, official.ModelConfig())
    assert config.name == model
    assert config.max_batch_size == 32
    assert [tuple(i.dims) for i in config.input] == ([(-1,)] * 2 if model == MODEL else [(1,)])


def test_index(client: InferenceServerClient, server: Server) -> None:
    entries = {entry["name"]: entry for entry in client.get_model_repository_index()}
    assert entries[MODEL] == {"name": MODEL, "version": "1", "state": "READY"}
    assert entries["byline_text"]["state"] == "READY"
    assert entries["teacher_int8"]["state"] == "UNAVAILABLE"
    ready = server.post("/v2/repository/index", {"ready": True}).json
    assert {entry["name"] for entry in ready} == {MODEL, "byline_text"}
    assert server.request("GET", "/v2/repository/index").status == 405


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("algorithm", [None, "gzip", "deflate"])
def test_a_row_gets_the_librarys_logits(
    client: InferenceServerClient,
    detector: Detector,
    windows: list[Window],
    binary: bool,
    algorithm: str | None,
) -> None:
    window = windows[0]
    expected = detector.session.run(window)
    answer = client.infer(
        MODEL,
        tensors(window.ids[np.newaxis], binary=binary),
        outputs=[
            InferRequestedOutput("token_logits", binary_data=binary),
            InferRequestedOutput("logits", binary_data=binary),
        ],
        request_id="mine",
        request_compression_algorithm=algorithm,
        response_compression_algorithm=algorithm,
    )
    assert answer.get_response()["id"] == "mine"
    assert answer.get_response()["model_version"] == "1"
    assert [o["name"] for o in answer.get_response()["outputs"]] == ["token_logits", "logits"]
    np.testing.assert_array_equal(answer.as_numpy("logits")[0], expected.document)
    np.testing.assert_array_equal(answer.as_numpy("token_logits")[0], expected.token)


def test_without_outputs_all_come(client: InferenceServerClient, windows: list[Window]) -> None:
    ids = windows[0].ids[np.newaxis]
    answer = client.infer(MODEL, tensors(ids), model_version="1")
    assert answer.as_numpy("logits").shape == (1, 2)
    assert answer.as_numpy("token_logits").shape == ids.shape


def batched(windows: list[Window]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    longest = max(len(window.ids) for window in windows)
    ids = np.zeros((len(windows), longest), dtype=np.int64)
    for row, window in zip(ids, windows, strict=True):
        row[: len(window.ids)] = window.ids
    lengths = np.asarray([[len(window.ids)] for window in windows])
    return ids, (np.arange(longest) < lengths).astype(np.int64)


def test_rows_of_a_batch_differ_by_nothing_from_rows_alone(
    client: InferenceServerClient, detector: Detector, windows: list[Window]
) -> None:
    # A real Triton runs the rows of a request together: there, a row of a dynamically quantized
    # model may come out tenths of a logit apart. Here each runs alone, without its padding.
    ids, mask = batched(windows)
    answer = client.infer(MODEL, tensors(ids, mask))
    expected: list[Logits] = [detector.session.run(window) for window in windows]
    np.testing.assert_array_equal(answer.as_numpy("logits"), [e.document for e in expected])
    for row, alone in zip(answer.as_numpy("token_logits"), expected, strict=True):
        np.testing.assert_array_equal(row[: len(alone.token)], alone.token)
        assert not row[len(alone.token) :].any()


@pytest.mark.parametrize("binary", [False, True])
def test_classification(
    client: InferenceServerClient, detector: Detector, windows: list[Window], binary: bool
) -> None:
    logits = detector.session.run(windows[0]).document
    for count, expected in ((1, 1), (2, 2), (5, 2)):
        answer = client.infer(
            MODEL,
            tensors(windows[0].ids[np.newaxis]),
            outputs=[InferRequestedOutput("logits", binary_data=binary, class_count=count)],
        )
        order = sorted((0, 1), key=lambda i: -logits[i])[:expected]
        wanted = [f"{logits[i]:.6f}:{i}:{('human', 'ai')[i]}".encode() for i in order]
        found = answer.as_numpy("logits")[0]
        assert [v if isinstance(v, bytes) else v.encode() for v in found] == wanted


@pytest.mark.parametrize("binary", [False, True])
def test_texts(
    client: InferenceServerClient, detector: Detector, texts: list[str], binary: bool
) -> None:
    long = [text for text in texts if detector.score(text).log_odds is not None]
    assert len(long) > 4
    answer = client.infer("byline_text", strings(*long, binary=binary))
    for text, logits, probability in zip(
        long, answer.as_numpy("logits"), answer.as_numpy("probability"), strict=True
    ):
        verdict = detector.score(text)
        assert logits[1] - logits[0] == pytest.approx(verdict.log_odds, abs=1e-5)
        assert probability[0] == pytest.approx(verdict.probability, abs=1e-6)


def test_statistics(client: InferenceServerClient, windows: list[Window], texts: list[str]) -> None:
    def kept(model: str) -> dict[str, Any]:
        found: dict[str, Any] = client.get_inference_statistics(model)["model_stats"][0]
        return found

    before, before_text = kept(MODEL), kept("byline_text")
    ids, mask = batched(windows[:3])
    client.infer(MODEL, tensors(ids, mask))
    with pytest.raises(InferenceServerException):
        client.infer(MODEL, tensors(ids)[:1])
    after = kept(MODEL)
    assert after["inference_count"] - before["inference_count"] == 3
    assert after["execution_count"] - before["execution_count"] == 3
    stats, old = after["inference_stats"], before["inference_stats"]
    assert stats["success"]["count"] - old["success"]["count"] == 1
    assert stats["fail"]["count"] - old["fail"]["count"] == 1
    assert stats["compute_infer"]["ns"] > old["compute_infer"]["ns"]
    assert after["last_inference"] >= before["last_inference"]
    client.infer("byline_text", strings(texts[0]))
    assert kept("byline_text")["inference_count"] == before_text["inference_count"] + 1
    names = {entry["name"] for entry in client.get_inference_statistics()["model_stats"]}
    assert names == {MODEL, "byline_text"}


IDS = np.full((1, 30), 2000)
GOOD = {"name": "input_ids", "shape": [1, 3], "datatype": "INT64", "data": [101, 2000, 102]}
MASK = {"name": "attention_mask", "shape": [1, 3], "datatype": "INT64", "data": [[1, 1, 1]]}


def replaced(**fields: Any) -> dict[str, Any]:
    return {"inputs": [{**GOOD, **fields}, MASK]}


REFUSED: dict[str, tuple[int, str, str, Any]] = {
    "unknown model": (404, "unknown model 'nobody'", "nobody", {}),
    "unknown version": (404, "no version '9'", f"{MODEL}/versions/9", {}),
    "no inputs": (400, "inputs: Field required", MODEL, {}),
    "not an object": (400, "valid dictionary", MODEL, []),
    "an input missing": (400, "'attention_mask' is missing", MODEL, {"inputs": [GOOD]}),
    "an input twice": (400, "given twice", MODEL, {"inputs": [GOOD, GOOD]}),
    "a million inputs": (400, "inputs: List should have at most 8", MODEL,
        {"inputs": [0] * 1_000_000}),
    "a million outputs": (400, "outputs: List should have at most 8", MODEL,
        {"inputs": [GOOD, MASK], "outputs": [0] * 1_000_000}),
    "another name": (400, "unexpected input 'ids'", MODEL, replaced(name="ids")),
    "another type": (400, "datatype 'INT32'", MODEL, replaced(datatype="INT32")),
    "another rank": (400, "shape [3]", MODEL, replaced(shape=[3])),
    "no rows": (400, "shape [0, 3]", MODEL, replaced(shape=[0, 3], data=[])),
    "a negative size": (400, "shape [-1, 3]", MODEL, replaced(shape=[-1, 3])),
    "a vast shape": (400, "values", MODEL, replaced(shape=[2**40, 2**40])),
    "a shape beyond any number": (400, "shape[0]: Input should be less", MODEL,
        replaced(shape=[10**4200, 10**4200])),
    "too few values": (400, "has 3 values", MODEL, replaced(shape=[1, 4])),
    "uneven": (400, "nested unevenly", MODEL, replaced(data=[[1, 2], 3])),
    "floats": (400, "whole numbers", MODEL, replaced(data=[1.0, 2.0, 3.0])),
    "booleans": (400, "whole numbers", MODEL, replaced(data=[True, True, True])),
    "too large a number": (400, "does not fit", MODEL, replaced(data=[1, 2**70, 3])),
    "no data": (400, "neither data nor", MODEL, replaced(data=None)),
    "outside the vocabulary": (400, "vocabulary", MODEL, replaced(data=[101, 30522, 102])),
    "a negative id": (400, "vocabulary", MODEL, replaced(data=[101, -1, 102])),
    "shared memory": (
        400, "shared memory", MODEL, replaced(parameters={"shared_memory_region": "r"})),
    "masks of another shape": (400, "must be the same", MODEL,
        {"inputs": [{**GOOD, "shape": [1, 2], "data": [1, 2]}, MASK]}),
    "a mask with a hole": (400, "followed by zeros", MODEL,
        {"inputs": [GOOD, {**MASK, "data": [1, 0, 1]}]}),
    "a mask of sevens": (400, "followed by zeros", MODEL,
        {"inputs": [GOOD, {**MASK, "data": [7, 7, 7]}]}),
    "a mask of zeros": (400, "row 0 has no token", MODEL,
        {"inputs": [GOOD, {**MASK, "data": [0, 0, 0]}]}),
    "too long": (400, "rows of 300 tokens; the model takes 256", MODEL, {"inputs": [
        {**GOOD, "shape": [1, 300], "data": [1] * 300},
        {**MASK, "shape": [1, 300], "data": [1] * 300}]}),
    "too many rows": (400, "at most 32", MODEL, {"inputs": [
        {**GOOD, "shape": [33, 1], "data": [1] * 33},
        {**MASK, "shape": [33, 1], "data": [1] * 33}]}),
    "another output": (400, "unexpected output 'loss'", MODEL,
        {"inputs": [GOOD, MASK], "outputs": [{"name": "loss"}]}),
    "an output twice": (400, "'token_logits' is asked for twice", MODEL,
        {"inputs": [GOOD, MASK], "outputs": [{"name": "token_logits"}] * 2}),
    "classes that are no number": (400, "number of classes", MODEL,
        {"inputs": [GOOD, MASK],
         "outputs": [{"name": "logits", "parameters": {"classification": "2"}}]}),
    "a short text": (400, "row 0 is too short", "byline_text", {"inputs": [
        {"name": "text", "shape": [1, 1], "datatype": "BYTES", "data": ["Short."]}]}),
    "a few words over and over": (400, "row 0 can't be judged: The same", "byline_text", {
        "inputs": [{"name": "text", "shape": [1, 1], "datatype": "BYTES", "data": ["the " * 50]}]}),
    "a lone surrogate": (400, "lone surrogate", "byline_text", {"inputs": [
        {"name": "text", "shape": [1, 1], "datatype": "BYTES", "data": ["\ud800"]}]}),
    "numbers for a text": (400, "must be strings", "byline_text", {"inputs": [
        {"name": "text", "shape": [1, 1], "datatype": "BYTES", "data": [7]}]}),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_a_message(server: Server, name: str) -> None:
    status, message, model, body = REFUSED[name]
    answer = server.post(f"/v2/models/{model}/infer", body)
    assert answer.status == status
    assert list(answer.json) == ["error"]
    assert message in answer.json["error"]
    assert server.post(f"/v2/models/{MODEL}/infer", {"inputs": [GOOD, MASK]}).status == 200


def binary(values: dict[str, Any], raw: bytes, length: object = None) -> dict[str, Any]:
    text = json.dumps(values).encode()
    return {
        "body": text + raw,
        "headers": {
            "Inference-Header-Content-Length": str(len(text) if length is None else length)
        },
    }


def announced(size: object) -> dict[str, Any]:
    sizes = {"parameters": {"binary_data_size": size}}
    mine = {key: GOOD[key] for key in ("name", "shape", "datatype")}
    return {"inputs": [{**mine, **sizes}, MASK]}


THREE = struct.pack("<3q", 101, 2000, 102)


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        ("cut off: 24 bytes", binary(announced(24), THREE[:-1])),
        ("has 16 bytes", binary(announced(16), THREE[:16])),
        ("1 bytes follow", binary(announced(24), THREE + b"x")),
        ("number of bytes", binary(announced(-1), THREE)),
        ("number of bytes", binary(announced("24"), THREE)),
        ("fewer than", binary(announced(24), THREE, 10_000)),
        ("number of bytes", binary(announced(24), THREE, "ten")),
        ("number of bytes", binary(announced(24), THREE, "-1")),
        ("no JSON", binary(announced(24), THREE, 5)),
    ],
)
def test_binary_data_that_does_not_fit(server: Server, message: str, sent: Any) -> None:
    path = f"/v2/models/{MODEL}/infer"
    good = server.request("POST", path, **binary(announced(24), THREE))
    assert good.status == 200
    answer = server.request("POST", path, **sent)
    assert answer.status == 400
    assert message in answer.json["error"]


@pytest.mark.parametrize(
    "raw", [b"\x01", b"\x05\0\0\0abc", b"\xff\xff\xff\xff", b"\x01\0\0\0a\x01\0\0\0b", b""]
)
def test_strings_that_are_cut_off(server: Server, raw: bytes) -> None:
    text = {
        "name": "text", "shape": [1, 1], "datatype": "BYTES",
        "parameters": {"binary_data_size": len(raw)},
    }  # fmt: skip
    answer = server.request(
        "POST", "/v2/models/byline_text/infer", **binary({"inputs": [text]}, raw)
    )
    assert answer.status == 400
    assert "'text'" in answer.json["error"]


def test_errors_reach_the_client_with_their_message(client: InferenceServerClient) -> None:
    attempts: list[tuple[Any, str]] = [
        (lambda: client.infer("nobody", tensors(IDS)), "unknown model"),
        (lambda: client.infer(MODEL, tensors(IDS)[:1]), "is missing"),
        (lambda: client.infer(MODEL, tensors(np.full((1, 300), 5))), "300 tokens"),
        (lambda: client.get_model_metadata("nobody"), "unknown model"),
        (lambda: client.get_model_config("nobody"), "unknown model"),
        (lambda: client.get_inference_statistics("nobody"), "unknown model"),
        (lambda: client.load_model(MODEL), "--model-control explicit"),
        (lambda: client.unload_model(MODEL), "--model-control explicit"),
        (lambda: client.get_trace_settings(MODEL), "there is nothing here"),
    ]
    for attempt, message in attempts:
        with pytest.raises(InferenceServerException) as raised:
            attempt()
        assert message in str(raised.value)
        assert "<" not in str(raised.value)


def test_load_and_unload(serve: Any, tiny_repository: Path, tmp_path: Path) -> None:
    repository = tmp_path / "models"
    shutil.copytree(tiny_repository, repository)
    running = serve("--model-control", "explicit", "--model-repository", repository)
    client = InferenceServerClient(f"127.0.0.1:{running.port}")
    ids = np.full((1, 5), 7)
    assert not client.is_model_ready("student")
    client.load_model("student")
    assert client.is_model_ready("student")
    assert client.infer("student", tensors(ids)).as_numpy("logits").shape == (1, 2)

    graph = repository / "student/1/model.onnx"
    whole = graph.read_bytes()
    graph.write_bytes(whole[:-1])
    with pytest.raises(InferenceServerException, match=r"model\.onnx.*changed or cut off"):
        client.load_model("student")
    assert client.infer("student", tensors(ids)).as_numpy("logits").shape == (1, 2)

    client.unload_model("student")
    assert not client.is_model_ready("student")
    with pytest.raises(InferenceServerException, match="unknown model"):
        client.infer("student", tensors(ids))
    client.unload_model("student_int8")
    assert running.post("/v1/score", {"texts": []}).status == 404
    with pytest.raises(InferenceServerException, match="no model 'nobody'"):
        client.load_model("nobody")
    with pytest.raises(InferenceServerException, match="no model 'nobody'"):
        client.unload_model("nobody")
    with pytest.raises(InferenceServerException, match="parameters are not taken"):
        client.load_model("student", config="{}")
    client.load_model("student_int8")
    assert running.post("/v1/score", {"texts": []}).status == 200
    client.close()
