"""A clock that stands still until it is moved, for everything the edge and Django look at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from masthead.core import clock


class Clock:
    """What ``clock.now()`` says, and ``time.monotonic()`` where the edge and the licensed networks ask it."""

    def __init__(self, moment: datetime) -> None:
        self._begin = self.moment = moment

    def install(self, monkeypatch: pytest.MonkeyPatch) -> Clock:
        """Have everybody look at this clock until the test ends."""
        monkeypatch.setattr(clock, "now", lambda: self.moment)
        for module in ("masthead.edge.edge", "masthead.edge.log", "masthead.access.networks"):
            monkeypatch.setattr(f"{module}.time", self)
        return self

    def set(self, moment: datetime) -> None:
        """Move it to ``moment``, also back."""
        self.moment = moment

    def move(self, seconds: float) -> None:
        """Move it on."""
        self.moment += timedelta(seconds=seconds)

    def time(self) -> float:
        """As ``time.time()``."""
        return self.moment.timestamp()

    def monotonic(self) -> float:
        """As ``time.monotonic()``: seconds from a beginning that means nothing."""
        return 1000.0 + (self.moment - self._begin).total_seconds()


def next_month(moment: datetime) -> datetime:
    """When the month after ``moment`` begins."""
    return datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=UTC)
