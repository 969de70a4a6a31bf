"""Freezing an edition: what is mailed, and to whom, from then on stands still.

One transaction: the edition begins to be SENDING (a conditional update, which lets one of several schedulers through), what is
mailed to each kind of recipient is kept, and one INSERT .. SELECT writes a row for each of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    CharField,
    DateTimeField,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Mod

from masthead.access.models import Grant
from masthead.access.policy import WHOLE
from masthead.core import changelog, clock
from masthead.core.timezones import zone
from masthead.newsletters import letters, rendering, schedule, suppression
from masthead.newsletters.models import Delivery, Edition, EditionContent, Mailing, Newsletter, Suppression, Tick

Standing = EditionContent.Standing

UNJUDGED = datetime(9999, 1, 1, tzinfo=UTC)  # the rest of a trial of two subjects, until one has won

PIECE = 5000  # numbers in one statement
MISSED = timedelta(hours=6)  # where the hour is over by no more than this, an edition comes at once and not a day later

_P = 2147483647  # a prime: multiplying by others modulo it scatters neighbours


def freeze(edition: Edition) -> bool:
    """Let ``edition`` (a draft, or approved) go. False where somebody else has, or it is no longer to go."""
    now = clock.now()
    with changelog.transaction() as changes:
        waiting = Edition.objects.filter(pk=edition.pk, state__in=[Edition.State.DRAFT, Edition.State.APPROVED])
        if not waiting.update(state=Edition.State.SENDING, frozen=now, reason=""):
            return False
        edition.refresh_from_db()
        # whoever may have the newsletter later: what was written to subscribers stays theirs
        edition.audience = edition.newsletter.audience
        edition.save(update_fields=["audience"])
        changes.add(changelog.EDITIONS)  # its page on the web is there from now on
        letters.pin(edition)
        recipients = _write_rows(edition, now)
        _keep_contents(edition)
        Edition.objects.filter(pk=edition.pk).update(recipients=recipients)
    edition.refresh_from_db()
    return True


def release_rest(edition: Edition, winner: str) -> int:
    """Give those who waited for the trial of two subjects the ``winner`` (a or b), at their hour where that is still to come.

    Returns how many.
    """
    rest = Delivery.objects.filter(edition=edition, variant="", state=Delivery.State.PENDING)
    now = clock.now()
    with transaction.atomic():
        # looked up in one pass: asked once a zone, a large outbox would be walked a hundred times with everybody waiting
        own = defaultdict(list)
        for number, name in rest.filter(reader__preferences__timezone__gt="").values_list("pk", "reader__preferences__timezone"):
            own[name].append(number)
        done = 0
        for name, numbers in own.items():
            moment = max(_due_in(edition, name), now)
            for start in range(0, len(numbers), PIECE):
                done += rest.filter(pk__in=numbers[start : start + PIECE]).update(variant=winner, due=moment)
        return done + rest.update(variant=winner, due=now)


# --- who gets it


def recipients(edition: Edition, now: datetime) -> QuerySet[Tick]:
    """Those who are to get ``edition``, as ticks with what their rows need."""
    newsletter = edition.newsletter
    ticks = Tick.objects.filter(newsletter=newsletter, reader__is_active=True, reader__confirmed__isnull=False)
    resting = Q(reader__preferences__paused_until__gt=edition.date)
    ticks = ticks.exclude(resting)
    if edition.kind == Edition.Kind.SCHEDULED:
        ticks = ticks.filter(Q(weekdays="") | Q(weekdays__contains=str(edition.date.isoweekday())))
    grants = Grant.objects.filter(
        Q(until=None) | Q(until__gt=now),
        reader=OuterRef("reader"),
        article=None,
        kind__in=[kind.value for kind in WHOLE],
        since__lte=now,
    )
    ticks = ticks.annotate(
        standing=Case(
            When(Exists(grants), then=Value(Standing.SUBSCRIBER.value)),
            default=Value(Standing.REGISTERED.value),
            output_field=CharField(max_length=10),
        )
    )
    wanted = set(_standings(edition))
    if wanted != set(Standing.values):
        ticks = ticks.filter(standing__in=wanted)
    barred = _suppressed(newsletter)
    return ticks.exclude(reader__in=barred) if barred else ticks


def _standings(edition: Edition) -> list[str]:
    """The kinds of reader this edition goes to."""
    if edition.newsletter.audience == Newsletter.Audience.SUBSCRIBERS:
        if edition.segment == Edition.Segment.REGISTERED:
            return []
        return [Standing.SUBSCRIBER.value]
    if edition.segment == Edition.Segment.REGISTERED:
        return [Standing.REGISTERED.value]
    if edition.segment == Edition.Segment.SUBSCRIBERS:
        return [Standing.SUBSCRIBER.value]
    return list(Standing.values)


def _suppressed(newsletter: Newsletter) -> Collection[int]:
    """The readers of ``newsletter`` whose addresses are suppressed.

    Only keyed hashes are kept of those: no SQL can compare them.
    """
    if not Suppression.objects.filter(since__isnull=False).exists():
        return ()
    whose = dict(Tick.objects.filter(newsletter=newsletter).values_list("reader__email", "reader"))
    if connection.vendor == "sqlite":  # in pieces: it takes a limited number of parameters
        addresses = list(whose)
        pieces = [addresses[n : n + 10_000] for n in range(0, len(addresses), 10_000)]
    else:
        pieces = [list(whose)]
    return [whose[address] for piece in pieces for address in suppression.suppressed(piece)]


def _write_rows(edition: Edition, now: datetime) -> int:
    """One row a recipient; returns how many."""
    if not _standings(edition):
        return 0
    counted = Mailing.load().clicks
    trial = bool(edition.subject_b)
    share = edition.sample_percent
    # who is in which part of a trial: scattered by the reader's number, differently in each edition
    draw = Mod(Mod(F("reader_id"), _P) * 48271 + edition.pk % _P * 69621, _P) % 100
    variant: Case | Value = (
        Case(When(draw__lt=share, then=Value("a")), When(draw__lt=2 * share, then=Value("b")), default=Value(""))
        if trial
        else Value("a")
    )
    moments = _moments(edition)
    due = Case(
        *([When(variant_="", then=Value(UNJUDGED))] if trial else []),
        *[When(reader__preferences__timezone=name, then=Value(moment)) for name, moment in moments.items()],
        default=Value(edition.due),
        output_field=DateTimeField(),
    )
    rows = recipients(edition, now)
    if trial:
        rows = rows.annotate(draw=draw)
    rows = rows.annotate(
        edition_=Value(edition.pk, BigIntegerField()),
        variant_=variant if trial else Value("a", CharField(max_length=1)),
        clicks_=Coalesce(F("reader__preferences__clicks"), Value(True)) if counted else Value(False, BooleanField()),
    ).annotate(
        due_=due,
        state_=Value(0, IntegerField()),
        none_=Value("", CharField()),
    )
    columns = {
        "edition_id": "edition_",
        "reader_id": "reader_id",
        "address": "reader__email",
        "standing": "standing",
        "variant": "variant_",
        "clicks": "clicks_",
        "state": "state_",
        "due": "due_",
        "attempts": "state_",
        "code": "state_",
        "reply": "none_",
        "external_id": "none_",
    }
    chosen = rows.order_by("reader_id").values_list(*dict.fromkeys(columns.values()))
    select, parameters = chosen.query.sql_with_params()
    names = list(dict.fromkeys(columns.values()))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO newsletters_delivery ({', '.join(columns)}) "  # noqa: S608  (all names are ours)
            f"SELECT {', '.join(f'c{names.index(name)}' for name in columns.values())} "
            f"FROM ({_named(select, len(names))}) AS chosen",
            parameters,
        )
        return cursor.rowcount


def _named(select: str, count: int) -> str:
    """``select`` with its columns called c0, c1, ...: what the ORM calls them differs by version and database."""
    columns = ", ".join(f"c{n}" for n in range(count))
    return f"WITH chosen_rows ({columns}) AS ({select}) SELECT {columns} FROM chosen_rows"  # noqa: S608


def _moments(edition: Edition) -> dict[str, datetime]:
    """For each time zone that a reader of this newsletter chose: when the edition's hour comes there."""
    if edition.kind != Edition.Kind.SCHEDULED:
        return {}
    names = (
        Tick.objects.filter(newsletter=edition.newsletter)
        .exclude(reader__preferences__timezone="")
        .exclude(reader__preferences=None)
        .values_list("reader__preferences__timezone", flat=True)
        .distinct()
    )
    return {name: _due_in(edition, name) for name in names}


def _due_in(edition: Edition, name: str) -> datetime:
    if edition.kind != Edition.Kind.SCHEDULED:
        return edition.due
    # every day has the hour; which days the newsletter comes on is asked of the publication's calendar, not the reader's
    rule = schedule.Rule("1234567", edition.newsletter.hour, zone(name))
    missed = schedule.previous(rule, edition.due, MISSED)
    if missed is not None:  # a little to the east it is still morning: nobody there wants yesterday's news tomorrow
        return edition.due
    coming = schedule.following(rule, edition.due - timedelta(microseconds=1))
    return coming.at if coming is not None else edition.due


# --- what they get


def _keep_contents(edition: Edition) -> None:
    """Render and keep what each kind of recipient gets."""
    kinds = set(Delivery.objects.filter(edition=edition).values_list("standing", "variant", "clicks").distinct())
    both = {(standing, each, clicks) for standing, variant, clicks in kinds for each in ((variant,) if variant else ("a", "b"))}
    EditionContent.objects.filter(edition=edition).delete()
    for standing, variant, clicks in sorted(both):
        rendered = rendering.render(edition, standing=standing, variant=variant, clicks=clicks)
        EditionContent.objects.create(
            edition=edition,
            standing=standing,
            variant=variant,
            clicks=clicks,
            subject=rendered.subject,
            html=rendered.html,
            text=rendered.text,
            message=rendering.message(edition, rendered),
        )
