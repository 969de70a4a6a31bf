"""The library: its search page, what a text may become while it is typed, and the search as JSON (docs/reference/search-api.md).

A search is answered for the visitor who asks and kept by nobody. It writes nothing and is counted against no limit: what it costs
is bounded by what the engine takes of a text, and is about what any page costs that is not held.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from masthead.core import clock
from masthead.front import finding, headers
from masthead.front.content.publication import publication_facts
from masthead.front.render import render_personal
from masthead.front.structured import absolute
from masthead.library import query
from masthead.library.renamed import renamed
from masthead.library.search import Results, reads_everything, search

AGAIN = 5  # seconds after which a library that is being prepared may be asked once more
SUGGESTIONS = "application/x-suggestions+json"
PRECISE = {"day": 10, "month": 7, "year": 4}  # how much of a date is known, in characters


def _find(request: HttpRequest, asked: query.Request, now: datetime) -> Results:
    whole = reads_everything(request.visitor, now)  # type: ignore[attr-defined]
    return search(asked, whole=whole, policy=request.policy, now=now)  # type: ignore[attr-defined]


@csrf_exempt  # it changes nothing: whoever posts is told so, not that their form came from elsewhere
@require_safe
def library(request: HttpRequest) -> HttpResponse:
    """Search, or browse, everything published."""
    now = clock.now()
    asked = query.parse(request.GET)
    if "from" in request.GET or "to" in request.GET:  # from the form for dates: a search has one address
        return _moved(finding.within(asked, _year(request, "from"), _year(request, "to")))
    if (current := renamed(asked)) != asked:
        return _moved(current)
    found = _find(request, asked, now)
    page = finding.page(asked, found, request.visitor, request.policy, now)  # type: ignore[attr-defined]
    response = render_personal(request, page.template, {"page": page}, status=200 if found.ready else 503)
    return response if found.ready else headers.later(response, AGAIN)


def _year(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "").strip()
    return int(text) if re.fullmatch(r"[0-9]{1,4}", text) and int(text) else None


def _moved(asked: query.Request) -> HttpResponse:
    return headers.personal(HttpResponseRedirect(finding.address(asked.query_string(page=asked.page))))


@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """What a text may become, as OpenSearch suggestions: [text, [completions], [what each is], [where each leads]]."""
    text = query.clean(request.GET.get("q", ""))[: query.LONGEST]
    typed = f"{text} " if request.GET.get("q", "")[-1:].isspace() else text
    found = finding.suggestions(typed, request.policy, clock.now())  # type: ignore[attr-defined]
    publication = publication_facts()
    body = [text, [s.text for s in found], [s.kind for s in found], [absolute(s.path, publication) for s in found]]
    return headers.suggestions(request, JsonResponse(body, safe=False, content_type=SUGGESTIONS))


# --- as JSON

_NUMBERS = {"page": (1, 10**9), "year": (1, 9999), "month": (1, 12)}


@csrf_exempt
def api(request: HttpRequest) -> HttpResponse:
    """The search page as JSON, under the same rules and for the same visitor."""
    if request.method not in ("GET", "HEAD"):
        response = _refuse(405, "Searches are asked for with GET.")
        response["Allow"] = "GET, HEAD"
        return response
    wrong = _misread(request)
    if wrong is not None:
        return wrong
    now = clock.now()
    asked = replace(renamed(query.parse(request.GET)), typing=False)
    found = _find(request, asked, now)
    if not found.ready:
        return headers.later(_refuse(503, "The library is being prepared. Please ask again in a moment."), AGAIN)
    return headers.personal(JsonResponse(_answer(request, found, now), json_dumps_params={"ensure_ascii": False}))


def _misread(request: HttpRequest) -> HttpResponse | None:
    """A refusal where a parameter says what it cannot say. Whoever programs is better served by that than by a guess."""
    for name, (least, most) in _NUMBERS.items():
        value = request.GET.get(name, "")
        if value and not (value.isascii() and value.isdecimal() and len(value) <= 10 and least <= int(value) <= most):
            return _refuse(400, f"It has to be a whole number from {least} to {most}.", name)
    if request.GET.get("month") and not request.GET.get("year"):
        return _refuse(400, "A month needs its year.", "month")
    order = request.GET.get("order", "")
    if order and order not in set(query.Order):
        return _refuse(400, f"It has to be one of {', '.join(query.Order)}.", "order")
    return None


def _refuse(status: int, sentence: str, parameter: str = "") -> HttpResponse:
    error: dict[str, Any] = {"status": status, "message": sentence}
    if parameter:
        error["parameter"] = parameter
    return headers.personal(JsonResponse({"error": error}, status=status))


def _answer(request: HttpRequest, found: Results, now: datetime) -> dict[str, Any]:
    publication = publication_facts()
    asked = found.request
    shown = finding.results(found, request.visitor, request.policy, now)  # type: ignore[attr-defined]

    def links(some: tuple[finding.Link, ...]) -> list[dict[str, str]]:
        return [{"name": link.name, "url": absolute(link.path, publication)} for link in some]

    return {
        "url": absolute(finding.address(asked.query_string(page=asked.page)), publication),
        "query": asked.text,
        "order": asked.order.value,
        "total": found.total,
        "page": asked.page,
        "pages": found.pages,
        "results": [
            {
                "url": absolute(result.card.path, publication),
                "headline": result.card.title,
                "standfirst": result.card.standfirst,
                "authors": links(result.card.authors),
                "topics": links(result.card.topics),
                "published": finding.published(result.card, publication)[: PRECISE.get(result.card.date_precision, 0)] or None,
                "precision": result.card.date_precision,
                "format": result.card.format,
                "access": result.card.access,
                "readable": result.decision.opens,
                "decision": result.decision.reason.value,
                "passage": result.passage,
            }
            for result in shown
        ],
        "facets": {name: [{"value": value, "count": n} for value, n in counts] for name, counts in found.facets.items()},
        "timeline": [{"when": when, "count": count} for when, count in found.timeline],
        "undated": found.undated,
        "suggestion": found.suggestion or None,
        "corrected": found.corrected or None,
        "loosened": found.loosened,
        "notes": list(found.notes),
    }
