"""Following topics and authors, saving searches, and the private feeds of these.

Following and saving are forms of variant pages: no token, guarded by where the request comes from. What the account page
changes keeps Django's token.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from masthead.articles.models import Author, Topic
from masthead.core.cross_origin import same_origin_only
from masthead.front import errands
from masthead.front.render import render_personal
from masthead.front.views.account import done, page, personal
from masthead.front.views.journey import SeeOther, reader_of
from masthead.front.views.posting import account_form
from masthead.library import keeping
from masthead.library.models import Follow, SavedSearch
from masthead.readers.models import Reader

GONE = "That is not there any more."


@never_cache
@same_origin_only
@require_http_methods(["GET", "HEAD", "POST"])
def follow(request: HttpRequest) -> HttpResponse:
    """Follow a ``topic`` or an ``author`` (a slug). Its page says so by its address, since it knows nobody (ADR 0010)."""
    thing = _wanted(request)
    reader = reader_of(request)
    if request.method != "POST":
        return HttpResponseRedirect(thing.get_absolute_url())
    if reader is None:
        return SeeOther(errands.to_follow(thing).login)
    try:
        keeping.follow(reader=reader, thing=thing)
    except keeping.TooMany as error:
        return _refused(request, str(error), thing.get_absolute_url())
    return SeeOther(f"{thing.get_absolute_url()}#followed")


def _wanted(request: HttpRequest) -> Topic | Author:
    found = errands.followed(request.POST if request.method == "POST" else request.GET)
    if found is None:
        raise Http404("The form names nothing to follow.")
    return found


@never_cache
@same_origin_only
@require_http_methods(["GET", "HEAD", "POST"])
def save_search(request: HttpRequest) -> HttpResponse:
    """Keep the search whose query string is ``query``, under ``name``. Back to it, and its address says so."""
    given = request.POST if request.method == "POST" else request.GET
    address = given.get("query", "")
    back = f"/library/?{keeping.canonical_query(address)}".rstrip("?")
    reader = reader_of(request)
    if request.method != "POST":
        return HttpResponseRedirect(back)
    if reader is None:
        errand = errands.to_save(address)
        return SeeOther(errand.login if errand else "/login/")
    try:
        keeping.save_search(reader=reader, address=address, name=request.POST.get("name", ""))
    except (keeping.TooMany, keeping.Empty) as error:
        return _refused(request, str(error), back)
    return SeeOther(f"{back}#search-saved")


def _refused(request: HttpRequest, sentence: str, back: str) -> HttpResponse:
    return render_personal(request, "front/keeping_refused.html", {"sentence": sentence, "back": back}, status=422)


# --- in the account


@account_form
@personal
def unfollow(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Follow something no longer."""
    if not keeping.unfollow(reader=reader, number=_number(request, "follow")):
        return page(request, reader, {"following": GONE})
    return done("unfollowed", "following")


@account_form
@personal
def rename_search(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Give a search another name."""
    name = request.POST.get("name", "").strip()
    if not name:
        return page(request, reader, {"searches": "A search needs a name, so that you know it again."})
    if not keeping.rename_search(reader=reader, number=_number(request, "search"), name=name):
        return page(request, reader, {"searches": GONE})
    return done("search-renamed", "searches")


@account_form
@personal
def remove_search(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Keep a search no longer."""
    if not keeping.remove_search(reader=reader, number=_number(request, "search")):
        return page(request, reader, {"searches": GONE})
    return done("search-removed", "searches")


@account_form
@personal
def make_feed(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Make an address for a feed, which ends the one before.

    The answer is the page itself and no 303: it shows the address, which is kept nowhere. Asked again by reloading it changes
    nothing, since the form says what was there when it was shown.
    """
    wanted: dict[str, Any] = {}
    if request.POST.get("search"):
        wanted["search"] = SavedSearch.objects.filter(reader=reader, pk=_number(request, "search")).first()
    elif request.POST.get("follow"):
        wanted["follow"] = Follow.objects.filter(reader=reader, pk=_number(request, "follow")).first()
    if None in wanted.values():
        return page(request, reader, {"feeds": GONE})
    try:
        token = keeping.make_feed(reader=reader, instead_of=_number(request, "seen"), **wanted)
    except keeping.Gone:
        return page(request, reader, {"feeds": GONE})
    if token is None:
        return page(request, reader, {"feeds": "That feed has an address already, shown when it was made. Ask for a new one."})
    row = wanted.get("search") or wanted.get("follow")
    of = row.name if isinstance(row, SavedSearch) else (row.topic or row.author).name if row else ""
    return page(request, reader, made={"of": of, "address": f"{settings.MASTHEAD.base_url}/feeds/private/{token}.rss"})


@account_form
@personal
def revoke_feed(request: HttpRequest, reader: Reader) -> HttpResponse:
    """End a feed's address."""
    if not keeping.revoke_feed(reader=reader, number=_number(request, "feed")):
        return page(request, reader, {"feeds": "That feed has ended already."})
    return done("feed-ended", "feeds")


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
