"""Why someone may or may not read an article, in plain words: the same ``decide()``, with everything it looked at.

For support and for the newsroom. It reads, and never writes; the article comes as the facts the decision knows it by.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from masthead.access import models, services
from masthead.access.policy import (
    SINGLE,
    WHOLE,
    Access,
    ArticleFacts,
    Decision,
    Policy,
    Reason,
    decide,
)
from masthead.core import clock, limits
from masthead.readers import addresses, codes
from masthead.readers.models import Device, Reader

WORDS = {
    Reason.OPEN: "the article is open to everyone",
    Reason.STAFF: "they work here and are logged in to the newsroom",
    Reason.SUBSCRIPTION: "they subscribe",
    Reason.COMP: "they were given All-Access",
    Reason.SEAT: "they have a seat in a group's subscription",
    Reason.INSTITUTION: "they read from a licensed network",
    Reason.GIFT: "this browser accepted a gift link for the article",
    Reason.UNLOCK: "they chose this article",
    Reason.INSTANT: "an address was typed at this article in this browser",
    Reason.REGISTER: "nobody is known: the gate asks for an e-mail address",
    Reason.CONFIRM: "a code was asked for in this browser and is not used yet: the gate asks for it",
    Reason.CHOOSE: "they have choices left: the gate offers to spend one on it",
    Reason.SPENT: "their choices of this period are spent: the gate offers the subscription",
    Reason.SUBSCRIBE: "it is for subscribers only: the gate offers the subscription",
}
KINDS = {
    "subscription": "Subscription",
    "comp": "All-Access given by the newsroom",
    "seat": "Seat in a group",
    "gift": "Gift of one article",
    "unlock": "Article chosen",
    "instant": "Instant access to one article",
}


@dataclass(frozen=True, slots=True)
class GrantLooked:
    """One grant, and what the decision made of it."""

    id: int
    kind: str
    title: str
    holder: str
    since: datetime
    until: datetime | None
    reason: str
    in_date: bool
    counted: bool
    why: str


@dataclass(frozen=True, slots=True)
class Where:
    """The decision in one place: ``place`` is a browser the reader is logged in with, or any other one."""

    place: str
    decision: str
    opens: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """All there is to say. Times are in UTC; ``timezone`` is the publication's."""

    reader: str
    confirmed: datetime | None
    active: bool
    works_here: bool
    article: int
    access: str
    at: datetime
    timezone: str
    policy_version: int
    period: str
    period_ends: datetime | None
    allowance: int
    used: int
    left: int
    opens: bool
    decision: str
    standing: str
    sentence: str
    grants: tuple[GrantLooked, ...]
    elsewhere: tuple[Where, ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: times as ISO text."""

        def plain(value: Any) -> Any:
            if isinstance(value, datetime):
                return value.isoformat()
            if isinstance(value, dict):
                return {key: plain(each) for key, each in value.items()}
            if isinstance(value, (list, tuple)):
                return [plain(each) for each in value]
            return value

        return plain(asdict(self))


def explain(*, reader: Reader, article: ArticleFacts, at: datetime | None = None) -> Explanation:
    """What ``decide()`` says of ``reader`` and ``article`` (now, or ``at`` a moment), and why.

    The decision is that of the reader logged in by code in a browser of their own; browsers they are logged in with now may hold
    grants of their own, so each is decided for as well.
    """
    now = at or clock.now()
    policy = services.current_policy()
    visitor = services.visitor_of(reader, None, policy, now)
    decision = decide(policy, article, visitor, now)
    browsers = list(Device.objects.filter(logins__reader=reader).distinct().order_by("pk"))
    try:
        period = policy.period_at(now)
        name, ends = period.name, period.ends
    except ValueError:
        name, ends = "", None
    used = limits.used(services.CHOICE, addresses.canonical(reader.email), name)
    return Explanation(
        reader=reader.email,
        confirmed=reader.confirmed,
        active=reader.is_active,
        works_here=reader.is_staff,
        article=article.id,
        access=article.access,
        at=now,
        timezone=policy.timezone,
        policy_version=policy.version,
        period=name,
        period_ends=ends,
        allowance=policy.allowance,
        used=used,
        left=visitor.choices_left,
        opens=decision.opens,
        decision=decision.reason.value,
        standing=decision.standing.value,
        sentence=sentence(decision, policy),
        grants=tuple(_looked(grant, article, decision, now) for grant in _grants(reader, browsers)),
        elsewhere=tuple(_where(reader, browser, policy, article, now) for browser in browsers),
        notes=tuple(_notes(reader, article, visitor.period, browsers)),
    )


def sentence(decision: Decision, policy: Policy) -> str:
    """The decision in one sentence."""
    text = f"The article {'opens' if decision.opens else 'stays shut'}: {WORDS[decision.reason]}"
    if decision.reason == Reason.CHOOSE:
        text += f" ({decision.left} of {decision.allowance} left)"
    if decision.renews and decision.reason in {Reason.CHOOSE, Reason.SPENT}:
        text += f"; the next {decision.allowance} come {_day(decision.renews, policy.timezone)}"
    if decision.grant and decision.grant.until:
        text += f", until {_day(decision.grant.until, policy.timezone)}"
    return text + "."


def _day(moment: datetime, timezone: str) -> str:
    try:
        local = moment.astimezone(ZoneInfo(timezone))
    except (OSError, ValueError, KeyError):
        local = moment
    return f"{local.day} {local:%B %Y, %H:%M}"


def _grants(reader: Reader, browsers: list[Device]) -> list[models.Grant]:
    held = models.Grant.objects.filter(Q(reader=reader) | Q(device__in=browsers)).select_related("device")
    return list(held.order_by("-since", "-pk"))


def _looked(grant: models.Grant, article: ArticleFacts, decision: Decision, now: datetime) -> GrantLooked:
    fact = grant.fact()
    in_date = fact.in_date(now)
    counted = False
    if grant.since > now:
        why = "It has not begun."
    elif not in_date:
        why = "It has ended."
    elif fact.article is not None and fact.article != article.id:
        why = "It is for another article."
    elif fact.kind in WHOLE and fact.article is not None:
        why = "A grant of this kind counts for everything or for nothing; this one names an article."
    elif fact.kind in SINGLE and fact.article is None:
        why = "A grant of this kind has to name an article; this one names none."
    elif article.access == Access.OPEN:
        why = "It would open the article, which is open anyway."
    elif grant.device_id is not None:
        counted, why = True, "It opens the article in that one browser only, whoever is logged in there."
    elif decision.grant == fact:
        counted, why = True, "It opens the article: the first that does, in the order the rules are asked."
    else:
        why = "It would open the article, but another reason came first."
    return GrantLooked(
        id=grant.pk,
        kind=grant.kind,
        title=KINDS.get(grant.kind, grant.kind),
        holder=f"the browser “{grant.device}”" if grant.device_id else "the reader",
        since=grant.since,
        until=grant.until,
        reason=grant.reason,
        in_date=in_date,
        counted=counted,
        why=why,
    )


def _where(reader: Reader, browser: Device, policy: Policy, article: ArticleFacts, now: datetime) -> Where:
    visitor = services.visitor_of(reader, browser, policy, now)
    decision = decide(policy, article, visitor, now)
    return Where(str(browser), decision.reason.value, decision.opens, sentence(decision, policy))


def _notes(reader: Reader, article: ArticleFacts, period: str, browsers: list[Device]) -> list[str]:
    notes = []
    if not reader.is_active:
        notes.append("The account is closed: nobody can log in to it, so none of this counts for anyone.")
    if reader.confirmed is None:
        notes.append(
            "The address is not confirmed: nobody has logged in with it yet; visitors are unknown until a code is typed."
        )
    if reader.is_staff:
        notes.append("They work here: in a browser logged in to the newsroom every article opens for them.")
    if article.access not in list(Access):
        notes.append(f"The article's access {article.access!r} is no rule anybody knows, so nothing opens it for readers.")
    if not period:
        notes.append("The policy's period or time zone is malformed; the gate offers the subscription until it is mended.")
    if any(codes.pending(browser, period) for browser in browsers):
        notes.append("One of their browsers asked for a code that is not used yet.")
    notes.append("From a licensed network every article opens, whoever reads; that is looked up for each request.")
    return notes
