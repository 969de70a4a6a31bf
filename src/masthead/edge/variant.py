"""A stored page in all the forms it is sent in. Pure.

Compressed on first demand; once it is, the plain bytes are let go: nearly nobody asks for them, and gzip gives them back.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from sys import intern
from typing import Any

import brotli  # type: ignore[import-untyped]

from masthead.edge.negotiation import BROTLI, GZIP, IDENTITY, NAMES
from masthead.front.pageview import PageView

PUBLIC, PRIVATE = 0, 1
WORTH_COMPRESSING = 200  # bytes; as Django's own middleware has it
OVERHEAD = 2000  # bytes of objects around a variant
A_KEY = 70  # bytes of a key it depends on
NEVER = float("inf")

Headers = list[tuple[str, str]]


class Variant:
    """One rendering of one page. ``good_until``, ``until`` and ``stale_at`` are times of the edge's clock."""

    __slots__ = (
        "_around",
        "_encoded",
        "_headers",
        "_wires",
        "counted",
        "etag",
        "good_until",
        "keys",
        "number",
        "rendering",
        "size",
        "stale_at",
        "tallies",
        "until",
        "used",
        "view",
    )

    def __init__(
        self,
        view: PageView,
        content: bytes,
        headers: Headers,
        *,
        number: int,
        keys: tuple[str, ...] = (),
        until: float = NEVER,
        fresh_until: float = NEVER,
        tallies: tuple[Any, Any] | None = None,
    ) -> None:
        self.view = view
        self.number = number
        # a key that a thousand variants depend on is in memory once, while there is any
        self.keys = tuple(map(intern, keys))
        self.until = until
        self.stale_at = fresh_until
        self.good_until = min(until, fresh_until)
        self.rendering = False  # whether a younger one is being made
        self.used = False  # since it was last looked at to be let go
        self.tallies = tallies
        named = {name.lower(): value for name, value in headers}
        self.etag = named["etag"]
        encodable = len(content) >= WORTH_COMPRESSING
        vary = ", ".join(filter(None, (named.get("vary", ""), "Accept-Encoding" if encodable else "")))
        dropped = {"set-cookie", "content-length", "cache-control", "etag", "vary", "content-encoding"}
        kept = (*((name, value) for name, value in headers if name.lower() not in dropped), ("Vary", vary))
        if len(_same) >= MOST_KINDS:
            _same.clear()
        self._headers = _same.setdefault(kept, kept)
        self._encoded: list[bytes | None] = [content, None, None] if encodable else [content, content, content]
        self._wires: list[tuple[bytes, bytes] | None] = [None] * 6
        self._around = OVERHEAD + A_KEY * len(self.keys)
        self.size = len(content) + self._around
        self.counted = 0  # the bytes its store reckons for it; none while it is in no store

    def stale(self, now: float) -> None:
        """Something it shows has changed, as was learnt at ``now``."""
        if now < self.stale_at:
            self.stale_at = now
        self.good_until = 0.0

    def body(self, encoding: int) -> bytes:
        """The bytes in ``encoding``, made now where nobody asked for them before (some milliseconds)."""
        found = self._encoded[encoding]
        if found is not None:
            return found
        content = self._plain()
        made = content
        if encoding == BROTLI:
            made = brotli.compress(content, quality=5)
        elif encoding == GZIP:
            made = gzip.compress(content, compresslevel=6, mtime=0)
        self._encoded[encoding] = made
        if encoding != IDENTITY:
            self._encoded[IDENTITY] = None
        self.weigh()
        return made

    def weigh(self) -> None:
        """Reckon ``size`` anew."""
        self.size = sum(len(each) for each in self._encoded if each is not None) + self._around

    def is_encoded(self, encoding: int) -> bool:
        """Whether the bytes in ``encoding`` are at hand."""
        return self._encoded[encoding] is not None

    def _plain(self) -> bytes:
        plain, zipped, pressed = self._encoded
        if plain is not None:
            return plain
        if zipped is not None:
            return gzip.decompress(zipped)
        return bytes(brotli.decompress(pressed or b""))  # in one of the three forms it always is

    def headers(self, encoding: int, cache_control: str) -> Headers:
        """The headers of a 200 in ``encoding``."""
        body = self.body(encoding)
        compressed = encoding != IDENTITY and self._encoded[IDENTITY] is not body
        return [
            *self._headers,
            ("Cache-Control", cache_control),
            # other bytes, the same page (RFC 9110, 8.8.1)
            ("ETag", f"W/{self.etag}" if compressed else self.etag),
            *([("Content-Encoding", NAMES[encoding])] if compressed else []),
            ("Content-Length", str(len(body))),
        ]

    def headers_held(self, cache_control: str) -> Headers:
        """The headers of a 304."""
        kept = [(name, value) for name, value in self._headers if name.lower() != "content-type"]
        return [*kept, ("Cache-Control", cache_control), ("ETag", self.etag)]

    def wire(self, form: int) -> tuple[bytes, bytes, bytes] | None:
        """The head (up to the Date header, in two parts) and the body of form ``2 * encoding + privacy``, where at hand."""
        head = self._wires[form]
        body = self._encoded[form >> 1]
        return None if head is None or body is None else (*head, body)

    def lay_out(self, form: int, cache_control: str) -> None:
        """Have form ``2 * encoding + privacy`` at hand from now on."""
        everything = self.headers(form >> 1, cache_control)
        own = [(name, value) for name, value in everything if name in OWN]
        kind = tuple(header for header in everything if header[0] not in OWN)
        if len(_heads) >= MOST_KINDS:
            _heads.clear()
        head = _heads.get(kind)
        if head is None:
            head = _heads[kind] = b"HTTP/1.1 200 OK\r\n" + _lines(kind)
        self._wires[form] = (head, _lines(own))


# Nearly all variants share nearly all their headers: one copy of each kind serves thousands.
OWN = frozenset({"ETag", "Content-Length"})
MOST_KINDS = 200
_same: dict[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]] = {}
_heads: dict[tuple[tuple[str, str], ...], bytes] = {}


def _lines(headers: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode("latin-1")
