"""What the newsroom is told: the last hours and days, added up from counters and from the rows of what happened."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce, TruncDay, TruncHour

from masthead.access.policy import Reason
from masthead.articles.models import Article
from masthead.core.models import Event
from masthead.insights import store
from masthead.insights.models import DailyVisitors, ViewCount, VisitorMark

# What a gate offers, in the order a reader meets them
GATES = {
    Reason.REGISTER: "Register",
    Reason.CONFIRM: "Confirm address",
    Reason.CHOOSE: "Choose this article",
    Reason.SPENT: "None left",
    Reason.SUBSCRIBE: "Subscribers only",
}
OPENED = {
    Reason.OPEN: "Open to everyone",
    Reason.INSTANT: "Instant access",
    Reason.UNLOCK: "Chosen",
    Reason.SUBSCRIPTION: "Subscription",
    Reason.COMP: "Complimentary",
    Reason.SEAT: "A group's seat",
    Reason.INSTITUTION: "Institution",
    Reason.GIFT: "Gift",
    Reason.STAFF: "Staff",
}
ROBOT = "robot"
DONE = ("registration", "unlock", "instant")  # kinds of events: what a gate led to

# articles to people; to robots anything, since old rows of theirs have lost the article
SHOWN = (Q(article__gt=0) | Q(robot=True)) & ~Q(decision=store.DROPPED)
GATE = Q(decision__in=list(GATES))


@dataclass(frozen=True, slots=True)
class Top:
    """One article: how often it was open and how often its gate was shown, and what its gate led to."""

    article: int
    title: str
    opened: int
    gates: int
    instant: int
    chosen: int

    @property
    def answered(self) -> float | None:
        """Of a hundred gates, how many led to reading on at once. None where no gate was shown."""
        return min(100.0, 100 * (self.instant + self.chosen) / self.gates) if self.gates else None


@dataclass(frozen=True, slots=True)
class Report:
    """One stretch of time in equal parts. ``shown`` and ``done`` have a number for each part, by decision (and "robot") or
    kind of event. ``before`` has the sums of the stretch just before, up to the same hour, by "opened", "gates" and kind of
    event; it is empty where nobody counted yet when that began.
    """

    starts: Sequence[datetime]
    shown: dict[str, list[int]]
    done: dict[str, list[int]]
    before: dict[str, int]
    top: Sequence[Top]
    dropped: int

    @property
    def opened(self) -> list[int]:
        """How many articles were shown whole to people, for each part."""
        return self._sums(lambda decision: decision != ROBOT and decision not in GATES)

    @property
    def gates(self) -> list[int]:
        """How many gates were shown to people, for each part."""
        return self._sums(lambda decision: decision in GATES)

    @property
    def robots(self) -> list[int]:
        """How many pages robots asked for, for each part."""
        return self._sums(lambda decision: decision == ROBOT)

    def _sums(self, wanted: Callable[[str], bool]) -> list[int]:
        rows = [values for decision, values in self.shown.items() if wanted(decision)]
        return [sum(values) for values in zip(*rows, strict=True)] if rows else [0] * len(self.starts)


@dataclass(frozen=True, slots=True)
class Visitors:
    """How many different visitors came on a day."""

    day: date
    anonymous: int
    known: int


def last_hours(now: datetime, hours: int = 24) -> Report:
    """The last ``hours``, the present one included, by the hour of the publication's time zone."""
    this = now.astimezone(store.zone()).replace(minute=0, second=0, microsecond=0)
    # counted back in UTC: when the clocks change an hour is missing, or comes twice
    starts = [this.astimezone(UTC) - timedelta(hours=n) for n in reversed(range(hours))]
    return _report(starts, now, timedelta(hours=1))


def last_minutes(now: datetime, minutes: int = 180, step: int = 5) -> Report:
    """The last ``minutes`` in steps of ``step``: what is going on. Without what was done, and without what was before."""
    this = now.replace(minute=now.minute - now.minute % step, second=0, microsecond=0)
    starts = [this - timedelta(minutes=n * step) for n in reversed(range(minutes // step))]
    return _report(starts, now, timedelta(minutes=step), full=False)


def last_days(now: datetime, days: int = 30) -> Report:
    """The last ``days``, today included, by the day of the publication's time zone."""
    where = store.zone()
    today = now.astimezone(where).date()
    starts = [_midnight(today - timedelta(days=n), where) for n in reversed(range(days))]
    return _report(starts, now, timedelta(days=1))


def visitors(now: datetime, days: int = 30) -> list[Visitors]:
    """The last ``days``, today included, each with how many different visitors came."""
    today = now.astimezone(store.zone()).date()
    wanted = [today - timedelta(days=n) for n in reversed(range(days))]
    found = {row.day: Visitors(row.day, row.anonymous, row.known) for row in DailyVisitors.objects.filter(day__gte=wanted[0])}
    for day in wanted[-2:]:  # yesterday may not be closed yet
        if day not in found:
            marks = VisitorMark.objects.filter(day=day)
            known = marks.filter(known=True).count()
            found[day] = Visitors(day, marks.count() - known, known)
    return [found.get(day, Visitors(day, 0, 0)) for day in wanted]


def most_opened(since: datetime, most: int) -> list[int]:
    """The numbers of the articles people had open most often since then, most first: without how often, and without by whom."""
    rows = ViewCount.objects.filter(SHOWN, ~GATE, minute__gte=since, robot=False, article__gt=0).values_list("article")
    return [number for number, _ in rows.annotate(sum=Sum("count")).order_by("-sum", "article")[:most]]


def _midnight(day: date, where: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, where)


def _report(starts: Sequence[datetime], now: datetime, step: timedelta, *, full: bool = True) -> Report:
    """Everything since ``starts[0]``; ``full`` with events and with what was before."""
    back = step * len(starts)
    since = starts[0] - back if full else starts[0]
    until = now - back
    places = _Places(starts)
    shown: dict[str, list[int]] = defaultdict(lambda: [0] * len(starts))
    before = dict.fromkeys(("opened", "gates", *DONE), 0)
    rows = ViewCount.objects.filter(SHOWN, minute__gte=since).values_list("minute", "decision", "robot")
    for minute, decision, robot, count in rows.annotate(sum=Sum("count")).order_by():
        place = places.of(minute)
        if place is not None:
            shown[ROBOT if robot else decision][place] += count
        elif not robot and minute < until:
            before["gates" if decision in GATES else "opened"] += count
    done = {kind: [0] * len(starts) for kind in DONE}
    events = Event.objects.filter(kind__in=DONE)
    trunc = TruncDay if step >= timedelta(days=1) else TruncHour
    if full:
        by_time = events.filter(at__gte=starts[0]).annotate(start=trunc("at", tzinfo=store.zone()))
        for kind, start, count in by_time.values_list("kind", "start").annotate(count=Count("pk")).order_by():
            place = places.of(start)
            if place is not None:
                done[kind][place] += count
        earlier = events.filter(at__gte=since, at__lt=until).values_list("kind")
        before |= dict(earlier.annotate(count=Count("pk")).order_by())
        if not ViewCount.objects.filter(minute__lte=since + step).exists():
            before = {}
    dropped = ViewCount.objects.filter(decision=store.DROPPED, minute__gte=starts[0]).aggregate(sum=Sum("count"))["sum"] or 0
    return Report(starts, dict(shown), done, before, _top(starts[0], 10 if full else 6), dropped)


class _Places:
    """Which part a moment lies in; each moment is looked for once, and there are few different ones."""

    def __init__(self, starts: Sequence[datetime]) -> None:
        self._starts = [start.timestamp() for start in starts]
        self._found: dict[datetime, int | None] = {}

    def of(self, moment: datetime) -> int | None:
        if moment not in self._found:
            place = bisect_right(self._starts, moment.timestamp()) - 1
            self._found[moment] = place if place >= 0 else None
        return self._found[moment]


def _top(since: datetime, most: int) -> list[Top]:
    """The articles people met most, whole or with their gate."""
    rows = (
        ViewCount.objects.filter(SHOWN, minute__gte=since, robot=False)
        .values("article")
        .annotate(opened=Coalesce(Sum("count", filter=~GATE), 0), gates=Coalesce(Sum("count", filter=GATE), 0))
        .order_by(-(F("opened") + F("gates")), "article")[:most]
    )
    found = list(rows)
    numbers = [row["article"] for row in found]
    titles = dict(Article.objects.filter(pk__in=numbers).values_list("pk", "title"))
    led: dict[tuple[int, str], int] = {}
    events = Event.objects.filter(kind__in=("instant", "unlock"), at__gte=since, article__in=numbers)
    for article, kind, count in events.values_list("article", "kind").annotate(count=Count("pk")).order_by():
        led[article, kind] = count
    return [
        Top(
            article=row["article"],
            title=titles.get(row["article"], ""),
            opened=row["opened"],
            gates=row["gates"],
            instant=led.get((row["article"], "instant"), 0),
            chosen=led.get((row["article"], "unlock"), 0),
        )
        for row in found
    ]
