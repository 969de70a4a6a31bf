"""The front page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import ClassVar
from zoneinfo import ZoneInfo

from masthead.articles import cards, teaser
from masthead.articles.cards import Card, Link
from masthead.articles.models import Article, Topic
from masthead.articles.pictures import Shelf
from masthead.front.content.page import TOP, Page
from masthead.front.content.publication import NewsletterFacts, PublicationFacts, newsletters

HOME_ARTICLES = 60


@dataclass(frozen=True, slots=True)
class Day:
    """The articles of one day, or of many earlier ones when ``day`` is None."""

    day: date | None
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A topic and its newest articles."""

    topic: Link
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePage(Page):
    template: ClassVar[str] = "front/home.html"
    slots: ClassVar[tuple[str, ...]] = (TOP,)

    lead: Card | None
    secondary: tuple[Card, ...]
    days: tuple[Day, ...]
    sections: tuple[Section, ...]
    newsletters: tuple[NewsletterFacts, ...]


def home_page(publication: PublicationFacts, now: datetime) -> HomePage:
    """The newest articles: one large, some beside it, then by day, then by region."""
    articles = cards.load(cards.listed(now).select_related("picture")[:HOME_ARTICLES])
    shelf = Shelf(article.picture for article in articles)
    ready = cards.cards_of(articles, shelf)
    top, following = ready[:5], ready[5:12]
    regions: dict[Link, list[Card]] = {}
    for article, card in zip(articles[12:], ready[12:], strict=True):
        # nothing that stands above already; one region each, the one with least so far, so that none is shown twice here
        own = [Link(t.name, t.get_absolute_url()) for t in article.topics.all() if t.kind == Topic.Kind.REGION]
        if own:
            regions.setdefault(min(own, key=lambda link: len(regions.get(link, ()))), []).append(card)
    return HomePage(
        title=publication.name,
        description=teaser.summary(publication.about or publication.tagline, ""),
        canonical="/",
        feed="/feeds/articles.rss",
        lead=top[0] if top else None,
        secondary=tuple(top[1:]),
        days=tuple(_by_day(following, ZoneInfo(publication.timezone))),
        sections=tuple(
            Section(topic, tuple(members[:3])) for topic, members in sorted(regions.items(), key=lambda item: item[0].name)
        ),
        newsletters=newsletters(),
    )


def _by_day(some: list[Card], zone: ZoneInfo) -> Iterator[Day]:
    def day_of(card: Card) -> date | None:
        exact = card.dated and card.date_precision == Article.Precision.DAY
        return card.dated.astimezone(zone).date() if exact and card.dated else None

    for day, members in groupby(some, key=day_of):
        yield Day(day, tuple(members))
