"""A fresh data directory is opened by web and worker in the same moment."""

from __future__ import annotations

import multiprocessing
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from masthead.core.sqlite3.base import DatabaseWrapper

SETTINGS = {
    **{"TIME_ZONE": None, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False, "AUTOCOMMIT": True, "ATOMIC_REQUESTS": False},
    **{"USER": "", "PASSWORD": "", "HOST": "", "PORT": "", "TEST": {}},
}


def opened(file: Path, timeout: float = 30.0) -> str:
    """Open ``file`` as Django does; returns how it keeps its journal then."""
    wrapper = DatabaseWrapper({**SETTINGS, "NAME": str(file), "OPTIONS": {"timeout": timeout}})
    connection = wrapper.get_new_connection(wrapper.get_connection_params())
    with closing(connection):
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


def _open_each(files: list[Path], start: float, found: multiprocessing.Queue[str]) -> None:
    for n, file in enumerate(files):
        time.sleep(max(0.0, start + n * 0.01 - time.time()))
        try:
            found.put(opened(file))
        except Exception as error:
            found.put(str(error))


@contextmanager
def held(file: Path) -> Iterator[None]:
    """A process that reads ``file``, and goes on reading."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM sqlite_master").fetchall()
        yield


def test_two_processes_may_be_the_first(tmp_path: Path) -> None:
    """Without asking again one of two is refused every third time."""
    files = [tmp_path / f"{n}.sqlite3" for n in range(50)]
    context = multiprocessing.get_context("fork")
    found: multiprocessing.Queue[str] = context.Queue()
    start = time.time() + 0.1
    processes = [context.Process(target=_open_each, args=(files, start, found)) for _ in range(2)]
    for process in processes:
        process.start()
    answers = [found.get(timeout=60) for _ in range(2 * len(files))]
    for process in processes:
        process.join()
    assert answers == ["wal"] * len(answers)


def test_whoever_holds_the_file_is_waited_for_no_longer_than_for_any_lock(tmp_path: Path) -> None:
    file = tmp_path / "held.sqlite3"
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE one (id INTEGER)")
    with held(file), pytest.raises(sqlite3.OperationalError, match="locked"):
        opened(file, timeout=0.2)
    assert opened(file) == "wal"


def test_a_database_in_memory_has_none() -> None:
    assert opened(Path(":memory:")) == "memory"
