"""When a newsletter's hour comes on a reader's own clock. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


def own_hour(due: datetime, hour: time, zone: ZoneInfo) -> datetime:
    """The first moment (UTC) at or after ``due`` at which clocks in ``zone`` come to show ``hour``.

    Where the hour is left out that day (clocks go forward) it is the first moment after the gap; where it comes twice, the first.
    """
    day = due.astimezone(zone).date()
    for number in range(-1, 3):
        moment = _first(datetime.combine(day + timedelta(days=number), hour), zone)
        if moment >= due:
            return moment
    return due  # no zone leaves out whole days in a row


def _first(local: datetime, zone: ZoneInfo) -> datetime:
    moment = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local:
        return moment
    # left out: with fold=0 a time in the gap is read by the offset before it, and so lies after the change
    after, before = moment, local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while after - before > MINUTE:
        middle = before + (after - before) / 2
        if middle.astimezone(zone).replace(tzinfo=None) < local:
            before = middle
        else:
            after = middle
    return after.replace(second=0, microsecond=0)
