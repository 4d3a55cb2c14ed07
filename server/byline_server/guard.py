"""What stands before every handler: who may ask, how much, and what goes out with each answer.

A page on the web can make the browser send requests to this machine. What keeps it out: its
origin, which browsers send along with whatever changes or reads something (`Origin`); the name it
called us by, since it may have bound its own name to our address (`Host`, "DNS rebinding"); and
that no answer allows another origin to read it (no CORS headers at all).
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import zlib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from flask import Request, Response

from byline_server.problem import Problem
from byline_server.settings import Settings, is_loopback, option, variable

OPEN_PATHS = ("/healthz", "/readyz")
"""Answered without a token: probes have none, and learn nothing from them."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


class Guard:
    """Checks requests by the server's settings."""

    def __init__(self, settings: Settings) -> None:
        self._origins = settings.allow_origin
        self._hosts = {host.lower() for host in settings.allow_host}
        self._bound = settings.host.lower()
        # Bound to all addresses, which of them was called can't be told from another; but a name
        # is what an attacker binds, never an address.
        self._any = self._bound in ("0.0.0.0", "::")
        self._token = settings.token.encode("ascii")
        self._max_body = settings.max_body

    def check(self, request: Request) -> None:
        """Let a request through, or not.

        Raises:
            Problem: it is not for us, from a place that may not ask, or without the token.
        """
        host = request.headers.get("Host", "")
        if not self._ours(host, request.environ["SERVER_PORT"]):
            raise Problem(
                403, "host_not_allowed", "this server is not known by the name in the Host header; "
                f"allow it with {option('allow_host')}"
            )  # fmt: skip
        origin = request.headers.get("Origin")
        if origin is not None and not self._from_here(origin, host):
            raise Problem(
                403, "origin_not_allowed", "pages of other origins may not call this server; "
                f"{option('allow_origin')} names extensions that may, and a proxy must pass on "
                "the Host header as the browser sent it, with its port"
            )  # fmt: skip
        if self._token and request.path not in OPEN_PATHS and not self._known(request):
            raise Problem(
                401, "token_required", "send the server's token as `Authorization: Bearer TOKEN` "
                f"(whoever runs the server set it by {option('token_file')} or "
                f"{variable('token')})"
            )  # fmt: skip

    def body(self, request: Request) -> bytes:
        """The request's body, decompressed.

        Raises:
            Problem: it is too large, before or after, or compressed in a way that isn't known.
        """
        encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
        # One alone: of many layers each would be work before anything could be refused.
        if encoding not in ("gzip", "x-gzip", "deflate", "identity", ""):
            raise Problem(415, "unsupported_encoding", "Content-Encoding may be gzip or deflate")
        coded: bytes = request.get_data(cache=False)
        return coded if encoding in ("identity", "") else self._decompressed(coded)

    def _decompressed(self, coded: bytes) -> bytes:
        # 32: the header tells gzip from zlib, which HTTP calls deflate.
        decoder = zlib.decompressobj(wbits=32 + zlib.MAX_WBITS)
        try:
            body = decoder.decompress(coded, self._max_body + 1)
            complete = decoder.eof
        except zlib.error as error:
            raise Problem(
                400, "invalid_encoding", "the body is not what Content-Encoding says; send it whole"
            ) from error
        if len(body) > self._max_body:
            raise too_large(self._max_body)
        if not complete or decoder.unused_data:
            raise Problem(400, "invalid_encoding", "the compressed body is cut off or has a tail")
        return body

    def _ours(self, host: str, port: str) -> bool:
        try:
            parts = urlsplit(f"//{host}")
            name, named_port = parts.hostname, parts.port
        except ValueError:
            return False
        if not name or parts.path or parts.username is not None or parts.query or parts.fragment:
            return False
        if host.lower() in self._hosts or name in self._hosts:
            return True
        local = is_loopback(name) or name == self._bound or (self._any and _is_address(name))
        return local and (80 if named_port is None else named_port) == int(port)

    def _from_here(self, origin: str, host: str) -> bool:
        scheme, _, name = origin.lower().partition("://")
        # Browsers leave the scheme's own port out; some proxies put it in.
        port = {"http": ":80", "https": ":443"}.get(scheme)
        if port and name.removesuffix(port) == host.lower().removesuffix(port):
            return True
        return _matches(origin, self._origins)

    def _known(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        token = given.strip()
        if not token.isascii():  # nor is ours; and base64 is not asked to decode it
            return False
        if scheme.lower() == "basic":  # what browsers can send, when they open the page
            authorization = request.authorization
            token = (authorization.password if authorization else None) or ""
        elif scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(token.encode("utf-8", "surrogatepass"), self._token)


def too_large(limit: int) -> Problem:
    """The problem of a body over the limit, in bytes."""
    return Problem(
        413, "body_too_large", f"the body may have {limit:,} bytes, decompressed; send the texts "
        "in several requests"
    )  # fmt: skip


def protect(response: Response) -> None:
    """Put the headers of safety on an answer."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _matches(origin: str, patterns: Sequence[str]) -> bool:
    # One origin: a pattern's * would take what follows a comma, too.
    one = re.fullmatch(r"[^\s,:/]+://[^\s,/]+", origin)
    return one is not None and any(fnmatchcase(origin, pattern) for pattern in patterns)
