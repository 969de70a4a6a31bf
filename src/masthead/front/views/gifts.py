"""Giving an article away, and taking one: POST /gift/ makes a link; its GET shows the teaser, its POST opens the article.

Both forms stand on pages without a token and are protected by where the request comes from, as the journey's are. What stands
against abuse is told in ``access.gifts``.
"""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from masthead.access import gifts
from masthead.access.gifts import State
from masthead.access.policy import decide
from masthead.core import clock, limits
from masthead.core.cross_origin import same_origin_only
from masthead.core.network import limit_network
from masthead.front import services
from masthead.front.content.article import article_page, find_article
from masthead.front.render import render_personal
from masthead.front.views.account import PAGE, done, page, personal
from masthead.front.views.journey import SeeOther, _answer, _unindexed, reader_of, too_many, wanted_article
from masthead.readers import devices
from masthead.readers.models import Reader

HOURLY = 120  # presses from one network: a link posted in an office, and more
GONE = {
    State.UNKNOWN: "There is no such link. Perhaps a letter was lost on its way: ask whoever sent it.",
    State.EXPIRED: "This link was good for a while, and that while is over.",
    State.REVOKED: "Whoever gave this link took it back.",
    State.USED_UP: "This link has been used as often as it may be.",
    State.WITHDRAWN: "The article is not published any more.",
}


@never_cache
@same_origin_only
@require_http_methods(["GET", "HEAD", "POST"])
def give(request: HttpRequest) -> HttpResponse:
    """A subscriber gives the article the form names: a page for them alone shows the link, this once."""
    article = wanted_article(request)
    if request.method != "POST":
        return SeeOther(article.path_on_site if article else f"{PAGE}#gifts")
    if article is None:
        raise Http404("The form names no article.")
    reader = reader_of(request)
    if reader is None:  # a browser that paid and has not proved its address: gifts are counted on the reader
        return SeeOther(f"/login/?article={article.slug}")
    try:
        given = gifts.give(reader=reader, article=services.facts(article))
    except gifts.CannotGive as error:
        return _given(request, {"article": article, "error": str(error)}, status=422)
    context = {
        "article": article,
        "given": given,
        "address": f"{settings.MASTHEAD.base_url}/gift/{given.token}/",
        "period": request.policy.period,  # type: ignore[attr-defined]
    }
    return _given(request, context)


def _given(request: HttpRequest, context: dict[str, object], status: int = 200) -> HttpResponse:
    response = _unindexed(render_personal(request, "front/gift/given.html", context, status=status))
    response["Cache-Control"] = "private, no-store"
    return response


@never_cache
@same_origin_only
@require_http_methods(["GET", "HEAD", "POST"])
def gift(request: HttpRequest, token: str) -> HttpResponse:
    """The link: its GET shows the teaser and a button, and does nothing; its POST opens the article for who presses."""
    state, link = gifts.find(token)
    if link is None or link.article is None or state in (State.WITHDRAWN, State.UNKNOWN):
        return _gone(request, state)
    row = find_article(link.article.slug)
    opens = decide(request.policy, services.facts(link.article), request.visitor, clock.now()).opens  # type: ignore[attr-defined]
    if request.method != "POST":
        if state is not State.GOOD and not opens:
            return _gone(request, state, link.article.path_on_site)
        # made as for nobody, whoever looks: the rest is not even loaded into the page
        shown = article_page(row, opens=False, policy=request.policy, now=clock.now())  # type: ignore[attr-defined]
        return _unindexed(render_personal(request, "front/gift/gift.html", {"article": shown, "opens": opens}))
    if opens:  # nothing is used up by whom it is open to
        return SeeOther(link.article.path_on_site)
    if state is not State.GOOD:
        return _gone(request, state, link.article.path_on_site)
    if exceeded := limits.over_hourly({"gift-network": (limit_network(request.client_address), HOURLY)}):  # type: ignore[attr-defined]
        return too_many(request, exceeded)
    device = devices.ensure(request)
    state = gifts.accept(token=token, device=device)
    if state is not State.GOOD:  # used up since it was looked at
        return _gone(request, state, link.article.path_on_site)
    return _answer(request, link.article.path_on_site, device)


def _gone(request: HttpRequest, state: State, path: str = "") -> HttpResponse:
    context = {"sentence": GONE[state], "path": path}
    return _unindexed(render_personal(request, "front/gift/gone.html", context, status=404 if state is State.UNKNOWN else 410))


@require_POST
@personal
def revoke(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Take a link back."""
    number = request.POST.get("id", "")
    numeral = number.isascii() and number.isdigit() and len(number) < 19
    if not numeral or not gifts.revoke(reader=reader, number=int(number)):
        return page(request, reader, {"gifts": "That link is taken back already."})
    return done("gift-revoked", "gifts")
