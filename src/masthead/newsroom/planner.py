"""The planner: what appears on which day, and whether the promise of an analysis every weekday holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.urls import reverse
from wagtail.models import Revision, WorkflowState

from masthead.articles.models import Article, Byline
from masthead.core import clock
from masthead.core.models import Publication
from masthead.core.timezones import zone as zone_called
from masthead.newsroom.models import Plan
from masthead.readers.models import Reader

WEEKS = 5
PROMISED = 15  # weekdays looked ahead
TRAY = 40
STATES = {
    "draft": "Draft",
    "review": "In review",
    "scheduled": "Scheduled",
    "published": "Published",
}
READY = frozenset({"scheduled", "published"})


@dataclass(frozen=True, slots=True)
class Card:
    """One article on the board. ``at`` is when it went or goes live, in the publication's time; None for a plan."""

    id: int
    title: str
    state: str
    day: date | None
    at: datetime | None
    format: str
    authors: str
    edit_url: str
    view_url: str = ""
    movable: bool = False

    @property
    def state_label(self) -> str:
        return STATES[self.state]

    @property
    def counts(self) -> bool:
        """Whether it keeps the promise: a briefing is news, not analysis."""
        return self.format != Article.Format.BRIEFING


@dataclass(frozen=True, slots=True)
class Day:
    """One day with its articles."""

    date: date
    today: date
    cards: tuple[Card, ...] = ()

    @property
    def weekday(self) -> bool:
        return self.date.weekday() < 5

    @property
    def past(self) -> bool:
        return self.date < self.today

    @property
    def is_today(self) -> bool:
        return self.date == self.today

    @property
    def missing(self) -> bool:
        """A weekday from today on for which no analysis is planned."""
        return self.weekday and not self.past and not any(card.counts for card in self.cards)


@dataclass(frozen=True, slots=True)
class Promise:
    """How far ahead the promise is kept. ``ready`` days are scheduled or published; the others still being written."""

    total: int
    covered: int
    ready: int
    first_gap: date | None

    @property
    def sentence(self) -> str:
        text = f"{self.covered} of the next {self.total} weekdays are covered"
        if self.covered == self.total:
            text = f"All of the next {self.total} weekdays are covered"
        if self.covered > self.ready:
            text += f": {self.ready} ready, {self.covered - self.ready} still being written"
        text += "."
        if self.first_gap:
            text += f" The first gap is {self.first_gap:%A} {self.first_gap.day} {self.first_gap:%B}."
        return text


@dataclass(slots=True)
class Board:
    """The planner's page: weeks from Monday to Sunday, a tray of drafts without a day, and the promise."""

    start: date
    today: date
    weeks: list[list[Day]]
    promise: Promise
    tray: list[Card] = field(default_factory=list)
    tray_more: int = 0

    @property
    def end(self) -> date:
        return self.weeks[-1][-1].date


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def board(*, reader: Reader, start: date | None = None, weeks: int = WEEKS) -> Board:
    """The board from the Monday of ``start`` (default: this week), as ``reader`` may change it."""
    zone = zone_called(Publication.load().timezone)
    today = clock.now().astimezone(zone).date()
    start = monday_of(start or today)
    end = start + timedelta(days=7 * weeks)
    horizon = _weekdays(today, PROMISED)
    first, last = min(start, today), max(end, horizon[-1] + timedelta(days=1))
    unpublished = _unpublished(reader, zone)
    by_day: dict[date, list[Card]] = {}
    for card in [*_published(first, last, zone), *unpublished]:
        if card.day:
            by_day.setdefault(card.day, []).append(card)

    def day(date_: date) -> Day:
        cards = sorted(by_day.get(date_, ()), key=lambda c: (c.at is None, c.at.isoformat() if c.at else "", c.title))
        return Day(date_, today, tuple(cards))

    undated = [card for card in unpublished if card.day is None or (card.day < today and card.at is None)]
    return Board(
        start=start,
        today=today,
        weeks=[[day(start + timedelta(days=7 * w + d)) for d in range(7)] for w in range(weeks)],
        promise=promise([day(each) for each in horizon]),
        tray=undated[:TRAY],
        tray_more=max(0, len(undated) - TRAY),
    )


def days_at_hand(board: Board) -> list[Day]:
    """This week; at a weekend what is left of it and the week that begins, since nobody plans for days gone by.

    ``board`` holds two weeks from this Monday.
    """
    this, following = board.weeks[:2]
    if board.today.weekday() < 5:
        return this
    return [day for day in this if not day.past] + following[:5]


def promise(days: Iterable[Day]) -> Promise:
    """How many of ``days`` (weekdays from today on) have an analysis planned, and how many of those are ready."""
    days = list(days)
    covered = [day for day in days if not day.missing]
    ready = sum(any(card.counts and card.state in READY for card in day.cards) for day in covered)
    return Promise(len(days), len(covered), ready, next((day.date for day in days if day.missing), None))


def _weekdays(start: date, count: int) -> list[date]:
    days: list[date] = []
    while len(days) < count:
        if start.weekday() < 5:
            days.append(start)
        start += timedelta(days=1)
    return days


def _published(first: date, last: date, zone: ZoneInfo) -> list[Card]:
    begin = datetime.combine(first, time.min, zone)
    end = datetime.combine(last, time.min, zone)
    rows = _slim(Article.objects.live().filter(dated__gte=begin, dated__lt=end))
    return [
        _card(row, "published", at=row.dated.astimezone(zone), day=row.dated.astimezone(zone).date(), authors=authors)
        for row, authors in _with_authors(rows)
    ]


def _unpublished(reader: Reader, zone: ZoneInfo) -> list[Card]:
    """Whatever may still appear, newest change first. What was published once and withdrawn is history, unless it is planned."""
    scheduled = {
        int(number): at
        for number, at in Revision.page_revisions.filter(approved_go_live_at__isnull=False).values_list(
            "object_id", "approved_go_live_at"
        )
    }
    review = {
        int(number)
        for number in WorkflowState.objects.filter(
            status__in=[WorkflowState.STATUS_IN_PROGRESS, WorkflowState.STATUS_NEEDS_CHANGES]
        ).values_list("object_id", flat=True)
    }
    plans = dict(Plan.objects.values_list("article_id", "day"))
    wanted = Article.objects.filter(live=False)
    rows = [
        row
        for row in _slim(wanted).order_by("-latest_revision_created_at", "-pk")[:1000]
        if row.first_published_at is None or row.pk in scheduled or row.pk in plans or row.pk in review
    ]
    cards = []
    for row, authors in _with_authors(rows):
        at = scheduled.get(row.pk)
        state = "scheduled" if at else "review" if row.pk in review else "draft"
        local = at.astimezone(zone) if at else None
        wish = row.go_live_at.astimezone(zone).date() if row.go_live_at and not at else None
        day = local.date() if local else plans.get(row.pk) or wish
        permissions = row.permissions_for_user(reader)
        movable = permissions.can_publish() if at else permissions.can_edit()
        cards.append(_card(row, state, at=local, day=day, authors=authors, movable=movable))
    return cards


def _slim(rows):
    return rows.defer("body", "standfirst", "search_description", "source", "licence")


def _with_authors(rows) -> list[tuple[Article, str]]:
    rows = list(rows)
    names: dict[int, list[str]] = {}
    for article, name in (
        Byline.objects.filter(article__in=[row.pk for row in rows])
        .order_by("sort_order")
        .values_list("article_id", "author__name")
    ):
        names.setdefault(article, []).append(name)
    return [(row, " and ".join(names.get(row.pk, ()))) for row in rows]


def _card(row: Article, state: str, *, at: datetime | None, day: date | None, authors: str, movable: bool = False) -> Card:
    return Card(
        id=row.pk,
        title=row.draft_title or row.title,
        state=state,
        day=day,
        at=at,
        format=row.format,
        authors=authors,
        edit_url=reverse("wagtailadmin_pages:edit", args=[row.pk]),
        view_url=row.path_on_site if state == "published" else "",
        movable=movable,
    )
