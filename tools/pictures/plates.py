"""The thirteen illustrations."""
from press import *

PLATES = {}
sin, cos, pi = math.sin, math.cos, math.pi


def plate(slug):
    return lambda f: PLATES.setdefault(slug, f)


def rectp(x, y, w, h, r=0):
    p = skia.Path()
    p.addRoundRect(skia.Rect.MakeXYWH(x, y, w, h), r, r)
    return p


def circ(x, y, r):
    p = skia.Path()
    p.addCircle(x, y, r)
    return p


def meet(a, b, op=skia.PathOp.kIntersect_PathOp):
    return skia.Op(a, b, op)


def waves(p, y0, y1, gap, c, w=1.6, a=1, amp=5, wl=90, x0=0, x1=W):
    y, i = y0, 0
    while y < y1:
        p.path(smooth([(x, y + amp * sin(x / wl * 2 * pi / 2 + i * 1.7)) for x in np.arange(x0 - 40, x1 + 60, wl / 4)]), line(c, w, a))
        y += gap; i += 1


@plate("how-to-read-a-communique")
def communique():
    p = Page(OCHRE)
    for i in range(60):  # desk grain
        p.path(smooth([(x, 20 + i * 18 + 5 * sin(x / 300 + i * .4)) for x in range(-20, 1700, 120)]), line("#c18c2c", 1.3, .8))
    c = p.c
    c.save(); c.translate(720, 520); c.rotate(-6)
    p.rect(-388, -470 + 16, 800, 1100, fill(INK, .28))
    p.rect(-400, -470, 800, 1100, fill("#fbf8f1"), line(INK, 2))
    p.rect(-330, -410, 250, 12, fill(INK)); p.rect(-330, -384, 160, 7, fill(INK, .4))
    p.seg(-352, -330, -352, 600, line(RED, 2))
    r = random.Random(4)
    y = -300
    words = {1: ("welcomed", INK, 0), 4: ("noted", INK, 0), 7: ("took note of", RED, 1), 10: ("recalled", INK, 0)}
    for i in range(14):
        x = -330
        if i in words:
            wd, col, under = words[i]
            n = p.text(wd, x, y + 13, 58, col)
            if under:
                p.path(smooth([(x, y + 28), (x + n * .3, y + 24), (x + n * .7, y + 30), (x + n, y + 25)]), line(RED, 4))
            x += n + 22
        end = 330 - r.choice([0, 10, 30, 60, 180 if i in (3, 9) else 20])
        while x < end - 20:
            L = min(r.uniform(34, 130), end - x)
            p.rect(x, y, L, 9, fill(INK, .62)); x += L + 12
        if i == 5:
            p.seg(-336, y + 5, 300, y + 1, line(RED, 5))
        y += 54
    p.text("[", -388, -50, 92, RED, "serif"); p.text("]", 338, -50, 92, RED, "serif")
    c.restore()
    # ribbon and seal
    p.path(poly([(1010, 700), (915, 1040), (990, 1020), (1040, 1040), (1085, 720)]), fill(INK))
    p.path(poly([(1090, 720), (1150, 1040), (1200, 1020), (1255, 1040), (1160, 690)]), fill("#22315a"))
    q = smooth([(1085 + (142 + 9 * sin(11 * t) + 4 * sin(5 * t)) * cos(t), 690 + (142 + 9 * sin(11 * t) + 4 * sin(5 * t)) * sin(t)) for t in np.linspace(0, 2 * pi, 90)[:-1]], True)
    q2 = skia.Path(q); q2.offset(7, 10); p.path(q2, fill(INK, .3)); p.path(q, fill(RED)); p.hatch(q, "#a93620", gap=7, w=1.6, angle=45)
    p.circle(1085, 690, 108, fill(RED), line("#f0b8a2", 3)); p.circle(1085, 690, 98, line("#f0b8a2", 1.4))
    for i in range(16):
        a = i * pi / 8; L = 84 if i % 4 == 0 else 60 if i % 2 == 0 else 36
        p.path(poly([(1085 + L * sin(a), 690 - L * cos(a)), (1085 + 13 * sin(a + .6), 690 - 13 * cos(a + .6)), (1085 + 13 * sin(a - .6), 690 - 13 * cos(a - .6))]), fill("#f7d9c8"))
    # pen
    c.save(); c.translate(1180, 430); c.rotate(-52)
    p.rect(96, -15, 560, 46, fill(INK, .22))
    p.path(poly([(0, 0), (70, -21), (104, -21), (104, 21), (70, 21)]), fill("#e9e2cf"), line(INK, 2.4)); p.seg(0, 0, 70, 0, line(INK, 2)); p.circle(72, 0, 6, fill(INK))
    p.rect(104, -26, 40, 52, fill(RED)); p.rect(144, -26, 620, 52, fill(INK)); p.rect(144, -14, 620, 6, fill("#3b4a78"))
    c.restore()
    p.path(smooth([(1180, 430), (1150, 446), (1120, 440), (1095, 452), (1060, 444)]), line(INK, 4)) if 0 else None
    return p.frame()


@plate("the-cables-beneath-the-argument")
def cables():
    p = Page(PAPER)
    p.circle(1180, 180, 74, fill(OCHRE))
    for i in range(7):
        p.seg(1070 - i * 14, 140 + i * 16, 1290 + i * 6, 140 + i * 16, line(PAPER, 3))
    for x0, x1, s in ((-10, 330, 1), (1610, 1230, -1)):  # coasts
        pass
    sea = [(0, 330)] + [(x, 330 + 7 * sin(x / 46)) for x in range(0, 1640, 20)]
    bands = [(330, "#a9c0c0"), (450, TEAL), (580, "#3c5f70"), (715, "#263f60"), (830, INK)]
    for i, (y, col) in enumerate(bands):
        top = [(x, y + (8 if i == 0 else 16) * sin(x / (46 if i == 0 else 190) + i) + (0 if i == 0 else 8 * sin(x / 71 + i * 2))) for x in range(-20, 1660, 14)]
        q = poly(top + [(1660, 1000), (-20, 1000)]); p.path(q, fill(col))
        if i < 4:
            y2 = bands[i + 1][0]
            for k in range(1, 5):
                yy = y + (y2 - y) * k / 5
                p.path(smooth([(x, yy + 12 * sin(x / 190 + i + k * .1) + 6 * sin(x / 71 + i * 2)) for x in range(-20, 1700, 40)]), line(PAPER, 1.1, .28, dash=(30 + 9 * k, 22)))
    def bed(x):
        s = lambda t: max(0, min(1, t)) ** 2 * (3 - 2 * max(0, min(1, t)))
        return 296 + 600 * s((x - 150) / 380) * s((1450 - x) / 380) - 76 * math.exp(-((x - 760) / 90) ** 2) - 40 * math.exp(-((x - 1010) / 60) ** 2) + 9 * sin(x / 60) * s((x - 200) / 200) * s((1400 - x) / 200)
    pts = [(x, bed(x)) for x in range(-20, 1641, 8)]
    q = poly(pts + [(1640, 1000), (-20, 1000)])
    p.path(q, fill("#ead9b0"))
    with p.within(q):
        for k in range(1, 40):
            p.path(smooth([(x, bed(x) + k * 13 + k * .6 * sin(x / 90 + k * .3)) for x in range(-40, 1700, 24)]), line("#b08a3e", 1.3, .75))
    p.path(poly(pts, False), line(INK, 2.6))
    cab = [(x, bed(x) - 9 - (0 if not 860 < x < 960 else 10 * sin((x - 860) / 100 * pi))) for x in range(118, 1490, 10)]
    p.path(smooth(cab), line(INK, 13), line(RED, 8))
    for i in (27, 50, 72, 94, 112):
        (x1, y1), (x2, y2) = cab[i - 1], cab[i + 1]; a = math.degrees(math.atan2(y2 - y1, x2 - x1))
        p.c.save(); p.c.translate(*cab[i]); p.c.rotate(a); p.rect(-30, -14, 60, 28, fill(PAPER), line(INK, 3), r=12); p.rect(-12, -14, 24, 28, fill(OCHRE), line(INK, 2)); p.c.restore()
    # landing houses
    for x, s in ((104, 1), (1498, -1)):
        y = bed(x) + 2
        p.rect(x - 44, y - 58, 88, 62, fill(PAPER), line(INK, 2.6)); p.path(poly([(x - 56, y - 58), (x, y - 100), (x + 56, y - 58)]), fill(RED), line(INK, 2.6)); p.rect(x - 12, y - 34, 24, 38, fill(INK))
        p.rect(x - 36, y - 44, 14, 16, fill(INK)); p.rect(x + 22, y - 44, 14, 16, fill(INK))
    # the cable ship
    x, y = 640, 326
    p.path(poly([(x - 150, y - 34), (x + 172, y - 34), (x + 138, y + 20), (x - 128, y + 20)]), fill(INK)); p.path(poly([(x - 132, y + 8), (x + 146, y + 8), (x + 138, y + 20), (x - 128, y + 20)]), fill(RED))
    p.rect(x - 60, y - 82, 110, 48, fill(PAPER), line(INK, 2.6)); p.rect(x - 30, y - 112, 66, 30, fill(PAPER), line(INK, 2.6)); p.rect(x + 6, y - 152, 24, 40, fill(RED), line(INK, 2.6))
    for k in range(4): p.rect(x - 46 + k * 24, y - 68, 12, 14, fill(INK))
    p.circle(x - 140, y - 44, 19, fill(OCHRE), line(INK, 2.6)); p.seg(x + 110, y - 34, x + 110, y - 120, line(INK, 3))
    p.path(smooth([(x - 156, y - 40), (x - 182, y + 120), (x - 205, y + 330), (x - 175, bed(x - 175) - 9)]), line(PAPER, 2.6, dash=(3, 9)))
    with p.within(q, skia.ClipOp.kDifference):
        p.path(smooth([(x_, 330 + 7 * sin(x_ / 46)) for x_ in range(-20, 1660, 14)]), line(INK, 2.6))
    return p.frame()


@plate("salt-flats-and-sovereignty")
def salt():
    p = Page("#e9c98a"); p.c.clear(rgb("#f1dfb8"))
    p.circle(1130, 250, 118, fill(RED))
    for i in range(10): p.seg(980, 262 + i * 11, 1290, 262 + i * 11, line("#f1dfb8", 1 + i * .55, cap=False))
    hor = 470
    def range_(base, peaks, col, hcol, jitter, seed):
        r = random.Random(seed); pts = []
        xs = np.arange(-20, 1641, 10)
        for x in xs:
            h = max(pk[1] * max(0, 1 - abs(x - pk[0]) / pk[2]) ** 1.35 for pk in peaks)
            pts.append((x, base - h - r.uniform(0, jitter)))
        q = poly(pts + [(1640, base), (-20, base)]); p.path(q, fill(col))
        with p.within(q):
            for px, ph, pw in peaks:
                for k in range(-9, 10):
                    s = k * pw / 9
                    p.seg(px + k * 2.2, base - ph + 6 + abs(k) * 3, px + s * 1.05, base + 10, line(hcol, 1.4, .8))
        return q
    range_(hor, [(150, 150, 330), (560, 120, 340), (900, 90, 300), (1330, 130, 380), (1560, 150, 300)], TEAL, "#7d9ca2", 5, 1)
    range_(hor, [(330, 240, 330), (760, 130, 260), (1430, 210, 290)], INK, "#34446f", 5, 2)
    for px, ph in ((330, 240), (1430, 210)):  # snow
        y = hor - ph
        p.path(poly([(px - 4, y + 1), (px + 40, y + 52), (px + 22, y + 46), (px + 12, y + 66), (px - 4, y + 46), (px - 20, y + 62), (px - 28, y + 44), (px - 44, y + 52)]), fill(PAPER))
    p.rect(0, hor, W, 540, fill("#fbf8f0"))
    p.rect(0, hor, W, 16, fill(MIST))
    # hexagons in perspective
    f = 640.0
    def pr(X, Z): return 800 + f * X / Z, hor + 12 + 300 / Z * 2.2
    s = .42
    r = random.Random(8); path = skia.Path()
    for row in range(2, 60):
        Z0 = 0.9 + row * s * 1.5 * .5
        for col in range(-60, 61):
            X0 = (col + (.5 if row % 2 else 0)) * s * math.sqrt(3) * .62
            pts = []
            for k in range(6):
                a = pi / 6 + k * pi / 3
                j = math.sin(37.1 * round((X0 + s * .62 * cos(a)) * 40) + 91.7 * round((Z0 + s * .5 * sin(a)) * 40)) * .018
                pts.append(pr(X0 + s * .62 * cos(a) + j, max(.5, Z0 + s * .5 * sin(a) + j)))
            if pts[0][0] < -200 or pts[0][0] > 1800: continue
            q = poly(pts)
            u = r.random()
            if Z0 < 6 and u < .05: p.path(q, fill(OCHRE, .8))
            elif Z0 < 8 and u < .13: p.hatch(q, TEAL, gap=8, w=1.2, angle=0, a=.7)
            p.path(q, line("#8fa5a4" if Z0 > 3 else TEAL, max(.7, min(4.2, 4.6 / Z0)), min(1, .35 + 2 / Z0)))
    # brine pools: three claims on the same flat
    for X0, Z0, w_, d, col in ((-.95, 2.0, .42, .34, TEAL), (-.42, 2.0, .42, .34, OCHRE), (.11, 2.0, .42, .34, "#b9cfcb"), (-.95, 2.5, .42, .4, "#b9cfcb"), (-.42, 2.5, .42, .4, TEAL), (.11, 2.5, .42, .4, RED)):
        q = poly([pr(X0, Z0), pr(X0 + w_, Z0), pr(X0 + w_, Z0 + d), pr(X0, Z0 + d)]); p.path(q, fill(col), line(INK, 2.6)); p.hatch(q, PAPER, gap=8, w=1.2, angle=0, a=.5)
    return p.frame()


@plate("the-interpreter-in-the-room")
def interpreter():
    p = Page(PAPER)
    cx, cy, R, rr = 800, 500, 232, 205
    for i in range(24):
        p.circle(cx, cy, 470 + i * 24, line("#e2d6bb", 1.2))
    cols = [TEAL, OCHRE, INK, "#b9cfcb", RED, "#e7cf95"]
    shapes = []
    for i in range(6):
        a = -pi / 2 + i * pi / 3
        x, y = cx + R * 1.32 * cos(a), cy + R * .98 * sin(a)
        q = circ(x, y, rr)
        tx, ty = cx + R * 2.55 * cos(a), cy + R * 1.9 * sin(a)
        px, py = -sin(a), cos(a)
        tail = poly([(x + rr * .75 * cos(a) + px * 75, y + rr * .75 * sin(a) + py * 75), (tx + px * 46, ty + py * 46), (x + rr * .9 * cos(a) - px * 15, y + rr * .9 * sin(a) - py * 15)])
        q = meet(q, tail, skia.PathOp.kUnion_PathOp)
        shapes.append(q)
    for i, q in enumerate(shapes):
        p.path(q, fill(cols[i], .92))
    for i, q in enumerate(shapes):
        j = (i + 1) % 6
        o = meet(q, shapes[j])
        p.path(o, fill(PAPER)); p.hatch(o, cols[i], gap=10, w=3.2, angle=45); p.hatch(o, cols[j], gap=10, w=3.2, angle=-45)
    for q in shapes: p.path(q, line(INK, 2.6))
    # each speaker's line of speech, its own stroke
    for i in range(6):
        a = -pi / 2 + i * pi / 3
        x, y = cx + R * 1.5 * cos(a), cy + R * 1.12 * sin(a)
        col = PAPER if cols[i] in (INK, TEAL, RED) else INK
        for k in range(3):
            yy = y - 26 + k * 26; L = (66, 84, 50)[k] 
            if i == 0: q = poly([(x - L, yy), (x + L, yy)], False)
            elif i == 1: q = smooth([(x - L + t * L / 6, yy + 6 * (-1) ** t) for t in range(13)])
            elif i == 2: q = poly([(x - L + t * L / 5, yy + 7 * (-1) ** t) for t in range(11)], False)
            elif i == 3: q = None
            elif i == 4: q = smooth([(x - L + t * L / 8, yy + 8 * sin(t * 1.1)) for t in range(17)])
            else: q = poly([(x - L + t * L / 4, yy + (6 if (t // 2) % 2 else -6)) for t in range(9)], False)
            if q is None:
                for t in range(7): p.circle(x - L + t * L / 3, yy, 5, fill(col))
            else: p.path(q, line(col, 4.4))
    # the one who hears them all
    p.circle(cx, cy, 112, fill(PAPER), line(INK, 2.6))
    p.circle(cx, cy + 8, 50, fill(INK)); p.arc(cx, cy + 4, 70, 186, 354, line(RED, 10))
    for s in (-1, 1): p.rect(cx + s * 68 - 14, cy - 10, 28, 52, fill(RED), r=11)
    p.path(smooth([(cx - 68, cy + 42), (cx - 56, cy + 66), (cx - 22, cy + 74)]), line(RED, 5)); p.circle(cx - 18, cy + 74, 8, fill(RED))
    return p.frame()


@plate("the-passport-ladder")
def passport():
    p = Page("#e3e6da")
    for k in range(26):  # guilloche
        n = 200; ph = k * .045
        p.path(smooth([(800 + (690 - k * 16) * cos(t) * (1 + .10 * sin(9 * t + ph * 20)), 500 + (430 - k * 10) * sin(t) * (1 + .10 * cos(9 * t + ph * 20))) for t in np.linspace(0, 2 * pi, n)], True), line(TEAL, 1.0, .36))
    p.seg(800, 0, 800, 1000, line(TEAL, 2, .7, dash=(9, 9)))
    # the ladder: rungs between the pages
    def stamp(x, y, ang, col, draw):
        p.c.save(); p.c.translate(x, y); p.c.rotate(ang); draw(col); p.c.restore()
    L = lambda c, w=6: line(c, w)
    def rect_(w, h, top, mid, bot):
        def d(c):
            p.rect(-w / 2, -h / 2, w, h, fill("#e3e6da", .55), L(c, 7), r=14); p.rect(-w / 2 + 13, -h / 2 + 13, w - 26, h - 26, L(c, 2.4), r=7)
            p.text(top, 0, -h / 2 + 62, 36, c, "sans", "m", track=7); p.seg(-w / 2 + 13, -h / 2 + 80, w / 2 - 13, -h / 2 + 80, L(c, 2.4)); p.seg(-w / 2 + 13, h / 2 - 66, w / 2 - 13, h / 2 - 66, L(c, 2.4))
            p.text(mid, 0, 20, 52, c, "serif", "m", track=3); p.text(bot, 0, h / 2 - 30, 27, c, "sans", "m", track=4)
        return d
    def ring(r, word, sub):
        def d(c):
            p.circle(0, 0, r, fill("#e3e6da", .55), L(c, 7)); p.circle(0, 0, r - 15, L(c, 2.4)); p.circle(0, 0, r * .62, L(c, 2.4))
            pts = [((r * .72) * sin(a), -(r * .72) * cos(a)) for a in np.linspace(-1.5, 1.5, 24)]; p.curve_text(word, pts, 34, c, "sans", track=8)
            for i in range(-4, 5): 
                a = pi + i * .2; p.circle(r * .79 * sin(a), -r * .79 * cos(a), 4.5, fill(c))
            p.text(sub, 0, 15, 46, c, "serif", "m")
        return d
    def tri(s, word):
        def d(c):
            for k, w in ((1, 7), (.86, 2.4)): p.path(poly([(0, -s * k), (s * .98 * k, s * .68 * k), (-s * .98 * k, s * .68 * k)]), L(c, w))
            p.text(word, 0, s * .40, 38, c, "sans", "m", track=5); p.path(poly([(-40, -12), (0, -62), (40, -12)], False), L(c, 6)); p.seg(0, -60, 0, 20, L(c, 6))
        return d
    def hexa(s, word, sub):
        def d(c):
            for k, w in ((1, 7), (.88, 2.4)): p.path(poly([(s * k * cos(a), s * k * .72 * sin(a)) for a in [i * pi / 3 for i in range(6)]]), L(c, w))
            p.text(word, 0, 4, 50, c, "serif", "m", track=3); p.text(sub, 0, 48, 25, c, "sans", "m", track=4)
        return d
    def oval(w, h, word, sub):
        def d(c):
            p.c.drawOval(skia.Rect.MakeXYWH(-w, -h, 2 * w, 2 * h), fill("#e3e6da", .55))
            for k, ww in ((0, 7), (15, 2.4)): p.c.drawOval(skia.Rect.MakeXYWH(-w + k, -h + k, 2 * w - 2 * k, 2 * h - 2 * k), L(c, ww))
            p.text(word, 0, 4, 50, c, "serif", "m", track=3); p.text(sub, 0, 46, 26, c, "sans", "m", track=4)
        return d
    stamp(300, 270, -9, INK, rect_(390, 264, "ENTRY", "Admitted", "BY LAND"))
    stamp(680, 690, -14, RED, ring(196, "PORT OF CALL", "Seen"))
    stamp(850, 240, 7, TEAL, oval(236, 132, "Transit", "NOT BEYOND THE QUAY"))
    stamp(1330, 300, -12, RED, rect_(350, 250, "EXIT", "Departed", "BY SEA"))
    stamp(1230, 720, 11, INK, hexa(246, "Permitted", "THIRTY DAYS"))
    stamp(290, 720, 11, "#b07f1e", tri(176, "ARRIVED"))
    return p.frame()


@plate("wheat-straits-and-bread")
def wheat():
    p = Page("#f4e6c6")
    p.circle(420, 300, 130, fill(RED))
    for i in range(12): p.seg(270, 318 + i * 10, 570, 318 + i * 10, line("#f4e6c6", 1 + i * .5, cap=False))
    hor = 420
    p.rect(0, hor - 46, W, 60, fill(TEAL)); waves(p, hor - 38, hor + 6, 9, "#a5bfc0", 1.4, .8, 2, 60)
    x, y = 1080, hor - 44  # bulk carrier
    p.path(poly([(x - 190, y - 22), (x + 210, y - 22), (x + 184, y + 16), (x - 172, y + 16)]), fill(INK)); p.rect(x - 176, y - 84, 60, 62, fill(PAPER), line(INK, 2.4)); p.rect(x - 160, y - 112, 26, 28, fill(RED), line(INK, 2.4))
    for k in range(5): p.rect(x - 96 + k * 56, y - 34, 42, 13, fill(OCHRE), line(INK, 2))
    for k in (0, 2): p.seg(x - 46 + k * 56, y - 34, x - 46 + k * 56, y - 86, line(INK, 3)); p.seg(x - 46 + k * 56, y - 86, x - 10 + k * 56, y - 46, line(INK, 2.4))
    for k in range(4): p.rect(x - 168 + (k % 2) * 26, y - 74 + (k // 2) * 22, 14, 10, fill(INK))
    p.rect(0, hor + 2, W, 600, fill(OCHRE))
    vx, vy = 880, hor - 30
    xs = np.linspace(-4200, 5900, 66)
    field = rectp(0, hor + 2, W, 600)
    with p.within(field):
        for i in range(0, 64, 2):
            p.path(poly([(vx, vy), (xs[i], 1040), (xs[i + 1], 1040)]), fill("#b9822a"))
        for i in range(0, 65):
            for k in range(30):
                t = .09 + .91 * (k / 30) ** 1.7
                X = vx + (xs[i] - vx) * t; Y = vy + (1040 - vy) * t
                if 0 < X < W and t > .13:
                    h = 34 * t
                    p.seg(X, Y, X - h * .35, Y - h, line("#f2d58e", 1 + 2 * t)); p.seg(X, Y, X + h * .35, Y - h, line(INK if i % 4 == 0 else "#f2d58e", 1 + 1.6 * t, .75))
    def ear(x, y, s, lean, col, ink):
        p.path(smooth([(x, 1010), (x + lean * .25, y + 300 * s), (x + lean * .7, y + 120 * s), (x + lean, y)]), line(ink, 8 * s))
        for k in range(9):
            yy = y + 10 * s + k * 29 * s; cx = x + lean * (1 - (k * .04))
            for d in (-1, 1):
                p.c.save(); p.c.translate(cx, yy); p.c.rotate(d * 27)
                q = smooth([(0, 0), (d * 17 * s, -20 * s), (d * 11 * s, -52 * s), (0, -66 * s), (d * -7 * s, -34 * s)], True); p.path(q, fill(col), line(ink, 2.6)); p.seg(0, -66 * s, d * 7 * s, -128 * s, line(ink, 2)); p.c.restore()
        q = smooth([(x + lean, y + 6 * s), (x + lean + 13 * s, y - 26 * s), (x + lean, y - 62 * s), (x + lean - 13 * s, y - 26 * s)], True); p.path(q, fill(col), line(ink, 2.6)); p.seg(x + lean, y - 60 * s, x + lean, y - 130 * s, line(ink, 2))
    ear(170, 420, 1.15, 26, "#f7e3ad", INK); ear(330, 560, .95, -20, "#f7e3ad", INK); ear(1490, 480, 1.05, -34, "#f7e3ad", INK)
    return p.frame()


@plate("japan-and-the-diplomacy-of-concrete")
def concrete():
    p = Page("#dfe4dd")
    for i in range(26): p.seg(0, 60 + i * 21, W, 60 + i * 21, line("#c6d0cb", 1.2))
    p.circle(560, 380, 190, fill(RED))
    wl = 760
    far = poly([(-20, wl)] + [(x, wl - 60 - 55 * abs(sin(x / 210 + .8)) - 20 * sin(x / 77)) for x in range(-20, 1660, 20)] + [(1640, wl)])
    p.path(far, fill("#a9bfc0")); p.hatch(far, TEAL, gap=9, w=1.1, angle=90, a=.5)
    p.rect(0, wl, W, 300, fill(INK))
    # deck and two pylons
    deck = 640
    for x in (330, 800):
        p.path(poly([(x - 13, 170), (x + 13, 170), (x + 40, wl + 20), (x - 40, wl + 20)]), fill("#f2ead8"), line(INK, 3))
        q = poly([(x, 170), (x + 13, 170), (x + 40, wl + 20), (x, wl + 20)]); p.hatch(q, INK, gap=7, w=1.2, angle=0, a=.55)
        for k in range(15):
            for d in (-1, 1): p.seg(x, 186 + k * 17, x + d * (30 + (k + .5) * 13.8 ), deck, line(INK, 2)) if 0 else p.seg(x, 186 + (14 - k) * 15, x + d * (28 + k * 14.6), deck, line(INK, 1.9))
    p.rect(0, deck, 1092, 22, fill("#f2ead8"), line(INK, 3)); p.rect(0, deck + 22, 1092, 9, fill(INK))
    for x in range(60, 1090, 118):
        if abs(x - 330) > 60 and abs(x - 800) > 60: p.rect(x - 7, deck + 30, 14, wl - deck - 20, fill("#f2ead8"), line(INK, 2.2))
    # unfinished span: the deck stops, reinforcement shows
    for k in range(3): p.seg(1092, deck + 5 + k * 7, 1128 + 12 * (k % 2), deck + 5 + k * 7, line(RED, 3))
    # quay and gantry cranes
    p.rect(1150, wl - 62, 470, 320, fill("#f2ead8"), line(INK, 3)); p.hatch(rectp(1150, wl - 40, 470, 300), TEAL, gap=12, w=1.3, angle=45, a=.7)
    for x, c in ((1258, OCHRE), (1446, INK)):
        y = wl - 62
        for d in (0, 92): p.rect(x + d - 6, y - 330, 13, 330, fill(c))
        p.rect(x - 22, y - 120, 136, 12, fill(c)); p.seg(x, y - 120, x + 92, y - 320, line(c, 6)); p.seg(x + 92, y - 120, x, y - 320, line(c, 6))
        p.rect(x - 190, y - 344, 350, 17, fill(c)); p.path(poly([(x + 30, y - 344), (x + 46, y - 452), (x + 62, y - 344)]), fill(c)); p.seg(x + 46, y - 450, x - 180, y - 342, line(c, 4)); p.seg(x + 46, y - 450, x + 156, y - 342, line(c, 4))
        p.seg(x - 118, y - 327, x - 118, y - 190, line(INK, 2)); p.seg(x - 98, y - 327, x - 98, y - 190, line(INK, 2)); p.rect(x - 150, y - 190, 84, 38, fill(RED), line(INK, 2.4))
        for k in range(1, 5): p.seg(x - 150 + k * 17, y - 190, x - 150 + k * 17, y - 152, line(INK, 1.4, .7))
    r = random.Random(3)
    for cx in range(5):
        for cy in range((2, 1, 3, 2, 3)[cx]):
            X, Y = 1164 + cx * 84, wl - 62 - 36 * (cy + 1); col = r.choice([TEAL, PAPER, RED, OCHRE, "#a9bfc0"])
            p.rect(X, Y, 80, 34, fill(col), line(INK, 2.2)); [p.seg(X + k * 13, Y + 3, X + k * 13, Y + 31, line(INK, 1.2, .6)) for k in range(1, 6)]
    # water
    rw = random.Random(5)
    with p.within(rectp(0, wl + 4, 1148, 300)):
        for k in range(150):
            y = wl + 10 + (k / 150) ** 1.3 * 230; L = 30 + (y - wl) * .7; x = rw.uniform(-40, 1160)
            c = RED if abs(x + L / 2 - 560) < 175 - (y - wl) * .2 else "#8fabb0" if rw.random() < .7 else "#f2ead8"
            p.seg(x, y, x + L, y, line(c, 2.2, .85))
    return p.frame()


@plate("small-islands-large-rooms")
def islands():
    p = Page(INK)
    bands = [(0, INK), (150, "#22315a"), (255, "#3c4f70"), (345, TEAL), (415, "#d9b98a"), (470, OCHRE)]
    for y, c in bands:
        q = poly([(x, y + (0 if y == 0 else 9 * sin(x / 170 + y))) for x in range(-20, 1660, 40)] + [(1660, 560), (-20, 560)]); p.path(q, fill(c))
    for y, c, a in ((150, PAPER, .3), (255, PAPER, .3), (345, PAPER, .35), (415, INK, .3), (470, INK, .35)):
        for k in range(1, 5): p.path(smooth([(x, y - 8 - k * 13 + 9 * sin(x / 170 + y)) for x in range(-20, 1680, 60)]), line(c, 1.1, a, dash=(46, 16 + 10 * k)))
    r = random.Random(11)
    for _ in range(42): p.circle(r.uniform(40, 1560), r.uniform(45, 190), r.choice([1.6, 2.2, 2.8]), fill(PAPER, .85))
    hor = 545
    with p.within(rectp(0, 0, W, hor)): p.circle(1030, hor - 20, 132, fill(RED))
    p.rect(0, hor, W, 460, fill("#2f5068"))
    rw = random.Random(2)
    for k in range(330):
        t = (k / 330) ** 1.5; y = hor + 5 + t * 440; L = 24 + 130 * t * rw.uniform(.5, 1); x = rw.uniform(-60, 1640)
        d = abs(x + L / 2 - 1030); c, a = (OCHRE, .95) if d < 60 + 70 * t else ("#c98b5a", .8) if d < 150 + 60 * t else ("#7fa1a8", .75)
        p.seg(x, y, x + L, y, line(c, 1.4 + 2.2 * t, a))
    for k in range(16): p.seg(1030 - 118 + k * 5.5, hor + 6 + k * 11, 1030 + 118 - k * 5.5, hor + 6 + k * 11, line(RED, 3.4))
    def isle(cx, base, w, h, col, hc, seed, palm=0):
        r = random.Random(seed); n = 30
        pts = [(cx - w + 2 * w * i / n, base - h * (sin(pi * i / n) ** 1.25) * (1 + .22 * sin(i * .9 + seed)) - (r.uniform(0, 3))) for i in range(n + 1)]
        q = smooth(pts); q.lineTo(cx + w, base); q.close(); p.path(q, fill(col)); p.hatch(q, hc, gap=8, w=1.3, angle=62, a=.8)
        for k in range(1, 6):  # reef lines
            p.seg(cx - w * (1.12 - k * .05), base + k * 8, cx + w * (1.12 - k * .05), base + k * 8, line(PAPER if k % 2 else "#9fb9bb", 2.2, .8 - k * .1, dash=(60 + 12 * k, 14)))
        for i in range(palm):
            x = cx - w * .55 + i * w * .30 + r.uniform(-8, 8); b = base - h * .55 * (1 - abs(i - palm / 2) / palm) ; s = r.uniform(.8, 1.25); le = r.uniform(-16, 20)
            p.path(smooth([(x, b + 10), (x + le * .3, b - 40 * s), (x + le, b - 86 * s)]), line("#0d1730", 5.5))
            for a in (-160, -128, -60, -25, 8, 172): 
                k = math.radians(a); p.path(smooth([(x + le, b - 86 * s), (x + le + 24 * s * cos(k), b - 86 * s + 24 * s * sin(k) - 5), (x + le + 44 * s * cos(k), b - 86 * s + 44 * s * sin(k) + 15)]), line("#0d1730", 5))
    isle(230, hor + 2, 170, 62, "#3c4f70", "#5b7f86", 1); isle(1400, hor + 2, 190, 84, "#3c4f70", "#5b7f86", 4); isle(660, hor + 2, 90, 30, "#3c4f70", "#5b7f86", 2)
    isle(430, 668, 250, 92, "#101c38", "#2a3c62", 6, 4); isle(1290, 742, 200, 64, "#101c38", "#2a3c62", 3, 3); isle(250, 862, 170, 46, "#0d1730", "#2a3c62", 8, 3)
    return p.frame()


@plate("noon-is-a-political-decision")
def noon():
    p = Page(PAPER)
    cx, cy, R = 800, 1010, 560
    # the sun's road
    for k, r in enumerate((660, 760, 860)):
        p.arc(cx, cy, r, 180, 360, line(OCHRE if k == 1 else "#dfcfa6", 3 if k == 1 else 1.4, dash=None if k == 1 else (3, 9)))
    for i in range(0, 49):
        a = pi + i * pi / 48; r0, r1 = 860, 884 if i % 4 == 0 else 872
        p.seg(cx + r0 * cos(a), cy + r0 * sin(a), cx + r1 * cos(a), cy + r1 * sin(a), line(INK, 2.4 if i % 4 == 0 else 1.3))
    for i in range(1, 12):
        a = pi + i * pi / 12; x, y = cx + 760 * cos(a), cy + 760 * sin(a)
        if i == 6: continue
        s = 19 + 3 * (6 - abs(6 - i)); p.circle(x, y, s, fill(PAPER)); p.circle(x, y, s, fill(OCHRE, .25 + .1 * (6 - abs(6 - i))), line(OCHRE, 2.6))
    x, y = cx, cy - 760
    for i in range(48):
        a = i * pi / 24; r1 = 102 if i % 2 else 122; p.seg(x + 78 * cos(a), y + 78 * sin(a), x + r1 * cos(a), y + r1 * sin(a), line(RED, 3.4)) if y + r1 * sin(a) > 40 else None
    p.circle(x, y, 66, fill(RED))
    # the globe, gored into zones
    g = circ(cx, cy, R); p.path(g, fill(INK))
    with p.within(g):
        n = 12
        def mer(k): return [(cx + R * sin(k) * cos(t), cy - R * sin(t)) for t in np.linspace(-.2, pi / 2, 40)]
        for i in range(n):
            a0, a1 = -pi / 2 + i * pi / n, -pi / 2 + (i + 1) * pi / n
            q = poly(mer(a0) + mer(a1)[::-1])
            c = [INK, "#22315a", TEAL, "#a9bfc0", "#e7dcc0", PAPER, PAPER, "#e7dcc0", "#a9bfc0", TEAL, "#22315a", INK][i]
            p.path(q, fill(c))
            if i % 2: p.hatch(q, INK if 2 <= i <= 9 else "#3c4f70", gap=9, w=1.2, angle=0, a=.5)
        for i in range(n + 1): p.path(poly(mer(-pi / 2 + i * pi / n), False), line(INK if 2 < i < 10 else "#5b6a92", 1.8))
        for la in (15, 30, 45, 60, 75):
            k = math.radians(la); p.seg(cx - R * cos(k), cy - R * sin(k), cx + R * cos(k), cy - R * sin(k), line(INK, 1, .5, dash=(2, 7)))
        # the border that argues with the meridian
        z = [(0, 0), (6, .1), (6, .2), (58, .235), (62, .34), (18, .37), (-46, .43), (-50, .53), (-8, .57), (44, .63), (40, .72), (4, .78), (0, 1)]
        q = poly([(cx + 130 * (1 - t * .55) * 0 + dx * 1.5, cy - R * t) for dx, t in z], False); p.path(q, line(PAPER, 13), line(RED, 6.5))
    p.path(g, line(INK, 3))
    p.seg(cx, cy - R, cx, cy - 660 - 14, line(INK, 3, dash=(2, 9)))
    for t, a in (("VI", 0), ("IX", 3), ("XV", 9), ("XVIII", 12)):
        k = pi + a * pi / 12; p.text(t, cx + 925 * cos(k) if a in (3, 9) else cx + (-700 if a == 0 else 690), cy + 925 * sin(k) + 4 if a in (3, 9) else 940, 36, INK, "serif", "m") if a in (3, 9) else None
    return p.frame()


@plate("the-refinery-is-the-chokepoint")
def refinery():
    p = Page(PAPER)
    # strata, narrowing through one throat
    cols = ["#d8c7a0", OCHRE, "#a9bfc0", "#e7cf95", TEAL, "#c8a45a", INK]
    def edge(i, x):
        base = 596 + i * 60
        return base + 26 * sin(x / 180 + i * .7) + 12 * sin(x / 61 + i * 1.3) + 40 * math.exp(-((x - 800) / 150) ** 2) * (1 - i / 7)
    for i, c in enumerate(cols):
        q = poly([(x, edge(i, x)) for x in range(-20, 1660, 12)] + [(1660, 1020), (-20, 1020)])
        p.path(q, fill(c), line(INK, 2.2))
        band = poly([(x, edge(i, x)) for x in range(-20, 1660, 12)] + [(x, edge(i + 1, x)) for x in range(1640, -30, -12)])
        if i in (0, 3): p.dots(band, INK, gap=17, r=1.7, a=.55)
        elif i in (1, 5): p.hatch(band, INK, gap=10, w=1.2, angle=45 if i == 1 else -45, a=.4)
        elif i == 2: p.hatch(band, INK, gap=9, w=1.1, angle=0, a=.4)
        elif i == 4: 
            for k in range(60): 
                x = 20 + k * 27; y = edge(4, x) + 30 + 8 * (k % 2); p.path(poly([(x - 8, y), (x, y - 9), (x + 8, y), (x, y + 9)]), line(PAPER, 1.8, .8))
    # pipes from the seams to the still
    for x, i in ((250, 2), (480, 4), (1120, 4), (1350, 1)):
        y = edge(i, x) + 34
        q = skia.Path(); q.moveTo(x, y); q.lineTo(x, 560); q.lineTo(800, 560) if 0 else q.quadTo(x, 520, x + (40 if x < 800 else -40), 520); q.lineTo(800, 520)
        p.path(q, line(INK, 17), line(PAPER, 10)); p.circle(x, y, 13, fill(RED), line(INK, 3))
    still = smooth([(725, 596), (715, 540), (738, 500), (778, 474), (780, 430), (820, 430), (822, 474), (862, 500), (885, 540), (875, 596)], False); still.close()
    p.path(still, fill(RED), line(INK, 3.4)); p.hatch(still, "#a93620", gap=8, w=1.6, angle=0); p.rect(784, 388, 32, 46, fill(RED), line(INK, 3.2))
    p.seg(700, 596, 900, 596, line(INK, 6)); 
    # the seventeen
    E = [("Sc", 21), ("Y", 39), ("La", 57), ("Ce", 58), ("Pr", 59), ("Nd", 60), ("Pm", 61), ("Sm", 62), ("Eu", 63), ("Gd", 64), ("Tb", 65), ("Dy", 66), ("Ho", 67), ("Er", 68), ("Tm", 69), ("Yb", 70), ("Lu", 71)]
    s = 112; hot = {"Nd": RED, "Pr": RED, "Dy": RED, "Tb": RED}
    for k, (n, z) in enumerate(E):
        row, col = (0, k) if k < 9 else (1, k - 9)
        x = 800 - (9 if row == 0 else 8) * (s + 14) / 2 + col * (s + 14) + 7; y = 96 + row * (s + 16)
        bg = hot.get(n, PAPER if (k % 3) else "#e7dcc0"); fg = PAPER if n in hot else INK
        p.rect(x + 6, y + 7, s, s, fill(INK, .2)); p.rect(x, y, s, s, fill(bg), line(INK, 2.6))
        p.text(n, x + s / 2, y + 78, 56, fg, "serif", "m"); p.text(str(z), x + 11, y + 28, 20, fg, "sans")
        if n == "Pm": p.hatch(rectp(x, y, s, s), TEAL, gap=12, w=1.3, angle=45, a=.6)
    p.path(poly([(800, 388), (800, 356)], False), line(INK, 5)); p.path(poly([(234, 356), (1366, 356)], False), line(INK, 5, cap=False))
    for i in range(9): p.path(poly([(800 + (i - 4) * 141.5, 356), (800 + (i - 4) * 141.5, 340)], False), line(INK, 5, cap=False))
    return p.frame()


@plate("blue-helmets-and-staying")
def helmets():
    p = Page("#efe3c8")
    p.circle(800, 520, 400, fill(OCHRE, .75))
    for i in range(24): p.circle(800, 520, 404 + i * 22, line("#d8c597", 1.4))
    # ground: contour lines of a country one has come to know
    for k in range(15):
        q = smooth([(x, 742 + k * 22 - 26 * math.exp(-((x - 800) / (330 + k * 22)) ** 2) * (6 - k * .35) * .32 + 7 * sin(x / 130 + k * .6)) for x in range(-20, 1700, 40)])
        if k == 0:
            g = skia.Path(q); g.lineTo(1700, 1020); g.lineTo(-20, 1020); g.close(); p.path(g, fill("#e0cb96"))
        p.path(q, line(INK if k == 0 else "#a5803a", 2.6 if k == 0 else 1.5))
    # helmet
    dome = skia.Path(); dome.moveTo(470, 690); dome.cubicTo(455, 470, 590, 340, 800, 340); dome.cubicTo(1010, 340, 1145, 470, 1130, 690); dome.close()
    p.path(dome, fill(TEAL))
    shade = skia.Path(); shade.moveTo(880, 345); shade.cubicTo(1050, 370, 1142, 480, 1130, 690); shade.lineTo(950, 690); shade.cubicTo(985, 560, 960, 430, 880, 345); shade.close()
    p.path(shade, fill("#41626d")); p.hatch(dome, INK, gap=10, w=1.3, angle=0, a=.35); p.hatch(shade, INK, gap=8, w=1.5, angle=45, a=.6)
    hl = skia.Path(); hl.moveTo(560, 560); hl.cubicTo(575, 470, 640, 408, 720, 392); p.path(hl, line(PAPER, 9, .9))
    p.path(dome, line(INK, 3.4))
    brim = skia.Path(); brim.moveTo(428, 690); brim.cubicTo(560, 652, 1040, 652, 1172, 690); brim.cubicTo(1190, 708, 1185, 732, 1160, 738); brim.cubicTo(1030, 700, 570, 700, 440, 738); brim.cubicTo(415, 732, 410, 708, 428, 690); brim.close()
    p.path(brim, fill("#b5cac9"), line(INK, 3.4))
    p.path(smooth([(520, 724), (540, 800), (620, 868), (760, 880)]), line(INK, 9)); p.path(smooth([(1080, 724), (1064, 800), (990, 862), (850, 880)]), line(INK, 9)); p.rect(756, 858, 92, 44, fill(OCHRE), line(INK, 3.4), r=6); p.rect(780, 870, 44, 20, fill(PAPER), line(INK, 2.4))
    # dove, of arcs
    body = skia.Path(); body.moveTo(640, 262); body.cubicTo(690, 330, 800, 352, 884, 300); body.cubicTo(930, 270, 938, 226, 968, 204); body.lineTo(1004, 196); body.lineTo(976, 180); body.cubicTo(944, 150, 894, 166, 876, 202); body.cubicTo(800, 262, 720, 262, 640, 262); body.close()
    tail = poly([(668, 258), (556, 244), (584, 270), (540, 284), (586, 296), (562, 326), (690, 300)])
    w1 = skia.Path(); w1.moveTo(868, 216); w1.cubicTo(810, 196, 740, 150, 712, 64); w1.cubicTo(700, 160, 716, 236, 780, 282); w1.cubicTo(830, 296, 868, 262, 868, 216); w1.close()
    w2 = skia.Path(); w2.moveTo(876, 200); w2.cubicTo(850, 150, 838, 110, 850, 56); w2.cubicTo(892, 90, 920, 130, 914, 176); w2.close()
    for q in (w2, tail, body, w1): p.path(q, fill("#fdfaf3"), line(INK, 3.2))
    for k in range(5): 
        f = skia.Path(); f.moveTo(722 + k * 9, 120 + k * 24); f.quadTo(748 + k * 10, 190 + k * 14, 812 + k * 6, 236 + k * 6); p.path(f, line(INK, 2))
    p.circle(956, 190, 4.5, fill(INK)); p.path(poly([(978, 182), (1006, 196), (976, 200)]), fill(OCHRE), line(INK, 2))
    p.path(smooth([(1000, 196), (1040, 214), (1086, 206)]), line(INK, 3))
    for x, y, a in ((1020, 200, -30), (1042, 224, 40), (1060, 204, -30), (1084, 216, 30), (1090, 200, -20)):
        p.c.save(); p.c.translate(x, y); p.c.rotate(a); p.c.drawOval(skia.Rect.MakeXYWH(-4, -8, 26, 13), fill(RED)); p.c.restore()
    return p.frame()


@plate("what-mobile-money-taught-diplomats")
def mobile():
    p = Page(TEAL)
    ax, ay, bx, by = 430, 300, 1190, 560
    full = rectp(0, 0, W, H)
    for i in range(30):
        p.circle(ax, ay, 60 + i * 40, line(PAPER, 2.4 if i % 4 == 0 else 1.3, max(.12, .75 - i * .02)))
    for i in range(18):
        p.circle(bx, by, 262 + i * 36, line(OCHRE, 2.2, max(.1, .8 - i * .04)))
    # hills
    for y, c, hc, s in ((800, "#3d5f69", TEAL, 0), (880, INK, "#2a3960", 2)):
        q = poly([(x, y + 38 * sin(x / 230 + s) + 16 * sin(x / 90 + s)) for x in range(-20, 1660, 12)] + [(1660, 1020), (-20, 1020)]); p.path(q, fill(c)); p.hatch(q, hc, gap=10, w=1.5, angle=20)
    # mast
    x, y = 1480, 836
    # handset
    p.c.save(); p.c.translate(430, 540); p.c.rotate(-7)
    p.rect(-150 + 14, -300 + 16, 300, 640, fill(INK, .35), r=46); p.rect(92, -372, 34, 110, fill(INK), r=14); p.rect(-150, -300, 300, 640, fill(INK), r=46); p.rect(-136, -286, 272, 612, line("#4a5a86", 2), r=36)
    p.rect(-112, -250, 224, 190, fill("#d5dfc6"), r=10); p.hatch(rectp(-112, -250, 224, 190, 10), TEAL, gap=7, w=1, angle=0, a=.45)
    p.path(poly([(-70, -150), (40, -150)], False), line(INK, 9)); p.path(poly([(14, -180), (48, -150), (14, -120)], False), line(INK, 9)); p.circle(76, -150, 17, fill(RED)); p.rect(-80, -222, 92, 12, fill(INK)); p.rect(-80, -94, 150, 10, fill(INK, .7))
    p.rect(-40, -40, 80, 30, fill(RED), r=14)
    for i in range(12):
        X, Y = -98 + (i % 3) * 74, 18 + (i // 3) * 72; p.rect(X, Y, 54, 46, fill(PAPER), r=15)
        p.text("123456789*0#"[i], X + 27, Y + 34, 28, INK, "sans", "m")
    p.c.restore()
    # coin
    p.circle(bx + 12, by + 16, 240, fill(INK, .35)); p.circle(bx, by, 240, fill(OCHRE), line(INK, 4)); 
    for i in range(120):
        a = i * pi / 60; p.seg(bx + 222 * cos(a), by + 222 * sin(a), bx + 238 * cos(a), by + 238 * sin(a), line(INK, 2))
    p.circle(bx, by, 212, line(INK, 3)); p.hatch(circ(bx, by, 210), "#b9822a", gap=9, w=1.5, angle=45); p.circle(bx, by, 132, fill("#ecc77a"), line(INK, 3))
    # on the coin: a hand-to-hand arrow pair
    for s in (1, -1):
        p.c.save(); p.c.translate(bx, by); p.c.rotate(0 if s == 1 else 180); p.arc(0, 0, 78, 200, 335, line(RED if s == 1 else INK, 17)); a = math.radians(335); p.path(poly([(78 * cos(a) + 30, 78 * sin(a) + 2), (78 * cos(a) - 30, 78 * sin(a) - 6), (78 * cos(a) + 10, 78 * sin(a) + 40)]), fill(RED if s == 1 else INK)); p.c.restore()
    for i in range(24):
        a = i * pi / 12; p.circle(bx + 172 * cos(a), by + 172 * sin(a), 6 if i % 2 else 10, fill(INK))
    return p.frame()


@plate("how-a-summit-is-made")
def summit():
    p = Page("#d9d2bd"); p.c.clear(rgb("#e7dfca"))
    for i in range(-2, 17):
        for j in range(-2, 12):  # parquet
            x, y = i * 100, j * 100
            q = rectp(x, y, 100, 100); p.hatch(q, "#d0c29c", gap=20, w=1.8, angle=0 if (i + j) % 2 else 90)
    cx, cy = 800, 500
    p.circle(cx, cy, 474, fill(TEAL)); p.circle(cx, cy, 474, line(INK, 2.4)); p.circle(cx, cy, 462, line(PAPER, 1.6, .8))
    for i in range(120):
        a = i * pi / 60; p.seg(cx + 440 * cos(a), cy + 440 * sin(a), cx + 456 * cos(a), cy + 456 * sin(a), line(PAPER, 1.6, .7))
    p.circle(cx + 8, cy + 12, 318, fill(INK, .4)); p.circle(cx, cy, 318, fill(INK), line(INK, 3))
    for k in range(8): p.circle(cx, cy, 308 - k * 11, line("#33426e", 1.4))
    p.circle(cx, cy, 176, fill(TEAL), line(INK, 3)); p.circle(cx, cy, 164, line(PAPER, 1.4, .7)); p.circle(cx, cy, 150, fill("#4d7179"))
    n = 20
    for i in range(n):
        a = -pi / 2 + i * 2 * pi / n
        p.c.save(); p.c.translate(cx, cy); p.c.rotate(math.degrees(a) + 90)
        red = i == 3
        p.rect(-34 + 4, -416 + 6, 68, 62, fill(INK, .35), r=20); p.rect(-34, -416, 68, 62, fill(RED if red else OCHRE), line(INK, 2.6), r=20); p.rect(-34, -424, 68, 20, fill("#9f3320" if red else "#b9822a"), line(INK, 2.6), r=9)
        # papers
        if not red:
            p.c.save(); p.c.rotate(0); p.rect(-22, -300, 44, 58, fill(PAPER), line(INK, 1.4)); [p.seg(-15, -288 + k * 9, 13 - (k * 7) % 12, -288 + k * 9, line(INK, 2, .7)) for k in range(5)]; p.c.restore()
            p.circle(32, -262, 6.5, fill("#b9cfcb"), line(INK, 1.2))
        else:
            p.c.rotate(5); p.rect(-24, -298, 48, 62, fill(PAPER), line(RED, 3)); [p.seg(-16, -285 + k * 10, 15, -285 + k * 10, line(RED, 2.4)) for k in range(5)]
        p.circle(0, -225, 4.5, fill("#d8c7a0")); p.seg(0, -225, 0, -212, line("#d8c7a0", 2))
        p.c.restore()
    # what is still in brackets
    p.text("[", cx - 92, cy + 58, 190, PAPER, "serif", "m"); p.text("]", cx + 92, cy + 58, 190, PAPER, "serif", "m")
    for k, L in enumerate((104, 84, 104, 56)): p.rect(cx - 52, cy - 52 + k * 30, L, 9, fill(RED if k == 1 else PAPER))
    # sherpas' chairs behind, along the walls
    for s in (-1, 1):
        for k in range(6):
            x, y = cx + s * 640, 170 + k * 132
            p.rect(x - 26 + 4, y - 26 + 5, 52, 52, fill(INK, .25), r=14); p.rect(x - 26, y - 26, 52, 52, fill("#c9d3cc"), line(INK, 2.4), r=14); p.rect(x - 26 if s < 0 else x + 12, y - 26, 14, 52, fill(TEAL), line(INK, 2.4), r=6)
    return p.frame()
