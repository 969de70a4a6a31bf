"""The life of an edition: one a date, made at its cut-off, gone at its hour or left out with a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from factories import make_article
from masthead.core.models import Notice, OutgoingMail
from masthead.newsletters import editions
from masthead.newsletters.models import Edition, Holiday, Newsletter, RadarEvent

from .conftest import Clock

pytestmark = pytest.mark.django_db

Make = Callable[..., Newsletter]


def the_edition(key: str = "2026-11-23") -> Edition:
    return Edition.objects.get(key=key)


def publish(title: str, at: datetime) -> None:
    make_article(title, dated=at)


def test_the_draft_composes_itself_at_the_cutoff_and_is_mailed_to_its_editors_once(
    make_newsletter: Make, standing_clock: Clock, frozen: list[str]
) -> None:
    make_newsletter(editors="desk@example.org\nnot an address\nnight@example.org\ndesk@example.org")
    publish("A Canal Is a Promise", standing_clock.at("2026-11-23T04:00"))
    editions.tick()
    assert not Edition.objects.exists()
    standing_clock.at("2026-11-23T05:00")
    for _ in range(3):
        editions.tick()
    edition = the_edition()
    assert (edition.state, edition.due) == ("draft", datetime(2026, 11, 23, 6, tzinfo=UTC))
    assert [item.article.title for item in edition.items.all()] == ["A Canal Is a Promise"]
    mails = OutgoingMail.objects.filter(kind="edition-draft").order_by("pk")
    assert [mail.to for mail in mails] == ["desk@example.org", "night@example.org"]
    assert "A Canal Is a Promise" in mails[0].text and f"/{edition.pk}/" in mails[0].text
    assert frozen == []


def test_it_goes_by_itself_at_its_hour(make_newsletter: Make, standing_clock: Clock, frozen: list[str]) -> None:
    make_newsletter()
    publish("A Canal Is a Promise", standing_clock.moment)
    editions.tick()
    standing_clock.at("2026-11-23T05:00")
    editions.tick()
    standing_clock.at("2026-11-23T05:59:59")
    editions.tick()
    assert frozen == []
    standing_clock.at("2026-11-23T06:00")
    editions.tick()
    editions.tick()
    assert frozen == ["daily:2026-11-23"]


def test_what_is_published_after_the_cutoff_still_comes_in(
    make_newsletter: Make, standing_clock: Clock, frozen: list[str]
) -> None:
    make_newsletter()
    editions.tick()
    standing_clock.at("2026-11-23T05:00")
    editions.tick()
    publish("Late News", standing_clock.at("2026-11-23T05:30"))
    standing_clock.at("2026-11-23T06:00")
    editions.tick()
    assert [item.article.title for item in the_edition().items.all()] == ["Late News"]
    assert the_edition().subject == "Late News"
    assert frozen == ["daily:2026-11-23"]


class TestLeftOut:
    def test_a_day_with_nothing_to_say_sends_nothing_and_says_so(
        self, make_newsletter: Make, standing_clock: Clock, frozen: list[str]
    ) -> None:
        make_newsletter()
        editions.tick()
        standing_clock.at("2026-11-23T06:00")
        editions.tick()
        edition = the_edition()
        assert (edition.state, frozen) == ("skipped", [])
        assert edition.reason.startswith("Nothing to say")
        assert OutgoingMail.objects.get(kind="edition-skipped").text.startswith("Nothing to say")

    def test_where_nobody_gets_drafts_the_operator_is_told(
        self, make_newsletter: Make, standing_clock: Clock, frozen: list[str]
    ) -> None:
        make_newsletter(editors="", slug="quiet")
        editions.tick()
        standing_clock.at("2026-11-23T06:00")
        editions.tick()
        assert "Nothing to say" in Notice.objects.get(key="editions:quiet:skipped").text

    def test_an_editors_own_words_are_something_to_say(
        self, make_newsletter: Make, standing_clock: Clock, frozen: list[str]
    ) -> None:
        make_newsletter()
        editions.tick()
        standing_clock.at("2026-11-23T05:00")
        editions.tick()
        Edition.objects.update(opening="We are moving house today.")
        standing_clock.at("2026-11-23T06:00")
        editions.tick()
        assert frozen == ["daily:2026-11-23"]

    def test_an_approved_edition_of_standing_blocks_goes_and_an_empty_one_never(
        self, make_newsletter: Make, standing_clock: Clock, frozen: list[str]
    ) -> None:
        RadarEvent.objects.create(title="Summit", starts=date(2026, 11, 23))
        make_newsletter(blocks="latest radar")
        make_newsletter("briefing", blocks="latest")
        editions.tick()
        standing_clock.at("2026-11-23T05:00")
        editions.tick()
        for edition in Edition.objects.all():
            editions.approve(edition=edition, by=None)
        standing_clock.at("2026-11-23T06:00")
        editions.tick()
        assert frozen == ["daily:2026-11-23"]
        assert Edition.objects.get(newsletter__slug="briefing").state == "skipped"

    def test_a_holiday_is_no_due_date(self, make_newsletter: Make, standing_clock: Clock, frozen: list[str]) -> None:
        daily = make_newsletter()
        Holiday.objects.create(day=date(2026, 11, 23), name="St Clement's Day", newsletter=daily)
        Holiday.objects.create(day=date(2026, 11, 24), name="Everybody's")
        editions.tick()
        standing_clock.at("2026-11-25T05:10")
        editions.tick()
        assert list(Edition.objects.values_list("key", flat=True)) == ["2026-11-25"]

    def test_a_date_that_becomes_a_holiday_while_its_draft_waits_is_left_out(
        self, make_newsletter: Make, standing_clock: Clock, frozen: list[str]
    ) -> None:
        make_newsletter()
        publish("A Canal Is a Promise", standing_clock.moment)
        editions.tick()
        standing_clock.at("2026-11-23T05:00")
        editions.tick()
        Holiday.objects.create(day=date(2026, 11, 23), name="St Clement's Day")
        standing_clock.at("2026-11-23T06:00")
        editions.tick()
        assert (frozen, the_edition().reason) == ([], "A holiday: St Clement's Day")

    def test_a_machine_that_was_off_mails_late_but_not_too_late(
        self, make_newsletter: Make, standing_clock: Clock, frozen: list[str]
    ) -> None:
        make_newsletter(too_late=120)
        publish("A Canal Is a Promise", standing_clock.moment)
        editions.tick()
        standing_clock.at("2026-11-23T07:59")
        editions.tick()
        assert frozen == ["daily:2026-11-23"]
        publish("Another", standing_clock.at("2026-11-24T04:00"))
        standing_clock.at("2026-11-24T08:01")
        editions.tick()
        assert frozen == ["daily:2026-11-23"]
        assert (the_edition("2026-11-24").state, the_edition("2026-11-24").reason[:9]) == ("skipped", "Too late.")

    def test_the_next_edition_covers_what_the_one_left_out_missed(
        self, make_newsletter: Make, standing_clock: Clock, frozen: list[str]
    ) -> None:
        make_newsletter()
        publish("Sunday's", standing_clock.moment)
        editions.tick()
        standing_clock.at("2026-11-23T06:00")
        editions.tick()
        publish("Monday's", standing_clock.at("2026-11-23T12:00"))
        publish("Wednesday's", standing_clock.at("2026-11-25T12:00"))
        standing_clock.at("2026-11-26T05:00")
        editions.tick()
        assert [the_edition(f"2026-11-{day}").state for day in (24, 25)] == ["skipped", "skipped"]
        thursday = the_edition("2026-11-26")
        assert thursday.since == datetime(2026, 11, 23, 6, tzinfo=UTC)
        assert [item.article.title for item in thursday.items.all()] == ["Wednesday's", "Monday's"]

    def test_nothing_due_before_a_newsletter_started_is_made_up_for(
        self, make_newsletter: Make, standing_clock: Clock, frozen: list[str]
    ) -> None:
        make_newsletter()
        standing_clock.at("2026-11-23T07:00")
        editions.tick()
        assert not Edition.objects.exists()

    def test_a_schedule_that_is_changed_makes_up_for_nothing_either(
        self, make_newsletter: Make, standing_clock: Clock, frozen: list[str]
    ) -> None:
        daily = make_newsletter(weekdays="5")
        editions.tick()
        standing_clock.at("2026-11-24T09:00")
        daily.weekdays = "2345"
        daily.save()
        editions.tick()
        assert not Edition.objects.exists()  # Tuesday's hour is past, though not too late
        standing_clock.at("2026-11-25T05:00")
        editions.tick()
        assert list(Edition.objects.values_list("key", flat=True)) == ["2026-11-25"]


def test_a_clock_that_ran_ahead_costs_no_edition(make_newsletter: Make, standing_clock: Clock, frozen: list[str]) -> None:
    make_newsletter()
    publish("A Canal Is a Promise", standing_clock.moment)
    editions.tick()
    standing_clock.at("2026-11-23T05:10")
    editions.tick()
    standing_clock.at("2026-12-24T05:10")
    editions.tick()
    assert Edition.objects.filter(state="skipped").count() == 23
    for moment in ("2026-11-23T05:20", "2026-11-23T06:00"):
        standing_clock.at(moment)
        editions.tick()
    assert frozen == ["daily:2026-11-23"]
    publish("Another", standing_clock.at("2026-11-24T04:00"))
    standing_clock.at("2026-11-24T06:00")
    editions.tick()
    assert frozen == ["daily:2026-11-23", "daily:2026-11-24"]


def test_a_clock_that_is_put_back_makes_no_second_edition(
    make_newsletter: Make, standing_clock: Clock, frozen: list[str]
) -> None:
    make_newsletter()
    publish("A Canal Is a Promise", standing_clock.moment)
    editions.tick()
    for moment in ("2026-11-23T06:00", "2026-11-23T04:30", "2026-11-23T05:00", "2026-11-23T06:00", "2026-11-22T06:00"):
        standing_clock.at(moment)
        editions.tick()
    assert frozen == ["daily:2026-11-23"] and Edition.objects.count() == 1


class TestEditors:
    @pytest.fixture(autouse=True)
    def _draft(self, make_newsletter: Make, standing_clock: Clock, frozen: list[str]) -> None:
        self.daily = make_newsletter()
        self.clock, self.frozen = standing_clock, frozen
        publish("A Canal Is a Promise", standing_clock.moment)
        editions.tick()
        standing_clock.at("2026-11-23T05:00")
        editions.tick()

    def at(self, text: str) -> None:
        self.clock.at(text)
        editions.tick()

    def test_one_that_is_held_waits_and_goes_when_it_is_released(self) -> None:
        editions.hold(edition=the_edition())
        self.at("2026-11-23T06:10")
        assert self.frozen == []
        assert Notice.objects.filter(text__contains="waits").exists()
        editions.release(edition=the_edition())
        editions.tick()
        assert self.frozen == ["daily:2026-11-23"]
        assert not Notice.objects.filter(text__contains="waits").exists()

    def test_one_that_is_held_too_long_is_left_out(self) -> None:
        editions.hold(edition=the_edition())
        self.at("2026-11-23T12:01")
        assert (self.frozen, the_edition().state) == ([], "skipped")
        assert "held" in the_edition().reason

    def test_where_approval_is_needed_nothing_goes_without_it(self) -> None:
        Newsletter.objects.update(goes="approved")
        self.at("2026-11-23T06:30")
        assert self.frozen == []
        editions.approve(edition=the_edition(), by=None)
        editions.tick()
        assert self.frozen == ["daily:2026-11-23"]

    def test_never_approved_it_is_left_out_when_it_is_too_late(self) -> None:
        Newsletter.objects.update(goes="approved")
        self.at("2026-11-23T12:01")
        assert "not approved" in the_edition().reason

    def test_an_approved_edition_goes_as_its_editor_saw_it(self) -> None:
        editions.approve(edition=the_edition(), by=None)
        publish("Late News", self.clock.at("2026-11-23T05:30"))
        self.at("2026-11-23T06:00")
        assert [item.article.title for item in the_edition().items.all()] == ["A Canal Is a Promise"]
        assert self.frozen == ["daily:2026-11-23"]

    def test_what_is_withdrawn_goes_from_an_approved_edition_too(self) -> None:
        publish("Another", self.clock.moment)
        editions.recompose(edition=the_edition())
        editions.approve(edition=the_edition(), by=None)
        the_edition().items.get(article__title="Another").article.unpublish()
        self.at("2026-11-23T06:00")
        assert [item.article.title for item in the_edition().items.all()] == ["A Canal Is a Promise"]

    def test_one_that_is_cancelled_is_over_and_its_date_gets_no_other(self) -> None:
        editions.cancel(edition=the_edition(), by=None, reason="A death in the house")
        self.at("2026-11-23T06:00")
        assert (self.frozen, Edition.objects.count(), the_edition().state) == ([], 1, "cancelled")

    def test_what_has_gone_cannot_be_approved_held_or_composed_again(self) -> None:
        self.at("2026-11-23T06:00")
        for action in (editions.hold, editions.release, editions.recompose, editions.unapprove):
            with pytest.raises(editions.NotNow):
                action(edition=the_edition())
        with pytest.raises(editions.NotNow):
            editions.approve(edition=the_edition(), by=None)


class TestSpecialEditions:
    def test_it_goes_only_when_it_is_approved(self, make_newsletter: Make, standing_clock: Clock, frozen: list[str]) -> None:
        daily = make_newsletter()
        edition, _ = editions.make_special(newsletter=daily, key="summit", subject="The summit", body="It has **begun**.")
        standing_clock.on(days=3)
        editions.tick()
        assert frozen == [] and edition.state == "draft"
        editions.approve(edition=edition, by=None, due=standing_clock.moment + timedelta(hours=1))
        editions.tick()
        assert "daily:summit" not in frozen
        standing_clock.on(hours=1)
        editions.tick()
        assert "daily:summit" in frozen

    def test_it_is_never_called_like_a_date_nor_twice_alike(self, make_newsletter: Make, standing_clock: Clock) -> None:
        daily = make_newsletter()
        with pytest.raises(editions.NotNow):
            editions.make_special(newsletter=daily, key="2026-11-23", subject="A trick")
        editions.make_special(newsletter=daily, key="summit", subject="The summit")
        with pytest.raises(editions.NotNow):
            editions.make_special(newsletter=daily, key="summit", subject="The summit again")

    def test_an_empty_one_cannot_be_approved(self, make_newsletter: Make, standing_clock: Clock) -> None:
        edition, _ = editions.make_special(newsletter=make_newsletter(), key="summit", subject="The summit")
        with pytest.raises(editions.NotNow):
            editions.approve(edition=edition, by=None)


class TestPausedNewsletters:
    def test_what_falls_due_while_it_is_paused_is_left_out_and_never_made_up_for(
        self, make_newsletter: Make, standing_clock: Clock, frozen: list[str]
    ) -> None:
        daily = make_newsletter()
        publish("A Canal Is a Promise", standing_clock.moment)
        editions.tick()
        standing_clock.at("2026-11-23T05:00")
        editions.tick()
        editions.pause(newsletter=daily, reason="a move")
        standing_clock.at("2026-11-24T06:30")
        editions.unpause(newsletter=daily)
        editions.tick()
        assert [(row.key, row.state, row.reason) for row in Edition.objects.order_by("key")] == [
            (f"2026-11-{day}", "skipped", "The newsletter was paused: a move") for day in (23, 24)
        ]
        assert frozen == []
        standing_clock.at("2026-11-25T06:00")
        editions.tick()
        assert frozen == ["daily:2026-11-25"]


def test_one_edition_that_fails_holds_up_no_other(
    make_newsletter: Make, standing_clock: Clock, frozen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_newsletter()
    make_newsletter("briefing")
    publish("A Canal Is a Promise", standing_clock.moment)
    editions.tick()
    standing_clock.at("2026-11-23T05:00")
    editions.tick()
    freeze = editions._freeze

    def fail(edition: Edition) -> None:
        if edition.newsletter.slug == "briefing":
            raise RuntimeError("a template is broken")
        freeze(edition)

    monkeypatch.setattr(editions, "_freeze", fail)
    standing_clock.at("2026-11-23T06:00")
    editions.tick()
    assert frozen == ["daily:2026-11-23"]
    assert Notice.objects.filter(text__contains="a template is broken").exists()
    monkeypatch.setattr(editions, "_freeze", freeze)
    editions.tick()
    assert frozen == ["daily:2026-11-23", "briefing:2026-11-23"]
