"""The radar: dated things to come, from the newsroom's calendar; calendars taken in, and ours handed out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from masthead.core import clock
from masthead.core.models import Publication
from masthead.core.timezones import zone as zone_called
from masthead.newsletters import calendars
from masthead.newsletters.calendars import CannotRead, Dated, LeftOut
from masthead.newsletters.models import RadarEvent

__all__ = ["CannotRead", "Planned", "coming", "export", "plan", "take", "upcoming"]

LARGEST = 1_000_000  # bytes of a calendar
OWN = ("title", "starts", "ends", "hour", "place", "url")  # what a calendar has the last word on; the sentence is ours
PAST, AHEAD = timedelta(days=31), timedelta(days=366)  # what others are handed


def upcoming(day: date, ahead: timedelta, most: int) -> list[RadarEvent]:
    """What is on at ``day`` or begins within ``ahead`` of it, soonest first; what already goes on counts from ``day``."""
    on = Q(starts__gte=day) | Q(ends__gte=day)
    rows = RadarEvent.objects.filter(on, starts__lte=day + ahead)
    return sorted(rows.order_by("starts", "hour", "pk"), key=lambda event: max(event.starts, day))[:most]


@dataclass(slots=True)
class Planned:
    """What taking a calendar in would do, or did."""

    new: list[Dated] = field(default_factory=list)
    changed: list[Dated] = field(default_factory=list)
    same: list[Dated] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    @property
    def shown(self) -> list[tuple[str, list[Dated]]]:
        """What an editor looks at before they take it in."""
        return [("New", self.new), ("Changed", self.changed)]


def plan(data: bytes) -> Planned:
    """What :func:`take` would do with the calendar ``data``. :class:`CannotRead` for what is none."""
    events, left_out = _read(data)
    return _compare(events, left_out, RadarEvent.objects.in_bulk([event.uid for event in events], field_name="uid"))


def take(data: bytes) -> Planned:
    """Take the calendar ``data`` in. What it brought before is known by its UID and brought up to date; nothing is taken away."""
    events, left_out = _read(data)
    with transaction.atomic():
        there = RadarEvent.objects.select_for_update().in_bulk([event.uid for event in events], field_name="uid")
        planned = _compare(events, left_out, there)
        for event in planned.changed:
            row = there[event.uid]
            for name in OWN:
                setattr(row, name, getattr(event, name))
            row.text = row.text or event.text
            row.save()
        RadarEvent.objects.bulk_create(
            [RadarEvent(uid=event.uid, text=event.text, **{name: getattr(event, name) for name in OWN}) for event in planned.new],
            ignore_conflicts=True,
        )
    return planned


def _read(data: bytes) -> tuple[list[Dated], list[LeftOut]]:
    if len(data) > LARGEST:
        raise CannotRead("That is more than a megabyte. Please export a shorter stretch of the calendar.")
    zone = _zone()
    return calendars.read_apart(data, zone, clock.now().astimezone(zone).date())


def _compare(events: Iterable[Dated], left_out: list[LeftOut], there: dict[str, RadarEvent]) -> Planned:
    planned = Planned(left_out=left_out)
    for event in events:
        row = there.get(event.uid)
        if row is None:
            planned.new.append(event)
        elif any(getattr(row, name) != getattr(event, name) for name in OWN) or (event.text and not row.text):
            planned.changed.append(event)
        else:
            planned.same.append(event)
    return planned


def coming() -> Iterable[RadarEvent]:
    """What others are handed: the last month's events and the next year's."""
    today = clock.now().astimezone(_zone()).date()
    rows = RadarEvent.objects.filter(Q(starts__gte=today - PAST) | Q(ends__gte=today - PAST), starts__lte=today + AHEAD)
    return rows.order_by("starts", "hour", "pk")


def export(rows: Iterable[RadarEvent]) -> bytes:
    """``rows`` as a calendar."""
    events = [Dated(str(row.uid), row.title, row.starts, row.ends, row.hour, row.text, row.place, row.url) for row in rows]
    return calendars.write(events, _zone(), f"{Publication.load().name}: on the radar", clock.now())


def _zone() -> ZoneInfo:
    return zone_called(Publication.load().timezone)
