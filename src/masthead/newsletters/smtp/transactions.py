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

    __slots__ = (
        "_dirty",
        "_envelopes",
        "_rcpt",
        "_refusal",
        "awaited",
        "begun",
        "coming",
        "content",
        "flying",
        "go",
        "pipelining",
    )

    def __init__(self, envelopes: Envelopes) -> None:
        self._envelopes = envelopes
        self._dirty = False  # whether a transaction is open on the server's side that leads nowhere
        self._rcpt = b""
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
        if self._dirty:
            self._dirty = False
            mail = b"RSET\r\n" + mail
            self.awaited.append(RESET)
        self.awaited.append(MAIL)
        if not self.pipelining:
            self._rcpt = rcpt
            return mail
        self.awaited.append(RCPT)
        self.awaited.append(GO)
        return mail + rcpt + DATA

    def fly(self) -> bytes:
        """The coming letter's content and end are being written: it is the flying one now. Returns its content."""
        content = self.content
        self.flying, self.coming = self.coming, None
        self.content = b""
        self.go = False
        self.awaited.append(FINISH)
        return content

    def heard(self, reply: Reply) -> tuple[Outcome | None, bytes]:
        """What came of a letter, if anything did, and what to write. Raises Closing or Garbled: then the connection is of no more use."""
        awaited = self.awaited
        if not awaited:
            raise Closing(reply)
        kind = awaited.popleft()
        code = reply.code
        if kind is FINISH:
            assert self.flying is not None
            letter, self.flying = self.flying, None
            return outcome(kind, letter, reply), b""
        if code == 421:
            raise Closing(reply)
        if kind is RESET or kind is QUIT:
            return None, b""
        if kind is HOLLOW:
            self._dirty = code >= 300
            return self._refused(), b""
        assert self.coming is not None
        if kind is GO:
            if code == 354:
                if self._refusal is None:
                    self.go = True
                    return None, b""
                awaited.append(HOLLOW)  # nobody will get it; all the same the server waits for an end
                return None, END
            if code < 400:
                raise Garbled(f"an answer to DATA nobody can read: {code}")
            self._dirty = True
            self._refusal = self._refusal or outcome(kind, self.coming, reply)
            return self._refused(), b""
        if code < 300:
            if self.pipelining:
                return None, b""
            if kind is MAIL:
                awaited.append(RCPT)
                return None, self._rcpt
            awaited.append(GO)
            return None, DATA
        if code < 400:
            raise Garbled(f"an answer to {kind} nobody can read: {code}")
        self._refusal = self._refusal or outcome(kind, self.coming, reply)
        if self.pipelining:
            return None, b""
        self._dirty = kind is RCPT
        return self._refused(), b""

    def _refused(self) -> Outcome | None:
        refusal, self._refusal = self._refusal, None
        self.coming = None
        self.content = b""
        return refusal
