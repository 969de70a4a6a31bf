"""The library's page: what a search found, for the visitor who asked. Personal: never a variant, never kept.

Whether a visitor may read what was found is asked of ``decide()`` for each article, and decides what its passage is cut from.
Eight queries at most, however many articles there are; the texts come from the stored renderings, never from the index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.utils.safestring import SafeString, mark_safe

from masthead.access.policy import ArticleFacts, Decision, Policy, Reason, Visitor, decide
from masthead.articles import cards, rows, teaser
from masthead.articles.cards import Card, Link
from masthead.articles.models import Article, Topic
from masthead.articles.rendering import Block, plain
from masthead.core import changelog
from masthead.core.remembered import Remembered
from masthead.front import directory
from masthead.front.content import Page, PublicationFacts, publication_facts
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
ACCESS = {"open": "Free to read", "metered": "A monthly choice", "subscribers": "Subscribers only"}
TITLES = {"topic": "Topic", "region": "Region", "author": "Author", "format": "Format", "access": "Access"}
ORDERS = {Order.RELEVANCE: "Best match", Order.NEWEST: "Newest", Order.OLDEST: "Oldest"}
COMPLETIONS = 6
PAGES_OF_THE_NAME = 3  # topics, and authors, offered while somebody types


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
    Reason.REGISTER: Badge("Free with your address", "offered"),
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
    """A way to narrow."""

    title: str
    first: tuple[Value, ...]
    others: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """Something that narrows the search, and the query string without it."""

    kind: str
    name: str
    query: str


@dataclass(frozen=True, slots=True)
class Named:
    """A topic as searches need it."""

    name: str
    slug: str
    kind: str
    words: tuple[str, ...]  # of its name and aliases, folded


def _load_topics() -> dict[str, Named]:
    found = Topic.objects.order_by("name").values_list("name", "slug", "kind", "aliases")
    return {slug: Named(name, slug, kind, tuple(languages.words(f"{name} {aliases}"))) for name, slug, kind, aliases in found}


_topics = Remembered(_load_topics, changelog.LIST)


def _names(request: Request, found: Results) -> dict[str, str]:
    """What the authors in the search and its facets are called."""
    wanted = {slug for slug, _ in found.facets.get("author", ())} | set(request.author)
    known = _authors.get() if wanted else {}
    return {slug: known[slug][0] for slug in wanted if slug in known}


def _name_of(kind: str, slug: str, topics: Mapping[str, Named], authors: Mapping[str, str]) -> str:
    if kind in ("topic", "region"):
        return topics[slug].name if slug in topics else slug
    named: Mapping[str, str] = {"author": authors, "format": FORMATS, "access": ACCESS}[kind]
    return named.get(slug, slug)


def _facets(found: Results, topics: Mapping[str, Named], authors: Mapping[str, str]) -> tuple[Facet, ...]:
    request = found.request
    made = []
    for kind in FILTERS:
        held: tuple[str, ...] = getattr(request, kind)
        counts = dict(found.facets.get(kind, ()))
        values = [
            Value(_name_of(kind, slug, topics, authors), count, request.toggled(kind, slug), slug in held)
            for slug, count in counts.items()
        ]
        values.sort(key=lambda value: not value.chosen)  # the others stay as they are: most first
        if len(values) > 1 or any(value.chosen for value in values):
            made.append(Facet(TITLES[kind], tuple(values[:SHOWN_VALUES]), tuple(values[SHOWN_VALUES:])))
    return tuple(made)


def _chips(request: Request, topics: Mapping[str, Named], authors: Mapping[str, str]) -> tuple[Chip, ...]:
    made = [
        Chip(TITLES[kind], _name_of(kind, slug, topics, authors), request.toggled(kind, slug))
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
    chips: tuple[Chip, ...] = ()
    held: tuple[tuple[str, str], ...] = ()  # what the form keeps besides its text
    when: When | None = None
    suggestion: Link | None = None
    corrected: str = ""
    loosened: bool = False
    half_blind: bool = False
    openings_only: bool = False  # whether numbers beside facets leave something out
    notes: tuple[str, ...] = ()
    topics: tuple[Link, ...] = ()  # pages that may help where nothing was found

    @property
    def path(self) -> str:
        """Where it stands, whatever is searched for."""
        return PATH

    @property
    def kept(self) -> str:
        """The query string a reader keeps."""
        return self.request.query_string()

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
    topics = _topics.get()
    authors = _names(request, found)
    chips = _chips(request, topics, authors)
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
        orders=_orders(request),
        facets=_facets(found, topics, authors),
        chips=chips,
        when=when(found.timeline, request),
        suggestion=Link(found.suggestion, address(request.query_string(text=found.suggestion))) if found.suggestion else None,
        corrected=found.corrected,
        loosened=found.loosened,
        half_blind=found.half_blind,
        openings_only=not library.reads_everything(visitor, now) and bool(request.text),
        topics=() if found.total else _topics_like(request.text, topics),
    )


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
    """Topics that have one of the words of ``text`` in their name."""
    language = languages.base(publication_facts().language)
    long = (word for word in languages.words(text) if len(word) > 2 or not word.isascii())
    words = {word for word in long if not languages.is_function_word(word, language)}
    found = [topic for topic in topics.values() if words & set(topic.words)]
    return tuple(Link(topic.name, f"/topics/{topic.slug}/") for topic in found[:6])


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
    ]
    about = [topic for topic in _topics.get().values() if _begins(topic.words, words)]
    found += [Suggestion(topic.name, "Topic", f"/topics/{topic.slug}/") for topic in about[:PAGES_OF_THE_NAME]]
    wrote = [(name, slug) for slug, (name, its) in _authors.get().items() if _begins(its, words)]
    found += [Suggestion(name, "Author", f"/authors/{slug}/") for name, slug in wrote[:PAGES_OF_THE_NAME]]
    return tuple(found)


def _begins(name: Sequence[str], typed: Sequence[str]) -> bool:
    """Whether the words ``typed``, the last of them perhaps unfinished, stand in ``name``."""
    *whole, last = typed
    length = len(whole)
    for place in range(len(name) - length):
        if name[place + length].startswith(last) and all(name[place + n] == word for n, word in enumerate(whole)):
            return True
    return False


def _load_authors() -> dict[str, tuple[str, tuple[str, ...]]]:
    found = directory.named().order_by("name").values_list("slug", "name")
    return {slug: (name, _words_of(name)) for slug, name in found}


@lru_cache(maxsize=20_000)  # thousands of names are read anew whenever something is published, and are mostly the same
def _words_of(name: str) -> tuple[str, ...]:
    return tuple(languages.words(name))


_authors = Remembered(_load_authors, changelog.LIST)  # an import makes authors with their articles
