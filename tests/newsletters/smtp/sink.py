"""A mail server for tests that does as it is told, one thread a connection, and writes down what it took.

Its script names a *moment* of the conversation and what to do then; whatever is not named goes well. The moments, in order:
``connected`` (before the banner), ``EHLO``, ``STARTTLS``, ``AUTH``, ``MAIL``, ``RCPT``, ``DATA``, ``content`` (after some of it),
``end`` (the final dot was read), ``after`` (250 was said to it), ``RSET``, ``QUIT``.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Say:
    """This instead of the usual reply. ``slowly``: byte by byte. ``close``: and then close. ``hang``: and then read no more."""

    text: bytes
    slowly: bool = False
    close: bool = False
    hang: bool = False


@dataclass(frozen=True)
class Drop:
    """Close the connection; ``hard``: with a reset, so that what is unread is lost too."""

    hard: bool = False


@dataclass(frozen=True)
class Hang:
    """Say nothing more and read nothing more, and leave the connection open."""


Act = Say | Drop | Hang
Script = Mapping[str, Act | Sequence[Act | None]]  # a list: one a time it comes to that; None, and when it is used up: as usual


@dataclass
class Sink:
    """``taken`` is every message it said 250 to; ``ends`` every recipient whose message it read to the end."""

    script: Script = field(default_factory=dict)
    offers: Sequence[bytes] = (b"PIPELINING", b"SIZE 100000000", b"8BITMIME", b"ENHANCEDSTATUSCODES")
    context: ssl.SSLContext | None = None
    implicit: bool = False
    room: int = 0  # bytes it reads before it answers to content with what the script says there
    hollow: bytes = b""  # if set, it says 354 to DATA though nobody is to get it, and this to the end of that
    refuses: Mapping[bytes, bytes] = field(default_factory=dict)  # recipient: reply

    def __post_init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.ends: Counter[str] = Counter()
        self.commands: list[bytes] = []
        self.talks: list[list[bytes]] = []  # the same, each connection's by themselves
        self.groups: list[list[bytes]] = []  # the same, as many as came at once
        self.connections = 0
        self.most_at_once = 0
        self.ceased: list[str] = []  # programming errors in it
        self.over = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._lines: dict[str, list[Act | None]] = {
            moment: list(acts) for moment, acts in self.script.items() if isinstance(acts, list | tuple)
        }
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> Sink:
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        self._threads.append(thread)
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        assert not self.ceased, self.ceased

    @property
    def recipients(self) -> Counter[str]:
        """How often it said 250 to a message for whom."""
        with self._lock:
            return Counter(recipient for recipient, _ in self.taken)

    def act(self, moment: str) -> Act | None:
        """What the script says for ``moment`` now."""
        with self._lock:
            if moment in self._lines:
                return self._lines[moment].pop(0) if self._lines[moment] else None
        act = self.script.get(moment)
        assert act is None or isinstance(act, Act)
        return act

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                self._open.add(connection)
                self.most_at_once = max(self.most_at_once, len(self._open))
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        conversation = Conversation(self, connection)
        try:
            conversation.run()
        except (OSError, Over):
            pass
        except Exception as error:
            self.ceased.append(repr(error))
        finally:
            with self._lock:
                self._open.discard(connection)
            with contextlib.suppress(OSError):
                conversation.socket.close()
            connection.close()


class Over(Exception):
    """The conversation is."""


class Conversation:
    """One connection to the sink."""

    def __init__(self, sink: Sink, connection: socket.socket) -> None:
        self.sink = sink
        self.socket = connection
        self.buffer = b""
        self.recipient = ""
        self.sender = False
        self.commands: list[bytes] = []
        sink.talks.append(self.commands)

    def run(self) -> None:
        if self.sink.implicit:
            self._secure()
        self._answer("connected", b"220 sink ESMTP\r\n")
        while True:
            line = self._line()
            verb = line[:4].upper()
            self.sink.commands.append(line)
            self.commands.append(line)
            if verb == b"EHLO":
                words = [b"sink", *self.sink.offers]
                self._answer("EHLO", b"".join(b"250-%s\r\n" % word for word in words[:-1]) + b"250 %s\r\n" % words[-1])
            elif verb == b"HELO":
                self._answer("HELO", b"250 sink\r\n")
            elif verb == b"STAR":
                self._answer("STARTTLS", b"220 go ahead\r\n")
                self._secure()
            elif verb == b"AUTH":
                self._log_in(line)
            elif verb == b"MAIL":
                self.recipient = ""
                self.sender = self._answer("MAIL", b"250 2.1.0 Ok\r\n").startswith(b"250")
            elif verb == b"RCPT":
                self._rcpt(line)
            elif verb == b"DATA":
                if self.recipient:
                    if self._answer("DATA", b"354 go on\r\n").startswith(b"354"):
                        self._content()
                elif self.sink.hollow:
                    self._say(b"354 go on\r\n")
                    assert self._line() == b".", "content for nobody"
                    self._say(self.sink.hollow)
                else:
                    self._say(b"503 5.5.1 no valid recipients\r\n")
            elif verb == b"RSET":
                self.recipient = ""
                self._answer("RSET", b"250 2.0.0 Ok\r\n")
            elif verb == b"QUIT":
                self._answer("QUIT", b"221 2.0.0 Bye\r\n")
                return
            else:
                self._say(b"502 5.5.2 what?\r\n")

    def _rcpt(self, line: bytes) -> None:
        address = line.split(b"<", 1)[1].rsplit(b">", 1)[0]
        if not self.sender:
            self._say(b"503 5.5.1 MAIL first\r\n")
        elif address in self.sink.refuses:
            self._say(self.sink.refuses[address])
        elif self._answer("RCPT", b"250 2.1.5 Ok\r\n").startswith(b"250"):
            self.recipient = address.decode()

    def _log_in(self, line: bytes) -> None:
        if line.upper().startswith(b"AUTH LOGIN"):
            self._say(b"334 VXNlcm5hbWU6\r\n")
            self.sink.commands.append(self._line())
            self._say(b"334 UGFzc3dvcmQ6\r\n")
            self.sink.commands.append(self._line())
        self._answer("AUTH", b"235 2.7.0 welcome\r\n")

    def _content(self) -> None:
        pieces, tail = [self.buffer], b"\r\n" + self.buffer
        length = len(self.buffer)
        while b"\r\n.\r\n" not in tail:
            if length >= self.sink.room and (act := self.sink.act("content")) is not None:
                self._do(act)
            self.buffer = b""
            self._more()
            pieces.append(self.buffer)
            length += len(self.buffer)
            tail = tail[-4:] + self.buffer
        self.buffer = b"".join(pieces)
        message, self.buffer = self.buffer.split(b".\r\n", 1) if self.buffer[:3] == b".\r\n" else self._cut()
        with self.sink._lock:
            self.sink.ends[self.recipient] += 1
        said = self._answer("end", b"250 2.0.0 Ok: queued\r\n", before=lambda: self._take(message))
        if said.startswith(b"250"):
            act = self.sink.act("after")
            if act is not None:
                self._do(act)
        self.recipient = ""

    def _cut(self) -> tuple[bytes, bytes]:
        message, rest = self.buffer.split(b"\r\n.\r\n", 1)
        return message + b"\r\n", rest

    def _take(self, message: bytes) -> None:
        lines = message.split(b"\r\n")
        plain = b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)
        with self.sink._lock:
            self.sink.taken.append((self.recipient, plain))

    def _answer(self, moment: str, usual: bytes, before: object = None) -> bytes:
        """Say the usual, unless the script has something else for ``moment``; returns what was said."""
        act = self.sink.act(moment)
        said = usual if act is None else act.text if isinstance(act, Say) else b""
        if callable(before) and (said.startswith(b"250 ") or b"\r\n250 " in said):
            before()
        if act is not None:
            self._do(act)
        else:
            self._say(usual)
        return said

    def _do(self, act: Act) -> None:
        if isinstance(act, Hang):
            self._hang()
        if isinstance(act, Drop):
            if act.hard:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise Over
        if act.slowly:
            for at in range(len(act.text)):
                self._say(act.text[at : at + 1])
                time.sleep(0.001)
        else:
            self._say(act.text)
        if act.hang:
            self._hang()
        if act.close:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)  # what it said is read; a close on unread bytes could be a reset
            while self.socket.recv(65536):
                pass
            raise Over

    def _hang(self) -> None:
        self.sink.over.wait(60)
        raise Over

    def _say(self, text: bytes) -> None:
        if text:
            self.socket.sendall(text)

    def _line(self) -> bytes:
        group = []
        while b"\r\n" not in self.buffer:
            self._more()
            group = self.buffer.split(b"\r\n")[:-1]
        if group:
            self.sink.groups.append(group)
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise Over
        self.buffer += data

    def _secure(self) -> None:
        assert self.sink.context is not None
        self.buffer = b""
        secured = self.sink.context.wrap_socket(self.socket, server_side=True)
        with self.sink._lock:
            self.sink._open.discard(self.socket)
            self.sink._open.add(secured)
        self.socket = secured
