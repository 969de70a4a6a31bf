"""What happened: the last hours and days of views, gates and what they led to, as plots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

from django.core.cache import cache
from django.utils.safestring import SafeString, mark_safe

from masthead.core import clock
from masthead.core.models import Publication
from masthead.core.timezones import zone as zone_called
from masthead.insights import plots, reports
from masthead.insights.plots import Plot, Series
from masthead.newsroom.views.base import NewsroomPage

TONES = "abcde"
SLOW = 0.5  # seconds: a month that takes longer to add up (a million counters) is kept for a minute


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot as the page shows it, with its words."""

    plot: Plot
    svg: SafeString
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """One sum, and how it compares, where it does."""

    name: str
    value: int
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """One part of a whole, in hundredths."""

    name: str
    value: int
    percent: float


class InsightsPage(NewsroomPage):
    """The last three hours, the last 24 and the last 30 days. For everybody who works here."""

    template_name = "newsroom/insights.html"
    page_title = "Insights"
    header_icon = "view"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now, publication = clock.now(), Publication.load()
        where = zone_called(publication.timezone)
        recent, day, month = reports.last_minutes(now), reports.last_hours(now), _month(now, publication.timezone)
        minutes = [start.astimezone(where) for start in recent.starts]
        hours = [start.astimezone(where) for start in day.starts]
        days = list(month.starts)
        visitors = reports.visitors(now)
        today, whole = visitors[-1], [one.anonymous + one.known for one in visitors[:-1] if one.anonymous + one.known]
        average = round(sum(whole) / len(whole)) if whole else 0
        return super().get_context_data(**kwargs) | {
            "timezone": publication.timezone,
            "now": now.astimezone(where),
            "recent": lines(
                "The last three hours, by five minutes",
                _shown(recent),
                [f"{start:%H:%M}" for start in minutes],
                [f"{start:%H:%M}" if start.minute % 30 == 0 else "" for start in minutes],
            ),
            "recent_top": recent.top,
            "day": _span(
                day,
                "the day before",
                [_hour(start) for start in hours],
                _every_third(hours),
                Tile("Visitors since midnight", today.anonymous + today.known, f"{today.known:,} known here"),
            ),
            "month": _span(
                month,
                "the 30 days before",
                [day_name(start) for start in days],
                mondays(days),
                Tile("Visitors on an average day", average),
            )
            | {
                "visitors": _days_apart(
                    "Different visitors each day",
                    [
                        Series("Nobody we know", "b", [one.anonymous for one in visitors]),
                        Series("Readers and their browsers", "a", [one.known for one in visitors]),
                    ],
                    [day_name(start) for start in days],
                    mondays(days),
                    "One person with two browsers counts twice, a household behind one address with the same browsers once.",
                )
            },
        }


def _month(now: datetime, timezone: str) -> reports.Report:
    """The last 30 days, kept for a minute where they are many numbers."""
    key = f"insights:{timezone}:{now:%Y-%m-%d-%H}"
    report: reports.Report | None = cache.get(key)
    if report is None:
        began = perf_counter()
        report = reports.last_days(now)
        if perf_counter() - began > SLOW:
            cache.set(key, report, 60)
    return report


def _span(report: reports.Report, before: str, names: Sequence[str], axis: Sequence[str], visitors: Tile) -> dict[str, Any]:
    """What the page shows of one report."""
    done = [
        Series("Registrations", "c", report.done["registration"]),
        Series("Articles chosen", "a", report.done["unlock"]),
        Series("Instant access", "b", report.done["instant"]),
    ]
    gates = [
        Series(name, tone, report.shown.get(decision, [0] * len(names)))
        for (decision, name), tone in zip(reports.GATES.items(), TONES, strict=True)
    ]
    robots = Series("Pages sent to robots", "d", report.robots)
    return {
        "tiles": [
            _tile("Articles read", sum(report.opened), report.before.get("opened"), before),
            _tile("Gates shown", sum(report.gates), report.before.get("gates"), before),
            _tile("Instant access", done[2].total, report.before.get("instant"), before),
            _tile("Registrations", done[0].total, report.before.get("registration"), before),
            _tile("Articles chosen", done[1].total, report.before.get("unlock"), before),
            visitors,
        ],
        "shown": bars("Articles read and gates shown", _shown(report), names, axis),
        "gates": bars("Gates, by what they offered", gates, names, axis),
        "done": lines("What gates led to", done, names, axis),
        "robots": bars(
            "Robots",
            [robots],
            names,
            axis,
            "Search engines, link previews, uptime checks and scripts, by their user agent. They are in no other number here.",
        ),
        "offered": shares([(name, sum(report.shown.get(decision, ()))) for decision, name in reports.GATES.items()]),
        "reasons": shares([(name, sum(report.shown.get(decision, ()))) for decision, name in reports.OPENED.items()]),
        "top": report.top,
        "dropped": report.dropped,
    }


def _shown(report: reports.Report) -> list[Series]:
    return [Series("Read", "a", report.opened), Series("Gate shown", "b", report.gates)]


def bars(title: str, series: Sequence[Series], names: Sequence[str], axis: Sequence[str], note: str = "") -> Figure:
    plot = Plot(title, series, names, axis, unfinished=True)
    return Figure(plot, mark_safe(plots.bars(plot)), note)


def _days_apart(title: str, series: Sequence[Series], names: Sequence[str], axis: Sequence[str], note: str) -> Figure:
    plot = Plot(title, series, names, axis, unfinished=True, summable=False)
    return Figure(plot, mark_safe(plots.bars(plot)), note)


def lines(title: str, series: Sequence[Series], names: Sequence[str], axis: Sequence[str], note: str = "") -> Figure:
    plot = Plot(title, series, names, axis, unfinished=True)
    return Figure(plot, mark_safe(plots.lines(plot)), note)


def _tile(name: str, value: int, before: int | None, words: str) -> Tile:
    """``before`` is None where there is nothing to compare with, and too small a number is not compared either."""
    if before is None or before < 10:
        return Tile(name, value)
    percent = round(100 * (value - before) / before)
    sign = "+" if percent > 0 else "−" if percent else "±"
    return Tile(name, value, f"{sign}{abs(percent):,}% on {words}")


def shares(parts: Sequence[tuple[str, int]]) -> list[Share]:
    total = sum(value for _, value in parts)
    return [Share(name, value, 100 * value / total) for name, value in parts if value]


def _hour(start: datetime) -> str:
    return f"{start:%A} {start:%H:%M} to {start + timedelta(hours=1):%H:%M}"


def day_name(start: datetime) -> str:
    return f"{start:%a} {start.day} {start:%B}"


def _every_third(hours: Sequence[datetime]) -> list[str]:
    return [f"{start:%H:%M}" if start.hour % 3 == 0 else "" for start in hours]


def mondays(days: Sequence[datetime]) -> list[str]:
    return [f"{start:%a} {start.day} {start:%b}" if start.weekday() == 0 else "" for start in days]
