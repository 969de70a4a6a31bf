"""Offers: whether a code is good for a price now, for whom, and what it takes off.

Free days are good once for each reader, under whichever of their addresses one provider takes for the same: the *canonical*
address, whose meter outlives the account. They want a reader who is logged in, for whoever only typed an address must not be told
whether it had the days already. A code's are good once for each offer. A price's own are for who had none of that plan at all;
others may buy at that price without them.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from masthead.billing.models import Checkout, Offer, Plan, Price, PromotionCode
from masthead.billing.providers import Discount
from masthead.core import clock, limits
from masthead.readers import addresses
from masthead.readers.models import Reader


class NoOfferError(ValueError):
    """The code brings nothing; the message is for the reader."""


class LogInError(NoOfferError):
    """It may bring something, to a reader who is logged in."""


USED_UP = "That code has been used as often as it may be."
USED = "You have had the free days of that code already: it is good once for each reader."
LOG_IN = "That code is good once for each reader: please log in first (any address will do, and no password), then type it again."
LOG_IN_FOR_PRICE = (
    "The free days of that price are good once for each reader: please log in first (any address will do, and no password), "
    "then choose it again."
)
NOT_BOTH = "That code cannot be used on top of the introductory price. Leave the field empty, or choose another price."
TRIAL = "trial offer"  # the meter


def find(*, code: str, price: Price, reader: Reader | None = None) -> PromotionCode:
    """The promotion of ``code`` for ``price``, where it is good now for ``reader``, who is logged in, or for anybody.

    Raises :class:`NoOfferError` with a sentence.
    """
    row = PromotionCode.objects.select_related("offer").filter(code=code.strip().upper()[:40]).first()
    if row is None or not row.active or not row.offer.active:
        raise NoOfferError("We do not know that code. Check it, or leave the field empty.")
    now = clock.now()
    for dated in (row, row.offer):
        if dated.starts and now < dated.starts:
            raise NoOfferError("That code is not good yet.")
        if dated.ends and now >= dated.ends:
            raise NoOfferError("That code is not good any more.")
    offer = row.offer
    if (offer.plan_id and offer.plan_id != price.plan_id) or (offer.interval and offer.interval != price.interval):
        raise NoOfferError("That code is for another plan.")
    if offer.amount and offer.currency != price.currency:
        raise NoOfferError("That code is for another currency.")
    if row.most_uses is not None and Checkout.objects.filter(promotion=row, state=Checkout.State.PAID).count() >= row.most_uses:
        raise NoOfferError(USED_UP)
    if (offer.percent or offer.amount) and price.first_amount is not None and offer.payments != price.first_payments:
        # no provider takes two discounts that end at different times; the sandbox shall not promise it either
        raise NoOfferError(NOT_BOTH)
    if offer.trial_days:
        if reader is None:
            raise LogInError(LOG_IN)
        if had_trial(offer=offer, reader=reader):
            raise NoOfferError(USED)
    return row


def had_trial(*, offer: Offer, reader: Reader) -> bool:
    """Whether ``reader`` had the free days of ``offer``, by any of its codes and any address that goes to the same inbox."""
    if limits.used(TRIAL, addresses.canonical(reader.email), str(offer.pk)):
        return True
    own = Q(reader=reader) | Q(subscription__reader=reader)  # also before they changed their address
    return Checkout.objects.filter(own, promotion__offer=offer, state=Checkout.State.PAID).exists()


def own_days(*, price: Price, reader: Reader | None) -> int:
    """How many of ``price``'s own free days ``reader`` still has; none once they had free days of its plan, by whatever way.

    Raises :class:`LogInError` where there are some and nobody is logged in.
    """
    if not price.trial_days:
        return 0
    if reader is None:
        raise LogInError(LOG_IN_FOR_PRICE)
    had = limits.used(TRIAL, addresses.canonical(reader.email), _of_plan(price.plan_id))
    return 0 if had or _open_elsewhere(Q(price__plan=price.plan_id), reader) else price.trial_days


def bought(*, checkout: Checkout, reader: Reader | None) -> None:
    """``checkout`` was paid by ``reader``: the free days it brought are had."""
    if reader is None or not checkout.free_days:
        return
    had = [_of_plan(checkout.price.plan_id)]
    if checkout.promotion is not None and checkout.promotion.offer.trial_days:
        had.append(str(checkout.promotion.offer_id))
    with transaction.atomic():
        for period in sorted(had):  # in one order everywhere, or two could lock each other's
            limits.spend(limits.locked_meter(TRIAL, addresses.canonical(reader.email), period))


def _of_plan(plan: int) -> str:
    return f"plan:{plan}"


def address_changed(*, old: str, new: str) -> None:
    """Another address, or another account, brings no free days anew."""
    limits.carry(TRIAL, addresses.canonical(old), addresses.canonical(new))


def promise(*, price: Price, promotion: PromotionCode | None, reader: Reader | None) -> int:
    """Take what ``price`` and ``promotion`` bring for a checkout that is about to be made in this transaction: its free days.

    Raises :class:`NoOfferError`.
    """
    if price.trial_days:
        Plan.objects.select_for_update().get(pk=price.plan_id)  # two accounts of one inbox that ask at once queue up
    own = own_days(price=price, reader=reader)
    if promotion is None:
        return own
    _reserve(promotion=promotion, reader=reader)
    return max(own, promotion.offer.trial_days)


def _reserve(*, promotion: PromotionCode, reader: Reader | None) -> None:
    """Take one of ``promotion``'s uses.

    Whoever has a checkout open may still pay, so it counts; the row's lock makes two who ask at once queue up. Raises
    :class:`NoOfferError`.
    """
    offer = Offer.objects.select_for_update().get(pk=promotion.offer_id)
    row = PromotionCode.objects.select_for_update().get(pk=promotion.pk)
    elsewhere = Q(promotion__offer=offer)
    if offer.trial_days and (reader is None or had_trial(offer=offer, reader=reader) or _open_elsewhere(elsewhere, reader)):
        raise NoOfferError(USED)
    if row.most_uses is None:
        return
    open_or_paid = Q(state=Checkout.State.PAID) | Q(state=Checkout.State.OPEN, expires__gt=clock.now())
    if Checkout.objects.filter(open_or_paid, promotion=row).count() >= row.most_uses:
        raise NoOfferError(USED_UP)


def _open_elsewhere(which: Q, reader: Reader) -> bool:
    """Whether another account of the same inbox has one of ``which`` open with free days; their own close by themselves."""
    rows = Checkout.objects.filter(which, free_days__gt=0, state=Checkout.State.OPEN, expires__gt=clock.now())
    canonical = addresses.canonical(reader.email)
    emails = rows.exclude(reader=None).exclude(reader=reader).values_list("reader__email", flat=True)
    return any(addresses.canonical(email) == canonical for email in emails)


def discount(promotion: PromotionCode | None) -> Discount | None:
    """``promotion`` as a provider is told it; None where it takes nothing off."""
    if promotion is None:
        return None
    offer = promotion.offer
    if not offer.percent and not offer.amount:
        return None
    return Discount(promotion.code, offer.percent, offer.amount, offer.payments)


def first_amount(price: Price, promotion: PromotionCode | None) -> int:
    """What the first payment comes to, in minor units; a fraction of one is the reader's."""
    amount = price.amount if price.first_amount is None else price.first_amount
    off = discount(promotion)
    if off is None:
        return amount
    return max(0, amount - (amount * off.percent + 99) // 100 - off.amount)
