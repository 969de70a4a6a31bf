"""The same articles in PostgreSQL's full text search, set up as its manual advises.

A ``tsvector`` column generated from headline (A), standfirst (B) and text (D) with the configuration ``english``, a GIN index
without pending list, rows brought by ``COPY`` and the index made after them, ``VACUUM ANALYZE``; questions by
``websearch_to_tsquery``, ranked by ``ts_rank_cd``. The server's own settings are left as they are and told. The database is made
for the occasion and dropped.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from benchmarks.queries import Asked
from benchmarks.rivals import MOST, Article, Stopwatch

NAME = "PostgreSQL full text"
TOLD = ("server_version", "shared_buffers", "work_mem")
WORD = re.compile(r"\w+")

TABLES = """
CREATE TABLE article (
    id integer PRIMARY KEY, title text, standfirst text, body text, year text, access text, topics text[], authors text[],
    document tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', standfirst), 'B')
        || setweight(to_tsvector('english', body), 'D')
    ) STORED
)
"""


class Unavailable(Exception):
    """There is no PostgreSQL to compare with; the message says why."""


class Postgres:
    """An index in a database of its own on the server at ``address`` (``postgres://user@host:port/``)."""

    name = NAME
    corrects = False

    def __init__(self, address: str) -> None:
        try:
            import psycopg
        except ImportError as error:
            raise Unavailable(f"psycopg cannot be loaded ({error}).") from None
        self._psycopg = psycopg
        self._database = f"masthead_bench_{os.getpid()}"
        at = urlsplit(address)
        self._where: dict[str, Any] = {"host": at.hostname, "port": at.port or 5432, "user": at.username, "password": at.password}
        try:
            with self._connect("postgres") as server:
                server.execute(f"CREATE DATABASE {self._database}")
        except psycopg.Error as error:
            raise Unavailable(str(error).strip().partition("\n")[0]) from None
        self.connection = self._connect(self._database)
        told = ", ".join(f"{name} {self._one(f'SHOW {name}')}" for name in TOLD)
        self.settings = f"generated tsvector A/B/D, GIN, websearch_to_tsquery, ts_rank_cd; {told}"

    def _connect(self, database: str) -> Any:
        return self._psycopg.connect(dbname=database, autocommit=True, connect_timeout=5, **self._where)

    def _one(self, statement: str) -> Any:
        return self.connection.execute(statement).fetchone()[0]

    def build(self, articles: Iterable[Article]) -> float:
        """Index ``articles``; returns the seconds that took, without the time ``articles`` took to come."""
        run = self.connection.execute
        began, coming = time.perf_counter(), Stopwatch(articles)
        run(TABLES)
        columns = "id, title, standfirst, body, year, access, topics, authors"
        with self.connection.cursor() as cursor, cursor.copy(f"COPY article ({columns}) FROM STDIN") as copy:
            for one in coming:
                texts = (_writable(text) for text in (one.title, one.standfirst, one.body))
                copy.write_row((one.number, *texts, one.year, one.access, list(one.topics), list(one.authors)))
        run("SET maintenance_work_mem = '256MB'")
        run("CREATE INDEX ON article USING gin (document) WITH (fastupdate = off)")
        run("CREATE INDEX ON article USING gin (topics)")
        run("CREATE INDEX ON article USING gin (authors)")
        run("CREATE INDEX ON article (year)")
        run("VACUUM ANALYZE article")
        return time.perf_counter() - began - coming.waited

    def size(self) -> int:
        """Bytes on disk of the vectors and all indexes; the texts themselves, which it keeps too, are not counted."""
        return int(self._one("SELECT pg_indexes_size('article') + (SELECT sum(pg_column_size(document)) FROM article)"))

    def ask(self, asked: Asked) -> list[str]:
        """The titles of the first twenty."""
        query, values = expression(asked)
        where = "document @@ query"
        if asked.filter:
            name, value = asked.filter
            where += f" AND {name} = %s" if name in ("year", "access") else f" AND {name}s @> ARRAY[%s]"
            values = [*values, value]
        found = self.connection.execute(
            f"SELECT title FROM article, {query} AS query WHERE {where} ORDER BY ts_rank_cd(document, query) DESC LIMIT {MOST}",
            values,
            prepare=True,
        )
        return [title for (title,) in found]

    def close(self) -> None:
        """Drop the database."""
        self.connection.close()
        with self._connect("postgres") as server:
            server.execute(f"DROP DATABASE IF EXISTS {self._database} WITH (FORCE)")


def expression(asked: Asked) -> tuple[str, Sequence[str]]:
    """What makes the ``tsquery`` of ``asked``, and its values. Only a prefix has to be written in the query language itself."""
    if asked.kind == "prefix":
        return "to_tsquery('english', %s)", [" & ".join(WORD.findall(asked.text)) + ":*"]
    return "websearch_to_tsquery('english', %s)", [asked.text]


def _writable(text: str) -> str:
    return text.replace("\x00", "")
