"""The command as a process: pipes, signals, terminals, and what a start costs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

COMMAND = [sys.executable, "-m", "byline_cli.main"]
PROSE = (
    "The boat was late, and we waited on the pier with our bags until it was dark. Nobody had "
    "said that it would be so cold there, so my brother gave me his coat. In the end a man came "
    "out of the office and told us to go home and try again. "
)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text(PROSE, encoding="utf-8")
    return path


def run(
    *arguments: object, environment: dict[str, str], given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=environment, input=given, capture_output=True, check=False, timeout=60,
    )  # fmt: skip


def test_the_package_run_as_a_module_is_the_command(environment: dict[str, str]) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "byline", "models", "list"], env=environment, capture_output=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"student_int8" in result.stdout


def test_scores_a_file_and_prints_no_progress_into_a_pipe(
    environment: dict[str, str], tmp_path: Path
) -> None:
    for i in range(3):
        (tmp_path / f"{i}.txt").write_text(PROSE, encoding="utf-8")
    result = run("score", tmp_path, environment=environment)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"3 documents" in result.stdout
    assert b"\x1b" not in result.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes of POSIX")
def test_lines_stream_and_an_interrupt_is_quiet(environment: dict[str, str], text: Path) -> None:
    command = [*COMMAND, "score", str(text), "-", "--format", "jsonl", "--jobs", "1"]
    # A shell's background jobs, and what they start, ignore the interrupt: here it must count.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        command, env=environment, stdin=-1, stdout=-1, stderr=-1, preexec_fn=heed
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        # The first answer comes although standard input, the second text, has not ended.
        assert json.loads(process.stdout.readline())["path"] == str(text)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr.read() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes of POSIX")
@pytest.mark.parametrize("form", ["jsonl", "json", "csv", "sarif", "table", "html"])
def test_closed_pipe_is_quiet(environment: dict[str, str], text: Path, form: str) -> None:
    command = [*COMMAND, "score", *[str(text)] * 200, "--format", form, "--detail", "sentence"]
    with subprocess.Popen(command, env=environment, stdout=-1, stderr=-1) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(20)
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""


def test_a_text_is_never_written_over(environment: dict[str, str], text: Path) -> None:
    before = text.read_bytes()
    result = subprocess.run(
        [*COMMAND, "score", str(text), "--output", str(text)],
        env=environment, stderr=-1, check=False, timeout=60,
    )  # fmt: skip
    assert result.returncode == 2
    assert b"name another file" in result.stderr
    assert text.read_bytes() == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_full_disk_is_one_line(environment: dict[str, str], text: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            [*COMMAND, "score", str(text)],
            env=environment, stdout=full, stderr=-1, check=False, timeout=60,
        )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr == b"byline: No space left on device\n"


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals of POSIX")
def test_terminal_of_80_columns(environment: dict[str, str], tmp_path: Path) -> None:
    import fcntl
    import pty
    import struct
    import termios

    folder = tmp_path / ("a-folder-with-a-long-name-" * 3)
    folder.mkdir()
    for i in range(3):
        (folder / f"{i}.txt").write_text(PROSE, encoding="utf-8")
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    env = {**environment, "TERM": "xterm-256color"}
    env.pop("COLUMNS", None)
    with subprocess.Popen(
        [*COMMAND, "score", str(folder)], env=env, stdout=child, stderr=-1
    ) as process:
        os.close(child)
        chunks = []
        while chunk := _read(parent):
            chunks.append(chunk)
        assert process.wait(60) == 0
    os.close(parent)

    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", b"".join(chunks).decode())
    assert b"\x1b[" in b"".join(chunks)  # colours, which a pipe doesn't get
    assert "2.txt " in plain
    assert max(map(len, plain.splitlines())) <= 80


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # how Linux says that a terminal's other end is closed
        return b""


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names must be UTF-8 there")
def test_undecodable_name(environment: dict[str, str], tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff\n.txt"
    Path(os.fsdecode(name)).write_text(PROSE, encoding="utf-8")
    for encoding in ("utf-8", "ascii"):
        env = {**environment, "PYTHONIOENCODING": encoding}
        found = json.loads(run("score", tmp_path, "--format", "jsonl", environment=env).stdout)
        assert os.fsencode(found["path"]) == name
        table = run("score", tmp_path, environment=env)
        assert (table.returncode, table.stderr) == (0, b"")
        assert rb"\xff\n.txt" in table.stdout


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_named_pipe_is_refused_without_waiting(environment: dict[str, str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    result = run("score", tmp_path / "pipe.txt", environment=environment)
    assert result.returncode == 3
    assert b"is a named pipe" in result.stderr


def test_help_and_version_import_no_runtime_and_no_plugin() -> None:
    code = (
        "import sys; from byline_cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'onnxruntime', 'rich', 'jinja2', 'trafilatura', 'markdown_it', "
        "'byline_training', 'byline_server', 'flask'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert result.stderr.decode().strip() == "[]"
    assert b"train" in result.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="no resource usage there")
def test_cold_start_takes_under_a_second_of_cpu(environment: dict[str, str], text: Path) -> None:
    import resource

    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = run("score", text, "--format", "jsonl", environment=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert result.returncode == 0
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(times) < 1


def test_closed_standard_output_is_named(text: Path) -> None:
    result = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *COMMAND, "score", str(text)],
        stderr=subprocess.PIPE, check=False, timeout=60,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (
        2, b"byline: standard output is closed; name an --output\n",
    )  # fmt: skip


@pytest.mark.parametrize(("arguments", "code"), [(("-",), 3), (("--files-from", "-"), 2)])
def test_closed_standard_input_is_named(
    environment: dict[str, str], arguments: tuple[str, ...], code: int
) -> None:
    done = subprocess.run(
        [*COMMAND, "score", *arguments],
        env=environment, preexec_fn=partial(os.close, 0), capture_output=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == code
    assert b"standard input is closed" in done.stderr
