"""One file from which everything can be restored: database, pictures, secret key.

The archive's layout is that of a data directory, so that restoring an SQLite publication is unpacking it. The database is
copied through SQLite's online backup (or ``pg_dump``), which sees one moment of it while readers and writers go on. Pictures are
copied after it: all that the copy names are there, but for one that an editor deleted in that very moment.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from django.conf import settings
from django.db import connection

import masthead
from masthead.core import clock
from masthead.newsletters import restored

MANIFEST = "backup.json"
Progress = Callable[[str], None]


def write(target: Path, progress: Progress = lambda text: None) -> Path:
    """Write a backup to the file ``target``, readable by its owner only; it appears under that name when it is whole."""
    target = target.absolute()
    if not target.parent.is_dir():
        raise click.ClickException(f"There is no directory {target.parent}; make it or name another file.")
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as archive:
                _fill(archive, target.parent, progress)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def _fill(archive: tarfile.TarFile, scratch: Path, progress: Progress) -> None:
    with tempfile.TemporaryDirectory(prefix=".masthead-backup-", dir=scratch) as folder:
        progress("database")
        copy = _copy_postgresql(Path(folder)) if connection.vendor == "postgresql" else _copy_sqlite(Path(folder))
        archive.add(copy, copy.name)
    _add_text(archive, "secret-key", settings.SECRET_KEY + "\n")
    media = Path(settings.MEDIA_ROOT)
    if settings.MASTHEAD.media_url:
        progress(f"pictures are in {settings.MASTHEAD.media_url} and stay there; back that up with its own means")
    elif media.is_dir():
        progress("pictures")
        archive.add(media, "media")
    manifest: dict[str, Any] = {
        "version": masthead.__version__,
        "database": connection.vendor,
        "made": clock.now().isoformat(),
        "base_url": settings.MASTHEAD.base_url,
    }
    _add_text(archive, MANIFEST, json.dumps(manifest, indent=2) + "\n")


def _copy_sqlite(folder: Path) -> Path:
    copy = folder / "masthead.sqlite3"
    connection.ensure_connection()
    with closing(sqlite3.connect(copy)) as target:
        # All pages in one step: with several, each write in between would start the copy over, for ever on a busy site.
        connection.connection.backup(target)
        if (verdict := target.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
            raise click.ClickException(f"The database is damaged ({verdict}); restore an earlier backup.")
        _mark(target)
        target.execute("PRAGMA journal_mode=DELETE")  # one file, without -wal and -shm beside it
    return copy


def _mark(copy: sqlite3.Connection) -> None:
    """Say in the copy that it is one: started, it pauses its newsletters, even where it comes to lie where its original did."""
    copy.execute("DELETE FROM core_heartbeat WHERE name LIKE ?", [f"{restored.PREFIX}%"])
    copy.execute("INSERT INTO core_heartbeat (name, at) VALUES (?, ?)", [restored.BACKUP, f"{clock.now():%Y-%m-%d %H:%M:%S}"])
    copy.commit()


def _copy_postgresql(folder: Path) -> Path:
    program = shutil.which("pg_dump")
    if program is None:
        raise click.ClickException(
            "The database is PostgreSQL, and its program pg_dump is not installed here; install PostgreSQL's client tools."
        )
    copy = folder / "database.dump"
    wanted = connection.settings_dict
    parameters = {"host": "HOST", "port": "PORT", "username": "USER", "dbname": "NAME"}
    options = [f"--{option}={wanted[key]}" for option, key in parameters.items() if wanted[key]]
    done = subprocess.run(  # noqa: S603 - found on the path, with options of our own
        [program, "--format=custom", "--no-owner", "--no-password", f"--file={copy}", *options],
        env={**os.environ, **({"PGPASSWORD": wanted["PASSWORD"]} if wanted["PASSWORD"] else {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = done.stderr.strip().partition("\n")[0]
        raise click.ClickException(f"pg_dump could not copy the database: {reason}")
    return copy


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    content = text.encode()
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = len(content), 0o600, int(time.time())
    archive.addfile(member, io.BytesIO(content))
