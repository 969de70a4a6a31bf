"""Time zones an editor may type, or a reader choose."""

from functools import lru_cache
from importlib import resources
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


@lru_cache(maxsize=1)
def regions() -> dict[str, list[tuple[str, str]]]:
    """The zones people live in, by continent or ocean: (name, what to call it). Those of the packaged ``zone.tab``."""
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    names = sorted(line.split("\t")[2] for line in table.splitlines() if line and not line.startswith("#"))
    found: dict[str, list[tuple[str, str]]] = {}
    for name in names:
        region, _, place = name.partition("/")
        found.setdefault(region, []).append((name, place.replace("_", " ").replace("/", ", ")))
    return found
