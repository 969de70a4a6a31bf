"""What is written about a topic, or about two of them: the newest, by year, by whom, and with which other topics.

By hand, since these look through thousands of articles to show a dozen. All of it goes by what lists show: published articles
that have reached their date.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from masthead.articles import cards, rows
from masthead.articles.models import Article

SAMPLE = 400  # of a topic with thousands of articles, those tagged last say who writes on it now, and with what it goes together
LARGE = 2_000
UNDATED = Article.Precision.NONE.value  # its date says only where it stands in a list, and nothing of when it was written

_LISTED = """JOIN articles_article a ON a.page_ptr_id = t.article_id
  JOIN wagtailcore_page p ON p.id = t.article_id WHERE p.live AND a.dated <= %(now)s"""


@dataclass(frozen=True, slots=True)
class Subject:
    """One topic, or two that articles have together (by number); ``large`` where so many do that they are sought by date."""

    topics: tuple[int, ...]
    large: bool


@dataclass(frozen=True, slots=True)
class Newest:
    """Articles by number, newest first, and the mark at which the next page begins (empty on the last)."""

    numbers: tuple[int, ...]
    older: str


@dataclass(frozen=True, slots=True)
class Dates:
    """How many articles are dated in each year that has any, oldest first; and how many bear no date that is shown."""

    years: dict[int, int]
    undated: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """An author or a topic, and how many of the articles looked at are theirs."""

    number: int
    name: str
    slug: str
    kind: str  # a topic's; empty for an author
    count: int


@dataclass(frozen=True, slots=True)
class Company:
    """Who writes on a topic, and which topics its articles have besides; most first."""

    authors: tuple[Counted, ...]
    topics: tuple[Counted, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two topics (by number) and how many articles have both."""

    first: int
    second: int
    count: int


def subject(*topics: int) -> Subject:
    """What the functions below are asked about. One small query, for SQLite alone.

    SQLite cannot know how many articles a topic has. Of few, it is quickest to look at each and sort them; of thousands, to go
    through all articles by date, which the index holds, and to ask of each whether it is one: an article's own row holds its
    whole text before its date. PostgreSQL chooses for itself.
    """
    if connection.vendor == "postgresql":
        return Subject(topics, large=False)
    few = f"(SELECT COUNT(*) FROM (SELECT 1 FROM articles_article_topics WHERE topic_id = %s LIMIT {LARGE}))"  # noqa: S608
    sizes = _rows(f"SELECT {', '.join([few] * len(topics))}", topics)[0]
    ordered = sorted(zip(sizes, topics, strict=True))  # the smaller one first: it is gone through, the other only asked
    return Subject(tuple(topic for _, topic in ordered), large=ordered[0][0] >= LARGE)


def _source(about: Subject) -> str:
    """Its listed articles ``a``, ready for further conditions."""
    also = " AND u.topic_id = %(other)s"
    if about.large:  # CROSS is SQLite's way of being told an order
        other = f"CROSS JOIN articles_article_topics u ON u.article_id = a.page_ptr_id{also}" if about.topics[1:] else ""
        return (
            "FROM articles_article a CROSS JOIN articles_article_topics t ON t.article_id = a.page_ptr_id "
            f"AND t.topic_id = %(topic)s {other} JOIN wagtailcore_page p ON p.id = a.page_ptr_id "
            "WHERE p.live AND a.dated <= %(now)s"
        )
    other = f"JOIN articles_article_topics u ON u.article_id = t.article_id{also}" if about.topics[1:] else ""
    return f"FROM articles_article_topics t {other} {_LISTED} AND t.topic_id = %(topic)s"


def _values(about: Subject, now: datetime) -> dict[str, Any]:
    return {"topic": about.topics[0], "other": about.topics[-1], "now": _moment(now)}


def _moment(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


# --- the articles themselves


def newest(
    about: Subject, now: datetime, size: int, *, before: str = "", within: tuple[datetime, datetime] | None = None
) -> Newest:
    """The first ``size`` articles older than the mark ``before``; only those dated ``within`` two moments. One query."""
    source, values = _source(about), _values(about, now)
    if after := cards.read_mark(before):
        source += " AND a.dated <= %(moment)s AND (a.dated < %(moment)s OR a.page_ptr_id < %(number)s)"
        values |= {"moment": _moment(after[0]), "number": after[1]}
    if within:
        source += f" AND a.dated >= %(from)s AND a.dated < %(to)s AND a.date_precision <> '{UNDATED}'"
        values |= {"from": _moment(within[0]), "to": _moment(within[1])}
        if about.large:
            # whose index has the precision, too: in the row it stands behind the text, and all that year is asked
            source = source.replace("articles_article a CROSS", "articles_article a INDEXED BY article_archive CROSS", 1)
    sql = f"SELECT a.page_ptr_id, a.dated {source} ORDER BY a.dated DESC, a.page_ptr_id DESC LIMIT {size + 1}"
    found = _rows(sql, values)
    last = found[size - 1] if len(found) > size else None
    return Newest(tuple(number for number, _ in found[:size]), cards.mark_of(rows.moment(last[1]), last[0]) if last else "")


def is_any(about: Subject, now: datetime) -> bool:
    """Whether there is any article. One query."""
    return bool(_rows(f"SELECT 1 {_source(about)} LIMIT 1", _values(about, now)))


# --- by year


def dates(about: Subject, zone: ZoneInfo, now: datetime) -> Dates:
    """How many articles are dated in each year of ``zone``. One query."""
    source, values = _source(about), _values(about, now)
    if connection.vendor == "postgresql":
        values["zone"] = zone.key
        part = "CAST(EXTRACT(YEAR FROM a.dated AT TIME ZONE %(zone)s) AS text)"
    else:
        # SQLite keeps UTC as text and knows no zones: only around New Year does the local year need the minute
        turn = "substr(a.dated, 6, 5) IN ('12-31', '01-01')"
        part = f"CASE WHEN {turn} THEN substr(a.dated, 1, 16) ELSE substr(a.dated, 1, 4) END"
    part = f"CASE WHEN a.date_precision = '{UNDATED}' THEN '' ELSE {part} END"
    counts: dict[int, int] = {}
    undated = 0
    for text, count in _rows(f"SELECT {part}, COUNT(*) {source} GROUP BY 1", values):
        if not text:
            undated = count
            continue
        year = int(text) if len(text) <= 4 else _local_year(datetime.fromisoformat(text).replace(tzinfo=UTC), zone)
        counts[year] = counts.get(year, 0) + count
    return Dates(dict(sorted(counts.items())), undated)


def years(about: Subject, zone: ZoneInfo, now: datetime) -> dict[int, int]:
    """How many articles are dated in each year of ``zone`` that has any, oldest first. One query."""
    return dates(about, zone, now).years


def _local_year(moment: datetime, zone: ZoneInfo) -> int:
    try:
        return moment.astimezone(zone).year
    except OverflowError:  # the first and the last day there is
        return moment.year


def bounds(year: int, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """When ``year`` begins in ``zone``, and the next one; None for a year no calendar has."""
    try:
        return datetime(year, 1, 1, tzinfo=zone).astimezone(UTC), datetime(year + 1, 1, 1, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# --- by whom, and with what

_COMPANY = f"""
WITH latest AS (
  SELECT t.article_id AS id FROM (
    SELECT article_id, id FROM articles_article_topics WHERE topic_id = %(topic)s ORDER BY id DESC LIMIT {SAMPLE}
  ) AS t {_LISTED}
), writers AS (
  SELECT b.author_id AS id, COUNT(*) AS n FROM latest JOIN articles_byline b ON b.article_id = latest.id
  GROUP BY b.author_id ORDER BY n DESC, b.author_id LIMIT %(authors)s
), beside AS (
  SELECT o.topic_id AS id, COUNT(*) AS n FROM latest JOIN articles_article_topics o ON o.article_id = latest.id
  WHERE o.topic_id <> %(topic)s GROUP BY o.topic_id ORDER BY n DESC, o.topic_id LIMIT %(topics)s
)
SELECT 'author' AS what, x.id, x.name, x.slug, '' AS kind, writers.n FROM writers JOIN articles_author x ON x.id = writers.id
UNION ALL
SELECT 'topic', y.id, y.name, y.slug, y.kind, beside.n FROM beside JOIN articles_topic y ON y.id = beside.id
"""  # noqa: S608 - constants only


def company(topic: int, now: datetime, *, authors: int, topics: int) -> Company:
    """At most ``authors`` who write on ``topic``, and ``topics`` it goes together with, by its latest articles. One query."""
    found: dict[str, list[Counted]] = {"author": [], "topic": []}
    values = {"topic": topic, "authors": authors, "topics": topics, "now": _moment(now)}
    for what, number, name, slug, kind, count in _rows(_COMPANY, values):
        found[what].append(Counted(number, name, slug, kind, count))
    for those in found.values():
        those.sort(key=lambda row: (-row.count, row.name))
    return Company(tuple(found["author"]), tuple(found["topic"]))


# --- pairs


def pairs_among(topics: Collection[int], now: datetime) -> list[Pair]:
    """Every two of ``topics`` that articles have together, most first. One query; mind how many topics are given."""
    wanted = sorted(topics)
    if len(wanted) < 2:
        return []
    some = ", ".join(str(int(number)) for number in wanted)
    return _pairs(f"AND t.topic_id IN ({some}) AND u.topic_id IN ({some})", len(wanted) ** 2, 1, now)


def pairs_of_kinds(kinds: Sequence[str], least: int, most: int, now: datetime) -> list[Pair]:
    """The ``most`` pairs of topics of ``kinds`` that at least ``least`` articles have together. Reads the whole archive."""
    named = ", ".join(f"'{kind}'" for kind in kinds if kind.isalpha())
    of_kind = f"(SELECT id FROM articles_topic WHERE kind IN ({named}))"  # noqa: S608 - names of kinds
    return _pairs(f"AND t.topic_id IN {of_kind} AND u.topic_id IN {of_kind}", most, least, now)


def _pairs(which: str, most: int, least: int, now: datetime) -> list[Pair]:
    sql = f"""
    SELECT t.topic_id, u.topic_id, COUNT(*) AS n FROM articles_article_topics t
    JOIN articles_article_topics u ON u.article_id = t.article_id AND u.topic_id > t.topic_id
    {_LISTED} {which} GROUP BY t.topic_id, u.topic_id HAVING COUNT(*) >= %(least)s
    ORDER BY n DESC, t.topic_id, u.topic_id LIMIT %(most)s
    """  # noqa: S608 - numbers and names of kinds
    return [Pair(*row) for row in _rows(sql, {"least": least, "most": most, "now": _moment(now)})]


def _rows(sql: str, values: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()
