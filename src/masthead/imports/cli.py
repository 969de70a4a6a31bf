"""``masthead import``: articles from files."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click


@click.group("import")
def command() -> None:
    """Import articles from a file. Can be interrupted and repeated."""


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--access",
    type=click.Choice(["open", "metered", "subscribers"]),
    default="metered",
    show_default=True,
    help="Who may read what is imported.",
)
@click.option("--update", is_flag=True, help="Also bring articles imported earlier up to date with the file.")
@click.option("--report", type=click.Path(path_type=Path), help="Write what was skipped, and why, to this file.")
@click.option("--fewest-words", type=click.IntRange(1), default=20, show_default=True, help="Skip bodies shorter than this.")
def jsonl(file: Path, access: str, update: bool, report: Path | None, fewest_words: int) -> None:
    """Import FILE: one JSON object on each line, plain or gzipped.

    What is already there is passed over: after an interruption the same command goes on where it stopped.
    """
    if not file.is_file():
        raise click.ClickException(f"There is no file {file}.")
    if report and not report.absolute().parent.is_dir():
        raise click.ClickException(f"The report cannot be written: there is no directory {report.absolute().parent}.")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "masthead.site.settings")
    import django

    django.setup()
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from masthead.imports import services

    # What Django made lives as long as we do, and an import makes hardly any cycles: looking for garbage took a tenth of the time
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)
    started = time.monotonic()
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[done]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task(file.name, total=max(file.stat().st_size, 1), done="")

        def progress(position: int, outcome: services.Outcome) -> None:
            done = f"{outcome.imported + outcome.drafts + outcome.updated:,} in, {outcome.unchanged:,} there"
            bar.update(task, completed=position, done=done)

        def ending() -> None:
            bar.update(task, description="Ending after this batch (Ctrl-C again: at once)")

        with _ending_in_order(ending) as stop:
            outcome = services.import_jsonl(
                file, access=access, update=update, fewest_words=fewest_words, progress=progress, stop=stop
            )
    seconds = time.monotonic() - started
    if report:
        services.write_report(report, outcome, file)
    summarise(outcome, seconds, report)
    if outcome.failure:
        raise click.ClickException(outcome.failure)
    if outcome.interrupted:
        click.echo("Interrupted. Give the same command again to go on.", err=True)
        sys.exit(130)


@contextmanager
def _ending_in_order(asked: Callable[[], None]) -> Iterator[Callable[[], bool]]:
    """Ctrl-C is noted, and ``asked`` called; the second one interrupts. Yields a function that says whether there was one.

    Python drops a ``KeyboardInterrupt`` that is raised where nothing may be, as in a finaliser. A note cannot be lost.
    """
    stopping = False

    def note(*_: object) -> None:
        nonlocal stopping
        if stopping:
            raise KeyboardInterrupt
        stopping = True
        asked()

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: stopping
    finally:
        signal.signal(signal.SIGINT, before)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--update", is_flag=True, help="Also make topics and relations that are there what the file says.")
def guides(file: Path, update: bool) -> None:
    """Import the topics and relations of FILE, which `masthead export` wrote; its articles first, with `import jsonl`.

    Introductions, codes, aliases, members and key articles; introductions and milestones of relations.
    """
    if not file.is_file():
        raise click.ClickException(f"There is no file {file}.")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "masthead.site.settings")
    import django

    django.setup()
    from masthead.imports import guides, jsonl

    try:
        outcome = guides.import_guides(file, update=update)
    except jsonl.Unreadable as error:
        raise click.ClickException(str(error)) from None
    for what, counts in (("Topics", outcome.topics), ("Relations", outcome.relations)):
        click.echo(f"{what}: {counts['added']:,} added, {counts['updated']:,} updated, {counts['there']:,} there and left alone.")
    for problem in outcome.problems[:MOST_PROBLEMS]:
        click.echo(problem, err=True)
    if len(outcome.problems) > MOST_PROBLEMS:
        click.echo(f"... and {len(outcome.problems) - MOST_PROBLEMS:,} more like these.", err=True)


MOST_PROBLEMS = 20


def summarise(outcome: object, seconds: float, report: Path | None) -> None:
    """Print what an import did, and what it left out and why."""
    from masthead.imports.services import Outcome

    assert isinstance(outcome, Outcome)  # noqa: S101 - imported late, with Django set up
    made = outcome.imported + outcome.drafts
    rate = f" ({made / seconds:,.0f} a second)" if made and seconds >= 1 else ""
    click.echo(f"Imported {made:,} of {outcome.read:,} articles in {seconds:.1f} s{rate}.")
    if outcome.drafts:
        click.echo(f"  {outcome.drafts:,} dated in the future: kept as drafts.")
    if outcome.updated:
        click.echo(f"  {outcome.updated:,} updated.")
    if outcome.unchanged:
        click.echo(f"  {outcome.unchanged:,} already there: left as they are.")
    for reason, count in outcome.skipped.most_common():
        click.echo(f"  {count:,} skipped: {reason}.")
    if outcome.notes:
        click.echo("What was done to texts:")
        for note, count in outcome.notes.most_common():
            click.echo(f"  {count:,} {note}.")
    for row in [row for row in outcome.rows if row.reason.startswith("Line ")][:5]:
        click.echo(row.reason, err=True)
    if report:
        click.echo(f"The report is in {report}.")
    elif outcome.skipped:
        click.echo("Give --report FILE for the whole list.")
