"""Plots as SVG, drawn on the server. Pure.

No colour stands here: a series carries a *tone*, which the page's style sheet gives a colour in light and in dark; lines and
words take the text's own. A plot names itself to a screen reader and tells each stretch on hover; the page puts a table
beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640, 210
LEFT, RIGHT, TOP, BOTTOM = 46, 16, 10, 24


@dataclass(frozen=True, slots=True)
class Series:
    """One thing counted in each stretch. ``tone`` names its colour: "a" to "e"."""

    name: str
    tone: str
    values: Sequence[int]

    @property
    def total(self) -> int:
        """All stretches together."""
        return sum(self.values)


@dataclass(frozen=True, slots=True)
class Plot:
    """What is drawn: ``names`` has each stretch in full, ``axis`` what stands under it (mostly nothing: there is little room).

    ``unfinished``: the last stretch still goes on, and is drawn paler. Not ``summable``: what was counted in two stretches may be
    the same, so that no sum is told.
    """

    title: str
    series: Sequence[Series]
    names: Sequence[str]
    axis: Sequence[str]
    unfinished: bool = False
    summable: bool = True

    def rows(self) -> list[tuple[str, list[int]]]:
        """The same as a table: each stretch with its values."""
        return [(name, [one.values[n] for one in self.series]) for n, name in enumerate(self.names)]

    def empty(self) -> bool:
        """Whether nothing was counted in any stretch."""
        return not any(one.total for one in self.series)


def bars(plot: Plot) -> str:
    """One bar for each stretch, the series on top of each other in their order."""
    sums = [sum(values) for _, values in plot.rows()]
    top, step = scale(max(sums, default=0))
    slot = (WIDTH - LEFT - RIGHT) / max(1, len(plot.names))
    gap = min(4.0, slot * 0.22)
    drawn = []
    for n in range(len(plot.names)):
        x, floor = LEFT + n * slot + gap / 2, float(HEIGHT - BOTTOM)
        parts = []
        for one in plot.series:
            tall = one.values[n] / top * (HEIGHT - TOP - BOTTOM)
            if tall:
                floor -= tall
                parts.append(
                    f'<rect class="plot-{one.tone}" x="{x:.1f}" y="{floor:.1f}" width="{slot - gap:.1f}" height="{tall:.1f}"/>'
                )
        pale = ' class="plot-unfinished"' if plot.unfinished and n == len(plot.names) - 1 else ""
        drawn.append(f"<g{pale}>{''.join(parts)}</g>")
    return _frame(plot, top, step, slot, "".join(drawn))


def lines(plot: Plot) -> str:
    """One line for each series, from the middle of each stretch to the next."""
    top, step = scale(max((value for one in plot.series for value in one.values), default=0))
    slot = (WIDTH - LEFT - RIGHT) / max(1, len(plot.names))
    drawn = []
    for one in () if plot.empty() else plot.series:
        points = [
            f"{LEFT + (n + 0.5) * slot:.1f},{HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM):.1f}"
            for n, value in enumerate(one.values)
        ]
        finished = points[:-1] if plot.unfinished and len(points) > 1 else points
        drawn.append(f'<polyline class="plot-line plot-{one.tone}" points="{" ".join(finished)}"/>')
        if finished is not points:
            drawn.append(f'<polyline class="plot-line plot-dotted plot-{one.tone}" points="{" ".join(points[-2:])}"/>')
    return _frame(plot, top, step, slot, "".join(drawn))


def scale(most: int) -> tuple[int, int]:
    """The axis for values up to ``most``: its top and the step between two marks, so that there are two to five marks."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if most <= step * factor * 5:
                step *= factor
                return max(2, -(-most // step)) * step, step
        step *= 10


def short(number: int) -> str:
    """``number`` for an axis: 950, 1.5k, 20k, 3M."""
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= unit:
            return f"{number / unit:.1f}".removesuffix(".0") + letter
    return str(number)


def _frame(plot: Plot, top: int, step: int, slot: float, inside: str) -> str:
    """The SVG around what was drawn: axes, words, and a place to point at for each stretch."""
    floor = HEIGHT - BOTTOM
    marks = []
    for value in range(0, top + 1, step):
        y = floor - value / top * (floor - TOP)
        kind = "plot-floor" if not value else "plot-grid"
        marks.append(f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        marks.append(f'<text class="plot-y" x="{LEFT - 7}" y="{y + 3.5:.1f}">{short(value)}</text>')
    for n, word in enumerate(plot.axis):
        if word:
            x = LEFT + (n + 0.5) * slot
            marks.append(f'<line class="plot-floor" x1="{x:.1f}" x2="{x:.1f}" y1="{floor}" y2="{floor + 4}"/>')
            marks.append(f'<text class="plot-x" x="{x:.1f}" y="{HEIGHT - 6}">{escape(word)}</text>')
    places = []
    for n, (name, values) in enumerate(plot.rows()):
        told = ", ".join(f"{one.name} {value:,}" for one, value in zip(plot.series, values, strict=True))
        so_far = " (so far)" if plot.unfinished and n == len(plot.names) - 1 else ""
        places.append(
            f'<rect class="plot-place" x="{LEFT + n * slot:.1f}" y="{TOP}" width="{slot:.1f}" height="{floor - TOP}">'
            f"<title>{escape(name + so_far)}: {escape(told)}</title></rect>"
        )
    label = plot.title
    if plot.summable:
        label += ": " + ", ".join(f"{one.name} {one.total:,}" for one in plot.series) + " in all"
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
        f"{''.join(marks)}{inside}{''.join(places)}</svg>"
    )
