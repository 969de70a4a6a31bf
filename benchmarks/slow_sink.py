"""A mail server that takes everything and answers each time only after a while, as one far away does.

    python -m benchmarks.slow_sink PORT MILLISECONDS
"""

from __future__ import annotations

import asyncio
import sys

import uvloop


class Conversation(asyncio.Protocol):
    """One connection. What was said in one read is answered in one write, ``wait`` seconds later."""

    wait = 0.02

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport: asyncio.WriteTransport = transport  # type: ignore[assignment]
        self._held = b""
        self._content = False
        self._answer(b"220 slow ESMTP\r\n")

    def _answer(self, said: bytes) -> None:
        asyncio.get_running_loop().call_later(self.wait, self._write, said)

    def _write(self, said: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(said)
            if said.endswith(b"221 Bye\r\n"):
                self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Commands, or content."""
        said = b""
        held = self._held + data if self._held else data
        while held:
            if self._content:
                at = held.find(b"\r\n.\r\n")
                if at < 0:
                    held = held[-4:]
                    break
                held, self._content = held[at + 5 :], False
                said += b"250 2.0.0 Ok\r\n"
                continue
            line, end, rest = held.partition(b"\r\n")
            if not end:
                break
            held = rest
            verb = line[:4].upper()
            if verb == b"EHLO":
                said += b"250-slow\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
            elif verb == b"DATA":
                said += b"354 Go on\r\n"
                self._content = True
                held = b"\r\n" + held
            elif verb == b"QUIT":
                said += b"221 Bye\r\n"
            else:
                said += b"250 2.1.0 Ok\r\n"
        self._held = held
        if said:
            self._answer(said)


async def serve(port: int, wait: float) -> None:
    """Until it is killed."""
    Conversation.wait = wait
    server = await asyncio.get_running_loop().create_server(Conversation, "127.0.0.1", port, backlog=1000)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2]) / 1000))
