"""Labelled texts from where they are, as one kind of row. Everything goes through `datasets`.

The two Kaggle sets and their columns:

* `sunilthite/llm-detect-ai-generated-text-dataset`: text, generated;
* `thedrcat/daigt-v2-train-dataset`: text, label, prompt_name, source, RDizzl3_seven.
"""

from __future__ import annotations

import dataclasses
import glob
import json
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from byline.errors import InputError
from byline_training.config import Source

SPLITS = ("train", "validation", "test")
_OTHER_NAMES = {
    "training": "train", "val": "validation", "valid": "validation", "dev": "validation",
    "testing": "test",
}  # fmt: skip
PAIRED = Path(__file__).resolve().parent / "paired" / "texts.jsonl"
"""Texts that a newer model wrote to the topics of human ones; see the README beside them."""
WITHOUT_PATH = {"paired", "made-up"}
"""Kinds that come with the package."""
_ONE_SIDED = {"paired"}
_FORMATS = {".csv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet"}
_AI_NAMES = {"1", "1.0", "ai", "machine", "generated", "llm", "true", "chatgpt"}
_HUMAN_NAMES = {"0", "0.0", "human", "false"}
_UNCLEAR = "label unclear"
_ADVICE = {_UNCLEAR: f"a label must be one of {sorted(_HUMAN_NAMES)} or of {sorted(_AI_NAMES)}"}
_ELSEWHERE = "split of another name than train, validation and test"


@dataclass
class Row:
    """One labelled text.

    Attributes:
        label: share of the text that is AI's, 0..1.
        split: where it must go; empty if `prepare` may choose.
        group: texts of one group stay on one side of the split; empty if it has no relatives.
        spans: (start, end, label) of the passages of a mixed text, in raw code points.
        repeat: how many times it is trained on.
    """

    text: str
    label: float
    source: str
    id: str = ""
    split: str = ""
    group: str = ""
    domain: str = "unknown"
    generator: str = "unknown"
    family: str = "unknown"
    attack: str = ""
    spans: list[tuple[int, int, int]] = field(default_factory=list)
    repeat: int = 1


def read(source: Source, skipped: dict[str, int]) -> Iterator[Row]:
    """Read one source.

    Args:
        source: what to read.
        skipped: counts of rows left out, by reason; added to.

    Raises:
        InputError: it isn't there, has no such columns, bears one label only, or is to be
            repeated less than once.
    """
    if source.kind not in READERS:
        raise InputError(f"source {source.name!r}: unknown kind {source.kind!r}: {sorted(READERS)}")
    if source.repeat < 1:
        raise InputError(
            f"source {source.name!r}: repeat is {source.repeat}; it must be at least 1 (to train "
            "without a source, leave it out)"
        )
    labels: set[bool] = set()
    within = ""
    before = Counter(skipped)
    try:
        for number, row in enumerate(READERS[source.kind](source, skipped)):
            if source.limit and number >= source.limit:
                within = f" among its first {source.limit}, and limit takes no more"
                break
            labels.add(row.label > 0)
            row.repeat = source.repeat
            yield row
    except KeyError as error:  # a column that the layout has
        raise InputError(f"source {source.name!r} ({source.path}) has no column {error}") from error
    if labels != {True, False} and source.kind not in _ONE_SIDED:
        seen = f"{'AI' if labels.pop() else 'human'} texts only" if labels else "no texts"
        left_out = "; ".join(
            f"{count} more are left out: {_ADVICE.get(why, why)}"
            for why, count in (Counter(skipped) - before).items()
        )
        raise InputError(
            f"source {source.name!r} ({source.path}) has {seen}{within}; a detector needs both"
            + (f" ({left_out})" if left_out else "")
        )


def _corpus(source: Source, skipped: dict[str, int]) -> Iterator[Row]:
    """A folder of `train|validation|test[_mixed|_long].jsonl.gz`, split by whoever made it."""
    folder = Path(source.path)
    if not source.path or not folder.is_dir():
        raise InputError(f"source {source.name!r}: no folder {folder}; name it with --data")
    for split in SPLITS:
        for suffix in ("", "_mixed", "_long"):
            path = folder / f"{split}{suffix}.jsonl.gz"
            if not path.is_file():
                if not suffix:
                    raise InputError(f"source {source.name!r}: {path} is missing")
                continue
            for values in _table(str(path), source):
                row = _row(values, source, "text", "label", skipped)
                if row is None:
                    continue
                row.split = f"{split}{suffix}" if suffix == "_long" else split
                row.group = _name(values["group"])
                for name in ("domain", "generator", "family", "source"):
                    setattr(row, name, _name(values.get(name)) or "unknown")
                row.attack = _name(values.get("attack"))
                if _take_spans(row, values, skipped):
                    yield row


def _paired(source: Source, skipped: dict[str, int]) -> Iterator[Row]:
    """Our own AI texts, each to the topic of a human one of the corpus, whose group it shares.

    Those of the test split are a split of their own, so that figures on the corpus's stay
    comparable.
    """
    for values in _table(str(PAIRED), source):
        labelled = {**values, "label": 1, "generator": "claude", "family": "claude"}
        for row in _plain_layout(labelled, source, skipped):
            row.split = "test_paired" if row.split == "test" else row.split
            yield row


def _file(source: Source, skipped: dict[str, int]) -> Iterator[Row]:
    for values in _table(source.path, source):
        yield from _plain_layout(values, source, skipped)


def _kaggle_llm_detect(source: Source, skipped: dict[str, int]) -> Iterator[Row]:
    dataset = "sunilthite/llm-detect-ai-generated-text-dataset"
    for values in _table(_kaggle(source, dataset, "Training_Essay_Data.csv"), source):
        row = _row(values, source, "text", "generated", skipped)
        if row is not None:
            row.domain = "essay"
            yield row


def _kaggle_daigt_v2(source: Source, skipped: dict[str, int]) -> Iterator[Row]:
    dataset = "thedrcat/daigt-v2-train-dataset"
    for values in _table(_kaggle(source, dataset, "train_v2_drcat_02.csv"), source):
        row = _row(values, source, "text", "label", skipped)
        if row is not None:
            row.domain = "essay"
            row.group = f"prompt:{values['prompt_name']}"
            row.generator = row.family = "human" if row.label == 0 else str(values["source"])
            yield row


def _hub(source: Source, skipped: dict[str, int]) -> Iterator[Row]:
    """A data set by its hub name, or one of the three whose columns we know."""
    import datasets

    try:
        table = datasets.load_dataset(source.path, source.subset or None)
    except Exception as error:
        raise InputError(
            f"source {source.name!r}: {source.path} can't be had from the hub ({error}); "
            "download a file of it, name it as `path`, and set kind = 'file' (for HC3, RAID and "
            "MAGE 'hc3', 'raid' and 'mage')"
        ) from error
    whole = set(SPLITS) <= {_OTHER_NAMES.get(name, name) for name in table}
    for name, rows in table.items():
        split = _OTHER_NAMES.get(name, name)
        if whole and split not in SPLITS:  # held out for something: not to be trained on
            skipped[_ELSEWHERE] = skipped.get(_ELSEWHERE, 0) + len(rows)
            continue
        # A set with a train split alone has still to be split.
        given = whole or split in ("validation", "test")
        for values in rows:
            for row in _HUB_LAYOUTS.get(source.path, _plain_layout)(values, source, skipped):
                row.split = split if given else row.split
                yield row


def _known(hub: str) -> Callable[[Source, dict[str, int]], Iterator[Row]]:
    """A reader of one of the three, from a file where `path` names one."""

    def reader(source: Source, skipped: dict[str, int]) -> Iterator[Row]:
        if not source.path:
            yield from _hub(dataclasses.replace(source, path=hub), skipped)
            return
        for values in _table(source.path, source):
            yield from _HUB_LAYOUTS[hub](values, source, skipped)

    return reader


def _plain_layout(values: Any, source: Source, skipped: dict[str, int]) -> Iterator[Row]:
    row = _row(values, source, source.text_column, source.label_column, skipped)
    if row is None or not _take_spans(row, values, skipped):
        return
    _describe(row, values)
    if row.split in ("", *SPLITS):
        yield row
    else:  # held out for something: not to be trained on
        skipped[_ELSEWHERE] = skipped.get(_ELSEWHERE, 0) + 1


def _hc3(values: Any, source: Source, skipped: dict[str, int]) -> Iterator[Row]:
    """One question, several human answers and several by ChatGPT: one group."""
    for column, label in (("human_answers", 0), ("chatgpt_answers", 1)):
        for text in values[column] or ():
            row = _row({"text": text, "label": label}, source, "text", "label", skipped)
            if row is not None:
                row.group, row.domain = f"hc3:{values['question']}", str(values.get("source", "qa"))
                row.generator = row.family = "chatgpt" if label else "human"
                yield row


def _raid(values: Any, source: Source, skipped: dict[str, int]) -> Iterator[Row]:
    model = str(values["model"] or "").strip()
    labelled = {"text": values["generation"], "label": model and int(model != "human")}
    row = _row(labelled, source, "text", "label", skipped)
    if row is not None:
        row.group, row.domain = f"raid:{values['source_id']}", str(values["domain"])
        row.generator = row.family = model
        row.attack = "" if values.get("attack") in (None, "none") else str(values["attack"])
        yield row


def _mage(values: Any, source: Source, skipped: dict[str, int]) -> Iterator[Row]:
    """MAGE labels machine text 0 and human text 1."""
    label = {"0": 1, "1": 0}.get(_name(values["label"]).strip())
    flipped = {"text": values["text"], "label": label}
    row = _row(flipped, source, "text", "label", skipped)
    if row is not None:
        row.domain = str(values.get("src", "unknown"))
        yield row


_HUB_LAYOUTS: dict[str, Callable[[Any, Source, dict[str, int]], Iterator[Row]]] = {
    "Hello-SimpleAI/HC3": _hc3,
    "liamdugan/raid": _raid,
    "yaful/MAGE": _mage,
}


def _made_up(source: Source, skipped: dict[str, int]) -> Iterator[Row]:
    """Two made-up dialects, easy to tell apart: what tests and the smoke preset train on."""
    rng = random.Random(7)
    common = "the of and to in is that it for was with as on be at by this had not are".split()
    dialects = (
        "river stone walked muddy said laughed old boots kitchen rain bus late forgot".split(),
        "furthermore robust leverage crucial landscape delve tapestry insights seamless".split(),
    )
    for number in range(source.limit or 240):
        label = number % 2
        words = [
            rng.choice(dialects[label] if rng.random() < 0.5 else common)
            for _ in range(rng.randrange(50, 110))
        ]
        sentences, at = [], 0
        while at < len(words):
            size = rng.randrange(6, 14)
            sentences.append(" ".join(words[at : at + size]).capitalize() + ".")
            at += size
        yield Row(
            text=" ".join(sentences),
            label=float(label),
            source=f"{source.name}-{number % 3}",
            domain=("essay", "qa", "news")[number % 3],
            generator=("human", "made-up")[label],
            family=("human", "made-up")[label],
        )


READERS: dict[str, Callable[[Source, dict[str, int]], Iterator[Row]]] = {
    "corpus": _corpus,
    "paired": _paired,
    "file": _file,
    "kaggle-llm-detect": _kaggle_llm_detect,
    "kaggle-daigt-v2": _kaggle_daigt_v2,
    "hub": _hub,
    "hc3": _known("Hello-SimpleAI/HC3"),
    "raid": _known("liamdugan/raid"),
    "mage": _known("yaful/MAGE"),
    "made-up": _made_up,
}


def _take_spans(row: Row, values: Any, skipped: dict[str, int]) -> bool:
    """Take over a mixed text's passages, whose AI share is its label; False if they are none."""
    row.spans = _spans(values)
    if not row.spans:
        return True
    if any(not 0 <= a < b <= len(row.text) or ai not in (0, 1) for a, b, ai in row.spans):
        skipped["spans unclear"] = skipped.get("spans unclear", 0) + 1
        return False
    ai = sum(end - start for start, end, label in row.spans if label)
    row.label = ai / sum(end - start for start, end, _ in row.spans)
    return True


def _spans(values: Any) -> list[tuple[int, int, int]]:
    """A mixed text's passages, in a CSV as JSON; an empty one where it isn't clear which."""
    given = values.get("spans") or []
    try:
        if isinstance(given, str):
            given = json.loads(given) or []
        return [(int(s[0]), int(s[1]), int(s[2])) for s in given]
    except (TypeError, ValueError, IndexError, KeyError):
        return [(0, 0, 0)]


def _describe(row: Row, values: Any) -> None:
    for name in ("group", "domain", "generator", "family", "attack", "split"):
        if given := _name(values.get(name)):
            setattr(row, name, given)
    split = row.split.strip().lower()
    row.split = _OTHER_NAMES.get(split, split)


def _name(value: Any) -> str:
    """What a cell names; empty if nothing.

    Tables are read in parts, and where one lacks a value its whole numbers come as floats: 17.0 is
    the group 17 of the part before.
    """
    if isinstance(value, float):
        value = int(value) if value.is_integer() else None if math.isnan(value) else value
    return "" if value is None else str(value)


def _row(
    values: Any, source: Source, text_column: str, label_column: str, skipped: dict[str, int]
) -> Row | None:
    for column in (text_column, label_column):
        if column not in values:
            raise InputError(
                f"source {source.name!r} ({source.path}) has no column {column!r}; "
                f"it has {sorted(values)}"
            )
    text = values[text_column]
    if not isinstance(text, str) or not text.strip():
        skipped["empty text"] = skipped.get("empty text", 0) + 1
        return None
    label = str(values[label_column]).strip().lower()
    if label not in _AI_NAMES | _HUMAN_NAMES and not _spans(values):
        skipped[_UNCLEAR] = skipped.get(_UNCLEAR, 0) + 1
        return None
    return Row(
        text, float(label in _AI_NAMES), source.name, id=_name(values.get("id")),
        generator="human" if label in _HUMAN_NAMES else "unknown",
        family="human" if label in _HUMAN_NAMES else "unknown",
    )  # fmt: skip


def _table(path: str, source: Source) -> Iterator[Any]:
    """Rows of one file."""
    import datasets

    file = Path(path)
    if not file.is_file():
        raise InputError(f"source {source.name!r}: no file {path or 'named'}; name it with --data")
    suffix = Path(file.stem if file.suffix.lower() == ".gz" else file.name).suffix.lower()
    if suffix not in _FORMATS:
        raise InputError(f"{path}: {suffix!r} is not read; use one of {sorted(_FORMATS)}")
    try:
        yield from datasets.load_dataset(
            # Escaped: `datasets` takes brackets in a name for a pattern.
            _FORMATS[suffix], data_files=glob.escape(str(file)), split="train", streaming=True,
        )  # fmt: skip
    except Exception as error:
        raise InputError(f"{path} can't be read as {_FORMATS[suffix]}: {error}") from error


def _kaggle(source: Source, dataset: str, file: str) -> str:
    if source.path:
        path = Path(source.path)
        return str(path / file) if path.is_dir() else source.path
    import kagglehub

    try:
        return str(Path(kagglehub.dataset_download(dataset)) / file)
    except Exception as error:
        raise InputError(
            f"source {source.name!r}: {dataset} can't be downloaded ({error}); "
            f"download {file} by hand and set `path`"
        ) from error
