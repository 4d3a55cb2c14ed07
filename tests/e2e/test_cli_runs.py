"""Long runs of `byline score` as processes: killed, resumed, interrupted, short of disk."""

from __future__ import annotations

import json
import os
import pty
import random
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="signals and /proc of Linux"),
]

COMMAND = [sys.executable, "-m", "byline_cli.main", "score"]
PROSE = (
    "The boat was late, and we waited on the pier with our bags until it was dark. Nobody had "
    "said that it would be so cold there, so my brother gave me his coat. In the end a man came "
    "out of the office and told us to go home and try again. "
)


def folder_of(count: int, place: Path) -> Path:
    """A folder of so many files of five kinds, each with words of its own."""
    place.mkdir()
    for i in range(count):
        text = f"This is number {i}. {PROSE}"
        name, content = [
            ("txt", text), ("md", f"# A heading\n\n{text}"), ("html", f"<p>{text}</p>"),
            ("rtf", rf"{{\rtf1 {text}\par}}"), ("txt", text * 3),
        ][i % 5]  # fmt: skip
        (place / f"{i:05}.{name}").write_text(content, encoding="utf-8")
    return place


def run(
    *arguments: object,
    environment: dict[str, str],
    given: bytes = b"",
    before: Callable[[], object] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=environment, input=given, capture_output=True, check=False, timeout=240,
        preexec_fn=before,
    )  # fmt: skip


def lines_of(path: Path) -> int:
    return len(path.read_bytes().splitlines()) if path.exists() else 0


def test_killed_five_times_and_resumed_it_equals_an_undisturbed_run(
    environment: dict[str, str], tmp_path: Path
) -> None:
    texts = folder_of(1500, tmp_path / "texts")
    undisturbed = tmp_path / "undisturbed.jsonl"
    arguments = [texts, "--format", "jsonl", "--detail", "sentence", "--jobs", 2]
    started = time.monotonic()
    whole = run(*arguments, "--output", undisturbed, environment=environment)
    assert (whole.returncode, whole.stderr) == (0, b"")
    took = time.monotonic() - started

    output = tmp_path / "out.jsonl"
    command = [*COMMAND, *map(str, arguments), "--output", str(output), "--resume"]
    moments = random.Random(7)
    finished: list[int] = []
    journal = tmp_path / "out.jsonl.journal"
    for attempt in range(5):
        before = finished[-1] if finished else 0
        with subprocess.Popen(command, env=environment) as process:
            if attempt:  # the first may be killed before anything is done
                wait_for(lambda before=before: lines_of(journal) > before)  # type: ignore[misc]
            time.sleep(moments.random() * took / 8)
            process.kill()
        assert not output.exists()
        finished.append(lines_of(journal))
    assert finished == sorted(finished)
    assert 4 < finished[-1] < 1500
    assert run(*arguments, "--output", output, "--resume", environment=environment).returncode == 0
    assert output.read_bytes() == undisturbed.read_bytes()
    paths = [json.loads(line)["path"] for line in output.read_text("utf-8").splitlines()]
    assert paths == sorted(str(path) for path in texts.iterdir())
    # Nothing is left: no journal, no half-written output, and soon no process.
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.jsonl", "texts", "undisturbed.jsonl"]


def test_workers_end_with_a_killed_run(
    environment: dict[str, str],
    tmp_path: Path,
    descendants: Callable[[int], list[int]],
) -> None:
    texts = folder_of(300, tmp_path / "texts")
    with subprocess.Popen(
        [*COMMAND, str(texts), "-", "--jobs", "2"], env=environment, stdin=-1, stdout=-1
    ) as process:
        wait_for(lambda: len(descendants(process.pid)) >= 3)
        below = descendants(process.pid)
        process.kill()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_killed_worker_costs_no_result(
    environment: dict[str, str],
    tmp_path: Path,
    descendants: Callable[[int], list[int]],
) -> None:
    texts = folder_of(400, tmp_path / "texts")
    expected = run(texts, "--format", "jsonl", "--jobs", 1, environment=environment)
    with subprocess.Popen(
        [*COMMAND, str(texts), "--format", "jsonl", "--jobs", "2"],
        env=environment, stdout=-1, stderr=-1,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        first = process.stdout.readline()
        for pid in descendants(process.pid)[-2:]:
            os.kill(pid, signal.SIGKILL)
        rest, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, b"")
    assert first + rest == expected.stdout


def test_file_that_crashes_its_reader_is_named_and_the_others_are_scored(tmp_path: Path) -> None:
    script = tmp_path / "crash.py"
    script.write_text(
        textwrap.dedent("""
        import os
        from dataclasses import dataclass
        from pathlib import Path
        from byline_cli.engine import Asked
        from byline_cli.inputs import Input
        from byline_cli.readers.files import Reading
        from byline_cli.results import Result
        from byline_cli.work import Task, run

        @dataclass(frozen=True)
        class Crashing(Task):
            def ready(self):
                def work(given):
                    if "bad" in given.name:
                        os._exit(9)
                    return Result(given.name, text="read")
                return work

        if __name__ == "__main__":
            names = [f"bad{i}" if i in (5, 20) else f"good{i}" for i in range(40)]
            inputs = (Input(name, Path(name)) for name in names)
            task = Crashing(Asked(Reading(), None, None, None, jobs=2, texts=True), None)
            results = [result for _, result in run(task, task.ready, inputs, lambda _: None)]
            assert [r.name for r in results] == names
            assert [r.name for r in results if r.error] == ["bad5", "bad20"]
            assert "crashed its reader" in results[5].error
            assert all(r.text == "read" for r in results if not r.error)
            print("done")
        """)
    )
    result = subprocess.run(
        [sys.executable, str(script)], capture_output=True, check=False, timeout=120, text=True
    )
    assert (result.returncode, result.stdout) == (0, "done\n"), result.stderr


def ended(
    process: subprocess.Popen[bytes],
    journal: Path,
    descendants: Callable[[int], list[int]],
    end: Callable[[], None],
) -> int:
    """The exit code of a run that is ended as it scores: it says how to go on, and none is left."""
    with process:
        wait_for(lambda: journal.exists() and journal.stat().st_size > 5000)
        below = descendants(process.pid)
        end()
        _, errors = process.communicate(timeout=30)
    assert b"the same command with --resume goes on from there" in errors
    assert errors.count(b"\n") == 1
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))
    return process.returncode


def test_interrupt_ends_all_processes_and_says_how_to_go_on(
    environment: dict[str, str],
    tmp_path: Path,
    descendants: Callable[[int], list[int]],
) -> None:
    texts = folder_of(1000, tmp_path / "texts")
    output = tmp_path / "out.csv"
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    arguments = [str(texts), "--format", "csv", "--jobs", "2", "--output", str(output)]
    journal = tmp_path / "out.csv.journal"
    process = subprocess.Popen(
        [*COMMAND, *arguments], env=environment, stderr=-1, preexec_fn=heed, start_new_session=True
    )
    # As a terminal does, to all of them.
    code = ended(process, journal, descendants, lambda: os.killpg(process.pid, signal.SIGINT))
    assert code == 130
    # Another model or option would give other results.
    other = run(*arguments, "--resume", "--min-words", 60, environment=environment)
    assert other.returncode == 2
    assert b"is of a run with another --min-words" in other.stderr
    changed = next(texts.glob("00000.*"))
    changed.write_text("Now it is short.", encoding="utf-8")
    resumed = run(*arguments, "--resume", environment=environment)
    assert (resumed.returncode, resumed.stderr) == (0, b"")
    fresh = run(*arguments[:-1], tmp_path / "fresh.csv", environment=environment)
    assert fresh.returncode == 0
    assert output.read_bytes() == (tmp_path / "fresh.csv").read_bytes()


def test_told_to_end_a_run_leaves_nothing_but_its_journal(
    environment: dict[str, str],
    tmp_path: Path,
    descendants: Callable[[int], list[int]],
) -> None:
    texts = folder_of(1000, tmp_path / "texts")
    output = tmp_path / "out.csv"
    journal = tmp_path / "out.csv.journal"
    arguments = [str(texts), "--jobs", "2", "--output", str(output)]
    process = subprocess.Popen([*COMMAND, *arguments], env=environment, stderr=-1)
    # As `timeout` does, and a machine that goes down.
    assert ended(process, journal, descendants, process.terminate) == 143
    assert sorted(path.name for path in tmp_path.iterdir()) == [journal.name, texts.name]


def test_two_runs_do_not_write_one_output(environment: dict[str, str], tmp_path: Path) -> None:
    texts = folder_of(20, tmp_path / "texts")
    arguments = [str(texts), "-", "--output", str(tmp_path / "out.txt"), "--jobs", "1"]
    with subprocess.Popen([*COMMAND, *arguments], env=environment, stdin=-1) as process:
        wait_for(lambda: (tmp_path / "out.txt.journal").exists())
        second = run(*arguments, environment=environment)
        process.communicate(b"", timeout=60)
    assert process.returncode == 0
    assert second.returncode == 2
    assert b"is in use: another run writes the same output" in second.stderr


def test_full_disk_keeps_what_was_there_and_what_was_scored(
    environment: dict[str, str], tmp_path: Path
) -> None:
    texts = folder_of(300, tmp_path / "texts")
    output = tmp_path / "out.jsonl"
    output.write_text("what was there")
    arguments = [texts, "--format", "jsonl", "--output", output]
    # A file may grow to 60 kB, then writing fails: a full disk for those who may not fill one.
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (60_000, 60_000))
    result = run(*arguments, environment=environment, before=limit)
    assert result.returncode == 2
    lines = result.stderr.decode().splitlines()
    assert any("File too large" in line for line in lines)
    assert any("--resume goes on from there" in line for line in lines)
    assert output.read_text() == "what was there"
    resumed = run(*arguments, "--resume", environment=environment)
    assert (resumed.returncode, resumed.stderr) == (0, b"")
    assert len(output.read_text("utf-8").splitlines()) == 300


def test_files_that_go_or_may_not_be_read_are_listed_in_mid_run(
    environment: dict[str, str], tmp_path: Path
) -> None:
    texts = folder_of(4, tmp_path / "texts")
    names = sorted(str(path) for path in texts.iterdir())
    shut = texts / "shut"
    shut.mkdir()
    (shut / "x.txt").write_text(PROSE)
    Path(names[3]).chmod(0)
    shut.chmod(0)
    command = [*COMMAND, names[0], "-", *names[1:], str(shut), "--format", "jsonl", "--jobs", "1"]
    if os.geteuid() == 0:  # who may read everything, unless these two rights are taken away
        assert shutil.which("setpriv"), "apt-get install util-linux"
        rights = "-dac_override,-dac_read_search"
        command = ["setpriv", "--bounding-set", rights, "--inh-caps", rights, *command]
    try:
        with subprocess.Popen(command, env=environment, stdin=-1, stdout=-1, stderr=-1) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            Path(names[2]).unlink()  # while standard input is waited for
            rest, errors = process.communicate(PROSE.encode(), timeout=60)
    finally:
        shut.chmod(0o700)
    assert process.returncode == 3, errors
    objects = [json.loads(line) for line in (first + rest).splitlines()]
    assert [o["path"] for o in objects] == [names[0], "-", *names[1:], str(shut)]
    problems = {o["path"]: o.get("error") for o in objects}
    assert problems[names[2]] == "can't be read (No such file or directory)"
    assert problems[names[3]] == "can't be read (Permission denied); allow it to be read"
    assert problems[str(shut)] == "the folder can't be listed (Permission denied)"
    assert errors.count(b"\n") == 3


def test_memory_does_not_grow_with_the_number_of_files(
    environment: dict[str, str],
    tmp_path: Path,
    peak_memory: Callable[[subprocess.Popen[bytes]], float],
) -> None:
    few = folder_of(150, tmp_path / "few")
    many = folder_of(1500, tmp_path / "many")
    peaks = {}
    for texts in (few, many):
        with subprocess.Popen(
            [*COMMAND, str(texts), "--format", "html", "--jobs", "2", "--output",
             str(tmp_path / "out.html")],
            env=environment,
        ) as process:  # fmt: skip
            peaks[texts.name] = peak_memory(process)
        assert process.returncode == 0
    assert 50 < peaks["few"] < 1000
    assert peaks["many"] < 1.2 * peaks["few"]


def test_list_of_files_from_another_command(environment: dict[str, str], tmp_path: Path) -> None:
    texts = folder_of(12, tmp_path / "texts")
    odd = texts / "with\nnew line.txt"
    odd.write_text(PROSE, encoding="utf-8")
    names = b"\0".join(os.fsencode(path) for path in sorted(texts.iterdir())) + b"\0gone.txt\0"
    result = run(
        "--files-from", "-", "-0", "--format", "jsonl", environment=environment, given=names
    )
    assert result.returncode == 3
    paths = [json.loads(line)["path"] for line in result.stdout.splitlines()]
    assert paths == [*sorted(str(path) for path in texts.iterdir()), "gone.txt"]
    assert result.stderr == b"byline: gone.txt: can't be read (No such file or directory)\n"


def test_list_that_can_be_read_once_is_scored_whole(
    environment: dict[str, str], tmp_path: Path
) -> None:
    texts = folder_of(12, tmp_path / "texts")
    listing, output = tmp_path / "list", tmp_path / "out.jsonl"
    os.mkfifo(listing)
    names = "".join(f"{path}\n" for path in sorted(texts.iterdir()))
    threading.Thread(target=listing.write_text, args=(names,), daemon=True).start()
    terminal, side = pty.openpty()  # on a terminal the texts are counted, for a bar
    process = subprocess.Popen(
        [*COMMAND, "--files-from", listing, "--format", "jsonl", "--output", output],
        env=environment, stderr=side,
    )  # fmt: skip
    assert process.wait(60) == 0
    os.close(terminal)
    os.close(side)
    assert len(output.read_text("utf-8").splitlines()) == 12


def test_output_into_a_pipe_by_its_name(environment: dict[str, str], tmp_path: Path) -> None:
    texts = folder_of(3, tmp_path / "texts")
    result = run(texts, "--format", "jsonl", "--output", "/dev/stdout", environment=environment)
    assert (result.returncode, result.stderr) == (0, b"")
    assert len(result.stdout.splitlines()) == 3


def test_names_that_no_file_can_have_fail_alone(
    environment: dict[str, str], tmp_path: Path
) -> None:
    texts = folder_of(2, tmp_path / "texts")
    names = b"\0".join(os.fsencode(path) for path in sorted(texts.iterdir()))  # and no -0
    output = tmp_path / "out.jsonl"
    result = run(
        "--files-from", "-", "--format", "jsonl", "--output", output,
        environment=environment, given=names,
    )  # fmt: skip
    assert result.returncode == 3
    assert b"is no name of a file" in result.stderr
    assert b"Traceback" not in result.stderr


def test_closed_standard_input_and_looping_output_are_one_line(
    environment: dict[str, str], tmp_path: Path
) -> None:
    texts = folder_of(1, tmp_path / "texts")
    (tmp_path / "loop").symlink_to("loop")
    for given, message in (
        ("--files-from - <&-", b"standard input is closed"),
        (f"{texts} --output {tmp_path / 'loop'}", b"is a link to itself"),
    ):
        command = f"{shlex.join(map(str, COMMAND))} {given}"
        result = subprocess.run(command, shell=True, env=environment, capture_output=True)
        assert result.returncode == 2
        assert message in result.stderr
        assert result.stderr.count(b"\n") == 1


def test_resuming_nothing_says_so(environment: dict[str, str], tmp_path: Path) -> None:
    texts = folder_of(5, tmp_path / "texts")
    output = tmp_path / "out.jsonl"
    result = run(
        texts, "--format", "jsonl", "--output", output, "--resume", environment=environment
    )
    assert result.returncode == 0
    assert b"no unfinished run of " in result.stderr
    assert str(output).encode() in result.stderr


def test_redirected_output_is_no_input(environment: dict[str, str], tmp_path: Path) -> None:
    texts = folder_of(5, tmp_path / "texts")
    with (texts / "aaa.txt").open("wb") as out:  # the shell makes it before the folder is read
        subprocess.run(
            [*COMMAND, str(texts), "--format", "jsonl"], env=environment, stdout=out, check=True
        )
    lines = (texts / "aaa.txt").read_text("utf-8").splitlines()
    assert [Path(json.loads(line)["path"]).stem for line in lines] == [f"{i:05}" for i in range(5)]
