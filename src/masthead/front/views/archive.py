"""The archive by date: /archive/, /archive/2019/, /archive/2019/03/, /archive/2019/03/21/."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.views.decorators.http import require_safe

from masthead.articles.stretches import Stretch
from masthead.core import clock
from masthead.front import archive
from masthead.front.content.publication import publication_facts
from masthead.front.views.pages import _answer


@require_safe
def years(request: HttpRequest) -> HttpResponse:
    """All years."""
    publication = publication_facts()
    return _answer(request, archive.years_page(publication, clock.now()), publication)


@require_safe
def stretch(request: HttpRequest, **numbers: int) -> HttpResponse:
    """A year, a month or a day. Written with other digits than ours it is sent on, so that each has one address."""
    try:
        found = Stretch(**numbers)
    except ValueError:
        raise Http404("The calendar has no such date.") from None
    if 0 in numbers.values():  # which is a stretch's way to say "all of it"
        raise Http404("The calendar has no such date.")
    if request.path != found.path:
        query = request.META.get("QUERY_STRING", "")
        return HttpResponsePermanentRedirect(f"{found.path}?{query}" if query else found.path)
    publication = publication_facts()
    return _answer(request, archive.stretch_page(found, request.GET.get("before", ""), publication, clock.now()), publication)
