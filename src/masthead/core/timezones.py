"""Time zones an editor may type."""

from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError


def validate_timezone(name: str) -> None:
    """Raise ``ValidationError`` unless ``name`` is in the IANA time zone database."""
    if name not in available_timezones():
        raise ValidationError(f"{name!r} is not a time zone; write for example Europe/London.")


def zone(name: str) -> ZoneInfo:
    """The zone called ``name`` to show dates in; UTC where there is none. What is *decided* fails closed instead."""
    try:
        return ZoneInfo(name)
    except (OSError, KeyError, ValueError):
        return ZoneInfo("UTC")
