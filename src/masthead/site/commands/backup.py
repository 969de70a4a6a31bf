"""``masthead backup``: everything in one file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from masthead.site import bootstrap


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
def command(file: Path | None) -> None:
    """Copy database, media and secret key into one tar file.

    FILE is masthead-DATE-TIME.tar here unless named. The publication may go on running. Keep the file safe: it holds
    readers' addresses and the key that signs their cookies. docs/how-to/backup.md tells how to restore it.
    """
    bootstrap.configure()
    bootstrap.setup_django()
    from masthead.site import backup

    # the operator's own clock and time zone: it is their file
    target = file or Path(f"masthead-{datetime.now():%Y%m%d-%H%M%S}.tar")  # noqa: DTZ005
    written = backup.write(target, lambda what: click.echo(f"... {what}", err=True))
    click.echo(f"{written} ({written.stat().st_size / 1e6:,.1f} MB)")
