"""The command on folders: against the bare library, with one and two jobs, and many files.

    make bench

Interleaved within one run; ratios are what counts: machines are noisy.
"""

from __future__ import annotations

import json
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from byline_cli.readers.files import read_file

pytestmark = pytest.mark.bench
DOCUMENTS = Path(__file__).parents[1] / "fixtures" / "documents"
COMMAND = [sys.executable, "-m", "byline_cli.main", "score"]
FILES = 1000
MANY = 10_000
ROUNDS = 3
KILLS = 5

# What a user of the library writes: texts in memory, scored one after the other.
BARE = """
import json, sys
from byline import Detector
texts = json.load(open(sys.argv[1]))
detector = Detector.load()
for text in texts:
    detector.score(text)
"""


@dataclass(frozen=True)
class Run:
    """What a process and those below it took, in seconds."""

    cpu: float
    wall: float


def measured(command: list[str]) -> Run:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Run(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall)


def mixed(place: Path, count: int) -> Path:
    """Copies of the article in every format, in turn."""
    place.mkdir()
    articles = sorted(DOCUMENTS.glob("*/article.*"))
    for i in range(count):
        source = articles[i % len(articles)]
        shutil.copy(source, place / f"{i:05}{source.suffix}")
    return place


def small(place: Path, count: int) -> Path:
    """Texts of some fifty words, each with words of its own."""
    place.mkdir()
    text = (DOCUMENTS / "source.md").read_text("utf-8").split("\n\n")[1]
    for i in range(count):
        (place / f"{i:05}.txt").write_text(f"This is text {i}. {text[:280]}", "utf-8")
    return place


def test_folder_of_mixed_files(tmp_path: Path, write_section: Callable[[str, str], None]) -> None:
    folder = mixed(tmp_path / "mixed", FILES)
    texts = [read_file(path) for path in sorted(folder.iterdir())]
    memory = tmp_path / "texts.json"
    memory.write_text(json.dumps(texts), "utf-8")
    arguments = [str(folder), "--format", "jsonl"]
    contenders = {
        "bare library, texts in memory": [sys.executable, "-c", BARE, str(memory)],
        "byline score --jobs 1": [*COMMAND, *arguments, "--jobs", "1"],
        "byline score --jobs 2": [*COMMAND, *arguments, "--jobs", "2"],
    }
    runs: dict[str, list[Run]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, command in contenders.items():
            runs[name].append(measured(command))
    least = {
        name: Run(min(r.cpu for r in found), min(r.wall for r in found))
        for name, found in runs.items()
    }
    bare = least["bare library, texts in memory"]
    rows = [
        f"| {name} | {FILES / run.wall:.1f} | {_cpu(name, run, bare)} "
        f"| {run.wall / bare.wall:.3f} |"
        for name, run in least.items()
    ]
    words = sum(len(text.split()) for text in texts) // len(texts)
    write_section(
        f"A folder of {FILES:,} files",
        f"""
Word, OpenDocument, PDF, HTML, EPUB, RTF, Markdown and plain text in turn, {words} words each;
starting Python and loading the model included; least of {ROUNDS} rounds. The CPU time of several
processes is not known: those of a pool are nobody's children when it ends.

| | documents per second | CPU ms per document | CPU / bare | time / bare |
|---|---|---|---|---|
{chr(10).join(rows)}
""",
    )
    assert least["byline score --jobs 1"].cpu <= 1.25 * bare.cpu


def _cpu(name: str, run: Run, bare: Run) -> str:
    if name.endswith("2"):
        return "- | -"
    return f"{1000 * run.cpu / FILES:.1f} | {run.cpu / bare.cpu:.3f}"


def test_many_files(
    tmp_path: Path,
    write_section: Callable[[str, str], None],
    peak_memory: Callable[[subprocess.Popen[bytes]], float],
) -> None:
    peaks = {}
    for count in (FILES, MANY):
        folder = small(tmp_path / f"{count}", count)
        command = [*COMMAND, str(folder), "--format", "jsonl", "--jobs", "2", "--output"]
        with subprocess.Popen([*command, str(tmp_path / f"{count}.jsonl")]) as process:
            peaks[count] = peak_memory(process)
        assert process.returncode == 0
    output = tmp_path / "resumed.jsonl"
    moments = random.Random(1)
    for _ in range(KILLS):
        with subprocess.Popen([*command, str(output), "--resume"]) as process:
            time.sleep(1 + 8 * moments.random())
            process.kill()
    subprocess.run([*command, str(output), "--resume"], check=True)
    same = output.read_bytes() == (tmp_path / f"{MANY}.jsonl").read_bytes()
    write_section(
        "Many files",
        f"""
Texts of some fifty words, two jobs; peak memory of all processes together, what they share counted
once.

| files | peak MB |
|---|---|
| {FILES:,} | {peaks[FILES]:.0f} |
| {MANY:,} | {peaks[MANY]:.0f} |

A run over {MANY:,} files, killed {KILLS} times at random moments and resumed each time, gives
{"the same output, byte for byte, as" if same else "ANOTHER OUTPUT THAN"} an undisturbed one.
""",
    )
    assert same
    assert peaks[MANY] < 1.2 * peaks[FILES]
