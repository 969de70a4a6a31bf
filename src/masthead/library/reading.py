"""The index, read: opened once a process, looked at anew twice a second, and never in the way of whoever writes."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tantivy import Index, Query, Searcher

from masthead.library import schema
from masthead.library.matching import Counts
from masthead.library.place import ABOUT, About, Place
from masthead.library.soundness import is_damage

EVERY = 0.3  # seconds an opened state is looked at


@dataclass(frozen=True, slots=True)
class State:
    """The index at one moment. ``latest`` is the newest date in it, in seconds since 1970."""

    about: About
    searcher: Searcher
    counts: Counts
    latest: int


class Library:
    """The index of one place, for readers. :meth:`state` is cheap to call."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._lock = threading.Lock()
        self._index: Index | None = None
        self._path: Path | None = None
        self._stamp: tuple[int, ...] = ()
        self._state: State | None = None
        self._looked = -EVERY

    def state(self) -> State | None:
        """The newest state; None while there is no index that this version can read."""
        if time.monotonic() - self._looked > EVERY:
            with self._lock:
                if time.monotonic() - self._looked > EVERY:
                    self._look()
                    self._looked = time.monotonic()
        return self._state

    def forget(self) -> None:
        """Look anew at the next call."""
        self._looked = -EVERY

    def _look(self) -> None:
        path = self.place.current()
        if path is None:
            self._index = self._path = self._state = None
            return
        try:
            stamp = _stamp(path)
            if path == self._path and stamp == self._stamp:
                return
            about = self.place.about(path)
            if about is None:
                raise ValueError("made by another version, or damaged")
            index = self._index if path == self._path else None
            if index is None:
                index = Index.open(str(path))
                schema.register(index, about.language)
            index.reload()
            searcher = index.searcher()
            newest = searcher.search(Query.all_query(), limit=1, order_by_field="dated")
            latest = int(newest.hits[0][0] or 0) if newest.hits else 0
        except BaseException as error:
            if not is_damage(error):
                raise
            # taken away meanwhile, or damaged: what is open already can be read on
            self.place.doubt()
            if path != self._path:
                self._index = self._path = self._state = None
            return
        self._index, self._path, self._stamp = index, path, stamp
        self._state = State(about, searcher, Counts(searcher), latest)


def _stamp(path: Path) -> tuple[int, ...]:
    """What changes whenever the index at ``path`` does: two files that are replaced by rename, at last.

    tantivy's list of files, and what the index says of itself. Two commits may fall into one tick of the file system's clock.
    """
    found = [(path / name).stat() for name in ("meta.json", ABOUT)]
    return tuple(number for stat in found for number in (stat.st_mtime_ns, stat.st_ino))
