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

from django.db import connection
from django.http import Http404
from django.utils.safestring import SafeString, mark_safe

from masthead.articles import cards, coverage, teaser
from masthead.articles.cards import Card, Link
from masthead.articles.coverage import Counted, Subject
from masthead.articles.models import Article, Milestone, Relation, Topic
from masthead.core import changelog, clock
from masthead.core.remembered import Remembered
from masthead.front import timeline
from masthead.front.content import LIST_ARTICLES, ListPage, PublicationFacts
from masthead.front.timeline import Stretch, Timeline
from masthead.insights import reports
from masthead.library import world
from masthead.library.query import Order, Request

NEWEST = 12
OPENED, OPENED_OF_ALL = 5, 400
OPENED_WITHIN = timedelta(days=30)
OPENED_FOR = timedelta(minutes=5)
AUTHORS, RELATED, PAIRS, BESIDE = 6, 10, 8, 40
MOST_MEMBERS = 12  # of a dialogue whose every pair is looked for: 66 pairs
PAIRED = (Topic.Kind.COUNTRY, Topic.Kind.ORGANISATION, Topic.Kind.GROUP)  # what has pages with one another
IN_SITEMAP, FEWEST_IN_SITEMAP = 5_000, 3


# --- the parts


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of what is to be known of a country."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A country's facts, and whom they come from."""

    formal: str
    facts: tuple[Fact, ...]
    sources: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Year:
    """A year, how many articles, and where they are listed."""

    year: int
    count: int
    path: str


@dataclass(frozen=True, slots=True)
class PairLink:
    """The page of two. ``told``: the editors wrote about it."""

    name: str
    path: str
    told: bool


@dataclass(frozen=True, slots=True)
class Dated:
    """Something that happened, when (as exactly as ``precision`` says), and the article on it."""

    date: date
    precision: str
    text: str
    article: Link | None


@dataclass(frozen=True, slots=True)
class Named:
    """A topic, as far as a link and a pair need it."""

    number: int
    name: str
    slug: str
    kind: str

    @property
    def link(self) -> Link:
        """Its page."""
        return Link(self.name, f"/topics/{self.slug}/")


# --- the pages


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicPage(ListPage):
    """A topic's own page, with everything we know of it; older articles are plain :class:`ListPage` pages."""

    template: ClassVar[str] = "front/topic.html"

    slug_of_topic: str  # for the library's address; not ``slug``, which is an article's wherever a page has one
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
    around = _around(row.pk, country.neighbours if country else ())
    key = around.key
    opened = [number for number in _opened.get().get(row.pk, ()) if number not in key][:OPENED]
    page = coverage.newest(about, now, NEWEST)
    ready = {card.id: card for card in cards.by_numbers([*page.numbers, *key, *opened], now)}
    pinned = [ready[number] for number in key if number in ready]
    shown = [ready[number] for number in page.numbers if number in ready and number not in key]
    if pinned and not shown:  # there is nothing else: then they are simply its articles
        pinned, shown = [], [ready[number] for number in page.numbers if number in ready]
    counts = coverage.years(about, ZoneInfo(publication.timezone), now)
    company = coverage.company(row.pk, now, authors=AUTHORS, topics=BESIDE)
    pairs = _pairs_of(_named(row), around, company.topics, now)
    linked = {pair.path for pair in pairs} | {pair_path(row.slug, each.slug) for each in (*around.members, *around.groups)}
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
        topic_kind=row.kind,
        paragraphs=_paragraphs(row.introduction),
        profile=_profile(country) if country else None,
        map=_map((country.code,) if country else around.codes),
        key=tuple(pinned),
        opened=tuple(ready[number] for number in opened if number in ready),
        writers=tuple(Link(author.name, f"/authors/{author.slug}/") for author in company.authors),
        related=tuple(
            Link(other.name, f"/topics/{other.slug}/")
            for other in company.topics
            if pair_path(row.slug, other.slug) not in linked
        )[:RELATED],
        neighbours=_links(around.neighbours),
        groups=_links(around.groups),
        members=_links(around.members),
        pairs=pairs,
        timeline=_timeline(counts, path, row.slug),
        years=_years(counts, path),
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
        older=f"{path}?before={page.older}" if page.older else "",
        later_page=True,
    )


_TOPICS = (Link("Home", "/"), Link("Topics", "/topics/"))


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(r"(?:\r?\n[ \t]*){2,}", text) if part.strip())


def _links(some: Iterable[Named]) -> tuple[Link, ...]:
    return tuple(each.link for each in some)


def _named(row: Topic) -> Named:
    return Named(row.pk, row.name, row.slug, row.kind)


def _years(counts: dict[int, int], path: str) -> tuple[Year, ...]:
    if len(counts) < 2:
        return ()  # the page itself lists that year
    return tuple(Year(year, count, f"{path}{year:04}/") for year, count in sorted(counts.items(), reverse=True))


def _timeline(counts: dict[int, int], path: str, *slugs: str) -> Timeline | None:
    """Bars that lead to their year's page, or to the library's results for a decade."""

    def address(stretch: Stretch) -> str:
        if not stretch.name.endswith("s"):
            return f"{path}{stretch.first:04}/"
        text = f"after:{max(1, stretch.first)} before:{stretch.first + 10}"
        return f"/library/?{Request(text, topic=slugs).query_string(order=Order.NEWEST)}"

    return timeline.draw(counts, address)


# --- what lies around a topic

_AROUND = """
SELECT 'groups', t.id, t.name, t.slug, t.kind, '' AS code, 0 AS place FROM articles_topic_members m
JOIN articles_topic t ON t.id = m.from_topic_id WHERE m.to_topic_id = %(me)s
UNION ALL SELECT 'members', t.id, t.name, t.slug, t.kind, t.code, 0 FROM articles_topic_members m
JOIN articles_topic t ON t.id = m.to_topic_id WHERE m.from_topic_id = %(me)s
UNION ALL SELECT 'told', t.id, t.name, t.slug, t.kind, '', 0 FROM articles_relation r
JOIN articles_topic t ON t.id = CASE WHEN r.first_id = %(me)s THEN r.second_id ELSE r.first_id END
WHERE r.first_id = %(me)s OR r.second_id = %(me)s
UNION ALL SELECT 'key', k.article_id, '', '', '', '', COALESCE(k.sort_order, 0) FROM articles_keyarticle k
WHERE k.topic_id = %(me)s
"""
_NEIGHBOURS = """
UNION ALL SELECT 'neighbours', t.id, t.name, t.slug, t.kind, '', 0 FROM articles_topic t
WHERE t.kind = 'country' AND t.code IN ({})
"""


@dataclass(frozen=True, slots=True)
class _Around:
    """What rows elsewhere say of a topic. ``told``: with whom the editors told its relation; ``key``: numbers of articles."""

    groups: tuple[Named, ...]
    members: tuple[Named, ...]
    told: tuple[Named, ...]
    neighbours: tuple[Named, ...]
    key: tuple[int, ...]
    codes: tuple[str, ...]  # of the countries among the members


def _around(me: int, codes: Sequence[str]) -> _Around:
    """All of it in one query; ``codes`` are the countries' next to it."""
    values = {"me": me} | {f"c{place}": code for place, code in enumerate(codes)}
    sql = _AROUND + (_NEIGHBOURS.format(", ".join(f"%(c{place})s" for place in range(len(codes)))) if codes else "")
    found: dict[str, list[tuple[int, Named]]] = {}
    marked: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        for what, number, name, slug, kind, code, place in cursor.fetchall():
            found.setdefault(what, []).append((place, Named(number, name, slug, kind)))
            if what == "members" and code and len(marked) < MOST_MEMBERS:
                marked.append(code)

    def named(what: str) -> tuple[Named, ...]:
        return tuple(each for _, each in sorted(found.get(what, ()), key=lambda row: row[1].name))

    key = tuple(each.number for _, each in sorted(found.get("key", ()), key=lambda row: row[0]))
    return _Around(named("groups"), named("members"), named("told"), named("neighbours"), key, tuple(sorted(marked)))


def _pairs_of(me: Named, around: _Around, beside: Sequence[Counted], now: datetime) -> tuple[PairLink, ...]:
    """The pairs a topic's page leads to: those the editors told, and those most is written on. A dialogue's are its members'."""
    told = [_pair(me, other, told=True) for other in around.told]
    if me.kind == Topic.Kind.GROUP and len(around.members) > 1:
        return (*told, *_pairs_among(around.members, now))
    if me.kind not in PAIRED:
        return tuple(told)
    known = {other.number for other in (*around.told, *around.groups)}
    others = [Named(each.number, each.name, each.slug, each.kind) for each in beside if each.kind in PAIRED]
    written = [_pair(me, other) for other in others if other.number not in known]
    return tuple(told + written)[: max(PAIRS, len(told))]


def _pairs_among(members: Sequence[Named], now: datetime) -> tuple[PairLink, ...]:
    by_number = {member.number: member for member in members}
    told = set(
        Relation.objects.filter(first__in=by_number, second__in=by_number).values_list("first_id", "second_id")[: MOST_MEMBERS**2]
    )
    written = coverage.pairs_among(by_number, now) if len(members) <= MOST_MEMBERS else []
    pairs = dict.fromkeys([*told, *((pair.first, pair.second) for pair in written)])
    return tuple(
        sorted(
            (_pair(by_number[first], by_number[second], told=(first, second) in told) for first, second in pairs),
            key=lambda pair: (not pair.told, pair.name),
        )
    )


def _pair(one: Named, other: Named, *, told: bool = False) -> PairLink:
    first, second = sorted((one, other), key=lambda each: each.slug)
    return PairLink(pair_name(first.name, second.name), pair_path(first.slug, second.slug), told)


def pair_name(first: str, second: str) -> str:
    """What the page of two is called: "India and the United States"."""
    start = _in_sentence(first)
    return f"{start[:1].upper()}{start[1:]} and {_in_sentence(second)}"


_WITH_ARTICLE = re.compile(r"(United|Soviet|European|African|Arab) |.* (Islands|Republic|Union|Nations)$|(Democratic )?Republic ")
_ALSO_WITH_ARTICLE = frozenset({"Bahamas", "Comoros", "Gambia", "Maldives", "Netherlands", "Philippines", "Quad"})


def _in_sentence(name: str) -> str:
    """A topic's name as it stands within a sentence."""
    if name.startswith("The "):
        return f"the {name[4:]}"
    return f"the {name}" if name in _ALSO_WITH_ARTICLE or _WITH_ARTICLE.match(name) else name


def pair_path(one: str, other: str) -> str:
    """The address of two topics' page, whichever way round their slugs are given."""
    return "/topics/{}/{}/".format(*sorted((one, other)))


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


# --- a country

LANGUAGES = 6  # of the two dozen some have


def _profile(country: world.Country) -> Profile:
    facts = []
    if country.capitals:
        facts.append(Fact("Capital" if len(country.capitals) == 1 else "Capitals", _list(country.capitals)))
    if country.population:
        facts.append(Fact("Population", _people(country.population)))
    if country.area:
        facts.append(Fact("Area", f"{round(country.area):,} km²"))
    if country.languages:
        shown, more = country.languages[:LANGUAGES], len(country.languages) - LANGUAGES
        label = "Official language" if len(country.languages) == 1 else "Official languages"
        facts.append(Fact(label, f"{', '.join(shown)} and {more} more" if more > 0 else _list(shown)))
    if country.currency:
        facts.append(Fact("Currency", country.currency))
    if country.subregion or country.region:
        facts.append(Fact("Region", country.subregion or country.region))
    formal = country.formal if country.formal != country.name else ""
    return Profile(formal, tuple(facts), tuple(Link(source.name, source.address) for source in world.SOURCES))


def _list(some: Sequence[str]) -> str:
    return f"{', '.join(some[:-1])} and {some[-1]}" if len(some) > 1 else "".join(some)


def _people(number: int) -> str:
    for unit, word, digits in ((1_000_000_000, "billion", 2), (1_000_000, "million", 1)):
        if number >= unit:
            return f"{number / unit:.{digits}f}".rstrip("0").rstrip(".") + f" {word}"
    return f"{number:,}"


def _map(codes: Sequence[str]) -> SafeString:
    """Where the countries of ``codes`` lie; empty where nobody knows."""
    return mark_safe(world.locator(*codes))  # drawn from packaged data, and remembered there


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
    counts = coverage.years(about, ZoneInfo(publication.timezone), now)
    groups = Topic.objects.filter(members=both.first).filter(members=both.second).order_by("name")
    introduction = both.relation.introduction if both.relation else ""
    codes = [row.code for row in (both.first, both.second) if row.kind == Topic.Kind.COUNTRY and row.code]
    return RelationPage(
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
        first=Link(both.first.name, both.first.get_absolute_url()),
        second=Link(both.second.name, both.second.get_absolute_url()),
        paragraphs=_paragraphs(introduction),
        map=_map(codes),
        milestones=tuple(_milestones(both.relation, now)) if both.relation else (),
        groups=cards.links(groups),
        timeline=_timeline(counts, path, both.first.slug, both.second.slug),
        years=_years(counts, path),
    )


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
