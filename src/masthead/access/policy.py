"""The access decision: who may read what, and what the gate offers. Pure: no Django, no I/O, no clock.

Everything that shows, lists, feeds, mails, searches, caches or simulates asks :func:`decide`. Grants are data; no other path
opens
an article. The tables are DESIGN 3's, in its order: the first match wins.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from masthead.access.period import MONTH, Period, period_of


class Access(StrEnum):
    """What an article's editors decided about it."""

    OPEN = "open"
    METERED = "metered"
    SUBSCRIBERS = "subscribers"


class Standing(StrEnum):
    """What a visitor is to the publication."""

    ANONYMOUS = "anonymous"
    REGISTERED = "registered"
    SUBSCRIBER = "subscriber"
    STAFF = "staff"


class Reason(StrEnum):
    """A decision's name, everywhere: ``data-decision``, events, ``explain``."""

    OPEN = "open"
    STAFF = "staff"
    SUBSCRIPTION = "subscription"
    COMP = "comp"
    SEAT = "seat"
    INSTITUTION = "institution"
    GIFT = "gift"
    UNLOCK = "unlock"
    INSTANT = "instant"
    REGISTER = "register"
    CONFIRM = "confirm"
    CHOOSE = "choose"
    SPENT = "spent"
    SUBSCRIBE = "subscribe"


WHOLE = (Reason.SUBSCRIPTION, Reason.COMP, Reason.SEAT)  # grants without article, in the order they are named
SINGLE = (Reason.GIFT, Reason.UNLOCK, Reason.INSTANT)  # grants for one article


@dataclass(frozen=True, slots=True)
class Policy:
    """The publisher's rules. ``version`` grows with every change; a pass of another version is ignored."""

    version: int = 0
    teaser_paragraphs: int = 3
    allowance: int = 3
    period: str = MONTH
    timezone: str = "UTC"
    unlock_days: int = 30
    instant: bool = True
    instant_per_device: int = 1
    instant_per_address: int = 2
    instant_per_network: int = 20
    gifts: int = 5
    gift_uses: int = 10
    gift_days: int = 30

    def period_at(self, moment: datetime) -> Period:
        """The period ``moment`` lies in. Raises ``ValueError`` for a malformed rule."""
        return period_of(moment, self.timezone, self.period)

    def unlock_until(self, moment: datetime) -> datetime:
        """When an article chosen at ``moment`` shuts again: ``unlock_days`` later, and never before the period ends."""
        return max(moment + timedelta(days=self.unlock_days), self.period_at(moment).ends)


@dataclass(frozen=True, slots=True)
class ArticleFacts:
    """What the decision needs to know of an article: its number and its access ("open", "metered", "subscribers")."""

    id: int
    access: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A reason why someone may read: ``article`` (or everything, when None) from ``since`` until before ``until`` (or without
    end).
    """

    kind: str
    article: int | None = None
    until: datetime | None = None
    since: datetime | None = None

    def in_date(self, now: datetime) -> bool:
        """Whether the grant holds at ``now``."""
        return (self.since is None or self.since <= now) and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever makes this request, as far as reading goes. Field for field what a pass carries, but for ``institution``."""

    reader: str | None = None
    device: str | None = None
    staff: bool = False
    grants: tuple[Grant, ...] = ()
    code_pending: bool = False
    instant_left: int = 0
    choices_left: int = 0
    period: str = ""
    institution: str | None = None


ANONYMOUS = Visitor(instant_left=1)


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one visitor and one article.

    ``left`` is what is left of what the gate offers: monthly choices for ``choose`` and ``spent``, instant articles for
    ``register``; 0 elsewhere. ``until`` is when what opens it ends, None where nothing does.
    """

    opens: bool
    reason: Reason
    standing: Standing
    left: int = 0
    allowance: int = 0
    period: str = ""
    renews: datetime | None = None
    grant: Grant | None = field(default=None, compare=False)


def standing(visitor: Visitor, now: datetime) -> Standing:
    """What ``visitor`` is at ``now``. A device that paid is a subscriber, though nobody is logged in."""
    if visitor.staff:
        return Standing.STAFF
    if any(g.article is None and g.kind in WHOLE and g.in_date(now) for g in visitor.grants):
        return Standing.SUBSCRIBER
    return Standing.REGISTERED if visitor.reader else Standing.ANONYMOUS


def decide(policy: Policy, article: ArticleFacts, visitor: Visitor, now: datetime) -> Decision:
    """Whether ``article`` opens for ``visitor`` at ``now`` (aware), why, and what to offer where it does not.

    Fails closed: an access value or a policy nobody knows opens nothing, and the gate offers the subscription.
    """
    who = standing(visitor, now)

    def opened(reason: Reason, grant: Grant | None = None) -> Decision:
        return Decision(True, reason, who, grant=grant)

    if article.access == Access.OPEN:
        return opened(Reason.OPEN)
    if visitor.staff:
        return opened(Reason.STAFF)
    for reason in WHOLE:
        for grant in visitor.grants:
            if grant.kind == reason and grant.article is None and grant.in_date(now):
                return opened(reason, grant)
    if visitor.institution:
        return opened(Reason.INSTITUTION)
    for reason in SINGLE:
        for grant in visitor.grants:
            if grant.kind == reason and grant.article == article.id and grant.in_date(now):
                return opened(reason, grant)
    return _gate(policy, article, visitor, who, now)


def _gate(policy: Policy, article: ArticleFacts, visitor: Visitor, who: Standing, now: datetime) -> Decision:
    if article.access != Access.METERED:
        return Decision(False, Reason.SUBSCRIBE, who)
    try:
        period = policy.period_at(now)
    except ValueError:
        return Decision(False, Reason.SUBSCRIBE, who)
    if visitor.reader is None:
        if visitor.code_pending:
            return Decision(False, Reason.CONFIRM, who, period=period.name)
        left = visitor.instant_left if policy.instant else 0
        return Decision(False, Reason.REGISTER, who, left=max(0, left), allowance=policy.allowance, period=period.name)
    # a visitor described in an earlier period has used nothing of this one
    left = visitor.choices_left if visitor.period == period.name else policy.allowance
    return Decision(
        False,
        Reason.CHOOSE if left > 0 else Reason.SPENT,
        who,
        left=max(0, left),
        allowance=policy.allowance,
        period=period.name,
        renews=period.ends,
    )
