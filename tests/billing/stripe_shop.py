"""A publication that sells through Stripe, with the double in Stripe's place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.test import Client

from billing import shop
from billing.stripe_double import WORKS, Double
from front.journey import Browser
from masthead.articles.models import Article
from masthead.billing import inbox, services
from masthead.billing.lifecycle import Outcome
from masthead.billing.models import Subscription
from masthead.billing.providers import choice

SECRET = "whsec_double"


class Shop:
    """The publication and the double together: events are delivered and processed when a test says so."""

    def __init__(self, settings: Any) -> None:
        self.double = Double(secret=SECRET)
        self._settings = settings
        self._told = 0
        settings.MASTHEAD = replace(
            settings.MASTHEAD,
            stripe_secret_key=self.double.key,
            stripe_webhook_secrets=(SECRET,),
            stripe_api=self.double.url,
        )

    @property
    def provider(self) -> Any:
        """The provider under test."""
        return choice.current()

    def with_settings(self, **changes: Any) -> None:
        """Change the surroundings."""
        self._settings.MASTHEAD = replace(self._settings.MASTHEAD, **changes)

    # --- webhooks

    def pending(self) -> list[dict[str, Any]]:
        """Events not delivered yet; they count as delivered from now on."""
        events = self.double.events[self._told :]
        self._told = len(self.double.events)
        return events

    def post(self, body: str, headers: dict[str, str]) -> int:
        """Send a webhook; the status it is answered with."""
        return Client().post("/webhooks/stripe/", data=body, content_type="application/json", headers=headers).status_code

    def send(self, events: Iterable[dict[str, Any]]) -> None:
        """Send ``events`` as Stripe does, and let the worker process them."""
        for event in events:
            assert self.post(*self.double.signed(event)) == 200
        self.work()

    def deliver(self) -> None:
        """Send whatever was not sent yet."""
        self.send(self.pending())

    def work(self) -> None:
        """What the worker does."""
        shop.work()
        assert not inbox.Webhook.objects.filter(state="waiting").exclude(error="").exists(), [
            row.error for row in inbox.Webhook.objects.exclude(error="")
        ]

    # --- people and time

    def session(self, url: str) -> str:
        """The session whose page is at ``url``."""
        assert url.startswith(self.double.url)
        return url.rpartition("/")[2]

    def buy(
        self, browser: Browser | None = None, article: Article | None = None, card: str = WORKS, **fields: Any
    ) -> Subscription:
        """The whole purchase, told and processed."""
        url = shop.begin(browser or Browser(), article, **fields)
        session = self.double.pay(self.session(url), card)
        self.deliver()
        return Subscription.objects.get(external_id=session["subscription"])

    def pass_time(self, **time: int) -> None:
        """Move both clocks on; what happens meanwhile is told at once."""
        step = timedelta(**time)
        self.double.pass_time(step)
        self.with_settings(clock_offset=self._settings.MASTHEAD.clock_offset + int(step.total_seconds()))


def fresh(subscription: Subscription) -> Subscription:
    """``subscription`` as it is now."""
    return Subscription.objects.select_related("customer", "price__plan", "checkout", "reader").get(pk=subscription.pk)


def outcome(subscription: Subscription) -> Outcome:
    """What its ledger comes to."""
    return services.outcome_of(subscription)
