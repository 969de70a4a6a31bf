"""Readers: found or made by their address, confirmed, moved to another address, deleted."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from masthead.core import changelog, clock, events, privacy
from masthead.readers import addresses, sessions
from masthead.readers.models import Code, Reader


class AddressTaken(ValueError):
    """Another reader has that address."""


def reader_for(*, address: str) -> Reader:
    """The reader of ``address`` (cleaned), made unconfirmed where there is none. Two at once make one."""
    found = Reader.objects.filter(identity=addresses.identity(address)).first()
    if found:
        return found
    try:
        with transaction.atomic():
            return Reader.objects.create_user(address)
    except IntegrityError:
        return Reader.objects.get(identity=addresses.identity(address))


def confirm(*, reader: Reader) -> bool:
    """Keep that ``reader`` proved their address. True the first time."""
    with changelog.transaction() as changes:
        first = bool(Reader.objects.filter(pk=reader.pk, confirmed=None).update(confirmed=clock.now()))
        if first:
            events.record("registration", subject=reader.subject)
        changes.add(changelog.visitor(reader.subject))
    return first


def change_address(*, reader: Reader, address: str) -> str:
    """Move ``reader`` to ``address`` (cleaned, proved); returns the old one. Raises :class:`AddressTaken`.

    Meters are carried by the caller (``access``, a floor up).
    """
    with changelog.transaction() as changes:
        reader = Reader.objects.select_for_update().get(pk=reader.pk)
        old = reader.email
        reader.email = address
        try:
            with transaction.atomic():
                reader.save(update_fields=["email"])
        except IntegrityError:
            raise AddressTaken from None
        events.record("address changed", subject=reader.subject)
        changes.add(changelog.visitor(reader.subject))
    return old


def delete(*, reader: Reader) -> None:
    """Delete the account and what every app holds about it. Meters stay until their period ends: nothing refills them."""
    with changelog.transaction() as changes:
        sessions.log_out_everywhere(reader=reader)
        privacy.erase(reader)
        Code.objects.filter(identity=reader.identity).delete()
        changes.add(changelog.visitor(reader.subject))
        events.record("account deleted")
        reader.delete()
