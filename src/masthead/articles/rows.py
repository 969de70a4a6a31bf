"""Articles as reader pages ask for them: by hand-written SQL, in plain rows. What comes out is what the models would say.

A page made for the first time waits for nothing but this and the templates; building its queries and a model for every row
took longer than all the rest. Nothing here ever reads a body; who shows a rendering's rest has asked ``decide()``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import connection

from masthead.articles.models import Article
from masthead.articles.pictures import ORIGINAL, Original
from masthead.articles.rendering import Rendered

MOST_AT_ONCE = 500  # numbers in one query

Name = tuple[str, str]  # (name, slug)


class Names(NamedTuple):
    """Who wrote an article, in order, and what it is about, by name."""

    authors: tuple[Name, ...]
    topics: tuple[Name, ...]


NOBODY = Names((), ())


@dataclass(frozen=True, slots=True)
class CardRow:
    """A live article as a card needs it, whatever its date."""

    id: int
    slug: str
    title: str
    standfirst: str
    format: str
    access: str
    dated: datetime | None
    date_precision: str
    picture_alt: str
    picture: Original | None

    @property
    def path_on_site(self) -> str:
        """Where its page stands."""
        return f"/articles/{self.slug}/"

    def is_listed(self, now: datetime) -> bool:
        """Whether lists show it at ``now``."""
        return self.dated is not None and self.dated <= now


@dataclass(frozen=True, slots=True)
class ArticleRow(CardRow):
    """A live article as its own page needs it. ``more`` are the stored numbers of articles to go on to, best first."""

    seo_title: str
    search_description: str
    published: datetime | None
    caption: str
    credit: str
    source: str
    source_url: str
    licence: str
    rendering: Rendered
    words: int
    more: tuple[int, ...]

    @property
    def format_name(self) -> str:
        """Its format as readers see it."""
        return _FORMATS.get(self.format, self.format)


def of_draft(article: Article, rendering: Rendered) -> tuple[ArticleRow, Names]:
    """``article`` as it stands in memory, with what its body renders as, in the form of a stored one."""
    row = ArticleRow(
        article.pk or 0,
        article.slug,
        article.title,
        article.standfirst,
        article.format,
        article.access,
        article.dated,
        article.date_precision,
        article.picture_alt,
        Original.of(article.picture) if article.picture else None,
        article.seo_title,
        article.search_description,
        article.last_published_at,
        article.picture_caption,
        article.picture_credit,
        article.source,
        article.source_url,
        article.licence,
        rendering,
        rendering.words,
        more=(),
    )
    authors = tuple((author.name, author.slug) for author in article.author_list)
    return row, Names(authors, tuple((topic.name, topic.slug) for topic in article.topics.all()))


_FORMATS: dict[str, str] = dict(Article.Format.choices)

_ON_A_CARD = f"""a.page_ptr_id, p.slug, p.title, a.standfirst, a.format, a.access, a.dated, a.date_precision, a.picture_alt,
  {", ".join(f"i.{column}" for column in ORIGINAL)}"""
_SOURCE = """FROM articles_article a JOIN wagtailcore_page p ON p.id = a.page_ptr_id
LEFT JOIN wagtailimages_image i ON i.id = a.picture_id"""
_COLUMNS = 9 + len(ORIGINAL)

_CARDS = f"SELECT {_ON_A_CARD} {_SOURCE} WHERE p.live AND a.page_ptr_id IN"

_PAGE = f"""
SELECT {_ON_A_CARD}, p.seo_title, p.search_description, p.last_published_at, a.picture_caption, a.picture_credit,
  a.source, a.source_url, a.licence, r.blocks, r.gate, r.words, m.numbers
{_SOURCE}
LEFT JOIN articles_rendering r ON r.article_id = a.page_ptr_id
LEFT JOIN articles_morefrom m ON m.article_id = a.page_ptr_id
WHERE p.live AND p.slug = %s LIMIT 1"""

_NAMES = """
SELECT b.article_id, 0 AS kind, b.sort_order AS place, '' AS called, u.name, u.slug
FROM articles_byline b JOIN articles_author u ON u.id = b.author_id WHERE b.article_id IN {marks}
UNION ALL
SELECT x.article_id, 1, 0, t.name, t.name, t.slug
FROM articles_article_topics x JOIN articles_topic t ON t.id = x.topic_id WHERE x.article_id IN {marks}
ORDER BY kind, place, called"""


_RENDERINGS = "SELECT article_id, blocks, gate FROM articles_rendering WHERE article_id IN {marks}"


def find(slug: str) -> ArticleRow | None:
    """The live article of ``slug`` with its rendering, in one query; None for none."""
    with connection.cursor() as cursor:
        cursor.execute(_PAGE, [slug])
        row = cursor.fetchone()
    if row is None:
        return None
    seo, description, published, caption, credit, source, source_url, licence, blocks, gate, words, more = row[_COLUMNS:]
    return ArticleRow(
        *_card_fields(row),
        seo,
        description,
        moment(published) if published else None,
        caption,
        credit,
        source,
        source_url,
        licence,
        # an article without a rendering was never published through the newsroom: show nothing rather than fail
        rendering=_rendered(blocks, gate),
        words=words or 0,
        more=tuple(_read(more)),
    )


def cards(numbers: Iterable[int]) -> dict[int, CardRow]:
    """The live articles of ``numbers``, whatever their dates, by number. One query for up to 500."""
    return {row[0]: CardRow(*_card_fields(row)) for row in _of_each(f"{_CARDS} {{marks}}", numbers)}


def names(numbers: Iterable[int]) -> dict[int, Names]:
    """Authors and topics of each of ``numbers`` that has any. One query for up to 500."""
    found: dict[int, tuple[list[Name], list[Name]]] = {}
    for article, kind, _, _, name, slug in _of_each(_NAMES, numbers, times=2):
        found.setdefault(article, ([], []))[kind].append((name, slug))
    return {article: Names(tuple(authors), tuple(topics)) for article, (authors, topics) in found.items()}


def renderings(numbers: Iterable[int]) -> dict[int, Rendered]:
    """What each of ``numbers`` that was published renders as. One query for up to 500."""
    return {article: _rendered(blocks, gate) for article, blocks, gate in _of_each(_RENDERINGS, numbers)}


def _of_each(query: str, numbers: Iterable[int], times: int = 1) -> list[tuple[Any, ...]]:
    """The rows of ``query``, in which ``{marks}`` stands ``times`` for the numbers."""
    wanted, rows = list(dict.fromkeys(numbers)), []
    with connection.cursor() as cursor:
        for start in range(0, len(wanted), MOST_AT_ONCE):
            some = wanted[start : start + MOST_AT_ONCE]
            cursor.execute(query.format(marks=f"({', '.join(['%s'] * len(some))})"), some * times)
            rows += cursor.fetchall()
    return rows


def _card_fields(row: Sequence[Any]) -> tuple[Any, ...]:
    """The values of a :class:`CardRow`, from the columns of ``_ON_A_CARD``."""
    picture = Original(*row[9:_COLUMNS]) if row[9] is not None else None
    return (*row[:6], moment(row[6]) if row[6] else None, *row[7:9], picture)


def moment(value: datetime | str) -> datetime:
    """A date as the database's driver gives it: SQLite keeps UTC and does not say so, and after a UNION gives its text."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _rendered(blocks: Any, gate: int | None) -> Rendered:
    return Rendered(tuple((kind, html) for kind, html in _read(blocks)), gate)


def _read(value: Any) -> Any:
    """A list kept as JSON; an empty one where there is none."""
    return (json.loads(value) if isinstance(value, str) else value) or ()
