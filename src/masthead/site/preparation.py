"""What has to be true before a version serves: tables, cache table, static files, and something to read.

Everything is safe to repeat, and quick when there is nothing to do: a second start has five seconds in all.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path

import click
from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from masthead.core import clock
from masthead.core.models import Heartbeat
from masthead.library import building, keeper
from masthead.library.place import Busy
from masthead.site import bootstrap, processes

LOCK = 0x4D507265  # "MPre": two machines that start at once migrate one after the other
FILLING = "demo:filling"
KILLED_AFTER = timedelta(minutes=10)  # filling takes seconds


def prepare(*, fill: bool) -> None:
    """Bring the database and the static files up to this version; with ``fill``, see that there is something to read."""
    collecting = _in_parallel(collect_static) if not static_collected() else None
    with _alone():
        migrate(announce=announce_filling if fill else None)
        missing = fill and announce_filling()
        place_site()
        if collecting:
            collecting()  # before filling: what is filled in may name static files
            _read_manifest()
        if missing:
            fill_demo()


def _in_parallel(work: Callable[[], None]) -> Callable[[], None]:
    """Do ``work`` in a process of its own; call what is returned to wait for it."""
    parent = os.getpid()
    connection.close()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        try:
            processes.die_with_parent(parent)
            status = bootstrap.guarded(work)
            sys.stderr.flush()
        except BaseException:
            traceback.print_exc()
            status = 1
        os._exit(status)

    def wait() -> None:
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            raise click.ClickException("Static files could not be collected; see above.")

    return wait


def migrate(announce: Callable[[], object] | None = None) -> None:
    """Apply what migrations there are to apply, and make the cache table.

    In an empty database ``announce`` is called before the last is applied: then a worker that waited for them waits on.
    """
    if not migrations_applied():
        _say("Setting up the database")
        if announce and not _has_table(Heartbeat):
            call_command("migrate", "core", interactive=False, verbosity=0)
            announce()
        call_command("migrate", interactive=False, verbosity=0)
    if not settings.MASTHEAD.cache_url and "cache" not in connection.introspection.table_names():
        call_command("createcachetable", verbosity=0)


def place_site() -> None:
    """Give Wagtail's site the publication's address, which migrations do not know and an operator may change."""
    from masthead.articles.bulk import ensure_index

    ensure_index()


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


def static_collected() -> bool:
    """Whether static files need not be copied: they are served from their packages, or were collected for just this version."""
    if settings.STORAGES["staticfiles"]["BACKEND"].endswith(".StaticFilesStorage"):
        return True
    stamp = _stamp()
    return stamp.exists() and stamp.read_text() == _static_state()


def collect_static() -> None:
    """Copy static files, under names that carry their digest, to where they are served from."""
    _say("Collecting static files")
    state = _static_state()
    _stamp().unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0)
    _stamp().write_text(state)


def _read_manifest() -> None:
    """Learn the names of what another process has just collected; Django's checks had this one read the former list."""
    if isinstance(staticfiles_storage, ManifestFilesMixin):
        staticfiles_storage.hashed_files, staticfiles_storage.manifest_hash = staticfiles_storage.load_manifest()


def _stamp() -> Path:
    return Path(settings.STATIC_ROOT) / ".collected"


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


def index() -> None:
    """Index the library where there is no index of this version: beside that of processes of another one, which go on.

    Whatever fails here is done by web or worker in a while; searches say until then that the library is being prepared.
    """
    here = keeper.place()
    if here.about(here.current()) is not None:
        return
    _say("Indexing the library")
    try:
        building.build(here)
    except (Busy, OSError, ValueError) as error:
        _say(f"That could not be done ({error}); the worker will, and searching goes on")


def announce_filling() -> bool:
    """Whether the demo publication is to be filled in: there is no article, or filling was interrupted. If so, workers see it."""
    from masthead.articles.models import Article

    interrupted = Heartbeat.objects.filter(name=FILLING).exists()
    if (not interrupted and _has_table(Article) and Article.objects.exists()) or find_spec("masthead.demo.services") is None:
        return False
    Heartbeat.objects.update_or_create(name=FILLING, defaults={"at": clock.now()})
    return True


def _has_table(model: type[Model]) -> bool:
    return model._meta.db_table in connection.introspection.table_names()


def filling() -> bool:
    """Whether somebody is filling in the demo publication now. Who began long ago, or by a clock since put back, was killed."""
    now = clock.now()
    return Heartbeat.objects.filter(name=FILLING, at__gt=now - KILLED_AFTER, at__lt=now + KILLED_AFTER).exists()


def fill_demo() -> None:
    """Fill in the demo publication, which was announced."""
    from masthead.demo.services import fill  # type: ignore[import-not-found,unused-ignore]

    _say("Writing the demo publication")
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
