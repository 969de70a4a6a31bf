"""build.py [slug ...]: prints the pictures. OUT (env) is the content folder; PNG (env), if set, also gets PNG proofs."""
import os, sys, time
from maps import MAPS
try:
    from plates import PLATES
except ImportError:
    PLATES = {}
try:
    from portraits import PORTRAITS
except ImportError:
    PORTRAITS = {}

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.environ.get("OUT", os.path.join(HERE, "../../src/masthead/demo/content"))
PNG = os.environ.get("PNG")
ask = sys.argv[1:]
for folder, plates, limit in (("pictures", {**MAPS, **PLATES}, 119000), ("portraits", PORTRAITS, 24500)):
    os.makedirs(os.path.join(OUT, folder), exist_ok=True)
    for slug, f in plates.items():
        if ask and not any(a in slug for a in ask):
            continue
        t = time.time()
        try:
            p = f()
        except Exception as e:
            if not PNG:
                raise
            import traceback
            traceback.print_exc()
            continue
        size, q = p.webp(os.path.join(OUT, folder, slug + ".webp"), limit)
        if PNG:
            p.png(os.path.join(PNG, slug + ".png"))
        print(f"{slug:40} {size:7} q{q} {time.time() - t:4.1f}s", flush=True)
