"""The form in which readers say what we may mail them: what it shows, and what a filled one means.

It stands in the account and behind the signed address in each mail. There it says nothing that the holder of a forwarded mail may
not know: no address, no name, no standing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.http import QueryDict

from masthead.core.timezones import regions, validate_timezone
from masthead.newsletters import choices
from masthead.newsletters import services as newsletters
from masthead.newsletters.choices import Choices
from masthead.newsletters.models import Newsletter, Preferences

DAYS = {"1": "Mon", "2": "Tue", "3": "Wed", "4": "Thu", "5": "Fri", "6": "Sat", "7": "Sun"}
WHOLE_DAYS = {
    "1": "Monday",
    "2": "Tuesday",
    "3": "Wednesday",
    "4": "Thursday",
    "5": "Friday",
    "6": "Saturday",
    "7": "Sunday",
}


class BadChoice(ValueError):
    """What was chosen cannot be; ``field`` says where, ``str()`` is for the reader."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True)
class Day:
    """One weekday of a newsletter that comes on several."""

    digit: str
    short: str
    name: str
    ticked: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """One newsletter as the form offers it. ``days`` is empty where there is nothing to choose."""

    slug: str
    title: str
    schedule: str
    description: str
    for_subscribers: bool
    ticked: bool
    days: tuple[Day, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """Everything the form shows."""

    letters: tuple[Letter, ...]
    chosen: Choices
    zone: str  # the publication's
    regions: dict[str, list[tuple[str, str]]]
    earliest: date
    latest: date
    alerts: tuple[tuple[str, str], ...]


def form(chosen: Choices, *, zone: str, today: date) -> Form:
    """The form, filled with what is ``chosen``. ``zone`` is the publication's and ``today`` its day."""
    return Form(
        letters=tuple(_letter(row, chosen) for row in Newsletter.objects.all()),
        chosen=chosen,
        zone=zone,
        regions=_with(chosen.timezone, regions()),
        earliest=today + timedelta(days=1),
        latest=today + choices.LONGEST_PAUSE,
        alerts=tuple((value, label) for value, label in Preferences.Alerts.choices),
    )


def _letter(row: Newsletter, chosen: Choices) -> Letter:
    wanted = chosen.ticks.get(row.slug, "")
    several = len(row.weekdays) > 1
    return Letter(
        slug=row.slug,
        title=row.title,
        schedule=row.schedule,
        description=row.description,
        for_subscribers=row.for_subscribers,
        ticked=row.slug in chosen.ticks,
        days=tuple(Day(d, DAYS[d], WHOLE_DAYS[d], not wanted or d in wanted) for d in row.weekdays) if several else (),
    )


def _with(name: str, known: dict[str, list[tuple[str, str]]]) -> dict[str, list[tuple[str, str]]]:
    """``known``, with ``name`` if it is a zone that stands nowhere in it (a former name of one)."""
    if not name or any(name == each for zones in known.values() for each, _ in zones):
        return known
    return {"Yours": [(name, name.replace("_", " "))], **known}


def read(given: QueryDict, *, today: date) -> Choices:
    """What a filled form asks for. Raises :class:`BadChoice` for what no form of ours sends, or cannot be."""
    zone = given.get("timezone", "").strip()[:64]
    if zone:
        _check_zone(zone)
    alerts = given.get("alerts", Preferences.Alerts.NEVER.value)
    if alerts not in Preferences.Alerts.values:
        raise BadChoice("alerts", "Choose how often alerts may come.")
    slugs = newsletters.known(given.getlist("newsletters"))
    return Choices(
        ticks={slug: choices.days_from(given.getlist(f"days-{slug}")) for slug in slugs},
        paused_until=_pause(given.get("paused_until", "").strip(), today),
        timezone=zone,
        clicks=bool(given.get("clicks")),
        month=bool(given.get("month")),
        alerts=alerts,
    )


def _check_zone(name: str) -> None:
    try:
        validate_timezone(name)
        ZoneInfo(name)
    except Exception as error:  # not there, or not here
        raise BadChoice("timezone", "Choose a time zone from the list.") from error


def _pause(text: str, today: date) -> date | None:
    if not text:
        return None
    try:
        until = date.fromisoformat(text[:10])
    except ValueError:
        raise BadChoice("paused_until", "Write the day as in 2026-12-31, or leave the field empty.") from None
    if until <= today:
        return None  # a pause that is over
    if until > today + choices.LONGEST_PAUSE:
        raise BadChoice("paused_until", "A pause lasts a year at most. To have no mail at all, untick everything.")
    return until


def masked(address: str) -> str:
    """No more of an address than its owner needs to know it by: its first letter, and its domain's first letter and ending."""
    local, _, domain = address.rpartition("@")
    name, dot, ending = domain.rpartition(".")
    return f"{local[:1]}…@{name[:1]}…{dot}{ending}"
