"""Names, numbers and totals for people."""

from __future__ import annotations

import ntpath
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byline_cli.wording import percent, shared_folder, shown, size, summary

pytestmark = pytest.mark.unit


@settings(deadline=None)
@given(st.text(alphabet=st.characters()))
def test_shown_is_printable_and_encodable(name: str) -> None:
    assert shown(name).isprintable()
    shown(name).encode()


def test_shown_keeps_what_can_be_read() -> None:
    assert shown("größe 文.txt") == "größe 文.txt"
    assert shown("a\nb\x1b[31m\u202e.txt") == r"a\nb\x1b[31m\u202e.txt"
    assert shown(os.fsdecode(b"a\xff.txt")) == r"a\xff.txt"


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (None, "-"), (0.0, "<0.1%"), (0.0004, "<0.1%"), (0.0005, "0.1%"), (0.5, "50.0%"),
        (0.9994, "99.9%"), (0.9995, ">99.9%"), (1.0, ">99.9%"),
    ],
)  # fmt: skip
def test_percentages_never_claim_certainty(probability: float | None, words: str) -> None:
    assert percent(probability) == words


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (1, "1 byte"),
        (999, "999 bytes"),
        (1500, "1.5 kB"),
        (50_000_000, "50 MB"),
        (2 * 10**9, "2 GB"),
    ],
)
def test_sizes_come_in_the_unit_a_person_would_take(n: int, words: str) -> None:
    assert size(n) == words


@pytest.mark.parametrize(
    ("names", "folder"),
    [
        (["a/b/c.txt", "a/b/d.txt"], "a/b/"),
        (["a/bc/x.txt", "a/bd/x.txt"], "a/"),
        (["/a/x.txt", "/b/x.txt"], "/"),
        (["a/x.txt", "/a/x.txt"], ""),
        (["a/x.txt", "-"], ""),
        (["a/x.txt"], ""),
        ([], ""),
    ],
)
def test_shared_folder(names: list[str], folder: str) -> None:
    assert shared_folder(names) == folder.replace("/", os.sep)
    assert all(name.startswith(shared_folder(names)) for name in names)


def test_folder_shared_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "path", ntpath)
        shared = [shared_folder([r"C:\a\x.txt", name]) for name in (r"D:\a\y.txt", r"C:\a\y.txt")]
    assert shared == ["", "C:\\a\\"]


def test_totals() -> None:
    assert summary({"ai": 2, "too_short": 1, "error": 3}) == (
        "3 documents: 2 AI, 1 too short; 3 could not be read."
    )
    assert summary({"human": 1}) == "1 document: 1 human."
    assert summary({"error": 1}) == "0 documents; 1 could not be read."
