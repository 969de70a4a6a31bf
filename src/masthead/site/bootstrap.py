"""What a command does before its work: check the surroundings, load Django, and put failures into sentences."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from pathlib import Path

import click

from masthead.core import environment


class BadSurroundings(click.ClickException):
    """A value in the environment cannot be used; exits with 2, as a wrong option does."""

    exit_code = 2


def configure(data: Path | None = None, port: int | None = None) -> environment.Environment:
    """Read and check the environment, with ``data`` and ``port`` from the command line where given.

    What was chosen is written back to ``os.environ``, where settings and child processes find it. Raises
    ``click.ClickException`` with a sentence.
    """
    if data is not None:
        os.environ["MASTHEAD_DATA"] = str(data.expanduser().absolute())
    if port is not None and not os.environ.get("MASTHEAD_BASE_URL"):
        os.environ["MASTHEAD_BASE_URL"] = f"http://127.0.0.1:{port}"
    try:
        found = environment.read(os.environ, default_data=Path.cwd() / "var")
    except environment.BadEnvironment as error:
        raise BadSurroundings(str(error)) from None
    os.environ["MASTHEAD_DATA"] = str(found.data)
    _check_writable(found.data)
    return found


def _check_writable(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True)
        # asking is not enough: a read-only file system says yes and then refuses
        probe = data / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise click.ClickException(
            f"The data directory {data} cannot be written to ({error.strerror}); choose another with --data or MASTHEAD_DATA, "
            "or give this user the right to write there."
        ) from None


def setup_django() -> None:
    """Load Django and every app. Takes seconds; the first call does it, later ones return at once."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "masthead.site.settings")
    # Loading makes hundreds of thousands of objects that live for ever; collecting garbage among them costs a fifth of the time.
    enabled = gc.isenabled()
    gc.disable()
    try:
        import django

        django.setup()
    finally:
        if enabled:
            gc.enable()


def guarded(work: Callable[[], object]) -> int:
    """Do ``work``; returns the exit status. An operator's mistake becomes one sentence on stderr, a bug keeps its traceback."""
    try:
        result = work()
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except click.UsageError as error:
        error.show()
        return 2
    except click.ClickException as error:
        click.echo(f"masthead: {error.format_message()}", err=True)
        return error.exit_code
    except BrokenPipeError:
        # `masthead export | head`: whoever reads has enough. Stdout is replaced, or its flush at exit would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except Exception as error:
        sentence = sentence_for(error)
        if sentence is None:
            raise
        click.echo(f"masthead: {sentence}", err=True)
        return 1
    return result if isinstance(result, int) else 0


def sentence_for(error: Exception) -> str | None:
    """One sentence for a failure that is the operator's to mend, or None for a bug (whose traceback we want)."""
    from importlib.util import find_spec

    if find_spec("django") is None:
        return None
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management.base import CommandError
    from django.db import OperationalError, ProgrammingError

    first = str(error).strip().partition("\n")[0]
    if isinstance(error, CommandError):
        return first
    if isinstance(error, OperationalError):
        if "no such table" in first:
            return "The database has no tables yet; run `masthead prepare` (or `masthead serve`, which does it)."
        if "locked" in first:
            return "The database stayed locked by another process for too long; try again when that one is done."
        if "disk is full" in first or "No space left" in first:
            return "The disk is full; make room and try again."
        return f"The database cannot be used ({first}); check MASTHEAD_DATABASE_URL and that the server runs."
    if isinstance(error, ProgrammingError) and "does not exist" in first:
        return "The database lacks a table; run `masthead prepare` (or `masthead serve`, which does it)."
    if isinstance(error, ImproperlyConfigured):
        return f"The configuration cannot be used: {first}"
    if type(error).__module__.startswith("redis."):
        return f"The cache cannot be used ({first}); check MASTHEAD_CACHE_URL and that the server runs."
    if "storages.backends" in first:
        return "MASTHEAD_MEDIA_URL needs the extra `s3`; install masthead[s3]."
    if isinstance(error, PermissionError):
        return f"{error.filename} cannot be opened ({error.strerror}); check who owns it."
    if isinstance(error, OSError) and error.errno == 28:
        return "The disk is full; make room and try again."
    return None
