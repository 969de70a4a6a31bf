"""``masthead manage``: Django's own commands, with Masthead's settings."""

from __future__ import annotations

import click

from masthead.site import bootstrap


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Run one of Django's management commands, for example `masthead manage createsuperuser`.

    Without arguments the commands are listed.
    """
    bootstrap.configure()
    bootstrap.setup_django()
    from django.core.management import ManagementUtility

    ManagementUtility(["masthead manage", *arguments]).execute()
