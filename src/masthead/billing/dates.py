"""Days in words, as the publication's readers write them. Pure."""

from __future__ import annotations

from datetime import date

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date


def shown(day: date, locale: str) -> str:
    """ "5 December 2026" in ``locale`` ("en-GB"); British English where nobody knows it."""
    try:
        known = Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        known = Locale.parse("en_GB")
    return format_date(day, "long", locale=known)
