"""When what was found was written: counts by year as bars, each a link that narrows to its years. Pure.

Drawn as SVG from attributes and classes alone, for the pages' Content-Security-Policy allows no style in the markup. The bars are
for the eye and the pointer; whoever reads otherwise gets the same links as a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from masthead.front.timeline import HEIGHT, Stretch, stretches
from masthead.library.query import Request

CHOSEN = ' class="chosen"'
WIDE, GAP = 10, 1.6  # of a bar's column, in a drawing that is stretched to its place
LEAST = 3.0  # what a single article is drawn as beside thousands
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
    labels: tuple[str, ...]  # at the beginning, in the middle and at the end of the bars
    months: tuple[Bar, ...] = ()
    year: int | None = None

    @property
    def most(self) -> str:
        """What the highest bar says."""
        bar = max(self.bars, key=lambda bar: bar.count)
        return f"most in {'the ' if self.unit == 'decade' else ''}{bar.name}: {bar.count:,}"


def when(counts: Sequence[tuple[str, int]], request: Request) -> When | None:
    """``counts`` ("2019" or "2019-03", and how many) as bars. None where they would tell nothing: a single year."""
    years = {int(moment): count for moment, count in counts if "-" not in moment}
    months = {int(moment.partition("-")[2]): count for moment, count in counts if "-" in moment}
    found = stretches(years)
    if len(found) < 2 and request.year is None:
        return None
    decades = bool(found) and found[0].name.endswith("s")
    bars = tuple(_bar(stretch, 10 if decades else 1, request) for stretch in found)
    ends = [found[0].name, found[-1].name] if len(found) > 1 else []
    labels = [ends[0], str(found[len(found) // 2].first), ends[1]] if len(found) > 4 else ends
    return When(
        bars=bars if len(bars) > 1 else (),
        unit="decade" if decades else "year",
        labels=tuple(labels),
        months=tuple(_month(n, months.get(n, 0), request) for n in range(1, 13)) if request.year is not None else (),
        year=request.year,
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
    most = max((bar.count for bar in bars), default=0) or 1
    parts = [
        f'<svg class="bars" viewBox="0 0 {len(bars) * WIDE} {HEIGHT:g}" preserveAspectRatio="none" aria-hidden="true" '
        'focusable="false">'
    ]
    for place, bar in enumerate(bars):
        if not bar.count and not bar.chosen:
            continue
        left = place * WIDE
        tall = max(LEAST, HEIGHT * bar.count / most) if bar.count else 0.0
        # the whole column can be hit, however low its bar is
        parts.append(
            f'<a href="{escape(address(bar.query))}" tabindex="-1" rel="nofollow"{CHOSEN if bar.chosen else ""}>'
            f"<title>{escape(bar.name)}: {bar.count:,}</title>"
            f'<rect class="column" x="{left}" y="0" width="{WIDE}" height="{HEIGHT:g}"/>'
            f'<rect class="bar" x="{left + GAP / 2:g}" y="{HEIGHT - tall:.4g}" width="{WIDE - GAP:g}" height="{tall:.4g}"/></a>'
        )
    parts.append("</svg>")
    return "".join(parts)
