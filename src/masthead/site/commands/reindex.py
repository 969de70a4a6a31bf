"""``masthead reindex``: the library's index, built anew."""

from __future__ import annotations

import time

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from masthead.library import building
from masthead.library.keeper import BUSY, place
from masthead.library.place import Busy
from masthead.site import processes


@click.command()
@click.option("--keeper", type=int, hidden=True, help="The process that asks for it: show nothing, and end with it.")
def command(keeper: int | None) -> None:
    """Build the library's index anew, beside the one in use, then use it.

    Searches go on meanwhile. Interrupted, it leaves what was there; repeated, it begins at the beginning.
    """
    begun = time.monotonic()
    try:
        if keeper is not None:
            processes.die_with_parent(keeper)
            building.build(place())
            return
        with Progress(
            TextColumn("Indexing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=Console(stderr=True)
        ) as shown:
            task = shown.add_task("", total=None)
            building.build(place(), lambda done, total: shown.update(task, completed=done, total=total))
            done = int(shown.tasks[0].completed)
    except Busy:
        if keeper is not None:
            raise SystemExit(BUSY) from None
        raise click.ClickException("An index is being built already; wait for it.") from None
    except (OSError, ValueError) as error:
        raise click.ClickException(f"The index could not be written: {error}. The one in use is as it was.") from None
    click.echo(f"{done:,} articles indexed in {time.monotonic() - begun:.1f} s.", err=True)
