"""The index, read: opened once a process, looked at anew twice a second, and never in the way of whoever writes."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tantivy import Index, Query, Searcher

from masthead.library import schema
from masthead.library.matching import Counts
from masthead.library.place import About, Place

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
        self._stamp: tuple[int, int] = (0, 0)
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
            # what the writer renames into place last: tantivy's list of files, and what the index says of itself
            stamp = ((path / "meta.json").stat().st_mtime_ns, (path / "masthead.json").stat().st_mtime_ns)
            if path == self._path and stamp == self._stamp and self._state is not None:
                return
            about = self.place.about(path)
            if about is None:
                self._index = self._path = self._state = None
                return
            index = self._index
            if index is None or path != self._path:
                index = Index.open(str(path))
                schema.register(index, about.language)
                self._path = path
            index.reload()
            searcher = index.searcher()
            newest = searcher.search(Query.all_query(), limit=1, order_by_field="dated")
            latest = int(newest.hits[0][0] or 0) if newest.hits else 0
        except (OSError, ValueError):  # taken away, or damaged: whoever writes finds out too
            if path != self._path:
                self._index = self._path = self._state = None
            return
        self._index, self._stamp = index, stamp
        self._state = State(about, searcher, Counts(searcher), latest)
