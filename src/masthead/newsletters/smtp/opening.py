"""From the banner to where letters can go: EHLO, STARTTLS, AUTH. No input or output of its own. Pure."""

from __future__ import annotations

import base64
from collections.abc import Callable

from masthead.newsletters.smtp.envelope import Offered
from masthead.newsletters.smtp.letters import Security, Server
from masthead.newsletters.smtp.replies import Garbled, Reply


class Barred(Exception):
    """The server does not let us in, or not safely. ``reply`` is what it said, if it said anything."""

    def __init__(self, why: str, reply: Reply | None = None) -> None:
        super().__init__(f"{why}: {reply.text}" if reply else why)
        self.code = reply.code if reply else 0
        self.status = reply.status if reply else ""


class Opening:
    """Answers the server's replies one by one with what to write next; ``offered`` is set once letters can go.

    After a reply that sets ``secure_now`` the caller negotiates TLS and goes on with ``secured``.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._next: Callable[[Reply], bytes] = self._greeted
        self._safe = server.tls is not Security.STARTTLS
        self._words: list[bytes] = []  # of AUTH LOGIN, still to be said
        self._found = Offered()
        self.offered: Offered | None = None
        self.secure_now = False
        self.greeted = False

    def heard(self, reply: Reply) -> bytes:
        """What to write after ``reply``. Raises Barred."""
        if reply.code == 421:
            raise Barred("The server is closing", reply)
        return self._next(reply)

    def secured(self) -> bytes:
        """What to write after TLS began: what was said before it counts for nothing."""
        self.secure_now = False
        self._safe = True
        return self._hello()

    def _hello(self) -> bytes:
        self._next = self._knows
        return f"EHLO {self._server.local_name}\r\n".encode()

    def _greeted(self, reply: Reply) -> bytes:
        if reply.code != 220:
            raise Barred("The server does not greet", reply)
        self.greeted = True
        return self._hello()

    def _knows(self, reply: Reply) -> bytes:
        if reply.code in (500, 502, 504):  # before 1995, or a sleepy proxy
            self._next = self._knows_nothing
            return f"HELO {self._server.local_name}\r\n".encode()
        if reply.code != 250:
            raise Barred("The server refuses EHLO", reply)
        self._found = Offered.read(reply.lines)
        return self._enter()

    def _knows_nothing(self, reply: Reply) -> bytes:
        if reply.code != 250:
            raise Barred("The server refuses EHLO and HELO", reply)
        self._found = Offered()
        return self._enter()

    def _enter(self) -> bytes:
        if not self._safe:
            if not self._found.starttls:
                raise Barred("The server does not offer STARTTLS, which is required here")
            self._next = self._may_secure
            return b"STARTTLS\r\n"
        if not self._server.user:
            self.offered = self._found
            return b""
        return self._log_in()

    def _may_secure(self, reply: Reply) -> bytes:
        if reply.code != 220:
            raise Barred("The server refuses STARTTLS", reply)
        self.secure_now = True
        return b""

    def _log_in(self) -> bytes:
        user, password = self._server.user.encode(), self._server.password.encode()
        self._next = self._logged_in
        if "PLAIN" in self._found.login:
            return b"AUTH PLAIN " + base64.b64encode(b"\0" + user + b"\0" + password) + b"\r\n"
        if "LOGIN" in self._found.login:
            self._words = [base64.b64encode(user), base64.b64encode(password)]
            return b"AUTH LOGIN\r\n"
        known = ", ".join(sorted(self._found.login)) or "none"
        raise Barred(f"The server offers no way to log in that is known here (PLAIN or LOGIN); it offers {known}")

    def _logged_in(self, reply: Reply) -> bytes:
        if reply.code == 334 and self._words:
            return self._words.pop(0) + b"\r\n"
        if reply.code == 235:
            self.offered = self._found
            return b""
        if reply.code < 400:
            raise Garbled(f"an answer to AUTH nobody can read: {reply.code}")
        raise Barred("The server refuses the log-in", reply)
