"""Those who write, A to Z. A few stand on one page; an archive has thousands, who stand by letter: /authors/?letter=k.

An address names its letter for good (a slug may be "k", so it is no part of the path). Which letter a name stands under no
database can say, so all names are read at once: eleven bytes each, and remembered until something is published.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple
from urllib.parse import quote

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import Http404

from masthead.articles import teaser
from masthead.articles.cards import Link
from masthead.articles.models import Author, Byline
from masthead.articles.pictures import PORTRAIT, Shelf
from masthead.core import changelog
from masthead.core.remembered import Remembered
from masthead.front import alphabet
from masthead.front.content import INDEX_ENTRIES, Entry, Group, Page, by_letter

PROLIFIC = 24  # shown where no letter is chosen yet


class Name(NamedTuple):
    """An author as the letters know them."""

    number: int
    name: str
    slug: str
    written: int


@dataclass(frozen=True, slots=True)
class LetterLink:
    """A letter to jump to, and how many stand under it."""

    name: str
    path: str
    count: int
    here: bool = False


class Elsewhere(Exception):
    """The letter is called otherwise: its page is at ``path``."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorsPage(Page):
    """Those who wrote something."""

    template: ClassVar[str] = "front/authors.html"
    parameters: ClassVar[tuple[str, ...]] = ("letter", "after")

    kind: str = "authors"
    count: int
    letters: tuple[LetterLink, ...] = ()
    groups: tuple[Group, ...]
    older: str = ""


def named() -> QuerySet[Author]:
    """The authors that pages may name: of something published, and those the publication presents. Who writes a draft is nobody's
    business yet.
    """
    published = Byline.objects.filter(author=OuterRef("pk"), article__live=True)
    return Author.objects.filter(Exists(published) | ~Q(role=""))


def authors(letter: str = "", after: str = "") -> AuthorsPage:
    """All authors where they are few, else the letters; or those of ``letter``, from behind the one with the slug ``after``.

    Raises 404 for a letter nobody stands under, :class:`Elsewhere` for one written otherwise.
    """
    shelves = _shelves.get()
    count = sum(len(shelf.things) for shelf in shelves)
    crumbs = (Link("Home", "/"), Link("Authors", "/authors/"))
    if not letter:
        groups: tuple[Group, ...] = ()
        if 0 < count <= INDEX_ENTRIES:
            groups = (by_letter("", _entries(name for shelf in shelves for name in shelf.things)),)
        elif count:
            most = sorted((name for shelf in shelves for name in shelf.things), key=lambda name: (-name.written, name.name))
            groups = (Group("Most often here", tuple(_entries(most[:PROLIFIC]))),)
        return AuthorsPage(
            title="Authors",
            description="Those who write for us.",
            canonical="/authors/",
            crumbs=crumbs,
            count=count,
            letters=() if count <= INDEX_ENTRIES else _letters(shelves),
            groups=groups,
        )
    found = _find(shelves, letter)
    start = next((number for number, name in enumerate(found.things, 1) if name.slug == after), 0)
    shown = found.things[start : start + INDEX_ENTRIES]
    if not shown:  # behind the last
        raise Http404("No more stand under that letter.")
    path = f"/authors/?letter={quote(found.key)}"
    more = f"{path}&after={shown[-1].slug}" if start + len(shown) < len(found.things) else ""
    return AuthorsPage(
        title=f"Authors: {found.name}",
        description=f"Those who write for us: {found.name}.",
        canonical=f"{path}&after={after}" if start else path,
        crumbs=(*crumbs, Link(found.name, path)),
        count=len(found.things),
        letters=_letters(shelves, found.key),
        groups=(Group("", tuple(_entries(shown))),),
        older=more,
    )


def _load_shelves() -> list[alphabet.Shelf[Name]]:
    rows = Byline.objects.filter(article__live=True).order_by().values_list("author_id").annotate(written=Count("pk"))
    written = dict(rows)
    names = [Name(*row, written[row[0]]) for row in Author.objects.values_list("pk", "name", "slug") if row[0] in written]
    return alphabet.shelves(names, lambda author: author.name)


_shelves = Remembered(_load_shelves, changelog.LIST)


def _find(shelves: list[alphabet.Shelf[Name]], letter: str) -> alphabet.Shelf[Name]:
    """The shelf called ``letter``. Also the letters of a script that stands together, and the whole of one that does not: which
    of the two it is changes as authors come and go, and an address must not.
    """
    key = alphabet.key_of(letter) or "-"
    shelf = next((shelf for shelf in shelves if shelf.key == key), None)
    if shelf is None:
        names = [name for shelf in shelves for name in shelf.things if key in alphabet.keys_of(name.name)]
        if not names:
            raise Http404("Nobody stands under that letter.")
        shelf = alphabet.Shelf(key, key.capitalize(), tuple(names))
    if letter != shelf.key:
        raise Elsewhere(f"/authors/?letter={quote(shelf.key)}")
    return shelf


def _letters(shelves: list[alphabet.Shelf[Name]], here: str = "") -> tuple[LetterLink, ...]:
    return tuple(
        LetterLink(shelf.name, f"/authors/?letter={quote(shelf.key)}", len(shelf.things), shelf.key == here) for shelf in shelves
    )


def _entries(names: Iterable[Name]) -> list[Entry]:
    wanted = list(names)
    rows = Author.objects.select_related("portrait").in_bulk([name.number for name in wanted])
    shelf = Shelf((row.portrait for row in rows.values()), [PORTRAIT])
    return [
        Entry(
            row.name,
            row.get_absolute_url(),
            row.role or teaser.summary("", row.biography, 120),
            shelf.picture(row.portrait, "", [PORTRAIT]),
            name.written,
        )
        for name in wanted
        if (row := rows.get(name.number))
    ]
