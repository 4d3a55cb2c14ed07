"""One line for each request. Never a text, a path as it was sent, a query or a token."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

_log = logging.getLogger("byline_server.access")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})


@dataclass(slots=True)
class Entry:
    """What is noted of a request.

    Attributes:
        path: the route it took, such as `/v2/models/<name>/infer`; `-` if none.
        ms: from its arrival, with the headers and body complete, to the answer.
        texts, words: scored or remembered.
        batch: windows or rows that were run for it.
    """

    method: str
    path: str
    status: int
    ms: float
    texts: int = 0
    words: int = 0
    batch: int = 0


def method_of(name: str) -> str:
    """A request's method as it is logged and counted: one that nobody has defined is `other`."""
    return name if name in _METHODS else "other"


def record(entry: Entry) -> None:
    """Log a request."""
    _log.info("request", extra={"entry": entry})


class Formatter(logging.Formatter):
    """Lines of text or of JSON."""

    def __init__(self, form: str) -> None:
        """Take the form: `text` or `json`."""
        super().__init__()
        self._json = form == "json"

    def format(self, record: logging.LogRecord) -> str:
        """A record in one line; a traceback, which is a bug's, follows in text."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        entry: Entry | None = getattr(record, "entry", None)
        values = asdict(entry) if entry else {"message": record.getMessage()}
        trace = self.formatException(record.exc_info) if record.exc_info else ""
        if self._json:
            more = {"trace": trace} if trace else {}
            return json.dumps({"time": time, "level": record.levelname.lower(), **values, **more})
        if entry:
            line = " ".join(f"{name}={value}" for name, value in values.items())
        else:
            line = record.getMessage()
        return f"{time} {record.levelname.lower()} {line}" + (f"\n{trace}" if trace else "")


def log_to_stderr(form: str) -> None:
    """Send what the server says to standard error; where the program starts."""
    handler = logging.StreamHandler()
    handler.setFormatter(Formatter(form))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("byline_server").setLevel(logging.INFO)
    # waitress would name the path of a request whose client went away.
    logging.getLogger("waitress").setLevel(logging.ERROR)
