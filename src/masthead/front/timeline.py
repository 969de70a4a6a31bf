"""When what was found was written: counts by year as bars, each a link that narrows to its years. Pure.

Drawn as SVG from attributes and classes alone, for the pages' Content-Security-Policy allows no style in the markup. The bars are
for the eye and the pointer; whoever reads otherwise gets the same links as a list (:attr:`Timeline.bars`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from masthead.library.query import Request

MOST_BARS = 48  # that can be told apart, and hit, on the narrowest telephone
STEPS = (1, 10, 100, 1000)
TALL, WIDE, GAP = 100, 10, 1.6  # of the drawing, which is stretched to its place
LEAST = 3.0  # what a single article is drawn as beside thousands
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
_DATES = re.compile(r'(?:^|\s)-?(?:before|after):(?:"[^"]*"|\S+)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time: what it is called, how many articles it has, the query string that narrows to it (or back)."""

    name: str
    count: int
    query: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """Bars without a gap between the first and the last, and the months of the chosen year."""

    bars: tuple[Bar, ...]
    step: int
    labels: tuple[str, ...]  # at the beginning, in the middle and at the end of the bars
    months: tuple[Bar, ...] = ()
    year: int | None = None

    @property
    def unit(self) -> str:
        """What a bar stands for."""
        return {1: "year", 10: "decade", 100: "century"}.get(self.step, "millennium")

    @property
    def most(self) -> str:
        """What the highest bar says."""
        bar = max(self.bars, key=lambda bar: bar.count)
        return f"most in {'the ' if self.step == 10 else ''}{bar.name}: {bar.count:,}"


def timeline(counts: Sequence[tuple[str, int]], request: Request) -> Timeline | None:
    """The timeline of ``counts`` ("2019" or "2019-03", and how many). None where it would tell nothing: a single year."""
    years = {int(when): count for when, count in counts if "-" not in when}
    months = {int(when.partition("-")[2]): count for when, count in counts if "-" in when}
    if not years or (len(years) == 1 and request.year is None):
        return None
    first, last = min(years), max(years)
    step = next((step for step in STEPS if last // step - first // step < MOST_BARS), STEPS[-1])
    starts = range(first // step * step, last + 1, step)
    sums = dict.fromkeys(starts, 0)
    for year, count in years.items():
        sums[year // step * step] += count
    bars = tuple(_years(start, step, count, request) for start, count in sums.items())
    middle = starts[len(starts) // 2]
    labels = (_name(starts[0], step), str(middle), _name(starts[-1], step))
    return Timeline(
        bars=bars,
        step=step,
        labels=labels if len(bars) > 4 else (labels[0], labels[2]) if len(bars) > 1 else labels[:1],
        months=tuple(_month(n, months.get(n, 0), request) for n in range(1, 13)) if request.year is not None else (),
        year=request.year,
    )


def _name(start: int, step: int) -> str:
    return str(start) if step == 1 else f"{start}s" if step == 10 else f"{start}–{start + step - 1}"


def _years(start: int, step: int, count: int, request: Request) -> Bar:
    chosen = request.year is not None and start <= request.year < start + step
    if step == 1:
        query = request.query_string(year=None if chosen else start, month=None)
    else:
        before = f" before:{start + step}" if start + step <= 9999 else ""
        words = f"{without_dates(request.text)} after:{max(1, start)}{before}".strip()
        query = request.query_string(text=words, year=None, month=None)
    return Bar(_name(start, step), count, query, chosen)


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
        f'<svg class="bars" viewBox="0 0 {len(bars) * WIDE} {TALL}" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
    ]
    for place, bar in enumerate(bars):
        left = place * WIDE
        height = max(LEAST, TALL * bar.count / most) if bar.count else 0.0
        shown = f'<rect class="bar" x="{left + GAP / 2:g}" y="{TALL - height:.4g}" width="{WIDE - GAP:g}" height="{height:.4g}"/>'
        if not bar.count and not bar.chosen:
            continue
        # the whole column can be hit, however low its bar is
        parts.append(
            f'<a href="{escape(address(bar.query))}" tabindex="-1" rel="nofollow"{" class=chosen" if bar.chosen else ""}>'
            f"<title>{escape(bar.name)}: {bar.count:,}</title>"
            f'<rect class="column" x="{left}" y="0" width="{WIDE}" height="{TALL}"/>{shown}</a>'
        )
    parts.append("</svg>")
    return "".join(parts)
