"""The language a publication is set in, as Django calls it."""

from django.utils import translation


def supported(locale: str) -> str:
    """Django's name for ``locale``: dates are written its way; an unknown one falls back to English."""
    return locale.lower() if translation.check_for_language(locale.lower()) else "en-gb"
