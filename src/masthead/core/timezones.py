"""Time zones an editor may type."""

from zoneinfo import available_timezones

from django.core.exceptions import ValidationError


def validate_timezone(name: str) -> None:
    """Raise ``ValidationError`` unless ``name`` is in the IANA time zone database."""
    if name not in available_timezones():
        raise ValidationError(f"{name!r} is not a time zone; write for example Europe/London.")
