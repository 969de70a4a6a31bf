"""Stretches of the calendar: a year, a month or a day where the publication is, and when it begins and ends. Pure.

Only years that every time zone can be told of are stretches at all: the very first and last of the calendar are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 2, 9998


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """A year; with ``month`` one of its months; with ``day``, too, one day of that. ``ValueError`` where there is none."""

    year: int
    month: int = 0
    day: int = 0

    def __post_init__(self) -> None:
        if not FIRST_YEAR <= self.year <= LAST_YEAR or (self.day and not self.month):
            raise ValueError(f"no such stretch: {self.year}-{self.month}-{self.day}")
        date(self.year, self.month or 1, self.day or 1)

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def after(self) -> date:
        """The first day after it."""
        if self.day:
            return self.first + timedelta(days=1)
        if self.month:
            return (self.first + timedelta(days=31)).replace(day=1)
        return date(self.year + 1, 1, 1)

    @property
    def path(self) -> str:
        """Its page's address: always as many digits, so that there is one only."""
        parts = [f"{self.year:04}", *(f"{part:02}" for part in (self.month, self.day) if part)]
        return f"/archive/{'/'.join(parts)}/"

    @property
    def precisions(self) -> tuple[str, ...]:
        """How exactly an article must be dated to stand in it: one known only by its year was written on no day we know."""
        return ("day",) if self.day else ("day", "month") if self.month else ("day", "month", "year")

    def wider(self) -> Iterator[Stretch]:
        """The year, and the month, it lies in; widest first."""
        if self.month:
            yield Stretch(self.year)
        if self.day:
            yield Stretch(self.year, self.month)

    def parts(self) -> list[Stretch]:
        """The months of a year, or the days of a month."""
        if self.month:
            return [Stretch(self.year, self.month, number) for number in range(1, (self.after - self.first).days + 1)]
        return [Stretch(self.year, number) for number in range(1, 13)]

    def like(self, day: date) -> Stretch:
        """The stretch of this kind that ``day`` lies in."""
        return Stretch(day.year, day.month if self.month else 0, day.day if self.day else 0)

    def borders(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """When it begins in ``zone``, and when the next one does; in UTC, as the database keeps time."""
        return begins(self.first, zone), begins(self.after, zone)


def begins(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of ``day`` in ``zone``. Where clocks skip midnight, the moment they do so."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """The day whose stretch ``moment`` lies in.

    Not always the calendar's: where clocks were put back at a minute past midnight (St John's, until 2011), an hour of the old
    day comes again, after the new one has begun.
    """
    day = moment.astimezone(zone).date()
    following = day + timedelta(days=1)
    return following if moment >= begins(following, zone) else day
