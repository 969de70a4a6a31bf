"""What the account says of a reader's subscriptions: what they are in plain words, what may be done, what was paid.

Everything is read off the copies that billing keeps; a page of the account asks no provider.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from masthead.billing import dates, money, services, twice
from masthead.billing.lifecycle import State
from masthead.billing.models import Invoice, Price, Subscription
from masthead.core import clock
from masthead.core.models import Publication
from masthead.core.timezones import zone as zone_called
from masthead.readers.models import Reader

MOST_RECEIPTS = 120  # ten years of months
PAUSES = (1, 2, 3)  # months
# Reasons are picked, not written: the log that keeps them outlives the account and may hold nothing about a person.
REASONS = {
    "price": "It costs too much",
    "time": "I read too little of it",
    "missing": "I did not find what I hoped for",
    "trouble": "Something did not work",
    "other": "Something else",
}
_WRONG = {State.STARTING, State.PAST_DUE, State.REFUNDED, State.DISPUTED}
_PAID_STATES = {
    Invoice.State.PAID: "paid",
    Invoice.State.FAILED: "not collected",
    Invoice.State.REFUNDED: "given back",
    Invoice.State.DISPUTED: "disputed with the bank",
}


@dataclass(frozen=True, slots=True)
class Words:
    """How the publication writes days and amounts."""

    locale: str
    zone: ZoneInfo

    def day(self, moment: datetime | None) -> str:
        """The day of ``moment`` where the publication is, in words."""
        return dates.shown(moment.astimezone(self.zone).date(), self.locale) if moment else ""

    def amount(self, amount: int, currency: str) -> str:
        """An amount with all its digits, as receipts have it."""
        return money.exact(amount, currency, self.locale)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment, as the account lists it and its receipt tells it."""

    id: int
    number: str
    plan: str
    day: str
    amount: str
    state: str
    paid: bool
    since: str
    until: str
    tax: str
    refunded: str
    kept: str  # what is left of it after refunds
    url: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """One subscription in plain words. ``wrong``: something needs the reader's attention."""

    subject: str
    plan: str
    price: str
    word: str
    sentence: str
    wrong: bool
    next_amount: str
    next_day: str
    until: str
    card: str
    card_expires: date | None
    may_cancel: bool
    may_resume: bool
    may_pause: bool
    may_change: bool
    may_change_card: bool
    over: bool
    resume: str  # the button that takes a cancellation or a pause back
    resumed: str  # what is collected then, and when: said before the press
    give_back: str  # of one that runs on top of another: what its button gives back
    deleted: str  # what becomes of it with the account


@dataclass(frozen=True, slots=True)
class Change:
    """Another price to change to: what it costs, and when that takes effect."""

    id: int
    plan: str
    rate: str
    interval: str
    shown: str
    when: str


def words() -> Words:
    """The publication's way of writing."""
    publication = Publication.load()
    return Words(publication.language, zone_called(publication.timezone))


def of(reader: Reader) -> list[Subscribed]:
    """``reader``'s subscriptions: all that run, or else the one that ended last."""
    told = words()
    on_top = {found.second.pk for found in twice.of(reader)}
    said = [_said(row, told, on_top=row.pk in on_top) for row in services.held_by(reader).subscriptions]
    running = [one for one in said if not one.over]
    return running or said[:1]


def one(subscription: Subscription) -> Subscribed:
    """``subscription`` in plain words."""
    return _said(subscription, words())


def receipts(reader: Reader) -> list[Receipt]:
    """What ``reader`` paid or was asked for, newest first."""
    rows = Invoice.objects.filter(subscription__reader=reader).select_related("subscription__price__plan").order_by("-at", "-pk")
    return [receipt(row) for row in rows[:MOST_RECEIPTS]]


def receipt(row: Invoice) -> Receipt:
    """One payment in words."""
    told = words()
    price = row.subscription.price
    partly = 0 < row.refunded < row.amount
    return Receipt(
        id=row.pk,
        number=row.number or row.external_id,
        plan=price.plan.name if price else "All-Access",
        day=told.day(row.at),
        amount=told.amount(row.amount, row.currency),
        state="given back in part" if partly else _PAID_STATES[Invoice.State(row.state)],
        paid=row.state != Invoice.State.FAILED,
        since=told.day(row.since),
        until=told.day(row.until),
        tax=told.amount(row.tax, row.currency) if row.tax else "",
        refunded=told.amount(row.refunded, row.currency) if row.refunded else "",
        kept=told.amount(row.amount - row.refunded, row.currency),
        # the provider's own, where it is one that may be linked
        url=row.url if row.url.startswith("https://") else "",
    )


def changes(subscription: Subscription) -> list[Change]:
    """The prices on sale that ``subscription`` may change to."""
    now = subscription.price
    if now is None or not one(subscription).may_change:
        return []
    told = words()
    offered = Price.objects.filter(active=True, plan__active=True, currency=now.currency).exclude(pk=now.pk)
    return [
        Change(
            id=price.pk,
            plan=price.plan.name,
            rate="" if price.rate == Price.Rate.STANDARD else price.get_rate_display().capitalize(),
            interval=price.interval,
            shown=_each(price, told.locale),
            when=_when(subscription, now, price, told),
        )
        for price in sorted(offered.select_related("plan"), key=lambda price: price.rate != Price.Rate.STANDARD)
    ]


def _when(subscription: Subscription, now: Price, price: Price, told: Words) -> str:
    """When the change takes effect, and what is paid then. Providers reckon days differently; none collects more than this."""
    amount = told.amount(price.amount, price.currency)
    due = told.day(subscription.renews)
    if subscription.state == State.TRIALING:
        return f"It takes effect now. Nothing is collected before your trial ends on {due}; then {amount}."
    if price.interval == now.interval:
        return f"It takes effect with the next payment, on {due}: {amount}, the difference for the days until then reckoned in."
    if price.interval == Price.Interval.YEAR:
        return (
            f"It takes effect today: the first year is collected now, {amount} at most. What you have paid to {due} is not lost: "
            "it is taken off, or the year begins after it."
        )
    return f"Nothing is collected today. What you have paid is used up first; after that {amount} a month."


def next_amount(subscription: Subscription) -> int | None:
    """What the next payment comes to, introductions and offers reckoned in; None where nobody can say, or none is to come."""
    return None if subscription.renews is None else _amount_if_it_goes_on(subscription)


def _amount_if_it_goes_on(subscription: Subscription) -> int | None:
    price, checkout = subscription.price, subscription.checkout
    if price is None:
        return None
    paid = Invoice.objects.filter(subscription=subscription).exclude(state=Invoice.State.FAILED).count()
    bought = checkout is not None and checkout.price_id == price.pk
    amount = price.first_amount if bought and price.first_amount is not None and paid < price.first_payments else price.amount
    offer = checkout.promotion.offer if checkout is not None and checkout.promotion is not None else None
    if offer is not None and (offer.payments is None or paid < offer.payments):
        amount -= (amount * offer.percent + 99) // 100 + (offer.amount if offer.currency in ("", price.currency) else 0)
    return max(0, amount)


def _each(price: Price, locale: str) -> str:
    return f"{money.shown(price.amount, price.currency, locale)} a {price.interval}"


def _said(row: Subscription, told: Words, *, on_top: bool = False) -> Subscribed:
    now = clock.now()
    state = State(row.state)
    opens = row.access_until is not None and row.access_until > now
    amount = next_amount(row)
    due = told.amount(amount, row.price.currency) if amount is not None and row.price else ""
    customer = row.customer
    monthly = row.price is not None and row.price.interval == Price.Interval.MONTH
    # given back or disputed and ended since: the payment has the word, but nothing follows
    ended = state == State.ENDED or (state in {State.REFUNDED, State.DISPUTED} and row.renews is None)
    word, sentence = _in_words(row, state, told, due, opens)
    # "ended" with days left of what was paid for is still told with those that run
    return Subscribed(
        subject=row.subject,
        plan=row.price.plan.name if row.price else "All-Access",
        price=_each(row.price, told.locale) if row.price else "",
        word=word,
        sentence=sentence,
        wrong=state in _WRONG,
        next_amount=due,
        next_day=told.day(row.renews),
        until=told.day(row.paid_until),
        card=f"{customer.card_brand} ending in {customer.card_last4}" if customer and customer.card_last4 else "",
        card_expires=customer.card_expires if customer else None,
        may_cancel=not ended and (row.renews is not None or state in {State.PAUSED, State.STARTING}),
        may_resume=state in {State.CANCELLING, State.PAUSED},
        may_pause=state == State.ACTIVE and monthly,
        may_change=state in {State.ACTIVE, State.TRIALING},
        may_change_card=not ended and customer is not None and state != State.CANCELLING,
        over=ended and not opens,
        **_resuming(row, state, told),
        give_back=_giving_back(row, told) if on_top else "",
        deleted=_deleting(row, state, told),
    )


def _resuming(row: Subscription, state: State, told: Words) -> dict[str, str]:
    """What taking a cancellation or a pause back brings: where nothing is paid for any more, a payment at once."""
    if state not in {State.CANCELLING, State.PAUSED}:
        return {"resume": "", "resumed": ""}
    amount = _amount_if_it_goes_on(row)
    sum_ = told.amount(amount, row.price.currency) if amount is not None and row.price else ""
    if row.paid_until is None or row.paid_until > clock.now():
        word = "Resume now" if state == State.PAUSED else "Keep it after all"
        then = "If you resume, nothing" if state == State.PAUSED else "If you keep it, nothing"
        due = told.day(row.paid_until)
        later = f" The next payment{f', {sum_},' if sum_ else ''} is then on {due}." if due else ""
        return {"resume": word, "resumed": f"{then} is collected today.{later}"}
    collected = sum_ or "the next payment"
    every = row.price.interval if row.price else "period"
    return {
        "resume": f"Resume and pay {sum_} now" if sum_ else "Resume and pay now",
        "resumed": "What you had paid for is used up. "
        f"If you resume, {collected} is collected at once, for a {every} from today.",
    }


def _giving_back(row: Subscription, told: Words) -> str:
    paid = row.invoices.filter(state=Invoice.State.PAID).order_by("-at", "-pk").first()
    if paid is None or paid.refunded >= paid.amount:
        return "It ends at once. Nothing was collected for it that could be given back."
    left = told.amount(paid.amount - paid.refunded, paid.currency)
    return f"It ends at once, and {left} goes back to the card it was paid with. Your other subscription goes on."


def _deleting(row: Subscription, state: State, told: Words) -> str:
    """What deleting the account does to a subscription that still collects, or that still opens."""
    plan = row.price.plan.name if row.price else "All-Access"
    opens = row.access_until is not None and row.access_until > clock.now()
    rest = f" What you have paid for until {told.day(row.paid_until)} is lost, and nothing is given back for it." if opens else ""
    if row.renews is None and state not in {State.PAUSED, State.STARTING}:
        return f"Your subscription ({plan}) collects nothing any more.{rest}" if opens else ""
    return f"Your subscription ({plan}) is cancelled at once: within minutes, and nothing more is collected from then on.{rest}"


def _in_words(row: Subscription, state: State, told: Words, due: str, opens: bool) -> tuple[str, str]:
    until, paid = told.day(row.access_until), told.day(row.paid_until)
    next_payment = f"The next payment{f', {due},' if due else ''} is on {told.day(row.renews)}."
    if row.renews is not None and row.renews <= clock.now():  # due, and its outcome not known yet: an hour, as a rule
        next_payment = f"The next payment{f', {due},' if due else ''} is being collected now."
    match state:
        case State.STARTING:
            waits = "The first payment is not through yet: your bank may want you to agree to it, or another card is needed."
            return "Waiting for the payment", waits
        case State.TRIALING:
            return "On trial", f"Everything is open to you. {next_payment} Cancel before, and nothing is collected."
        case State.ACTIVE:
            return "Running", f"Everything is open to you. {next_payment}" if row.renews else "Everything is open to you."
        case State.PAST_DUE:
            kept = f"Everything stays open until {until}." if opens else "Until it is, nothing is open through it."
            missing = f"The payment due on {told.day(row.renews)} could not be collected."
            return "A payment is missing", f"{missing} {kept} Please check the card, or give another."
        case State.PAUSED:
            back = f"until {told.day(row.resumes_at)}" if row.resumes_at else "until you resume"
            kept = f"What you have paid for stays open until {paid}." if opens else "Until then nothing is open through it."
            return "Paused", f"Nothing is collected {back}. {kept}"
        case State.CANCELLING:
            return "Cancelled", f"Everything stays open until {paid}, and nothing more is collected."
        case State.REFUNDED:
            more = f" {next_payment}" if row.renews else ""
            return "Given back", f"The newest payment was given back to you, so it opens nothing any more.{more}"
        case State.DISPUTED:
            return (
                "Disputed",
                "Your bank took the newest payment back, so it opens nothing. If you did not ask for that, tell your bank to "
                "withdraw it, and everything opens again.",
            )
        case _:
            kept = f"What you paid for stays open until {paid}." if opens else "Nothing is collected."
            return "Ended", f"It ended{f' on {told.day(row.ended_at)}' if row.ended_at else ''}. {kept}"
