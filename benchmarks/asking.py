"""One careful question at a time: what a server answers is looked at before it is measured."""

from __future__ import annotations

import gzip
import http.client
import re
from dataclasses import dataclass

from benchmarks.wrk import BROWSER, BadRun


@dataclass(frozen=True, slots=True)
class Answer:
    """A page as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def size(self) -> int:
        """Bytes of the whole answer."""
        lines = sum(len(name) + len(value) + 4 for name, value in self.headers.items())
        return len("HTTP/1.1 200 OK\r\n") + lines + 2 + len(self.body)

    @property
    def html(self) -> str:
        """The page, unpacked."""
        packed = self.headers.get("content-encoding") == "gzip"
        return (gzip.decompress(self.body) if packed else self.body).decode()

    @property
    def decision(self) -> str:
        """The decision named on the article, or nothing."""
        found = re.search(r'<article[^>]* data-decision="([^"]*)"', self.html)
        return found[1] if found else ""


class Client:
    """A connection that is kept, to one server."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def get(self, path: str, cookies: str = "") -> Answer:
        """Ask for ``path`` as wrk will ask."""
        headers = {"User-Agent": BROWSER, "Accept-Encoding": "gzip"}
        self.connection.request("GET", path, headers={**headers, "Cookie": cookies} if cookies else headers)
        answer = self.connection.getresponse()
        body = answer.read()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)

    def close(self) -> None:
        """Let go of the connection."""
        self.connection.close()


def get_once(port: int, path: str, cookies: str = "") -> Answer:
    """Ask for ``path`` over a connection of its own."""
    client = Client(port)
    try:
        return client.get(path, cookies)
    finally:
        client.close()


def checked(answer: Answer, what: str, *, decision: str | None = None, near: int | None = None) -> Answer:
    """``answer``, if it is a compressed page of that decision, whose compressed length is within 2 % of ``near``."""
    if answer.status != 200:
        raise BadRun(f"{what}: status {answer.status} instead of 200")
    if answer.headers.get("content-encoding") != "gzip":
        raise BadRun(f"{what}: not compressed")
    if decision is not None and answer.decision != decision:
        raise BadRun(f"{what}: decision {answer.decision!r} instead of {decision!r}")
    # Django pads what it compresses by up to a hundred bytes at random
    if near is not None and abs(len(answer.body) - near) > max(near * 0.02, 128):
        raise BadRun(f"{what}: {len(answer.body)} bytes, where about {near} were expected")
    return answer
