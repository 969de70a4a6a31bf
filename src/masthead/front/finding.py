"""The library's page: what a search found, for the visitor who asked. Personal: never a variant, never kept.

Whether a visitor may read what was found is asked of ``decide()`` for each article, and decides what its passage is cut from.
Eight queries at most, however many articles there are; the texts come from the stored renderings, never from the index.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import MAXYEAR, date, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.utils.safestring import SafeString, mark_safe

from masthead.access.policy import ArticleFacts, Decision, Policy, Reason, Visitor, decide
from masthead.articles import cards, rows, teaser
from masthead.articles.cards import Card, Link
from masthead.articles.models import Article, Topic
from masthead.articles.rendering import Block, plain
from masthead.front import signposts
from masthead.front.content.page import Page
from masthead.front.content.publication import PublicationFacts, publication_facts
from masthead.front.signposts import Named, Names
from masthead.front.when import MONTHS, When, when, without_dates
from masthead.library import languages, passages
from masthead.library import search as library
from masthead.library.passages import Marker
from masthead.library.query import DEEPEST, FILTERS, PAGE, Order, Request, read
from masthead.library.search import Results

PATH = "/library/"
MOST_BLOCKS = 400  # of an article, looked through for a passage
CLOSELY = 3  # of them, read
SHOWN_VALUES = 5  # of a facet; the others are one press away
FORMATS: dict[str, str] = dict(Article.Format.choices)
ACCESS = {"open": "Free to read", "metered": "Free with an e-mail address", "subscribers": "For subscribers"}
TITLES = {"topic": "Topic", "region": "Region", "author": "Author", "format": "Format", "access": "Access"}
ORDERS = {Order.RELEVANCE: "Best match", Order.NEWEST: "Newest", Order.OLDEST: "Oldest"}
COMPLETIONS = 4  # few: what is found as they type stands right beneath
PAGES_OF_THE_NAME = 2  # topics, and authors, offered while somebody types


def address(query: str) -> str:
    """The library's address with a query string, or its own."""
    return f"{PATH}?{query}" if query else PATH


def published(card: Card, publication: PublicationFacts) -> str:
    """The day ``card`` is dated, where the publication is; empty where it has no date."""
    return card.dated.astimezone(ZoneInfo(publication.timezone)).date().isoformat() if card.dated else ""


# --- may this visitor read it?


@dataclass(frozen=True, slots=True)
class Badge:
    """What a result says of reading it. ``kind``: open (they may now), offered (they may, by one step more), shut."""

    words: str
    kind: str


_BADGES = {
    Reason.OPEN: Badge("Free to read", "open"),
    Reason.STAFF: Badge("Open: you work here", "open"),
    Reason.SUBSCRIPTION: Badge("In your subscription", "open"),
    Reason.COMP: Badge("In your subscription", "open"),
    Reason.SEAT: Badge("In your subscription", "open"),
    Reason.UNLOCK: Badge("You opened it", "open"),
    Reason.INSTANT: Badge("You opened it", "open"),
    Reason.GIFT: Badge("Open to you", "open"),
    Reason.REGISTER: Badge("Free with your e-mail", "offered"),
    Reason.CONFIRM: Badge("Free once you confirm", "offered"),
    Reason.SPENT: Badge("Your free articles are spent", "shut"),
}
_SHUT = Badge("For subscribers", "shut")


def badge(decision: Decision, visitor: Visitor, policy: Policy) -> Badge:
    """``decision`` in a few words."""
    if decision.reason == Reason.INSTITUTION:
        return Badge(f"Through {visitor.institution}", "open")
    if decision.reason == Reason.CHOOSE:
        one = f"One of your {decision.left} left" if decision.left > 1 else "Your last one"
        return Badge(f"{one} this {policy.period}", "offered")
    return _BADGES.get(decision.reason, _SHUT)


# --- results


@dataclass(frozen=True, slots=True)
class Result:
    """One article found. Its texts are HTML with the words of the search in ``<mark>``."""

    card: Card
    decision: Decision
    badge: Badge
    headline: SafeString
    standfirst: SafeString
    passage: SafeString


def results(found: Results, visitor: Visitor, policy: Policy, now: datetime) -> tuple[Result, ...]:
    """What stands on the page of ``found``, in four queries. What was withdrawn since it was indexed is left out."""
    shown = cards.by_numbers(found.numbers, now)
    stored = rows.renderings(card.id for card in shown)
    made = []
    for card in shown:
        decision = decide(policy, ArticleFacts(card.id, card.access), visitor, now)
        rendering = stored.get(card.id)
        blocks = teaser.visible(rendering, policy, opens=decision.opens) if rendering else ()
        standfirst = passages.marked(card.standfirst, found.marks) if card.standfirst else ""
        text = _passage(blocks, found.marks)
        if standfirst and "<mark>" not in text:
            text = ""  # the beginning of the text says less than the sentence above it
        made.append(
            Result(
                card=card,
                decision=decision,
                badge=badge(decision, visitor, policy),
                headline=mark_safe(passages.marked(card.title, found.marks)),
                standfirst=mark_safe(standfirst),
                passage=mark_safe(text),
            )
        )
    return tuple(made)


def _passage(blocks: Sequence[Block], marks: Marker) -> str:
    """The passage of an article of which somebody may see ``blocks``: of those that promise most, a sentence before a heading.

    Few are looked at closely: to make text of all the HTML on a page of results takes longer than the search.
    """
    looked = blocks[:MOST_BLOCKS]
    promises = marks.promises([html for _, html in looked])
    promising = [
        (-promise, kind == "heading", n) for n, ((kind, _), promise) in enumerate(zip(looked, promises, strict=True)) if promise
    ]
    texts = [text for *_, n in sorted(promising)[:CLOSELY] if (text := plain(blocks[n][1]))]
    if not texts:
        beginning = (plain(html) for kind, html in blocks if kind != "heading")
        texts = [next((text for text in beginning if text), "")]
    return passages.passage(texts, marks)


# --- narrowing


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a facet: following its link adds it to the search, or takes it away."""

    name: str
    count: int
    query: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """A way to narrow. Its values have no count where they are those of the results shown."""

    title: str
    first: tuple[Value, ...]
    others: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """Something that narrows the search, and the query string without it."""

    kind: str
    name: str
    query: str


def _name_of(kind: str, slug: str, names: Names) -> str:
    if kind in ("topic", "region", "author"):
        known = names.authors if kind == "author" else names.topics
        return known[slug].name if slug in known else slug
    return {"format": FORMATS, "access": ACCESS}[kind].get(slug, slug)


def _facets(found: Results, shown: Sequence[Result], names: Names) -> tuple[Facet, ...]:
    """The ways to narrow what was found. Of what stands in rests nothing is counted: where that is most, those of the page.

    But where the page shows all there is, whoever looks can count it, and so do we.
    """
    request, counted, all_shown = found.request, _counted(found, shown), len(shown) == found.total
    made = []
    for kind in FILTERS:
        held: tuple[str, ...] = getattr(request, kind)
        if all_shown:
            counts = dict(Counter(_shown_values(kind, shown, names.topics)).most_common())
        elif counted:
            counts = dict(found.facets.get(kind, ()))
        else:
            counts = dict.fromkeys((*held, *_shown_values(kind, shown, names.topics)), 0)
        values = [
            Value(_name_of(kind, slug, names), count, request.toggled(kind, slug), slug in held) for slug, count in counts.items()
        ]
        values.sort(key=lambda value: not value.chosen)  # the others stay as they are: most first
        if len(values) > 1 or any(value.chosen for value in values):
            made.append(Facet(TITLES[kind], tuple(values[:SHOWN_VALUES]), tuple(values[SHOWN_VALUES:])))
    return tuple(made)


def _counted(found: Results, shown: Sequence[Result]) -> bool:
    """Whether the facets count as many articles as the page shows: each has an access, and one."""
    return sum(count for _, count in found.facets.get("access", ())) >= len(shown)


def _shown_values(kind: str, shown: Sequence[Result], topics: Mapping[str, Named]) -> Iterator[str]:
    """The values of the facet ``kind`` that the results on this page have, each as often as they have it."""
    for card in (result.card for result in shown):
        if kind in ("topic", "region"):
            known = (topics[slug] for slug in map(_slug_of, card.topics) if slug in topics)
            yield from (topic.slug for topic in known if (topic.kind == Topic.Kind.REGION) == (kind == "region"))
        elif kind == "author":
            yield from map(_slug_of, card.authors)
        else:
            yield card.format if kind == "format" else card.access


def _slug_of(link: Link) -> str:
    return link.path.rstrip("/").rpartition("/")[2]


def _chips(request: Request, names: Names) -> tuple[Chip, ...]:
    made = [
        Chip(TITLES[kind], _name_of(kind, slug, names), request.toggled(kind, slug))
        for kind in FILTERS
        for slug in getattr(request, kind)
    ]
    wanted = read(request.text)
    if wanted.since or wanted.until:
        made.append(Chip("Date", _stretch(wanted.since, wanted.until), request.query_string(text=without_dates(request.text))))
    if request.year is not None:
        made.append(Chip("Year", str(request.year), request.query_string(year=None, month=None)))
        if request.month is not None:
            made.append(Chip("Month", MONTHS[request.month - 1], request.query_string(month=None)))
    return tuple(made)


def _stretch(since: date | None, until: date | None) -> str:
    """From ``since`` to before ``until``, in years where these are whole."""

    def said(day: date) -> str:
        return str(day.year) if (day.month, day.day) == (1, 1) else f"{day.day} {MONTHS[day.month - 1]} {day.year}"

    if since and until:
        whole = (since.month, since.day, until.month, until.day) == (1, 1, 1, 1)
        if whole and until.year > since.year:
            last = until.year - 1
            return f"{since.year}–{last}" if last > since.year else str(last)
        return f"{said(since)} to before {said(until)}"
    return f"from {said(since)}" if since else f"before {said(until)}" if until else ""


# --- the page


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page of the results in the row of their numbers; ``number`` 0 is a gap."""

    number: int
    query: str = ""
    here: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryPage(Page):
    """A search and what it found."""

    template: ClassVar[str] = "front/library.html"

    request: Request
    ready: bool = True
    percent: int = 0
    browsing: bool = False  # nothing was asked for
    total: int = 0
    results: tuple[Result, ...] = ()
    first: int = 0  # the place of the first result on this page
    pages: int = 0
    leaves: tuple[Leaf, ...] = ()
    previous: str | None = None  # query strings; the first page's may be empty
    next: str | None = None
    beyond: str | None = None  # the last page's query string, where the one asked for lies beyond it
    deepest: bool = False  # there is more than can be looked at
    orders: tuple[Value, ...] = ()
    facets: tuple[Facet, ...] = ()
    counted: bool = False  # whether the facets say how many
    all_shown: bool = False  # whether this page has all there is
    chips: tuple[Chip, ...] = ()
    held: tuple[tuple[str, str], ...] = ()  # what the form keeps besides its text
    when: When | None = None
    suggestion: Link | None = None
    corrected: str = ""
    loosened: bool = False
    half_blind: bool = False
    openings_only: bool = False  # whether numbers from the index leave something out
    notes: tuple[str, ...] = ()
    named: tuple[Link, ...] = ()  # pages that the search names
    topics: tuple[Link, ...] = ()  # pages that may help where nothing was found
    other_end: str = ""  # the query string that begins at the other end, by date
    since: str = ""  # years, as the form for dates shows them
    until: str = ""

    @property
    def path(self) -> str:
        """Where it stands, whatever is searched for."""
        return PATH

    @property
    def kept(self) -> str:
        """The query string a reader keeps."""
        return self.request.query_string()

    @property
    def words(self) -> str:
        """What was searched for, but for the dates: these stand beside it by themselves."""
        return without_dates(self.corrected or self.request.text)

    @property
    def count(self) -> str:
        """How many were found, for people."""
        return f"{self.total:,}"


def page(request: Request, found: Results, visitor: Visitor, policy: Policy, now: datetime) -> LibraryPage:
    """The page of what was found for ``request``."""
    title = f"“{request.text}” in the library" if request.text else "The library"
    browsing = not request.text and not request.filtered
    basics = {
        "title": title,
        "description": "Everything we have published, by word, author, topic, region and year.",
        "canonical": address(request.query_string(page=request.page)),
        "crumbs": (Link("Home", "/"), Link("Library", PATH)),
        "request": request,
        "browsing": browsing,
        "notes": found.notes,
        "held": _held(request),
    }
    if not found.ready:
        return LibraryPage(**basics, ready=False, percent=found.done * 100 // found.of if found.of else 0)  # type: ignore[arg-type]
    shown = results(found, visitor, policy, now)
    names = signposts.names()
    chips = _chips(request, names)
    last = max(1, found.pages)
    return LibraryPage(
        **basics,  # type: ignore[arg-type]
        total=found.total,
        results=shown,
        first=(request.page - 1) * PAGE + 1,
        pages=found.pages,
        leaves=_leaves(request, last),
        previous=request.query_string(page=request.page - 1) if 1 < request.page <= last else None,
        next=request.query_string(page=request.page + 1) if request.page < last else None,
        beyond=request.query_string(page=last) if found.total and request.page > last else None,
        deepest=request.page == last == DEEPEST,
        other_end=request.query_string(order=Order.OLDEST if request.order == Order.NEWEST else Order.NEWEST),
        named=names.in_text(found.corrected or request.text) if request.page == 1 else (),
        **_years(request),
        orders=_orders(request),
        facets=_facets(found, shown, names),
        counted=_counted(found, shown),
        chips=chips,
        when=when(found.timeline, request, undated=found.undated),
        suggestion=Link(found.suggestion, address(request.query_string(text=found.suggestion))) if found.suggestion else None,
        corrected=found.corrected,
        loosened=found.loosened,
        half_blind=found.half_blind,
        all_shown=len(shown) == found.total,
        openings_only=not library.reads_everything(visitor, now) and bool(request.text),
        topics=() if found.total else _topics_like(request.text, names.topics),
    )


def _years(request: Request) -> dict[str, str]:
    """The years the form for dates shows, the last included."""
    wanted = read(request.text)
    if request.year is not None:
        return {"since": str(request.year), "until": str(request.year)}
    until = wanted.until.year - ((wanted.until.month, wanted.until.day) == (1, 1)) if wanted.until else None
    return {"since": str(wanted.since.year) if wanted.since else "", "until": str(until) if until else ""}


def within(request: Request, since: int | None, until: int | None) -> Request:
    """``request`` for what was written from the year ``since`` to the year ``until``, both included; either may be open."""
    if since and until and since > until:
        since, until = until, since
    parts = [f"after:{since}" if since else "", f"before:{until + 1}" if until and until < MAXYEAR else ""]
    text = " ".join(part for part in (without_dates(request.text), *parts) if part)
    return replace(request, text=text, year=None, month=None, page=1)


def _held(request: Request) -> tuple[tuple[str, str], ...]:
    pairs = [(name, value) for name in FILTERS for value in getattr(request, name)]
    if request.year is not None:
        pairs.append(("year", str(request.year)))
    if request.month is not None:
        pairs.append(("month", str(request.month)))
    if request.order != request.default_order:
        pairs.append(("order", request.order.value))
    return tuple(pairs)


def _orders(request: Request) -> tuple[Value, ...]:
    return tuple(
        Value(name, 0, request.query_string(order=order), order == request.order)
        for order, name in ORDERS.items()
        if request.text or order != Order.RELEVANCE
    )


def _leaves(request: Request, last: int) -> tuple[Leaf, ...]:
    """The first page, the last, those around this one, and gaps."""
    if last < 2:
        return ()
    here = min(request.page, last)
    near = {1, last, *range(max(1, here - 1), min(last, here + 1) + 1)}
    near |= {2, 3} if here <= 2 else set()
    wanted = sorted(number for number in near if number <= last)
    made: list[Leaf] = []
    for number in wanted:
        if made and number - made[-1].number == 2:
            made.append(Leaf(number - 1, request.query_string(page=number - 1)))
        elif made and number - made[-1].number > 2:
            made.append(Leaf(0))
        made.append(Leaf(number, request.query_string(page=number), number == request.page))
    return tuple(made)


def _topics_like(text: str, topics: Mapping[str, Named]) -> tuple[Link, ...]:
    """Topics that have one of the words asked for in their name, or are found by it."""
    wanted = read(text)
    said = " ".join((*wanted.words, wanted.prefix, *(phrase.text for phrase in wanted.phrases if not phrase.excluded)))
    language = languages.base(publication_facts().language)
    long = (word for word in languages.words(said) if len(word) > 2 or not word.isascii())
    words = {word for word in long if not languages.is_function_word(word, language)}
    found = [topic.link for topic in topics.values() if words & topic.about]
    return tuple(found[:6])


# --- while typing


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a text may become: another text to search for, or a page of that name."""

    text: str
    kind: str
    path: str


def suggestions(text: str, policy: Policy, now: datetime) -> tuple[Suggestion, ...]:
    """What ``text`` may become. The same for everybody: nothing but what anybody may see is looked at."""
    words = tuple(languages.words(text))
    if not words or len("".join(words)) < 2:
        return ()
    found = [
        Suggestion(other, "", address(Request(text=other).query_string()))
        for other in library.completions(text, policy=policy, now=now, most=COMPLETIONS)
        if other != text
    ]
    named = signposts.names().beginning(words)
    for kind, some in (("Topic", [each for each in named if each.kind]), ("Author", [each for each in named if not each.kind])):
        found += [Suggestion(each.name, kind, each.link.path) for each in some[:PAGES_OF_THE_NAME]]
    return tuple(found)
