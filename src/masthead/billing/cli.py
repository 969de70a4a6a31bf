"""``masthead billing``: what an operator does about payments."""

from __future__ import annotations

import sys

import click
import django
from django.apps import apps


@click.group(name="billing")
def command() -> None:
    """Payments: compare our books with the provider's."""
    if not apps.ready:
        django.setup()


@command.command()
@click.option("--dry-run", is_flag=True, help="Only say what differs; mend nothing.")
def reconcile(dry_run: bool) -> None:
    """Compare everything with the payment provider, mend ours, and report."""
    from masthead.billing import reconcile as books
    from masthead.billing.providers import ProviderError

    def progress(done: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{done} subscriptions", nl=False, err=True)

    try:
        report = books.run(repair=not dry_run, progress=progress)
    except ProviderError as error:
        raise click.ClickException(f"The payment provider did not answer as it should: {error}.") from None
    click.echo(f"{report.provider}: {report.subscriptions} subscriptions and {report.checkouts} open checkouts compared.")
    for found in report.differences:
        click.echo(f"  {'mended' if found.mended else 'differs'}  {found.about}: {found.what}")
    if not report.differences:
        click.echo("  All in order.")
    if any(not found.mended for found in report.differences) and not dry_run:
        raise click.ClickException("Something could not be mended; see above.")
