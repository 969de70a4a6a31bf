"""Watching feeds: each is asked every twenty minutes, less often while it fails; what is new in it is kept for the desk."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Q

from masthead.core import clock
from masthead.newsletters import apart
from masthead.newsletters.models import WireEntry, WireSource
from masthead.newsletters.wire import feeds, fetching

log = logging.getLogger("masthead.wire")

EVERY = timedelta(minutes=20)
LONGEST = timedelta(days=1)  # between two tries of a feed that fails
CLAIM = timedelta(minutes=5)  # longer than any fetch takes
KEPT = timedelta(days=30)  # entries nobody picked
STILL_THERE = timedelta(days=25)  # one that old which its feed still lists is kept, or it would come back as new
AHEAD = timedelta(days=1)  # no news is dated further ahead than clocks and time zones explain


def fetch_due(most: int = 20, *, loopback: bool = False) -> int:
    """Ask the feeds that are due, one after the other; returns how many were asked. Several workers share them out."""
    now = clock.now()
    due = WireSource.objects.filter(Q(due=None) | Q(due__lte=now), active=True).order_by("due", "pk")
    asked = 0
    for source in list(due[:most]):
        # whoever moves its hour on has it
        mine = WireSource.objects.filter(pk=source.pk, due=source.due, active=True).update(due=now + CLAIM)
        if mine:
            ask(source, loopback=loopback)
            asked += 1
    return asked


def ask(source: WireSource, *, loopback: bool = False) -> int:
    """Fetch ``source`` now and keep what is new; returns how much. What goes wrong stands at the source."""
    try:
        got = fetching.fetch(source.url, etag=source.etag, modified=source.modified, loopback=loopback)
        feed = None if got.same else feeds.read_apart(got.body, got.content_type, got.url)
    except (fetching.Failed, apart.Unreadable) as error:
        _failed(source, str(error))
        return 0
    with transaction.atomic():
        new = _keep(source, feed) if feed else 0
        if got.same:
            _still_there(WireEntry.objects.filter(source=source))
        WireSource.objects.filter(pk=source.pk).update(
            etag=got.etag, modified=got.modified, fetched=clock.now(), due=clock.now() + EVERY, failures=0, problem=""
        )
    source.refresh_from_db()
    return new


def _failed(source: WireSource, problem: str) -> None:
    log.info("%s: %s", source.name, problem)
    failures = min(source.failures + 1, 1000)
    wait = min(EVERY * 2 ** min(failures, 10), LONGEST)
    WireSource.objects.filter(pk=source.pk).update(due=clock.now() + wait, failures=failures, problem=problem[:300])
    source.refresh_from_db()


def _keep(source: WireSource, feed: feeds.Feed) -> int:
    now = clock.now()
    guids = [entry.guid for entry in feed.entries]
    there = WireEntry.objects.filter(source=source, guid__in=guids)
    had = set(there.values_list("guid", flat=True))
    _still_there(there)
    rows = []
    for place, entry in enumerate(feed.entries):
        published = datetime.fromtimestamp(entry.published, UTC) if entry.published is not None else None
        if published and published > now + AHEAD:
            published = None
        if entry.guid in had or (published and published < now - KEPT):
            continue
        rows.append(
            WireEntry(
                source=source,
                guid=entry.guid,
                url=entry.url,
                headline=entry.headline,
                publisher=(source.name or feed.title)[:120],
                summary=entry.summary,
                # without a date of their own they stand in the order of their feed
                published=published or now - timedelta(milliseconds=place),
                seen=now,
            )
        )
    WireEntry.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _still_there(entries) -> None:
    """Note that the feed still lists ``entries``: those about to be cleared stay."""
    entries.filter(picked=None, seen__lt=clock.now() - STILL_THERE).update(seen=clock.now())


def clear() -> int:
    """Forget entries nobody picked for a month."""
    old = WireEntry.objects.filter(picked=None, seen__lt=clock.now() - KEPT).values_list("pk", flat=True)[:1000]
    return WireEntry.objects.filter(pk__in=list(old)).delete()[0]
