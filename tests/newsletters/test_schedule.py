"""When editions are due: weekdays and hours on clocks that are put forward and back, judged by an oracle of another kind."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from masthead.newsletters.schedule import Due, Rule, due_dates, exists, following, moment, previous

from .clocks import YEAR, clock_faces, reached

LONDON = ZoneInfo("Europe/London")
DAILY = Rule("12345", time(6), LONDON)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def dates(rule: Rule, after: str, until: str) -> list[str]:
    return [due.date.isoformat() for due in due_dates(rule, utc(after), utc(until))]


class TestDueDates:
    def test_weekdays_at_the_hour_of_the_publications_clock(self) -> None:
        found = list(due_dates(DAILY, utc("2026-11-20T12:00"), utc("2026-11-24T12:00")))
        assert found == [
            Due(date(2026, 11, 23), utc("2026-11-23T06:00")),
            Due(date(2026, 11, 24), utc("2026-11-24T06:00")),
        ]

    def test_in_summer_the_same_hour_is_another_moment(self) -> None:
        (due,) = due_dates(DAILY, utc("2026-07-01T00:00"), utc("2026-07-01T12:00"))
        assert due.at == utc("2026-07-01T05:00")

    def test_holidays_have_none(self) -> None:
        rule = Rule("12345", time(6), LONDON, frozenset({date(2026, 12, 25)}))
        assert dates(rule, "2026-12-23T12:00", "2026-12-29T12:00") == ["2026-12-24", "2026-12-28", "2026-12-29"]

    def test_the_end_counts_and_the_beginning_does_not(self) -> None:
        assert dates(DAILY, "2026-11-23T06:00", "2026-11-24T06:00") == ["2026-11-24"]

    def test_without_weekdays_nothing_is_due(self) -> None:
        assert dates(Rule("", time(6), LONDON), "2026-01-01T00:00", "2027-01-01T00:00") == []

    def test_neighbours(self) -> None:
        weekly = Rule("6", time(8), LONDON)
        assert previous(weekly, utc("2026-11-28T08:00")).date == date(2026, 11, 21)
        assert following(weekly, utc("2026-11-28T08:00")).date == date(2026, 12, 5)
        assert previous(Rule("", time(8), LONDON), utc("2026-11-28T08:00")) is None


class TestClocksThatChange:
    def test_an_hour_that_is_left_out_is_the_first_moment_after_it(self) -> None:
        # London puts its clocks forward from 01:00 to 02:00
        assert moment(date(2026, 3, 29), time(1, 30), LONDON) == utc("2026-03-29T01:00")

    def test_an_hour_that_comes_twice_is_its_first(self) -> None:
        assert moment(date(2026, 10, 25), time(1, 30), LONDON) == utc("2026-10-25T00:30")

    def test_an_hour_moved_over_midnight_belongs_to_its_date(self) -> None:
        # Nuuk put its clocks from Saturday 23:00 to Sunday 00:00
        nuuk = ZoneInfo("America/Nuuk")
        rule = Rule("67", time(23, 30), nuuk)
        found = list(due_dates(rule, utc("2024-03-30T12:00"), utc("2024-04-01T12:00")))
        assert found == [Due(date(2024, 3, 30), utc("2024-03-31T01:00")), Due(date(2024, 3, 31), utc("2024-04-01T00:30"))]

    def test_a_date_that_never_was_has_no_edition(self) -> None:
        apia = ZoneInfo("Pacific/Apia")
        assert not exists(date(2011, 12, 30), apia)
        rule = Rule("1234567", time(6), apia)
        assert dates(rule, "2011-12-29T00:00", "2012-01-01T00:00") == ["2011-12-29", "2011-12-31", "2012-01-01"]

    def test_half_an_hour_is_put_forward_too(self) -> None:
        # Lord Howe moves by thirty minutes, from 02:00 to 02:30
        lord_howe = ZoneInfo("Australia/Lord_Howe")
        assert moment(date(2026, 10, 4), time(2, 15), lord_howe) == utc("2026-10-03T15:30")
        assert moment(date(2026, 10, 4), time(2, 45), lord_howe) == utc("2026-10-03T15:45")


# A year in every zone -------------------------------------------------------------------------------------------------


def distinct_zones() -> list[str]:
    """Every zone there is; of those whose clocks agree all year, one."""
    moments = [datetime(YEAR, 1, 1, tzinfo=UTC) + timedelta(hours=12 * n) for n in range(-4, 738)]
    seen: dict[tuple[object, ...], str] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        face = tuple(moment.astimezone(zone).utcoffset() for moment in moments)
        seen.setdefault(face, name)
    return sorted(seen.values())


def test_a_year_in_every_zone_has_exactly_one_edition_a_due_date_at_the_right_minute() -> None:
    """Also when the year is cut anywhere, as restarts cut it: the parts together say the same."""
    assert len(available_timezones()) > 400
    first, last = date(YEAR, 1, 1), date(YEAR, 12, 31)
    holidays = frozenset({date(YEAR, 1, 1), date(YEAR, 12, 25)})
    cuts = [datetime(YEAR - 1, 12, 30, tzinfo=UTC) + timedelta(days=11 * n, minutes=97 * n) for n in range(35)]
    zones = distinct_zones()
    assert len(zones) > 60
    for name in zones:
        zone = ZoneInfo(name)
        faces = clock_faces(zone, first, last)
        for weekdays, hour in (("12345", time(6)), ("6", time(8)), ("1234567", time(0)), ("1234567", time(2, 15))):
            rule = Rule(weekdays, hour, zone, holidays)
            wanted = {
                day: at
                for day, at in reached(faces, hour).items()
                if first <= day <= last and str(day.isoweekday()) in weekdays and day not in holidays
            }
            found: list[Due] = []
            for start, end in pairwise(cuts):
                found += due_dates(rule, start, end)
            found = [due for due in found if first <= due.date <= last]
            assert len(found) == len({due.date for due in found}), name
            assert {due.date: due.at for due in found} == wanted, name


def test_every_zone_can_be_asked() -> None:
    for name in available_timezones():
        rule = Rule("1234567", time(6), ZoneInfo(name))
        assert len(list(due_dates(rule, utc("2026-03-01T00:00"), utc("2026-03-08T00:00")))) == 7, name
