"""Periods are counted in the publication's time zone, across daylight saving and year ends."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.access.period import KINDS, period_of
from masthead.access.policy import Policy

ZONES = ["UTC", "Europe/London", "America/Sao_Paulo", "Pacific/Auckland", "Pacific/Kiritimati", "Asia/Kolkata", "America/Havana"]
moments = st.datetimes(datetime(1980, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))


def test_a_month_is_named_by_year_and_month() -> None:
    assert period_of(datetime(2026, 11, 30, 23, 59, tzinfo=UTC), "UTC").name == "2026-11"


def test_the_month_turns_at_the_publications_midnight() -> None:
    moment = datetime(2026, 11, 30, 12, tzinfo=UTC)
    assert period_of(moment, "Pacific/Auckland").name == "2026-12"
    assert period_of(moment, "America/Sao_Paulo").name == "2026-11"


def test_a_week_is_that_of_iso_8601() -> None:
    assert period_of(datetime(2027, 1, 1, tzinfo=UTC), "UTC", "week").name == "2026-W53"


@given(moments, st.sampled_from(ZONES), st.sampled_from(KINDS))
def test_every_moment_lies_in_its_period(moment: datetime, zone: str, kind: str) -> None:
    period = period_of(moment, zone, kind)
    assert period.starts <= moment < period.ends


@given(moments, st.sampled_from(ZONES), st.sampled_from(KINDS))
def test_periods_follow_each_other_without_gap(moment: datetime, zone: str, kind: str) -> None:
    period = period_of(moment, zone, kind)
    after = period_of(period.ends, zone, kind)
    before = period_of(period.starts - timedelta(microseconds=1), zone, kind)
    assert after.starts == period.ends and before.ends == period.starts
    assert len({before.name, period.name, after.name}) == 3


@pytest.mark.parametrize(
    ("zone", "kind"), [("Nowhere/At_all", "month"), ("../../etc/passwd", "month"), ("UTC", "decade"), ("", "month")]
)
def test_nonsense_is_refused(zone: str, kind: str) -> None:
    with pytest.raises(ValueError):
        period_of(datetime(2026, 1, 1, tzinfo=UTC), zone, kind)


@given(moments, st.sampled_from(ZONES), st.integers(0, 90))
def test_an_unlock_stays_open_its_days_and_never_less_than_to_the_periods_end(moment: datetime, zone: str, days: int) -> None:
    policy = Policy(timezone=zone, unlock_days=days)
    until = policy.unlock_until(moment)
    assert until >= moment + timedelta(days=days)
    assert until >= policy.period_at(moment).ends
    assert until.astimezone(ZoneInfo(zone))
