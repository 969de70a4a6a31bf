"""Settling what dead senders left: each row goes back, or is in doubt.

Two ways to see that a sender is dead. On its own machine nobody holds its journal: the kernel let the lock go with the
process. From anywhere its claims stand still: a living sender moves them on every second, and one that cannot begins nothing
after ``LEASE`` seconds. Standing still is seen, not computed: no clock is compared with another machine's.

What was in flight follows from the journal, exactly. Without one (another machine, a machine that was started anew) it follows
from the rule by which rows are begun: taken up in ascending order, and each only while it is among the first ``connections``
that are taken up and have no outcome on record. So the first ``connections`` rows without outcome are in doubt, and the others
were certainly not begun.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction

from masthead.core import clock
from masthead.newsletters import claiming, journal
from masthead.newsletters.models import Claim, Delivery

log = logging.getLogger(__name__)

State = Delivery.State

LEASE = 15.0  # seconds a sender goes on without having been able to say that it lives
STILL = 20.0  # seconds of standing still after which it is dead
ORPHAN = 3600.0  # seconds after which a journal without claim is litter
AGAIN = timedelta(minutes=1)

_CERTAIN = {State.SUBMITTED, State.REFUSED, State.SUPPRESSED}


def boottime() -> float:
    """Seconds since the machine started, those it slept included."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def outbox() -> Path:
    """Where this machine's journals are."""
    return Path(settings.MASTHEAD.data) / "outbox"


def token_of(sender: str) -> str:
    """The last part of a sender's name, which its journals carry too."""
    return sender.rpartition(":")[2]


class Watcher:
    """Remembers since when each sender's claims have stood still."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[datetime, float]] = {}

    def look(self) -> int:
        """Settle what dead senders left; returns how many rows. Call it every second or two."""
        return self.journals() + self.standing_still()

    def journals(self) -> int:
        """Settle the claims whose journals lie here and are held by nobody."""
        settled = 0
        for path in journal.found(outbox()):
            with journal.left(path) as ours:
                if not ours:
                    continue
                record = journal.read(path)
                if record is None:
                    path.unlink(missing_ok=True)  # not one of ours
                    continue
                claim = Claim.objects.filter(pk=record.claim, ended=None, sender__endswith=f":{record.token}").first()
                if claim is not None:
                    settled += settle(claim.sender)
                elif not Claim.objects.filter(pk=record.claim).exists() and _age(path) < ORPHAN:
                    continue  # its claim may be committing just now
                path.unlink(missing_ok=True)
        return settled

    def standing_still(self) -> int:
        """Settle the claims that nobody moves on."""
        alive: dict[str, datetime] = {}
        for sender, moment in Claim.objects.filter(ended=None).values_list("sender", "alive"):
            alive[sender] = max(moment, alive.get(sender, moment))
        now = boottime()
        self._seen = {
            sender: self._seen[sender] if self._seen.get(sender, (None,))[0] == moment else (moment, now)
            for sender, moment in alive.items()
        }
        return sum(settle(sender, still=moment) for sender, (moment, since) in list(self._seen.items()) if now - since > STILL)

    def forget(self) -> None:
        """Nothing could be seen for a while: what stood still then may not have been able to move."""
        self._seen.clear()


def settle(sender: str, still: datetime | None = None) -> int:
    """Settle all open claims of a dead ``sender``; returns how many rows. Nothing happens where it moved on after ``still``."""
    records = _records(sender)
    with transaction.atomic():
        claims = list(Claim.objects.select_for_update().filter(sender=sender, ended=None).order_by("pk"))
        if not claims or (still is not None and max(claim.alive for claim in claims) > still):
            return 0
        rows: dict[int, list[int]] = defaultdict(list)
        for claim, number in (
            Delivery.objects.filter(claim__in=claims, state=State.CLAIMED).order_by("claim", "pk").values_list("claim", "pk")
        ):
            rows[claim].append(number)
        known = [record for record in records.values() if record.believed]
        written = [outcome for record in known for outcome in _outcomes(record, set(rows[record.claim]))]
        claiming.write(written)
        done = {outcome.number for outcome in written}
        doubtful = {number for record in known for number in record.begun}
        if len(known) < len([claim for claim in claims if rows[claim.pk]]):
            doubtful |= _first(claims, rows, {record.claim for record in known})
        now = clock.now()
        total = 0
        for claim in claims:
            numbers = [number for number in rows[claim.pk] if number not in done]
            total += len(rows[claim.pk])
            in_doubt = [number for number in numbers if number in doubtful]
            Delivery.objects.filter(pk__in=in_doubt, claim=claim, state=State.CLAIMED).update(
                state=State.IN_DOUBT, settled=now, reply="The sender died before the server's answer was read."
            )
            claiming.give_back(claim.pk, [number for number in numbers if number not in doubtful])
        claiming.end([claim.pk for claim in claims])
    in_doubt_now = sum(len([n for n in numbers if n in doubtful and n not in done]) for numbers in rows.values())
    log.warning("sender %s died: %d rows settled, %d of them in doubt", sender, total, in_doubt_now)
    return total


def _records(sender: str) -> dict[int, journal.Record]:
    found = {}
    for path in outbox().glob(f"*-{token_of(sender)}{journal.SUFFIX}"):
        record = journal.read(path)
        if record is not None:
            found[record.claim] = record
    return found


def _outcomes(record: journal.Record, open_rows: set[int]) -> list[claiming.Settled]:
    """What the journal knows and the database does not."""
    return [
        claiming.Settled(number, record.claim, state, code, reply="The sender died; this is from its journal.")
        if state in _CERTAIN
        else claiming.Settled(number, record.claim, State.IN_DOUBT, code, reply="The connection broke before the answer.")
        if state == State.IN_DOUBT
        else claiming.Settled(number, record.claim, State.DEFERRED, code, due=clock.now() + AGAIN)
        for number, (state, code) in record.ended.items()
        if number in open_rows
    ]


def _first(claims: list[Claim], rows: dict[int, list[int]], known: set[int]) -> set[int]:
    """Of claims without a journal: the rows that may have been begun."""
    most = max(claim.connections for claim in claims)
    # those with a journal count too: taken up before, they are among the first
    in_order = [number for claim in claims for number in rows[claim.pk][:most]][:most]
    certain = {number for claim in known for number in rows[claim]}
    return set(in_order) - certain


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
