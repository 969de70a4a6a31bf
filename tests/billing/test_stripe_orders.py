"""What is asked of Stripe for an order: no database, no network."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from masthead.billing.providers import Discount, Order, ProviderError
from masthead.billing.providers.stripe import events, orders

ORDER = Order(
    reference="ref",
    price=7,
    price_at_provider="price_1",
    plan="All-Access",
    amount=900,
    currency="GBP",
    interval="month",
    address="ada@example.org",
    return_url="https://example.org/subscribe/return/?checkout=ref",
    cancel_url="https://example.org/subscribe/",
)


def coupon(**changes: Any) -> dict[str, Any]:
    found = orders.coupon(replace(ORDER, **changes))
    return {name: value for name, value in found.params.items() if name not in {"id", "name"}} if found else {}


def test_without_an_offer_there_is_no_coupon() -> None:
    assert coupon() == {}
    assert "discounts" not in orders.checkout(ORDER, coupon=None, tax=False)


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"first_amount": 100}, {"duration": "once", "amount_off": 800, "currency": "gbp"}),
        (
            {"first_amount": 100, "first_payments": 3},
            {"duration": "repeating", "duration_in_months": 3, "amount_off": 800, "currency": "gbp"},
        ),
        (
            {"first_amount": 100, "first_payments": 2, "interval": "year"},
            {"duration": "repeating", "duration_in_months": 24, "amount_off": 800, "currency": "gbp"},
        ),
        ({"discount": Discount("HALF", percent=50)}, {"duration": "once", "percent_off": 50}),
        ({"discount": Discount("FRIEND", percent=50, payments=None)}, {"duration": "forever", "percent_off": 50}),
        ({"discount": Discount("FIVER", amount=500)}, {"duration": "once", "amount_off": 500, "currency": "gbp"}),
        ({"discount": Discount("FREE", percent=100)}, {"duration": "once", "percent_off": 100}),
        # more than it costs is what it costs
        ({"discount": Discount("MORE", amount=5000)}, {"duration": "once", "amount_off": 900, "currency": "gbp"}),
        # a third of 9.01 is 3.0033: the reader's fraction, which Stripe would round its own way
        ({"amount": 901, "discount": Discount("T", percent=33)}, {"duration": "once", "amount_off": 298, "currency": "gbp"}),
        # an introduction and a code that last equally long are one coupon
        (
            {"first_amount": 500, "discount": Discount("HALF", percent=50)},
            {"duration": "once", "amount_off": 650, "currency": "gbp"},
        ),
    ],
)
def test_an_offer_is_a_coupon_that_comes_to_what_the_page_said(changes: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert coupon(**changes) == wanted


def test_a_code_that_lasts_otherwise_than_the_introduction_is_refused_rather_than_charged_wrongly() -> None:
    with pytest.raises(ProviderError, match="cannot be combined"):
        coupon(first_amount=100, first_payments=3, discount=Discount("HALF", percent=50))


def test_the_same_offer_is_the_same_coupon_and_another_another() -> None:
    half = replace(ORDER, discount=Discount("HALF", percent=50))
    first, again = orders.coupon(half), orders.coupon(replace(half, reference="another"))
    assert first == again
    assert orders.coupon(replace(half, discount=Discount("HALF", percent=40))) != first


def test_the_same_order_is_the_same_to_the_letter() -> None:
    assert orders.checkout(ORDER, coupon=None, tax=True) == orders.checkout(replace(ORDER), coupon=None, tax=True)


def test_a_known_customer_is_named_and_a_stranger_is_an_address() -> None:
    stranger = orders.checkout(ORDER, coupon=None, tax=True)
    known = orders.checkout(replace(ORDER, customer="cus_1"), coupon=None, tax=True)
    assert stranger["customer_email"] == "ada@example.org" and "customer" not in stranger
    assert known["customer"] == "cus_1" and "customer_email" not in known
    assert known["customer_update"] == {"address": "auto"}, "Stripe Tax needs to know where they live"


def test_a_checkout_that_closes_sooner_says_when() -> None:
    assert "expires_at" not in orders.checkout(ORDER, coupon=None, tax=False)
    soon = datetime(2026, 11, 25, 13, tzinfo=UTC)
    data = orders.checkout(replace(ORDER, expires=soon), coupon=None, tax=False)
    assert data["expires_at"] == int(soon.timestamp())


def test_a_trial_takes_a_card_and_ends_without_one() -> None:
    data = orders.checkout(replace(ORDER, trial_days=14), coupon=None, tax=False)
    assert data["payment_method_collection"] == "always"
    assert data["subscription_data"]["trial_period_days"] == 14
    assert data["subscription_data"]["trial_settings"]["end_behavior"] == {"missing_payment_method": "cancel"}


@pytest.mark.parametrize(
    ("ours", "theirs"), [("en-GB", "en-GB"), ("de-AT", "de"), ("pt-BR", "pt-BR"), ("en", "en"), ("ga", "auto"), ("", "auto")]
)
def test_pages_speak_the_publications_language_where_stripe_does(ours: str, theirs: str) -> None:
    assert orders.locale(ours) == theirs


def test_a_price_found_under_our_name_is_taken_only_where_it_costs_the_same() -> None:
    wanted = orders.price(price=7, plan="All-Access", amount=900, currency="GBP", interval="month", tax_included=True)
    found = {**wanted, "active": True, "recurring": {"interval": "month", "interval_count": 1}}
    assert orders.is_that_price(found, wanted)
    for other in (
        {"unit_amount": 800},
        {"currency": "eur"},
        {"tax_behavior": "exclusive"},
        {"recurring": {"interval": "year"}},
        {"active": False},
        {"metadata": {"masthead_price": "8"}},
    ):
        assert not orders.is_that_price({**found, **other}, wanted), other


def test_the_how_to_lists_the_events_that_are_listened_to() -> None:
    text = (Path(__file__).parents[2] / "docs/how-to/stripe.md").read_text()
    for kind in events.ALL:
        assert kind in text, kind
