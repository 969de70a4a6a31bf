"""Who came: counted once a day, without cookies, and forgotten when the day is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from ipaddress import ip_network
from typing import Any
from unittest.mock import patch

import pytest

from masthead.core import clock
from masthead.core.models import Publication
from masthead.insights import chores, counting, store
from masthead.insights.models import DailySalt, DailyVisitors, VisitorMark

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1"


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, "2026-11-23T12:00")


def at(monkeypatch: pytest.MonkeyPatch, moment: str) -> datetime:
    """Set the clock (UTC)."""
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    return now


def come(*people: tuple[str, str, str], robot: bool = False) -> None:
    tally = counting.tally(7, "anonymous", "open", robot)
    for who in people:
        counting.note(tally, who)
    counting.flush()


def test_a_visitor_is_an_address_with_a_browser_counted_once_a_day() -> None:
    come(("192.0.2.1", "", FIREFOX), ("192.0.2.1", "", FIREFOX), ("192.0.2.1", "", SAFARI), ("192.0.2.2", "", FIREFOX))
    come(("192.0.2.1", "", FIREFOX))
    assert VisitorMark.objects.count() == 3


def test_a_reader_is_known_by_subject_wherever_they_are() -> None:
    come(("subject-of-ada", "", ""), ("subject-of-ada", "", ""), ("192.0.2.1", "", FIREFOX))
    assert sorted(VisitorMark.objects.values_list("known", flat=True)) == [False, True]


def test_robots_are_no_visitors() -> None:
    come(("192.0.2.1", "", "curl/8.5.0"), ("192.0.2.2", "", ""), robot=True)
    assert not VisitorMark.objects.exists()


def test_only_a_trusted_proxy_says_whose_address_it_is(settings: Any) -> None:
    come(("192.0.2.1", "203.0.113.5", FIREFOX), ("192.0.2.1", "203.0.113.6", FIREFOX))
    assert VisitorMark.objects.count() == 1, "anybody can send that header"
    settings.MASTHEAD = replace(settings.MASTHEAD, trusted_proxies=(ip_network("192.0.2.1/32"),))
    come(("192.0.2.1", "203.0.113.7", FIREFOX), ("192.0.2.1", "203.0.113.8", FIREFOX))
    assert VisitorMark.objects.count() == 3


def test_no_address_and_no_browser_is_kept() -> None:
    come(("192.0.2.1", "", FIREFOX))
    kept = str(list(VisitorMark.objects.values()) + list(DailySalt.objects.values()))
    assert "192.0.2" not in kept and "Firefox" not in kept


def test_the_next_day_has_another_salt_and_other_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    come(("192.0.2.1", "", FIREFOX))
    at(monkeypatch, "2026-11-24T12:00")
    come(("192.0.2.1", "", FIREFOX))
    assert len(set(DailySalt.objects.values_list("salt", flat=True))) == 2
    assert len(set(VisitorMark.objects.values_list("mark", flat=True))) == 2


def test_a_day_begins_in_the_publications_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    publication = Publication.load()
    publication.timezone = "Asia/Kolkata"
    publication.save()
    at(monkeypatch, "2026-11-23T18:29")
    come(("192.0.2.1", "", FIREFOX))
    at(monkeypatch, "2026-11-23T18:30")
    come(("192.0.2.1", "", FIREFOX))
    assert set(VisitorMark.objects.values_list("day", flat=True)) == {date(2026, 11, 23), date(2026, 11, 24)}


def test_when_the_day_is_over_its_number_is_kept_and_everything_else_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    come(("192.0.2.1", "", FIREFOX), ("192.0.2.2", "", FIREFOX), ("subject-of-ada", "", ""))
    chores.close_days(at(monkeypatch, "2026-11-24T00:30"))
    assert VisitorMark.objects.count() == 3, "the last minutes may still be on their way"
    night = at(monkeypatch, "2026-11-24T01:30")
    assert chores.close_days(night) == 1
    assert DailyVisitors.objects.values_list("day", "anonymous", "known").get() == (date(2026, 11, 23), 2, 1)
    assert not VisitorMark.objects.exists() and not DailySalt.objects.exists()
    assert chores.close_days(night) == 0
    assert DailyVisitors.objects.get().anonymous == 2


def test_today_is_not_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    come(("192.0.2.1", "", FIREFOX))
    assert chores.close_days(at(monkeypatch, "2026-11-23T23:59")) == 0
    assert VisitorMark.objects.exists()


def test_marks_that_a_killed_worker_left_go_the_next_time_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    come(*((f"192.0.2.{n}", "", FIREFOX) for n in range(25)))
    DailyVisitors.objects.create(day=date(2026, 11, 23), anonymous=25, known=0)
    DailySalt.objects.all().delete()  # the first step, which is one transaction with the number
    VisitorMark.objects.filter(mark__lt=0).delete()
    monkeypatch.setattr(chores, "SLICE", 10)
    chores.close_days(at(monkeypatch, "2026-11-24T02:00"))
    assert DailyVisitors.objects.get().anonymous == 25
    assert not VisitorMark.objects.exists()


def test_whoever_is_written_too_late_makes_no_new_salt_for_a_closed_day(monkeypatch: pytest.MonkeyPatch) -> None:
    counting.note(counting.tally(7, "anonymous", "open", False), ("192.0.2.1", "", FIREFOX))
    counting._collect()
    at(monkeypatch, "2026-11-24T03:00")
    assert counting.flush() == 1, "the view still counts"
    assert not DailySalt.objects.exists() and not VisitorMark.objects.exists()


def test_whoever_invents_user_agents_fills_no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_MARKS", 10)
    come(*(("192.0.2.1", "", f"Mozilla/5.0 ({n})") for n in range(10)))
    at(monkeypatch, "2026-11-23T12:01")  # asked once a minute
    come(*(("192.0.2.1", "", f"Mozilla/5.0 (again {n})") for n in range(10)))
    assert VisitorMark.objects.count() == 10


def test_two_processes_that_need_the_salt_at_once_share_one() -> None:
    day = date(2026, 11, 23)
    theirs = DailySalt(day=day, salt="theirs")
    first = DailySalt.objects.filter(day=day)

    def too_late(*args: Any, **kwargs: Any) -> Any:
        found = first.first()
        theirs.save()
        return type("Empty", (), {"first": lambda self: found})()

    with patch.object(DailySalt.objects, "filter", too_late):
        assert store._salt(day) == "theirs"


def test_a_week_without_a_worker_is_closed_day_by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        at(monkeypatch, f"2026-11-2{3 + n}T12:00")
        come(*((f"192.0.2.{m}", "", FIREFOX) for m in range(n + 1)))
    assert chores.close_days(at(monkeypatch, "2026-11-30T12:00")) == 3
    assert list(DailyVisitors.objects.order_by("day").values_list("anonymous", flat=True)) == [1, 2, 3]
