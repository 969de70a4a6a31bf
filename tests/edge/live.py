"""A small publication that is really served, and visitors who ask it over the network with nothing but sockets."""

from __future__ import annotations

import contextlib
import email
import email.policy
import http.client
import json
import re
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from servers import Server, environment

TESTS = Path(__file__).resolve().parents[1]
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"


def within(data: Path, code: str, **variables: str) -> Any:
    """Run ``code`` in a process of its own with the publication of ``data``; returns what it left in ``found``, by JSON.

    What ``factories`` makes is at hand.
    """
    script = (
        "import json\n"
        "from masthead.site import bootstrap\n"
        "bootstrap.configure()\n"
        "bootstrap.setup_django()\n"
        "from factories import *\n"
        "found = None\n"
        f"{code}\n"
        "print(json.dumps(found))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(data, PYTHONPATH=str(TESTS), **variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@dataclass
class Answer:
    """What came back. ``headers`` by lower-case name; ``raw`` as it was sent, ``text`` as it reads."""

    status: int
    headers: dict[str, str]
    raw: bytes
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        encoding = self.headers.get("content-encoding", "")
        if encoding == "gzip":
            import gzip

            return gzip.decompress(self.raw).decode()
        if encoding == "br":
            import brotli

            return brotli.decompress(self.raw).decode()  # type: ignore[no-any-return]
        return self.raw.decode()

    @property
    def decision(self) -> str:
        """What the page says was decided."""
        (found,) = re.findall(r'<article[^>]*data-decision="([a-z]+)"', self.text)
        return str(found)


class Visitor:
    """A browser that only reads: it keeps cookies, and comes from ``address`` (127.0.0.0/8 is all this machine's on Linux)."""

    def __init__(self, port: int, address: str = "127.0.0.1", *, tls: bool = False, **headers: str) -> None:
        self.port = port
        self.address = address
        self.tls = tls
        self.cookies: dict[str, str] = {}
        self.headers = {"User-Agent": FIREFOX, "Sec-Fetch-Site": "same-origin"} | _with_hyphens(headers)
        self._connection: http.client.HTTPConnection | None = None

    def _connect(self) -> http.client.HTTPConnection:
        if self._connection is None:
            given: dict[str, Any] = {"timeout": 30, "source_address": (self.address, 0)}
            if self.tls:
                trusting = ssl.create_default_context()
                trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
                self._connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=trusting, **given)
            else:
                self._connection = http.client.HTTPConnection("127.0.0.1", self.port, **given)
        return self._connection

    def ask(
        self,
        method: str,
        path: str,
        form: dict[str, str] | None = None,
        *,
        headers: dict[str, str] | None = None,
        **more: str,
    ) -> Answer:
        """One request. ``more`` are headers, too, whose names have underscores for hyphens."""
        sent = self.headers | (headers or {}) | _with_hyphens(more)
        if self.cookies:
            sent["Cookie"] = "; ".join([f"{name}={value}" for name, value in self.cookies.items()])
        body = None
        if form is not None:
            body = urlencode(form)
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        for attempt in (1, 2):
            connection = self._connect()
            try:
                connection.request(method, path, body, sent)
                answer = connection.getresponse()
                break
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                # the server was free to close a connection on which nothing was under way
                self.leave()
                if attempt == 2:
                    raise
            except BaseException:
                self.leave()
                raise
        raw = answer.read()
        given: dict[str, str] = {}
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                for key, morsel in SimpleCookie(value).items():
                    given[key] = morsel.value
                    if morsel.value:
                        self.cookies[key] = morsel.value
                    else:
                        self.cookies.pop(key, None)
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, raw, given)

    def get(self, path: str, **more: str) -> Answer:
        return self.ask("GET", path, **more)

    def post(self, path: str, **form: str) -> Answer:
        return self.ask("POST", path, form)

    def keep_reading(self, path: str, address: str) -> None:
        """Type ``address`` at the gate of the article at ``path``."""
        assert self.post("/keep-reading/", email=address, article=slug_of(path)).status == 303

    def log_in(self, data: Path, address: str) -> Visitor:
        """Log in by the code that the worker of ``data`` mails."""
        before = time.time() - 1
        assert self.post("/login/", email=address).status == 303
        assert self.post("/confirm/", code=code_to(data, address, after=before)).status == 303
        return self

    def leave(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.close()
        self._connection = None

    def __del__(self) -> None:
        self.leave()


def _with_hyphens(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def slug_of(path: str) -> str:
    """The slug in an article's path."""
    return path.strip("/").rpartition("/")[2]


def code_to(data: Path, address: str, *, after: float, patience: float = 15.0) -> str:
    """The code in the newest mail to ``address`` written since ``after``."""
    deadline = time.monotonic() + patience
    while True:
        mails = sorted((data / "mail").glob("*.eml"), key=lambda path: path.name, reverse=True)
        for path in mails:
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if path.stat().st_mtime >= after and address in str(message["To"]):
                text = message.get_body(("plain",))
                assert text is not None
                (code,) = re.findall(r"^(\d{6})\r?$", text.get_content(), re.MULTILINE)
                return str(code)
        assert time.monotonic() < deadline, f"no mail to {address}"
        time.sleep(0.1)


class Told:
    """What a server writes to its log from now on. Somebody has to read it: a full pipe would stop the server."""

    def __init__(self, server: Server) -> None:
        self.lines: list[str] = []
        assert server.process.stderr is not None
        self._stream = server.process.stderr
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with contextlib.suppress(ValueError):  # closed under us, at the end
            for line in self._stream:
                self.lines.append(line)

    @property
    def tracebacks(self) -> list[str]:
        """The last line of every traceback, which names the error."""
        text = "".join(self.lines)
        return re.findall(r"^Traceback .*?\n(?:[ \n].*\n?)*(\S.*)$", text, re.MULTILINE)


def settles(happens: Callable[[], bool], patience: float) -> float:
    """Wait until ``happens``; returns how long it took, in seconds. Fails after ``patience`` seconds."""
    started = time.monotonic()
    while not happens():
        assert time.monotonic() - started < patience, f"not within {patience} s"
        time.sleep(0.02)
    return time.monotonic() - started
