"""The pages readers look at. Each finds content, asks for the decision where there is one, and renders a PageView."""

from __future__ import annotations

from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from masthead.access.policy import ArticleFacts, decide
from masthead.ads.models import Advertisement
from masthead.core import changelog, clock
from masthead.front import arrivals, directory, editions, headers
from masthead.front.content.article import article_page, find_article
from masthead.front.content.home import home_page
from masthead.front.content.indexes import about_page, topics_page
from masthead.front.content.lists import author_page
from masthead.front.content.page import Page
from masthead.front.content.publication import PublicationFacts, next_listed, publication_facts
from masthead.front.content.subscribe import subscribe_page
from masthead.front.marks import Mark, earliest
from masthead.front.pageview import view_of
from masthead.front.render import render_page, view_for


def _answer(
    request: HttpRequest,
    page: Page,
    publication: PublicationFacts,
    path: str = "",
    fresh_until: datetime | None = None,
    keys: tuple[str, ...] = (),
) -> HttpResponse:
    now = clock.now()
    view = view_for(request, path or page.canonical, publication)
    rendering = render_page(view, page, publication, now)
    fresh_until = earliest(rendering.fresh_until, next_listed(now), fresh_until)
    mark = Mark(view, (changelog.LIST, *keys), fresh_until=fresh_until, parameters=page.parameters)
    return headers.variant(request, HttpResponse(rendering.html), mark)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The newest articles."""
    publication = publication_facts()
    return _answer(request, home_page(publication, clock.now()), publication)


@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """One article: as much of it as the decision opens."""
    now = clock.now()
    found = find_article(slug)
    facts = ArticleFacts(found.id, found.access)
    decision = decide(request.policy, facts, request.visitor, now)  # type: ignore[attr-defined]
    publication = publication_facts()
    view = view_of(
        found.path_on_site,
        decision.standing,
        decision,
        institution=request.visitor.institution,  # type: ignore[attr-defined]
        locale=publication.language,
    )
    page = article_page(found, opens=view.opens, policy=request.policy, now=now)  # type: ignore[attr-defined]
    rendering = render_page(view, page, publication, now)
    mark = Mark(
        view,
        page.keys,
        article=facts,
        until=request.policy.period_at(now).ends if view.period else None,  # type: ignore[attr-defined]
        fresh_until=earliest(rendering.fresh_until, page.until),
    )
    return headers.variant(request, HttpResponse(rendering.html), mark)


@require_safe
def author(request: HttpRequest, slug: str) -> HttpResponse:
    """An author's articles."""
    return _answer(request, author_page(slug, request.GET.get("before", ""), clock.now()), publication_facts())


@require_safe
def topics(request: HttpRequest) -> HttpResponse:
    """All topics."""
    return _answer(request, topics_page(), publication_facts())


@require_safe
def authors(request: HttpRequest) -> HttpResponse:
    """All authors, or those of one letter."""
    try:
        page = directory.authors(request.GET.get("letter", ""), request.GET.get("after", ""))
    except directory.Elsewhere as elsewhere:
        return HttpResponseRedirect(elsewhere.path)
    # the edge looks for it by what was asked, and with values as they are, not as addresses have them
    asked = "&".join(f"{name}={request.GET[name]}" for name in page.parameters if request.GET.get(name))
    return _answer(request, page, publication_facts(), f"/authors/?{asked}" if asked else "/authors/")


@require_safe
def subscribe(request: HttpRequest) -> HttpResponse:
    """All-Access: what it is, what it costs, and the form to buy it with."""
    if (onward := arrivals.goes_on(request)) is not None:
        return onward
    publication = publication_facts()
    page = subscribe_page(
        request.GET.get("article", ""),
        request.GET.get("currency", ""),
        request.policy,  # type: ignore[attr-defined]
        publication,
    )
    return _answer(request, page, publication, page.address)


@require_safe
def newsletters(request: HttpRequest) -> HttpResponse:
    """The newsletters, to tick."""
    page = editions.newsletters_page()
    return _answer(request, page, publication_facts(), keys=(changelog.EDITIONS,))


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """The publication on itself."""
    publication = publication_facts()
    return _answer(request, about_page(publication), publication)


@require_safe
def advertisement(request: HttpRequest, number: int) -> HttpResponse:
    """A pasted tag as a document of its own, which the page frames: whatever it does, it does as nobody."""
    found = get_object_or_404(Advertisement, pk=number, active=True)
    now = clock.now()
    if not found.tag or (found.starts and now < found.starts) or (found.ends and now >= found.ends):
        raise Http404("No advertisement stands there.")
    response = HttpResponse(
        f"<!doctype html><meta charset=utf-8><title>Advertisement</title><style>html,body{{margin:0}}</style>{found.tag}"
    )
    response["Cache-Control"] = "public, max-age=60"
    response["Content-Security-Policy"] = headers.SANDBOX
    response["X-Robots-Tag"] = "noindex"
    return response
