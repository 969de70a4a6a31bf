"""The change log: what changed, in commit order, so that every process drops just what is stale (DESIGN 4).

A change is written in the transaction of what it describes. Numbers are in commit order: on PostgreSQL an advisory lock is
held from
the insert to the commit (a sequence alone would let a later number commit first and be missed by whoever read
past it); on SQLite the IMMEDIATE transaction is that lock already.

Because the lock serialises writers, it is taken as the last statement: :func:`transaction` collects keys and writes them
when the outermost block ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

from django.db import connection
from django.db import transaction as database
from django.db.models import Max

from masthead.core import clock
from masthead.core.change_keys import EDITIONS, EVERYTHING, LIST, POLICY, article, articles, more, visitor
from masthead.core.models import Change

__all__ = [
    "EDITIONS",
    "EVERYTHING",
    "LIST",
    "POLICY",
    "Changes",
    "article",
    "articles",
    "latest",
    "moment_of",
    "more",
    "state",
    "transaction",
    "visitor",
]

LOCK = 0x4D617374  # any constant of ours: "Mast"


class Changes:
    """The keys one transaction will log."""

    def __init__(self) -> None:
        self.keys: dict[str, None] = {}

    def add(self, *keys: str) -> None:
        """Note that what ``keys`` name has changed in this transaction."""
        self.keys.update(dict.fromkeys(keys))


_open: ContextVar[Changes | None] = ContextVar("changes", default=None)


@contextmanager
def transaction() -> Iterator[Changes]:
    """An atomic block that logs, as its last statement, every key added to what it yields.

    Inner blocks join the outer one, so that services call each other freely. On an exception nothing is written.
    """
    outer = _open.get()
    if outer is not None:
        with database.atomic():
            yield outer
        return
    changes = Changes()
    with database.atomic():
        token = _open.set(changes)
        try:
            yield changes
        finally:
            _open.reset(token)
        if changes.keys:
            _write(changes.keys)


def _write(keys: dict[str, None]) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    moment = clock.now()
    Change.objects.bulk_create([Change(key=key, at=moment) for key in keys])


def latest(*keys: str) -> int:
    """The highest number logged (for any of ``keys``, where some are given), or 0."""
    if keys:
        return Change.objects.filter(key__in=keys).aggregate(top=Max("number"))["top"] or 0
    # every process asks twice a second for good: Django takes ten times as long to write this as a database to answer it
    with connection.cursor() as cursor:
        cursor.execute("SELECT MAX(number) FROM core_change")
        return cursor.fetchone()[0] or 0


def moment_of(number: int) -> datetime | None:
    """When the row ``number`` was logged; None where it is forgotten by now. In another database it is another moment."""
    return Change.objects.filter(number=number).values_list("at", flat=True).first()


def state(after: int | None, recent: timedelta) -> tuple[int, list[tuple[int, str]]]:
    """Where the log stands, and its rows (number, key) above ``after``; without ``after`` those of the ``recent`` past.

    The number is read first: rows committed in between are named twice rather than missed.
    """
    number = latest()
    if after is not None and number == after:
        return number, []
    rows = Change.objects.filter(number__gt=after) if after is not None else Change.objects.filter(at__gte=clock.now() - recent)
    return number, list(rows.order_by("number").values_list("number", "key"))
