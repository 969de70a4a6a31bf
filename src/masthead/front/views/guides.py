"""Topics and their years, and two topics with each other."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from masthead.core import clock
from masthead.front import guides, headers
from masthead.front.content.publication import publication_facts
from masthead.front.views.pages import _answer


@require_safe
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    """A topic's page."""
    publication, now = publication_facts(), clock.now()
    page = guides.topic(slug, request.GET.get("before", ""), publication, now)
    # what is most opened moves on by itself
    return _answer(request, page, publication, fresh_until=now + guides.OPENED_FOR)


@require_safe
def topic_year(request: HttpRequest, slug: str, year: int) -> HttpResponse:
    """A year's articles on a topic."""
    publication = publication_facts()
    page = guides.topic_year(slug, year, request.GET.get("before", ""), publication, clock.now())
    return _answer(request, page, publication)


@require_safe
def relation(request: HttpRequest, one: str, other: str) -> HttpResponse:
    """The page of two. It has one address; the slugs the other way round lead there."""
    publication, now = publication_facts(), clock.now()
    both = guides.two(one, other)
    if one > other:
        return moved(request, both, "")
    return _answer(request, guides.relation(both, request.GET.get("before", ""), publication, now), publication)


@require_safe
def relation_year(request: HttpRequest, one: str, other: str, year: int) -> HttpResponse:
    """A year's articles on two."""
    publication = publication_facts()
    both = guides.two(one, other)
    if one > other:
        return moved(request, both, f"{year:04}/")
    return _answer(
        request, guides.relation_year(both, year, request.GET.get("before", ""), publication, clock.now()), publication
    )


def moved(request: HttpRequest, both: guides.Two, rest: str) -> HttpResponse:
    """301 to the one address of ``both`` (and ``rest``), with the query as it is. Raises 404 where there is no page of theirs."""
    if not guides.exists(both, clock.now()):
        raise Http404("Nothing is written on both.")
    query = request.META.get("QUERY_STRING", "")
    response = HttpResponsePermanentRedirect(f"{both.path}{rest}{'?' if query else ''}{query}")
    response["Cache-Control"] = headers.PUBLIC if headers.is_public(request) else headers.PRIVATE
    patch_vary_headers(response, ["Cookie"])
    return response
