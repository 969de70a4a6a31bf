"""Extracts what tests need of caniemail.com's data: which mail programs show which features of HTML and CSS.

    npm pack caniemail && tar xf caniemail-*.tgz
    python tools/mail_clients/extract.py package/data/caniemail.json > tests/newsletters/mail_clients.json

Of each feature: y (shown), a (partly), n (not), u (unknown), by the newest version that was tested.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

CLIENTS = {
    "Gmail": ("gmail", "desktop-webmail"),
    "Gmail on iOS": ("gmail", "ios"),
    "Gmail on Android": ("gmail", "android"),
    "Outlook on Windows": ("outlook", "windows"),
    "Outlook.com": ("outlook", "outlook-com"),
    "Outlook on macOS": ("outlook", "macos"),
    "Outlook on iOS": ("outlook", "ios"),
    "Apple Mail": ("apple-mail", "macos"),
    "Apple Mail on iOS": ("apple-mail", "ios"),
    "Yahoo": ("yahoo", "desktop-webmail"),
    "Thunderbird": ("thunderbird", "macos"),
    "Samsung Email": ("samsung-email", "android"),
}


def main() -> None:
    told = json.loads(Path(sys.argv[1]).read_text())
    features = {}
    for feature in told["data"]:
        if feature["category"] not in ("css", "html", "image"):
            continue
        shown = []
        for family, platform in CLIENTS.values():
            versions = feature["stats"].get(family, {}).get(platform, {})
            shown.append(list(versions.values())[-1][0] if versions else "u")
        features[feature["slug"]] = "".join(shown)
    found = {
        "source": "https://www.caniemail.com/",
        "licence": "MIT, copyright (c) 2019 HTeuMeuLeu",
        "date": told["last_update_date"][:10],
        "clients": list(CLIENTS),
        "features": dict(sorted(features.items())),
    }
    json.dump(found, sys.stdout, indent=1)
    sys.stdout.write("\n")


main()
