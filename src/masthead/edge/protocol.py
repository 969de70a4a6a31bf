"""HTTP/1.1 for one connection: hits are answered as soon as a request's head is read, everything else goes uvicorn's way.

uvicorn's protocol parses with llhttp and does what is hard (pipelining, flow control, bodies, closing). What is added here: the
short way from a parsed head to the bytes of a variant, and limits uvicorn leaves to a proxy: how large a head may be, how long it
may take, and how long a connection may sit idle or unread.

Trap: a hit leaves no request cycle behind, so whatever looks at ``self.cycle`` must be asked only where there was one.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from masthead.edge.edge import CONTROL, NAMES_EDITION, OFFER, Edge
from masthead.edge.negotiation import holds

LARGEST_HEAD = 64 * 1024  # bytes of a request line and its headers
LONGEST_HEAD = 15.0  # seconds from its first byte to its last
LONGEST_IDLE = 75.0  # seconds between two requests
LONGEST_UNREAD = 120.0  # seconds a client may leave an answer lying
_OFFER, _NAMES_EDITION = OFFER.encode(), NAMES_EDITION.encode()
_SENTENCE = b"That request says more about itself than we read.\n"
TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(_SENTENCE), _SENTENCE)
)
NOT_FOR_THE_SHORT_WAY = frozenset({b"content-length", b"transfer-encoding", b"upgrade", b"expect", b"range"})


class EdgeProtocol(HttpToolsProtocol):
    """One connection. ``edge`` is the process's, or None where it is switched off."""

    edge: ClassVar[Edge | None] = None
    _date_source: ClassVar[Any] = None
    _date: ClassVar[bytes] = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._peer = self.client[0] if self.client else ""
        self._answered = False  # the message at hand, from memory
        self._in_head = True
        self._head_bytes = 0
        self._since = self.loop.time()  # of the last change of what we wait for
        self._running: Any = None  # the cycle that is being answered; ``cycle`` is the last one read

    def connection_lost(self, exc: Exception | None) -> None:
        # uvicorn tells only the last of several pipelined requests, and the one at hand would go on writing
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        self.pipeline.clear()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            if not self._head_bytes:
                self._since = self.loop.time()
            self._head_bytes += len(data)
            if self._head_bytes > LARGEST_HEAD and len(data) < self._head_bytes:
                # more than one read and still no end of it
                self.transport.write(TOO_LARGE)
                self.transport.close()
                return
        super().data_received(data)

    # --- parser callbacks

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        self._in_head = False
        came, self._head_bytes = self._head_bytes, 0
        # it may have come in one read, with what follows it
        if came > LARGEST_HEAD and len(self.url) + sum(len(n) + len(v) + 4 for n, v in self.headers) > LARGEST_HEAD:
            self._answered = True
            self.transport.write(TOO_LARGE)
            self.transport.close()
            return
        edge = self.edge
        cycle = self.cycle
        if (
            edge is not None
            and (cycle is None or cycle.response_complete)
            and not self.flow.write_paused
            and self.parser.get_method() == b"GET"
            and self._answer(edge)
        ):
            self._answered = True
            return
        self._answered = False
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expects
        self.scope["headers"] = headers
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_head = True
        self._since = self.loop.time()
        if not self._answered:
            super().on_message_complete()

    def _answer(self, edge: Edge) -> bool:
        """Answer from memory, if that can be done without waiting for anything; says whether it was."""
        headers = dict(self.headers)
        if (
            len(headers) != len(self.headers)  # one of them twice: let a thread think about it
            or b"host" not in headers
            or not NOT_FOR_THE_SHORT_WAY.isdisjoint(headers)
            or not self.parser.should_keep_alive()
        ):
            return False
        if self.url.startswith(_OFFER) and _NAMES_EDITION in headers.get(b"referer", b"") and _NAMES_EDITION not in self.url:
            return False
        forwarded = headers[b"x-forwarded-for"].decode("latin-1") if b"x-forwarded-for" in headers else ""
        found = edge.find(self.url, headers.get(b"cookie"), self._peer, forwarded)
        if found is None:
            return False
        variant, privacy, holder = found
        if b"if-none-match" in headers and holds(headers[b"if-none-match"].decode("latin-1"), variant.etag):
            lines = "".join(f"{name}: {value}\r\n" for name, value in variant.headers_held(CONTROL[privacy]))
            parts: tuple[bytes, ...] = (b"HTTP/1.1 304 Not Modified\r\n", lines.encode("latin-1"), self._date_line())
        else:
            form = 2 * edge.encoding(headers.get(b"accept-encoding", b"")) + privacy
            laid_out = variant.wire(form)
            if laid_out is None:
                if not variant.is_encoded(form >> 1):
                    return False  # compressing takes milliseconds: not on everybody's time
                variant.lay_out(form, CONTROL[privacy])
                laid_out = variant.wire(form)
                if laid_out is None:
                    return False
            head, own, body = laid_out
            parts = (head, own, self._date_line(), body)
        self.transport.write(b"".join(parts))
        self.server_state.total_requests += 1
        if b"sec-purpose" not in headers or b"prefetch" not in headers[b"sec-purpose"]:
            edge.tell(variant, holder.subject, self._peer, forwarded, headers.get(b"user-agent", b"").decode("latin-1"))
        return True

    def _date_line(self) -> bytes:
        """The Date header and the end of the head; uvicorn makes the one new each second."""
        source = self.server_state.default_headers
        if source is not EdgeProtocol._date_source:
            EdgeProtocol._date = b"".join(b"%b: %b\r\n" % header for header in source) + b"\r\n"
            EdgeProtocol._date_source = source
        return EdgeProtocol._date

    # --- what a connection may not do for ever

    def resume_writing(self) -> None:
        """The client has read on: a large file may take as long as it takes."""
        self._since = self.loop.time()
        super().resume_writing()

    def sweep(self, now: float) -> None:
        """Close the connection if it has kept us waiting for too long. Called every few seconds."""
        if self.transport is None or self.transport.is_closing():
            return
        waited = now - self._since
        if self.transport.get_write_buffer_size() and waited > LONGEST_UNREAD:
            self.transport.abort()
        elif self.cycle is not None and not self.cycle.response_complete:
            return  # ours to finish
        elif self._in_head and waited > (LONGEST_HEAD if self._head_bytes else LONGEST_IDLE):
            self.transport.close()
