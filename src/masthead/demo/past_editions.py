"""What the demonstration's newsletters begin with: news on the desk, a radar, a welcome, and two past editions of each.

The past ones were mailed to nobody; they are there so that an archive can be looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count

from masthead.articles.models import Article, Topic
from masthead.core import clock
from masthead.core.models import Publication
from masthead.core.timezones import zone as zone_called
from masthead.demo import content_files
from masthead.newsletters import composing, editions, radar, schedule
from masthead.newsletters.models import (
    Block,
    Edition,
    EditionItem,
    Newsletter,
    NewsletterBlock,
    RadarEvent,
    WelcomeStep,
    WireEntry,
)

PAST = 2  # editions of each newsletter
COMPOSED = timedelta(minutes=20)  # before they went
OLDER = timedelta(days=14)


def fill() -> None:
    """Fill in what is missing; what is there stays as it is."""
    told = content_files.load("newsletters")
    now = clock.now()
    _radar(told["radar"], now)
    _welcome(told["welcome"])
    daily = Newsletter.objects.filter(slug="daily").exclude(weekdays="").first()
    _wire(told["wire"], daily, now)
    for newsletter in Newsletter.objects.filter(slug__in=["daily", "weekly"]).exclude(weekdays=""):
        if newsletter.editions.count() >= PAST:
            continue
        # the oldest first: what one had, the next has not
        for number, due, since in reversed(list(_past(newsletter, now))):
            entries = [each for each in told["wire"] if each["edition"] == number and newsletter == daily]
            _edition(newsletter, due, since, [_guid(each["url"]) for each in entries])


def _past(newsletter: Newsletter, now: datetime) -> Iterator[tuple[int, schedule.Due, datetime]]:
    """The last dates an edition was due, latest first: its number, the date, and when the one before it was due."""
    rule = editions.rule(newsletter)
    due = schedule.previous(rule, now)
    for number in range(1, PAST + 1):
        before = schedule.previous(rule, due.at) if due else None
        if due is None or before is None:
            return
        yield number, due, before.at
        due = before


@transaction.atomic
def _edition(newsletter: Newsletter, due: schedule.Due, since: datetime, guids: list[str]) -> None:
    edition, made = Edition.objects.get_or_create(
        newsletter=newsletter,
        key=due.date.isoformat(),
        defaults={
            "date": due.date,
            "due": due.at,
            "since": since,
            "state": Edition.State.DONE,
            "composed": due.at - COMPOSED,
            "mailed_draft": due.at - COMPOSED,
            "frozen": due.at,
            "finished": due.at,
        },
    )
    if not made:
        return
    published = Article.objects.live().filter(dated__gt=since, dated__lte=due.at).order_by("-dated", "-pk")
    latest = list(published.values_list("pk", flat=True))
    for block in newsletter.blocks.order_by("sort_order"):
        for position, names in enumerate(_things(edition, block, latest, guids)):
            EditionItem.objects.create(edition=edition, block=block.kind, position=position, **names)
    names = [composing.headline(item) for item in edition.items.filter(block=Block.LATEST).order_by("position")]
    edition.subject = names[0] if names else newsletter.title
    edition.preheader = names[1] if len(names) > 1 else ""
    edition.save(update_fields=["subject", "preheader"])


def _things(edition: Edition, block: NewsletterBlock, latest: list[int], guids: list[str]) -> list[dict[str, Any]]:
    match block.kind:
        case Block.WIRE:
            rows = WireEntry.objects.filter(source=None, guid__in=guids).order_by("position", "pk")
            return [{"entry": row} for row in rows[: block.most]]
        case Block.LATEST:
            return [{"article_id": number} for number in latest[: block.most]]
        case Block.MOST_READ:  # nobody has read anything yet: some order that is not the dates'
            return [{"article_id": number} for number in sorted(latest, key=lambda n: (n * 7) % 11)[:3]]
        case Block.RADAR:
            return [{"event": row} for row in radar.upcoming(edition.date, composing.AHEAD, block.most)]
        case Block.LIBRARY:
            topics = Article.topics.through.objects.filter(article__in=latest[:1]).values("topic_id")
            had = EditionItem.objects.filter(edition__newsletter=edition.newsletter).exclude(article=None).values("article_id")
            older = Article.objects.live().filter(dated__lt=edition.since - OLDER, topics__in=topics).exclude(pk__in=had)
            rows = older.annotate(shared=Count("topics")).order_by("-shared", "-dated", "-pk")
            return [{"article_id": number} for number in rows.values_list("pk", flat=True)[: block.most]]
    return []


def _guid(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


def _wire(told: list[dict[str, Any]], daily: Newsletter | None, now: datetime) -> None:
    for position, each in enumerate(told):
        if WireEntry.objects.filter(source=None, guid=_guid(each["url"])).exists():
            continue
        back = {"next": 0, "desk": 0}.get(each["edition"], each["edition"])
        moment = now - timedelta(days=back, hours=1, minutes=7 * position)
        picked = each["edition"] != "desk" and daily is not None
        WireEntry.objects.create(
            guid=_guid(each["url"]),
            url=each["url"],
            publisher=each["publisher"],
            headline=content_files.typographic(each["headline"]),
            summary=content_files.typographic(each["summary"]),
            comment=content_files.typographic(each.get("comment", "")),
            published=moment,
            seen=moment,
            picked=moment if picked else None,
            picked_for=daily if picked else None,
            position=position,
        )


def _radar(told: list[dict[str, Any]], now: datetime) -> None:
    today = now.astimezone(zone_called(Publication.load().timezone)).date()
    for each in told:
        starts = today + timedelta(days=each["day"])
        row, made = RadarEvent.objects.get_or_create(
            uid=f"{each['slug']}@sextant.example",
            defaults={
                "title": content_files.typographic(each["title"]),
                "text": content_files.typographic(each["text"]),
                "place": each.get("place", ""),
                "url": each.get("url", ""),
                "starts": starts,
                "ends": starts + timedelta(days=each["days"] - 1) if "days" in each else None,
                "hour": each.get("hour"),
            },
        )
        if made:
            row.topics.set(Topic.objects.filter(slug__in=each["topics"]))


def _welcome(told: list[dict[str, Any]]) -> None:
    if WelcomeStep.objects.exists():
        return
    for each in told:
        WelcomeStep.objects.create(
            after=each["after"],
            subject=content_files.typographic(each["subject"]),
            text=content_files.typographic(each["text"]).strip(),
        )
