"""Browsers that ask through the edge: the same :class:`front.journey.Browser`, with an edge before Django."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.http.cookie import SimpleCookie
from django.test.client import ClientHandler

from masthead.core import clock, remembered
from masthead.edge import build
from masthead.edge.edge import Edge
from masthead.edge.follower import Follower


class Django:
    """Django as the edge calls it. ``calls`` are the paths it was asked for; ``down`` makes every answer a 503."""

    def __init__(self) -> None:
        self._handler = ClientHandler(enforce_csrf_checks=False)
        self.calls: list[str] = []
        self.down = False
        self.before: Callable[[], None] = lambda: None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        self.calls.append(environ["PATH_INFO"])
        self.before()
        response = HttpResponse("away", status=503) if self.down else self._handler(environ)
        cookies = [("Set-Cookie", morsel.OutputString()) for morsel in response.cookies.values()]
        start_response(f"{response.status_code} {response.reason_phrase}", [*response.items(), *cookies])
        return [response.content]


class Through(ClientHandler):
    """A test client's handler that asks ``edge``, having read the change log before where ``following``."""

    def __init__(self, edge: Edge, follower: Follower) -> None:
        super().__init__(enforce_csrf_checks=False)
        self.edge = edge
        self.follower = follower
        self.following = True

    def __call__(self, environ: dict[str, Any]) -> HttpResponse:
        if self.following:
            self.follower.read()
        environ.setdefault("HTTP_USER_AGENT", "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0")
        return ask(self.edge, environ)


def ask(edge: Callable[..., Any], environ: dict[str, Any]) -> HttpResponse:
    """The answer of a WSGI application, as the test client wants it."""
    told: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        told[:] = [status, headers]

    asked = dict(environ)  # Django writes its own reading of the path into the one it gets
    body = edge(environ, start_response)
    response = HttpResponse(b"".join(body), status=int(told[0].split()[0]), reason=told[0].partition(" ")[2])
    del response["Content-Type"]
    cookies = SimpleCookie()
    for name, value in told[1]:
        if name.lower() == "set-cookie":
            cookies.load(value)
        else:
            assert name not in response, f"{name} twice"
            response[name] = value
    response.cookies = cookies
    response.wsgi_request = WSGIRequest(asked)  # type: ignore[attr-defined]
    return response


def make_edge(**fields: Any) -> Through:
    """An edge of this test's own; :class:`Django` is behind it."""
    edge = build.make(Django(), now=lambda: clock.now().timestamp())
    for name, value in fields.items():
        setattr(edge, name, value)
    follower = Follower(edge)
    remembered.follow(edge.log)
    return Through(edge, follower)
