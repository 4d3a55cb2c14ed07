"""The exceptions Byline raises.

::

    BylineError
    ├── InputError           a text, file or argument cannot be used
    ├── ModelNotFound        no such model, or no model repository
    └── ModelInvalid         a model's files are missing, changed, or mean something else

Each carries the facts as attributes; what to do about them (an HTTP status, an exit code) is
decided by whoever catches them.
"""

from __future__ import annotations

from pathlib import Path


class BylineError(Exception):
    """Base of every error this library raises on purpose."""


class InputError(BylineError):
    """A text, file or argument cannot be used. The message says what was seen and what to do."""


class ModelNotFound(BylineError):
    """There is no such model, or no model repository, where it was looked for.

    Attributes:
        searched: the places looked at, in order.
    """

    def __init__(self, message: str, searched: tuple[Path, ...] = ()) -> None:
        """Keep the places that were searched beside the message."""
        super().__init__(message)
        self.searched = searched


class ModelInvalid(BylineError):
    """A file of a model is missing, damaged, or does not say what this version understands.

    Attributes:
        path: the file.
        field: the field inside it, where one is to blame.
    """

    def __init__(self, path: Path, message: str, field: str | None = None) -> None:
        """Put the file, and the field where there is one, in front of the message."""
        where = f"{path}: {field}" if field else str(path)
        super().__init__(f"{where}: {message}")
        self.path = path
        self.field = field
