"""Which advertisement stands in a slot: a function of slot, path and time, so that pages stay reusable. Pure.

Time counts in turns of ten minutes, and a path's turns begin at a second of its own: were they the clock's, every page of a site
would have to be put together anew in the same second. At any moment different pages show different advertisements, by weight.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from zlib import crc32

TURN = 600  # seconds; each turn costs every page that is looked at one rendering


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the choice needs to know of an advertisement. It may stand in ``slots`` from ``starts`` until before ``ends``."""

    id: int
    slots: tuple[str, ...]
    weight: int = 1
    starts: datetime | None = None
    ends: datetime | None = None

    def in_date(self, minute: datetime) -> bool:
        """Whether it may be shown at ``minute``."""
        return (self.starts is None or self.starts <= minute) and (self.ends is None or minute < self.ends)


def choose(slot: str, path: str, minute: datetime, advertisements: Iterable[Candidate]) -> Candidate | None:
    """The advertisement for ``slot`` on the page at ``path``, by weight, or None where none may stand there.

    The same within one of the path's turns, whoever asks and in whatever order the advertisements come.
    """
    standing = sorted(
        (ad for ad in advertisements if slot in ad.slots and ad.weight > 0 and ad.in_date(minute)), key=lambda ad: ad.id
    )
    if not standing:
        return None
    seed = f"{slot}\n{path}\n{_turn(path, minute)}".encode()
    ticket = int.from_bytes(sha256(seed).digest()[:8]) % sum(ad.weight for ad in standing)
    for ad in standing:
        ticket -= ad.weight
        if ticket < 0:
            return ad
    raise AssertionError("a ticket lies below the sum of all weights")


def fill(slots: Iterable[str], path: str, minute: datetime, advertisements: Iterable[Candidate]) -> dict[str, Candidate]:
    """A choice for each of ``slots``; none stands on a page twice."""
    left = list(advertisements)
    filled: dict[str, Candidate] = {}
    for slot in slots:
        chosen = choose(slot, path, minute, left)
        if chosen:
            filled[slot] = chosen
            left.remove(chosen)
    return filled


def changes_at(slots: Iterable[str], path: str, now: datetime, advertisements: Iterable[Candidate]) -> datetime | None:
    """The first moment after ``now`` at which :func:`fill` may choose otherwise, or None where it never will."""
    wanted = set(slots)
    fitting = [ad for ad in advertisements if ad.weight > 0 and wanted.intersection(ad.slots)]
    moments = [m for ad in fitting for m in (ad.starts, ad.ends) if m is not None and m > now]
    standing = [ad for ad in fitting if ad.in_date(now)]
    if any(sum(slot in ad.slots for ad in standing) > 1 for slot in wanted):
        moments.append(datetime.fromtimestamp((_turn(path, now) + 1) * TURN - _phase(path), UTC))
    return min(moments, default=None)


def _turn(path: str, moment: datetime) -> int:
    return (int(moment.timestamp()) + _phase(path)) // TURN


def _phase(path: str) -> int:
    return crc32(path.encode()) % TURN
