"""Bytes to and from a socket that does not wait, in the clear or through TLS, knowing to the byte what was handed over."""

from __future__ import annotations

import contextlib
import socket
import ssl

AT_ONCE = 65_536
ROOM = 262_144  # for what the network has not taken yet: a letter of common size fits, and one call writes it


class Wire:
    """One socket. ``written`` counts bytes the system took, ``queued`` all that were given to be written."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.tls: ssl.SSLObject | None = None
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._left: list[memoryview] = []
        self.queued = 0
        self.written = 0

    @staticmethod
    def to(family: int, address: tuple[object, ...]) -> Wire:
        """A wire that is being connected: it can be written to when the selector says so."""
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM)
            with contextlib.suppress(BlockingIOError):
                sock.connect(address)
        except BaseException:
            sock.close()
            raise
        return Wire(sock)

    def secure(self, context: ssl.SSLContext, host: str) -> None:
        """Begin TLS; ``shake`` until it says that hands were shaken."""
        self.tls = context.wrap_bio(self._in, self._out, server_hostname=host)

    def shake(self, data: bytes = b"") -> bool:
        """Go on with the handshake after the server's ``data``; whether it is over. Raises ssl.SSLError."""
        assert self.tls is not None
        self._in.write(data)
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        finally:
            self._push([self._out.read()])
        return True

    @property
    def stuck(self) -> bool:
        """Whether something waits until the socket takes more."""
        return bool(self._left)

    def write(self, data: bytes) -> None:
        """Give ``data``; what the socket does not take now goes with ``resume``. Raises OSError."""
        self._push([data] if self.tls is None else [self._sealed(data)])

    def write_marked(self, content: bytes, rest: bytes) -> int:
        """Give both; returns the ``queued`` of the moment between them: ``written`` beyond it means some of ``rest`` is out."""
        if self.tls is None:
            mark = self.queued + len(content)
            self._push([content, rest])
        else:
            sealed = self._sealed(content)
            mark = self.queued + len(sealed)
            self._push([sealed, self._sealed(rest)])
        return mark

    def resume(self) -> None:
        """Write what is left. Raises OSError."""
        left, self._left = self._left, []
        self.queued -= sum(map(len, left))
        self._push(left)

    def read(self) -> bytes | None:
        """What came; empty at the end, None where nothing came. Raises OSError (TLS's errors are such)."""
        try:
            data = self.sock.recv(AT_ONCE)
        except BlockingIOError:
            return None
        if self.tls is None or not data:
            return data
        self._in.write(data)
        return self.opened()

    def raw(self) -> bytes | None:
        """What came, not deciphered: for the handshake."""
        try:
            return self.sock.recv(AT_ONCE)
        except BlockingIOError:
            return None

    def opened(self) -> bytes | None:
        """What is readable of what came through TLS."""
        assert self.tls is not None
        found = []
        ended = False
        try:
            while True:
                part = self.tls.read(AT_ONCE)
                if not part:
                    ended = True
                    break
                found.append(part)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            ended = True
        if self._out.pending:
            self._push([self._out.read()])
        if found:
            return b"".join(found)
        return b"" if ended else None

    def close(self) -> None:
        """Close it, whatever is left."""
        self._left = []
        self.sock.close()

    def _sealed(self, data: bytes) -> bytes:
        assert self.tls is not None
        view = memoryview(data)
        while view:
            view = view[self.tls.write(view) :]
        return self._out.read()

    def _push(self, chunks: list[bytes] | list[memoryview]) -> None:
        size = sum(map(len, chunks))
        self.queued += size
        if self._left:
            self._left += [memoryview(chunk) for chunk in chunks if chunk]
            return
        if not size:
            return
        try:
            taken = self.sock.sendmsg(chunks)
        except BlockingIOError:
            taken = 0
        self.written += taken
        if taken == size:
            return
        for chunk in chunks:
            if taken < len(chunk):
                self._left.append(memoryview(chunk)[taken:])
                taken = 0
            else:
                taken -= len(chunk)
