"""Watched feeds: asked in their time, backed off from while they fail, kept for the desk and cleared when nobody picks."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from masthead.newsletters import apart
from masthead.newsletters.models import WireEntry, WireSource
from masthead.newsletters.wire import feeds, fetching, watching
from masthead.newsletters.wire.feeds import Entry, Feed
from masthead.newsletters.wire.fetching import Fetched

from .conftest import Clock

pytestmark = pytest.mark.django_db


class Outside:
    """What hosts answer: feeds by address; None: nothing new; an exception: that."""

    def __init__(self) -> None:
        self.feeds: dict[str, Feed | Exception | None] = {}
        self.asked: list[tuple[str, str]] = []

    def fetch(self, url: str, *, etag: str = "", modified: str = "", loopback: bool = False) -> Fetched:
        self.asked.append((url, etag))
        answer = self.feeds[url]
        if isinstance(answer, Exception):
            raise answer
        return Fetched(same=answer is None, body=url.encode(), etag='"1"', url=url)

    def read(self, body: bytes, content_type: str, url: str) -> Feed:
        answer = self.feeds[url]
        assert isinstance(answer, Feed)
        return answer


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    one = Outside()
    monkeypatch.setattr(fetching, "fetch", one.fetch)
    monkeypatch.setattr(feeds, "read_apart", one.read)
    return one


def entry(number: int, published: int | None = None) -> Entry:
    return Entry(f"{number:064}", f"https://news.example/{number}", f"Headline {number}", "", published)


def watch(outside: Outside, *entries: Entry, name: str = "Gazette") -> WireSource:
    url = f"https://{name.lower()}.example/feed"
    outside.feeds[url] = Feed(name, entries)
    return WireSource.objects.create(name=name, url=url)


def test_new_entries_are_kept_once(outside: Outside, standing_clock: Clock) -> None:
    source = watch(outside, entry(1), entry(2))
    assert watching.fetch_due() == 1
    outside.feeds[source.url] = Feed("Gazette", (entry(3), entry(1)))
    standing_clock.on(minutes=20)
    watching.fetch_due()
    assert sorted(WireEntry.objects.values_list("headline", flat=True)) == ["Headline 1", "Headline 2", "Headline 3"]
    assert {row.publisher for row in WireEntry.objects.all()} == {"Gazette"}


def test_a_feed_is_asked_every_twenty_minutes_with_its_mark(outside: Outside, standing_clock: Clock) -> None:
    source = watch(outside)
    watching.fetch_due()
    standing_clock.on(minutes=19)
    assert watching.fetch_due() == 0
    standing_clock.on(minutes=1)
    outside.feeds[source.url] = None
    assert watching.fetch_due() == 1
    assert outside.asked == [(source.url, ""), (source.url, '"1"')]


def test_one_that_fails_is_asked_less_often_and_says_why_until_it_works(outside: Outside, standing_clock: Clock) -> None:
    source = watch(outside)
    outside.feeds[source.url] = fetching.Failed("The host answers 503.")
    waits = []
    for _ in range(9):
        assert watching.fetch_due() == 1
        source.refresh_from_db()
        waits.append((source.due - standing_clock.moment) // timedelta(minutes=1))
        standing_clock.moment = source.due
    assert waits == [40, 80, 160, 320, 640, 1280, 1440, 1440, 1440]
    assert (source.problem, source.failures) == ("The host answers 503.", 9)
    outside.feeds[source.url] = Feed("Gazette", ())
    watching.fetch_due()
    source.refresh_from_db()
    assert (source.problem, source.failures) == ("", 0)


def test_one_that_cannot_be_read_holds_up_no_other(outside: Outside, standing_clock: Clock) -> None:
    watch(outside, entry(1))
    bad = watch(outside, name="Broken")
    outside.feeds[bad.url] = apart.Unreadable("This is no RSS or Atom feed.")
    assert watching.fetch_due() == 2
    bad.refresh_from_db()
    assert bad.problem == "This is no RSS or Atom feed." and WireEntry.objects.count() == 1


def test_what_is_switched_off_is_not_asked(outside: Outside, standing_clock: Clock) -> None:
    watch(outside)
    WireSource.objects.update(active=False)
    assert watching.fetch_due() == 0


def test_a_date_in_the_future_is_not_believed_and_old_news_is_none(outside: Outside, standing_clock: Clock) -> None:
    now = int(standing_clock.moment.timestamp())
    watch(outside, entry(1, 253402214399), entry(2, now - 40 * 86400), entry(3, now - 86400))
    watching.fetch_due()
    assert sorted(WireEntry.objects.values_list("headline", flat=True)) == ["Headline 1", "Headline 3"]
    assert WireEntry.objects.get(headline="Headline 1").published <= standing_clock.moment


def test_entries_nobody_picked_are_forgotten_after_a_month_and_do_not_come_back(outside: Outside, standing_clock: Clock) -> None:
    watch(outside, entry(1), entry(2))
    watching.fetch_due()
    WireEntry.objects.filter(headline="Headline 2").update(picked=standing_clock.moment)
    by_hand = WireEntry.objects.create(headline="By hand", url="https://news.example/", guid="7", seen=standing_clock.moment)
    standing_clock.on(days=26)
    watching.fetch_due()  # the feed still lists them
    standing_clock.on(days=5)
    watching.clear()
    assert sorted(WireEntry.objects.values_list("headline", flat=True)) == ["Headline 1", "Headline 2"]
    assert not WireEntry.objects.filter(pk=by_hand.pk).exists()
    standing_clock.on(days=31)
    watching.clear()
    assert list(WireEntry.objects.values_list("headline", flat=True)) == ["Headline 2"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_the_feeds(outside: Outside) -> None:
    for n in range(6):
        watch(outside, entry(n), name=f"Paper{n}")
    counts: list[int] = []

    def work() -> None:
        counts.append(watching.fetch_due())
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 6 and len(outside.asked) == 6
    assert WireEntry.objects.count() == 6
