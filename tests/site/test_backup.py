"""A backup is one moment of everything, and unpacking it is a data directory again."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import threading
from pathlib import Path

import click
import pytest
from django.conf import settings
from django.db import connection

from masthead.core import changelog, clock
from masthead.core.models import Change
from masthead.site import backup

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def media(settings: object, tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    (folder / "images").mkdir(parents=True)
    (folder / "images" / "map.webp").write_bytes(b"a map")
    settings.MEDIA_ROOT = str(folder)  # type: ignore[attr-defined]
    return folder


def log(*keys: str) -> None:
    with changelog.transaction() as changes:
        changes.add(*keys)


def test_it_holds_everything_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    log("article:7")
    written = backup.write(tmp_path / "backup.tar")
    assert written.stat().st_mode & 0o777 == 0o600
    restored = tmp_path / "restored"
    with tarfile.open(written) as archive:
        archive.extractall(restored, filter="data")
    assert (restored / "media" / "images" / "map.webp").read_bytes() == b"a map"
    assert (restored / "secret-key").read_text().strip() == settings.SECRET_KEY
    assert json.loads((restored / backup.MANIFEST).read_text())["database"] == connection.vendor
    if connection.vendor == "sqlite":
        copy = sqlite3.connect(restored / "masthead.sqlite3")
        assert copy.execute("SELECT key FROM core_change").fetchall() == [("article:7",)]
        copy.close()
    else:
        listing = subprocess.run(["pg_restore", "--list", restored / "database.dump"], capture_output=True, text=True, check=True)
        assert "TABLE DATA public core_change" in listing.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.tar", "media", "restored"]


@pytest.mark.skipif("postgres" in os.environ.get("MASTHEAD_DATABASE_URL", ""), reason="looks into an SQLite copy")
def test_it_is_one_moment_while_others_write(tmp_path: Path) -> None:
    """Each transaction logs two keys; a copy that caught one of them without the other would be torn."""
    stop = threading.Event()

    def keep_writing() -> None:
        try:
            while not stop.is_set():
                log("article:1", "list")
        finally:
            connection.close()

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        for number in range(5):
            backup.write(tmp_path / f"{number}.tar")
    finally:
        stop.set()
        writer.join()
    assert Change.objects.count() > 0
    for number in range(5):
        with tarfile.open(tmp_path / f"{number}.tar") as archive:
            archive.extract("masthead.sqlite3", tmp_path, filter="data")
        copy = sqlite3.connect(tmp_path / "masthead.sqlite3")
        counts = dict(copy.execute("SELECT key, count(*) FROM core_change GROUP BY key"))
        copy.close()
        assert counts.get("article:1") == counts.get("list")


def test_a_failure_leaves_the_former_backup_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "backup.tar"
    target.write_text("the former one")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "_add_text", full)
    with pytest.raises(OSError):
        backup.write(target)
    assert target.read_text() == "the former one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.tar", "media"]


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match="There is no directory"):
        backup.write(tmp_path / "nowhere" / "backup.tar")


@pytest.mark.skipif("postgres" not in os.environ.get("MASTHEAD_DATABASE_URL", ""), reason="concerns PostgreSQL")
def test_without_pg_dump_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(click.ClickException, match="client tools"):
        backup.write(tmp_path / "backup.tar")
    assert clock.now()
