"""Stripe's objects, as plain data, in our words. Pure.

What is read off an object carries the object's own moments wherever it has them (a payment's is when it was paid, a refund's when
it was made), so that a webhook, its repetition and what is looked up later say the same. Only a subscription does not say when it
was last changed: for that the caller gives the moment.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from masthead.billing.lifecycle import Dispute, Failure, Payment, Refund, Ruling, Snapshot, Span, Status
from masthead.billing.providers import Card

Data = Mapping[str, Any]

CHECKOUT, PRICE = "masthead_checkout", "masthead_price"  # our names in Stripe's metadata

_STATUS = {
    "incomplete": Status.STARTING,
    "incomplete_expired": Status.ENDED,
    "trialing": Status.TRIALING,
    "active": Status.ACTIVE,
    "past_due": Status.PAST_DUE,
    "unpaid": Status.PAST_DUE,  # Stripe has stopped trying; paying what is open mends it still
    "paused": Status.PAUSED,  # a trial ended without a card
    "canceled": Status.ENDED,
}
_RULING = {
    "needs_response": Ruling.OPEN,
    "under_review": Ruling.OPEN,
    "appeal_needs_response": Ruling.OPEN,
    "appeal_under_review": Ruling.OPEN,
    "won": Ruling.WON,
    "prevented": Ruling.WON,  # it came to no dispute; a refund made instead is told as one
    "lost": Ruling.LOST,
}
_BRANDS = {"amex": "American Express", "diners": "Diners Club", "jcb": "JCB", "unionpay": "UnionPay", "eftpos_au": "eftpos"}
_OWED_FOR = {"subscription_create", "subscription_cycle", "subscription_update"}


def moment(stamp: int | None) -> datetime | None:
    """Stripe's seconds as an aware moment."""
    return None if stamp is None else datetime.fromtimestamp(stamp, tz=UTC)


def number(thing: str | Data | None) -> str:
    """The number of what may be written out or only named."""
    if thing is None:
        return ""
    return thing if isinstance(thing, str) else str(thing["id"])


def written_out(thing: str | Data | None) -> Data | None:
    """The thing itself, where it was written out."""
    return None if thing is None or isinstance(thing, str) else thing


# --- subscriptions


def _items(subscription: Data) -> list[Data]:
    items: list[Data] = (subscription.get("items") or {}).get("data") or []
    return items


def item(subscription: Data) -> Data | None:
    """The one thing subscribed to: that with our price, or the first."""
    items = _items(subscription)
    return next((one for one in items if price_number(one) is not None), items[0] if items else None)


def price_number(one: Data) -> int | None:
    """Our price's number, of an item."""
    text = str(((one.get("price") or {}).get("metadata") or {}).get(PRICE, ""))
    return int(text) if text.isdecimal() else None


def reference(thing: Data) -> str:
    """Our checkout's reference in a thing's metadata."""
    return str((thing.get("metadata") or {}).get(CHECKOUT, ""))


def is_ours(subscription: Data) -> bool:
    """Whether a subscription is one of this publication's: an account may sell other things too."""
    return bool(reference(subscription)) or any(price_number(one) is not None for one in _items(subscription))


def period(subscription: Data) -> Span | None:
    """What is being charged for; it stands on the item since 2025."""
    one = item(subscription) or {}
    since, until = moment(one.get("current_period_start")), moment(one.get("current_period_end"))
    return Span(since, until) if since and until else None


def snapshot(subscription: Data, at: datetime) -> Snapshot:
    """The subscription as it was ``at`` a moment."""
    status = _STATUS.get(subscription["status"], Status.PAST_DUE)
    paused = subscription.get("pause_collection")
    if paused and status in {Status.ACTIVE, Status.TRIALING, Status.PAST_DUE}:
        status = Status.PAUSED
    now = period(subscription)
    one = item(subscription)
    return Snapshot(
        at=at,
        status=status,
        period=now,
        trial=_trial(subscription),
        cancels=status != Status.ENDED and _cancels(subscription, now),
        cancelled_at=moment(subscription.get("canceled_at")),
        ended_at=moment(subscription.get("ended_at")),
        resumes_at=moment((paused or {}).get("resumes_at")),
        price=price_number(one) if one else None,
    )


def _cancels(subscription: Data, now: Span | None) -> bool:
    """At the period's end: asked for in so many words, or as a date, which is how the portal does it."""
    if subscription.get("cancel_at_period_end"):
        return True
    at = moment(subscription.get("cancel_at"))
    return at is not None and now is not None and at <= now.until


def _trial(subscription: Data) -> Span | None:
    since, until = moment(subscription.get("trial_start")), moment(subscription.get("trial_end"))
    return Span(since, until) if since and until else None


def trial_began(subscription: Data) -> Snapshot | None:
    """The snapshot of the moment in which its trial began; None where there was none. What is so now does not tell of it."""
    trial = _trial(subscription)
    if trial is None or subscription["status"] in {"incomplete", "incomplete_expired"}:
        return None
    one = item(subscription)
    return Snapshot(trial.since, Status.TRIALING, period=trial, trial=trial, price=price_number(one) if one else None)


def timeless(what: Snapshot) -> Snapshot:
    """``what`` but for when: two that are equal so say the same."""
    return replace(what, at=datetime.fromtimestamp(0, tz=UTC))


# --- invoices


def subscription_of(invoice: Data) -> str:
    """The subscription an invoice is for; empty for one that stands by itself."""
    return number(_details(invoice).get("subscription"))


def reference_of(invoice: Data) -> str:
    """Our checkout's reference, as its subscription carried it when the invoice was made."""
    return reference(_details(invoice))


def _details(invoice: Data) -> Data:
    details: Data = (invoice.get("parent") or {}).get("subscription_details") or {}
    return details


def payments(invoice: Data) -> tuple[Payment, ...]:
    """What a paid invoice paid for. Nothing for one of nothing: a trial is told by the subscription."""
    if invoice.get("status") != "paid":
        return ()
    spans = sorted(set(_spans(invoice, paid=invoice.get("amount_paid") or 0)))
    at = moment((invoice.get("status_transitions") or {}).get("paid_at") or invoice["created"])
    if at is None:
        return ()
    tax = sum(one["amount"] for one in invoice.get("total_taxes") or ())
    return tuple(
        Payment(
            at=at,
            invoice=invoice["id"],
            period=span,
            amount=invoice.get("amount_paid") or 0,
            currency=str(invoice["currency"]).upper(),
            tax=tax,
            number=invoice.get("number") or "",
            url=(invoice.get("hosted_invoice_url") or "").partition("?")[0],
        )
        for span in spans
    )


def _spans(invoice: Data, *, paid: int) -> Iterator[Span]:
    """The periods that an invoice's lines charge for.

    A credit (a negative line) takes no period back, and a proration that cost nothing adds none: the plan it came from was paid.
    """
    for line in (invoice.get("lines") or {}).get("data") or ():
        charged = line.get("subtotal") if line.get("subtotal") is not None else line["amount"]
        since, until = moment(line["period"]["start"]), moment(line["period"]["end"])
        if since is None or until is None or since >= until or charged <= 0 or (_is_proration(line) and paid <= 0):
            continue
        yield Span(since, until)


def _is_proration(line: Data) -> bool:
    parent = line.get("parent") or {}
    details = parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}
    return bool(details.get("proration"))


def failure(invoice: Data, at: datetime, *, needs_action: bool = False) -> Failure | None:
    """A payment that was tried and did not come. None for one that leaves the subscription as it was."""
    if invoice.get("billing_reason") not in _OWED_FOR or invoice.get("status") not in {"open", "uncollectible"}:
        return None
    if any(_is_proration(line) for line in (invoice.get("lines") or {}).get("data") or ()):
        return None  # a change of plan that the bank refused is no change
    spans = list(_spans(invoice, paid=0))
    if not spans:
        return None
    return Failure(
        at=at,
        invoice=invoice["id"],
        period=Span(min(span.since for span in spans), max(span.until for span in spans)),
        amount=invoice.get("amount_due") or 0,
        currency=str(invoice["currency"]).upper(),
        attempt=max(1, invoice.get("attempt_count") or 0),
        next_try=moment(invoice.get("next_payment_attempt")),
        needs_action=needs_action,
    )


def payment_intents(invoice: Data) -> list[str]:
    """The payments of an invoice that was fetched with them."""
    rows = (invoice.get("payments") or {}).get("data") or ()
    found = (number((row.get("payment") or {}).get("payment_intent")) for row in rows)
    return [name for name in found if name]


# --- what undoes a payment


def refund(thing: Data, invoice: str) -> Refund:
    """A refund. Its moment is that of its making for ever, so that of two that tell of it the failed one counts."""
    at = moment(thing["created"])
    if at is None:
        raise ValueError("a refund of no time")
    return Refund(at, thing["id"], invoice, thing["amount"], failed=thing.get("status") in {"failed", "canceled"})


def dispute(thing: Data, invoice: str) -> Dispute | None:
    """A dispute. None for a bank's mere question (``warning_...``): it takes no money."""
    ruling = _RULING.get(thing["status"])
    at = moment(thing["created"])
    return None if ruling is None or at is None else Dispute(at, thing["id"], invoice, ruling)


# --- cards


def card(method: str | Data | None) -> Card | None:
    """The card of a payment method that was written out; None for other kinds, which do not expire."""
    found = (written_out(method) or {}).get("card")
    if not found or not found.get("exp_year"):
        return None
    year, month = found["exp_year"], found["exp_month"]
    name = found.get("display_brand") or found.get("brand") or "card"
    brand = _BRANDS.get(name, str(name).replace("_", " ").title())
    return Card(brand, found.get("last4") or "", date(year, month, monthrange(year, month)[1]))


def card_of(subscription: Data) -> Card | None:
    """The card a subscription fetched with its methods is paid with: its own, else its customer's."""
    customer = written_out(subscription.get("customer")) or {}
    settings = customer.get("invoice_settings") or {}
    return card(subscription.get("default_payment_method")) or card(settings.get("default_payment_method"))
