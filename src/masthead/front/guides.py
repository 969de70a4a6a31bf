"""Topics as living guides: a topic's page, a country's, an alliance's, and the page of two and each other.

Like everything in ``content``: frozen, in a bounded number of queries, and dependent on the path, the database and the minute
alone. What is most opened is remembered for some minutes; it says nothing of anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.http import Http404

from masthead.articles import cards, coverage, teaser
from masthead.articles.addresses import pair as pair_path
from masthead.articles.cards import Card, Link
from masthead.articles.coverage import Dates, Subject
from masthead.articles.models import Article, Milestone, Relation, Topic
from masthead.core import changelog, clock
from masthead.core.remembered import Remembered
from masthead.front import timeline
from masthead.front.around import PAIRED, PAIRS, Named, PairLink, look_around, pair, pairs_of
from masthead.front.content.lists import LIST_ARTICLES, ListPage
from masthead.front.content.publication import PublicationFacts
from masthead.front.country import Profile, locator, profile
from masthead.front.pairs import in_sentence, pair_name
from masthead.front.timeline import Stretch, Timeline
from masthead.insights import reports
from masthead.library import world
from masthead.library.query import Order, Request

NEWEST = 12
OPENED, OPENED_OF_ALL = 5, 400
OPENED_WITHIN = timedelta(days=30)
OPENED_FOR = timedelta(minutes=5)
AUTHORS, RELATED, BESIDE = 6, 10, 40
FEW, LAST = 4, 3  # articles on two below which each one's last so many stand with them
IN_SITEMAP, FEWEST_IN_SITEMAP = 5_000, 3


# --- the parts


@dataclass(frozen=True, slots=True)
class Year:
    """A year, how many articles, and where they are listed."""

    year: int
    count: int
    path: str


@dataclass(frozen=True, slots=True)
class Dated:
    """Something that happened, when (as exactly as ``precision`` says), and the article on it."""

    date: date
    precision: str
    text: str
    article: Link | None


@dataclass(frozen=True, slots=True)
class Beside:
    """What was written last on one of two alone."""

    topic: Link
    cards: tuple[Card, ...]


# --- the pages


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicPage(ListPage):
    """A topic's own page, with everything we know of it; older articles are plain :class:`ListPage` pages."""

    template: ClassVar[str] = "front/topic.html"

    slug_of_topic: str  # for the library's address; not ``slug``, which is an article's wherever a page has one
    spoken: str  # its name within a sentence
    topic_kind: str
    paragraphs: tuple[str, ...] = ()
    profile: Profile | None = None
    map: str = ""  # safe
    key: tuple[Card, ...] = ()
    opened: tuple[Card, ...] = ()
    writers: tuple[Link, ...] = ()
    related: tuple[Link, ...] = ()
    neighbours: tuple[Link, ...] = ()
    groups: tuple[Link, ...] = ()
    members: tuple[Link, ...] = ()
    pairs: tuple[PairLink, ...] = ()
    timeline: Timeline | None = None
    years: tuple[Year, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationPage(ListPage):
    """Two and each other: what is written on both, when, and what the editors say happened."""

    template: ClassVar[str] = "front/relation.html"

    first: Link
    second: Link
    paragraphs: tuple[str, ...] = ()
    map: str = ""  # safe
    milestones: tuple[Dated, ...] = ()
    search: str = ""  # the library's results for both names
    beside: tuple[Beside, ...] = ()  # where little is written on both
    pairs: tuple[PairLink, ...] = ()  # what else the editors tell of either
    groups: tuple[Link, ...] = ()
    timeline: Timeline | None = None
    years: tuple[Year, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class YearPage(ListPage):
    """The articles of one year on a topic, or on two."""

    template: ClassVar[str] = "front/year.html"

    whole: Link  # the page it is a part of
    year: int
    count: int
    earlier: Link | None = None
    later: Link | None = None


# --- a topic


def topic(slug: str, before: str, publication: PublicationFacts, now: datetime) -> ListPage:
    """The page of one topic; with a mark in ``before``, a page of its older articles. Raises 404 for none."""
    row = Topic.objects.filter(slug=slug).first()
    if row is None:
        raise Http404("No topic is called that.")
    about = coverage.subject(row.pk)
    if cards.read_mark(before):
        return _older(about, row.name, row.get_absolute_url(), _TOPICS, before, now)
    return _guide(row, about, publication, now)


def _guide(row: Topic, about: Subject, publication: PublicationFacts, now: datetime) -> TopicPage:
    country = world.country(row.code) if row.kind == Topic.Kind.COUNTRY and row.code else None
    near = look_around(row.pk, country.neighbours if country else ())
    key = near.key
    opened = [number for number in _opened.get().get(row.pk, ()) if number not in key][:OPENED]
    page = coverage.newest(about, now, NEWEST)
    ready = {card.id: card for card in cards.by_numbers([*page.numbers, *key, *opened], now)}
    pinned = [ready[number] for number in key if number in ready]
    shown = [ready[number] for number in page.numbers if number in ready and number not in key]
    if pinned and not shown and {card.id for card in pinned} <= {*page.numbers}:
        # there is nothing else: then they are simply its articles
        pinned, shown = [], [ready[number] for number in page.numbers if number in ready]
    dates = coverage.dates(about, ZoneInfo(publication.timezone), now)
    company = coverage.company(row.pk, now, authors=AUTHORS, topics=BESIDE)
    pairs = pairs_of(Named.of(row), near, company.topics, now)
    linked = {pair.path for pair in pairs} | {pair_path(row.slug, each.slug) for each in (*near.members, *near.groups)}
    path = row.get_absolute_url()
    return TopicPage(
        title=row.name,
        description=teaser.summary("", row.introduction) or f"Articles on {row.name}.",
        canonical=path,
        crumbs=(*_TOPICS, Link(row.name, path)),
        feed=f"{path}feed.rss",
        kind="topic",
        name=row.name,
        path=path,
        followed=row.slug,
        introduction=row.introduction,
        cards=tuple(shown),
        older=f"{path}?before={page.older}" if page.older else "",
        slug_of_topic=row.slug,
        spoken=in_sentence(row.name),
        subjects=(path,),
        topic_kind=row.kind,
        paragraphs=_paragraphs(row.introduction),
        profile=profile(country) if country else None,
        map=locator((country.code,) if country else near.codes),
        key=tuple(pinned),
        opened=tuple(ready[number] for number in opened if number in ready),
        writers=tuple(Link(author.name, f"/authors/{author.slug}/") for author in company.authors),
        related=tuple(
            Link(other.name, f"/topics/{other.slug}/")
            for other in company.topics
            if pair_path(row.slug, other.slug) not in linked
        )[:RELATED],
        neighbours=_links(near.neighbours),
        groups=_links(near.groups),
        members=_links(near.members),
        pairs=pairs,
        timeline=_timeline(dates, path, row.slug),
        years=_years(dates, path),
    )


def _older(about: Subject, name: str, path: str, crumbs: tuple[Link, ...], before: str, now: datetime) -> ListPage:
    """Older articles on ``about``, whose page is at ``path``."""
    page = coverage.newest(about, now, LIST_ARTICLES, before=before)
    return ListPage(
        title=f"{name}: older articles",
        description=f"Articles on {name}.",
        canonical=f"{path}?before={before}",
        crumbs=(*crumbs, Link(name, path)),
        feed=f"{path}feed.rss",
        kind="topic",
        name=name,
        path=path,
        cards=tuple(cards.by_numbers(page.numbers, now)),
        subjects=(path,),
        older=f"{path}?before={page.older}" if page.older else "",
        later_page=True,
    )


_TOPICS = (Link("Home", "/"), Link("Topics", "/topics/"))


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(r"(?:\r?\n[ \t]*){2,}", text) if part.strip())


def _links(some: Iterable[Named]) -> tuple[Link, ...]:
    return tuple(each.link for each in some)


def _years(dates: Dates, path: str) -> tuple[Year, ...]:
    if len(dates.years) < 2:
        return ()  # the page itself lists that year
    return tuple(Year(year, count, f"{path}{year:04}/") for year, count in reversed(dates.years.items()))


def _timeline(dates: Dates, path: str, *slugs: str) -> Timeline | None:
    """Bars that lead to their year's page, or to the library's results for a decade."""

    def address(stretch: Stretch) -> str:
        if not stretch.name.endswith("s"):
            return f"{path}{stretch.first:04}/"
        text = f"after:{max(1, stretch.first)} before:{stretch.first + 10}"
        return f"/library/?{Request(text, topic=slugs).query_string(order=Order.NEWEST)}"

    return timeline.draw(dates.years, address, undated=dates.undated)


def _load_opened() -> dict[int, list[int]]:
    """Of each topic the articles most opened lately, most first: two queries for all topics."""
    numbers = reports.most_opened(clock.now() - OPENED_WITHIN, OPENED_OF_ALL)
    tagged: dict[int, list[int]] = {}
    for article, of in Article.topics.through.objects.filter(article__in=numbers).values_list("article", "topic"):
        tagged.setdefault(article, []).append(of)
    found: dict[int, list[int]] = {}
    for number in numbers:
        for of in tagged.get(number, ()):
            found.setdefault(of, []).append(number)
    return found


_opened = Remembered(_load_opened, changelog.LIST, seconds=OPENED_FOR.total_seconds())


# --- two and each other


@dataclass(frozen=True, slots=True)
class Two:
    """Two topics in the one order of their slugs, and what the editors tell of them (if they do)."""

    first: Topic
    second: Topic
    relation: Relation | None

    @property
    def name(self) -> str:
        """What their page is called."""
        return pair_name(self.first.name, self.second.name)

    @property
    def path(self) -> str:
        """Their page's address."""
        return pair_path(self.first.slug, self.second.slug)


def two(one: str, other: str) -> Two:
    """The two topics of these slugs. Raises 404 where there are none, or two that have no page whatever is written on them."""
    rows = {row.slug: row for row in Topic.objects.filter(slug__in={one, other})}
    if len(rows) != 2:
        raise Http404("No two topics are called that.")
    first, second = (rows[slug] for slug in sorted(rows))
    numbers = sorted((first.pk, second.pk))
    relation = Relation.objects.filter(first=numbers[0], second=numbers[1]).first()
    if relation is None and not (first.kind in PAIRED and second.kind in PAIRED):
        raise Http404("These two have no page together.")
    return Two(first, second, relation)


def exists(both: Two, now: datetime) -> bool:
    """Whether there is anything on ``both``: a relation told by the editors, or an article."""
    return both.relation is not None or coverage.is_any(coverage.subject(both.first.pk, both.second.pk), now)


def relation(both: Two, before: str, publication: PublicationFacts, now: datetime) -> ListPage:
    """The page of two; with a mark in ``before``, a page of its older articles. Raises 404 where nothing is written on both."""
    about = coverage.subject(both.first.pk, both.second.pk)
    path, name = both.path, both.name
    crumbs = (*_TOPICS, Link(both.first.name, both.first.get_absolute_url()))
    if cards.read_mark(before):
        return _older(about, name, path, crumbs, before, now)
    page = coverage.newest(about, now, NEWEST)
    if not page.numbers and both.relation is None:
        raise Http404("Nothing is written on both.")
    dates = coverage.dates(about, ZoneInfo(publication.timezone), now)
    groups = Topic.objects.filter(members=both.first).filter(members=both.second).order_by("name")
    introduction = both.relation.introduction if both.relation else ""
    codes = [row.code for row in (both.first, both.second) if row.kind == Topic.Kind.COUNTRY and row.code]
    return RelationPage(
        subjects=(both.first.get_absolute_url(), both.second.get_absolute_url()),
        title=name,
        description=teaser.summary("", introduction) or f"{name}: the articles on both, and when they were written.",
        canonical=path,
        crumbs=(*crumbs, Link(name, path)),
        feed=f"{path}feed.rss",
        kind="relation",
        name=name,
        path=path,
        introduction=introduction,
        cards=tuple(cards.by_numbers(page.numbers, now)),
        older=f"{path}?before={page.older}" if page.older else "",
        search=f"/library/?{Request(f'{both.first.name} {both.second.name}').query_string()}",
        beside=tuple(_beside(both, page.numbers, now)) if len(page.numbers) < FEW else (),
        pairs=_also_told(both),
        first=Link(both.first.name, both.first.get_absolute_url()),
        second=Link(both.second.name, both.second.get_absolute_url()),
        paragraphs=_paragraphs(introduction),
        map=locator(codes),
        milestones=tuple(_milestones(both.relation, now)) if both.relation else (),
        groups=cards.links(groups),
        timeline=_timeline(dates, path, both.first.slug, both.second.slug),
        years=_years(dates, path),
    )


def _beside(both: Two, shown: Sequence[int], now: datetime) -> Iterable[Beside]:
    """What was written last on each of ``both``, but for what is ``shown`` already."""
    for topic in (both.first, both.second):
        newest = coverage.newest(coverage.subject(topic.pk), now, LAST + len(shown)).numbers
        found = cards.by_numbers([number for number in newest if number not in shown][:LAST], now)
        if found:
            yield Beside(Link(topic.name, topic.get_absolute_url()), tuple(found))


def _also_told(both: Two) -> tuple[PairLink, ...]:
    """The other relations of either that the editors told. One query."""
    two = (both.first, both.second)
    rows = Relation.objects.filter(Q(first__in=two) | Q(second__in=two)).select_related("first", "second")[:BESIDE]
    pairs = {pair(Named.of(row.first), Named.of(row.second), told=True) for row in rows}
    return tuple(sorted((pair for pair in pairs if pair.path != both.path), key=lambda pair: pair.name)[:PAIRS])


def _milestones(told: Relation, now: datetime) -> Iterable[Dated]:
    rows = Milestone.objects.filter(relation=told).order_by("date", "sort_order", "pk")
    article = ("article__title", "article__slug", "article__live", "article__dated")
    for day, precision, text, title, slug, live, dated in rows.values_list("date", "date_precision", "text", *article):
        out = bool(live and dated and dated <= now)
        yield Dated(day, precision, text, Link(title, f"/articles/{slug}/") if out else None)


# --- a year


def topic_year(slug: str, year: int, before: str, publication: PublicationFacts, now: datetime) -> YearPage:
    """The articles of one year on a topic. Raises 404 where there are none."""
    row = Topic.objects.filter(slug=slug).first()
    if row is None:
        raise Http404("No topic is called that.")
    whole = Link(row.name, row.get_absolute_url())
    return _year(coverage.subject(row.pk), whole, _TOPICS, year, before, publication, now)


def relation_year(both: Two, year: int, before: str, publication: PublicationFacts, now: datetime) -> YearPage:
    """The articles of one year on both. Raises 404 where there are none."""
    crumbs = (*_TOPICS, Link(both.first.name, both.first.get_absolute_url()))
    whole = Link(both.name, both.path)
    return _year(coverage.subject(both.first.pk, both.second.pk), whole, crumbs, year, before, publication, now)


def _year(
    about: Subject,
    whole: Link,
    crumbs: tuple[Link, ...],
    year: int,
    before: str,
    publication: PublicationFacts,
    now: datetime,
) -> YearPage:
    zone = ZoneInfo(publication.timezone)
    counts = coverage.years(about, zone, now)
    within = coverage.bounds(year, zone)
    if year not in counts or within is None:
        raise Http404("Nothing is written on it in that year.")
    later = cards.read_mark(before) is not None
    page = coverage.newest(about, now, LIST_ARTICLES, before=before, within=within)
    path = f"{whole.path}{year:04}/"
    known = list(counts)
    place = known.index(year)
    beside = [Link(str(each), f"{whole.path}{each:04}/") for each in known]
    return YearPage(
        title=f"{whole.name} in {year}{': older articles' if later else ''}",
        description=f"{counts[year]:,} article{'' if counts[year] == 1 else 's'} on {whole.name}, dated {year}.",
        canonical=f"{path}?before={before}" if later else path,
        crumbs=(*crumbs, whole, Link(str(year), path)),
        feed="",
        kind="year",
        name=f"{whole.name} in {year}",
        path=path,
        cards=tuple(cards.by_numbers(page.numbers, now)),
        older=f"{path}?before={page.older}" if page.older else "",
        subjects=(whole.path,),
        later_page=later,
        whole=whole,
        year=year,
        count=counts[year],
        earlier=beside[place - 1] if place else None,
        later=beside[place + 1] if place + 1 < len(beside) else None,
    )


# --- for search engines


def pair_paths(now: datetime) -> list[str]:
    """The pages of two that are worth finding: those the editors told, those with several articles. Bounded; three queries."""
    told = Relation.objects.order_by("pk").values_list("first__slug", "second__slug")[:IN_SITEMAP]
    written = coverage.pairs_of_kinds([kind.value for kind in PAIRED], FEWEST_IN_SITEMAP, IN_SITEMAP, now)
    numbers = {number for pair in written for number in (pair.first, pair.second)}
    slugs = dict(Topic.objects.filter(kind__in=PAIRED).values_list("pk", "slug")) if numbers else {}
    paths = [pair_path(*pair) for pair in told]
    paths += [pair_path(slugs[pair.first], slugs[pair.second]) for pair in written]
    return list(dict.fromkeys(paths))[:IN_SITEMAP]
