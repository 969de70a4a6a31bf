"""An edition begun before its cut-off: the one the clock would make, completed at its cut-off around what its editors did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from factories import make_article
from masthead.core.models import OutgoingMail
from masthead.newsletters import composing, editions
from masthead.newsletters.models import Edition, Holiday, Newsletter

from .conftest import Clock

pytestmark = pytest.mark.django_db

Make = Callable[..., Newsletter]
TUESDAY = date(2026, 11, 24)


def publish(title: str, at: datetime) -> None:
    make_article(title, dated=at)


def prepare(newsletter: Newsletter, day: date = TUESDAY) -> Edition:
    return editions.prepare(newsletter=newsletter, day=day)[0]


def titles(edition: Edition, block: str = "latest") -> list[str]:
    return [composing.headline(item) for item in edition.items.filter(block=block).order_by("position")]


def drafts_mailed() -> int:
    return OutgoingMail.objects.filter(kind="edition-draft").count()


@pytest.fixture
def daily(make_newsletter: Make, standing_clock: Clock, frozen: list[str]) -> Newsletter:
    """Monday's edition has gone; it is five in the afternoon."""
    row = make_newsletter(blocks="latest wire library")
    publish("Monday's", standing_clock.at("2026-11-23T04:00"))
    editions.tick()
    for hour in ("05:00", "06:00"):
        standing_clock.at(f"2026-11-23T{hour}")
        editions.tick()
    assert frozen == ["daily:2026-11-23"]
    OutgoingMail.objects.all().delete()
    publish("At noon", standing_clock.at("2026-11-23T12:00"))
    standing_clock.at("2026-11-23T17:00")
    return row


def test_it_holds_what_there_is_and_waits_for_its_hour(daily: Newsletter) -> None:
    edition = prepare(daily)
    editions.tick()
    edition.refresh_from_db()
    assert titles(edition) == ["At noon"]
    assert (edition.state, edition.key, edition.due) == ("draft", "2026-11-24", datetime(2026, 11, 24, 6, tzinfo=UTC))
    assert drafts_mailed() == 0, "its editors are mailed at its cut-off, as ever"


def test_what_is_published_until_the_cutoff_comes_in_and_it_goes_by_itself_once(
    daily: Newsletter, standing_clock: Clock, frozen: list[str]
) -> None:
    edition = prepare(daily)
    Edition.objects.filter(pk=edition.pk).update(opening="Good morning.", subject="Mine")
    publish("At nine", standing_clock.at("2026-11-23T21:00"))
    standing_clock.at("2026-11-24T04:59")
    editions.tick()
    assert (titles(edition), drafts_mailed()) == (["At noon"], 0)
    standing_clock.at("2026-11-24T05:00")
    for _ in range(3):
        editions.tick()
    edition.refresh_from_db()
    assert titles(edition) == ["At nine", "At noon"], "newest first, as when it composes itself"
    assert (edition.opening, edition.subject) == ("Good morning.", "Mine")
    assert drafts_mailed() == 1
    publish("At half past five", standing_clock.at("2026-11-24T05:30"))
    standing_clock.at("2026-11-24T06:00")
    for _ in range(3):
        editions.tick()
    assert titles(edition) == ["At nine", "At noon", "At half past five"]
    assert frozen == ["daily:2026-11-23", "daily:2026-11-24"]
    assert Edition.objects.filter(key="2026-11-24").count() == 1


def test_what_editors_did_stays_and_the_rest_gives_way_to_the_news(daily: Newsletter, standing_clock: Clock) -> None:
    for n in range(4):
        publish(f"Afternoon {n}", standing_clock.at(f"2026-11-23T13:0{n}"))
    standing_clock.at("2026-11-23T17:00")
    edition = prepare(daily)
    assert titles(edition) == ["Afternoon 3", "Afternoon 2", "Afternoon 1", "Afternoon 0", "At noon"]
    edition.items.filter(article__title="Afternoon 1").update(pinned=True)
    edition.items.filter(article__title="At noon").update(text="An editor's teaser.")
    for n in range(3):
        publish(f"Evening {n}", standing_clock.at(f"2026-11-23T20:0{n}"))
    standing_clock.at("2026-11-24T05:00")
    editions.tick()
    assert titles(edition) == ["Evening 2", "Evening 1", "Afternoon 1", "Evening 0", "At noon"]


def test_what_was_taken_out_stays_out(daily: Newsletter, standing_clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    edition = prepare(daily)
    item = edition.items.get(block="latest")
    monkeypatch.setattr(composing, "_unwanted", [lambda edition: [composing.Found.of(item)]])
    item.delete()
    publish("At nine", standing_clock.at("2026-11-23T21:00"))
    for moment in ("2026-11-24T05:00", "2026-11-24T06:00"):
        standing_clock.at(moment)
        editions.tick()
        assert titles(edition) == ["At nine"]


def test_an_article_that_stands_elsewhere_by_hand_comes_in_no_second_time(daily: Newsletter, standing_clock: Clock) -> None:
    edition = prepare(daily)
    edition.items.filter(block="latest").update(block="wire", pinned=True)
    standing_clock.at("2026-11-24T05:00")
    editions.tick()
    assert (titles(edition), titles(edition, "wire")) == ([], ["At noon"])


def test_what_is_withdrawn_goes_whoever_pinned_it(daily: Newsletter, standing_clock: Clock) -> None:
    edition = prepare(daily)
    item = edition.items.get(block="latest")
    edition.items.update(pinned=True)
    item.article.unpublish()
    standing_clock.at("2026-11-24T05:00")
    editions.tick()
    assert titles(edition) == []


def test_approved_early_it_goes_as_it_stands(daily: Newsletter, standing_clock: Clock, frozen: list[str]) -> None:
    edition = prepare(daily)
    editions.approve(edition=edition, by=None)
    publish("At nine", standing_clock.at("2026-11-23T21:00"))
    for moment in ("2026-11-24T05:00", "2026-11-24T06:00"):
        standing_clock.at(moment)
        editions.tick()
    assert titles(edition) == ["At noon"]
    assert frozen[-1] == "daily:2026-11-24"
    standing_clock.at("2026-11-25T05:00")
    editions.tick()
    assert titles(Edition.objects.get(key="2026-11-25")) == ["At nine"], "what it did not bring comes in the next"


def test_where_approval_is_needed_it_is_completed_and_waits(daily: Newsletter, standing_clock: Clock, frozen: list[str]) -> None:
    Newsletter.objects.update(goes="approved")
    edition = prepare(daily)
    for moment in ("2026-11-24T05:00", "2026-11-24T06:00"):
        standing_clock.at(moment)
        editions.tick()
    assert frozen == ["daily:2026-11-23"]
    standing_clock.at("2026-11-24T12:01")
    editions.tick()
    edition.refresh_from_db()
    assert (edition.state, "approved" in edition.reason) == ("skipped", True)


def test_held_early_it_is_completed_and_its_editors_are_told_that_it_is_held(daily: Newsletter, standing_clock: Clock) -> None:
    edition = prepare(daily)
    editions.hold(edition=edition)
    publish("At nine", standing_clock.at("2026-11-23T21:00"))
    standing_clock.at("2026-11-24T05:00")
    editions.tick()
    assert titles(edition) == ["At nine", "At noon"]
    assert "An editor holds it" in OutgoingMail.objects.get(kind="edition-draft").text


def test_only_the_next_edition_can_be_begun_and_only_when_none_waits_before_it(daily: Newsletter, standing_clock: Clock) -> None:
    for day in (date(2026, 11, 23), date(2026, 11, 25), date(2026, 11, 28)):
        with pytest.raises(editions.NotNow):
            prepare(daily, day)
    edition, made = editions.prepare(newsletter=daily, day=TUESDAY)
    assert made
    assert editions.prepare(newsletter=daily, day=TUESDAY) == (edition, False), "whoever comes second gets the same"
    assert editions.next_date(daily, standing_clock.moment) is None
    with pytest.raises(editions.NotNow):
        prepare(daily, date(2026, 11, 25))
    editions.cancel(edition=edition, by=None)
    with pytest.raises(editions.NotNow):
        prepare(daily)
    assert prepare(daily, date(2026, 11, 25)).key == "2026-11-25", "one that was cancelled is its date's one"


def test_of_a_paused_newsletter_nothing_is_begun_nor_completed(daily: Newsletter, standing_clock: Clock) -> None:
    edition = prepare(daily)
    editions.pause(newsletter=daily, reason="The office moves")
    standing_clock.at("2026-11-24T05:00")
    editions.tick()
    assert drafts_mailed() == 0
    with pytest.raises(editions.NotNow):
        editions.prepare(newsletter=daily, day=date(2026, 11, 25))
    standing_clock.at("2026-11-24T06:00")
    editions.tick()
    edition.refresh_from_db()
    assert edition.state == "skipped" and "The office moves" in edition.reason


def test_a_holiday_or_a_day_that_is_none_any_more_leaves_it_out(daily: Newsletter, standing_clock: Clock) -> None:
    edition = prepare(daily)
    Holiday.objects.create(day=TUESDAY, name="Founders' Day")
    for moment in ("2026-11-24T05:00", "2026-11-24T06:00"):
        standing_clock.at(moment)
        editions.tick()
    edition.refresh_from_db()
    assert (edition.state, edition.reason) == ("skipped", "A holiday: Founders' Day")
    wednesday = prepare(daily, date(2026, 11, 25))
    daily.weekdays = "4"
    daily.save()
    for moment in ("2026-11-25T05:00", "2026-11-25T06:00"):
        standing_clock.at(moment)
        editions.tick()
    wednesday.refresh_from_db()
    assert wednesday.state == "skipped" and "no edition on this day any more" in wednesday.reason
    assert drafts_mailed() == 0


@pytest.mark.parametrize("approved", [False, True])
def test_it_goes_at_the_hour_its_newsletter_has_by_then(
    approved: bool, daily: Newsletter, standing_clock: Clock, frozen: list[str]
) -> None:
    edition = prepare(daily)
    if approved:
        editions.approve(edition=edition, by=None)
    daily.hour = datetime(2026, 1, 1, 9).time()
    daily.save()
    for hour in ("05:00", "06:00", "08:59"):
        standing_clock.at(f"2026-11-24T{hour}")
        editions.tick()
    assert frozen == ["daily:2026-11-23"]
    standing_clock.at("2026-11-24T09:00")
    editions.tick()
    assert frozen == ["daily:2026-11-23", "daily:2026-11-24"]


def test_a_machine_that_was_off_at_its_cutoff_completes_it_and_lets_it_go_or_leaves_it_out(
    daily: Newsletter, standing_clock: Clock, frozen: list[str]
) -> None:
    edition = prepare(daily)
    publish("At nine", standing_clock.at("2026-11-23T21:00"))
    standing_clock.at("2026-11-24T08:00")
    editions.tick()
    assert titles(edition) == ["At nine", "At noon"] and frozen[-1] == "daily:2026-11-24"
    wednesday = prepare(daily, date(2026, 11, 25))
    standing_clock.at("2026-11-27T12:30")
    mailed = drafts_mailed()
    editions.tick()
    wednesday.refresh_from_db()
    assert wednesday.state == "skipped" and drafts_mailed() == mailed
    states = dict(Edition.objects.values_list("key", "state"))
    assert {states[f"2026-11-{day}"] for day in (25, 26, 27)} == {"skipped"}, "and none is missing that was due meanwhile"


def test_what_is_new_is_taken_in_sooner_when_an_editor_says_so(daily: Newsletter, standing_clock: Clock) -> None:
    edition = prepare(daily)
    publish("At nine", standing_clock.at("2026-11-23T21:00"))
    standing_clock.on(minutes=5)
    assert len(composing.coming_in(edition)) == 1
    editions.complete(edition=edition)
    assert titles(edition) == ["At nine", "At noon"] and composing.coming_in(edition) == []
    assert drafts_mailed() == 0
    standing_clock.at("2026-11-24T05:00")
    editions.tick()
    with pytest.raises(editions.NotNow):
        editions.complete(edition=edition)
