"""Limits shared by every web process: so many a sliding hour (attempts) and so many a period (meters).

Kept in the database, not in a cache: a cache that forgets would refill them, and no cache we support counts atomically
on both back ends.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.db.models import F, Sum

from masthead.core import clock
from masthead.core.keys import keyed_hash
from masthead.core.models import Attempt, Meter

SLICE = 300  # seconds
HOUR = 3600 // SLICE  # slices


def over_hourly(limits: dict[str, tuple[str, int]]) -> list[str]:
    """Count one attempt against each limit, and name those that are now exceeded.

    ``limits`` maps a name ("address") to (what is limited, how many an hour). Values are hashed before they are
    stored. Every limit is counted, also after one is exceeded: hammering does not help.
    """
    this = int(clock.now().timestamp()) // SLICE
    exceeded = []
    # in one order everywhere, or two requests could lock each other's rows
    for name, (value, most) in sorted(limits.items()):
        key = keyed_hash(f"attempt:{name}", value)
        with transaction.atomic():
            _count(key, this)
            total = Attempt.objects.filter(key=key, slice__gt=this - HOUR).aggregate(n=Sum("count"))["n"]
        if total > most:
            exceeded.append(name)
    return exceeded


def _count(key: str, this: int) -> None:
    table = connection.ops.quote_name(Attempt._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (key, slice, count) VALUES (%s, %s, 1) "  # noqa: S608 - our own table's name
            f"ON CONFLICT (key, slice) DO UPDATE SET count = {table}.count + 1",
            [key, this],
        )


def locked_meter(scope: str, value: str, period: str) -> Meter:
    """The meter of ``value`` for ``period``, locked until this transaction ends (PostgreSQL: the row; SQLite: the database).

    Must be called in a transaction. ``value`` is hashed before it is stored.
    """
    key = keyed_hash(f"meter:{scope}", value)
    Meter.objects.bulk_create([Meter(scope=scope, key=key, period=period)], ignore_conflicts=True)
    return Meter.objects.select_for_update().get(scope=scope, key=key, period=period)


def used(scope: str, value: str, period: str) -> int:
    """How much of a meter is used, without locking it."""
    row = Meter.objects.filter(scope=scope, key=keyed_hash(f"meter:{scope}", value), period=period).first()
    return row.count if row else 0


def spend(meter: Meter) -> None:
    """Count one on a meter that this transaction holds locked."""
    Meter.objects.filter(pk=meter.pk).update(count=F("count") + 1)


def carry(scope: str, old: str, new: str) -> None:
    """Raise the meters of ``new`` to those of ``old``, period by period: a changed address refills nothing."""
    for row in Meter.objects.filter(scope=scope, key=keyed_hash(f"meter:{scope}", old)):
        target = locked_meter(scope, new, row.period)
        if row.count > target.count:
            Meter.objects.filter(pk=target.pk).update(count=row.count)


def clear(before: datetime) -> None:
    """Forget attempts older than ``before``."""
    Attempt.objects.filter(slice__lt=int(before.timestamp()) // SLICE).delete()
