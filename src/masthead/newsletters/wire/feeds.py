"""Reading a feed: bytes in, entries in plain text out. Pure, and meant to be run apart (``newsletters.apart``).

Whatever a feed says is text: marks are taken out, addresses other than http and https are dropped, dates that cannot be are none.
"""

from __future__ import annotations

import hashlib
import io
import sys
from calendar import timegm
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urljoin

import feedparser

from masthead.newsletters import apart
from masthead.newsletters.strangers import plain, web_address

MOST_ENTRIES = 100
HEADLINE, PUBLISHER, SUMMARY = 200, 120, 600
FIRST, LAST = 0, 253402214400  # seconds: 1970, and the last day of 9999


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece of news. ``published`` in seconds since 1970; None where the feed does not say, or cannot be right."""

    guid: str
    url: str
    headline: str
    summary: str
    published: int | None


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed's name and its entries, in its own order."""

    title: str
    entries: tuple[Entry, ...]


class NoFeed(ValueError):
    """This is no RSS or Atom feed."""


def read_apart(body: bytes, content_type: str, url: str) -> Feed:
    """:func:`read`, in a process of its own. ``apart.Unreadable`` for what is no feed, or takes too much."""
    told = apart.read(__name__, body, content_type, url)
    return Feed(told["title"], tuple(Entry(**entry) for entry in told["entries"]))


def read(body: bytes, content_type: str = "", url: str = "") -> Feed:
    """The feed ``body`` is. ``content_type`` is what its host called it; ``url``, against which its addresses are read."""
    # as a file: given bytes or a string, feedparser might take them for a file's name or an address
    headers = {"content-type": content_type or "application/xml", "content-location": url}
    found = feedparser.parse(io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False)
    if not found.get("version") and not found.entries:
        raise NoFeed("This is no RSS or Atom feed.")
    entries = [entry for each in found.entries[: MOST_ENTRIES * 5] if (entry := _entry(each, url))]
    distinct = {entry.guid: entry for entry in reversed(entries)}
    ordered = [entry for entry in entries if distinct.pop(entry.guid, None)]
    return Feed(plain(_text(found.feed, "title"), PUBLISHER), tuple(ordered[:MOST_ENTRIES]))


def _entry(told: Any, base: str) -> Entry | None:
    headline = plain(_text(told, "title"), HEADLINE)
    url = web_address(urljoin(base, _text(told, "link").strip()))
    if not headline or not url:
        return None
    guid = _text(told, "id") or url
    own = dict(told)  # feedparser's own dictionary answers one date's name with another's, and warns of it
    return Entry(
        guid=hashlib.sha256(guid.encode(errors="replace")).hexdigest(),
        url=url,
        headline=headline,
        summary=plain(_text(told, "summary"), SUMMARY),
        published=_moment(own.get("published_parsed") or own.get("updated_parsed")),
    )


def _text(told: Any, name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""


def _moment(parsed: Any) -> int | None:
    try:
        seconds = timegm(parsed)
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if FIRST < seconds < LAST else None


if __name__ == "__main__":
    apart.confine()
    try:
        apart.answer(asdict(read(sys.stdin.buffer.read(), *sys.argv[1:3])))
    except Exception as error:  # whatever it is, it is the feed's fault
        sys.exit(f"masthead: {error if isinstance(error, NoFeed) else 'It cannot be read (' + type(error).__name__ + ').'}")
