"""Ten invented people, drawn from a few shapes each: ground, shoulders, face with one lit and one shaded half."""
import re
from press import *

PORTRAITS = {}
S = 480


def P(d):
    """A path from SVG path data (M, L, C, Q, Z and l)."""
    path, cmd, x, y = skia.Path(), None, 0.0, 0.0
    tok = re.findall(r"[MLCQZl]|-?\d+\.?\d*", d)
    i = 0
    while i < len(tok):
        if tok[i].isalpha():
            cmd = tok[i]
            i += 1
            if cmd == "Z":
                path.close()
                continue
        n = {"M": 2, "L": 2, "l": 2, "Q": 4, "C": 6}[cmd]
        v = [float(t) for t in tok[i:i + n]]
        i += n
        if cmd == "l":
            v = [x + v[0], y + v[1]]
        {"M": path.moveTo, "L": path.lineTo, "l": path.lineTo, "Q": path.quadTo, "C": path.cubicTo}[cmd](*v)
        x, y = v[-2:]
    return path


def face(p, skin, shade, d, lip, brow=INK, eyes=INK, nose="M240 208 L236 262 Q234 272 248 272", ey=222, sep=38, smile=4, brows=10, bw=7, cheek=True):
    f = P(d)
    neck = P("M200 290 L200 372 Q240 400 280 372 L280 290 Z")
    p.path(neck, fill(skin)); p.path(P("M200 318 Q240 366 280 312 L280 372 Q240 400 200 372 Z"), fill(shade))
    for x in (0, 1):
        p.c.drawOval(skia.Rect.MakeXYWH(240 - 94 + x * 164, ey - 6, 24, 44), fill(shade if x else skin))
    p.path(f, fill(skin))
    half = P(f"M240 0 L480 0 L480 480 L246 480 L246 300 L256 276 L244 270 L248 200 L240 150 Z")
    with p.within(f):
        p.path(half, fill(shade))
    for s in (-1, 1):
        x = 240 + s * sep
        p.path(P(f"M{x-17} {ey} Q{x} {ey-13} {x+17} {ey} Q{x} {ey+9} {x-17} {ey} Z"), fill("#fbf6ea")); p.circle(x, ey - 1, 6.6, fill(eyes))
        p.path(P(f"M{x-18} {ey} Q{x} {ey-14} {x+18} {ey}"), line(INK, 3))
        p.path(P(f"M{x-s*-22} {ey-22+3} Q{x} {ey-22-brows} {x-s*22} {ey-22+1}") if 0 else P(f"M{x-23} {ey-20 if s<0 else ey-22} Q{x} {ey-24-brows} {x+23} {ey-22 if s<0 else ey-20}"), line(brow, bw))
    p.path(P(nose), line(INK, 3, .85))
    p.path(P(f"M212 304 Q240 {304+smile*2} 268 304 Q240 {318+smile} 212 304 Z"), fill(lip)); p.path(P(f"M210 304 Q240 {304+smile*2} 270 304"), line(INK, 2.6, .9))
    return f


OVAL = "M156 200 C156 130 190 106 240 106 C290 106 324 130 324 200 C324 272 290 346 240 346 C190 346 156 272 156 200 Z"
SQUARE = "M152 190 C152 126 190 102 240 102 C290 102 328 126 328 190 C330 250 322 290 304 318 C286 342 262 352 240 352 C218 352 194 342 176 318 C158 290 150 250 152 190 Z"
ROUND = "M150 206 C150 138 188 108 240 108 C292 108 330 138 330 206 C330 280 292 338 240 338 C188 338 150 280 150 206 Z"
LONG = "M158 190 C158 124 192 98 240 98 C288 98 322 124 322 190 C322 270 292 360 240 360 C188 360 158 270 158 190 Z"


def ground(c, motif, mc):
    p = Page(c, S, S)
    if motif == "rings":
        for i in range(16): p.circle(240, 230, 150 + i * 17, line(mc, 1.4))
    elif motif == "rows":
        for i in range(40): p.seg(0, i * 12 + 6, S, i * 12 + 6, line(mc, 1.4))
    elif motif == "diag":
        q = skia.Path(); q.addRect(skia.Rect.MakeWH(S, S)); p.hatch(q, mc, gap=13, w=1.5, angle=45)
    elif motif == "disc":
        p.circle(240, 220, 196, fill(mc))
    elif motif == "waves":
        for i in range(22): p.path(smooth([(x, i * 23 + 7 * math.sin(x / 36 + i * .8)) for x in range(-20, 520, 18)]), line(mc, 1.5))
    return p


def body(p, c, hc=None, an=45):
    b = P("M20 500 C24 418 92 392 176 372 Q240 410 304 372 C388 392 456 418 460 500 Z")
    p.path(b, fill(c))
    if hc: p.hatch(b, hc, gap=10, w=1.5, angle=an)
    return b


def glasses(p, ey=222, sep=40, r=29, c=INK, square=False):
    for s in (-1, 1):
        p.rect(240 + s * sep - r, ey - r * .76, 2 * r, 2 * r * .8, line(c, 4), r=7) if square else p.circle(240 + s * sep, ey, r, line(c, 4))
    p.path(P(f"M{240-sep+r} {ey-4} Q240 {ey-12} {240+sep-r} {ey-4}"), line(c, 4))
    for s in (-1, 1): p.seg(240 + s * (sep + r), ey - 4, 240 + s * 86, ey - 8, line(c, 4))


def suit(p, coat, shirt, tie=None, lap=None):
    body(p, coat, lap, 90)
    p.path(P("M176 370 L240 500 L304 370 Q240 408 176 370 Z"), fill(shirt))
    p.path(P("M176 370 L150 396 L206 452 L226 470 Z"), fill(coat), line(PAPER if coat == INK else INK, 1.8, .6)); p.path(P("M304 370 L330 396 L274 452 L254 470 Z"), fill(coat), line(PAPER if coat == INK else INK, 1.8, .6))
    p.path(P("M188 372 L214 424 L240 396 L266 424 L292 372 L300 360 Q240 408 180 360 Z"), fill(shirt), line(INK, 1.8))
    if tie: p.path(P("M228 400 L252 400 L258 416 L250 426 L262 490 L218 490 L230 426 L222 416 Z"), fill(tie))


def who(slug):
    return lambda f: PORTRAITS.setdefault(slug, f)


def done(p):
    return p


@who("samuel-aldred")
def aldred():
    p = ground("#c9d3cf", "rows", "#b3c1bd"); suit(p, INK, PAPER, RED)
    face(p, "#ecc9aa", "#d6a484", LONG, "#b5685a", "#d9d4c8", brows=6, bw=9, smile=3)
    g = "#e4dfd3"
    hair = P("M152 214 C138 130 170 72 246 70 C318 70 344 124 328 214 L320 214 C322 176 316 150 292 134 C258 142 214 138 194 124 C170 142 162 172 162 214 Z")
    p.path(hair, fill(g)); p.hatch(hair, "#b9b2a2", gap=8, w=1.6, angle=70); p.path(hair, line(INK, 2))
    for x in (176, 304): p.path(P(f"M{x-8} 300 Q{x} 306 {x+8} 300"), line(INK, 0.1))
    p.path(P("M196 276 Q188 292 194 308"), line(INK, 1.8, .5)); p.path(P("M284 276 Q292 292 286 308"), line(INK, 1.8, .5))
    glasses(p, c=INK)
    return done(p)


@who("ines-carvalho")
def carvalho():
    p = ground(OCHRE, "rings", "#c48d2c"); h = "#3a2420"
    back = P("M120 250 C92 150 150 62 246 64 C346 62 388 152 362 256 C390 310 370 380 330 404 C300 420 180 420 148 404 C104 380 94 310 120 250 Z"); p.path(back, fill(h))
    with p.within(back):
        for i in range(7): p.path(smooth([(118 + i * 6, 200 + i * 4), (106 + i * 8, 260), (124 + i * 7, 320), (112 + i * 9, 392)]), line("#6d4638", 2)); p.path(smooth([(362 - i * 6, 200 + i * 4), (374 - i * 8, 260), (356 - i * 7, 320), (368 - i * 9, 392)]), line("#6d4638", 2))
    body(p, RED, "#a93620", 0); p.path(P("M176 370 Q240 470 304 370 Q240 408 176 370 Z"), fill("#d9a583"))
    face(p, "#dfae8a", "#c08a66", OVAL, "#a8423a", h, smile=6)
    p.path(P("M150 238 C140 150 176 92 256 92 C230 116 180 130 168 180 C164 204 160 222 150 238 Z"), fill(h)); p.path(P("M244 94 C310 88 346 150 330 240 C320 222 318 200 312 180 C300 140 268 120 244 94 Z"), fill(h))
    for s in (-1, 1): p.circle(240 + s * 90, 272, 8, fill(PAPER), line(INK, 2))
    return done(p)


@who("tomasz-wilk")
def wilk():
    p = ground("#e8dcc2", "diag", "#d8c8a4"); body(p, TEAL, "#46686f", 90); p.path(P("M170 376 Q240 424 310 376 L300 352 Q240 396 180 352 Z"), fill("#46686f"), line(INK, 2)); 
    h = "#8a5a34"; f = face(p, "#eec8a6", "#d5a27e", SQUARE, "#a85c4c", h, eyes="#35556b", smile=3)
    b = P("M150 232 C154 262 160 258 172 262 C196 280 206 282 240 282 C274 282 284 280 308 262 C320 258 326 262 330 232 C334 300 318 366 240 370 C162 366 146 300 150 232 Z")
    p.path(b, fill(h)); p.hatch(b, "#6c4325", gap=7, w=1.6, angle=84); p.path(P("M210 305 Q240 296 270 305 Q240 322 210 305 Z"), fill("#b06a58")); p.path(P("M208 305 Q240 312 272 305"), line(INK, 2.4))
    hair = P("M148 216 C136 118 180 78 250 80 C322 76 346 130 332 216 L322 200 C320 166 308 150 296 140 C256 150 220 128 204 138 C176 146 160 168 158 202 Z"); p.path(hair, fill(h)); p.hatch(hair, "#6c4325", gap=8, w=1.6, angle=25)
    return done(p)


@who("adaeze-okonjo")
def okonjo():
    p = ground("#e3e6da", "disc", "#c7d2cc"); body(p, INK, "#34446f", 30); p.path(P("M176 370 Q240 450 304 370 Q240 408 176 370 Z"), fill("#7c4a30"))
    face(p, "#8a5537", "#693c26", OVAL, "#7d2c2a", "#24130d", eyes="#1c0f0a", smile=6)
    w = P("M140 196 C128 130 96 96 112 58 C150 22 216 20 250 34 C300 8 372 34 382 84 C384 120 352 150 340 196 C300 148 180 148 140 196 Z"); p.path(w, fill(RED))
    with p.within(w):
        for i in range(9): p.path(smooth([(110 + i * 2, 176 - i * 18), (200, 120 - i * 13), (300, 100 - i * 9), (390, 60 - i * 6)]), line(OCHRE if i % 2 else "#8e2c19", 4 if i % 2 else 2))
        for i in range(5): p.path(smooth([(348, 196 - i * 5), (318, 130 - i * 12), (250, 80 - i * 12), (190, 40 - i * 8)]), line("#8e2c19", 2))
    p.path(w, line(INK, 2.4)); p.path(P("M140 196 C180 148 300 148 340 196 C336 176 300 134 240 134 C180 134 144 176 140 196 Z"), fill(OCHRE), line(INK, 2))
    for s in (-1, 1): p.path(P(f"M{240+s*88} 262 l-10 26 l10 12 l10 -12 Z"), fill(OCHRE), line(INK, 2))
    for i in range(9):
        a = math.radians(200 - i * 27.5 - 0); p.circle(240 + 72 * math.cos(math.radians(20 + i * 17.5)), 356 + 52 * math.sin(math.radians(20 + i * 17.5)), 7, fill(OCHRE), line(INK, 1.6))
    return done(p)


@who("defne-arslan")
def arslan():
    p = ground(TEAL, "waves", "#7398 9e".replace(" ", "")); h = "#1d1a22"
    p.path(P("M128 322 C104 160 150 66 242 66 C334 66 378 160 352 322 C340 346 300 350 290 330 L190 330 C180 350 140 346 128 322 Z"), fill(h))
    suit(p, OCHRE, PAPER, None, "#b9822a")
    face(p, "#e8bd97", "#cb966f", OVAL, "#b3483f", h, smile=5, brows=9)
    p.path(P("M146 300 C128 190 152 100 210 92 C196 130 172 170 168 214 C166 254 166 282 160 318 Z"), fill(h)); p.path(P("M200 92 C310 66 356 150 336 306 L322 318 C316 280 318 240 312 204 C300 170 262 140 220 96 Z"), fill(h))
    for i in range(5): p.path(smooth([(222 + i * 12, 92), (290 + i * 6, 140 - i * 4), (322 + i * 3, 210), (328 + i * 2, 290)]), line("#4a4456", 1.8))
    return done(p)


@who("haruka-ishii")
def ishii():
    p = ground("#f0e0bd", "disc", RED); h = "#15151f"
    p.path(P("M126 300 C110 140 150 64 240 64 C330 64 370 140 354 300 L318 306 L162 306 Z"), fill(h))
    body(p, PAPER, "#d9cfb8", 0); p.path(P("M176 370 L240 446 L304 370 Q240 408 176 370 Z"), fill("#d8ab84")); p.path(P("M176 370 L240 446 L304 370 L326 378 L242 484 L154 378 Z"), fill(INK))
    face(p, "#f0cfa8", "#dcae84", ROUND, "#b8504a", h, smile=4, brows=5, bw=5, nose="M242 222 L238 262 Q236 270 248 270")
    p.path(P("M146 300 L140 190 C144 110 190 86 240 86 C290 86 336 110 340 190 L334 300 L318 300 L318 214 C318 206 316 200 312 194 L168 194 C164 200 162 206 162 214 L162 300 Z"), fill(h))
    for i in range(9): p.seg(176 + i * 16, 192, 196 + i * 11, 120, line("#3b3f58", 1.8))
    glasses(p, 226, 39, 27, RED) if 0 else None
    return done(p)


@who("rohan-deshpande")
def deshpande():
    p = ground("#dccba2", "rings", "#c6b07c"); suit(p, "#3d5f69", PAPER, None, "#2f4d57")
    h = "#16131a"; face(p, "#b97f55", "#975f3b", SQUARE, "#83433a", h, smile=3, brows=8, bw=9)
    p.path(P("M196 296 C210 280 230 282 240 288 C250 282 270 280 284 296 C270 300 252 298 240 296 C228 298 210 300 196 296 Z"), fill(h))
    hair = P("M148 220 C130 120 176 66 262 74 C336 74 350 140 332 220 L322 214 C324 176 318 152 306 140 C280 120 236 150 190 128 C166 150 160 180 158 214 Z"); p.path(hair, fill(h))
    for i in range(6): p.path(smooth([(180 + i * 10, 120 - i * 5), (240 + i * 10, 106 - i * 3), (310 + i * 3, 130 - i * 4)]), line("#454052", 1.8))
    glasses(p, 224, 40, 30, INK, True)
    return done(p)


@who("leila-mansouri")
def mansouri():
    p = ground(INK, "waves", "#2c3b68"); h = "#4a2a1d"
    r = random.Random(6)
    for ring, n, rad in ((126, 26, 30), (98, 22, 30)):
        for i in range(n):
            a = math.radians(150 + 240 * i / (n - 1)); x, y = 240 + ring * 1.02 * math.cos(a), 214 + ring * 1.12 * math.sin(a); p.circle(x, y, rad, fill(h))
    for s in (-1, 1):
        for i in range(5): p.circle(240 + s * (112 + 9 * math.sin(i * 2)), 250 + i * 29, 30 - i * 1.5, fill(h))
    for i in range(46):
        a = math.radians(140 + 260 * i / 45); k = 108 + 28 * math.sin(i * 2.4); x, y = 240 + k * math.cos(a), 214 + k * 1.1 * math.sin(a); p.arc(x, y, 13, 180 + i * 30, 380 + i * 30, line("#7b4c34", 2))
    body(p, TEAL, "#46686f", 135); p.path(P("M176 370 Q240 440 304 370 Q240 408 176 370 Z"), fill("#c8966d"))
    face(p, "#d9a67c", "#b98259", OVAL, "#a33f3b", "#2b1710", smile=5, bw=8)
    for i in range(11):
        a = math.radians(192 + 156 * i / 10); p.circle(240 + 84 * math.cos(a), 196 + 98 * math.sin(a), 21, fill(h)); p.arc(240 + 84 * math.cos(a), 196 + 98 * math.sin(a), 12, 160 + i * 40, 350 + i * 40, line("#7b4c34", 2))
    p.path(P("M128 404 C180 470 300 470 352 404 L366 424 C300 500 180 500 114 424 Z"), fill(OCHRE), line(INK, 2))
    return done(p)


@who("magnus-lindqvist")
def lindqvist():
    p = ground("#d3dcd9", "diag", "#bfcbc7"); body(p, INK, "#2f3e69", 0)
    for y in range(404, 480, 24):
        for x in range(40, 460, 24): p.path(P(f"M{x-6} {y} L{x} {y-6} L{x+6} {y} L{x} {y+6} Z"), fill(PAPER, .75)) if 404 + abs(x - 240) * .06 <= y + 8 else None
    p.path(P("M172 356 L168 398 Q240 436 312 398 L308 356 Q240 400 172 356 Z"), fill("#22315a"), line(PAPER, 1.6, .5))
    h = "#d8b36a"; face(p, "#f3d3b8", "#dcae8f", LONG, "#b8675a", "#b58d45", eyes="#4b7a92", smile=3)
    b = P("M160 262 C166 300 186 318 206 284 C226 276 254 276 274 284 C294 318 314 300 320 262 C318 330 290 376 240 378 C190 376 162 330 160 262 Z"); p.path(b, fill(h)); p.hatch(b, "#b58d45", gap=7, w=1.5, angle=88); p.path(P("M214 305 Q240 298 266 305 Q240 318 214 305 Z"), fill("#b8675a")); p.path(P("M212 305 Q240 311 268 305"), line(INK, 2.4))
    cap = P("M150 168 C146 92 190 58 240 58 C290 58 334 92 330 168 Z"); p.path(cap, fill(RED)); p.hatch(cap, "#9f3320", gap=11, w=2, angle=90); p.rect(142, 150, 196, 38, fill(RED), line(INK, 2.2), r=10); p.hatch(P("M142 150 L338 150 L338 188 L142 188 Z"), "#9f3320", gap=11, w=2, angle=90); p.path(cap, line(INK, 2.2))
    p.path(P("M154 188 L160 236 L170 190 Z"), fill(h)); p.path(P("M326 188 L320 236 L310 190 Z"), fill(h))
    return done(p)


@who("grace-wambui")
def wambui():
    p = ground("#cf5a3b", "rings", "#b8452a"); h = "#1a1114"
    hair = smooth([(240 + (128 + 5 * math.sin(t * 17)) * math.cos(t), 176 + (116 + 5 * math.cos(t * 15)) * math.sin(t)) for t in np.linspace(0, 2 * math.pi, 70)[:-1]], True); p.path(hair, fill(h)); p.dots(hair, "#463338", gap=13, r=2.2)
    body(p, OCHRE, None); b = P("M20 500 C24 418 92 392 176 372 Q240 410 304 372 C388 392 456 418 460 500 Z")
    with p.within(b):
        for i in range(8): p.path(poly([(x, 392 + i * 22 + (9 if (x // 20) % 2 else -9)) for x in range(0, 500, 20)], False), line(INK if i % 2 else TEAL, 5))
    p.path(P("M172 370 Q240 444 308 370 Q240 408 172 370 Z"), fill("#6b4028"))
    face(p, "#7a4a2f", "#5b341f", ROUND, "#7a2b2c", "#160c09", eyes="#160c09", smile=6)
    p.path(P("M150 206 C148 140 190 106 240 106 C290 106 332 140 330 206 C318 160 290 142 240 142 C190 142 162 160 150 206 Z"), fill(h)); 
    for s in (-1, 1): p.circle(240 + s * 92, 284, 17, line(OCHRE, 5))
    glasses(p, 222, 39, 29, OCHRE)
    return done(p)
