"""When a newsletter's next editions are due, in words, and why one is left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from masthead.core.models import Publication
from masthead.core.timezones import zone as zone_called
from masthead.newsletters import schedule
from masthead.newsletters.models import Edition, Holiday, Newsletter

AHEAD = timedelta(days=70)  # a Saturday paper with a holiday or two still shows three editions


@dataclass(frozen=True, slots=True)
class Coming:
    """One date the schedule names. ``holiday`` says why nothing goes out on it."""

    date: date
    at: datetime
    holiday: str = ""

    @property
    def sentence(self) -> str:
        """As the newsletter's page tells it."""
        day = f"{self.date:%A} {self.date.day} {self.date:%B}"
        return f"{day}: left out, {self.holiday}" if self.holiday else f"{day} at {self.at:%H:%M}"


def coming(newsletter: Newsletter, now: datetime, most: int = 3) -> list[Coming]:
    """The next ``most`` editions, and between them the dates a holiday takes; times on the publication's clock.

    A date whose edition was let go before its hour, or cancelled, has had its one.
    """
    where = zone_called(Publication.load().timezone)
    today = now.astimezone(where).date()
    days = {row.day: row.name for row in Holiday.objects.filter(day__range=(today, today + AHEAD)) if _of(row, newsletter)}
    rule = schedule.Rule(weekdays=newsletter.weekdays, hour=newsletter.hour, zone=where, holidays=frozenset())
    dates = Edition.objects.filter(newsletter=newsletter, kind=Edition.Kind.SCHEDULED, date__range=(today, today + AHEAD))
    over = set(dates.exclude(state__in=[Edition.State.DRAFT, Edition.State.APPROVED]).values_list("date", flat=True))
    found: list[Coming] = []
    for due in schedule.due_dates(rule, now, now + AHEAD):
        if due.date in over:
            continue
        found.append(Coming(due.date, due.at.astimezone(where), days.get(due.date, "")))
        if sum(not each.holiday for each in found) == most:
            break
    return found


def _of(row: Holiday, newsletter: Newsletter) -> bool:
    return row.newsletter_id in (None, newsletter.pk)
