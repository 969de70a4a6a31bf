"""Asking for newsletters, and no longer."""

from __future__ import annotations

from collections.abc import Iterable

from masthead.core import clock, events
from masthead.newsletters.models import Newsletter, Tick
from masthead.readers.models import Reader


def known(slugs: Iterable[str]) -> list[str]:
    """Those of ``slugs`` that name a newsletter; what a form sends is not trusted."""
    return list(Newsletter.objects.filter(slug__in=list(slugs)[:50]).values_list("slug", flat=True))


def tick(*, reader: Reader, slugs: Iterable[str], origin: str) -> None:
    """Add newsletters to what ``reader`` gets; those they have stay."""
    now = clock.now()
    rows = [
        Tick(reader=reader, newsletter=newsletter, created=now, origin=origin)
        for newsletter in Newsletter.objects.filter(slug__in=list(slugs))
    ]
    Tick.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        events.record(
            "newsletters ticked", subject=reader.subject, newsletters=[row.newsletter.slug for row in rows], origin=origin
        )


def set_ticks(*, reader: Reader, slugs: Iterable[str], origin: str) -> None:
    """Make ``slugs`` the newsletters ``reader`` gets: adds what is new and takes away what is missing."""
    wanted = list(slugs)
    Tick.objects.filter(reader=reader).exclude(newsletter__slug__in=wanted).delete()
    tick(reader=reader, slugs=wanted, origin=origin)
