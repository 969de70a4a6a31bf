"""Single flight: of many who want the same thing made, one makes it and the others wait for it. Pure."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

LONGEST = 10.0  # seconds anybody waits for another


class Flights:
    """What is being made just now, by key."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, threading.Event] = {}
        self._lock = threading.Lock()

    @contextmanager
    def lead(self, key: Hashable) -> Iterator[bool]:
        """Yields True to whoever comes first with ``key``; the others get False once that one has finished (or never does)."""
        with self._lock:
            event = self._under_way.get(key)
            first = event is None
            if event is None:
                event = self._under_way[key] = threading.Event()
        if not first:
            event.wait(LONGEST)
            yield False
            return
        try:
            yield True
        finally:
            with self._lock:
                self._under_way.pop(key, None)
            event.set()
