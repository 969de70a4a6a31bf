"""This process's own application, put together and called as the web server does it, for what is measured without a network."""

from __future__ import annotations

import io
import sys
from typing import Any

from benchmarks.wrk import BROWSER


def application(edge: bool) -> Any:
    """Django, behind the edge where it is on, put together as a web worker does (``site.web.work``)."""
    from masthead.site.wsgi import application

    if not edge:
        return application
    from masthead.core import remembered
    from masthead.edge import build
    from masthead.edge.follower import Follower

    made = build.make(application)
    follower = Follower(made)
    follower.read()
    remembered.follow(made.log)
    follower.start()
    return made


def ask(application: Any, path: str, cookie: str) -> None:
    """Ask for ``path`` (with its query string) and take the whole answer, which must be a page."""
    told: list[str] = []
    where, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": where,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_USER_AGENT": BROWSER,
        "HTTP_ACCEPT_ENCODING": "gzip",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if cookie:
        environ["HTTP_COOKIE"] = cookie
    answer = application(environ, lambda status, headers, exc_info=None: told.append(status))
    body = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    if not told or not told[-1].startswith("200 ") or len(body) < 500:
        raise SystemExit(f"masthead: {path} was answered {told} with {len(body)} bytes.")
