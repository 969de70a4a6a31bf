"""``masthead topics``: topics for an archive that has none, or too few."""

from __future__ import annotations

import csv
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from masthead.library import suggestions
from masthead.library.suggesting import THRESHOLD


@click.group("topics")
def command() -> None:
    """Find topics for articles. Can be interrupted and repeated."""


@command.command()
@click.option("--apply", is_flag=True, help="Add what is found to the live articles. Without it nothing is changed.")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    default=THRESHOLD,
    show_default=True,
    help="How sure it has to be. Lower finds more, and more that is wrong.",
)
@click.option("--limit", type=click.IntRange(1), help="Look at the newest so many articles only.")
@click.option("--create-countries", is_flag=True, help="Make the topic of a country where articles are about it and it has none.")
@click.option("--report", type=click.Path(path_type=Path), help="Write all that was found to this file (.csv, or else JSON).")
@click.option("--sample", type=click.IntRange(0), default=0, help="Print so many of them, chosen by chance, with their context.")
@click.option("--seed", type=int, help="The same number chooses the same sample again.")
def suggest(
    apply: bool,
    threshold: float,
    limit: int | None,
    create_countries: bool,
    report: Path | None,
    sample: int,
    seed: int | None,
) -> None:
    """Find the topics that live articles are about and do not have."""
    if report and not report.absolute().parent.is_dir():
        raise click.ClickException(f"The report cannot be written: there is no directory {report.absolute().parent}.")
    started = time.monotonic()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[done]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("articles", total=None, done="")

        def progress(done: int, total: int, outcome: suggestions.Outcome) -> None:
            bar.update(task, completed=done, total=max(total, 1), done=f"{len(outcome.found):,} found")

        outcome = suggestions.suggest(
            apply=apply,
            threshold=threshold,
            limit=limit,
            create_countries=create_countries,
            sample=sample,
            seed=seed,
            progress=progress,
        )
    if report:
        write_report(report, outcome, applied=apply, threshold=threshold)
    summarise(outcome, time.monotonic() - started, applied=apply)
    if report:
        click.echo(f"The report is in {report}.")
        if apply and outcome.added:
            click.echo(f"To take it all off again: masthead topics take-back {report}")
    if outcome.interrupted:
        click.echo("Interrupted. Give the same command again to go on.", err=True)
        sys.exit(130)


@command.command("take-back")
@click.argument("report", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def take_back(report: Path) -> None:
    """Take off again what `suggest --apply --report REPORT` added. What editors changed since stays."""
    try:
        pairs = read_report(report)
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise click.ClickException(f"{report} is not a report of topics suggested ({error}).") from error
    count = suggestions.take_back(pairs)
    click.echo(f"Took {count:,} topics off articles, of {len(pairs):,} in the report. The others are gone, or an editor's.")


def read_report(path: Path) -> list[tuple[int, int]]:
    """The (article, topic) pairs in a report that :func:`write_report` wrote when they were applied."""
    if path.suffix.lower() == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            rows: list[Any] = list(csv.DictReader(file))
    else:
        report = json.loads(path.read_text(encoding="utf-8"))
        if not report["applied"]:
            raise ValueError("nothing was applied")
        rows = report["found"]
    return [(int(row["article"]), int(row["number"])) for row in rows]


def summarise(outcome: suggestions.Outcome, seconds: float, *, applied: bool) -> None:
    """Print what was found, and the sample."""
    for number, found in enumerate(outcome.sample, start=1):
        click.echo(f"{number}. {found.topic} ({found.score:.2f}): {found.title}")
        click.echo(f"   found: {found.words}")
        click.echo(f"   {found.context}\n")
    click.echo(
        f"Read {outcome.read:,} articles in {seconds:.1f} s: {len(outcome.found):,} topics found"
        f" for {outcome.articles:,} of them, besides {outcome.there:,} that are there already."
    )
    for name, count in outcome.topics.most_common(12):
        click.echo(f"  {count:,} {name}")
    if len(outcome.topics) > 12:
        click.echo(f"  and {len(outcome.topics) - 12:,} topics more")
    if outcome.created:
        click.echo(f"Made the topics of {len(outcome.created)} countries.")
    if applied:
        click.echo(f"Added {outcome.added:,}.")
    elif outcome.found:
        click.echo("Nothing was changed: give --apply to add them.")


def write_report(path: Path, outcome: suggestions.Outcome, *, applied: bool, threshold: float) -> None:
    """All that was found as a file: CSV where its name says so, JSON otherwise."""
    if path.suffix.lower() == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["article", "slug", "title", "topic", "number", "words", "score"])
            for found in outcome.found:
                # a spreadsheet would take what begins so for a formula
                title = f"'{found.title}" if found.title[:1] in "=+-@\t\r" else found.title
                writer.writerow([found.article, found.slug, title, found.topic, found.number, found.words, found.score])
        return
    report = {
        "read": outcome.read,
        "threshold": threshold,
        "applied": applied,
        "added": outcome.added,
        "there already": outcome.there,
        "interrupted": outcome.interrupted,
        "topics made": outcome.created,
        "topics": dict(outcome.topics.most_common()),
        "sample": [asdict(found) for found in outcome.sample],
        "found": [{name: value for name, value in asdict(found).items() if name != "context"} for found in outcome.found],
    }
    path.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
