"""Years as bars: SVG, drawn on the server. Pure.

Bars and the years beneath them are two drawings: bars are stretched to their place, letters must not be. Neither says anything
that does not stand in the page in words. No colour stands here; bars carry a class for the style sheet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

MOST_BARS = 60  # at 320 px each still has four of them; a longer stretch is drawn by decades
COLUMN, HEIGHT = 10.0, 100.0  # of a drawing that is stretched to its place
WIDEST = 0.84  # of a column its bar takes; less where there are few, which would be slabs
SLIM = 0.055
LEAST = 3.0  # what a single article is drawn as beside thousands
MOST_TICKS = 6  # at 320 px "1890s" has room so often
STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 2000)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A year, or a decade: its first year, what it is called, and how many articles."""

    first: int
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """A drawing, the years beneath it, and the words for both."""

    svg: str
    axis: str
    start: str
    end: str
    most: Stretch
    total: int
    by_decade: bool
    undated: int = 0  # articles that stand in no year


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


def draw(counts: Mapping[int, int], address: Callable[[Stretch], str], *, undated: int = 0) -> Timeline | None:
    """``counts`` by year as bars, each a link to its ``address``. None where there is nothing to compare."""
    shown = stretches(counts)
    if len(shown) < 2:
        return None
    most = max(shown, key=lambda bar: bar.count)
    drawn = bars([(f"{bar.name}: {_articles(bar.count)}", bar.count, address(bar), False) for bar in shown])
    by_decade = shown[0].name.endswith("s")
    return Timeline(drawn, axis(shown), shown[0].name, shown[-1].name, most, sum(counts.values()), by_decade, undated)


def bars(some: Sequence[tuple[str, int, str, bool]]) -> str:
    """Bars as SVG: of each what it says, how many, where it leads, whether it is chosen. One of none is drawn only if it is.

    For the eye and the pointer alone: whoever reads otherwise finds the same links in the page.
    """
    most = max((count for _, count, _, _ in some), default=0) or 1
    wide = COLUMN * min(WIDEST, SLIM * len(some))
    parts = [
        f'<svg class="bars" viewBox="0 0 {len(some) * COLUMN:g} {HEIGHT:g}" preserveAspectRatio="none" aria-hidden="true" '
        'focusable="false">'
    ]
    for place, (says, count, leads, chosen) in enumerate(some):
        if not count and not chosen:
            continue
        left = place * COLUMN
        tall = max(LEAST, HEIGHT * count / most) if count else 0.0
        # the whole column can be hit, however low its bar is
        parts.append(
            f'<a href="{escape(leads)}" tabindex="-1" rel="nofollow"{CHOSEN if chosen else ""}><title>{escape(says)}</title>'
            f'<rect class="column" x="{left:g}" y="0" width="{COLUMN:g}" height="{HEIGHT:g}"/>'
            f'<rect class="bar" x="{left + (COLUMN - wide) / 2:.4g}" y="{HEIGHT - tall:.4g}" width="{wide:.4g}" '
            f'height="{tall:.4g}"/></a>'
        )
    parts.append("</svg>")
    return "".join(parts)


CHOSEN = ' class="chosen"'


def axis(shown: Sequence[Stretch]) -> str:
    """The round years among ``shown``, each beneath its bar, as SVG that keeps its letters' shape."""
    marked = ticks(shown)
    parts = ['<svg class="axis" aria-hidden="true" focusable="false">']
    for place in marked:
        middle = (place + 0.5) / len(shown) * 100
        # the outermost would stick out of a narrow page
        at, anchor = (0.0, "start") if middle < 5 else (100.0, "end") if middle > 95 else (middle, "middle")
        parts.append(f'<text x="{at:.4g}%" y="1em" text-anchor="{anchor}">{escape(shown[place].name)}</text>')
    parts.append("</svg>")
    return "".join(parts)


def ticks(shown: Sequence[Stretch]) -> list[int]:
    """The places of those of ``shown`` whose year is round: by as small a step as there is room for."""
    for step in STEPS:
        found = [place for place, bar in enumerate(shown) if bar.first % step == 0]
        if len(found) <= MOST_TICKS:
            return found or [0, len(shown) - 1]
    return [0, len(shown) - 1]


def _articles(count: int) -> str:
    return f"{count:,} article{'' if count == 1 else 's'}"
