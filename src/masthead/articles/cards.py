"""Cards: what a list shows of an article. They never load the body, nor anything about this reader."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from wagtail.images.models import Rendition

from masthead.articles.models import Article, Byline

CARD_PICTURE = "fill-800x500|format-webp"
CARD_PICTURE_SMALL = "fill-400x250|format-webp"


@dataclass(frozen=True, slots=True)
class Link:
    """A name and where it leads."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class CardPicture:
    """A card's picture in two widths (800 and 400 pixels, 8:5)."""

    large: str
    small: str
    alt: str


@dataclass(frozen=True, slots=True)
class Card:
    """One article in a list. ``access`` is the article's, never this visitor's."""

    id: int
    path: str
    title: str
    standfirst: str
    format: str
    access: str
    dated: datetime | None
    date_precision: str
    authors: tuple[Link, ...]
    topics: tuple[Link, ...]
    picture: CardPicture | None


def live() -> QuerySet[Article]:
    """Published articles, newest first, without their bodies."""
    return Article.objects.live().defer("body").order_by("-dated", "-pk")


def cards(articles: QuerySet[Article]) -> list[Card]:
    """The cards of ``articles`` (a sliced queryset is fine) in five queries, however many there are."""
    rows = articles.defer("body").select_related("picture").prefetch_related(
        Prefetch("bylines", Byline.objects.select_related("author").order_by("sort_order")), "topics"
    )
    return [card(article) for article in _with_renditions(list(rows))]


def card(article: Article) -> Card:
    """The card of one loaded article."""
    return Card(
        id=article.pk,
        path=article.path_on_site,
        title=article.title,
        standfirst=article.standfirst,
        format=article.format,
        access=article.access,
        dated=article.dated,
        date_precision=article.date_precision,
        authors=tuple(Link(b.author.name, b.author.get_absolute_url()) for b in article.bylines.all()),
        topics=tuple(Link(t.name, t.get_absolute_url()) for t in article.topics.all()),
        picture=_picture(article),
    )


def _with_renditions(articles: list[Article]) -> Iterable[Article]:
    pictures = [article.picture for article in articles if article.picture]
    if pictures:
        prefetch_related_objects(
            pictures,
            Prefetch(
                "renditions",
                Rendition.objects.filter(filter_spec__in=[CARD_PICTURE, CARD_PICTURE_SMALL]),
                to_attr="prefetched_renditions",
            ),
        )
    return articles


def _picture(article: Article) -> CardPicture | None:
    if article.picture is None:
        return None
    renditions = article.picture.get_renditions(CARD_PICTURE, CARD_PICTURE_SMALL)
    return CardPicture(renditions[CARD_PICTURE].url, renditions[CARD_PICTURE_SMALL].url, article.picture_alt)
