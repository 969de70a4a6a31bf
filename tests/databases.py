"""The database under test: its tables are made once in a test run, and every process of the run has a copy.

What a test commits is undone by putting back what the tables held at first, the rows of migrations among it. Django would empty
all of them and have its signals fill in what they can; on PostgreSQL that writes some six hundred files.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.db import connection, transaction

from masthead.billing import append_only
from publications import Publications, alone, migrate


class Database(Protocol):
    """One of the two kinds."""

    def set_up(self) -> None:
        """Make this process's own and turn Django to it."""

    def put_back(self) -> None:
        """Have the tables hold again what they held at first."""

    def tear_down(self) -> None:
        """Remove it."""


def of_this_run(publications: Publications) -> Database:
    """The kind that is under test."""
    return Sqlite(publications) if connection.vendor == "sqlite" else Postgresql(publications)


def _turn_to(name: str) -> None:
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


class Sqlite:
    """A file in the process's data directory, and removed with it."""

    def __init__(self, publications: Publications) -> None:
        self._publications = publications

    def set_up(self) -> None:
        name = connection.settings_dict["TEST"]["NAME"]
        shutil.copy(self._publications.tables(), name)
        _turn_to(name)

    def put_back(self) -> None:
        connection.ensure_connection()
        with closing(sqlite3.connect(self._publications.tables())) as first:
            first.backup(connection.connection)

    def tear_down(self) -> None:
        connection.close()


class Postgresql:
    """A database of its own for each process, and one that they are copied from."""

    def __init__(self, publications: Publications) -> None:
        self._publications = publications
        self._name = f"{connection.settings_dict['TEST']['NAME']}_{os.environ.get('PYTEST_XDIST_WORKER', 'only')}"

    def set_up(self) -> None:
        self.copy_to(self._name)
        with _server() as server:
            server.execute(f'ALTER DATABASE "{self._name}" SET synchronous_commit = off')  # nothing has to survive a power cut
        _turn_to(self._name)
        with connection.cursor() as cursor:
            held = {table: _rows(cursor, table) for table in connection.introspection.table_names(cursor)}
        self._first = {table: rows for table, rows in held.items() if rows}
        self._empty = [table for table, rows in held.items() if not rows]

    def copy_to(self, name: str) -> None:
        """Make a database ``name`` that has all tables."""
        shared, tables = self._publications.shared, template()
        made = shared / "postgresql-tables"
        with alone(shared, "postgresql"), _server() as server:
            if not made.exists():
                drop(tables)
                server.execute(f'CREATE DATABASE "{tables}"')
                migrate(settings.MASTHEAD.data, MASTHEAD_DATABASE_URL=_url(tables))
                made.touch()
            server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{tables}"')

    def put_back(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(f"SELECT '{each}' WHERE EXISTS (TABLE \"{each}\")" for each in self._empty))
            changed = {table: b"" for (table,) in cursor.fetchall()}
            changed |= {table: rows for table, rows in self._first.items() if _rows(cursor, table) != rows}
            lifted = changed.keys() & set(append_only.TABLES)
            if lifted:
                append_only.lift(connection)
            with transaction.atomic():
                for table in changed:
                    cursor.execute(f'DELETE FROM "{table}"')
                for table, rows in changed.items():
                    with cursor.copy(f'COPY "{table}" FROM STDIN') as copy:
                        copy.write(rows)
            if lifted:
                append_only.put(connection)

    def tear_down(self) -> None:
        connection.close()
        drop(self._name)


def _rows(cursor: Any, table: str) -> bytes:
    with cursor.copy(f'COPY "{table}" TO STDOUT') as copy:
        return b"".join(copy)


def _server() -> psycopg.Connection:
    return psycopg.connect(os.environ["MASTHEAD_DATABASE_URL"], autocommit=True)


def _url(name: str) -> str:
    return urlunsplit(urlsplit(os.environ["MASTHEAD_DATABASE_URL"])._replace(path=f"/{name}"))


def template() -> str:
    """The database that those of PostgreSQL are copied from."""
    return f"{settings.DATABASES['default']['TEST']['NAME']}_tables"


def drop(name: str) -> None:
    """Remove a database of PostgreSQL's, if there is one of that name."""
    with _server() as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def forget() -> None:
    """Remove what this run's databases of PostgreSQL's were copied from."""
    if connection.vendor == "postgresql":
        with suppress(psycopg.OperationalError):  # no server, so nothing was made
            drop(template())
