"""Lives made up at random at the double: told in any order, told twice, or only looked up, they come to the same."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from billing.shop import begin
from billing.stripe_double import AUTHENTICATION, DECLINED, WORKS
from billing.stripe_double.parameters import Wrong
from billing.stripe_shop import Shop
from factories import make_price, make_reader
from front.journey import Browser
from masthead.billing.lifecycle import Fact, Outcome, fold
from masthead.billing.providers import ProviderError, ProviderEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(settings: Any) -> Iterator[Shop]:
    found = Shop(settings)
    yield found
    found.double.close()


def live(shop: Shop, number: str, luck: random.Random) -> str:
    """Let one thing happen to the subscription; what it was."""
    double, provider = shop.double, shop.provider
    paid = [row["id"] for row in double.all("invoice") if row["status"] == "paid" and row["amount_paid"]]
    open_ones = [row["id"] for row in double.all("invoice") if row["status"] == "open"]
    disputes = [row["id"] for row in double.all("dispute") if row["status"] == "needs_response"]
    key = str(luck.random())
    what = luck.choice(["time", "time", "time", "card", "cancel", "resume", "pause", "refund", "dispute", "rule", "pay", "plan"])
    with suppress(Wrong, ProviderError, IndexError):
        match what:
            case "time":
                double.pass_time(timedelta(days=luck.choice([1, 5, 17, 32])))
            case "card":
                double.change_card(number, card=luck.choice([WORKS, DECLINED, AUTHENTICATION]))
            case "cancel":
                if luck.random() < 0.5:
                    double.cancel_by_portal(number)
                else:
                    provider.cancel(subscription=number, at_period_end=luck.random() < 0.8, key=key)
            case "resume":
                provider.resume(subscription=number, key=key)
            case "pause":
                provider.pause(subscription=number, until=None, key=key)
            case "refund":
                amount = luck.choice([None, 100])
                provider.refund(subscription=number, invoice=luck.choice(paid), amount=amount, reason="", key=key)
            case "dispute":
                double.dispute(luck.choice(paid))
            case "rule":
                double.rule(luck.choice(disputes), luck.choice(["won", "lost"]))
            case "pay":
                double.pay_invoice(luck.choice(open_ones))
            case "plan":
                price = luck.choice([make_price(900), make_price(9000, "year"), make_price(500, rate="student")])
                at_stripe = provider.publish_price(
                    price=price.pk,
                    plan="All-Access",
                    amount=price.amount,
                    currency="GBP",
                    interval=price.interval,
                    tax_included=True,
                )
                provider.change_price(subscription=number, price=price.pk, price_at_provider=at_stripe, key=key)
    return what


def facts(events: Iterable[ProviderEvent | None]) -> list[Fact]:
    return [fact for event in events if event is not None for fact in event.facts]


def come_to(known: list[Fact]) -> Outcome:
    return fold(known, grace=timedelta(days=7))


@pytest.mark.parametrize("seed", range(8))
def test_told_in_any_order_or_looked_up_it_comes_to_the_same(shop: Shop, seed: int) -> None:
    luck = random.Random(seed)
    price = make_price(900, trial_days=luck.choice([0, 14]))
    number = shop.double.pay(shop.session(begin(Browser().log_in(make_reader()), price=str(price.pk))))["subscription"]
    story = [live(shop, number, luck) for _ in range(14)]
    events = list(shop.double.events)

    def told(order: list[dict[str, Any]]) -> Outcome:
        return come_to(facts(shop.provider.read(shop.double.signed(event)[0]) for event in order))

    wanted = told(events)
    for _ in range(2):
        assert told([*luck.sample(events, len(events)), *luck.sample(events, 5)]) == wanted, story
    looked = facts(shop.provider.look_up(number))
    found = come_to(looked)
    assert (found.state, found.stretches, found.paid) == (wanted.state, wanted.stretches, wanted.paid), story
    # looked up after all that was told, it changes nothing; and half of it is mended by looking
    together = come_to([*facts(shop.provider.read(shop.double.signed(event)[0]) for event in events), *looked])
    assert (together.state, together.stretches, together.paid) == (wanted.state, wanted.stretches, wanted.paid), story
    half = facts(shop.provider.read(shop.double.signed(event)[0]) for event in luck.sample(events, len(events) // 2))
    mended = come_to([*half, *looked])
    assert (mended.state, mended.stretches, mended.paid) == (wanted.state, wanted.stretches, wanted.paid), story
