"""The welcome series: so many days after a confirmed reader first asked for a newsletter, for as long as they get one."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, Min, OuterRef, QuerySet

from masthead.core import clock
from masthead.core.models import Publication
from masthead.newsletters import choices, markdown, restored
from masthead.newsletters.links import Kind
from masthead.newsletters.models import PersonalMail, Tick, WelcomeStep
from masthead.newsletters.personal.writing import Letter, away, may_be_mailed, room, write
from masthead.readers.models import Reader

TOO_LATE = timedelta(days=3)  # a step that could not go, or was written later, is left out
PASSED_OVER = 500  # readers who cannot be mailed that are looked at in one round


def tick() -> int:
    """Write the steps that are due; how many."""
    count = 0
    for step in WelcomeStep.objects.filter(active=True):
        left = room()
        if not left:
            break
        words = letter(step)
        # those who want it no more, or cannot be mailed, stay due: they must not stand before all the others
        for reader in _due(step, clock.now())[: left + PASSED_OVER]:
            if not left:
                break
            if not may_be_mailed(reader, Kind.WELCOME):
                continue
            written = write(reader=reader, kind=Kind.WELCOME, key=key_of(step), letter=words)
            left, count = left - written, count + written
    return count


def key_of(step: WelcomeStep) -> str:
    """What a step is remembered by."""
    return f"step-{step.pk}"


def _due(step: WelcomeStep, now: datetime) -> QuerySet[Reader]:
    """Readers whose first tick is as old as ``step`` says, and who neither had it nor ended the series."""
    until = now - timedelta(days=step.after)
    since = until - TOO_LATE
    if again := restored.began_again():
        since = max(since, again - timedelta(days=step.after))
    mine = PersonalMail.objects.filter(reader=OuterRef("pk"), kind=PersonalMail.Kind.WELCOME)
    recent = Tick.objects.filter(created__gt=since, created__lte=until).values("reader")
    return (
        Reader.objects.filter(pk__in=recent, is_active=True, confirmed__isnull=False)
        .exclude(Exists(Tick.objects.filter(reader=OuterRef("pk"), created__lte=since)))
        .exclude(Exists(mine.filter(key__in=[key_of(step), choices.STOPPED])))
        .exclude(away())
        .annotate(first=Min("ticks__created"))
        .order_by("first", "pk")
    )


def letter(step: WelcomeStep) -> Letter:
    """What ``step`` says."""
    name = Publication.load().name
    return Letter(
        subject=step.subject,
        heading=step.subject,
        body=markdown.html(step.text),
        why=f"You get this because you asked for a newsletter at {name}: a few mails say what there is.",
    )
