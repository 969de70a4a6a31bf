"""Buying All-Access: the form's answer, the way back from the payment page, and the mailed link that pays what is owed."""

from __future__ import annotations

import logging
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from masthead.access import policy as rules
from masthead.access.policy import decide
from masthead.articles.models import Article
from masthead.billing import links, money, offers, operations, purchase
from masthead.billing.models import Checkout, Price, PromotionCode, Subscription
from masthead.billing.providers import ProviderError, Purpose
from masthead.core import clock, events, limits
from masthead.core.cross_origin import same_origin_only
from masthead.core.models import Publication
from masthead.core.network import limit_network
from masthead.front import arrivals, services
from masthead.front.content.publication import publication_facts
from masthead.front.content.subscribe import subscribe_page
from masthead.front.render import render_personal
from masthead.front.views.journey import SeeOther, _answer, reader_of, wanted_article
from masthead.readers import addresses, devices
from masthead.readers.models import Device, Reader

log = logging.getLogger(__name__)

HOURLY = {"device": 20, "network": 120}  # checkouts begun; each makes a session at the provider
AWAY = "The payment page cannot be reached just now. Nothing was collected; please try again in a few minutes."
HAD_DAYS = (
    "The free days are good once for each reader, and you have had them or are about to. Without them {} is collected today: "
    "press the button again if that is what you want."
)
HAS_IT = "You have All-Access already, and it goes on by itself. Your account's page shows it."


@never_cache
@same_origin_only
@require_http_methods(["GET", "HEAD", "POST"])
@arrivals.counted
def checkout(request: HttpRequest) -> HttpResponse:
    """The form that names plan, price and address: 303 to where it is paid. Known or not, an address gets the same answer."""
    if request.method != "POST":
        return SeeOther("/subscribe/")
    article = wanted_article(request)
    reader = reader_of(request)
    typed = request.POST.get("email", "")[:320]
    price = _price(request.POST.get("price", ""))
    if price is None:
        return _form(request, article, typed, problem="price", error="Please choose one of the prices; that one is not on sale.")
    try:
        address = reader.email if reader else addresses.clean(typed)
    except addresses.BadAddress as error:
        return _form(request, article, typed, price, problem="email", error=str(error))
    promotion: PromotionCode | None = None
    if code := request.POST.get("code", "").strip():
        try:
            promotion = offers.find(code=code, price=price, reader=reader)
        except offers.NoOfferError as error:
            log_in = isinstance(error, offers.LogInError)
            return _form(request, article, typed, price, problem="code", error=str(error), log_in=log_in)
    if (refused := _own_days(request, price, promotion, reader, article, typed)) is not None:
        return refused
    if _too_often(request):
        sentence = "That was tried very often from here within the hour. Please try again later."
        response = render_personal(request, "errors/too_many.html", {"sentence": sentence}, status=429)
        response["Retry-After"] = "900"
        return response
    return _begin(request, price, address, reader, article, typed, promotion)


def _own_days(
    request: HttpRequest,
    price: Price,
    promotion: PromotionCode | None,
    reader: Reader | None,
    article: Article | None,
    typed: str,
) -> HttpResponse | None:
    """The form again where the free days that stand at ``price`` are not to be had; who had them says yes to paying now."""
    try:
        days = offers.own_days(price=price, reader=reader)
    except offers.LogInError as error:
        return _form(request, article, typed, price, problem="price", error=str(error), log_in=True)
    free = days or (promotion.offer.trial_days if promotion else 0)
    if not price.trial_days or free or request.POST.get("without_free_days", "") == str(price.pk):
        return None
    sum_ = money.exact(offers.first_amount(price, promotion), price.currency, Publication.load().language)
    return _form(request, article, typed, price, problem="price", error=HAD_DAYS.format(sum_), without=price.pk)


def _begin(
    request: HttpRequest,
    price: Price,
    address: str,
    reader: Reader | None,
    article: Article | None,
    typed: str,
    promotion: PromotionCode | None,
) -> HttpResponse:
    device = devices.ensure(request)
    try:
        begun = purchase.begin(
            price=price,
            address=address,
            device=device,
            reader=reader,
            article=article.slug if article else "",
            decision=_decision(request, article),
            promotion=promotion,
        )
    except offers.NoOfferError as error:
        return _form(request, article, typed, price, problem="code", error=str(error))
    except purchase.AlreadySubscribedError:
        return _form(request, article, typed, price, problem="have", error=HAS_IT)
    except ProviderError as error:
        log.warning("no checkout: %s", error)
        return _form(request, article, typed, price, problem="away", error=AWAY, status=503)
    paid = begun.state == Checkout.State.PAID  # the same press again, after paying
    return _answer(request, _return_path(begun) if paid else begun.url, device)


def _decision(request: HttpRequest, article: Article | None) -> str:
    """What the article's gate says to whoever buys: what sold it."""
    if article is None:
        return ""
    return decide(request.policy, services.facts(article), request.visitor, clock.now()).reason.value  # type: ignore[attr-defined]


def _price(number: str) -> Price | None:
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    return Price.objects.select_related("plan").filter(pk=int(number), active=True, plan__active=True).first()


def _too_often(request: HttpRequest) -> list[str]:
    """Who asks is counted, never the address: nobody can keep another from buying."""
    counted = {"checkout-network": (limit_network(request.client_address), HOURLY["network"])}  # type: ignore[attr-defined]
    if subject := devices.subject_in(request):
        counted["checkout-device"] = (subject, HOURLY["device"])
    return limits.over_hourly(counted)


def _form(
    request: HttpRequest,
    article: Article | None,
    typed: str,
    price: Price | None = None,
    *,
    problem: str,
    error: str,
    status: int = 422,
    log_in: bool = False,
    without: int | None = None,
) -> HttpResponse:
    """The page with its form again, and what is wrong with it."""
    page = subscribe_page(
        article.slug if article else "",
        price.currency if price else request.POST.get("currency", ""),
        request.policy,  # type: ignore[attr-defined]
        publication_facts(),
    )
    context = {
        "page": page,
        "typed": typed,
        "chosen": price.pk if price else None,
        "offer_code": request.POST.get("code", "")[:40],  # not "code": by that name a field is drawn for six digits
        "problem": problem,
        "error": error,
        "log_in": log_in,
        "without": without,
        "logged_in": reader_of(request) is not None,
        "came_by": events.via(),
    }
    return render_personal(request, "front/subscribe.html", context, status=status)


# --- the way back


def _return_path(found: Checkout) -> str:
    return f"/subscribe/return/?checkout={found.reference}"


@never_cache
@same_origin_only
@require_http_methods(["GET", "HEAD", "POST"])
def came_back(request: HttpRequest) -> HttpResponse:
    """Back from the payment page, before its webhook or after. The POST asks the provider; the GET only looks.

    The reference in the address opens nothing: what is open was given to the paying device when the payment was known.
    """
    found = _checkout(request)
    if request.method == "POST":
        try:
            purchase.poll_once(checkout=found)
        except ProviderError as error:
            log.warning("checkout %s: %s", found.reference, error)
        return _answer(request, _return_path(found))
    device = devices.known(request)
    here = device is not None and device.pk == found.device_id
    reader = reader_of(request)
    mine = here or (reader is not None and found.logged_in and reader.pk == found.reader_id)
    article = services.article_by_slug(found.article)
    now = clock.now()
    opens = rules.standing(request.visitor, now) is rules.Standing.SUBSCRIBER  # type: ignore[attr-defined]
    if found.state == Checkout.State.PAID and mine and opens:
        # whoever pays goes on to what they wanted: the pass in this answer knows of it already
        request.visitor_changed = True  # type: ignore[attr-defined]
        if reader is not None:
            return SeeOther(article.path_on_site if article else "/account/")
    context = {
        "checkout": found,
        "mine": mine,
        "opens": opens,
        "over": found.state == Checkout.State.PAID and not opens and not _runs(found, now),
        "article": article,
        "state": found.state,
        "waits": _waits(found, device),
    }
    response = render_personal(request, "front/subscribed.html", context)
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "same-origin"
    return response


def _runs(found: Checkout, now: datetime) -> bool:
    """Whether what was bought still opens anything, to whoever logs in: the page may be looked at again years later."""
    bought = Subscription.objects.filter(checkout=found).first()
    return bought is not None and bought.access_until is not None and bought.access_until > now


def _checkout(request: HttpRequest) -> Checkout:
    reference = request.GET.get("checkout", "") or request.POST.get("checkout", "")
    if not reference.isprintable():
        raise Http404("No such checkout.")
    found = Checkout.objects.select_related("price__plan").filter(reference=reference[:22]).first() if reference else None
    if found is None:
        raise Http404("No such checkout.")
    return found


def _waits(found: Checkout, device: Device | None) -> bool:
    """Whether the page should look again by itself: for a while after the checkout began."""
    return found.state == Checkout.State.OPEN and device is not None and found.expires > clock.now()


# --- the mailed link


@never_cache
@same_origin_only
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest, token: str) -> HttpResponse:
    """The link in the mail of a failed payment: its GET shows a button, its POST leads to the provider. It logs nobody in."""
    subscription = links.subscription_to_pay(token)
    status, error = (200, "") if subscription else (410, "")
    if subscription is not None and request.method == "POST":
        try:
            return SeeOther(operations.portal(subscription=subscription, purpose=Purpose.CARD, return_path="/"))
        except (ProviderError, operations.NotPossibleError) as refused:
            log.warning("no portal: %s", refused)
            status, error = 503, AWAY
    context = {"good": subscription is not None, "error": error, "subscription": subscription}
    response = render_personal(request, "front/pay.html", context, status=status)
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"  # the token is in the address
    return response
