"""A locator map: a round part of the globe with one country, or a few, marked. Plain SVG, drawn from packaged outlines.

The view is centred on what it shows, so that no map has an edge at the 180th meridian: Fiji and Russia lie whole. Lambert's
azimuthal projection keeps areas in proportion, and can show more than half of the globe where two countries lie far apart.

The picture holds no script, style or reference. It is drawn in ``currentColor``; a style sheet may colour the classes
``map-sea``, ``map-land``, ``map-border``, ``map-here`` and ``map-ring``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import escape
from itertools import pairwise

from masthead.library.world.countries import CONTENT, Country, country

SIZE = 640  # units of the picture's width and height
_EDGE = 4  # units around the disc
_NARROWEST, _WIDEST = 24.0, 150.0  # degrees from the middle of the view to its rim
_NARROWEST_AT_SEA = 52.0  # in Oceania, where else there would be nothing but water
_NORTHMOST = 50.0  # degrees: the middle of what two far apart share is not taken over a pole, where nobody knows their way
_FINEST = (2.2, 2.8, 3.6, 4.6, 6.0)  # units: steps of an outline are at least as long; the first that keeps to the limit
_LIMIT = 25_000  # letters
_SMALL = 20.0  # units: what is marked and smaller than this has a ring around it
_PART, _FAR = 0.15, 50.0  # of a country's largest part, degrees from it: what is smaller or farther does not widen the view

Vector = tuple[float, float, float]
Point = tuple[int, int]


@lru_cache(maxsize=512)
def locator(*codes: str, label: str = "") -> str:
    """An ``<svg>`` that shows where the countries with the ISO codes ``codes`` lie; empty where none of them is known.

    ``label`` is what it is called for who cannot see it; left out: "Map: India and Russia".
    """
    shown = [found for code in codes if (found := country(code)) and found.latitude is not None]
    if not shown:
        return ""
    label = label or f"Map: {_listed([each.name for each in shown])}"
    view = _View.of(shown)
    for view.finest in _FINEST:
        drawn = _drawn(view, shown, label)
        if len(drawn) <= _LIMIT:
            break
    return drawn


def _drawn(view: _View, shown: Sequence[Country], label: str) -> str:
    marked = {each.code for each in shown}
    land: list[str] = []
    here: list[str] = []
    for code, rings in _countries().items():
        path = "".join(filter(None, (view.path(ring) for ring in rings)))
        if path:
            (here if code in marked else land).append(path)
    called, half = escape(label), SIZE // 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="map" viewBox="0 0 {SIZE} {SIZE}" role="img" aria-label="{called}">',
        f"<title>{called}</title>",
        f'<circle class="map-sea" cx="{half}" cy="{half}" r="{half - _EDGE}" fill="currentColor" fill-opacity=".06"/>',
        f'<path class="map-land" fill="currentColor" fill-opacity=".22" d="{"".join(land)}"/>',
        f'<path class="map-here" fill="currentColor" fill-opacity=".85" d="{"".join(here)}"/>' if here else "",
        f'<path class="map-border" fill="none" stroke="currentColor" stroke-opacity=".35" d="{view.borders()}"/>',
    ]
    for each in shown:
        parts.append(view.ring(each))
    parts.append("</svg>")
    return "".join(parts)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


class _View:
    """A disc of the globe: its middle, how many degrees it reaches, and how a point of it is drawn."""

    def __init__(self, middle: Vector, reach: float) -> None:
        self.middle = middle
        self.finest = _FINEST[0]
        self.limit = math.cos(math.radians(reach))
        self.scale = (SIZE / 2 - _EDGE) / (2 * math.sin(math.radians(reach) / 2))
        x, y, z = middle
        flat = math.hypot(x, y) or 1e-12
        self.east: Vector = (-y / flat, x / flat, 0.0)
        self.north: Vector = (-z * x / flat, -z * y / flat, flat)

    @classmethod
    def of(cls, shown: Sequence[Country]) -> _View:
        """The view that holds the main parts of ``shown`` with some of what lies around them."""
        points: list[Vector] = []
        for each in shown:
            points += _main_parts(each)
        middle = _centre(points)
        if len(shown) > 1 and abs(middle[2]) > (highest := math.sin(math.radians(_NORTHMOST))):
            middle = _unit((*_stretched(middle[:2], math.sqrt(1 - highest**2)), math.copysign(highest, middle[2])))
        extent = math.degrees(max(math.acos(max(-1.0, min(1.0, _dot(middle, point)))) for point in points))
        around = 1.7 if len(shown) == 1 else 1.25
        narrowest = _NARROWEST_AT_SEA if all(each.region == "Oceania" for each in shown) else _NARROWEST
        return cls(middle, min(_WIDEST, max(narrowest, extent * around, extent + 6)))

    def place(self, point: Vector) -> tuple[float, float]:
        """Where ``point`` is in the picture."""
        stretch = self.scale * math.sqrt(2 / max(1e-9, 1 + _dot(point, self.middle)))
        return SIZE / 2 + stretch * _dot(point, self.east), SIZE / 2 - stretch * _dot(point, self.north)

    def path(self, ring: Sequence[Vector]) -> str:
        """The part of a closed ``ring`` that lies in view, as path data."""
        return _data(self._thinned(self._clipped(ring)), closed=True)

    def borders(self) -> str:
        """The land borders in view: the outlines that two countries share."""
        drawn = []
        for line in _borders():
            run: list[Vector] = []
            for point in (*line, None):
                if point is not None and _dot(point, self.middle) > self.limit:
                    run.append(point)
                elif run:
                    drawn.append(_data(self._thinned(run, 3), closed=False))
                    run = []
        return "".join(drawn)

    def ring(self, each: Country) -> str:
        """A circle around what would be overlooked; nothing around what is large enough."""
        spots = [self.place(point) for point in _main_parts(each)]
        left, right = min(x for x, _ in spots), max(x for x, _ in spots)
        top, bottom = min(y for _, y in spots), max(y for _, y in spots)
        across = max(right - left, bottom - top)
        if across >= _SMALL:
            return ""
        x, y, radius = round((left + right) / 2), round((top + bottom) / 2), round(max(14.0, across / 2 + 9))
        dot = f'<circle class="map-here" cx="{x}" cy="{y}" r="4" fill="currentColor"/>' if across < 6 else ""
        return (
            f'{dot}<circle class="map-ring" cx="{x}" cy="{y}" r="{radius}" fill="none" stroke="currentColor" stroke-width="3"/>'
        )

    def _clipped(self, ring: Sequence[Vector]) -> list[Vector]:
        """Sutherland and Hodgman's way: the rim is where a plane cuts the globe, so that one cut does."""
        depths = [_dot(point, self.middle) - self.limit for point in ring]
        if min(depths) >= 0:
            return list(ring)
        if max(depths) < 0:
            return []
        kept: list[Vector] = []
        on_rim: list[bool] = []
        for i, point in enumerate(ring):
            before, depth, last = ring[i - 1], depths[i], depths[i - 1]
            if (depth >= 0) != (last >= 0):
                t = last / (last - depth)
                kept.append(_unit(_between(before, point, t)))
                on_rim.append(True)
            if depth >= 0:
                kept.append(point)
                on_rim.append(False)
        closed: list[Vector] = []
        for i, point in enumerate(kept):
            if on_rim[i] and on_rim[i - 1]:
                closed += self._along_rim(kept[i - 1], point)
            closed.append(point)
        return closed

    def _along_rim(self, start: Vector, end: Vector) -> list[Vector]:
        """Points between two on the rim, the shorter way round: the chord would cut the disc."""
        from_, to = (math.atan2(_dot(p, self.north), _dot(p, self.east)) for p in (start, end))
        turn = (to - from_ + math.pi) % (2 * math.pi) - math.pi
        sine = math.sqrt(max(0.0, 1 - self.limit * self.limit))
        steps = int(abs(turn) / 0.08)
        points = []
        for step in range(1, steps + 1):
            angle = from_ + turn * step / (steps + 1)
            e, n = math.cos(angle) * sine, math.sin(angle) * sine
            points.append(
                (
                    self.middle[0] * self.limit + self.east[0] * e + self.north[0] * n,
                    self.middle[1] * self.limit + self.east[1] * e + self.north[1] * n,
                    self.middle[2] * self.limit + self.east[2] * e + self.north[2] * n,
                )
            )
        return points

    def _thinned(self, points: Iterable[Vector], least: int = 4) -> list[Point]:
        """Where ``points`` are in the picture, in whole units; without those too near to the last to be seen."""
        spots: list[Point] = []
        for point in points:
            x, y = self.place(point)
            if not spots or abs(x - spots[-1][0]) + abs(y - spots[-1][1]) >= self.finest:
                spots.append((round(x), round(y)))
        return spots if len(spots) >= least - 1 else []


def _data(spots: Sequence[Point], *, closed: bool) -> str:
    """Path data with relative steps, which take half the letters."""
    if len(spots) < 2:
        return ""
    steps = [f"{x2 - x1}{_signed(y2 - y1)}" for (x1, y1), (x2, y2) in pairwise(spots)]
    line = steps[0] + "".join(step if step[0] == "-" else f" {step}" for step in steps[1:])
    return f"M{spots[0][0]} {spots[0][1]}l{line}{'z' if closed else ''}"


def _signed(number: int) -> str:
    return str(number) if number < 0 else f" {number}"


# The outlines ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _stored() -> tuple[list[list[Vector]], dict[str, list[list[int]]]]:
    """The stored arcs on the unit sphere, and of which each country's rings are made."""
    data = json.loads((CONTENT / "outlines.json").read_text(encoding="utf-8"))
    arcs = []
    for flat in data["arcs"]:
        x = y = 0
        points = []
        for dx, dy in zip(flat[::2], flat[1::2], strict=True):
            x, y = x + dx, y + dy
            points.append(_on_sphere(x * data["step"], y * data["step"]))
        arcs.append(points)
    return arcs, data["countries"]


@lru_cache(maxsize=1)
def _countries() -> dict[str, list[list[Vector]]]:
    """The rings of each country, by code, largest first."""
    arcs, made_of = _stored()
    found: dict[str, list[list[Vector]]] = {}
    for code, rings in made_of.items():
        for ring in rings:
            points: list[Vector] = []
            for index in ring:
                arc = arcs[index] if index >= 0 else arcs[~index][::-1]
                points += arc[1:] if points else arc
            found.setdefault(code, []).append(points)
    return found


@lru_cache(maxsize=1)
def _borders() -> list[list[Vector]]:
    arcs, made_of = _stored()
    owners: dict[int, set[str]] = {}
    for code, rings in made_of.items():
        for ring in rings:
            for index in ring:
                owners.setdefault(index if index >= 0 else ~index, set()).add(code)
    return [arcs[index] for index, codes in owners.items() if len(codes) > 1]


def _main_parts(each: Country) -> list[Vector]:
    """The outline of a country's larger parts; its middle where there is no outline."""
    rings = _countries().get(each.code, [])
    assert each.latitude is not None and each.longitude is not None  # noqa: S101 - locator() asked
    middle = _on_sphere(each.longitude, each.latitude)
    sizes = [_size(ring) for ring in rings]
    near = math.cos(math.radians(_FAR))
    main = [
        ring
        for ring, size in zip(rings, sizes, strict=True)
        if size == max(sizes) or (size >= _PART * max(sizes) and _dot(ring[0], middle) > near)
    ]
    return [point for ring in main for point in ring] or [middle]


def _size(ring: Sequence[Vector]) -> float:
    """The area of a ring on the sphere, nearly."""
    x = y = z = 0.0
    for a, b in pairwise([*ring, ring[0]]):
        x, y, z = x + a[1] * b[2] - a[2] * b[1], y + a[2] * b[0] - a[0] * b[2], z + a[0] * b[1] - a[1] * b[0]
    return math.sqrt(x * x + y * y + z * z) / 2


def _centre(points: Sequence[Vector]) -> Vector:
    """The middle of the smallest cap around ``points``, nearly: walk towards the farthest, in ever smaller steps."""
    x, y, z = (sum(point[axis] for point in points) for axis in range(3))
    here = _unit((x, y, z)) if math.sqrt(x * x + y * y + z * z) > 1e-6 else points[0]
    step = 0.5
    while step > 0.002:
        far = min(points, key=lambda point: _dot(here, point))
        here = _unit(_between(here, far, step))
        step *= 0.9
    return here


def _stretched(flat: tuple[float, float], length: float) -> tuple[float, float]:
    now = math.hypot(*flat) or 1e-12
    return flat[0] * length / now, flat[1] * length / now


def _on_sphere(longitude: float, latitude: float) -> Vector:
    lon, lat = math.radians(longitude), math.radians(latitude)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _between(a: Vector, b: Vector, t: float) -> Vector:
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t


def _unit(v: Vector) -> Vector:
    length = math.sqrt(_dot(v, v)) or 1.0
    return v[0] / length, v[1] / length, v[2] / length
