"""What takes long to make, made once in a test run and copied by whoever needs one: tables, and publications ready to be served.

Tests of the very first start make their own.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import environment

DATABASE = "masthead.sqlite3"
# Every publication makes its own when it starts. Nothing else of one that is only prepared is its own: no reader has had a link,
# and it does not know yet where it lies; a copy of one that has run would find itself restored from a backup, and mail nothing.
KEY = "secret-key"

MIGRATE = """
from masthead.site import bootstrap
bootstrap.configure()
bootstrap.setup_django()
from masthead.site import preparation
preparation.migrate()
"""


@contextmanager
def alone(folder: Path, what: str) -> Iterator[None]:
    """Hold off the other processes of this test run that want to make ``what`` in ``folder``."""
    with (folder / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def migrate(data: Path, **variables: str) -> None:
    """Make all tables of the database that ``data`` and ``variables`` mean."""
    _run("-c", MIGRATE, data=data, **variables)


def _run(*arguments: str, data: Path, **variables: str) -> None:
    command = [sys.executable, "-P", *arguments]
    done = subprocess.run(command, env=environment(data, **variables), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Publications:
    """Makes data directories. ``shared`` is a folder that all processes of the test run have in common."""

    def __init__(self, shared: Path) -> None:
        self.shared = shared

    def tables(self) -> Path:
        """An SQLite file with all tables; to be copied, never written to."""
        return self._made("tables", migrate) / DATABASE

    def empty(self, data: Path) -> Path:
        """Make ``data`` the data directory of a publication that has no article yet; returns it."""
        return self._copy(self._made("empty", self._prepare), data)

    def demo(self, data: Path) -> Path:
        """Make ``data`` the data directory of the demo publication; returns it."""
        return self._copy(self._made("demo", self._fill), data)

    def _prepare(self, data: Path) -> None:
        data.mkdir()
        shutil.copy(self.tables(), data / DATABASE)
        _run("-m", "masthead.site", "prepare", data=data)

    def _fill(self, data: Path) -> None:
        _run("-m", "masthead.site", "prepare", "--demo", data=self.empty(data))

    def _made(self, kind: str, make: Callable[[Path], None]) -> Path:
        """The data directory of this kind that others are copied from, made by whoever comes first."""
        done = self.shared / kind
        with alone(self.shared, kind):
            if not done.exists():
                partial = self.shared / f"{kind}-partial"
                shutil.rmtree(partial, ignore_errors=True)
                make(partial)
                partial.rename(done)
        return done

    @staticmethod
    def _copy(made: Path, data: Path) -> Path:
        shutil.copytree(made, data, ignore=shutil.ignore_patterns(KEY), dirs_exist_ok=True)
        return data
