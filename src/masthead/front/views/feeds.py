"""RSS: teasers of the newest articles, of everything, a topic or an author."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.feedgenerator import Rss201rev2Feed
from django.utils.html import escape
from django.utils.xmlutils import SimplerXMLGenerator
from django.views.decorators.http import require_safe

from masthead.access.policy import Policy
from masthead.articles import cards
from masthead.articles.models import Article, Author, Topic
from masthead.articles.rendering import Rendered
from masthead.articles.teaser import summary, teaser
from masthead.core import changelog, clock
from masthead.front import guides, headers
from masthead.front.content.publication import PublicationFacts, next_listed, publication_facts
from masthead.front.marks import Mark
from masthead.front.pageview import view_of_all
from masthead.front.views.guides import moved

ITEMS = 30
RSS = "application/rss+xml; charset=utf-8"


class Feed(Rss201rev2Feed):
    """RSS 2.0 with authors by name (its own ``author`` wants an address) and teasers as HTML."""

    def rss_attributes(self) -> dict[str, str]:
        return {
            **super().rss_attributes(),
            "xmlns:content": "http://purl.org/rss/1.0/modules/content/",
            "xmlns:dc": "http://purl.org/dc/elements/1.1/",
        }

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict) -> None:
        super().add_item_elements(handler, item)
        for name in item["names"]:
            handler.addQuickElement("dc:creator", name)
        handler.addQuickElement("content:encoded", item["teaser"])

    def latest_post_date(self) -> datetime:
        """That of its newest item. An empty feed has none that moves on: what is kept of it is to be what would be said now."""
        return super().latest_post_date() if self.items else datetime.fromtimestamp(0, UTC)


@require_safe
def articles(request: HttpRequest) -> HttpResponse:
    """The newest articles."""
    publication = publication_facts()
    return _feed(request, publication, cards.listed(clock.now()), publication.name, "/", publication.tagline)


@require_safe
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest articles of a topic."""
    found = get_object_or_404(Topic, slug=slug)
    publication = publication_facts()
    chosen = cards.listed(clock.now()).filter(topics=found)
    return _feed(request, publication, chosen, f"{publication.name}: {found.name}", found.get_absolute_url(), found.introduction)


@require_safe
def relation(request: HttpRequest, one: str, other: str) -> HttpResponse:
    """The newest articles on two topics; there where their page is."""
    both = guides.two(one, other)
    if one > other:
        return moved(request, both, "feed.rss")
    if not guides.exists(both, clock.now()):
        raise Http404("Nothing is written on both.")
    publication = publication_facts()
    chosen = cards.listed(clock.now()).filter(topics=both.first).filter(topics=both.second)
    introduction = both.relation.introduction if both.relation else ""
    return _feed(request, publication, chosen, f"{publication.name}: {both.name}", both.path, introduction)


@require_safe
def author(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest articles of an author."""
    found = get_object_or_404(Author, slug=slug)
    publication = publication_facts()
    chosen = cards.listed(clock.now()).filter(bylines__author=found)
    return _feed(request, publication, chosen, f"{publication.name}: {found.name}", found.get_absolute_url(), found.biography)


def _feed(
    request: HttpRequest,
    publication: PublicationFacts,
    chosen: QuerySet[Article],
    title: str,
    path: str,
    description: str,
) -> HttpResponse:
    policy: Policy = request.policy  # type: ignore[attr-defined]
    text = written(publication, chosen, policy, title=title, path=path, description=description, own_path=request.path)
    response = HttpResponse(text, content_type=RSS)
    view = view_of_all(request.path, publication.language)
    fresh_until = next_listed(clock.now())
    return headers.variant(request, response, Mark(view, (changelog.LIST,), fresh_until=fresh_until))


def written(
    publication: PublicationFacts,
    chosen: QuerySet[Article],
    policy: Policy,
    *,
    title: str,
    path: str,
    description: str,
    own_path: str = "",
) -> str:
    """A feed of the first articles of ``chosen``, whoever reads it: teasers as ``policy`` cuts them, and never more.

    Without ``own_path`` it does not say where it is from: a private one is a secret, and feeds are passed on.
    """
    base = publication.base_url
    feed = Feed(
        title=title,
        link=f"{base}{path}",
        description=summary(description, title),
        language=publication.language.lower(),
        feed_url=f"{base}{own_path}" if own_path else None,
    )
    for row in cards.load(chosen.select_related("rendering")[:ITEMS]):
        start = teaser(getattr(row, "rendering", None) or Rendered((), None), policy)
        link = f"{base}{row.path_on_site}"
        feed.add_item(
            title=row.title,
            link=link,
            description=summary(row.standfirst, start.text),
            unique_id=link,
            pubdate=row.dated,
            categories=[topic.name for topic in row.topics.all()],
            names=[author.name for author in row.author_list],
            teaser=f'{start.html}<p><a href="{escape(link)}">Keep reading at {escape(publication.name)}</a></p>',
        )
    return feed.writeString("utf-8")
