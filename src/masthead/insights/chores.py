"""What is done to counters and visitors as they grow old. Each step is one transaction, may be killed, and may be repeated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from masthead.core import clock
from masthead.insights import store
from masthead.insights.models import DailySalt, DailyVisitors, ViewCount, VisitorMark

MINUTES = timedelta(hours=48)  # how long single minutes are kept
HOURS = timedelta(days=90)  # how long single hours are kept
SLICE = 10_000  # marks deleted in one transaction

Span = ViewCount.Span


def clear() -> None:
    """Everything that is due now."""
    now = clock.now()
    close_days(now)
    roll_up(now)


def roll_up(now: datetime) -> int:
    """Add minutes older than 48 hours up to hours, and hours older than 90 days to days; returns how many rows went.

    Hours and days are the publication's. Robots are then kept without the article: one that reads the whole archive would
    leave a row for each.
    """
    where = store.zone()
    gone = 0
    for small, large, age in ((Span.MINUTE, Span.HOUR, MINUTES), (Span.HOUR, Span.DAY, HOURS)):
        before = beginning(now - age, large, where)
        while moved := _roll_up_oldest(small, large, before, where):
            gone += moved
    return gone


def _roll_up_oldest(small: int, large: int, before: datetime, where: ZoneInfo) -> int:
    """Roll up the oldest stretch of ``large`` that has rows of ``small`` before ``before``; returns how many rows went."""
    with transaction.atomic():
        old = ViewCount.objects.filter(span=small, minute__lt=before).order_by("minute", "pk")
        oldest = old.first()
        if oldest is None:
            return 0
        # a day in some zone is never longer; what of these rows lies in the next stretch is added there
        until = min(before, oldest.minute + timedelta(minutes=large))
        rows = list(old.filter(minute__lt=until).select_for_update())
        sums: dict[tuple[datetime, int, str, str, bool], int] = {}
        for row in rows:
            article = 0 if row.robot else row.article
            key = (beginning(row.minute, large, where), article, row.standing, row.decision, row.robot)
            sums[key] = sums.get(key, 0) + row.count
        numbers = [row.pk for row in rows]
        for start in range(0, len(numbers), 900):
            # no signals: Wagtail listens to every model's and would load each row
            gone = ViewCount.objects.filter(pk__in=numbers[start : start + 900])
            gone._raw_delete(gone.db)
        store.add_counts(sorted(sums.items()), span=large)
    return len(rows)


def beginning(moment: datetime, span: int, where: ZoneInfo) -> datetime:
    """When the hour or day in ``where`` began in which ``moment`` lies, in UTC."""
    local = moment.astimezone(where).replace(minute=0, second=0, microsecond=0)
    if span == Span.DAY:
        local = local.replace(hour=0, fold=0)
    return local.astimezone(UTC)


def close_days(now: datetime) -> int:
    """Keep how many visitors each finished day had, and forget who they were; returns how many days were closed."""
    earliest = store.first_open_day(now, store.zone())
    closed = 0
    for salt in DailySalt.objects.filter(day__lt=earliest):
        with transaction.atomic():
            marks = VisitorMark.objects.filter(day=salt.day)
            known = marks.filter(known=True).count()
            DailyVisitors.objects.get_or_create(day=salt.day, defaults={"known": known, "anonymous": marks.count() - known})
            closed += DailySalt.objects.filter(day=salt.day).delete()[0]
    # Without their salt the marks say nothing any more; they go in slices, so that no write lock is held for long.
    table = connection.ops.quote_name(VisitorMark._meta.db_table)
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"DELETE FROM {table} WHERE (day, mark) IN "  # noqa: S608
                f"(SELECT day, mark FROM {table} WHERE day < %s ORDER BY day, mark LIMIT {SLICE})",
                [connection.ops.adapt_datefield_value(earliest)],
            )
            if cursor.rowcount < SLICE:
                return closed
