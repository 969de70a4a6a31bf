"""``masthead web``: the web role."""

from __future__ import annotations

import click

from masthead.site import bootstrap


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for every one.")
def command(port: int, host: str) -> None:
    """Run the web role alone, in the foreground.

    The database has to be prepared (`masthead prepare`). MASTHEAD_WEB_WORKERS says how many processes answer.
    """
    found = bootstrap.configure(port=port)
    bootstrap.setup_django()
    from masthead.site import web

    web.preload()
    web.serve(host, port, found.web_workers)
