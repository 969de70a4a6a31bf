"""``masthead newsletters``: see and steer how editions are mailed."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType

import click

from masthead.core import clock
from masthead.newsletters import bounce, editions, radar_cli, restored, sending, settling, watching
from masthead.newsletters.models import Claim, Edition, Newsletter
from masthead.newsletters.progress import Progress, progress


@click.group(name="newsletters")
def command() -> None:
    """See and steer how editions are mailed."""


command.add_command(bounce.command)
command.add_command(radar_cli.command)


def _edition(name: str) -> Edition:
    slug, _, key = name.partition(":")
    found = Edition.objects.select_related("newsletter").filter(newsletter__slug=slug, key=key).first()
    if found is None:
        raise click.ClickException(f"There is no edition {name}; write NEWSLETTER:KEY, as `masthead newsletters list` shows it.")
    return found


def _line(edition: Edition) -> str:
    why = f" ({edition.reason})" if edition.reason else ""
    return f"{edition!s:30} {edition.state:9} due {edition.due:%Y-%m-%d %H:%M} UTC  {edition.recipients:>8,} recipients{why}"


@command.command("list")
@click.option("--most", default=20, show_default=True, help="How many.")
def list_editions(most: int) -> None:
    """Show the latest editions."""
    found = Edition.objects.select_related("newsletter").order_by("-due")[:most]
    for edition in found:
        click.echo(_line(edition))
    if not found:
        click.echo("There are no editions yet.")


@command.command()
@click.argument("edition")
def status(edition: str) -> None:
    """Show how far EDITION is."""
    row = _edition(edition)
    click.echo(_line(row))
    _tell(progress(row))


def _tell(found: Progress) -> None:
    for name, count in found.counts.items():
        if count:
            click.echo(f"  {name.replace('_', ' '):10} {count:>9,}")
    if found.waiting:
        click.echo(f"  of those {found.waiting:,} are not due yet")
    if found.done_at:
        click.echo(f"  {found.per_second:,.0f} a second; done at about {found.done_at:%H:%M:%S} UTC")


@command.command()
@click.option("--watch/--no-watch", default=None, help="Show a line of progress (default: on a terminal).")
def deliver(watch: bool | None) -> None:
    """Mail what is due until nothing is. Workers may do the same beside it."""
    if restored.look():
        click.echo("This database was restored or copied: everything is paused. See docs/how-to/newsletters.md.", err=True)
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    if watch if watch is not None else sys.stderr.isatty():
        threading.Thread(target=_watch, args=(stop,), daemon=True).start()
    done = sending.deliver_all(stop)
    click.echo(f"{done:,} mails ended.")


def _watch(stop: threading.Event) -> None:
    from django.db import connection

    while not stop.wait(1.0):
        edition = Edition.objects.filter(state=Edition.State.SENDING).order_by("due").first()
        if edition is not None:
            found = progress(edition)
            click.echo(f"\r{found.settled:,} of {found.total:,}, {found.per_second:,.0f} a second   ", nl=False, err=True)
    connection.close()


@command.command()
@click.argument("edition")
@click.option("--reason", default="Paused by hand.", show_default=True, help="What is shown as the reason.")
def pause(edition: str, reason: str) -> None:
    """Mail EDITION to nobody more for now."""
    if not settling.pause(_edition(edition), reason):
        raise click.ClickException(f"{edition} is not on its way.")
    click.echo(f"{edition} is paused; mails being submitted just now still go.")


@command.command()
@click.argument("edition")
@click.option("--refused-again", is_flag=True, help="Also try those again that the mail server refused.")
def resume(edition: str, refused_again: bool) -> None:
    """Let a paused EDITION go on."""
    if not settling.resume(_edition(edition), refused_again=refused_again):
        raise click.ClickException(f"{edition} is not paused.")
    click.echo(f"{edition} goes on.")


@command.command()
@click.argument("edition")
@click.option("--reason", default="Cancelled by hand.", show_default=True, help="What is shown as the reason.")
@click.confirmation_option(prompt="Those not mailed yet will never get it. Cancel?")
def cancel(edition: str, reason: str) -> None:
    """Mail EDITION to nobody more, for good."""
    if not settling.cancel(_edition(edition), reason):
        raise click.ClickException(f"{edition} is neither on its way nor paused.")
    click.echo(f"{edition} is cancelled.")


@command.command("stop")
@click.argument("newsletters", nargs=-1, required=True)
@click.option("--reason", default="Paused by hand.", show_default=True, help="What is shown as the reason.")
def stop_newsletters(newsletters: tuple[str, ...], reason: str) -> None:
    """Let NEWSLETTERS rest: nothing of theirs is composed or mailed until `start`; what falls due meanwhile is left out."""
    found = Newsletter.objects.filter(slug__in=newsletters).order_by("position", "slug")
    if missing := set(newsletters) - {row.slug for row in found}:
        raise click.ClickException(f"There is no newsletter {', '.join(sorted(missing))}.")
    for row in found:
        if row.paused:
            click.echo(f"{row.slug} rests already: {row.paused}")
            continue
        editions.pause(newsletter=row, reason=reason)
        click.echo(f"{row.slug} rests; what a sender has in hand just now still goes.")


@command.command("start")
@click.argument("newsletters", nargs=-1)
def start(newsletters: tuple[str, ...]) -> None:
    """Let paused NEWSLETTERS (default: all) go on with their next edition; nothing that was due before is made up for."""
    found = Newsletter.objects.exclude(paused="").order_by("position", "slug")
    if newsletters:
        found = found.filter(slug__in=newsletters)
        if missing := set(newsletters) - {row.slug for row in found}:
            raise click.ClickException(f"Not paused, or not there: {', '.join(sorted(missing))}.")
    for row in found:
        editions.unpause(newsletter=row)
        click.echo(f"{row.slug} goes on.")
    if not newsletters:
        restored.begin_again(clock.now())  # where there is no newsletter, readers' own mails rest all the same
    left = Edition.objects.filter(state=Edition.State.PAUSED)
    for edition in left:
        click.echo(f"{edition} stays paused: {edition.reason} `resume` or `cancel` it.")


@command.command()
def settle() -> None:
    """Settle what dead senders left, as workers do by themselves."""
    watcher = watching.Watcher()
    settled = watcher.look()
    click.echo(f"{settled:,} rows settled.")
    if Claim.objects.filter(ended=None).exists():
        click.echo("Others are claimed by senders that live, or whose death is not certain yet.")
