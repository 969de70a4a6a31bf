"""``masthead worker``: the worker role."""

from __future__ import annotations

import click

from masthead.site import bootstrap


@click.command()
def command() -> None:
    """Run the worker role alone, in the foreground.

    It submits mail, runs tasks, publishes what is scheduled and clears what is old. Any number may run at once.
    """
    bootstrap.configure()
    bootstrap.setup_django()
    from masthead.site import worker

    worker.run()
