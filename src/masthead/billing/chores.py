"""What the worker does for billing from time to time, besides webhooks: polls, what was paid twice, notices before a charge,
errands, forgetting."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import F

from masthead.billing import audit, inbox, mails, operations, purchase, retries, services, twice
from masthead.billing.lifecycle import Mail, Message
from masthead.billing.models import AuditEntry, Invoice, LedgerEvent, Price, Subscription, Webhook
from masthead.billing.providers import ProviderError, choice
from masthead.core import clock

log = logging.getLogger(__name__)

BEFORE_RENEWAL = timedelta(days=14)  # a yearly charge is announced; several laws want between seven days and a month
WEBHOOKS = timedelta(days=90)
LATE = timedelta(minutes=1)


def webhooks() -> None:
    """Process what is due."""
    heard = False
    while inbox.is_due() and inbox.work():
        heard = True
    if heard:
        twice.close_superseded()  # at once: the other tab may be paying already
        twice.find_new()


def polls() -> None:
    """Ask about checkouts that are open, and run errands."""
    purchase.poll_open()
    twice.close_superseded()
    cancel_let_go()


def each_minute() -> None:
    """What the provider wants done on our side, and the notices that the calendar makes due."""
    choice.current().each_minute()
    announce_renewals()
    twice.find_new()  # also those proved without a webhook, by a code that was typed
    twice.go_on()


def announce_renewals() -> int:
    """Write the notice before each yearly charge that is near; returns how many."""
    now = clock.now()
    near = Subscription.objects.filter(
        renews__gt=now, renews__lte=now + BEFORE_RENEWAL, price__interval=Price.Interval.YEAR, reader__isnull=False
    )
    written = 0
    for number in near.values_list("pk", flat=True):
        with transaction.atomic():
            subscription = Subscription.objects.select_for_update().get(pk=number)
            if subscription.renews is None or subscription.state != "active":
                continue
            message = Message(Mail.RENEWAL, subscription.renews.date().isoformat())
            if services.claim_mail(subscription, message):
                mails.write(subscription, services.outcome_of(subscription), message)
                written += 1
    return written


def cancel_let_go() -> int:
    """Cancel at the provider what belonged to accounts that were deleted; returns how many were."""
    now = clock.now()
    done = 0
    for subscription in Subscription.objects.filter(let_go__lte=now)[:20]:
        if not choice.in_use(subscription.provider):
            Subscription.objects.filter(pk=subscription.pk).update(let_go=None)
            continue
        # claimed by moving its moment on; a worker killed meanwhile leaves it due again
        tries = subscription.let_go_tries + 1
        if not Subscription.objects.filter(pk=subscription.pk, let_go=subscription.let_go).update(
            let_go=now + max(retries.wait(tries), LATE), let_go_tries=F("let_go_tries") + 1
        ):
            continue
        try:
            _give_back_what_nobody_had(subscription)
            answer = choice.named(subscription.provider).cancel(
                subscription=subscription.external_id, at_period_end=False, key=f"{subscription.subject}:let go"
            )
        except (ProviderError, operations.NotPossibleError) as error:
            log.warning("subscription %s of a deleted account is not cancelled yet: %s", subscription.subject, error)
            continue
        for event in answer:
            services.take(provider=subscription.provider, event=event, origin=LedgerEvent.Origin.ANSWER)
        Subscription.objects.filter(pk=subscription.pk).update(let_go=None)
        audit.note(action="cancelled, account deleted", subscription=subscription)
        done += 1
    return done


def _give_back_what_nobody_had(subscription: Subscription) -> None:
    """Paid after the account was deleted, it opened nothing to anybody: the money goes back."""
    if AuditEntry.objects.filter(subscription=subscription.subject, action="account deleted").exists():
        return
    for invoice in subscription.invoices.filter(state=Invoice.State.PAID, refunded__lt=F("amount")):
        operations.refund(invoice=invoice, amount=None, by=audit.PROVIDER, reason="paid after the account was deleted")


def clear() -> None:
    """Forget webhooks that are settled for long; the ledger keeps what they said."""
    Webhook.objects.filter(state__in=(Webhook.State.DONE, Webhook.State.IGNORED), settled__lt=clock.now() - WEBHOOKS).delete()
