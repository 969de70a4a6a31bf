"""``masthead newsletters radar``: calendars taken in and handed out."""

from __future__ import annotations

from pathlib import Path

import click

from masthead.newsletters import radar


@click.group(name="radar")
def command() -> None:
    """Take calendars into the radar, and hand it out."""


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
def take(file: Path, dry_run: bool) -> None:
    """Take the events of FILE (.ics) in; those it brought before are brought up to date."""
    with file.open("rb") as opened:
        data = opened.read(radar.LARGEST + 1)
    try:
        planned = radar.plan(data) if dry_run else radar.take(data)
    except radar.CannotRead as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{len(planned.new)} new, {len(planned.changed)} changed, {len(planned.same)} as they were.")
    for what, why in planned.left_out:
        click.echo(f"  left out: {what}: {why}")


@command.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def hand_out(file: Path) -> None:
    """Write the radar (the last month and the next year) to FILE."""
    rows = list(radar.coming())
    file.write_bytes(radar.export(rows))
    click.echo(f"{len(rows)} events written to {file}.")
