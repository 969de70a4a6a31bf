"""``masthead prepare``: what has to be done once before a new version serves."""

from __future__ import annotations

import click

from masthead.site import bootstrap


@click.command()
@click.option("--demo", is_flag=True, help="Also fill in the demo publication where there is no article.")
def command(demo: bool) -> None:
    """Migrate the database, collect static files, and index the library where that has not been done for this version.

    `masthead serve` does this by itself. Run it once for each new version where `masthead web` and `masthead worker` are
    started separately.
    """
    bootstrap.configure()
    bootstrap.setup_django()
    from masthead.site import preparation

    preparation.prepare(fill=demo)
    preparation.index()
