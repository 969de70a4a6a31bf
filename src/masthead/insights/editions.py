"""What came of editions: what became of each address, what was clicked, what followed, and how newsletters grow and shrink."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Count, Q, Sum

from masthead.core.models import Event, Publication
from masthead.core.timezones import zone as zone_called
from masthead.newsletters.models import Delivery, Edition, EditionContent, LinkClicks, MailEvent, Newsletter, Tick

HOURS = 48  # after an edition went; nearly all that is clicked is clicked by then
FOLLOWED = ("unlock", "registration", "subscription")  # kinds of events that name the edition somebody came by
TICKED, LEFT, COMPLAINED = "newsletters ticked", "newsletter left", "newsletters left"

State = Delivery.State


@dataclass(frozen=True, slots=True)
class Clicked:
    """One link of an edition, and how often it was followed by those of each standing."""

    label: str
    url: str
    article: int | None
    registered: int
    subscribers: int

    @property
    def total(self) -> int:
        return self.registered + self.subscribers


@dataclass(frozen=True, slots=True)
class Subject:
    """One subject, with the mails submitted and the clicks from them."""

    variant: str
    words: str
    submitted: int
    clicks: int

    @property
    def rate(self) -> float | None:
        """Clicks from a hundred mails."""
        return 100 * self.clicks / self.submitted if self.submitted else None


@dataclass(frozen=True, slots=True)
class EditionReport:
    """Everything counted of one edition."""

    states: dict[str, int]
    links: list[Clicked]
    subjects: list[Subject]
    standings: list[Subject]  # the same by standing; ``words`` is the standing
    starts: list[datetime]
    hourly: dict[str, list[int]]  # by standing
    followed: dict[str, int]
    told: dict[str, int]  # what providers and bounces told, by kind
    left: int

    @property
    def clicks(self) -> int:
        return sum(link.total for link in self.links)

    @property
    def submitted(self) -> int:
        return self.states.get("SUBMITTED", 0)


def edition_report(edition: Edition) -> EditionReport:
    """What came of ``edition``, in eight queries."""
    outbox = Delivery.objects.filter(edition=edition).order_by()
    states = {State(state).name: count for state, count in outbox.values_list("state").annotate(n=Count("pk"))}
    submitted = Counter[tuple[str, str]]()
    for standing, variant, count in (
        outbox.filter(state=State.SUBMITTED).values_list("standing", "variant").annotate(n=Count("pk"))
    ):
        submitted[standing, variant] += count
    clicks = list(
        LinkClicks.objects.filter(link__edition=edition)
        .values_list("link", "standing", "variant", "hour")
        .annotate(n=Sum("count"))
    )
    starts, hourly = _by_hour(edition, clicks)
    via = f"{edition.newsletter.slug}.{edition.key}"
    since = edition.frozen or edition.due
    events = Event.objects.filter(at__gte=since, kind__in=FOLLOWED, data__via=via).order_by()
    left = Event.objects.filter(at__gte=since, kind=LEFT, data__newsletter=edition.newsletter.slug, data__edition=edition.key)
    told = MailEvent.objects.filter(edition=edition).order_by().values_list("kind").annotate(n=Count("pk"))
    return EditionReport(
        states=states,
        links=_links(edition, clicks),
        subjects=[
            Subject(variant, words, _sum(submitted, variant=variant), sum(n for _, _, v, _, n in clicks if v == variant))
            for variant, words in (("a", edition.subject), ("b", edition.subject_b))
            if words
        ],
        standings=[
            Subject(value, label, _sum(submitted, standing=value), sum(n for _, s, _, _, n in clicks if s == value))
            for value, label in (
                (EditionContent.Standing.REGISTERED.value, "Registered"),
                (EditionContent.Standing.SUBSCRIBER.value, "Subscribers"),
            )
        ],
        starts=starts,
        hourly=hourly,
        followed=dict(events.values_list("kind").annotate(n=Count("pk"))),
        told=dict(told),
        left=left.count(),
    )


def _sum(submitted: Counter[tuple[str, str]], *, standing: str = "", variant: str = "") -> int:
    return sum(n for (s, v), n in submitted.items() if (not standing or s == standing) and (not variant or v == variant))


def _links(edition: Edition, clicks: Sequence[tuple[int, str, str, datetime, int]]) -> list[Clicked]:
    counted = Counter[tuple[int, str]]()
    for link, standing, _, _, n in clicks:
        counted[link, standing] += n
    rows = [
        Clicked(
            link.label or (link.article.title if link.article else "") or link.url,
            link.url,
            link.article_id,
            counted[link.pk, EditionContent.Standing.REGISTERED.value],
            counted[link.pk, EditionContent.Standing.SUBSCRIBER.value],
        )
        for link in edition.links.select_related("article").defer("article__body").order_by("number")
    ]
    return sorted(rows, key=lambda row: -row.total)  # stable: in the edition's order among themselves


def _by_hour(
    edition: Edition, clicks: Sequence[tuple[int, str, str, datetime, int]]
) -> tuple[list[datetime], dict[str, list[int]]]:
    first = (edition.frozen or edition.due).replace(minute=0, second=0, microsecond=0)
    starts = [first + timedelta(hours=n) for n in range(HOURS)]
    hourly = {standing: [0] * HOURS for standing in EditionContent.Standing.values}
    for _, standing, _, hour, n in clicks:
        place = int((hour - first).total_seconds() // 3600)
        if 0 <= place < HOURS and standing in hourly:
            hourly[standing][place] += n
    return starts, hourly


# --- newsletters


@dataclass(frozen=True, slots=True)
class Went:
    """One edition among its newsletter's last."""

    edition: Edition
    submitted: int
    clicks: int
    left: int
    registered: int
    subscribed: int

    @property
    def rate(self) -> float | None:
        """Clicks from a hundred mails."""
        return 100 * self.clicks / self.submitted if self.submitted else None


@dataclass(frozen=True, slots=True)
class NewsletterReport:
    """How a newsletter grew: its readers now, and each day who came and who left. ``readers`` is the number at each day's end."""

    newsletter: Newsletter
    now: int
    days: list[date]
    ticked: list[int]
    left: list[int]
    readers: list[int]
    origins: dict[str, int]
    reasons: dict[str, int]
    editions: list[Went] = field(default_factory=list)


def newsletter_report(newsletter: Newsletter, now: datetime, days: int = 60, editions: int = 20) -> NewsletterReport:
    """The last ``days``, today included, by the publication's day."""
    where = zone_called(Publication.load().timezone)
    today = now.astimezone(where).date()
    dates = [today - timedelta(days=n) for n in range(days - 1, -1, -1)]
    since = datetime.combine(dates[0], datetime.min.time(), tzinfo=where)
    came, went = Counter[date](), Counter[date]()
    origins, reasons = Counter[str](), Counter[str]()
    rows = Event.objects.filter(kind__in=(TICKED, LEFT, COMPLAINED), at__gte=since).values_list("kind", "at", "data")
    for kind, at, data in rows.iterator():
        named = [data.get("newsletter")] if kind == LEFT else data.get("newsletters", ())
        if newsletter.slug not in named:
            continue
        day, origin = at.astimezone(where).date(), str(data.get("origin") or "")
        if kind == TICKED:
            came[day] += 1
            origins[origin] += 1
        else:
            went[day] += 1
            reasons[origin] += 1
    count = Tick.objects.filter(newsletter=newsletter, reader__is_active=True, reader__confirmed__isnull=False).count()
    readers, running = [], count
    for day in reversed(dates):
        readers.append(max(0, running))
        running += went[day] - came[day]
    return NewsletterReport(
        newsletter=newsletter,
        now=count,
        days=dates,
        ticked=[came[day] for day in dates],
        left=[went[day] for day in dates],
        readers=readers[::-1],
        origins=dict(origins.most_common()),
        reasons=dict(reasons.most_common()),
        editions=_went(newsletter, editions),
    )


def _went(newsletter: Newsletter, most: int) -> list[Went]:
    rows = list(newsletter.editions.exclude(frozen=None).select_related("newsletter").order_by("-due")[:most])
    submitted = dict(
        Delivery.objects.filter(edition__in=rows, state=State.SUBMITTED).order_by().values_list("edition").annotate(n=Count("pk"))
    )
    clicked = LinkClicks.objects.filter(link__edition__in=rows).order_by()
    clicks = dict(clicked.values_list("link__edition").annotate(n=Sum("count")))
    followed = Counter[tuple[str, str]]()
    if rows:
        since = min(row.frozen for row in rows if row.frozen)
        vias = [f"{newsletter.slug}.{row.key}" for row in rows]
        events = Event.objects.filter(at__gte=since).filter(
            Q(kind__in=FOLLOWED, data__via__in=vias) | Q(kind=LEFT, data__newsletter=newsletter.slug)
        )
        for kind, data in events.values_list("kind", "data").iterator():
            key = str(data.get("edition")) if kind == LEFT else str(data.get("via", "")).partition(".")[2]
            followed[key, kind] += 1
    return [
        Went(
            row,
            submitted.get(row.pk, 0),
            clicks.get(row.pk, 0),
            followed[row.key, LEFT],
            followed[row.key, "registration"],
            followed[row.key, "subscription"],
        )
        for row in rows
    ]
