"""When editions are due: weekdays, an hour and a time zone in, dates and moments out. Pure.

Clocks that are put forward or back are the reason this is a module. An hour that a date lacks is due at the first moment that
exists after it; one that comes twice, at its first. A date the zone never had (Samoa skipped 30 December 2011) has no edition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
LAST = time(23, 59, 59, 999999)


@dataclass(frozen=True, slots=True)
class Rule:
    """On which days (ISO weekdays as digits, Monday is 1) and at which local hour; never on ``holidays``."""

    weekdays: str
    hour: time
    zone: ZoneInfo
    holidays: frozenset[date] = frozenset()

    def has(self, day: date) -> bool:
        """Whether an edition is due on ``day``."""
        return str(day.isoweekday()) in self.weekdays and day not in self.holidays and exists(day, self.zone)


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """One edition that is to be: its local date, and the moment it goes (UTC)."""

    date: date
    at: datetime


def due_dates(rule: Rule, after: datetime, until: datetime) -> Iterator[Due]:
    """What is due after ``after`` and not after ``until``, soonest first."""
    day = after.astimezone(rule.zone).date() - DAY  # an hour moved over midnight belongs to the date before
    last = until.astimezone(rule.zone).date() + DAY  # and clocks put back over midnight show a date twice
    while day <= last:
        if rule.has(day):
            at = moment(day, rule.hour, rule.zone)
            if after < at <= until:
                yield Due(day, at)
        day += DAY


def previous(rule: Rule, before: datetime, within: timedelta = timedelta(days=31)) -> Due | None:
    """The last one due before ``before``; None where there was none ``within`` so long."""
    return max(due_dates(rule, before - within, before - timedelta(microseconds=1)), default=None)


def following(rule: Rule, after: datetime, within: timedelta = timedelta(days=60)) -> Due | None:
    """The next one due after ``after``."""
    return next(due_dates(rule, after, after + within), None)


def moment(day: date, hour: time, zone: ZoneInfo) -> datetime:
    """When the clocks of ``zone`` first show ``hour`` on ``day``, or have just passed over it. In UTC."""
    wanted = datetime.combine(day, hour)
    found = wanted.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wanted:
        return found
    return _end_of_gap(wanted, zone)


def exists(day: date, zone: ZoneInfo) -> bool:
    """Whether ``zone`` had ``day`` at all: one that was skipped begins and ends in the same moment."""
    return moment(day, time.min, zone) != moment(day, LAST, zone)


def _end_of_gap(wanted: datetime, zone: ZoneInfo) -> datetime:
    """The moment the clocks were put forward over ``wanted``: the first one at which the later offset holds."""
    # read with the offset that came after, the time lies before the change, and the other way round
    low = wanted.replace(tzinfo=zone, fold=1).astimezone(UTC)
    high = wanted.replace(tzinfo=zone, fold=0).astimezone(UTC)
    later = high.astimezone(zone).utcoffset()
    first, last = int(low.timestamp()), int(high.timestamp())
    while last - first > 1:
        middle = (first + last) // 2
        if datetime.fromtimestamp(middle, UTC).astimezone(zone).utcoffset() == later:
            last = middle
        else:
            first = middle
    return datetime.fromtimestamp(last, UTC)
