"""Buying: a checkout of ours, then one at the provider; and finding out what came of it."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q

from masthead.access.models import Grant
from masthead.billing import offers, services
from masthead.billing.models import Checkout, Customer, LedgerEvent, Price, PriceAtProvider, PromotionCode
from masthead.billing.providers import Order, Provider, ProviderError, choice
from masthead.core import clock, events
from masthead.core.keys import keyed_hash
from masthead.core.models import Publication
from masthead.readers import addresses
from masthead.readers.models import Device, Reader

log = logging.getLogger(__name__)

LIFE = timedelta(hours=23)  # of a checkout; a provider's may be shorter and then says so
HOLD = timedelta(hours=1)  # of one that holds a use of a code of which there are only so many
SHORTEST = timedelta(minutes=31)  # what has to be left of it when the provider is first asked: Stripe wants half an hour
AGAIN = timedelta(days=1)  # how long a purchase is taken for the same one, pressed twice


class AlreadySubscribedError(ValueError):
    """The reader who is logged in has a subscription that goes on, or this browser has paid for one already."""


def holds_all(device: Device) -> bool:
    """Whether ``device`` was given everything for paying."""
    held = Grant.objects.filter(device=device, kind=Grant.Kind.SUBSCRIPTION, article=None)
    return held.filter(Q(until=None) | Q(until__gt=clock.now())).exists()


def unproved(device: Device) -> Checkout | None:
    """What was paid in this browser, runs, and waits for the mailed code to be typed here."""
    waits = Checkout.objects.filter(device=device, state=Checkout.State.PAID, logged_in=False, proved=None)
    return waits.filter(subscription__access_until__gt=clock.now()).order_by("-pk").first()


def begin(
    *,
    price: Price,
    address: str,
    device: Device,
    reader: Reader | None,
    article: str = "",
    decision: str = "",
    promotion: PromotionCode | None = None,
) -> Checkout:
    """Open a checkout for ``price``, or find the one that this browser opened for the same: its ``url`` is where to pay.

    ``reader`` is who is logged in; else the subscription will be that of ``address`` (cleaned), which proves nothing. Pressed
    twice, at once or later, it is one checkout and one session at the provider. One that is ``PAID`` has been paid in this
    browser already. Raises :class:`AlreadySubscribedError`, ``NoOfferError`` and ``ProviderError``.
    """
    if reader is not None and services.goes_on(reader):
        raise AlreadySubscribedError
    provider = choice.current()
    checkout = _row(provider, price, address, device, reader, article, decision, promotion)
    if checkout.state == Checkout.State.PAID or checkout.url:
        return checkout
    begun = provider.begin_checkout(_order(provider, checkout))
    # killed before this line, the next press finds the row and asks again under the same reference
    Checkout.objects.filter(pk=checkout.pk).update(session=begun.session, url=begun.url, expires=begun.expires)
    checkout.refresh_from_db()
    return checkout


def _row(
    provider: Provider,
    price: Price,
    address: str,
    device: Device,
    reader: Reader | None,
    article: str,
    decision: str,
    promotion: PromotionCode | None,
) -> Checkout:
    now = clock.now()
    parts = (device.subject, str(price.pk), addresses.identity(address), article, promotion.code if promotion else "")
    key = keyed_hash("checkout", "\n".join((provider.name, reader.subject if reader else "", *parts)))
    with transaction.atomic():
        over = Q(expires__lte=now) | Q(session="", expires__lte=now + SHORTEST)
        Checkout.objects.filter(over, key=key, state=Checkout.State.OPEN).update(state=Checkout.State.CLOSED, settled=now)
        paid = Checkout.objects.filter(
            key=key,
            state=Checkout.State.PAID,
            created__gt=now - AGAIN,
            subscription__access_until__gt=now,
            subscription__renews__isnull=False,  # one that was cancelled meanwhile may be wanted anew
        ).first()
        found = paid or Checkout.objects.filter(key=key, state=Checkout.State.OPEN).first()
        if found is not None:
            return found
        if reader is None and holds_all(device):
            raise AlreadySubscribedError
        life = HOLD if promotion is not None and promotion.most_uses is not None else LIFE
        free_days = offers.promise(price=price, promotion=promotion, reader=reader)
        try:
            with transaction.atomic():
                return Checkout.objects.create(
                    key=key,
                    price=price,
                    promotion=promotion,
                    amount=offers.first_amount(price, promotion),
                    currency=price.currency,
                    free_days=free_days,
                    address=address,
                    reader=reader,
                    logged_in=reader is not None,
                    device=device,
                    article=article,
                    decision=decision[:12],
                    via=events.via(),
                    provider=provider.name,
                    created=now,
                    expires=now + life,
                )
        except IntegrityError:  # the same press, in another request
            return Checkout.objects.get(key=key, state=Checkout.State.OPEN)


def _order(provider: Provider, checkout: Checkout) -> Order:
    price = checkout.price
    base = settings.MASTHEAD.base_url
    back = f"/articles/{checkout.article}/" if checkout.article else "/subscribe/"
    customer = ""
    if checkout.logged_in and checkout.reader is not None:
        known = Customer.objects.filter(reader=checkout.reader, provider=provider.name).order_by("-pk").first()
        # a customer whom somebody else made by typing this address is theirs, cards and all
        customer = known.external_id if known and _own(known) else ""
    return Order(
        reference=checkout.reference,
        price=price.pk,
        price_at_provider=price_at(provider, price),
        plan=price.plan.name,
        amount=price.amount,
        currency=price.currency,
        interval=price.interval,
        address=checkout.address,
        return_url=f"{base}/subscribe/return/?checkout={checkout.reference}",
        cancel_url=f"{base}{back}",
        customer=customer,
        trial_days=checkout.free_days,
        first_amount=price.first_amount,
        first_payments=price.first_payments,
        discount=offers.discount(checkout.promotion),
        tax_included=price.tax_included,
        locale=Publication.load().language,
        expires=checkout.expires if checkout.expires - checkout.created < LIFE else None,
    )


def _own(customer: Customer) -> bool:
    """Whether ``customer`` paid while logged in, or proved the address afterwards."""
    return customer.subscriptions.filter(Q(checkout__logged_in=True) | Q(checkout__proved__isnull=False)).exists()


def price_at(provider: Provider, price: Price) -> str:
    """The provider's number of ``price``, asked for once."""
    known = PriceAtProvider.objects.filter(price=price, provider=provider.name).first()
    if known is not None:
        return known.external_id
    number = provider.publish_price(
        price=price.pk,
        plan=price.plan.name,
        amount=price.amount,
        currency=price.currency,
        interval=price.interval,
        tax_included=price.tax_included,
    )
    row, _ = PriceAtProvider.objects.get_or_create(price=price, provider=provider.name, defaults={"external_id": number})
    return row.external_id


def poll(*, checkout: Checkout, origin: str = LedgerEvent.Origin.POLL) -> bool:
    """Ask the provider what came of ``checkout``; whether it is settled now. For a redirect that came before its webhook."""
    if checkout.state != Checkout.State.OPEN:
        return True
    if not checkout.session or not choice.in_use(checkout.provider):
        return False
    for event in choice.named(checkout.provider).look_up_checkout(reference=checkout.reference, session=checkout.session):
        services.take(provider=checkout.provider, event=event, origin=origin)
    checkout.refresh_from_db()
    return checkout.state != Checkout.State.OPEN


def poll_once(*, checkout: Checkout) -> bool:
    """:func:`poll` for whoever presses a button: at most once in :data:`BETWEEN`, or one page could keep a provider busy."""
    now = clock.now()
    asked = Q(polled=None) | Q(polled__lte=now - BETWEEN)
    if not Checkout.objects.filter(asked, pk=checkout.pk, state=Checkout.State.OPEN).update(polled=now):
        return checkout.state != Checkout.State.OPEN
    return poll(checkout=checkout)


BETWEEN = timedelta(seconds=1)
FIRST_POLL = timedelta(seconds=15)
LONGEST_POLL = timedelta(hours=1)


def poll_open(most: int = 20) -> int:
    """Poll checkouts that are open for a while, older ones less often: a webhook may never come, and a buyer never come back."""
    now = clock.now()
    asked = 0
    for checkout in Checkout.objects.filter(state=Checkout.State.OPEN, created__lte=now - FIRST_POLL).order_by("created")[:500]:
        age = now - checkout.created
        if checkout.polled is not None and now - checkout.polled < min(age / 4, LONGEST_POLL):
            continue
        if asked >= most:
            break
        # one worker asks: whoever moves the moment on
        mine = Checkout.objects.filter(pk=checkout.pk, polled=checkout.polled).update(polled=now, polls=F("polls") + 1)
        if not mine:
            continue
        asked += 1
        try:
            poll(checkout=checkout)
        except ProviderError as error:
            log.warning("checkout %s: %s", checkout.reference, error)
        if checkout.state == Checkout.State.OPEN and checkout.expires < now - LONGEST_POLL:
            services.close_checkout(reference=checkout.reference)
    return asked
