"""Newsletters on the web: /newsletters/NAME/, its feed, /newsletters/NAME/DATE/."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.views.decorators.http import require_safe

from masthead.articles.teaser import summary
from masthead.core import changelog, clock
from masthead.core.languages import supported
from masthead.front import editions, headers
from masthead.front.content.publication import next_listed, publication_facts
from masthead.front.marks import Mark
from masthead.front.pageview import view_of_all
from masthead.front.views.feeds import RSS, Feed
from masthead.front.views.pages import _answer
from masthead.newsletters import letters, markdown

IN_FEED = 15
KEYS = (changelog.EDITIONS,)


@require_safe
def archive(request: HttpRequest, name: str) -> HttpResponse:
    """The editions of a newsletter, of its newest year or of the one asked for."""
    publication = publication_facts()
    asked = request.GET.get("year", "")
    page = editions.archive_page(name, asked, publication)
    # the edge looks for it by what was asked
    return _answer(request, page, publication, f"{page.path}?year={asked}" if asked else page.path, keys=KEYS)


@require_safe
def edition(request: HttpRequest, name: str, key: str) -> HttpResponse:
    """One edition."""
    page = editions.edition_page(name, key, clock.now())
    return _answer(request, page, publication_facts(), keys=KEYS)


@require_safe
def feed(request: HttpRequest, name: str) -> HttpResponse:
    """The newest editions of a newsletter: what stands in them, as their pages show it to everyone."""
    newsletter = editions.find(name)
    publication = publication_facts()
    base = publication.base_url
    path = letters.path_of(newsletter)
    found = Feed(
        title=f"{publication.name}: {newsletter.title}",
        link=f"{base}{path}",
        description=summary(newsletter.description, newsletter.title),
        language=publication.language.lower(),
        feed_url=f"{base}{request.path}",
    )

    def full(address: str) -> str:
        return f"{base}{address}" if address.startswith("/") and not address.startswith("//") else address

    with translation.override(supported(publication.language)):
        for edition, letter in editions.letters_of(newsletter, IN_FEED, clock.now()):
            context = {"letter": letter, "base": base, "opening": markdown.with_addresses(letter.opening, full, full)}
            link = f"{base}{letters.path_of(newsletter, edition.key)}"
            found.add_item(
                title=letter.subject,
                link=link,
                description=summary(letter.preheader, letter.subject),
                unique_id=link,
                pubdate=edition.frozen or edition.due,
                names=[],
                teaser=render_to_string("front/newsletters/_feed_item.html", context),
            )
    response = HttpResponse(found.writeString("utf-8"), content_type=RSS)
    view = view_of_all(request.path, publication.language)
    mark = Mark(view, (changelog.LIST, *KEYS), fresh_until=next_listed(clock.now()))
    return headers.variant(request, response, mark)
