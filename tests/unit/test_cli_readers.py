"""Files of each kind to the prose in them."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byline import InputError
from byline_cli.blocks import Block, join
from byline_cli.readers import files
from byline_cli.readers.files import Reading, bounded, prose_of_text, read_file
from byline_cli.readers.html import _kept, html_blocks, page_blocks
from byline_cli.readers.markdown import markdown_blocks

pytestmark = pytest.mark.unit

MARKDOWN = """\
---
title: not prose
---
# A *heading* of `four` words

A paragraph with **bold**, a [link](https://example.org "title"), and
1986. This continues it.\\
A hard break.

- first item
- second item

  with a paragraph

1. counted

> quoted words

```python
code = "dropped"
```

    indented = "dropped"

| a | table |
|---|-------|
| dropped | too |

<div align="justify">counted <i>html</i></div>

<!-- dropped comment -->

<pre>dropped code in html</pre>

![dropped picture](x.png) and <b>words</b> &amp; signs
"""


def markdown_text(source: str) -> str:
    return join(markdown_blocks(source)).text


def html_text(source: str) -> str:
    return join(page_blocks(source)).text


def visible_text(source: str) -> str:
    return join(html_blocks(source)).text


PAGE = """\
<!doctype html><html><head><title>Not this</title><style>p { color: red }</style>
<script>var not_this = "<p>nor this</p>";</script></head><body>
<nav><a href="/">Not home</a></nav>
<main><h1>A heading</h1>
<p>The first paragraph has <b>bold</b> words &amp; a
line break in it, and is long enough to be taken for a part of the text.</p>
<ul><li>The first item of the list is here.</li><li>The second item of the list is here.</li></ul>
<pre>not = code</pre>
<table><tr><td>not a table</td></tr></table>
<p>The last paragraph, which ends the text of this page in a full sentence.</p>
</main><footer>Not the footer</footer></body></html>
"""


def test_markdown_keeps_blocks_of_prose_alone() -> None:
    assert markdown_text(MARKDOWN).split("\n\n") == [
        "A heading of four words",
        "A paragraph with bold, a link, and 1986. This continues it. A hard break.",
        "first item",
        "second item",
        "with a paragraph",
        "counted",
        "counted html",
        "and words & signs",
    ]


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_markdown_does_not_depend_on_line_endings(newline: str) -> None:
    assert markdown_text(MARKDOWN.replace("\n", newline)) == markdown_text(MARKDOWN)


def test_rule_at_the_beginning_is_no_front_matter() -> None:
    assert markdown_text("---\n\nA text without an end mark.") == "A text without an end mark."


@pytest.mark.parametrize(
    "begin",
    [
        "---\ntitle: x\n\nlist:\n  - y\n---\n",
        "---\n# Of a comment\n'title': x\n...\n",
        '---\n"title":\n  x\n---\n',
        '+++\ntitle = "x"\n+++\n',
    ],
)
def test_front_matter_is_dropped(begin: str) -> None:
    assert markdown_text(f"{begin}A text.\n\n---\n\nIts end.") == "A text.\n\nIts end."


@pytest.mark.parametrize(
    "begin", ["---\n\n", "---\n# First\n\n", "---\n- First\n\n", "---\nFirst\n\n"]
)
def test_break_at_the_beginning_is_no_front_matter(begin: str) -> None:
    text = markdown_text(f"{begin}Some prose: a part of it.\n\n---\n\nIts end.")
    assert text.removeprefix("First\n\n") == "Some prose: a part of it.\n\nIts end."


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("# Title {#id .unnumbered}", "Title"),
        ("Title {: #id}\n=====", "Title"),
        ("A text.\n{: .lead}", "A text."),
        ("::: {.note}\nA text.\n:::", "A text."),
        (":::warning\n\n- A text.\n:::", "A text."),
        ("> [!NOTE]\n> A text.\n>\n> Its end.", "A text.\n\nIts end."),
        (
            '{{< figure src="x.png" >}}\n\nA {{% ref "y" %}}text{% include z.html a="b" %}.',
            "A text.",
        ),
        ("{{ content }}\nA text.", "A text."),
        ("Whoever `{{ user.name }}` is.", "Whoever is."),
        ("A list[!x] of {1, 2}, a {name}: x ::: y.", "A list[!x] of {1, 2}, a {name}: x ::: y."),
        ("> A text.", ""),
    ],
)
def test_what_markdown_says_to_programs_is_left_out(source: str, text: str) -> None:
    assert markdown_text(source) == text


@pytest.mark.parametrize("mark", ["<br>", "<br/>", '<BR class="x" />'])
def test_line_break_of_html_in_markdown_parts_words(mark: str) -> None:
    assert markdown_text(f"The first line.{mark}The second.") == "The first line. The second."
    assert markdown_text("A<b>B</b>C") == "ABC"


def test_box_before_a_task_is_none_of_its_words() -> None:
    source = "- [ ] Buy milk.\n- [x] Call her.\n\n[x] is what I mean."
    assert markdown_text(source) == "Buy milk.\n\nCall her.\n\n[x] is what I mean."


def test_plain_paragraphs_read_the_same_from_every_kind(tmp_path: Path) -> None:
    paragraphs = ["This is the first paragraph of a text.", "And here the second one follows it."]
    contents = {
        "a.txt": "\n\n".join(paragraphs),
        "a.md": "\n\n".join(paragraphs),
        "a.html": "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs),
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
        assert read_file(tmp_path / name) == "\n\n".join(paragraphs), name


@pytest.mark.parametrize("read", [html_text, visible_text])
def test_html_keeps_blocks_of_prose_alone(read: object) -> None:
    assert callable(read)
    text = read(PAGE)
    assert text.split("\n\n") == [
        "A heading",
        "The first paragraph has bold words & a line break in it, and is long enough to be taken "
        "for a part of the text.",
        "The first item of the list is here.",
        "The second item of the list is here.",
        "The last paragraph, which ends the text of this page in a full sentence.",
    ]


@pytest.mark.parametrize(
    "begin",
    [
        "",
        "\n <!DOCTYPE html PUBLIC '-//W3C'>\n",
        "<?xml version='1.0'?>\n<!doctype html>",
        "\ufeff",
    ],
)
def test_page_without_a_name_that_tells_is_read_as_one(tmp_path: Path, begin: str) -> None:
    source = (
        f"{begin}<html lang='en'><meta charset='iso-8859-1'><p>A text of Mot\xf6rhead.</p></html>"
    )
    data = source.encode() if "\ufeff" in begin else source.encode("iso-8859-1")
    (tmp_path / "a.txt").write_bytes(data)
    assert read_file(tmp_path / "a.txt") == "A text of Mot\xf6rhead."
    assert prose_of_text(data).text == "A text of Mot\xf6rhead."


@pytest.mark.parametrize("text", ["<htmlish> is no tag.", "The <html> tag.", "<p>A part.</p>"])
def test_text_about_html_is_no_page(text: str) -> None:
    assert prose_of_text(text.encode()).text == text


def test_word_of_the_menu_in_the_article_hides_none_of_it() -> None:
    line = "The court heard {} in the morning, and nobody said when it would hear them again."
    paragraphs = [line.format(who) for who in ("a man", "two boys", "the Home Office", "a nurse")]
    menu = "<nav>Home</nav><nav>News</nav>"
    article = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    page = f"<html><body>{menu}<article><h1>A heading</h1>{article}</article></body></html>"
    assert html_text(page).split("\n\n") == ["A heading", *paragraphs]


def test_boxes_of_an_article_are_kept_and_comments_are_not() -> None:
    line = "Of {0} nobody had seen the boats come in before, and the harbour of {0} was empty."
    towns = ("Lund", "Visby", "Kalmar", "Ystad", "Malmo", "Umea", "Lulea", "Gavle")
    first, second, boxed, third, last, rail, comment, author = map(line.format, towns)
    page = (
        "<html><body><div class='menu'><a href='/'>Home</a></div><div class='text'><h1>Boats</h1>"
        f"<div class='para'>{first}</div><div class='para'>{second}</div>"
        f"<div class='sidebar'><p class='title'>Tip</p><div class='para'>{boxed}</div></div>"
        f"<div class='sidebar'><p class='teaser'>{rail}</p></div>"
        f"<div class='para'>{third}</div><h2>More</h2>"
        f"<div class='note'><div class='para'>{last}</div></div></div>"
        f"<ul><li>{rail}</li></ul><div class='para'>{rail}</div>"
        f"<div class='comments'><p>{comment}</p></div><div class='footer'><p>{author}</p></div>"
    )
    assert html_text(page).split("\n\n") == ["Boats", first, second, boxed, third, "More", last]


def test_sections_that_begin_alike_hide_nothing_behind_them() -> None:
    again = [
        Block("heading", "What the witnesses had to say of what they saw"),
        Block("paragraph", "So it was said by each of them, in the words that the others had."),
    ]
    sections = [
        [*again, *(Block("paragraph", f"{n}, {i}: {'the fog, ' * 40}{n}, {i}") for i in range(30))]
        for n in range(9)
    ]
    page = [block for section in sections for block in section]
    assert all(_kept(page, page))


@pytest.mark.parametrize("entry", ["<a href='#c'>{}</a>", "{}"])
def test_contents_at_the_top_of_a_page_hide_none_of_its_chapters(entry: str) -> None:
    title = "What the {} has to say of weather, tides and the price of fish at the harbour"
    line = "It was late, and nobody but the {} could have told the one from the other by then."
    who = ("first witness", "second witness", "third witness")
    contents = "".join(f"<li>{entry.format(title.format(name))}" for name in who)
    chapters = "".join(f"<h2>{title.format(n)}</h2><p>{line.format(n)}<p>{n}" for n in who)
    page = f"<html><body><div class=toc><ul>{contents}</ul></div><article>{chapters}</article>"
    expected = [text for n in who for text in (title.format(n), line.format(n), n)]
    assert html_text(page).split("\n\n")[-len(expected) :] == expected


@pytest.mark.parametrize(
    "source",
    [
        "<p><a name='_Toc1'>A paragraph with a bookmark.</a></p>",
        "<p><a name='_Toc1'>A paragraph with a bookmark.</p>",
        "<p><a name='_Toc1'>A <a href='/'>paragraph</a> with a bookmark.</p>",
        "<p>A <a href='/'>paragraph<a id='x'></a> with a bookmark.</p>",
    ],
)
def test_bookmark_is_no_link(source: str) -> None:
    assert visible_text(source) == "A paragraph with a bookmark."


@pytest.mark.parametrize(
    "source",
    [
        "<p class='footnote'>A note.<p>A text.",
        "<p class='footnote'>A <b>note</b>.<br>More of it.<h2>A text.</h2>",
        "<div><p class='footnote'>A note.</div>A text.",
        "<ul><li class='footnote'>A note.<li>A text.</ul>",
        "<ol><li class='footnote'>A note.</ol><p>A text.",
        "<ol class='footnotes'><li id='footnote-1'>A note.<li id='footnote-2'>Another.</ol>A text.",
        "<ol><li class='footnote'>A note.<ul><li>Some<li>of it</ul>is a list.</ol>A text.",
        "<ul><li class='footnote'><p class='footnote'>A note.<li>A text.</ul>",
        "<table><tr><td><p class='footnote'>A note.<tr><td>A cell.</table>A text.",
    ],
)
def test_note_without_an_end_tag_ends(source: str) -> None:
    assert visible_text(source) == "A text."


def test_tools_beside_a_heading_are_none_of_it() -> None:
    tools = "<span class='mw-editsection'><span>[</span><a href='/e'>edit</a><span>]</span></span>"
    page = (
        f"<p>Text.</p><h2>Life{tools}</h2><p>It lives.</p><h2>{tools}References</h2><p>A book.</p>"
    )
    assert join(html_blocks(page)).text.split("\n\n") == ["Text.", "Life", "It lives."]


def test_list_whose_items_have_no_end_tags_ends() -> None:
    assert html_blocks("<ul><li>One<li>Two</ul>A text.")[1:] == [
        Block("list_item", "Two"), Block("paragraph", "A text."),
    ]  # fmt: skip


def test_page_without_a_main_part_gives_what_is_visible() -> None:
    assert html_text("<div>One<br>two<div>three</div></div>four") == "One two\n\nthree\n\nfour"
    assert html_text("") == ""


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a <!--> b <!---> c <!-- > x --!> d", "a b c d"),
        ("a <!-- b <p>c</p>", "a"),
        ("<script>x <!-- </script>a", "a"),
        ("a<![if !x]> b<![foo[ x ]]> c<![ y ]> d", "a b c d"),
        ("a </b", "a"),
        ("1 <2 and a <", "1 <2 and a <"),
    ],
)
def test_comments_and_tags_end_as_in_a_browser(source: str, text: str) -> None:
    assert visible_text(source) == text


@pytest.mark.parametrize(
    "within",
    [
        "<math><mi>v</mi></math>", "<span><svg><title>v</title><path/></svg></span>",
        "<script>v()</script>", "<style>v {}</style>", "<noscript>v</noscript>",
    ],
)  # fmt: skip
def test_paragraph_goes_on_behind_a_formula_or_an_icon(within: str) -> None:
    for tag in ("p", "li", "h2"):
        source = f"<{tag}>The speed is {within} where it is deep.</{tag}><p>An end.</p>"
        assert html_text(source) == "The speed is where it is deep.\n\nAn end."
    assert html_text("<p>One.</p><button>Two</button>Three<video>v</video>Four") == (
        "One.\n\nThree\n\nFour"
    )


@pytest.mark.parametrize("tag", ["script", "style", "template", "noscript"])
def test_what_shows_nothing_parts_no_word(tag: str) -> None:
    assert html_text(f"<p>H<{tag}>v</{tag}>ello.</p>") == "Hello."


@pytest.mark.parametrize("unit", ["<p>text <!-- a ", "</a ", "<![CDATA[ > ", "<!-- --"])
def test_html_without_ends_takes_linear_time(unit: str) -> None:
    started = time.process_time()
    html_blocks(unit * 100_000)
    assert time.process_time() - started < 5


@pytest.mark.parametrize("unit", ["1", "_footnote"])
def test_classes_of_html_take_linear_time(unit: str) -> None:
    name = "footnote" + unit * (200_000 // len(unit))
    started = time.process_time()
    assert visible_text(f'<div class="{name}!">A text.</div>') == "A text."
    assert time.process_time() - started < 5


@settings(deadline=None, max_examples=50)
@given(st.text(alphabet=st.sampled_from("<>/!-&;\"'= \n\0\ud800abdivpscriptul"), max_size=200))
def test_html_is_read_however_broken(source: str) -> None:
    text = html_text(source)
    assert not any("\ud800" <= c <= "\udfff" for c in text)


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("*_[]()`#>-|\\\n \ud800\0a1.~!<&"), max_size=200))
def test_markdown_is_read_however_broken(source: str) -> None:
    assert isinstance(markdown_text(source), str)


@pytest.mark.parametrize("unit", ["[", "*a_ " * 2400 + "\n\n", "word and more. "])
def test_markdown_of_10_mb_takes_bounded_time(unit: str) -> None:
    source = unit * (10_000_000 // len(unit))
    started = time.process_time()
    text = markdown_text(source)
    assert time.process_time() - started < 60
    assert len(text) >= 8_000_000  # what lies beyond is still counted


def test_html_of_10_mb_takes_bounded_time() -> None:
    started = time.process_time()
    text = html_text("<div>" * 1000 + "<p>A sentence of a page. </p>\n" * 350_000)
    assert time.process_time() - started < 60
    assert text.count("A sentence of a page.") == 350_000


def test_words_beside_a_long_run_of_marks_are_counted_at_once() -> None:
    text = "Two words. " + "=" * 50_000 + '\n\n> \'tis — apart, "said" she.\n'
    started = time.process_time()
    assert prose_of_text(text.encode()).set_apart == 4
    assert time.process_time() - started < 5


def test_size_is_bounded(tmp_path: Path) -> None:
    small = Reading(max_bytes=1000)
    path = tmp_path / "a.txt"
    path.write_bytes(b"a" * 1000)
    assert (
        len(read_file(path, small))
        == len(prose_of_text(bounded(io.BytesIO(b"a" * 1000), small), small).text)
        == 1000
    )
    path.write_bytes(b"a" * 1001)
    with pytest.raises(InputError, match=r"larger than 1 kB; split it, or raise --max-size"):
        read_file(path, small)
    with pytest.raises(InputError, match="larger than"):
        bounded(io.BytesIO(b"a" * 1001), small)


def test_a_large_limit_takes_no_memory(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A few words.")
    assert read_file(tmp_path / "a.txt", Reading(max_bytes=10**12)) == "A few words."


def test_file_that_grows_while_it_is_read_is_bounded() -> None:
    class Endless(io.RawIOBase):
        def read(self, size: int = -1, /) -> bytes:
            assert 0 < size <= files.MAX_BYTES + 1
            return b"a" * size

    with pytest.raises(InputError, match="larger than 50 MB"):
        bounded(Endless())  # type: ignore[arg-type]


def test_unknown_suffix_is_refused_and_says_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.pages"
    path.write_text("a text")
    with pytest.raises(InputError, match=r"\.pages are not read \(read are \.txt, \.md"):
        read_file(path)


def test_suffix_in_capitals_and_none_are_read(tmp_path: Path) -> None:
    for name in ("A.TXT", "README"):
        (tmp_path / name).write_text("# a text")
        assert read_file(tmp_path / name) == "# a text"
    (tmp_path / "A.MD").write_text("# a text")
    assert read_file(tmp_path / "A.MD") == "a text"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_and_devices_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(InputError, match="named pipe; send"):
        read_file(tmp_path / "pipe.txt")
    with pytest.raises(InputError, match="not a regular file"):
        read_file(Path("/dev/zero"))


def test_missing_and_forbidden_files_say_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_file(tmp_path / "gone.txt")
    path = tmp_path / "a.txt"
    path.write_text("a text")

    def refuse(*_: object) -> None:  # root may read all, whatever the mode says
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"Permission denied\); allow it to be read"):
        read_file(path)
