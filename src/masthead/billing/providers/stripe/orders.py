"""What is asked of Stripe for an order, as the parameters of its API. Pure.

The same order gives the same parameters, to the letter: Stripe compares them when asked again under the same key.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from masthead.billing.providers import Discount, Order, ProviderError
from masthead.billing.providers.stripe.objects import CHECKOUT, PRICE

# languages of Stripe's pages; for all others it asks the browser
_LOCALES = frozenset({
    "bg", "cs", "da", "de", "el", "en", "en-GB", "es", "es-419", "et", "fi", "fil", "fr", "fr-CA", "hr", "hu", "id", "it",
    "ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk", "sl", "sv", "th", "tr", "vi",
    "zh", "zh-HK", "zh-TW",
})  # fmt: skip
Params = dict[str, Any]


def lookup_key(price: int) -> str:
    """The name under which our price is found again at Stripe."""
    return f"masthead_{price}"


def price(*, price: int, plan: str, amount: int, currency: str, interval: str, tax_included: bool) -> Params:
    """A Price. Whether tax is in it cannot be said later, so it is said always."""
    return {
        "currency": currency.lower(),
        "unit_amount": amount,
        "recurring": {"interval": interval},
        "tax_behavior": "inclusive" if tax_included else "exclusive",
        "lookup_key": lookup_key(price),
        "transfer_lookup_key": True,
        "product_data": {"name": plan},
        "metadata": {PRICE: str(price)},
    }


def is_that_price(found: Params, wanted: Params) -> bool:
    """Whether a price found under the name costs what it ought to: another database may have used the name in this account."""
    recurring = found.get("recurring") or {}
    return (
        found.get("active", True)
        and all(found.get(name) == wanted[name] for name in ("currency", "unit_amount", "tax_behavior", "metadata"))
        and recurring.get("interval") == wanted["recurring"]["interval"]
        and recurring.get("interval_count", 1) == 1
    )


@dataclass(frozen=True, slots=True)
class Coupon:
    """What is taken off, as Stripe has it: its number follows from what it does, so that each is made once."""

    number: str
    params: Params


def coupon(order: Order) -> Coupon | None:
    """The coupon that makes the first payments come to what our page said; None where they cost what all cost.

    Checkout takes one. An introductory price and a code are one where they last equally long; a code that takes nothing off an
    introduction, or an introduction that is none, leaves the other. Anything else is refused rather than charged wrongly.
    """
    discount = order.discount
    if order.first_amount is not None and discount is not None and discount.payments != order.first_payments:
        raise ProviderError("This code cannot be combined with the introductory price.")
    if order.first_amount is None and discount is None:
        return None
    payments = discount.payments if discount is not None else order.first_payments
    base = order.amount if order.first_amount is None else order.first_amount
    comes_to = _less(base, discount)
    params: Params = _lasting(order.interval, payments)
    exact = discount is not None and order.first_amount is None and discount.percent and not discount.amount
    if discount is not None and exact and order.amount * discount.percent % 100 == 0:
        params["percent_off"] = discount.percent
    else:
        # a fraction of a minor unit is the reader's: Stripe would round it its own way
        params |= {"amount_off": order.amount - comes_to, "currency": order.currency.lower()}
    if params.get("amount_off") == 0:
        return None
    params["name"] = (discount.code if discount else "Introductory price")[:40]
    digest = hashlib.sha256(repr(sorted(params.items())).encode()).hexdigest()[:20]
    return Coupon(f"masthead_{digest}", {**params, "id": f"masthead_{digest}"})


def _less(amount: int, discount: Discount | None) -> int:
    if discount is None:
        return amount
    return max(0, amount - (amount * discount.percent + 99) // 100 - discount.amount)


def _lasting(interval: str, payments: int | None) -> Params:
    if payments is None:
        return {"duration": "forever"}
    if payments == 1:
        return {"duration": "once"}
    return {"duration": "repeating", "duration_in_months": payments * (12 if interval == "year" else 1)}


def locale(name: str) -> str:
    """One of Stripe's for ``name`` ("en-GB"): itself, its language, or whatever the browser says."""
    return next((one for one in (name, name.partition("-")[0]) if one in _LOCALES), "auto")


def checkout(order: Order, *, coupon: Coupon | None, tax: bool) -> Params:
    """A Checkout Session. It has no moment of the asking in it: asked again, it is the same."""
    named = {CHECKOUT: order.reference}
    subscription: Params = {"metadata": named, "billing_mode": {"type": "flexible"}}
    if order.trial_days:
        subscription |= {
            "trial_period_days": order.trial_days,
            "trial_settings": {"end_behavior": {"missing_payment_method": "cancel"}},
        }
    params: Params = {
        "mode": "subscription",
        "line_items": [{"price": order.price_at_provider, "quantity": 1}],
        "client_reference_id": order.reference,
        "metadata": named,
        "subscription_data": subscription,
        "success_url": order.return_url,
        "cancel_url": order.cancel_url,
        "locale": locale(order.locale),
        "payment_method_collection": "always",  # also where nothing is due today
        "billing_address_collection": "auto",
        "automatic_tax": {"enabled": tax},
        "adaptive_pricing": {"enabled": False},  # in the currency that our page said
    }
    if order.customer:
        params["customer"] = order.customer
        if tax:
            params["customer_update"] = {"address": "auto"}
    else:
        params["customer_email"] = order.address
    if order.expires is not None:
        params["expires_at"] = int(order.expires.timestamp())
    if coupon is not None:
        params["discounts"] = [{"coupon": coupon.number}]
    return params


# --- the portal


def portal(*, everything: bool) -> Params:
    """A configuration of the portal: all that a reader who is logged in may do, or the card alone."""
    purpose = "manage" if everything else "card"
    return {
        "features": {
            "payment_method_update": {"enabled": True},
            "invoice_history": {"enabled": everything},
            "customer_update": {"enabled": everything, "allowed_updates": ["address", "tax_id"] if everything else []},
            "subscription_cancel": {"enabled": everything, "mode": "at_period_end"},
            "subscription_update": {"enabled": False},  # plans are changed on our own page, where all of them are
        },
        "metadata": {"masthead_portal": f"{purpose}-1"},  # another number once this is changed
    }
