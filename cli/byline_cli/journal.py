"""The journal of a run: what is finished, so that a killed run goes on where it was.

A line of JSON a text, appended when its turn came; the first says what run it belongs to. It lies
beside the output and is removed when that is complete and every file could be read.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from byline import InputError
from byline_cli.inputs import Input
from byline_cli.results import Result, result_of

_SYNC_SECONDS = 1.0
"""How much work a power failure may cost; a killed process loses nothing that was written."""
_FIRST = b'{"run": '
"""How every journal begins, and hardly any other file."""
_NO_LOCKS = frozenset((errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP))
_LINE = re.compile(rb'\{"key": "([0-9a-f]{32})", "result": .*\}\n')


def journal_of(output: Path) -> Path:
    """Where the journal of a run with this output is."""
    return output.with_name(f"{output.name}.journal")


class Journal:
    """An open journal; only one run at a time may have it."""

    def __init__(self, path: Path, run: dict[str, Any], resume: bool) -> None:
        """Open it.

        Args:
            path: of the file, which is made if there is none.
            run: what must be the same for its results to be: model, options.
            resume: keep what it holds; else it begins anew.

        Raises:
            InputError: another run has it open, it is of a run with another model or options, or
                it is another file that happens to have its name.
        """
        self._path = path
        self._known: dict[bytes, int] = {}  # keys, and where their lines begin
        self._added = 0
        self._begun: dict[Input, str] = {}
        self._file = path.open("a+b")
        try:
            _lock(self._file.fileno(), path)
            self._check_own()
            if not resume:
                self._file.truncate(0)
            self._read(run)
        except BaseException:
            self._file.close()
            raise
        self._synced = time.monotonic()

    def known(self, given: Input) -> Result | None:
        """The result of an input in an earlier run, unless its file has changed since."""
        if given.path is None:
            return None  # what comes on standard input may be anything
        key = _key(given)
        offset = self._known.get(bytes.fromhex(key))
        if offset is not None:
            self._file.seek(offset)
            with suppress(ValueError, KeyError, TypeError):  # damaged: it is done again
                return result_of(json.loads(self._file.readline())["result"])
            del self._known[bytes.fromhex(key)]
        self._begun[given] = key
        return None

    def add(self, given: Input, result: Result) -> None:
        """Write a result down, unless it is; one without a verdict is tried again the next time.

        Args:
            given: that `known` was asked for before it was read.
            result: what came of it.
        """
        key = self._begun.pop(given, None)
        if key is None or result.verdict is None:
            return
        line = f'{{"key": "{key}", "result": {json.dumps(asdict(result))}}}\n'
        try:
            self._file.write(line.encode("ascii"))
            self._file.flush()
            now = time.monotonic()
            if now - self._synced > _SYNC_SECONDS:
                os.fsync(self._file.fileno())
                self._synced = now
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from error
        self._added += 1

    def close(self, done: bool) -> None:
        """End it; remove it if nothing is left to be done, or nothing was."""
        over = done or not len(self)
        locked = os.name == "posix"
        if over and locked:  # before the lock goes: then another run may have begun it anew
            self._path.unlink(missing_ok=True)
        with suppress(OSError):  # of a full disk; `add` has told, and the next run drops the rest
            self._file.close()
        if over and not locked:  # Windows removes no file that is open
            self._path.unlink(missing_ok=True)

    def __len__(self) -> int:
        """Texts that are finished."""
        return len(self._known) + self._added

    def advice(self) -> str:
        """How to go on after an interruption, or when what could not be read can be."""
        done = f"{len(self):,} text{'' if len(self) == 1 else 's'}"
        return f"{done} done; the same command with --resume goes on from there ({self._path})"

    def _check_own(self) -> None:
        self._file.seek(0)
        begins = self._file.read(len(_FIRST))
        if not _FIRST.startswith(begins):  # a killed run may have left less than all of it
            raise InputError(
                f"{self._path} is not a journal of byline, which would be written there; move it, "
                "or name another --output"
            )

    def _read(self, run: dict[str, Any]) -> None:
        header = json.dumps({"run": run}, sort_keys=True).encode("ascii") + b"\n"
        self._file.seek(0)
        first = self._file.readline()
        if not first.endswith(b"\n"):  # new, or killed before the first line was whole
            self._file.truncate(0)
            self._file.write(header)
            self._file.flush()
            return
        if first != header:
            raise InputError(
                f"{self._path} is of a run with {_difference(first, header)}; run it as before, or "
                "without --resume to begin anew"
            )
        good = self._file.tell()
        while match := _LINE.fullmatch(self._file.readline()):
            self._known[bytes.fromhex(match[1].decode("ascii"))] = good
            good = self._file.tell()
        self._file.truncate(good)  # the line during which the run was killed


def _key(given: Input) -> str:
    """Names an input and the state of its file, in 32 hexadecimal digits.

    Of a row the text counts, too: ids repeat, and rows move.
    """
    state: tuple[int, int] | None = None
    if given.path is not None:
        try:
            status = given.path.stat()
        except (OSError, ValueError):  # a name may hold what no name can
            status = None
        state = (status.st_size, status.st_mtime_ns) if status else None
    named = json.dumps([given.name, given.id, given.text, state]).encode("ascii")
    return hashlib.sha256(named).hexdigest()[:32]


def _difference(first: bytes, header: bytes) -> str:
    try:
        before, now = json.loads(first)["run"], json.loads(header)["run"]
        names = [name for name in now if before.get(name) != now[name]]
    except (ValueError, KeyError, AttributeError):
        return "another version of byline"
    return f"another {' and '.join(names) or 'set of options'}"


def _lock(descriptor: int, path: Path) -> None:
    """Keep other runs out; the system lets go when this process ends, however it does."""
    try:
        import fcntl
    except ModuleNotFoundError:  # not on Windows, where two runs must be kept apart by hand
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(f"{path} is in use: another run writes the same output") from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:  # a network's file system may have none: as on Windows
            raise
