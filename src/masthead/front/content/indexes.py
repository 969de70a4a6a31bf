"""What the publication writes about, and who does: entries under headings, with letters to jump by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from django.db.models import Count, Q
from django.utils.text import slugify

from masthead.articles import teaser
from masthead.articles.cards import Link
from masthead.articles.models import Author, Topic
from masthead.articles.pictures import PORTRAIT, Picture, Shelf
from masthead.front import alphabet
from masthead.front.content.page import Page
from masthead.front.content.publication import PublicationFacts


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an index: a topic or an author."""

    name: str
    path: str
    text: str
    portrait: Picture | None = None
    articles: int = 0
    anchor: str = ""  # on the first of its letter, where letters lead


@dataclass(frozen=True, slots=True)
class Group:
    """Entries under one heading, and the letters to jump by where there are many."""

    title: str
    entries: tuple[Entry, ...]
    letters: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPage(Page):
    """All topics."""

    template: ClassVar[str] = "front/index.html"

    kind: str
    groups: tuple[Group, ...]


TOPIC_GROUPS = (
    (Topic.Kind.REGION, "Regions"),
    (Topic.Kind.COUNTRY, "Countries"),
    (Topic.Kind.GROUP, "Alliances and dialogues"),
    (Topic.Kind.ORGANISATION, "Organisations"),
    (Topic.Kind.THEME, "Themes"),
)
INDEX_ENTRIES = 200
MANY_ENTRIES = 40  # more than anyone looks through without letters


def by_letter(title: str, entries: list[Entry]) -> Group:
    """A group in the order of a dictionary, É beside E; a long one with its letters."""
    shelves = alphabet.shelves(entries, lambda entry: entry.name)
    ordered = [entry for shelf in shelves for entry in shelf.things]
    if len(ordered) <= MANY_ENTRIES:
        return Group(title, tuple(ordered))
    letters = []
    number = 0
    for shelf in shelves:
        anchor = f"{slugify(title) or 'letter'}-{shelf.key}"
        ordered[number] = replace(ordered[number], anchor=anchor)
        letters.append(Link(shelf.name, f"#{anchor}"))
        number += len(shelf.things)
    return Group(title, tuple(ordered), tuple(letters))


def topics_page() -> IndexPage:
    """All topics by kind, with how many articles each has; one of which nothing is published yet stands there, too."""
    shown = Topic.objects.annotate(written=Count("articles", filter=Q(articles__live=True)))
    rows = list(shown.order_by("name"))
    groups = []
    for kind, title in TOPIC_GROUPS:
        found = [
            Entry(t.name, t.get_absolute_url(), teaser.summary("", t.introduction, 140), articles=t.written)
            for t in rows
            if t.kind == kind
        ]
        if found:
            groups.append(by_letter(title, found))
    return IndexPage(
        title="Topics",
        description="Everything we write about: regions, countries, alliances, organisations and themes.",
        canonical="/topics/",
        crumbs=(Link("Home", "/"), Link("Topics", "/topics/")),
        kind="topics",
        groups=tuple(groups),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutPage(Page):
    template: ClassVar[str] = "front/about.html"

    people: tuple[Entry, ...]


def about_page(publication: PublicationFacts) -> AboutPage:
    """The publication on itself."""
    rows = list(Author.objects.exclude(role="").select_related("portrait").order_by("pk")[:12])
    shelf = Shelf((row.portrait for row in rows), [PORTRAIT])
    return AboutPage(
        title=f"About {publication.name}",
        description=teaser.summary(publication.about, publication.tagline),
        canonical="/about/",
        crumbs=(Link("Home", "/"), Link("About", "/about/")),
        people=tuple(
            Entry(row.name, row.get_absolute_url(), row.role, shelf.picture(row.portrait, "", [PORTRAIT])) for row in rows
        ),
    )
