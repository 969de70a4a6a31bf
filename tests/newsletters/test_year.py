"""A year of editions in the database: outages, crashes in the middle and holidays, on clocks that change at awkward hours.

What is expected comes from reading the zone's clocks, not from the schedule's own arithmetic.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from masthead.core.models import OutgoingMail
from masthead.newsletters import composing, drafts, editions
from masthead.newsletters.models import Edition, Holiday, Newsletter

from .clocks import YEAR, clock_faces, reached
from .conftest import Clock

pytestmark = pytest.mark.django_db

CUTOFF, TOO_LATE = timedelta(minutes=45), timedelta(hours=5)
HOLIDAYS = [date(YEAR, 1, 1), date(YEAR, 5, 1), date(YEAR, 12, 25)]


class PowerCut(RuntimeError):
    """The machine went down in the middle of a step."""


@pytest.mark.parametrize(
    ("zone", "weekdays", "hour"),
    [
        ("Europe/London", "12345", time(6)),
        ("Africa/Cairo", "56", time(0)),  # midnight does not exist on the day clocks go forward
        ("Australia/Lord_Howe", "7", time(2, 15)),  # nor does a quarter past two, by half an hour
    ],
)
def test_each_due_date_has_exactly_one_edition(
    zone: str,
    weekdays: str,
    hour: time,
    make_newsletter: Callable[..., Newsletter],
    standing_clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = random.Random(zone)
    faces = clock_faces(ZoneInfo(zone), date(YEAR, 1, 1), date(YEAR, 12, 31))
    due = {
        day: at
        for day, at in reached(faces, hour).items()
        if day.year == YEAR and str(day.isoweekday()) in weekdays and day not in HOLIDAYS
    }
    went: dict[str, datetime] = {}

    cut: set[str] = set()

    def power_cut(where: str) -> None:
        """Now and then, once at one place."""
        if where not in cut and chance.random() < 0.08:
            cut.add(where)
            raise PowerCut

    def freeze(edition: Edition) -> None:
        assert edition.key not in went, "frozen twice"
        edition.state, edition.frozen = Edition.State.SENDING, standing_clock.moment
        edition.save(update_fields=["state", "frozen"])
        power_cut(f"freezing {edition.key}")
        went[edition.key] = standing_clock.moment

    def mail(edition: Edition) -> int:
        power_cut(f"mailing {edition.key}")
        return mail_draft(edition)

    mail_draft = drafts.mail
    monkeypatch.setattr(editions, "_freeze", freeze)
    monkeypatch.setattr(drafts, "mail", mail)
    monkeypatch.setattr(composing, "has_news", lambda edition: True)
    make_newsletter(weekdays=weekdays, hour=hour, zone=zone, cutoff=45, too_late=300, blocks="")
    Holiday.objects.bulk_create([Holiday(day=day, name="A holiday") for day in HOLIDAYS])

    # ticks around each hour, but for outages; a step that failed is done again a minute later
    outages = [
        (start, start + timedelta(hours=chance.choice([1, 3, 30, 100]))) for start in chance.sample(sorted(due.values()), 12)
    ]
    outages = [(start - timedelta(minutes=chance.choice([1, 50])), end) for start, end in outages]
    around = [
        -CUTOFF - timedelta(minutes=1),
        -CUTOFF,
        -timedelta(minutes=1),
        timedelta(0),
        timedelta(minutes=1),
        timedelta(minutes=2),
    ]
    # what must be looked at is each cut-off, each hour, and the minute after, in which what failed is done again; of the other
    # moments of a long year some eighty each are as good as all
    some = {step: {at for at in due.values() if chance.random() < 80 / len(due)} for step in around}
    for step in (-CUTOFF, timedelta(0), timedelta(minutes=1)):
        some[step] = set(due.values())
    moments = {at + step for step in around for at in some[step]} | {end for _, end in outages}
    moments |= {end + timedelta(minutes=1) for _, end in outages}
    ticks = sorted(at for at in moments if not any(start <= at < end for start, end in outages))
    standing_clock.moment = ticks[0] - timedelta(days=1)
    editions.tick()
    for at in ticks:
        standing_clock.moment = at
        editions.tick()

    rows = {row.date: row for row in Edition.objects.all()}
    assert len(rows) == Edition.objects.count()
    assert sorted(rows) == sorted(due)
    assert {day: row.due for day, row in rows.items()} == due
    assert {words.split()[0] for words in cut} == {"freezing", "mailing"}
    for day, row in rows.items():
        first = next(tick for tick in ticks if tick >= row.due)
        if first > row.due + TOO_LATE:
            assert (row.state, row.key in went) == ("skipped", False), day
        else:
            retried = timedelta(minutes=f"freezing {row.key}" in cut)
            assert (row.state, went[row.key]) == ("sending", first + retried), day
    assert sum(row.state == "skipped" for row in rows.values()) > 0
    drafted = OutgoingMail.objects.filter(kind="edition-draft").count()
    assert drafted == Edition.objects.exclude(mailed_draft=None).count()
