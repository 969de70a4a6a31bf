"""Pages put together. A page is a pure function of (PageView, what the database holds, the minute): no request gets near it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation

from masthead.access.policy import Standing, Visitor, standing
from masthead.ads import services as ads
from masthead.core import clock
from masthead.core.languages import supported
from masthead.front import headers
from masthead.front.content.page import Page
from masthead.front.content.publication import PublicationFacts, publication_facts
from masthead.front.pageview import PageView, view_of


@dataclass(frozen=True, slots=True)
class Rendering:
    """A page put together, and until when at least it would be put together so (None: until something changes)."""

    html: str
    fresh_until: datetime | None = None


def render_page(view: PageView, page: Page, publication: PublicationFacts, now: datetime) -> Rendering:
    """``page`` as ``view`` shows it. Where advertising is off, advertisements are not even looked up."""
    filled = ads.for_page(view.path, now, page.slots) if view.advertising and page.slots else ads.Filled({})
    context = {
        "view": view,
        "page": page,
        "publication": publication,
        "ads": {slot.replace("-", "_"): ad for slot, ad in filled.shown.items()},
    }
    with translation.override(supported(view.locale)):
        return Rendering(render_to_string(page.template, context), filled.until)


def view_for(request: HttpRequest, path: str, publication: PublicationFacts) -> PageView:
    """The view of a page that is no article."""
    visitor: Visitor = request.visitor  # type: ignore[attr-defined]
    now = clock.now()
    return view_of(path, standing(visitor, now), None, institution=visitor.institution, locale=publication.language)


def render_personal(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """A page for one reader only (account, log-in, confirmation): with the request, CSRF token and all; never reused."""
    publication = publication_facts()
    visitor = getattr(request, "visitor", None)
    who = standing(visitor, clock.now()) if visitor else Standing.ANONYMOUS
    institution = visitor.institution if visitor else None
    view = view_of(request.path, who, None, institution=institution, locale=publication.language)
    everything = {"publication": publication, "view": view, "ads": {}, **(context or {})}
    with translation.override(supported(publication.language)):
        html = render_to_string(template, everything, request=request)
    return headers.personal(HttpResponse(html, status=status))
