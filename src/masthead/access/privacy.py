"""What is held about a reader here: why they may read, and how much of it they used."""

from __future__ import annotations

from typing import Any

from masthead.access import services
from masthead.access.models import GiftLink, Grant
from masthead.core import privacy
from masthead.core.keys import keyed_hash
from masthead.core.models import Meter
from masthead.readers import addresses
from masthead.readers.models import Login, Reader

COVERS = ("access.Grant", "access.GiftLink")
METERS = {
    services.CHOICE: "articles chosen",
    services.INSTANT_ADDRESS: "articles read at once with this address",
    services.GIFT: "gift links made",
}


def register() -> None:
    """Add this part to "everything held about me"."""
    privacy.register("reading", export=_reading, erase=_erase)


def _reading(reader: Reader) -> dict[str, Any]:
    devices = Login.objects.filter(reader=reader, device__isnull=False).values("device")
    return {
        "grants": [_grant(row) for row in Grant.objects.filter(reader=reader).select_related("article").order_by("pk")],
        "grants_of_your_browsers": [
            _grant(row) for row in Grant.objects.filter(device__in=devices).select_related("article").order_by("pk")
        ],
        "gift_links": [
            {
                "article": row.article.slug,
                "made": row.created,
                "good_until": row.expires,
                "opened": row.uses,
                "revoked": row.revoked,
            }
            for row in GiftLink.objects.filter(giver=reader).select_related("article").order_by("pk")
        ],
        "meters": [
            {"what": what, "period": row.period, "count": row.count}
            for scope, what in METERS.items()
            for row in Meter.objects.filter(
                scope=scope, key=keyed_hash(f"meter:{scope}", addresses.canonical(reader.email))
            ).order_by("period")
        ],
    }


def _grant(row: Grant) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "article": row.article.slug if row.article else None,
        "period": row.period,
        "since": row.since,
        "until": row.until,
        "reason": row.reason,
    }


def _erase(reader: Reader) -> None:
    """Meters stay until their period ends: a keyed hash and a count, there to stop what deleting them would bring."""
    Grant.objects.filter(reader=reader).delete()
    GiftLink.objects.filter(giver=reader).delete()
