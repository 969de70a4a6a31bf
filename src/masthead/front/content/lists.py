"""Articles in a list, newest first: an author's page, and what pages of topics are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.http import Http404

from masthead.articles import cards, teaser
from masthead.articles.cards import Card, Link
from masthead.articles.models import Author
from masthead.articles.pictures import PORTRAIT, Picture, Shelf
from masthead.front.content.page import TOP, Page

LIST_ARTICLES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage(Page):
    """An author's articles, or older ones of a topic (``guides``), newest first. ``older`` is the path of the next page."""

    template: ClassVar[str] = "front/list.html"
    slots: ClassVar[tuple[str, ...]] = (TOP,)
    parameters: ClassVar[tuple[str, ...]] = ("before",)

    kind: str
    name: str
    path: str
    followed: str = ""  # the slug its form names; empty where there is nothing to follow
    introduction: str = ""
    role: str = ""
    portrait: Picture | None = None
    cards: tuple[Card, ...] = ()
    older: str = ""
    later_page: bool = False
    subjects: tuple[str, ...] = ()  # paths of topics all its articles have, which their cards need not name


def author_page(slug: str, before: str, now: datetime) -> ListPage:
    """The page of one author. Raises 404 for none."""
    row = Author.objects.select_related("portrait").filter(slug=slug).first()
    if row is None:
        raise Http404("No author is called that.")
    page = cards.page_of(cards.listed(now).filter(bylines__author=row), before=before, size=LIST_ARTICLES)
    portrait = Shelf([row.portrait], [PORTRAIT]).picture(row.portrait, row.portrait_alt or row.name, [PORTRAIT])
    path = row.get_absolute_url()
    later = cards.read_mark(before) is not None
    return ListPage(
        title=f"{row.name}: older articles" if later else row.name,
        description=teaser.summary(row.biography, f"Articles by {row.name}."),
        canonical=f"{path}?before={before}" if later else path,
        crumbs=(Link("Home", "/"), Link("Authors", "/authors/"), Link(row.name, path)),
        feed=f"{path}feed.rss",
        kind="author",
        name=row.name,
        path=path,
        followed=path.rstrip("/").rpartition("/")[2],
        introduction=row.biography,
        role=row.role,
        portrait=portrait,
        cards=tuple(cards.cards_of(page.articles)),
        older=f"{path}?before={page.older}" if page.older else "",
        later_page=later,
    )
