"""A server's replies, cut from the bytes it sends. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

LONGEST = 65_536  # bytes of one reply; the RFC's line has 512

CODES = {b"%d" % code: code for code in range(200, 560)}
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")


class Garbled(Exception):
    """The server sent no SMTP reply, or none that can be an answer here."""


class Reply(NamedTuple):
    """One reply: its code, and its lines without code and line ends."""

    code: int
    lines: tuple[bytes, ...]

    @property
    def text(self) -> str:
        """All lines as one, shown without risk: what is not printable is escaped, and long ones are cut."""
        whole = b" ".join(self.lines).decode("utf-8", "backslashreplace").strip()
        if not whole.isprintable():
            whole = "".join(sign if sign.isprintable() else " " for sign in whole)
        return whole if len(whole) <= 500 else whole[:499] + "…"

    @property
    def status(self) -> str:
        """The enhanced status code it begins with, if any, and if it is of the code's class."""
        found = _STATUS.match(self.lines[0].decode("latin-1"))
        return found[1] if found and int(found[1][0]) == self.code // 100 else ""


class Replies:
    """Collects bytes as they come and gives whole replies.

    ``garbled`` says what came that is no reply. What came before it stands, what comes after it is not to be trusted.
    """

    def __init__(self) -> None:
        self.garbled = ""
        self._rest = b""
        self._lines: list[bytes] = []  # of a reply that is not all there
        self._code = 0
        self._length = 0

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that are complete now."""
        found: list[Reply] = []
        if self.garbled:
            return found
        if self._rest:
            data = self._rest + data
        lines = data.split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if line[-1:] == b"\r":
                line = line[:-1]
            code = CODES.get(line[:3])
            between = line[3:4]
            if code is None or (between not in (b" ", b"-", b"")) or (self._lines and code != self._code):
                self.garbled = f"not an SMTP reply: {line[:80]!r}"
                return found
            if between == b"-":
                self._code = code
                self._lines.append(line[4:])
                self._length += len(line)
            elif self._lines:
                found.append(Reply(code, (*self._lines, line[4:])))
                self._lines = []
                self._length = 0
            else:
                found.append(Reply(code, (line[4:],)))
        if len(self._rest) + self._length > LONGEST:
            self.garbled = "a reply without end"
        return found
