"""Addresses that only take forms."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

View = Callable[..., HttpResponse]


def account_form(view: View) -> View:
    """``view`` for a POST. Whoever comes with a GET (the address bar, after an answer in place) is led to the account."""
    posting = require_POST(view)

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return HttpResponseRedirect("/account/")
        return posting(request, *args, **kwargs)

    return answer
