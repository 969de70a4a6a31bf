"""Natural Earth geometry (npm world-atlas), projections, and the Map: a Page that knows where things are."""
import functools, json, math, os
import numpy as np
import shapely
import shapely.affinity
from shapely.geometry import LineString, MultiPolygon, Polygon, box, shape
from shapely.ops import linemerge, transform, unary_union
import skia
from press import *

ATLAS = os.environ.get("WORLD_ATLAS", "/tmp/pk/world-atlas-2.0.2")


CRIMEA = box(32.3, 44.2, 36.62, 46.25)


@functools.lru_cache(None)
def topo(res):
    d = json.load(open(f"{ATLAS}/countries-{res}.json"))
    s, t = d["transform"]["scale"], d["transform"]["translate"]
    arcs = [np.cumsum(np.array(a), axis=0) * s + t for a in d["arcs"]]
    return d, arcs


def _ring(ids, arcs):
    out = []
    for i in ids:
        a = arcs[i] if i >= 0 else arcs[~i][::-1]
        out.extend(map(tuple, a[1:] if out else a))
    return out


def _uncross(rings):
    """Undo topojson's stitching across the antimeridian (Russia, Fiji): unwrap, then cut at 180."""
    r = np.array(rings[0])
    if np.abs(np.diff(r[:, 0])).max() < 180:
        return [Polygon(rings[0], rings[1:])]
    r[:, 0] = np.degrees(np.unwrap(np.radians(r[:, 0])))
    p = shapely.make_valid(Polygon(r))
    out = []
    for k in (-360, 0, 360):
        q = shapely.affinity.translate(p, k).intersection(box(-180, -90, 180, 90))
        out += [x for x in polys(q).geoms]
    return out


@functools.lru_cache(None)
def countries(res):
    d, arcs = topo(res)
    out = {}
    for g in d["objects"]["countries"]["geometries"]:
        if g["type"] is None:
            continue
        ps = [g["arcs"]] if g["type"] == "Polygon" else g["arcs"]
        mp = []
        for p in ps:
            rings = [r for r in (_ring(q, arcs) for q in p) if len(r) > 3]
            if rings:
                mp += _uncross(rings) if g["properties"]["name"] != "Antarctica" else [Polygon(rings[0], rings[1:])]
        out[g["properties"]["name"]] = shapely.make_valid(polys(unary_union([shapely.make_valid(q) for q in mp])))
    # Crimea goes with Ukraine, as in General Assembly resolution 68/262
    c = out["Russia"].intersection(CRIMEA)
    out["Russia"] = polys(out["Russia"].difference(CRIMEA))
    out["Ukraine"] = polys(unary_union([out["Ukraine"], c.buffer(0.01)]))
    return out


@functools.lru_cache(None)
def border_arcs(res):
    """(arc, {countries}) for arcs two countries share."""
    d, arcs = topo(res)
    own = {}
    for g in d["objects"]["countries"]["geometries"]:
        if g["type"] is None:
            continue
        ps = [g["arcs"]] if g["type"] == "Polygon" else g["arcs"]
        for p in ps:
            for r in p:
                for i in r:
                    own.setdefault(i if i >= 0 else ~i, set()).add(g["properties"]["name"])
    return [(arcs[i], frozenset(n)) for i, n in own.items() if len(n) > 1
            and not (n == {"Russia", "Ukraine"} and CRIMEA.contains(LineString(arcs[i])))]


# projections: lon, lat (degrees) -> x right, y up ---------------------------------------------------
def mercator(lon, lat):
    return np.radians(lon), np.log(np.tan(np.pi / 4 + np.radians(np.clip(lat, -85, 85)) / 2))


def plate(lat0):
    k = math.cos(math.radians(lat0))
    return lambda lon, lat: (np.radians(lon) * k, np.radians(lat))


def laea(lon0, lat0):
    p0, k = math.radians(lat0), None

    def f(lon, lat):
        l, p = np.radians(np.asarray(lon) - lon0), np.radians(lat)
        cc = 1 + math.sin(p0) * np.sin(p) + math.cos(p0) * np.cos(p) * np.cos(l)
        k = np.sqrt(2 / np.maximum(cc, 1e-6))
        return k * np.cos(p) * np.sin(l), k * (math.cos(p0) * np.sin(p) - math.sin(p0) * np.cos(p) * np.cos(l))
    return f


def polar(lon0, south=False):
    """Azimuthal equidistant on a pole; lon0 points down (north) or up (south)."""
    def f(lon, lat):
        l = np.radians(np.asarray(lon) - lon0)
        r = np.radians(90 + np.asarray(lat)) if south else np.radians(90 - np.asarray(lat))
        return (r * np.sin(l), r * np.cos(l)) if south else (r * np.sin(l), -r * np.cos(l))
    return f


def equal_earth(lon, lat):
    a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
    t = np.arcsin(math.sqrt(3) / 2 * np.sin(np.radians(lat)))
    x = 2 * math.sqrt(3) * np.radians(lon) * np.cos(t) / (3 * (9 * a4 * t**8 + 7 * a3 * t**6 + 3 * a2 * t**2 + a1))
    return x, a4 * t**9 + a3 * t**7 + a2 * t**3 + a1 * t


class Map(Page):
    """scale: pixels per projection unit, with (lon, lat) `at` placed on pixel `on`."""

    def __init__(self, proj, at, on=(W / 2, H / 2), scale=None, span=None, res="50m", bounds=None, ground=PAPER, simp=0.7, speck=5, m=34):
        super().__init__(ground)
        self.proj, self.res, self.simp, self.speck, self.m = proj, res, simp, speck, m
        if span:  # degrees of latitude shown top to bottom
            y1, y0 = proj(at[0], at[1] + span / 2)[1], proj(at[0], at[1] - span / 2)[1]
            scale = H / float(y1 - y0)
        self.k = scale
        x, y = proj(*at)
        self.ox, self.oy = on[0] - float(x) * scale, on[1] + float(y) * scale
        self.bounds = bounds  # lon/lat box that is worth projecting
        self._c = {}

    def xy(self, lon, lat):
        x, y = self.proj(np.asarray(lon, float), np.asarray(lat, float))
        return self.ox + x * self.k, self.oy - y * self.k

    def pt(self, lon, lat):
        x, y = self.xy(lon, lat)
        return float(x), float(y)

    def pts(self, ll):
        return [self.pt(*p) for p in ll]

    def country(self, name):
        if name not in self._c:
            g = countries(self.res)[name]
            if self.bounds:
                g = g.intersection(box(*self.bounds))
            if not g.is_empty:
                g = g.segmentize(1.0)
                g = transform(lambda x, y, z=None: self.xy(np.array(x), np.array(y)), g)
                g = shapely.make_valid(g).intersection(box(-60, -60, W + 60, H + 60))
                g = polys(g)
                g = MultiPolygon([p for p in g.geoms if p.area > self.speck])
            self._c[name] = g
        return self._c[name]

    def land(self):
        if not hasattr(self, "_land"):
            g = unary_union([self.country(n) for n in countries(self.res)])
            g = g.buffer(0.6).buffer(-0.6)
            g = polys(g.simplify(self.simp))
            self._land = MultiPolygon([p for p in g.geoms if p.area > self.speck])
        return self._land

    def area(self, *names):
        g = unary_union([self.country(n) for n in names]).buffer(0.5).buffer(-0.5)
        return polys(g.simplify(self.simp * 0.6))

    def borders(self, paint, among=None, skip=()):
        p = skia.Path()
        for a, names in border_arcs(self.res):
            if among and not names & set(among):
                continue
            if names in skip:
                continue
            if self.bounds:
                w, s, e, n = self.bounds
                if a[:, 0].max() < w or a[:, 0].min() > e or a[:, 1].max() < s or a[:, 1].min() > n:
                    continue
            g = LineString(a).segmentize(1.0)
            g = transform(lambda x, y, z=None: self.xy(np.array(x), np.array(y)), g).simplify(self.simp * 0.8)
            p.addPath(geom(g))
        with self.within(geom(self.land())):
            self.path(p, paint)

    def graticule(self, step, paint, lons=(-180, 180), lats=(-80, 80), fine=1.0):
        sx, sy = step if isinstance(step, tuple) else (step, step)
        p = skia.Path()
        for lo in np.arange(lons[0], lons[1] + 1e-6, sx):
            la = np.arange(lats[0], lats[1] + 1e-6, fine)
            p.addPath(poly(zip(*self.xy(np.full_like(la, lo), la)), False))
        for la in np.arange(lats[0], lats[1] + 1e-6, sy):
            lo = np.arange(lons[0], lons[1] + 1e-6, fine)
            p.addPath(poly(zip(*self.xy(lo, np.full_like(lo, la))), False))
        self.path(p, paint)

    def waterlines(self, c=TEAL, n=4, gap=7, w=1.1, a=0.75):
        """Engraver's water-lining: the coast repeated seaward, fainter and further apart."""
        land, d = self.land(), 0
        for i in range(n):
            d += gap * (1 + 0.35 * i)
            b = polys(land.buffer(d, quad_segs=6).simplify(0.8))
            self.path(geom(shapely.boundary(b)), line(c, w, a * (1 - i / (n + 0.6))))

    def coast(self, c=INK, w=1.8, a=1.0):
        self.path(geom(shapely.boundary(self.land())), line(c, w, a))

    def shade(self, names, c, a=1.0, shift=0):
        p = geom(self.area(*names))
        if shift:
            p.offset(shift, shift)
        with self.within(geom(self.land())):
            self.path(p, fill(c, a))
        return p

    def shadehatch(self, names, c, **k):
        self.hatch(geom(self.area(*names)), c, **k)

    def river(self, ll, c=TEAL, w=(2, 5), a=1.0, halo=None):
        """A river that widens downstream."""
        pts = self.pts(ll)
        if halo:
            self.path(smooth(pts), line(halo, w[1] + 6))
        m = skia.PathMeasure(smooth(pts), False)
        L, n = m.getLength(), 40
        for i in range(n):
            q = skia.Path()
            m.getSegment(L * i / n, L * (i + 1) / n, q, True)
            self.path(q, line(c, w[0] + (w[1] - w[0]) * i / n, a))

    def town(self, name, lon, lat, dx=14, dy=8, size=25, align="l", c=INK, face="serif", halo=None, r=5, dot=INK, ring=PAPER, a=1.0):
        x, y = self.pt(lon, lat)
        self.circle(x, y, r + 2.5, fill(ring))
        self.circle(x, y, r, fill(dot))
        self.text(name, x + dx, y + dy, size, c, face, align, halo=halo)

    def mark(self, lon, lat, r=15, c=RED, ground=PAPER, cross=True):
        """The Sextant bearing mark: a ringed dot with four ticks."""
        x, y = self.pt(lon, lat)
        self.circle(x, y, r, line(ground, 8), line(c, 3.4))
        self.circle(x, y, 4.6, fill(c))
        if cross:
            for a in (0, 90, 180, 270):
                k, s = math.cos(math.radians(a)), math.sin(math.radians(a))
                self.seg(x + k * (r + 3), y + s * (r + 3), x + k * (r + 10), y + s * (r + 10), line(c, 2.6, cap=False))

    def frame(self, step=None, c=INK, ground=PAPER, label=None, lsize=17, minor=None):
        """Neatline with a graduated border: bars alternate every `step` degrees along each edge."""
        m, g = self.m, 11
        L, T, R, B = m, m, W - m, H - m
        out = skia.Path()
        out.addRect(skia.Rect.MakeWH(W, H))
        out.addRect(skia.Rect.MakeLTRB(L, T, R, B))
        out.setFillType(skia.PathFillType.kEvenOdd)
        self.path(out, fill(ground))
        self.rect(L, T, R - L, B - T, line(c, 2.2))
        self.rect(L - g, T - g, R - L + 2 * g, B - T + 2 * g, line(c, 1.4))
        if not step:
            return
        # where each whole degree meets each edge
        for edge in "TBLR":
            n = 900
            if edge in "TB":
                xs, ys = np.linspace(L, R, n), np.full(n, T if edge == "T" else B)
            else:
                xs, ys = np.full(n, L if edge == "L" else R), np.linspace(T, B, n)
            v = self.inverse(xs, ys)[0 if edge in "TB" else 1] / step
            k = np.floor(v).astype(int)
            i = 0
            while i < n:
                j = i
                while j < n and k[j] == k[i]:
                    j += 1
                e = min(j, n - 1)
                if k[i] % 2 == 0:
                    if edge in "TB":
                        self.rect(xs[i], T - g + 3 if edge == "T" else B + 3, xs[e] - xs[i], g - 6, fill(c))
                    else:
                        self.rect(L - g + 3 if edge == "L" else R + 3, ys[i], g - 6, ys[e] - ys[i], fill(c))
                i = j

    def inverse(self, xs, ys):
        """Numeric inverse by a lookup on a fine grid (frames only)."""
        X, Y = (np.asarray(xs) - self.ox) / self.k, (self.oy - np.asarray(ys)) / self.k
        w, s, e, n = self.fb if hasattr(self, "fb") else self.bounds
        lon, lat = np.full(len(X), (w + e) / 2.0), np.full(len(X), (s + n) / 2.0)
        for _ in range(30):
            x, y = self.proj(lon, lat)
            d = 1e-4
            xa, ya = self.proj(lon + d, lat)
            xb, yb = self.proj(lon, lat + d)
            a, b, c2, d2 = (xa - x) / d, (xb - x) / d, (ya - y) / d, (yb - y) / d
            det = a * d2 - b * c2
            rx, ry = X - x, Y - y
            lon = lon + np.clip((d2 * rx - b * ry) / det, -20, 20)
            lat = np.clip(lat + np.clip((-c2 * rx + a * ry) / det, -10, 10), -89, 89)
        return lon, lat


def polys(g):
    if g.geom_type == "Polygon":
        return MultiPolygon([g])
    return MultiPolygon([p for q in getattr(g, "geoms", []) for p in ([q] if q.geom_type == "Polygon" else getattr(q, "geoms", [])) if p.geom_type == "Polygon"])
