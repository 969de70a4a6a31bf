"""When an hour comes, by reading clocks: the oracle the schedule is judged by. It shares no arithmetic with it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

YEAR = 2026
STEP = timedelta(minutes=15)  # every change of a clock, and every hour tried below, falls on one


def clock_faces(zone: ZoneInfo, first: date, last: date) -> list[tuple[datetime, datetime]]:
    """What the clocks of ``zone`` show, read off every quarter of an hour: (shown, moment)."""
    at = datetime.combine(first, time.min, UTC) - timedelta(days=2)
    count = int(((last - first) + timedelta(days=5)) / STEP)
    moments = [at + n * STEP for n in range(count)]
    return [(each.astimezone(zone).replace(tzinfo=None), each) for each in moments]


def reached(faces: list[tuple[datetime, datetime]], hour: time) -> dict[date, datetime]:
    """The oracle: for each date the clocks showed, the first moment at which they showed ``hour`` of it, or anything later."""
    found: dict[date, datetime] = {}
    wanted = datetime.combine(faces[0][0].date(), hour)
    for shown, at in faces:
        if shown >= wanted:
            found[wanted.date()] = at
            wanted += timedelta(days=1)
    return found
