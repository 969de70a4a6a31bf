"""Between uvicorn, which speaks ASGI, and Django, which here is asked by WSGI, in threads.

A request reaches a thread only when it is there whole: a client that sends its body one byte a minute keeps a file waiting, not
a thread. Names of headers with an underscore are dropped, since in WSGI nobody can tell them from those with a hyphen, and one
of the latter is ``X-Forwarded-For``.
"""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

IN_MEMORY = 8 * 1024  # bytes of a body; a larger one waits in a file
PIECE = 256 * 1024  # bytes of an answer sent at a time
PATIENCE = 30.0  # seconds without a byte of a body
MOST_WAITING = 500  # requests for a thread
MOST_SEARCHING = 100  # of them, searches
MOST_BODIES = 1000  # bodies that are on their way; whoever sends them slowly fills neither memory nor the table of open files

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Answer = tuple[int, list[tuple[bytes, bytes]], bytes, "Rest | None"]  # status, headers, first piece, and what is left
Receive = Callable[[], Any]
Send = Callable[[dict[str, Any]], Any]


class Refused(Exception):
    """A request that is not worth a thread: its status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Gone(Exception):
    """The client went away before its request was complete."""


class Bridge:
    """An ASGI application that has ``application`` (WSGI) answer in ``threads`` threads.

    ``largest`` says how large a body may be, in bytes, for a path. Of what ``searches`` (by its path) no more than half the
    threads are taken at a time: whoever asks for much waits for others who do, and nobody who logs in or reads waits for them.
    """

    def __init__(
        self,
        application: Application,
        threads: int,
        largest: Callable[[str], int],
        searches: Callable[[str], bool] = lambda path: False,
    ) -> None:
        self._application = application
        self._searches = searches
        self._places = asyncio.Semaphore(max(1, threads // 2))
        self._searching = 0
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="request")
        self._largest = largest
        self._waiting = 0
        self._bodies = 0

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            if scope["http_version"] == "1.1" and sum(name == b"host" for name, _ in scope["headers"]) != 1:
                raise Refused(400, "That request names no host, or two.")  # RFC 9112, 3.2
            with await self._body(scope, receive) as body:
                async with self._place(scope["path"]):
                    answer = await self._begun(environ_of(scope, body))
                await self._send(answer, send)
        except Refused as refused:
            await _refuse(send, refused)
        except (Gone, asyncio.CancelledError):  # cancelled: the server stops, and has waited as long as it waits
            return

    async def _body(self, scope: dict[str, Any], receive: Receive) -> Any:
        if not {name for name, _ in scope["headers"]} & {b"content-length", b"transfer-encoding"}:
            return io.BytesIO()  # whoever only reads waits for nobody who sends
        if self._bodies >= MOST_BODIES:
            raise Refused(503, "Too many are sending at once. Please try again in a moment.")
        self._bodies += 1
        try:
            return await _read_body(scope, receive, self._largest)
        finally:
            self._bodies -= 1

    @asynccontextmanager
    async def _place(self, path: str) -> AsyncIterator[None]:
        """Wait for a place among the searches, where ``path`` is one. What waits here takes no thread."""
        if not self._searches(path):
            yield
            return
        if self._searching >= MOST_SEARCHING:
            raise Refused(503, "Too many are searching at once. Please try again in a moment.")
        self._searching += 1
        try:
            async with self._places:
                yield
        finally:
            self._searching -= 1

    async def _begun(self, environ: dict[str, Any]) -> Answer:
        # slow clients do not count here: neither those whose body is awaited, nor those who are reading
        if self._waiting >= MOST_WAITING:
            raise Refused(503, "Too many are reading at once. Please try again in a moment.")
        loop = asyncio.get_running_loop()
        self._waiting += 1
        try:
            return await loop.run_in_executor(self._executor, self._begin, environ)
        finally:
            self._waiting -= 1

    async def _send(self, answer: Answer, send: Send) -> None:
        status, headers, piece, rest = answer
        loop = asyncio.get_running_loop()
        try:
            await send({"type": "http.response.start", "status": status, "headers": headers})
            while rest is not None:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece, rest = await loop.run_in_executor(self._executor, _piece, rest)
            await send({"type": "http.response.body", "body": piece})
        finally:
            if rest is not None:
                await loop.run_in_executor(self._executor, rest.close)

    def _begin(self, environ: dict[str, Any]) -> Answer:
        told: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], Any]:
            told[:] = [status, headers]
            return _no_write

        piece, rest = _piece(Rest(self._application(environ, start_response)))
        status, headers = told
        return int(status[:3]), [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in headers], piece, rest


class Rest:
    """What is still to be sent of an answer."""

    def __init__(self, body: Iterable[bytes]) -> None:
        self._body = body
        self._parts: Iterator[bytes] = iter(body)

    def close(self) -> None:
        """Tell the application that no more is wanted; it finishes its request then."""
        close = getattr(self._body, "close", None)
        if close is not None:
            close()

    def read(self) -> tuple[bytes, bool]:
        """The next piece, and whether it was the last."""
        found, size = [], 0
        for part in self._parts:
            found.append(part)
            size += len(part)
            if size >= PIECE:
                return b"".join(found), False
        return b"".join(found), True


def _piece(rest: Rest) -> tuple[bytes, Rest | None]:
    try:
        piece, last = rest.read()
    except BaseException:
        rest.close()
        raise
    if last:
        rest.close()
        return piece, None
    return piece, rest


def _no_write(data: bytes) -> None:
    raise TypeError("this server takes what the application returns")


async def _read_body(scope: dict[str, Any], receive: Receive, largest: Callable[[str], int]) -> Any:
    """The request's body as a file at its beginning. Raises :class:`Refused` or :class:`Gone`."""
    limit = largest(scope["path"])
    declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if declared.isdigit() and int(declared[:18]) > limit:
        raise Refused(413, "That is more than we take.")
    body = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - whoever gets it closes it
    try:
        size, more = 0, True
        while more:
            try:
                message = await asyncio.wait_for(receive(), PATIENCE)
            except TimeoutError:
                raise Refused(408, "Your request did not arrive whole. Please try again.") from None
            except asyncio.CancelledError:
                raise Refused(503, "This server is about to stop. Please try again in a moment.") from None
            if message["type"] == "http.disconnect":
                raise Gone
            size += len(message.get("body", b""))
            if size > limit:
                raise Refused(413, "That is more than we take.")
            body.write(message.get("body", b""))
            more = message.get("more_body", False)
        body.seek(0)
        scope["body_size"] = size
    except BaseException:
        body.close()
        raise
    return body


async def _refuse(send: Send, refused: Refused) -> None:
    text = f"{refused}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(text)).encode()),
        (b"connection", b"close"),  # what else it sends is not read
    ]
    if refused.status == 503:
        headers.append((b"retry-after", b"5"))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


def environ_of(scope: dict[str, Any], body: Any) -> dict[str, Any]:
    """The WSGI environment (PEP 3333) of a request whose body is the file ``body``."""
    host, port = scope.get("server") or ("127.0.0.1", 80)
    client, client_port = scope.get("client") or ("", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        # the bytes that were sent, as Latin-1: PEP 3333's way of passing what may be in any encoding
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 0),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client,
        "REMOTE_PORT": str(client_port),
        "CONTENT_LENGTH": str(scope.get("body_size", 0)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
    }
    for name, value in scope["headers"]:
        if b"_" in name or name in (b"content-length", b"transfer-encoding"):
            continue
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        text = value.decode("latin-1")
        if key in environ:
            text = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{text}"
        environ[key] = text
    return environ
