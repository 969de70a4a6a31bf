"""Protection of forms on pages without a token (DESIGN 4): a browser says where a request comes from, so we ask it.

The rule is that of Go's ``net/http.CrossOriginProtection``: safe methods pass; ``Sec-Fetch-Site`` decides where present; else
``Origin`` has to name this host; a request with neither was not sent by a browser a visitor could be tricked in, and passes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def crosses_origin(method: str, fetch_site: str, origin: str, host: str) -> bool:
    """Whether a request is another site's doing. ``host`` is this site's host and port as the browser knows it."""
    if method in SAFE:
        return False
    if fetch_site:
        return fetch_site not in {"same-origin", "none"}
    if not origin:
        return False
    try:
        return urlsplit(origin).netloc.lower() != host.lower()
    except ValueError:  # "http://[": no browser says that
        return True


def same_origin_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer 403 to cross-origin writes, in place of Django's token (which would make pages personal)."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        host = request.get_host()
        fetch_site = request.headers.get("Sec-Fetch-Site", "")
        origin = request.headers.get("Origin", "")
        known = {host, urlsplit(settings.MASTHEAD.base_url).netloc}
        if all(crosses_origin(request.method or "", fetch_site, origin, name) for name in known):
            # Imported late: the error page is the top floor's, found by its name
            from django.shortcuts import render

            return render(request, "errors/cross_origin.html", status=403)
        return view(request, *args, **kwargs)

    return guarded
