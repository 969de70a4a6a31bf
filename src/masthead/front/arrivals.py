"""By which edition of a newsletter a reader came: from the address of the page they pressed a button on.

A followed link of an edition leads to ``/articles/SLUG/?via=daily.2026-11-23``. The page is the same for everybody (the edge
takes no notice of what it does not know), and the browser names it as referrer of the form. So what an edition led to can be
counted with no cookie and no script, and is forgotten as soon as the reader goes on to another page.

One page goes along: the offer, asked for from such an article, is led to its own address with the edition in it
(:func:`goes_on`). Scripts write that into the links; without them the referrer says it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from masthead.core import events

FIELD = "via"
LONGEST = 100
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}\.[A-Za-z0-9_-]{1,59}\Z")


def name_of(newsletter: str, edition: str) -> str:
    """What an edition is called in addresses: ``daily.2026-11-23``."""
    return f"{newsletter}.{edition}"


def led_by(url: str, name: str) -> str:
    """``url`` with the edition's name, where it leads to an article or the offer of ours; else as it is."""
    base = settings.MASTHEAD.base_url
    if not url.startswith((f"{base}/articles/", f"{base}/subscribe/")):
        return url
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode({FIELD: name})) if part)
    return urlunsplit(parts._replace(query=query))


def via(request: HttpRequest) -> str:
    """The edition named in the address of ``request``, or of the page of ours that it was sent from; else empty."""
    asked = request.GET.get(FIELD, "")
    if _NAME.match(asked):
        return asked
    referrer = request.headers.get("Referer", "")
    if f"{FIELD}=" not in referrer or len(referrer) > 2000:
        return ""
    try:
        parts = urlsplit(referrer)
        given = parse_qs(parts.query, max_num_fields=20).get(FIELD, [""])[-1]
    except ValueError:
        return ""
    ours = {request.get_host().lower(), urlsplit(settings.MASTHEAD.base_url).netloc}
    return given if parts.netloc.lower() in ours and _NAME.match(given) else ""


def counted(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Keep the edition that led to a form with what the form does."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        with events.came_by(via(request)):
            return view(request, *args, **kwargs)

    return answer


def goes_on(request: HttpRequest) -> HttpResponse | None:
    """Where the page ``request`` asks for stands with the edition in its address, where only the page before it named one."""
    if FIELD in request.GET or not (name := via(request)):
        return None
    query = request.GET.copy()
    query[FIELD] = name
    response = HttpResponseRedirect(f"{request.path}?{query.urlencode()}")
    response["Cache-Control"] = "private, no-store"
    return response


def back(path: str) -> str:
    """``path``, an article's, still naming the edition that led there: the reader is on their way."""
    return f"{path}?{urlencode({FIELD: events.via()})}" if events.via() else path
