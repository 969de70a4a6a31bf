"""The account's subscription: what it says, what it does, and that it does it to nobody else's."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billing.shop import begin, buy, happens, pay, work
from factories import make_article, make_price, make_reader
from front.journey import Browser, mails_to
from front.test_account import page, words
from masthead.billing import chores, operations, twice
from masthead.billing.models import AuditEntry, Invoice, Subscription
from masthead.billing.providers import ProviderError
from masthead.billing.providers.sandbox import books
from masthead.billing.providers.sandbox.provider import Sandbox
from masthead.core import clock
from masthead.core.models import Publication
from masthead.front import subscription as told

pytestmark = pytest.mark.django_db
WAYS = ["cancel", "resume", "pause", "plan", "card", "give-back"]


@pytest.fixture
def ada() -> Browser:
    return Browser().log_in(make_reader())


@pytest.fixture
def subscription(ada: Browser) -> Subscription:
    return buy(ada, price=str(make_price().pk))


def day(moment: Any) -> str:
    return told.words().day(moment)


def move(settings: Any, **by: float) -> None:
    """Move the clock on."""
    offset = settings.MASTHEAD.clock_offset + int(timedelta(**by).total_seconds())
    settings.MASTHEAD = replace(settings.MASTHEAD, clock_offset=offset)


def send(browser: Browser, way: str, subscription: Subscription, **fields: Any) -> Any:
    response = browser.post(f"/account/subscription/{way}/", {"subscription": subscription.subject, **fields})
    work()
    subscription.refresh_from_db()
    return response


def test_a_reader_without_one_sees_nothing_of_it(ada: Browser) -> None:
    assert "Your subscription" not in page(ada)


def test_it_says_plan_state_and_next_payment(ada: Browser, subscription: Subscription) -> None:
    said = page(ada)
    assert "All-Access £9 a month Running" in said
    assert f"The next payment, £9.00, is on {day(subscription.renews)}." in said
    assert "Paid with Sandbox card ending in 4242" in said


def test_amounts_and_days_are_written_the_publications_way(ada: Browser, subscription: Subscription) -> None:
    Publication.objects.update(language="de-DE")
    Publication.load().save()
    said = page(ada)
    assert "9,00\xa0£" in said.replace("&nbsp;", "\xa0") or "9,00 £" in said
    assert day(subscription.renews) in said and ". " in day(subscription.renews)


def test_it_is_cancelled_in_two_clicks_without_saying_why(ada: Browser, subscription: Subscription) -> None:
    link = f"/account/subscription/cancel/?subscription={subscription.subject}"
    assert link in ada.get("/account/").content.decode(), "the first click"
    said = words(ada.get(link).content.decode())
    assert f"You go on reading everything until {day(subscription.paid_until)}" in said
    assert "pause instead" in said
    response = send(ada, "cancel", subscription)
    assert (response.status_code, response["Location"]) == (303, "/account/?done=cancelled#subscription"), "the second"
    assert subscription.state == "cancelling"
    assert f"Everything stays open until {day(subscription.paid_until)}, and nothing more is collected." in page(ada)
    assert AuditEntry.objects.get(action="cancel").reason == ""


def test_a_reason_is_one_of_ours_or_none(ada: Browser, subscription: Subscription) -> None:
    send(ada, "cancel", subscription, reason="price")
    assert AuditEntry.objects.get(action="cancel").reason == "It costs too much"
    send(ada, "resume", subscription)
    send(ada, "cancel", subscription, reason="my name is Ada")
    assert AuditEntry.objects.filter(action="cancel").order_by("pk").last().reason == ""


def test_looking_at_the_page_cancels_nothing(ada: Browser, subscription: Subscription) -> None:
    for way in WAYS:
        ada.get(f"/account/subscription/{way}/?subscription={subscription.subject}")
    subscription.refresh_from_db()
    assert subscription.state == "active"


def test_a_cancellation_is_taken_back(ada: Browser, subscription: Subscription) -> None:
    send(ada, "cancel", subscription)
    assert "Keep it after all" in page(ada)
    assert send(ada, "resume", subscription).status_code == 303
    assert subscription.state == "active"


def test_it_is_paused_for_whole_months_and_resumed(ada: Browser, subscription: Subscription) -> None:
    renews = subscription.renews
    assert send(ada, "pause", subscription, months="9").status_code == 422
    assert send(ada, "pause", subscription, months="2").status_code == 303
    assert (subscription.state, subscription.resumes_at) == ("paused", told_later(renews, 2))
    assert f"Nothing is collected until {day(subscription.resumes_at)}." in page(ada)
    assert send(ada, "resume", subscription).status_code == 303
    assert subscription.state == "active"


def told_later(moment: Any, months: int) -> Any:
    from masthead.front.views.subscription import _later

    return _later(moment, months)


def test_months_later_is_the_same_day_or_the_last_that_every_month_has() -> None:
    moment = clock.now().replace(year=2026, month=12, day=31)
    assert told_later(moment, 1).strftime("%Y-%m-%d") == "2027-01-31"
    assert told_later(moment, 2).strftime("%Y-%m-%d") == "2027-02-28"


def test_what_is_paused_is_cancelled_and_keeps_what_is_paid_for(ada: Browser, subscription: Subscription) -> None:
    send(ada, "pause", subscription, months="1")
    paid = subscription.paid_until
    assert send(ada, "cancel", subscription).status_code == 303
    assert (subscription.state, subscription.access_until) == ("ended", paid)
    assert ada.decision(make_article(access="subscribers")) == "subscription"


def test_the_plan_is_changed_knowing_what_it_costs(ada: Browser, subscription: Subscription) -> None:
    yearly = make_price(9000, "year")
    make_price(7000, "year", currency="EUR")
    said = words(ada.get(f"/account/subscription/plan/?subscription={subscription.subject}").content.decode())
    assert "£90 a year" in said and "the first year is collected now, £90.00 at most" in said
    assert "€" not in said, "a subscription keeps its currency"
    assert send(ada, "plan", subscription, price="1000000").status_code == 422
    assert send(ada, "plan", subscription, price=str(yearly.pk)).status_code == 303
    assert subscription.price == yearly
    assert "£90 a year" in page(ada)
    said = words(ada.get(f"/account/subscription/cancel/?subscription={subscription.subject}").content.decode())
    assert "pay £9 a month instead" in said


def test_the_card_is_changed_at_the_provider_and_nothing_else(ada: Browser, subscription: Subscription) -> None:
    response = send(ada, "card", subscription)
    assert response.status_code == 303 and "/sandbox/portal/" in response["Location"]
    portal = response["Location"].replace("http://127.0.0.1:8000", "")
    assert ada.post(portal, {"action": "refund"}).status_code == 422


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (books.fail, "could not be collected. Everything stays open until"),
        (books.refund, "The newest payment was given back to you"),
        (books.dispute, "Your bank took the newest payment back"),
    ],
)
def test_a_bad_state_is_told_in_a_sentence(ada: Browser, subscription: Subscription, what: Any, said: str) -> None:
    happens(subscription, what)
    assert said in page(ada)


def test_ended_it_says_so_and_how_to_begin_anew(ada: Browser, subscription: Subscription) -> None:
    operations.refund(invoice=Invoice.objects.get(), amount=None, by="x", reason="y")
    operations.cancel(subscription=Subscription.objects.get(), by="x", at_once=True)
    said = page(ada)
    assert "given back" in said and "Receipt" in said


def test_a_receipt_stands_on_a_page_of_its_own(ada: Browser, subscription: Subscription) -> None:
    invoice = Invoice.objects.get()
    operations.refund(invoice=invoice, amount=300, by="x", reason="y")
    path = f"/account/subscription/receipts/{invoice.pk}/"
    assert path in ada.get("/account/").content.decode()
    said = words(ada.get(path).content.decode())
    assert "£9.00 , given back in part" in said and "What remains paid £6.00" in said and "ada@example.org" in said
    assert Browser().log_in(make_reader("bob@example.org")).get(path).status_code == 404
    assert Browser().get(path)["Location"] == "/login/"
    assert ada.get("/account/subscription/receipts/99999999999999999999999/").status_code == 404


@pytest.mark.parametrize("way", WAYS)
def test_nobody_touches_anothers(subscription: Subscription, way: str) -> None:
    bob = Browser("192.0.2.9").log_in(make_reader("bob@example.org"))
    assert send(bob, way, subscription).status_code == 404
    looked = bob.get(f"/account/subscription/{way}/?subscription={subscription.subject}")
    assert looked.status_code in (404, 405) or looked["Location"] == "/account/"
    assert send(Browser(), way, subscription)["Location"] == "/login/"
    assert subscription.state == "active"


@pytest.mark.parametrize("way", WAYS)
def test_every_form_needs_the_token_of_its_page(subscription: Subscription, ada: Browser, way: str) -> None:
    strict = Browser(enforce_csrf_checks=True)
    strict.cookies = ada.cookies
    assert send(strict, way, subscription).status_code == 403


def test_what_cannot_be_done_is_said(ada: Browser, subscription: Subscription, monkeypatch: Any) -> None:
    assert send(ada, "resume", subscription).status_code == 422

    def away(*_: Any, **__: Any) -> Any:
        raise ProviderError("the line is cut", again=True)

    monkeypatch.setattr(Sandbox, "cancel", away)
    response = send(ada, "cancel", subscription)
    assert response.status_code == 503
    assert "Nothing was changed" in words(response.content.decode())


def test_the_next_payment_knows_introductions(ada: Browser) -> None:
    price = make_price()
    price.first_amount, price.first_payments = 100, 2
    price.save()
    subscription = buy(ada, price=str(price.pk))
    assert told.next_amount(Subscription.objects.get()) == 100
    happens(subscription, books.renew)
    assert told.next_amount(Subscription.objects.get()) == 900
    assert subscription.renews is not None and subscription.renews > clock.now() + timedelta(days=40)


# --- what is said before a press


def test_resuming_within_what_is_paid_for_collects_nothing_today_and_says_so(ada: Browser, subscription: Subscription) -> None:
    send(ada, "pause", subscription, months="2")
    said = page(ada)
    assert "If you resume, nothing is collected today. The next payment, £9.00, is then on" in said
    assert "Resume now" in said
    send(ada, "resume", subscription)
    assert Invoice.objects.count() == 1


def test_resuming_after_it_says_what_is_collected_at_once(ada: Browser, subscription: Subscription, settings: Any) -> None:
    send(ada, "pause", subscription, months="3")
    move(settings, days=40)
    ada.log_in(make_reader())
    said = page(ada)
    assert "If you resume, £9.00 is collected at once, for a month from today." in said
    assert "Resume and pay £9.00 now" in said and "Resume now" not in said
    send(ada, "resume", subscription)
    said = page(ada)
    assert "The next payment, £9.00, is being collected now." in said, "no day that has passed"
    chores.each_minute()
    work()
    subscription.refresh_from_db()
    assert Invoice.objects.count() == 2
    assert f"The next payment, £9.00, is on {day(subscription.renews)}." in page(ada)


def test_taking_a_cancellation_back_says_when_the_next_payment_is(ada: Browser, subscription: Subscription) -> None:
    send(ada, "cancel", subscription)
    due = day(subscription.paid_until)
    assert f"If you keep it, nothing is collected today. The next payment, £9.00, is then on {due}." in page(ada)


def test_what_renews_has_no_until_but_a_next_payment(ada: Browser, subscription: Subscription) -> None:
    """The grant reaches some days further, to bridge the time until a payment is in: that is no promise to anybody."""
    said = page(ada)
    assert subscription.access_until > subscription.paid_until
    assert day(subscription.access_until) not in said
    assert f"your subscription. The next payment is on {day(subscription.renews)}" in said


def test_what_is_cancelled_is_open_until_what_is_paid_for_ends(ada: Browser, subscription: Subscription) -> None:
    send(ada, "cancel", subscription)
    assert f"your subscription, until {day(subscription.paid_until)}" in page(ada)


def test_a_missing_payment_leaves_it_open_until_the_grace_is_over(
    ada: Browser, subscription: Subscription, settings: Any
) -> None:
    happens(subscription, books.fail)
    move(settings, days=(subscription.paid_until - clock.now()).days + 2)
    ada.log_in(make_reader())
    assert f"your subscription, until {day(subscription.access_until)}" in page(ada)


def test_deleting_the_account_says_that_the_subscription_is_cancelled_and_when(ada: Browser, subscription: Subscription) -> None:
    said = words(ada.get("/account/delete/").content.decode())
    assert "Your subscription (All-Access) is cancelled at once" in said
    assert f"What you have paid for until {day(subscription.paid_until)} is lost" in said and "cancel it" in said
    send(ada, "cancel", subscription)
    said = words(ada.get("/account/delete/").content.decode())
    assert "collects nothing any more" in said and "cancelled at once" not in said


def test_without_a_subscription_deleting_says_nothing_of_one(ada: Browser) -> None:
    assert "subscription" not in words(ada.get("/account/delete/").content.decode()).lower()


def test_what_was_given_back_and_ended_is_not_among_what_runs(ada: Browser, subscription: Subscription) -> None:
    second = buy(Browser("198.51.100.7"), email="ada@example.org")
    twice.give_back(subscription=second, by="x")
    assert len(told.of(make_reader())) == 1
    assert words(ada.get("/account/delete/").content.decode()).count("is cancelled at once") == 1


# --- a browser that paid and is not logged in


def test_account_leads_a_browser_that_paid_to_where_its_code_is_typed() -> None:
    browser = Browser()
    buy(browser)
    answer = browser.get("/account/")
    assert re.fullmatch(r"/subscribe/return/\?checkout=[\w-]{22}", answer["Location"])
    assert 'name="code"' in browser.get(answer["Location"]).content.decode()
    assert browser.confirm().status_code == 303
    assert browser.get("/account/").status_code == 200
    browser.post("/logout/")
    assert browser.get("/account/")["Location"] == "/login/", "proved: the way in is the usual one"


def test_a_return_page_looked_at_again_says_what_is_so_now(settings: Any) -> None:
    browser = Browser()
    back = pay(browser, begin(browser))
    work()
    assert "It is open" in browser.get(back).content.decode()
    subscription = Subscription.objects.get()
    operations.refund(invoice=Invoice.objects.get(), amount=None, by="x", reason="y")
    operations.cancel(subscription=subscription, by="x", at_once=True)
    said = words(browser.get(back).content.decode())
    assert "This subscription is over" in said and "It is open" not in said and "six digits" not in said


def test_nor_does_it_say_open_to_a_reader_whose_subscription_ended(ada: Browser, settings: Any) -> None:
    back = pay(ada, begin(ada))
    work()
    assert ada.get(back).status_code == 303
    move(settings, days=60)
    ada.log_in(make_reader())
    answer = ada.get(back)
    assert answer.status_code == 200 and "This subscription is over" in answer.content.decode()


def test_proved_and_logged_out_it_says_paid_and_where_to_log_in() -> None:
    browser = Browser()
    back = pay(browser, begin(browser))
    work()
    browser.confirm()
    browser.post("/logout/")
    said = words(browser.get(back).content.decode())
    assert "This is paid" in said and "It is open" not in said


# --- one of two that ends


def test_the_end_of_one_of_two_is_told_as_that(ada: Browser, subscription: Subscription) -> None:
    other = buy(Browser("198.51.100.7"), email="ada@example.org")
    operations.cancel(subscription=subscription, by="x", at_once=True)
    work()
    mail = mails_to("ada@example.org")[-1]
    assert mail.kind == "ended" and mail.subject == "One of your subscriptions has ended"
    assert f"Everything stays open to you, through the other: the next payment is due on {day(other.renews)}" in mail.text
    assert "Subscribe again" not in mail.text


def test_a_refund_of_one_of_two_is_told_as_that(ada: Browser, subscription: Subscription) -> None:
    buy(Browser("198.51.100.7"), email="ada@example.org")
    happens(subscription, books.refund)
    mail = mails_to("ada@example.org")[-1]
    assert "given £9.00 back" in mail.text.replace("\n", " ") and "has ended" not in mail.subject
    assert "Everything stays open to you" in mail.text
