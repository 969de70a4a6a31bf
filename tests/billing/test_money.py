"""Amounts in minor units, told as readers of a locale write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.billing import money


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "shown", "exact"),
    [
        (900, "GBP", "en-GB", "£9", "£9.00"),
        (950, "EUR", "en-GB", "€9.50", "€9.50"),
        (1200, "JPY", "en-GB", "JP¥1,200", "JP¥1,200"),
        (900, "EUR", "de-DE", "9\xa0€", "9,00\xa0€"),
        (123456, "EUR", "fr", "1\u202f234,56\xa0€", "1\u202f234,56\xa0€"),
        (9500, "KWD", "en-GB", "KWD9.500", "KWD9.500"),
        (900, "EUR", "no such locale", "€9", "€9.00"),
    ],
)
def test_amounts_in_words(amount: int, currency: str, locale: str, shown: str, exact: str) -> None:
    assert money.exact(amount, currency, locale) == exact
    assert money.shown(amount, currency, locale) == shown


@given(st.integers(0, 10**12), st.sampled_from(["EUR", "USD", "JPY", "KWD"]))
def test_nothing_is_lost_on_the_way(amount: int, currency: str) -> None:
    assert money.decimal(amount, currency) * Decimal(10) ** money.exponent(currency) == amount


def test_the_currency_of_a_country() -> None:
    assert [money.currency_of(locale) for locale in ("en-GB", "de-DE", "en-US", "fr", "xx")] == ["GBP", "EUR", "USD", "", "GBP"]
