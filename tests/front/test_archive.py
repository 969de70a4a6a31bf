"""The archive by date: where an article stands, what has a page, and that no page costs more than another."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st

from factories import make_article, make_reader
from front.journey import Browser
from masthead.articles import calendar
from masthead.articles.models import Article
from masthead.articles.stretches import Stretch, begins, day_of
from masthead.core import clock
from masthead.core.models import Publication
from masthead.front import headers

pytestmark = pytest.mark.django_db

LONDON = ZoneInfo("Europe/London")


@pytest.fixture(autouse=True)
def house() -> Publication:
    publication = Publication.load()
    publication.name, publication.timezone = "Sextant", "Europe/London"
    publication.save()
    return publication


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def soup(path: str) -> BeautifulSoup:
    response = Client().get(path)
    assert response.status_code == 200, path
    return BeautifulSoup(response.content, "html.parser")


def titles(page: BeautifulSoup) -> list[str]:
    return [link.get_text() for link in page.select(".list .card-title a")]


def status(path: str) -> int:
    return int(Client().get(path).status_code)


# --- stretches


@pytest.mark.parametrize(
    ("stretch", "path", "after"),
    [
        (Stretch(2019), "/archive/2019/", date(2020, 1, 1)),
        (Stretch(2019, 12), "/archive/2019/12/", date(2020, 1, 1)),
        (Stretch(2020, 2), "/archive/2020/02/", date(2020, 3, 1)),
        (Stretch(2020, 2, 29), "/archive/2020/02/29/", date(2020, 3, 1)),
        (Stretch(987, 6, 5), "/archive/0987/06/05/", date(987, 6, 6)),
    ],
)
def test_a_stretch_knows_its_address_and_its_end(stretch: Stretch, path: str, after: date) -> None:
    assert (stretch.path, stretch.after) == (path, after)


@pytest.mark.parametrize("numbers", [(0,), (1,), (9999,), (2019, 13), (2019, 2, 29), (2019, 0, 5), (2019, 4, 31)])
def test_what_no_calendar_has_is_no_stretch(numbers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError):
        Stretch(*numbers)


def test_the_parts_of_a_stretch_fill_it() -> None:
    for stretch in (Stretch(2019), Stretch(2020, 2), Stretch(2019, 12)):
        parts = stretch.parts()
        assert (parts[0].first, parts[-1].after) == (stretch.first, stretch.after)
        assert all(one.after == two.first for one, two in pairwise(parts))


zones = st.sampled_from(sorted(available_timezones()))


@given(st.datetimes(datetime(1776, 1, 1), datetime(2026, 12, 31)), zones)
@example(datetime(2010, 11, 7, 2, 45), "America/St_Johns")  # an hour of the 6th, after the 7th has begun
@example(datetime(2011, 12, 30, 12), "Pacific/Apia")  # a day that never was
def test_every_moment_lies_in_just_one_day(moment: datetime, name: str) -> None:
    moment, zone = moment.replace(tzinfo=UTC), ZoneInfo(name)
    day = day_of(moment, zone)
    assert begins(day, zone) <= moment < begins(day + timedelta(days=1), zone)


# --- where an article stands


def test_days_begin_where_the_publication_is() -> None:
    make_article("Just before midnight in London", dated=at("2019-07-09T22:59:59"))
    make_article("Just after", dated=at("2019-07-09T23:00:00"))
    assert titles(soup("/archive/2019/07/09/")) == ["Just before midnight in London"]
    assert titles(soup("/archive/2019/07/10/")) == ["Just after"]


def test_new_year_is_the_publications(house: Publication) -> None:
    make_article("In the small hours", dated=at("2018-12-31T15:30:00"))
    assert status("/archive/2019/") == 404
    house.timezone = "Asia/Tokyo"
    house.save()
    assert status("/archive/2018/") == 404
    assert titles(soup("/archive/2019/01/01/")) == ["In the small hours"]


def test_an_article_stands_where_its_date_is_known() -> None:
    made = {p: make_article(f"Known by {p}", dated=at("1931-05-01T12:00:00"), date_precision=p) for p in Article.Precision.values}
    assert len(made) == 4
    year, month, day = (soup(path) for path in ("/archive/1931/", "/archive/1931/05/", "/archive/1931/05/01/"))
    assert sorted(titles(year)) == ["Known by day", "Known by month", "Known by year"]
    assert sorted(titles(month)) == ["Known by day", "Known by month"]
    assert titles(day) == ["Known by day"]
    assert "3 articles, 1 of them dated by the year alone" in year.select_one(".list-head").get_text()
    assert [h.get_text() for h in year.select(".bundle-title")] == ["May 1931", "1931, month unknown"]
    assert [h.get_text() for h in month.select(".bundle-title")] == ["1 May 1931", "May 1931, day unknown"]
    assert "2 articles" in year.select_one('.months a[href="/archive/1931/05/"]').get_text()


def test_a_year_of_nothing_but_years_shows_no_empty_months() -> None:
    make_article("Old", dated=at("1931-05-01T12:00:00"), date_precision="year")
    page = soup("/archive/1931/")
    assert "1 article, dated by the year alone" in page.select_one(".list-head").get_text()
    assert not page.select(".months")


def test_all_years_are_counted_newest_first() -> None:
    for year, count in ((1776, 1), (1779, 2), (2019, 3)):
        for number in range(count):
            make_article(f"{year} {number}", dated=at(f"{year}-07-04T12:00:00"))
    make_article("Hidden", dated=at("1850-01-01T12:00:00"), date_precision="none")
    make_article("Draft", dated=at("1851-01-01T12:00:00"), live=False)
    make_article("From tomorrow", dated=clock.now() + timedelta(days=400))
    page = soup("/archive/")
    assert "6 articles from 1776 to 2019" in page.select_one(".list-head").get_text()
    assert [(a["href"], a.get_text(" ", strip=True)) for a in page.select(".dates a")] == [
        ("/archive/2019/", "2019 3 articles"),
        ("/archive/1779/", "1779 2 articles"),
        ("/archive/1776/", "1776 1 article"),
    ]
    assert [h.get_text() for h in page.select(".decade h2")] == ["2010s", "1770s"]


def test_an_empty_archive_has_a_page() -> None:
    assert "Nothing here yet" in soup("/archive/").get_text()


# --- what has a page


@pytest.mark.parametrize(
    "path",
    [
        "/archive/2019/02/30/", "/archive/2019/13/", "/archive/2019/0/", "/archive/2019/03/0/", "/archive/0/", "/archive/1/",
        "/archive/9999/", "/archive/10000/", "/archive/2018/", "/archive/2019/04/", "/archive/2019/03/22/", "/archive/2900/",
        "/archive/" + "9" * 5000 + "/", "/archive/2019/03/21/5/", "/archive/-1/", "/archive/%D9%A2%D9%A0%D9%A1%D9%A9/",
    ],
)  # fmt: skip
def test_what_is_no_date_or_empty_is_not_there(path: str) -> None:
    make_article(dated=at("2019-03-21T12:00:00"))
    assert status(path) == 404


def test_the_future_has_no_page_before_it_comes() -> None:
    soon = clock.now() + timedelta(days=40)
    make_article("Soon", dated=soon)
    for stretch in (Stretch(soon.year, soon.month), Stretch(soon.year, soon.month, soon.day)):
        assert status(stretch.path) == 404


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("/archive/02019/", "/archive/2019/"),
        ("/archive/2019/3/", "/archive/2019/03/"),
        ("/archive/2019/3/21/", "/archive/2019/03/21/"),
        ("/archive/2019/003/21/?before=x", "/archive/2019/03/21/?before=x"),
    ],
)
def test_each_date_has_one_address(asked: str, path: str) -> None:
    response = Client().get(asked)
    assert (response.status_code, response["Location"]) == (301, path)


# --- ways through it


def test_earlier_and_later_skip_what_is_empty() -> None:
    for day in ("1802-02-03", "1950-06-07", "1950-06-30", "2019-03-21"):
        make_article(day, dated=at(f"{day}T12:00:00"))
    make_article("By its year", dated=at("1900-01-01T12:00:00"), date_precision="year")

    def ways(path: str) -> dict[str, str]:
        return {link["rel"][0]: link["href"] for link in soup(path).select(".dates-ways a")}

    assert ways("/archive/1950/") == {"prev": "/archive/1900/", "next": "/archive/2019/"}
    assert ways("/archive/1950/06/") == {"prev": "/archive/1802/02/", "next": "/archive/2019/03/"}, "1900 has no month"
    assert ways("/archive/1950/06/30/") == {"prev": "/archive/1950/06/07/", "next": "/archive/2019/03/21/"}
    assert ways("/archive/1802/02/03/") == {"next": "/archive/1950/06/07/"}
    for path in (*ways("/archive/1950/06/").values(), *ways("/archive/1950/").values()):
        assert status(path) == 200


def test_a_month_is_a_calendar_of_weeks() -> None:
    make_article(dated=at("2019-03-21T12:00:00"))
    page = soup("/archive/2019/03/")
    weeks = [[cell.get_text(" ", strip=True) for cell in row.select("td")] for row in page.select(".month tbody tr")]
    assert weeks[0] == ["", "", "", "", "1", "2", "3"], "weeks begin on Monday in Britain"
    assert weeks[3][3] == "21 March 2019: 1 article 21 1"
    assert [len(week) for week in weeks] == [7] * 5
    assert [link["href"] for link in page.select(".month a")] == ["/archive/2019/03/21/"]
    assert page.select_one(".month abbr")["title"] == "Monday"


def test_elsewhere_weeks_begin_on_sunday(house: Publication) -> None:
    house.language = "en-US"
    house.save()
    make_article(dated=at("2019-03-21T12:00:00"))
    page = soup("/archive/2019/03/")
    assert page.select_one(".month abbr")["title"] == "Sunday"
    assert soup("/archive/2019/03/21/").h1.get_text() == "March 21, 2019"


def test_a_big_month_is_read_page_by_page() -> None:
    made = [make_article(f"No {n}", dated=at("2019-03-21T12:00:00") - timedelta(hours=n)).title for n in range(90)]
    path, seen, pages = "/archive/2019/03/", [], 0
    while path:
        page = soup(path)
        assert page.find("link", rel="canonical")["href"].endswith(path)
        seen += titles(page)
        pages += 1
        older = page.select_one(".paging a")
        path = older["href"] if older else ""
    assert (seen, pages) == (made, 3)


def test_crumbs_lead_up() -> None:
    make_article(dated=at("2019-03-21T12:00:00"))
    crumbs = [(a.get_text(), a["href"]) for a in soup("/archive/2019/03/21/").select(".crumbs a")]
    assert crumbs == [
        ("Home", "/"),
        ("Archive", "/archive/"),
        ("2019", "/archive/2019/"),
        ("March", "/archive/2019/03/"),
    ]
    assert soup("/").select_one('.foot a[href="/archive/"]')


def test_the_sitemap_has_years_and_months() -> None:
    make_article(dated=at("2019-03-21T12:00:00"))
    make_article(dated=at("1931-01-01T12:00:00"), date_precision="year")
    assert "/sitemap-archive.xml" in Client().get("/sitemap.xml").content.decode()
    found = re.findall(r"<loc>https?://[^/]+([^<]+)</loc>", Client().get("/sitemap-archive.xml").content.decode())
    assert found == ["/archive/", "/archive/1931/", "/archive/2019/", "/archive/2019/03/"]


# --- what it costs


def test_more_articles_are_no_more_queries(django_assert_max_num_queries: Any) -> None:
    paths = ("/archive/", "/archive/2019/", "/archive/2019/03/", "/archive/2019/03/21/")

    def queries() -> list[int]:
        counts = []
        for path in paths:
            with django_assert_max_num_queries(20) as asked:
                soup(path)
            counts.append(len(asked))
        return counts

    for hours in (0, 1, 24 * 20, 24 * 400):
        make_article(f"Of {hours} hours", dated=at("2019-03-21T12:00:00") - timedelta(hours=hours))
    before = queries()
    for number in range(45):
        make_article(f"No {number}", dated=at("2019-03-21T12:00:00") - timedelta(hours=number**2))
    # one more where the list of licensed networks, read every few seconds, falls due
    assert all(now <= then + 1 for now, then in zip(queries(), before, strict=True))


def test_counts_are_taken_a_few_thousand_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for day in ("0400-01-01", "1802-02-03", "2019-03-21"):
        make_article(day, dated=at(f"{day}T12:00:00"))
    whole = calendar.years(LONDON, clock.now())
    assert [(tally.stretch.year, tally.count) for tally in whole] == [(400, 1), (1802, 1), (2019, 1)]
    monkeypatch.setattr(calendar, "AT_ONCE", 7)
    assert calendar.years(LONDON, clock.now()) == whole
    assert status("/archive/0400/") == 200


def test_it_is_the_same_for_everybody_and_may_be_kept() -> None:
    make_article(dated=at("2019-03-21T12:00:00"))
    for path in ("/archive/", "/archive/2019/", "/archive/2019/03/", "/archive/2019/03/21/"):
        assert Client().get(path)["Cache-Control"] == headers.PUBLIC
        browser = Browser()
        browser.force_login(make_reader("very.personal@example.org"))
        response = browser.get(path)
        assert response["Cache-Control"] == headers.PRIVATE
        assert b"very.personal" not in response.content and b"csrf" not in response.content
