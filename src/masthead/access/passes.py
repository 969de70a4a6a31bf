"""The pass: a Visitor on the wire, field for field, so that the edge and Django decide alike (DESIGN 4). Pure.

A JWT (RFC 7519) signed with HS256; ``kid`` names the key, so that keys rotate. Opening one proves only that we once said so:
what it
grants is what was granted then, and spending always goes through the database. Anything malformed is no pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from masthead.access.policy import Grant, Visitor

LIFE = timedelta(minutes=10)
COOKIE = "masthead_pass"
MOST_SINGLE_GRANTS = 60  # keeps the cookie below 4 kB; who has more is served from the database


@dataclass(frozen=True, slots=True)
class Pass:
    """A visitor, the policy version and the change-log number they were described at, and when that ends."""

    visitor: Visitor
    policy_version: int
    number: int
    expires: datetime


def expiry(visitor: Visitor, period_ends: datetime, now: datetime) -> datetime:
    """When a pass minted at ``now`` ends: after ten minutes, at the first grant's end or beginning, or at the period's end."""
    moments = [now + LIFE, period_ends]
    for grant in visitor.grants:
        moments += [m for m in (grant.until, grant.since) if m is not None and m > now]
    return min(moments)


def mint(given: Pass, key_id: str, key: bytes) -> str:
    """The signed text of ``given``. An institution is never put in a pass: it belongs to an address, not to a browser."""
    visitor = given.visitor
    claims: dict[str, Any] = {
        "exp": int(given.expires.timestamp()),
        "v": given.policy_version,
        "n": given.number,
        "p": visitor.period,
        "g": [[g.kind, g.article, _seconds(g.until), _seconds(g.since)] for g in visitor.grants],
        "c": int(visitor.code_pending),
        "i": visitor.instant_left,
        "l": visitor.choices_left,
        "s": int(visitor.staff),
        "r": visitor.reader,
        "d": visitor.device,
    }
    return jwt.encode(claims, key, algorithm="HS256", headers={"kid": key_id})


def read(text: str, keys: Mapping[str, bytes], now: datetime) -> Pass | None:
    """The pass in ``text``, or None where the signature, the shape or the date is not in order at ``now``."""
    try:
        key = keys[jwt.get_unverified_header(text)["kid"]]
        # our clock may be shifted in trials, so the date is compared here and not by the library
        claims = jwt.decode(text, key, algorithms=["HS256"], options={"verify_exp": False, "require": ["exp"]})
        expires = datetime.fromtimestamp(int(claims["exp"]), UTC)
        if expires <= now:
            return None
        visitor = Visitor(
            reader=_text(claims["r"]),
            device=_text(claims["d"]),
            staff=claims["s"] == 1,
            grants=_grants(claims["g"]),
            code_pending=claims["c"] == 1,
            instant_left=int(claims["i"]),
            choices_left=int(claims["l"]),
            period=str(claims["p"]),
        )
        return Pass(visitor, int(claims["v"]), int(claims["n"]), expires)
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError, OSError, RecursionError):
        return None


def _grants(rows: Sequence[Sequence[Any]]) -> tuple[Grant, ...]:
    return tuple(
        Grant(str(kind), None if article is None else int(article), _moment(until), _moment(since))
        for kind, article, until, since in rows
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _moment(seconds: Any) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC)
