"""Newsletters on the web: which there are, the archive of each, and its editions. Content that depends on the path alone.

An edition's page shows what was mailed, without what was one reader's: teasers only, to everyone. Only what went is here
(``letters.public`` says what that is): a draft, one that was cancelled or left out, a letter to some readers only is not.
A newsletter of subscribers has an archive, too: it holds no more than the site's own lists do, and shows what there is to get.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import ClassVar

from django.http import Http404
from django.utils import translation
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe

from masthead.articles import teaser
from masthead.articles.cards import Link
from masthead.articles.pictures import WIDTHS, Picture
from masthead.core.languages import supported
from masthead.front.content.page import TOP, Page
from masthead.front.content.publication import NewsletterFacts, PublicationFacts
from masthead.newsletters import letters
from masthead.newsletters.letters import Letter
from masthead.newsletters.models import Edition, Newsletter

ROOT = Link("Newsletters", "/newsletters/")


@dataclass(frozen=True, slots=True)
class Entry:
    """One edition in a list."""

    path: str
    subject: str
    day: date
    text: str = ""


@dataclass(frozen=True, slots=True)
class Offered:
    """A newsletter with what came last of it."""

    facts: NewsletterFacts
    path: str
    subscribers: bool
    latest: Entry | None


def _offered(newsletter: Newsletter, latest: Edition | None = None) -> Offered:
    facts = NewsletterFacts(
        newsletter.slug, newsletter.title, newsletter.description, newsletter.schedule, newsletter.for_subscribers
    )
    only = newsletter.audience == Newsletter.Audience.SUBSCRIBERS
    return Offered(facts, letters.path_of(newsletter), only, _entry(newsletter, latest) if latest else None)


def _entry(newsletter: Newsletter, edition: Edition) -> Entry:
    title = edition.subject or newsletter.title
    return Entry(letters.path_of(newsletter, edition.key), title, edition.date, edition.preheader)


# --- all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class NewslettersPage(Page):
    """The newsletters, each with its last edition, and the form to ask for them."""

    template: ClassVar[str] = "front/newsletters.html"

    offered: tuple[Offered, ...]

    @property
    def newsletters(self) -> tuple[NewsletterFacts, ...]:
        """As the form offers them."""
        return tuple(each.facts for each in self.offered)


def newsletters_page() -> NewslettersPage:
    """The newsletters and the form to ask for them. One query, and one for each newsletter."""
    found = [_offered(each, letters.public(each).first()) for each in Newsletter.objects.all()]
    return NewslettersPage(
        title="Newsletters",
        description="Our free newsletters, by e-mail.",
        canonical=ROOT.path,
        crumbs=(Link("Home", "/"), ROOT),
        offered=tuple(found),
    )


# --- one of them


@dataclass(frozen=True, slots=True)
class Month:
    """The editions of a month, newest first."""

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePage(Page):
    """A newsletter's editions of one year, by month, and the form to ask for it."""

    template: ClassVar[str] = "front/newsletters/archive.html"
    slots: ClassVar[tuple[str, ...]] = (TOP,)
    parameters: ClassVar[tuple[str, ...]] = ("year",)

    newsletter: Offered
    name: str
    path: str
    year: int
    years: tuple[int, ...]
    months: tuple[Month, ...]


def find(name: str) -> Newsletter:
    """The newsletter called ``name``. Raises 404 for none."""
    found = Newsletter.objects.filter(slug=name).first()
    if found is None:
        raise Http404("No newsletter is called that.")
    return found


def archive_page(name: str, asked: str, publication: PublicationFacts) -> ArchivePage:
    """The archive of a newsletter in the year ``asked``, the newest for none. Raises 404 for one without editions."""
    newsletter = find(name)
    public = letters.public(newsletter)
    years = tuple(day.year for day in public.dates("date", "year", order="DESC"))
    newest = years[0] if years else 0
    if asked and asked not in map(str, years):
        raise Http404("No edition went in that year.")
    year = int(asked) if asked else newest
    editions = public.filter(date__year=year).select_related(None) if year else ()
    path = letters.path_of(newsletter)
    with translation.override(supported(publication.language)):
        months = tuple(
            Month(date_format(first, "F"), tuple(entries))
            for first, entries in groupby((_entry(newsletter, each) for each in editions), lambda entry: entry.day.replace(day=1))
        )
    older = year != newest
    return ArchivePage(
        title=f"{newsletter.title}, {year}" if older else newsletter.title,
        description=newsletter.description or f"All editions of {newsletter.title}.",
        canonical=f"{path}?year={year}" if older else path,
        crumbs=(Link("Home", "/"), ROOT, Link(newsletter.title, path)),
        feed=f"{path}feed.rss",
        newsletter=_offered(newsletter),
        name=newsletter.title,
        path=path,
        year=year,
        years=years,
        months=months,
    )


# --- one edition


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionPage(Page):
    """One edition, as it went."""

    template: ClassVar[str] = "front/newsletters/edition.html"
    slots: ClassVar[tuple[str, ...]] = (TOP,)

    newsletter: Offered
    letter: Letter
    opening: SafeString
    body: SafeString
    closing: SafeString
    earlier: Entry | None
    later: Entry | None
    shared: Picture | None = None


def edition_page(name: str, key: str, now: datetime) -> EditionPage:
    """The page of an edition. Raises 404 where none went that has one."""
    newsletter = find(name)
    public = letters.public(newsletter)
    edition = public.filter(key=key).first()
    if edition is None:
        raise Http404("No such edition went.")
    edition.newsletter = newsletter
    letter = letters.letter(edition, now, specs=WIDTHS, variant=edition.winner or "a")
    earlier = public.filter(due__lt=edition.due).order_by("-due").first()
    later = public.filter(due__gt=edition.due).order_by("due").first()
    path = letters.path_of(newsletter)
    lead = letter.lead
    return EditionPage(
        title=letter.subject,
        description=teaser.summary(edition.preheader or letter.preheader, newsletter.description),
        canonical=letters.path_of(newsletter, key),
        crumbs=(Link("Home", "/"), ROOT, Link(newsletter.title, path), Link(letter.subject, "")),
        feed=f"{path}feed.rss",
        newsletter=_offered(newsletter),
        letter=letter,
        # cleaned when it was made
        opening=mark_safe(letter.opening),
        body=mark_safe(letter.body),
        closing=mark_safe(letter.closing),
        earlier=_entry(newsletter, earlier) if earlier else None,
        later=_entry(newsletter, later) if later else None,
        shared=lead.shared if lead else None,
    )


def letters_of(newsletter: Newsletter, most: int, now: datetime) -> Iterator[tuple[Edition, Letter]]:
    """The newest editions of ``newsletter`` with what they say."""
    for edition in letters.public(newsletter)[:most]:
        edition.newsletter = newsletter
        yield edition, letters.letter(edition, now, variant=edition.winner or "a")


def addresses(most: int) -> list[tuple[str, datetime | None]]:
    """The paths of all archives and editions, newest first, with when they went."""
    found: list[tuple[str, datetime | None]] = []
    editions: list[tuple[str, datetime | None]] = []
    for newsletter in Newsletter.objects.all():
        found.append((letters.path_of(newsletter), None))
        went = letters.public(newsletter).values_list("key", "frozen")[:most]
        editions += [(letters.path_of(newsletter, key), frozen) for key, frozen in went]
    editions.sort(key=lambda entry: (entry[1] is not None, entry[1] or 0, entry[0]), reverse=True)
    return [*found, *editions][:most]
