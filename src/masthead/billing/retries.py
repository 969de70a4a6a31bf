"""When what failed is tried again: the one place that says so for webhooks, polls and errands (django-tasks has no retry)."""

from __future__ import annotations

from datetime import timedelta

_WAITS = (2, 10, 30, 120, 600, 1800, 3600, 7200)  # seconds; then the last for ever
MOST = 16  # tries, which is a little more than half a day


def wait(attempts: int) -> timedelta:
    """How long to wait after the ``attempts``-th try failed."""
    return timedelta(seconds=_WAITS[min(max(attempts, 1), len(_WAITS)) - 1])
