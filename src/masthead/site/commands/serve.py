"""``masthead serve``: one command from nothing to a running publication."""

from __future__ import annotations

import http.client
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import click

from masthead.site import bootstrap, processes
from masthead.site.supervisor import STOPPING, Child, Supervisor


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for every one.")
@click.option("--data", type=click.Path(path_type=Path), help="Data directory (default: $MASTHEAD_DATA, or var/ here).")
@click.option("--empty", is_flag=True, help="Do not fill in the demo publication where there is no article.")
def command(port: int, host: str, data: Path | None, empty: bool) -> int:
    """Prepare everything, then run web and worker until stopped.

    Migrates the database, collects static files, fills in the demo publication where there is no article yet, and prints
    one line when it is ready. Ctrl-C or SIGTERM stops all of it.
    """
    found = bootstrap.configure(data, port)
    if not processes.port_is_free(host, port):
        raise click.ClickException(
            f"Port {port} is in use by another program (or {host} is not an address of this machine); "
            "stop that program or choose another port with --port."
        )
    # While Django loads there is no child yet and nothing to clean up: a stop signal then ends this process at once.
    for number in STOPPING:
        signal.signal(number, lambda *_: os._exit(0))
    bootstrap.setup_django()
    from masthead.site import web, worker

    web.preload()
    supervisor = Supervisor(
        [
            Child("web", lambda: bootstrap.guarded(lambda: _web(host, port, found.web_workers, empty)), graceful=False),
            Child("worker", lambda: bootstrap.guarded(worker.run)),
        ],
        is_ready=lambda: _answers(host, port),
        on_ready=lambda: _say_ready(port),
    )
    return supervisor.run()


def _web(host: str, port: int, workers: int, empty: bool) -> None:
    """The web role, which prepares first: it may only serve afterwards, while the worker waits for tables by itself."""
    from masthead.site import preparation, web

    preparation.prepare(fill=not empty)
    web.serve(host, port, workers)


def _answers(host: str, port: int) -> bool:
    """Whether the web server answers. Asked of the address it listens on; an "every address" one is asked locally."""
    where = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    connection = http.client.HTTPConnection(where, port, timeout=2)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _say_ready(port: int) -> None:
    # whoever started us may have stopped reading; that is no reason to stop serving
    with suppress(BrokenPipeError):
        click.echo(f"Masthead is ready at http://127.0.0.1:{port}/")
        sys.stdout.flush()
