"""The sandbox's checkout and portal. Only while the sandbox is the provider; every page says that no money moves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from masthead.billing import facts, money
from masthead.billing.lifecycle import Dispute, Payment, Ruling
from masthead.billing.providers import ProviderError, ProviderEvent, Purpose, choice
from masthead.billing.providers.sandbox import books
from masthead.billing.providers.sandbox.models import Thing
from masthead.billing.providers.sandbox.provider import deliver, visit_of
from masthead.core import clock
from masthead.core.cross_origin import same_origin_only

POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"


class SeeOther(HttpResponseRedirect):
    """303."""

    status_code = 303


def sandboxed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only while the sandbox is the provider; nothing of its answers is kept or indexed."""

    @same_origin_only
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not choice.in_use(choice.SANDBOX):
            raise Http404("Payments are real here.")
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "private, no-store"
        response["X-Robots-Tag"] = "noindex"
        response["Referrer-Policy"] = "no-referrer"
        response["Content-Security-Policy"] = POLICY
        return response

    return guarded


# --- checkout


@sandboxed
def checkout(request: HttpRequest, number: str) -> HttpResponse:
    """The fake checkout: pay, let the card be declined, or let the bank ask first."""
    session = books.session(number)
    if session is None:
        raise Http404("The sandbox has no such checkout.")
    if request.method != "POST":
        return _checkout_page(request, session)
    action = request.POST.get("action", "")
    if session.data["state"] == "paid":
        return SeeOther(session.data["return_url"])  # pressed twice
    if action == "decline":
        books.decline(number)
        return _checkout_page(request, session, "Your card was declined. Nothing was paid; try again.", status=402)
    if action == "authenticate":
        return _checkout_page(request, session, asks=True)
    if action in {"pay", "agree", "pay-silently"}:
        try:
            events = books.pay(number)
        except ProviderError as error:
            return _checkout_page(request, session, f"That did not work: {error}.", status=409)
        if action != "pay-silently":
            deliver(events)
        return SeeOther(session.data["return_url"])
    if action == "refuse":
        return _checkout_page(request, session, "Your bank did not let the payment through. Nothing was paid.", status=402)
    return _checkout_page(request, session, "The sandbox has no such button.", status=422)


def _checkout_page(
    request: HttpRequest, session: Thing, error: str = "", *, asks: bool = False, status: int = 200
) -> HttpResponse:
    data = session.data
    over = data["state"] != "open" or datetime.fromisoformat(data["expires"]) <= clock.now()
    context = {"data": data, "address": masked(data["address"]), "error": error, "asks": asks, "over": over, **_amounts(data)}
    return render(request, "sandbox/checkout.html", context, status=status)


def masked(address: str) -> str:
    """``address`` as far as who typed it knows it again: whoever has the page's address sees the page."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain[:1]}…{domain[domain.rfind('.') :]}" if at else ""


def _amounts(data: dict[str, Any]) -> dict[str, str]:
    def shown(amount: int) -> str:
        return money.exact(amount, data["currency"], data.get("locale", "en-GB"))

    first = data["amount"] if data["first_amount"] is None else data["first_amount"]
    first = max(0, first - (first * data["percent_off"] + 99) // 100 - data["amount_off"])
    return {"now": shown(0 if data["trial_days"] else first), "first": shown(first), "then": shown(data["amount"])}


# --- portal, with the desk


def _open_portal(request: HttpRequest, token: str) -> tuple[dict[str, str], Thing]:
    visit = visit_of(token)
    thing = Thing.objects.filter(kind=books.SUBSCRIPTION, number=visit["subscription"]).first() if visit else None
    if visit is None or thing is None:
        raise Http404("That visit to the sandbox is over.")
    return visit, thing


MANAGE: dict[str, Callable[[str], list[ProviderEvent]]] = {
    "cancel": lambda number: books.cancel(number, at_period_end=True),
    "resume": books.resume,
    "pause": lambda number: books.pause(number, until=None),
    "end": lambda number: books.cancel(number, at_period_end=False),
    "renew": books.renew,
    "fail": books.fail,
    "fail-authentication": lambda number: books.fail(number, needs_action=True),
    "refund": books.refund,
    "dispute": books.dispute,
    "dispute-won": lambda number: books.dispute(number, ruling=Ruling.WON),
    "dispute-lost": lambda number: books.dispute(number, ruling=Ruling.LOST),
    "card-expiring": lambda number: books.card(number, expiring=True),
}
CARD: dict[str, Callable[[str], list[ProviderEvent]]] = {"card": lambda number: books.card(number, expiring=False)}


@sandboxed
def portal(request: HttpRequest, token: str) -> HttpResponse:
    """The fake portal, and the desk from which things happen that nobody can press a button for elsewhere."""
    visit, thing = _open_portal(request, token)
    if request.method != "POST":
        return _portal_page(request, visit, thing)
    action = request.POST.get("action", "")
    if action.startswith("again:"):
        return _send_again(request, visit, thing, action.removeprefix("again:"))
    # a mailed link pays and changes the card, nothing else
    allowed = CARD if visit["purpose"] == Purpose.CARD else {**CARD, **MANAGE}
    if action not in allowed:
        return _portal_page(request, visit, thing, "The sandbox has no such button.", status=422)
    try:
        deliver(allowed[action](thing.number))
    except ProviderError as error:
        return _portal_page(request, visit, thing, f"That did not work: {error}.", status=409)
    return SeeOther(request.path)


def _send_again(request: HttpRequest, visit: dict[str, str], thing: Thing, number: str) -> HttpResponse:
    row = Thing.objects.filter(kind=books.EVENT, subscription=thing.number, number=number[:80]).first()
    if row is None or visit["purpose"] == Purpose.CARD:
        return _portal_page(request, visit, thing, "The sandbox sent nothing like that.", status=422)
    deliver([books.event_of(row.data["body"])])
    return SeeOther(request.path)


def _portal_page(request: HttpRequest, visit: dict[str, str], thing: Thing, error: str = "", status: int = 200) -> HttpResponse:
    customer = Thing.objects.filter(kind=books.CUSTOMER, number=thing.data["customer"]).first()
    context = {
        "visit": visit,
        "data": thing.data,
        "address": masked(thing.data["address"]),
        "card": customer.data["card"] if customer else None,
        "all_of_it": visit["purpose"] == Purpose.MANAGE,
        "period": [datetime.fromisoformat(text) for text in thing.data["period"]],
        "invoices": [_invoice(row, thing.data["currency"]) for row in _things(books.INVOICE, thing)],
        "events": [
            {"number": row.number, "kind": row.data["kind"], "at": row.created} for row in _things(books.EVENT, thing)[:30]
        ],
        "error": error,
        "amount": money.exact(thing.data["amount"], thing.data["currency"], "en-GB"),
    }
    return render(request, "sandbox/portal.html", context, status=status)


def _things(kind: str, thing: Thing) -> list[Thing]:
    return list(Thing.objects.filter(kind=kind, subscription=thing.number).order_by("-pk"))


def _invoice(row: Thing, currency: str) -> dict[str, str]:
    data = row.data
    state = f"failed {len(data.get('failures', []))} times"
    if "paid" in data:
        (payment,) = (f for f in facts.from_json([data["paid"]]) if isinstance(f, Payment))
        state = f"paid on {payment.at:%d %B %Y}"
        if data["refunds"]:
            state += ", given back in part or whole"
        disputes = [f for f in facts.from_json(data["disputes"]) if isinstance(f, Dispute)]
        if disputes:
            state += f", dispute {disputes[-1].ruling}"
    since, until = (datetime.fromisoformat(text) for text in data["period"])
    return {
        "amount": money.exact(data["amount"], currency, "en-GB"),
        "period": f"{since:%d %B %Y} to {until:%d %B %Y}",
        "state": state,
    }
