"""E-books to blocks: their chapters, in the order they are read."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from byline import InputError
from byline_cli.blocks import Block
from byline_cli.readers.archive import Archive
from byline_cli.readers.encodings import decode
from byline_cli.readers.html import html_blocks

_WHAT = "an EPUB"
_CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_PACKAGE = "{*}"  # EPUB has a namespace, books before it another, careless ones none
_CHAPTER = re.compile("html|dtbook|oeb1|^$")
_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_ENCRYPTED = "{http://www.w3.org/2001/04/xmlenc#}EncryptionMethod"


def epub_blocks(data: bytes, limit: int) -> Iterator[Block]:
    """Read an .epub (EPUB 2 and 3).

    Args:
        data: the file.
        limit: the most bytes its parts may have, unpacked.

    Raises:
        InputError: it isn't one, or is damaged, protected or made to do harm.
    """
    archive = Archive(data, _WHAT, limit)
    if "META-INF/encryption.xml" in archive.names:
        for method in archive.xml("META-INF/encryption.xml").iter(_ENCRYPTED):
            if method.get("Algorithm") not in _FONTS:
                raise InputError("is protected against copying (DRM), and can't be read")
    container = archive.xml("META-INF/container.xml")
    rootfile = container.find(f".//{_CONTAINER}rootfile")
    if rootfile is None:
        raise InputError(f"is not {_WHAT}: META-INF/container.xml names no package")
    path = rootfile.get("full-path", "")
    missing: list[str] = []
    found = False
    for chapter in _chapters(archive.xml(path)):
        # The name should be escaped, as of a web address; some writers don't.
        names = (posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
                 for name in (unquote(chapter), chapter))  # fmt: skip
        name = next((name for name in names if name in archive.names), None)
        if name is None:
            missing.append(chapter)
            continue
        found = True
        yield from html_blocks(decode(archive.read(name), declared_in_html=True))
    if not found:
        raise InputError(
            f"holds no chapter that can be read{f' (missing: {missing[0]})' if missing else ''}; "
            "save it anew"
        )


def _chapters(package: Any) -> Iterator[str]:
    """Addresses of the chapters; of scanned or drawn books, pages are pictures, and left out."""
    items = {item.get("id"): item for item in package.iter(f"{_PACKAGE}item")}
    for reference in package.iter(f"{_PACKAGE}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or reference.get("linear") == "no":
            continue
        if "nav" in item.get("properties", "").split():
            continue
        if _CHAPTER.search(item.get("media-type", "")):
            yield item.get("href", "")
