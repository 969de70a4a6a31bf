"""``masthead web``: the web role."""

from __future__ import annotations

import click

from masthead.site import bootstrap, processes


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for every one.")
@click.option("--prepare", is_flag=True, hidden=True)
@click.option("--empty", is_flag=True, hidden=True)
@click.option("--parent", type=int, hidden=True)
def command(port: int, host: str, prepare: bool, empty: bool, parent: int | None) -> None:
    """Run the web role alone, in the foreground.

    The database has to be prepared (`masthead prepare`). MASTHEAD_WEB_WORKERS says how many processes answer.
    """
    if parent:
        processes.die_with_parent(parent)
    found = bootstrap.configure(port=port)
    bootstrap.setup_django()
    if prepare:
        # In this process, not in one before it: loading Django is most of a start, and workers are forked from here.
        from masthead.site import preparation

        preparation.prepare(fill=not empty)
    from masthead.site import web

    web.serve(host, port, found.web_workers)
