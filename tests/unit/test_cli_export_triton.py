"""`byline models export-triton`: what a real Triton is given, tried as far as goes without one.

Triton's own part is stood in for at its border: the module it offers to models in Python, and the
ensemble's hand from step to step, which follows the exported configuration.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnxruntime
import pytest
from click.testing import CliRunner, Result
from google.protobuf import json_format, text_format
from numpy.typing import NDArray
from tritonclient.grpc import model_config_pb2 as official

from byline import Detector, Document, ModelRepository
from byline_cli.main import main

pytestmark = pytest.mark.unit


def export(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["models", "export-triton", *map(str, arguments)])


class StandIn(ModuleType):
    """What Triton's Python backend offers to its models, as far as ours use it."""

    class Tensor:
        def __init__(self, name: str, values: NDArray[Any]) -> None:
            self.name, self.values = name, values

        def as_numpy(self) -> NDArray[Any]:
            return self.values

    class TritonError(Exception):
        pass

    class InferenceResponse:
        def __init__(self, output_tensors: Any = (), error: Exception | None = None) -> None:
            self.tensors = {tensor.name: tensor.values for tensor in output_tensors}
            self.error = error

    @staticmethod
    def get_input_tensor_by_name(request: Mapping[str, NDArray[Any]], name: str) -> Any:
        return StandIn.Tensor(name, request[name])


Config = Any


def config_of(folder: Path) -> Config:
    text = (folder / "config.pbtxt").read_text("utf-8")
    return text_format.Parse(text, official.ModelConfig())


class Ensemble:
    """Runs `byline_text` by its exported configuration, checking names, types and shapes."""

    def __init__(self, repository: Path) -> None:
        self._repository = repository
        self._config = config_of(repository / "byline_text")
        self._models = {
            step.model_name: self._load(step.model_name)
            for step in self._config.ensemble_scheduling.step
        }

    def _load(self, name: str) -> Any:
        folder = self._repository / name
        config = config_of(folder)
        assert (folder / "1").is_dir()
        if config.backend == "onnxruntime":
            return onnxruntime.InferenceSession(str(folder / "1" / config.default_model_filename))
        found = importlib.util.spec_from_file_location(f"exported_{name}", folder / "1/model.py")
        assert found is not None
        assert found.loader is not None
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
        model = module.TritonPythonModel()
        shown = json_format.MessageToJson(config, preserving_proto_field_name=True)
        model.initialize({"model_config": shown, "model_repository": str(folder)})
        return model

    def infer(self, text: bytes) -> dict[str, NDArray[Any]]:
        tensors = {"text": np.array([[text]], dtype=object)}
        for step in self._config.ensemble_scheduling.step:
            config = config_of(self._repository / step.model_name)
            given = {name: tensors[mapped] for name, mapped in step.input_map.items()}
            assert set(given) == {tensor.name for tensor in config.input}
            self._check(given, config.input, config.max_batch_size)
            answered = self._run(step.model_name, given)
            self._check(answered, config.output, config.max_batch_size)
            tensors |= {mapped: answered[name] for name, mapped in step.output_map.items()}
        return {tensor.name: tensors[tensor.name] for tensor in self._config.output}

    def _run(self, name: str, given: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        model = self._models[name]
        if isinstance(model, onnxruntime.InferenceSession):
            names = [output.name for output in model.get_outputs()]
            return dict(zip(names, model.run(names, given), strict=True))
        (response,) = model.execute([given])
        if response.error is not None:
            raise response.error
        tensors: dict[str, NDArray[Any]] = response.tensors
        return tensors

    def _check(self, tensors: Mapping[str, NDArray[Any]], declared: Any, batch: int) -> None:
        types = {
            official.TYPE_INT64: np.int64, official.TYPE_INT32: np.int32,
            official.TYPE_FP32: np.float32, official.TYPE_STRING: np.object_,
        }  # fmt: skip
        for tensor in declared:
            values = tensors[tensor.name]
            dims = [*([-1] if batch else []), *tensor.dims]
            assert values.dtype == types[tensor.data_type], tensor.name
            assert len(values.shape) == len(dims), tensor.name
            assert all(d in (-1, n) for d, n in zip(dims, values.shape, strict=True)), tensor.name
            assert not batch or len(values) <= batch


@pytest.fixture(scope="module", autouse=True)
def backend() -> Iterator[None]:
    name = "triton_python_backend_utils"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, name, StandIn(name))
        yield


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("triton") / "models"
    result = export(folder)
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="module")
def ensemble(exported: Path) -> Ensemble:
    return Ensemble(exported)


@pytest.fixture(scope="module")
def texts(repository_root: Path) -> list[str]:
    folder = repository_root / "examples" / "documents"
    return [p.read_text("utf-8") for p in sorted(folder.glob("*")) if "short" not in p.name]


def test_every_configuration_parses_under_the_official_schema(exported: Path) -> None:
    names = sorted(path.name for path in exported.iterdir() if path.is_dir())
    assert names == ["byline_text", "byline_tokenizer", "byline_verdict", "student_int8"]
    for name in names:
        config = config_of(exported / name)
        assert config.name == name
        assert any(path.name == "1" for path in (exported / name).iterdir())
    ensemble = config_of(exported / "byline_text")
    assert ensemble.platform == "ensemble"
    assert not ensemble.instance_group
    steps = [step.model_name for step in ensemble.ensemble_scheduling.step]
    assert steps == ["byline_tokenizer", "student_int8", "byline_verdict"]


def test_shapes_agree_where_a_tensor_passes_from_step_to_step(exported: Path) -> None:
    seen: dict[str, tuple[int, list[int]]] = {}
    for step in config_of(exported / "byline_text").ensemble_scheduling.step:
        config = config_of(exported / step.model_name)
        tensors = {t.name: t for t in (*config.input, *config.output)}
        for name, mapped in (*step.input_map.items(), *step.output_map.items()):
            dims = [*([-1] if config.max_batch_size else []), *tensors[name].dims]
            assert seen.setdefault(mapped, (tensors[name].data_type, dims)) == (
                tensors[name].data_type, dims,
            )  # fmt: skip


def test_the_ids_are_the_librarys(ensemble: Ensemble, texts: list[str]) -> None:
    detector = Detector.load()
    for text in texts:
        task = detector.cut(Document("", text))
        cut = ensemble._run("byline_tokenizer", {"text": np.array([[text.encode()]], dtype=object)})
        assert len(cut["input_ids"]) == len(task.windows)
        for ids, mask, window in zip(
            cut["input_ids"], cut["attention_mask"], task.windows, strict=True
        ):
            np.testing.assert_array_equal(ids[: mask.sum()], window.ids)
            assert mask[: len(window.ids)].all()
            assert not mask[len(window.ids) :].any()
        assert cut["words"].tolist() == [task.scored_words]


def test_a_text_of_one_window_scores_as_in_the_library(
    ensemble: Ensemble, texts: list[str]
) -> None:
    detector = Detector.load()
    short = [" ".join(text.split()[:90]) for text in texts]
    short = [text for text in short if len(detector.cut(Document("", text)).windows) == 1]
    assert len(short) > 8
    for text in short:
        verdict = detector.score(text)
        answer = ensemble.infer(text.encode())
        ((human, ai),) = answer["logits"]
        assert ai - human == pytest.approx(verdict.log_odds, abs=1e-5)
        assert answer["probability"].item() == pytest.approx(verdict.probability, abs=1e-6)


def test_a_longer_text_scores_nearly_so(ensemble: Ensemble, texts: list[str]) -> None:
    # Triton runs the windows of a text as one batch. A dynamically quantized model takes the range
    # of its activations from all of it: docs/scaling.md states what this test found.
    detector = Detector.load()
    apart = []
    for text in texts:
        task = detector.cut(Document("", text))
        if len(task.windows) > 1:
            ((human, ai),) = ensemble.infer(text.encode())["logits"]
            apart.append(abs(ai - human - (detector.score(text).log_odds or 0)))
    assert len(apart) > 4
    assert max(apart) < 0.3
    assert np.mean(apart) < 0.1


def test_an_fp32_model_scores_as_in_the_library(
    tiny_repository: Path, tmp_path: Path, texts: list[str]
) -> None:
    folder = tmp_path / "models"
    result = export(folder, "--model", "student", "--model-repository", tiny_repository)
    assert result.exit_code == 0, result.output
    ensemble = Ensemble(folder)
    detector = Detector.load(tiny_repository, "student")
    for text in texts[:5]:
        text = " ".join(text.split()[:150])
        answer = ensemble.infer(text.encode())
        verdict = detector.score(text)
        ((human, ai),) = answer["logits"]
        assert ai - human == pytest.approx(verdict.log_odds, abs=1e-4)


@pytest.mark.parametrize(
    ("text", "message"),
    [(b"Too short.", "too short"), (b"\xff\xfe", "utf-8"), (b"", "too short"),
     (b"It was said that the boats were late. " * 50, "over and over"),
     (b"It was said that the boats were late and we had to wait, for ice lay in the harbour, while "
      b"nobody could tell when wind would turn. My brother sold his nets that spring. " * 600,
      "windows")],
)  # fmt: skip
def test_texts_it_cannot_score_are_errors_of_their_request(
    ensemble: Ensemble, text: bytes, message: str
) -> None:
    with pytest.raises(StandIn.TritonError, match=message):
        ensemble.infer(text)


def test_what_was_written_is_whole_and_without_batches(exported: Path, tmp_path: Path) -> None:
    assert ModelRepository(exported).load("student_int8").version == 1
    assert not config_of(exported / "student_int8").HasField("dynamic_batching")
    assert config_of(exported / "student_int8").model_warmup  # what comes after it is still there
    assert export(tmp_path / "models", "--batching", "--instances", 3).exit_code == 0
    batched = config_of(tmp_path / "models/student_int8")
    assert batched.dynamic_batching.max_queue_delay_microseconds > 0
    assert ModelRepository(tmp_path / "models").load("student_int8").version == 1
    assert config_of(tmp_path / "models/byline_tokenizer").instance_group[0].count == 3


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "note").write_text("mine", "utf-8")
    for target in (tmp_path, tmp_path / "note"):
        result = export(target)
        assert result.exit_code == 2
        assert "name another" in result.stderr
    assert export(tmp_path / "x", "--model", "nobody").exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["note"]


def test_the_page_names_what_is_exported(repository_root: Path, exported: Path) -> None:
    page = (repository_root / "docs" / "scaling.md").read_text("utf-8")
    for name in (path.name for path in exported.iterdir() if path.is_dir()):
        assert f"`{name}`" in page
