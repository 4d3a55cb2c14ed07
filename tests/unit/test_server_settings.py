"""Settings: one table, from which the command, its variables and the documentation are made."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from byline import InputError
from byline.processors import processors
from byline_server.command import serve
from byline_server.settings import Settings, checked, described, is_loopback, option, variable

pytestmark = pytest.mark.unit


def test_help_has_every_option_and_variable() -> None:
    result = CliRunner().invoke(serve, ["--help"], terminal_width=200)
    shown = " ".join(result.output.split())
    for name, about in described().items():
        assert about.help.rstrip(".") in shown or not about.option
        assert (f"{option(name)} " in shown) == about.option
        assert re.search(rf"\b{variable(name)}\b", shown), name


def test_the_documentation_has_every_setting(repository_root: Path) -> None:
    page = (repository_root / "docs" / "server.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(BYLINE_\w+)` \| (.+) \|$", page, re.MULTILINE))
    assert set(rows) == {variable(field.name) for field in dataclasses.fields(Settings)}
    for field in dataclasses.fields(Settings):
        about = described()[field.name]
        shown, default, text = rows[variable(field.name)].split(" | ")
        assert shown == (f"`{option(field.name)}`" if about.option else "")
        values = field.default if isinstance(field.default, tuple) else (field.default,)
        assert default == " ".join(f"`{v}`" for v in values if v not in ("", None))
        assert text == about.help


def test_a_token_is_needed_where_others_can_reach_us() -> None:
    with pytest.raises(InputError, match=r"set a token.*--token-file.*BYLINE_TOKEN"):
        checked(Settings(host="0.0.0.0"))
    with pytest.raises(InputError, match="could guess a token of 15 characters"):
        checked(Settings(host="0.0.0.0", token="x" * 15))
    assert checked(Settings(host="0.0.0.0", token="x" * 16)).token == "x" * 16
    assert checked(Settings(token="x")).token == "x"
    for host in ("127.0.0.1", "127.1.2.3", "::1", "localhost", "LocalHost"):
        assert checked(Settings(host=host)).host == host
    assert checked(Settings(host="[::1]")).host == "::1"  # or its own URL would not be one
    for host in ("::", "10.0.0.1", "localhost.example", "example", "", "127.0.0.1.example"):
        assert not is_loopback(host)


def test_the_token_comes_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("  s3cret \nand a note\n", "utf-8")
    assert checked(Settings(token_file=file)).token == "s3cret"
    for content in ("", "\n", "   \nx"):
        file.write_text(content, "utf-8")
        with pytest.raises(InputError, match="holds no token"):
            checked(Settings(token_file=file))
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="can't be read"):
        checked(Settings(token_file=file))
    with pytest.raises(InputError, match="can't be read"):
        checked(Settings(token_file=tmp_path / "none"))
    with pytest.raises(InputError, match="printable ASCII"):
        checked(Settings(token="näh"))


def test_blanks_around_a_token_are_no_part_of_it() -> None:
    assert checked(Settings(token=" s3 cret\n")).token == "s3 cret"
    with pytest.raises(InputError, match="could guess a token of 1 character"):
        checked(Settings(host="0.0.0.0", token="x" + " " * 20))
    for blank in (" ", "\t\n"):
        with pytest.raises(InputError, match="BYLINE_TOKEN holds only blanks"):
            checked(Settings(token=blank))


def test_a_name_or_an_origin_that_can_match_nothing_is_refused() -> None:
    for name in ("https://byline.example", "byline.example/", "byline.example/score", "*",
                 "*.byline.example", "a.example,b.example"):  # fmt: skip
        with pytest.raises(InputError, match=r"--allow-host .*: give one name alone"):
            checked(Settings(allow_host=("other.example", name)))
    for origin in ("chrome-extension://abc/", "moz-extension://abc/options.html", "abc", "x://"):
        with pytest.raises(InputError, match=r"--allow-origin .*: give scheme and name"):
            checked(Settings(allow_origin=("moz-extension://*", origin)))
    names = ("byline.example", "byline.example:8443", "::1", "[2001:db8::1]:80")
    origins = ("*", "*://abc", "chrome-extension://abc", "https://byline.example:8443")
    assert checked(Settings(allow_host=names, allow_origin=origins)).allow_host == names


def test_the_command_line_takes_no_token() -> None:
    result = CliRunner().invoke(serve, ["--token", "secret"])
    assert result.exit_code == 2
    assert "No such option" in result.output


@pytest.mark.parametrize(
    "arguments",
    [["--port", "-1"], ["--port", "x"], ["--log-format", "xml"], ["--threads", "0"],
     ["--max-body-mb", "0"], ["--model-control", "poll"]],
)  # fmt: skip
def test_values_that_make_no_sense(arguments: list[str]) -> None:
    result = CliRunner().invoke(serve, arguments)
    assert result.exit_code == 2
    assert "Invalid value" in result.output


def test_workers_are_as_many_as_processors_unless_set() -> None:
    assert Settings().worker_count == processors()
    assert Settings(workers=7).worker_count == 7


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("max 100000\n", 8), ("250000 100000\n", 2), ("10000 100000\n", 1), ("1600000 100000\n", 8),
     ("", 8), (None, 8)],
)  # fmt: skip
def test_a_container_may_use_fewer_processors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str | None, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(8), raising=False)
    file = tmp_path / "cpu.max"
    if quota is not None:
        file.write_text(quota, "ascii")
    assert processors(file) == expected


@pytest.mark.parametrize("port", ["-1", "65536", "99999"])  # the system would take it modulo 65,536
def test_a_port_that_is_none_is_refused(port: str) -> None:
    result = CliRunner().invoke(serve, ["--port", port])
    assert result.exit_code == 2
    assert "0<=x<=65535" in result.output
