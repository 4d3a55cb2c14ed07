"""The HTML report: complete in itself, true to the text, harmless."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from byline import Detector
from byline_cli.inputs import Input
from byline_cli.model_info import info_of
from byline_cli.readers.files import Reading
from byline_cli.report import revealed, write_report
from byline_cli.results import Result, read, scored
from byline_cli.summary import Tally

pytestmark = pytest.mark.unit

VOID = {"meta", "rect", "br", "link", "line"}
PROSE = (
    "The boat was late, and we waited on the pier with our bags until it was dark. Nobody had "
    "said that it would be so cold there, so my brother gave me his coat. In the end a man came "
    "out of the office and told us to go home & try again.\n\n"
)
ATTACK = (
    '<script>alert("1")</script><img src=https://evil.example/x onerror=alert(1)></div>{{ 7*7 }}'
)


class Page(HTMLParser):
    """Checks that elements are closed in order, and collects what the tests ask for."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.marks: list[tuple[str, str]] = []
        self._depth_of_text = 0
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.elements.append((tag, values))
        if tag not in VOID:
            self.open.append(tag)
        if values.get("class") == "text":
            self._depth_of_text = len(self.open)
            self.texts.append("")
        if tag == "mark" and self._depth_of_text:
            self.marks.append((values["title"], ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1] == tag, (self.open, tag)
        if len(self.open) == self._depth_of_text:
            self._depth_of_text = 0
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self._depth_of_text:
            self.texts[-1] += data
            if self.open[-1] == "mark":
                title, text = self.marks[-1]
                self.marks[-1] = (title, text + data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def detector(tiny_repository: Path) -> Detector:
    return Detector.load(tiny_repository)


def report(detector: Detector, folder: Path, **texts: str) -> str:
    tally = Tally()

    def results() -> Iterator[Result]:
        for name, text in texts.items():
            path = folder / f"{name}.txt"
            path.write_bytes(text.encode("utf-8", "surrogatepass"))
            result = scored(read(Input(str(path), path), Reading()), detector)
            tally.add(result)
            yield result

    output = folder / "report.html"
    with output.open("wb") as out:
        write_report(results(), info_of(detector.model), out, tally)
    return output.read_text(encoding="utf-8")


def test_texts_are_shown_whole_and_sentences_where_they_are(
    detector: Detector, tmp_path: Path
) -> None:
    code = "```\nanswer = 1 < 2\n```\n"
    texts = {"one": PROSE, "two": PROSE + code + ATTACK + PROSE, "short": "Only a few words."}
    page = Page(report(detector, tmp_path, **texts))
    assert page.texts == list(texts.values())
    expected = [
        text[s.start : s.end]
        for text in texts.values()
        for s in detector.score(text).sentences
        if s.verdict != "human"
    ]
    assert [text for _, text in page.marks] == expected
    assert all(re.fullmatch(r"(AI|unclear), [<>]?[\d.]+%", title) for title, _ in page.marks)
    titles = [a["title"] for a in page.all("span") if a.get("class") == "unscored" and "title" in a]
    assert titles == ["not scored"] * 2  # the code, and the text too short


def test_bars_show_what_the_texts_were_called(detector: Detector, tmp_path: Path) -> None:
    info = info_of(detector.model)
    tally = Tally()
    tally.spread.update({(9, "ai"): 3, (9, "unclear"): 1, (0, "human"): 2})
    with (tmp_path / "report.html").open("wb") as out:
        write_report(iter(()), info, out, tally)
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    bars = [(a["class"], float(a["y"]), float(a["height"])) for a in page.all("rect")]
    assert bars == [("human", 72, 48), ("unclear", 96, 24), ("ai", 24, 72)]


def test_nothing_is_asked_of_the_network_and_nothing_runs(
    detector: Detector, tmp_path: Path
) -> None:
    source = report(detector, tmp_path, attack=PROSE + ATTACK)
    page = Page(source)
    names = {name for name, _ in page.elements}
    assert not names & {"img", "link", "iframe", "object", "form", "base"}
    for _, attributes in page.elements:
        assert not any(name.startswith("on") or name in ("src", "style") for name in attributes)
        assert attributes.get("href", "#").startswith("#")
    style = source[source.index("<style>") + 7 : source.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    policy = next(a["content"] for a in page.all("meta") if "http-equiv" in a)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy
    # The one script there is, which sorts the table, is allowed by its hash.
    script = source[source.rindex("<script>") + 8 : source.rindex("</script>")]
    assert source.count("<script") == 1
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert "{{ 7*7 }}" in source


def test_links_lead_to_the_documents(detector: Detector, tmp_path: Path) -> None:
    page = Page(report(detector, tmp_path, one=PROSE, two=PROSE, three="short"))
    identifiers = [a["id"] for _, a in page.elements if "id" in a]
    assert len(identifiers) == len(set(identifiers))
    targets = {a["href"][1:] for a in page.all("a")}
    assert {"d1", "d2", "d3"} <= targets <= set(identifiers)
    references = {a["aria-labelledby"] for _, a in page.elements if "aria-labelledby" in a}
    assert references <= set(identifiers)


def test_it_can_be_read_with_a_screen_reader(detector: Detector, tmp_path: Path) -> None:
    page = Page(report(detector, tmp_path, one=PROSE))
    names = [name for name, _ in page.elements]
    assert {"header", "main", "footer", "h1"} <= set(names)
    assert (names.count("main"), names.count("h1")) == (1, 1)
    assert page.all("html")[0]["lang"] == "en"
    assert all(a.get("scope") in ("col", "row") for a in page.all("th"))
    assert all(
        a["aria-label"].startswith(("Sentences by length", "Texts by probability"))
        for a in page.all("svg")
    )


def test_unreadable_and_empty_files_have_their_place(detector: Detector, tmp_path: Path) -> None:
    source = report(detector, tmp_path, binary="\0\0", empty="")
    assert source.count("looks like binary data") == 2
    assert "The document is empty." in source
    assert "could not be read" in source


def test_model_and_its_limits_are_named(detector: Detector, tmp_path: Path) -> None:
    source = report(detector, tmp_path, one=PROSE)
    assert detector.model.sha256 in source
    assert detector.model.spec.training_run in source
    assert "evidence, not proof" in source


def test_the_raw_score_stands_beside_the_normalised(detector: Detector, tmp_path: Path) -> None:
    disguised = PROSE.replace("o", "о") + "hid\u200bden"
    source = report(detector, tmp_path, one=disguised)
    raw = detector.score(disguised).raw
    assert raw is not None
    assert f"scores <b>{raw.probability:.1%}</b>" in source
    assert 'title="invisible character U+200B"' in source


def test_what_cannot_be_shown_is_replaced() -> None:
    assert revealed("a\0b\ud800c\x9f\n<") == "a\ufffdb\ufffdc\ufffd\n&lt;"
    assert str(revealed("a\u202eb\U000e0041")).count('class="hidden"') == 2
