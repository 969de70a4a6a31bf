"""Asking for newsletters, and no longer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import transaction

from masthead.core import clock, events
from masthead.newsletters.models import Delivery, Newsletter, Tick
from masthead.readers.models import Reader


def known(slugs: Iterable[str]) -> list[str]:
    """Those of ``slugs`` that name a newsletter; what a form sends is not trusted."""
    asked = [slug for slug in list(slugs)[:50] if slug.isprintable()]
    return list(Newsletter.objects.filter(slug__in=asked).values_list("slug", flat=True))


@transaction.atomic
def tick(*, reader: Reader, slugs: Iterable[str], origin: str, weekdays: Mapping[str, str] | None = None) -> None:
    """Add newsletters to what ``reader`` gets, perhaps on some ``weekdays`` of it only; those they have stay.

    Call it for whoever proved their address, and for nobody else: what is ticked is mailed.
    """
    now = clock.now()
    days = weekdays or {}
    had = set(Tick.objects.filter(reader=reader).values_list("newsletter_id", flat=True))
    rows = [
        Tick(reader=reader, newsletter=newsletter, created=now, origin=origin, weekdays=some_days(newsletter, days))
        for newsletter in Newsletter.objects.filter(slug__in=list(slugs))
        if newsletter.pk not in had
    ]
    Tick.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        slugs_ = [row.newsletter.slug for row in rows]
        events.record("newsletters ticked", subject=reader.subject, newsletters=slugs_, origin=origin)


@transaction.atomic
def untick(*, reader: Reader, slugs: Iterable[str], origin: str) -> list[str]:
    """Take newsletters away from what ``reader`` gets; which of ``slugs`` they had.

    Each is kept as an event that names the last edition it came as: what one edition costs in readers is worth knowing.
    """
    rows = list(Tick.objects.filter(reader=reader, newsletter__slug__in=list(slugs)).select_related("newsletter"))
    Tick.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for row in rows:
        events.record(
            "newsletter left",
            subject=reader.subject,
            newsletter=row.newsletter.slug,
            edition=_last_edition(reader, row.newsletter),
            origin=origin,
        )
    return [row.newsletter.slug for row in rows]


def _last_edition(reader: Reader, newsletter: Newsletter) -> str:
    mailed = Delivery.objects.filter(reader=reader, edition__newsletter=newsletter, state=Delivery.State.SUBMITTED)
    last = mailed.order_by("-edition__due").values_list("edition__key", flat=True).first()
    return last or ""


@transaction.atomic
def set_ticks(*, reader: Reader, slugs: Iterable[str], origin: str, weekdays: Mapping[str, str] | None = None) -> None:
    """Make ``slugs`` the newsletters ``reader`` gets: adds what is new and takes away what is missing.

    ``weekdays`` says on which days, by slug; without it days stay as they are.
    """
    wanted = list(slugs)
    rows = Tick.objects.filter(reader=reader).select_related("newsletter")
    untick(reader=reader, slugs=[row.newsletter.slug for row in rows if row.newsletter.slug not in wanted], origin=origin)
    tick(reader=reader, slugs=wanted, origin=origin, weekdays=weekdays)
    for row in rows.all() if weekdays is not None else ():
        days = some_days(row.newsletter, weekdays or {})
        if days != row.weekdays:
            Tick.objects.filter(pk=row.pk).update(weekdays=days)


def some_days(newsletter: Newsletter, asked: Mapping[str, str]) -> str:
    """The days asked for, where they are some of those it comes on; all or none of them is each edition (empty)."""
    days = "".join(day for day in newsletter.weekdays if day in asked.get(newsletter.slug, ""))
    return "" if days == newsletter.weekdays else days
