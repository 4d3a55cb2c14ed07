"""The report in a real Chromium: sorted by keyboard, sound for screen readers, silent."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner
from playwright.sync_api import Browser, sync_playwright

from byline_cli.main import main

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as driver:
        # Without its sandbox, as root in a container needs it; the page is our own file.
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(repository_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    texts = repository_root / "examples" / "documents"
    result = CliRunner().invoke(
        main, ["score", str(texts), "--format", "html", "--output", str(path), "--base-rate", "0.2"]
    )
    assert result.exit_code == 0, result.output
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_a_screen_readers_way(
    browser: Browser, report: Path, scheme: str
) -> None:
    # Only here is the page's own policy set aside: axe is a script from outside.
    context = browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type] # one of the two
        bypass_csp=True,
    )
    page = context.new_page()
    page.goto(report.as_uri())
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    context.close()


def test_table_is_sorted_by_keyboard_and_nothing_is_asked_for(
    browser: Browser, report: Path
) -> None:
    page = browser.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: complaints.append(said.text))
    page.goto(report.as_uri())

    def column() -> list[float]:
        cells = page.locator("#texts tbody tr td:nth-child(3)").evaluate_all(
            "cells => cells.map((cell) => cell.dataset.value)"
        )
        return [float(cell) for cell in cells if cell]

    before = column()
    assert before != sorted(before)
    button = page.get_by_role("button", name="P(AI)")
    button.focus()
    page.keyboard.press("Enter")
    assert column() == sorted(before)
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("P(AI)")
    page.keyboard.press("Enter")
    assert column() == sorted(before, reverse=True)
    assert page.locator("th[aria-sort=descending]").count() == 1
    # A text without a probability stays at the end.
    assert page.locator("#texts tbody tr").last.inner_text().startswith("short-note.txt")
    assert complaints == []
    assert asked == [report.as_uri()]
    page.close()


def test_of_many_texts_each_is_found_though_those_out_of_sight_are_not_laid_out(
    browser: Browser, tmp_path: Path
) -> None:
    answers = tmp_path / "answers.csv"
    answers.write_text("answer\n" + "Too short to be judged.\n" * 200)
    path = tmp_path / "report.html"
    arguments = ["score", str(answers), "--text-column", "answer", "--output", str(path)]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    page = browser.new_page()
    page.goto(path.as_uri())
    names = page.locator("#texts tbody th")
    in_order = names.all_inner_texts()
    page.get_by_role("button", name="Document").click()
    assert names.all_inner_texts() == in_order  # 2 before 10
    last = page.locator("article").last
    in_sight = "text => text.firstElementChild.checkVisibility({contentVisibilityAuto: true})"
    assert not last.evaluate(in_sight)
    names.nth(150).get_by_role("link").click()
    page.wait_for_function("document.querySelector('#d151').getBoundingClientRect().top < 100")
    assert page.locator("#d151").evaluate("text => text.getBoundingClientRect().top") >= 0
    page.close()


def test_prints_every_text(browser: Browser, report: Path, tmp_path: Path) -> None:
    page = browser.new_page()
    page.goto(report.as_uri())
    page.pdf(path=tmp_path / "report.pdf")
    page.close()
    from byline_cli.readers.files import Reading, read_file

    text = read_file(tmp_path / "report.pdf", Reading(include=frozenset(("table", "quote"))))
    words = " ".join(text.split())
    assert "How the probabilities spread" in words
    assert "Back to the summary" not in words
    assert "Thank you for reaching out!" in words  # in the last text, out of sight


@pytest.mark.parametrize(
    ("e2e", "code", "told"),
    [("", 1, "apt-get install chromium"), ("optional", 0, "E2E=optional, and there is no")],
)
def test_without_chromium_they_fail_or_where_that_is_allowed_are_skipped(
    repository_root: Path, tmp_path: Path, e2e: str, code: int, told: str
) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "-k", "sorted", __file__],
        env={**os.environ, "PATH": str(tmp_path), "E2E": e2e}, cwd=repository_root,
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert result.returncode == code, result.stdout
    assert told in result.stdout
