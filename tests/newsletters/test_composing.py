"""What stands in an edition: what is new, in its blocks, around what its editors wrote."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from factories import make_article, make_topic
from masthead.articles.models import Article, MoreFrom
from masthead.core import clock
from masthead.insights.apps import InsightsConfig  # its start says what is read most
from masthead.newsletters import composing, editions
from masthead.newsletters.models import Edition, EditionItem, Newsletter, NewsletterBlock, RadarEvent, WireEntry

from .conftest import Clock

pytestmark = pytest.mark.django_db

Make = Callable[..., Newsletter]
SINCE = datetime(2026, 11, 20, 6, tzinfo=UTC)  # Friday's edition
NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now(standing_clock: Clock) -> None:
    standing_clock.moment = NOW


def edition_of(newsletter: Newsletter, key: str = "2026-11-23", since: datetime = SINCE, **fields: object) -> Edition:
    day = date.fromisoformat(key)
    due = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
    return Edition.objects.create(newsletter=newsletter, key=key, date=day, due=due, since=since, **fields)


def composed(newsletter: Newsletter, **fields: object) -> Edition:
    edition = edition_of(newsletter, **fields)
    composing.compose(edition)
    return edition


def names(edition: Edition, block: str) -> list[str]:
    return [composing.headline(item) for item in edition.items.filter(block=block).order_by("position")]


def pick(headline: str, **fields: object) -> WireEntry:
    fields = {"picked": clock.now(), "seen": clock.now(), "url": "https://news.example/", "guid": headline} | fields
    return WireEntry.objects.create(headline=headline, **fields)


class TestOurLatest:
    def test_what_was_published_since_newest_first(self, make_newsletter: Make) -> None:
        for title, hours in (("Before", -1), ("First", 1), ("Second", 2)):
            make_article(title, dated=SINCE + timedelta(hours=hours), first_published_at=SINCE + timedelta(hours=hours))
        assert names(composed(make_newsletter()), "latest") == ["Second", "First"]

    def test_only_what_is_live_and_not_what_is_dated_later(self, make_newsletter: Make) -> None:
        make_article("A draft", live=False)
        make_article("Tomorrow's", dated=NOW + timedelta(days=1))
        make_article("Withdrawn", dated=NOW).unpublish()
        make_article("Here", dated=NOW)
        assert names(composed(make_newsletter()), "latest") == ["Here"]

    def test_what_is_backdated_a_little_is_new_and_an_imported_archive_is_not(self, make_newsletter: Make) -> None:
        make_article("Dated Thursday, published today", dated=SINCE - timedelta(days=1), first_published_at=NOW)
        make_article("From 1926", dated=datetime(1926, 1, 1, tzinfo=UTC), first_published_at=NOW)
        assert names(composed(make_newsletter()), "latest") == ["Dated Thursday, published today"]

    def test_what_readers_have_had_does_not_come_again(self, make_newsletter: Make) -> None:
        daily = make_newsletter()
        make_article("Had", dated=SINCE + timedelta(hours=1))
        composed(daily, key="2026-11-21", state=Edition.State.DONE)
        make_article("New", dated=NOW)
        assert names(composed(daily), "latest") == ["New"]

    def test_what_went_in_a_special_edition_counts_where_all_readers_got_it(self, make_newsletter: Make) -> None:
        daily = make_newsletter()
        for title, segment in (("To all", "all"), ("To subscribers", "subscribers")):
            due = NOW - timedelta(hours=1)
            special = Edition.objects.create(
                newsletter=daily, key=segment, kind="special", segment=segment, state="done", date=due.date(), due=due, since=due
            )
            special.items.create(block="latest", article=make_article(title, dated=NOW - timedelta(hours=2)))
        assert names(composed(daily), "latest") == ["To subscribers"]

    def test_as_many_as_the_block_takes(self, make_newsletter: Make) -> None:
        daily = make_newsletter(blocks="latest")
        NewsletterBlock.objects.update(most=2)
        for n in range(4):
            make_article(f"Article {n}", dated=NOW - timedelta(hours=n))
        assert names(composed(daily), "latest") == ["Article 0", "Article 1"]


class TestTheWire:
    def test_what_editors_picked_in_their_order(self, make_newsletter: Make) -> None:
        daily, weekly = make_newsletter(), make_newsletter("weekly")
        pick("Second", position=2)
        pick("First", position=1, picked_for=daily)
        pick("The Weekly's", picked_for=weekly)
        pick("Unpicked", picked=None)
        pick("Dismissed", dismissed=clock.now())
        pick("Stale", picked=NOW - timedelta(days=8))
        assert names(composed(daily), "wire") == ["First", "Second"]

    def test_what_found_no_room_comes_next_time_and_what_went_does_not(self, make_newsletter: Make) -> None:
        daily = make_newsletter()
        NewsletterBlock.objects.update(most=1)
        pick("One", position=1)
        pick("Two", position=2)
        first = composed(daily)
        assert names(first, "wire") == ["One"]
        Edition.objects.update(state=Edition.State.DONE)
        assert names(composed(daily, key="2026-11-24"), "wire") == ["Two"]

    def test_an_edition_that_was_left_out_used_nothing_up(self, make_newsletter: Make) -> None:
        daily = make_newsletter()
        pick("One")
        composed(daily)
        Edition.objects.update(state=Edition.State.SKIPPED)
        assert names(composed(daily, key="2026-11-24"), "wire") == ["One"]


def test_the_radar_shows_the_next_days(make_newsletter: Make) -> None:
    RadarEvent.objects.create(title="Yesterday", starts=date(2026, 11, 22))
    RadarEvent.objects.create(title="Friday", starts=date(2026, 11, 27))
    RadarEvent.objects.create(title="Today", starts=date(2026, 11, 23))
    assert names(composed(make_newsletter()), "radar") == ["Today", "Friday"]


class TestFromTheLibrary:
    @pytest.fixture(autouse=True)
    def _archive(self) -> None:
        self.seas, self.trade = make_topic("Seas"), make_topic("Trade")
        old = NOW - timedelta(days=60)
        self.old = {name: make_article(name, dated=old - timedelta(days=n)) for n, name in enumerate(("Alike", "Close", "Other"))}
        for name, topic in (("Alike", self.seas), ("Close", self.seas), ("Other", self.trade)):
            self.old[name].topics.set([topic])
            self.old[name].save()
        Article.objects.update(first_published_at=old)
        self.lead = make_article("Today's", dated=NOW, topics=[self.seas])

    def more(self, *names: str) -> None:
        numbers = [self.old[name].pk for name in names]
        MoreFrom.objects.update_or_create(article=self.lead, defaults={"numbers": numbers, "made": clock.now()})

    def test_what_the_latest_leads_on_to(self, make_newsletter: Make) -> None:
        self.more("Other", "Alike")
        assert names(composed(make_newsletter()), "library") == ["Other"]

    def test_else_what_is_about_the_same(self, make_newsletter: Make) -> None:
        MoreFrom.objects.all().delete()
        assert names(composed(make_newsletter()), "library") == ["Alike"]

    def test_not_the_same_within_ninety_days(self, make_newsletter: Make) -> None:
        self.more("Other", "Alike")
        daily = make_newsletter()
        composed(daily, key="2026-11-20", since=NOW - timedelta(days=4), state=Edition.State.DONE)
        make_article("Another", dated=NOW, topics=[self.trade])
        self.more("Other", "Alike")
        assert names(composed(daily), "library") != ["Other"]
        Edition.objects.filter(key="2026-11-20").update(due=NOW - timedelta(days=95))
        edition = Edition.objects.get(key="2026-11-23")
        edition.items.filter(block="latest", article__title="Another").delete()
        composing.refill(edition, "library")
        assert names(edition, "library") in (["Other"], ["Alike"])

    def test_nothing_that_does_not_fit(self, make_newsletter: Make) -> None:
        MoreFrom.objects.all().delete()
        self.lead.topics.set([make_topic("Poles")])
        self.lead.save()
        assert names(composed(make_newsletter()), "library") == []


class TestMostRead:
    def test_as_those_who_count_tell_it(self, make_newsletter: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = [make_article(title, dated=NOW) for title in ("Third", "First", "Gone", "Second")]
        rows[2].unpublish()
        order = [rows[1].pk, rows[2].pk, rows[3].pk, rows[0].pk]
        asked: list[datetime] = []

        def count(since: datetime, most: int) -> list[int]:
            asked.append(since)
            return order[:most]

        monkeypatch.setattr(composing, "_most_read", [count])
        weekly = make_newsletter("weekly", blocks="most-read latest")
        assert names(composed(weekly), "most-read") == ["First", "Second", "Third"]
        assert asked == [NOW - timedelta(days=7)]

    def test_insights_say_it(self) -> None:
        from masthead.insights import reports

        assert InsightsConfig.name and composing._most_read == [reports.most_opened]


class TestEditorsWords:
    @pytest.fixture(autouse=True)
    def _edition(self, make_newsletter: Make) -> None:
        for n, title in enumerate(("First", "Second", "Third")):
            make_article(title, dated=NOW - timedelta(hours=n))
        Article.objects.update(first_published_at=NOW - timedelta(hours=3))
        self.edition = composed(make_newsletter())

    def item(self, title: str) -> EditionItem:
        return self.edition.items.get(article__title=title)

    def test_stay_when_it_is_composed_again(self) -> None:
        EditionItem.objects.filter(pk=self.item("Second").pk).update(headline="Better words", text="A better teaser.")
        EditionItem.objects.create(edition=self.edition, block="latest", position=1, headline="By hand", url="https://x.example/")
        make_article("New", dated=NOW + timedelta(0))
        editions.recompose(edition=self.edition)
        assert set(names(self.edition, "latest")) == {"New", "First", "Better words", "By hand", "Third"}
        assert self.edition.items.get(headline="Better words").text == "A better teaser."

    def test_on_what_was_withdrawn_go_with_it(self) -> None:
        EditionItem.objects.filter(pk=self.item("Second").pk).update(text="A better teaser.")
        self.item("Second").article.unpublish()
        editions.recompose(edition=self.edition)
        assert names(self.edition, "latest") == ["First", "Third"]

    def test_subject_and_preheader_are_proposed_and_an_editors_stay(self) -> None:
        assert (self.edition.subject, self.edition.preheader) == ("First", "Second")
        make_article("Newest", dated=NOW)
        self.edition.subject = "My subject"
        self.edition.save()
        editions.recompose(edition=self.edition)
        self.edition.refresh_from_db()
        assert (self.edition.subject, self.edition.preheader) == ("My subject", "First")

    def test_what_an_editor_took_out_does_not_come_back_by_itself(self, standing_clock: Clock) -> None:
        self.item("Second").delete()
        standing_clock.on(minutes=30)
        make_article("Late", dated=clock.now())
        composing.refresh(self.edition, add=True)
        assert names(self.edition, "latest") == ["First", "Third", "Late"]

    def test_a_full_block_stays_as_it_is(self, standing_clock: Clock) -> None:
        NewsletterBlock.objects.update(most=3)
        standing_clock.on(minutes=30)
        make_article("Late", dated=clock.now())
        composing.refresh(self.edition, add=True)
        assert names(self.edition, "latest") == ["First", "Second", "Third"]


def test_what_comes_from_the_library_is_none_of_the_latest_wherever_it_stands(make_newsletter: Make) -> None:
    daily = make_newsletter(blocks="library latest")
    old = make_article("Old", dated=NOW - timedelta(days=40), topics=[make_topic()])
    make_article("New", dated=NOW, topics=[make_topic()])
    edition = composed(daily)
    numbers = list(edition.items.values_list("article_id", flat=True))
    assert len(numbers) == len(set(numbers)) == 2 and old.pk in numbers


def test_composing_takes_few_queries_however_much_there_is(make_newsletter: Make, django_assert_max_num_queries: object) -> None:
    for n in range(5):
        make_article(f"Article {n}", dated=NOW - timedelta(hours=n))
        pick(f"Entry {n}")
        RadarEvent.objects.create(title=f"Event {n}", starts=date(2026, 11, 24))
    edition = edition_of(make_newsletter())
    with django_assert_max_num_queries(60):  # type: ignore[operator]
        composing.compose(edition)
