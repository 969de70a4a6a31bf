"""The same articles in SQLite's full text search, set up as well as we know how.

One FTS5 table of headline, standfirst and text without a copy of them (``content=''``: ours has none either), ``porter`` over
``unicode61`` without diacritics, prefix indexes for two to four letters, bm25 with the headline weighing most, ``optimize`` when
all is in. What filters need stands in two plain tables with indexes. Page cache 64 MB, and the file mapped into memory.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

from benchmarks.queries import Asked
from benchmarks.rivals import MOST, Article, Stopwatch

NAME = "SQLite FTS5"
SETTINGS = "porter unicode61, contentless, prefix 2 3 4, bm25 10/4/1, optimized, 64 MB of cache, mmap"
WEIGHTS = "10.0, 4.0, 1.0"
PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-65536", "mmap_size=2000000000", "temp_store=MEMORY")
WORD = re.compile(r"\w+")


class Fts5:
    """An index in a file of its own under ``folder``."""

    name = NAME
    settings = SETTINGS
    corrects = False

    def __init__(self, folder: Path) -> None:
        self.path = folder / "fts5.sqlite3"
        self.database = sqlite3.connect(self.path, isolation_level=None)
        for pragma in PRAGMAS:
            self.database.execute(f"PRAGMA {pragma}")

    def build(self, articles: Iterable[Article]) -> float:
        """Index ``articles``; returns the seconds that took, without the time ``articles`` took to come."""
        run = self.database.execute
        run("CREATE TABLE article (id INTEGER PRIMARY KEY, title TEXT, year TEXT, access TEXT)")
        run("CREATE TABLE tag (kind TEXT, slug TEXT, article INTEGER, PRIMARY KEY (kind, slug, article)) WITHOUT ROWID")
        run(
            "CREATE VIRTUAL TABLE texts USING fts5(title, standfirst, body, content='', prefix='2 3 4', "
            "tokenize='porter unicode61 remove_diacritics 2')"
        )
        coming, began = Stopwatch(articles), time.perf_counter()
        run("BEGIN")
        for article in coming:
            run("INSERT INTO article VALUES (?, ?, ?, ?)", (article.number, article.title, article.year, article.access))
            tags = [(kind, slug, article.number) for kind, slug in article.tags()]
            self.database.executemany("INSERT OR IGNORE INTO tag VALUES (?, ?, ?)", tags)
            run(
                "INSERT INTO texts (rowid, title, standfirst, body) VALUES (?, ?, ?, ?)",
                (article.number, article.title, article.standfirst, article.body),
            )
        run("COMMIT")
        run(f"INSERT INTO texts (texts, rank) VALUES ('rank', 'bm25({WEIGHTS})')")
        run("INSERT INTO texts (texts) VALUES ('optimize')")
        run("ANALYZE")
        run("PRAGMA wal_checkpoint(TRUNCATE)")
        return time.perf_counter() - began - coming.waited

    def size(self) -> int:
        """Bytes on disk."""
        return self.path.stat().st_size

    def ask(self, asked: Asked) -> list[str]:
        """The titles of the first twenty."""
        match = expression(asked)
        if not match:
            return []
        where, values = "texts MATCH ?", [match]
        if asked.filter:
            name, value = asked.filter
            if name in ("year", "access"):
                where += f" AND article.{name} = ?"
                values.append(value)
            else:
                where += " AND EXISTS (SELECT 1 FROM tag WHERE kind = ? AND slug = ? AND article = texts.rowid)"
                values += [name, value]
        rows = self.database.execute(
            f"SELECT article.title FROM texts JOIN article ON article.id = texts.rowid WHERE {where} ORDER BY rank LIMIT {MOST}",
            values,
        )
        return [title for (title,) in rows]

    def close(self) -> None:
        """Let go of the file."""
        self.database.close()


def expression(asked: Asked) -> str:
    """``asked`` as FTS5 wants it: every word required, a phrase as such, the last word of a prefix left open."""
    words = WORD.findall(asked.text)
    if asked.kind == "phrase":
        return f'"{" ".join(words)}"' if words else ""
    quoted = [f'"{word}"' for word in words]
    if asked.kind == "prefix" and quoted:
        quoted[-1] += "*"
    return " AND ".join(quoted)
