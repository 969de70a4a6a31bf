"""One connection from its first byte to its last, and what its end means for the letters on it."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable
from enum import Enum

from masthead.newsletters.smtp.content import END
from masthead.newsletters.smtp.envelope import Envelopes, Offered
from masthead.newsletters.smtp.letters import Letter, Outcome, Patience, Scope, Security, Server, Verdict
from masthead.newsletters.smtp.opening import Barred, Opening
from masthead.newsletters.smtp.replies import Garbled, Replies, Reply
from masthead.newsletters.smtp.transactions import FINISH, GO, HOLLOW, MAIL, QUIT, RCPT, RESET, Closing, Transactions, outcome
from masthead.newsletters.smtp.wire import Wire

NEVER = float("inf")


class Stage(Enum):
    """How far a line has come."""

    CONNECTING = "connecting"
    SHAKING = "shaking hands for TLS"
    OPENING = "opening"
    READY = "ready"
    LEAVING = "leaving"


SPEAKING = (Stage.READY, Stage.LEAVING)


class Lost(Exception):
    """The line is of no more use. ``lasting``: a new one would fare no better."""

    def __init__(self, why: str, code: int = 0, status: str = "", *, lasting: bool = False) -> None:
        super().__init__(why)
        self.code = code
        self.status = status
        self.lasting = lasting


class Line:
    """A wire and the conversation on it; a pool waits for it, and calls what fits.

    ``tell(outcome)`` is called as soon as the server has said what became of a letter. Whatever is called may raise Lost; then
    ``lost`` says what that means for the letters. ``deadline`` is when patience ends with what is awaited now.
    """

    def __init__(
        self,
        wire: Wire,
        server: Server,
        *,
        sender: str,
        context: ssl.SSLContext,
        patience: Patience,
        tell: Callable[[Line, Outcome], None],
        now: float,
    ) -> None:
        self.wire = wire
        self.stage = Stage.CONNECTING
        self.talk = Transactions(Envelopes(sender, Offered()))  # another once it is known what the server offers
        self.submitted = 0  # letters, over this line
        self.resting = False  # ready and with nothing to do; the pool's mark
        self.opening = True  # not ready yet; the pool's mark
        self.watched = 0  # the selector's events; the pool's mark
        self.deadline = now + patience.connect
        self._server = server
        self._sender = sender
        self._context = context
        self._patience = patience
        self._tell = tell
        self._replies = Replies()
        self._opening = Opening(server)
        self._most = 0
        self._end_at = 0  # the wire's count where the flying letter's end begins
        self._early: Reply | None = None  # said before the end of a letter was written
        self._waits = {
            MAIL: patience.envelope,
            RCPT: patience.envelope,
            RESET: patience.envelope,
            GO: patience.data,
            FINISH: patience.end,
            HOLLOW: patience.end,
            QUIT: patience.farewell,
        }

    # What the pool sees happen

    def writable(self, now: float) -> None:
        """The socket takes something, or the connection stands (or does not)."""
        if self.stage is Stage.CONNECTING:
            error = self.wire.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise Lost(f"The server cannot be reached: {os.strerror(error)}")
            if self._server.tls is Security.IMPLICIT:
                self._secure(now)
            else:
                self._open(now)
            return
        try:
            self.wire.resume()
        except OSError as error:
            self._broken(error, now)
        self._wait(now)

    def readable(self, now: float) -> None:
        """Bytes came, or the end."""
        try:
            if self.stage is Stage.SHAKING:
                self._shake(now)
                return
            data = self.wire.read()
        except OSError as error:
            raise Lost(f"The connection broke: {error.strerror or error}") from None
        if data is None:
            return
        if not data:
            raise Lost("The server closed the connection")
        self._heard(data, now)
        self._wait(now)

    def late(self) -> Lost:
        """Patience has ended: why."""
        if self.talk.awaited:
            what = "the content" if self._unfinished else self.talk.awaited[0]
            return Lost(f"The server did not answer {what} in time")
        return Lost(f"The server did not answer in time ({self.stage.value})")

    # What the pool has done

    def begin(self, letter: Letter, content: bytes, now: float) -> None:
        """Write the envelope of ``letter``. Raises CannotSend, and then nothing was done."""
        self.resting = False
        self._write(self.talk.begin(letter, content), now)

    def fly(self, content: bytes, following: bytes, now: float) -> None:
        """Write ``content`` (which ``talk.fly`` gave) and its end, and with it the envelope that follows."""
        try:
            self._end_at = self.wire.queued + len(content)  # should the write fail before it says better
            self._end_at = self.wire.write_marked(content, END + following)
        except OSError as error:
            self._broken(error, now)
        self._wait(now)

    def leave(self, now: float) -> None:
        """Say QUIT, if there is nothing on the line."""
        self.stage = Stage.LEAVING
        self.talk.awaited.append(QUIT)
        self._write(b"QUIT\r\n", now)

    @property
    def full(self) -> bool:
        """Whether the server said that it takes no more messages over one connection."""
        return 0 < self._most <= self.talk.begun

    def lost(self, why: Lost) -> tuple[Outcome | None, Letter | None]:
        """Close it; returns what became of the letter whose content was under way, and the letter of which nothing was sent."""
        unfinished = self._unfinished
        self.wire.close()
        talk = self.talk
        if talk.flying is None:
            return None, talk.coming
        flying = talk.flying
        if not unfinished:
            found = Outcome(flying.number, Verdict.IN_DOUBT, why.code, str(why), Scope.SERVER, why.status)
        elif self._early is not None and self._early.code >= 400:
            found = outcome(FINISH, flying, self._early)
        else:
            found = Outcome(flying.number, Verdict.DEFERRED, why.code, str(why), Scope.SERVER, why.status)
        return found, talk.coming

    # Inside

    @property
    def _unfinished(self) -> bool:
        """Whether nothing of the flying letter's end has been written."""
        return self.talk.flying is not None and self.wire.written <= self._end_at

    def _heard(self, data: bytes, now: float) -> None:
        replies = self._replies
        for reply in replies.feed(data):
            talk = self.talk
            try:
                if self.stage not in SPEAKING:
                    self._opened(reply, now)
                    continue
                if talk.flying is not None and self.wire.written <= self._end_at:
                    self._early = reply
                    raise Lost(f"The server spoke before it had the whole message: {reply.text}", reply.code, reply.status)
                found, answer = talk.heard(reply)
            except Closing as closing:
                reply = closing.reply
                raise Lost(f"The server is closing: {reply.text}", reply.code, reply.status) from None
            except Garbled as garbled:
                raise Lost(f"The server cannot be understood: {garbled}") from None
            if found is not None:
                if found.verdict is Verdict.SUBMITTED:
                    self.submitted += 1
                self._tell(self, found)
                if found.code == 421:
                    raise Lost(f"The server is closing: {found.text}", 421, found.status)
                if found.verdict is Verdict.IN_DOUBT:
                    raise Lost(f"The server cannot be understood: {found.text}")
            if answer:
                self._write(answer, now)
        if self.stage is Stage.LEAVING and not self.talk.awaited:
            raise Lost("Said goodbye")
        if replies.garbled:
            raise Lost(f"The server cannot be understood: {replies.garbled}")

    def _opened(self, reply: Reply, now: float) -> None:
        opening = self._opening
        if self.stage is Stage.SHAKING:  # said in the clear, to be taken for something said in private
            raise Lost("The server went on speaking after STARTTLS", lasting=True)
        try:
            answer = opening.heard(reply)
        except Barred as barred:
            lasting = barred.code == 0 or barred.code >= 500
            raise Lost(str(barred), barred.code, barred.status, lasting=lasting) from None
        self.deadline = now + self._patience.hello
        if opening.secure_now:
            self._secure(now)
        elif opening.offered is not None:
            self._ready(opening.offered, now)
        elif answer:
            self._write(answer, now)

    def _ready(self, offered: Offered, now: float) -> None:
        envelopes = Envelopes(self._sender, offered)
        if not envelopes.deliverable:
            raise Lost("The sender's address needs SMTPUTF8, which the server does not offer", 0, "5.6.7", lasting=True)
        self._most = offered.most
        self.talk = Transactions(envelopes)
        self.stage = Stage.READY
        self.deadline = now + self._patience.idle

    def _open(self, now: float) -> None:
        self.stage = Stage.OPENING
        self.deadline = now + self._patience.greeting

    def _secure(self, now: float) -> None:
        self.stage = Stage.SHAKING
        self.deadline = now + self._patience.handshake
        self._shake(now, begin=True)

    def _shake(self, now: float, *, begin: bool = False) -> None:
        wire = self.wire
        try:
            over = wire.secure(self._context, self._server.host) if begin else wire.shake()
        except ssl.SSLCertVerificationError as error:
            raise Lost(f"The server's certificate does not convince: {error.verify_message}", lasting=True) from None
        except OSError as error:
            raise Lost(f"TLS failed: {error.strerror or error}") from None
        if over is None:
            raise Lost("The server closed the connection while shaking hands for TLS")
        if not over:
            return
        self._open(now)
        self._replies = Replies()  # nothing said in the clear may become part of what is said now
        if self._server.tls is Security.STARTTLS:
            self._write(self._opening.secured(), now)
        try:
            early = wire.opened(wire.seal) if wire.seal else None  # a banner may have come with the last of the handshake
        except OSError as error:
            raise Lost(f"TLS failed: {error.strerror or error}") from None
        if early == b"":
            raise Lost("The server closed the connection")
        if early:
            self._heard(early, now)

    def _write(self, data: bytes, now: float) -> None:
        try:
            self.wire.write(data)
        except OSError as error:
            self._broken(error, now)
        self._wait(now)

    def _broken(self, error: OSError, now: float) -> None:
        """Nothing can be written; but the server may have said why before it closed."""
        if self.stage is not Stage.SHAKING:
            for _ in range(16):
                try:
                    data = self.wire.read()
                except OSError:
                    break
                if not data:
                    break
                self._heard(data, now)
        raise Lost(f"The connection broke: {error.strerror or error}")

    def _wait(self, now: float) -> None:
        """Patience begins anew, with what is awaited next."""
        talk = self.talk
        if self.stage not in SPEAKING:
            return
        if self.wire.stuck:
            self.deadline = now + self._patience.content
        elif talk.awaited:
            self.deadline = now + self._waits[talk.awaited[0]]
        else:
            self.deadline = NEVER if talk.coming is not None else now + self._patience.idle
