"""The life of a subscription, as a fold over what is known of it. Pure: no Django, no I/O, no clock.

What comes in is a *set of facts* (:data:`Fact`), each with the provider's own time; what goes out (:func:`fold`) depends on the
set alone. Facts are ordered by what they say, never by when they arrived, so that late, repeated and shuffled events end in the
same state, the same stretches of access and the same mails:

- payments are a union: a period once paid for stays paid for, whatever else is said later;
- only what *names* a payment takes it away: refunds that add up to it, or a dispute that was not won;
- of snapshots of the subscription the newest counts; equally old ones are ordered by how far they say it has got;
- grace bridges the end of what is paid for and the next payment, only while the provider means to collect one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Status(StrEnum):
    """What a provider says of a subscription, in the order in which one gets there."""

    STARTING = "starting"  # nothing paid yet: the bank wants to be asked, say
    TRIALING = "trialing"
    ACTIVE = "active"
    PAUSED = "paused"
    PAST_DUE = "past_due"
    ENDED = "ended"


class State(StrEnum):
    """What a subscription is to its reader and to the newsroom."""

    STARTING = "starting"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"  # a payment is owed; open until the grace is over
    PAUSED = "paused"  # open until what is paid for ends
    CANCELLING = "cancelling"  # the same, and nothing follows
    ENDED = "ended"
    REFUNDED = "refunded"  # the newest payment was given back
    DISPUTED = "disputed"  # the newest payment is fought over at the bank, or lost there


class Ruling(StrEnum):
    """How a dispute stands."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From ``since`` until before ``until``, both aware."""

    since: datetime
    until: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether ``moment`` lies within."""
        return self.since <= moment < self.until


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The subscription as the provider saw it ``at`` a moment. ``price`` is our price's number, where the provider tells it.

    ``period`` is the one being charged for; it opens nothing by itself. ``trial`` does, once a status says *trialing*.
    """

    at: datetime
    status: Status
    period: Span | None = None
    trial: Span | None = None
    cancels: bool = False  # at the end of the period
    cancelled_at: datetime | None = None
    ended_at: datetime | None = None
    resumes_at: datetime | None = None
    price: int | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """``invoice`` was paid ``at`` a moment, for ``period``. An invoice for several periods is several of these."""

    at: datetime
    invoice: str
    period: Span
    amount: int  # in minor units, tax included
    currency: str
    tax: int = 0
    number: str = ""
    url: str = ""  # of the provider's own receipt


@dataclass(frozen=True, slots=True)
class Failure:
    """``invoice`` could not be collected: for the ``attempt``-th time. ``needs_action``: the bank wants its customer to agree."""

    at: datetime
    invoice: str
    period: Span
    amount: int
    currency: str
    attempt: int = 1
    next_try: datetime | None = None
    needs_action: bool = False


@dataclass(frozen=True, slots=True)
class Refund:
    """``amount`` of ``invoice`` was given back (or, ``failed``, came back to us later)."""

    at: datetime
    refund: str
    invoice: str
    amount: int
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Dispute:
    """The bank took ``invoice``'s payment back on its holder's word, or ruled on it."""

    at: datetime
    dispute: str
    invoice: str
    ruling: Ruling = Ruling.OPEN


Fact = Snapshot | Payment | Failure | Refund | Dispute


@dataclass(frozen=True, slots=True)
class Paid:
    """An invoice that was paid, with what became of it. ``taken`` is when it was undone, None where it stands."""

    invoice: str
    at: datetime
    spans: tuple[Span, ...]
    amount: int
    currency: str
    tax: int
    number: str
    url: str
    refunded: int = 0
    disputed: bool = False
    taken: datetime | None = None

    @property
    def until(self) -> datetime:
        """The end of what it paid for."""
        return max(span.until for span in self.spans)

    @property
    def since(self) -> datetime:
        """The beginning of what it paid for."""
        return min(span.since for span in self.spans)


class Mail(StrEnum):
    """What a reader is told. The first five follow from facts; of the others tell calendar, card and ``billing.twice``."""

    WELCOME = "welcome"
    RECEIPT = "receipt"
    PAYMENT_FAILED = "payment_failed"
    CANCELLED = "cancelled"
    ENDED = "ended"
    RENEWAL = "renewal"
    CARD_EXPIRING = "card_expiring"
    PAID_TWICE = "paid_twice"


@dataclass(frozen=True, slots=True)
class Message:
    """A mail that ought to have been written; ``key`` tells two of a kind apart. Each is written once."""

    mail: Mail
    key: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that follows from a subscription's facts.

    ``stretches`` are the grants that ought to exist: disjoint, in order, with grace. ``first_until`` is where the first period
    ends (what a paying device is given). ``paid_until`` leaves grace out; ``renews`` is when the next payment is due, None where
    none is: a refund alone ends no collecting.
    """

    state: State
    stretches: tuple[Span, ...] = ()
    first_until: datetime | None = None
    paid_until: datetime | None = None
    grace_until: datetime | None = None
    renews: datetime | None = None
    trial: Span | None = None
    cancels: bool = False
    cancelled_at: datetime | None = None
    ended_at: datetime | None = None
    resumes_at: datetime | None = None
    price: int | None = None
    owed: Failure | None = None
    paid: tuple[Paid, ...] = ()

    @property
    def access_until(self) -> datetime | None:
        """When the last stretch ends; None where there never was one."""
        return self.stretches[-1].until if self.stretches else None

    def state_at(self, now: datetime) -> State:
        """The state as a page shows it at ``now``: what has run out says so, though no event told it yet."""
        if self.state == State.CANCELLING and (self.access_until is None or self.access_until <= now):
            return State.ENDED
        if self.state == State.TRIALING and self.trial is not None and self.trial.until <= now:
            return State.ACTIVE
        return self.state

    def opens_at(self, now: datetime) -> bool:
        """Whether the reader has access at ``now``."""
        return any(span.holds(now) for span in self.stretches)

    def messages(self) -> tuple[Message, ...]:
        """The mails that these facts call for, whether written already or not."""
        wanted = [Message(Mail.RECEIPT, paid.invoice) for paid in self.paid if paid.amount]
        if self.stretches:
            wanted.append(Message(Mail.WELCOME))
        if self.stretches and self.owed is not None and self.state == State.PAST_DUE:
            wanted.append(Message(Mail.PAYMENT_FAILED, f"{self.owed.invoice}:{self.owed.attempt}"))
        if self.stretches and self.state == State.CANCELLING:
            wanted.append(Message(Mail.CANCELLED, _second(self.cancelled_at)))
        if self.stretches and self.state == State.ENDED:
            wanted.append(Message(Mail.ENDED))
        if self.state in {State.REFUNDED, State.DISPUTED} and self.paid:
            # a refund and the end that goes with it are one piece of news
            wanted.append(Message(Mail.ENDED, max(self.paid, key=lambda p: (p.until, p.invoice)).invoice))
        return tuple(wanted)


def fold(facts: Iterable[Fact], *, grace: timedelta) -> Outcome:
    """What follows from ``facts``, in whatever order and however often each is given."""
    known = set(facts)
    latest = max((f for f in known if isinstance(f, Snapshot)), key=_newest, default=None)
    paid = _paid(known)
    trial = _trial([f for f in known if isinstance(f, Snapshot)], latest)

    last = max(paid, key=lambda p: (p.until, p.invoice), default=None)
    if last is not None and trial is not None and trial.until > last.until:
        last = None  # a trial reaches further: no payment has the last word
    horizon = last.until if last else trial.until if trial else None
    continuing = latest is not None and latest.status in {Status.TRIALING, Status.ACTIVE, Status.PAST_DUE} and not latest.cancels
    taken = last is not None and last.taken is not None

    open_spans = [cut for p in paid for span in p.spans if (cut := _until(span, p.taken))]
    if trial is not None:
        open_spans.append(trial)
    grace_span = None
    if horizon is not None and continuing and not taken and grace:
        grace_span = Span(horizon, horizon + grace)
    stretches = merge([*open_spans, *([grace_span] if grace_span else [])])
    owed = _owed(known, paid, latest, horizon)
    return Outcome(
        state=_state(latest, last, trial, owed, has_spans=bool(paid or trial)),
        stretches=stretches,
        first_until=min(open_spans, key=lambda span: (span.since, span.until)).until if open_spans else None,
        paid_until=max((span.until for span in open_spans), default=None),
        grace_until=grace_span.until if grace_span else None,
        renews=horizon if continuing else None,
        trial=trial,
        cancels=bool(latest and latest.cancels),
        cancelled_at=latest.cancelled_at if latest else None,
        ended_at=latest.ended_at if latest else None,
        resumes_at=latest.resumes_at if latest else None,
        price=latest.price if latest else None,
        owed=owed,
        paid=tuple(paid),
    )


def merge(spans: Iterable[Span]) -> tuple[Span, ...]:
    """``spans`` as the fewest disjoint ones, in order; those that touch become one, empty ones vanish."""
    merged: list[Span] = []
    for span in sorted(span for span in spans if span.since < span.until):
        if merged and span.since <= merged[-1].until:
            merged[-1] = Span(merged[-1].since, max(merged[-1].until, span.until))
        else:
            merged.append(span)
    return tuple(merged)


def news(facts: Iterable[Fact], known: Iterable[Fact]) -> bool:
    """Whether ``facts`` say anything that ``known`` do not. A snapshot that differs from the newest in its time alone does not.

    For looking things up: not every provider tells when a subscription last changed, and asking is no change.
    """
    ours = set(known)
    latest = max((f for f in ours if isinstance(f, Snapshot)), key=_newest, default=None)
    for fact in facts:
        if isinstance(fact, Snapshot) and latest is not None and replace(fact, at=latest.at) == latest:
            continue
        if fact not in ours:
            return True
    return False


_RANK = {status: rank for rank, status in enumerate(Status)}


def _newest(snapshot: Snapshot) -> tuple[object, ...]:
    # Providers stamp whole seconds: of two in one second the one further along is the later; beyond that any fixed order will do
    return (snapshot.at, _RANK[snapshot.status], snapshot.cancels, _text(snapshot))


def _text(fact: Fact) -> str:
    """A fact as text: an order for those that differ in nothing that matters."""
    return repr(fact)


def _second(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""


def _until(span: Span, taken: datetime | None) -> Span | None:
    """``span`` as far as it was had: up to the moment it was taken back."""
    until = span.until if taken is None else min(span.until, taken)
    return Span(span.since, until) if span.since < until else None


def _paid(known: set[Fact]) -> list[Paid]:
    payments: dict[str, list[Payment]] = {}
    for fact in known:
        if isinstance(fact, Payment) and fact.period.since < fact.period.until:
            payments.setdefault(fact.invoice, []).append(fact)
    refunds = _refunds(known)
    disputes = _disputes(known)
    paid = []
    for invoice, facts in payments.items():
        facts.sort(key=lambda f: (f.at, _text(f)))
        first, amount = facts[0], max(f.amount for f in facts)
        given_back, refunded_at = _given_back(refunds.get(invoice, ()), amount)
        disputed_at = disputes.get(invoice)
        paid.append(
            Paid(
                invoice=invoice,
                at=first.at,
                spans=merge(f.period for f in facts),
                amount=amount,
                currency=first.currency,
                tax=max(f.tax for f in facts),
                number=max(f.number for f in facts),
                url=max(f.url for f in facts),
                refunded=given_back,
                disputed=disputed_at is not None,
                taken=min((moment for moment in (refunded_at, disputed_at) if moment is not None), default=None),
            )
        )
    return sorted(paid, key=lambda p: (p.since, p.until, p.invoice))


def _refunds(known: set[Fact]) -> dict[str, list[Refund]]:
    """The refunds that stand, by invoice, oldest first. Of what is said of one refund the newest counts."""
    newest: dict[str, Refund] = {}
    for fact in known:
        if isinstance(fact, Refund):
            held = newest.get(fact.refund)
            if held is None or _refund_order(fact) > _refund_order(held):
                newest[fact.refund] = fact
    by_invoice: dict[str, list[Refund]] = {}
    for refund in sorted(newest.values(), key=lambda r: (r.at, r.refund)):
        if not refund.failed:
            by_invoice.setdefault(refund.invoice, []).append(refund)
    return by_invoice


def _refund_order(refund: Refund) -> tuple[object, ...]:
    return (refund.at, refund.failed, refund.amount, refund.invoice)


def _given_back(refunds: Sequence[Refund], amount: int) -> tuple[int, datetime | None]:
    """How much was given back, and when that came to the whole: part of a payment takes nothing away."""
    total = 0
    whole: datetime | None = None
    for refund in refunds:
        total += refund.amount
        if whole is None and amount and total >= amount:
            whole = refund.at
    return min(total, amount), whole


def _disputes(known: set[Fact]) -> dict[str, datetime]:
    """When a dispute first took each invoice's payment, for those that were not won."""
    by_dispute: dict[str, list[Dispute]] = {}
    for fact in known:
        if isinstance(fact, Dispute):
            by_dispute.setdefault(fact.dispute, []).append(fact)
    taken: dict[str, datetime] = {}
    for facts in by_dispute.values():
        newest = max(facts, key=lambda f: (f.at, f.ruling != Ruling.OPEN, f.ruling, f.invoice))
        if newest.ruling != Ruling.WON:
            opened = min(f.at for f in facts)
            taken[newest.invoice] = min(taken.get(newest.invoice, opened), opened)
    return taken


def _trial(snapshots: Sequence[Snapshot], latest: Snapshot | None) -> Span | None:
    """The trial as the newest snapshot that knows one has it; ended with the subscription, for nothing was paid for it."""
    if latest is None or not any(s.status == Status.TRIALING for s in snapshots):
        return None
    newest = max((s for s in snapshots if s.trial is not None), key=_newest, default=None)
    if newest is None or newest.trial is None:
        return None
    return _until(newest.trial, latest.ended_at if latest.status == Status.ENDED else None)


def _owed(known: set[Fact], paid: Sequence[Paid], latest: Snapshot | None, horizon: datetime | None) -> Failure | None:
    """The payment that failed and is still asked for: for what lies beyond everything paid for."""
    settled = {p.invoice for p in paid}
    failures = [
        f for f in known if isinstance(f, Failure) and f.invoice not in settled and (horizon is None or f.period.until > horizon)
    ]
    if latest is None or latest.status == Status.ENDED:
        return None
    return max(failures, key=lambda f: (f.period.until, f.attempt, f.at, _text(f)), default=None)


def _state(latest: Snapshot | None, last: Paid | None, trial: Span | None, owed: Failure | None, *, has_spans: bool) -> State:
    """The first that holds."""
    status = latest.status if latest else Status.ACTIVE
    if last is not None and last.taken is not None:
        return State.DISPUTED if last.disputed else State.REFUNDED
    if status == Status.ENDED:
        return State.ENDED
    if not has_spans:
        return State.STARTING
    if status == Status.PAUSED:
        return State.PAUSED
    if owed is not None or (status == Status.PAST_DUE and _unpaid(latest, last, trial)):
        return State.PAST_DUE
    if latest is not None and latest.cancels:
        return State.CANCELLING
    return State.TRIALING if last is None and status in {Status.TRIALING, Status.STARTING} else State.ACTIVE


def _unpaid(latest: Snapshot | None, last: Paid | None, trial: Span | None) -> bool:
    """Whether the period the provider charges for now is not paid for: a payment may be known before the status that follows."""
    until = last.until if last else trial.until if trial else None
    if latest is None or until is None:
        return True
    if latest.period is None:
        return last is None or last.at < latest.at
    return latest.period.until > until
