"""The sandbox as a provider: signs, verifies, and asks its own books. No money moves, and every page of it says so."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core import signing

from masthead.billing.models import Price
from masthead.billing.providers import (
    TOLERANCE,
    Begun,
    Order,
    ProviderError,
    ProviderEvent,
    Purpose,
    Received,
    Refused,
)
from masthead.billing.providers.sandbox import books
from masthead.billing.providers.sandbox.models import Thing
from masthead.core import clock, keys

HEADER = "Masthead-Sandbox-Signature"
PORTAL_LIFE = timedelta(hours=1)
_signer = signing.Signer(salt="masthead.sandbox.portal")


class Sandbox:
    """See :class:`masthead.billing.providers.Provider`."""

    name = "sandbox"
    real = False
    origins: tuple[str, ...] = ()  # its pages are ours

    def publish_price(self, *, price: int, plan: str, amount: int, currency: str, interval: str, tax_included: bool) -> str:
        return f"price_sandbox_{price}"

    def begin_checkout(self, order: Order) -> Begun:
        row = books.session_for(order)
        return Begun(
            session=row.number,
            url=f"{settings.MASTHEAD.base_url}/sandbox/checkout/{row.number}/",
            expires=datetime.fromisoformat(row.data["expires"]),
        )

    def close_checkout(self, *, reference: str, session: str) -> tuple[ProviderEvent, ...]:
        books.expire(session)
        return self.look_up_checkout(reference=reference, session=session)

    def portal(self, *, customer: str, subscription: str, return_url: str, purpose: Purpose) -> str:
        expires = (clock.now() + PORTAL_LIFE).isoformat()
        visit = {"subscription": subscription, "return_url": return_url, "purpose": purpose.value, "expires": expires}
        return f"{settings.MASTHEAD.base_url}/sandbox/portal/{_signer.sign_object(visit)}/"

    def cancel(self, *, subscription: str, at_period_end: bool, key: str) -> tuple[ProviderEvent, ...]:
        return self._sent(books.cancel(subscription, at_period_end=at_period_end, key=key))

    def resume(self, *, subscription: str, key: str) -> tuple[ProviderEvent, ...]:
        return self._sent(books.resume(subscription, key=key))

    def pause(self, *, subscription: str, until: datetime | None, key: str) -> tuple[ProviderEvent, ...]:
        return self._sent(books.pause(subscription, until=until, key=key))

    def change_price(self, *, subscription: str, price: int, price_at_provider: str, key: str) -> tuple[ProviderEvent, ...]:
        row = Price.objects.select_related("plan").get(pk=price)  # what a real one keeps under the number it gave
        return self._sent(
            books.change_price(
                subscription,
                price=row.pk,
                plan=row.plan.name,
                amount=row.amount,
                currency=row.currency,
                interval=row.interval,
                key=key,
            )
        )

    def refund(self, *, subscription: str, invoice: str, amount: int | None, reason: str, key: str) -> tuple[ProviderEvent, ...]:
        return self._sent(books.refund_once(subscription, invoice=invoice, amount=amount, key=key))

    def _sent(self, events: Iterable[ProviderEvent]) -> tuple[ProviderEvent, ...]:
        """``events``, which the asker is answered and the webhook tells as well, as everywhere."""
        events = tuple(events)
        deliver(events)
        return events

    # --- what it tells

    def receive(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Received:
        lowered = {name.lower(): value for name, value in headers.items()}
        said = dict(part.partition("=")[::2] for part in lowered.get(HEADER.lower(), "").split(","))
        stamp = said.get("t", "")
        if not stamp.isdecimal() or len(stamp) > 12:
            raise Refused("it carries no signature of ours")
        if not hmac.compare_digest(_signature(stamp, body), said.get("v1", "")):
            raise Refused("its signature is wrong")
        if abs(now - datetime.fromtimestamp(int(stamp), tz=UTC)) > timedelta(seconds=TOLERANCE):
            raise Refused("it was signed too long ago")
        try:
            data = json.loads(body)
            return Received(data["id"], datetime.fromisoformat(data["created"]), data["type"])
        except (ValueError, KeyError, TypeError) as error:
            raise Refused("it is signed, but no event") from error

    def without_persons(self, body: str) -> str:
        return body  # nobody is named in it

    def read(self, body: str) -> ProviderEvent | None:
        return books.event_of(body)

    # --- what is found out

    def look_up_checkout(self, *, reference: str, session: str) -> tuple[ProviderEvent, ...]:
        row = books.session(session)
        if row is None:
            raise ProviderError(f"the sandbox has no session {session}")
        if row.data["state"] == "paid":
            return tuple(books.look_up(row.data["subscription"]))
        if datetime.fromisoformat(row.data["expires"]) <= clock.now():
            return (ProviderEvent(f"closed:{session}", clock.now(), "checkout.expired", reference=reference, closed=True),)
        return ()

    def look_up(self, subscription: str) -> tuple[ProviderEvent, ...]:
        return tuple(books.look_up(subscription))

    def subscriptions(self) -> Iterator[str]:
        yield from Thing.objects.filter(kind=books.SUBSCRIPTION).order_by("pk").values_list("number", flat=True)

    def each_minute(self) -> None:
        """Time passes in the sandbox: what is due is renewed or ends."""
        deliver(books.time_passes())


def _signature(stamp: str, body: bytes) -> str:
    return hmac.new(keys.derive("sandbox webhook"), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def signed(body: bytes, at: datetime | None = None) -> dict[str, str]:
    """The headers of a webhook with ``body``, signed now or ``at`` a moment."""
    stamp = str(int((at or clock.now()).timestamp()))
    return {HEADER: f"t={stamp},v1={_signature(stamp, body)}"}


def deliver(events: Iterable[ProviderEvent]) -> None:
    """Send ``events``: signed, and through the door every webhook comes by, though not over the network."""
    from masthead.billing import inbox

    for event in events:
        body = books.body_of(event).encode()
        inbox.receive(provider=Sandbox.name, body=body, headers=signed(body))
        Thing.objects.filter(kind=books.EVENT, number=event.id).update(data={**_event_data(event.id), "sent": True})


def _event_data(name: str) -> dict[str, object]:
    row = Thing.objects.filter(kind=books.EVENT, number=name).first()
    return dict(row.data) if row else {}


def visit_of(token: str) -> dict[str, str] | None:
    """What a portal's address was made for, while it is good."""
    try:
        visit: dict[str, str] = _signer.unsign_object(token)
    except signing.BadSignature:
        return None
    return visit if datetime.fromisoformat(visit["expires"]) > clock.now() else None
