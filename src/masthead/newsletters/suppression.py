"""Addresses that are mailed nothing but what they ask for themselves (codes, receipts).

Only a keyed hash of an address's identity is kept, so that a deleted account leaves nobody's address behind and still is not
mailed when its address comes again. Hard bounces count at once, soft ones when there were five in a row, complaints at once, and
whoever complained also gets no newsletter any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from functools import lru_cache

from django.conf import settings
from django.db import transaction

from masthead.core import clock, events
from masthead.core.keys import Mac, derive
from masthead.newsletters import choices
from masthead.newsletters.models import Suppression
from masthead.readers import addresses
from masthead.readers.models import Reader

SOFT = 5  # bounces that may pass, in a row, and they are held not to pass
FORGOTTEN = timedelta(days=30)  # without a bounce: the next is the first again
Reason = Suppression.Reason


@lru_cache(maxsize=8)
def _derived(secret: str) -> Mac:
    return Mac(derive("suppression", secret))


def key(address: str, secret: str | None = None) -> str:
    """``keyed_hash("suppression", identity)``: what is kept of an address."""
    return _derived(secret or settings.SECRET_KEY).digest(addresses.identity(address).encode()).hex()


def keys(of: Iterable[str]) -> set[str]:
    """The keys of addresses, under the present secret key."""
    return {key(address) for address in of}


def _all_keys(address: str) -> list[str]:
    """An address's key under the present secret key, then under those still accepted."""
    return [key(address, secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def suppressed(of: Collection[str]) -> set[str]:
    """Those of ``of`` that are suppressed. One query for some hundred addresses: what a sender asks of the rows it claimed."""
    whose = {each: address for address in of for each in _all_keys(address)}
    rows = Suppression.objects.filter(key__in=list(whose), since__isnull=False).values_list("key", flat=True)
    return {whose[each] for each in rows}


def is_suppressed(address: str) -> bool:
    """Whether nothing but what it asks for is mailed to ``address``."""
    return bool(suppressed([address]))


def of(address: str) -> Suppression | None:
    """The row that suppresses ``address`` now, or None."""
    return Suppression.objects.filter(key__in=_all_keys(address), since__isnull=False).first()


@transaction.atomic
def suppress(*, address: str, reason: Suppression.Reason, detail: str = "") -> None:
    """Mail nothing more to ``address`` by ourselves. A complaint also takes all its newsletters away.

    A complaint stays one when a bounce follows: readers lift bounces themselves, complaints only by asking for mail again.
    """
    row = _row(address, reason)
    if row.since is None or row.reason != Reason.COMPLAINT:
        row.reason = reason
    row.detail = detail[:300]
    row.since = row.since or clock.now()
    row.lifted = None
    row.save()
    if reason == Reason.COMPLAINT:
        _end_all(address)


def _end_all(address: str) -> None:
    reader = Reader.objects.filter(identity=addresses.identity(address)).first()
    if reader is None:
        return
    choices.stop_everything(reader=reader, origin="complaint")


@transaction.atomic
def bounced(*, address: str, hard: bool, detail: str = "") -> bool:
    """A mail to ``address`` came back. Says whether the address is suppressed now."""
    if hard:
        suppress(address=address, reason=Reason.BOUNCE, detail=detail)
        return True
    row = _row(address, Reason.BOUNCE)
    now = clock.now()
    row.soft = row.soft + 1 if row.last and now - row.last < FORGOTTEN else 1
    row.last = now
    row.detail = detail[:300] if row.since is None else row.detail
    if row.since is None and row.soft >= SOFT:
        row.since, row.lifted = now, None
    row.save()
    return row.since is not None


def arrived(*, address: str) -> None:
    """A mail to ``address`` arrived: bounces that may pass are counted from the start again."""
    Suppression.objects.filter(key__in=_all_keys(address), since=None, soft__gt=0).update(soft=0)


@transaction.atomic
def lift(*, reader: Reader) -> bool:
    """Mail to ``reader`` again. False where nothing stood against it."""
    rows = Suppression.objects.filter(key__in=_all_keys(reader.email), since__isnull=False)
    done = bool(rows.update(since=None, soft=0, lifted=clock.now()))
    if done:
        events.record("mail resumed", subject=reader.subject)
    return done


_rekeyed: set[str] = set()  # secret keys whose rows this process has moved on already


def rekey() -> int:
    """While the secret key rotates: move rows under a former one to the present one's, for all readers; how many.

    A key is a hash of an address, so only addresses that are known can be moved: those of people who left go with the former key.
    """
    former = [secret for secret in settings.SECRET_KEY_FALLBACKS if secret not in _rekeyed]
    if not former:
        return 0
    count = 0
    for secret in former:
        held = set(Suppression.objects.values_list("key", flat=True))
        for address in Reader.objects.values_list("email", flat=True).iterator(2000) if held else ():
            old, new = key(address, secret), key(address)
            if old in held and new not in held:
                count += Suppression.objects.filter(key=old).update(key=new)
    _rekeyed.update(former)
    return count


def _row(address: str, reason: Suppression.Reason) -> Suppression:
    """The row of ``address``, locked, made where there is none. One under a former secret key is moved to the present one's."""
    present, *former = _all_keys(address)
    rows = {row.key: row for row in Suppression.objects.select_for_update().filter(key__in=[present, *former])}
    if present not in rows and rows:
        row = next(iter(rows.values()))
        row.key = present
        return row
    Suppression.objects.bulk_create([Suppression(key=present, reason=reason)], ignore_conflicts=True)
    return Suppression.objects.select_for_update().get(key=present)
