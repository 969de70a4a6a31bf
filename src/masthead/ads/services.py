"""The advertisements of a page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from masthead.ads import slots
from masthead.ads.models import Advertisement
from masthead.articles.pictures import WIDTHS as WIDTHS_OF_ALL
from masthead.articles.pictures import Picture, Shelf

WIDTHS = WIDTHS_OF_ALL[:3]


@dataclass(frozen=True, slots=True)
class Shown:
    """An advertisement as a page shows it. ``frame`` is the address of a pasted tag's own, sandboxed document."""

    slot: str
    headline: str
    text: str
    link: str
    picture: Picture | None
    frame: str


def for_page(path: str, now: datetime, wanted: Iterable[str] = tuple(Advertisement.Slot.values)) -> dict[str, Shown]:
    """What stands in the ``wanted`` slots of the page at ``path``, by slot. At most two queries."""
    minute = now.replace(second=0, microsecond=0)
    rows = {ad.pk: ad for ad in Advertisement.objects.filter(active=True).select_related("picture")}
    candidates = [slots.Candidate(ad.pk, tuple(ad.slots), ad.weight, ad.starts, ad.ends) for ad in rows.values()]
    chosen = slots.fill(wanted, path, minute, candidates)
    shelf = Shelf((rows[ad.id].picture for ad in chosen.values()), WIDTHS)
    return {slot: _shown(slot, rows[ad.id], shelf) for slot, ad in chosen.items()}


def _shown(slot: str, ad: Advertisement, shelf: Shelf) -> Shown:
    return Shown(
        slot=slot,
        headline=ad.headline,
        text=ad.text,
        link=ad.link,
        picture=None if ad.tag else shelf.picture(ad.picture, ad.picture_alt, WIDTHS),
        frame=f"/advertisements/{ad.pk}/" if ad.tag else "",
    )
