"""The fifteen maps."""
from atlas import *

MAPS = {}


def plate_of(slug):
    def deco(f):
        MAPS[slug] = f
        return f
    return deco


@plate_of("why-straits-outlast-empires")
def straits():
    m = Map(equal_earth, (12, 12), (768, 470), scale=330, ground=INK, bounds=(-179.9, -60, 179.9, 84), simp=1.0, speck=9)
    m.graticule(15, line("#3a4a75", 1), lats=(-90, 90), fine=3)
    m.path(geom(m.land().buffer(9)), line("#46577f", 1.2))
    m.path(geom(m.land().buffer(4)), line("#5a6c92", 1.3))
    m.path(geom(m.land()), fill(PAPER))
    m.hatch(geom(m.land()), "#cdbf9f", gap=6, w=1.1, angle=0)
    m.path(geom(shapely.boundary(m.land())), line(INK, 1))
    S = [("Bering", -168.7, 65.9, 24, 10, "l"), ("Magellan", -71, -53.5, -26, 14, "r"), ("Gibraltar", -5.6, 35.95, -26, 12, "r"),
         ("Dover", 1.4, 51.0, -26, 4, "r"), ("Øresund", 12.7, 56.0, -22, -12, "r"), ("Bosphorus", 29.1, 41.1, 22, -16, "l"),
         ("Hormuz", 56.4, 26.5, 24, 26, "l"), ("Bab el-Mandeb", 43.3, 12.6, 22, 28, "l"), ("Malacca", 100.8, 3.0, -26, 10, "r"),
         ("Sunda", 105.8, -6.0, -20, 32, "r"), ("Lombok", 115.8, -8.7, 6, 46, "l"), ("Torres", 142.2, -10.2, 26, -8, "l"),
         ("Tsushima", 129.6, 34.3, 30, 14, "l"), ("Florida", -80.6, 24.6, 26, 2, "l")]
    for n, lo, la, dx, dy, al in S:
        m.mark(lo, la, 11, RED, PAPER, cross=False)
    for n, lo, la, dx, dy, al in S:
        x, y = m.pt(lo, la)
        onland = False
        m.text(n, x + dx, y + dy, 29, INK if onland else PAPER, "serif-italic", al, halo=PAPER if onland else INK)
    m.compass(206, 770, 92, "#c9c2ae", RED, ground=INK)
    m.frame(None, c=INK, ground=PAPER)
    return m


def sea(m, c=PALE):
    m.c.clear(rgb(c))


@plate_of("the-arithmetic-of-malacca")
def malacca():
    b = (86, -8, 116, 16)
    m = Map(mercator, (100.6, 3.2), span=8.6, res="10m", bounds=b, simp=0.8)
    sea(m)
    m.graticule(1, line("#c5cfcb", 1), (88, 114), (-8, 14))
    m.waterlines(n=4, gap=8)
    m.path(geom(m.land()), fill(SAND))
    m.shade(["Malaysia"], "#f3e9d2"); m.shade(["Singapore"], OCHRE)
    m.shadehatch(["Indonesia"], "#cdb98e", gap=8, w=1.2, angle=135)
    m.borders(line(INK, 1.6, 0.8, dash=(10, 5, 2, 5)))
    m.coast(w=2)
    lane = m.pts([(93.6, 6.35), (95.5, 6.2), (97.4, 5.75), (99.2, 4.3), (100.4, 3.2), (101.3, 2.55), (102.4, 1.85), (103.25, 1.2), (103.75, 1.13), (104.35, 1.27), (104.9, 1.75), (105.2, 2.7), (105.7, 4.2), (107.4, 6.2)])
    m.path(smooth(lane), line(PALE, 11), line(RED, 4.2, dash=(18, 11), cap=False))
    m.mark(103.75, 1.16, 17)
    x, y = m.pt(103.9, 1.2)
    m.text("Singapore", x + 14, y + 52, 32, INK, "serif", halo=PALE)
    m.town("Port Klang", 101.36, 3.0, 18, -2, 26)
    m.town("George Town", 100.33, 5.42, 30, 10, 26)
    m.town("Kuala Lumpur", 101.69, 3.14, 14, -14, 26, r=4) if 0 else None
    m.town("Medan", 98.67, 3.59, 2, 38, 26, "m")
    m.town("Malacca", 102.25, 2.2, 12, -14, 26)
    m.town("Banda Aceh", 95.32, 5.55, -10, -22, 26, "l", halo=PALE)
    m.curve_text("Strait of Malacca", m.pts([(97.75, 5.98), (98.8, 5.2), (99.75, 4.3), (100.6, 3.4)]), 38, RED, track=3, halo=PALE)
    m.curve_text("Andaman Sea", m.pts([(95.0, 6.66), (96.2, 6.78), (97.6, 6.66)]), 38, TEAL, track=6)
    m.text("South", *m.pt(104.6, 5.7), 38, TEAL, align="m", track=4); m.text("China Sea", *m.pt(104.6, 5.28), 38, TEAL, align="m", track=4)
    m.curve_text("Indian Ocean", m.pts([(94.6, 1.2), (95.6, 0.4), (96.8, -0.5)]), 38, TEAL, track=6)
    m.curve_text("SUMATRA", m.pts([(98.7, 2.35), (99.8, 1.05), (101.2, -0.3)]), 32, INK, "serif", track=16)
    m.curve_text("MALAY PENINSULA", m.pts([(101.95, 5.1), (102.75, 3.75), (103.45, 2.1)]), 20, INK, "serif", track=7)
    m.frame(0.5)
    return m


LANDLOCKED = ["Botswana", "Burkina Faso", "Burundi", "Central African Rep.", "Chad", "eSwatini", "Ethiopia", "Lesotho", "Malawi", "Mali", "Niger", "Rwanda", "S. Sudan", "Uganda", "Zambia", "Zimbabwe"]
AFRICA_BOX = (-30, -40, 65, 42)


@plate_of("what-it-costs-to-have-no-coast")
def landlocked():
    m = Map(laea(18, 2), (18, 1.2), (1010, 508), scale=722, bounds=(-34.5, -60, 110, 72), simp=0.7, speck=8)
    m.graticule(10, line("#dccfb4", 1), (-60, 90), (-50, 60), 2)
    m.waterlines(TEAL, 3, 6, a=0.6)
    m.path(geom(m.land()), fill(PAPER), fill(SAND, 0.75))
    p = geom(m.area(*LANDLOCKED))
    m.path(p, fill(OCHRE))
    m.hatch(p, RED, gap=8, w=1.7, angle=45)
    m.borders(line(INK, 1.5, 0.8))
    m.path(geom(shapely.boundary(m.area(*LANDLOCKED))), line(INK, 2.6))
    m.coast(w=1.5)
    L = [("Mali", -2.2, 18.0), ("Niger", 9.6, 17.4), ("Chad", 18.8, 14.8), ("Ethiopia", 39.6, 7.9), ("Zambia", 26.4, -14.4), ("Botswana", 23.9, -22.3)]
    for n, lo, la in L:
        x, y = m.pt(lo, la)
        m.text(n, x, y + 8, 25, INK, "serif", "m", halo=OCHRE, hw=9)
    x, y = m.pt(29.6, 8.0)
    m.text("South", x, y, 22, INK, "serif", "m", halo=OCHRE, hw=9); m.text("Sudan", x, y + 23, 22, INK, "serif", "m", halo=OCHRE, hw=9)
    def lead(n, lo, la, tx, ty, al="l"):
        x, y = m.pt(lo, la); 
        m.seg(x, y, tx + (-8 if al == "l" else 8), ty - 8, line(INK, 1.6)); m.circle(x, y, 4.5, fill(INK), line(PAPER, 1.5))
        m.text(n, tx, ty, 25, INK, "serif", al, halo=PAPER)
    lead("Burkina Faso", -1.6, 12.3, 630, 565, "r")
    lead("Central African Republic", 20.6, 6.6, 640, 640, "r")
    lead("Uganda", 32.4, 1.5, 1404, 530)
    lead("Rwanda", 30.0, -2.0, 1404, 570)
    lead("Burundi", 29.9, -3.4, 1404, 610)
    lead("Malawi", 33.8, -13.4, 1404, 680)
    lead("Zimbabwe", 29.8, -19.0, 1404, 760)
    lead("Eswatini", 31.5, -26.6, 1330, 855)
    lead("Lesotho", 28.3, -29.6, 1330, 900)
    m.rect(84, 96, 56, 5, fill(RED))
    for i, t in enumerate(("Sixteen states", "without a coast")):
        m.text(t, 84, 158 + i * 56, 50, INK, "serif")
    m.text("Africa", 84, 272, 34, TEAL)
    m.frame(None)
    return m


@plate_of("the-continent-nobody-owns")
def antarctica():
    m = Map(polar(0, True), (0, -90), (800, 500), scale=640, ground=INK, bounds=(-179.99, -89.9, 179.99, -60), simp=0.8, speck=6)
    P = lambda lo, r: (800 + r * math.sin(math.radians(lo)), 500 - r * math.cos(math.radians(lo)))
    R60 = m.k * math.radians(30)
    for la in (-80, -70):
        m.circle(800, 500, m.k * math.radians(90 + la), line("#3a4a75", 1.1))
    for lo in range(0, 360, 15):
        m.seg(*P(lo, m.k * math.radians(3)), *P(lo, R60), line("#3a4a75", 1.1))
    # the ice: the polygon runs to the pole along its cut; closing with the pole itself
    g = countries("50m")["Antarctica"].intersection(box(-180, -89.9, 180, -60)).segmentize(1.0)
    g = transform(lambda x, y, z=None: m.xy(np.array(x), np.array(y)), g)
    from shapely.geometry import Point
    g = unary_union([shapely.make_valid(g), Point(800, 500).buffer(30)]).buffer(2).buffer(-2)
    g = polys(g.simplify(0.8)); g = MultiPolygon([Polygon(p.exterior) for p in g.geoms if p.area > 12])
    g = polys(unary_union(list(g.geoms))); m._land = g
    m.path(geom(g.buffer(14)), line("#46577f", 1.2)); m.path(geom(g.buffer(7)), line("#6d7fa0", 1.3))
    m.path(geom(g), fill(PAPER))
    with m.within(geom(g)):
        w = poly([(800, 500), *[P(a, 900) for a in range(-150, -89, 10)]])
        m.hatch(w, OCHRE, gap=8, w=2.2, angle=45)
        for i in range(1, 26):
            b = polys(g.buffer(-13 * i))
            if b.is_empty:
                break
            m.path(geom(shapely.boundary(polys(b.simplify(1.2)))), line("#b9bfb6", 1.0, 0.9))
        for a in (-90, -80, -53, -20, 45, 136, 142, 160, -150):
            m.seg(*P(a, 14), *P(a, 620), line(INK, 1.4, 0.85, dash=(9, 6)))
    m.circle(800, 500, R60, line(RED, 3.6, dash=(20, 10), cap=False))
    m.circle(800, 500, 6, fill(RED)); m.circle(800, 500, 15, line(RED, 2.6))
    # the claims, as arcs outside the treaty circle
    def claim(a, b, r, name, c, tr=None, side=1, mid=None, size=25):
        n = 60
        m.path(poly([P(a + (b - a) * i / n, r) for i in range(n + 1)], False), line(c, 6, cap=False))
        mid = (a + b) / 2 if mid is None else mid
        rr = r + 13
        s = [P(mid + d, rr if abs(((mid + 180) % 360) - 180) < 90 else rr + 18) for d in np.linspace(-26, 26, 22)]
        m.curve_text(name, s if abs(((mid + 180) % 360) - 180) < 90 else s[::-1], size, c, "serif", track=2)
    claim(-20, 45, R60 + 26, "Norway", "#e9e2cf", mid=14)
    claim(45, 136, R60 + 26, "Australia", "#e9e2cf", mid=78)
    claim(142, 160, R60 + 26, "Australia", "#e9e2cf", mid=151) if 0 else claim(142, 160, R60 + 26, "", "#e9e2cf")
    claim(136, 142, R60 + 26, "France", OCHRE, mid=131)
    claim(160, 210, R60 + 26, "New Zealand", "#e9e2cf", mid=186)
    claim(-90, -53, R60 + 22, "Chile", OCHRE, mid=-72)
    claim(-80, -20, R60 + 106, "United Kingdom", "#e9e2cf", mid=-50)
    claim(-74, -25, R60 + 64, "Argentina", "#8fb0b6", mid=-50)
    m.text("unclaimed", *P(-114, 150), 27, INK, "serif-italic", "m", halo=PAPER)
    m.text("South Pole", 824, 494, 25, INK, "serif-italic", halo=PAPER)
    m.text("60° S", *P(-122, R60 + 24), 27, RED, "serif", "r")
    m.text("The treaty area", 84, 138, 46, PAPER, "serif")
    m.text("and seven claims", 84, 188, 31, "#c9c2ae"); m.text("set aside", 84, 226, 31, "#c9c2ae")
    m.compass(190, 830, 74, "#c9c2ae", RED, ground=INK) if 0 else None
    m.frame(None, c=INK)
    return m


@plate_of("a-canal-is-a-promise")
def suez():
    b = (27, 27, 36, 34)
    m = Map(mercator, (31.75, 30.55), span=2.55, res="10m", bounds=b, simp=0.6)
    sea(m)
    m.graticule(0.5, line("#c5cfcb", 1), (27, 37), (27, 34), .25)
    m.waterlines(n=4, gap=9)
    land = m.land()
    m.path(geom(land), fill("#f3e9d2"))
    m.dots(geom(land), "#cdb98e", gap=16, r=1.5)
    # delta, watered and tilled
    delta = m.pts([(31.2, 30.05), (30.85, 30.4), (30.35, 30.85), (30.0, 31.25), (30.35, 31.48), (31.0, 31.6), (31.6, 31.5), (32.1, 31.15), (31.95, 30.8), (31.6, 30.45)])
    with m.within(geom(land)):
        d = smooth(delta, True)
        m.path(d, fill("#f3e9d2")); m.path(d, fill(OCHRE, 0.33)); m.hatch(d, "#b98a2c", gap=9, w=1.1, angle=0)
    m.coast(w=2)
    nile = [(31.28, 29.3), (31.22, 29.65), (31.24, 30.0), (31.13, 30.18)]
    for r in ([(31.13, 30.18), (30.9, 30.45), (30.82, 30.72), (30.7, 31.0), (30.55, 31.2), (30.4, 31.45)], [(31.13, 30.18), (31.2, 30.5), (31.25, 30.75), (31.4, 31.03), (31.68, 31.3), (31.84, 31.5)]):
        m.river(r, w=(6, 6))
    m.river(nile, w=(8, 8))
    can = [(32.31, 31.26), (32.31, 30.95), (32.33, 30.72), (32.3, 30.58), (32.33, 30.44), (32.4, 30.34), (32.52, 30.22), (32.58, 30.1), (32.56, 29.95)]
    lake = smooth(m.pts([(32.3, 30.44), (32.38, 30.43), (32.45, 30.32), (32.56, 30.25), (32.55, 30.2), (32.44, 30.26), (32.33, 30.36)]), True)
    m.path(smooth(m.pts(can)), line("#f3e9d2", 18))
    m.path(lake, fill(MIST), line(TEAL, 2.2))
    m.path(smooth(m.pts(can)), line(RED, 8))
    m.town("Port Said", 32.3, 31.26, 18, 44, 32); m.town("Suez", 32.55, 29.97, 22, 2, 32); m.town("Ismailia", 32.27, 30.6, -18, -2, 32, "r")
    m.town("Cairo", 31.24, 30.05, -18, 4, 34, "r", r=7); m.town("Alexandria", 29.92, 31.2, -4, 44, 32, "m")
    x, y = m.pt(32.6, 30.31); m.text("Great Bitter Lake", x, y, 27, TEAL)
    m.curve_text("Suez Canal", m.pts([(32.42, 31.06), (32.42, 30.5)]), 38, RED, track=5)
    m.curve_text("Mediterranean Sea", m.pts([(32.15, 31.62), (33.0, 31.52), (33.9, 31.45)]), 40, TEAL, track=6)
    m.curve_text("Gulf of Suez", m.pts([(32.42, 29.87), (32.62, 29.6), (32.85, 29.35)]), 29, TEAL, track=2) if 0 else m.text("Gulf of Suez", *m.pt(32.83, 29.62), 31, TEAL)
    m.text("Rosetta", *m.pt(30.43, 31.13), 25, TEAL, align="r", halo="#eed9a8") if 0 else None
    m.text("S I N A I", *m.pt(33.45, 30.2), 44, INK, "serif", "m", a=0.85)
    m.text("Nile Delta", *m.pt(31.02, 30.92), 36, INK, "serif-italic", "m", halo="#ecd9ae")
    m.text("Nile", *m.pt(31.32, 29.62), 30, TEAL)
    m.frame(0.25)
    return m


@plate_of("montreux-and-the-gatekeeper")
def montreux():
    m = Map(mercator, (27.9, 40.62), span=2.5, res="10m", bounds=(23, 38, 33, 43.5), simp=0.6, ground=INK)
    sea(m, "#2f4a63"); m.c.clear(rgb(INK))
    m.graticule(0.5, line("#33426b", 1), (23, 33), (38, 44), .25)
    m.waterlines("#7f99a8", n=4, gap=9, a=0.8)
    m.path(geom(m.land()), fill(SAND)); m.shade(["Turkey"], PAPER)
    m.shadehatch(["Turkey"], "#d8c7a0", gap=10, w=1.1, angle=0)
    m.borders(line(INK, 1.8, 0.8, dash=(10, 5, 2, 5)))
    m.coast(w=2.2)
    lane = [(25.3, 39.78), (25.8, 39.9), (26.12, 40.01), (26.3, 40.06), (26.4, 40.15), (26.46, 40.22), (26.66, 40.35), (26.85, 40.47), (27.25, 40.58), (27.9, 40.78), (28.6, 40.9), (28.95, 40.98), (29.03, 41.06), (29.07, 41.14), (29.13, 41.24), (29.3, 41.45), (29.9, 41.75), (30.3, 41.86)]
    m.path(smooth(m.pts(lane)), line(RED, 4.4, dash=(17, 11), cap=False))
    m.mark(26.39, 40.15, 19, RED, PAPER); m.mark(29.06, 41.11, 19, RED, PAPER)
    m.curve_text("Dardanelles", m.pts([(26.62, 40.13), (26.95, 40.38)][:1] + [(26.9, 40.14), (27.5, 40.14)]), 40, RED, track=2, halo=PAPER)
    m.text("Bosphorus", *m.pt(29.28, 41.08), 40, RED, halo=PAPER)
    m.town("Istanbul", 28.95, 41.02, -26, -14, 34, "r", r=6)
    m.town("Gallipoli", 26.67, 40.41, -10, -26, 28, "r", halo=PAPER); m.town("Bursa", 29.06, 40.19, 16, 10, 30); 
    m.town("Edirne", 26.56, 41.68, 16, 10, 28) ; m.town("Izmit", 29.93, 40.77, 0, 40, 28, "m")
    m.curve_text("Sea of Marmara", m.pts([(27.86, 40.64), (28.3, 40.63), (28.85, 40.68)]), 33, "#c9d6d8", track=4)
    m.text("Black Sea", *m.pt(28.95, 41.66), 46, "#c9d6d8", align="m"); m.text("Aegean", *m.pt(25.66, 39.62), 34, "#c9d6d8", align="m"); m.text("Sea", *m.pt(25.66, 39.52), 34, "#c9d6d8", align="m")
    m.text("THRACE", *m.pt(27.35, 41.28), 34, INK, "serif", "m", track=12); m.text("ANATOLIA", *m.pt(28.6, 39.78), 34, INK, "serif", "m", track=14)
    m.frame(0.25)
    return m


@plate_of("a-market-of-fifty-four")
def market():
    m = Map(laea(18, 2), (18, 1.2), (610, 508), scale=722, bounds=(-60, -60, 110, 72), simp=0.7, speck=8, ground=TEAL)
    m.graticule(10, line("#6f9096", 1.1), (-60, 90), (-50, 60), 2)
    m.path(geom(m.land().buffer(12)), line("#86a5aa", 1.2)); m.path(geom(m.land().buffer(6)), line("#9db6b9", 1.2))
    af = ["Algeria", "Angola", "Benin", "Cameroon", "Congo", "Côte d'Ivoire", "Dem. Rep. Congo", "Djibouti", "Egypt", "Eq. Guinea", "Eritrea", "Gabon", "Gambia", "Ghana", "Guinea", "Guinea-Bissau", "Kenya", "Liberia", "Libya", "Madagascar", "Mauritania", "Morocco", "Mozambique", "Namibia", "Nigeria", "Senegal", "Sierra Leone", "Somalia", "Somaliland", "South Africa", "Sudan", "Tanzania", "Togo", "Tunisia", "W. Sahara", "Cabo Verde", "Comoros", "Mauritius", "Seychelles", "São Tomé and Principe"] + LANDLOCKED
    m.path(geom(m.land()), fill("#b9c7c4"))
    p = geom(m.area(*af)); m.path(p, fill(PAPER)); m.hatch(p, "#ead9b0", gap=7, w=2.0, angle=45)
    m.borders(line(INK, 1.3, 0.7, dash=(5, 5))); m.coast(w=1.9)
    T = {"Casablanca": (-7.6, 33.6), "Cairo": (31.2, 30.0), "Dakar": (-17.4, 14.7), "Abidjan": (-4.0, 5.3), "Accra": (-0.2, 5.6), "Lagos": (3.4, 6.5), "Addis Ababa": (38.7, 9.0), "Nairobi": (36.8, -1.3), "Kigali": (30.1, -1.9), "Kinshasa": (15.3, -4.3), "Luanda": (13.2, -8.8), "Dar es Salaam": (39.3, -6.8), "Lusaka": (28.3, -15.4), "Johannesburg": (28.0, -26.2), "Durban": (31, -29.9), "Tunis": (10.2, 36.8), "Kano": (8.5, 12.0)}
    A = [("Casablanca", "Dakar", .2), ("Casablanca", "Tunis", .25), ("Tunis", "Cairo", .2), ("Dakar", "Accra", .25), ("Accra", "Lagos", .4), ("Lagos", "Nairobi", -.2), ("Lagos", "Kinshasa", .2), ("Lagos", "Kano", -.2), ("Kano", "Tunis", -.12), ("Cairo", "Addis Ababa", -.18), ("Addis Ababa", "Nairobi", -.25), ("Nairobi", "Dar es Salaam", -.3), ("Kigali", "Dar es Salaam", .2), ("Kigali", "Nairobi", -.3), ("Kinshasa", "Luanda", .3), ("Luanda", "Johannesburg", .2), ("Lusaka", "Johannesburg", -.2), ("Dar es Salaam", "Lusaka", -.2), ("Kinshasa", "Kigali", -.15), ("Accra", "Casablanca", .15), ("Kigali", "Lusaka", .12)]
    for a, b, k in A:
        (x1, y1), (x2, y2) = m.pt(*T[a]), m.pt(*T[b])
        q = skia.Path(); q.moveTo(x1, y1); q.quadTo((x1 + x2) / 2 + k * (y2 - y1), (y1 + y2) / 2 - k * (x2 - x1), x2, y2)
        m.path(q, line(PAPER, 7), line(RED, 3.2))
    for n, (lo, la) in T.items():
        if n in ("Durban", "Abidjan"): continue
        x, y = m.pt(lo, la); m.circle(x, y, 9, fill(PAPER)); m.circle(x, y, 6.5, fill(INK))
    for n, dx, dy, al in (("Casablanca", -14, -8, "r"), ("Cairo", 14, -8, "l"), ("Dakar", -16, 8, "r"), ("Accra", -4, 36, "r"), ("Addis Ababa", 14, -10, "l"), ("Nairobi", 18, -6, "l"), ("Luanda", -16, 10, "r"), ("Dar es Salaam", 18, 14, "l"), ("Johannesburg", -2, 36, "m"), ("Tunis", 20, 12, "l")):
        x, y = m.pt(*T[n]); m.text(n, x + dx, y + dy, 25, INK, "serif", al, halo=PAPER if n in ("Johannesburg","Cairo","Addis Ababa", "Nairobi") else None) if n not in ("Dakar", "Casablanca", "Accra", "Luanda", "Dar es Salaam", "Tunis") else m.text(n, x + dx, y + dy, 25, PAPER, "serif", al, halo=TEAL)
    m.rect(1130, 652, 56, 5, fill(OCHRE))
    for i, t in enumerate(("One market,", "many borders")):
        m.text(t, 1130, 720 + i * 60, 54, PAPER, "serif")
    m.text("Cities and the routes between", 1130, 836, 29, "#e3e6df"); m.text("them, drawn as intentions", 1130, 872, 29, "#e3e6df")
    m.frame(None)
    return m


@plate_of("brazils-patient-neutrality")
def brazil():
    m = Map(laea(-58, -18), (-58, -22), (980, 520), scale=800, bounds=(-150, -75, 20, 55), simp=0.7, speck=8)
    sea(m)
    m.graticule(10, line("#c5cfcb", 1), (-120, 0), (-70, 40), 2)
    m.waterlines(n=4, gap=7)
    m.path(geom(m.land()), fill(SAND))
    p = geom(m.area("Brazil")); m.path(p, fill(OCHRE)); m.hatch(p, "#b9822a", gap=9, w=1.2, angle=45)
    m.borders(line(INK, 1.4, 0.75, dash=(8, 5))); m.coast(w=1.8)
    m.path(geom(shapely.boundary(m.area("Brazil"))), line(RED, 4))
    am = [(-70.0, -4.2), (-66.5, -2.6), (-63, -3.6), (-60, -3.15), (-57, -2.5), (-54.7, -2.35), (-52, -1.5), (-50.5, -0.3)]
    m.river(am, TEAL, (3, 8), halo=OCHRE)
    # bearings: equal courses from the capital to the ocean
    bx, by = m.pt(-47.9, -15.8)
    for r in (70, 150, 230):
        m.circle(bx, by, r, line(INK, 1.3, 0.55, dash=(3, 7)))
    m.mark(-47.9, -15.8, 15, RED, PAPER)
    m.text("Brasília", bx + 32, by - 12, 32, INK, "serif", halo=OCHRE)
    m.text("B R A Z I L", *m.pt(-54.6, -9.9), 52, INK, "serif", "m", halo=OCHRE)
    m.text("Amazon", *m.pt(-61.8, -1.9), 25, "#2f555c", halo=OCHRE)
    for n, lo, la, dx, dy, al in (("São Paulo", -46.6, -23.55, -16, 6, "r"), ("Rio de Janeiro", -43.2, -22.9, 16, 22, "l"), ("Manaus", -60, -3.1, 0, 36, "m"), ("Recife", -34.9, -8.05, 16, 8, "l"), ("Buenos Aires", -58.4, -34.6, -14, 4, "r")):
        m.town(n, lo, la, dx, dy, 25, al, halo={"São Paulo": OCHRE, "Manaus": OCHRE}.get(n))
    for n, lo, la in (("Argentina", -66, -38), ("Bolivia", -64.6, -17), ("Peru", -75.3, -9.0), ("Colombia", -73.1, 3.6), ("Venezuela", -66.2, 7.2)):
        m.text(n, *m.pt(lo, la), 23, INK, "serif-italic", "m", a=0.85)
    m.text("Atlantic", *m.pt(-33, -30), 44, TEAL, align="m"); m.text("Ocean", *m.pt(-33, -33.4), 44, TEAL, align="m")
    m.text("Pacific Ocean", *m.pt(-88.5, -20), 44, TEAL, align="m")
    m.compass(262, 770, 104, INK, RED)
    m.frame(None)
    return m


@plate_of("indias-two-oceans-of-choice")
def india():
    m = Map(laea(76, 10), (76, 12), (800, 520), scale=925, bounds=(-25, -60, 175, 80), simp=0.8, speck=8)
    sea(m)
    m.graticule(10, line("#c5cfcb", 1), (20, 140), (-40, 70), 2)
    ind = m.area("India")
    for i in range(1, 13):
        b = polys(ind.buffer(26 * i).simplify(1))
        m.path(geom(shapely.boundary(b)), line(TEAL, 1.5, 0.85 * (1 - i / 13.5)))
    m.path(geom(m.land()), fill(SAND))
    m.borders(line(INK, 1.1, 0.35, dash=(6, 5)))
    p = geom(ind); m.path(p, fill(OCHRE)); m.hatch(p, "#b9822a", gap=9, w=1.2, angle=45)
    m.coast(w=1.8); m.path(geom(shapely.boundary(ind)), line(INK, 2.0))
    # the Himalaya, hachured
    ridge = [(73.5, 35.6), (76.5, 33.9), (79, 31.6), (82, 29.6), (85, 28.3), (88.5, 27.8), (92, 28.0), (95.3, 29.0)]
    pm = skia.PathMeasure(smooth(m.pts(ridge)), False); n = 19
    for i in range(n):
        pos, tan = pm.getPosTan(pm.getLength() * (i + .5) / n); x, y = pos.x(), pos.y(); s = 19 if i % 2 else 25
        m.path(poly([(x - s * .8, y + s * .5), (x, y - s), (x + s * .8, y + s * .5)]), fill(PAPER), line(INK, 2))
        m.path(poly([(x, y - s), (x + s * .8, y + s * .5), (x + s * .15, y + s * .5)]), fill(INK))
    # two bearings
    def arrow(pts, c=RED):
        q = m.pts(pts); m.path(smooth(q), line(PALE, 12), line(c, 4.5))
        (x1, y1), (x2, y2) = q[-2], q[-1]; a = math.atan2(y2 - y1, x2 - x1)
        m.path(poly([(x2 + 20 * math.cos(a), y2 + 20 * math.sin(a)), (x2 + 13 * math.cos(a + 2.2), y2 + 13 * math.sin(a + 2.2)), (x2 + 13 * math.cos(a - 2.2), y2 + 13 * math.sin(a - 2.2))]), fill(c))
    arrow([(72.6, 18.6), (68, 16.5), (62, 15.5), (55, 13.6)]); arrow([(80.6, 12.8), (84.5, 10.4), (89, 8.2), (93.6, 6.3)]); arrow([(77.2, 7.6), (76.6, 3), (75.8, -3)])
    m.town("Delhi", 77.2, 28.6, -6, 40, 28, "m", halo=OCHRE); m.town("Mumbai", 72.85, 19.0, 16, 6, 28, halo=OCHRE); m.town("Chennai", 80.25, 13.1, 15, 2, 26, "l", halo=PALE); m.town("Kochi", 76.25, 9.95, -16, 8, 26, "r", halo=PALE)
    m.text("Arabian Sea", *m.pt(63.5, 18.4), 40, TEAL, align="m", halo=PALE); m.text("Bay of", *m.pt(89.6, 18.0), 36, TEAL, align="m", halo=PALE); m.text("Bengal", *m.pt(89.6, 15.7), 36, TEAL, align="m", halo=PALE)
    m.text("Indian Ocean", *m.pt(86, -4.8), 48, TEAL, align="m", halo=PALE)
    m.curve_text("HIMALAYA", m.pts([(74.6, 38.6), (78, 35.6), (82, 33.2), (87, 31.6), (93, 31.4)]), 30, INK, "serif", track=16, halo=SAND)
    m.frame(None)
    return m


@plate_of("lines-drawn-with-a-ruler")
def ruler():
    m = Map(plate(24), (11.6, 22.3), span=32, res="50m", bounds=(-40, -8, 60, 52), simp=0.6, speck=10)
    m.graticule(5, line("#e3d7bd", 1), (-30, 60), (0, 50))
    m.waterlines(TEAL, 3, 7)
    m.path(geom(m.land()), fill("#f3e9d2"))
    m.dots(geom(m.land()), "#d9c69a", gap=17, r=1.5)
    m.borders(line(INK, 1.5, 0.7)); m.coast(w=2)
    # straight stretches, found rather than chosen
    keep = []
    for a, names in border_arcs("50m"):
        if names & {"Israel", "Palestine", "Saudi Arabia", "Jordan", "Iraq", "Syria", "Kuwait", "Yemen"}:
            continue
        s = LineString(a).simplify(0.06)
        for (x1, y1), (x2, y2) in zip(s.coords, s.coords[1:]):
            if -20 < x1 < 42 and min(y1, y2) > 12.5 and y1 < 38 and math.hypot(x2 - x1, y2 - y1) > 1.55:
                keep.append((m.pt(x1, y1), m.pt(x2, y2)))
    with m.within(geom(m.land())):
        for a, b in keep:
            m.seg(*a, *b, line("#f3e9d2", 10)); 
        for a, b in keep:
            dx, dy = b[0] - a[0], b[1] - a[1]; L = math.hypot(dx, dy); ux, uy = dx / L, dy / L
            m.seg(a[0] - ux * 26, a[1] - uy * 26, b[0] + ux * 26, b[1] + uy * 26, line(RED, 1.6, 0.7, dash=(4, 5), cap=False))
            m.seg(*a, *b, line(RED, 5, cap=False))
    for a, b in keep:
        for x, y in (a, b):
            m.circle(x, y, 6.5, fill(PAPER), line(RED, 3))
    for n, lo, la, s in (("Mauritania", -9.9, 19.8, 26), ("Mali", -1.2, 19.6, 32), ("Algeria", 2.6, 28.3, 38), ("Niger", 9.8, 17.6, 34), ("Libya", 17.6, 27.0, 38), ("Chad", 18.6, 15.4, 34), ("Egypt", 29.6, 26.6, 38), ("Sudan", 29.8, 16.2, 36), ("Morocco", -6.0, 31.9, 26), ("Tunisia", 9.6, 33.6, 20)):
        if n == "Tunisia": continue
        m.text(n, *m.pt(lo, la), s, INK, "serif", "m", halo="#f3e9d2")
    m.text("Mediterranean Sea", *m.pt(19.2, 34.3), 33, TEAL, align="m", halo=None);
    m.text("Atlantic", *m.pt(-18.6, 29.6), 1, TEAL, align="m"); m.text("Ocean", *m.pt(-18.6, 28.3), 1, TEAL, align="m")
    # the ruler itself
    m.c.save(); m.c.translate(150, 880); m.c.rotate(-7)
    m.rect(8, 8, 860, 78, fill(INK, 0.25)); m.rect(0, 0, 860, 78, fill(OCHRE), line(INK, 2.4))
    for i in range(0, 85):
        m.seg(10 + i * 10, 2, 10 + i * 10, 30 if i % 10 == 0 else 22 if i % 5 == 0 else 14, line(INK, 1.8))
    for i in range(1, 9):
        m.text(str(i), 10 + i * 100, 58, 24, INK, "sans", "m")
    m.c.restore()
    m.frame(1)
    return m


@plate_of("the-arctic-art-of-silence")
def arctic():
    m = Map(polar(-20), (0, 90), (800, 500), scale=890, bounds=(-180, 22, 180, 84), simp=1.1, speck=22, ground=PALE)
    P = lambda lo, la: m.pt(lo, la)
    for la in (85, 80, 75, 70, 65, 60, 55):
        m.circle(800, 500, m.k * math.radians(90 - la), line("#c3ceca", 1.1))
    for lo in range(0, 360, 15):
        m.seg(*P(lo, 87.5), *P(lo, 45), line("#c3ceca", 1.1))
    m.waterlines(TEAL, 3, 7)
    # silence: an unprinted disc of ice
    ice = smooth([(800 + (172 + 22 * math.sin(3 * t + .6) + 12 * math.sin(7 * t)) * math.cos(t) - 34, 500 + (150 + 20 * math.cos(2 * t) + 10 * math.sin(5 * t + 1)) * math.sin(t) - 42) for t in np.linspace(0, 2 * math.pi, 60)[:-1]], True)
    from shapely.geometry import Point
    m.path(ice, fill(PAPER), line(TEAL, 1.6, 0.9, dash=(2, 6)))
    m.path(geom(m.land()), fill(SAND))
    eight = ["Canada", "Denmark", "Greenland", "Faeroe Is.", "Finland", "Iceland", "Norway", "Russia", "Sweden", "United States of America"]
    p = geom(m.area(*eight)); m.path(p, fill(INK)); m.hatch(p, "#2a3864", gap=14, w=2, angle=45)
    m.borders(line(PAPER, 1.6)); m.coast(w=1.3)
    m.circle(800, 500, m.k * math.radians(90 - 66.56), line(RED, 3.6, dash=(20, 10), cap=False))
    m.circle(800, 500, 6, fill(RED)); m.circle(800, 500, 16, line(RED, 2.6))
    m.text("North Pole", 800, 546, 28, INK, align="m")
    for n, lo, la, s, dx, dy in (("Canada", -114, 60.0, 36, 0, 0), ("Greenland", -41, 75, 27, 4, 0), ("Russia", 103, 62.5, 40, 0, 0), ("Alaska", -153, 64.2, 27, 0, 0), ("Iceland", -18.6, 64.3, 24, 0, 52), ("Norway", 9.5, 61.6, 22, -75, 10), ("Sweden", 15.5, 61.2, 22, 0, 0), ("Finland", 27, 63, 22, 12, 0)):
        x, y = P(lo, la); 
        if n in ("Norway", "Sweden", "Finland", "Iceland"): continue
        m.text(n, x + dx, y + dy, s, PAPER, "serif", "m")
    m.text("Arctic Circle", *P(-172, 64.2), 1, RED) if 0 else None
    q = [(800 + (m.k * math.radians(23.44) + 12) * math.sin(math.radians(a)), 500 - (m.k * math.radians(23.44) + 12) * math.cos(math.radians(a))) for a in range(-14, 38, 4)]
    m.frame(None)
    return m


DANUBE = [(8.5, 47.95), (9.1, 48.03), (9.99, 48.4), (10.9, 48.73), (11.42, 48.77), (12.1, 49.02), (12.75, 48.87), (13.46, 48.57), (14.29, 48.31), (15.1, 48.2), (15.75, 48.4), (16.37, 48.22), (17.11, 48.14), (17.8, 47.8), (18.2, 47.74), (18.75, 47.82), (19.0, 47.78), (19.05, 47.5), (18.95, 46.8), (18.9, 46.2), (18.85, 45.7), (19.1, 45.3), (19.85, 45.25), (20.45, 44.83), (21.2, 44.75), (21.7, 44.65), (22.4, 44.68), (22.65, 44.5), (22.9, 44.05), (23.7, 43.8), (24.9, 43.7), (25.95, 43.87), (27.0, 44.13), (27.9, 44.25), (28.0, 44.7), (27.95, 45.25), (28.15, 45.45), (28.8, 45.3), (29.6, 45.18)]


@plate_of("a-river-with-ten-states")
def danube():
    m = Map(mercator, (19.3, 46.2), span=10.0, res="50m", bounds=(2, 36, 40, 56), simp=0.5)
    sea(m); m.waterlines(n=4, gap=8)
    m.path(geom(m.land()), fill("#efe6d4"))
    ten = ["Germany", "Austria", "Slovakia", "Hungary", "Croatia", "Serbia", "Romania", "Bulgaria", "Moldova", "Ukraine"]
    for n, c in zip(ten, (MIST, OCHRE, "#e7cf95", "#c3d0cf", "#e7cf95", OCHRE, MIST, "#e7cf95", OCHRE, "#c3d0cf")):
        m.shade([n], c, 0.8)
    for n, an in zip(ten, (45, 0, 135, 45, 45, 0, 135, 45, 0, 45)):
        m.hatch(geom(m.area(n)), INK, gap=10, w=1, angle=an, a=0.16)
    m.borders(line(INK, 1.3, 0.55, dash=(7, 5))); m.borders(line(INK, 1.6, 0.9), among=None) if 0 else None
    m.coast(w=1.8)
    m.river(DANUBE, RED, (3.5, 9), halo=PAPER)
    for r in ([(10.3, 47.4), (10.9, 48.35), (10.95, 48.72)], [(9.9, 46.5), (11.4, 47.27), (12.15, 47.85), (12.9, 48.25), (13.46, 48.57)], [(13.0, 46.7), (14.3, 46.6), (15.65, 46.55), (16.6, 46.3), (17.8, 45.75), (18.9, 45.55)], [(24.2, 48.0), (22.7, 48.1), (21.6, 48.2), (20.9, 47.8), (20.2, 47.2), (20.2, 46.25), (20.05, 45.6), (20.3, 45.15)], [(14.5, 46.06), (15.9, 45.8), (16.9, 45.25), (18.1, 45.08), (19.2, 44.9), (20.45, 44.83)], [(26.6, 48.25), (27.3, 47.6), (28.1, 46.7), (28.2, 45.47)]):
        m.path(smooth(m.pts(r)), line(TEAL, 2.2))
    for n, lo, la, dx, dy, al in (("Ulm", 9.99, 48.4, 4, -18, "m"), ("Regensburg", 12.1, 49.02, 6, -18, "m"), ("Vienna", 16.37, 48.22, -6, -18, "r"), ("Bratislava", 17.11, 48.14, 10, -16, "l"), ("Budapest", 19.05, 47.5, 16, 10, "l"), ("Belgrade", 20.45, 44.83, 14, 34, "l"), ("Ruse", 25.95, 43.85, 6, 36, "m"), ("Izmail", 28.84, 45.35, 6, -18, "m")):
        m.town(n, lo, la, dx, dy, 25, al, halo=PAPER)
    for n, lo, la, s in (("GERMANY", 10.9, 50.0, 24), ("AUSTRIA", 14.1, 47.4, 23), ("SLOVAKIA", 19.6, 48.62, 20), ("HUNGARY", 17.75, 47.1, 18), ("CROATIA", 15.9, 45.38, 16), ("SERBIA", 20.8, 43.85, 20), ("ROMANIA", 25.0, 45.95, 26), ("BULGARIA", 24.9, 42.6, 23), ("UKRAINE", 27.6, 49.4, 26)):
        m.text(n, *m.pt(lo, la), s, INK, "serif", "m", track=4, a=0.9)
    m.text("MOLDOVA", *m.pt(28.55, 47.15), 16, INK, "serif", "m", track=1, angle=50)
    m.text("Black", *m.pt(29.6, 43.5), 34, TEAL, align="m"); m.text("Sea", *m.pt(29.6, 43.05), 34, TEAL, align="m"); m.text("Adriatic Sea", *m.pt(15.4, 42.9), 30, TEAL, align="m", angle=36)
    m.mark(29.6, 45.18, 14)
    m.frame(1)
    return m


@plate_of("upstream-downstream-the-nile")
def nile():
    m = Map(laea(31, 14), (31, 13.4), (1020, 500), scale=1370, res="50m", bounds=(-50, -50, 110, 75), simp=0.6)
    m.graticule(5, line("#e3d7bd", 1), (-10, 80), (-20, 50), 1)
    m.waterlines(TEAL, 4, 7)
    m.path(geom(m.land()), fill("#f3e9d2"))
    basin = ["Burundi", "Dem. Rep. Congo", "Egypt", "Eritrea", "Ethiopia", "Kenya", "Rwanda", "S. Sudan", "Sudan", "Tanzania", "Uganda"]
    p = geom(m.area(*basin)); m.path(p, fill(OCHRE, 0.36)); m.hatch(p, "#c79a45", gap=9, w=1, angle=0, a=0.7)
    m.borders(line(INK, 1.3, 0.55, dash=(7, 5)), among=basin); m.coast(w=1.8)
    R = lambda ll, w, c="#35707c": m.river(ll, c, w, halo=None)
    vic = smooth(m.pts([(31.8, -0.3), (32.4, 0.2), (33.3, 0.35), (34.1, 0.1), (34.3, -0.3), (33.9, -1.2), (33.4, -2.1), (32.8, -2.5), (31.9, -2.6), (31.75, -1.6)]), True)
    tana = smooth(m.pts([(37.1, 11.9), (37.3, 12.25), (37.55, 12.1), (37.5, 11.75), (37.25, 11.65)]), True)
    alb = smooth(m.pts([(30.4, 1.1), (30.9, 1.7), (31.4, 2.25), (31.3, 1.95), (30.75, 1.3)]), True)
    nas = smooth(m.pts([(32.88, 23.95), (32.95, 23.3), (32.6, 22.8), (31.6, 22.3), (31.2, 21.85), (31.5, 22.1), (32.45, 22.55), (32.8, 23.2)]), True)
    W_ = [(33.2, 0.42), (33.0, 1.4), (32.3, 2.2), (31.4, 2.3), (31.5, 3.3), (32.05, 3.7), (31.6, 4.85), (31.2, 6.4), (30.5, 7.8), (30.45, 9.1), (30.5, 9.5), (31.6, 9.5), (32.3, 10.6), (32.75, 12.2), (32.5, 14.0), (32.5, 15.62)]
    B_ = [(37.4, 11.6), (37.95, 11.1), (37.9, 10.35), (37.0, 10.05), (36.0, 10.2), (35.3, 10.9), (35.09, 11.21), (34.4, 11.8), (33.9, 12.9), (33.5, 14.1), (33.1, 15.0), (32.5, 15.62)]
    M_ = [(32.5, 15.62), (33.2, 16.6), (33.98, 17.65), (33.6, 18.9), (33.3, 19.5), (32.5, 19.2), (31.8, 18.4), (30.9, 18.0), (30.4, 18.9), (30.5, 19.7), (30.35, 20.6), (31.0, 21.6), (31.9, 22.4), (32.85, 23.2), (32.88, 24.1), (32.9, 25.0), (32.6, 25.8), (32.75, 26.15), (31.8, 26.5), (31.0, 27.6), (30.8, 28.6), (31.2, 29.6), (31.2, 30.1)]
    for r in ([(39.4, 12.9), (38.0, 13.6), (36.4, 14.3), (35.0, 16.4), (33.98, 17.65)], [(36.5, 8.3), (34.3, 8.3), (33.3, 8.5), (32.4, 9.2), (31.8, 9.5)], [(28.0, 9.4), (29.6, 9.3), (30.5, 9.5)]):
        R(r, (2, 3.5))
    for l in (vic, tana, alb, nas):
        m.path(l, fill(MIST), line("#35707c", 2))
    R(W_, (4, 6)); R(B_, (3.5, 6)); R(M_, (8, 9)); R([(31.2, 30.1), (30.8, 30.8), (30.4, 31.45)], (5, 5)); R([(31.2, 30.1), (31.4, 30.9), (31.84, 31.5)], (5, 5))
    for n, lo, la, dx, dy, al in (("Cairo", 31.24, 30.05, -18, 8, "r"), ("Khartoum", 32.53, 15.6, -20, 10, "r"), ("Addis Ababa", 38.75, 9.0, 16, 8, "l"), ("Kampala", 32.58, 0.32, -14, -8, "r"), ("Juba", 31.6, 4.85, -14, 8, "r")):
        m.town(n, lo, la, dx, dy, 28, al, halo="#f0dfb4")
    m.mark(35.09, 11.21, 14); m.text("Grand Ethiopian", *m.pt(36.1, 14.35), 1, RED) if 0 else None
    x, y = m.pt(35.09, 11.21); m.path(poly([(x + 20, y - 20), (x + 70, y - 74), (1278, y - 74)], False), line(RED, 1.8)); m.text("Grand Ethiopian", 1288, y - 82, 28, RED, "serif", halo="#f3e9d2"); m.text("Renaissance Dam", 1288, y - 48, 28, RED, "serif", halo="#f3e9d2")
    m.mark(32.88, 23.97, 14); x, y = m.pt(32.88, 23.97); m.text("Aswan High Dam", x - 34, y + 8, 28, RED, "serif", "r", halo="#f0dfb4")
    m.text("White Nile", *m.pt(32.1, 12.4), 27, "#2f626c", align="r", halo="#f0dfb4"); m.text("Blue Nile", *m.pt(33.5, 14.95), 25, "#2f626c", halo="#f0dfb4")
    m.text("Lake Victoria", *m.pt(34.7, -1.4), 26, "#2f626c", halo="#f0dfb4")
    m.text("Red Sea", *m.pt(38.55, 19.9), 26, TEAL, angle=57, align="m"); m.text("Mediterranean Sea", *m.pt(26, 33.3), 30, TEAL, align="m") if 0 else None
    m.rect(96, 108, 56, 5, fill(RED)); m.text("The Nile basin", 96, 170, 50, INK, "serif"); m.text("eleven states, one river", 96, 216, 32, TEAL)
    m.frame(None)
    return m


@plate_of("the-canal-that-drinks-a-lake")
def panama():
    m = Map(mercator, (-79.72, 9.13), span=1.12, res="10m", bounds=(-82, 7.5, -77, 11), simp=0.5)
    sea(m)
    land = m.land()
    # the 1:10m coast is coarse this close; round it by a few pixels
    land = polys(land.buffer(9).buffer(-18).buffer(9).simplify(0.5)); m._land = land
    m.graticule(0.25, line("#c5cfcb", 1), (-82, -77), (7, 11), .25)
    m.waterlines(n=5, gap=9)
    m.path(geom(land), fill("#f3e9d2"))
    with m.within(geom(land)):
        for cx, cy, s in ((-79.25, 9.42, 1.0), (-80.3, 8.75, .9), (-78.95, 9.2, .7)):
            for i in range(1, 9):
                q = smooth([(m.pt(cx, cy)[0] + s * (i * 34) * (1 + .22 * math.sin(3 * t + i * .2) + .1 * math.sin(5 * t)) * math.cos(t), m.pt(cx, cy)[1] + s * (i * 22) * (1 + .2 * math.cos(2 * t + i * .15)) * math.sin(t)) for t in np.linspace(0, 2 * math.pi, 40)[:-1]], True)
                m.path(q, line("#cbb27c", 1.3, 0.75))
    m.coast(w=2.2)
    gat = [(-79.92, 9.262), (-79.87, 9.275), (-79.83, 9.25), (-79.80, 9.215), (-79.76, 9.21), (-79.72, 9.175), (-79.68, 9.13), (-79.66, 9.115), (-79.70, 9.11), (-79.75, 9.14), (-79.79, 9.13), (-79.80, 9.07), (-79.84, 9.03), (-79.86, 9.08), (-79.90, 9.04), (-79.94, 9.02), (-79.95, 9.08), (-80.02, 9.09), (-80.05, 9.13), (-79.99, 9.15), (-80.01, 9.2), (-79.95, 9.2), (-79.95, 9.24)]
    lake = smooth(m.pts(gat), True)
    m.path(lake, fill(TEAL)); m.hatch(lake, "#7fa1a8", gap=8, w=1.6, angle=0); m.path(lake, line(INK, 2.2))
    alaj = smooth(m.pts([(-79.60, 9.21), (-79.57, 9.235), (-79.53, 9.22), (-79.50, 9.25), (-79.47, 9.24), (-79.50, 9.205), (-79.55, 9.2)]), True)
    m.path(alaj, fill(TEAL)); m.hatch(alaj, "#7fa1a8", gap=8, w=1.6, angle=0); m.path(alaj, line(INK, 2))
    m.path(smooth(m.pts([(-79.60, 9.205), (-79.64, 9.16), (-79.665, 9.118)])), line(TEAL, 4))
    can = [(-79.915, 9.40), (-79.92, 9.31), (-79.915, 9.262), (-79.87, 9.21), (-79.82, 9.18), (-79.76, 9.165), (-79.70, 9.12), (-79.66, 9.09), (-79.61, 9.03), (-79.585, 8.995), (-79.56, 8.95), (-79.52, 8.88)]
    m.path(smooth(m.pts(can)), line(PAPER, 13), line(RED, 6.5))
    for n, lo, la, dx, dy, al in (("Gatun Locks", -79.92, 9.275, 26, -4, "l"), ("Miraflores Locks", -79.59, 8.997, -30, 26, "r")):
        x, y = m.pt(lo, la); m.rect(x - 14, y - 9, 28, 18, fill(PAPER), line(RED, 4)); m.text(n, x + dx, y + dy, 31, RED, "serif", al, halo="#f3e9d2")
    m.town("Colón", -79.9, 9.355, -24, 34, 32, "r", halo="#f3e9d2"); m.town("Panama City", -79.53, 8.97, 18, -8, 34, r=7, halo="#f3e9d2")
    m.text("Gatun Lake", *m.pt(-80.07, 9.03), 40, "#2f626c", align="r", halo="#f3e9d2"); m.text("Madden Lake", *m.pt(-79.46, 9.21), 30, "#2f626c", halo="#f3e9d2")
    m.text("Caribbean Sea", *m.pt(-80.22, 9.5), 44, TEAL, align="m"); m.text("Gulf of Panama", *m.pt(-79.2, 8.74), 44, TEAL, align="m")
    m.frame(0.125)
    return m


@plate_of("the-mekongs-upstream-question")
def mekong():
    m = Map(laea(101, 20), (101, 20.4), (960, 500), scale=1960, res="50m", bounds=(50, -30, 165, 68), simp=0.6)
    m.graticule(5, line("#e3d7bd", 1), (70, 135), (-5, 45), 1)
    m.waterlines(TEAL, 4, 8)
    m.path(geom(m.land()), fill("#f3e9d2"))
    m.shade(["China", "Myanmar"], "#dfe2d8"); m.shade(["Cambodia", "Laos", "Thailand", "Vietnam"], OCHRE, 0.5)
    m.hatch(geom(m.area("Cambodia", "Laos", "Thailand", "Vietnam")), "#c08f35", gap=9, w=1.1, angle=0, a=0.65)
    with m.within(geom(m.area("China"))):
        for k in range(9):
            q = smooth([m.pt(lo, 24.6 + k * 1.05 + .55 * math.sin(lo * .75 + k * .5) + .3 * math.sin(lo * 1.7 - k)) for lo in np.arange(78, 126, 1.0)])
            m.path(q, line("#b3bdb4", 1.2))
    m.borders(line(INK, 1.4, 0.6, dash=(7, 5))); m.coast(w=1.9)
    M = [(94.3, 33.2), (95.6, 32.6), (97.2, 31.2), (98.2, 29.8), (98.7, 28.5), (98.95, 27.2), (99.2, 26.0), (99.3, 25.2), (100.1, 24.7), (100.4, 23.6), (100.8, 22.6), (101.1, 21.7), (100.5, 20.9), (100.1, 20.3), (100.6, 20.0), (101.3, 19.6), (102.1, 20.0), (102.15, 19.9), (101.9, 19.0), (101.6, 18.3), (101.9, 17.95), (102.6, 17.95), (103.4, 18.4), (104.3, 17.9), (104.75, 17.0), (104.85, 16.3), (105.6, 15.3), (105.85, 14.9), (105.95, 14.0), (106.0, 13.3), (105.7, 12.4), (105.4, 12.0), (104.95, 11.57)]
    sap = smooth(m.pts([(103.6, 13.2), (104.0, 13.0), (104.45, 12.55), (104.4, 12.4), (104.0, 12.65), (103.65, 12.95)]), True)
    m.path(sap, fill(MIST), line("#35707c", 2)); m.path(smooth(m.pts([(104.4, 12.5), (104.7, 12.1), (104.93, 11.57)])), line("#35707c", 4))
    m.river(M, RED, (3, 8), halo="#f3e9d2")
    m.river([(104.95, 11.57), (105.3, 10.9), (105.9, 10.3), (106.6, 9.95)], RED, (6, 6)); m.river([(104.95, 11.57), (105.15, 10.7), (105.5, 10.2), (106.2, 9.5)], RED, (5, 5))
    D = [("Xiaowan", 100.09, 24.7), ("Nuozhadu", 100.43, 22.65), ("Xayaburi", 101.82, 19.25)]
    for n, lo, la in D:
        x, y = m.pt(lo, la); m.rect(x - 13, y - 13, 26, 26, fill(PAPER), line(INK, 3)); m.rect(x - 5, y - 5, 10, 10, fill(INK))
        m.text(n, x + (24 if n != "Xayaburi" else -24), y + 9, 27, INK, "serif", "l" if n != "Xayaburi" else "r", halo="#eee6d0")
    for n, lo, la, dx, dy, al in (("Luang Prabang", 102.13, 19.89, 16, -8, "l"), ("Vientiane", 102.6, 17.96, -6, 38, "m"), ("Pakse", 105.8, 15.12, -16, 10, "r"), ("Phnom Penh", 104.92, 11.57, 18, 2, "l"), ("Can Tho", 105.78, 10.03, -20, 28, "r"), ("Jinghong", 100.8, 22.0, 16, 8, "l")):
        if n in ("Jinghong", "Can Tho"): continue
        m.town(n, lo, la, dx, dy, 27, al, halo="#f0dfb4")
    for n, lo, la, s in (("CHINA", 103.8, 27.4, 36), ("MYANMAR", 96.2, 21.2, 27), ("THAILAND", 101.2, 15.6, 27), ("CAMBODIA", 105.2, 13.0, 1), ("INDIA", 94, 26, 1)):
        if s > 1: m.text(n, *m.pt(lo, la), s, INK, "serif", "m", track=8, a=0.9, halo=None)
    m.text("LAOS", *m.pt(102.3, 20.85), 22, INK, "serif", "m", track=4, a=.9); m.text("CAMBODIA", *m.pt(104.3, 13.75), 16, INK, "serif", "m", track=2, a=.9)
    m.text("VIETNAM", *m.pt(109.8, 13.4), 22, INK, "serif", "l", track=5, a=.9, halo=PAPER)
    m.text("South China Sea", *m.pt(113.4, 17.0), 36, TEAL, align="m"); m.text("Bay of Bengal", *m.pt(89.2, 15.2), 38, TEAL, align="m"); m.text("Gulf of", *m.pt(101.5, 10.75), 29, TEAL, align="m"); m.text("Thailand", *m.pt(101.5, 9.8), 29, TEAL, align="m")
    m.mark(106.6, 9.95, 12)
    m.frame(None)
    return m
