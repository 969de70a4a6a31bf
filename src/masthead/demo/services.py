"""The demo publication: fills an installation with something to read, edit and plan. Interrupted, it goes on where it stopped.

What is there already is left alone, so that nobody's changes are lost however often it runs.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.files import File
from django.db import connection, transaction
from wagtail.images.models import Image
from wagtail.models import Page
from wagtail.users.models import UserProfile

from masthead.access.models import PolicyVersion
from masthead.access.services import change_policy
from masthead.ads.models import Advertisement
from masthead.articles import bulk, pictures
from masthead.articles.models import Article, ArticleIndex, Author, Byline, KeyArticle, Milestone, Relation, Topic
from masthead.billing.models import Plan as Subscribed
from masthead.billing.models import Price
from masthead.core import changelog, clock
from masthead.core.models import Benefit, NavigationLink, Publication
from masthead.demo import content_files, past_editions
from masthead.demo.content_files import CONTENT, Text
from masthead.newsletters.models import Block, Newsletter, NewsletterBlock
from masthead.newsroom import setup
from masthead.newsroom.models import Plan
from masthead.readers.models import Reader

Progress = Callable[[str, int, int], None]

TIMEZONE = "Europe/London"
PUBLISHED_AT = time(5, 30)  # before the Daily goes out
STAFF = "editor@sextant.example"
CONTACT = "readers@sextant.example"
CREDENTIALS = "credentials.txt"

# Kept back for the planner: nothing published links to these. How many weekdays ahead each one is.
SCHEDULED = {"what-mobile-money-taught-diplomats": 1, "blue-helmets-and-staying": 2, "noon-is-a-political-decision": 4}
IN_REVIEW = {"how-a-summit-is-made": 3}

SLOTS = {
    "daily-review": ["top", "in-article", "side"],
    "all-access": ["top", "in-article", "side", "newsletter"],
    "plumb-line-books": ["in-article", "side", "newsletter"],
    "harbour-hall": ["in-article", "side"],
}
_NAMES = {
    "daily-review": "Daily Review",
    "all-access": "All-Access",
    "plumb-line-books": "Plumb Line Books",
    "harbour-hall": "Harbour Hall",
}


def fill(progress: Progress | None = None) -> None:
    """Fill in the demo publication. ``progress`` is told what is being written, how much is done and how much there is."""
    texts = content_files.texts()
    tell = _Teller(progress, 6 + len(texts))
    index = bulk.ensure_index()
    _publication()
    tell("settings")
    setup.ensure()
    staff = _staff()
    tell("newsroom")
    _topics()
    _authors()
    tell("authors and topics")
    _newsletters()
    _advertisements()
    _plans()
    if not PolicyVersion.objects.exists():
        change_policy(changes=PolicyVersion(), by=None)
    tell("newsletters and advertisements")
    with _Darkroom() as darkroom:
        for row in Author.objects.exclude(portrait=None).select_related("portrait"):
            darkroom.prepare(row.portrait, (pictures.PORTRAIT,))
        for text, moment in _dates(texts, clock.now().astimezone(ZoneInfo(TIMEZONE))):
            image = _first_image(text.title, f"pictures/{text.picture}")
            if image is not None:
                darkroom.prepare(image, (*pictures.WIDTHS, pictures.SHARED))
            _article(index, text, moment, image, staff)
            tell(text.title)
    _guides()
    tell("guides")
    past_editions.fill()
    tell("editions")


class _Teller:
    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def __call__(self, what: str) -> None:
        self.done += 1
        if self.progress:
            self.progress(what, self.done, self.total)


# Dates ----------------------------------------------------------------------------------------------------------------


def weekdays_back(now: datetime) -> Iterator[date]:
    """Weekdays up to today (the last one before, where today's article is not out yet), newest first. ``now`` in local time."""
    day = now.date()
    if now.time() < PUBLISHED_AT:
        day -= timedelta(days=1)
    while True:
        if day.weekday() < 5:
            yield day
        day -= timedelta(days=1)


def weekdays_ahead(now: datetime) -> Iterator[date]:
    """Weekdays after today, soonest first."""
    day = now.date()
    while True:
        day += timedelta(days=1)
        if day.weekday() < 5:
            yield day


def _dates(texts: list[Text], now: datetime) -> Iterator[tuple[Text, datetime]]:
    """Every text with its moment; the oldest first, so that a fill cut short has no hole at the end."""
    ahead = weekdays_ahead(now)
    coming = [next(ahead) for _ in range(10)]
    back = weekdays_back(now)
    dated = []
    for text in texts:
        days = SCHEDULED.get(text.slug) or IN_REVIEW.get(text.slug)
        day = coming[days - 1] if days else next(back)
        dated.append((text, datetime.combine(day, PUBLISHED_AT, now.tzinfo)))
    return iter(sorted(dated, key=lambda pair: pair[1]))


# The publication ------------------------------------------------------------------------------------------------------


def _publication() -> None:
    told = content_files.load("publication")
    with changelog.transaction() as changes:
        publication = Publication.load()
        if publication.name != Publication._meta.get_field("name").default:
            return
        for name in ("name", "tagline", "about", "footer"):
            setattr(publication, name, content_files.typographic(told[name]))
        publication.timezone = TIMEZONE
        publication.contact_email = CONTACT
        if not publication.navigation.exists():
            publication.navigation = [
                NavigationLink(label=link["label"], url=link["url"], sort_order=order)
                for order, link in enumerate(told["navigation"])
            ]
        if not publication.benefits.exists():
            publication.benefits = [
                Benefit(title=each["title"], text=content_files.typographic(each["text"]), sort_order=order)
                for order, each in enumerate(told["benefits"])
            ]
        publication.logo = publication.logo or _first_image("Logo", "logo.webp", "logo.png")
        publication.save()
        changes.add(changelog.EVERYTHING)


def _topics() -> None:
    for topic in content_files.load("topics")["topic"]:
        fields = {name: topic[name] for name in ("name", "kind")} | {"code": topic.get("code", "")}
        if not Topic.objects.filter(name=fields["name"]).exists():
            fields["introduction"] = content_files.typographic(topic["introduction"]).strip()
            fields["aliases"] = "\n".join(topic.get("aliases", ()))
            Topic.objects.get_or_create(slug=topic["slug"], defaults=fields)


def _guides() -> None:
    """Who belongs to what, which articles stand first, and what passed between two: once topics and articles are there."""
    topics = Topic.objects.in_bulk(field_name="slug")
    articles = {article.slug: article for article in Article.objects.live().only("slug", "title")}
    with changelog.transaction() as changes:
        for told in content_files.load("topics")["topic"]:
            topic = topics.get(told["slug"])
            if topic is None:
                continue
            if told.get("members") and not topic.members.exists():
                topic.members.set(topics[slug] for slug in told["members"] if slug in topics)
            key = [articles[slug] for slug in told.get("key", ()) if slug in articles]
            if key and not topic.key_articles.exists():
                topic.key_articles = [KeyArticle(article=article, sort_order=place) for place, article in enumerate(key)]
                topic.save()
        for told in content_files.load("relations")["relation"]:
            pair = [topics.get(slug) for slug in told["pair"]]
            if all(pair) and not Relation.objects.filter(first__in=pair, second__in=pair).exists():
                _relation(told, pair, articles)
        changes.add(changelog.EVERYTHING)


def _relation(told: dict[str, Any], pair: list[Any], articles: dict[str, Article]) -> None:
    relation = Relation(first=pair[0], second=pair[1], introduction=content_files.typographic(told["introduction"]).strip())
    relation.milestones = [
        Milestone(
            date=each["date"],
            date_precision=each.get("precision", "day"),
            text=content_files.typographic(each["text"]),
            article=articles.get(each.get("article", "")),
            sort_order=place,
        )
        for place, each in enumerate(told["milestone"])
    ]
    relation.save()


def _authors() -> None:
    for author in content_files.load("authors")["author"]:
        row, _ = Author.objects.get_or_create(
            slug=author["slug"],
            defaults={
                "name": author["name"],
                "role": author["role"],
                "biography": content_files.typographic(author["biography"]),
                "portrait_alt": content_files.typographic(author["portrait_alt"]),
            },
        )
        if row.portrait_id is None and (portrait := _first_image(row.name, f"portraits/{author['portrait']}")):
            row.portrait = portrait
            row.save()


def _newsletters() -> None:
    for position, each in enumerate(content_files.load("publication")["newsletters"]):
        with changelog.transaction():
            newsletter, made = Newsletter.objects.get_or_create(
                slug=each["name"],
                defaults={
                    "title": each["title"],
                    "position": position,
                    "editors": STAFF,
                    **{name: each[name] for name in ("schedule", "weekdays", "hour", "cutoff")},
                    **{name: content_files.typographic(each.get(name, "")) for name in ("description", "opening", "closing")},
                },
            )
            if made:
                for order, kind in enumerate(each["blocks"]):
                    most = 1 if kind == Block.LIBRARY else 5
                    NewsletterBlock.objects.create(newsletter=newsletter, kind=kind, most=most, sort_order=order)


def _advertisements() -> None:
    for each in content_files.load("publication")["house_advertisements"]:
        name = _NAMES.get(each["name"], each["name"])
        if Advertisement.objects.filter(name=name).exists():
            continue
        with changelog.transaction() as changes:
            Advertisement.objects.create(
                name=name,
                slots=SLOTS.get(each["name"], ["side"]),
                headline=content_files.typographic(each["headline"]),
                text=content_files.typographic(each["text"]),
                link=each["link"],
                weight=each["weight"],
            )
            changes.add(changelog.EVERYTHING)


def _plans() -> None:
    for position, each in enumerate(content_files.load("publication")["plans"]):
        if Subscribed.objects.filter(slug=each["slug"]).exists():
            continue
        with changelog.transaction():
            plan = Subscribed.objects.create(
                slug=each["slug"],
                name=each["name"],
                description=content_files.typographic(each["description"]),
                position=position,
                grace_days=each["grace_days"],
            )
            for price in each["prices"]:
                Price.objects.create(plan=plan, **price)


def _staff() -> Reader:
    """Someone who works here, with the log-in in ``credentials.txt``. An account that is there is left as it is."""
    staff = Reader.objects.filter(identity=STAFF).first() or Reader.objects.filter(is_superuser=True).order_by("pk").first()
    if staff is not None:
        return staff
    password = secrets.token_urlsafe(15)
    with transaction.atomic():
        staff = Reader.objects.create_superuser(STAFF, password, first_name="Demo", last_name="Editor", confirmed=clock.now())
        # inside: without the file nobody could log in to the account
        _write_credentials(Path(settings.MASTHEAD.data) / CREDENTIALS, password)
    return staff


def _write_credentials(path: Path, password: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"{STAFF}\n{password}\n")
    partial.replace(path)


# Pictures -------------------------------------------------------------------------------------------------------------


def _first_image(title: str, *names: str) -> Image | None:
    """The image made from the first of the files that is there; the same file is never put in twice."""
    path = next((CONTENT / name for name in names if (CONTENT / name).is_file()), None)
    if path is None:
        return None
    digest = hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()
    image = Image.objects.filter(file_hash=digest).first()
    if image is None:
        with path.open("rb") as file:
            image = Image(title=title, file=File(file, name=path.name))
            image._set_file_hash()
            file.seek(0)
            image.save()
    return image


# Articles -------------------------------------------------------------------------------------------------------------


class _Darkroom:
    """Makes pictures in the widths pages show, beside the writing of articles, so that no reader waits for them."""

    def __enter__(self) -> _Darkroom:
        # inside somebody's transaction other connections would see nothing, and on SQLite wait for it
        self.pool = None if connection.in_atomic_block else ThreadPoolExecutor(min(4, os.cpu_count() or 1))
        self.waiting: list[Future[None]] = []
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.pool:
            self.pool.shutdown(wait=True, cancel_futures=kind is not None)
            if kind is None:
                for future in self.waiting:
                    future.result()

    def prepare(self, image: Image, specs: tuple[str, ...]) -> None:
        if self.pool:
            self.waiting.append(self.pool.submit(self._prepare, image, specs))
        else:
            pictures.prepare(image, specs)

    @staticmethod
    def _prepare(image: Image, specs: tuple[str, ...]) -> None:
        try:
            pictures.prepare(image, specs)
        finally:
            connection.close()


def _article(index: ArticleIndex, text: Text, moment: datetime, image: Image | None, staff: Reader) -> None:
    if Page.objects.filter(slug=text.slug).exists():
        return
    with transaction.atomic():
        article = _draft(index, text, moment, image, staff)
        if text.slug in IN_REVIEW:
            article.save_revision(user=staff)
            _submit(article, staff)
            Plan.objects.update_or_create(
                article=article, defaults={"day": moment.date(), "changed": clock.now(), "changed_by": staff}
            )
        elif text.slug in SCHEDULED:
            article.go_live_at = moment
            article.save_revision(user=staff).publish(user=staff)
        else:
            article.first_published_at = moment
            article.save_revision(user=staff).publish(user=staff)
            # on the day it is dated; Wagtail says now
            Page.objects.filter(pk=article.pk).update(last_published_at=moment)


def _submit(article: Article, staff: Reader) -> None:
    """Ask for approval, without a mail that tells the demo's only editor of what they did not do."""
    workflow = article.get_workflow()
    if workflow is None:
        return
    profile = UserProfile.get_for_user(staff)
    told = profile.submitted_notifications
    UserProfile.objects.filter(pk=profile.pk).update(submitted_notifications=False)
    workflow.start(article, staff)
    UserProfile.objects.filter(pk=profile.pk).update(submitted_notifications=told)


def _draft(index: ArticleIndex, text: Text, moment: datetime, image: Image | None, staff: Reader) -> Article:
    published = text.slug not in SCHEDULED and text.slug not in IN_REVIEW
    article = Article(
        title=text.title,
        slug=text.slug,
        standfirst=text.standfirst,
        format=text.format,
        access=text.access,
        dated=moment if published else None,
        picture=image,
        picture_alt=text.alt if image else "",
        picture_caption=text.caption if image else "",
        picture_credit=text.credit if image else "",
        owner=staff,
        live=False,
        has_unpublished_changes=True,
    )
    article.body = Article._meta.get_field("body").stream_block.to_python(text.body)
    people = Author.objects.in_bulk(text.authors, field_name="slug")
    article.bylines = [Byline(author=people[slug], sort_order=order) for order, slug in enumerate(text.authors) if slug in people]
    # the index as it is now: adding a child changes its path's last step
    parent = ArticleIndex.objects.get(pk=index.pk)
    parent.add_child(instance=article)
    article.topics = list(Topic.objects.filter(slug__in=text.topics))
    article.save()
    return article
