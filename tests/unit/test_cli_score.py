"""`byline score`, run inside this process."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from byline import Detector
from byline_cli.engine import Asked
from byline_cli.main import main
from byline_cli.readers.files import Reading
from byline_cli.work import Task, _Pool

pytestmark = pytest.mark.unit

SENTENCES = [
    "The boat was late, and we waited on the pier with our bags until it was dark.",
    "Nobody had said that it would be so cold there, so my brother gave me his coat.",
    "In the end a man came out of the office and told us to go home and try again.",
]
PROSE = " ".join(SENTENCES)


class Byline:
    """Runs the command with a model repository."""

    def __init__(self, repository: Path) -> None:
        self.repository = repository

    def __call__(self, *arguments: object, given: bytes | None = None) -> Result:
        command = ["score", *map(str, arguments), "--model-repository", str(self.repository)]
        return CliRunner().invoke(main, command, input=given, prog_name="byline")

    def objects(self, *arguments: object, given: bytes | None = None) -> list[dict[str, Any]]:
        result = self(*arguments, "--format", "jsonl", given=given)
        return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def byline(tiny_repository: Path) -> Byline:
    return Byline(tiny_repository)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three texts that are scored, and one that is too short."""
    folder = tmp_path / "texts"
    (folder / "in").mkdir(parents=True)
    (folder / "a.txt").write_text(PROSE, encoding="utf-8")
    (folder / "b.md").write_text(f"# Heading\n\n{PROSE}\n", encoding="utf-8")
    (folder / "in/c.html").write_text(f"<p>{PROSE}</p>", encoding="utf-8")
    (folder / "short.txt").write_text("Too short.", encoding="utf-8")
    return folder


def test_jsonl_says_what_the_library_says(byline: Byline, folder: Path) -> None:
    detector = Detector.load(byline.repository)
    objects = byline.objects(folder, "--detail", "sentence")
    assert [Path(o["path"]).name for o in objects] == ["a.txt", "b.md", "c.html", "short.txt"]
    verdict = detector.score(PROSE)
    for found in (objects[0], objects[2]):  # the same text scores the same from every format
        assert found["verdict"] == verdict.verdict
        assert found["probability"] == verdict.probability
        assert found["log_odds"] == verdict.log_odds
        assert (found["words"], found["coverage"]) == (verdict.words, verdict.coverage)
        assert [PROSE[s["start"] : s["end"]] for s in found["sentences"]] == SENTENCES
        assert [s["text"] for s in found["sentences"]] == SENTENCES
        assert [s["probability"] for s in found["sentences"]] == [
            s.probability for s in verdict.sentences
        ]
    model = detector.model
    assert objects[1]["model"] == {
        "name": "student_int8", "version": model.version, "sha256": model.sha256,
    }  # fmt: skip
    short = objects[3]
    assert (short["verdict"], short["probability"], short["sentences"]) == ("too_short", None, [])


def test_sentences_come_only_when_asked_for(byline: Byline, folder: Path) -> None:
    assert "sentences" not in byline.objects(folder / "a.txt")[0]


def test_json_is_one_object_of_the_same_results(byline: Byline, folder: Path) -> None:
    whole = json.loads(byline(folder, "--format", "json").stdout)
    lines = byline.objects(folder)
    assert whole["model"] == lines[0].pop("model")
    assert whole["results"] == [{k: v for k, v in o.items() if k != "model"} for o in lines]


@pytest.mark.parametrize("jobs", [1, 4])
def test_order_does_not_depend_on_the_number_of_jobs(
    byline: Byline, tmp_path: Path, jobs: int
) -> None:
    for i in range(30):
        (tmp_path / f"{i:02}.txt").write_text(PROSE * (1 + 7 * (i % 3)), encoding="utf-8")
    for i in (0, 7, 8, 29):
        (tmp_path / f"{i:02}.txt").write_bytes(b"\0" * 10)
    objects = byline.objects(tmp_path, "--jobs", jobs)
    assert [Path(o["path"]).stem for o in objects] == [f"{i:02}" for i in range(30)]
    assert [i for i, o in enumerate(objects) if "error" in o] == [0, 7, 8, 29]


def test_windows_waits_for_no_more_than_61_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    asked = Asked(Reading(), model=None, repository=None, min_words=None, jobs=100, texts=False)
    pool = _Pool(Task(asked, None))
    assert pool._pool._max_workers == 61  # type: ignore[attr-defined]
    pool.end()


def test_table_says_verdict_in_words_and_what_it_is_worth(byline: Byline, folder: Path) -> None:
    result = byline(folder)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    short = next(line for line in lines if "short.txt" in line)
    assert "too short" in short
    assert "4 documents: " in result.stdout
    assert "evidence, not proof" in " ".join(result.stdout.split())
    least = Detector.load(byline.repository).model.spec.thresholds.min_words
    assert f"Under {least} words it is too short." in " ".join(result.stdout.split())
    assert "\x1b" not in result.stdout
    verdict = Detector.load(byline.repository).score(PROSE)
    assert verdict.probability is not None
    row = next(line for line in lines if "a.txt" in line)
    assert f"{verdict.probability:.1%}" in row


def test_table_lists_sentences_when_asked(byline: Byline, folder: Path) -> None:
    out = byline(folder / "a.txt", "--detail", "sentence").stdout
    assert all(sentence in out for sentence in SENTENCES)


def test_mistyped_path_is_refused_before_anything_is_scored(byline: Byline, folder: Path) -> None:
    result = byline(folder / "a.txt", folder / "b.mb", "--format", "jsonl")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        f"byline: no such file or folder: {folder / 'b.mb'}; did you mean {folder / 'b.md'}?\n"
    )


def test_link_that_leads_nowhere_is_called_so(byline: Byline, folder: Path) -> None:
    (folder / "link.txt").symlink_to("gone.txt")
    result = byline(folder / "link.txt")
    assert result.exit_code == 2
    assert "link.txt; it is a link to gone.txt, which is not there" in result.stderr


def test_what_is_no_file_or_no_command_is_told_how_it_is_scored(
    byline: Byline, folder: Path
) -> None:
    address = byline("https://example.com/a.html")
    assert (address.exit_code, address.stdout) == (2, "")
    assert "web addresses are not read: save the page to a file first" in address.stderr
    path = str(folder / "a.txt")
    forgotten = CliRunner().invoke(main, [path])
    assert forgotten.exit_code == 2
    assert f"byline score {path} scores it" in forgotten.stderr


def test_text_given_for_a_path_is_never_scored(byline: Byline) -> None:
    result = byline(PROSE)
    assert result.exit_code == 2
    assert "standard input: echo TEXT | byline score -" in result.stderr
    assert result.stderr.count("\n") == 1


def test_text_that_looks_like_a_pattern_is_never_scored(byline: Byline, folder: Path) -> None:
    result = byline(folder / "a.txt", "Is this text AI's?", "--format", "jsonl")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "nothing matches it as a pattern: Is this text AI's?; a text itself" in result.stderr
    assert byline.objects(folder / "*.md")[0]["path"] == str(folder / "b.md")


def test_file_of_a_list_that_is_gone_is_its_own_error(byline: Byline, folder: Path) -> None:
    names = [folder / "a.txt", folder / "gone[1].txt", folder / "b.md"]
    (folder / "list").write_text("".join(f"{name}\n" for name in names))
    result = byline("--files-from", folder / "list", "--format", "jsonl")
    assert result.exit_code == 3
    assert "gone[1].txt: can't be read (No such file or directory)" in result.stderr
    assert len(result.stdout.splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--resume"], "--resume needs --output FILE"),
        (["--id-column", "x"], "--id-column needs --text-column"),
        (["--null"], "--null is for --files-from"),
        (["--base-rate", "0.1"], "--base-rate is for --summary"),
        (["--token-file", "x"], "--token-file is for --server"),
        (["--format", "parquet"], "--format parquet is for --engine ray"),
        (["--engine", "ray", "-"], "--engine ray reads no standard input (-)"),
        (["--output", "folder/"], "--output folder/ is a folder; name a file"),
        (["--files-from", "absent"], "--files-from absent: there is no such file"),
        (["--max-size", "99999999999GB"], "is more than the most there can be, 1000GB"),
        (["--max-size", "9" * 5000], "is more than the most there can be, 1000GB"),
        (["--max-size", "big"], "is no size such as 50MB"),
        (["--exclude", "!"], "--exclude: "),
        (["--text-column", "x", "-"], "--text-column reads no standard input (-)"),
        (["--output", "absent.xlsx"], "--output absent.xlsx: .xlsx is not written; end it with"),
    ],
)
def test_options_that_do_not_go_together(
    byline: Byline, folder: Path, arguments: list[str], message: str
) -> None:
    result = byline(folder, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_rows_of_a_table_are_texts_of_their_own(byline: Byline, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'key,body\none,"{PROSE}"\ntwo\nthree,Short.\n', encoding="utf-8")
    result = byline(tmp_path, "--text-column", "body", "--id-column", "key", "--format", "jsonl")
    assert result.exit_code == 3
    objects = [json.loads(line) for line in result.stdout.splitlines()]
    assert [o["id"] for o in objects] == ["one", "2", "three"]
    assert objects[0]["log_odds"] == Detector.load(byline.repository).score(PROSE).log_odds
    assert result.stderr.startswith(f"byline: {path}: 2: has 1 fields where the header has 2")
    named = byline(path)
    assert named.exit_code == 3
    assert "name their column with --text-column" in named.stderr
    wrong = byline(path, "--text-column", "text")
    assert (wrong.exit_code, wrong.stderr) == (
        3, f"byline: {path}: has no column 'text'; there are: 'key', 'body'\n",
    )  # fmt: skip


def test_larger_files_are_read_when_allowed(byline: Byline, folder: Path) -> None:
    assert byline(folder / "a.txt", "--max-size", "100b").exit_code == 3
    assert byline(folder / "a.txt", "--max-size", "1kB").exit_code == 0


def test_included_blocks_are_scored(byline: Byline, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(f"> {PROSE}\n", encoding="utf-8")
    assert byline.objects(path)[0]["verdict"] == "too_short"
    assert byline.objects(path, "--include", "quote")[0]["verdict"] != "too_short"


def test_what_was_set_apart_is_named_where_too_little_is_left(
    byline: Byline, tmp_path: Path
) -> None:
    words = len(PROSE.split())
    quoted = "".join(f"> {line}\n" for line in PROSE.splitlines())
    for name in ("quoted.md", "quoted.txt"):
        (tmp_path / name).write_text(quoted, encoding="utf-8")
        (finding,) = byline.objects(tmp_path / name)[0]["findings"]
        assert (finding["kind"], finding["count"]) == ("set_apart", words)
        assert "--include" in finding["message"]
        assert f"set apart ({words})" in byline(tmp_path / name).stdout
        (included,) = byline.objects(tmp_path / name, "--include", "quote")
        assert (included["words"], included["findings"]) == (words, [])


@pytest.mark.parametrize("suffix", ["md", "txt", "html"])
def test_what_was_set_apart_counts_among_the_words(
    byline: Byline, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    words = len(PROSE.split())
    quote, prose = "> {}\n\n", "{}\n\n"
    if suffix == "html":
        quote, prose = "<blockquote>{}</blockquote>", "<p>{}</p>"
    for times, findings in ((1, ["set_apart"]), (5, [])):
        path.write_text(quote.format(PROSE) + prose.format(PROSE) * times, encoding="utf-8")
        (found,) = byline.objects(path)
        assert (found["words"], found["coverage"]) == (
            words * (times + 1), pytest.approx(times / (times + 1)),
        )  # fmt: skip
        assert [finding["kind"] for finding in found["findings"]] == findings


def test_another_language_gets_no_figure_and_no_colour(byline: Byline, tmp_path: Path) -> None:
    text = "Quand nous sommes rentrés hier soir, la porte était ouverte, et il pleuvait fort. " * 5
    path, page = tmp_path / "french.txt", tmp_path / "report.html"
    path.write_text(text, encoding="utf-8")
    (found,) = byline.objects(path, "--detail", "sentence")
    assert (found["verdict"], found["probability"], found["sentences"]) == ("unclear", None, [])
    summary = byline(path, "--summary", "--format", "html", "--output", page).stderr
    assert "judged 0 texts" in summary
    assert "<mark" not in page.read_text("utf-8").partition('id="documents"')[2]


def test_no_path_is_a_usage_error(byline: Byline) -> None:
    result = byline()
    assert result.exit_code == 2
    assert "PATH" in result.stderr


def test_unreadable_files_are_listed_and_the_others_scored(byline: Byline, folder: Path) -> None:
    (folder / "binary.txt").write_bytes(bytes(range(256)) * 10)
    named = folder / "image.png"
    named.write_bytes(b"\x89PNG")
    result = byline(folder, named, "--format", "jsonl")
    assert result.exit_code == 3
    objects = [json.loads(line) for line in result.stdout.splitlines()]
    errors = {Path(o["path"]).name: o["error"] for o in objects if "error" in o}
    assert set(errors) == {"binary.txt", "image.png"}
    assert all(set(o) == {"path", "error"} for o in objects if "error" in o)
    assert sum("verdict" in o for o in objects) == 4
    assert result.stderr.splitlines() == [
        f"byline: {folder / 'binary.txt'}: {errors['binary.txt']}",
        f"byline: {named}: {errors['image.png']}",
        "byline: passed over: 1 .png (not read)",
    ]
    assert "save it as" in errors["binary.txt"]
    assert ".md" in errors["image.png"]


def test_folder_with_nothing_to_read_is_a_usage_error(byline: Byline, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"PNG")
    output = tmp_path / "out.json"
    result = byline(tmp_path, "--format", "json", "--output", output)
    assert result.exit_code == 2
    assert "nothing to score" in result.stderr
    assert "passed over: 1 .png (not read)" in result.stderr
    assert "--no-ignore" not in result.stderr
    assert not output.exists()
    (tmp_path / "a.txt").write_text(PROSE)
    (tmp_path / ".gitignore").write_text("*")
    assert byline(tmp_path).stderr.endswith("or a .gitignore names all of it: --no-ignore\n")
    assert byline(tmp_path, "--no-ignore").exit_code == 0


def test_where_nothing_is_left_to_score_the_reason_is_said(byline: Byline, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("student,answer\n")
    for path in (tmp_path, tmp_path / "a.csv"):
        empty = byline(path, "--text-column", "answer")
        assert (empty.exit_code, empty.stderr) == (
            2, f"byline: nothing to score in {path}: there are no rows\n",
        )  # fmt: skip
    (tmp_path / "a.txt").write_text(PROSE)
    (tmp_path / "list").write_text(f"{tmp_path / 'a.txt'}\n")
    for paths in ([tmp_path], [tmp_path / "a.txt"], ["--files-from", tmp_path / "list"]):
        excluded = byline(*paths, "--exclude", "*.txt")
        assert excluded.exit_code == 2
        assert excluded.stderr.endswith("; or --exclude leaves out all of it\n")


@pytest.mark.parametrize(
    ("data", "verdict", "finding"),
    [
        (b"", "too_short", None),
        (b" \n\t\r\n ", "too_short", None),
        ("🙂🎉👩‍👩‍👧 ".encode() * 500, "too_short", None),
        (b"```\n" + b"for x in y: print(x)\n" * 50 + b"```\n", "too_short", None),
        (PROSE.encode() + b" \xed\xa0\x80", None, "invalid_unicode"),
        (PROSE.encode("utf-16"), None, None),
        (PROSE.replace("e", "е").encode(), None, "homoglyphs"),
    ],
    ids=["empty", "whitespace", "emoji", "code", "lone-surrogate", "utf-16", "homoglyphs"],
)
def test_odd_texts_on_standard_input(
    byline: Byline, data: bytes, verdict: str | None, finding: str | None
) -> None:
    found = byline.objects("-", given=data)[0]
    assert found["path"] == "-"
    assert verdict is None or found["verdict"] == verdict
    kinds = [f["kind"] for f in found["findings"]]
    assert kinds == ([finding] if finding else [])
    assert ("raw" in found) == (finding == "homoglyphs")


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv", "html", "sarif"])
@pytest.mark.parametrize("data", [b"", PROSE.encode() + b" \xed\xa0\x80 \x07", "🙂".encode() * 99])
def test_every_format_takes_odd_texts(byline: Byline, form: str, data: bytes) -> None:
    result = byline("-", "--format", form, "--detail", "sentence", given=data)
    assert result.exit_code == 0, result.output


def test_binary_standard_input_is_an_unreadable_file(byline: Byline) -> None:
    result = byline("-", given=bytes(range(256)))
    assert result.exit_code == 3
    assert result.stderr.startswith("byline: -: looks like binary data")


def test_standard_input_is_read_once(byline: Byline) -> None:
    result = byline("-", "-", given=b"")
    assert result.exit_code == 2
    assert "only once" in result.stderr


def test_ten_megabytes_in_one_line(byline: Byline) -> None:
    found = byline.objects("-", given=PROSE.encode() * (10_000_000 // len(PROSE)))[0]
    assert [f["kind"] for f in found["findings"]] == ["truncated"]
    assert 0.05 < found["coverage"] < 0.15


def test_word_of_100_000_characters(byline: Byline) -> None:
    found = byline.objects("-", given=b"a" * 100_000 + b" " + PROSE.encode())[0]
    assert found["verdict"] in {"ai", "human", "unclear"}


def test_min_words_raises_the_floor_and_never_lowers_it(byline: Byline, folder: Path) -> None:
    words = byline.objects(folder / "a.txt")[0]["words"]
    verdicts = [
        byline.objects(folder / "a.txt", "--min-words", n)[0]["verdict"] for n in (words, words + 1)
    ]
    assert verdicts[0] != "too_short"
    assert verdicts[1] == "too_short"
    result = byline(folder / "a.txt", "--min-words", 5)
    assert result.exit_code == 2
    assert "can only be raised" in result.stderr


@pytest.mark.parametrize("unreadable", [False, True])
def test_fail_on_ai(
    byline: Byline, folder: Path, monkeypatch: pytest.MonkeyPatch, unreadable: bool
) -> None:
    if unreadable:
        (folder / "z.txt").write_bytes(b"\0")
    otherwise = 3 if unreadable else 0
    for label, code in (("ai", 1), ("human", otherwise), ("unclear", otherwise)):
        monkeypatch.setattr("byline.detector.decide", lambda *_, label=label: label)
        assert byline(folder, "--fail-on", "ai").exit_code == code
        assert byline(folder).exit_code == otherwise


def test_models_are_chosen_by_name_and_place(
    byline: Byline, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = byline.objects(folder / "a.txt", "--model", "teacher")[0]
    assert found["model"]["name"] == "teacher"
    result = byline(folder / "a.txt", "--model", "nobody")
    assert result.exit_code == 2
    assert "no model 'nobody'" in result.stderr
    assert result.stderr.count("\n") == 1
    monkeypatch.setenv("BYLINE_MODEL_REPOSITORY", str(folder / "absent"))
    result = CliRunner().invoke(main, ["score", str(folder / "a.txt")])
    assert result.exit_code == 2
    assert str(folder / "absent") in result.stderr
    assert byline(folder / "a.txt").exit_code == 0  # the option comes before the variable


def test_output_appears_whole_or_not_at_all(
    byline: Byline, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out.jsonl"
    output.write_text("what was there")
    output.chmod(0o640)
    with monkeypatch.context() as patched:

        def interrupt(*_: object) -> str:
            assert output.read_text() == "what was there"
            raise KeyboardInterrupt

        patched.setattr("byline_cli.results.prose_of_file", interrupt)
        given = byline("-", folder, "--format", "jsonl", "--output", output, given=PROSE.encode())
    assert given.exit_code == 130
    assert output.read_text() == "what was there"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.jsonl", "texts"]
    assert byline(folder, "--format", "jsonl", "--output", output).stdout == ""
    assert len(output.read_text().splitlines()) == 4
    assert output.stat().st_mode & 0o777 == 0o640


def test_the_name_of_the_output_tells_the_format(
    byline: Byline, folder: Path, tmp_path: Path
) -> None:
    for name, begins in (
        ("out.html", "<!doctype html>"), ("out.JSON", "{"), ("out.csv", "path,"), ("out.txt", "\n"),
        ("out.htm", "<!doctype html>"), ("out.ndjson", '{"path"'),
    ):  # fmt: skip
        assert byline(folder, "--output", tmp_path / name).exit_code == 0
        assert (tmp_path / name).read_text("utf-8").lstrip(" ").startswith(begins), name
    byline(folder, "--output", tmp_path / "out.html", "--format", "jsonl")
    assert (tmp_path / "out.html").read_text("utf-8").startswith('{"path"')
    assert byline(folder, "--output", tmp_path / "out.tsv", "--format", "csv").exit_code == 0


def test_journal_that_stays_for_what_was_not_read_is_told_of(
    byline: Byline, folder: Path, tmp_path: Path
) -> None:
    output = tmp_path / "report.html"
    journal = tmp_path / "report.html.journal"
    (folder / "broken.pdf").write_bytes(b"%PDF")
    result = byline(folder, "--format", "html", "--output", output)
    assert result.exit_code == 3
    assert journal.exists()  # it holds the texts, as the report does
    assert result.stderr.splitlines()[-1] == (
        f"byline: 4 texts done; the same command with --resume goes on from there ({journal})"
    )
    for path in folder.rglob("*.*"):
        path.write_bytes(b"\0")
    result = byline(folder, "--format", "html", "--output", output)
    assert result.exit_code == 3
    assert not journal.exists()
    assert "--resume" not in result.stderr


def test_output_through_a_link_or_into_a_device(
    byline: Byline, folder: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link.txt"
    link.symlink_to(tmp_path / "real.txt")
    assert byline(folder, "--output", link).exit_code == 0
    assert link.is_symlink()
    assert "4 documents" in (tmp_path / "real.txt").read_text(encoding="utf-8")
    assert byline(folder, "--output", os.devnull).exit_code == 0
    assert not Path(os.devnull).is_file()


def test_output_that_cannot_be_written_is_refused_first(
    byline: Byline, folder: Path, tmp_path: Path
) -> None:
    for output in (tmp_path, tmp_path / "absent/out.json"):
        result = byline(folder, "--output", output)
        assert result.exit_code == 2
        assert result.stderr.startswith(f"byline: --output {output}")


def test_list_of_the_files_is_not_overwritten(byline: Byline, folder: Path) -> None:
    listing = folder / "list"
    listing.write_text(f"{folder / 'a.txt'}\n")
    result = byline("--files-from", listing, "--output", listing)
    assert result.exit_code == 2
    assert "is the list of --files-from; name another file" in result.stderr
    assert listing.read_text() == f"{folder / 'a.txt'}\n"


def test_output_in_a_folder_that_takes_no_file_is_refused_first(
    byline: Byline, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out.csv"
    output.write_text("of a run before")
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != tmp_path)
    result = byline(folder, "--output", output)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert f"--output {output}: {tmp_path} lets no file be made in it" in result.stderr
    assert byline(folder, "--output", os.devnull).exit_code == 0


def test_report_in_the_folder_is_not_scored_the_next_time(byline: Byline, folder: Path) -> None:
    for _ in range(2):
        output = folder / "report.html"
        assert byline(folder, "--format", "html", "--output", output).exit_code == 0
        assert "4 documents" in output.read_text(encoding="utf-8")


def test_names_that_are_no_text_break_no_format(byline: Byline, folder: Path) -> None:
    names = ["new\nline.txt", "esc\x1b[31m.txt", "<b>&amp;.txt", os.fsdecode(b"bytes\xff.txt")]
    for name in names:
        (folder / name).write_text(PROSE, encoding="utf-8")
    files = [folder / name for name in names]
    assert [o["path"] for o in byline.objects(*files)] == [str(file) for file in files]
    table = byline(*files).stdout
    assert r"new\nline.txt" in table
    assert r"bytes\xff.txt" in table
    assert "\x1b" not in table
    page = byline(*files, "--format", "html").stdout
    assert "&lt;b&gt;&amp;amp;.txt" in page
