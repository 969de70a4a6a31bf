"""Transactional mail: handed over in the transaction it tells of, submitted by the worker.

A row is claimed for a minute before it is submitted, and settled afterwards. What is *not* guaranteed: a worker killed between
the server's 250 and our commit submits that one mail again (same Message-ID). For a log-in code that is the right side to err on.

Domains take turns: however much there is for one of them, the next mail for another is among the next. What was put off before
takes turns of its own, and few of them: a domain that is away holds up nobody.
"""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta
from email.utils import formataddr
from smtplib import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPHeloError,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)
from urllib.parse import urlsplit

from anymail.exceptions import AnymailAPIError
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import Case, Q, Value, When, Window
from django.db.models.functions import Lower, RowNumber, StrIndex, Substr

from masthead.core import clock
from masthead.core.models import OutgoingMail, Publication

log = logging.getLogger(__name__)

CLAIM = timedelta(minutes=1)
BACK_OFF = [timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 3600)]
AGAIN = 5  # mails for one domain that are tried again in one round

DOMAIN = Lower(Substr("to", StrIndex("to", Value("@")) + 1))  # of a mail, in the database


def hand_over(
    *, kind: str, to: str, subject: str, text: str, html: str = "", headers: dict[str, str] | None = None
) -> OutgoingMail:
    """Write one mail to ``to`` for the worker to submit. Call it in the transaction the mail tells of.

    ``headers`` are further header fields (List-Unsubscribe, Reply-To).
    """
    moment = clock.now()
    host = urlsplit(settings.MASTHEAD.base_url).hostname
    return OutgoingMail.objects.create(
        kind=kind,
        to=to,
        subject=subject,
        text=text,
        html=html,
        headers=headers or {},
        message_id=f"<{uuid.uuid4().hex}@{host}>",
        created=moment,
        due=moment,
    )


def submit_due(most: int = 50) -> int:
    """Submit up to ``most`` mails that are due; the number claimed is returned (0: nothing to do)."""
    claimed = _claim(most)
    if not claimed:
        return 0
    connection = get_connection()
    try:
        for row in claimed:
            if _still_ours(row):
                _submit(row, connection)
    finally:
        connection.close()
    return len(claimed)


def _claim(most: int) -> list[OutgoingMail]:
    moment = clock.now()
    with transaction.atomic():
        due = OutgoingMail.objects.filter(
            Q(claimed_until=None) | Q(claimed_until__lt=moment), state=OutgoingMail.State.PENDING, due__lte=moment
        )
        again = Case(When(attempts=0, then=Value(0)), default=Value(1))
        turns = due.annotate(again=again, turn=Window(RowNumber(), partition_by=[DOMAIN, again], order_by=["due", "pk"]))
        fair = turns.filter(Q(again=0) | Q(turn__lte=AGAIN)).order_by("turn", "again", "due", "pk")
        place = {pk: n for n, pk in enumerate(fair.values_list("pk", flat=True)[:most])}
        # what another worker claimed meanwhile is due no more
        rows = sorted(due.select_for_update(skip_locked=True).filter(pk__in=place), key=lambda row: place[row.pk])
        OutgoingMail.objects.filter(pk__in=[row.pk for row in rows]).update(claimed_until=moment + CLAIM)
    for row in rows:
        row.claimed_until = moment + CLAIM
    return rows


def _still_ours(row: OutgoingMail) -> bool:
    """Whether this worker still holds ``row``; from now on for another minute.

    A slow server outlasts a claim made for the whole batch, and another worker may have submitted what stood behind.
    """
    until = clock.now() + CLAIM
    if row.claimed_until is not None and until - row.claimed_until < timedelta(seconds=1):
        return True
    held = OutgoingMail.objects.filter(pk=row.pk, state=OutgoingMail.State.PENDING, claimed_until=row.claimed_until)
    return bool(held.update(claimed_until=until))


def _submit(row: OutgoingMail, connection: object) -> None:
    publication = Publication.load()
    sender = formataddr((publication.name, settings.DEFAULT_FROM_EMAIL))
    headers = {"Message-ID": row.message_id, "Auto-Submitted": "auto-generated", **row.headers}
    if settings.ENVELOPE_SENDER != settings.DEFAULT_FROM_EMAIL:
        # Django takes the envelope's sender from the same field; what readers see stands in the header
        headers["From"] = sender
        sender = settings.ENVELOPE_SENDER
    message = EmailMultiAlternatives(
        subject=row.subject, body=row.text, from_email=sender, to=[row.to], headers=headers, connection=connection
    )
    if row.html:
        message.attach_alternative(row.html, "text/html")
    try:
        message.send()
    except Exception as error:  # whatever one mail does must not hold up those behind it
        _failed(row, error)
        return
    OutgoingMail.objects.filter(pk=row.pk).update(
        state=OutgoingMail.State.SUBMITTED, settled=clock.now(), attempts=row.attempts + 1, claimed_until=None
    )


def _failed(row: OutgoingMail, error: Exception) -> None:
    final = _is_final(error) or row.attempts >= len(BACK_OFF)
    log.warning("mail %s %s: %s", row.pk, "refused" if final else "deferred", error)
    OutgoingMail.objects.filter(pk=row.pk).update(
        state=OutgoingMail.State.REFUSED if final else OutgoingMail.State.PENDING,
        due=clock.now() + BACK_OFF[min(row.attempts, len(BACK_OFF) - 1)],
        attempts=row.attempts + 1,
        claimed_until=None,
        error=str(error)[:300],
    )


# The server's word on us, and not on the mail: a wrong password, a sender it does not know. Nothing is lost until that is mended.
_ON_US = (SMTPAuthenticationError, SMTPConnectError, SMTPHeloError, SMTPSenderRefused)


def _is_final(error: Exception) -> bool:
    """Whether another try would fare no better: the server will not have this mail, or it cannot be written at all."""
    if isinstance(error, (*_ON_US, AnymailAPIError)):
        return False
    if isinstance(error, SMTPRecipientsRefused):
        return 500 <= min((code for code, _ in error.recipients.values()), default=0) < 600
    if isinstance(error, SMTPResponseException):
        return 500 <= error.smtp_code < 600
    # what is neither the server's word nor the network's is in the mail itself (an address that cannot be written), and stays
    return not isinstance(error, (SMTPException, OSError))
