"""The web server: uvicorn's protocol with the edge in it, on uvloop, in workers forked from a process that has loaded everything.

Each worker has one thread that speaks HTTP and answers what the edge holds, and a few that ask Django. All listen on one socket,
opened before the fork without SO_REUSEPORT: a second server on the same port is refused instead of quietly sharing it.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

import click

from masthead.site import processes
from masthead.site.supervisor import Child, Supervisor

KILL_AFTER = 5  # seconds a worker gets to answer the requests at hand
MOST_THREADS = 8  # a worker; each keeps a database connection
BACKLOG = 2048
LARGEST_UPLOAD = 256 * 2**20  # bytes, behind the newsroom's door
WORKER_FIRST = 20.0  # seconds a worker on this machine has to take the library's lock
SWEEP = 50  # ticks of a tenth of a second


def preload() -> None:
    """Load all that requests need, before anything is forked: once for every process, in time and in memory.

    Modules only. The application itself reads at its making what static files there are, and they may not be collected yet.
    """
    import uvicorn
    import uvicorn.loops.auto
    import uvicorn.protocols.http.httptools_impl  # noqa: F401
    from django.conf import settings
    from django.core.handlers import wsgi  # noqa: F401
    from django.urls import get_resolver
    from django.utils.module_loading import import_string

    from masthead.edge import build, follower, protocol  # noqa: F401
    from masthead.insights import robots
    from masthead.library import keeper, search  # noqa: F401
    from masthead.site import bridge  # noqa: F401

    for middleware in settings.MIDDLEWARE:
        import_string(middleware)
    get_resolver().url_patterns  # noqa: B018 - a property that imports
    robots.is_robot("Mozilla/5.0")  # reads its list
    gc.collect()
    gc.freeze()  # else the first collection in each process would touch, and so copy, every page of the shared memory


def serve(host: str, port: int, workers: int) -> None:
    """Answer requests until SIGTERM or SIGINT."""
    from django.db import connections

    application()  # before the fork: it is made once
    connections.close_all()  # two processes must not share a connection
    listener = listen(host, port)
    children = [Child(f"web {number}", lambda: work(listener)) for number in range(1, workers + 1)]
    status = Supervisor(children, is_ready=lambda: True, on_ready=lambda: None).run()
    listener.close()
    if status:
        raise SystemExit(status)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ``ClickException`` where somebody listens already, or the address is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise click.ClickException(
            f"Port {port} is in use by another program; stop it or choose another with --port."
            if error.errno in (98, 48)  # EADDRINUSE of Linux and of macOS
            else f"Cannot listen on {host}, port {port}: {error.strerror}."
        ) from None
    listener.set_inheritable(True)
    return listener


def application() -> Callable[..., Any]:
    """The WSGI application."""
    from masthead.site.wsgi import application

    return application


def work(listener: socket.socket) -> int:
    """One worker: answer requests that come to ``listener`` until SIGTERM; returns the exit status."""
    import uvicorn
    from django.conf import settings

    from masthead.core import remembered
    from masthead.edge import build
    from masthead.edge.follower import Follower
    from masthead.edge.protocol import EdgeProtocol
    from masthead.insights import counting
    from masthead.library import keeper
    from masthead.site.bridge import Bridge

    # A signal that comes before uvicorn listens to it is noted. Once it is done, uvicorn passes on what it heard; what is left to
    # do comes after.
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: asked.set())
    processes.keep_memory_together()
    # the thread that answers from memory waits this long for one that runs Python
    sys.setswitchinterval(0.001)
    # what the edge holds is many objects that live long: look through all of them seldom
    gc.set_threshold(20_000, 20, 100)

    follower = None
    if settings.MASTHEAD.edge:
        edge = build.make(application())
        EdgeProtocol.edge = edge
        follower = Follower(edge)
        follower.read()
        remembered.follow(edge.log)
        follower.start()
        answering: Callable[..., Any] = edge
    else:
        answering = build.without(application())

    # where a worker runs beside us, it is the one to write: its threads are in nobody's way
    keeper.Keeper(patience=WORKER_FIRST).start()

    class Server(uvicorn.Server):
        async def on_tick(self, counter: int) -> bool:
            if counter % SWEEP == 0:
                import asyncio

                now = asyncio.get_running_loop().time()
                for connection in list(self.server_state.connections):
                    connection.sweep(now)  # type: ignore[union-attr]
            return asked.is_set() or await super().on_tick(counter)

    config = uvicorn.Config(
        Bridge(  # type: ignore[arg-type]
            answering, threads=min(MOST_THREADS, (os.cpu_count() or 1) * 2 + 1), largest=largest_body, searches=searches
        ),
        http=EdgeProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # whom to believe is said by MASTHEAD_TRUSTED_PROXIES
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=KILL_AFTER - 1,
    )
    # it warns of every malformed request, which anybody can send
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    Server(config).run(sockets=[listener])
    if follower is not None:
        follower.stop()
    counting.stop()
    logging.shutdown()
    return 0


def searches(path: str) -> bool:
    """Whether ``path`` asks the library: it costs more than any other page, and everybody may."""
    return path.startswith(("/library/", "/api/"))


def largest_body(path: str) -> int:
    """How many bytes a request for ``path`` may carry."""
    from django.conf import settings

    from masthead.front.middleware import PlainRequest

    return LARGEST_UPLOAD if PlainRequest.is_inside(path) else settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
