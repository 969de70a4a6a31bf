"""The change log as one process has read it so far. Pure; whoever reads the rows hands them in."""

from __future__ import annotations

import time
from collections.abc import Iterable

VISITOR = "visitor:"
KEPT = 11 * 60.0  # seconds a subject's number is remembered at least: a pass lives ten minutes
FRESH = 2.0  # seconds
PATIENCE = 600.0  # seconds what is held is served after the log was last read


class Log:
    """The highest number of each key. Until the first :meth:`apply` it knows nothing, and nothing may be kept by it.

    ``version`` grows whenever a visitor's number does. Times are seconds of ``time.monotonic``.
    """

    def __init__(self) -> None:
        self.number = -1
        self.version = 0
        self.failing = True
        self.read_at = -PATIENCE
        self._lasting: dict[str, int] = {}  # keys that stand for more than one thing; there are few
        # subjects and articles in two generations, the older of which is forgotten
        self._young: dict[str, int] = {}
        self._old: dict[str, int] = {}
        self._turned = time.monotonic()

    def apply(self, rows: Iterable[tuple[int, str]], number: int, now: float) -> dict[str, int]:
        """Take in ``rows`` (number, key), and that the log stood at ``number`` at ``now``.

        Returns the highest number of each key that is no visitor's.
        """
        if now - self._turned > KEPT:
            # in this order: whoever reads meanwhile finds each key in one of them
            self._old = self._young
            self._young, self._turned = {}, now
        named: dict[str, int] = {}
        for row, key in rows:
            if key.startswith(VISITOR):
                self._young[key] = max(row, self._young.get(key, 0))
                self.version += 1
                continue
            named[key] = max(row, named.get(key, 0))
            where = self._young if ":" in key else self._lasting
            where[key] = max(row, where.get(key, 0))
        self.number = max(self.number, number)
        self.read_at = now
        self.failing = False
        return named

    def latest(self, *keys: str) -> int:
        """The highest number read for any of ``keys``; 0 where none is known. Subjects and articles: of the last ten minutes."""
        young, old, lasting = self._young, self._old, self._lasting
        return max((young.get(key) or old.get(key) or lasting.get(key, 0) for key in keys), default=0)

    def latest_of(self, subject: str) -> int:
        """The highest number read for the visitor ``subject`` within the last ten minutes; 0 where none is known."""
        key = VISITOR + subject
        return self._young.get(key) or self._old.get(key, 0)

    def is_fresh(self) -> bool:
        """Whether it was read within the last two seconds."""
        return time.monotonic() - self.read_at < FRESH
