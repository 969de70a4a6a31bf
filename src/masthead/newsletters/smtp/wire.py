"""Bytes to and from a socket that does not wait, in the clear or through TLS, knowing to the byte what was handed over."""

from __future__ import annotations

import contextlib
import socket
import ssl

from masthead.newsletters.smtp.seal import Seal

AT_ONCE = 65_536
ROOM = 262_144  # for what the network has not taken yet: a letter of common size fits, and one call writes it


class Wire:
    """One socket. ``written`` counts bytes the system took, ``queued`` all that were given to be written."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.seal: Seal | None = None
        self._left: list[memoryview] = []
        self.queued = 0
        self.written = 0

    @staticmethod
    def to(family: int, address: tuple[object, ...]) -> Wire:
        """A wire that is being connected: it can be written to when the selector says so. Raises OSError."""
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

    @property
    def stuck(self) -> bool:
        """Whether something waits until the socket takes more."""
        return bool(self._left)

    def secure(self, context: ssl.SSLContext, host: str) -> bool:
        """Begin TLS; whether hands are shaken, which ``shake`` goes on with. Raises OSError."""
        self.seal = seal = Seal(context, host)
        return self._shake(seal, b"")

    def shake(self) -> bool | None:
        """Go on with the handshake: whether it is over, or None if the other side has gone. Raises OSError."""
        seal = self.seal
        try:
            data = self.sock.recv(AT_ONCE)
        except BlockingIOError:
            return False
        return self._shake(seal, data) if data and seal is not None else None

    def _shake(self, seal: Seal, data: bytes) -> bool:
        try:
            seal.shake(data)
        finally:
            self._push([seal.owed()])  # also the alert that says why not
        return seal.shaken

    def write(self, data: bytes) -> None:
        """Give ``data``; what the socket does not take now goes with ``resume``. Raises OSError."""
        self._push([data] if self.seal is None else [self.seal.close(data)])

    def write_marked(self, content: bytes, rest: bytes) -> int:
        """Give both; returns the ``queued`` of the moment between them: ``written`` beyond it means some of ``rest`` is out."""
        if self.seal is not None:
            content, rest = self.seal.close(content), self.seal.close(rest)
        mark = self.queued + len(content)
        self._push([content, rest])
        return mark

    def resume(self) -> None:
        """Write what is left. Raises OSError."""
        left, self._left = self._left, []
        self.queued -= sum(map(len, left))
        self._push(left)

    def read(self) -> bytes | None:
        """What came; empty at the end, None where nothing came that can be read yet. Raises OSError."""
        try:
            data = self.sock.recv(AT_ONCE)
        except BlockingIOError:
            return None
        return data if self.seal is None or not data else self.opened(self.seal, data)

    def opened(self, seal: Seal, data: bytes = b"") -> bytes | None:
        """What can be read through TLS now that ``data`` came; the same answers as ``read``."""
        found = seal.open(data)
        if owed := seal.owed():
            self._push([owed])
        return found

    def close(self) -> None:
        """Close it, whatever is left."""
        self._left = []
        self.sock.close()

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
