"""What comes back of our mail, whoever tells it: kept once, and acted on in the transaction that keeps it.

- A *bounce* suppresses its address: at once where there is no such address, after five in a row otherwise.
- A *complaint* suppresses it at once and ends all its newsletters.
- Mail *in doubt* is settled: what a provider has, or an inbox, was submitted; what came back was refused.

A mailbox is open to everybody. Its mails are believed only where they bring back what nobody else can know: the Message-ID of a
mail that went to that address (it carries an HMAC of both). Where the address was struck out, the signed unsubscribe address that
stood in the mail says whose it was. What a provider tells is signed as a whole (``webhooks``), and believed for any reader.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from masthead.core import clock
from masthead.core.models import OutgoingMail
from masthead.newsletters import dsn, links, suppression
from masthead.newsletters import services as newsletters
from masthead.newsletters.dsn import Outcome
from masthead.newsletters.models import Delivery, Edition, MailEvent
from masthead.newsletters.suppression import Reason
from masthead.readers import addresses
from masthead.readers.models import Reader

Kind = MailEvent.Kind


@dataclass(frozen=True, slots=True)
class About:
    """Which mail something is told of: its address as it was mailed to, and the row of the outbox where it was an edition's."""

    address: str
    delivery: Delivery | None = None
    edition: Edition | None = None
    mail: str = ""  # the Message-ID of a mail that was no edition's


@dataclass(frozen=True, slots=True)
class Told:
    """One thing told of one mail. ``hard`` counts for bounces."""

    external_id: str
    kind: MailEvent.Kind
    about: About
    hard: bool = False
    detail: str = ""
    at: datetime | None = None


def take(told: Told) -> bool:
    """Keep what is ``told`` and act on it; False where it was kept before. All or nothing: one that failed is told again."""
    about = told.about
    try:
        with transaction.atomic():
            _, new = MailEvent.objects.get_or_create(
                external_id=told.external_id[:200],
                defaults={
                    "kind": told.kind,
                    "edition": about.edition,
                    "delivery": about.delivery,
                    "address_key": suppression.key(about.address),
                    "detail": dsn.shown(told.detail),
                    "at": told.at or clock.now(),
                },
            )
            if not new:
                return False
            _settle(told)
            _act(told)
    except IntegrityError:  # the same, at the same moment, in another process
        return False
    return True


def _settle(told: Told) -> None:
    """Mail in doubt is in doubt no more. What was submitted stays so: a server took it, whatever it did with it afterwards."""
    if told.about.delivery is None or told.kind == Kind.OTHER:
        return
    refused = told.kind == Kind.BOUNCED
    state = Delivery.State.REFUSED if refused else Delivery.State.SUBMITTED
    doubtful = Delivery.objects.filter(pk=told.about.delivery.pk, state=Delivery.State.IN_DOUBT)
    doubtful.update(state=state, settled=clock.now(), reply=f"told later: {told.kind}"[:200])


def _act(told: Told) -> None:
    address = told.about.address
    detail = dsn.shown(told.detail)
    if told.kind == Kind.BOUNCED:
        suppression.bounced(address=address, hard=told.hard, detail=detail)
    elif told.kind == Kind.COMPLAINED:
        suppression.suppress(address=address, reason=Reason.COMPLAINT, detail=detail)
    elif told.kind == Kind.DELIVERED:
        suppression.arrived(address=address)
    elif told.kind == Kind.UNSUBSCRIBED:
        _unsubscribe(told.about)


def _unsubscribe(about: About) -> None:
    """By a button of the provider's own: it ends the newsletter it was pressed in."""
    reader = _reader(about.address)
    if reader is not None and about.edition is not None:
        newsletters.untick(reader=reader, slugs=[about.edition.newsletter.slug], origin="provider")


def _reader(address: str) -> Reader | None:
    try:
        return Reader.objects.filter(identity=addresses.identity(addresses.clean(address))).first()
    except addresses.BadAddress:
        return None


# --- mails that came back


KINDS = {
    Outcome.HARD: Kind.BOUNCED,
    Outcome.SOFT: Kind.BOUNCED,
    Outcome.DELAYED: Kind.DEFERRED,
    Outcome.DELIVERED: Kind.DELIVERED,
    Outcome.COMPLAINED: Kind.COMPLAINED,
}


def take_mail(raw: bytes) -> int:
    """Act on a mail that came back (or anything else somebody wrote there); how much of it was about mail of ours."""
    known = 0
    for report in dsn.read(raw):
        about = proved(report)
        if about is None:
            continue
        known += 1
        mail = about.mail or (f"{about.delivery.pk}" if about.delivery else "")
        told = f"{mail}:{suppression.key(about.address)}:{KINDS[report.outcome]}"
        take(
            Told(
                external_id=f"mail:{hashlib.sha256(told.encode()).hexdigest()}",
                kind=KINDS[report.outcome],
                about=about,
                hard=report.outcome is Outcome.HARD,
                detail=report.detail,
            )
        )
    return known


def proved(report: dsn.Report) -> About | None:
    """The mail ``report`` is about, where it brings back something only its recipient and the servers between us know."""
    holder = _by_signed_address(report.unsubscribe)
    candidates = _spelt(report.addresses)
    for text in report.message_ids:
        found = links.read_message_id(text)
        if found is None:
            about = _personal(text)
        else:
            about = _edition_mail(found, candidates, holder)
        if about is not None:
            return about
    return None


def _edition_mail(found: links.MessageId, candidates: Iterable[str], holder: Reader | None) -> About | None:
    rows = Delivery.objects.filter(edition__newsletter__slug=found.newsletter, edition__key=found.edition)
    rows = rows.select_related("edition__newsletter")
    for address in candidates:
        if found.is_to(address):
            row = rows.filter(address=address).first()
            if row is not None:
                return About(address, row, row.edition)
    row = rows.filter(reader=holder).first() if holder is not None else None
    if row is not None and found.is_to(row.address):  # whoever reports may have struck every address out
        return About(row.address, row, row.edition)
    return None


def _personal(message_id: str) -> About | None:
    """A code, a receipt, an alert: its Message-ID is random, and known to those it passed through."""
    text = message_id.strip()
    if not text.startswith("<") or len(text) > 120 or not text.isprintable():
        return None
    row = OutgoingMail.objects.filter(message_id=text).only("to").first()
    return About(row.to, mail=text) if row is not None else None


def _by_signed_address(addresses_: Iterable[str]) -> Reader | None:
    base = f"{settings.MASTHEAD.base_url}/newsletters/unsubscribe/"
    for url in addresses_:
        token = links.read(url.removeprefix(base).strip("/")) if url.startswith(base) else None
        reader = Reader.objects.filter(subject=token.subject).first() if token else None
        if reader is not None:
            return reader
    return None


def _spelt(named: Iterable[str]) -> list[str]:
    """The addresses, and how their readers spell them: a server may have changed capitals."""
    found: dict[str, None] = {}
    for address in list(named)[:5]:
        if not address.isprintable():
            continue
        found[address] = None
        reader = _reader(address)
        if reader is not None:
            found[reader.email] = None
    return list(found)


# --- what a provider tells


def about_provided(*, message_id: str, recipient: str) -> About | None:
    """The mail a provider means by its own number for it or by our Message-ID, and else by whom it went to."""
    if message_id and message_id.isprintable():
        row = provided(message_id).select_related("edition__newsletter").first()
        if row is not None:
            return About(_standing_address(row, recipient), row, row.edition)
        found = links.read_message_id(message_id)
        about = _edition_mail(found, _spelt([recipient]), None) if found else _personal(_bracketed(message_id))
        if about is not None:
            return about
    reader = _reader(recipient)
    return About(reader.email) if reader is not None else None


def provided(number: str) -> QuerySet[Delivery]:
    """What a provider knows by ``number``. SQLite uses the index only where the question names what the index leaves out."""
    return Delivery.objects.filter(external_id=number[:120]).exclude(external_id="")


def _standing_address(row: Delivery, recipient: str) -> str:
    """The row's address, or (forgotten by now) what the provider says."""
    return row.address if "@" in row.address else recipient


def _bracketed(message_id: str) -> str:
    return message_id if message_id.startswith("<") else f"<{message_id}>"
