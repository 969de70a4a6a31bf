"""Words and addresses that strangers wrote (in feeds, in calendars), made fit to stand in ours. Pure."""

from __future__ import annotations

import html
import re
import unicodedata
from urllib.parse import urlsplit

import nh3

URL = 1000


def web_address(url: str, most: int = URL) -> str:
    """``url`` if it is one of the web and not longer than ``most``; else nothing."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return ""
    fits = len(url) <= most and url.isprintable() and " " not in url
    return url if fits and parts.scheme in ("http", "https") and host else ""


def plain(text: str, most: int) -> str:
    """The words of HTML, in one line of at most ``most`` characters; nothing invisible and nothing that turns text around."""
    text = html.unescape(nh3.clean(text[: most * 50], tags=set()))
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Zs") else c for c in text if _shows(c))
    text = re.sub(r" {2,}", " ", text).strip()
    if len(text) <= most:
        return text
    short = text[: most - 1]
    return (short.rsplit(" ", 1)[0] if " " in short else short).rstrip(" ,;:–—-") + "…"


def _shows(c: str) -> bool:
    if unicodedata.category(c) == "Cs":
        return False
    # joiners belong to words in many scripts; marks of direction do not
    return unicodedata.category(c) != "Cf" or c in "\u200c\u200d"
