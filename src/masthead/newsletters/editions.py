"""The life of editions: made at their cut-off, mailed to their editors, and gone at their hour, or left out with a reason.

:func:`tick` is called every few seconds by any number of workers. Whatever it does to an edition it does under that edition's
row lock and only from the state it expects, and a date has one edition by a unique key: two schedulers, a restart in the
middle, or a clock that is put back make no second one.

An edition that is left out is a row as well (``SKIPPED``, with a reason), and is never made up for: the next one covers what was
missed, since it takes what is new from the last edition that readers really got.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import Max, Min, Q, Sum

from masthead.core import changelog, clock, events, notices
from masthead.core.models import Publication
from masthead.core.timezones import zone as zone_called
from masthead.newsletters import composing, drafts, restored, schedule
from masthead.newsletters.models import Delivery, Edition, Holiday, LinkClicks, Newsletter
from masthead.readers.models import Reader

log = logging.getLogger("masthead.newsletters")

State = Edition.State
WAITING = [State.DRAFT, State.APPROVED]
LOOKED_BACK = timedelta(days=400)  # editions that were due while everything was off are told of, as skipped, so far back
UNJUDGED = timedelta(hours=6)  # a sample that could not be mailed for so long is judged all the same


class NotNow(Exception):
    """What was asked for cannot be done with this edition in its state; the message says why, to an editor."""


# The clock's side -----------------------------------------------------------------------------------------------------


def tick(now: datetime | None = None) -> None:
    """Do everything that is due at ``now``. One edition's failure holds up no other."""
    now = now or clock.now()
    restored.look()
    _undo_the_future(now)
    for newsletter in Newsletter.objects.exclude(weekdays="").order_by("position", "slug"):
        with _alone(newsletter.slug):
            _make_due(newsletter, now)
    for pk in _drafts_without_content():
        with _alone(f"edition {pk}"):
            _finish_draft(pk)
    due = Edition.objects.filter(state__in=WAITING, due__lte=now).order_by("due", "pk")
    for pk in list(due.values_list("pk", flat=True)):
        with _alone(f"edition {pk}"):
            _let_go(pk, now)
    tried = Edition.objects.filter(state=State.SENDING, winner="").exclude(subject_b="")
    for pk in list(tried.values_list("pk", flat=True)):
        with _alone(f"edition {pk}"):
            judge(pk, now)
    restored.note()


@contextmanager
def _alone(what: str) -> Iterator[None]:
    """Let a failure with ``what`` be told, and the others go on; a database that is away is everybody's failure."""
    key = f"editions:{what}"[:60]
    try:
        yield
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("%s", what)
        notices.tell(key, f"Newsletters: {what}: {type(error).__name__}: {error}"[:500])


def rule(newsletter: Newsletter) -> schedule.Rule:
    """The schedule of ``newsletter``, with its holidays and everybody's."""
    days = Holiday.objects.filter(Q(newsletter=None) | Q(newsletter=newsletter)).values_list("day", flat=True)
    zone = zone_called(Publication.load().timezone)
    return schedule.Rule(newsletter.weekdays, newsletter.hour, zone, frozenset(days))


def _make_due(newsletter: Newsletter, now: datetime) -> None:
    """Make the editions whose cut-off has come. The first time a newsletter is met, it starts now: nothing before is made up."""
    if newsletter.started is None or newsletter.started > now:  # or met by a clock that ran ahead
        Newsletter.objects.filter(pk=newsletter.pk, started=newsletter.started).update(started=now)
        newsletter.started = now
    own = rule(newsletter)
    scheduled = Edition.objects.filter(newsletter=newsletter, kind=Edition.Kind.SCHEDULED)
    # made in their order, so that before the last one none is missing; what a clock that ran ahead made does not count
    last = scheduled.filter(due__lte=now).aggregate(last=Max("due"))["last"]
    after = max(newsletter.started, last or now - LOOKED_BACK)
    ahead = timedelta() if newsletter.paused else timedelta(minutes=newsletter.cutoff)
    coming = list(schedule.due_dates(own, after, now + ahead))
    keys = [due.date.isoformat() for due in coming]
    there = set(scheduled.filter(key__in=keys).values_list("key", flat=True)) if keys else set()
    for due, key in zip(coming, keys, strict=True):
        if key not in there:
            _make(newsletter, own, due, now)


def _undo_the_future(now: datetime) -> None:
    """Take back what a clock that ran ahead has left out: nothing is left out before its hour."""
    ahead = Edition.objects.filter(kind=Edition.Kind.SCHEDULED, state=State.SKIPPED, due__gt=now)
    if ahead.exists():
        ahead.filter(composed=None).delete()
        ahead.update(state=State.DRAFT, reason="", finished=None)


def _make(newsletter: Newsletter, own: schedule.Rule, due: schedule.Due, now: datetime) -> None:
    """Make one edition, as a draft; too late for that, as skipped. Whoever else made it first is right."""
    reason = ""
    if due.at <= now:
        reason = _out_of_time(newsletter, due.at, now, "Nothing was running at its hour")
    edition, made = Edition.objects.get_or_create(
        newsletter=newsletter,
        key=due.date.isoformat(),
        defaults={
            "date": due.date,
            "due": due.at,
            "since": _since(newsletter, own, due),
            "state": State.SKIPPED if reason else State.DRAFT,
            "reason": reason,
            "finished": now if reason else None,
        },
    )
    if made and reason:
        _tell_skipped(edition)
    elif made:
        _finish_draft(edition.pk)


def _out_of_time(newsletter: Newsletter, due: datetime, now: datetime, why: str) -> str:
    """Why an edition due at ``due`` must not go any more; empty while it may."""
    if newsletter.paused:
        return f"The newsletter was paused: {newsletter.paused}"[:300]
    if now > due + timedelta(minutes=newsletter.too_late):
        return f"Too late. {why}, nor until {_words(newsletter.too_late)} after it."
    return ""


def _words(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    parts = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((hours, "hour"), (rest, "minute")) if n]
    return " ".join(parts)


def _since(newsletter: Newsletter, own: schedule.Rule, due: schedule.Due) -> datetime:
    """From when on something is new: since the last edition readers got was composed; for the first, since the date before."""
    got = Edition.objects.filter(composing.gone(newsletter.pk), kind=Edition.Kind.SCHEDULED, due__lt=due.at)
    last = got.order_by("-due").values_list("composed", "due").first()
    if last:
        return last[0] or last[1]
    before = schedule.previous(own, due.at)
    return before.at if before else due.at - timedelta(days=1)


def _drafts_without_content() -> list[int]:
    """Drafts whose maker died before it was done."""
    drafts_there = Edition.objects.filter(state=State.DRAFT, kind=Edition.Kind.SCHEDULED)
    return list(drafts_there.filter(Q(composed=None) | Q(mailed_draft=None)).values_list("pk", flat=True))


def _finish_draft(pk: int) -> None:
    """Compose a draft and mail it to its editors: both, once."""
    with transaction.atomic():
        edition = _locked(pk)
        if edition.state != State.DRAFT:
            return
        if edition.composed is None:
            composing.compose(edition)
        if edition.mailed_draft is None:
            drafts.mail(edition)
            edition.mailed_draft = clock.now()
            edition.save(update_fields=["mailed_draft"])


def _let_go(pk: int, now: datetime) -> None:
    """An edition's hour has come: freeze it, leave it out, or let it wait."""
    with changelog.transaction():  # freezing tells of it there: as the last statement of all
        edition = _locked(pk)
        if edition.state not in WAITING or edition.due > now:
            return
        special = edition.kind == Edition.Kind.SPECIAL
        if special and edition.state == State.DRAFT:
            return  # still being written
        why, key = "It was not approved by its hour", f"editions:{edition.pk}:waits"
        if edition.held:
            why = "An editor held it at its hour"
        reason = _out_of_time(edition.newsletter, edition.due, now, "It could not go at its hour" if _goes(edition) else why)
        if not reason and not special and edition.state == State.DRAFT and (day := _holiday(edition)):
            reason = f"A holiday: {day.name}"
        if reason:
            _skip(edition, reason)
        elif not _goes(edition):
            notices.tell(key, f"The edition {edition} waits: {why[0].lower()}{why[1:]}.")
            return
        else:
            # an approved edition goes as its editor saw it, but for what has been withdrawn
            composing.refresh(edition, add=edition.state == State.DRAFT)
            if not composing.has_news(edition):
                _skip(edition, "Nothing to say: no news was picked, and nothing was published.")
            else:
                _freeze(edition)
                events.record("edition frozen", newsletter=edition.newsletter.slug, edition=edition.key)
    notices.settled(key)


def _goes(edition: Edition) -> bool:
    """Whether ``edition`` may go as it stands."""
    if edition.held:
        return False
    return edition.state == State.APPROVED or edition.newsletter.goes == Newsletter.Goes.BY_ITSELF


def _holiday(edition: Edition) -> Holiday | None:
    """The holiday its date has become since it was made."""
    return Holiday.objects.filter(Q(newsletter=None) | Q(newsletter=edition.newsletter), day=edition.date).first()


def _freeze(edition: Edition) -> None:
    from masthead.newsletters import freezing

    freezing.freeze(edition)


def _skip(edition: Edition, reason: str) -> None:
    edition.state, edition.reason, edition.finished = State.SKIPPED, reason[:300], clock.now()
    edition.save(update_fields=["state", "reason", "finished"])
    _tell_skipped(edition)


def _tell_skipped(edition: Edition) -> None:
    log.warning("edition %s is left out: %s", edition, edition.reason)
    events.record("edition skipped", newsletter=edition.newsletter.slug, edition=edition.key)
    if not drafts.mail_skipped(edition):
        notices.tell(f"editions:{edition.newsletter.slug}:skipped"[:60], f"The edition {edition} was left out. {edition.reason}")


def _locked(pk: int) -> Edition:
    """The edition, its row locked until the transaction ends (on SQLite the transaction itself is the lock)."""
    return Edition.objects.select_for_update(of=("self",)).select_related("newsletter").get(pk=pk)


# Two subjects ---------------------------------------------------------------------------------------------------------


def judge(pk: int, now: datetime) -> str:
    """Once the sample has had its time, let the subject with more clicks a mail go to the rest. Returns a, b, or nothing yet.

    The time counts from the first mail of the sample that was submitted. Equal: the first subject.
    """
    with transaction.atomic():
        edition = _locked(pk)
        if edition.state != State.SENDING or edition.winner or not edition.subject_b or edition.frozen is None:
            return ""
        sample = edition.deliveries.filter(variant__in="ab")
        first = sample.filter(state=Delivery.State.SUBMITTED).aggregate(first=Min("settled"))["first"]
        wait = timedelta(minutes=edition.sample_wait)
        if now < (first + wait if first else edition.frozen + max(wait, UNJUDGED)):
            return ""
        a, b = (_clicks_a_mail(edition, variant) for variant in "ab")
        edition.winner = "b" if b > a else "a"
        edition.save(update_fields=["winner"])
        _release_rest(edition)
    return edition.winner


def _release_rest(edition: Edition) -> None:
    from masthead.newsletters import freezing

    freezing.release_rest(edition, edition.winner)


def _clicks_a_mail(edition: Edition, variant: str) -> float:
    clicks = LinkClicks.objects.filter(link__edition=edition, variant=variant).aggregate(sum=Sum("count"))["sum"] or 0
    mails = edition.deliveries.filter(variant=variant, state=Delivery.State.SUBMITTED).count()
    return clicks / mails if mails else 0.0


# The editors' side ----------------------------------------------------------------------------------------------------


def approve(*, edition: Edition, by: Reader | None, due: datetime | None = None) -> Edition:
    """Let ``edition`` go at its hour (a special one: at ``due``, by default now), as it stands."""
    with _changing(edition, [State.DRAFT], "Only a draft can be approved") as row:
        if row.kind == Edition.Kind.SPECIAL:
            row.due = max(due or clock.now(), clock.now())
            row.date = row.due.astimezone(zone_called(Publication.load().timezone)).date()
            if not row.subject.strip() or not (row.body.strip() or row.items.exists()):
                raise NotNow("A special edition needs a subject and a text before it can be approved.")
        row.state, row.held = State.APPROVED, False
        row.approved, row.approved_by = clock.now(), by
    events.record("edition approved", newsletter=row.newsletter.slug, edition=row.key)
    return row


def unapprove(*, edition: Edition) -> Edition:
    """Take an approval back, so that the edition can be changed; it is a draft again."""
    with _changing(edition, [State.APPROVED], "Only an approved edition can be opened again") as row:
        row.state, row.approved, row.approved_by = State.DRAFT, None, None
    return row


def hold(*, edition: Edition) -> Edition:
    """Keep ``edition`` from going by itself. Held beyond its newsletter's *too late*, it is left out."""
    with _changing(edition, WAITING, "Only an edition that has not gone can be held") as row:
        row.held = True
    return row


def release(*, edition: Edition) -> Edition:
    """Let an edition that was held go, at its hour or (if that is past, but not too late) now."""
    with _changing(edition, WAITING, "Only an edition that has not gone can be released") as row:
        row.held = False
    return row


def cancel(*, edition: Edition, by: Reader | None, reason: str = "") -> Edition:
    """Let ``edition`` not go at all; of one that is being sent, nothing further."""
    current = Edition.objects.only("state").get(pk=edition.pk)
    if current.state in (State.SENDING, State.PAUSED):
        from masthead.newsletters import settling

        settling.cancel(edition, reason)
        edition.refresh_from_db()
        return edition
    with _changing(edition, WAITING, "This edition is over") as row:
        row.state, row.finished = State.CANCELLED, clock.now()
        row.reason = (reason or (f"Cancelled by {by}" if by else "Cancelled"))[:300]
    events.record("edition cancelled", newsletter=row.newsletter.slug, edition=row.key)
    return row


def recompose(*, edition: Edition) -> Edition:
    """Compose a draft again from what there is now; what editors wrote stays."""
    with _changing(edition, [State.DRAFT], "Only a draft can be composed again") as row:
        composing.compose(row)
    return row


def make_special(
    *,
    newsletter: Newsletter,
    key: str,
    subject: str,
    body: str = "",
    segment: str = Edition.Segment.ALL,
    press: UUID | None = None,
) -> tuple[Edition, bool]:
    """A draft written by hand, to those of ``segment``, and whether it was made now.

    ``key`` is its name in addresses, and never a date's. ``press`` names what asked for it: asked again, also at the same moment,
    it is the edition that was made then.
    """
    if key[:1].isdigit():
        raise NotNow("The name of a special edition begins with a letter: names that begin with a number are dates.")
    moment = clock.now()
    edition = _begun(press)
    if edition is not None:
        return edition, False
    try:
        with transaction.atomic():
            edition, made = Edition.objects.get_or_create(
                newsletter=newsletter,
                key=key,
                defaults={
                    "kind": Edition.Kind.SPECIAL,
                    "date": moment.astimezone(zone_called(Publication.load().timezone)).date(),
                    "due": moment,
                    "since": moment,
                    "subject": subject,
                    "body": body,
                    "segment": segment,
                    "press": press,
                },
            )
    except IntegrityError:  # the same press, at the same moment, under another key
        edition, made = _begun(press), False
        if edition is None:
            raise
    if not made and (press is None or edition.press != press):
        raise NotNow(f"There is an edition called {key} already.")
    return edition, made


def _begun(press: UUID | None) -> Edition | None:
    return Edition.objects.filter(press=press).first() if press else None


@contextmanager
def _changing(edition: Edition, states: Iterable[str], sentence: str) -> Iterator[Edition]:
    """The edition's locked row, to be changed while in one of ``states``; saved at the end, and ``edition`` follows."""
    with transaction.atomic():
        row = _locked(edition.pk)
        if row.state not in states:
            raise NotNow(f"{sentence}; this one is {row.get_state_display().lower()}.")
        yield row
        row.save()
    edition.refresh_from_db()


# Newsletters ----------------------------------------------------------------------------------------------------------


def pause(*, newsletter: Newsletter, reason: str) -> None:
    """Let nothing of ``newsletter`` be composed or go; what falls due meanwhile is left out."""
    Newsletter.objects.filter(pk=newsletter.pk).update(paused=reason[:200])
    newsletter.refresh_from_db(fields=["paused"])


def unpause(*, newsletter: Newsletter) -> None:
    """Let ``newsletter`` go on with the next edition; nothing that was due before now is made up for."""
    now = clock.now()
    with transaction.atomic():
        locked = Newsletter.objects.select_for_update().get(pk=newsletter.pk)
        _make_due(locked, now)  # what fell due while it was paused is told of as skipped
        for pk in Edition.objects.filter(newsletter=locked, state__in=WAITING, due__lte=now).values_list("pk", flat=True):
            _let_go(pk, now)
        Newsletter.objects.filter(pk=newsletter.pk).update(paused="", started=now)
        restored.begin_again(now)
    if not Newsletter.objects.exclude(paused="").exists():
        notices.settled(restored.NOTICE)
    newsletter.refresh_from_db(fields=["paused", "started"])
