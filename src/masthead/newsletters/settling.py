"""What is done with an edition that is on its way: pause, resume, cancel, finish; and what becomes of mail in doubt.

Everything is one short transaction of conditional updates, so that a publisher's hand and any number of senders can meet in it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from masthead.core import changelog, clock, notices
from masthead.newsletters.models import Claim, Delivery, Edition, Mailing

State = Delivery.State

WAIT = timedelta(days=1)  # before mail in doubt is judged by the publisher's rule
TOO_OLD = timedelta(days=8)  # nobody wants that any more

UNDER_WAY = (State.PENDING, State.DEFERRED)


def pause(edition: Edition, reason: str) -> bool:
    """Claim nothing more of ``edition``, and begin nothing that is claimed. What is in flight ends.

    False where it does not run.
    """
    running = Edition.objects.filter(pk=edition.pk, state=Edition.State.SENDING)
    return bool(running.update(state=Edition.State.PAUSED, reason=reason[:300]))


def pause_and_tell(edition: Edition, reason: str) -> None:
    """The same, by a sender: the operator is told why."""
    if pause(edition, reason):
        notices.tell(_notice(edition), f"The edition {edition} is paused: {reason}"[:500])


def resume(edition: Edition, *, refused_again: bool = False) -> bool:
    """Let a paused ``edition`` go on. ``refused_again``: also try those the mail server refused. False where it is not paused."""
    with transaction.atomic():
        paused = Edition.objects.filter(pk=edition.pk, state=Edition.State.PAUSED)
        if not paused.update(state=Edition.State.SENDING, reason=""):
            return False
        if refused_again:
            Delivery.objects.filter(edition=edition, state=State.REFUSED).update(
                state=State.PENDING, claim=None, attempts=0, due=clock.now(), settled=None
            )
    notices.settled(_notice(edition))
    return True


def cancel(edition: Edition, reason: str = "") -> bool:
    """Mail ``edition`` to nobody more. What was submitted stays so. False where it is neither on its way nor paused."""
    with changelog.transaction() as changes:
        alive = Edition.objects.filter(pk=edition.pk, state__in=[Edition.State.SENDING, Edition.State.PAUSED])
        if not alive.update(state=Edition.State.CANCELLED, reason=reason[:300], finished=clock.now()):
            return False
        changes.add(changelog.EDITIONS)  # its page on the web is gone
        Delivery.objects.filter(edition=edition, state__in=UNDER_WAY).update(state=State.CANCELLED, settled=clock.now())
    notices.settled(_notice(edition))
    return True


def finish() -> int:
    """Say of editions that all is done where it is; returns of how many. Cheap: it is asked again and again."""
    done = 0
    lately = Edition.objects.filter(state=Edition.State.CANCELLED, finished__gt=clock.now() - WAIT)
    for edition in lately:  # a letter in flight may have come back deferred after all others were cancelled
        Delivery.objects.filter(edition=edition, state__in=UNDER_WAY).update(state=State.CANCELLED, settled=clock.now())
    for edition in Edition.objects.filter(state=Edition.State.SENDING):
        # an open claim first: its rows may become pending, and pending ones never become an open claim's unseen
        if Claim.objects.filter(edition=edition, ended=None).exists():
            continue
        if Delivery.objects.filter(edition=edition, state__in=UNDER_WAY).exists():
            continue
        with transaction.atomic():
            rows = Edition.objects.select_for_update().filter(pk=edition.pk, state=Edition.State.SENDING)
            if not rows.exists():
                continue
            # with the edition's row locked nobody claims; asked again, for what happened between the questions
            if (
                Claim.objects.filter(edition=edition, ended=None).exists()
                or Delivery.objects.filter(edition=edition, state__in=UNDER_WAY).exists()
            ):
                continue
            done += rows.update(state=Edition.State.DONE, finished=clock.now())
    return done


def judge_doubt() -> int:
    """Do with mail that is in doubt for a day what the publisher's rule says; returns how many were judged."""
    rule = Mailing.load().in_doubt
    if rule == Mailing.InDoubt.LEAVE:
        return 0
    now = clock.now()
    recent = Edition.objects.filter(frozen__gt=now - TOO_OLD)
    return sum(settle_doubt(edition, again=rule == Mailing.InDoubt.RESEND, before=now - WAIT) for edition in recent)


def settle_doubt(edition: Edition, *, again: bool, before: datetime | None = None) -> int:
    """Count what is in doubt as submitted, or (``again``) mail it once more; of what is so since ``before``, or all.

    Returns how many. Nobody mails anything again of an edition that is cancelled: 0.
    """
    now = clock.now()
    with transaction.atomic():
        # locked, so that nobody finishes it while rows become pending again
        row = Edition.objects.select_for_update().get(pk=edition.pk)
        doubtful = Delivery.objects.filter(edition=row, state=State.IN_DOUBT)
        if before is not None:
            doubtful = doubtful.filter(settled__lt=before)
        if not again:
            return doubtful.update(state=State.SUBMITTED, settled=now)
        if row.state == Edition.State.CANCELLED:
            return 0
        count = doubtful.update(state=State.PENDING, claim=None, due=now, settled=None)
        if count:
            Edition.objects.filter(pk=row.pk, state=Edition.State.DONE).update(state=Edition.State.SENDING, finished=None)
        return count


def told(delivery: Delivery, *, accepted: bool) -> bool:
    """A provider's event settles a mail in doubt: it was ``accepted``, or refused. False where it was not in doubt."""
    state = State.SUBMITTED if accepted else State.REFUSED
    return bool(Delivery.objects.filter(pk=delivery.pk, state=State.IN_DOUBT).update(state=state, settled=clock.now()))


def _notice(edition: Edition) -> str:
    return f"edition {edition.pk}"
