"""How far an edition is that is on its way: its rows by state, how fast they go, and when it will be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from masthead.core import clock
from masthead.newsletters.models import Delivery, Edition

State = Delivery.State
LATELY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Going:
    """Rows by state, the mails taken a second lately, and when the rest will be done at that pace (None: not to be told)."""

    total: int
    pending: int
    claimed: int
    submitted: int
    deferred: int
    refused: int
    suppressed: int
    in_doubt: int
    cancelled: int
    rate: float = 0.0
    done_at: datetime | None = None


def going(edition: Edition) -> Going:
    """The numbers as the outbox has them this moment, in one query."""
    now = clock.now()
    counts = Delivery.objects.filter(edition=edition).aggregate(
        **{state.name.lower(): Count("pk", filter=Q(state=state)) for state in State},
        lately=Count("pk", filter=Q(state=State.SUBMITTED, settled__gt=now - LATELY)),
        waits=Count("pk", filter=Q(state=State.PENDING, due__gt=now)),
    )
    lately, waits = counts.pop("lately"), counts.pop("waits")
    rate = lately / LATELY.total_seconds() if edition.state == Edition.State.SENDING else 0.0
    left = counts["pending"] + counts["claimed"] - waits
    done_at = now + timedelta(seconds=left / rate) if rate and left > 0 and not waits else None
    return Going(total=sum(counts.values()), **counts, rate=rate, done_at=done_at)


def refusals(edition: Edition, most: int = 20) -> list[tuple[int, str, int]]:
    """What the mail server said to those it did not take, and to how many: code, words, count."""
    rows = Delivery.objects.filter(edition=edition, state__in=(State.REFUSED, State.DEFERRED)).order_by()
    return list(rows.values_list("code", "reply").annotate(count=Count("pk")).order_by("-count", "code")[:most])
