"""What the account page says of what a reader follows: topics and authors, saved searches, and the private feed of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from masthead.library import keeping
from masthead.library.models import Follow, PrivateFeed, SavedSearch
from masthead.readers.models import Reader

PAGE = 12  # of each a page


@dataclass(frozen=True, slots=True)
class Feed:
    """A private feed, or that there is none yet (``id`` 0). ``seen`` goes along with its form (``keeping.make_feed``)."""

    id: int = 0
    since: date | None = None
    seen: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """A topic or an author followed, or a search saved; ``field`` is what its forms call it."""

    id: int
    field: str
    kind: str
    name: str
    path: str
    since: date
    feed: Feed


def context(reader: Reader, zone: ZoneInfo, follows: str, searches: str) -> dict[str, Any]:
    """The section of ``reader``, on the pages asked for."""
    of_all = PrivateFeed.objects.filter(reader=reader, search=None, follow=None).first()
    followed = Follow.objects.filter(reader=reader).select_related("topic", "author", "feed")
    return {
        "follows": _page(followed.order_by("-created", "-pk"), follows, zone),
        "searches": _page(
            SavedSearch.objects.filter(reader=reader).select_related("feed").order_by("-created", "-pk"), searches, zone
        ),
        "feed_of_all": _feed(of_all, zone),
    }


def _page(rows: QuerySet[Any], number: str, zone: ZoneInfo) -> Page:
    page = Paginator(rows, PAGE).get_page(number)
    page.object_list = [_kept(row, zone) for row in page.object_list]
    return page


def _kept(row: Follow | SavedSearch, zone: ZoneInfo) -> Kept:
    feed = _feed(getattr(row, "feed", None), zone)
    since = _day(row.created, zone)
    if isinstance(row, SavedSearch):
        return Kept(row.pk, "search", "search", row.name, f"/library/?{row.query}", since, feed)
    thing = row.topic or row.author
    assert thing is not None  # noqa: S101 - the table holds it
    kind = "topic" if row.topic_id else "author"
    return Kept(row.pk, "follow", kind, thing.name, thing.get_absolute_url(), since, feed)


def _feed(row: PrivateFeed | None, zone: ZoneInfo) -> Feed:
    if row is None or row.revoked:
        return Feed()
    return Feed(row.pk, _day(row.created, zone), keeping.generation(row))


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()
