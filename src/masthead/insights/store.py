"""Counts and visitors, written: one short transaction for each batch, the same rows for all processes."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from masthead.core import clock, keys, network, notices
from masthead.core.models import Publication
from masthead.core.timezones import zone as zone_called
from masthead.insights.ledger import Batch, Key, Who
from masthead.insights.models import DailySalt, ViewCount, VisitorMark

DROPPED = "dropped"  # the "decision" of hits that were not kept
GRACE = timedelta(hours=1)  # how long a day stays open after midnight, for what the last second brought
MOST_MARKS = 2_000_000  # a day: whoever invents user agents fills no disk


def zone() -> ZoneInfo:
    """The publication's time zone."""
    return zone_called(Publication.load().timezone)


def first_open_day(now: datetime, where: ZoneInfo) -> date:
    """The earliest day that may still get visitors."""
    return (now - GRACE).astimezone(where).date()


def write(batch: Batch) -> None:
    """Add ``batch`` to what is there, all of it or nothing. Raises what the database raises."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()  # no request ends in this thread
    now = clock.now()
    marks = _marks(batch.visitors, now)
    counts = list(batch.counts)
    if batch.lost:
        counts.append(((now.replace(second=0, microsecond=0), 0, "", DROPPED, False), batch.lost))
    with transaction.atomic():
        add_counts(sorted(counts))
        if marks:
            _add_marks(marks)


def add_counts(rows: Iterable[tuple[Key, int]], span: int | None = None) -> None:
    """Add to each row's count, or make the row. With ``span`` the row's is set to it; without, a new row is a minute's.

    Give the rows in the order of their keys, so that two processes cannot wait for each other. Call it in a transaction.
    """
    moment = connection.ops.adapt_datetimefield_value
    values = [
        (moment(minute), article, standing, decision, robot, count, span or ViewCount.Span.MINUTE.value)
        for (minute, article, standing, decision, robot), count in rows
    ]
    table = connection.ops.quote_name(ViewCount._meta.db_table)
    most = (connection.features.max_query_params or 7000) // 7
    with connection.cursor() as cursor:
        for start in range(0, len(values), most):
            part = values[start : start + most]
            places = ", ".join(["(%s, %s, %s, %s, %s, %s, %s)"] * len(part))
            cursor.execute(
                f"INSERT INTO {table} AS kept (minute, article, standing, decision, robot, count, span) VALUES {places} "  # noqa: S608
                "ON CONFLICT (minute, article, standing, decision, robot) "
                f"DO UPDATE SET count = kept.count + excluded.count{', span = excluded.span' if span else ''}",
                [value for row in part for value in row],
            )


def tell_of(lost: int) -> None:
    """Tell the operator that ``lost`` views were not counted."""
    notices.tell(
        "insights-dropped",
        f"The database was away or slow for so long that {lost:,} views could not be counted; what was in memory is written now.",
    )


def _add_marks(marks: list[tuple[date, int, bool]]) -> None:
    """Insert those that are not there.

    By hand: the ORM would hold the interpreter for tens of milliseconds, and requests would wait. In few statements, not one
    for each row: SQLite lets go of the interpreter in each, and takes a millisecond to get it back from whoever answers.
    """
    table = connection.ops.quote_name(VisitorMark._meta.db_table)
    alike: dict[tuple[date, bool], list[int]] = {}  # a batch has one day, or two
    for day, number, known in marks:
        alike.setdefault((day, known), []).append(number)
    with connection.cursor() as cursor:
        for (day, known), numbers in sorted(alike.items()):
            if connection.vendor == "postgresql":
                cursor.execute(
                    f"INSERT INTO {table} (day, mark, known) SELECT %s, unnest(%s::bigint[]), %s ON CONFLICT DO NOTHING",
                    [day, numbers, known],
                )
            else:
                cursor.execute(
                    f"INSERT INTO {table} (day, mark, known) "  # noqa: S608
                    "SELECT %s, value, %s FROM json_each(%s) WHERE true ON CONFLICT DO NOTHING",
                    [connection.ops.adapt_datefield_value(day), known, json.dumps(numbers)],
                )


def _marks(visitors: Iterable[tuple[Who, datetime]], now: datetime) -> list[tuple[date, int, bool]]:
    """The rows of ``visitors``, in order. Whoever came on a day that is closed is left out: its salt is gone."""
    visitors = list(visitors)
    if not visitors:
        return []
    where = zone()
    earliest = first_open_day(now, where)
    days: dict[datetime, date] = {}  # a batch has few minutes
    secret: dict[date, bytes] = {}
    marks: dict[tuple[date, int], bool] = {}
    for who, minute in visitors:
        day = days.get(minute)
        if day is None:
            day = days[minute] = minute.astimezone(where).date()
        if day < earliest or _marked(day, minute) >= MOST_MARKS:
            continue
        if day not in secret:
            secret[day] = keys.derive(f"visitors:{_salt(day)}")
        marks[day, mark(who, secret[day])] = not who[2]
    return [(day, number, marks[day, number]) for day, number in sorted(marks)]


def mark(who: Who, key: bytes) -> int:
    """``who`` as a signed 64-bit number: the same for the same visitor and key, and without the key nobody's.

    Nobody in particular is their client address and user agent; a reader or device is its subject.
    """
    peer, forwarded, agent = who
    if agent:
        peer = str(network.client_address(peer, forwarded, settings.MASTHEAD.trusted_proxies))
    digest = hashlib.blake2b(f"{peer}\0{agent}".encode("utf-8", "surrogateescape"), digest_size=8, key=key).digest()
    return int.from_bytes(digest, "big", signed=True)


def _salt(day: date) -> str:
    """The day's salt, made by whoever needs it first."""
    found = DailySalt.objects.filter(day=day).first()
    if found is None:
        DailySalt.objects.bulk_create([DailySalt(day=day, salt=secrets.token_hex(32))], ignore_conflicts=True)
        found = DailySalt.objects.get(day=day)
    return found.salt


@lru_cache(maxsize=4)
def _marked(day: date, minute: datetime) -> int:
    """How many visitors the day has, asked once a minute: counting a million takes a while."""
    return VisitorMark.objects.filter(day=day).count()
