"""Alerts: what is new in the topics and authors a reader follows and the searches they saved. Nothing new, no mail.

At seven on the reader's clock, each day or on Mondays. What is looked for was published between the hour before and this one,
whether that one led to a mail or not, so that no article is told of twice and none is missed. The hour looked for is moved on in
the transaction that hands the mail over. Searches find what the reader's own search would: all of every article for those to whom
all of it is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from masthead.access import services as access
from masthead.articles import cards
from masthead.core import clock
from masthead.core.models import Publication
from masthead.core.timezones import zone as zone_called
from masthead.library import keeping, search
from masthead.library.models import Follow, SavedSearch
from masthead.newsletters import restored
from masthead.newsletters.choices import LOOKED
from masthead.newsletters.links import Kind
from masthead.newsletters.models import PersonalMail, Preferences
from masthead.newsletters.personal.writing import Group, Letter, away, may_be_mailed, pieces, room, write
from masthead.readers.models import Reader

HOUR = time(7)
MONDAY = 0
LAG = timedelta(minutes=2)  # after the hour: what was published just before it can be found by then
FURTHEST = timedelta(days=14)  # after a pause, or a machine that was off
BACKDATED = timedelta(days=2)  # an article is news though its date lies a little before its publication
MOST = 12  # articles under one heading
MOST_NEW = 500
SEARCHED = 50  # the newest results of a search that are looked at

Often = Preferences.Alerts


def due_at(now: datetime, zone: ZoneInfo, often: str) -> datetime:
    """The last moment at or before ``now`` at which alerts come on a clock of ``zone``, in UTC.

    Where a clock skips that hour it is the first moment after it (PEP 495's arithmetic through UTC).
    """
    day = now.astimezone(zone).date()
    while True:
        moment = datetime.combine(day, HOUR, tzinfo=zone).astimezone(UTC)
        if moment <= now and (often != Often.WEEKLY or day.weekday() == MONDAY):
            return moment
        day -= timedelta(days=1)


def tick() -> int:
    """Look for everybody whose hour has come; how many mails were written."""
    now = clock.now()
    _begin(now)
    count = 0
    for reader, looked, until in _due(now - LAG):
        if not room():
            break
        count += look(reader=reader, looked=looked, until=until)
    return count


def _begin(now: datetime) -> None:
    """Whoever asks for alerts from now on is told of what comes from now on."""
    mine = PersonalMail.objects.filter(reader=OuterRef("reader"), kind=PersonalMail.Kind.ALERT, key=LOOKED)
    new = Preferences.objects.exclude(alerts=Often.NEVER).exclude(Exists(mine)).values_list("reader", flat=True)[:1000]
    rows = [PersonalMail(reader_id=number, kind=PersonalMail.Kind.ALERT, key=LOOKED, at=now) for number in new]
    PersonalMail.objects.bulk_create(rows, ignore_conflicts=True)


def _due(now: datetime) -> Iterator[tuple[Reader, datetime, datetime]]:
    """Readers whose last look lies before their hour, with both."""
    house = Publication.load().timezone
    asked = Preferences.objects.exclude(alerts=Often.NEVER)
    for name, often in asked.order_by().values_list("timezone", "alerts").distinct():
        moment = due_at(now, zone_called(name or house), often)
        readers = asked.filter(timezone=name, alerts=often).values("reader")
        rows = PersonalMail.objects.filter(kind=PersonalMail.Kind.ALERT, key=LOOKED, at__lt=moment, reader__in=readers)
        for row in rows.exclude(away("reader__email")).select_related("reader").order_by("at", "pk")[:200]:
            yield row.reader, row.at, moment


def look(*, reader: Reader, looked: datetime, until: datetime) -> bool:
    """Look for what was published for ``reader`` after ``looked`` and not after ``until``, and mail it; whether there was any.

    The row of the look is the lock: of two workers one moves it on, and the other's mail is not written.
    """
    letter = None
    if may_be_mailed(reader, Kind.ALERTS):
        since = max(looked, until - FURTHEST, restored.began_again() or looked)
        groups = _groups(reader, since, until)
        if groups is None:
            return False  # the library is being prepared: looked for again in a moment
        letter = _letter(groups) if groups else None
    with transaction.atomic():
        mine = PersonalMail.objects.filter(reader=reader, kind=PersonalMail.Kind.ALERT, key=LOOKED, at=looked)
        if not mine.update(at=until) or letter is None:
            return False
        return write(reader=reader, kind=Kind.ALERTS, key=f"{until:%Y-%m-%dT%H:%M}", letter=letter)


def _groups(reader: Reader, since: datetime, until: datetime) -> tuple[Group, ...] | None:
    """What is new, by what it was found with; each article once. None while the library cannot say."""
    now = clock.now()
    new = set(
        cards.listed(now)
        .filter(first_published_at__gt=since, first_published_at__lte=until, dated__gt=since - BACKDATED)
        .values_list("pk", flat=True)[:MOST_NEW]
    )
    if not new:
        return ()
    told: set[int] = set()
    groups: list[Group] = []

    def add(heading: str, found: list[int], path: str) -> None:
        fresh = [number for number in found if number in new and number not in told]
        shown = pieces(fresh[:MOST])
        told.update(fresh)
        if shown:
            more = (f"{len(fresh) - MOST} more", f"{settings.MASTHEAD.base_url}{path}") if len(fresh) > MOST else None
            groups.append(Group(heading, shown, more))

    for follow in Follow.objects.filter(reader=reader).select_related("topic", "author").order_by("created", "pk"):
        thing = follow.topic or follow.author
        found = keeping.followed_articles(follows=[follow], now=now, most=MOST_NEW)
        add(thing.name if thing else "", found, thing.get_absolute_url() if thing else "/")
    policy = access.current_policy()
    whole = search.reads_everything(access.visitor_of(reader, None, policy, now), now)
    for saved in SavedSearch.objects.filter(reader=reader).order_by("created", "pk"):
        results = keeping.results_of(saved, policy=policy, now=now, most=SEARCHED, whole=whole)
        if results is None:
            return None
        add(f"Search: {saved.name}", results, f"/library/?{saved.query}")
    return tuple(groups)


def _letter(groups: tuple[Group, ...]) -> Letter:
    count = sum(len(group.pieces) for group in groups)
    first = groups[0].pieces[0].title
    name = Publication.load().name
    return Letter(
        subject=f"New for you: {first}" if count == 1 else f"New for you: {first}, and {count - 1} more",
        heading="New in what you follow",
        preheader=", ".join(group.heading for group in groups),
        groups=groups,
        why=f"You get this because you asked {name} for alerts on what you follow and the searches you saved.",
    )
