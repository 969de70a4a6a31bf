"""Stripe, by its own SDK against a double of it: every way in which money comes, stays away, and goes back."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connections

from billing.shop import begin
from billing.stripe_double import AUTHENTICATION, DECLINED, VERSION
from billing.stripe_shop import Shop, fresh, outcome
from factories import canary, make_article, make_price, make_reader
from front.journey import Browser, mails_to
from front.test_account_data import _columns_with
from masthead.billing import facts, inbox, operations, reconcile
from masthead.billing.lifecycle import fold
from masthead.billing.models import Checkout, Invoice, LedgerEvent, Subscription, Webhook
from masthead.billing.providers import ProviderError, Purpose
from masthead.billing.providers.stripe import events, persons
from masthead.core import clock
from masthead.site import doctor

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(settings: Any) -> Iterator[Shop]:
    found = Shop(settings)
    yield found
    found.double.close()


# --- what is kept


def test_of_whoever_paid_nothing_that_names_them_is_kept(shop: Shop) -> None:
    """Names, addresses and the like go no further than the door, and everything is read all the same."""
    url = begin(Browser())
    shop.double.pay(shop.session(url))
    customer = shop.double.all("customer")[0]
    customer |= {"name": "Ada Lovelace", "address": {"line1": "12 St James's Square"}, "phone": "+44 20 7946 0000"}
    for event in shop.pending():
        thing = event["data"]["object"]
        thing |= {
            "customer_name": "Ada Lovelace",
            "customer_email": "ada@example.org",
            "customer_details": {"email": "ada@example.org", "address": {"line1": "12 St James's Square"}},
            "description": "for ada@example.org",
        }
        shop.send([event])
    subscription = Subscription.objects.get()
    assert (subscription.state, subscription.invoices.get().amount) == ("active", 900)
    assert LedgerEvent.objects.exclude(payload="").exists() and Webhook.objects.exists()
    for text in ("lovelace", "st james", "7946"):
        assert not _columns_with(text), text
    assert _columns_with("ada@example.org") <= {
        "readers_reader.email", "readers_reader.identity", "readers_code.address", "readers_code.identity",
        "billing_checkout.address", "core_outgoingmail.to", "readers_code.email",
    }  # fmt: skip


def test_what_has_changed_is_told_by_its_name_though_not_by_what_it_was() -> None:
    body = {"data": {"object": {"id": "cus_1", "email": "a@b.example"}, "previous_attributes": {"email": "c@d.example", "x": 1}}}
    kept = json.loads(persons.left_out(json.dumps(body)))
    assert kept["data"] == {"object": {"id": "cus_1", "email": None}, "previous_attributes": {"email": None, "x": 1}}


# --- buying


def test_from_the_gate_to_the_open_article(shop: Shop) -> None:
    article = make_article(access="subscribers")
    browser = Browser()
    assert browser.decision(article) == "subscribe"
    subscription = shop.buy(browser, article)
    decision, html = browser.open(article)
    assert (decision, canary(article) in html) == ("subscription", True)
    assert (subscription.state, subscription.provider) == ("active", "stripe")
    assert subscription.reader is not None and subscription.reader.email == "ada@example.org"
    invoice = subscription.invoices.get()
    assert (invoice.amount, invoice.currency, invoice.state) == (900, "GBP", "paid")
    assert invoice.url.startswith(shop.double.url)
    assert subscription.customer is not None and subscription.customer.card_last4 == "4242"
    assert [mail.subject for mail in mails_to("ada@example.org")]


def test_what_is_asked_of_stripe_names_our_checkout_and_charges_what_the_page_said(shop: Shop) -> None:
    shop.buy()
    checkout = Checkout.objects.get()
    (asked,) = shop.double.asked("POST /v1/checkout/sessions")
    assert asked["client_reference_id"] == checkout.reference == asked["subscription_data"]["metadata"]["masthead_checkout"]
    assert (asked["mode"], asked["customer_email"]) == ("subscription", "ada@example.org")
    assert asked["automatic_tax"] == asked["adaptive_pricing"] == {"enabled": "false"}
    assert checkout.reference in asked["success_url"]
    (price,) = shop.double.asked("POST /v1/prices")
    assert (price["unit_amount"], price["currency"], price["recurring"]["interval"]) == ("900", "gbp", "month")
    assert (price["tax_behavior"], price["lookup_key"]) == ("inclusive", f"masthead_{make_price().pk}")
    writes = [headers for method, _, _, headers in shop.double.requests if method == "POST"]
    assert all(headers["idempotency-key"] and headers["stripe-version"] == "2026-10-28.endive" for headers in writes)


def test_pressed_twice_it_is_one_session_also_where_the_answer_was_lost(shop: Shop) -> None:
    browser = Browser()
    shop.double.trouble("POST /v1/checkout/sessions", "lost")
    url = begin(browser)
    assert begin(browser) == url
    sessions = shop.double.all("checkout.session")
    assert len(sessions) == 1
    assert len(shop.double.asked("POST /v1/checkout/sessions")) == 2, "the SDK asked again under the same key"


def test_an_error_that_stripe_remembers_does_not_close_the_shop(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("masthead.billing.providers.stripe.client.RETRIES", 1)
    shop.double.trouble("POST /v1/checkout/sessions", "500")
    assert begin(Browser()).startswith(shop.double.url)


def test_a_card_that_is_declined_leaves_the_checkout_open_for_another(shop: Shop) -> None:
    article = make_article(access="subscribers")
    browser = Browser()
    session = shop.session(begin(browser, article))
    shop.double.pay(session, DECLINED)
    shop.deliver()
    assert not Subscription.objects.exists()
    shop.double.pay(session)
    shop.deliver()
    assert browser.decision(article) == "subscription"


def test_the_bank_is_asked_and_until_it_agrees_nothing_opens(shop: Shop) -> None:
    article = make_article(access="subscribers")
    browser = Browser()
    session = shop.session(begin(browser, article))
    shop.double.pay(session, AUTHENTICATION)
    shop.deliver()
    assert Subscription.objects.get().state == "starting"
    assert browser.decision(article) == "subscribe"
    shop.double.authenticate(session)
    shop.deliver()
    assert browser.decision(article) == "subscription"
    assert Subscription.objects.get().state == "active"


def test_a_bank_that_does_not_agree_ends_it_and_nobody_is_mailed(shop: Shop) -> None:
    session = shop.session(begin(Browser()))
    shop.double.pay(session, AUTHENTICATION)
    shop.double.authenticate(session, agreed=False)
    shop.deliver()
    assert Subscription.objects.get().state == "ended"
    assert mails_to("ada@example.org") == []
    assert Checkout.objects.get().state == "open"


def test_a_debit_that_takes_days_opens_when_it_has_come(shop: Shop) -> None:
    session = shop.session(begin(Browser()))
    shop.double.pay(session, delayed=True)
    shop.deliver()
    assert Subscription.objects.get().access_until is None
    shop.double.settle_delayed(session)
    shop.deliver()
    assert Subscription.objects.get().state == "active"


def test_a_trial_opens_at_once_and_its_payment_follows(shop: Shop) -> None:
    price = make_price(900, trial_days=14)
    subscription = shop.buy(Browser().log_in(make_reader()), price=str(price.pk))
    assert subscription.state == "trialing" and not subscription.invoices.exists()
    until = subscription.access_until
    assert until is not None and timedelta(days=20) < until - clock.now() < timedelta(days=22), "a week of grace follows"
    shop.pass_time(days=15)
    shop.deliver()
    subscription = fresh(subscription)
    assert subscription.state == "active"
    assert [invoice.amount for invoice in subscription.invoices.all()] == [900]


def test_an_introductory_price_lasts_as_long_as_it_says(shop: Shop) -> None:
    price = make_price(900, first_amount=100, first_payments=2)
    subscription = shop.buy(price=str(price.pk))
    for _ in range(3):
        shop.pass_time(days=31)
        shop.deliver()
    assert [row.amount for row in subscription.invoices.order_by("since")][:4] == [100, 100, 900, 900]


def test_taxes_by_stripe_are_in_the_price_and_named(shop: Shop) -> None:
    shop.with_settings(stripe_tax=True)
    shop.double.tax = 20
    invoice = shop.buy().invoices.get()
    assert (invoice.amount, invoice.tax) == (900, 150)


def test_whoever_is_logged_in_is_the_customer_they_were(shop: Shop) -> None:
    ada = make_reader()
    browser = Browser().log_in(ada)
    first = shop.buy(browser)
    operations.cancel(subscription=first, by=ada.subject, at_once=True)
    shop.deliver()
    shop.pass_time(days=40)
    second = shop.buy(browser)
    assert second.customer == first.customer
    assert shop.double.asked("POST /v1/checkout/sessions")[1]["customer"] == first.customer.external_id


def test_a_customer_and_a_price_that_stripe_does_not_know_any_more_are_made_anew(shop: Shop) -> None:
    ada = make_reader()
    browser = Browser().log_in(ada)
    first = shop.buy(browser)
    operations.cancel(subscription=first, by=ada.subject, at_once=True)
    shop.pass_time(days=40)
    shop.deliver()
    shop.double.forget(*shop.double.all("customer"), *shop.double.all("price"))
    assert shop.buy(browser).state == "active"


# --- the webhook and the way back


def test_the_redirect_without_a_webhook_is_polled(shop: Shop) -> None:
    article = make_article(access="subscribers")
    browser = Browser()
    session = shop.double.pay(shop.session(begin(browser, article)))
    back = session["success_url"].removeprefix("http://127.0.0.1:8000")
    reference = Checkout.objects.get().reference
    browser.get(back)
    browser.post("/subscribe/return/", {"checkout": reference})
    assert browser.decision(article) == "subscription"
    before = outcome(Subscription.objects.get())
    shop.deliver()
    after = outcome(Subscription.objects.get())
    assert (before.state, before.stretches, before.paid) == (after.state, after.stretches, after.paid)
    assert len(mails_to("ada@example.org")) == len({mail.subject for mail in mails_to("ada@example.org")}), "told once"


def test_any_order_and_repetition_ends_the_same(shop: Shop) -> None:
    subscription = shop.buy()
    shop.pass_time(days=32)
    shop.double.refund({"payment_intent": shop.double.all("payment_intent")[0]["id"], "amount": 300})
    shop.double.cancel_by_portal(subscription.external_id)
    shop.deliver()
    wanted = outcome(subscription)
    assert wanted.state == "cancelling"
    events = list(shop.double.events)
    for seed in range(3):
        shuffled = random.Random(seed).sample(events, len(events))
        again = [shop.provider.read(shop.double.signed(event)[0]) for event in [*shuffled, *shuffled[:5]]]
        found = fold([fact for event in again if event for fact in event.facts], grace=timedelta(days=7))
        assert (found.state, found.stretches, found.paid) == (wanted.state, wanted.stretches, wanted.paid)


def test_forged_old_and_strange_webhooks_are_refused(shop: Shop) -> None:
    shop.double.pay(shop.session(begin(Browser())))
    event = shop.pending()[0]
    now = shop.double.now()
    body, headers = shop.double.signed(event)
    assert shop.post(body, {}) == 400
    assert shop.post(body.replace("evt_", "evx_"), headers) == 400
    assert shop.post(*shop.double.signed(event, secret="whsec_of_somebody_else")) == 400
    assert shop.post(*shop.double.signed(event, at=now - 600)) == 400, "from ten minutes ago"
    assert shop.post(*shop.double.signed(event, at=now + 600)) == 400, "from the future"
    assert shop.post(body, {"Stripe-Signature": "t=never,v1=00"}) == 400
    assert shop.post(*shop.double.signed({"object": "v2.core.event", "id": "evt_1"})) == 400
    shop.with_settings(stripe_secret_key="sk_live_1", stripe_api=None)
    assert shop.post(body, headers) == 400, "test money where real money is taken"


def test_a_replayed_webhook_is_stored_once(shop: Shop) -> None:
    shop.double.pay(shop.session(begin(Browser())))
    events = shop.pending()
    shop.send([*events, *events])
    ledger = LedgerEvent.objects.count()
    shop.send(events)
    assert LedgerEvent.objects.count() == ledger
    assert Subscription.objects.get().invoices.count() == 1


def test_two_secrets_are_believed_while_they_rotate(shop: Shop) -> None:
    shop.with_settings(stripe_webhook_secrets=("whsec_new", shop.double.secret))
    shop.buy()
    shop.double.secret = "whsec_new"
    shop.pass_time(days=32)
    shop.deliver()
    assert Invoice.objects.count() == 2
    shop.with_settings(stripe_webhook_secrets=("whsec_new",))
    event = shop.double.events[-1]
    assert shop.post(*shop.double.signed(event, secret="whsec_double")) == 400


def test_an_endpoint_of_another_version_is_a_hint_to_look(shop: Shop) -> None:
    shop.double.pay(shop.session(begin(Browser())))
    for event in (events := shop.pending()):
        event["api_version"] = "2024-06-20"
        thing = event["data"]["object"]
        if thing["object"] == "invoice":
            del thing["parent"], thing["lines"]
    shop.send(events)
    assert Subscription.objects.get().state == "active"


def test_what_else_the_account_sells_is_none_of_our_business(shop: Shop) -> None:
    shop.double.pay(shop.session(begin(Browser())))
    for event in shop.pending():
        thing = event["data"]["object"]
        if thing["object"] == "subscription":
            thing["metadata"] = {}
            thing["items"]["data"][0]["price"]["metadata"] = {}
            assert shop.provider.read(shop.double.signed(event)[0]) is None


# --- the life of it


def test_it_renews_and_a_failure_is_mailed_and_recovers(shop: Shop) -> None:
    subscription = shop.buy()
    shop.pass_time(days=32)
    shop.deliver()
    assert fresh(subscription).state == "active" and subscription.invoices.count() == 2
    shop.double.change_card(subscription.external_id, card=DECLINED, last4="0341")
    shop.pass_time(days=31)
    shop.deliver()
    subscription = fresh(subscription)
    assert subscription.state == "past_due"
    owed = outcome(subscription).owed
    assert owed is not None and owed.next_try is not None and owed.attempt == 1
    assert subscription.access_until is not None and subscription.access_until > clock.now(), "a week of grace"
    page = operations.portal(subscription=subscription, purpose=Purpose.CARD)
    assert page.startswith(f"{shop.double.url}/i/"), "what is owed is paid on its own page"
    shop.double.pay_invoice(owed.invoice)
    shop.deliver()
    subscription = fresh(subscription)
    assert subscription.state == "active"
    assert subscription.invoices.filter(state="paid").count() == 3
    assert subscription.customer is not None and subscription.customer.card_last4 == "1111"


def test_a_bank_that_wants_to_be_asked_at_a_renewal_says_so(shop: Shop) -> None:
    subscription = shop.buy()
    shop.double.change_card(subscription.external_id, card=AUTHENTICATION, last4="3220")
    shop.pass_time(days=32)
    shop.deliver()
    rows = [row for event in LedgerEvent.objects.filter(subscription=subscription) for row in event.facts]
    assert any(row["fact"] == "failure" and row.get("needs_action") for row in rows)
    assert fresh(subscription).state == "past_due"
    looked = {fact for event in shop.provider.look_up(subscription.external_id) for fact in event.facts}
    assert any(getattr(fact, "needs_action", False) for fact in looked), "looked up, it says so too"


def test_what_is_never_paid_ends(shop: Shop) -> None:
    subscription = shop.buy()
    shop.double.change_card(subscription.external_id, card=DECLINED)
    shop.pass_time(days=50)
    shop.deliver()
    subscription = fresh(subscription)
    assert (subscription.state, subscription.invoices.filter(state="paid").count()) == ("ended", 1)
    assert subscription.access_until is not None and subscription.access_until < clock.now()


def test_cancelled_it_reads_on_to_the_end_and_can_be_resumed_until_then(shop: Shop) -> None:
    article = make_article(access="subscribers")
    browser = Browser()
    subscription = shop.buy(browser, article)
    subscription = operations.cancel(subscription=subscription, by="ada")
    assert subscription.state == "cancelling" and browser.decision(article) == "subscription"
    shop.deliver()
    assert fresh(subscription).state == "cancelling"
    subscription = operations.resume(subscription=subscription, by="ada")
    assert subscription.state == "active"
    shop.deliver()
    operations.cancel(subscription=fresh(subscription), by="ada")
    shop.pass_time(days=33)
    shop.deliver()
    assert fresh(subscription).state == "ended" and subscription.invoices.count() == 1


def test_cancelled_in_the_portal_it_is_cancelled_here_and_can_be_resumed(shop: Shop) -> None:
    subscription = shop.buy()
    page = operations.portal(subscription=subscription, purpose=Purpose.MANAGE)
    assert page.startswith(f"{shop.double.url}/p/session/")
    shop.double.cancel_by_portal(subscription.external_id)
    shop.deliver()
    assert fresh(subscription).state == "cancelling"
    assert operations.resume(subscription=fresh(subscription), by="ada").state == "active"
    assert shop.double.get(subscription.external_id)["cancel_at"] is None


def test_cancelled_at_once_twice_is_cancelled_once(shop: Shop) -> None:
    subscription = shop.buy()
    for _ in range(2):
        assert shop.provider.cancel(subscription=subscription.external_id, at_period_end=False, key="k")
    shop.deliver()
    assert fresh(subscription).state == "ended"
    assert fresh(subscription).paid_until is not None, "what was paid for stays paid for"


def test_paused_nothing_is_charged_and_resumed_it_goes_on_from_now(shop: Shop) -> None:
    subscription = shop.buy()
    subscription = operations.pause(subscription=subscription, until=None, by="ada")
    assert subscription.state == "paused"
    shop.deliver()
    shop.pass_time(days=40)
    shop.deliver()
    subscription = fresh(subscription)
    assert (subscription.state, subscription.invoices.count()) == ("paused", 1)
    assert subscription.access_until is not None and subscription.access_until < clock.now()
    subscription = operations.resume(subscription=subscription, by="ada")
    assert subscription.state == "active" and subscription.invoices.count() == 2
    assert subscription.access_until is not None and subscription.access_until > clock.now()
    shop.deliver()
    assert fresh(subscription).state == "active"


def test_to_a_yearly_price_the_rest_of_the_month_is_credited_and_the_year_begins_now(shop: Shop) -> None:
    subscription = shop.buy()
    year = make_price(9000, "year")
    shop.pass_time(days=10)
    subscription = operations.change_price(subscription=subscription, price=year, by="ada")
    assert subscription.price == year
    newest = subscription.invoices.first()
    assert newest is not None and 8300 < newest.amount < 8500
    assert subscription.paid_until is not None and subscription.paid_until - clock.now() > timedelta(days=360)
    shop.deliver()
    assert fresh(subscription).price == year and subscription.invoices.count() == 2


def test_a_change_that_the_bank_refuses_changes_nothing(shop: Shop) -> None:
    subscription = shop.buy()
    shop.double.change_card(subscription.external_id, card=DECLINED)
    shop.deliver()
    with pytest.raises(ProviderError, match="bank said no"):
        operations.change_price(subscription=fresh(subscription), price=make_price(9000, "year"), by="ada")
    shop.deliver()
    assert fresh(subscription).state == "active" and fresh(subscription).price == make_price()


def test_part_of_a_payment_given_back_takes_nothing_and_the_whole_takes_its_period(shop: Shop) -> None:
    subscription = shop.buy()
    invoice = subscription.invoices.get()
    subscription = operations.refund(invoice=invoice, amount=300, by="support", reason="slow post")
    assert subscription.state == "active"
    shop.deliver()
    invoice.refresh_from_db()
    assert invoice.refunded == 300
    subscription = operations.refund(invoice=invoice, amount=None, by="support", reason="all of it")
    assert subscription.state == "refunded"
    shop.deliver()
    invoice.refresh_from_db()
    assert (invoice.refunded, invoice.state) == (900, "refunded")
    assert fresh(subscription).access_until <= clock.now() + timedelta(minutes=1)
    shop.double.fail_refund(shop.double.all("refund")[0]["id"])
    shop.deliver()
    assert fresh(subscription).state == "active", "the bank sent it back: the payment stands"


@pytest.mark.parametrize(("ruling", "state"), [("won", "active"), ("lost", "disputed")])
def test_a_dispute_takes_the_period_until_it_is_won(shop: Shop, ruling: str, state: str) -> None:
    subscription = shop.buy()
    invoice = subscription.invoices.get()
    dispute = shop.double.dispute(invoice.external_id)
    shop.deliver()
    assert fresh(subscription).state == "disputed"
    shop.double.rule(dispute["id"], ruling)
    shop.deliver()
    assert fresh(subscription).state == state


def test_a_banks_mere_question_takes_nothing(shop: Shop) -> None:
    subscription = shop.buy()
    shop.double.dispute(subscription.invoices.get().external_id, "warning_needs_response")
    shop.deliver()
    assert fresh(subscription).state == "active"


def test_a_card_that_will_not_last_is_noticed_before_the_charge(shop: Shop) -> None:
    subscription = shop.buy()
    past = clock.now() - timedelta(days=31)
    shop.double.change_card(subscription.external_id, last4="9999", month=past.month, year=past.year)
    shop.pass_time(days=25)
    shop.deliver()
    assert fresh(subscription).customer.card_last4 == "9999"
    assert any("card" in mail.subject.lower() for mail in mails_to("ada@example.org"))


# --- finding out


def test_reconciling_finds_all_that_was_never_told_and_then_nothing(shop: Shop) -> None:
    shop.double.page = 2  # lists come in pages
    first = shop.buy()
    session = shop.double.pay(shop.session(begin(Browser(), email="lost@example.org")))
    shop.pass_time(days=32)
    shop.double.refund({"payment_intent": shop.double.all("payment_intent")[0]["id"]})
    shop.double.cancel_by_portal(first.external_id)
    for _ in range(3):
        shop.double.pay(shop.session(begin(Browser(), email=f"more{_}@example.org")))
    shop.pending()  # none of it arrives
    report = reconcile.run()
    assert report.subscriptions == 5 and report.differences
    assert fresh(first).state == "cancelling"
    assert Subscription.objects.get(external_id=session["subscription"]).reader.email == "lost@example.org"
    ledger = LedgerEvent.objects.count()
    again = reconcile.run()
    assert (again.differences, LedgerEvent.objects.count()) == ([], ledger)


def test_looked_up_it_says_what_was_told(shop: Shop) -> None:
    subscription = shop.buy()
    shop.pass_time(days=32)
    shop.double.refund({"payment_intent": shop.double.all("payment_intent")[0]["id"], "amount": 100})
    shop.double.dispute(subscription.invoices.get().external_id)
    shop.deliver()
    told = {fact for event in LedgerEvent.objects.all() for fact in facts.from_json(event.facts)}
    looked = {fact for event in shop.provider.look_up(subscription.external_id) for fact in event.facts}
    assert looked <= told
    ids = [event.id for event in shop.provider.look_up(subscription.external_id)]
    assert ids == [event.id for event in shop.provider.look_up(subscription.external_id)]


def test_a_state_that_came_back_unheard_is_found(shop: Shop) -> None:
    """Cancelled, told; resumed, never told: what is looked up is newer than what was told, though it was said before."""
    subscription = shop.buy()
    shop.provider.look_up(subscription.external_id)
    shop.double.cancel_by_portal(subscription.external_id)
    shop.deliver()
    assert fresh(subscription).cancels
    shop.double.tick()
    shop.double.update(subscription.external_id, {"cancel_at": ""})
    shop.pending()
    subscription = operations.look_up(subscription=subscription, origin="reconcile")
    assert not subscription.cancels and subscription.state == "active"


def test_a_cache_that_fails_costs_a_line_in_the_ledger_and_nothing_else(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise ConnectionError("the cache is down")

    subscription = shop.buy()
    wanted = outcome(subscription)
    monkeypatch.setattr("masthead.billing.providers.stripe.memory.cache.get", fails)
    monkeypatch.setattr("masthead.billing.providers.stripe.memory.cache.set", fails)
    subscription = operations.look_up(subscription=subscription, origin="reconcile")
    found = outcome(subscription)
    assert (found.state, found.stretches, found.paid) == (wanted.state, wanted.stretches, wanted.paid)


# --- when Stripe is not well


@pytest.mark.parametrize(
    ("trouble", "words", "again"),
    [("429", "asked too much", True), ("slow", "does not answer", True), ("500", "error of its own", True)],
)
def test_its_troubles_are_sentences(shop: Shop, monkeypatch: pytest.MonkeyPatch, trouble: str, words: str, again: bool) -> None:
    monkeypatch.setattr("masthead.billing.providers.stripe.client.RETRIES", 0)
    monkeypatch.setattr("masthead.billing.providers.stripe.client.ANSWER", 0.3)
    subscription = shop.buy()
    shop.double.trouble("GET /v1/subscriptions", trouble)
    with pytest.raises(ProviderError, match=words) as caught:
        shop.provider.look_up(subscription.external_id)
    assert caught.value.again is again
    assert shop.provider.look_up(subscription.external_id)


def test_a_key_that_is_refused_says_where_to_look(shop: Shop) -> None:
    shop.with_settings(stripe_secret_key="sk_test_wrong")
    with pytest.raises(ProviderError, match="masthead doctor"):
        shop.provider.look_up("sub_1")


def test_a_webhook_whose_question_fails_is_tried_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("masthead.billing.providers.stripe.client.RETRIES", 0)
    shop.double.pay(shop.session(begin(Browser())))
    completed = next(event for event in shop.pending() if event["type"] == "checkout.session.completed")
    shop.double.trouble("GET /v1/subscriptions", "500")
    assert shop.post(*shop.double.signed(completed)) == 200, "nothing is asked while Stripe waits"
    inbox.work()
    row = inbox.Webhook.objects.get()
    assert (row.state, row.attempts) == ("waiting", 1)
    inbox.replay(webhook=row)
    shop.work()
    assert Subscription.objects.get().state == "active"


def test_the_same_wish_is_granted_once_and_another_under_its_key_is_refused(shop: Shop) -> None:
    subscription = shop.buy()
    invoice = subscription.invoices.get().external_id
    wish = {"subscription": subscription.external_id, "invoice": invoice, "reason": "", "key": "one wish"}
    first = shop.provider.refund(**wish, amount=100)
    assert shop.provider.refund(**wish, amount=100) == first
    assert len(shop.double.all("refund")) == 1
    with pytest.raises(ProviderError, match="in other words"):
        shop.provider.refund(**wish, amount=200)


# --- two at once


def at_once(*what: Any) -> list[BaseException]:
    """Run all of ``what`` in threads that begin together; what went wrong."""
    barrier = threading.Barrier(len(what))
    errors: list[BaseException] = []

    def run(one: Any) -> None:
        try:
            barrier.wait()
            one()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(one,)) for one in what]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.django_db(transaction=True)
def test_all_webhooks_of_a_purchase_at_once_and_the_redirect_with_them(shop: Shop) -> None:
    article = make_article(access="subscribers")
    browser = Browser()
    shop.double.pay(shop.session(begin(browser, article)))
    checkout = Checkout.objects.get()
    signed = [shop.double.signed(event) for event in shop.pending()]
    back = partial(browser.post, "/subscribe/return/", {"checkout": checkout.reference})
    assert at_once(*(partial(shop.post, *one) for one in signed * 2), back) == []
    assert inbox.Webhook.objects.count() == len(signed)
    assert at_once(inbox.work, inbox.work, back) == []
    shop.work()
    subscription = Subscription.objects.get()
    assert (subscription.state, subscription.invoices.count()) == ("active", 1)
    assert sorted(mail.kind for mail in mails_to("ada@example.org")) == ["receipt", "welcome"]
    assert browser.decision(article) == "subscription"


# --- what an operator sees


def test_the_doctor_says_who_takes_the_money_and_what_is_missing(shop: Shop) -> None:
    def said() -> Any:
        return doctor.check_payments()

    assert said().verdict == "fail" and "make an endpoint" in said().text
    endpoint = {
        "id": "we_1",
        "object": "webhook_endpoint",
        "url": "http://127.0.0.1:8000/webhooks/stripe/",
        "status": "enabled",
        "api_version": VERSION,
        "enabled_events": list(events.ALL[1:]),
    }
    shop.with_settings(base_url="http://127.0.0.1:8000")
    shop.double.endpoints.append(endpoint)
    assert said().verdict == "fail" and events.ALL[0] in said().text
    endpoint["enabled_events"] = list(events.ALL)
    assert said().verdict == "ok" and "test mode" in said().text and not shop.provider.real
    endpoint["api_version"] = "2020-08-27"
    assert said().verdict == "warn" and VERSION in said().text
    endpoint["api_version"] = VERSION
    shop.with_settings(clock_offset=-150)
    assert said().verdict == "warn" and "seconds slow" in said().text
    shop.with_settings(clock_offset=600)
    assert said().verdict == "fail" and "webhooks are refused" in said().text
    shop.with_settings(clock_offset=0, stripe_secret_key="sk_test_wrong")
    assert said().verdict == "fail" and "key" in said().text
    shop.with_settings(stripe_secret_key=None)
    assert "sandbox" in said().text
