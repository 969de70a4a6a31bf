"""The archive by date: how many articles lie in each stretch of the calendar, and where the next that holds any is.

The database keeps moments in UTC and knows no zone of ours, so that each stretch is asked for as a range of moments: those the
index on ``dated`` finds, on SQLite as on PostgreSQL. A date that is not shown (precision ``none``) counts nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import QuerySet

from masthead.articles import cards
from masthead.articles.models import Article
from masthead.articles.stretches import FIRST_YEAR, LAST_YEAR, Stretch, day_of

AT_ONCE = 2_000  # stretches in one query: databases take only so many values


@dataclass(frozen=True, slots=True)
class Tally:
    """A stretch and how many articles stand in it; ``only`` are those dated no more exactly than it."""

    stretch: Stretch
    count: int
    only: int = 0


def articles(stretch: Stretch, zone: ZoneInfo, now: datetime) -> QuerySet[Article]:
    """What lists show of ``stretch``, newest first."""
    begins, ends = stretch.borders(zone)
    return cards.listed(now).filter(dated__gte=begins, dated__lt=ends, date_precision__in=stretch.precisions)


# By hand: through the ORM the borders would be a CASE with an arm for each stretch, read for every article. CROSS JOIN is how
# SQLite is told to begin with the stretches: left to itself it holds each page against all of them. The index on (dated,
# date_precision) answers alone: in its row, the precision stands behind the whole text of the article. PostgreSQL takes borders
# out of a list for a ninth of the archive each, and reads all of it, unless it is told how far they reach together.
_COUNTS = """
WITH stretch (number, begins, ends) AS (VALUES {values})
SELECT s.number, a.date_precision, COUNT(*) FROM stretch s CROSS JOIN articles_article a CROSS JOIN wagtailcore_page p
WHERE a.dated >= s.begins AND a.dated < s.ends AND a.dated <= %s AND p.id = a.page_ptr_id AND p.live {reach}
GROUP BY s.number, a.date_precision
"""


def tallies(stretches: Sequence[Stretch], zone: ZoneInfo, now: datetime) -> list[Tally]:
    """Those of ``stretches`` (all of one kind, oldest first) that hold articles, in their order. One grouped query."""
    adapt, postgresql = connection.ops.adapt_datetimefield_value, connection.vendor == "postgresql"
    found: dict[int, dict[str, int]] = {}
    for start in range(0, len(stretches), AT_ONCE):
        some = stretches[start : start + AT_ONCE]
        values: list[object] = []
        reach = [adapt(some[0].borders(zone)[0]), adapt(some[-1].borders(zone)[1])] if postgresql else []
        for number, stretch in enumerate(some, start):
            values += [number, *(adapt(border) for border in stretch.borders(zone))]
        sql = _COUNTS.format(
            values=", ".join(["(%s, %s, %s)"] * len(some)), reach="AND a.dated >= %s AND a.dated < %s" if reach else ""
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, [*values, adapt(now), *reach])
            for number, precision, count in cursor.fetchall():
                found.setdefault(number, {})[precision] = count
    made = []
    for number, counts in sorted(found.items()):
        stretch = stretches[number]
        count = sum(counts.get(precision, 0) for precision in stretch.precisions)
        if count:
            made.append(Tally(stretch, count, counts.get(stretch.precisions[-1], 0)))
    return made


def years(zone: ZoneInfo, now: datetime) -> list[Tally]:
    """Every year that holds articles, oldest first."""
    begins, ends = Stretch(FIRST_YEAR).borders(zone)[0], Stretch(LAST_YEAR).borders(zone)[1]
    shown = cards.listed(now).filter(dated__gte=begins, dated__lt=ends).exclude(date_precision=Article.Precision.NONE)
    found = [shown.order_by(order).values_list("dated", flat=True).first() for order in ("dated", "-dated")]
    first, last = (day_of(moment, zone).year if moment else 0 for moment in found)
    return tallies([Stretch(year) for year in range(first, last + 1)], zone, now) if first else []


def nearest(stretch: Stretch, zone: ZoneInfo, now: datetime, *, later: bool) -> Stretch | None:
    """The last stretch of the same kind before this one that holds articles; the first after it, with ``later``."""
    shown = cards.listed(now).filter(date_precision__in=stretch.precisions)
    begins, ends = stretch.borders(zone)
    if later:
        shown = shown.filter(dated__gte=ends, dated__lt=Stretch(LAST_YEAR).borders(zone)[1]).order_by("dated")
    else:
        shown = shown.filter(dated__lt=begins, dated__gte=Stretch(FIRST_YEAR).borders(zone)[0]).order_by("-dated")
    moment = shown.values_list("dated", flat=True).first()
    return stretch.like(day_of(moment, zone)) if moment else None
