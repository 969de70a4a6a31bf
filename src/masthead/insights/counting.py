"""Counters of what was shown: noted in memory by whoever answers a request, written by a thread once a second.

A caller asks for a :class:`Tally` once, keeps it beside what it serves, and notes it with each answer. That costs two additions
to collections of the interpreter: no lock, no clock, no database. Two threads do the rest. The *collector* adds up what was
noted; it never meets the database, so that memory stays bounded however long that is away. The *writer* adds the sums to the
rows of ``ViewCount``, one short transaction a second.

A hit is counted in the minute in which it is collected: at most a second after it was noted.

Not guaranteed: what was noted in the last second before a process is killed is lost, and so is what a database that is away
at shutdown could not take. A commit whose answer was lost on the way is written again.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from itertools import repeat, starmap
from weakref import WeakValueDictionary

from masthead.core import clock
from masthead.insights.ledger import Ledger, Who

log = logging.getLogger("masthead.insights")

EVERY = 1.0  # seconds between two collections, and between two writes
BREATH = 0.05  # seconds between two transactions at least, for those who answer requests
REST = 4  # times as long as a transaction took: a machine that is busy writes less often, and never most of the time
LAST = 2.0  # seconds the last write may take at shutdown
autostart = True  # whether the first note starts the threads; tests write themselves


class Tally:
    """One thing that is counted: an article (or none) shown to one standing with one decision, to robots or to people.

    There is one object for each such combination for as long as somebody keeps it; it is compared by identity.
    """

    __slots__ = ("__weakref__", "kind", "robot")

    def __init__(self, article: int, standing: str, decision: str, robot: bool) -> None:
        self.kind = (article, standing, decision, robot)
        self.robot = robot

    def __repr__(self) -> str:
        return f"Tally{self.kind}"


_tallies: WeakValueDictionary[tuple[int, str, str, bool], Tally] = WeakValueDictionary()
_hits: deque[Tally] = deque()
_seen: set[Who] = set()

# For a caller to whom even the call of note() is too much: ``hit(tally)``, and for people ``see(who)``, do what it does. They
# are the same two objects for as long as the process lives, but start nothing: call start() once in each process.
hit = _hits.append
see = _seen.add

_ledger = Ledger()
_starting = threading.Lock()
_collecting = threading.Lock()
_writing = threading.Lock()
_stop: threading.Event | None = None  # of the threads that run; None where none do
_writer: threading.Thread | None = None
_complained = 0.0


def tally(article: int | None, standing: str, decision: str, robot: bool) -> Tally:
    """The object to note for ``article`` (its number; None for a page that is none) with ``standing`` and ``decision``.

    Callers keep it. ``str`` enumerations are taken as the words they are; overlong words are cut to what the table holds.
    """
    # format(): of an enumeration's member, its word
    kind = (article or 0, f"{standing}"[:12], f"{decision}"[:16], bool(robot))
    with _starting:
        found = _tallies.get(kind)
        if found is None:
            found = _tallies[kind] = Tally(*kind)
    return found


def note(tally: Tally, who: Who) -> None:
    """Count one answer, seen by ``who``. For any thread, any number of times a second; never waits and never raises.

    ``who`` is ``(peer address, X-Forwarded-For or "", User-Agent)`` for nobody in particular, and ``(subject, "", "")`` for
    a reader or device. (Nobody without a user agent is a robot, whose ``who`` is not looked at: the two cannot be confused.)
    """
    hit(tally)
    if not tally.robot:
        see(who)
    if _stop is None and autostart:
        start()


def start() -> None:
    """Start the two threads in this process, where they do not run yet. The first :func:`note` does it, also after a fork."""
    global _stop, _writer
    with _starting:
        if _stop is not None:
            return
        _stop = threading.Event()
        _writer = threading.Thread(target=_write_on, args=(_stop,), name="insights-writer", daemon=True)
        collector = threading.Thread(target=_collect_on, args=(_stop,), name="insights-collector", daemon=True)
        atexit.unregister(stop)
        atexit.register(stop)
        _writer.start()
        collector.start()


def stop() -> None:
    """Write a last time and end the threads, within two seconds. Runs at exit.

    A server whose processes end without Python's exit handlers (``os._exit``) calls it itself.
    """
    global _stop, _writer
    with _starting:
        asked, writer = _stop, _writer
        _stop = _writer = None
    if asked is None or writer is None:
        return
    asked.set()
    writer.join(LAST)
    if writer.is_alive():
        log.warning("the database did not take the last counts: up to %d views are lost", waiting())


def flush() -> int:
    """Collect and write everything now; returns how many hits were written.

    Waits for the database, so it is not for requests. What could not be written is kept for the next time.
    """
    _collect()
    return _write(rest=lambda seconds: None)


def dropped() -> int:
    """How many hits this process could not keep, since the database was away for too long."""
    return _ledger.dropped


def waiting() -> int:
    """How many hits are noted and not yet written."""
    return len(_hits) + _ledger.waiting()


def _collect() -> None:
    """Move what was noted into the ledger."""
    with _collecting:  # one at a time; a caller of note() never takes it
        # all in C: 100,000 hits take 4 ms. A hit noted meanwhile is counted the next time.
        counted = Counter(starmap(_hits.popleft, repeat((), len(_hits))))
        seen = [_seen.pop() for _ in range(len(_seen))]
    _ledger.add({tally.kind: n for tally, n in counted.items()}, seen, clock.now().replace(second=0, microsecond=0))


def _write(rest: Callable[[float], object]) -> int:
    """Write what the ledger holds, batch after batch, until it is empty or the database refuses; returns how many hits.

    ``rest`` is told for how many seconds others should have the machine before the next batch.
    """
    from django.db import Error

    from masthead.insights import store

    global _complained
    written = 0
    with _writing:
        try:
            while batch := _ledger.take():
                began = time.monotonic()
                store.write(batch)
                _ledger.settle(batch)
                written += batch.hits
                if batch.lost:
                    store.tell_of(batch.lost)
                rest(max(BREATH, REST * (time.monotonic() - began)))
        except Error as error:
            if time.monotonic() - _complained > 60:
                _complained = time.monotonic()
                log.warning("views wait to be counted: %s", str(error).partition("\n")[0])
    return written


def _collect_on(stop: threading.Event) -> None:
    while not stop.wait(EVERY):
        try:
            _collect()
        except Exception:
            log.exception("collecting views")


def _write_on(stop: threading.Event) -> None:
    from django.db import connection

    last = False
    while not last:
        last = stop.wait(EVERY)
        try:
            if last:
                _collect()
            _write(rest=stop.wait)  # asked to stop, it hurries
        except Exception:
            log.exception("writing views")
            connection.close()
    connection.close()


def _begin_anew() -> None:
    """In a child: its threads did not come with it, and what was noted before the fork is the parent's to write."""
    global _ledger, _starting, _collecting, _writing, _stop, _writer
    _hits.clear()
    _seen.clear()
    _ledger = Ledger()
    _starting, _collecting, _writing = threading.Lock(), threading.Lock(), threading.Lock()
    _stop = _writer = None


os.register_at_fork(after_in_child=_begin_anew)
