"""Coverage by year as bars: SVG, drawn on the server. Pure.

Bars only: their words stand in the page beside them, in HTML, where they stay legible however narrow the drawing gets, and each
year is a link a finger can hit. No colour stands here; bars carry a class for the style sheet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

MOST_BARS = 60  # at 320 px each still has four of them; a longer stretch is drawn by decades
STEP, BAR, HEIGHT = 10.0, 7.6, 100.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A year, or a decade: its first year, what it is called, and how many articles."""

    first: int
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """A drawing and the words around it."""

    svg: str
    start: str
    middle: str  # empty where there are too few to have one
    end: str
    most: Stretch
    total: int
    by_decade: bool


def stretches(counts: Mapping[int, int]) -> list[Stretch]:
    """Every year from the first to the last of ``counts``, the empty ones too; decades where the years are too many."""
    if not counts:
        return []
    first, last = min(counts), max(counts)
    if last - first < MOST_BARS:
        return [Stretch(year, str(year), counts.get(year, 0)) for year in range(first, last + 1)]
    decades: dict[int, int] = dict.fromkeys(range(first // 10 * 10, last + 1, 10), 0)
    for year, count in counts.items():
        decades[year // 10 * 10] += count
    return [Stretch(decade, f"{decade}s", count) for decade, count in decades.items()]


def draw(counts: Mapping[int, int], what: str) -> Timeline | None:
    """``counts`` by year as bars; ``what`` they count is what a screen reader is told. None where there is nothing to compare."""
    bars = stretches(counts)
    if len(bars) < 2:
        return None
    most = max(bars, key=lambda bar: bar.count)
    drawn = []
    for place, bar in enumerate(bars):
        if bar.count:
            tall = max(2.0, bar.count / most.count * HEIGHT)  # one article beside hundreds is still to be seen
            drawn.append(
                f'<rect class="timeline-bar" x="{place * STEP:g}" y="{HEIGHT - tall:.1f}" width="{BAR:g}" height="{tall:.1f}">'
                f"<title>{bar.name}: {_articles(bar.count)}</title></rect>"
            )
    width = (len(bars) - 1) * STEP + BAR
    total = sum(counts.values())
    label = f"{what} from {bars[0].name} to {bars[-1].name}: {_articles(total)}, most in {most.name}"
    svg = (
        f'<svg class="timeline-bars" viewBox="0 0 {width:g} {HEIGHT:g}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}">{"".join(drawn)}</svg>'
    )
    middle = bars[len(bars) // 2].name if len(bars) > 4 else ""
    return Timeline(svg, bars[0].name, middle, bars[-1].name, most, total, bars[0].name.endswith("s"))


def _articles(count: int) -> str:
    return f"{count:,} article{'' if count == 1 else 's'}"
