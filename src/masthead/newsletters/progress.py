"""How far an edition is: recipients by state, how fast it goes, when it will be done."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, Q

from masthead.core import clock
from masthead.newsletters.models import Delivery, Edition

WINDOW = timedelta(seconds=20)  # over which the rate is taken


@dataclass(frozen=True, slots=True)
class Progress:
    """``counts`` has every state by name, zeros too.

    ``left`` are those due now or later; ``waiting`` those of them not due yet.
    """

    counts: dict[str, int] = field(default_factory=dict)
    total: int = 0
    left: int = 0
    waiting: int = 0
    per_second: float = 0.0
    done_at: datetime | None = None  # an estimate for what is due now; None where nothing moves

    @property
    def settled(self) -> int:
        """Recipients of whom all is said."""
        return self.total - self.left

    @property
    def share(self) -> float:
        """Of 1, how much is done."""
        return self.settled / self.total if self.total else 1.0


def progress(edition: Edition) -> Progress:
    """How far ``edition`` is. One pass over its rows: some tens of milliseconds for 100,000."""
    now = clock.now()
    rows = (
        Delivery.objects.filter(edition=edition)
        .values("state")
        .annotate(
            count=Count("pk"), lately=Count("pk", filter=Q(settled__gt=now - WINDOW)), waiting=Count("pk", filter=Q(due__gt=now))
        )
        .order_by()
    )
    counts = {state.name.lower(): 0 for state in Delivery.State}
    lately = waiting = 0
    for row in rows:
        state = Delivery.State(row["state"])
        counts[state.name.lower()] = row["count"]
        if state in (Delivery.State.SUBMITTED, Delivery.State.REFUSED):
            lately += row["lately"]
        if state in (Delivery.State.PENDING, Delivery.State.DEFERRED):
            waiting += row["waiting"]
    left = counts["pending"] + counts["claimed"] + counts["deferred"]
    since = min(WINDOW, now - edition.frozen) if edition.frozen else WINDOW
    per_second = lately / max(since.total_seconds(), 1.0)
    due = left - waiting
    moving = edition.state == Edition.State.SENDING and per_second > 0 and due > 0
    return Progress(
        counts=counts,
        total=sum(counts.values()),
        left=left,
        waiting=waiting,
        per_second=per_second,
        done_at=now + timedelta(seconds=due / per_second) if moving else None,
    )
