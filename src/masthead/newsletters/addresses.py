"""Addresses in the outbox, and how they are forgotten: a keyed hash takes the place of each.

The row stays unique by edition and hash, so that forgetting makes no second mailing possible; and a hash is no address: nothing
can be mailed to it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from masthead.core import clock
from masthead.core.keys import keyed_hash
from masthead.core.models import Heartbeat
from masthead.newsletters.models import Delivery, Edition

KEPT = timedelta(days=30)  # bounces come within days, and support asks within weeks
PREFIX = "forgotten:"
MARK = "newsletters:addresses"  # everything frozen before this moment is forgotten
BATCH = 500


def stands(address: str) -> bool:
    """Whether ``address`` is one, and not what took its place."""
    return not address.startswith(PREFIX)


def forgotten(address: str) -> str:
    """What takes the place of ``address``."""
    return PREFIX + keyed_hash("delivery", address)


def forget(rows: QuerySet[Delivery]) -> int:
    """Put keyed hashes in the place of the addresses of ``rows``; how many."""
    count = 0
    while True:
        with transaction.atomic():
            batch = list(rows.exclude(address__startswith=PREFIX).only("pk", "address")[:BATCH])
            for row in batch:
                row.address = forgotten(row.address)
            Delivery.objects.bulk_update(batch, ["address"])
        count += len(batch)
        if len(batch) < BATCH:
            return count


def forget_old() -> int:
    """Forget the addresses of editions frozen a month ago that are over; how many. A mark remembers how far that has come."""
    until = clock.now() - KEPT
    mark, _ = Heartbeat.objects.get_or_create(name=MARK, defaults={"at": datetime.min.replace(tzinfo=until.tzinfo, year=1970)})
    running = [Edition.State.SENDING, Edition.State.PAUSED]
    count, whole = 0, True
    for edition in Edition.objects.filter(frozen__gte=mark.at, frozen__lt=until).order_by("frozen"):
        if edition.state in running:
            whole = False  # the next time begins here
            continue
        count += _forget_edition(edition)
        if whole:
            Heartbeat.objects.filter(name=MARK).update(at=edition.frozen)
    return count


def _forget_edition(edition: Edition) -> int:
    """In short transactions, each of a few hundred rows: nobody waits for all of them."""
    numbers = list(edition.deliveries.values_list("pk", flat=True))
    count = 0
    for start in range(0, len(numbers), BATCH):
        with transaction.atomic():
            batch = Delivery.objects.filter(pk__in=numbers[start : start + BATCH]).only("pk", "address", "reply")
            changed = [row for row in batch if stands(row.address)]
            for row in changed:
                row.address, row.reply = forgotten(row.address), ""
            Delivery.objects.bulk_update(changed, ["address", "reply"])
        count += len(changed)
    return count
