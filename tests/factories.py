"""The cast: a few readable makers of articles, readers and rules. Each says only what a test cares about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.utils.text import slugify

from masthead.access import services as access
from masthead.access.models import PolicyVersion
from masthead.articles.bulk import ensure_index
from masthead.articles.models import Article, Author, Byline, Topic
from masthead.billing.models import Plan, Price
from masthead.core import clock
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
    texts = paragraphs or [f"Teaser paragraph {n} of {title}." for n in (1, 2, 3)] + [canary(article), "The last paragraph."]
    article.body = [("paragraph", f"<p>{text}</p>") for text in texts]
    ensure_index().add_child(instance=article)
    Byline.objects.bulk_create([Byline(article=article, author=author, sort_order=n) for n, author in enumerate(authors)])
    article = Article.objects.get(pk=article.pk)
    if topics:
        article.topics.set(topics)
        article.save()
    if live:
        article.save_revision().publish()
        article.refresh_from_db()
    return article


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
