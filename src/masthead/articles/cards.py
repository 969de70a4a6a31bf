"""Cards: what a list shows of an article. They never load the body, nor anything about this reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, prefetch_related_objects

from masthead.articles import rows
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


def by_numbers(numbers: Sequence[int], now: datetime) -> list[Card]:
    """The cards of those articles of ``numbers`` that lists show at ``now``, in order. Three queries at most, for a page's worth.

    The quick way, without a model: whatever knows its articles by number makes its cards here.
    """
    found = rows.cards(numbers)
    chosen = [found[number] for number in dict.fromkeys(numbers) if number in found and found[number].is_listed(now)]
    shelf = Shelf(row.picture for row in chosen)
    return of_rows(chosen, rows.names(row.id for row in chosen), shelf)


def of_rows(chosen: Iterable[rows.CardRow], names: Mapping[int, rows.Names], shelf: Shelf) -> list[Card]:
    """The cards of rows, with their ``names`` and a ``shelf`` that holds their pictures. No query."""
    return [_of_row(row, names.get(row.id, rows.NOBODY), shelf) for row in chosen]


def _of_row(row: rows.CardRow, names: rows.Names, shelf: Shelf) -> Card:
    return Card(
        id=row.id,
        path=row.path_on_site,
        title=row.title,
        standfirst=row.standfirst,
        format=row.format,
        access=row.access,
        dated=row.dated,
        date_precision=row.date_precision,
        authors=author_links(names),
        topics=topic_links(names),
        picture=shelf.picture(row.picture, row.picture_alt),
    )


def author_links(names: rows.Names) -> tuple[Link, ...]:
    """Those who wrote it, as links to their pages (as ``Author.get_absolute_url`` has them)."""
    return tuple(Link(name, f"/authors/{slug}/") for name, slug in names.authors)


def topic_links(names: rows.Names) -> tuple[Link, ...]:
    """What it is about, as links (as ``Topic.get_absolute_url`` has them)."""
    return tuple(Link(name, f"/topics/{slug}/") for name, slug in names.topics)


# --- from models, where a query chooses


def live() -> QuerySet[Article]:
    """Published articles, newest first, without their bodies."""
    return Article.objects.live().defer("body").order_by("-dated", "-pk")


def listed(now: datetime) -> QuerySet[Article]:
    """What lists show at ``now``: :func:`live`, without articles dated later."""
    return live().filter(dated__lte=now)


def named_authors() -> QuerySet[Author]:
    """The authors that pages may name: of something published, and those the publication presents. Who writes a draft is nobody's
    business yet.
    """
    published = Byline.objects.filter(author=OuterRef("pk"), article__live=True)
    return Author.objects.filter(Exists(published) | ~Q(role=""))


def cards(articles: QuerySet[Article]) -> list[Card]:
    """The cards of ``articles`` (a sliced queryset is fine) in four queries, however many there are."""
    return cards_of(load(articles.defer("body").select_related("picture")))


def load(articles: Iterable[Article]) -> list[Article]:
    """``articles`` with authors and topics, in two queries more."""
    rows = list(articles)
    named = ("sort_order", "article", "author__name", "author__slug")
    bylines = Byline.objects.select_related("author").only(*named).order_by("sort_order")
    topics = Topic.objects.only("name", "slug", "kind").order_by("name")
    prefetch_related_objects(rows, Prefetch("bylines", bylines), Prefetch("topics", topics))
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
    return mark_of(article.dated, article.pk) if article.dated else ""


def mark_of(dated: datetime, number: int) -> str:
    """Where a list stands after the article of this date and number."""
    # not strftime: it writes years before 1000 without zeros on some systems
    return f"{dated.astimezone(UTC).isoformat(timespec='microseconds')[:26]}.{number}"


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


# By hand: of some forty candidates three numbers each are wanted, and building this query through the ORM takes longer than
# answering it. The inner SELECTs are there for their LIMITs, which SQLite takes nowhere else in a UNION. Of a topic with
# thousands of articles only those tagged last are looked at: sorting all by date would cost every cold article milliseconds.
_CANDIDATES = """
WITH own_topics AS (SELECT topic_id FROM articles_article_topics WHERE article_id = %(me)s),
own_authors AS (SELECT author_id FROM articles_byline WHERE article_id = %(me)s),
pool AS (
  SELECT id FROM (
    SELECT t.article_id AS id FROM (
      SELECT article_id FROM articles_article_topics
      WHERE topic_id IN (SELECT topic_id FROM own_topics)
      ORDER BY id DESC LIMIT 120) AS t
    JOIN articles_article a ON a.page_ptr_id = t.article_id JOIN wagtailcore_page p ON p.id = t.article_id
    WHERE p.live AND a.dated <= %(now)s ORDER BY a.dated DESC LIMIT 24) AS by_topic
  UNION SELECT id FROM (
    SELECT b.article_id AS id FROM (
      SELECT article_id FROM articles_byline
      WHERE author_id IN (SELECT author_id FROM own_authors)
      ORDER BY id DESC LIMIT 60) AS b
    JOIN articles_article a ON a.page_ptr_id = b.article_id JOIN wagtailcore_page p ON p.id = b.article_id
    WHERE p.live AND a.dated <= %(now)s ORDER BY a.dated DESC LIMIT 12) AS by_author
  UNION SELECT id FROM (
    SELECT a.page_ptr_id AS id FROM articles_article a JOIN wagtailcore_page p ON p.id = a.page_ptr_id
    WHERE p.live AND a.dated < %(dated)s AND a.dated <= %(now)s ORDER BY a.dated DESC LIMIT %(count)s) AS just_before
  UNION SELECT id FROM (
    SELECT a.page_ptr_id AS id FROM articles_article a JOIN wagtailcore_page p ON p.id = a.page_ptr_id
    WHERE p.live AND a.dated <= %(now)s ORDER BY a.dated DESC LIMIT %(count)s + 1) AS newest
)
SELECT a.page_ptr_id, a.dated,
  2 * (SELECT COUNT(*) FROM articles_article_topics t
       WHERE t.article_id = a.page_ptr_id AND t.topic_id IN (SELECT topic_id FROM own_topics))
  + (SELECT COUNT(*) FROM articles_byline b
     WHERE b.article_id = a.page_ptr_id AND b.author_id IN (SELECT author_id FROM own_authors))
FROM pool JOIN articles_article a ON a.page_ptr_id = pool.id WHERE a.page_ptr_id <> %(me)s
"""


def nearest(article: Article | rows.ArticleRow, count: int, now: datetime) -> list[int]:
    """The numbers of the ``count`` listed articles that share most topics and authors with ``article``, most first.

    Among equals those nearest in time. One query.
    """
    adapt = connection.ops.adapt_datetimefield_value
    numbers = {"me": article.id, "count": count, "now": adapt(now), "dated": adapt(article.dated or now)}
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, numbers)
        candidates = cursor.fetchall()

    def distance(candidate: tuple[int, datetime | str, int]) -> tuple[int, timedelta, int]:
        number, dated, shared = candidate
        return -shared, abs(rows.moment(dated) - article.dated) if article.dated else timedelta(), number

    return [number for number, *_ in sorted(candidates, key=distance)[:count]]
