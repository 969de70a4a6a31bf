"""The demo publication: what issue and design promise of it, and that filling it can be cut short and repeated."""

from __future__ import annotations

import json
import re
import stat
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.conf import settings
from django.utils.html import strip_tags
from wagtail.images.models import Image, Rendition
from wagtail.models import Page, Revision

from masthead.access.models import PolicyVersion
from masthead.ads.models import Advertisement
from masthead.articles.models import Article, Author, KeyArticle, Milestone, Relation, Rendering, Topic
from masthead.core import clock
from masthead.core.models import OutgoingMail, Publication
from masthead.demo import archive, cli, content_files, services
from masthead.newsletters import composing, editions
from masthead.newsletters.models import (
    Edition,
    EditionItem,
    Newsletter,
    NewsletterBlock,
    RadarEvent,
    WelcomeStep,
    WireEntry,
)
from masthead.newsroom.models import Plan
from masthead.readers.models import Reader

# The texts ------------------------------------------------------------------------------------------------------------


def test_the_texts_keep_their_promises():
    texts = content_files.texts()
    assert len(texts) == 30
    assert [text.day for text in texts] == list(range(30))
    authors = {author["slug"] for author in content_files.load("authors")["author"]}
    topics = {topic["slug"] for topic in content_files.load("topics")["topic"]}
    slugs = {text.slug for text in texts}
    assert len(authors) >= 8 and len(topics) >= 10
    for text in texts:
        assert set(text.authors) <= authors and set(text.topics) <= topics, text.slug
        assert text.format in Article.Format and text.access in Article.Access
        assert sum(block["type"] == "paragraph" for block in text.body) >= 8
        words = len(strip_tags(json.dumps(text.body, ensure_ascii=False)).split())
        assert words >= 700, (text.slug, words)
        assert set(re.findall(r'href=\\"/articles/([a-z0-9-]+)/', json.dumps(text.body))) <= slugs
        assert text.alt and text.standfirst and len(text.standfirst) <= 320 and len(text.title) <= 120
    assert {text.format for text in texts} == set(Article.Format.values)
    assert {text.access for text in texts} == set(Article.Access.values)
    assert {block["type"] for text in texts for block in text.body} >= {
        "paragraph", "heading", "quotation", "pull_quote", "list", "table", "aside", "gate",
    }  # fmt: skip


def test_nothing_published_links_to_what_is_kept_back():
    kept = {*services.SCHEDULED, *services.IN_REVIEW}
    for text in content_files.texts():
        if text.slug not in kept:
            assert not kept & set(re.findall(r"/articles/([a-z0-9-]+)/", json.dumps(text.body))), text.slug


def test_the_small_markdown():
    made = content_files.blocks(
        'First "quoted" paragraph, isn\'t it, with a [link](/articles/x/).\n\n## A heading\n\n> Said.\n> — Someone\n\n'
        ">> Pulled.\n\n"
        "Table: Numbers\n| a | b |\n|---|---|\n| 1 | 2 |\n\n:::aside Note\nOne.\n\n- two\n:::\n\n:::gate\n\n1. three"
    )
    assert [block["type"] for block in made] == [
        "paragraph", "heading", "quotation", "pull_quote", "table", "aside", "gate", "list",
    ]  # fmt: skip
    assert made[0]["value"] == '<p>First “quoted” paragraph, isn’t it, with a <a href="/articles/x/">link</a>.</p>'
    assert made[2]["value"] == {"text": "<p>Said.</p>", "source": "Someone"}
    assert made[4]["value"]["caption"] == "Numbers" and made[4]["value"]["table"]["data"] == [["a", "b"], ["1", "2"]]
    assert made[5]["value"] == {"title": "Note", "text": "<p>One.</p><ul><li>two</li></ul>"}


@pytest.mark.parametrize(
    "now, newest",
    [
        (datetime(2026, 11, 20, 12, 0), date(2026, 11, 20)),  # a Friday noon
        (datetime(2026, 11, 20, 4, 0), date(2026, 11, 19)),  # before it is out
        (datetime(2026, 11, 22, 12, 0), date(2026, 11, 20)),  # Sunday
        (datetime(2026, 11, 23, 3, 0), date(2026, 11, 20)),  # Monday, early
    ],
)
def test_every_weekday_back_from_today(now, newest):
    days = [day for day, _ in zip(services.weekdays_back(now), range(24), strict=False)]
    assert days[0] == newest
    assert all(day.weekday() < 5 for day in days)
    assert days[20] == newest - timedelta(days=28)


def test_guides_name_only_what_is_there():
    published = {text.slug for text in content_files.texts()} - {*services.SCHEDULED, *services.IN_REVIEW}
    topics = {topic["slug"]: topic for topic in content_files.load("topics")["topic"]}
    for topic in topics.values():
        assert set(topic.get("key", ())) <= published and set(topic.get("members", ())) <= set(topics), topic["slug"]
        assert ("code" in topic) == (topic["kind"] == "country"), topic["slug"]
    for relation in content_files.load("relations")["relation"]:
        assert set(relation["pair"]) <= set(topics) and relation["introduction"].strip()
        dates = [each["date"] for each in relation["milestone"]]
        assert dates == sorted(dates) and len(dates) >= 8
        for each in relation["milestone"]:
            assert each.get("precision", "day") in ("day", "month", "year") and len(each["text"]) <= 300
            assert each.get("article", "old-friends-new-arithmetic") in published


# Filling --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch):
    """Without making pictures in every width, which takes most of the time; one test below does make them."""
    monkeypatch.setattr(services.pictures, "prepare", lambda *_: None)


@pytest.fixture
def credentials():
    path = Path(settings.MASTHEAD.data) / services.CREDENTIALS
    path.unlink(missing_ok=True)
    yield path
    path.unlink(missing_ok=True)


@pytest.mark.django_db
def test_a_fill(quick, credentials):
    told = []
    services.fill(lambda *each: told.append(each))
    assert told[-1][1] == told[-1][2] == 36

    publication = Publication.load()
    assert publication.name == "Sextant" and publication.timezone == "Europe/London" and publication.contact_email
    assert publication.navigation.count() == 6 and publication.benefits.count() == 6
    for link in publication.navigation.all():
        if link.url.startswith("/topics/"):
            assert Topic.objects.filter(slug=link.url.split("/")[2]).exists()

    live = Article.objects.live().order_by("-dated")
    assert live.count() == 26
    now = clock.now()
    assert all(article.dated <= now and article.first_published_at == article.dated for article in live)
    days = [article.dated.astimezone().date() for article in live]
    assert len(set(days)) == 26 and (now.date() - days[0]).days <= 4
    assert all(day.weekday() < 5 for day in days)
    assert {article.access for article in live} == {"open", "metered", "subscribers"}
    assert sum(article.access == "metered" for article in live) > 12
    assert Rendering.objects.count() == 26
    assert not any("{'" in html or not html.strip() for row in Rendering.objects.all() for _, html in row.blocks)
    assert Rendering.objects.exclude(gate=None).count() == 4
    assert Author.objects.count() == 10 and Topic.objects.count() == 22
    assert all(article.bylines.exists() and article.topics.exists() for article in live)

    quad = Topic.objects.get(slug="quad")
    assert {topic.code for topic in quad.members.all()} == {"AU", "IN", "JP", "US"} and quad.key_articles.count() == 1
    assert Topic.objects.filter(kind="country", code="").count() == 0
    assert [(str(row), row.milestones.count()) for row in Relation.objects.order_by("pk")] == [
        ("India and Russia", 12),
        ("India and Japan", 10),
    ]
    for milestone in Milestone.objects.all():
        milestone.full_clean()

    assert Article.objects.filter(go_live_at__gt=now, live=False).count() == 3
    assert Revision.objects.filter(approved_go_live_at__gt=now).count() == 3
    (review,) = [article for article in Article.objects.filter(live=False) if article.workflow_in_progress]
    assert Plan.objects.get().article_id == review.pk
    assert not OutgoingMail.objects.exists()

    assert {ad.name for ad in Advertisement.objects.all()} == {"Daily Review", "All-Access", "Plumb Line Books", "Harbour Hall"}
    for ad in Advertisement.objects.all():
        ad.full_clean()
    assert [row.slug for row in Newsletter.objects.all()] == ["daily", "weekly"]
    assert PolicyVersion.objects.count() == 1

    address, password = credentials.read_text().splitlines()
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    staff = Reader.objects.get(email=address)
    assert staff.check_password(password) and staff.is_staff and len(password) >= 16
    assert Page.find_problems() == ([], [], [], [], [])


@pytest.mark.django_db
def test_its_newsletters_have_a_past_and_a_next_edition(quick, credentials, monkeypatch):
    services.fill()
    assert {row.slug: (row.weekdays, f"{row.hour:%H:%M}") for row in Newsletter.objects.all()} == {
        "daily": ("12345", "06:00"),
        "weekly": ("6", "08:00"),
    }
    for newsletter in Newsletter.objects.all():
        newsletter.full_clean()
        past = list(newsletter.editions.order_by("due"))
        assert [row.state for row in past] == ["done", "done"] and all(row.due < clock.now() for row in past)
        assert [row.deliveries.count() for row in past] == [0, 0]
        for edition in past:
            blocks = [item.block for item in edition.items.all()]
            assert set(blocks) == {block.kind for block in newsletter.blocks.all()}, edition
            assert edition.subject and edition.items.filter(block="library").count() == 1
            assert all(item.article.dated < edition.due for item in edition.items.exclude(article=None))
    for row in WireEntry.objects.all():
        row.full_clean(exclude=["source", "picked", "picked_by", "picked_for", "dismissed"])
        assert row.url.split("/")[2].endswith(".example")
    for row in RadarEvent.objects.all():
        row.full_clean()
    assert WelcomeStep.objects.count() == 3
    # the next Daily takes what is picked, and sends nothing again that readers have had
    editions.tick()
    daily = Newsletter.objects.get(slug="daily")
    later = clock.now() + timedelta(days=3)
    monkeypatch.setattr(clock, "now", lambda: later)
    editions.tick()
    coming = daily.editions.order_by("-due").first()
    if coming.composed is None:
        composing.compose(coming)
    assert coming.items.filter(block="wire").count() == 3
    had = EditionItem.objects.filter(edition__state="done", edition__newsletter=daily).exclude(article=None)
    assert not set(had.values_list("article_id", flat=True)) & set(coming.items.values_list("article_id", flat=True))


@pytest.mark.django_db
def test_again_it_changes_nothing_and_keeps_what_was_changed(quick, credentials):
    services.fill()
    article = Article.objects.get(slug="why-straits-outlast-empires")
    article.title = "Changed"
    article.save_revision().publish()
    publication = Publication.load()
    publication.name = "My own"
    publication.save()
    before = credentials.read_text()
    models = (Page, Image, Author, Topic, Relation, Milestone, KeyArticle)
    models += (Advertisement, Newsletter, PolicyVersion, Reader, Revision)
    models += (NewsletterBlock, Edition, EditionItem, WireEntry, RadarEvent, WelcomeStep)
    counts = [model.objects.count() for model in models]
    services.fill()
    assert [model.objects.count() for model in models] == counts
    assert Article.objects.get(pk=article.pk).title == "Changed" and Publication.load().name == "My own"
    assert credentials.read_text() == before


@pytest.mark.django_db
def test_cut_short_it_goes_on(quick, credentials, monkeypatch):
    def stop(what, done, total):
        if done == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        services.fill(stop)
    assert 0 < Article.objects.count() < 26
    services.fill()
    assert Article.objects.live().count() == 26 and Article.objects.count() == 30
    assert Page.find_problems() == ([], [], [], [], [])


@pytest.mark.django_db
def test_a_password_is_never_lost_with_the_file(quick, credentials, monkeypatch):
    def fails(*_):
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(services, "_write_credentials", fails)
        with pytest.raises(OSError, match="disk full"):
            services.fill()
    assert not Reader.objects.exists()
    services.fill()
    assert Reader.objects.get().check_password(credentials.read_text().splitlines()[1])


@pytest.mark.django_db
def test_a_missing_picture_is_no_error(quick, credentials, monkeypatch):
    monkeypatch.setattr(services, "_first_image", lambda *_: None)
    services.fill()
    assert Article.objects.live().count() == 26 and not Image.objects.exists()
    assert not Article.objects.exclude(picture_alt="").exists()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Wagtail leaves a temporary file to the collector
@pytest.mark.django_db(transaction=True)
def test_pictures_are_ready_for_the_first_reader(credentials, monkeypatch):
    texts = content_files.texts()[:2]
    monkeypatch.setattr(content_files, "texts", lambda: texts)
    services.fill()
    article = Article.objects.get(slug=texts[0].slug)
    specs = set(Rendition.objects.filter(image=article.picture).values_list("filter_spec", flat=True))
    assert specs == {*services.pictures.WIDTHS, services.pictures.SHARED}
    assert Rendition.objects.filter(filter_spec=services.pictures.PORTRAIT).count() == 10


# The archive ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_archive_is_the_same_each_time_and_made_once():
    Author.objects.create(name="Ann", slug="ann")
    Topic.objects.create(name="Trade", slug="trade")
    assert archive.fill(30) == 30
    first = list(Article.objects.order_by("import_key").values_list("import_key", "title", "dated"))
    assert archive.fill(30) == 0
    assert archive.fill(40) == 10
    Article.objects.all().delete()
    archive.fill(30)
    assert list(Article.objects.order_by("import_key").values_list("import_key", "title", "dated")) == first
    assert all(article.dated < clock.now() and article.dated.tzinfo == UTC for article in Article.objects.all())
    assert all(article.dated.weekday() < 5 for article in Article.objects.all())
    assert not any("{" in html for row in Rendering.objects.all() for _, html in row.blocks)
    assert all(300 < row.words < 1800 for row in Rendering.objects.all())
    assert Page.find_problems() == ([], [], [], [], [])


@pytest.mark.django_db
def test_the_command(quick, credentials):
    result = CliRunner().invoke(cli.command, ["--archive", "20"])
    assert result.exit_code == 0, result.output
    assert "20 texts of the archive were made" in result.output and "credentials.txt" in result.output
    result = CliRunner().invoke(cli.command, ["--archive", "20"])
    assert "0 texts of the archive were made" in result.output
    assert Article.objects.count() == 50
