"""The planner: what stands on which day, who may move it where, and whether the promise is told truly."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from wagtail.models import PageLogEntry, Workflow

from factories import make_article, make_author
from masthead.articles.models import Article, Rendering
from masthead.core import clock
from masthead.core.models import Publication
from masthead.newsroom import planner, services
from masthead.newsroom.models import Plan

pytestmark = pytest.mark.django_db

NOW = datetime(2037, 11, 18, 15, 0, tzinfo=UTC)  # a Wednesday


@pytest.fixture(autouse=True)
def london(monkeypatch, db):
    publication = Publication.load()
    publication.timezone = "Europe/London"
    publication.save()


@pytest.fixture
def frozen(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


def scheduled(at: datetime, by, title: str = "Salt Flats and Sovereignty") -> Article:
    article = make_article(title, live=False)
    article.go_live_at = at
    article.save_revision(user=by).publish(user=by)
    return Article.objects.get(pk=article.pk)


def day_of(board: planner.Board, day: date) -> planner.Day:
    return next(each for week in board.weeks for each in week if each.date == day)


def test_every_state_stands_on_its_day(frozen, staff):
    editor, writer = staff("Editor"), staff("Writer")
    published = make_article("Published", dated=NOW - timedelta(days=1), authors=[make_author("Tom Hale")])
    waiting = scheduled(datetime(2037, 11, 24, 6, tzinfo=UTC), editor)
    draft = make_article("A Draft", live=False, owner=writer)
    review = make_article("In Review", live=False, owner=writer)
    review.save_revision(user=writer)
    Workflow.objects.get(name="Editor approval").start(review, writer)
    services.move(article=draft, day=date(2037, 11, 25), by=editor)
    tray = make_article("No Day Yet", live=False)

    board = planner.board(reader=editor)
    assert [len(week) for week in board.weeks] == [7] * 5
    assert board.weeks[0][0].date == date(2037, 11, 16)
    card = day_of(board, date(2037, 11, 17)).cards[0]
    assert (card.id, card.state, card.authors, card.movable) == (published.pk, "published", "Tom Hale", False)
    card = day_of(board, date(2037, 11, 24)).cards[0]
    assert (card.id, card.state, card.at.hour, card.movable) == (waiting.pk, "scheduled", 6, True)
    assert [(card.id, card.state) for card in day_of(board, date(2037, 11, 25)).cards] == [(draft.pk, "draft")]
    assert {(card.id, card.state) for card in board.tray} == {(review.pk, "review"), (tray.pk, "draft")}
    assert day_of(board, date(2037, 11, 26)).missing
    assert not day_of(board, date(2037, 11, 21)).missing, "nothing is promised for Saturdays"
    assert not day_of(board, date(2037, 11, 16)).missing, "what is over cannot be planned"


def test_the_promise_counts_fifteen_weekdays_and_briefings_do_not_keep_it(frozen, staff):
    editor = staff("Editor")
    make_article("Today", dated=NOW)
    scheduled(datetime(2037, 11, 19, 6, tzinfo=UTC), editor, "Tomorrow")
    briefing = scheduled(datetime(2037, 11, 20, 6, tzinfo=UTC), editor, "Friday's Briefing")
    Article.objects.filter(pk=briefing.pk).update(format="briefing")
    services.move(article=make_article("Monday", live=False), day=date(2037, 11, 23), by=editor)
    promise = planner.board(reader=editor).promise
    assert (promise.total, promise.covered, promise.ready, promise.first_gap) == (15, 3, 2, date(2037, 11, 20))
    assert promise.sentence == (
        "3 of the next 15 weekdays are covered: 2 ready, 1 still being written. The first gap is Friday 20 November."
    )


def test_times_are_the_publications(frozen, staff):
    publication = Publication.load()
    publication.timezone = "Pacific/Auckland"
    publication.save()
    editor = staff("Editor")
    article = scheduled(datetime(2037, 11, 24, 18, tzinfo=UTC), editor)
    card = day_of(planner.board(reader=editor), date(2037, 11, 25)).cards[0]
    assert (card.id, card.at.hour) == (article.pk, 7)


def test_moving_a_scheduled_article_keeps_its_time_of_day_across_a_clock_change(staff, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2035, 10, 20, 12, tzinfo=UTC))
    editor = staff("Editor")
    article = scheduled(datetime(2035, 10, 26, 5, 0, tzinfo=UTC), editor)  # 06:00 in London's summer
    moved = services.move(article=article, day=date(2035, 10, 30), by=editor)  # winter: the clocks changed on the 28th
    assert moved.at == datetime(2035, 10, 30, 6, 0, tzinfo=UTC)
    article = Article.objects.get(pk=article.pk)
    assert article.go_live_at == moved.at
    revision = article.scheduled_revision
    assert revision.approved_go_live_at == moved.at
    assert revision.as_object().go_live_at == moved.at
    assert article.get_latest_revision_as_object().go_live_at == moved.at, "the editor's form shows the new time"
    assert PageLogEntry.objects.filter(page=article.pk, action="wagtail.publish.schedule", user=editor).count() == 2
    assert not Rendering.objects.filter(article=article.pk).exists(), "nothing is rendered before it is published"


def test_a_newer_draft_is_neither_published_nor_buried(staff):
    editor = staff("Editor")
    at = clock.now() + timedelta(days=3)
    article = scheduled(at, editor)
    later = article.get_latest_revision_as_object()
    later.title = "A Headline Nobody Approved"
    later.save_revision(user=editor)
    moved = services.move(article=Article.objects.get(pk=article.pk), day=(at + timedelta(days=2)).date(), by=editor)
    article = Article.objects.get(pk=article.pk)
    assert article.scheduled_revision.as_object().title == "Salt Flats and Sovereignty"
    latest = article.get_latest_revision_as_object()
    assert (latest.title, latest.go_live_at) == ("A Headline Nobody Approved", moved.at)


def test_what_cannot_be_moved_is_told_in_a_sentence(staff):
    editor, writer, other = staff("Editor"), staff("Writer"), staff("Writer", "second@example.org")
    tomorrow = services.today() + timedelta(days=1)
    published = make_article("Published")
    waiting = scheduled(clock.now() + timedelta(days=3), editor)
    mine = make_article("Mine", live=False, owner=writer)
    for article, day, by, words in [
        (published, tomorrow, editor, "published already"),
        (waiting, tomorrow, writer, "only those who may publish"),
        (waiting, None, editor, "cancel its schedule"),
        (waiting, services.today() - timedelta(days=1), editor, "is over"),
        (waiting, date(2199, 1, 1), editor, "three years"),
        (mine, tomorrow, other, "You may not plan"),
        (mine, services.today() - timedelta(days=1), writer, "from today on"),
    ]:
        with pytest.raises(services.CannotMove, match=words):
            services.move(article=article, day=day, by=by)
    assert not Plan.objects.exists()
    services.move(article=mine, day=tomorrow, by=writer)
    assert mine.plan.day == tomorrow


def test_an_article_to_be_withdrawn_is_not_moved_behind_that_day(staff):
    editor = staff("Editor")
    article = make_article("Fleeting", live=False)
    article.go_live_at, article.expire_at = clock.now() + timedelta(days=2), clock.now() + timedelta(days=4)
    article.save_revision(user=editor).publish(user=editor)
    with pytest.raises(services.CannotMove, match="withdrawn"):
        services.move(article=Article.objects.get(pk=article.pk), day=services.today() + timedelta(days=6), by=editor)


def test_the_page_moves_by_form_and_by_script(as_role):
    client = as_role("Editor")
    draft = make_article("A River with Ten States", live=False)
    tomorrow = services.today() + timedelta(days=1)
    page = client.get("/newsroom/planner/?from=2037-11-18")
    assert page.status_code == 200
    assert b"A River with Ten States" in page.content
    assert b"No analysis planned" in client.get("/newsroom/planner/").content
    answer = client.post("/newsroom/planner/move/", {"article": draft.pk, "day": tomorrow.isoformat(), "from": "2037-11-16"})
    assert (answer.status_code, answer["Location"]) == (303, "/newsroom/planner/?from=2037-11-16")
    assert Plan.objects.get().day == tomorrow
    answer = client.post(
        "/newsroom/planner/move/", {"article": draft.pk, "day": ""}, headers={"X-Requested-With": "XMLHttpRequest"}
    )
    told = json.loads(answer.content)
    assert (told["done"], Plan.objects.exists()) == (True, False)
    assert "A River with Ten States" in told["html"]
    bad = client.post(
        "/newsroom/planner/move/", {"article": draft.pk, "day": "soon"}, headers={"X-Requested-With": "XMLHttpRequest"}
    )
    assert (bad.status_code, json.loads(bad.content)["done"]) == (409, False)
    for number in ("0", "-1", "1 OR 1=1", "9" * 30):
        assert client.post("/newsroom/planner/move/", {"article": number, "day": ""}).status_code == 404
    assert client.get("/newsroom/planner/move/").status_code == 405
    assert client.get("/newsroom/planner/?from=9999-99-99").status_code == 200


def test_moving_needs_the_token(as_role):
    client = as_role("Editor")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    draft = make_article("A Draft", live=False)
    assert strict.post("/newsroom/planner/move/", {"article": draft.pk, "day": services.today().isoformat()}).status_code == 403
    assert not Plan.objects.exists()


def test_a_large_archive_costs_no_more_queries(as_role, django_assert_max_num_queries):
    client = as_role("Editor")
    for n in range(12):
        make_article(f"Article {n}", dated=clock.now() - timedelta(days=n))
    client.get("/newsroom/planner/")
    with django_assert_max_num_queries(60):
        client.get("/newsroom/planner/")


def test_london_is_london():
    assert services.today() == clock.now().astimezone(ZoneInfo("Europe/London")).date()


@pytest.mark.parametrize(
    ("today", "first", "last"), [((2037, 11, 18), 16, 22), ((2037, 11, 21), 21, 27), ((2037, 11, 22), 22, 27)]
)
def test_at_a_weekend_the_week_to_come_is_at_hand(staff, monkeypatch, today, first, last):
    monkeypatch.setattr(clock, "now", lambda: datetime(*today, 15, 0, tzinfo=UTC))
    days = planner.days_at_hand(planner.board(reader=staff("Editor"), weeks=2))
    assert (days[0].date.day, days[-1].date.day) == (first, last)
