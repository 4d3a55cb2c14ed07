"""Documents that are ZIP archives of XML, opened with limits to what ZIP and XML can do."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from typing import Any

from lxml import etree

from byline import InputError
from byline_cli import wording

_DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError,
    NotImplementedError,
)  # fmt: skip
"""What zipfile raises over archives that are none, or damaged."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Begins old Office files, and new ones under a password."""

_MOST_TAGS = 3_000_000
"""More than fit into 50 MB of any word processor's XML; a tree takes 200 bytes for each."""


class Archive:
    """The parts of one document."""

    def __init__(self, data: bytes, what: str, limit: int) -> None:
        """Open it.

        Args:
            data: the file.
            what: such as `a Word document`, for messages.
            limit: the most bytes its parts may have together, unpacked.

        Raises:
            InputError: it is no ZIP archive, or one that unpacks to too much.
        """
        self._what = what
        self._left = limit
        self._limit = limit
        if data.startswith(_OLE):
            raise InputError(
                f"is not {what} but an older Office file, or one under a password; save it anew"
            )
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _DAMAGE as error:
            raise self._damaged(error) from error
        self.names = frozenset(self._zip.namelist())

    def read(self, name: str) -> bytes:
        """A part, unpacked.

        Raises:
            InputError: it isn't there, is damaged or encrypted, or unpacks to too much.
        """
        try:
            with self._zip.open(name) as part:
                data = part.read(self._left + 1)  # whatever the archive says of its size
        except KeyError:
            raise InputError(f"is not {self._what}: it has no {name}") from None
        except _DAMAGE as error:
            raise self._damaged(error) from error
        except RuntimeError as error:  # zipfile's way to say that there is a password
            raise InputError("is encrypted; remove the password first") from error
        self._left -= len(data)
        if self._left < 0:
            raise InputError(
                f"unpacks to more than {wording.size(self._limit)}; it is made to do harm, or "
                "needs a larger --max-size"
            )
        return data

    def xml(self, name: str) -> Any:
        """The root element of an XML part.

        Raises:
            InputError: as for `read`; or it isn't well formed, or declares entities.
        """
        return parse_xml(self.read(name), f"{self._what}: {name}")

    def _damaged(self, error: Exception) -> InputError:
        return InputError(f"is not {self._what} or a damaged one ({error}); save it anew")


def parse_xml(data: bytes, what: str) -> Any:
    """Parse XML that nobody vouches for.

    Raises:
        InputError: it isn't well formed, has tags without end, or declares entities: no writer of
            documents does, and a few of them can fill all memory.
    """
    if b"<!ENTITY" in data or b"<!ENTITY" in data.replace(b"\0", b""):  # UTF-16, too
        raise InputError(
            f"{what} declares XML entities, which can be made to do harm; save it anew"
        )
    if data.count(b"<") > _MOST_TAGS:
        raise InputError(f"{what} has more than {_MOST_TAGS:,} tags; it is made to do harm")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,  # one within a word would cut it in two
        remove_pis=True,
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise InputError(f"is not {what}, or damaged ({error})") from error
