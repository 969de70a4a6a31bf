"""When what was found was written: counts by year as bars, each a link that narrows to its years. Pure.

The bars are for the eye and the pointer; whoever reads otherwise gets the same links as a list. ``timeline`` draws them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from masthead.front import timeline
from masthead.front.timeline import Stretch, stretches
from masthead.library.query import Request

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DATES = re.compile(r'(?:^|\s)-?(?:before|after):(?:"[^"]*"|\S+)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time: what it is called, how many articles it has, the query string that narrows to it (or back)."""

    name: str
    count: int
    query: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class When:
    """Bars without a gap between the first and the last, and the months of the chosen year."""

    bars: tuple[Bar, ...]
    unit: str  # year or decade
    axis: str  # the years beneath the bars, drawn
    months: tuple[Bar, ...] = ()
    year: int | None = None
    undated: int = 0  # articles that stand in no year

    @property
    def most(self) -> str:
        """What the highest bar says."""
        bar = max(self.bars, key=lambda bar: bar.count)
        most = f"most in {'the ' if self.unit == 'decade' else ''}{bar.name}: {bar.count:,}"
        return f"{most}; {self.undated:,} without a date" if self.undated else most


def when(counts: Sequence[tuple[str, int]], request: Request, *, undated: int = 0) -> When | None:
    """``counts`` ("2019" or "2019-03", and how many) as bars. None where they would tell nothing: a single year."""
    years = {int(moment): count for moment, count in counts if "-" not in moment}
    months = {int(moment.partition("-")[2]): count for moment, count in counts if "-" in moment}
    found = stretches(years)
    if len(found) < 2 and request.year is None:
        return None
    decades = bool(found) and found[0].name.endswith("s")
    bars = tuple(_bar(stretch, 10 if decades else 1, request) for stretch in found)
    return When(
        bars=bars if len(bars) > 1 else (),
        unit="decade" if decades else "year",
        axis=timeline.axis(found) if len(bars) > 1 else "",
        months=tuple(_month(n, months.get(n, 0), request) for n in range(1, 13)) if request.year is not None else (),
        year=request.year,
        undated=undated,
    )


def _bar(stretch: Stretch, step: int, request: Request) -> Bar:
    start = stretch.first
    chosen = request.year is not None and start <= request.year < start + step
    if step == 1:
        query = request.query_string(year=None if chosen else start, month=None)
    else:
        before = f" before:{start + step}" if start + step <= 9999 else ""
        words = f"{without_dates(request.text)} after:{max(1, start)}{before}".strip()
        query = request.query_string(text=words, year=None, month=None)
    return Bar(stretch.name, stretch.count, query, chosen)


def _month(number: int, count: int, request: Request) -> Bar:
    chosen = request.month == number
    return Bar(MONTHS[number - 1], count, request.query_string(month=None if chosen else number), chosen)


def without_dates(text: str) -> str:
    """``text`` without its before: and after:."""
    return _DATES.sub("", text).strip()


def draw(bars: Sequence[Bar], address: Callable[[str], str]) -> str:
    """``bars`` as SVG. ``address`` makes a link of a query string."""
    return timeline.bars([(f"{bar.name}: {bar.count:,}", bar.count, address(bar.query), bar.chosen) for bar in bars])
