"""The advertisements of a page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from masthead.ads import slots
from masthead.ads.models import Advertisement
from masthead.articles.pictures import WIDTHS as WIDTHS_OF_ALL
from masthead.articles.pictures import Picture, Shelf
from masthead.core.remembered import Remembered

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


@dataclass(frozen=True, slots=True)
class Filled:
    """What stands in the slots of a page, by slot, and until when at least (None: until an editor changes it)."""

    shown: dict[str, Shown]
    until: datetime | None = None


def _active() -> tuple[dict[int, Advertisement], Shelf]:
    rows = {ad.pk: ad for ad in Advertisement.objects.filter(active=True).select_related("picture")}
    return rows, Shelf((ad.picture for ad in rows.values()), WIDTHS)


_stock = Remembered(_active)


def for_page(path: str, now: datetime, wanted: Iterable[str] = tuple(Advertisement.Slot.values)) -> Filled:
    """What stands in the ``wanted`` slots of the page at ``path``. At most two queries."""
    wanted = tuple(wanted)
    rows, shelf = _stock.get()
    candidates = [slots.Candidate(ad.pk, tuple(ad.slots), ad.weight, ad.starts, ad.ends) for ad in rows.values()]
    chosen = slots.fill(wanted, path, now, candidates)
    return Filled(
        {slot: _shown(slot, rows[ad.id], shelf) for slot, ad in chosen.items()},
        slots.changes_at(wanted, path, now, candidates),
    )


def for_mail(path: str, now: datetime) -> Shown | None:
    """What stands in the edition at ``path`` that goes out at ``now``: words and a link, never a pasted tag."""
    rows, _ = _stock.get()
    candidates = [
        slots.Candidate(ad.pk, tuple(ad.slots), ad.weight, ad.starts, ad.ends)
        for ad in rows.values()
        if not ad.tag and ad.headline and ad.link
    ]
    chosen = slots.choose(Advertisement.Slot.NEWSLETTER, path, now, candidates)
    if chosen is None:
        return None
    ad = rows[chosen.id]
    return Shown(Advertisement.Slot.NEWSLETTER, ad.headline, ad.text, ad.link, picture=None, frame="")


def _shown(slot: str, ad: Advertisement, shelf: Shelf) -> Shown:
    return Shown(
        slot=slot,
        headline=ad.headline,
        text=ad.text,
        link=ad.link,
        picture=None if ad.tag else shelf.picture(ad.picture, ad.picture_alt, WIDTHS),
        frame=f"/advertisements/{ad.pk}/" if ad.tag else "",
    )
