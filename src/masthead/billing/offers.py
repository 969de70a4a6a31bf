"""Offers: whether a code is good for a price now, and what it takes off."""

from __future__ import annotations

from django.db.models import Q

from masthead.billing.models import Checkout, Price, PromotionCode
from masthead.billing.providers import Discount
from masthead.core import clock


class NoOfferError(ValueError):
    """The code brings nothing; the message is for the reader."""


USED_UP = "That code has been used as often as it may be."


def find(*, code: str, price: Price) -> PromotionCode:
    """The promotion of ``code`` for ``price``, where it is good now. Raises :class:`NoOfferError` with a sentence."""
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
    return row


def reserve(*, promotion: PromotionCode) -> None:
    """Take one of ``promotion``'s uses for a checkout that is about to be made in this transaction.

    Whoever has a checkout open may still pay, so it counts; the row's lock makes two who ask at once queue up. Raises
    :class:`NoOfferError`.
    """
    row = PromotionCode.objects.select_for_update().get(pk=promotion.pk)
    if row.most_uses is None:
        return
    open_or_paid = Q(state=Checkout.State.PAID) | Q(state=Checkout.State.OPEN, expires__gt=clock.now())
    if Checkout.objects.filter(open_or_paid, promotion=row).count() >= row.most_uses:
        raise NoOfferError(USED_UP)


def discount(promotion: PromotionCode | None) -> Discount | None:
    """``promotion`` as a provider is told it; None where it takes nothing off."""
    if promotion is None:
        return None
    offer = promotion.offer
    if not offer.percent and not offer.amount:
        return None
    return Discount(promotion.code, offer.percent, offer.amount, offer.payments)


def trial_days(price: Price, promotion: PromotionCode | None) -> int:
    """How many days are free: the price's own, or what ``promotion`` brings, whichever are more."""
    return max(price.trial_days, promotion.offer.trial_days if promotion else 0)


def first_amount(price: Price, promotion: PromotionCode | None) -> int:
    """What the first payment comes to, in minor units; a fraction of one is the reader's."""
    amount = price.amount if price.first_amount is None else price.first_amount
    off = discount(promotion)
    if off is None:
        return amount
    return max(0, amount - (amount * off.percent + 99) // 100 - off.amount)
