"""Amounts: whole minor units in, words for readers out. Pure, and without a float anywhere."""

from __future__ import annotations

from decimal import Decimal

from babel.core import Locale, UnknownLocaleError
from babel.numbers import format_currency, get_currency_precision, get_territory_currencies


def exponent(currency: str) -> int:
    """How many digits a minor unit of ``currency`` stands behind the point: 2 for EUR, 0 for JPY, 3 for KWD."""
    return get_currency_precision(currency)


def decimal(amount: int, currency: str) -> Decimal:
    """``amount`` minor units in whole ones, exactly."""
    return Decimal(amount).scaleb(-exponent(currency))


def shown(amount: int, currency: str, locale: str) -> str:
    """``amount`` minor units as readers of ``locale`` write it; ".00" is left out, since prices read better without."""
    value = decimal(amount, currency)
    whole = value == value.to_integral_value()
    return format_currency(
        value, currency, locale=_locale(locale), currency_digits=not whole, format=None if not whole else _whole(locale)
    )


def exact(amount: int, currency: str, locale: str) -> str:
    """The same with all its digits, as receipts and checkouts show it."""
    return format_currency(decimal(amount, currency), currency, locale=_locale(locale))


def currency_of(locale: str) -> str:
    """The currency of the country in ``locale`` ("en-GB": GBP); empty where it names none."""
    territory = _locale(locale).territory
    return next(iter(get_territory_currencies(territory)), "") if territory else ""


def _whole(locale: str) -> str:
    """The locale's pattern without digits behind the point."""
    pattern = str(_locale(locale).currency_formats["standard"].pattern)
    return pattern.replace(".00", "").replace("0.##", "0")


def _locale(name: str) -> Locale:
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")
