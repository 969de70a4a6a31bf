"""The web server: granian, whose workers are forked from a process that has already loaded everything.

Traps (granian 2.8): a worker forked from the main process inherits its signal handlers until it sets its own, and so ignores a
SIGTERM in its first moments, for which the main process then waits for ever; and SO_REUSEPORT lets two servers share a port.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import click

from masthead.site import processes

KILL_AFTER = 5  # seconds a worker gets to answer the requests at hand
MOST_THREADS = 8  # a worker; each keeps a database connection

_main = 0


def preload() -> None:
    """Load all that requests need, before anything is forked: once for every process, in time and in memory.

    Modules only. The application itself reads at its making what static files there are, and they may not be collected yet.
    """
    import granian.server  # noqa: F401
    from django.conf import settings
    from django.core.handlers import wsgi  # noqa: F401
    from django.urls import get_resolver
    from django.utils.module_loading import import_string

    for middleware in settings.MIDDLEWARE:
        import_string(middleware)
    get_resolver().url_patterns  # noqa: B018 - a property that imports
    gc.collect()
    gc.freeze()  # else the first collection in each process would touch, and so copy, every page of the shared memory


def serve(host: str, port: int, workers: int) -> None:
    """Answer requests until SIGTERM or SIGINT."""
    global _main
    from django.db import connections
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    application()  # before the fork: it is made once
    connections.close_all()  # two processes must not share a connection
    if sys.platform == "linux":
        # Python 3.14 starts workers afresh by default: each would load Django again, for seconds and megabytes
        multiprocessing.set_start_method("fork", force=True)
    if not processes.port_is_free(host, port):
        raise click.ClickException(f"Port {port} is in use by another program; stop it or choose another with --port.")
    cores = os.cpu_count() or 1
    _main = os.getpid()
    Granian(
        "masthead.site.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=min(MOST_THREADS, cores * 2 + 1),
        blocking_threads_idle_timeout=600,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=KILL_AFTER,
    ).serve(target_loader=_load_in_worker, wrap_loader=False)


def application() -> Callable[..., Any]:
    """The WSGI application."""
    from masthead.site.wsgi import application

    return application


def _load_in_worker() -> Callable[..., Any]:
    """Called by granian in each worker, before it sets its own signal handlers."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if _main:
        processes.die_with_parent(_main)
    return application()
