"""Cards: what a list shows of an article. They never load the body, nor anything about this reader."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Prefetch, Q, QuerySet, prefetch_related_objects

from masthead.articles.models import Article, Author, Byline, Topic
from masthead.articles.pictures import Picture, Shelf


@dataclass(frozen=True, slots=True)
class Link:
    """A name and where it leads."""

    name: str
    path: str


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
    picture: Picture | None


def live() -> QuerySet[Article]:
    """Published articles, newest first, without their bodies."""
    return Article.objects.live().defer("body").order_by("-dated", "-pk")


def listed(now: datetime) -> QuerySet[Article]:
    """What lists show at ``now``: :func:`live`, without articles dated later."""
    return live().filter(dated__lte=now)


def cards(articles: QuerySet[Article]) -> list[Card]:
    """The cards of ``articles`` (a sliced queryset is fine) in four queries, however many there are."""
    return cards_of(load(articles.defer("body").select_related("picture")))


def load(articles: Iterable[Article]) -> list[Article]:
    """``articles`` with authors and topics, in two queries more."""
    rows = list(articles)
    bylines = Byline.objects.select_related("author").order_by("sort_order")
    prefetch_related_objects(rows, Prefetch("bylines", bylines), Prefetch("topics", Topic.objects.order_by("name")))
    return rows


def cards_of(articles: list[Article], shelf: Shelf | None = None) -> list[Card]:
    """The cards of loaded articles, in one query more (none, with a ``shelf`` that holds their pictures)."""
    shelf = shelf or Shelf(article.picture for article in articles)
    return [card(article, shelf) for article in articles]


def card(article: Article, shelf: Shelf | None = None) -> Card:
    """The card of one loaded article."""
    shelf = shelf or Shelf([article.picture])
    return Card(
        id=article.pk,
        path=article.path_on_site,
        title=article.title,
        standfirst=article.standfirst,
        format=article.format,
        access=article.access,
        dated=article.dated,
        date_precision=article.date_precision,
        authors=links(article.author_list),
        topics=links(article.topics.all()),
        picture=shelf.picture(article.picture, article.picture_alt),
    )


def links(things: Iterable[Author | Topic]) -> tuple[Link, ...]:
    """Authors or topics as links to their pages."""
    return tuple(Link(thing.name, thing.get_absolute_url()) for thing in things)


# --- paging by date: no page is slower than the first, and none shifts when something new is published


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its articles, and the mark at which the next one begins (empty on the last)."""

    articles: list[Article]
    older: str


def page_of(articles: QuerySet[Article], *, before: str, size: int) -> Page:
    """The first ``size`` of ``articles`` older than the mark ``before`` (all, when empty or no mark of ours)."""
    after = read_mark(before)
    if after:
        moment, number = after
        articles = articles.filter(Q(dated__lt=moment) | Q(dated=moment, pk__lt=number), dated__lte=moment)
    rows = list(articles.select_related("picture")[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    return Page(load(rows), mark(rows[-1]) if more else "")


def mark(article: Article) -> str:
    """Where a list stands after ``article``."""
    dated = article.dated.astimezone(UTC) if article.dated else None
    # not strftime: it writes years before 1000 without zeros on some systems
    return f"{dated.isoformat(timespec='microseconds')[:26]}.{article.pk}" if dated else ""


def read_mark(text: str) -> tuple[datetime, int] | None:
    """The moment and number ``mark`` wrote, or None for anything else."""
    moment, _, number = text.rpartition(".")
    if not number.isascii() or not number.isdecimal() or len(number) > 18:
        return None
    try:
        return datetime.fromisoformat(moment).replace(tzinfo=UTC), int(number)
    except ValueError:
        return None


# --- more like this


def related(article: Article, count: int, now: datetime) -> list[Article]:
    """Articles near ``article`` by topic, author and time, nearest first; one query, and never the article itself."""
    through = Article.topics.through.objects
    shown = {"article__live": True, "article__dated__lte": now}
    by_topic = through.filter(topic__in=through.filter(article=article.pk).values("topic"), **shown)
    by_author = Byline.objects.filter(author__in=Byline.objects.filter(article=article.pk).values("author"), **shown)
    pool = (
        Q(pk__in=by_topic.order_by("-article__dated").values("article")[:24])
        | Q(pk__in=by_author.order_by("-article__dated").values("article")[:12])
        | Q(pk__in=listed(now).filter(dated__lt=article.dated or now).values("pk")[:count])
        | Q(pk__in=listed(now).values("pk")[: count + 1])
    )
    return list(live().filter(pool).exclude(pk=article.pk).select_related("picture"))


def nearest(article: Article, others: list[Article], count: int) -> list[Article]:
    """The ``count`` of ``others`` (loaded) that share most with ``article``; among equals the ones nearest in time."""
    topics = {topic.pk for topic in article.topics.all()}
    authors = {author.pk for author in article.author_list}

    def distance(other: Article) -> tuple[int, float]:
        shared = 2 * len(topics & {topic.pk for topic in other.topics.all()})
        shared += len(authors & {author.pk for author in other.author_list})
        apart = abs((other.dated - article.dated).total_seconds()) if other.dated and article.dated else 0.0
        return -shared, apart

    return sorted(others, key=distance)[:count]
