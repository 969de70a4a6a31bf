"""``masthead doctor``: is everything set up as it should be?"""

from __future__ import annotations

import click

from masthead.site import bootstrap


@click.command()
def command() -> int:
    """Check everything that can be set up wrongly.

    Each line says ok, warn or fail, and what to do. Exits with 1 when anything fails.
    """
    bootstrap.configure()
    bootstrap.setup_django()
    from rich.console import Console
    from rich.markup import escape

    from masthead.site import doctor

    colours = {doctor.Verdict.OK: "green", doctor.Verdict.WARN: "yellow", doctor.Verdict.FAIL: "red"}
    console = Console(highlight=False, soft_wrap=True)
    failed = 0
    for finding in doctor.examine():
        failed += finding.verdict is doctor.Verdict.FAIL
        colour = colours[finding.verdict]
        console.print(f"[{colour}]{finding.verdict:<5}[/] [bold]{finding.subject:<13}[/] {escape(finding.text)}")
    return 1 if failed else 0
