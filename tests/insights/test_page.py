"""The newsroom's page shows what was counted, to those who work here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import OperationalError
from django.test import Client

from factories import make_article, make_device, make_reader
from masthead.access import services
from masthead.access.policy import ArticleFacts
from masthead.core import clock
from masthead.insights import counting, reports, store
from masthead.insights.models import DailyVisitors, ViewCount
from newsroom_people import PASSWORD, in_by_code, log_in

pytestmark = pytest.mark.django_db

PAGE = "/newsroom/insights/"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"


@pytest.fixture
def editor() -> Iterator[Client]:
    """A browser logged in to the newsroom."""
    reader = make_reader("editor@example.org", is_staff=True, is_superuser=True)
    reader.set_password(PASSWORD)
    reader.save()
    client = Client()
    assert log_in(client, reader).status_code == 302
    yield client


def shown(client: Client) -> str:
    answer = client.get(PAGE)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def views(article: int, decision: str, times: int, robot: bool = False) -> None:
    tally = counting.tally(article, "anonymous", decision, robot)
    for n in range(times):
        counting.note(tally, (f"192.0.2.{n}", "", BROWSER))
    counting.flush()


def test_it_needs_the_newsrooms_log_in() -> None:
    assert Client().get(PAGE).status_code == 302
    staff = make_reader("editor@example.org", is_staff=True, is_superuser=True)
    client = Client()
    in_by_code(client, staff)
    assert client.get(PAGE).status_code == 302, "six digits never open the newsroom"


def test_before_anything_happened_it_says_so(editor: Client) -> None:
    page = shown(editor)
    assert "Nothing yet." in page and "Nobody has opened an article yet." in page
    assert "missing here" not in page


def test_it_shows_what_was_counted_and_what_happened(editor: Client) -> None:
    article = make_article("Why Straits Matter")
    views(article.pk, "open", 41)
    views(article.pk, "register", 17)
    views(article.pk, "spent", 3)
    views(article.pk, "register", 123, robot=True)
    ada, facts = make_reader("ada@example.org"), ArticleFacts(article.pk, article.access)
    assert services.choose(reader=ada, device=None, article=facts).spent
    assert services.grant_instant(device=make_device(), address="bob@example.org", network="192.0.2.1", article=facts)
    page = shown(editor)
    assert "Articles read and gates shown: Read 41, Gate shown 20 in all" in page
    assert "Gates, by what they offered: Register 17, Confirm address 0, Choose this article 0, None left 3" in page
    assert "What gates led to: Registrations 2, Articles chosen 1, Instant access 1 in all" in page
    assert "Robots: Pages sent to robots 123 in all" in page
    assert "<dt>Visitors since midnight</dt><dd>41</dd>" in page
    assert "Why Straits Matter</a></th> <td>41</td><td>20</td><td>1</td><td>1</td> <td>10.0%</td>" in page


def test_pages_that_are_no_articles_are_not_articles_read(editor: Client) -> None:
    views(0, "page", 12)
    assert "Articles read and gates shown: Read 0, Gate shown 0 in all" in shown(editor)


def test_what_was_dropped_is_shown(editor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting._ledger, "most_keys", 1)
    with monkeypatch.context() as away:
        away.setattr(store, "write", lambda batch: (_ for _ in ()).throw(OperationalError("away")))
        views(1, "open", 5)
        views(2, "open", 7)
    counting.flush()
    page = shown(editor)
    assert "7 views are missing here, all from the last 24 hours." in page
    assert "Read 5, Gate shown 0 in all" in page


def test_an_article_that_was_deleted_is_still_counted(editor: Client) -> None:
    views(123456, "open", 2)
    assert "An article that was deleted" in shown(editor)


def test_what_it_shows_costs_few_queries(editor: Client, django_assert_max_num_queries) -> None:
    for n in range(12):
        views(make_article(f"Article {n}").pk, "open", n + 1)
    with django_assert_max_num_queries(60):
        shown(editor)


def test_the_day_and_the_month_are_compared_with_those_before() -> None:
    now = clock.now()
    for ago, count in ((timedelta(hours=2), 30), (timedelta(hours=26), 20), (timedelta(days=33), 5), (timedelta(days=70), 9)):
        minute = (now - ago).replace(second=0, microsecond=0)
        ViewCount.objects.create(minute=minute, article=7, standing="anonymous", decision="open", count=count)
    day, month = reports.last_hours(now), reports.last_days(now)
    assert (sum(day.opened), day.before["opened"]) == (30, 20)
    assert (sum(month.opened), month.before["opened"]) == (50, 5)


def test_there_is_nothing_to_compare_with_before_anybody_counted() -> None:
    views(7, "open", 3)
    assert not reports.last_hours(clock.now()).before
    assert not reports.last_days(clock.now()).before


@pytest.mark.parametrize("moment", ["2026-10-25T12:00", "2026-03-29T12:00", "2026-11-23T00:00", "2026-01-01T00:00"])
def test_each_view_of_a_day_lies_in_one_hour_also_when_the_clocks_change(moment: str, settings) -> None:
    from masthead.core.models import Publication

    Publication.load()
    Publication.objects.update(timezone="Europe/London")
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    for n in range(26 * 4):
        minute = now - timedelta(minutes=15 * n)
        ViewCount.objects.create(minute=minute, article=7, standing="anonymous", decision="open", count=1)
    day = reports.last_hours(now)
    assert len(day.opened) == 24
    assert sum(day.opened) == 23 * 4 + 1, "the present hour has just begun"
    assert set(day.opened[:-1]) == {4}


def test_visitors_of_finished_days_stand_beside_todays() -> None:
    now = clock.now()
    DailyVisitors.objects.create(day=now.date() - timedelta(days=2), anonymous=40, known=9)
    views(7, "open", 5)
    days = reports.visitors(now)
    assert len(days) == 30
    assert (days[-3].anonymous, days[-3].known) == (40, 9)
    assert (days[-1].anonymous, days[-1].known) == (5, 0)
    assert isinstance(days[0].day, date)
