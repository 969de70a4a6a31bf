"""What a payment provider is to us: one small protocol, and the events it tells us in words that are ours. Pure.

A provider lives in a folder of its own beside this file and needs no change outside it. It turns what it is sent into
:class:`ProviderEvent`, whose facts (``billing.lifecycle``) all that follows is folded from; it never touches a grant, a mail or
one of our tables.

Rules every provider keeps:

- **An event says the same whenever it is read.** ``read()`` of one body gives equal facts; what it has to ask for elsewhere is
  identified by the provider's own numbers and times, never by the moment of asking.
- **What is asked for can be asked again.** Every write takes a ``key``; a second call with the same key does nothing more and
  returns the same. Our side may be killed between any two lines.
- **Looked up or told, it is the same.** ``look_up()`` gives events whose facts equal those of the webhooks, under ids that depend
  on what they say (:func:`seen`), so that asking twice writes nothing twice.
  A provider that does not say when a subscription last changed stamps a looked-up snapshot with the moment of asking, and
  reconciling passes over one that says nothing new (``lifecycle.news``).
- Amounts are integers in minor units of an ISO 4217 currency. Moments are aware.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from masthead.billing.lifecycle import Fact


class ProviderError(Exception):
    """The provider did not do what it was asked to. ``again``: the same call may work later (a time-out, an outage)."""

    def __init__(self, sentence: str, *, again: bool = False) -> None:
        super().__init__(sentence)
        self.again = again


class Refused(ValueError):
    """A webhook that is not to be believed; ``reason`` is for the log, the sender learns nothing."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Card:
    """The card a customer pays with, as far as a page may show it."""

    brand: str
    last4: str
    expires: date  # its last day


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One thing a provider told us, or was found to say.

    ``id`` is the provider's own, unique among its events (or made by :func:`seen`). ``at`` is the provider's time. ``kind`` is
    its name for it, kept for people. ``reference`` is our checkout's, wherever the provider can carry it: it ties a subscription
    to the reader it belongs to, whichever event comes first. An event about a customer alone (a card) names no ``subscription``.
    """

    id: str
    at: datetime
    kind: str
    facts: tuple[Fact, ...] = ()
    subscription: str = ""
    customer: str = ""
    reference: str = ""
    card: Card | None = None
    card_expiring: bool = False
    closed: bool = False  # the checkout ``reference`` ran out, and nothing was bought


@dataclass(frozen=True, slots=True)
class Received:
    """A webhook that was verified: its id and time as the provider gives them, before anything is made of it."""

    id: str
    at: datetime
    kind: str


@dataclass(frozen=True, slots=True)
class Discount:
    """What an offer takes off: ``percent`` or ``amount``, for the first ``payments`` of them (None: all)."""

    code: str
    percent: int = 0
    amount: int = 0
    payments: int | None = 1


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be bought. ``reference`` is our checkout's, and the key under which the provider may be asked again.

    ``customer`` is the provider's number of a customer who is *logged in* here; for everyone else it is empty, since a saved card
    or name may not be shown to whoever types an address. ``price_at_provider`` is what :meth:`Provider.publish_price` returned.
    """

    reference: str
    price: int  # our price's number
    price_at_provider: str
    plan: str  # its name, as the checkout shows it
    amount: int
    currency: str
    interval: str  # "month" or "year"
    address: str
    return_url: str
    cancel_url: str
    customer: str = ""
    trial_days: int = 0
    first_amount: int | None = None  # an introductory price, for the first ``first_payments``
    first_payments: int = 1
    discount: Discount | None = None
    tax_included: bool = True
    locale: str = "en-GB"
    expires: datetime | None = None  # where it is to close sooner than a provider's would by itself


@dataclass(frozen=True, slots=True)
class Begun:
    """A checkout at the provider: where the buyer is sent, and until when it is open."""

    session: str
    url: str
    expires: datetime


class Purpose(StrEnum):
    """What a visit to the provider's portal is for."""

    MANAGE = "manage"  # everything; for a reader who is logged in
    CARD = "card"  # pay what is owed and change the card, nothing else; what a mailed link may do


class Provider(Protocol):
    """One payment provider. Any method may raise :class:`ProviderError`."""

    name: str
    real: bool  # whether money moves

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins a form of ours may lead to ("https://checkout.example"): the content security policy names them."""

    # --- what we ask it to do

    def publish_price(self, *, price: int, plan: str, amount: int, currency: str, interval: str, tax_included: bool) -> str:
        """Make our ``price`` known; returns the provider's number of it. The same price gives the same number."""

    def begin_checkout(self, order: Order) -> Begun:
        """Open a checkout for ``order``. Asked again with the same reference, the same checkout."""

    def close_checkout(self, *, reference: str, session: str) -> tuple[ProviderEvent, ...]:
        """Let a ``session`` that is open run out now, so that nobody pays in it any more.

        Returns what came of it, as :meth:`look_up_checkout` does: that it is closed, or what was bought in it meanwhile.
        """

    def portal(self, *, customer: str, subscription: str, return_url: str, purpose: Purpose) -> str:
        """Where ``customer`` manages what they pay with; good for a short while."""

    def cancel(self, *, subscription: str, at_period_end: bool, key: str) -> tuple[ProviderEvent, ...]:
        """Let ``subscription`` end with what is paid for, or at once. Like all that follow, returns what is so now."""

    def resume(self, *, subscription: str, key: str) -> tuple[ProviderEvent, ...]:
        """Take a cancellation at the period's end, or a pause, back."""

    def pause(self, *, subscription: str, until: datetime | None, key: str) -> tuple[ProviderEvent, ...]:
        """Ask for no payments until ``until`` (or until resumed)."""

    def change_price(self, *, subscription: str, price: int, price_at_provider: str, key: str) -> tuple[ProviderEvent, ...]:
        """Move ``subscription`` to another price, with what is left of the old one credited."""

    def refund(self, *, subscription: str, invoice: str, amount: int | None, reason: str, key: str) -> tuple[ProviderEvent, ...]:
        """Give ``amount`` of ``invoice`` back (None: all that is left)."""

    # --- what it tells us

    def receive(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Received:
        """Verify a webhook: its signature, and that it was signed within :data:`TOLERANCE` of ``now``. Raises :class:`Refused`.

        ``headers`` are looked up without regard to case.
        """

    def without_persons(self, body: str) -> str:
        """A verified ``body`` without names, addresses and the like, for it is kept for ever. :meth:`read` reads it as before."""

    def read(self, body: str) -> ProviderEvent | None:
        """What a verified ``body`` says; None for what is none of our business. May ask the provider."""

    # --- what we find out

    def look_up_checkout(self, *, reference: str, session: str) -> tuple[ProviderEvent, ...]:
        """All that is so of what was bought in ``session``; nothing while it is open."""

    def look_up(self, subscription: str) -> tuple[ProviderEvent, ...]:
        """All that is so of ``subscription``: its newest snapshot, every payment, refund, dispute."""

    def subscriptions(self) -> Iterator[str]:
        """The numbers of all subscriptions there, ended ones of the last 90 days too."""

    def each_minute(self) -> None:
        """Whatever has to be done on our side from time to time; called by one worker, about once a minute."""


TOLERANCE = 300  # seconds a webhook's signature is good for


def seen(kind: str, number: str, facts: tuple[Fact, ...]) -> str:
    """An event id for facts that were looked up: the same for the same facts, so that asking again writes nothing new."""
    digest = hashlib.sha256(repr((kind, number, facts)).encode()).hexdigest()[:32]
    return f"seen:{digest}"
