"""Calendars as files (iCalendar): bytes in, dated events in plain text out; and the other way round. Pure, and read apart.

An event that recurs becomes one for each of its dates within a year. Its UID and the date it was meant for name each, so that the
same calendar read again names the same events.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar, Event

from masthead.newsletters import apart
from masthead.newsletters.schedule import moment
from masthead.newsletters.strangers import plain, web_address

YEAR = timedelta(days=366)
MOST_DATES = 100  # of one event
MOST = 2000
TITLE, TEXT, PLACE, URL, UID = 200, 600, 120, 500, 255
OFTEN = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})


class CannotRead(ValueError):
    """This is no calendar; the message says why, to an editor."""


@dataclass(frozen=True, slots=True)
class Dated:
    """One event: its first day, its last (if it takes more than one) and its hour (without one, all day) where we are."""

    uid: str
    title: str
    starts: date
    ends: date | None = None
    hour: time | None = None
    text: str = ""
    place: str = ""
    url: str = ""

    @property
    def when(self) -> str:
        """Its day or days, and its hour."""
        days = _day(self.starts) + (f" to {_day(self.ends)}" if self.ends else "")
        return f"{days}, {self.hour:%H:%M}" if self.hour else days


def _day(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"


LeftOut = tuple[str, str]  # what, and why


# Reading --------------------------------------------------------------------------------------------------------------


def read_apart(data: bytes, zone: ZoneInfo, today: date) -> tuple[list[Dated], list[LeftOut]]:
    """:func:`read`, in a process of its own."""
    try:
        told = apart.read(__name__, data, zone.key, today.isoformat())
    except apart.Unreadable as error:
        raise CannotRead(str(error)) from None
    events = [
        Dated(
            **each
            | {
                "starts": date.fromisoformat(each["starts"]),
                "ends": date.fromisoformat(each["ends"]) if each["ends"] else None,
                "hour": time.fromisoformat(each["hour"]) if each["hour"] else None,
            }
        )
        for each in told["events"]
    ]
    return events, [(what, why) for what, why in told["left_out"]]


def read(data: bytes, zone: ZoneInfo, today: date) -> tuple[list[Dated], list[LeftOut]]:
    """A calendar's events that are not over by ``today``, as clocks in ``zone`` show them; and what was left out, and why."""
    try:
        calendars = Calendar.from_ical(data, multiple=True)
    except (ValueError, KeyError, IndexError, TypeError):
        raise CannotRead("This is no calendar: a file that ends in .ics, as calendars hand it out.") from None
    parts = [part for calendar in calendars for part in calendar.walk("VEVENT")]
    moved = {(str(part.get("UID", "")), _key(_start(part, "RECURRENCE-ID"))): part for part in parts if "RECURRENCE-ID" in part}
    found: dict[str, Dated] = {}
    left_out: list[LeftOut] = []
    over = 0
    for part in parts:
        if "RECURRENCE-ID" in part:
            continue
        title = plain(str(part.get("SUMMARY", "")), TITLE) or "Something without a title"
        try:
            for event in _events(part, moved, zone, today, title):
                if (event.ends or event.starts) < today:
                    over += 1
                elif len(found) < MOST or event.uid in found:
                    found[event.uid] = event
                else:
                    raise CannotRead(f"it is beyond the first {MOST}")
        except CannotRead as why:
            left_out.append((title, str(why)))
        except (ValueError, TypeError, AttributeError, OverflowError, KeyError):
            left_out.append((title, "its date makes no sense"))
    if over:
        left_out.append((f"{over} {'event' if over == 1 else 'events'}", "over already"))
    return sorted(found.values(), key=lambda event: (event.starts, event.hour or time.min, event.uid)), left_out


def _events(part: Event, moved: dict[Any, Event], zone: ZoneInfo, today: date, title: str) -> Iterator[Dated]:
    """The event, or one for each of its dates."""
    start = _start(part, "DTSTART")
    if start is None:
        raise CannotRead("it has no date")
    uid = str(part.get("UID", "")).strip() or hashlib.sha256(f"{title} {start}".encode()).hexdigest()
    if "RRULE" not in part and "RDATE" not in part:
        if _cancelled(part):
            raise CannotRead("it is cancelled")
        yield _one(part, uid, start, zone, title)
        return
    own = part.get("UID", "")
    for date_ in _dates(part, start, today):
        key = _key(date_)
        changed = moved.get((str(own), key))
        if changed is not None:
            date_ = _start(changed, "DTSTART") or date_
        use = changed if changed is not None else part
        if not _cancelled(use):
            yield _one(use, f"{uid}/{key}", date_, zone, plain(str(use.get("SUMMARY", "")), TITLE) or title)


def _cancelled(part: Event) -> bool:
    return str(part.get("STATUS", "")).upper() == "CANCELLED"


def _start(part: Event, name: str) -> date | datetime | None:
    value = getattr(part.get(name), "dt", None)
    return value if isinstance(value, date) else None


def _key(value: date | datetime | None) -> str:
    """A date of a recurring event, on its own clock."""
    if isinstance(value, datetime):
        return f"{value:%Y%m%dT%H%M}"
    return f"{value:%Y%m%d}" if value else ""


def _dates(part: Event, start: date | datetime, today: date) -> list[date | datetime]:
    """When a recurring event takes place within a year, on its own clock."""
    zone = start.tzinfo if isinstance(start, datetime) else None
    first = start.replace(tzinfo=None) if isinstance(start, datetime) else datetime.combine(start, time.min)
    dates = {first}
    since, until = datetime.combine(today - timedelta(days=31), time.min), datetime.combine(today + YEAR, time.min)
    rules = part.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        if OFTEN & {str(freq).upper() for freq in rule.get("FREQ", [])}:
            raise CannotRead("it recurs more often than daily")
        told = rule.copy()
        if "UNTIL" in told:
            told["UNTIL"] = [_on_clock(each, zone) for each in told["UNTIL"]]
        else:
            dates.discard(first)
        for n, each in enumerate(rrulestr(told.to_ical().decode(), dtstart=first).between(since, until, inc=True)):
            if n >= MOST_DATES:
                break
            dates.add(each)
    dates |= {_on_clock(each, zone) for each in _listed(part, "RDATE")}
    dates -= {_on_clock(each, zone) for each in _listed(part, "EXDATE")}
    chosen = sorted(each for each in dates if since <= each <= until)[:MOST_DATES]
    if not isinstance(start, datetime):
        return [each.date() for each in chosen]
    return [each.replace(tzinfo=zone) for each in chosen]


def _listed(part: Event, name: str) -> Iterator[date | datetime]:
    several = part.get(name, [])
    for each in several if isinstance(several, list) else [several]:
        for value in each.dts:
            if isinstance(value.dt, date):
                yield value.dt


def _on_clock(value: date | datetime, zone: Any) -> datetime:
    """``value`` as the event's own clock shows it."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time.min)
    return value.astimezone(zone).replace(tzinfo=None) if value.tzinfo and zone else value.replace(tzinfo=None)


def _one(part: Event, uid: str, start: date | datetime, zone: ZoneInfo, title: str) -> Dated:
    length = _length(part, start)
    if isinstance(start, datetime):
        local = start.astimezone(zone) if start.tzinfo else start
        # what ends at midnight takes nothing of the new day
        last = start + length - timedelta(seconds=1) if length else start
        last_day = (last.astimezone(zone) if last.tzinfo else last).date()
        first, hour = local.date(), local.time().replace(second=0, microsecond=0, tzinfo=None, fold=0)
    else:
        first, hour = start, None
        last_day = start + max(length - timedelta(days=1), timedelta())
    return Dated(
        uid=uid if len(uid) <= UID and uid.isprintable() else hashlib.sha256(uid.encode(errors="replace")).hexdigest(),
        title=title,
        starts=first,
        ends=last_day if last_day > first else None,
        hour=hour,
        text=plain(str(part.get("DESCRIPTION", "")), TEXT),
        place=plain(str(part.get("LOCATION", "")), PLACE),
        url=web_address(str(part.get("URL", "")).strip(), URL),
    )


def _length(part: Event, start: date | datetime) -> timedelta:
    """How long it takes, as its own first date has it."""
    own, end = _start(part, "DTSTART"), _start(part, "DTEND")
    if own is not None and end is not None and isinstance(own, datetime) == isinstance(end, datetime):
        return max(end - own, timedelta())
    duration = getattr(part.get("DURATION"), "dt", None)
    return max(duration, timedelta()) if isinstance(duration, timedelta) else timedelta()


# Writing --------------------------------------------------------------------------------------------------------------


def write(events: Iterable[Dated], zone: ZoneInfo, name: str, now: datetime) -> bytes:
    """A calendar of ``events``, as others follow it; read again, it says the same."""
    calendar = Calendar()
    calendar.add("prodid", "-//Masthead//Radar//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    for each in events:
        event = Event()
        event.add("uid", each.uid)
        event.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
        event.add("summary", each.title)
        after = (each.ends or each.starts) + timedelta(days=1)
        if each.hour is None:
            event.add("dtstart", each.starts)
            event.add("dtend", after)
        else:
            event.add("dtstart", moment(each.starts, each.hour, zone))
            if each.ends:
                event.add("dtend", moment(after, time.min, zone))
        for field, value in (("description", each.text), ("location", each.place), ("url", each.url)):
            if value:
                event.add(field, value)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


if __name__ == "__main__":
    apart.confine()
    try:
        events, left_out = read(sys.stdin.buffer.read(), ZoneInfo(sys.argv[1]), date.fromisoformat(sys.argv[2]))
    except CannotRead as error:
        sys.exit(f"masthead: {error}")
    apart.answer(json.loads(json.dumps({"events": [asdict(each) for each in events], "left_out": left_out}, default=str)))
