"""The sextant glyph: logo.svg (currentColor) and favicon.svg."""
import math, os, sys


def ray(r, deg, x=24.0, y=6.5):
    a = math.radians(deg)
    return f"{x + r * math.sin(a):.2f} {y + r * math.cos(a):.2f}"


def glyph(ticks=True):
    d = [f"M{ray(3.4, -32)}L{ray(33.5, -32)}A33.5 33.5 0 0 0 {ray(33.5, 32)}L{ray(3.4, 32)}",      # frame and limb
         f"M{ray(26.5, -32)}A26.5 26.5 0 0 0 {ray(26.5, 32)}",                                      # inner arc
         f"M20.6 6.5a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0 -6.8 0",                                     # index mirror
         "M5.5 17.5h9.5M5.5 14.5v6"]                                                                 # telescope
    if ticks:
        d.append("".join(f"M{ray(29.4, a)}L{ray(33, a)}" for a in (-24, -16, -8, 0, 24)))
    return "".join(d), f"M{ray(3.4, 11)}L{ray(39, 11)}M{ray(39, 5.5)}L{ray(39, 16.5)}"              # index arm


def write(out):
    d, arm = glyph()
    open(os.path.join(out, "logo.svg"), "w").write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" role="img" aria-label="Sextant"><path d="{d}{arm}" fill="none" stroke="currentColor" stroke-width="2.3" stroke-linecap="round" stroke-linejoin="round"/></svg>\n')
    d, arm = glyph(False)
    open(os.path.join(out, "favicon.svg"), "w").write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" rx="9" fill="#14213d"/><g fill="none" stroke-width="3.2" stroke-linecap="round" stroke-linejoin="round" transform="translate(24 24) scale(.82) translate(-24 -25)"><path d="{d}" stroke="#f6f1e7"/><path d="{arm}" stroke="#e2603f"/></g></svg>\n')


if __name__ == "__main__":
    write(sys.argv[1])
