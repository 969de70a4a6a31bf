"""To how many an edition would go, before it is frozen. Asked of the same rows as freezing asks, and remembered for a minute."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Count

from masthead.core import clock
from masthead.newsletters import freezing
from masthead.newsletters.models import Edition, EditionContent

Standing = EditionContent.Standing


@dataclass(frozen=True, slots=True)
class Recipients:
    """How many of each standing."""

    registered: int = 0
    subscribers: int = 0

    @property
    def total(self) -> int:
        return self.registered + self.subscribers


def recipients(edition: Edition) -> Recipients:
    """An estimate: whoever ticks, unticks or subscribes until it goes is counted then."""
    key = f"newsletters:recipients:{edition.newsletter_id}:{edition.segment}:{edition.kind}:{edition.date}"
    found: Recipients | None = cache.get(key)
    if found is None:
        rows = freezing.recipients(edition, clock.now()).order_by().values_list("standing").annotate(count=Count("pk"))
        counts = dict(rows)
        found = Recipients(counts.get(Standing.REGISTERED, 0), counts.get(Standing.SUBSCRIBER, 0))
        cache.set(key, found, 60 if found.total > 1000 else 5)
    return found
