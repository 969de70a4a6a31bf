"""One code for everything: asked for with an address, typed in the browser that asked, or pressed as a link (DESIGN 3).

The abuses stopped here: guessing (five attempts, counted before comparing), killing a stranger's code by asking for another (a
new code replaces the old one of the *same device* only), and logging in somebody else's browser (the link logs in whoever presses
it).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from django.db import transaction

from masthead.core import clock, limits
from masthead.core.keys import keyed_hash
from masthead.readers import addresses
from masthead.readers.models import Code, Device, Reader

LIFE = timedelta(minutes=15)
ATTEMPTS = 5
HOURLY = {"address": 5, "device": 10, "network": 60}


@dataclass(frozen=True, slots=True)
class Asked:
    """A new row with what its mail must carry; neither is stored."""

    row: Code
    digits: str
    token: str


class Outcome(Enum):
    """What came of typing a code or pressing a link."""

    GOOD = "good"
    WRONG = "wrong"
    EXPIRED = "expired"
    EXHAUSTED = "exhausted"
    NONE = "none"  # nothing was asked for here, or it is used


@dataclass(frozen=True, slots=True)
class Spent:
    """``row`` is the code's row where there is one; ``attempts_left`` counts what a wrong guess leaves."""

    outcome: Outcome
    row: Code | None = None
    attempts_left: int = 0


def over_limits(*, address: str, device: str | None, network: str) -> list[str]:
    """Count one request for a code, and name the limits it exceeds. ``device`` is the subject in the cookie, if any.

    Who asks comes first: a network or device beyond its own limit uses up nobody's address, or one machine could shut
    out thousands.
    """
    asker = {"code-network": (network, HOURLY["network"])}
    if device:
        asker["code-device"] = (device, HOURLY["device"])
    return limits.over_hourly(asker) or limits.over_hourly({"code-address": (addresses.canonical(address), HOURLY["address"])})


def ask(
    *,
    device: Device,
    address: str,
    purpose: Code.Purpose,
    period: str,
    article: str = "",
    newsletters: Sequence[str] = (),
    via: str = "",
    errand: str = "",
    reader: Reader | None = None,
) -> Asked:
    """Make a code for ``address`` (cleaned), replacing this device's open one. The caller mails it in the same transaction."""
    now = clock.now()
    digits = f"{secrets.randbelow(10**6):06}"
    token = secrets.token_urlsafe(24)
    link_hash = keyed_hash("link", token)
    with transaction.atomic():
        _open_rows(device, purpose).update(replaced=now)
        row = Code.objects.create(
            address=address,
            identity=addresses.identity(address),
            device=device,
            reader=reader,
            purpose=purpose,
            article=article,
            newsletters=list(newsletters),
            via=via,
            errand=errand,
            code_hash=_code_hash(link_hash, digits),
            link_hash=link_hash,
            period=period,
            created=now,
            expires=now + LIFE,
        )
    return Asked(row, digits, token)


def _code_hash(link_hash: str, digits: str) -> str:
    # salted by the row's link hash: equal digits of two rows do not look equal in the table
    return keyed_hash("code", f"{link_hash}:{digits}")


def _open_rows(device: Device, purpose: str | None = None):
    rows = Code.objects.filter(device=device, code_used=None, replaced=None)
    if purpose is None:
        return rows
    if purpose == Code.Purpose.CHANGE:
        return rows.filter(purpose=purpose)
    return rows.exclude(purpose=Code.Purpose.CHANGE)


def open_row(device: Device | None, *, change: bool = False) -> Code | None:
    """The row a code typed in this browser would be held against: the newest not used and not replaced, also when expired."""
    if device is None:
        return None
    purpose = Code.Purpose.CHANGE if change else Code.Purpose.READ
    return _open_rows(device, purpose).order_by("-created").first()


def pending(device: Device | None, period: str) -> bool:
    """Whether this device asked for a code in ``period`` that is not spent (DESIGN 3: the gate offers ``confirm``)."""
    return device is not None and _open_rows(device, Code.Purpose.READ).filter(period=period).exists()


def spend(*, device: Device | None, digits: str, change: bool = False) -> Spent:
    """Hold ``digits`` against this device's open row. A good code is used up; a wrong one costs an attempt.

    The attempt is counted and committed before anything is compared: a crash, a race or an abort in between gives no free guess.
    """
    row = open_row(device, change=change)
    if row is None:
        return Spent(Outcome.NONE)
    with transaction.atomic():
        row = Code.objects.select_for_update().get(pk=row.pk)
        if row.code_used or row.replaced:
            return Spent(Outcome.NONE)
        if row.expires <= clock.now():
            return Spent(Outcome.EXPIRED, row)
        if row.attempts >= ATTEMPTS:
            return Spent(Outcome.EXHAUSTED, row)
        row.attempts += 1
        row.save(update_fields=["attempts"])
    right = hmac.compare_digest(row.code_hash, _code_hash(row.link_hash, "".join(digits.split())))
    if not right:
        left = ATTEMPTS - row.attempts
        return Spent(Outcome.WRONG if left else Outcome.EXHAUSTED, row, left)
    # of several right guesses in parallel one uses it up
    if not Code.objects.filter(pk=row.pk, code_used=None, replaced=None).update(code_used=clock.now()):
        return Spent(Outcome.NONE)
    row.refresh_from_db()
    return Spent(Outcome.GOOD, row)


def find_link(token: str) -> Spent:
    """What the mailed link's ``token`` would do, without using it."""
    row = Code.objects.filter(link_hash=keyed_hash("link", token)).first()
    if row is None or row.link_used:
        return Spent(Outcome.NONE, row)
    if row.expires <= clock.now():
        return Spent(Outcome.EXPIRED, row)
    return Spent(Outcome.GOOD, row)


def spend_link(token: str) -> Spent:
    """Use the mailed link up."""
    found = find_link(token)
    if found.outcome is not Outcome.GOOD or found.row is None:
        return found
    if not Code.objects.filter(pk=found.row.pk, link_used=None).update(link_used=clock.now()):
        return Spent(Outcome.NONE, found.row)
    return found


def drop_open(device: Device | None) -> None:
    """Close what this browser asked for, as logging out does."""
    if device is not None:
        _open_rows(device).update(replaced=clock.now())
