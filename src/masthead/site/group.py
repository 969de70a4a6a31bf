"""The ``masthead`` command's tree. Each subcommand is loaded when it runs, so that ``--help`` answers at once.

A subcommand is a click command named ``command`` in a module of its own. Its help line stands here and not only there: listing
the commands must not import Django, which takes seconds.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import click

from masthead.site import bootstrap


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a subcommand lives, its line in the list, and whether its module may import models at the top."""

    module: str
    help: str
    needs_django: bool = False


COMMANDS: dict[str, Entry] = {
    "serve": Entry("masthead.site.commands.serve", "Prepare everything, then run web and worker until stopped."),
    "web": Entry("masthead.site.commands.web", "Run the web role alone, in the foreground."),
    "worker": Entry("masthead.site.commands.worker", "Run the worker role alone, in the foreground."),
    "prepare": Entry("masthead.site.commands.prepare", "Migrate the database and collect static files."),
    "demo": Entry("masthead.demo.cli", "Fill in the demo publication.", needs_django=True),
    "import": Entry("masthead.imports.cli", "Import articles from a file.", needs_django=True),
    "topics": Entry("masthead.library.cli", "Find topics for articles by the words in them.", needs_django=True),
    "export": Entry("masthead.site.commands.export", "Write all articles, authors and topics as JSON lines."),
    "reindex": Entry("masthead.site.commands.reindex", "Build the library's index anew.", needs_django=True),
    "explain": Entry("masthead.newsroom.cli", "Say why a reader may or may not read an article.", needs_django=True),
    "billing": Entry("masthead.billing.cli", "Compare our books with the payment provider's.", needs_django=True),
    "newsletters": Entry("masthead.newsletters.cli", "See and steer how editions are mailed.", needs_django=True),
    "search-trec": Entry("masthead.library.trec", "Search a test collection with the library's own code."),
    "doctor": Entry("masthead.site.commands.doctor", "Check everything that can be set up wrongly."),
    "backup": Entry("masthead.site.commands.backup", "Copy database, media and secret key into one file."),
    "manage": Entry("masthead.site.commands.manage", "Run one of Django's management commands."),
}


class LazyGroup(click.Group):
    """A group whose members are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands' names, in the order of ``COMMANDS``."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the subcommand ``name``; None where there is none."""
        entry = COMMANDS.get(name)
        if entry is None:
            return None
        if entry.needs_django:
            bootstrap.configure(ctx.params.get("data"))
            bootstrap.setup_django()
        try:
            command: click.Command = import_module(entry.module).command
        except ModuleNotFoundError as error:
            if error.name != entry.module:
                raise
            raise click.ClickException(f"This version of Masthead cannot {name} yet.") from None
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from ``COMMANDS`` without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[click.shell_completion.CompletionItem]:
        """Complete names without importing any command."""
        return [
            click.shell_completion.CompletionItem(name, help=entry.help)
            for name, entry in COMMANDS.items()
            if name.startswith(incomplete)
        ]


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings come from environment variables named MASTHEAD_...; see docs/reference/environment.md.",
)
@click.version_option(package_name="masthead", message="Masthead %(version)s")
@click.option("--data", type=click.Path(path_type=Path), help="Data directory (default: $MASTHEAD_DATA, or var/ here).")
@click.pass_context
def masthead(ctx: click.Context, data: Path | None) -> None:
    """Masthead runs a reader-funded publication."""
    if data is not None:
        os.environ["MASTHEAD_DATA"] = str(data.expanduser().absolute())


def run(arguments: Sequence[str]) -> int:
    """Run ``masthead`` with ``arguments``; returns the exit status."""
    return bootstrap.guarded(lambda: masthead.main(list(arguments), prog_name="masthead", standalone_mode=False))
