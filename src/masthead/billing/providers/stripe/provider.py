"""Stripe as a provider: Checkout and Portal take the money, webhooks tell, and the API is asked where they say too little."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import stripe
from django.conf import settings

from masthead.billing.lifecycle import Fact
from masthead.billing.providers import (
    TOLERANCE,
    Begun,
    Card,
    Order,
    ProviderError,
    ProviderEvent,
    Purpose,
    Received,
    Refused,
    seen,
)
from masthead.billing.providers.stripe import events, memory, objects, orders, persons
from masthead.billing.providers.stripe.client import VERSION, Data, Heard, Missing, Params, Stale, ask, each, services
from masthead.core import clock

HEADER = "stripe-signature"
ENDED_LATELY = timedelta(days=90)
_WITH_CARD = ["default_payment_method", "customer.invoice_settings.default_payment_method"]
_PAGES = ("https://checkout.stripe.com", "https://billing.stripe.com", "https://invoice.stripe.com")


class Stripe:
    """See :class:`masthead.billing.providers.Provider`."""

    name = "stripe"

    def __init__(self) -> None:
        self._portals: dict[tuple[str | None, str | None, bool], str] = {}

    @property
    def real(self) -> bool:
        return _live()

    @property
    def origins(self) -> tuple[str, ...]:
        api = settings.MASTHEAD.stripe_api
        if not api:
            return _PAGES
        parts = urlsplit(api)
        return (*_PAGES, f"{parts.scheme}://{parts.netloc}")  # a double has its pages where its API is

    # --- what we ask it to do

    def publish_price(self, *, price: int, plan: str, amount: int, currency: str, interval: str, tax_included: bool) -> str:
        wanted = orders.price(
            price=price, plan=plan, amount=amount, currency=currency, interval=interval, tax_included=tax_included
        )
        prices = services().prices
        for found in each(prices.list, {"lookup_keys": [orders.lookup_key(price)], "active": True}, "looking for a price"):
            if orders.is_that_price(found, wanted):
                return str(found["id"])
        key = ":".join(("price", str(price), plan, str(amount), currency, interval, str(tax_included)))
        return str(ask(prices.create, params=wanted, key=key, what="making a price").data["id"])

    def begin_checkout(self, order: Order) -> Begun:
        coupon = orders.coupon(order)
        if coupon is not None:
            self._make(coupon)
        try:
            session = self._open(order, coupon, f"checkout:{order.reference}")
        except Stale:
            # Stripe remembers its own errors under a key; a session costs nothing, and nobody knows the address of the other
            session = self._open(order, coupon, f"checkout:{order.reference}:again")
        except Missing:
            # the customer was deleted there, or our books come from test mode: both are made anew
            price = self.publish_price(
                price=order.price,
                plan=order.plan,
                amount=order.amount,
                currency=order.currency,
                interval=order.interval,
                tax_included=order.tax_included,
            )
            order = replace(order, customer="", price_at_provider=price)
            session = self._open(order, coupon, f"checkout:{order.reference}:anew")
        return Begun(session["id"], session["url"], datetime.fromtimestamp(session["expires_at"], tz=UTC))

    def _open(self, order: Order, coupon: orders.Coupon | None, key: str) -> Data:
        params = orders.checkout(order, coupon=coupon, tax=settings.MASTHEAD.stripe_tax)
        return ask(services().checkout.sessions.create, params=params, key=key, what="opening a checkout").data

    def _make(self, coupon: orders.Coupon) -> None:
        coupons = services().coupons
        try:
            ask(coupons.retrieve, coupon.number, what="looking for a coupon")
        except Missing:
            try:
                ask(coupons.create, params=coupon.params, key=f"coupon:{coupon.number}", what="making a coupon")
            except ProviderError:  # made by another buyer meanwhile, or not at all
                ask(coupons.retrieve, coupon.number, what="looking for a coupon")

    def close_checkout(self, *, reference: str, session: str) -> tuple[ProviderEvent, ...]:
        try:
            ask(services().checkout.sessions.expire, session, key=f"expire:{session}", what="closing a checkout")
        except ProviderError as error:
            if error.again:
                raise
            # paid or run out meanwhile: which of the two, the look tells
        return self.look_up_checkout(reference=reference, session=session)

    def portal(self, *, customer: str, subscription: str, return_url: str, purpose: Purpose) -> str:
        if purpose is Purpose.CARD and (invoice := self._payable(subscription)):
            return invoice  # Stripe's page of the invoice takes another card, asks the bank, and keeps the card
        params: Params = {
            "customer": customer,
            "return_url": return_url,
            "configuration": self._portal(everything=purpose is Purpose.MANAGE),
            "locale": "auto",
        }
        if purpose is Purpose.CARD:
            params["flow_data"] = {
                "type": "payment_method_update",
                "after_completion": {"type": "redirect", "redirect": {"return_url": return_url}},
            }
        return str(ask(services().billing_portal.sessions.create, params=params, what="opening the portal").data["url"])

    def _payable(self, subscription: str) -> str:
        """The address of the open invoice's page; empty where nothing is owed."""
        found = self._subscription(subscription, "latest_invoice").data
        invoice = objects.written_out(found.get("latest_invoice")) or {}
        owed = invoice.get("status") == "open" and invoice.get("amount_remaining", 0) > 0
        return str(invoice.get("hosted_invoice_url") or "") if owed else ""

    def _portal(self, *, everything: bool) -> str:
        where = (settings.MASTHEAD.stripe_secret_key, settings.MASTHEAD.stripe_api, everything)
        if where not in self._portals:
            wanted = orders.portal(everything=everything)
            configurations = services().billing_portal.configurations
            found = next(
                (
                    one
                    for one in each(configurations.list, {"active": True}, "looking for a portal")
                    if one.get("metadata") == wanted["metadata"]
                ),
                None,
            )
            if found is None:
                key = f"portal:{wanted['metadata']['masthead_portal']}"
                found = ask(configurations.create, params=wanted, key=key, what="making a portal").data
            self._portals[where] = str(found["id"])
        return self._portals[where]

    def cancel(self, *, subscription: str, at_period_end: bool, key: str) -> tuple[ProviderEvent, ...]:
        subscriptions = services().subscriptions
        if at_period_end:
            return self._change(subscription, {"cancel_at_period_end": True}, key)
        try:
            heard = ask(
                subscriptions.cancel, subscription, params={"invoice_now": False, "prorate": False}, what="ending a subscription"
            )
        except Missing:  # one that has ended cannot be ended; asked again after a crash, it has
            heard = self._subscription(subscription)
        return self._answered(heard)

    def resume(self, *, subscription: str, key: str) -> tuple[ProviderEvent, ...]:
        found = self._subscription(subscription, "latest_invoice").data
        if found["status"] == "paused":
            heard = ask(
                services().subscriptions.resume,
                subscription,
                params={"billing_cycle_anchor": "now", "expand": ["latest_invoice"]},
                key=key,
                what="resuming a subscription",
            )
            return self._answered(self._fresh(heard, "latest_invoice"))
        params: Params = {}
        if found.get("cancel_at_period_end"):
            params["cancel_at_period_end"] = False
        elif found.get("cancel_at"):
            params["cancel_at"] = ""
        if found.get("pause_collection"):
            params["pause_collection"] = ""
        answer = self._change(subscription, params, key) if params else self._answered(self._subscription(subscription))
        invoice = objects.written_out(found.get("latest_invoice")) or {}
        if found.get("pause_collection") and invoice.get("status") == "void":
            # the period that runs was let off: reading begins again with a new one, which is paid now
            restart = {"billing_cycle_anchor": "now", "proration_behavior": "none"}
            return self._change(subscription, restart, f"{key}:now", "latest_invoice")
        return answer

    def pause(self, *, subscription: str, until: datetime | None, key: str) -> tuple[ProviderEvent, ...]:
        collection: Params = {"behavior": "void"}
        if until is not None:
            collection["resumes_at"] = int(until.timestamp())
        return self._change(subscription, {"pause_collection": collection}, key)

    def change_price(self, *, subscription: str, price: int, price_at_provider: str, key: str) -> tuple[ProviderEvent, ...]:
        one = objects.item(self._subscription(subscription).data)
        if one is None:
            raise ProviderError("Stripe knows of nothing that this subscription is for.")
        params = {
            "items": [{"id": one["id"], "price": price_at_provider}],
            "proration_behavior": "always_invoice",  # what is left of the old is credited, the difference paid now
            "payment_behavior": "error_if_incomplete",  # refused by the bank, nothing is changed
        }
        return self._change(subscription, params, key, "latest_invoice")

    def refund(self, *, subscription: str, invoice: str, amount: int | None, reason: str, key: str) -> tuple[ProviderEvent, ...]:
        rows = each(services().invoice_payments.list, {"invoice": invoice, "status": "paid"}, "looking for a payment")
        paid = [name for row in rows if (name := objects.number((row.get("payment") or {}).get("payment_intent")))]
        if not paid:
            raise ProviderError("That invoice was not paid through Stripe: nothing can be given back there.")
        params: Params = {
            "payment_intent": paid[0],
            "reason": "requested_by_customer",
            "metadata": {"masthead_reason": reason[:500]},
        }
        if amount is not None:
            params["amount"] = amount
        made = ask(services().refunds.create, params=params, key=key, what="refunding").data
        facts = (objects.refund(made, invoice),)
        return (self._event("refund", made["id"], facts, subscription=subscription),)

    def _change(self, subscription: str, params: Params, key: str, *expand: str) -> tuple[ProviderEvent, ...]:
        params = {**params, "expand": [*_WITH_CARD, *expand]}
        heard = ask(services().subscriptions.update, subscription, params=params, key=key, what="changing a subscription")
        return self._answered(self._fresh(heard, *expand))

    def _fresh(self, heard: Heard, *expand: str) -> Heard:
        """``heard``, or what is so now where it was an old answer to the same call."""
        return self._subscription(heard.data["id"], *expand) if heard.replayed else heard

    def _answered(self, heard: Heard) -> tuple[ProviderEvent, ...]:
        """What an answer says: the subscription, and what was paid with it."""
        subscription = heard.data
        # of two changes in one of Stripe's seconds, what we were answered is the later: the event told of what came before it
        state = objects.snapshot(subscription, heard.at + timedelta(milliseconds=999))
        memory.told(subscription["id"], state)
        said: list[tuple[str, tuple[Fact, ...]]] = [(subscription["id"], (state,))]
        invoice = objects.written_out(subscription.get("latest_invoice"))
        if invoice is not None and (paid := objects.payments(invoice)):
            said.append((invoice["id"], paid))
        return tuple(self._event("answered", name, facts, subscription) for name, facts in said)

    # --- what it tells us

    def receive(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Received:
        lowered = {name.lower(): value for name, value in headers.items()}
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            raise Refused("it is no text") from error
        signature = lowered.get(HEADER, "")
        if not any(_signed(text, signature, secret) for secret in settings.MASTHEAD.stripe_webhook_secrets):
            raise Refused("its signature is missing or wrong")
        # the SDK would compare with this machine's clock, in one direction; ours may be shifted in a trial
        if abs(now - _signed_at(signature)) > timedelta(seconds=TOLERANCE):
            raise Refused("it was signed too long ago")
        try:
            data = json.loads(text)
            if data["object"] != "event":
                raise Refused("it is signed, but no event of the kind we read; send snapshots, not thin events")
            if _live() and not data.get("livemode", True):
                raise Refused("it tells of test money")
            return Received(str(data["id"]), datetime.fromtimestamp(data["created"], tz=UTC), str(data["type"]))
        except (ValueError, KeyError, TypeError) as error:
            if isinstance(error, Refused):
                raise
            raise Refused("it is signed, but no event") from error

    def without_persons(self, body: str) -> str:
        return persons.left_out(body)

    def read(self, body: str) -> ProviderEvent | None:
        event = json.loads(body)
        kind, thing = event["type"], event["data"]["object"]
        told = _Told(event["id"], datetime.fromtimestamp(event["created"], tz=UTC), kind)
        if kind in events.CHECKOUT:
            return self._session_told(told, thing)
        if kind in events.SUBSCRIPTION:
            return self._subscription_told(told, thing, same=event.get("api_version") == VERSION, before=event["data"])
        if kind in events.INVOICE:
            return self._invoice_told(told, thing, same=event.get("api_version") == VERSION)
        if kind in events.REFUND:
            return self._refund_told(told, thing)
        if kind in events.DISPUTE:
            return self._dispute_told(told, thing)
        return self._card_told(told, thing, event["data"]) if kind in events.CARD else None

    def _session_told(self, told: _Told, session: Data) -> ProviderEvent | None:
        reference = objects.reference(session)
        if session.get("mode") != "subscription" or not reference:
            return None
        if told.kind == "checkout.session.expired":
            return told.says(reference=reference, closed=True)
        number = objects.number(session.get("subscription"))
        if not number:
            return None
        # the session itself says nothing of what was bought: all that is so is asked for
        return told.gathers(self.look_up(number), number)

    def _subscription_told(self, told: _Told, subscription: Data, *, same: bool, before: Data) -> ProviderEvent | None:
        number = subscription["id"]
        if not same:
            # an endpoint made with another version of the API: its event is a hint to go and look
            looked = self._subscription(number).data
            return told.gathers(self.look_up(number), number) if objects.is_ours(looked) else None
        if not objects.is_ours(subscription):
            return None
        state = objects.snapshot(subscription, told.at)
        memory.told(number, state)
        changed = (before.get("previous_attributes") or {}).keys()
        card = self._card_of(number) if "default_payment_method" in changed else None
        customer = objects.number(subscription.get("customer"))
        return told.says((state,), number, customer, objects.reference(subscription), card=card)

    def _invoice_told(self, told: _Told, invoice: Data, *, same: bool) -> ProviderEvent | None:
        if not same and invoice.get("id"):
            invoice = ask(services().invoices.retrieve, invoice["id"], what="looking up an invoice").data
        number = objects.subscription_of(invoice)
        if not number or not self._is_ours(number, objects.reference_of(invoice)):
            return None
        customer, reference = objects.number(invoice.get("customer")), objects.reference_of(invoice)
        if told.kind == "invoice.upcoming":
            return self._expiring(told, number, customer, invoice)
        if told.kind == "invoice.paid":
            return told.says(objects.payments(invoice), number, customer, reference)
        failed = objects.failure(invoice, told.at, needs_action=told.kind == "invoice.payment_action_required")
        return told.says((failed,) if failed else (), number, customer, reference)

    def _expiring(self, told: _Told, subscription: str, customer: str, invoice: Data) -> ProviderEvent | None:
        """Stripe tells of no payment method that is about to expire: before each charge we look whether it lasts."""
        card = self._card_of(subscription)
        due = objects.moment(invoice.get("next_payment_attempt") or invoice.get("period_end"))
        if card is None or due is None or due.date() <= card.expires:
            return None
        return told.says((), "", customer, card=card, card_expiring=True)

    def _refund_told(self, told: _Told, thing: Data) -> ProviderEvent | None:
        intent = objects.number(thing.get("payment_intent"))
        invoice = self._invoice_of(intent)
        if invoice is None:
            return None
        refunds = [thing]
        if told.kind == "charge.refunded":  # it has the sum only; those made after it tell of themselves
            listed = each(services().refunds.list, {"payment_intent": intent}, "looking up refunds")
            refunds = [one for one in listed if one["created"] <= told.at.timestamp()]
        return told.of_invoice(tuple(objects.refund(one, invoice["id"]) for one in refunds), invoice)

    def _dispute_told(self, told: _Told, thing: Data) -> ProviderEvent | None:
        invoice = self._invoice_of(objects.number(thing.get("payment_intent")))
        if invoice is None:
            return None
        fact = objects.dispute(thing, invoice["id"])
        return told.of_invoice((fact,), invoice) if fact else None

    def _invoice_of(self, intent: str) -> Data | None:
        """The invoice that was paid by ``intent``, where it is for a subscription of ours."""
        if not intent:
            return None
        paid = {"payment": {"type": "payment_intent", "payment_intent": intent}, "expand": ["data.invoice"]}
        for row in each(services().invoice_payments.list, paid, "looking for an invoice"):
            invoice = objects.written_out(row.get("invoice"))
            if invoice is None:
                continue
            number = objects.subscription_of(invoice)
            if number and self._is_ours(number, objects.reference_of(invoice)):
                return dict(invoice)
        return None

    def _card_told(self, told: _Told, thing: Data, data: Data) -> ProviderEvent | None:
        if told.kind == "customer.updated":
            if "invoice_settings" not in (data.get("previous_attributes") or {}):
                return None
            customer = thing["id"]
        else:
            customer = objects.number(thing.get("customer"))
        if not customer:
            return None
        rows = each(
            services().subscriptions.list,
            {"customer": customer, "expand": [f"data.{name}" for name in _WITH_CARD]},
            "looking up a card",
        )
        ours = next((one for one in rows if objects.is_ours(one)), None)
        card = objects.card_of(ours) if ours else None
        if card is None:
            return None
        return told.says((), "", customer, card=card, card_expiring=told.kind == "customer.source.expiring")

    def _is_ours(self, number: str, reference: str) -> bool:
        return bool(reference) or objects.is_ours(self._subscription(number).data)

    def _card_of(self, subscription: str) -> Card | None:
        return objects.card_of(self._subscription(subscription).data)

    # --- what we find out

    def _subscription(self, number: str, *expand: str) -> Heard:
        params = {"expand": [*_WITH_CARD, *expand]}
        return ask(services().subscriptions.retrieve, number, params=params, what="looking up a subscription")

    def look_up_checkout(self, *, reference: str, session: str) -> tuple[ProviderEvent, ...]:
        heard = ask(services().checkout.sessions.retrieve, session, what="looking up a checkout")
        number = objects.number(heard.data.get("subscription"))
        if heard.data["status"] == "complete" and number:
            return self.look_up(number)
        if heard.data["status"] == "expired":
            return (ProviderEvent(f"closed:{session}", heard.at, "checkout.session.expired", reference=reference, closed=True),)
        return ()

    def look_up(self, subscription: str) -> tuple[ProviderEvent, ...]:
        heard = self._subscription(subscription)
        thing = heard.data
        state = memory.found(subscription, objects.snapshot(thing, heard.at))
        said: list[tuple[str, tuple[Fact, ...]]] = [(subscription, (state,))]
        began = objects.trial_began(thing)
        if began is not None and began != state:
            said.append((f"{subscription}:trial", (began,)))
        undone = self._undone(objects.number(thing["customer"]))
        invoices = {"subscription": subscription, "expand": ["data.payments"]}
        for invoice in each(services().invoices.list, invoices, "looking up invoices"):
            said.append((invoice["id"], (*self._invoice_facts(invoice), *self._undoings(invoice, undone))))
        return tuple(self._event("looked up", name, facts, thing) for name, facts in said if facts)

    def _undone(self, customer: str) -> dict[str, Data]:
        """The charges of ``customer`` of which something was given back or is disputed, by payment; most have none."""
        rows = each(services().charges.list, {"customer": customer}, "looking up charges")
        return {
            objects.number(row.get("payment_intent")): row
            for row in rows
            if row.get("payment_intent") and (row.get("amount_refunded") or row.get("disputed"))
        }

    def _invoice_facts(self, invoice: Data) -> tuple[Fact, ...]:
        paid = objects.payments(invoice)
        if paid or invoice.get("status") not in {"open", "uncollectible"} or not invoice.get("attempted"):
            return paid
        at, needs_action = objects.moment(invoice["created"]), False
        for name in objects.payment_intents(invoice):
            intent = ask(
                services().payment_intents.retrieve, name, params={"expand": ["latest_charge"]}, what="looking up a payment"
            ).data
            error = (intent.get("last_payment_error") or {}).get("code")
            needs_action = intent["status"] == "requires_action" or error == "authentication_required"
            charge = objects.written_out(intent.get("latest_charge"))
            at = objects.moment(charge["created"]) if charge else at
        failed = objects.failure(invoice, at, needs_action=needs_action) if at else None
        return (failed,) if failed else ()

    def _undoings(self, invoice: Data, undone: Mapping[str, Data]) -> Iterator[Fact]:
        for intent in objects.payment_intents(invoice):
            charge = undone.get(intent)
            if charge is None:
                continue
            if charge.get("amount_refunded"):
                for one in each(services().refunds.list, {"payment_intent": intent}, "looking up refunds"):
                    yield objects.refund(one, invoice["id"])
            if charge.get("disputed"):
                for one in each(services().disputes.list, {"payment_intent": intent}, "looking up disputes"):
                    if fact := objects.dispute(one, invoice["id"]):
                        yield fact

    def subscriptions(self) -> Iterator[str]:
        since = (clock.now() - ENDED_LATELY).timestamp()
        for one in each(services().subscriptions.list, {"status": "all"}, "listing subscriptions"):
            if objects.is_ours(one) and (one.get("ended_at") is None or one["ended_at"] >= since):
                yield one["id"]

    def each_minute(self) -> None:
        """Nothing: Stripe keeps its own calendar."""

    def _event(
        self, kind: str, number: str, facts: tuple[Fact, ...], thing: Data | None = None, *, subscription: str = ""
    ) -> ProviderEvent:
        """What was looked up or answered, as an event whose id follows from what it says."""
        return ProviderEvent(
            id=seen(kind, number, facts),
            at=max(fact.at for fact in facts),
            kind=kind,
            facts=facts,
            subscription=thing["id"] if thing else subscription,
            customer=objects.number(thing.get("customer")) if thing else "",
            reference=objects.reference(thing) if thing else "",
            card=objects.card_of(thing) if thing else None,
        )


class _Told:
    """A webhook's event while it is read: what it says goes under its own id and time."""

    def __init__(self, id: str, at: datetime, kind: str) -> None:
        self.at, self.kind = at, kind
        self._id = id

    def says(
        self,
        facts: tuple[Fact, ...] = (),
        subscription: str = "",
        customer: str = "",
        reference: str = "",
        **more: Any,
    ) -> ProviderEvent:
        return ProviderEvent(self._id, self.at, self.kind, facts, subscription, customer, reference, **more)

    def gathers(self, found: tuple[ProviderEvent, ...], subscription: str) -> ProviderEvent:
        """All that was ``found``, as this one event."""
        facts = tuple(fact for event in found for fact in event.facts)
        first = found[0]
        return self.says(facts, subscription, first.customer, first.reference, card=first.card)

    def of_invoice(self, facts: tuple[Fact, ...], invoice: Data) -> ProviderEvent:
        customer, reference = objects.number(invoice.get("customer")), objects.reference_of(invoice)
        return self.says(facts, objects.subscription_of(invoice), customer, reference)


def _signed(text: str, signature: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(text, signature, secret, tolerance=None)
    except stripe.SignatureVerificationError:
        return False
    return True


def _signed_at(signature: str) -> datetime:
    stamp = next(part[2:] for part in signature.split(",") if part.startswith("t="))
    try:
        return datetime.fromtimestamp(int(stamp), tz=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Refused("its time is none") from error


def _live() -> bool:
    key = settings.MASTHEAD.stripe_secret_key or ""
    return key.startswith(("sk_live_", "rk_live_"))
