"""The wire desk: what came in, what editors pick for an edition, in which order, and with which words of their own.

Whether a picked entry stands in an edition is composing's to say. Where the next edition's draft is on the desk already, a
pick goes straight into it, and what is put back on the pile leaves it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, Q

from masthead.core import clock
from masthead.newsletters import composing
from masthead.newsletters.models import Block, Edition, EditionItem, Newsletter, WireEntry, WireSource
from masthead.newsroom import editions
from masthead.readers.models import Reader

LATELY = timedelta(days=10)  # what is older is found by looking for it
COMMENT = 1000
HIGHEST = 32_000  # place in the order; what waits is numbered anew before its column overflows


class CannotPick(ValueError):
    """What was asked for cannot be done; the message says why."""


def waiting(newsletter: Newsletter | None) -> list[WireEntry]:
    """What is picked and has not gone out, in order: for ``newsletter``, or for all of them."""
    rows = WireEntry.objects.filter(picked__gt=clock.now() - composing.PICKED_WITHIN, dismissed=None)
    if newsletter is not None:
        gone = Edition.objects.filter(composing.gone(newsletter.pk))
        rows = rows.filter(Q(picked_for=None) | Q(picked_for=newsletter))
        rows = rows.exclude(pk__in=EditionItem.objects.filter(edition__in=gone).exclude(entry=None).values("entry"))
    return list(rows.select_related("source", "picked_by", "picked_for").order_by("position", "picked", "pk"))


def incoming(*, source: str = "", text: str = "", dismissed: bool = False) -> Any:
    """What came in and is neither picked nor put away, newest first. ``source``: a feed's number, or "hand"."""
    rows = WireEntry.objects.filter(picked=None, dismissed__isnull=not dismissed).select_related("source")
    if source == "hand":
        rows = rows.filter(source=None)
    elif source.isdecimal() and len(source) < 19:  # what fits the column
        rows = rows.filter(source=int(source))
    if text:
        rows = rows.filter(Q(headline__icontains=text) | Q(summary__icontains=text) | Q(publisher__icontains=text))
    else:
        rows = rows.filter(seen__gt=clock.now() - LATELY)
    return rows.order_by("-seen", "-published", "-pk") if dismissed else rows.order_by("-published", "-seen", "-pk")


@transaction.atomic
def pick(*, entry: WireEntry, newsletter: Newsletter | None, comment: str, by: Reader) -> str:
    """Pick ``entry`` for ``newsletter`` (None: for any), last in the order; what happened, as a sentence."""
    row = _locked(entry)
    row.position, row.dismissed = _next_place(), None
    row.picked, row.picked_by, row.picked_for = clock.now(), by, newsletter
    row.comment = comment.strip()[:COMMENT]
    row.save()
    told = [str(edition.newsletter) for edition in _drafts(newsletter) if _into(edition, row, by)]
    sentence = f"Picked for {newsletter.title if newsletter else 'any newsletter'}."
    return f"{sentence} It is in the draft of {' and of '.join(told)}." if told else sentence


def _next_place() -> int:
    """The place after all that are picked. Only what still waits counts: what is older has had its place."""
    waits = WireEntry.objects.filter(picked__gt=clock.now() - composing.PICKED_WITHIN)
    last = waits.aggregate(last=Max("position"))["last"]
    if last is not None and last >= HIGHEST:
        numbers = list(waits.select_for_update().order_by("position", "picked", "pk").values_list("pk", flat=True))
        order(numbers=numbers)
        last = len(numbers) - 1
    return 0 if last is None else last + 1


@transaction.atomic
def unpick(*, entry: WireEntry) -> str:
    """Put ``entry`` back on the pile, and take it out of drafts."""
    row = _locked(entry)
    row.picked = row.picked_by = row.picked_for = None
    row.save()
    EditionItem.objects.filter(entry=row, edition__state__in=editions.EDITABLE).delete()
    return "Back on the pile."


@transaction.atomic
def dismiss(*, entry: WireEntry) -> str:
    """Put ``entry`` out of sight. It can be brought back from what was put away."""
    row = _locked(entry)
    if row.picked is not None:
        raise CannotPick("That is picked; put it back on the pile first.")
    row.dismissed = clock.now()
    row.save()
    return "Put away."


@transaction.atomic
def restore(*, entry: WireEntry) -> str:
    """Bring ``entry`` back into sight."""
    row = _locked(entry)
    row.dismissed = None
    row.save()
    return "Back on the pile."


@transaction.atomic
def say(*, entry: WireEntry, comment: str) -> str:
    """Keep the editors' words on ``entry``; an edition's own words for it stay."""
    row = _locked(entry)
    row.comment = comment.strip()[:COMMENT]
    row.save()
    return "Saved."


@transaction.atomic
def order(*, numbers: Iterable[int]) -> str:
    """Make the picked entries stand in the order of ``numbers``; what is not named stands after them."""
    place = {number: n for n, number in enumerate(numbers)}
    rows = list(WireEntry.objects.select_for_update().exclude(picked=None).filter(pk__in=place))
    for row in rows:
        row.position = place[row.pk]
    WireEntry.objects.bulk_update(rows, ["position"])
    return "In this order."


def move(*, entry: WireEntry, newsletter: Newsletter | None, steps: int) -> str:
    """Move a picked entry up (-1) or down (1) among those waiting."""
    numbers = [row.pk for row in waiting(newsletter)]
    if entry.pk not in numbers:
        raise CannotPick("That is not picked any more.")
    here = numbers.index(entry.pk)
    there = min(max(0, here + steps), len(numbers) - 1)
    numbers.insert(there, numbers.pop(here))
    return order(numbers=numbers)


@transaction.atomic
def by_hand(
    *, url: str, headline: str, publisher: str, comment: str, newsletter: Newsletter | None, by: Reader
) -> tuple[WireEntry, str]:
    """Add what no feed brought, and pick it. The same address twice is the same entry."""
    guid = hashlib.sha256(url.encode()).hexdigest()
    row = WireEntry.objects.filter(Q(source=None, guid=guid) | Q(url=url)).order_by("pk").first()
    if row is None:
        now = clock.now()
        row = WireEntry.objects.create(guid=guid, url=url, headline=headline, publisher=publisher, published=now, seen=now)
    elif row.picked is not None:
        raise CannotPick(f"That is picked already: “{row.headline}”.")
    return row, pick(entry=row, newsletter=newsletter, comment=comment, by=by)


def fetch_soon(*, source: WireSource) -> str:
    """Ask for ``source`` at the worker's next round instead of at its hour."""
    WireSource.objects.filter(pk=source.pk).update(due=clock.now())
    return f"{source.name} is fetched within a minute."


def _locked(entry: WireEntry) -> WireEntry:
    return WireEntry.objects.select_for_update(of=("self",)).get(pk=entry.pk)


def _drafts(newsletter: Newsletter | None) -> list[Edition]:
    rows = Edition.objects.filter(
        state=Edition.State.DRAFT, kind=Edition.Kind.SCHEDULED, newsletter__blocks__kind=Block.WIRE
    ).exclude(composed=None)
    if newsletter is not None:
        rows = rows.filter(newsletter=newsletter)
    return list(rows.select_related("newsletter").distinct())


def _into(edition: Edition, entry: WireEntry, by: Reader) -> bool:
    """Put ``entry`` at the end of the draft's wire, if there is room."""
    block = edition.newsletter.blocks.get(kind=Block.WIRE)
    inside = EditionItem.objects.filter(edition=edition, block=Block.WIRE)
    if inside.count() >= block.most or inside.filter(entry=entry).exists():
        return False
    editions.add(number=edition.pk, block=Block.WIRE, entry=entry, by=by, pinned=False)  # it follows the wire desk's order
    return True
