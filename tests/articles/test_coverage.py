"""What is written about a topic, added up: by the calendar of the publication, without what lists do not show, in few queries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from factories import make_article, make_author, make_topic
from masthead.articles import coverage
from masthead.core import clock

pytestmark = pytest.mark.django_db

LONDON, DELHI, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("Asia/Kolkata"), ZoneInfo("America/New_York")


@pytest.fixture(params=[2_000, 1], ids=["few", "sought by date"])
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of seeking: each gives the same."""
    monkeypatch.setattr(coverage, "LARGE", request.param)


def on(day: str, *topics: Any, **fields: Any) -> Any:
    return make_article(f"On {day}", dated=datetime.fromisoformat(day).replace(tzinfo=UTC), topics=topics, **fields)


def test_years_are_the_publications(how: None) -> None:
    india = make_topic("India", "country")
    on("2018-12-31T19:00", india)  # half past midnight in Delhi
    on("2019-01-01T04:00", india)  # an hour to midnight in New York
    on("2019-06-01T12:00", india)
    now, about = clock.now(), coverage.subject(india.pk)
    assert coverage.years(about, LONDON, now) == {2018: 1, 2019: 2}
    assert coverage.years(about, DELHI, now) == {2019: 3}
    assert coverage.years(about, NEW_YORK, now) == {2018: 2, 2019: 1}


@pytest.mark.parametrize("zone", [LONDON, DELHI, NEW_YORK])
def test_a_years_bounds_hold_what_was_counted_in_it(how: None, zone: ZoneInfo) -> None:
    india = make_topic("India", "country")
    for day in ("2018-12-31T19:00", "2018-12-31T23:59", "2019-01-01T00:00", "2019-01-01T04:59", "2019-12-31T23:00"):
        on(day, india)
    now, about = clock.now(), coverage.subject(india.pk)
    for year, count in coverage.years(about, zone, now).items():
        assert len(coverage.newest(about, now, 20, within=coverage.bounds(year, zone)).numbers) == count


def test_old_centuries_have_years_too(how: None) -> None:
    trade = make_topic("Trade")
    on("1776-07-04T12:00", trade)
    about = coverage.subject(trade.pk)
    assert coverage.years(about, NEW_YORK, clock.now()) == {1776: 1}
    within = coverage.bounds(1776, NEW_YORK)
    assert len(coverage.newest(about, clock.now(), 5, within=within).numbers) == 1
    assert coverage.bounds(0, LONDON) is None and coverage.bounds(9999, LONDON) is None


def test_what_bears_no_date_stands_in_no_year(how: None) -> None:
    india, russia = make_topic("India", "country"), make_topic("Russia", "country")
    on("2018-05-01T12:00", india, russia)
    on("2018-06-01T12:00", india, russia, date_precision="none")
    on("2019-06-01T12:00", india, russia, date_precision="none")
    now = clock.now()
    for about in (coverage.subject(india.pk), coverage.subject(india.pk, russia.pk)):
        assert coverage.dates(about, DELHI, now) == coverage.Dates({2018: 1}, undated=2)
        assert len(coverage.newest(about, now, 5, within=coverage.bounds(2018, DELHI)).numbers) == 1
        assert len(coverage.newest(about, now, 5).numbers) == 3


def test_nothing_counts_that_lists_do_not_show(how: None) -> None:
    india, russia = make_topic("India", "country"), make_topic("Russia", "country")
    author = make_author()
    make_article("A draft", live=False, topics=[india, russia], authors=[author])
    make_article("Tomorrow's", dated=clock.now() + timedelta(days=1), topics=[india, russia], authors=[author])
    now, one, both = clock.now(), coverage.subject(india.pk), coverage.subject(india.pk, russia.pk)
    for about in (one, both):
        assert coverage.years(about, LONDON, now) == {} and not coverage.is_any(about, now)
        assert coverage.newest(about, now, 5).numbers == ()
    assert coverage.company(india.pk, now, authors=5, topics=5) == coverage.Company((), ())
    assert coverage.pairs_among([india.pk, russia.pk], now) == coverage.pairs_of_kinds(["country"], 1, 9, now) == []


def test_two_topics_have_what_has_both(how: None) -> None:
    india, russia = make_topic("India", "country"), make_topic("Russia", "country")
    both = [on(f"20{n}-05-01T12:00", india, russia) for n in (20, 21)]
    on("2022-05-01T12:00", india)
    on("2023-05-01T12:00", russia)
    about, now = coverage.subject(russia.pk, india.pk), clock.now()
    assert coverage.years(about, LONDON, now) == {2020: 1, 2021: 1} and coverage.is_any(about, now)
    assert coverage.newest(about, now, 5).numbers == (both[1].pk, both[0].pk)
    assert coverage.pairs_among([india.pk, russia.pk], now) == [coverage.Pair(india.pk, russia.pk, 2)]
    assert coverage.pairs_of_kinds(["country"], 2, 9, now) and not coverage.pairs_of_kinds(["country"], 3, 9, now)


def test_pages_follow_each_other_without_a_gap(how: None) -> None:
    trade = make_topic("Trade")
    moment = clock.now() - timedelta(days=1)
    made = [make_article(f"One of {n}", dated=moment - timedelta(hours=n // 2), topics=[trade]) for n in range(7)]
    about, seen, before = coverage.subject(trade.pk), [], ""
    for _ in range(9):
        page = coverage.newest(about, clock.now(), 2, before=before)
        seen += page.numbers
        before = page.older
        if not before:
            break
    assert len(seen) == 7 and set(seen) == {article.pk for article in made}


def test_company_is_by_weight(django_assert_num_queries: Any) -> None:
    trade, water, sea = make_topic("Trade"), make_topic("Water"), make_topic("Sea")
    ada, ben = make_author("Ada"), make_author("Ben")
    make_article("a", topics=[trade, water], authors=[ben])
    make_article("b", topics=[trade, water], authors=[ada, ben])
    make_article("c", topics=[trade, sea], authors=[])
    make_article("d", topics=[sea], authors=[ada])
    with django_assert_num_queries(1):
        found = coverage.company(trade.pk, clock.now(), authors=5, topics=5)
    assert [(each.name, each.count) for each in found.authors] == [("Ben", 2), ("Ada", 1)]
    assert [(each.name, each.count, each.kind) for each in found.topics] == [("Water", 2, "theme"), ("Sea", 1, "theme")]
    assert len(coverage.company(trade.pk, clock.now(), authors=1, topics=1).topics) == 1
