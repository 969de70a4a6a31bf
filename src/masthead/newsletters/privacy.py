"""What is held about a reader here: the newsletters they asked for."""

from __future__ import annotations

from typing import Any

from masthead.core import privacy
from masthead.newsletters.models import Tick
from masthead.readers.models import Reader

COVERS = ("newsletters.Tick",)


def register() -> None:
    """Add this part to "everything held about me"."""
    privacy.register("newsletters", export=_ticks, erase=lambda reader: Tick.objects.filter(reader=reader).delete())


def _ticks(reader: Reader) -> list[dict[str, Any]]:
    rows = Tick.objects.filter(reader=reader).select_related("newsletter").order_by("pk")
    return [{"newsletter": row.newsletter.slug, "since": row.created, "asked_at": row.origin} for row in rows]
