"""The sandbox's books: what happens to a customer who pays nothing, and the events that tell of it.

Every function changes the books in one transaction of its own and returns the events, as a provider elsewhere would have them; it
knows nothing of our tables. Numbers and moments written to the books are those of the events, so that what is looked up later
says the same as what was told.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from masthead.billing import facts
from masthead.billing.lifecycle import Dispute, Fact, Failure, Payment, Refund, Ruling, Snapshot, Span, Status
from masthead.billing.providers import Card, Order, ProviderError, ProviderEvent, seen
from masthead.billing.providers.sandbox.models import Thing
from masthead.core import clock

SESSION, CUSTOMER, SUBSCRIPTION, INVOICE, EVENT, ASKED = "session", "customer", "subscription", "invoice", "event", "asked"
SESSION_LIFE = timedelta(hours=23)


def number(prefix: str) -> str:
    """A number as providers make them."""
    return f"{prefix}_sandbox_{secrets.token_hex(10)}"


def _now() -> datetime:
    return clock.now().replace(microsecond=0)


def _locked(kind: str, name: str) -> Thing:
    try:
        return Thing.objects.select_for_update().get(kind=kind, number=name)
    except Thing.DoesNotExist:
        raise ProviderError(f"the sandbox has no {kind} {name}") from None


def _add(kind: str, name: str, data: dict[str, Any], subscription: str = "") -> Thing:
    return Thing.objects.create(kind=kind, number=name, subscription=subscription, data=data, created=_now())


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _span(pair: list[str] | None) -> Span | None:
    return Span(datetime.fromisoformat(pair[0]), datetime.fromisoformat(pair[1])) if pair else None


def _pair(span: Span) -> list[str]:
    return [span.since.isoformat(), span.until.isoformat()]


# --- checkouts


def session_for(order: Order) -> Thing:
    """The session of ``order``, made where there is none: its number follows from the reference, so that there is only one."""
    name = f"cs_sandbox_{order.reference}"
    data = {
        "reference": order.reference,
        "price": order.price,
        "plan": order.plan,
        "amount": order.amount,
        "currency": order.currency,
        "interval": order.interval,
        "address": order.address,
        "customer": order.customer,
        "trial_days": order.trial_days,
        "first_amount": order.first_amount,
        "first_payments": order.first_payments,
        "percent_off": order.discount.percent if order.discount else 0,
        "amount_off": order.discount.amount if order.discount else 0,
        "payments_off": order.discount.payments if order.discount else 0,
        "code": order.discount.code if order.discount else "",
        "locale": order.locale,
        "return_url": order.return_url,
        "cancel_url": order.cancel_url,
        "expires": (order.expires or _now() + SESSION_LIFE).isoformat(),
        "state": "open",
    }
    with transaction.atomic():
        row, _ = Thing.objects.get_or_create(number=name, defaults={"kind": SESSION, "data": data, "created": _now()})
    return row


def session(name: str) -> Thing | None:
    """The session ``name``."""
    return Thing.objects.filter(kind=SESSION, number=name).first()


def pay(name: str) -> list[ProviderEvent]:
    """The buyer pays: a customer, a subscription and, but in a trial, a payment. Pressed twice, it is paid once."""
    with transaction.atomic():
        row = _locked(SESSION, name)
        if row.data["state"] != "open":
            return []
        if datetime.fromisoformat(row.data["expires"]) <= _now():
            raise ProviderError("this checkout has run out")
        now = _now()
        customer = row.data["customer"] or number("cus")
        if not Thing.objects.filter(number=customer).exists():
            card = {"brand": "Sandbox card", "last4": "4242", "expires": date(now.year + 3, 12, 31).isoformat()}
            _add(CUSTOMER, customer, {"address": row.data["address"], "card": card, "declines": False})
        subscription = number("sub")
        trial = Span(now, now + timedelta(days=row.data["trial_days"])) if row.data["trial_days"] else None
        period = trial or Span(now, _later(now, row.data["interval"]))
        data = {
            **{key: row.data[key] for key in ("reference", "price", "plan", "amount", "currency", "interval", "address")},
            **{key: row.data[key] for key in ("first_amount", "first_payments", "percent_off", "amount_off", "payments_off")},
            "customer": customer,
            "status": Status.TRIALING if trial else Status.ACTIVE,
            "period": _pair(period),
            "trial": _pair(trial) if trial else None,
            "anchor": now.isoformat(),
            "payments": 0,
            "cancels": False,
            "cancelled_at": None,
            "ended_at": None,
            "resumes_at": None,
            "updated": now.isoformat(),
        }
        thing = _add(SUBSCRIPTION, subscription, data, subscription)
        row.data |= {"state": "paid", "subscription": subscription, "customer": customer}
        row.subscription = subscription
        row.save(update_fields=["data", "subscription"])
        events = [_told(thing, "checkout.completed", _snapshot(thing), card=_card(customer))]
        if trial is None:
            events.append(_told(thing, "invoice.paid", _charge(thing, period)))
        return events


def decline(name: str) -> None:
    """The buyer's card says no: nothing is made, and the checkout stays open."""
    with transaction.atomic():
        row = _locked(SESSION, name)
        row.data["declined"] = row.data.get("declined", 0) + 1
        row.save(update_fields=["data"])


def expire(name: str) -> None:
    """Nobody pays in the session ``name`` any more; one that is paid stays so."""
    with transaction.atomic():
        row = _locked(SESSION, name)
        if row.data["state"] == "open" and datetime.fromisoformat(row.data["expires"]) > _now():
            row.data["expires"] = _now().isoformat()
            row.save(update_fields=["data"])


def _later(moment: datetime, interval: str) -> datetime:
    """A month or year later, on the same day or the month's last."""
    months = moment.month - 1 + (12 if interval == "year" else 1)
    year, month = moment.year + months // 12, months % 12 + 1
    for day in range(moment.day, 27, -1):
        try:
            return moment.replace(year=year, month=month, day=day)
        except ValueError:
            continue
    return moment.replace(year=year, month=month, day=min(moment.day, 28))


# --- what a subscription is, and what it says


def _snapshot(thing: Thing) -> Snapshot:
    data = thing.data
    at = _moment(data["updated"])
    if at is None:
        raise ProviderError("the sandbox's books are torn")
    return Snapshot(
        at=at,
        status=Status(data["status"]),
        period=_span(data["period"]),
        trial=_span(data["trial"]),
        cancels=data["cancels"],
        cancelled_at=_moment(data["cancelled_at"]),
        ended_at=_moment(data["ended_at"]),
        resumes_at=_moment(data["resumes_at"]),
        price=data["price"],
    )


def _card(customer: str) -> Card | None:
    row = Thing.objects.filter(kind=CUSTOMER, number=customer).first()
    if row is None:
        return None
    card = row.data["card"]
    return Card(card["brand"], card["last4"], date.fromisoformat(card["expires"]))


def _told(thing: Thing, kind: str, *what: Fact, card: Card | None = None, expiring: bool = False) -> ProviderEvent:
    """An event, kept so that it can be sent again."""
    event = ProviderEvent(
        id=number("evt"),
        at=_now(),
        kind=kind,
        facts=what,
        subscription=thing.number,
        customer=thing.data["customer"],
        reference=thing.data["reference"],
        card=card,
        card_expiring=expiring,
    )
    _add(EVENT, event.id, {"body": body_of(event), "kind": kind, "sent": False}, thing.number)
    return event


def body_of(event: ProviderEvent) -> str:
    """``event`` as the sandbox sends it."""
    card = event.card
    return json.dumps(
        {
            "id": event.id,
            "created": event.at.isoformat(),
            "type": event.kind,
            "reference": event.reference,
            "customer": event.customer,
            "subscription": event.subscription,
            "facts": facts.to_json(event.facts),
            "card": {"brand": card.brand, "last4": card.last4, "expires": card.expires.isoformat()} if card else None,
            "card_expiring": event.card_expiring,
            "sandbox": True,
        },
        separators=(",", ":"),
    )


def event_of(body: str) -> ProviderEvent:
    """What :func:`body_of` wrote."""
    data = json.loads(body)
    card = data["card"]
    return ProviderEvent(
        id=data["id"],
        at=datetime.fromisoformat(data["created"]),
        kind=data["type"],
        facts=tuple(facts.from_json(data["facts"])),
        subscription=data["subscription"],
        customer=data["customer"],
        reference=data["reference"],
        card=Card(card["brand"], card["last4"], date.fromisoformat(card["expires"])) if card else None,
        card_expiring=data["card_expiring"],
    )


def _change(thing: Thing, **data: Any) -> None:
    # a moment later than the last change, though it be the same second: the newest snapshot is told by its time
    before = datetime.fromisoformat(thing.data["updated"])
    after = max(_now(), before + timedelta(seconds=1))
    thing.data |= {**data, "updated": after.isoformat()}
    thing.save(update_fields=["data"])


# --- money


def _due(thing: Thing) -> int:
    """What the next payment comes to."""
    data = thing.data
    done = data["payments"]
    amount = data["amount"]
    if data["first_amount"] is not None and done < data["first_payments"]:
        amount = data["first_amount"]
    if data["payments_off"] is None or done < data["payments_off"]:
        amount -= (amount * data["percent_off"] + 99) // 100 + data["amount_off"]
    return max(0, int(amount))


def _charge(thing: Thing, period: Span, invoice: Thing | None = None) -> Payment:
    """Collect for ``period``; returns the payment. ``invoice`` is one that failed before."""
    now = _now()
    amount = invoice.data["amount"] if invoice else _due(thing)
    name = invoice.number if invoice else number("in")
    payments = thing.data["payments"] + 1
    payment = Payment(
        at=now,
        invoice=name,
        period=period,
        amount=amount,
        currency=thing.data["currency"],
        number=f"SANDBOX-{thing.number[-6:].upper()}-{payments:04}",
    )
    data = {"paid": facts.to_json([payment])[0], "amount": amount, "period": _pair(period), "refunds": [], "disputes": []}
    if invoice:
        invoice.data |= data
        invoice.save(update_fields=["data"])
    else:
        _add(INVOICE, name, data, thing.number)
    thing.data["payments"] = payments
    thing.save(update_fields=["data"])
    return payment


def _next(thing: Thing) -> Span:
    period = _span(thing.data["period"])
    if period is None:
        raise ProviderError("the sandbox's books are torn")
    return Span(period.until, _later(period.until, thing.data["interval"]))


def _open_invoice(thing: Thing) -> Thing | None:
    rows = Thing.objects.filter(kind=INVOICE, subscription=thing.number).order_by("-pk")
    return next((row for row in rows if "paid" not in row.data), None)


def renew(subscription: str) -> list[ProviderEvent]:
    """The next period is paid for; or what is owed is."""
    with transaction.atomic():
        thing = _locked(SUBSCRIPTION, subscription)
        _running(thing)
        owed = _open_invoice(thing)
        period = _span(thing.data["period"]) if owed else _next(thing)
        if period is None:
            raise ProviderError("the sandbox's books are torn")
        payment = _charge(thing, period, owed)
        _change(thing, status=Status.ACTIVE, period=_pair(period))
        # as providers do: the payment is told before the status that follows from it, or after
        return [_told(thing, "invoice.paid", payment), _told(thing, "subscription.updated", _snapshot(thing))]


def fail(subscription: str, *, needs_action: bool = False) -> list[ProviderEvent]:
    """The next period's payment is refused, or what is owed is refused once more."""
    with transaction.atomic():
        thing = _locked(SUBSCRIPTION, subscription)
        _running(thing)
        now = _now()
        invoice = _open_invoice(thing)
        if invoice is None:
            period = _next(thing)
            invoice = _add(INVOICE, number("in"), {"amount": _due(thing), "period": _pair(period), "failures": []}, thing.number)
            _change(thing, status=Status.PAST_DUE, period=_pair(period))
        period = _span(invoice.data["period"]) or _next(thing)
        failure = Failure(
            at=now,
            invoice=invoice.number,
            period=period,
            amount=invoice.data["amount"],
            currency=thing.data["currency"],
            attempt=len(invoice.data["failures"]) + 1,
            next_try=now + timedelta(days=3),
            needs_action=needs_action,
        )
        invoice.data["failures"].append(facts.to_json([failure])[0])
        invoice.save(update_fields=["data"])
        return [_told(thing, "invoice.payment_failed", failure), _told(thing, "subscription.updated", _snapshot(thing))]


def _running(thing: Thing) -> None:
    if thing.data["status"] == Status.ENDED:
        raise ProviderError("that subscription has ended")


def _invoice_of(thing: Thing, name: str | None) -> Thing:
    rows = Thing.objects.select_for_update().filter(kind=INVOICE, subscription=thing.number).order_by("-pk")
    for row in rows:
        if "paid" in row.data and (name is None or row.number == name):
            return row
    raise ProviderError("there is no such payment")


def refund(subscription: str, *, invoice: str | None = None, amount: int | None = None) -> list[ProviderEvent]:
    """Give back ``amount`` of ``invoice`` (None: of the newest; all that is left)."""
    with transaction.atomic():
        thing = _locked(SUBSCRIPTION, subscription)
        row = _invoice_of(thing, invoice)
        left = row.data["amount"] - sum(facts_of["amount"] for facts_of in row.data["refunds"])
        if left <= 0 or (amount is not None and amount > left):
            raise ProviderError("there is nothing left to give back")
        given = Refund(_now(), number("re"), row.number, left if amount is None else amount)
        row.data["refunds"].append(facts.to_json([given])[0])
        row.save(update_fields=["data"])
        return [_told(thing, "charge.refunded", given)]


def refund_once(subscription: str, *, invoice: str, amount: int | None, key: str) -> list[ProviderEvent]:
    """:func:`refund`, once for each ``key``."""
    return _asked(key, subscription, lambda thing: refund(subscription, invoice=invoice, amount=amount))


def dispute(subscription: str, *, ruling: Ruling = Ruling.OPEN) -> list[ProviderEvent]:
    """The bank takes the newest payment back; or rules on the dispute there is."""
    with transaction.atomic():
        thing = _locked(SUBSCRIPTION, subscription)
        row = _invoice_of(thing, None)
        held = [f for f in facts.from_json(row.data["disputes"]) if isinstance(f, Dispute)]
        if (ruling == Ruling.OPEN) == bool(held):
            raise ProviderError("there is a dispute already" if held else "there is no dispute to rule on")
        at = max([_now(), *(f.at + timedelta(seconds=1) for f in held)])
        fact = Dispute(at, held[0].dispute if held else number("dp"), row.number, ruling)
        row.data["disputes"].append(facts.to_json([fact])[0])
        row.save(update_fields=["data"])
        return [_told(thing, f"dispute.{ruling}", fact)]


# --- its life


def _asked(key: str, subscription: str, do: Callable[[Thing], list[ProviderEvent]]) -> list[ProviderEvent]:
    """``do``, once for each ``key``; asked again it answers the same."""
    with transaction.atomic():
        thing = _locked(SUBSCRIPTION, subscription)
        name = f"asked:{key}"[:80]
        before = Thing.objects.filter(kind=ASKED, number=name).first() if key else None
        if before is not None:
            return [event_of(body) for body in before.data["bodies"]]
        events = do(thing)
        if key:
            _add(ASKED, name, {"bodies": [body_of(event) for event in events]}, subscription)
        return events


def cancel(subscription: str, *, at_period_end: bool, key: str = "") -> list[ProviderEvent]:
    """Let it end with its period, or at once."""

    def do(thing: Thing) -> list[ProviderEvent]:
        if thing.data["status"] == Status.ENDED:
            return [_told(thing, "subscription.deleted", _snapshot(thing))]
        now = _now().isoformat()
        if at_period_end:
            _change(thing, cancels=True, cancelled_at=now)
            return [_told(thing, "subscription.updated", _snapshot(thing))]
        _change(thing, status=Status.ENDED, cancelled_at=thing.data["cancelled_at"] or now, ended_at=now)
        return [_told(thing, "subscription.deleted", _snapshot(thing))]

    return _asked(key, subscription, do)


def resume(subscription: str, *, key: str = "") -> list[ProviderEvent]:
    """Take a cancellation or a pause back."""

    def do(thing: Thing) -> list[ProviderEvent]:
        _running(thing)
        status = thing.data["status"]
        period = _span(thing.data["period"])
        if status == Status.PAUSED and period is not None and period.until < _now():
            # nothing is collected for the time it was paused: the next period begins now
            thing.data["period"] = _pair(Span(_now(), _now()))
        _change(
            thing,
            cancels=False,
            cancelled_at=None,
            resumes_at=None,
            status=Status.ACTIVE if status == Status.PAUSED else status,
        )
        return [_told(thing, "subscription.updated", _snapshot(thing))]

    return _asked(key, subscription, do)


def pause(subscription: str, *, until: datetime | None, key: str = "") -> list[ProviderEvent]:
    """Collect nothing until ``until``."""

    def do(thing: Thing) -> list[ProviderEvent]:
        _running(thing)
        _change(thing, status=Status.PAUSED, resumes_at=until.isoformat() if until else None)
        return [_told(thing, "subscription.updated", _snapshot(thing))]

    return _asked(key, subscription, do)


def change_price(
    subscription: str, *, price: int, plan: str, amount: int, currency: str, interval: str, key: str = ""
) -> list[ProviderEvent]:
    """Another price from the next payment on; where the interval grows, the longer period is paid for now."""

    def do(thing: Thing) -> list[ProviderEvent]:
        _running(thing)
        longer = interval == "year" and thing.data["interval"] == "month"
        thing.data |= {"price": price, "plan": plan, "amount": amount, "currency": currency, "interval": interval}
        events = []
        if longer and thing.data["status"] != Status.TRIALING:
            period = _next(thing)
            payment = _charge(thing, period)
            thing.data["period"] = _pair(period)
            events.append(_told(thing, "invoice.paid", payment))
        _change(thing)
        return [*events, _told(thing, "subscription.updated", _snapshot(thing))]

    return _asked(key, subscription, do)


def card(subscription: str, *, expiring: bool) -> list[ProviderEvent]:
    """The card is about to expire, or there is a new one (with which what is owed is paid)."""
    with transaction.atomic():
        thing = _locked(SUBSCRIPTION, subscription)
        customer = _locked(CUSTOMER, thing.data["customer"])
        now = _now()
        last = date(now.year, now.month, 28) if expiring else date(now.year + 4, 12, 31)
        digits = customer.data["card"]["last4"] if expiring else f"{secrets.randbelow(9000) + 1000}"
        customer.data["card"] = {"brand": "Sandbox card", "last4": digits, "expires": last.isoformat()}
        customer.save(update_fields=["data"])
        kind = "card.expiring" if expiring else "card.updated"
        events = [_told(thing, kind, card=_card(customer.number), expiring=expiring)]
        owes = not expiring and _open_invoice(thing) is not None and thing.data["status"] != Status.ENDED
        return events + (renew(subscription) if owes else [])


def time_passes() -> list[ProviderEvent]:
    """What the calendar makes due: cancelled subscriptions end, pauses are over, others are renewed. A step at a time."""
    events: list[ProviderEvent] = []
    now = clock.now()
    for thing in Thing.objects.filter(kind=SUBSCRIPTION).exclude(data__status=Status.ENDED.value):
        period = _span(thing.data["period"])
        resumes = _moment(thing.data["resumes_at"])
        if thing.data["status"] == Status.PAUSED:
            if resumes is not None and resumes <= now:
                events += resume(thing.number)
        elif period is not None and period.until <= now and thing.data["status"] != Status.PAST_DUE:
            events += _ends(thing.number, period.until) if thing.data["cancels"] else renew(thing.number)
    return events


def _ends(subscription: str, at: datetime) -> list[ProviderEvent]:
    with transaction.atomic():
        thing = _locked(SUBSCRIPTION, subscription)
        _change(thing, status=Status.ENDED, ended_at=at.isoformat())
        return [_told(thing, "subscription.deleted", _snapshot(thing))]


# --- looking up


def look_up(subscription: str) -> list[ProviderEvent]:
    """All that is so of ``subscription``, as one event for each thing that says it."""
    thing = Thing.objects.filter(kind=SUBSCRIPTION, number=subscription).first()
    if thing is None:
        raise ProviderError(f"the sandbox has no subscription {subscription}")
    found: list[tuple[str, tuple[Fact, ...]]] = [(thing.number, (_snapshot(thing),))]
    if thing.data["trial"]:
        # the trial's own snapshot is told once more: what it opened does not follow from what is so now
        trial = _span(thing.data["trial"])
        began = Snapshot(trial.since, Status.TRIALING, period=trial, trial=trial, price=thing.data["price"]) if trial else None
        found += [(f"{thing.number}:trial", (began,))] if began else []
    for row in Thing.objects.filter(kind=INVOICE, subscription=subscription).order_by("pk"):
        data = row.data
        said = [*data.get("failures", []), *([data["paid"]] if "paid" in data else [])]
        said += [*data.get("refunds", []), *data.get("disputes", [])]
        found.append((row.number, tuple(facts.from_json(said))))
    return [
        ProviderEvent(
            id=seen("looked up", name, what),
            at=max(fact.at for fact in what),
            kind="looked up",
            facts=what,
            subscription=thing.number,
            customer=thing.data["customer"],
            reference=thing.data["reference"],
            card=_card(thing.data["customer"]),
        )
        for name, what in found
        if what
    ]
