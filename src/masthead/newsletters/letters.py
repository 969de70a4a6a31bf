"""What an edition says: its items with their articles, as mails and the web archive show them.

Everything shown of an article is the editor's own words or comes from its card or ``articles.teaser()``; no body is ever loaded.
An article that nobody could find on the site just now (a draft, withdrawn, dated later) is left out with all that was said of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.formats import date_format, get_format, time_format

from masthead.access import services as access
from masthead.access.policy import Access
from masthead.articles import cards, rows, teaser
from masthead.articles.models import Article
from masthead.articles.pictures import SHARED, Picture, Shelf
from masthead.core.languages import supported
from masthead.core.models import Publication
from masthead.newsletters import markdown
from masthead.newsletters.mime import clean
from masthead.newsletters.models import Block, Edition, EditionItem, Newsletter, RadarEvent

PUBLIC = (Edition.State.SENDING, Edition.State.PAUSED, Edition.State.DONE)  # of these it can be said that they went
ACCESS: dict[str, str] = {Access.OPEN: "Free to read", Access.SUBSCRIBERS: "All-Access"}
SHORT = 240  # characters of what is taken from an article that has no standfirst


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing in an edition. ``address`` is a path of ours or a full one; empty where it leads nowhere."""

    headline: str
    paragraphs: tuple[str, ...] = ()
    address: str = ""
    kicker: str = ""
    source: str = ""
    authors: str = ""
    access: str = ""
    dated: datetime | None = None
    date_precision: str = "day"
    picture: Picture | None = None
    shared: Picture | None = None  # the same, as other sites show it beside a link
    credit: str = ""
    article: int | None = None

    @property
    def day(self) -> str:
        """Of a dated event: the day, which its source begins with ("Tuesday 24 November, Geneva")."""
        return self.source.partition(", ")[0]

    @property
    def place(self) -> str:
        """Of a dated event: what its source says after the day."""
        return self.source.partition(", ")[2]

    @property
    def year(self) -> int | None:
        """The year an article is of, where it is known."""
        return self.dated.year if self.dated and self.date_precision != Article.Precision.NONE else None


@dataclass(frozen=True, slots=True)
class Section:
    """A block of an edition, under its heading."""

    kind: str
    heading: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """What an edition says. ``opening``, ``body`` and ``closing`` are clean HTML."""

    title: str
    slug: str
    key: str
    date: date
    subject: str
    preheader: str
    opening: str
    body: str
    closing: str
    sections: tuple[Section, ...]
    path: str  # of its page on the web; empty where it has none

    @property
    def lead(self) -> Piece | None:
        """The piece whose picture is shown large."""
        return next((piece for section in self.sections for piece in section.pieces if piece.picture), None)


def public(newsletter: Newsletter) -> QuerySet[Edition]:
    """The editions of ``newsletter`` that have a page on the web, newest first.

    What was written to a part of its readers is a letter to those, and what was written by hand when only subscribers could have
    the newsletter is theirs, whoever may have it now. Composed editions hold teasers only, whoever they went to.
    """
    found = newsletter.editions.filter(state__in=PUBLIC, segment=Edition.Segment.ALL).order_by("-date", "-due", "-pk")
    return found.filter(Q(kind=Edition.Kind.SCHEDULED) | Q(audience=Newsletter.Audience.REGISTERED))


def has_page(edition: Edition) -> bool:
    """Whether ``edition`` has a page on the web, or will have once it goes (as :func:`public` says)."""
    audience = edition.audience or edition.newsletter.audience
    by_hand = edition.kind == Edition.Kind.SPECIAL and audience != Newsletter.Audience.REGISTERED
    return edition.segment == Edition.Segment.ALL and not by_hand


def path_of(newsletter: Newsletter | str, key: str = "") -> str:
    """Where a newsletter's archive stands, or the page of one of its editions."""
    slug = newsletter if isinstance(newsletter, str) else newsletter.slug
    return f"/newsletters/{slug}/{key}/" if key else f"/newsletters/{slug}/"


def letter(edition: Edition, now: datetime, *, variant: str = "a", specs: Sequence[str] = (SHARED,)) -> Letter:
    """What ``edition`` says at ``now``, with the subject of ``variant``; its picture drawn in ``specs``. Ten queries at most."""
    newsletter = edition.newsletter
    items = edition.items.select_related("entry__source", "event").order_by("position", "pk")
    with _in_its_language():
        sections = _sections(edition, list(items), now, specs)
    subject = _line(edition.subject_b if variant == "b" and edition.subject_b else edition.subject)
    headlines = [piece.headline for section in sections for piece in section.pieces]
    return Letter(
        title=_line(newsletter.title),
        slug=newsletter.slug,
        key=edition.key,
        date=edition.date,
        subject=subject or _line(f"{newsletter.title}: {headlines[0]}" if headlines else newsletter.title)[:150],
        preheader=_line(edition.preheader) or teaser.summary(" · ".join(h for h in headlines[:4] if h not in subject), "", 160),
        opening=markdown.html(clean(edition.opening or newsletter.opening)),
        body=markdown.html(clean(edition.body)),
        closing=markdown.html(clean(newsletter.closing)),
        sections=sections,
        path=path_of(newsletter, edition.key) if has_page(edition) else "",
    )


def _sections(edition: Edition, items: Sequence[EditionItem], now: datetime, specs: Sequence[str]) -> tuple[Section, ...]:
    """The items by block, in the newsletter's order; blocks it no longer has stand last."""
    order = {block.kind: _line(str(block)) for block in edition.newsletter.blocks.all()}
    for kind in Block:
        order.setdefault(kind.value, kind.label)
    pieces = _pieces(items, now, specs)
    found = []
    for kind, heading in order.items():
        members = tuple(piece for item, piece in pieces if item.block == kind)
        if members:
            found.append(Section(kind, heading, members))
    return tuple(found)


def _pieces(items: Sequence[EditionItem], now: datetime, specs: Sequence[str]) -> list[tuple[EditionItem, Piece]]:
    numbers = [item.article_id for item in items if item.article_id]
    known = {number: row for number, row in rows.cards(numbers).items() if row.is_listed(now)}
    names = rows.names(known)
    lead = next((item for item in items if _may_lead(item, known)), None)
    shelf = Shelf([known[lead.article_id].picture] if lead else [], tuple({*specs, SHARED}), makes=2)
    wordless = [n for item in items if (n := item.article_id) in known and not item.text and not known[n].standfirst]
    renderings = rows.renderings(wordless) if wordless else {}
    policy = access.current_policy() if wordless else None
    found: list[tuple[EditionItem, Piece]] = []
    for item in items:
        if item.article_id is None:
            outside = _outside(item)
            if outside.headline and item.block not in _OF_ARTICLES:
                found.append((item, outside))
            continue
        row = known.get(item.article_id)
        if row is None:
            continue
        text = item.text or row.standfirst
        if not text and policy is not None and row.id in renderings:
            text = teaser.summary("", teaser.teaser(renderings[row.id], policy).text, SHORT)
        own = names.get(row.id, rows.NOBODY)
        topics = cards.topic_links(own)
        picture = shelf.picture(row.picture, _line(row.picture_alt), specs) if item is lead else None
        found.append(
            (
                item,
                Piece(
                    headline=_line(item.headline or row.title),
                    paragraphs=_paragraphs(text),
                    address=row.path_on_site,
                    kicker=_line(topics[0].name) if topics else "",
                    source=_line(item.source),
                    authors=_listed([_line(author.name) for author in cards.author_links(own)]),
                    access=ACCESS.get(row.access, ""),
                    dated=row.dated,
                    date_precision=row.date_precision,
                    picture=picture,
                    shared=shelf.picture(row.picture, _line(row.picture_alt), [SHARED]) if item is lead else None,
                    credit=_credit(row.id) if picture else "",
                    article=row.id,
                ),
            )
        )
    return found


_OF_ARTICLES = (Block.LIBRARY.value, Block.MOST_READ.value)  # "our latest" may hold what editors add by hand


def _may_lead(item: EditionItem, known: dict[int, rows.CardRow]) -> bool:
    return item.block == Block.LATEST and item.article_id in known and known[item.article_id].picture is not None


def _credit(number: int) -> str:
    return _line(Article.objects.filter(pk=number).values_list("picture_credit", flat=True).first() or "")


def _outside(item: EditionItem) -> Piece:
    """What is no article of ours: words as they were written elsewhere, and a link only to the web or to a path of ours."""
    said = words_of(item)
    address = said.url.strip()
    led = address.startswith(("https://", "http://")) or (address.startswith("/") and not address.startswith("//"))
    return Piece(
        headline=_line(said.headline),
        paragraphs=_paragraphs(said.text),
        address=clean(address) if led and not any(c.isspace() for c in address) else "",
        source=_line(said.source),
    )


class Words(NamedTuple):
    """What is said of a piece of outside news or an event: the fields of its item."""

    headline: str
    text: str
    url: str
    source: str


def words_of(item: EditionItem) -> Words:
    """The editor's words where there are any, else those of the entry or event that ``item`` names."""
    entry, event = item.entry, item.event
    if entry is not None:
        publisher = entry.publisher or (entry.source.name if entry.source else "")
        thing = Words(entry.headline, entry.comment or teaser.summary("", entry.summary, SHORT), entry.url, publisher)
    elif event is not None:
        thing = Words(event.title, event.text, event.url, when(event))
    else:
        thing = Words("", "", "", "")
    return Words(item.headline or thing.headline, item.text or thing.text, item.url or thing.url, item.source or thing.source)


def when(event: RadarEvent) -> str:
    """An event's day or days, hour and place, in the language that is active: "Tuesday 24 November, 14:00, Geneva"."""
    day = f"{date_format(event.starts, 'l')} {date_format(event.starts, 'MONTH_DAY_FORMAT')}"
    if event.ends and event.ends > event.starts:
        first = date_format(event.starts, "j" if _same_month(event.starts, event.ends) and _day_first() else "MONTH_DAY_FORMAT")
        day = f"{first}–{date_format(event.ends, 'MONTH_DAY_FORMAT')}"
    hour = time_format(event.hour, "H:i") if event.hour else ""
    return ", ".join(part for part in (day, hour, " ".join(event.place.split())) if part)[:120]


def _same_month(one: date, other: date) -> bool:
    return (one.year, one.month) == (other.year, other.month)


def _day_first() -> bool:
    return get_format("MONTH_DAY_FORMAT")[:1] in "jd"


def pin(edition: Edition) -> None:
    """Write down in ``edition`` what it says of outside news and events, which may be rewritten or removed once it has gone."""
    items = list(edition.items.filter(article=None).select_related("entry__source", "event"))
    with _in_its_language():
        for item in items:
            said = words_of(item)
            item.headline, item.text, item.url, item.source = said.headline[:200], said.text, said.url[:1000], said.source[:120]
    EditionItem.objects.bulk_update(items, ["headline", "text", "url", "source"])


def _in_its_language() -> translation.override:
    return translation.override(supported(Publication.load().language))


def _line(text: str) -> str:
    return " ".join(clean(text).split())


def _paragraphs(text: str) -> tuple[str, ...]:
    parts = clean(text).replace("\r\n", "\n").split("\n\n")
    return tuple(line for part in parts if (line := " ".join(part.split())))


def _listed(names: list[str]) -> str:
    *others, last = names or [""]
    return f"{', '.join(others)} and {last}" if others else last
