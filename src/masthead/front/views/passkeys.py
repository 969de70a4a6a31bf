"""Passkeys: the requests of a ceremony (JSON, by script) and the forms around it (HTML, without)."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from masthead.core import changelog, limits
from masthead.core.cross_origin import same_origin_only
from masthead.core.network import limit_network
from masthead.front import mails, services
from masthead.front.errands import errand_in
from masthead.front.views.account import STRONG_ONLY, done, page, personal
from masthead.front.views.journey import _answer
from masthead.readers import devices, passkeys, sessions
from masthead.readers.models import Reader

HOURLY = 600  # challenges one network gets; each is a row of a session
AGAIN = "For your safety, log in once more before you change your passkeys."
TOO_MANY = "That was asked for too often. Please try again later, or let us mail you a code."


def _sentence(text: str, status: int = 422) -> JsonResponse:
    return JsonResponse({"sentence": text}, status=status)


def _unkept(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "private, no-store"
        return response

    return guarded


def _body(request: HttpRequest) -> dict[str, Any]:
    """What the script sent; nothing, where that is not a JSON object."""
    if request.content_type != "application/json":
        return {}
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


# --- logging in


@same_origin_only
@require_POST
@_unkept
def begin_login(request: HttpRequest) -> HttpResponse:
    """A challenge, the same kind for everybody."""
    network = limit_network(request.client_address)  # type: ignore[attr-defined]
    if limits.over_hourly({"passkey-network": (network, HOURLY)}):
        return _sentence(TOO_MANY, 429)
    try:
        return JsonResponse(passkeys.begin_login(request))
    except passkeys.Refused as refused:
        return _sentence(str(refused))


@same_origin_only
@require_POST
@_unkept
def login(request: HttpRequest) -> HttpResponse:
    """Log in whoever's passkey answered, and say where to go on: the article they came for, or the account."""
    body = _body(request)
    try:
        reader = passkeys.reader_of(request, body.get("credential"))
    except passkeys.Refused as refused:
        return _sentence(str(refused))
    device = devices.ensure(request)
    sessions.log_in(request, reader, method="passkey", device=device)
    slug = body.get("article")
    article = services.article_by_slug(slug) if isinstance(slug, str) else None
    told = body.get("errand")
    errand = errand_in(told[:2_000]) if isinstance(told, str) else None
    moved = _answer(request, article.path_on_site if article else errand.back if errand else "/account/", device)
    # a script cannot see where a redirect leads without following it: the address goes in the body, the cookies as they are
    response = JsonResponse({"location": moved["Location"]})
    response.cookies = moved.cookies
    return response


# --- one's own


@require_POST
@personal
def begin_adding(request: HttpRequest, reader: Reader) -> HttpResponse:
    """A challenge to make a key with."""
    if not sessions.may_change_keys(request):
        return _sentence(_why_not(request, reader), 403)
    try:
        return JsonResponse(passkeys.begin_adding(request, reader))
    except passkeys.Refused as refused:
        return _sentence(str(refused))


@require_POST
@personal
def add(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Keep the key that was made, and tell the reader by mail."""
    if not sessions.may_change_keys(request):
        return _sentence(_why_not(request, reader), 403)
    body = _body(request)
    name = body.get("name")
    try:
        with changelog.transaction():
            row = passkeys.add(request, reader, body.get("credential"), _printable(name))
            mails.passkey_added(address=reader.email, name=row.wrap().name)
    except passkeys.Refused as refused:
        return _sentence(str(refused))
    return JsonResponse({"location": "/account/?done=passkey-added#passkeys"})


@require_POST
@personal
def rename(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Give a key another name."""
    name = request.POST.get("name", "").strip()
    if not sessions.may_change_keys(request):
        return page(request, reader, {"passkeys": _why_not(request, reader)})
    if not name:
        return page(request, reader, {"passkeys": "A passkey needs a name, so that you know it again."})
    if not passkeys.rename(reader=reader, passkey_id=_number(request), name=name):
        return page(request, reader, {"passkeys": "That passkey is not there any more."})
    return done("passkey-renamed", "passkeys")


@require_POST
@personal
def remove(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Take a key away; it logs nobody in from now on."""
    if not sessions.may_change_keys(request):
        return page(request, reader, {"passkeys": _why_not(request, reader)})
    if passkeys.remove(reader=reader, passkey_id=_number(request)) is None:
        return page(request, reader, {"passkeys": "That passkey is not there any more."})
    return done("passkey-removed", "passkeys")


def _printable(name: Any) -> str:
    """``name`` without what no database keeps: JSON can name a NUL or half a character."""
    return "".join(c for c in name if c.isprintable()) if isinstance(name, str) else ""


def _number(request: HttpRequest) -> int:
    text = request.POST.get("id", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _why_not(request: HttpRequest, reader: Reader) -> str:
    return STRONG_ONLY if reader.is_staff and not sessions.in_newsroom(request) else AGAIN
