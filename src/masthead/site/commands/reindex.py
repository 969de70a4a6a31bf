"""``masthead reindex``: the library's index, built anew."""

from __future__ import annotations

import os
import time

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from masthead.library import building
from masthead.library.keeper import place
from masthead.library.place import Busy
from masthead.site import processes


@click.command()
@click.option("--quiet", is_flag=True, help="Show no progress, and end with whoever called.")
def command(quiet: bool) -> None:
    """Build the library's index anew, beside the one in use, then use it.

    Searches go on meanwhile. Interrupted, it leaves what was there; repeated, it begins at the beginning.
    """
    if quiet:
        processes.die_with_parent(os.getppid())
    begun = time.monotonic()
    try:
        if quiet:
            building.build(place())
            return
        with Progress(
            TextColumn("Indexing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=Console(stderr=True)
        ) as shown:
            task = shown.add_task("", total=None)
            building.build(place(), lambda done, total: shown.update(task, completed=done, total=total))
            done = int(shown.tasks[0].completed)
    except Busy:
        raise click.ClickException("An index is being built already; wait for it.") from None
    except (OSError, ValueError) as error:
        raise click.ClickException(f"The index could not be written: {error}. The one in use is as it was.") from None
    click.echo(f"{done:,} articles indexed in {time.monotonic() - begun:.1f} s.", err=True)
