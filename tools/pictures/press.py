"""The house press: palette, page, line, hatch and lettering for every Sextant picture."""
import io, math, os, random
import numpy as np
import skia
from PIL import Image

FONTS = os.environ.get("PICTURE_FONTS", "/tmp/picfonts")
PAPER, INK, RED, TEAL, OCHRE = "#f6f1e7", "#14213d", "#c8442b", "#5b7f86", "#d9a441"
SAND, MIST, PALE, DUSK = "#eadfc8", "#d3dcd9", "#e6e9e3", "#22315a"
W, H = 1600, 1000


def rgb(c, a=1.0):
    c = c.lstrip("#")
    return skia.Color(int(c[:2], 16), int(c[2:4], 16), int(c[4:6], 16), int(255 * a))


def fill(c, a=1.0):
    return skia.Paint(AntiAlias=True, Color=rgb(c, a))


def line(c, w=2.0, a=1.0, dash=None, cap=True):
    p = skia.Paint(AntiAlias=True, Color=rgb(c, a), Style=skia.Paint.kStroke_Style, StrokeWidth=w)
    p.setStrokeJoin(skia.Paint.kRound_Join)
    p.setStrokeCap(skia.Paint.kRound_Cap if cap else skia.Paint.kButt_Cap)
    if dash:
        p.setPathEffect(skia.DashPathEffect.Make(list(dash), 0))
    return p


_faces = {}


def font(face="serif-italic", size=28):
    if face not in _faces:
        _faces[face] = skia.Typeface.MakeFromFile(os.path.join(FONTS, face + ".ttf"))
    f = skia.Font(_faces[face], size)
    f.setSubpixel(True)
    f.setEdging(skia.Font.Edging.kAntiAlias)
    return f


def poly(pts, close=True):
    p = skia.Path()
    pts = list(pts)
    p.moveTo(*map(float, pts[0]))
    for q in pts[1:]:
        p.lineTo(float(q[0]), float(q[1]))
    if close:
        p.close()
    return p


def smooth(pts, close=False, t=0.5):
    """A Catmull-Rom curve through the points."""
    pts = [tuple(map(float, p)) for p in pts]
    n = len(pts)
    g = (lambda i: pts[i % n]) if close else (lambda i: pts[max(0, min(n - 1, i))])
    p = skia.Path()
    p.moveTo(*pts[0])
    for i in range(n if close else n - 1):
        a, b, c, d = g(i - 1), g(i), g(i + 1), g(i + 2)
        k = t / 3 * 1.0
        p.cubicTo(b[0] + (c[0] - a[0]) * k, b[1] + (c[1] - a[1]) * k, c[0] - (d[0] - b[0]) * k, c[1] - (d[1] - b[1]) * k, c[0], c[1])
    if close:
        p.close()
    return p


def geom(g):
    """A shapely geometry (in pixels) as a path."""
    p = skia.Path()
    p.setFillType(skia.PathFillType.kEvenOdd)
    for q in getattr(g, "geoms", [g]):
        if q.is_empty:
            continue
        if q.geom_type == "Polygon":
            for r in [q.exterior, *q.interiors]:
                p.addPath(poly(list(r.coords)[:-1]))
        elif q.geom_type in ("LineString", "LinearRing"):
            p.addPath(poly(q.coords, False))
        elif hasattr(q, "geoms"):
            p.addPath(geom(q))
    return p


class Page:
    def __init__(self, ground=PAPER, w=W, h=H):
        self.w, self.h = w, h
        self.surface = skia.Surface(w, h)
        self.c = self.surface.getCanvas()
        self.c.clear(rgb(ground))

    # shapes -------------------------------------------------------------------------------------
    def path(self, p, *paints):
        for q in paints:
            self.c.drawPath(p, q)

    def circle(self, x, y, r, *paints):
        for q in paints:
            self.c.drawCircle(x, y, r, q)

    def rect(self, x, y, w, h, *paints, r=0):
        for q in paints:
            self.c.drawRoundRect(skia.Rect.MakeXYWH(x, y, w, h), r, r, q) if r else self.c.drawRect(skia.Rect.MakeXYWH(x, y, w, h), q)

    def seg(self, x1, y1, x2, y2, paint):
        self.c.drawLine(x1, y1, x2, y2, paint)

    def arc(self, x, y, r, a0, a1, paint):
        self.c.drawArc(skia.Rect.MakeLTRB(x - r, y - r, x + r, y + r), a0, a1 - a0, False, paint)

    def within(self, path, op=skia.ClipOp.kIntersect):
        page = self

        class Clip:
            def __enter__(s):
                page.c.save()
                page.c.clipPath(path, op, True)

            def __exit__(s, *a):
                page.c.restore()
        return Clip()

    def hatch(self, path, c=INK, gap=9, w=1.6, angle=45, a=1.0, box=None):
        b = box or path.computeTightBounds()
        cx, cy = b.centerX(), b.centerY()
        d = math.hypot(b.width(), b.height()) / 2 + gap
        k, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        p = skia.Path()
        # lines sit on one page-wide lattice, so neighbouring hatches agree
        off = (-cx * s + cy * k) % gap
        t = -math.ceil(d / gap) * gap - off
        while t < d:
            x, y = cx - s * t, cy + k * t
            p.moveTo(x - k * d, y - s * d)
            p.lineTo(x + k * d, y + s * d)
            t += gap
        with self.within(path):
            self.path(p, line(c, w, a))

    def dots(self, path, c=INK, gap=12, r=1.8, a=1.0):
        b = path.computeTightBounds()
        with self.within(path):
            y, i = math.floor(b.top() / gap) * gap, 0
            while y < b.bottom() + gap:
                x = math.floor(b.left() / gap) * gap + (gap / 2 if int(round(y / gap)) % 2 else 0)
                while x < b.right() + gap:
                    self.c.drawCircle(x, y, r, fill(c, a))
                    x += gap
                y += gap

    # lettering ----------------------------------------------------------------------------------
    def measure(self, s, face, size, track=0):
        f = font(face, size)
        return sum(f.measureText(ch) for ch in s) + track * (len(s) - 1) if track else f.measureText(s)

    def text(self, s, x, y, size=28, c=INK, face="serif-italic", align="l", track=0, angle=0, halo=None, a=1.0, hw=7):
        f = font(face, size)
        wd = self.measure(s, face, size, track)
        self.c.save()
        self.c.translate(x, y)
        if angle:
            self.c.rotate(angle)
        ox = {"l": 0, "m": -wd / 2, "r": -wd}[align]
        runs = [(s, ox)]
        if track:
            runs, q = [], ox
            for ch in s:
                runs.append((ch, q))
                q += f.measureText(ch) + track
        if halo:
            hp = line(halo, hw)
            for t, q in runs:
                self.c.drawString(t, q, 0, f, hp)
        for t, q in runs:
            self.c.drawString(t, q, 0, f, fill(c, a))
        self.c.restore()
        return wd

    def curve_text(self, s, pts, size=34, c=INK, face="serif-italic", track=4, halo=None, a=1.0, start=None):
        """Letters set one by one along a smooth curve, centred on it."""
        m = skia.PathMeasure(smooth(pts), False)
        f = font(face, size)
        wd = self.measure(s, face, size, track or 0.01)
        d = (m.getLength() - wd) / 2 if start is None else start
        todo = []
        for ch in s:
            cw = f.measureText(ch)
            got = m.getPosTan(d + cw / 2)
            if got:
                pos, tan = got
                todo.append((ch, pos.x(), pos.y(), math.degrees(math.atan2(tan.y(), tan.x())), cw))
            d += cw + track
        for pas in ((halo, None) if halo else (None,)):
            for ch, x, y, ang, cw in todo:
                self.c.save()
                self.c.translate(x, y)
                self.c.rotate(ang)
                self.c.drawString(ch, -cw / 2, 0, f, line(pas, 7) if pas else fill(c, a))
                self.c.restore()

    # furniture ----------------------------------------------------------------------------------
    def compass(self, x, y, r, c=INK, accent=RED, ground=None):
        if ground:
            self.circle(x, y, r * 1.18, fill(ground))
        self.circle(x, y, r, line(c, 1.6))
        self.circle(x, y, r * 0.86, line(c, 1))
        for i in range(72):
            a = math.radians(i * 5)
            r0 = r * (0.80 if i % 6 == 0 else 0.86)
            self.seg(x + r0 * math.sin(a), y - r0 * math.cos(a), x + r * math.sin(a), y - r * math.cos(a), line(c, 1.2))
        for i in range(8):
            a = math.radians(45 * i)
            L = r * (0.74 if i % 2 == 0 else 0.42)
            b = r * 0.12
            tip = (x + L * math.sin(a), y - L * math.cos(a))
            for side in (1, -1):
                m = a + side * math.radians(45)
                q = poly([(x, y), (x + b * math.sin(m), y - b * math.cos(m)), tip])
                col = accent if i == 0 else c
                self.path(q, fill(col) if side == 1 else fill(PAPER if ground != INK else INK), line(col, 1.2))


    def frame(self, c=INK, ground=PAPER, m=34):
        out = skia.Path()
        out.addRect(skia.Rect.MakeWH(self.w, self.h))
        out.addRect(skia.Rect.MakeLTRB(m, m, self.w - m, self.h - m))
        out.setFillType(skia.PathFillType.kEvenOdd)
        self.path(out, fill(ground))
        self.rect(m, m, self.w - 2 * m, self.h - 2 * m, line(c, 2.2))
        self.rect(m - 11, m - 11, self.w - 2 * m + 22, self.h - 2 * m + 22, line(c, 1.4))
        return self

    # printing -----------------------------------------------------------------------------------
    def png(self, path):
        self.surface.makeImageSnapshot().save(path, skia.kPNG)

    def image(self):
        return Image.fromarray(self.surface.makeImageSnapshot().convert(alphaType=skia.kUnpremul_AlphaType, colorType=skia.kRGBA_8888_ColorType).toarray(colorType=skia.kRGBA_8888_ColorType), "RGBA").convert("RGB")

    def webp(self, path, limit):
        im = self.image()
        for q in (90, 86, 82, 76, 70, 62, 54, 45):
            b = io.BytesIO()
            im.save(b, "WEBP", quality=q, method=4)
            if b.tell() < limit:
                break
        with open(path, "wb") as f:
            f.write(b.getvalue())
        return b.tell(), q


def fleck(page, seed=1, n=260, c=INK, a=0.10):
    """Print flecks: sparse, so the file stays small."""
    r = random.Random(seed)
    for _ in range(n):
        page.circle(r.uniform(0, page.w), r.uniform(0, page.h), r.uniform(0.6, 1.4), fill(c, a))
