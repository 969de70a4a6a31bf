"""Comparing our books with the provider's, and mending ours: whatever was lost on the way is found here.

Nothing is mended by hand: what the provider says goes to the ledger like any other event, and what follows from the ledger is
written anew. A run that finds all in order writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from masthead.billing import audit, facts, purchase, services
from masthead.billing.lifecycle import Outcome, fold, news
from masthead.billing.models import Checkout, LedgerEvent, Stretch, Subscription
from masthead.billing.providers import Provider, ProviderError, ProviderEvent, choice
from masthead.core import changelog


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that was not as it ought to be, in words, and whether it was mended."""

    about: str
    what: str
    mended: bool


@dataclass
class Report:
    """What a run looked at and found."""

    provider: str
    subscriptions: int = 0
    checkouts: int = 0
    differences: list[Difference] = field(default_factory=list)

    def found(self, about: str, what: str, *, mended: bool) -> None:
        """Note a difference."""
        self.differences.append(Difference(about, what, mended))


def run(*, repair: bool = True, progress: Callable[[int], None] | None = None) -> Report:
    """Compare everything with the provider in use; with ``repair``, mend ours. Can be interrupted and repeated."""
    provider = choice.current()
    report = Report(provider.name)
    for checkout in Checkout.objects.filter(provider=provider.name, state=Checkout.State.OPEN).exclude(session=""):
        report.checkouts += 1
        _checkout(provider, checkout, report, repair)
    there = set()
    for number in provider.subscriptions():
        there.add(number)
        report.subscriptions += 1
        _subscription(provider, number, report, repair)
        if progress:
            progress(report.subscriptions)
    for subscription in Subscription.objects.filter(provider=provider.name).exclude(state="ended"):
        if subscription.external_id not in there:
            try:
                _subscription(provider, subscription.external_id, report, repair)
            except ProviderError:
                unknown = f"{provider.name} does not know it, and we call it {subscription.state}"
                report.found(subscription.external_id, unknown, mended=False)
    if repair and report.differences:
        audit.note(action="reconciled", actor=audit.RECONCILE, differences=len(report.differences))
    return report


def _checkout(provider: Provider, checkout: Checkout, report: Report, repair: bool) -> None:
    try:
        events = provider.look_up_checkout(reference=checkout.reference, session=checkout.session)
    except ProviderError as error:
        report.found(f"checkout {checkout.reference}", f"{provider.name} says: {error}", mended=False)
        return
    if not events:
        return
    bought = any(event.subscription for event in events)
    if repair:
        purchase.poll(checkout=checkout, origin=LedgerEvent.Origin.RECONCILE)
    report.found(
        f"checkout {checkout.reference}", "it was paid and we did not know" if bought else "it has run out", mended=repair
    )


def _subscription(provider: Provider, number: str, report: Report, repair: bool) -> None:
    events = provider.look_up(number)
    known = Subscription.objects.filter(provider=provider.name, external_id=number).first()
    if known is None:
        report.found(number, "it is at the provider and not in our books", mended=repair)
    else:
        ours, together = _both(known, events)
        for what in _compared(ours, together):
            report.found(number, what, mended=repair)
        for what in _grants_differ(known, ours):
            report.found(number, what, mended=repair)
    if not repair:
        return
    if known is None or _says_more(known, events):
        for event in events:
            services.take(provider=provider.name, event=event, origin=LedgerEvent.Origin.RECONCILE)
    else:
        _settle(known)


def _settle(known: Subscription) -> None:
    with changelog.transaction():
        services.settle(subscription=Subscription.objects.select_for_update().get(pk=known.pk))


def _ledger(subscription: Subscription) -> list[facts.Fact]:
    rows = LedgerEvent.objects.filter(subscription=subscription).values_list("facts", flat=True)
    return [fact for row in rows for fact in facts.from_json(row)]


def _says_more(known: Subscription, events: tuple[ProviderEvent, ...]) -> bool:
    """Whether ``events`` say anything that our ledger does not: what is known already is not written again."""
    return news((fact for event in events for fact in event.facts), _ledger(known))


def _both(known: Subscription, events: tuple[ProviderEvent, ...]) -> tuple[Outcome, Outcome]:
    """What our ledger comes to, and what it would come to with what the provider says."""
    ours = _ledger(known)
    grace = services.grace_of(known)
    return fold(ours, grace=grace), fold([*ours, *(fact for event in events for fact in event.facts)], grace=grace)


def _compared(ours: Outcome, together: Outcome) -> list[str]:
    found = []
    if ours.state != together.state:
        found.append(f"it is {together.state} there and {ours.state} here")
    if ours.access_until != together.access_until:
        found.append(f"it opens until {_day(together.access_until)} by the provider's word and {_day(ours.access_until)} by ours")
    missing = {paid.invoice for paid in together.paid} - {paid.invoice for paid in ours.paid}
    found += [f"payment {invoice} is not in our books" for invoice in sorted(missing)]
    refunded = {paid.invoice: paid.refunded for paid in ours.paid}
    found += [
        f"of payment {paid.invoice} {paid.refunded} minor units were given back there, {refunded[paid.invoice]} here"
        for paid in together.paid
        if paid.invoice in refunded and refunded[paid.invoice] != paid.refunded
    ]
    return found


def _grants_differ(known: Subscription, ours: Outcome) -> list[str]:
    """Whether the grants are those that our own ledger comes to: somebody may have ended one by hand."""
    with transaction.atomic():
        rows = Stretch.objects.filter(subscription=known, to_device=False).select_related("grant").order_by("grant__since")
        held = [(row.grant.since, row.grant.until) for row in rows]
    wanted = [(span.since, span.until) for span in ours.stretches] if known.reader_id else []
    return [] if held == wanted else ["its grants are not what our ledger comes to"]


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "never"
