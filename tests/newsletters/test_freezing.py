"""Freezing: who gets an edition, when, and what; once, whoever asks."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from factories import make_comp
from masthead.core import clock
from masthead.newsletters import freezing, letters, mime, suppression
from masthead.newsletters.models import Delivery, Edition, EditionContent, Mailing, Preferences, Suppression, Tick
from newsletters.post import make_edition, make_newsletter, make_readers, render_small

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    render_small(monkeypatch)


def addresses(edition: Edition, **only: Any) -> set[str]:
    return {row.address.partition("@")[0] for row in Delivery.objects.filter(edition=edition, **only)}


def test_each_reader_who_asked_gets_one_row() -> None:
    daily = make_newsletter()
    make_readers(3, daily)
    make_readers(2, make_newsletter("weekly"), start=10)
    edition = make_edition(daily)
    assert freezing.freeze(edition)
    assert addresses(edition) == {"reader0", "reader1", "reader2"}
    assert (edition.state, edition.recipients) == (Edition.State.SENDING, 3)
    row = Delivery.objects.filter(edition=edition).first()
    assert row and (row.state, row.variant, row.standing, row.due) == (Delivery.State.PENDING, "a", "registered", edition.due)
    assert row.reader and row.reader.email == row.address


def test_who_is_not_to_be_mailed_gets_none() -> None:
    daily = make_newsletter()
    readers = make_readers(7, daily)
    suppression.suppress(address=readers[0].email, reason=Suppression.Reason.BOUNCE)
    type(readers[1]).objects.filter(pk=readers[1].pk).update(confirmed=None)
    type(readers[2]).objects.filter(pk=readers[2].pk).update(is_active=False)
    Preferences.objects.create(reader=readers[3], paused_until=date(2026, 11, 24))
    Preferences.objects.create(reader=readers[4], paused_until=date(2026, 11, 23))  # ends that day
    Tick.objects.filter(reader=readers[5]).update(weekdays="23")  # 23 November 2026 is a Monday
    Tick.objects.filter(reader=readers[6]).update(weekdays="12")
    edition = make_edition(daily)
    freezing.freeze(edition)
    assert addresses(edition) == {"reader4", "reader6"}


def test_a_special_edition_goes_on_whatever_day() -> None:
    daily = make_newsletter()
    make_readers(1, daily)
    Tick.objects.update(weekdays="5")
    edition = make_edition(daily, kind=Edition.Kind.SPECIAL, key="a-letter")
    freezing.freeze(edition)
    assert addresses(edition) == {"reader0"}


def test_standing_is_asked_of_the_grants_in_date() -> None:
    daily = make_newsletter()
    readers = make_readers(3, daily)
    make_comp(readers[0])
    make_comp(readers[1], days=1)
    readers[1].grants.update(until=clock.now() - timedelta(minutes=1))
    edition = make_edition(daily)
    freezing.freeze(edition)
    assert addresses(edition, standing="subscriber") == {"reader0"}
    assert addresses(edition, standing="registered") == {"reader1", "reader2"}


def test_an_edition_keeps_who_could_have_it_when_it_went() -> None:
    daily = make_newsletter(audience="subscribers")
    edition = make_edition(daily, kind=Edition.Kind.SPECIAL, key="a-letter")
    assert edition.audience == "" and not letters.has_page(edition)
    freezing.freeze(edition)
    type(daily).objects.update(audience="registered")
    edition = Edition.objects.select_related("newsletter").get(pk=edition.pk)
    assert edition.audience == "subscribers"
    assert not letters.has_page(edition) and not letters.public(edition.newsletter).exists()


@pytest.mark.parametrize(
    ("audience", "segment", "who"),
    [
        ("registered", "all", {"reader0", "reader1"}),
        ("registered", "subscribers", {"reader0"}),
        ("registered", "registered", {"reader1"}),
        ("subscribers", "all", {"reader0"}),
        ("subscribers", "registered", set()),
    ],
)
def test_audience_and_segment(audience: str, segment: str, who: set[str]) -> None:
    daily = make_newsletter(audience=audience)
    make_comp(make_readers(2, daily)[0])
    edition = make_edition(daily, segment=segment)
    freezing.freeze(edition)
    assert addresses(edition) == who


def test_each_kind_of_recipient_has_its_content_and_no_other_kind() -> None:
    daily = make_newsletter()
    readers = make_readers(3, daily)
    make_comp(readers[0])
    Preferences.objects.create(reader=readers[1], clicks=False)
    edition = make_edition(daily)
    freezing.freeze(edition)
    kinds = {(c.standing, c.variant, c.clicks) for c in EditionContent.objects.filter(edition=edition)}
    assert kinds == {("subscriber", "a", True), ("registered", "a", False), ("registered", "a", True)}
    content = EditionContent.objects.get(edition=edition, standing="subscriber")
    assert mime.split(bytes(content.message)).names >= {"to", "message_id", "unsubscribe", "list_unsubscribe"}


def test_where_the_publication_counts_no_clicks_nobodys_are() -> None:
    mailing = Mailing.load()
    mailing.clicks = False
    mailing.save()
    daily = make_newsletter()
    make_readers(1, daily)
    edition = make_edition(daily)
    freezing.freeze(edition)
    assert not Delivery.objects.get(edition=edition).clicks


def test_a_readers_own_time_zone_is_the_next_time_its_clock_shows_the_hour() -> None:
    daily = make_newsletter(hour=time(6))
    readers = make_readers(3, daily)
    Preferences.objects.create(reader=readers[0], timezone="America/New_York")
    Preferences.objects.create(reader=readers[1], timezone="Asia/Tokyo")
    edition = make_edition(daily, due=datetime(2026, 11, 23, 6, tzinfo=UTC))
    freezing.freeze(edition)
    due = dict(Delivery.objects.filter(edition=edition).values_list("address", "due"))
    assert due["reader0@example.org"] == datetime(2026, 11, 23, 11, tzinfo=UTC)  # six there, the same day
    assert due["reader1@example.org"] == datetime(2026, 11, 23, 21, tzinfo=UTC)  # six there, the day after
    assert due["reader2@example.org"] == edition.due


@pytest.mark.parametrize(
    ("where", "comes"),
    [
        ("Europe/Berlin", datetime(2026, 11, 23, 6, tzinfo=UTC)),  # seven there: an hour late is better than a day
        ("Asia/Kolkata", datetime(2026, 11, 23, 6, tzinfo=UTC)),  # half past eleven
        ("Asia/Bangkok", datetime(2026, 11, 23, 23, tzinfo=UTC)),  # one in the afternoon: six the next morning
        ("Europe/London", datetime(2026, 11, 23, 6, tzinfo=UTC)),
    ],
)
def test_where_the_hour_has_just_gone_by_an_edition_comes_at_once(where: str, comes: datetime) -> None:
    daily = make_newsletter(hour=time(6))
    Preferences.objects.create(reader=make_readers(1, daily)[0], timezone=where)
    edition = make_edition(daily, due=datetime(2026, 11, 23, 6, tzinfo=UTC))
    freezing.freeze(edition)
    assert Delivery.objects.get(edition=edition).due == comes


def test_an_edition_let_go_after_its_hour_waits_for_no_clock_that_shows_the_same() -> None:
    daily = make_newsletter(hour=time(6))
    Preferences.objects.create(reader=make_readers(1, daily)[0], timezone="Europe/London")
    edition = make_edition(daily, due=datetime(2026, 11, 23, 6, 30, tzinfo=UTC))
    freezing.freeze(edition)
    assert Delivery.objects.get(edition=edition).due == edition.due


def test_two_subjects_are_tried_on_a_part_and_the_rest_waits_for_the_winner() -> None:
    daily = make_newsletter()
    make_readers(1000, daily)
    edition = make_edition(daily, subject_b="Other news", sample_percent=20)
    freezing.freeze(edition)
    parts = Counter(Delivery.objects.filter(edition=edition).values_list("variant", flat=True))
    assert 150 <= parts["a"] <= 250 and 150 <= parts["b"] <= 250 and sum(parts.values()) == 1000
    assert set(Delivery.objects.filter(edition=edition, variant="").values_list("due", flat=True)) == {freezing.UNJUDGED}
    assert freezing.release_rest(edition, "b") == parts[""]
    after = Counter(Delivery.objects.filter(edition=edition).values_list("variant", flat=True))
    assert (after["a"], after["b"]) == (parts["a"], parts["b"] + parts[""])
    assert not Delivery.objects.filter(edition=edition, due__gt=clock.now()).exists()


def test_the_winner_comes_at_the_readers_own_hour_where_that_is_still_ahead() -> None:
    soon = (clock.now() + timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)
    daily = make_newsletter(hour=soon.astimezone(ZoneInfo("Asia/Tokyo")).time())
    readers = make_readers(40, daily)
    for reader in readers:
        Preferences.objects.create(reader=reader, timezone="Asia/Tokyo")
    edition = make_edition(daily, subject_b="Other", due=clock.now())
    freezing.freeze(edition)
    freezing.release_rest(edition, "a")
    assert set(Delivery.objects.filter(edition=edition).values_list("due", flat=True)) == {soon}


def test_the_winner_goes_to_any_number_of_time_zones_in_one_look(django_assert_max_num_queries) -> None:
    soon = (clock.now() + timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)
    daily = make_newsletter(hour=soon.astimezone(ZoneInfo("Asia/Tokyo")).time())
    zones = {"Asia/Tokyo": soon, "Asia/Dhaka": soon + timedelta(hours=3), "": None}
    readers = make_readers(60, daily)
    for reader, name in zip(readers, [*zones] * 20, strict=True):
        Preferences.objects.create(reader=reader, timezone=name)
    edition = make_edition(daily, subject_b="Other", due=clock.now())
    freezing.freeze(edition)
    rest = Delivery.objects.filter(edition=edition, variant="")
    waiting = dict(rest.values_list("address", "reader__preferences__timezone"))
    with django_assert_max_num_queries(7):  # one look, one for each zone, one for the others; the newsletter; a transaction
        assert freezing.release_rest(edition, "b") == len(waiting)
    after = dict(Delivery.objects.filter(edition=edition, address__in=waiting).values_list("address", "due"))
    for address, due in after.items():
        wanted = zones[waiting[address]]
        assert due == wanted if wanted else due <= clock.now()


def test_what_is_frozen_is_not_frozen_again() -> None:
    daily = make_newsletter()
    make_readers(2, daily)
    edition = make_edition(daily)
    assert freezing.freeze(edition)
    assert not freezing.freeze(edition)
    assert Delivery.objects.filter(edition=edition).count() == 2


def test_what_fails_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    daily = make_newsletter()
    make_readers(2, daily)
    edition = make_edition(daily)
    monkeypatch.setattr("newsletters.post.mime.build", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        freezing.freeze(edition)
    edition.refresh_from_db()
    assert edition.state == Edition.State.APPROVED and not Delivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_several_schedulers_one_freezes() -> None:
    daily = make_newsletter()
    make_readers(50, daily)
    edition = make_edition(daily)
    won: list[bool] = []

    def schedule() -> None:
        try:
            won.append(freezing.freeze(Edition.objects.get(pk=edition.pk)))
        finally:
            connection.close()

    threads = [threading.Thread(target=schedule) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False, False, False, True]
    assert Delivery.objects.filter(edition=edition).count() == 50
