"""The newsroom's writes: moving an article to another day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from wagtail.log_actions import log
from wagtail.models import Page, Revision

from masthead.articles.models import Article
from masthead.core import clock
from masthead.core.models import Publication
from masthead.core.timezones import zone as zone_called
from masthead.newsroom.models import Plan
from masthead.readers.models import Reader

FURTHEST = timedelta(days=3 * 366)


class CannotMove(ValueError):
    """An article cannot be moved to that day; the message says why."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Where an article stands now: ``at`` where it is scheduled, else the planned ``day`` (None: in the tray)."""

    article: Article
    day: date | None
    at: datetime | None = None


def move(*, article: Article, day: date | None, by: Reader) -> Moved:
    """Move ``article`` to ``day``: a scheduled one goes live then, at its time of day; another one is planned for it.

    Raises :class:`CannotMove` with a sentence. What is published stays where it is.
    """
    with transaction.atomic():
        Page.objects.select_for_update().get(pk=article.pk)
        article.refresh_from_db(fields=["live", "go_live_at", "expire_at"])
        if article.live:
            raise CannotMove(f"“{article.title}” is published already; it stays on its day.")
        permissions = article.permissions_for_user(by)
        scheduled = article.revisions.filter(approved_go_live_at__isnull=False).first()
        if scheduled is None:
            if not permissions.can_edit():
                raise CannotMove(f"You may not plan “{article.draft_title}”; ask an editor.")
            return _plan(article, day, by)
        if not permissions.can_publish():
            raise CannotMove(f"“{article.draft_title}” is scheduled; only those who may publish it can move it.")
        if day is None:
            raise CannotMove(f"“{article.draft_title}” is scheduled; to take it off the plan, cancel its schedule in the editor.")
        return _reschedule(article, scheduled, day, by)


def _plan(article: Article, day: date | None, by: Reader) -> Moved:
    if day is None:
        Plan.objects.filter(article=article).delete()
        return Moved(article, None)
    if not today() <= day <= today() + FURTHEST:
        raise CannotMove("Please choose a day from today on, at most three years ahead.")
    Plan.objects.update_or_create(article=article, defaults={"day": day, "changed": clock.now(), "changed_by": by})
    return Moved(article, day)


def _reschedule(article: Article, scheduled: Revision, day: date, by: Reader) -> Moved:
    zone = zone_called(Publication.load().timezone)
    before = scheduled.approved_go_live_at
    at = before.astimezone(zone).replace(year=day.year, month=day.month, day=day.day)
    if at <= clock.now():
        raise CannotMove(f"{day:%A %-d %B} at {at:%H:%M} is over; choose a later day, or publish it now in the editor.")
    if at > clock.now() + FURTHEST:
        raise CannotMove("Please choose a day within the next three years.")
    expires = scheduled.content.get("expire_at")
    if expires and datetime.fromisoformat(expires) <= at:
        raise CannotMove(f"“{article.draft_title}” is to be withdrawn before that day; change its expiry in the editor first.")
    # Not a new revision: newer drafts must neither be published with it nor buried under it. Both say the new time.
    for revision in {scheduled.pk: scheduled, article.latest_revision_id: article.latest_revision}.values():
        if revision is None:
            continue
        revision.content["go_live_at"] = at.isoformat()
        if revision.pk == scheduled.pk:
            revision.approved_go_live_at = at
        revision.save(update_fields=["content", "approved_go_live_at"])
    Page.objects.filter(pk=article.pk).update(go_live_at=at)
    log(
        instance=article,
        action="wagtail.publish.schedule",
        user=by,
        revision=scheduled,
        data={
            "revision": {
                "id": scheduled.pk,
                "created": scheduled.created_at.isoformat(),
                "go_live_at": at.isoformat(),
                "has_live_version": False,
            }
        },
    )
    return Moved(article, day, at)


def today() -> date:
    """The day it is for the publication."""
    return clock.now().astimezone(zone_called(Publication.load().timezone)).date()
