"""Files of many texts, a row each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from byline import InputError
from byline_cli.readers.files import Reading
from byline_cli.readers.records import Row, rows

pytestmark = pytest.mark.unit
HOW = Reading(text_column="text", id_column="id")


def read(path: Path, content: str | bytes, how: Reading = HOW) -> list[Row]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(rows(path, how))


@pytest.mark.parametrize(
    ("name", "mark"), [("a.csv", ","), ("a.csv", ";"), ("a.csv", "|"), ("a.tsv", "\t")]
)
def test_tables_are_read_row_by_row(tmp_path: Path, name: str, mark: str) -> None:
    lines = ["id,text,more", 'one,"A ""text"", of\ntwo lines.",x', "", "two,Another.,y"]
    content = "\r\n".join(lines).replace(",", mark)
    assert read(tmp_path / name, content) == [
        Row("one", f'A "text"{mark} of\ntwo lines.'),
        Row("two", "Another."),
    ]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_tables_in_other_encodings(tmp_path: Path, encoding: str) -> None:
    content = "id,text\n" + "1,“Café” – a naïve text.\n" * 20
    found = read(tmp_path / "a.csv", content.encode(encoding))
    assert {row.text for row in found} == {"“Café” – a naïve text."}


@pytest.mark.parametrize(
    ("encoding", "letters"), [("utf-8", "€"), ("cp1252", "“Café” – a naïve text")]
)
@pytest.mark.parametrize("before", [20, 199_999, 200_000, 399_998, 700_000])
@pytest.mark.parametrize("after", [0, 250_000])
def test_encoding_is_told_by_letters_far_from_the_beginning(
    tmp_path: Path, encoding: str, letters: str, before: int, after: int
) -> None:
    line = "1,An English text.\n"
    rows = "id,text\n" + line * (before // len(line) - 1)
    text = "a" * (before - len(rows) - 2) + letters + "b" * after
    found = read(tmp_path / "a.csv", f"{rows}2,{text}".encode(encoding))
    assert found[-1].text == text


def test_first_line_that_tells_excel_the_separator_is_no_header(tmp_path: Path) -> None:
    for first in ("sep=;\r\n", "SEP=;\n"):
        assert read(tmp_path / "a.csv", f"{first}id;text\r\none;A, b.\r\n") == [Row("one", "A, b.")]
    with pytest.raises(InputError, match="is empty"):
        read(tmp_path / "a.csv", "sep=;\n")


@pytest.mark.parametrize("name", ['"What, in ""your"", own, words, is X?"', '"a,\nb,c"', '5", a'])
def test_marks_within_a_name_do_not_divide_the_columns(tmp_path: Path, name: str) -> None:
    assert read(tmp_path / "a.csv", f"id;{name};text\none;x;A, b.\n") == [Row("one", "A, b.")]


def test_name_of_a_column_shows_its_spaces(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column 'text'; there are: 'id', ' text'"):
        read(tmp_path / "a.csv", "id, text\none, A.\n")


def test_blank_lines_before_the_header_are_none(tmp_path: Path) -> None:
    for blank in ("\n", "\r\n \r\n", "\nsep=,\n\n"):
        found = read(tmp_path / "a.csv", f"{blank}id,text\none,A.\n")
        assert found == [Row("one", "A.")]
    with pytest.raises(InputError, match="is empty"):
        read(tmp_path / "a.csv", "\n\n")


@pytest.mark.parametrize("start", ["[\n", "\ufeff [{"])
def test_array_of_json_is_refused_once(tmp_path: Path, start: str) -> None:
    with pytest.raises(InputError, match="is an array, not an object a line; jq"):
        read(tmp_path / "a.jsonl", start + '{"id": "one", "text": "A."}\n]\n')


def test_pairs_of_surrogates_in_json_lines_are_one_character(tmp_path: Path) -> None:
    encoded = b'{"id": "1", "text": "\xed\xa0\xbd\xed\xb8\x80 and \xed\xa0\xbd"}\n'
    assert read(tmp_path / "a.jsonl", encoded) == [Row("1", "\U0001f600 and \ud83d")]


def test_broken_row_is_a_problem_of_its_own(tmp_path: Path) -> None:
    found = read(tmp_path / "a.csv", 'id,text\n1,Good.\n2,too,many\n3,a"b\n4,"x"y\n5,Good.\n')
    assert [row.id for row in found] == ["1", "2", "3", "4", "5"]
    assert [row.problem is None for row in found] == [True, False, True, False, True]
    assert "3 fields where the header has 2" in str(found[1].problem)
    assert "quotation marks" in str(found[3].problem)
    open_quote = read(tmp_path / "a.csv", 'id,text\n1,Good.\n2,"never closed\n3,lost\n')
    assert [row.problem is None for row in open_quote] == [True, False]


def test_missing_column_names_those_there_are(tmp_path: Path) -> None:
    for name, content in (
        ("a.csv", "id,body\n1,Text.\n"),
        ("a.csv", "text,body\n1,Text.\n"),
    ):
        with pytest.raises(InputError, match=r"has no column '\w+'; there are: '\w+', 'body'"):
            read(tmp_path / name, content)
    with pytest.raises(InputError, match="is empty"):
        read(tmp_path / "a.csv", "")


def test_rows_are_numbered_without_an_id_column(tmp_path: Path) -> None:
    how = Reading(text_column="text")
    assert [r.id for r in read(tmp_path / "a.csv", "text\na\nb\n", how)] == ["1", "2"]
    lines = '{"text": "a"}\n\n{"text": "b"}\n'
    assert [r.id for r in read(tmp_path / "a.jsonl", lines, how)] == ["1", "3"]


def test_json_lines(tmp_path: Path) -> None:
    lines = [
        '\ufeff{"id": 7, "text": "A text."}', "not json", "[1]", '{"id": 8}', '{"text": "x"}',
        '{"id": 9, "text": null}', '{"id": 10, "text": "Lone \\ud800."}', "[" * 100_000,
    ]  # fmt: skip
    found = read(tmp_path / "a.jsonl", "\n".join(lines))
    assert found[0] == Row("7", "A text.")
    assert found[6] == Row("10", "Lone \ud800.")
    problems = [row.problem or "" for row in found]
    assert [i for i, problem in enumerate(problems) if problem] == [1, 2, 3, 4, 5, 7]
    assert problems[1].startswith("is not JSON (")
    assert problems[2] == "is not a JSON object"
    assert problems[3] == "has no column 'text'; there are: 'id'"
    assert problems[4] == "has no column 'id'; there are: 'text'"
    assert problems[5] == "has no text in 'text' but null"
    assert problems[7].startswith("is not JSON (")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_json_lines_of_windows_programs(tmp_path: Path, encoding: str, newline: str) -> None:
    lines = newline.join(f'{{"id": {i}, "text": "“Café” – a naïve text."}}' for i in range(20))
    found = read(tmp_path / "a.jsonl", (lines + newline).encode(encoding))
    assert found == [Row(str(i), "“Café” – a naïve text.") for i in range(20)]


def test_encoding_of_json_lines_is_told_by_all_of_them(tmp_path: Path) -> None:
    said = ["it’s fine", "The author’s main point is clear.", "A naïve text."] * 9
    lines = "".join(f'{{"id": 1, "text": "{text}"}}\n' for text in said)
    assert [row.text for row in read(tmp_path / "a.jsonl", lines.encode("cp1252"))] == said
    damaged = b'{"id": 1, "text": "it\x92s fine"}\n'
    found = read(tmp_path / "a.jsonl", lines.encode() + damaged)
    assert [row.text for row in found] == [*said, "it\udc92s fine"]


def test_line_of_json_in_no_encoding_is_a_problem_of_its_own(tmp_path: Path) -> None:
    good = b'{"id": 1, "text": "A text."}\n'
    bad = b'\xff\x00"\x81\0\xfe\n' + b"\0" * 50 + b"\n"
    found = read(tmp_path / "a.jsonl", good + bad + good)
    assert [row.problem is None for row in found] == [True, False, False, True]


def test_value_that_is_no_text_is_named_as_json_has_it(tmp_path: Path) -> None:
    values = ["null", "7", "false", '["A."]', '{"a": "A."}']
    lines = "\n".join(f'{{"id": 1, "text": {value}}}' for value in values)
    found = [str(row.problem) for row in read(tmp_path / "a.jsonl", lines)]
    kinds = ["null", "a number", "true or false", "an array", "an object"]
    assert found == [f"has no text in 'text' but {kind}" for kind in kinds]


def test_line_longer_than_allowed_is_skipped(tmp_path: Path) -> None:
    line = json.dumps({"id": 1, "text": "a" * 5000})
    how = Reading(text_column="text", id_column="id", max_bytes=1000)
    found = read(tmp_path / "a.jsonl", f'{line}\n{{"id": 2, "text": "b"}}\n', how)
    assert [(row.id, row.text) for row in found] == [("1", ""), ("2", "b")]
    assert found[0].problem == "is larger than --max-size allows"
    for long in ("a" * 5000, f'"{"a" * 900}\n{"a" * 900}"'):  # in one line, in two
        found = read(tmp_path / "a.csv", f"id,text\n1,{long}\n2,b\n", how)
        assert "larger than" in str(found[0].problem)
        assert found[-1] == Row("2", "b")
    many = ",".join(f'"{"c" * 80}\n"' for _ in range(20))
    found = read(tmp_path / "a.csv", f"id,text\n1,{many}\n", how)
    assert "larger than" in str(found[0].problem)
    with pytest.raises(InputError, match=r"broken first line .*larger than --max-size"):
        read(tmp_path / "a.csv", "a" * 5000, how)


def test_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    path = tmp_path / "a.parquet"
    table = pa.table({"id": list(range(600)), "text": ["A text."] * 599 + [None]})
    parquet.write_table(table, path)
    found = list(rows(path, HOW))
    assert found[0] == Row("0", "A text.")
    assert len(found) == 600
    assert found[-1].problem == "has no text in 'text' but null"
    with pytest.raises(InputError, match="has no column 'body'; there are: 'id', 'text'"):
        list(rows(path, Reading(text_column="body")))
    whole = path.read_bytes()
    path.write_bytes(whole[:-60] + b"\xff" * 50 + whole[-10:])
    with pytest.raises(InputError, match=r"can't be read \(Couldn't deserialize"):
        list(rows(path, HOW))
    path.write_bytes(b"PAR1 not parquet")
    with pytest.raises(InputError, match="is not Parquet or a damaged one"):
        list(rows(path, HOW))


def test_size_of_a_row_is_counted_in_bytes(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    texts = ["é" * 450, "é" * 501, "a"]
    lines = "".join(f'{{"text": "{text}"}}\n' for text in texts)
    (tmp_path / "a.jsonl").write_text(lines, encoding="utf-8")
    (tmp_path / "a.csv").write_text("text\n" + "\n".join(texts), encoding="utf-8")
    parquet.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    for suffix in ("jsonl", "csv", "parquet"):
        found = list(rows(tmp_path / f"a.{suffix}", Reading(text_column="text", max_bytes=1000)))
        assert [row.text for row in found] == [texts[0], "", "a"], suffix
        assert "larger than --max-size allows" in str(found[1].problem), suffix


def test_few_bytes_of_parquet_do_not_fill_the_memory(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    path = tmp_path / "a.parquet"
    table = pa.table({"text": ["a" * 100_000] * 256})
    parquet.write_table(table, path, compression="zstd")
    assert path.stat().st_size < 2000
    how = Reading(text_column="text", max_bytes=1_000_000)
    before = pa.total_allocated_bytes()
    for row in rows(path, how):
        assert len(row.text) == 100_000
        assert pa.total_allocated_bytes() - before < 5_000_000
    parquet.write_table(table, path, compression="zstd", use_dictionary=False)
    with pytest.raises(InputError, match="unpacks to more than 1 MB"):
        list(rows(path, how))
    assert len(list(rows(path, Reading(text_column="text")))) == 256


def test_parquet_without_pyarrow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"pip install '\.\[parquet\]'"):
        list(rows(tmp_path / "a.parquet", HOW))
