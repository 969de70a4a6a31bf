"""The reading journey's forms: keep reading, choose, confirm, log in, log out. Each parses, calls a service, and answers 303.

All of them stand on pages without a token and are protected by where the request comes from (``core.cross_origin``).
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from masthead.access import services as access
from masthead.access.policy import decide
from masthead.articles import services as articles
from masthead.articles.models import Article
from masthead.core import clock, events
from masthead.core.cross_origin import same_origin_only
from masthead.core.network import limit_network
from masthead.front import arrivals, services
from masthead.front.errands import errand_in
from masthead.front.render import render_personal
from masthead.front.views import pages
from masthead.newsletters import services as newsletters
from masthead.newsletters.models import Newsletter
from masthead.readers import addresses, codes, devices, sessions
from masthead.readers import services as readers
from masthead.readers.codes import Outcome
from masthead.readers.models import Code, Device, Reader


class SeeOther(HttpResponseRedirect):
    """303: the answer to a POST that worked (RFC 9110, 15.4.4)."""

    status_code = 303


TOO_MANY = {
    "code-address": "This address has asked for several codes within the hour. Please use the newest of them, or try later.",
    "code-device": "This browser has asked for many codes within the hour. Please use the newest of them, or try later.",
    "code-network": "Your network has asked for many codes within the hour. Please try again later.",
}
SPENT_BADLY = {
    Outcome.EXPIRED: "That code has expired. Send a new one and type that.",
    Outcome.EXHAUSTED: "That code was typed wrong too often and is void. Send a new one and type that.",
}


def reader_of(request: HttpRequest) -> Reader | None:
    """Who is logged in in this browser, from the session: a write never trusts a pass."""
    return request.user if isinstance(request.user, Reader) else None


def wanted_article(request: HttpRequest) -> Article | None:
    """The article a form or link names, where it names one. Raises 404 for one that is not there."""
    slug = (request.POST.get("article") or request.GET.get("article") or "").strip()
    if not slug:
        return None
    article = services.article_by_slug(slug)
    if article is None:
        raise Http404("That article is not here.")
    return article


def too_many(request: HttpRequest, exceeded: list[str]) -> HttpResponse:
    """429 with a sentence, and when to come back."""
    sentence = TOO_MANY.get(exceeded[0], "That was asked for too often. Please try again later.")
    response = render_personal(request, "errors/too_many.html", {"sentence": sentence}, status=429)
    response["Retry-After"] = "900"
    return response


def asked_too_often(request: HttpRequest, address: str) -> list[str]:
    """Count a request for a code; the limits it exceeds."""
    return codes.over_limits(address=address, device=devices.subject_in(request), network=limit_network(request.client_address))


@never_cache
@same_origin_only
@require_http_methods(["GET", "HEAD", "POST"])
@arrivals.counted
def keep_reading(request: HttpRequest) -> HttpResponse:
    """An address typed at a gate. Known or not, it gets the same answer."""
    if request.method != "POST":
        article = wanted_article(request)
        return HttpResponseRedirect(article.path_on_site if article else "/")
    article = wanted_article(request)
    if article is None:
        raise Http404("The form names no article.")
    if decide(request.policy, services.facts(article), request.visitor, clock.now()).opens:
        return SeeOther(article.path_on_site)
    typed = request.POST.get("email", "")
    try:
        address = addresses.clean(typed)
    except addresses.BadAddress as error:
        context = {
            "error": str(error),
            "typed": typed[:254],
            "article": article,
            "newsletters": Newsletter.objects.filter(audience=Newsletter.Audience.REGISTERED),
            "ticked": request.POST.getlist("newsletters"),
        }
        return render_personal(request, "front/keep_reading.html", context, status=422)
    if exceeded := asked_too_often(request, address):
        return too_many(request, exceeded)
    device = devices.ensure(request)
    services.keep_reading(
        device=device,
        address=address,
        network=limit_network(request.client_address),
        article=article,
        ticks=request.POST.getlist("newsletters"),
    )
    return _answer(request, arrivals.back(article.path_on_site), device)


def _answer(request: HttpRequest, path: str, device: Device | None = None) -> HttpResponse:
    request.visitor_changed = True
    response = SeeOther(path)
    if device is not None:
        devices.issue(response, device)
        # the pass is minted from the request's cookies: let it see the device this response gives
        request.COOKIES[devices.COOKIE] = response.cookies[devices.COOKIE].value
    return response


@never_cache
@same_origin_only
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """Log in by mailed code: the same form and the same answer for every address."""
    article = wanted_article(request)
    errand = errand_in(request.POST if request.method == "POST" else request.GET)
    if request.method != "POST":
        if reader_of(request):
            return HttpResponseRedirect(article.path_on_site if article else errand.back if errand else "/account/")
        return render_personal(request, "front/login.html", {"article": article, "errand": errand})
    typed = request.POST.get("email", "")
    try:
        address = addresses.clean(typed)
    except addresses.BadAddress as error:
        context = {"error": str(error), "typed": typed[:254], "article": article, "errand": errand}
        return render_personal(request, "front/login.html", context, status=422)
    if exceeded := asked_too_often(request, address):
        return too_many(request, exceeded)
    device = devices.ensure(request)
    services.ask_for_code(
        device=device, address=address, purpose=Code.Purpose.LOGIN, article=article, errand=errand.query if errand else ""
    )
    return _answer(request, "/confirm/", device)


@same_origin_only
@require_http_methods(["GET", "HEAD", "POST"])
def newsletters_form(request: HttpRequest) -> HttpResponse:
    """POST of the newsletters page: a reader's ticks are set; an address is mailed a code first (double opt-in)."""
    if request.method != "POST":
        return pages.newsletters(request)
    ticks = newsletters.known(request.POST.getlist("newsletters"))
    reader = reader_of(request)
    if reader is not None and not request.POST.get("email"):
        newsletters.set_ticks(reader=reader, slugs=ticks, origin="page")
        return SeeOther("/account/")
    typed = request.POST.get("email", "")
    context = {"typed": typed[:254], "newsletters": Newsletter.objects.all(), "ticked": ticks}
    if not ticks:
        context["error"] = "Please tick at least one newsletter."
        return render_personal(request, "front/newsletters_form.html", context, status=422)
    try:
        address = addresses.clean(typed)
    except addresses.BadAddress as error:
        context["error"] = str(error)
        return render_personal(request, "front/newsletters_form.html", context, status=422)
    if exceeded := asked_too_often(request, address):
        return too_many(request, exceeded)
    device = devices.ensure(request)
    services.ask_for_code(device=device, address=address, purpose=Code.Purpose.READ, ticks=ticks)
    return _answer(request, "/confirm/", device)


def _confirm_page(request: HttpRequest, row: Code | None, error: str = "", status: int = 200) -> HttpResponse:
    if row is None:
        # nothing was asked for here: the field to ask with (DESIGN 3)
        context = {"error": error, "article": None, "no_code": True}
        return render_personal(request, "front/login.html", context, status=status)
    context = {"row": row, "error": error, "article": services.article_by_slug(row.article), "errand": errand_in(row.errand)}
    return render_personal(request, "front/confirm.html", context, status=status)


@never_cache
@same_origin_only
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """The six digits, typed in the browser that asked: confirms the address and logs this browser in."""
    device = devices.known(request)
    if request.method != "POST":
        if reader_of(request) and codes.open_row(device) is None:
            return HttpResponseRedirect("/account/")
        return _confirm_page(request, codes.open_row(device))
    spent = codes.spend(device=device, digits=request.POST.get("code", ""))
    if spent.outcome is Outcome.NONE or spent.row is None:
        error = "No code is open in this browser. Type your address and we send you one."
        return _confirm_page(request, None, error, status=422)
    if spent.outcome is Outcome.WRONG:
        tries = "one try is" if spent.attempts_left == 1 else f"{spent.attempts_left} tries are"
        return _confirm_page(request, spent.row, f"That is not the code we sent last; {tries} left.", status=422)
    if spent.outcome is not Outcome.GOOD:
        return _confirm_page(request, spent.row, SPENT_BADLY[spent.outcome], status=422)
    return _log_in_with(request, spent.row, device, "code")


def _log_in_with(request: HttpRequest, row: Code, device: Device | None, method: str) -> HttpResponse:
    confirmed = services.confirm(row=row, device=device)
    if not confirmed.reader.is_active:
        return _confirm_page(request, None, "This account is closed. Please write to us.", status=422)
    sessions.log_in(request, confirmed.reader, method=method, device=device)
    article = services.article_by_slug(row.article)
    with events.came_by(row.via):
        errand = errand_in(row.errand)
        return _answer(request, arrivals.back(article.path_on_site) if article else errand.back if errand else "/account/")


@never_cache
@same_origin_only
@require_POST
def resend(request: HttpRequest) -> HttpResponse:
    """Another code for the address this browser asked with last."""
    device = devices.known(request)
    row = codes.open_row(device)
    if row is None or device is None:
        return _confirm_page(request, None, "No code is open in this browser. Type your address and we send you one.", status=422)
    if exceeded := asked_too_often(request, row.address):
        return too_many(request, exceeded)
    article = services.article_by_slug(row.article)
    services.ask_for_code(
        device=device,
        address=row.address,
        purpose=Code.Purpose(row.purpose),
        article=article,
        ticks=row.newsletters,
        via=row.via,
        errand=row.errand,
    )
    return _answer(request, "/confirm/", device)


@never_cache
@same_origin_only
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_link(request: HttpRequest, token: str) -> HttpResponse:
    """The mailed link: its GET shows a button (scanners press nothing); its POST logs in the browser that pressed it."""
    if request.method != "POST":
        found = codes.find_link(token)
        status = 200 if found.outcome is Outcome.GOOD else 410
        response = render_personal(
            request,
            "front/confirm_link.html",
            {
                "good": found.outcome is Outcome.GOOD,
                "row": found.row,
                "stranger": bool(found.row) and found.row.reader is not None and found.row.reader != reader_of(request),
            },
            status=status,
        )
        return _unindexed(response)
    found = codes.find_link(token)
    if found.row and found.row.purpose == Code.Purpose.CHANGE and reader_of(request) != found.row.reader:
        # or whoever owns a mistyped address could take the account with one press
        return _unindexed(
            render_personal(request, "front/confirm_link.html", {"good": True, "row": found.row, "stranger": True}, status=403)
        )
    spent = codes.spend_link(token)
    if spent.outcome is not Outcome.GOOD or spent.row is None:
        return _unindexed(render_personal(request, "front/confirm_link.html", {"good": False, "row": spent.row}, status=410))
    row = spent.row
    if row.purpose == Code.Purpose.CHANGE:
        if row.reader is not None and row.address == row.reader.email:
            return _answer(request, "/account/")  # the code has done it already: nobody is told twice
        try:
            services.change_address(row=row)
        except readers.AddressTaken:
            return _unindexed(render_personal(request, "front/confirm_link.html", {"good": False, "row": row}, status=422))
        return _answer(request, "/account/")
    return _log_in_with(request, row, devices.known(request), "link")


def _unindexed(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"  # the token is in the address
    return response


@never_cache
@same_origin_only
@require_http_methods(["GET", "HEAD", "POST"])
@arrivals.counted
def unlock(request: HttpRequest) -> HttpResponse:
    """Choose an article: the only thing that spends. A choice that finds none left answers 303 to the gate, which says so."""
    article = wanted_article(request)
    if article is None:
        raise Http404("The form names no article.")
    reader = reader_of(request)
    if request.method == "POST" and reader is not None:
        choice = access.choose(reader=reader, device=devices.known(request), article=services.facts(article))
        if choice.gone:
            sessions.log_out(request)  # or the answer's pass would still be the deleted reader's
        return _answer(request, arrivals.back(article.path_on_site))
    return SeeOther(article.path_on_site)


@never_cache
@same_origin_only
@require_http_methods(["GET", "HEAD", "POST"])
def save(request: HttpRequest) -> HttpResponse:
    """Keep an article for later, or no longer (``forget``)."""
    article = wanted_article(request)
    if article is None:
        raise Http404("The form names no article.")
    reader = reader_of(request)
    if request.method != "POST":
        return HttpResponseRedirect(article.path_on_site)
    if reader is None:
        return SeeOther(f"/login/?article={article.slug}")
    if request.POST.get("forget"):
        articles.forget_saved(reader=reader, article=article)
        return SeeOther("/account/#saved")
    articles.save_for_later(reader=reader, article=article)
    return SeeOther(f"{article.path_on_site}#saved")


@never_cache
@same_origin_only
@require_http_methods(["GET", "HEAD", "POST"])
def logout(request: HttpRequest) -> HttpResponse:
    """Log this browser out, or every browser (``everywhere``), and go back to the article."""
    article = wanted_article(request)
    if request.method != "POST":
        return render_personal(request, "front/logout.html", {"article": article})
    reader = reader_of(request)
    if reader is not None and request.POST.get("everywhere"):
        sessions.log_out_everywhere(reader=reader)
    sessions.log_out(request)
    # a page of nobody's can only say "you are logged out" by its address
    return _answer(request, article.path_on_site if article else "/#logged-out")
