"""The database server is killed under a sender: nothing is lost, nobody gets it twice, and it goes on by itself.

A PostgreSQL of this test's own is what is killed; it gets the tables of the database under test.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from servers import free_port

from masthead.newsletters import judging, sending, watching
from masthead.newsletters.models import Delivery, Edition
from newsletters.post import freeze_for, render_small
from newsletters.senders import CONNECTIONS, Sender, settled, until, verdict
from newsletters.sink import sink

PROGRAMS = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), Path(shutil.which("initdb") or "").parent)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.processes,
    pytest.mark.skipif(not os.environ.get("MASTHEAD_DATABASE_URL", "").startswith("postgres"), reason="is about PostgreSQL"),
    pytest.mark.skipif(not (PROGRAMS / "initdb").exists(), reason="needs PostgreSQL's own programs"),
]


class Cluster:
    """A PostgreSQL of its own. It will not run as root: then it is somebody else's who may do nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self._user = {"user": "nobody"} if os.geteuid() == 0 else {}
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir()
        if self._user:
            os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
        self._run("initdb", "-D", str(folder / "db"), "-U", "owner", "-A", "trust", "--no-sync", "-E", "UTF8")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(PROGRAMS / program), *arguments]
        done = subprocess.run(command, capture_output=True, cwd="/", **self._user)  # type: ignore[call-overload]
        assert done.returncode == 0, done.stderr.decode()

    def start(self) -> None:
        options = ["-k", "", "-h", "127.0.0.1", "-p", str(self.port), "-c", "full_page_writes=off"]
        self._process = subprocess.Popen(
            [str(PROGRAMS / "postgres"), "-D", str(self.folder / "db"), *options],
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            **self._user,  # type: ignore[call-overload]
        )
        until(self.answers)

    def answers(self) -> bool:
        with suppress(psycopg.Error):
            psycopg.connect(f"postgres://owner@127.0.0.1:{self.port}/postgres", connect_timeout=2).close()
            return True
        return False

    def kill(self) -> None:
        """All of it at once."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
            self._process = None


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Its tables are those under test, and Django is turned to it."""
    # not under pytest's folders: those are closed to whom the server runs as
    place = Path(tempfile.gettempdir()) / f"masthead-cluster-{os.getpid()}"
    shutil.rmtree(place, ignore_errors=True)
    one = Cluster(place)
    there = connection.settings_dict
    address = psycopg.conninfo.make_conninfo(
        host=there["HOST"], port=there["PORT"] or 5432, user=there["USER"], password=there["PASSWORD"], dbname=there["NAME"]
    )
    before = dict(there)
    try:
        one.start()
        dump = subprocess.run([str(PROGRAMS / "pg_dump"), "--no-owner", address], capture_output=True, check=True).stdout
        target = f"postgres://owner@127.0.0.1:{one.port}/postgres"
        psql = [str(PROGRAMS / "psql"), "-q", "-v", "ON_ERROR_STOP=1", target]
        subprocess.run(psql, input=dump, check=True, capture_output=True)
        connections.close_all()
        there.update(HOST="127.0.0.1", PORT=str(one.port), USER="owner", PASSWORD="", NAME="postgres")
        yield one
    finally:
        connections.close_all()
        there.clear()
        there.update(before)
        one.kill()
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    render_small(monkeypatch)
    monkeypatch.setattr(watching, "LEASE", 3.0)
    monkeypatch.setattr(watching, "STILL", 4.5)
    monkeypatch.setattr(sending, "RENEW", 0.2)
    monkeypatch.setattr(sending, "IDLE", 0.1)
    monkeypatch.setattr(sending, "PATIENCE", 0.1)
    monkeypatch.setattr(judging, "SERVER_AWAY", judging.timedelta(milliseconds=50))


def test_the_server_is_killed_twice_and_the_sender_goes_on(cluster: Cluster, tmp_path: Path, settings: Any) -> None:
    settings.MASTHEAD = replace(settings.MASTHEAD, data=tmp_path)
    edition = freeze_for(900)
    with sink(tmp_path, delay=0.005) as server:
        sender = Sender(server)
        for goal in (100, 300):
            until(lambda: settled(edition) > goal)  # noqa: B023
            connections.close_all()
            cluster.kill()
            time.sleep(0.4)
            cluster.start()
        assert sender.wait(60) == 0
        left = Delivery.objects.filter(edition=edition, state__in=[0, 1, 3])
        for _ in range(10):  # what the sender gave up while nobody answered
            if not left.exists():
                break
            assert Sender(server).wait() == 0
        found = verdict(edition, server)
        assert not found.twice and not found.lost and not found.unsaid, found
        assert set(found.states) <= {"submitted", "in_doubt"} and found.states["in_doubt"] <= CONNECTIONS, found
        assert Edition.objects.get(pk=edition.pk).state == Edition.State.DONE
