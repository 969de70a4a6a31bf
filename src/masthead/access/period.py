"""Periods: the stretches of time an allowance is counted in, in the publication's time zone. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MONTH = "month"
WEEK = "week"
KINDS = (MONTH, WEEK)


@dataclass(frozen=True, slots=True)
class Period:
    """``name`` is stored ("2026-11", "2026-W47"); it covers ``starts`` <= moment < ``ends``, both in UTC."""

    name: str
    starts: datetime
    ends: datetime


def period_of(moment: datetime, timezone: str, kind: str = MONTH) -> Period:
    """The period that ``moment`` (aware) lies in, counted in the zone named ``timezone``.

    A week is that of ISO 8601. Raises ``ValueError`` for an unknown kind or zone, so that the caller can fail closed.
    Midnights are those of the zone's calendar: where daylight saving skips midnight, the period begins with the first
    moment that exists (PEP 495 arithmetic through UTC).
    """
    try:
        zone = ZoneInfo(timezone)
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"unknown time zone {timezone!r}") from error
    local = moment.astimezone(zone)
    if kind == MONTH:
        first = datetime(local.year, local.month, 1, tzinfo=zone)
        following = datetime(local.year + local.month // 12, local.month % 12 + 1, 1, tzinfo=zone)
        name = f"{local.year:04}-{local.month:02}"
    elif kind == WEEK:
        day = local.date() - timedelta(days=local.weekday())
        first = datetime(day.year, day.month, day.day, tzinfo=zone)
        after = day + timedelta(days=7)
        following = datetime(after.year, after.month, after.day, tzinfo=zone)
        year, week, _ = local.isocalendar()
        name = f"{year:04}-W{week:02}"
    else:
        raise ValueError(f"unknown period {kind!r}")
    return Period(name, first.astimezone(UTC), following.astimezone(UTC))
