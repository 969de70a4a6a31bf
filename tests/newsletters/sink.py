"""A mail server that counts: it writes down each recipient whose message it took, before it says so, and fails on request."""

from __future__ import annotations

import os
import random
import signal
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

STATES = ("connect", "ehlo", "mail", "rcpt", "data", "content", "end", "accepted")


@dataclass(frozen=True)
class Fault:
    """What goes wrong: in ``state``, one time in ``every``, the first ``most`` times only (0: always).

    ``what`` is a reply such as "421 4.3.2 Going down", "drop" (the connection is reset) or "hang".
    """

    state: str
    what: str
    every: int = 1
    most: int = 0


class Sink:
    """Runs in a process of its own. ``counts()`` tells how often each recipient's message was taken."""

    def __init__(self, folder: Path, *faults: Fault, delay: float = 0.0) -> None:
        self._record = folder / f"taken-{random.randrange(10**9)}"
        self._record.touch()
        self._faults = faults
        self._delay = delay
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=500)
        self.port: int = self._listener.getsockname()[1]
        self.pid = os.fork()
        if self.pid == 0:
            try:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                self._serve()
            finally:
                os._exit(0)
        self._listener.close()

    def counts(self) -> Counter[str]:
        return Counter(self._record.read_text().split())

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    # --- the child

    def _serve(self) -> None:
        self._file = os.open(self._record, os.O_WRONLY | os.O_APPEND)
        self._lock = threading.Lock()
        self._happened: Counter[Fault] = Counter()
        self._seen: Counter[str] = Counter()
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _fault(self, state: str) -> str:
        with self._lock:
            self._seen[state] += 1
            for fault in self._faults:
                if fault.state == state and self._seen[state] % fault.every == 0:
                    if fault.most and self._happened[fault] >= fault.most:
                        continue
                    self._happened[fault] += 1
                    return fault.what
        return ""

    def _talk(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError, EOFError), connection:
            Conversation(self, connection).run()


class Conversation:
    """One connection."""

    def __init__(self, sink: Sink, connection: socket.socket) -> None:
        self._sink = sink
        self._connection = connection
        self._held = b""
        self._answers = b""

    def run(self) -> None:
        if not self._may("connect"):
            return
        self._say("220 sink ESMTP")
        recipient, sender = "", False
        while True:
            line = self._line()
            verb = line[:4].upper()
            if verb == b"EHLO":
                if self._may("ehlo"):
                    self._say("250-sink\r\n250-PIPELINING\r\n250 8BITMIME")
            elif verb == b"MAIL":
                sender = self._may("mail")
                if sender:
                    self._say("250 2.1.0 Ok")
            elif verb == b"RCPT":
                recipient = ""
                if not sender:
                    self._say("503 5.5.1 MAIL first")
                elif self._may("rcpt"):
                    recipient = line.partition(b"<")[2].partition(b">")[0].decode()
                    self._say("250 2.1.5 Ok")
            elif verb == b"DATA":
                if not recipient:
                    self._say("554 5.5.1 No valid recipients")
                elif self._may("data"):
                    self._say("354 Go on")
                    self._content(recipient)
            elif verb == b"RSET":
                self._say("250 2.0.0 Ok")
            elif verb == b"QUIT":
                self._say("221 2.0.0 Bye")
                self._flush()
                return
            else:
                self._say("502 5.5.2 What?")

    def _content(self, recipient: str) -> None:
        self._flush()
        if not self._may("content"):
            return
        self._held = b"\r\n" + self._held
        while (at := self._held.find(b"\r\n.\r\n")) < 0:
            self._more()
        self._held = self._held[at + 5 :]
        if not self._may("end"):
            return
        if self._sink._delay:
            time.sleep(self._sink._delay)
        os.write(self._sink._file, f"{recipient}\n".encode())
        if self._may("accepted"):
            self._say("250 2.0.0 Ok: queued")

    def _may(self, state: str) -> bool:
        """Whether all is well; else what goes wrong has happened."""
        what = self._sink._fault(state)
        if not what:
            return True
        if what == "drop":
            self._flush()
            # a reset, not a polite end
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise EOFError
        if what == "close":
            raise EOFError
        if what == "hang":
            self._flush()
            time.sleep(3600)
        self._say(what)
        if what.startswith("421"):
            self._flush()
            raise EOFError
        return False

    def _say(self, text: str) -> None:
        self._answers += text.encode() + b"\r\n"

    def _flush(self) -> None:
        if self._answers:
            answers, self._answers = self._answers, b""
            self._connection.sendall(answers)

    def _line(self) -> bytes:
        while b"\r\n" not in self._held:
            self._flush()
            self._more()
        line, _, self._held = self._held.partition(b"\r\n")
        return line

    def _more(self) -> None:
        data = self._connection.recv(65536)
        if not data:
            raise EOFError
        self._held += data


@contextmanager
def sink(folder: Path, *faults: Fault, delay: float = 0.0) -> Iterator[Sink]:
    """A sink for a while."""
    one = Sink(folder, *faults, delay=delay)
    try:
        yield one
    finally:
        one.end()
