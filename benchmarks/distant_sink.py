"""A mail server that takes everything and answers after a while, as one far away does.

What comes is understood when it comes, and each answer leaves a fixed time later, so that many connections wait at the same
time. One thread, epoll. Run as ``python -m benchmarks.distant_sink PORT MILLISECONDS``; on SIGTERM it prints how many messages
it took, and how many recipients of them had come before.
"""

from __future__ import annotations

import select
import signal
import socket
import sys
from collections import deque
from time import monotonic

END = b"\r\n.\r\n"
HELLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 0\r\n"


class Caller:
    """One connection: what of a command or of an end came so far."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.rest = b""
        self.in_content = False
        self.recipient = b""


class Sink:
    """``taken`` messages; ``again`` of them for a recipient who had one."""

    def __init__(self, port: int, delay: float) -> None:
        self.delay = delay
        self.taken = 0
        self.again = 0
        self._seen: set[bytes] = set()
        self._due: deque[tuple[float, Caller, bytes]] = deque()
        self._callers: dict[int, Caller] = {}
        self._poll = select.epoll()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=1024)
        self._listener.setblocking(False)
        self._poll.register(self._listener, select.EPOLLIN)

    def run(self) -> None:
        """Serve until the process is ended."""
        while True:
            wait = max(0.0, self._due[0][0] - monotonic()) if self._due else -1
            for number, _event in self._poll.poll(wait):
                if number == self._listener.fileno():
                    self._greet()
                else:
                    self._hear(number)
            now = monotonic()
            while self._due and self._due[0][0] <= now:
                _, caller, answer = self._due.popleft()
                if caller.sock.fileno() >= 0:
                    caller.sock.send(answer)

    def _greet(self) -> None:
        sock, _ = self._listener.accept()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        caller = self._callers[sock.fileno()] = Caller(sock)
        self._poll.register(sock, select.EPOLLIN)
        self._due.append((monotonic() + self.delay, caller, b"220 sink\r\n"))

    def _hear(self, number: int) -> None:
        caller = self._callers[number]
        try:
            data = caller.sock.recv(262_144)
        except ConnectionError:
            data = b""
        if not data:
            self._poll.unregister(number)
            del self._callers[number]
            caller.sock.close()
            return
        answer = self._answer(caller, data)
        if answer:
            self._due.append((monotonic() + self.delay, caller, answer))

    def _answer(self, caller: Caller, data: bytes) -> bytes:
        answers = []
        while data:
            if caller.in_content:
                joined = caller.rest + data
                end = joined.find(END)
                if end < 0:
                    caller.rest = joined[-4:]
                    break
                data, caller.rest = joined[end + 5 :], b""
                caller.in_content = False
                self.taken += 1
                self.again += caller.recipient in self._seen
                self._seen.add(caller.recipient)
                answers.append(b"250 2.0.0 taken\r\n")
                continue
            line, found, data = (caller.rest + data).partition(b"\r\n")
            caller.rest = b"" if found else line
            if found:
                answers.append(self._command(caller, line))
        return b"".join(answers)

    def _command(self, caller: Caller, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"EHLO":
            return HELLO
        if verb == b"DATA":
            caller.in_content = True
            caller.rest = b"\r\n"  # so that a content of nothing ends too
            return b"354 go on\r\n"
        if verb == b"RCPT":
            caller.recipient = line
        return b"221 bye\r\n" if verb == b"QUIT" else b"250 2.0.0 ok\r\n"


def main(port: int, milliseconds: float) -> None:
    """Serve on ``port`` until SIGTERM."""
    sink = Sink(port, milliseconds / 1000)

    def leave(_number: int, _frame: object) -> None:
        print(sink.taken, sink.again, flush=True)
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)
    sink.run()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
