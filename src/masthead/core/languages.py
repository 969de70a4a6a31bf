"""The language a publication is set in: as Django calls it, and which way it runs."""

from __future__ import annotations

from django.utils import translation


def supported(locale: str) -> str:
    """Django's name for ``locale``: dates are written its way; an unknown one falls back to English."""
    return locale.lower() if translation.check_for_language(locale.lower()) else "en-gb"


def direction(locale: str) -> str:
    """ "rtl" for languages written from right to left, else "ltr"."""
    return "rtl" if locale.partition("-")[0].lower() in RIGHT_TO_LEFT else "ltr"


# languages whose usual script runs from right to left, by their ISO 639 codes
RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "syr", "ug", "ur", "yi"})
