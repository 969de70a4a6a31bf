"""Plans, prices and payments in the newsroom: what each page shows, to whom, and what it refuses."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from billing.shop import begin, buy, happens, pay
from factories import make_price, make_reader
from front.journey import Browser
from masthead.billing.models import Checkout, Plan, Price, PromotionCode, Subscription, Webhook
from masthead.billing.providers.sandbox import books

pytestmark = pytest.mark.django_db


def test_pages_open_for_their_roles(as_role):
    subscription = buy(Browser().log_in(make_reader()))
    happens(subscription, books.renew)
    paths = {
        "/newsroom/payments/": {"Publisher", "Support"},
        "/newsroom/payments/log/": {"Publisher", "Support"},
        f"/newsroom/payments/webhooks/{Webhook.objects.latest('pk').pk}/": {"Publisher", "Support"},
        f"/newsroom/payments/subscriptions/{subscription.subject}/": {"Publisher", "Support"},
        "/newsroom/plans/new/": {"Publisher"},
        "/newsroom/prices/new/": {"Publisher"},
        "/newsroom/offers/new/": {"Publisher"},
        "/newsroom/offer-codes/new/": {"Publisher"},
        "/newsroom/prices/": {"Publisher"},
    }
    for role in ("Writer", "Editor", "Publisher", "Support"):
        client = as_role(role)
        for path, roles in paths.items():
            assert (client.get(path).status_code == 200) == (role in roles), (role, path)
    html = as_role("Support").get(f"/newsroom/payments/subscriptions/{subscription.subject}/").content.decode()
    for words in ("ada@example.org", "£9.00", "invoice.paid", "payment: at"):
        assert words in html


def test_a_webhook_is_replayed_by_who_may(as_role):
    browser = Browser()
    pay(browser, begin(browser))
    row = Webhook.objects.order_by("pk")[0]
    Webhook.objects.filter(pk=row.pk).update(state="failed", error="RuntimeError: away")
    path = f"/newsroom/payments/webhooks/{row.pk}/"
    assert as_role("Writer").post(path).status_code in (302, 403)
    support = as_role("Support")
    assert "RuntimeError: away" in support.get(path).content.decode()
    assert support.post(path).status_code == 303
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("waiting", 0)


def test_a_price_that_somebody_pays_is_not_changed(as_role):
    price = make_price(900)
    publisher = as_role("Publisher")
    path = f"/newsroom/prices/edit/{price.pk}/"
    form = {"plan": price.plan_id, "currency": "GBP", "interval": "month", "rate": "standard", "active": "on"}
    rest = {"tax_included": "on", "trial_days": 0, "first_amount": "", "first_payments": 1}
    assert publisher.post(path, {**form, **rest, "amount": 950}).status_code == 302
    buy(Browser(), price=str(price.pk))
    answer = publisher.post(path, {**form, **rest, "amount": 990})
    assert answer.status_code == 200
    assert "Readers pay this price" in answer.content.decode()
    price.refresh_from_db()
    assert price.amount == 950
    off = {key: value for key, value in {**form, **rest, "amount": 950}.items() if key != "active"}
    assert publisher.post(path, off).status_code == 302
    assert Browser().post("/subscribe/checkout/", {"price": price.pk, "email": "b@example.org"}).status_code == 422
    assert Subscription.objects.get().state == "active"


def test_a_plan_a_price_and_a_code_are_made_in_the_newsroom_and_stand_on_the_page(as_role):
    publisher = as_role("Publisher")
    made = {"name": "Supporter", "slug": "supporter", "active": "on", "position": 1, "grace_days": 3}
    publisher.post("/newsroom/plans/new/", made)
    plan = Plan.objects.get(slug="supporter")
    form = {"plan": plan.pk, "currency": "GBP", "interval": "month", "rate": "standard", "tax_included": "on", "active": "on"}
    publisher.post("/newsroom/prices/new/", {**form, "amount": 2500, "trial_days": 7, "first_payments": 1})
    assert Price.objects.get(plan=plan).amount == 2500
    html = Browser().get("/subscribe/").content.decode()
    assert "Supporter" in html and "<b>£25</b> a month" in html and "The first 7 days are free, once for each reader." in html
    offered = {"name": "Spring", "percent": 20, "amount": 0, "trial_days": 0, "payments": 1, "active": "on"}
    publisher.post("/newsroom/offers/new/", offered)
    offer = plan.offers.model.objects.get(name="Spring")
    publisher.post("/newsroom/offer-codes/new/", {"code": "spring26", "offer": offer.pk, "active": "on", "source": "the Daily"})
    assert PromotionCode.objects.get().code == "SPRING26"
    begin(Browser().log_in(make_reader()), price=str(Price.objects.get().pk), code="spring26")
    assert Checkout.objects.get().amount == 2000


def test_the_sandboxs_desk_is_reached_from_a_subscriptions_page(as_role):
    subscription = buy(Browser(), price=str(make_price().pk))
    page = as_role().get(f"/newsroom/payments/subscriptions/{subscription.subject}/").content.decode()
    desk = re.search(r'href="http://[^/"]+(/sandbox/portal/[^"]+)"', page)
    assert desk and "Refund" in Client().get(desk[1]).content.decode()
