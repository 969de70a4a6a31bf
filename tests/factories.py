"""The cast: a few readable makers of articles, readers and rules. Each says only what a test cares about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any

from django.utils.text import slugify

from masthead.access import services as access
from masthead.access.models import PolicyVersion
from masthead.articles import bulk
from masthead.articles.bulk import ensure_index
from masthead.articles.models import Article, Author, Byline, Topic
from masthead.billing.models import Plan, Price
from masthead.core import clock
from masthead.newsletters.models import Edition, EditionItem, Newsletter, NewsletterBlock
from masthead.readers import services as readers
from masthead.readers.models import Device, Reader

_numbers = count(1)

# The sentence no one may see whom the article is not open to. It stands after the teaser of every article made here.
CANARY = "The canary sings below the gate"


def canary(article: Article) -> str:
    """The sentence that only ``article``'s rest carries."""
    return f"{CANARY} of {article.slug}."


def make_topic(name: str = "Trade", kind: str = "theme", **fields: Any) -> Topic:
    """A topic, or the one of that name."""
    return Topic.objects.get_or_create(slug=slugify(name), defaults={"name": name, "kind": kind, **fields})[0]


def make_author(name: str = "Inês Carvalho", **fields: Any) -> Author:
    """An author, or the one of that name."""
    return Author.objects.get_or_create(slug=slugify(name), defaults={"name": name, **fields})[0]


def make_article(
    title: str = "Why Straits Matter",
    *,
    access: str = "metered",
    paragraphs: Sequence[str] | None = None,
    authors: Sequence[Author] = (),
    topics: Sequence[Topic] = (),
    live: bool = True,
    dated: datetime | None = None,
    **fields: Any,
) -> Article:
    """A published article of three teaser paragraphs and a rest that carries its canary."""
    slug = fields.pop("slug", None) or f"{slugify(title)}-{next(_numbers)}"
    article = Article(title=title, slug=slug, access=access, dated=dated or clock.now(), live=live, **fields)
    article.body = [("paragraph", f"<p>{text}</p>") for text in paragraphs or _paragraphs(article)]
    article.bylines = [Byline(author=author, sort_order=n) for n, author in enumerate(authors)]
    article.topics = topics
    ensure_index().add_child(instance=article)
    if live:
        article.save_revision(clean=False).publish()
    return Article.objects.get(pk=article.pk)


def import_article(
    title: str = "Why Straits Matter",
    *,
    access: str = "metered",
    paragraphs: Sequence[str] | None = None,
    authors: Sequence[Author] = (),
    topics: Sequence[Topic] = (),
    dated: datetime | None = None,
    **fields: Any,
) -> Article:
    """The same article as an import makes it: without a revision, and in a quarter of the time."""
    fields.setdefault("slug", f"{slugify(title)}-{next(_numbers)}")
    texts = paragraphs or _paragraphs(Article(title=title, slug=fields["slug"]))
    new = bulk.NewArticle(
        title=title,
        body=[{"type": "paragraph", "value": f"<p>{text}</p>", "id": str(n)} for n, text in enumerate(texts)],
        dated=dated or clock.now(),
        access=access,
        authors=tuple(author.pk for author in authors),
        topics=tuple(topic.pk for topic in topics),
        **fields,
    )
    return Article.objects.get(pk=bulk.create([new])[0])


def _paragraphs(article: Article) -> list[str]:
    return [f"Teaser paragraph {n} of {article.title}." for n in (1, 2, 3)] + [canary(article), "The last paragraph."]


def make_reader(email: str = "ada@example.org", *, confirmed: bool = True, **fields: Any) -> Reader:
    """A reader; confirmed unless said otherwise. A second call with the address finds the same one."""
    reader = readers.reader_for(address=email)
    if confirmed:
        readers.confirm(reader=reader)
        reader.refresh_from_db()  # or saving it below would write the old state back
    for name, value in fields.items():
        setattr(reader, name, value)
    reader.save()
    reader.refresh_from_db()
    return reader


def make_price(amount: int = 900, interval: str = "month", currency: str = "GBP", **fields: Any) -> Price:
    """A price of All-Access, or the one there is."""
    plan, _ = Plan.objects.get_or_create(slug="all-access", defaults={"name": "All-Access"})
    found = Price.objects.filter(plan=plan, amount=amount, interval=interval, currency=currency, **fields).first()
    return found or Price.objects.create(plan=plan, amount=amount, interval=interval, currency=currency, **fields)


def make_device() -> Device:
    """A browser nobody has logged in with."""
    return Device.objects.create(created=clock.now(), last_seen=clock.now(), label="Firefox on Linux")


def make_comp(reader: Reader, days: int | None = None) -> None:
    """Give ``reader`` everything."""
    access.give_comp(reader=reader, days=days, reason="a friend of the house", by=reader)


def set_policy(**rules: Any) -> None:
    """Change the publisher's rules."""
    access.change_policy(changes=PolicyVersion(**rules), by=None)


def move_clock(settings: Any, *, day: str) -> None:
    """Move the clock to noon UTC of ``day`` ("2026-12-05")."""
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC)
    offset = int((noon - datetime.now(UTC)).total_seconds())
    settings.MASTHEAD = replace(settings.MASTHEAD, clock_offset=offset)


def make_newsletter(slug: str = "daily", blocks: str = "wire latest radar library most-read", **fields: Any) -> Newsletter:
    """A newsletter with the blocks named, or the one of that slug."""
    row, new = Newsletter.objects.get_or_create(slug=slug, defaults={"title": f"The {slug.title()}", **fields})
    if new:
        for order, kind in enumerate(blocks.split()):
            NewsletterBlock.objects.create(newsletter=row, kind=kind, sort_order=order)
    return row


def make_edition(key: str = "2026-11-23", *, newsletter: Newsletter | None = None, state: str = "done", **fields: Any) -> Edition:
    """An edition that went, unless said otherwise; without anything in it."""
    day = date.fromisoformat(key) if key[:4].isdigit() else clock.now().date()
    due = datetime.combine(day, time(6), UTC)
    newsletter = newsletter or make_newsletter()
    chosen = {"subject": f"What {key} brought", "date": day, "due": due, "since": due - timedelta(days=1), **fields}
    if state not in ("draft", "approved"):
        chosen.setdefault("audience", newsletter.audience)
    return Edition.objects.create(newsletter=newsletter, key=key, state=state, **chosen)


def put_in(edition: Edition, block: str, **fields: Any) -> EditionItem:
    """One more item at the end of a block."""
    return EditionItem.objects.create(edition=edition, block=block, position=edition.items.count(), **fields)
