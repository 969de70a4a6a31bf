"""What follows from an event: the ledger, and all that is read off it, in one transaction.

:func:`take` is the only way in. Webhooks, polls, answers and reconciling come here alike; whichever is first writes, the others
find it written.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from masthead.access import services as access
from masthead.access.models import Grant
from masthead.billing import audit, facts, mails, offers
from masthead.billing.lifecycle import Mail, Message, Outcome, Paid, Span, State, fold
from masthead.billing.models import Checkout, Customer, Invoice, LedgerEvent, MailWritten, Price, Stretch, Subscription
from masthead.billing.providers import Card, ProviderEvent
from masthead.core import changelog, clock, events
from masthead.readers import services as readers
from masthead.readers.models import Device, Reader

log = logging.getLogger(__name__)

DEFAULT_GRACE = timedelta(days=7)
OLD_NEWS = timedelta(days=7)  # what happened before is not mailed about any more: the books may come from elsewhere


def take(*, provider: str, event: ProviderEvent, origin: str, payload: str = "") -> Subscription | None:
    """Write ``event`` to its subscription's ledger and settle what follows. Taking it again changes nothing.

    Returns the subscription; None for what is about none.
    """
    with changelog.transaction():
        # the subscription first, then all else: in another order two events of one purchase wait for each other
        subscription = _locked(provider, event) if event.subscription else None
        if event.card is not None and event.customer:
            _keep_card(provider, event.customer, event.card)
        if event.closed and event.reference:
            close_checkout(reference=event.reference)
        if event.card_expiring and event.card is not None:
            _warn_of_card(provider, event.customer, event.card)
        if subscription is None:
            return None
        if not LedgerEvent.objects.filter(provider=provider, event_id=event.id).exists():
            LedgerEvent.objects.create(
                subscription=subscription,
                provider=provider,
                event_id=event.id,
                kind=event.kind[:80],
                at=event.at,
                received=clock.now(),
                origin=origin,
                facts=facts.to_json(event.facts),
                payload=payload,
            )
        _link(subscription, event)
        settle(subscription=subscription)
    return subscription


def _locked(provider: str, event: ProviderEvent) -> Subscription:
    """The event's subscription, made where it is new, locked until the transaction ends (SQLite: the whole database is)."""
    row, _ = Subscription.objects.get_or_create(
        provider=provider, external_id=event.subscription, defaults={"created": clock.now()}
    )
    return Subscription.objects.select_for_update().get(pk=row.pk)


def _link(subscription: Subscription, event: ProviderEvent) -> None:
    """Tie ``subscription`` to the checkout and so to the reader it was bought for, and to its payer, once each is known."""
    if event.customer and subscription.customer_id is None:
        subscription.customer, _ = Customer.objects.get_or_create(
            provider=subscription.provider, external_id=event.customer, defaults={"created": clock.now()}
        )
    if event.reference and subscription.checkout_id is None:
        checkout = Checkout.objects.select_for_update().filter(reference=event.reference).first()
        if checkout is not None and not Subscription.objects.filter(checkout=checkout).exists():
            subscription.checkout = checkout
            subscription.reader = _buyer(checkout)
            if subscription.reader is None and not checkout.address:
                subscription.let_go = clock.now()  # the account was deleted while its checkout was open: paid for nobody
    if subscription.customer is not None and subscription.customer.reader_id is None and subscription.reader is not None:
        Customer.objects.filter(pk=subscription.customer_id).update(reader=subscription.reader)
    subscription.save(update_fields=["customer", "checkout", "reader", "let_go"])


def _buyer(checkout: Checkout) -> Reader | None:
    """Whose the purchase is: the reader logged in when buying, else the typed address's, made unconfirmed where there is none."""
    if checkout.logged_in:
        return checkout.reader  # None once the account was deleted
    return readers.reader_for(address=checkout.address) if checkout.address else None


def outcome_of(subscription: Subscription) -> Outcome:
    """What ``subscription``'s ledger comes to."""
    rows = LedgerEvent.objects.filter(subscription=subscription).values_list("facts", flat=True)
    known = [fact for row in rows for fact in facts.from_json(row)]
    return fold(known, grace=grace_of(subscription))


def grace_of(subscription: Subscription) -> timedelta:
    """How long reading goes on while a renewal of ``subscription`` is not collected: its plan's."""
    price = subscription.price or (subscription.checkout.price if subscription.checkout else None)
    return timedelta(days=price.plan.grace_days) if price else DEFAULT_GRACE


def settle(*, subscription: Subscription) -> Outcome:
    """Make state, invoices, grants and mails what the ledger comes to. The caller holds ``subscription`` locked."""
    with changelog.transaction():
        first = subscription.access_until is None
        outcome = outcome_of(subscription)
        if outcome.price and outcome.price != subscription.price_id and Price.objects.filter(pk=outcome.price).exists():
            subscription.price = Price.objects.get(pk=outcome.price)
            outcome = outcome_of(subscription)  # another plan may have another grace
        elif subscription.price is None and subscription.checkout is not None:
            subscription.price = subscription.checkout.price
        subscription.state = outcome.state
        subscription.paid_until, subscription.access_until = outcome.paid_until, outcome.access_until
        subscription.renews, subscription.cancels = outcome.renews, outcome.cancels
        subscription.cancelled_at, subscription.ended_at = outcome.cancelled_at, outcome.ended_at
        subscription.resumes_at = outcome.resumes_at
        subscription.save()
        _write_invoices(subscription, outcome)
        _write_grants(subscription, outcome)
        if outcome.stretches and first:
            _bought(subscription)
        _write_mails(subscription, outcome)
    return outcome


def _bought(subscription: Subscription) -> None:
    """The first stretch: the checkout led somewhere."""
    checkout = subscription.checkout
    if checkout is not None and checkout.state != Checkout.State.PAID:
        checkout.state, checkout.settled = Checkout.State.PAID, clock.now()
        checkout.save(update_fields=["state", "settled"])
        offers.bought(checkout=checkout, reader=subscription.reader)
    with events.came_by(checkout.via if checkout else ""):
        events.record(
            "subscription",
            subject=subscription.reader.subject if subscription.reader else "",
            price=subscription.price_id,
            from_article=checkout.article if checkout else "",
            decision=checkout.decision if checkout else "",
            promotion=checkout.promotion.code if checkout and checkout.promotion else "",
        )


# --- invoices


def _write_invoices(subscription: Subscription, outcome: Outcome) -> None:
    held = {row.external_id: row for row in Invoice.objects.filter(subscription=subscription)}
    for paid in outcome.paid:
        _write_paid(subscription, paid, held.get(paid.invoice))
    owed = outcome.owed
    if owed is not None:
        row = held.get(owed.invoice) or Invoice(subscription=subscription, external_id=owed.invoice)
        row.state, row.at, row.since, row.until = Invoice.State.FAILED, owed.at, owed.period.since, owed.period.until
        row.amount, row.currency = owed.amount, owed.currency
        row.save()


def _write_paid(subscription: Subscription, paid: Paid, row: Invoice | None) -> None:
    before = row.refunded if row else 0
    fresh = row is None or row.state == Invoice.State.FAILED
    was_disputed = row is not None and row.state == Invoice.State.DISPUTED
    row = row or Invoice(subscription=subscription, external_id=paid.invoice)
    row.state = Invoice.State.PAID
    if paid.disputed:
        row.state = Invoice.State.DISPUTED
    elif paid.amount and paid.refunded >= paid.amount:
        row.state = Invoice.State.REFUNDED
    row.at, row.since, row.until, row.number, row.url = paid.at, paid.since, paid.until, paid.number, paid.url
    row.amount, row.tax, row.refunded, row.currency = paid.amount, paid.tax, paid.refunded, paid.currency
    row.save()
    money = {"subscription": subscription, "currency": paid.currency, "invoice": paid.invoice}
    if fresh:
        audit.note(action="payment", amount=paid.amount, **money)
    if paid.refunded != before:
        audit.note(action="refund", amount=paid.refunded - before, **money)
    if paid.disputed != was_disputed:
        audit.note(action="dispute" if paid.disputed else "dispute over", amount=paid.amount, **money)


# --- grants


def _write_grants(subscription: Subscription, outcome: Outcome) -> None:
    rows = list(
        Stretch.objects.filter(subscription=subscription)
        .select_related("grant__reader", "grant__device")
        .order_by("grant__since", "pk")
    )
    _put(subscription, [row for row in rows if not row.to_device], outcome.stretches if subscription.reader else (), device=None)
    span, device = _devices_span(subscription, outcome)
    _put(subscription, [row for row in rows if row.to_device], (span,) if span else (), device=device)


def _devices_span(subscription: Subscription, outcome: Outcome) -> tuple[Span | None, Device | None]:
    """What the paying device has of its own: the first period, or as much of it as passed until the address was proved there."""
    checkout = subscription.checkout
    if checkout is None or checkout.device is None or checkout.logged_in or outcome.first_until is None:
        return None, None
    until = min(outcome.first_until, checkout.proved) if checkout.proved else outcome.first_until
    since = outcome.stretches[0].since
    return (Span(since, until) if since < until else None), checkout.device


def _put(subscription: Subscription, rows: list[Stretch], wanted: tuple[Span, ...], *, device: Device | None) -> None:
    """Make the grants of ``rows`` those ``wanted``: moved, made or taken back, and only where they differ."""
    reader = None if device else subscription.reader
    for number, span in enumerate(wanted):
        row = rows[number] if number < len(rows) else None
        grant: Grant | None = row.grant if row else None
        as_wanted = (span.since, span.until, reader, device)
        if grant is not None and (grant.since, grant.until, grant.reader, grant.device) == as_wanted:
            continue
        grant = access.put_subscription(
            grant=grant,
            reader=reader,
            device=device,
            since=span.since,
            until=span.until,
            reason=f"subscription {subscription.subject}",
        )
        if row is None:
            Stretch.objects.create(subscription=subscription, grant=grant, to_device=device is not None)
        _note_grant(subscription, "grant", span.since, span.until, device)
    for row in rows[len(wanted) :]:
        _note_grant(subscription, "grant taken back", row.grant.since, row.grant.until, device)
        access.drop_subscription(grant=row.grant)


def _note_grant(subscription: Subscription, action: str, since: datetime, until: datetime | None, device: Device | None) -> None:
    audit.note(
        action=action,
        subscription=subscription,
        since=since.isoformat(),
        until=until.isoformat() if until else None,
        to="device" if device else "reader",
    )


# --- mails


def _write_mails(subscription: Subscription, outcome: Outcome) -> None:
    if subscription.reader is None:
        return
    for message in outcome.messages():
        if claim_mail(subscription, message) and not _old(message, outcome):
            mails.write(subscription, outcome, message)


def claim_mail(subscription: Subscription, message: Message) -> bool:
    """Whether ``message`` is ours to write: true once for each. Call it in the transaction the mail tells of."""
    _, fresh = MailWritten.objects.get_or_create(
        subscription=subscription, mail=message.mail.value, key=message.key, defaults={"at": clock.now()}
    )
    return fresh


def _old(message: Message, outcome: Outcome) -> bool:
    limit = clock.now() - OLD_NEWS
    if message.mail == Mail.RECEIPT:
        return all(paid.at < limit for paid in outcome.paid if paid.invoice == message.key)
    if message.mail == Mail.WELCOME:
        return outcome.stretches[0].since < limit
    if message.mail == Mail.ENDED:
        newest = max((m for m in (outcome.ended_at, outcome.paid_until) if m is not None), default=None)
        return newest is not None and newest < limit
    return False


def _keep_card(provider: str, customer: str, card: Card) -> None:
    row, _ = Customer.objects.get_or_create(provider=provider, external_id=customer, defaults={"created": clock.now()})
    row.card_brand, row.card_last4, row.card_expires = card.brand[:30], card.last4[:4], card.expires
    row.save(update_fields=["card_brand", "card_last4", "card_expires"])


def _warn_of_card(provider: str, customer: str, card: Card) -> None:
    """Tell whoever pays with ``card``, where another payment is to come."""
    for subscription in Subscription.objects.select_for_update().filter(
        provider=provider, customer__external_id=customer, renews__isnull=False, reader__isnull=False
    ):
        message = Message(Mail.CARD_EXPIRING, f"{card.last4}:{card.expires:%Y-%m}")
        if claim_mail(subscription, message):
            mails.write(subscription, outcome_of(subscription), message)


# --- who it belongs to


@dataclass(frozen=True, slots=True)
class Held:
    """What a reader has: their subscriptions, the one that opens or would be paid next first."""

    subscriptions: tuple[Subscription, ...]

    @property
    def main(self) -> Subscription | None:
        """The one an account page speaks of."""
        return self.subscriptions[0] if self.subscriptions else None


def held_by(reader: Reader) -> Held:
    """``reader``'s subscriptions, those that open longest first."""
    rows = Subscription.objects.filter(reader=reader).select_related("price__plan", "customer", "checkout")
    longest = sorted(rows, key=lambda s: (s.access_until is not None, s.access_until or s.created), reverse=True)
    return Held(tuple(longest))


def goes_on(reader: Reader) -> bool:
    """Whether one of ``reader``'s subscriptions goes on by itself: paused, owed or given back, it would be paid for twice."""
    return Subscription.objects.filter(reader=reader).filter(Q(renews__isnull=False) | Q(state=State.PAUSED)).exists()


def close_checkout(*, reference: str) -> None:
    """The checkout ran out, and nothing was bought."""
    Checkout.objects.filter(reference=reference, state=Checkout.State.OPEN).update(
        state=Checkout.State.CLOSED, settled=clock.now()
    )


def proved(*, reader: Reader, device: Device | None) -> None:
    """``reader`` proved their address in the browser ``device``: what it was given for paying ends, being theirs by now."""
    if device is None:
        return
    with changelog.transaction():
        rows = Subscription.objects.filter(
            reader=reader, checkout__device=device, checkout__logged_in=False, checkout__proved=None
        ).values_list("pk", flat=True)
        for number in list(rows):
            subscription = Subscription.objects.select_for_update().get(pk=number)
            Checkout.objects.filter(pk=subscription.checkout_id, proved=None).update(proved=clock.now())
            settle(subscription=subscription)


def let_go(*, reader: Reader) -> None:
    """``reader``'s account is being deleted: whatever still collects from them is cancelled, by the worker, as soon as it can."""
    for subscription in Subscription.objects.select_for_update().filter(reader=reader):
        audit.note(action="account deleted", actor=reader.subject, subscription=subscription)
        # but for what is still to be given back, of which that mail is the note
        MailWritten.objects.filter(subscription=subscription).exclude(mail=Mail.PAID_TWICE.value).delete()
        subscription.reader = None
        if subscription.state not in {State.ENDED}:
            subscription.let_go = clock.now()
        subscription.save(update_fields=["reader", "let_go"])


def merged(*, kept: Reader, gone: Reader) -> None:
    """``gone``'s subscriptions, payers and checkouts are ``kept``'s from now on. The ledger is of the subscription, and stays.

    Grants were carried by ``access`` and are the same rows still; settling only sees that they are right.
    """
    with changelog.transaction():
        rows = list(Subscription.objects.select_for_update().filter(reader=gone).order_by("pk"))
        Customer.objects.filter(reader=gone).update(reader=kept)
        offers.address_changed(old=gone.email, new=kept.email)
        # what a merged account typed is kept's to be told of, and to be erased with kept
        Checkout.objects.filter(Q(reader=gone) | Q(address__iexact=gone.email)).update(reader=kept, address=kept.email)
        for subscription in rows:
            audit.note(action="merged", subscription=subscription, subject=kept.subject, before=gone.subject)
            subscription.reader = kept
            subscription.save(update_fields=["reader"])
            settle(subscription=subscription)
