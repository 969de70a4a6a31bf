"""What is held about a reader here: what they asked for, which editions they were mailed, and whether their address refuses mail.

**Kept** when an account is deleted: how many an edition was mailed to, without to whom (each address gives way to a keyed hash,
so that no edition is ever mailed to it twice); and that an address is not to be mailed, also as a keyed hash: it holds when the
address comes again. What was not yet mailed never is.
"""

from __future__ import annotations

from typing import Any

from masthead.core import clock, privacy
from masthead.newsletters import addresses, choices, suppression
from masthead.newsletters.models import Delivery, PersonalMail, Preferences, Tick
from masthead.readers.models import Reader

COVERS = ("newsletters.Tick", "newsletters.Preferences", "newsletters.PersonalMail", "newsletters.Delivery")


def register() -> None:
    """Add these parts to "everything held about me"."""
    privacy.register("newsletters", export=_ticks, erase=lambda reader: Tick.objects.filter(reader=reader).delete())
    privacy.register("mail", export=_mail, erase=_erase)


def _ticks(reader: Reader) -> list[dict[str, Any]]:
    rows = Tick.objects.filter(reader=reader).select_related("newsletter").order_by("pk")
    return [
        {"newsletter": row.newsletter.slug, "since": row.created, "asked_at": row.origin, "only_on_weekdays": row.weekdays}
        for row in rows
    ]


def _mail(reader: Reader) -> dict[str, Any]:
    chosen = Preferences.objects.filter(reader=reader).first()
    refused = suppression.of(reader.email)
    editions = Delivery.objects.filter(reader=reader).select_related("edition__newsletter").order_by("pk")
    return {
        "preferences": {
            "paused_until": chosen.paused_until,
            "time_zone": chosen.timezone,
            "clicks_counted": chosen.clicks,
            "your_month": chosen.month,
            "alerts": chosen.alerts,
            "changed": chosen.changed,
        }
        if chosen
        else None,
        "not_mailed_because": {"reason": refused.reason, "told": refused.detail, "since": refused.since} if refused else None,
        "editions": [
            {
                "edition": str(row.edition),
                "address": row.address if addresses.stands(row.address) else "(no longer kept)",
                "as": row.standing,
                "state": row.get_state_display().lower(),
                "settled": row.settled,
                "answer": row.reply,
            }
            for row in editions
        ],
        "written_to_you_alone": [
            {"kind": row.kind, "of": row.key, "written": row.at}
            for row in PersonalMail.objects.filter(reader=reader).exclude(key=choices.LOOKED).order_by("pk")
        ],
        "alerts_looked_for_until": PersonalMail.objects.filter(reader=reader, key=choices.LOOKED)
        .values_list("at", flat=True)
        .first(),
    }


def _erase(reader: Reader) -> None:
    mine = Delivery.objects.filter(reader=reader)
    waiting = [Delivery.State.PENDING, Delivery.State.DEFERRED]
    mine.filter(state__in=waiting).update(state=Delivery.State.SUPPRESSED, settled=clock.now(), claim=None)
    addresses.forget(mine)
    # what a server answered may name the address, too
    mine.exclude(reply="").update(reply="")
    Preferences.objects.filter(reader=reader).delete()
    PersonalMail.objects.filter(reader=reader).delete()
