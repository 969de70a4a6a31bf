"""Letter after letter over one open connection. No input or output of its own. Pure.

With PIPELINING (RFC 2920) a letter's MAIL, RCPT and DATA go out together, and together with the end of the letter before it;
without, one by one. Replies come in the order of what was written, so a queue of what is awaited is all there is to know.
"""

from __future__ import annotations

from collections import deque

from masthead.newsletters.smtp.content import END
from masthead.newsletters.smtp.envelope import DATA, Envelopes
from masthead.newsletters.smtp.letters import Letter, Outcome, Scope, Verdict
from masthead.newsletters.smtp.replies import Garbled, Reply

# What a reply can be to. Plain strings: compared by identity, and they read well in a debugger.
MAIL, RCPT, GO, FINISH, HOLLOW, RESET, QUIT = "MAIL", "RCPT", "DATA", "end", "end of nothing", "RSET", "QUIT"

RSET = b"RSET\r\n"
_BARRED = frozenset({421, 530, 534, 535, 538, 454})
_TOO_BIG = "5.3.4"


class Closing(Exception):
    """The server says that it is closing (421), or says something nobody asked for."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply


def scope(kind: str, code: int, status: str) -> Scope:
    """Whom a refusal is about: what ``kind`` of command was refused says most; an enhanced status code says it better."""
    subject, _, detail = status[2:].partition(".")
    if code in _BARRED or (subject == "7" and detail in ("0", "8")):
        return Scope.SERVER
    if status == _TOO_BIG or subject == "6":
        return Scope.MESSAGE
    if subject == "3":
        return Scope.SERVER
    if kind is RCPT:
        return Scope.RECIPIENT
    if kind is FINISH:
        if subject in ("1", "2"):
            return Scope.RECIPIENT
        return Scope.SERVER if code == 452 and not status else Scope.MESSAGE
    return Scope.MESSAGE if kind is MAIL and code == 552 else Scope.SERVER


def outcome(kind: str, letter: Letter, reply: Reply) -> Outcome:
    """What ``reply`` to ``kind`` makes of ``letter``."""
    code = reply.code
    if kind is FINISH and 200 <= code < 300:
        return Outcome(letter.number, Verdict.SUBMITTED, code, reply.text)
    status = reply.status
    if 400 <= code < 600:
        verdict = Verdict.DEFERRED if code < 500 else Verdict.REFUSED
        return Outcome(letter.number, verdict, code, reply.text, scope(kind, code, status), status)
    return Outcome(letter.number, Verdict.IN_DOUBT, code, reply.text, Scope.SERVER, status)  # an answer, but to what?


class Transactions:
    """``coming`` is the letter whose envelope is under way, ``flying`` the one whose content is. ``go``: content may follow."""

    def __init__(self, envelopes: Envelopes) -> None:
        self._envelopes = envelopes
        self._dirty = False  # whether a transaction is open on the server's side that leads nowhere
        self._mail = self._rcpt = b""  # still to be written, where one goes after the other
        self._refusal: Outcome | None = None  # of the coming letter, while more replies to it must be read
        self.pipelining = envelopes.offered.pipelining
        self.awaited: deque[str] = deque()
        self.coming: Letter | None = None
        self.content = b""  # of the coming letter, on the wire
        self.flying: Letter | None = None
        self.go = False
        self.begun = 0  # envelopes over this connection

    def begin(self, letter: Letter, content: bytes) -> bytes:
        """What to write so that ``letter`` comes next. Raises CannotSend, and then nothing has changed."""
        mail, rcpt = self._envelopes.write(letter, content)
        self.begun += 1
        self.coming = letter
        self.content = content
        dirty, self._dirty = self._dirty, False
        if not self.pipelining:
            self._mail, self._rcpt = mail, rcpt
            self.awaited.append(RESET if dirty else MAIL)
            return RSET if dirty else mail
        if dirty:
            self.awaited.append(RESET)
        self.awaited.extend((MAIL, RCPT, GO))
        return RSET + mail + rcpt + DATA if dirty else mail + rcpt + DATA

    def fly(self) -> tuple[Letter, bytes]:
        """The coming letter and its content, which is to be written now with an end: it is the flying one from here on."""
        if self.coming is None or not self.go:
            raise RuntimeError("No content may be written now.")
        letter, content = self.coming, self.content
        self.flying, self.coming = letter, None
        self.content = b""
        self.go = False
        self.awaited.append(FINISH)
        return letter, content

    def heard(self, reply: Reply) -> tuple[Outcome | None, bytes]:
        """What came of a letter, if anything did, and what to write.

        Raises Closing or Garbled: then the connection is of no more use.
        """
        if not self.awaited:
            raise Closing(reply)
        kind = self.awaited.popleft()
        if kind is FINISH and self.flying is not None:
            letter, self.flying = self.flying, None
            return outcome(kind, letter, reply), b""
        if reply.code == 421:
            raise Closing(reply)
        if kind is HOLLOW:
            self._dirty = reply.code >= 300
            return self._refused(), b""
        if kind is RESET and not self.pipelining:
            self.awaited.append(MAIL)
            return None, self._mail
        if kind is RESET or self.coming is None:
            return None, b""
        return self._heard_of(self.coming, kind, reply)

    def _heard_of(self, letter: Letter, kind: str, reply: Reply) -> tuple[Outcome | None, bytes]:
        """The same for the coming letter's envelope."""
        code = reply.code
        if code >= 400:
            self._refusal = self._refusal or outcome(kind, letter, reply)
            if self.pipelining and kind is not GO:
                return None, b""  # replies to the rest of the envelope are still to come
            self._dirty = kind is not MAIL
            return self._refused(), b""
        if (code == 354) is not (kind is GO) or 300 <= code != 354:
            raise Garbled(f"an answer to {kind} nobody can read: {code}")
        if kind is GO:
            if self._refusal is None:
                self.go = True
                return None, b""
            self.awaited.append(HOLLOW)  # nobody will get it; all the same the server waits for an end
            return None, END
        if self.pipelining:
            return None, b""
        following = RCPT if kind is MAIL else GO
        self.awaited.append(following)
        return None, self._rcpt if following is RCPT else DATA

    def _refused(self) -> Outcome | None:
        refusal, self._refusal = self._refusal, None
        self.coming = None
        self.content = b""
        return refusal
