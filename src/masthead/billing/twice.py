"""Nobody pays twice unnoticed: what happens to a second checkout, and to a second subscription, of one reader.

Three nets, one behind the other:

1. A reader who is logged in, and a browser that has paid, is not sold it again (``purchase.begin``).
2. Once one checkout is paid, the others of the same reader or browser are closed at the provider (:func:`close_superseded`).
3. A second payment that arrives nevertheless, while another subscription of the reader's runs:

   - **bought by the reader**, logged in or with the mailed code typed in the paying browser: given back whole and ended by the
     worker, with a mail (:func:`find_new`);
   - **bought by whoever typed the address**: the reader is told by mail and on their account's page, with one button, and the
     newsroom has a list with the same button. Nothing happens by itself, and no checkout of another browser is closed: a stranger
     could learn for the price of nothing that an address subscribes, by seeing their money come back.

Which is the second is told by when we first heard of them. A reader whose payment fails, or who paused, may buy anew on purpose:
those are listed for the newsroom and told in the welcome mail; nothing is given back by itself.

That one is to be given back is decided in one transaction and kept as the mail that tells of it (``MailWritten``, its key the
payment). The rest is asked of the provider, refund first, as often as it takes: killed in between, the worker goes on.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from masthead.billing import audit, mails, operations, services
from masthead.billing.lifecycle import Mail, Message, State
from masthead.billing.models import AuditEntry, Checkout, Invoice, LedgerEvent, MailWritten, Subscription
from masthead.billing.providers import ProviderError, choice
from masthead.core import changelog, clock, notices
from masthead.readers.models import Reader

log = logging.getLogger(__name__)

RUNS = (State.ACTIVE, State.TRIALING)
COLLECTS = Q(renews__isnull=False) | Q(state=State.PAUSED)  # a pause ends by itself
FRESH = timedelta(days=35)  # what is older than a month and some days is for people to look at
ITSELF = "paid twice"  # who acts, where nobody pressed anything
_OVERDUE = timedelta(hours=6)


class NotTwiceError(operations.NotPossibleError):
    """There is no second subscription to give back."""


@dataclass(frozen=True, slots=True)
class Twice:
    """Two subscriptions of one reader that both run: the one there was, and the one that came on top."""

    first: Subscription
    second: Subscription


# --- checkouts


def close_superseded(most: int = 20) -> int:
    """Close checkouts that are open beside one that was paid, of the same reader or browser, or of nobody any more; how many."""
    # who is logged in is known; who is not is known by the browser alone, for an address is typed by anybody
    of_reader = Q(subscription__reader=OuterRef("reader"))
    of_browser = Q(device=OuterRef("device"), logged_in=False) | Q(device=OuterRef("device"), address__iexact=OuterRef("address"))
    all_paid = Checkout.objects.filter(state=Checkout.State.PAID, settled__gte=OuterRef("created"))
    paid = all_paid.filter(subscription__renews__isnull=False)
    free_days_had = all_paid.filter(free_days__gt=0)  # also where it was cancelled at once: they are had
    rows = Checkout.objects.filter(state=Checkout.State.OPEN).exclude(session="")
    rows = rows.filter(
        Q(Exists(paid.filter(of_reader)), logged_in=True, reader__isnull=False)
        | Q(Exists(paid.filter(of_browser)), logged_in=False, device__isnull=False)
        | Q(Exists(free_days_had.filter(of_reader)), logged_in=True, reader__isnull=False, free_days__gt=0)
        | Q(address="")  # its account was deleted
    )
    closed = 0
    for checkout in rows.order_by("pk")[:most]:
        if not choice.in_use(checkout.provider):
            continue
        try:
            found = choice.named(checkout.provider).close_checkout(reference=checkout.reference, session=checkout.session)
        except ProviderError as error:
            log.warning("checkout %s is not closed yet: %s", checkout.reference, error)
            break  # the provider is away: all of them wait
        for event in found:
            services.take(provider=checkout.provider, event=event, origin=LedgerEvent.Origin.ANSWER)
        closed += any(event.closed for event in found)
    return closed


# --- subscriptions


def of(reader: Reader) -> list[Twice]:
    """Of ``reader``'s subscriptions those that run on top of an earlier one."""
    rows = Subscription.objects.filter(reader=reader, renews__isnull=False, state__in=RUNS)
    running = list(rows.select_related("price__plan", "customer", "checkout", "reader").order_by("created", "pk"))
    return [Twice(running[0], second) for second in running[1:]]


def collecting(reader: Reader) -> list[Subscription]:
    """All of ``reader``'s subscriptions that something will be collected for."""
    return list(
        Subscription.objects.filter(COLLECTS, reader=reader).select_related("price__plan", "reader").order_by("created", "pk")
    )


def readers() -> list[tuple[Reader, list[Subscription]]]:
    """Readers of whom more than one subscription collects, for the newsroom."""
    other = Subscription.objects.filter(COLLECTS, reader=OuterRef("reader")).exclude(pk=OuterRef("pk"))
    rows = Subscription.objects.filter(COLLECTS, Exists(other), reader__isnull=False)
    rows = rows.select_related("reader", "price__plan", "checkout").order_by("reader", "created", "pk")
    return [(reader, list(held)) for reader, held in groupby(rows, key=lambda row: row.reader)]


def find_new() -> int:
    """Give back what readers themselves bought on top of a subscription that runs; returns how many."""
    now = clock.now()
    fresh = Subscription.objects.filter(
        Q(checkout__logged_in=True) | Q(checkout__proved__isnull=False),
        renews__isnull=False,
        state__in=RUNS,
        reader__isnull=False,
        created__gt=now - FRESH,
    )
    earlier = Subscription.objects.filter(
        reader=OuterRef("reader"), renews__isnull=False, state__in=RUNS, created__lte=OuterRef("created"), pk__lt=OuterRef("pk")
    )
    done = 0
    for second in fresh.filter(Exists(earlier)).exclude(mails__mail=Mail.PAID_TWICE.value).select_related("reader")[:20]:
        found = next((twice for twice in of(second.reader) if twice.second.pk == second.pk), None)
        if found is None or _merged(found):
            continue
        try:
            give_back(subscription=second, by=ITSELF)
        except NotTwiceError:
            continue  # one of the two was cancelled meanwhile
        done += 1
    return done


def _merged(twice: Twice) -> bool:
    """Whether the two came together by a merge of accounts: support was asked what is to become of them."""
    subjects = (twice.first.subject, twice.second.subject)
    return AuditEntry.objects.filter(action="merged", subscription__in=subjects, at__gte=twice.second.created).exists()


def give_back(*, subscription: Subscription, by: str, reason: str = "") -> bool:
    """End ``subscription``, which runs on top of another of its reader's, and give its newest payment back whole.

    True where that is done; false where the provider did not answer: then it is decided, and the worker goes on trying. Raises
    :class:`NotTwiceError`.
    """
    with changelog.transaction():
        second = Subscription.objects.select_for_update(of=("self",)).select_related("reader").get(pk=subscription.pk)
        decided = MailWritten.objects.filter(subscription=second, mail=Mail.PAID_TWICE.value).exists()
        if not decided:
            _decide(second, by, reason)
    return carry_out(second)


def _decide(second: Subscription, by: str, reason: str) -> None:
    found = next((twice for twice in of(second.reader) if twice.second.pk == second.pk), None) if second.reader else None
    if found is None:
        raise NotTwiceError("That is the only subscription there is, or the other does not renew. It can be cancelled instead.")
    invoice = second.invoices.filter(state=Invoice.State.PAID).order_by("-at", "-pk").first()
    key = invoice.external_id if invoice is not None and invoice.refunded < invoice.amount else ""
    # one mail tells of all of it: not another of the refund, and a third of the end
    outcome = services.outcome_of(second)
    for silent in (Message(Mail.ENDED), Message(Mail.ENDED, key)):
        services.claim_mail(second, silent)
    audit.note(action="paid twice", actor=by, subscription=second, reason=reason, first=found.first.subject, invoice=key)
    message = Message(Mail.PAID_TWICE, key)
    if services.claim_mail(second, message):
        mails.write(second, outcome, message)


def carry_out(subscription: Subscription) -> bool:
    """Do at the provider what was decided, refund first; whether all of it is done."""
    decided = MailWritten.objects.filter(subscription=subscription, mail=Mail.PAID_TWICE.value).first()
    if decided is None or not choice.in_use(subscription.provider):
        return False
    try:
        paid = _unreturned(decided)
        if paid is not None:
            subscription = operations.refund(invoice=paid, amount=None, by=ITSELF, reason="paid twice")
        subscription.refresh_from_db()
        if subscription.renews is not None or subscription.state == State.PAUSED:
            operations.cancel(subscription=subscription, by=ITSELF, reason="paid twice", at_once=True)
    except (ProviderError, operations.NotPossibleError) as error:
        log.warning("subscription %s, paid twice, is not given back yet: %s", subscription.subject, error)
        if decided.at < clock.now() - _OVERDUE:
            notices.tell(
                f"paid twice {subscription.subject}",
                f"Subscription {subscription.external_id}, paid twice, cannot be given back: {error} Look at it in the newsroom.",
            )
        return False
    return True


def _unreturned(decided: MailWritten) -> Invoice | None:
    rows = Invoice.objects.filter(subscription=decided.subscription, external_id=decided.key, state=Invoice.State.PAID)
    found = rows.first() if decided.key else None
    return found if found is not None and found.refunded < found.amount else None


def pending() -> QuerySet[MailWritten]:
    """What was decided and may not be done yet."""
    unreturned = Invoice.objects.filter(
        subscription=OuterRef("subscription"), external_id=OuterRef("key"), state=Invoice.State.PAID, refunded__lt=F("amount")
    )
    return (
        MailWritten.objects.filter(mail=Mail.PAID_TWICE.value)
        .filter(Q(subscription__renews__isnull=False) | Q(subscription__state=State.PAUSED) | Exists(unreturned))
        .select_related("subscription")
        .order_by("pk")
    )


def go_on() -> int:
    """Carry out what was decided and interrupted; returns how many are done."""
    return sum(carry_out(row.subscription) for row in pending()[:20])
