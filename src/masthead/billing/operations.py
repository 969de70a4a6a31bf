"""What is done to a running subscription: asked of its provider, whose answer goes to the ledger like everything else.

Each takes ``by`` (a subject: the reader's own or a supporter's) and writes the audit log. A provider is asked outside a
transaction, with a key that is the same for the same wish, so that a press repeated after a crash does nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings

from masthead.billing import audit, purchase, services
from masthead.billing.models import AuditEntry, Invoice, LedgerEvent, Price, Subscription
from masthead.billing.providers import Provider, ProviderEvent, Purpose, choice
from masthead.core import changelog

REFUND = "refund asked for"


class NotPossibleError(ValueError):
    """That cannot be done to this subscription now; the message is for whoever asked."""


def cancel(*, subscription: Subscription, by: str, reason: str = "", at_once: bool = False) -> Subscription:
    """End ``subscription`` with what is paid for, or ``at_once`` (which gives nothing back by itself)."""
    subscription = _fresh(subscription)
    if subscription.renews is None and not at_once:
        raise NotPossibleError("That subscription does not renew.")
    key = _key(subscription, "cancel", str(at_once))
    answer = _provider(subscription).cancel(subscription=subscription.external_id, at_period_end=not at_once, key=key)
    return _took(subscription, answer, "cancel", by, reason, key=key, at_once=at_once)


def resume(*, subscription: Subscription, by: str, reason: str = "") -> Subscription:
    """Take a cancellation at the period's end, or a pause, back."""
    subscription = _fresh(subscription)
    if subscription.state not in {"cancelling", "paused"}:
        raise NotPossibleError("That subscription is neither cancelled nor paused, or it has ended.")
    key = _key(subscription, "resume")
    answer = _provider(subscription).resume(subscription=subscription.external_id, key=key)
    return _took(subscription, answer, "resume", by, reason, key=key)


def pause(*, subscription: Subscription, until: datetime | None, by: str, reason: str = "") -> Subscription:
    """Collect nothing until ``until``, or until resumed. What is paid for stays open."""
    subscription = _fresh(subscription)
    if subscription.state not in {"active", "trialing"}:
        raise NotPossibleError("Only a running subscription can be paused.")
    key = _key(subscription, "pause", str(until))
    answer = _provider(subscription).pause(subscription=subscription.external_id, until=until, key=key)
    return _took(subscription, answer, "pause", by, reason, key=key, until=until.isoformat() if until else None)


def change_price(*, subscription: Subscription, price: Price, by: str, reason: str = "") -> Subscription:
    """Move ``subscription`` to ``price``, in its currency."""
    subscription = _fresh(subscription)
    if subscription.state not in {"active", "trialing"} or subscription.price is None:
        raise NotPossibleError("Only a running subscription can change its plan.")
    if subscription.price.currency != price.currency or subscription.price_id == price.pk:
        raise NotPossibleError("A subscription changes to another price in its own currency.")
    provider = _provider(subscription)
    key = _key(subscription, "price", str(price.pk))
    answer = provider.change_price(
        subscription=subscription.external_id,
        price=price.pk,
        price_at_provider=purchase.price_at(provider, price),
        key=key,
    )
    return _took(subscription, answer, "change price", by, reason, key=key, price=price.pk)


def refund(*, invoice: Invoice, amount: int | None, by: str, reason: str) -> Subscription:
    """Give ``amount`` minor units of ``invoice`` back, or all that is left. The whole of it takes its period away.

    ``invoice`` is as whoever asks saw it: where something was given back since, they look again. Two presses at once are one
    wish, under one key; once the first is known, the next is another.
    """
    # counted before looking: a refund that is settled in between shows in what was given back
    whose = invoice.subscription.subject
    asked = AuditEntry.objects.filter(subscription=whose, action=REFUND, data__invoice=invoice.external_id).count()
    seen, invoice = invoice.refunded, Invoice.objects.select_related("subscription").get(pk=invoice.pk)
    if seen != invoice.refunded:
        raise NotPossibleError("Something of that payment has been given back meanwhile. Please look at it again.")
    left = invoice.amount - invoice.refunded
    if invoice.state not in {Invoice.State.PAID, Invoice.State.REFUNDED} or left <= 0:
        raise NotPossibleError("Nothing is left of that payment to give back.")
    if amount is not None and not 0 < amount <= left:
        raise NotPossibleError("More than was paid cannot be given back.")
    subscription = invoice.subscription
    key = ":".join((subscription.subject, "refund", invoice.external_id, str(amount), str(seen), str(asked)))
    answer = _provider(subscription).refund(
        subscription=subscription.external_id,
        invoice=invoice.external_id,
        amount=amount,
        reason=reason,
        key=key,
    )
    return _took(subscription, answer, REFUND, by, reason, key=key, invoice=invoice.external_id, asked=amount)


def portal(*, subscription: Subscription, purpose: Purpose, return_path: str = "/account/") -> str:
    """Where the payer manages what they pay with. ``MANAGE`` is for the reader logged in, ``CARD`` for a mailed link too."""
    if subscription.customer is None:
        raise NotPossibleError("There is nobody to pay yet.")
    return _provider(subscription).portal(
        customer=subscription.customer.external_id,
        subscription=subscription.external_id,
        return_url=f"{settings.MASTHEAD.base_url}{return_path}",
        purpose=purpose,
    )


def look_up(*, subscription: Subscription, origin: str) -> Subscription:
    """Ask the provider for all that is so of ``subscription``, and settle."""
    return _settled(subscription, _provider(subscription).look_up(subscription.external_id), origin)


def _fresh(subscription: Subscription) -> Subscription:
    """``subscription`` as it is now: whoever asks may have looked a while ago."""
    return Subscription.objects.select_related("price__plan", "customer", "checkout", "reader").get(pk=subscription.pk)


def _provider(subscription: Subscription) -> Provider:
    return choice.named(subscription.provider)


def _key(subscription: Subscription, *wish: str) -> str:
    # as many wishes of one kind as there were events: cancelled, resumed and cancelled again are three
    told = LedgerEvent.objects.filter(subscription=subscription).count()
    return ":".join((subscription.subject, str(told), *wish))


def _took(
    subscription: Subscription,
    answer: Iterable[ProviderEvent],
    action: str,
    by: str,
    reason: str,
    *,
    key: str,
    **data: object,
) -> Subscription:
    """Write down that it was asked, once for each ``key``, and what the provider answered."""
    with changelog.transaction():
        Subscription.objects.select_for_update().get(pk=subscription.pk)  # two presses at once, one after the other
        if not AuditEntry.objects.filter(subscription=subscription.subject, action=action, data__key=key).exists():
            audit.note(action=action, actor=by, subscription=subscription, reason=reason, key=key, **data)
        return _settled(subscription, answer, LedgerEvent.Origin.ANSWER)


def _settled(subscription: Subscription, events: Iterable[ProviderEvent], origin: str) -> Subscription:
    for event in events:
        services.take(provider=subscription.provider, event=event, origin=origin)
    return _fresh(subscription)
