"""Holders: what a request's cookies say of its visitor, worked out once and kept for as long as the pass is good. Pure.

A pass ends no later than anything in it begins or ends (``access.passes.expiry``). So as long as it is good the decision for one
article and one policy stays the same, and a holder can be remembered instead of decided anew.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from sys import intern

from masthead.access import passes
from masthead.access.policy import SINGLE, Visitor

SINGLES = frozenset(kind.value for kind in SINGLE)
PASS = passes.COOKIE.encode()
LONGEST_COOKIE = 4096  # bytes of a Cookie header worth remembering
GENERATION = 12_000  # holders in each of two generations
GENERATION_BYTES = 12 * 2**20  # of their headers: anybody with a pass can send it among many others of their own making
SPACE = b" \t\n\r\v\f\x1c\x1d\x1e\x1f"


class Holder:
    """What matters of a visitor's pass, in few objects: there may be tens of thousands.

    ``profile`` stands for all that decides but single articles and the institution. ``singles`` are the articles they hold a
    grant for that is in date, and of which kinds.
    """

    __slots__ = ("checked", "device", "expires", "number", "period", "policy_version", "profile", "reader", "singles")

    def __init__(
        self,
        profile: int,
        expires: float,
        number: int = 0,
        policy_version: int = 0,
        period: str = "",
        reader: str | None = None,
        device: str | None = None,
        singles: dict[int, tuple[str, ...]] | None = None,
    ) -> None:
        self.profile = profile
        self.expires = expires
        self.number = number
        self.policy_version = policy_version
        self.period = period
        self.reader = reader
        self.device = device
        self.singles = singles
        self.checked = -1  # the log's version at which nothing was known against it

    @property
    def subject(self) -> str:
        """Who they are, opaquely; empty for nobody."""
        return self.reader or self.device or ""


class Cookies:
    """What a Cookie header holds of ours: ``token`` is the pass, if there is exactly one; ``any`` whether there is anything."""

    __slots__ = ("any", "token")

    def __init__(self, header: bytes, ours: frozenset[bytes]) -> None:
        self.any = False
        self.token: bytes | None = None
        passes_found = 0
        for part in header.split(b";"):
            name, _, value = part.partition(b"=")
            name = name.strip(SPACE)
            if not name.isascii():  # Django strips what is space in any language
                name = name.decode(errors="replace").strip().encode()
            if name in ours:
                self.any = True
                if name == PASS:
                    passes_found += 1
                    self.token = value.strip()
        if passes_found != 1:
            self.token = None


class Profiles:
    """Numbers for what decides about visitors, so that two of one kind share what was worked out for either."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[object, ...], int] = {}

    def number(self, visitor: Visitor, now: datetime) -> int:
        """The number of ``visitor``'s profile at ``now``."""
        kinds = [grant.kind for grant in visitor.grants if grant.article is None and grant.in_date(now)]
        return self.of(
            bool(visitor.reader),
            visitor.staff,
            kinds,
            visitor.code_pending,
            visitor.instant_left,
            visitor.choices_left,
            visitor.period,
        )

    def of(
        self, reader: bool, staff: bool, kinds: list[str], code_pending: bool, instant_left: int, choices_left: int, period: str
    ) -> int:
        """The number of the profile with these grants without article, in date, and these other traits."""
        grants = tuple(sorted(set(kinds))) if len(kinds) > 1 else tuple(kinds)
        profile = (reader, staff, grants, code_pending, instant_left, choices_left, period)
        return self._numbers.setdefault(profile, len(self._numbers))


def read(token: bytes, keys: Mapping[bytes, hmac.HMAC], profiles: Profiles, now: float) -> Holder | None:
    """The holder of the pass ``token``, or None for none of ours. ``keys`` are by header; ``now`` is a Unix time.

    Says what ``access.passes.read`` says (a test compares the two) without making the visitor, which is rarely needed.
    """
    claims = passes.signed_claims(token, keys)
    if claims is None:
        return None
    try:
        expires = int(claims["exp"])
        if expires <= now:
            return None
        kinds: list[str] = []
        singles: dict[int, tuple[str, ...]] | None = None
        for kind, article, until, since in claims["g"]:
            if (since is not None and since > now) or (until is not None and now >= until):
                continue
            if article is None:
                kinds.append(kind)
            elif kind in SINGLES:
                singles = singles or {}
                singles[article] = (*singles.get(article, ()), kind)
        reader, period = claims["r"], intern(claims["p"])  # one text for all who hold it
        profile = profiles.of(bool(reader), claims["s"] == 1, kinds, claims["c"] == 1, claims["i"], claims["l"], period)
        # in order, not by name: that takes half as long
        return Holder(profile, expires, claims["n"], claims["v"], period, reader, claims["d"], singles)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


class Memo:
    """Holders by Cookie header, in two generations: what was not asked for in a whole generation is forgotten."""

    def __init__(self, size: int = GENERATION) -> None:
        self._size = size
        self._bytes = 0
        self.young: dict[bytes, Holder] = {}
        self._old: dict[bytes, Holder] = {}

    def get(self, cookie: bytes) -> Holder | None:
        """The holder remembered for ``cookie``."""
        found = self.young.get(cookie)
        if found is None:
            found = self._old.get(cookie)
            if found is not None:
                self.put(cookie, found)
        return found

    def put(self, cookie: bytes, holder: Holder) -> None:
        """Remember ``holder``."""
        if len(cookie) > LONGEST_COOKIE:
            return
        self._bytes += len(cookie)
        if len(self.young) >= self._size or self._bytes > GENERATION_BYTES:
            self._old, self.young, self._bytes = self.young, {}, len(cookie)
        self.young[cookie] = holder
