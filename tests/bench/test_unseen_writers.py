"""How often people are accused whose like no corpus of ours holds: the writers of Debian's manuals.

    make bench ARGS="-k unseen_writers"

The packages are those of the Debian release it runs on, so the texts aren't kept here.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from byline import Detector
from byline.errors import BylineError
from byline_cli.readers.files import read_file
from byline_training.metrics import binomial_interval

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
PASSAGES = 120
SIZES = (60, 100, 150, 250, 350)


@pytest.mark.skipif(not shutil.which("apt-get"), reason="needs a Debian system")
def test_unseen_writers(tmp_path: Path, write_section: Callable[[str, str], None]) -> None:
    detector = Detector.load()
    rows, totals = [], Counter[str]()
    for package, what in PACKAGES.items():
        found = list(passages(unpacked(package, tmp_path), random.Random(package)))
        sample = random.Random(package).sample(found, min(PASSAGES, len(found)))
        assert len(sample) > PASSAGES / 2, package
        verdicts = Counter(str(detector.score(text).verdict) for text in sample)
        totals += verdicts
        cells = " | ".join(f"{verdicts[kind] / len(sample):.1%}" for kind in ("ai", "human"))
        rows.append(f"| {package} | {what} | {len(sample)} | {cells} |")
    low, high = binomial_interval(totals["ai"], totals.total())
    write_section(
        "Writers never seen: the manuals of Debian",
        f"""
{totals.total():,} passages of 60 to 400 words by people, from packages that have nothing to do
with the corpus. **{totals["ai"] / totals.total():.2%}** ({low:.2%} to {high:.2%}) are called
`ai`, {totals["human"] / totals.total():.1%} `human`, the rest `unclear`.

| package | | passages | called `ai` | called `human` |
|---|---|---|---|---|
{chr(10).join(rows)}
""",
    )
    assert low <= 0.01


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
    seen = set()
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
