"""The one clock. All code asks :func:`now`; nothing else reads the time of day."""

from datetime import UTC, datetime, timedelta

from django.conf import settings


def now() -> datetime:
    """The present moment, aware, in UTC; shifted by ``MASTHEAD_CLOCK_OFFSET`` seconds in trials."""
    return datetime.now(UTC) + timedelta(seconds=settings.MASTHEAD.clock_offset)
