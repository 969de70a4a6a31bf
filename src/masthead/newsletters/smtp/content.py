"""A message as it goes over the wire. Pure."""

from __future__ import annotations

END = b".\r\n"


def stuffed(message: bytes) -> bytes:
    """``message`` with every line end CRLF, a CRLF at its end, and dots doubled that begin a line.

    A bare CR or LF counts as a line end: servers differ about them, and one that sees an end where another sees none can be
    made to take a second message out of the first.
    """
    returns = message.count(b"\r")
    if not returns == message.count(b"\n") == message.count(b"\r\n"):
        message = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    if not message.endswith(b"\r\n"):
        message += b"\r\n"
    if b"\n." in message:
        message = message.replace(b"\n.", b"\n..")
    return b"." + message if message.startswith(b".") else message
