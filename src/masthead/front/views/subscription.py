"""The account's forms about a subscription: cancel, pause, resume, another plan, another card; and receipts.

Cancelling is two presses: *Cancel* on the account's page, and the button of the page it leads to. That page makes one offer
beside it, and none after it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_safe

from masthead.billing import operations, twice
from masthead.billing.models import Invoice, Price, Subscription
from masthead.billing.providers import ProviderError, Purpose
from masthead.billing.providers.choice import UnknownProviderError
from masthead.front import subscription as told
from masthead.front.render import render_personal
from masthead.front.views.account import PAGE, done, page, personal
from masthead.front.views.journey import SeeOther
from masthead.front.views.posting import account_form
from masthead.readers.models import Reader

log = logging.getLogger(__name__)

AWAY = "Our payment provider cannot be reached just now. Nothing was changed; please try again in a few minutes."
View = Callable[..., HttpResponse]


def about_one(view: View) -> View:
    """Hand ``view`` the reader logged in and the subscription of theirs that the form names; another's is not there."""

    @wraps(view)
    def guarded(request: HttpRequest, reader: Reader, *args: Any, **kwargs: Any) -> HttpResponse:
        subject = request.POST.get("subscription") or request.GET.get("subscription", "")
        rows = Subscription.objects.select_related("price__plan", "customer", "checkout__promotion__offer", "reader")
        found = rows.filter(reader=reader, subject=subject).first() if subject.isprintable() else None
        if found is None:
            raise Http404("You have no such subscription.")
        try:
            return view(request, reader, found, *args, **kwargs)
        except operations.NotPossibleError as refused:  # changed in another window, or by the provider, meanwhile
            return page(request, reader, {"subscription": str(refused)})
        except (ProviderError, UnknownProviderError) as error:
            log.warning("subscription %s: %s", found.subject, error)
            return page(request, reader, {"subscription": AWAY}, status=503)

    return personal(guarded)


def _changed(request: HttpRequest, what: str) -> HttpResponse:
    request.visitor_changed = True  # type: ignore[attr-defined]
    return done(what, "subscription")


@require_http_methods(["GET", "HEAD", "POST"])
@about_one
def cancel(request: HttpRequest, reader: Reader, subscription: Subscription) -> HttpResponse:
    """What cancelling means, and its button. Nobody has to say why."""
    said = told.one(subscription)
    if request.method != "POST":
        if not said.may_cancel:
            return HttpResponseRedirect(f"{PAGE}#subscription")
        return render_personal(
            request,
            "front/account/subscription/cancel.html",
            {"one": said, "reasons": told.REASONS, "changes": [] if said.may_pause else _cheaper(subscription)[:1]},
        )
    if not said.may_cancel:
        raise operations.NotPossibleError("That subscription is cancelled or over already.")
    # what is paused renews at no time, so that there is no period's end to wait for; what was paid for stays paid for
    at_once = subscription.renews is None
    reason = told.REASONS.get(request.POST.get("reason", ""), "")
    operations.cancel(subscription=subscription, by=reader.subject, reason=reason, at_once=at_once)
    return _changed(request, "cancelled")


def _cheaper(subscription: Subscription) -> list[told.Change]:
    """What a reader who pays by the year could pay by the month instead."""
    now = subscription.price
    if now is None or now.interval != Price.Interval.YEAR:
        return []
    return [change for change in told.changes(subscription) if change.interval == Price.Interval.MONTH and not change.rate]


@account_form
@about_one
def resume(request: HttpRequest, reader: Reader, subscription: Subscription) -> HttpResponse:
    """Take a cancellation or a pause back."""
    operations.resume(subscription=subscription, by=reader.subject)
    return _changed(request, "resumed")


@account_form
@about_one
def give_back(request: HttpRequest, reader: Reader, subscription: Subscription) -> HttpResponse:
    """End a subscription that runs on top of another, and give its payment back."""
    finished = twice.give_back(subscription=subscription, by=reader.subject)
    return _changed(request, "given-back" if finished else "giving-back")


@require_http_methods(["GET", "HEAD", "POST"])
@about_one
def pause(request: HttpRequest, reader: Reader, subscription: Subscription) -> HttpResponse:
    """Leave out the next payments: one, two or three months of them."""
    said = told.one(subscription)
    if not said.may_pause or subscription.renews is None:
        if request.method == "POST":
            raise operations.NotPossibleError("Only a running monthly subscription can be paused.")
        return HttpResponseRedirect(f"{PAGE}#subscription")
    ends = {months: _later(subscription.renews, months) for months in told.PAUSES}
    months = request.POST.get("months", "")
    if request.method == "POST" and months in {str(number) for number in ends}:
        operations.pause(subscription=subscription, until=ends[int(months)], by=reader.subject)
        return _changed(request, "paused")
    words = told.words()
    context = {
        "one": said,
        "choices": [(number, words.day(until)) for number, until in ends.items()],
        "error": "Please choose how long." if request.method == "POST" else "",
    }
    return render_personal(request, "front/account/subscription/pause.html", context, status=422 if context["error"] else 200)


def _later(moment: datetime, months: int) -> datetime:
    """``months`` later, on the same day or the month's 28th."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    try:
        return moment.replace(year=year, month=month + 1)
    except ValueError:
        return moment.replace(year=year, month=month + 1, day=28)


@require_http_methods(["GET", "HEAD", "POST"])
@about_one
def change(request: HttpRequest, reader: Reader, subscription: Subscription) -> HttpResponse:
    """Another plan or price: each says what it costs and when, before it is chosen."""
    offered = told.changes(subscription)
    number = request.POST.get("price", "")
    chosen = next((one for one in offered if str(one.id) == number), None)
    if request.method == "POST" and chosen is not None:
        price = Price.objects.select_related("plan").get(pk=chosen.id)
        operations.change_price(subscription=subscription, price=price, by=reader.subject)
        return _changed(request, "changed")
    error = "Please choose one of the prices below; that one is not on sale." if request.method == "POST" else ""
    context = {"one": told.one(subscription), "changes": offered, "error": error}
    return render_personal(request, "front/account/subscription/change.html", context, status=422 if error else 200)


@account_form
@about_one
def card(request: HttpRequest, reader: Reader, subscription: Subscription) -> HttpResponse:
    """To the provider's page where the card is changed.

    Never more than that: whoever typed this reader's address may have paid, and a page that manages everything would show theirs.
    """
    return SeeOther(operations.portal(subscription=subscription, purpose=Purpose.CARD, return_path=f"{PAGE}#subscription"))


@require_safe
@personal
def receipt(request: HttpRequest, reader: Reader, number: int) -> HttpResponse:
    """One payment on a page of its own, to print."""
    row = get_object_or_404(
        Invoice.objects.select_related("subscription__price__plan"), pk=min(number, 2**62), subscription__reader=reader
    )
    context = {"receipt": told.receipt(row), "reader": reader}
    return render_personal(request, "front/account/subscription/receipt.html", context)
