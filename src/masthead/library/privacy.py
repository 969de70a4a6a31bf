"""What is held about a reader here: what they follow, the searches they keep, and that there are feeds of these."""

from __future__ import annotations

from typing import Any

from masthead.core import privacy
from masthead.library.models import Follow, PrivateFeed, SavedSearch
from masthead.readers.models import Reader

COVERS = ("library.SavedSearch", "library.Follow", "library.PrivateFeed")


def register() -> None:
    """Add this part to "everything held about me"."""
    privacy.register("library", export=_tell, erase=_erase)


def _tell(reader: Reader) -> dict[str, list[dict[str, Any]]]:
    follows = Follow.objects.filter(reader=reader).select_related("topic", "author").order_by("pk")
    searches = SavedSearch.objects.filter(reader=reader).order_by("pk")
    feeds = PrivateFeed.objects.filter(reader=reader).select_related("search", "follow__topic", "follow__author").order_by("pk")
    return {
        "follows": [{"what": "topic" if row.topic_id else "author", "name": _name(row), "since": row.created} for row in follows],
        "searches": [{"name": row.name, "query": row.query, "since": row.created} for row in searches],
        "private_feeds": [
            {
                "of": row.search.name if row.search else _name(row.follow) if row.follow else "everything you follow",
                "made": row.created,
                "ended": row.revoked,
            }
            for row in feeds
        ],
    }


def _name(follow: Follow) -> str:
    thing = follow.topic or follow.author
    return thing.name if thing else ""


def _erase(reader: Reader) -> None:
    for model in (PrivateFeed, Follow, SavedSearch):
        model.objects.filter(reader=reader).delete()
