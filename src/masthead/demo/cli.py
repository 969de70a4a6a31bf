"""``masthead demo``: the demo publication, and a large archive for trials."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click


@click.command("demo")
@click.option(
    "--archive", type=click.IntRange(1, 1_000_000), metavar="N", help="Also generate an archive of N texts, for trials."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed gives another archive.")
def command(archive: int | None, seed: int) -> None:
    """Fill in the demo publication. What is there stays as it is; an interrupted run goes on where it stopped."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "masthead.site.settings")
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()
    from django.conf import settings
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from masthead.demo import archive as generator
    from masthead.demo import services

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("Demo publication")
            services.fill(lambda what, done, total: bar.update(task, description=what[:40], completed=done, total=total))
            if archive:
                started = time.monotonic()
                task = bar.add_task("Archive", total=archive)
                made = generator.fill(archive, seed, lambda done, total: bar.update(task, completed=done))
                seconds = time.monotonic() - started
    except KeyboardInterrupt:
        raise click.ClickException("Interrupted. Give the same command again to go on.") from None
    click.echo("The demo publication is filled in.")
    if archive:
        click.echo(f"{made:,} texts of the archive were made in {seconds:.1f} s ({archive - made:,} were there).")
    credentials = Path(settings.MASTHEAD.data) / services.CREDENTIALS
    if credentials.exists():
        click.echo(f"The newsroom's log-in is in {credentials}.")
