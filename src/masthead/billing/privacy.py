"""What is held about a reader here, and what the law makes us keep.

**Kept** when an account is deleted: payments, refunds, the ledger they follow from, and the audit log. What names a person in
a provider's events was left out when they came: it is kept nowhere here. That somebody had the free days of an offer stays as
a keyed hash of the canonical address, so that a new account brings no new ones. Tax and commercial law want the books for
years (ten in Germany, six in the United Kingdom, seven in many of the United States); Article 17(3)(b) of the GDPR lets us.
They no longer point at anybody here.

**Erased**: whose subscription it was, the address typed at the checkout, the device and the article it was bought from, the
card's last digits, and which mails were written. A subscription that still runs is cancelled at the provider first
(``services.let_go``).
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from masthead.billing import offers
from masthead.billing.models import AuditEntry, Checkout, Customer, Invoice, Subscription
from masthead.core import privacy
from masthead.core.keys import keyed_hash
from masthead.core.models import Meter
from masthead.readers import addresses
from masthead.readers.models import Reader

COVERS = ("billing.Customer", "billing.Checkout", "billing.Subscription")


def register() -> None:
    """Add this part to "everything held about me"."""
    privacy.register("payments", export=_payments, erase=_erase)


def _payments(reader: Reader) -> dict[str, Any]:
    return {
        "subscriptions": [
            {
                "state": row.state,
                "price": str(row.price) if row.price else None,
                "since": row.created,
                "paid_until": row.paid_until,
                "open_until": row.access_until,
                "next_payment": row.renews,
                "cancelled": row.cancelled_at,
                "ended": row.ended_at,
                "mails": [{"kind": mail.mail, "about": mail.key, "written": mail.at} for mail in row.mails.order_by("pk")],
                "ledger": [
                    {"at": event.at, "what": event.kind, "says": event.facts, "as_received": event.payload}
                    for event in row.ledger.order_by("pk")
                ],
            }
            for row in Subscription.objects.filter(reader=reader).select_related("price__plan").order_by("pk")
        ],
        "invoices": [
            {
                "number": row.number or row.external_id,
                "state": row.state,
                "at": row.at,
                "from": row.since,
                "until": row.until,
                "amount_in_minor_units": row.amount,
                "refunded": row.refunded,
                "currency": row.currency,
            }
            for row in Invoice.objects.filter(subscription__reader=reader).order_by("pk")
        ],
        "cards": [
            {"brand": row.card_brand, "last_digits": row.card_last4, "expires": row.card_expires}
            for row in Customer.objects.filter(reader=reader).order_by("pk")
        ],
        "checkouts": [
            {
                "begun": row.created,
                "state": row.state,
                "address_typed": row.address,
                "price": str(row.price),
                "article": row.article,
                "gate": row.decision,
                "came_by": row.via,
            }
            for row in _checkouts(reader).select_related("price__plan").order_by("pk")
        ],
        "offers_of_free_days_had": Meter.objects.filter(
            scope=offers.TRIAL, key=keyed_hash(f"meter:{offers.TRIAL}", addresses.canonical(reader.email))
        ).count(),
        "log_of_what_was_done": [
            {"at": row.at, "what": row.action, "reason": row.reason, "amount": row.amount, "currency": row.currency}
            for row in AuditEntry.objects.filter(subject=reader.subject).order_by("pk")
        ],
    }


def _checkouts(reader: Reader) -> QuerySet[Checkout]:
    return Checkout.objects.filter(Q(reader=reader) | Q(address__iexact=reader.email))


def _erase(reader: Reader) -> None:
    from masthead.billing import services

    services.let_go(reader=reader)
    _checkouts(reader).update(address="", device=None, article="", decision="", reader=None, url="")
    Customer.objects.filter(reader=reader).update(reader=None, card_brand="", card_last4="", card_expires=None)
