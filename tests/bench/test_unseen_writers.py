"""Writers, topics and genres never seen: the manuals of Debian, and a model's passages like them.

    make bench ARGS="-k unseen_writers"

People's passages come from packages of the Debian release this runs on; the model's, twelve for
each package, from unseen_writers.jsonl: Claude (2026) wrote them for this test alone, to the topic
of a passage whose first 45 words it was shown. In edited_passages.jsonl are people's passages that
it was asked to proofread, or to rewrite (README.md beside it has their licences).
"""

from __future__ import annotations

import hashlib
import json
import platform
import random
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from byline import Detector
from byline.errors import BylineError
from byline.types import Verdict
from byline_cli.readers.files import read_file
from byline_training.metrics import auroc, binomial_interval

pytestmark = pytest.mark.bench
PACKAGES = {
    "anarchism": "essays",
    "bash-doc": "a manual, an FAQ, articles",
    "crawl-common": "descriptions of a game's monsters, spells and gods",
    "debian-handbook": "a book, translated from French",
    "debian-reference-en": "a handbook by a Japanese developer",
    "debian-policy": "rules for packagers",
    "developers-reference": "a handbook by many",
    "doc-debian": "an FAQ, a manifesto, a constitution",
    "git-doc": "manuals, release notes, e-mails",
    "jargon-text": "a dictionary of hackers' slang",
    "mutt": "a manual",
    "sqlite3-doc": "a reference, essays",
}
MACHINE = Path(__file__).with_name("unseen_writers.jsonl")
EDITED = Path(__file__).with_name("edited_passages.jsonl")
PASSAGES = 120
SIZES = (60, 100, 150, 250, 350)


@pytest.mark.skipif(not shutil.which("apt-get"), reason="needs a Debian system")
def test_unseen_writers(tmp_path: Path, write_section: Callable[[str, str], None]) -> None:
    detector = Detector.load()
    people: dict[str, list[Verdict]] = {}
    originals: dict[str, str] = {}
    for package in PACKAGES:
        found = list(passages(unpacked(package, tmp_path), random.Random(package)))
        sample = random.Random(package).sample(found, min(PASSAGES, len(found)))
        assert len(sample) > PASSAGES / 2, package
        people[package] = [detector.score(text) for text in sample]
        originals |= {hashlib.sha256(text.encode()).hexdigest()[:16]: text for text in found}
    models: dict[str, list[Verdict]] = {}
    for row in rows(MACHINE):
        models.setdefault(row["asked"], []).append(detector.score(row["text"]))
    # Another release of Debian may have other words.
    there = [row for row in rows(EDITED) if row["original"] in originals]
    edited = {
        "not at all": [
            detector.score(originals[row["original"]])
            for row in there
            if row["asked"] == "proofread"
        ]
    }
    for row in there:
        edited.setdefault(row["asked"], []).append(detector.score(row["text"]))
    edited_packages = ", ".join(sorted({row["id"].rpartition("-")[0] for row in there}))
    assert len(edited["not at all"]) > PASSAGES / 2
    corrected, fewest, utmost = share([edited["proofread"]], "ai")
    accused, low, high = share(people.values(), "ai")
    found_out, least, most = share(models.values(), "ai")
    scores = [
        [v.log_odds for found in kind.values() for v in found if v.log_odds is not None]
        for kind in (people, models)
    ]
    area = auroc(np.repeat([0, 1], [len(part) for part in scores]), np.concatenate(scores))
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    write_section(
        "Writers, topics and genres never seen: the manuals of Debian",
        f"""
{len(scores[0]):,} passages of 60 to 400 words by people, from packages of {system} that have
nothing to do with the corpus: **{accused:.1%}** ({low:.1%} to {high:.1%}) are called `ai`.
{len(scores[1])} that Claude (2026) wrote to the topics of some of them: **{found_out:.0%}**
({least:.0%} to {most:.0%}) are called `ai`, {share(models.values(), "human")[0]:.0%} `human`.
AUROC {area:.3f}. {len(edited["proofread"])} passages by people, of
{edited_packages}, were given to the model to
proofread (keeping the words where they are right), and to rewrite so that they read better:
{corrected:.1%} ({fewest:.1%} to {utmost:.1%}) of the proofread ones are called `ai`.

| | | passages | called `ai` | called `human` |
|---|---|---|---|---|
{row_by_row({f"{name} | {PACKAGES[name]}": found for name, found in people.items()})}
{row_by_row({f"a model, asked for it | {name}": found for name, found in models.items()})}
{row_by_row({f"people, edited by a model | {name}": found for name, found in edited.items()})}
""",
    )
    assert low <= 0.01
    assert area >= 0.97


def rows(path: Path) -> list[dict[str, str]]:
    """Its lines: `id`, what was `asked`, `text`; `original`, the begin of a passage's SHA-256."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def share(groups: Iterable[list[Verdict]], label: str) -> tuple[float, float, float]:
    """Of all verdicts those of one kind, and the interval of that."""
    found = [v.verdict == label for group in groups for v in group]
    return sum(found) / len(found), *binomial_interval(sum(found), len(found))


def row_by_row(groups: dict[str, list[Verdict]]) -> str:
    return "\n".join(
        f"| {name} | {len(found)} | "
        + " | ".join(f"{share([found], label)[0]:.0%}" for label in ("ai", "human"))
        + " |"
        for name, found in groups.items()
    )


def unpacked(package: str, place: Path) -> Path:
    subprocess.run(
        ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", package],
        cwd=place, check=True,
    )  # fmt: skip
    (archive,) = place.glob(f"{package}_*.deb")
    subprocess.run(["dpkg-deb", "--extract", archive, place / package], check=True)
    subprocess.run(["gzip", "-drfq", place / package], check=False, stderr=subprocess.DEVNULL)
    return place / package


def passages(folder: Path, rng: random.Random) -> Iterator[str]:
    """Runs of whole paragraphs of prose."""
    seen: set[str] = set()
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or path.suffix not in (".html", ".txt"):
            continue
        if "handbook" in str(path) and "en-US" not in str(path):
            continue
        try:
            text = read_file(path)
        except BylineError:
            continue  # an empty page, say
        run: list[str] = []
        size = rng.choice(SIZES)
        for paragraph in re.split(r"\n\s*\n", text):
            joined = " ".join(paragraph.split())
            prose = len(joined.split()) >= 12 and re.search(r"[.!?][\"')]?$", joined)
            if not prose or joined in seen or re.search(r"[=|{}<>]{2}|^\W{3}", joined):
                continue
            seen.add(joined)
            run.append(joined)
            words = sum(len(part.split()) for part in run)
            if words >= size:
                if words <= 400:
                    yield "\n\n".join(run)
                run, size = [], rng.choice(SIZES)
