"""`byline doctor`: whether everything that scoring needs is there and works."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import click

from byline_cli import options
from byline_cli.wording import percent, shown

_OPTIONAL = {"pyarrow": "parquet", "ray": "ray", "torch": "train"}
_TEXT = (
    "The boat was late, and we waited on the pier with our bags until it was dark. Nobody had said "
    "that it would be so cold there, so my brother gave me his coat. In the end a man came out of "
    "the office and told us to go home and try again in the morning, when the wind would be down."
)
_FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm")
"""Of processors, those that make 8-bit arithmetic fast."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        ok: False if scoring can't work so; None if it is only worth knowing.
    """

    name: str
    found: str
    ok: bool | None = None


@click.command()
@options.model_repository
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def doctor(ctx: click.Context, repository: Path | None, as_json: bool) -> None:
    """Check the installation: Python, packages, model files, processor, and a test score.

    Exit code: 0 if scoring works, else 1.
    """
    checks = list(_checks(repository))
    if as_json:
        click.echo(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        width = max(len(check.name) for check in checks)
        marks = {True: "ok  ", False: "FAIL", None: "    "}
        for check in checks:
            click.echo(f"{marks[check.ok]} {check.name:<{width}}  {shown(check.found)}")
    if any(check.ok is False for check in checks):
        ctx.exit(1)


def _checks(repository: Path | None) -> Iterator[Check]:
    yield Check("byline", f"{version('byline')} in {Path(__file__).resolve().parents[1]}")
    yield Check("Python", f"{platform.python_version()} ({sys.executable})")
    yield Check("system", f"{platform.system()} {platform.release()}, {platform.machine()}")
    yield Check("processor", _processor())
    yield _packages()
    for name, extra in _OPTIONAL.items():
        found = _version(name)
        yield Check(name, found or f"not installed; in byline's checkout, pip install '.[{extra}]'")
    yield from _models(repository)


def _processor() -> str:
    from byline.processors import processors

    name, flags = platform.processor() or platform.machine(), set()
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:  # not on Linux
        lines = []
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            name = value.strip()
        elif key.strip() in ("flags", "Features"):
            flags.update(value.split())
    known = [feature for feature in _FEATURES if feature in flags]
    count = processors()
    described = f"{name}; {count} of {os.cpu_count()} usable, so --jobs {count}"
    return f"{described}; {', '.join(known)}" if known else described


def _packages() -> Check:
    needed = (r for r in requires("byline") or () if "extra ==" not in r)
    versions = {name: _version(name) for name in (re.split(r"[^\w.-]", r)[0] for r in needed)}
    missing = [name for name, found in versions.items() if found is None]
    if missing:
        return Check(
            "packages", f"missing: {', '.join(missing)}; in byline's checkout, pip install .", False
        )
    return Check("packages", ", ".join(f"{name} {found}" for name, found in versions.items()), True)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _models(repository: Path | None) -> Iterator[Check]:
    from byline import BylineError, ModelRepository
    from byline.repository import DEFAULT_MODEL

    try:
        found = ModelRepository.find(repository)
    except BylineError as error:
        yield Check("models", str(error), False)
        return
    yield Check("models", str(found.path))
    names = found.names()
    for name in names:
        try:
            yield Check(f"  {name}", f"whole, SHA-256 {found.load(name).sha256}", True)
        except BylineError as error:
            # Another model may be damaged, and scoring work all the same.
            yield Check(f"  {name}", str(error), False if name == DEFAULT_MODEL else None)
    if DEFAULT_MODEL not in names:
        yield Check(f"  {DEFAULT_MODEL}", "is not there, and is the default", False)
        return
    yield _test_score(repository)


def _test_score(repository: Path | None) -> Check:
    from byline import BylineError, Detector

    started = time.perf_counter()
    try:
        detector = Detector.load(repository)
        loaded = time.perf_counter()
        verdict = detector.score(_TEXT)
        first = time.perf_counter()
        again = detector.score(_TEXT)
        second = time.perf_counter()
    except BylineError as error:
        return Check("test score", str(error), False)
    times = (loaded - started, first - loaded, second - first)
    load, cold, warm = (f"{1000 * seconds:.0f} ms" for seconds in times)
    found = (
        f"P(AI) {percent(verdict.probability)} over {verdict.words} words; loaded in {load}, "
        f"scored in {cold}, again in {warm}"
    )
    return Check("test score", found, verdict.probability is not None and verdict == again)
