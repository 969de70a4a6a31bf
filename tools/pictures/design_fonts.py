"""design_fonts.py SRC OUT: static faces for lettering the pictures, from the unpacked npm packages."""
import os, sys
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

SRC, OUT = sys.argv[1:3]
os.makedirs(OUT, exist_ok=True)
SERIF = "fontsource-variable-source-serif-4-5.3.1/files/source-serif-4-latin-wght-%s.woff2"
for name, path, weight in (("serif-italic", SERIF % "italic", 420), ("serif", SERIF % "normal", 500),
                           ("sans", "fontsource-variable-public-sans-5.3.0/files/public-sans-latin-wght-normal.woff2", 600)):
    f = TTFont(os.path.join(SRC, path))
    f.flavor = None
    instancer.instantiateVariableFont(f, {"wght": weight}).save(os.path.join(OUT, name + ".ttf"))
