"""The sandbox's books name addresses, too. A provider elsewhere has duties of its own; this one forgets with us."""

from __future__ import annotations

from typing import Any

from masthead.billing.providers.sandbox.models import Thing
from masthead.core import privacy
from masthead.readers.models import Reader

COVERS: tuple[str, ...] = ()  # nothing here points at a reader


def register() -> None:
    """Add this part to "everything held about me"."""
    privacy.register("payments_sandbox", export=_export, erase=_erase)


def _export(reader: Reader) -> list[dict[str, Any]]:
    rows = Thing.objects.filter(data__address=reader.email).order_by("pk")
    return [{"kind": row.kind, "number": row.number, "since": row.created} for row in rows]


def _erase(reader: Reader) -> None:
    for row in Thing.objects.filter(data__address=reader.email):
        row.data["address"] = ""
        row.save(update_fields=["data"])
