"""What happens at the double: customers, subscriptions, invoices, payments; and the events that tell of it."""

from __future__ import annotations

import copy
import itertools
import secrets
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from billing.stripe_double.parameters import Wrong

VERSION = "2026-10-28.endive"
WORKS, DECLINED, AUTHENTICATION = "works", "declined", "authentication"  # what a card does
DAY = 86400
RETRIES = 3  # of a payment that failed, three days apart

Data = dict[str, Any]


def later(stamp: int, interval: str) -> int:
    """A month or a year later; on the month's last day where there is no such day."""
    at = datetime.fromtimestamp(stamp, tz=UTC)
    months = at.month - 1 + (12 if interval == "year" else 1)
    year, month = at.year + months // 12, months % 12 + 1
    for day in range(at.day, 27, -1):
        try:
            return int(at.replace(year=year, month=month, day=day).timestamp())
        except ValueError:
            continue
    return int(at.replace(year=year, month=month).timestamp())


class Books:
    """The double's state, in memory. Every object is what the API answers; ``lock`` is held for each request."""

    def __init__(self, url: str = "http://double") -> None:
        self.url = url
        self.lock = threading.RLock()
        self.things: dict[str, Data] = {}
        self.events: list[Data] = []
        self.shift = -120  # behind by as much as its ticks may come to: what it tells of has happened already
        self.tax = 0  # percent, where Stripe computes it
        self._name = secrets.token_hex(4)  # numbers are nobody else's, as at Stripe: caches outlive a test
        self._numbers = itertools.count(1)
        self._ticks = 0

    # --- time and numbers

    def now(self) -> int:
        """Seconds; each write is in a second of its own."""
        return int(time.time()) + self.shift + self._ticks

    def tick(self) -> None:
        self._ticks += 1

    def number(self, prefix: str) -> str:
        return f"{prefix}_double{self._name}{next(self._numbers):05}"

    # --- things

    def add(self, kind: str, prefix: str, **data: Any) -> Data:
        thing = {"id": data.pop("id", None) or self.number(prefix), "object": kind, "created": self.now(), "livemode": False}
        thing |= data
        self.things[thing["id"]] = thing
        return thing

    def get(self, name: str, kind: str = "") -> Data:
        thing = self.things.get(name)
        if thing is None or (kind and thing["object"] != kind):
            raise Wrong(f"No such {kind or 'object'}: '{name}'", code="resource_missing", param="id", status=404)
        return thing

    def all(self, kind: str) -> list[Data]:
        """Newest first, as lists are."""
        return [thing for thing in reversed(self.things.values()) if thing["object"] == kind]

    def tell(self, kind: str, thing: Data, before: Data | None = None) -> Data:
        """Write an event of ``thing`` as it is now."""
        data: Data = {"object": copy.deepcopy(self.shown(thing))}
        if before is not None:
            data["previous_attributes"] = {name: before.get(name) for name in thing if before.get(name) != thing[name]}
        event = {
            "id": self.number("evt"),
            "object": "event",
            "api_version": VERSION,
            "created": self.now(),
            "livemode": False,
            "type": kind,
            "data": data,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
        }
        self.events.append(event)
        return event

    def shown(self, thing: Data) -> Data:
        """``thing`` without what the double keeps for itself."""
        return {name: value for name, value in thing.items() if not name.startswith("_")}

    # --- checkout

    def open_session(self, given: Data) -> Data:
        price = self.get(given["line_items"][0]["price"], "price")
        if given.get("customer"):
            self.get(given["customer"], "customer")
        session = self.add(
            "checkout.session",
            "cs_test",
            mode=given["mode"],
            status="open",
            payment_status="unpaid",
            client_reference_id=given.get("client_reference_id"),
            metadata=given.get("metadata", {}),
            customer=given.get("customer"),
            customer_email=given.get("customer_email"),
            subscription=None,
            expires_at=self._closes(given.get("expires_at")),
            success_url=given["success_url"],
            cancel_url=given["cancel_url"],
            currency=price["currency"],
            _given=given,
        )
        session["url"] = f"{self.url}/c/pay/{session['id']}"
        return session

    def _closes(self, asked: int | None) -> int:
        """When a session closes: by itself after a day, or when it was asked to, half an hour from now at the soonest."""
        if asked is None:
            return self.now() + DAY
        if not 1800 <= int(asked) - self.now() <= DAY:
            raise Wrong("`expires_at` must be at least 30 minutes and at most 24 hours from creation.", param="expires_at")
        return int(asked)

    def pay(self, name: str, card: str = WORKS, *, last4: str = "4242", delayed: bool = False) -> Data:
        """The buyer types a card. Declined, the session stays open; the bank may want to be asked first."""
        with self.lock:
            session = self.get(name, "checkout.session")
            if session["status"] != "open":
                return session
            if card == DECLINED:
                return session
            self.tick()
            if not session["customer"]:
                customer = self.add(
                    "customer", "cus", email=session["customer_email"], invoice_settings={"default_payment_method": None}
                )
                session["customer"] = customer["id"]
                self.tell("customer.created", customer)
            method = self.add_card(session["customer"], card=WORKS if card == AUTHENTICATION else card, last4=last4)
            subscription = self.subscribe(session, method)
            if card == AUTHENTICATION:
                session["_waiting"] = subscription["id"]
                invoice = self.get(subscription["latest_invoice"])
                self.tell("invoice.payment_action_required", invoice)
                return session
            self._complete(session, subscription, delayed=delayed)
            return session

    def authenticate(self, name: str, *, agreed: bool = True) -> Data:
        """The buyer answers their bank."""
        with self.lock:
            self.tick()
            session = self.get(name, "checkout.session")
            subscription = self.get(session.pop("_waiting"), "subscription")
            if agreed:
                self._complete(session, subscription)
            else:
                self.tell("invoice.payment_failed", self.get(subscription["latest_invoice"]))
                self._change(subscription, status="incomplete_expired", ended_at=self.now())
            return session

    def settle_delayed(self, name: str, *, paid: bool = True) -> None:
        """A debit that takes days comes through, or not."""
        with self.lock:
            self.tick()
            session = self.get(name, "checkout.session")
            subscription = self.get(session["subscription"])
            if paid:
                self.paid(self.get(subscription["latest_invoice"]))
                self._change(subscription, status="active")
                session["payment_status"] = "paid"
            self.tell(f"checkout.session.async_payment_{'succeeded' if paid else 'failed'}", session)

    def _complete(self, session: Data, subscription: Data, *, delayed: bool = False) -> None:
        invoice = self.get(subscription["latest_invoice"])
        if not delayed and invoice["status"] == "open":
            self.paid(invoice)
        trial = subscription["trial_end"]
        self._change(subscription, status="trialing" if trial else "active")
        session |= {"status": "complete", "subscription": subscription["id"]}
        session["payment_status"] = "no_payment_required" if trial else "unpaid" if delayed else "paid"
        self.tell("checkout.session.completed", session)

    def expire(self, name: str) -> None:
        with self.lock:
            self.tick()
            session = self.get(name, "checkout.session")
            session["status"] = "expired"
            self.tell("checkout.session.expired", session)

    def add_card(self, customer: str, *, card: str = WORKS, last4: str = "4242", month: int = 12, year: int = 2034) -> Data:
        return self.add(
            "payment_method",
            "pm",
            type="card",
            customer=customer,
            card={"brand": "visa", "display_brand": "visa", "last4": last4, "exp_month": month, "exp_year": year},
            _does=card,
        )

    # --- subscriptions

    def subscribe(self, session: Data, method: Data) -> Data:
        given = session["_given"]
        data = given.get("subscription_data", {})
        price = self.get(given["line_items"][0]["price"], "price")
        now = self.now()
        days = int(data.get("trial_period_days", 0))
        trial = (now, now + days * DAY) if days else (None, None)
        end = trial[1] or later(now, price["recurring"]["interval"])
        item = {
            "id": self.number("si"),
            "object": "subscription_item",
            "price": self.shown(price),
            "quantity": 1,
            "current_period_start": now,
            "current_period_end": end,
        }
        subscription = self.add(
            "subscription",
            "sub",
            customer=session["customer"],
            status="incomplete",
            items={"object": "list", "data": [item], "has_more": False, "url": "/v1/subscription_items"},
            metadata=data.get("metadata", {}),
            billing_mode=data.get("billing_mode", {"type": "flexible"}),
            currency=price["currency"],
            cancel_at_period_end=False,
            cancel_at=None,
            canceled_at=None,
            ended_at=None,
            pause_collection=None,
            trial_start=trial[0],
            trial_end=trial[1],
            default_payment_method=method["id"],
            latest_invoice=None,
            pending_update=None,
            automatic_tax={"enabled": given.get("automatic_tax", {}).get("enabled") == "true"},
            _coupon=None,
        )
        if given.get("discounts"):
            coupon = self.get(given["discounts"][0]["coupon"], "coupon")
            subscription["_coupon"] = {"coupon": coupon, "since": now, "used": 0}
        self.bill(subscription, "subscription_create")
        self.tell("customer.subscription.created", subscription)
        return subscription

    def item(self, subscription: Data) -> Data:
        item: Data = subscription["items"]["data"][0]
        return item

    def _change(self, subscription: Data, kind: str = "customer.subscription.updated", **data: Any) -> None:
        before = copy.deepcopy(subscription)
        subscription |= data
        self.tell(kind, subscription, before)

    def update(self, name: str, given: Data) -> Data:
        subscription = self.get(name, "subscription")
        if subscription["status"] in {"canceled", "incomplete_expired"}:
            raise Wrong(f"No such subscription: {name}", code="resource_missing", param="id", status=404)
        before = copy.deepcopy(subscription)
        if "cancel_at_period_end" in given:
            cancels = given["cancel_at_period_end"] == "true"
            subscription["cancel_at_period_end"] = cancels
            subscription["cancel_at"] = self.item(subscription)["current_period_end"] if cancels else None
            subscription["canceled_at"] = self.now() if cancels else None
        if given.get("cancel_at") == "":
            subscription |= {"cancel_at": None, "canceled_at": None}
        if "pause_collection" in given:
            pause = given["pause_collection"]
            resumes = int(pause["resumes_at"]) if pause and "resumes_at" in pause else None
            subscription["pause_collection"] = {"behavior": pause["behavior"], "resumes_at": resumes} if pause else None
        if given.get("billing_cycle_anchor") == "now":
            self._period(subscription, self.now())
            self._collect(subscription, self.bill(subscription, "subscription_update"))
        if "items" in given:
            self._change_price(subscription, given, before)
        self.tell("customer.subscription.updated", subscription, before)
        return subscription

    def _change_price(self, subscription: Data, given: Data, before: Data) -> None:
        item, price = self.item(subscription), self.get(given["items"][0]["price"], "price")
        if given["items"][0]["id"] != item["id"]:
            raise Wrong("No such subscription item", code="resource_missing", param="items[0][id]", status=404)
        old, now = item["price"], self.now()
        since, until = item["current_period_start"], item["current_period_end"]
        item["price"] = self.shown(price)
        if subscription["status"] == "trialing":
            return
        left = until - now
        lines = [self._line(subscription, -(old["unit_amount"] * left // (until - since)), now, until, proration=True)]
        if old["recurring"]["interval"] == price["recurring"]["interval"]:
            lines.append(self._line(subscription, price["unit_amount"] * left // (until - since), now, until, proration=True))
        else:
            self._period(subscription, now)
            lines.append(self._line(subscription, price["unit_amount"], now, item["current_period_end"]))
        invoice = self.bill(subscription, "subscription_update", lines)
        if invoice["status"] == "open" and self._card(subscription)["_does"] != WORKS:
            self.things.pop(invoice["id"])
            subscription |= before
            raise Wrong("Your card was declined.", code="card_declined", status=402, kind="card_error")
        self._collect(subscription, invoice)

    def _period(self, subscription: Data, since: int) -> None:
        item = self.item(subscription)
        item |= {"current_period_start": since, "current_period_end": later(since, item["price"]["recurring"]["interval"])}

    def end(self, name: str) -> Data:
        subscription = self.get(name, "subscription")
        if subscription["status"] in {"canceled", "incomplete_expired"}:
            raise Wrong(f"No such subscription: {name}", code="resource_missing", param="id", status=404)
        self._end(subscription, self.now())
        return subscription

    def _end(self, subscription: Data, at: int) -> None:
        canceled = subscription["canceled_at"] or at
        self._change(subscription, "customer.subscription.deleted", status="canceled", ended_at=at, canceled_at=canceled)

    # --- invoices

    def _line(self, subscription: Data, amount: int, since: int, until: int, *, proration: bool = False) -> Data:
        item = self.item(subscription)
        details = {"subscription": subscription["id"], "subscription_item": item["id"], "proration": proration}
        return {
            "id": self.number("il"),
            "object": "line_item",
            "amount": amount,
            "subtotal": amount,
            "currency": subscription["currency"],
            "period": {"start": since, "end": until},
            "parent": {"type": "subscription_item_details", "subscription_item_details": details, "invoice_item_details": None},
            "pricing": {"type": "price_details", "price_details": {"price": item["price"]["id"]}},
        }

    def bill(self, subscription: Data, reason: str, lines: list[Data] | None = None) -> Data:
        """An invoice for the period that runs, or of ``lines``: open, or paid at once where it comes to nothing."""
        item = self.item(subscription)
        since, until = item["current_period_start"], item["current_period_end"]
        trial = subscription["trial_end"] == until
        if lines is None:
            lines = [self._line(subscription, 0 if trial else item["price"]["unit_amount"], since, until)]
        total = sum(line["subtotal"] for line in lines)
        if reason != "subscription_update" and not trial:
            total -= self._discount(subscription, total)
        tax = 0
        if subscription["automatic_tax"]["enabled"] and self.tax:
            inclusive = item["price"]["tax_behavior"] == "inclusive"
            tax = total - total * 100 // (100 + self.tax) if inclusive else total * self.tax // 100
            total += 0 if inclusive else tax
        due = max(0, total)
        invoice = self.add(
            "invoice",
            "in",
            customer=subscription["customer"],
            status="open",
            billing_reason=reason,
            currency=subscription["currency"],
            lines={"object": "list", "data": lines, "has_more": False, "url": "/v1/invoices/lines"},
            parent={
                "type": "subscription_details",
                "subscription_details": {"subscription": subscription["id"], "metadata": dict(subscription["metadata"])},
            },
            subtotal=sum(line["subtotal"] for line in lines),
            total=total,
            amount_due=due,
            amount_paid=0,
            amount_remaining=due,
            total_taxes=[{"amount": tax, "tax_behavior": "inclusive"}] if tax else [],
            attempt_count=0,
            attempted=False,
            next_payment_attempt=None,
            number=None,
            status_transitions={"paid_at": None, "finalized_at": self.now(), "voided_at": None},
            _payments=[],
        )
        invoice["number"] = f"DOUBLE-{invoice['id'][-4:]}"
        invoice["hosted_invoice_url"] = f"{self.url}/i/{invoice['id']}?s=ap"
        subscription["latest_invoice"] = invoice["id"]
        self.tell("invoice.created", invoice)
        if due == 0:
            self.paid(invoice)
        return invoice

    def _discount(self, subscription: Data, total: int) -> int:
        held = subscription["_coupon"]
        if held is None:
            return 0
        coupon, now = held["coupon"], self.item(subscription)["current_period_start"]
        if coupon["duration"] == "once" and held["used"]:
            return 0
        if coupon["duration"] == "repeating":
            until = held["since"]
            for _ in range(int(coupon["duration_in_months"])):
                until = later(until, "month")
            if now >= until:
                return 0
        held["used"] += 1
        return min(total, coupon["amount_off"] or total * coupon["percent_off"] // 100)

    def paid(self, invoice: Data) -> None:
        """``invoice`` is paid, now."""
        amount = invoice["amount_due"]
        if amount:
            charge = self.add(
                "charge",
                "ch",
                amount=amount,
                amount_refunded=0,
                refunded=False,
                disputed=False,
                currency=invoice["currency"],
                customer=invoice["customer"],
                payment_intent=None,
            )
            intent = self._intent(invoice)
            charge["payment_intent"] = intent["id"]
            intent |= {"status": "succeeded", "latest_charge": charge["id"], "last_payment_error": None}
            row = self.get(invoice["_payments"][0])
            row |= {"status": "paid", "amount_paid": amount}
        invoice |= {"status": "paid", "amount_paid": amount, "amount_remaining": 0, "attempted": True}
        invoice["next_payment_attempt"] = None
        invoice["attempt_count"] += 1 if amount else 0
        invoice["status_transitions"] = {**invoice["status_transitions"], "paid_at": self.now()}
        self.tell("invoice.paid", invoice)
        self.tell("invoice.payment_succeeded", invoice)

    def _intent(self, invoice: Data) -> Data:
        if invoice["_payments"]:
            return self.get(self.get(invoice["_payments"][0])["payment"]["payment_intent"])
        intent = self.add(
            "payment_intent",
            "pi",
            amount=invoice["amount_due"],
            currency=invoice["currency"],
            customer=invoice["customer"],
            status="requires_payment_method",
            latest_charge=None,
            last_payment_error=None,
        )
        row = self.add(
            "invoice_payment",
            "inpay",
            invoice=invoice["id"],
            status="open",
            amount_requested=invoice["amount_due"],
            amount_paid=None,
            payment={"type": "payment_intent", "payment_intent": intent["id"]},
        )
        invoice["_payments"].append(row["id"])
        return intent

    def _card(self, subscription: Data) -> Data:
        customer = self.get(subscription["customer"])
        name = subscription["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
        return self.get(name, "payment_method")

    def _collect(self, subscription: Data, invoice: Data) -> bool:
        """Try the card for ``invoice``; whether it was paid."""
        if invoice["status"] != "open":
            return True
        does = self._card(subscription)["_does"]
        if does == WORKS:
            self.paid(invoice)
            return True
        intent = self._intent(invoice)
        code = "authentication_required" if does == AUTHENTICATION else "card_declined"
        charge = self.add("charge", "ch", amount=invoice["amount_due"], amount_refunded=0, disputed=False, refunded=False)
        charge |= {"customer": invoice["customer"], "payment_intent": intent["id"], "currency": invoice["currency"]}
        intent |= {"latest_charge": charge["id"], "last_payment_error": {"code": code}}
        invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
        more = invoice["attempt_count"] <= RETRIES
        invoice["next_payment_attempt"] = self.now() + 3 * DAY if more else None
        if does == AUTHENTICATION:
            self.tell("invoice.payment_action_required", invoice)
        self.tell("invoice.payment_failed", invoice)
        return False

    def pay_invoice(self, name: str, *, last4: str = "1111") -> None:
        """The customer pays on the invoice's own page, with a card that works and is kept."""
        with self.lock:
            self.tick()
            invoice = self.get(name, "invoice")
            subscription = self.get(invoice["parent"]["subscription_details"]["subscription"])
            method = self.add_card(subscription["customer"], last4=last4)
            if invoice["status"] == "open":
                self.paid(invoice)
                self._change(subscription, status="active", default_payment_method=method["id"])

    # --- what customers, banks and time do

    def change_card(self, subscription: str, **card: Any) -> None:
        """Another card, by the portal."""
        with self.lock:
            self.tick()
            thing = self.get(subscription, "subscription")
            method = self.add_card(thing["customer"], **card)
            customer = self.get(thing["customer"])
            before = copy.deepcopy(customer)
            customer["invoice_settings"] = {"default_payment_method": method["id"]}
            self.tell("customer.updated", customer, before)
            self._change(thing, default_payment_method=method["id"])

    def cancel_by_portal(self, subscription: str) -> None:
        """In flexible billing mode the portal sets the date, not the flag."""
        with self.lock:
            self.tick()
            thing = self.get(subscription, "subscription")
            self._change(thing, cancel_at=self.item(thing)["current_period_end"], canceled_at=self.now())

    def refund(self, given: Data) -> Data:
        intent = self.get(given["payment_intent"], "payment_intent")
        charge = self.get(intent["latest_charge"], "charge")
        left = charge["amount"] - charge["amount_refunded"]
        amount = int(given.get("amount", left))
        if left == 0:
            raise Wrong("Charge has already been refunded.", code="charge_already_refunded")
        if amount > left:
            raise Wrong("Refund amount is greater than unrefunded amount on charge", param="amount")
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        refund = self.add("refund", "re", amount=amount, charge=charge["id"], payment_intent=intent["id"], status="succeeded")
        refund["metadata"] = given.get("metadata", {})
        self.tell("charge.refunded", charge)
        self.tell("refund.created", refund)
        return refund

    def fail_refund(self, name: str) -> None:
        """The bank sends a refund back."""
        with self.lock:
            self.tick()
            refund = self.get(name, "refund")
            charge = self.get(refund["charge"])
            charge["amount_refunded"] -= refund["amount"]
            refund["status"] = "failed"
            self.tell("refund.failed", refund)

    def dispute(self, invoice: str, status: str = "needs_response") -> Data:
        """The bank asks, or takes the money."""
        with self.lock:
            self.tick()
            intent = self._intent(self.get(invoice, "invoice"))
            charge = self.get(intent["latest_charge"])
            charge["disputed"] = not status.startswith("warning")
            thing = self.add("dispute", "du", charge=charge["id"], payment_intent=intent["id"], amount=charge["amount"])
            thing["status"] = status
            self.tell("charge.dispute.created", thing)
            return thing

    def rule(self, name: str, status: str) -> None:
        """The bank rules: "won" or "lost"."""
        with self.lock:
            self.tick()
            thing = self.get(name, "dispute")
            thing["status"] = status
            if status == "won":
                self.tell("charge.dispute.funds_reinstated", thing)
            self.tell("charge.dispute.closed", thing)

    def pass_time(self, until: timedelta) -> None:
        """Move the clock on, day by day, and let everything happen that falls due."""
        end = self.shift + int(until.total_seconds())
        while self.shift < end:
            self.shift = min(end, self.shift + DAY)
            with self.lock:
                for thing in list(self.things.values()):
                    if thing["object"] == "subscription":
                        self._due(thing)
                    elif thing.get("status") == "open" and thing.get("expires_at", self.now() + 1) <= self.now():
                        self.expire(thing["id"])

    def _due(self, subscription: Data) -> None:
        now = self.now()
        pause = subscription["pause_collection"]
        if pause and pause["resumes_at"] and pause["resumes_at"] <= now:
            self._change(subscription, pause_collection=None)
        if subscription["status"] == "past_due":
            self._retry(subscription)
            return
        if subscription["status"] not in {"active", "trialing"}:
            return
        until = self.item(subscription)["current_period_end"]
        if until - 7 * DAY <= now < until - 6 * DAY and not subscription["cancel_at"]:
            upcoming = self.tell("invoice.upcoming", self._upcoming(subscription, until))
            upcoming["data"]["object"].pop("id")
        if until > now:
            return
        self.tick()
        if subscription["cancel_at"] and subscription["cancel_at"] <= now:
            self._end(subscription, until)
            return
        before = copy.deepcopy(subscription)
        self._period(subscription, until)
        subscription["status"] = "active"
        self.tell("customer.subscription.updated", subscription, before)
        invoice = self.bill(subscription, "subscription_cycle")
        if subscription["pause_collection"]:
            invoice["status"] = "void"
            self.tell("invoice.voided", invoice)
        elif not self._collect(subscription, invoice):
            self._change(subscription, status="past_due")

    def _upcoming(self, subscription: Data, until: int) -> Data:
        details = {"subscription": subscription["id"], "metadata": dict(subscription["metadata"])}
        return {
            "id": "none",
            "object": "invoice",
            "customer": subscription["customer"],
            "next_payment_attempt": until,
            "period_end": until,
            "parent": {"type": "subscription_details", "subscription_details": details},
        }

    def _retry(self, subscription: Data) -> None:
        invoice = self.get(subscription["latest_invoice"])
        due = invoice["next_payment_attempt"]
        if invoice["status"] != "open" or (due is not None and due > self.now()):
            return
        self.tick()
        if due is None:
            self._end(subscription, self.now())
        elif self._collect(subscription, invoice):
            self._change(subscription, status="active")
