"""``masthead newsletters bounce``: a mail that came back, piped in by the mail server that received it."""

from __future__ import annotations

import sys

import click
from django.db import DatabaseError

from masthead.newsletters import dsn, returns

TRY_AGAIN = 75  # EX_TEMPFAIL: the mail server keeps the mail and pipes it again


@click.command("bounce")
def command() -> None:
    """Take a mail that came back from standard input.

    Says how much of it was about mail of ours. Whatever else it is (an answer of a reader's, spam) is passed over, so that a mail
    server is never told to bounce it.
    """
    raw = sys.stdin.buffer.read(dsn.LARGEST + 1)
    while sys.stdin.buffer.read(65536):  # a pipe that is closed too early is a failure to some servers
        pass
    try:
        known = returns.take_mail(raw)
    except DatabaseError as error:
        click.echo(f"The database is away: {type(error).__name__}", err=True)
        raise SystemExit(TRY_AGAIN) from None
    click.echo(f"{known} of our mails came back." if known != 1 else "One of our mails came back.")
