"""Between the server and Django: who waits for whom."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from masthead.site import bridge
from masthead.site.bridge import Bridge


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["wsgi.input"].read() or b"read"]


def scope(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    """A request with ``headers``."""
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST" if headers else "GET",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(b"host", b"x"), *headers],
    }


def test_bodies_on_their_way_are_bounded_and_whoever_only_reads_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "MOST_BODIES", 2)
    sending = (b"content-length", b"5")

    async def story() -> list[int]:
        app, arrive = Bridge(application, threads=1, largest=lambda path: 100), asyncio.Event()

        async def receive() -> dict[str, Any]:
            await arrive.wait()
            return {"type": "http.request", "body": b"there"}

        async def ask(*headers: tuple[bytes, bytes]) -> int:
            sent: list[dict[str, Any]] = []

            async def send(message: dict[str, Any]) -> None:
                sent.append(message)

            await app(scope(*headers), receive, send)
            return int(sent[0]["status"])

        stalled = [asyncio.create_task(ask(sending)) for _ in range(2)]
        await asyncio.sleep(0)
        told = [await ask(sending), await ask()]
        arrive.set()
        return [*told, *await asyncio.gather(*stalled), await ask(sending)]

    assert asyncio.run(story()) == [503, 200, 200, 200, 200]


def test_searches_take_half_the_threads_and_keep_nobody_else_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "MOST_SEARCHING", 3)
    found = threading.Event()
    begun: list[str] = []

    def slow(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        begun.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/search":
            found.wait(30)
        return application(environ, start_response)

    async def story() -> list[int]:
        app = Bridge(slow, threads=2, largest=lambda path: 100, searches=lambda path: path == "/search")

        async def ask(path: str) -> int:
            sent: list[dict[str, Any]] = []

            async def send(message: dict[str, Any]) -> None:
                sent.append(message)

            await app(scope() | {"path": path, "raw_path": path.encode()}, None, send)  # type: ignore[arg-type]
            return int(sent[0]["status"])

        searching = [asyncio.create_task(ask("/search")) for _ in range(3)]
        await asyncio.sleep(0)
        told = [await ask("/search"), await ask("/login")]
        assert begun.count("/search") <= 1
        found.set()
        return [*told, *await asyncio.gather(*searching)]

    assert asyncio.run(story()) == [503, 200, 200, 200, 200]
