"""``masthead export``: the whole archive as JSON lines."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from masthead.site import bootstrap


@click.command()
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="File to write (default: standard output).")
def command(output: Path | None) -> None:
    """Write all articles, authors and topics as JSON lines.

    A file is written beside itself and renamed when it is whole, so that an interrupted export leaves the former one.
    """
    bootstrap.configure()
    bootstrap.setup_django()
    from rich.console import Console
    from rich.progress import track

    from masthead.imports import export

    if output is None:
        for _kind in export.write(sys.stdout):
            pass
        sys.stdout.flush()
        return
    partial = output.with_name(f".{output.name}.{os.getpid()}.partial")
    try:
        with partial.open("w", encoding="utf-8") as out:
            lines = export.write(out)
            written = sum(
                1 for _ in track(lines, "Exporting", total=export.count(), console=Console(stderr=True), transient=True)
            )
        partial.replace(output)
    except FileNotFoundError:
        raise click.ClickException(f"There is no directory {output.absolute().parent}.") from None
    finally:
        partial.unlink(missing_ok=True)
    click.echo(f"{written:,} lines written to {output}.", err=True)
