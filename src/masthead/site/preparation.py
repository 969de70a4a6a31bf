"""What has to be true before a version serves: tables, cache table, static files, and something to read.

Everything is safe to repeat, and quick when there is nothing to do: a second start has five seconds in all.
"""

from __future__ import annotations

import hashlib
import sys
import time
from contextlib import contextmanager
from collections.abc import Iterator
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from masthead.core import clock
from masthead.core.models import Heartbeat

LOCK = 0x4D507265  # "MPre": two machines that start at once migrate one after the other
FILLING = "demo:filling"


def prepare(*, fill: bool) -> None:
    """Bring the database and the static files up to this version; with ``fill``, see that there is something to read."""
    with _alone():
        migrate()
        collect_static()
        if fill:
            fill_demo()


def migrate() -> None:
    """Apply what migrations there are to apply, and make the cache table."""
    if not migrations_applied():
        _say("Setting up the database")
        call_command("migrate", interactive=False, verbosity=0)
    if not settings.MASTHEAD.cache_url and "cache" not in connection.introspection.table_names():
        call_command("createcachetable", verbosity=0)


def migrations_applied() -> bool:
    """Whether the database has every migration of every installed app.

    Compares file names with the table of applied ones. Asking Django's executor gives the same answer, but imports every
    migration first, which takes longer than all the rest of a start.
    """
    return set(MigrationRecorder(connection).applied_migrations()) >= _migrations_on_disk()


def _migrations_on_disk() -> set[tuple[str, str]]:
    found = set()
    for app in apps.get_app_configs():
        folder = Path(app.path) / "migrations"
        for file in folder.glob("[!_]*.py") if folder.is_dir() else ():
            found.add((app.label, file.stem))
    return found


def collect_static() -> None:
    """Copy static files to where they are served from, unless that was done for just these files."""
    if settings.STORAGES["staticfiles"]["BACKEND"].endswith(".StaticFilesStorage"):
        return  # served from the packages themselves
    root = Path(settings.STATIC_ROOT)
    stamp = root / ".collected"
    state = _static_state()
    if stamp.exists() and stamp.read_text() == state:
        return
    _say("Collecting static files")
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(state)


def _static_state() -> str:
    """A digest of what static files there are: every installed version, and our own files' names, sizes and times."""
    digest = hashlib.sha256()
    for line in sorted(f"{found.name} {found.version}" for found in distributions()):
        digest.update(line.encode())
    for app in apps.get_app_configs():
        folder = Path(app.path) / "static"
        if app.name.startswith("masthead.") and folder.is_dir():
            for file in sorted(folder.rglob("*")):
                status = file.stat()
                digest.update(f"{file.relative_to(folder)} {status.st_size} {status.st_mtime_ns}".encode())
    return digest.hexdigest()


def fill_demo() -> None:
    """Fill in the demo publication where there is no article, or where filling it was interrupted."""
    from masthead.articles.models import Article

    interrupted = Heartbeat.objects.filter(name=FILLING).exists()
    if Article.objects.exists() and not interrupted:
        return
    if find_spec("masthead.demo.services") is None:
        return
    from masthead.demo.services import fill  # type: ignore[import-not-found,unused-ignore]

    _say("Writing the demo publication")
    Heartbeat.objects.update_or_create(name=FILLING, defaults={"at": clock.now()})
    fill()
    Heartbeat.objects.filter(name=FILLING).delete()


@contextmanager
def _alone() -> Iterator[None]:
    """Hold off other machines that prepare the same database. SQLite's data directory belongs to one machine."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what} ...", file=sys.stderr, flush=True)  # noqa: T201
