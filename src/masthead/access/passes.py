"""The pass: a Visitor on the wire, field for field, so that the edge and Django decide alike (DESIGN 4). Pure.

A JWT (RFC 7519) signed with HS256; ``kid`` names the key, so that keys rotate. Opening one proves only that we once said so:
what it
grants is what was granted then, and spending always goes through the database. Anything malformed is no pass.

Minted by the library, but read here: a pass is ours only if it is written exactly as we write it, so there is no header to
parse and no algorithm to negotiate. That is stricter than any JWT library, and quick enough for the edge (some µs).
"""

from __future__ import annotations

import binascii
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
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
    """The pass in ``text``, or None where the signature, the shape or the date is not in order at ``now``.

    ``keys`` are those that sign or once signed, by their ``kid``.
    """
    try:
        claims = signed_claims(text.encode("ascii"), by_header(keys))
        if claims is None:
            return None
        # our clock may be shifted in trials: now is what we are told it is
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
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


def by_header(keys: Mapping[str, bytes]) -> dict[bytes, hmac.HMAC]:
    """Signatures begun with ``keys``, by the first part of the passes they sign. They are copied for use, never used up."""
    return _by_header(tuple(keys.items()))


def signed_claims(text: bytes, keys: Mapping[bytes, hmac.HMAC]) -> dict[str, Any] | None:
    """What :func:`mint` wrote into ``text``, whatever its date; None where no key of ``keys`` (:func:`by_header`) signed it."""
    try:
        signed, _, signature = text.rpartition(b".")
        header, _, payload = signed.partition(b".")
        begun = keys.get(header)
        if begun is None:
            return None
        made = begun.copy()  # taking in the key is half the work, and done already
        made.update(signed)
        if not hmac.compare_digest(_base64(made.digest()), signature):
            return None
        # from here on the text is one we wrote; it may still be of another version of ours
        claims, _ = _decode(binascii.a2b_base64(payload.translate(_FROM_URL_SAFE) + b"===").decode())
    except (ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


# quicker than base64's and json's functions around them, which look for what a text of ours does not have
_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_decode = json.JSONDecoder().raw_decode


@lru_cache(maxsize=16)
def _by_header(keys: tuple[tuple[str, bytes], ...]) -> dict[bytes, hmac.HMAC]:
    def header(name: str, key: bytes) -> bytes:
        return jwt.encode({}, key, algorithm="HS256", headers={"kid": name}).partition(".")[0].encode()

    return {header(name, key): hmac.new(key, digestmod="sha256") for name, key in keys}


def _base64(data: bytes) -> bytes:
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL_SAFE).rstrip(b"=")


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
