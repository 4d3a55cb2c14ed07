"""The page at / in a real Chromium: what it shows, by keyboard and for screen readers, safely.

`make pictures` has it draw the one in docs/server.md.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, Route, expect, sync_playwright

from byline import Detector

if TYPE_CHECKING:
    from tests.conftest import Server

pytestmark = pytest.mark.e2e

SWITCHES = [
    "--no-sandbox",  # Chromium wants it as root, as which containers run tests
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Any:
    return request.param


class Watched:
    """A page, with whatever it asked for and complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requested: list[str] = []
        self.complaints: list[str] = []
        page.on("request", self._note)
        page.on("console", lambda said: self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, request: Request) -> None:
        self.requested.append(request.url)

    def score(self, text: str) -> None:
        self.page.get_by_label("Text", exact=True).fill(text)
        self.page.get_by_role("button", name="Score").click()
        expect(self.page.locator("#status")).to_be_hidden()  # no longer "Scoring."
        expect(self.page.get_by_role("heading", name="Verdict")).to_be_visible()


def opened(browser: Browser, url: str, **options: Any) -> Watched:
    page = browser.new_page(viewport={"width": 1000, "height": 1200}, **options)
    watched = Watched(page)
    page.goto(url)
    if not url.endswith("/docs"):
        expect(page.locator("#served")).not_to_be_empty()
    return watched


@pytest.fixture
def watched(browser: Browser, server: Server) -> Iterator[Watched]:
    watched = opened(browser, server.url)
    yield watched
    assert watched.complaints == []
    assert all(url.startswith(server.url + "/") for url in watched.requested)
    watched.page.close()


def violations(page: Page) -> list[str]:
    """What axe-core finds: rule, and the first place."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {rule['nodes'][0]['html']}" for rule in found]


@pytest.fixture(scope="module")
def mixed(repository_root: Path) -> str:
    return (repository_root / "examples/documents/mixed-cloud.md").read_text("utf-8")


@pytest.fixture(scope="module")
def disguised(repository_root: Path) -> str:
    return (repository_root / "examples/documents/ai-hidden-characters.txt").read_text("utf-8")


def test_the_marks_are_the_librarys_sentences(watched: Watched, mixed: str) -> None:
    mixed = f"\N{GRINNING FACE} {mixed}"  # one code point, two of JavaScript's units
    verdict = Detector.load().score(mixed)
    watched.score(mixed)
    page = watched.page
    expect(page.get_by_role("heading", name="Verdict")).to_have_text(f"Verdict: {verdict.verdict}")
    ai = sum(s.verdict == "ai" for s in verdict.sentences)
    expect(page.locator("#meaning")).to_contain_text(f"{ai} of its {len(verdict.sentences)} sent")
    expect(page.locator("#words")).to_have_text(f"{verdict.words:,}")
    for kind in ("ai", "unclear"):
        expected = [mixed[s.start : s.end] for s in verdict.sentences if s.verdict == kind]
        shown = page.locator(f"#shown mark.{kind}").evaluate_all(
            "marks => marks.map(mark => [...mark.childNodes].filter(n => n.nodeType === 3)"
            ".map(n => n.data).join(''))"
        )
        assert shown == expected
        assert shown
    # The whole text is there, in its order, between and in the marks.
    assert page.locator("#shown").evaluate(
        "shown => { const copy = shown.cloneNode(true);"
        " copy.querySelectorAll('.unseen').forEach(n => n.remove()); return copy.textContent; }"
    ) == mixed.replace("\r\n", "\n")


def test_the_stronger_the_likelier(watched: Watched, mixed: str) -> None:
    watched.score(mixed)
    shown = watched.page.locator("#shown mark").evaluate_all(
        "marks => marks.map(mark => [mark.className, mark.title])"
    )
    levels: dict[str, list[tuple[int, float]]] = {"ai": [], "unclear": []}
    for name, title in shown:
        kind, level = name.split()
        share = title.split(", ")[1].removeprefix("over ").removeprefix("under ").rstrip("%")
        levels[kind].append((int(level[1]), float(share)))
    for pairs in levels.values():
        assert [level for level, _ in sorted(pairs, key=lambda pair: pair[1])] == sorted(
            level for level, _ in pairs
        )
    assert len({level for level, _ in levels["ai"] + levels["unclear"]}) >= 3
    colours = watched.page.locator("#legend mark").evaluate_all(
        "marks => marks.map(mark => getComputedStyle(mark).backgroundColor)"
    )
    assert len(set(colours)) == len(colours) == 8


def test_findings_and_hidden_characters(watched: Watched, disguised: str) -> None:
    watched.score(disguised)
    findings = watched.page.locator("#findings li")
    expect(findings).to_have_count(3)
    expect(findings.nth(0)).to_contain_text("Homoglyphs (120)")
    expect(findings.nth(1)).to_contain_text("Zero width (38)")
    expect(findings.nth(2)).to_contain_text("as it came")
    signs = watched.page.locator("#shown .concealed")
    expect(signs).to_have_count(sum(c in "\u200b\u200c\u200d\u2060" for c in disguised))
    assert (signs.first.get_attribute("title") or "").startswith("invisible character U+")


def test_what_was_not_scored_and_why(watched: Watched, mixed: str) -> None:
    watched.score("Too short to be judged by anybody.")
    expect(watched.page.get_by_role("heading", name="Verdict")).to_have_text(
        "Verdict: too short to judge"
    )
    expect(watched.page.locator("#meaning")).to_contain_text("fewer than 40 words")
    expect(watched.page.locator("#shown .unscored")).to_have_count(1)

    watched.score(f"{mixed}\n\n```\nfor word in words:\n    print(word, len(word))\n```\n")
    expect(watched.page.locator("#meaning")).to_contain_text("Code and tables were not scored")
    expect(watched.page.locator("#shown .unscored")).to_contain_text("print(word, len(word))")

    for text, found in (("Die Tür war offen, und niemand war da. ", "Not english"),
                        ("The cat sat. ", "Repetitive")):  # fmt: skip
        watched.score(text * 20)
        expect(watched.page.locator("#meaning")).to_have_text(
            "This text was not scored: see below why."
        )
        expect(watched.page.locator("#findings li")).to_contain_text(found)


def test_where_a_text_was_cut_off_it_says_nothing_of_code(watched: Watched, mixed: str) -> None:
    def cut(route: Route) -> None:
        answer = route.fetch()
        values = answer.json()
        finding = {"kind": "truncated", "count": 9, "message": "Only the first were scored."}
        values["results"][0] |= {"coverage": 0.5, "findings": [finding]}
        route.fulfill(response=answer, json=values)

    watched.page.route("**/v1/score", cut)
    watched.score(mixed)
    expect(watched.page.locator("#findings li")).to_contain_text("Truncated (9)")
    expect(watched.page.locator("#meaning")).not_to_contain_text("Code and tables")


def test_a_text_is_never_markup(watched: Watched, mixed: str) -> None:
    watched.score('<img src="/x" onerror="document.title=1"><script>alert(1)</script> ' + mixed)
    shown = watched.page.locator("#shown")
    expect(shown).to_contain_text("<script>alert(1)</script>")
    expect(shown.locator("img, script")).to_have_count(0)
    assert watched.page.title() == "Byline: who wrote this?"


def test_files_are_opened_and_dropped(watched: Watched, mixed: str, tmp_path: Path) -> None:
    page = watched.page
    text = page.get_by_label("Text", exact=True)

    def drop(*files: tuple[str, bytes], times: int = 1) -> None:
        page.evaluate(
            """([files, times]) => {
              const held = new DataTransfer();
              for (const [name, data] of files) {
                held.items.add(new File(Array(times).fill(new Uint8Array(data)), name));
              }
              const drag = {bubbles: true, cancelable: true, dataTransfer: held};
              for (const kind of ["dragover", "drop"]) {
                if (document.body.dispatchEvent(new DragEvent(kind, drag))) throw new Error(kind);
              }
            }""",
            [[(name, list(data)) for name, data in files], times],
        )

    chosen = tmp_path / "essay.txt"
    chosen.write_bytes(mixed.encode("utf-16"))
    with page.expect_file_chooser() as asked:
        page.get_by_role("button", name="Open").click()
    asked.value.set_files(chosen)
    expect(text).to_have_value(mixed)
    drop(("essay.md", b"\xef\xbb\xbfDropped."))
    expect(text).to_have_value("Dropped.")
    watched.score(mixed)
    for name, data, times, said in [
        ("a.docx", b"PK\x03\xff", 1, "a.docx is no plain text"),
        ("b.exe", b"MZ\x00\x01", 1, "b.exe is no plain text"),
        ("c.pdf", b"%PDF-1.4 1 0 obj", 1, "c.pdf is no plain text"),
        ("d.rtf", b"{\\rtf1 It rained.}", 1, "d.rtf is no plain text"),
        ("e.html", b"<!DOCTYPE html><p>It rained.", 1, "e.html is no plain text"),
        ("f.txt", b"word " * 800, 1001, "f.txt is too large"),
    ]:
        drop((name, data), times=times)
        expect(page.get_by_role("status")).to_contain_text(said)
        expect(page.locator("#result")).to_be_hidden()
        expect(text).to_have_value(mixed)
    drop(("a.txt", b"One."), ("b.txt", b"Two."))
    expect(page.get_by_role("status")).to_contain_text("One file at a time")


def test_a_file_that_is_refused_ends_what_is_being_scored(watched: Watched, mixed: str) -> None:
    page = watched.page
    held: list[Route] = []
    page.route("**/v1/score", lambda route: held.append(route))
    page.get_by_label("Text", exact=True).fill(mixed)
    page.get_by_role("button", name="Score").click()
    expect(page.get_by_role("status")).to_have_text("Scoring.")
    page.locator("#file").set_input_files(
        {"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4"}
    )
    expect(page.get_by_role("status")).to_contain_text("a.pdf is no plain text")
    expect(page.get_by_role("button", name="Score")).to_have_attribute("aria-disabled", "false")
    for route in held:
        route.abort()
    expect(page.get_by_role("status")).to_contain_text("a.pdf is no plain text")
    expect(page.locator("#result")).to_be_hidden()


def test_by_keyboard(watched: Watched, mixed: str) -> None:
    page = watched.page
    page.keyboard.press("Tab")
    expect(page.get_by_label("Text", exact=True)).to_be_focused()
    page.keyboard.insert_text(mixed)
    page.keyboard.press("Control+Enter")
    heading = page.get_by_role("heading", name="Verdict")
    expect(heading).to_be_focused()
    page.keyboard.press("Tab")
    first = page.locator("#strongest button").first
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    focused = page.locator("#shown mark.ai:focus")
    expect(focused).to_have_count(1)
    expect(focused).to_be_in_viewport()
    for _ in range(20):
        page.keyboard.press("Shift+Tab")
        if page.get_by_role("button", name="Clear").evaluate("b => b === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_label("Text", exact=True)).to_be_focused()
    expect(page.locator("#result")).to_be_hidden()


def test_a_screen_reader_hears_the_marks(watched: Watched, mixed: str) -> None:
    watched.score(mixed)
    heard = watched.page.locator("#shown").aria_snapshot()
    assert "[AI, " in heard
    expect(watched.page.get_by_role("status")).to_have_count(0)  # said, and done with


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_axe_finds_nothing(
    browser: Browser, server: Server, mixed: str, disguised: str, scheme: Any, path: str
) -> None:
    watched = opened(browser, server.url + path, color_scheme=scheme)
    assert violations(watched.page) == []
    if path == "/":
        for text in (mixed, disguised, "Too short."):
            watched.score(text)
            assert violations(watched.page) == []
        if scheme == "light" and os.environ.get("BYLINE_SCREENSHOTS"):
            watched.score(mixed)
            watched.page.locator("#strongest button").first.click()
            watched.page.locator("#verdict").evaluate("heading => heading.scrollIntoView()")
            watched.page.screenshot(path=Path(os.environ["BYLINE_SCREENSHOTS"]) / "page.png")
    assert watched.complaints == []
    watched.page.close()


def test_narrow_and_enlarged(browser: Browser, server: Server, mixed: str) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 640})
    page.goto(server.url)
    Watched(page).score(mixed)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320  # WCAG 1.4.10
    page.close()


def test_a_server_that_ended_is_said(browser: Browser, serve: Any, mixed: str) -> None:
    running = serve()
    watched = opened(browser, running.url)
    running.stop()
    watched.page.get_by_label("Text", exact=True).fill(mixed)
    watched.page.get_by_role("button", name="Score").click()
    expect(watched.page.get_by_role("status")).to_contain_text("does not answer")
    watched.page.close()


@pytest.mark.parametrize(
    ("status", "said"),
    [(413, "larger than the proxy"), (502, "in the server's place (status 502)")],
)
def test_what_a_proxy_answers_is_said(
    browser: Browser, server: Server, status: int, said: str
) -> None:
    page = browser.new_page()
    page.route("**/v1/score", lambda route: route.fulfill(status=status, body="<html></html>"))
    page.goto(server.url)
    page.get_by_label("Text", exact=True).fill("One two three.")
    page.get_by_role("button", name="Score").click()
    expect(page.get_by_role("status")).to_contain_text(said)
    page.close()


def test_a_start_that_failed_is_made_up_for(browser: Browser, server: Server, mixed: str) -> None:
    page = browser.new_page()
    page.route("**/v1/models", lambda route: route.fulfill(status=503, body=""))
    page.goto(server.url)
    expect(page.get_by_role("status")).to_contain_text("(status 503)")
    page.unroute("**/v1/models")
    Watched(page).score(mixed)
    expect(page.locator("#shown mark.ai").first).to_be_visible()
    expect(page.locator("#served")).not_to_be_empty()
    page.close()


def test_a_proxy_may_serve_it_under_a_path(browser: Browser, server: Server, mixed: str) -> None:
    def proxy(route: Route) -> None:
        route.fulfill(response=route.fetch(url=route.request.url.replace("/of/ours/", "/")))

    page = browser.new_page()
    page.route(f"{server.url}/of/ours/**", proxy)
    watched = Watched(page)
    page.goto(f"{server.url}/of/ours/")
    expect(page.locator("#served")).not_to_be_empty()
    watched.score(mixed)
    for path in ("docs", "docs/"):
        page.goto(f"{server.url}/of/ours/{path}")
        page.get_by_role("link", name="Byline").click()
        expect(page.locator("#served")).not_to_be_empty()
    assert watched.complaints == []
    assert all(url.startswith(f"{server.url}/of/ours/") for url in watched.requested)
    page.close()


def test_a_token_is_asked_for_by_the_browser(browser: Browser, serve: Any, mixed: str) -> None:
    running = serve(BYLINE_TOKEN="a secret of ours")
    page = browser.new_page(http_credentials={"username": "any", "password": "a secret of ours"})
    page.goto(running.url)
    Watched(page).score(mixed)
    page.close()
    answer = running.request("GET", "/", headers={"Accept": "text/html"})
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (401, "token_required")
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="Byline"'
