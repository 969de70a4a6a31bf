"""What was counted and is not yet written: bounded, and subtracted only when it is known to be kept. Pure.

One thread adds what was noted; another takes a batch, writes it, and settles it after the commit. A batch that could not be
written is simply taken again. What does not fit while nobody settles is dropped and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from threading import Lock

Kind = tuple[int, str, str, bool]  # article (0 for none), standing, decision, robot
Key = tuple[datetime, int, str, str, bool]  # with the minute before it
Who = tuple[str, str, str]

MOST_KEYS = 50_000
MOST_VISITORS = 100_000  # who came and is not written yet
MOST_REMEMBERED = 200_000  # hashes of who is written, 16 MB at most
ROWS = 500  # counts in one transaction: a few milliseconds, in which requests may have to wait for the interpreter
# Visitors in one transaction. They lie all over the table, so that each changes a page of its own, which is written whole: eight
# times as many cost half as much each. Their statement runs without the interpreter.
VISITORS = 4_000


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction writes. ``lost`` hits were dropped since the last time; ``visitors`` come with their minute."""

    counts: tuple[tuple[Key, int], ...] = ()
    visitors: tuple[tuple[Who, datetime], ...] = ()
    lost: int = 0

    @property
    def hits(self) -> int:
        """How many hits are written with it."""
        return sum(count for _, count in self.counts)

    def __bool__(self) -> bool:
        return bool(self.counts or self.visitors or self.lost)


@dataclass(slots=True)
class Ledger:
    """Counts and visitors that wait to be written. Its methods may be called from any thread and never wait for a database."""

    most_keys: int = MOST_KEYS
    most_visitors: int = MOST_VISITORS
    dropped: int = 0  # in all, since the process began
    _counts: dict[Key, int] = field(default_factory=dict)
    _visitors: dict[Who, datetime] = field(default_factory=dict)
    _lost: int = 0
    # Who is written already, as Python hashes: no address is kept for it. Forgotten each quarter of an hour, and midnight lies
    # on one in every time zone, so that each day's first visit is written.
    _written: set[int] = field(default_factory=set)
    _quarter: datetime | None = None
    _lock: Lock = field(default_factory=Lock)

    def add(self, counted: Mapping[Kind, int], seen: Iterable[Who], minute: datetime) -> None:
        """Add hits by kind, and who came, in ``minute``. What there is no room for is dropped; visitors will come again."""
        with self._lock:
            for kind, number in counted.items():
                key = (minute, *kind)
                if key in self._counts or len(self._counts) < self.most_keys:
                    self._counts[key] = self._counts.get(key, 0) + number
                else:
                    self._lost += number
                    self.dropped += number
            if self._quarter != _quarter(minute):
                self._quarter = _quarter(minute)
                self._written.clear()
            for who in seen:
                if who[2]:
                    who = _cut(who)
                if hash(who) not in self._written and len(self._visitors) < self.most_visitors:
                    self._visitors.setdefault(who, minute)

    def take(self) -> Batch:
        """A part of what waits, counts in the order of their keys. It stays here until :meth:`settle`."""
        with self._lock:
            # everybody locks rows in one order, so that two processes never wait for each other
            counts = tuple(sorted(islice(self._counts.items(), ROWS)))
            return Batch(counts, tuple(islice(self._visitors.items(), VISITORS)), self._lost)

    def settle(self, batch: Batch) -> None:
        """Subtract ``batch``, which is committed."""
        with self._lock:
            for key, number in batch.counts:
                rest = self._counts[key] - number
                if rest:
                    self._counts[key] = rest
                else:
                    del self._counts[key]
            for who, minute in batch.visitors:
                self._visitors.pop(who, None)
                if _quarter(minute) == self._quarter and len(self._written) < MOST_REMEMBERED:
                    self._written.add(hash(who))
            self._lost -= batch.lost

    def waiting(self) -> int:
        """How many hits wait to be written."""
        with self._lock:
            return sum(self._counts.values())


def _cut(who: Who) -> Who:
    """``who`` without what no browser sends: headers may be long, and 100,000 of them may wait."""
    peer, forwarded, agent = who
    if len(forwarded) + len(agent) > 1000:
        return peer, forwarded[-400:], agent[:600]  # proxies append: our own word is at the right
    return who


def _quarter(moment: datetime) -> datetime:
    return moment.replace(minute=moment.minute - moment.minute % 15, second=0, microsecond=0)
