"""The radar: dated things to come, from the newsroom's calendar."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import Q

from masthead.newsletters.models import RadarEvent


def upcoming(day: date, ahead: timedelta, most: int) -> list[RadarEvent]:
    """What is on at ``day`` or begins within ``ahead`` of it, soonest first; what already goes on counts from ``day``."""
    on = Q(starts__gte=day) | Q(ends__gte=day)
    rows = RadarEvent.objects.filter(on, starts__lte=day + ahead)
    return sorted(rows.order_by("starts", "hour", "pk"), key=lambda event: max(event.starts, day))[:most]
