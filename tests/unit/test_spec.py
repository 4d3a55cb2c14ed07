"""`scoring.json`: read back as written, refused with file and field where it isn't understood."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from byline.calibrate import Band, Calibration, SentenceBand
from byline.errors import ModelInvalid
from byline.spec import Spec, Thresholds, read_spec

pytestmark = pytest.mark.unit

SPEC = Spec(
    window=128,
    calibration=Calibration(
        (Band(50, 1.5, -0.25), Band(200, 2.0, 0.5)), SentenceBand(0.5, -0.25, 0.125)
    ),
    thresholds=Thresholds(0.2, 0.9, 0.1, 0.8, 40),
    training_run="test-0123456789ab",
    files={"config.pbtxt": "00" * 32},
    metrics={"auroc": 0.5},
)


def written(folder: Path, **changes: Any) -> Path:
    """The file of `SPEC`; a change's name is a path into it, `__` between its steps."""
    values = json.loads(SPEC.dumps())
    for name, value in changes.items():
        *steps, last = name.split("__")
        target = values
        for step in steps:
            target = target[int(step) if step.isdecimal() else step]
        if value is KeyError:
            del target[last]
        else:
            target[last] = value
    path = folder / "scoring.json"
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    assert read_spec(written(tmp_path)) == SPEC


def test_whole_numbers_serve_as_floats(tmp_path: Path) -> None:
    spec = read_spec(written(tmp_path, calibration__sentence__scale=2, thresholds__human=0))
    assert (spec.calibration.sentence.scale, spec.thresholds.human) == (2.0, 0.0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema_version", 1),
        ("schema_version", "2"),
        ("schema_version", True),
        ("schema_version", KeyError),
        ("labels", ["ai", "human"]),
        ("labels", ["human", "ai", "other"]),
        ("labels", "human ai"),
        ("window", 0),
        ("window", 128.0),
        ("window", KeyError),
        ("calibration", []),
        ("calibration.bands", []),
        ("calibration.bands", None),
        ("calibration.bands[0]", 7),
        ("calibration.bands[1].words", 0),
        ("calibration.bands[1].scale", -1.0),
        ("calibration.bands[1].scale", 0),
        ("calibration.bands[1].scale", float("inf")),
        ("calibration.bands[1].scale", 10**400),
        ("calibration.bands[0].bias", float("nan")),
        ("calibration.bands[0].bias", "0"),
        ("calibration.bands[0].bias", KeyError),
        ("calibration.sentence.scale", None),
        ("calibration.sentence.scale", 0.0),
        ("calibration.sentence.context", KeyError),
        ("calibration.sentence.context", -0.5),
        ("thresholds.human", -0.1),
        ("thresholds.ai", 1.1),
        ("thresholds.sentence_ai", float("nan")),
        ("thresholds.min_words", 0),
        ("training_run", 5),
        ("files", []),
        ("files", {"config.pbtxt": ["00"]}),
        ("metrics", None),
    ],
)
def test_a_bad_field_is_named(tmp_path: Path, field: str, value: object) -> None:
    name = field.replace("[", ".").replace("]", "").replace(".", "__")
    if name.endswith(("__0", "__1")):  # a band replaced as a whole
        path = written(tmp_path, calibration__bands=[value])
    else:
        path = written(tmp_path, **{name: value})
    with pytest.raises(ModelInvalid) as caught:
        read_spec(path)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{path}: {field}: ")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"thresholds__human": 0.9}, "thresholds"),
        ({"thresholds__sentence_human": 0.8}, "thresholds"),
        ({"calibration__bands__1__words": 50}, "calibration.bands"),
        ({"calibration__bands__1__words": 20}, "calibration.bands"),
    ],
)
def test_fields_that_contradict_each_other(
    tmp_path: Path, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(ModelInvalid) as caught:
        read_spec(written(tmp_path, **changes))
    assert caught.value.field == field


def test_another_schema_version_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelInvalid, match="this version of byline reads 2"):
        read_spec(written(tmp_path, schema_version=1))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"schema_version": 2']
)
def test_what_is_no_json_object(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "scoring.json"
    path.write_bytes(content)
    with pytest.raises(ModelInvalid) as caught:
        read_spec(path)
    assert caught.value.path == path


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ModelInvalid, match=r"scoring\.json"):
        read_spec(tmp_path / "scoring.json")
