"""What editors do at the wire: pick an entry with a comment of their own, put it back, dismiss it, enter one by hand."""

from __future__ import annotations

import hashlib

from django.db.models import Max

from masthead.core import clock
from masthead.newsletters.models import Newsletter, WireEntry
from masthead.newsletters.wire import feeds
from masthead.readers.models import Reader


class NoEntry(ValueError):
    """What was entered is no entry; the message says why, to an editor."""


def pick(*, entry: WireEntry, by: Reader | None, newsletter: Newsletter | None = None, comment: str | None = None) -> WireEntry:
    """Let ``entry`` into the next edition of ``newsletter`` (or of each that has a wire block), after what is picked already."""
    if entry.picked is None:
        last = WireEntry.objects.exclude(picked=None).filter(picked_for=newsletter).aggregate(last=Max("position"))["last"]
        entry.picked, entry.picked_by, entry.position = clock.now(), by, min((last or 0) + 1, 32000)
    entry.picked_for, entry.dismissed = newsletter, None
    if comment is not None:
        entry.comment = comment
    entry.save(update_fields=["picked", "picked_by", "picked_for", "position", "dismissed", "comment"])
    return entry


def put_back(*, entry: WireEntry) -> WireEntry:
    """Undo a pick or a dismissal; its comment stays."""
    entry.picked = entry.picked_by = entry.picked_for = entry.dismissed = None
    entry.position = 0
    entry.save(update_fields=["picked", "picked_by", "picked_for", "dismissed", "position"])
    return entry


def dismiss(*, entry: WireEntry) -> WireEntry:
    """Take ``entry`` from the desk."""
    put_back(entry=entry)
    entry.dismissed = clock.now()
    entry.save(update_fields=["dismissed"])
    return entry


def add(*, url: str, headline: str, publisher: str = "", summary: str = "", comment: str = "") -> WireEntry:
    """An entry by hand. :class:`NoEntry` without a headline or an address of the web."""
    url = feeds.web_address(url.strip())
    headline = feeds.plain(headline, feeds.HEADLINE)
    if not url:
        raise NoEntry("Please give an address that begins with https:// or http://.")
    if not headline:
        raise NoEntry("Please give a headline.")
    now = clock.now()
    return WireEntry.objects.create(
        guid=hashlib.sha256(url.encode()).hexdigest(),
        url=url,
        headline=headline,
        publisher=feeds.plain(publisher, feeds.PUBLISHER),
        summary=feeds.plain(summary, feeds.SUMMARY),
        comment=comment,
        published=now,
        seen=now,
    )
