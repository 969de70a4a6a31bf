"""TLS over bytes in memory: it seals what goes out and opens what comes in, and touches no socket. Pure."""

from __future__ import annotations

import ssl

AT_ONCE = 65_536


class Seal:
    """One TLS session. Its errors are ssl.SSLError, which is an OSError."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._session = context.wrap_bio(self._in, self._out, server_hostname=host)
        self.shaken = False

    def shake(self, data: bytes) -> None:
        """Go on with the handshake after ``data`` came; ``shaken`` says whether it is over."""
        self._in.write(data)
        try:
            self._session.do_handshake()
        except ssl.SSLWantReadError:
            return
        self.shaken = True

    def close(self, data: bytes) -> bytes:
        """``data`` under seal, after whatever else was to be sent."""
        view = memoryview(data)
        while view:
            view = view[self._session.write(view) :]
        return self._out.read()

    def open(self, data: bytes) -> bytes | None:
        """What can be read now that ``data`` came: None if nothing whole, empty if the other side has ended the session."""
        self._in.write(data)
        found = []
        try:
            while part := self._session.read(AT_ONCE):
                found.append(part)
        except ssl.SSLWantReadError:
            return b"".join(found) or None
        except ssl.SSLZeroReturnError:
            pass
        return b"".join(found)

    def owed(self) -> bytes:
        """What TLS itself wants to say: the handshake, an answer to a new key, an alert."""
        return self._out.read() if self._out.pending else b""
