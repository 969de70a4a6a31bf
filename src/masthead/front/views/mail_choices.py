"""What the signed addresses in our mail lead to: ending a newsletter, and choosing what comes. Nobody logs in for it.

The token in the address is all the right there is, so these pages ask for no cookie, set none, and want no token of Django's:
whoever can send the form knows the address. They show and change what is mailed and nothing else. A GET changes nothing: programs
that look at every link in a mail press no button. One-click unsubscribing is RFC 8058's POST.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import wraps
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from masthead.core import clock
from masthead.core.models import Publication
from masthead.core.timezones import zone as zone_called
from masthead.front import mail_choices
from masthead.front.render import render_personal
from masthead.front.views.journey import SeeOther
from masthead.newsletters import choices, links
from masthead.newsletters.links import Kind, Token
from masthead.newsletters.models import Preferences
from masthead.readers.models import Reader

ONE_CLICK = ("List-Unsubscribe", "One-Click")
NOT_OURS = "This address is not complete, or it is not one of ours. Please open it from the mail once more.\n"
NOBODY = "There is no account here any more: nothing is mailed to that address.\n"

GONE = "That newsletter does not exist any more.\n"

TokenView = Callable[[HttpRequest, Token], HttpResponse]


def token_page(view: TokenView) -> Callable[[HttpRequest, str], HttpResponse]:
    """Read the token for ``view``; 404 in a sentence for one that is not ours. The answer is nobody's to keep or index."""

    @csrf_exempt
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def guarded(request: HttpRequest, token: str) -> HttpResponse:
        found = links.read(token)
        response = view(request, found) if found is not None else plain(NOT_OURS, status=404)
        response["Cache-Control"] = "private, no-store"
        response["X-Robots-Tag"] = "noindex"
        response["Referrer-Policy"] = "no-referrer"  # the token is in the address
        return response

    return guarded


def plain(sentence: str, status: int = 200) -> HttpResponse:
    """An answer to a program, or to somebody whom there is nothing to show."""
    return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")


@token_page
def unsubscribe(request: HttpRequest, token: Token) -> HttpResponse:
    """End one newsletter, or one kind of mail. GET: how things stand, and a button. POST: done, also with one click."""
    if token.preferences:
        return plain(NOT_OURS, status=404)
    if request.method != "POST":
        return _unsubscribe_page(request, token)
    name, value = ONE_CLICK
    if request.POST.get(name) == value:
        before = choices.leave(token=token, origin="one-click")
        if before.reader is None:
            return plain(NOBODY)
        return plain(f"You are unsubscribed from {before.name}.\n" if before.name else GONE)
    if request.POST.get("take_back"):
        days = choices.days_from(request.POST.get("days", "")[:7])
        choices.take_back(token=token, origin="mail", weekdays=days, weekly=request.POST.get("often") == "weekly")
        return SeeOther(request.path)
    often = _often(token)
    before = choices.leave(token=token, origin="mail")
    # so that taking it back restores it as it was
    kept = {name: value for name, value in (("days", before.weekdays), ("often", often)) if value and before.comes}
    return SeeOther(f"{request.path}?{urlencode(kept)}" if kept else request.path)


def _often(token: Token) -> str:
    if token.kind is not Kind.ALERTS:
        return ""
    return Preferences.objects.filter(reader__subject=token.subject).values_list("alerts", flat=True).first() or ""


def _unsubscribe_page(request: HttpRequest, token: Token) -> HttpResponse:
    now = choices.subscribed(token)
    context = {
        "now": now,
        "masked": mail_choices.masked(now.reader.email) if now.reader else "",
        "days": choices.days_from(request.GET.get("days", "")[:7]),
        "often": "weekly" if request.GET.get("often") == "weekly" else "",
        "preferences": links.preferences_url(token.subject) if now.reader else "",
    }
    return render_personal(request, "front/mail_choices/unsubscribe.html", context)


@token_page
def preferences(request: HttpRequest, token: Token) -> HttpResponse:
    """Choose what is mailed. ``stop`` ends everything at once."""
    if not token.preferences:
        return plain(NOT_OURS, status=404)
    reader = Reader.objects.filter(subject=token.subject, is_active=True).first()
    if reader is None:
        return plain(NOBODY, status=200 if request.method != "POST" else 410)
    if request.method != "POST":
        return _preferences_page(request, reader)
    if request.POST.get("stop"):
        choices.stop_everything(reader=reader, origin="mail")
        return SeeOther(f"{request.path}?done=stopped")
    try:
        wanted = mail_choices.read(request.POST, today=_today())
    except mail_choices.BadChoice as problem:
        return _preferences_page(request, reader, problem)
    choices.save(reader=reader, wanted=wanted, origin="mail")
    return SeeOther(f"{request.path}?done=saved")


DONE = {"saved": "Saved. That is how it comes from now on.", "stopped": "Stopped. Nothing comes any more but what you ask for."}


def _preferences_page(request: HttpRequest, reader: Reader, problem: mail_choices.BadChoice | None = None) -> HttpResponse:
    context = {
        "form": mail_choices.form(choices.of(reader), zone=Publication.load().timezone, today=_today()),
        "masked": mail_choices.masked(reader.email),
        "done": DONE.get(request.GET.get("done", ""), "") if problem is None else "",
        "problem": problem,
    }
    return render_personal(request, "front/mail_choices/preferences.html", context, status=422 if problem else 200)


def _today() -> date:
    return clock.now().astimezone(zone_called(Publication.load().timezone)).date()
