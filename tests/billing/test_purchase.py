"""From the gate to the open article: buying, with and without an account, and every way in which it may go differently."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from billing.shop import begin, buy, checkout_of, happens, pay, press, work
from factories import canary, make_article, make_price, make_reader
from front.journey import Browser, code_for, mails_to
from masthead.access.models import Grant
from masthead.ads.models import Advertisement
from masthead.billing import inbox, purchase
from masthead.billing.models import AuditEntry, Checkout, LedgerEvent, Subscription, Webhook
from masthead.billing.providers.sandbox import books
from masthead.billing.providers.sandbox.models import Thing
from masthead.billing.providers.sandbox.provider import HEADER, signed
from masthead.core import clock
from masthead.core.models import OutgoingMail
from masthead.readers.models import Reader

pytestmark = pytest.mark.django_db


def test_the_page_names_the_article_the_plans_and_what_they_cost() -> None:
    article = make_article(access="subscribers")
    make_price(900)
    make_price(9000, "year")
    make_price(400, rate="student")
    make_price(1000, currency="EUR")
    html = Client().get(f"/subscribe/?article={article.slug}").content.decode()
    assert article.title in html
    for words in ("<b>£9</b> a month", "<b>£90</b> a year", "You save £18 a year", "<b>£4</b> a month", "currency=EUR"):
        assert words in html, words
    assert "csrf" not in html, "a variant page carries no token"
    euros = Client().get("/subscribe/?currency=EUR").content.decode()
    assert "<b>€10</b> a month" in euros
    assert "£" not in euros


def test_without_an_account_the_paying_browser_reads_at_once_and_nobody_is_logged_in() -> None:
    article = make_article(access="subscribers")
    browser = Browser()
    assert browser.decision(article) == "subscribe"
    url = begin(browser, article)
    back = pay(browser, url)
    work()
    page = browser.get(back)
    assert page.status_code == 200
    assert "ada@example.org" in page.content.decode()
    decision, html = browser.open(article)
    assert decision == "subscription"
    assert canary(article) in html
    assert "masthead_session" not in browser.cookies, "paying proves no address"
    reader = Reader.objects.get(email="ada@example.org")
    assert reader.confirmed is None
    subscription = Subscription.objects.get()
    assert (subscription.reader, subscription.state) == (reader, "active")
    assert Browser().decision(article) == "subscribe", "another browser has nothing of it"


def test_the_mailed_code_logs_in_on_the_article_and_ends_the_browsers_own_grant() -> None:
    article = make_article(access="subscribers")
    browser = Browser()
    buy(browser, article)
    device_grant = Grant.objects.get(device__isnull=False)
    assert device_grant.until == Subscription.objects.get().paid_until
    answer = browser.confirm()
    assert (answer.status_code, answer["Location"]) == (303, article.path_on_site)
    assert browser.decision(article) == "subscription"
    reader = Reader.objects.get()
    assert reader.confirmed is not None
    device_grant.refresh_from_db()
    assert device_grant.until is not None and device_grant.until <= clock.now()
    browser.post("/logout/")
    assert browser.decision(article) == "subscribe", "logged out, the browser is nobody's"
    elsewhere = Browser().log_in(reader)
    assert elsewhere.decision(article) == "subscription"


def test_whoever_is_logged_in_has_it_themselves_and_lands_on_the_article() -> None:
    article = make_article(access="subscribers")
    ada = make_reader()
    browser = Browser().log_in(ada)
    back = pay(browser, begin(browser, article, email="somebody@else.example"))
    work()
    answer = browser.get(back)
    assert (answer.status_code, answer["Location"]) == (303, article.path_on_site)
    assert browser.decision(article) == "subscription"
    assert Subscription.objects.get().reader == ada, "what was typed does not count for whoever is logged in"
    assert not Grant.objects.filter(device__isnull=False).exists()
    again = browser.post("/subscribe/checkout/", {"price": str(make_price().pk)})
    assert again.status_code == 422
    assert "You have All-Access already" in again.content.decode()


def test_a_known_address_is_answered_as_an_unknown_one() -> None:
    """Also one that subscribes already: nobody learns who reads here by typing addresses."""
    article = make_article(access="subscribers")
    make_reader("known@example.org")
    buy(Browser(), article, email="subscriber@example.org")
    answers = []
    for email in ("new@example.org", "known@example.org", "subscriber@example.org"):
        browser = Browser()
        first = browser.post("/subscribe/checkout/", {"price": make_price().pk, "email": email, "article": article.slug})
        back = pay(browser, first["Location"])
        work()
        page = browser.get(back)
        answers.append((first.status_code, sorted(first.headers), page.status_code, len(page.content) - len(email)))
    assert answers[0] == answers[1] == answers[2]
    assert "this is a second one, and nobody should pay twice" in mails_to("subscriber@example.org")[-1].text


def test_typing_a_readers_address_opens_nothing_of_theirs() -> None:
    article = make_article(access="subscribers")
    make_reader()
    stranger = Browser()
    buy(stranger, article)
    back = stranger.get("/account/")["Location"]
    assert back.startswith("/subscribe/return/"), "no account, but where the mailed code is typed"
    assert "your code" in stranger.get(back).content.decode()
    assert not Subscription.objects.get().customer.subscriptions.exclude(reader__email="ada@example.org").exists()


def test_two_presses_of_one_button_are_one_purchase() -> None:
    browser = Browser()
    first, second = begin(browser), begin(browser)
    assert first == second
    back = pay(browser, second)
    work()
    assert pay(browser, second) == back, "the sandbox's button, pressed again"
    assert Subscription.objects.count() == 1
    again = begin(browser)
    assert again == back, "paid already: back to the thanks, not to a second payment"


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"email": "no address"}, 422, "address"),
        ({"price": "0"}, 422, "not on sale"),
        ({"price": "x" * 40}, 422, "not on sale"),
        ({"code": "NOSUCH"}, 422, "We do not know that code"),
    ],
)
def test_bad_input_gets_a_sentence(fields: dict[str, str], status: int, words: str) -> None:
    data = {"price": str(make_price().pk), "email": "ada@example.org", **fields}
    response = Browser().post("/subscribe/checkout/", data)
    assert response.status_code == status
    assert words in response.content.decode()
    assert not Checkout.objects.exists()


def test_a_form_on_another_site_buys_nothing() -> None:
    data = {"price": str(make_price().pk), "email": "ada@example.org"}
    response = Client(headers={"Sec-Fetch-Site": "cross-site"}).post("/subscribe/checkout/", data)
    assert response.status_code == 403
    assert not Checkout.objects.exists()


def test_declined_and_asked_by_the_bank() -> None:
    browser = Browser()
    url = begin(browser)
    assert press(browser, url, "decline").status_code == 402
    assert "Yes, I agree" in press(browser, url, "authenticate").content.decode()
    assert press(browser, url, "refuse").status_code == 402
    assert not Webhook.objects.exists()
    pay(browser, url, "agree")
    work()
    assert Subscription.objects.get().state == "active"


# --- webhooks: early, late, lost, forged


def test_a_webhook_before_the_redirect() -> None:
    article = make_article(access="subscribers")
    browser = Browser()
    url = begin(browser, article)
    back = pay(browser, url)
    work()
    assert browser.decision(article) == "subscription", "though the browser has not come back yet"
    assert browser.get(back).status_code == 200


def test_a_redirect_without_webhook_is_polled() -> None:
    article = make_article(access="subscribers")
    browser = Browser()
    back = pay(browser, begin(browser, article), "pay-silently")
    work()
    page = browser.get(back)
    assert "One moment" in page.content.decode()
    assert not Subscription.objects.exists(), "a GET writes nothing"
    answer = browser.post("/subscribe/return/", {"checkout": back.partition("=")[2]})
    assert (answer.status_code, answer["Location"]) == (303, back)
    assert browser.decision(article) == "subscription"
    assert LedgerEvent.objects.exists() and not LedgerEvent.objects.exclude(origin="poll").exists()
    told = LedgerEvent.objects.count()
    events = [books.event_of(row.data["body"]) for row in Thing.objects.filter(kind="event")]
    from masthead.billing.providers.sandbox.provider import deliver

    deliver(events)  # the webhooks come after all
    work()
    assert LedgerEvent.objects.count() == told + len(events)
    assert Grant.objects.filter(kind="subscription").count() == 2, "the reader's and the browser's, once each"
    assert [mail.kind for mail in mails_to("ada@example.org")] == ["receipt", "welcome"]


def test_the_provider_is_asked_once_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Browser()
    reference = begin(browser).rpartition("cs_sandbox_")[2].strip("/")
    asked: list[str] = []
    monkeypatch.setattr(purchase, "poll", lambda *, checkout: asked.append(checkout.reference))
    for _ in range(5):
        assert browser.post("/subscribe/return/", {"checkout": reference}).status_code == 303
    assert len(asked) <= 2


def test_a_buyer_who_never_comes_back_is_found(settings: object) -> None:
    browser = Browser()
    pay(browser, begin(browser), "pay-silently")
    assert purchase.poll_open() == 0, "not in the first seconds"
    Checkout.objects.update(created=clock.now() - timedelta(minutes=1))
    assert purchase.poll_open() == 1
    assert Subscription.objects.get().state == "active"


def _webhook(browser: Client, body: bytes, **headers: str) -> int:
    response = browser.post("/webhooks/sandbox/", body, content_type="application/json", headers=headers)
    return response.status_code


def _body() -> bytes:
    browser = Browser()
    pay(browser, begin(browser), "pay-silently")
    return str(Thing.objects.filter(kind="event").order_by("pk")[0].data["body"]).encode()


def test_forged_old_and_replayed_webhooks() -> None:
    body = _body()
    provider = Client()
    assert _webhook(provider, body) == 400
    assert _webhook(provider, body, **{HEADER: "t=1,v1=00"}) == 400
    assert _webhook(provider, body + b" ", **signed(body)) == 400
    assert _webhook(provider, body, **signed(body, clock.now() - timedelta(minutes=10))) == 400
    assert _webhook(provider, body, **signed(body, clock.now() + timedelta(minutes=10))) == 400
    assert _webhook(provider, b"no json", **signed(b"no json")) == 400
    assert not Webhook.objects.exists()
    for _ in range(3):
        assert _webhook(provider, body, **signed(body)) == 200
    assert Webhook.objects.count() == 1
    assert not LedgerEvent.objects.exists(), "stored and answered; the worker does the rest"
    work()
    assert LedgerEvent.objects.count() == 1
    assert Webhook.objects.get().body.encode() == body == LedgerEvent.objects.get().payload.encode(), "as received"


def test_a_webhook_that_fails_is_tried_again_later_and_can_be_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    body = _body()
    _webhook(Client(), body, **signed(body))

    def broken(text: str) -> object:
        raise RuntimeError("the provider is away")

    with monkeypatch.context() as patched:
        patched.setattr(books, "event_of", broken)
        work()
    row = Webhook.objects.get()
    assert (row.state, row.attempts) == ("waiting", 1)
    assert "the provider is away" in row.error
    assert row.due > clock.now()
    assert not inbox.is_due(), "later, not at once"
    inbox.replay(webhook=row)
    work()
    assert Webhook.objects.get().state == "done"


def test_unknown_providers_and_real_keys(settings: object) -> None:
    from dataclasses import replace

    body = _body()
    assert Client().post("/webhooks/nobody/", body, content_type="application/json").status_code == 404
    browser = Browser()
    url = begin(browser, email="late@example.org")
    settings.MASTHEAD = replace(settings.MASTHEAD, stripe_secret_key="sk_live_1")  # type: ignore[attr-defined]
    assert Client().post("/webhooks/sandbox/", body, content_type="application/json", headers=signed(body)).status_code == 404
    assert press(browser, url, "pay").status_code == 404, "with real keys the sandbox is gone"


def test_the_sandboxes_pages_tell_no_address_to_whoever_has_theirs() -> None:
    """A reference stands in the return page's address, and so in histories."""
    browser, stranger = Browser(), Browser("198.51.100.7")
    url = begin(browser)
    path = "/" + url.partition("//")[2].partition("/")[2]
    html = stranger.get(path).content.decode()
    assert "ada@example.org" not in html and "a…@e….org" in html
    pay(browser, url)
    assert "ada@example.org" not in stranger.get(path).content.decode()


# --- advertisements


def test_advertisements_are_off_at_the_first_page_after_payment_and_on_after_the_end() -> None:
    Advertisement.objects.create(name="House", slots=["top"], headline="Buy this", link="/subscribe/")
    article = make_article(access="metered")
    browser = Browser()
    assert "Buy this" in browser.open(article)[1]
    back = pay(browser, begin(browser, article))
    work()
    assert "Buy this" not in browser.get(back).content.decode()
    assert "Buy this" not in browser.open(article)[1]
    assert "Buy this" not in browser.get("/").content.decode()
    happens(Subscription.objects.get(), books.refund)
    assert "Buy this" in browser.open(article)[1]


def test_money_and_grants_are_in_the_audit_log_without_addresses() -> None:
    browser = Browser()
    subscription = buy(browser)
    happens(subscription, books.refund)
    done = list(AuditEntry.objects.order_by("pk").values_list("action", "amount"))
    assert ("payment", 900) in done and ("refund", 900) in done
    assert {"grant", "payment", "refund"} <= {action for action, _ in done}
    for row in AuditEntry.objects.all():
        assert "@" not in f"{row.actor}{row.reason}{row.data}"


def test_a_code_good_for_one_checkout_only() -> None:
    from masthead.billing.models import Offer, PromotionCode

    offer = Offer.objects.create(name="Spring", percent=50)
    PromotionCode.objects.create(offer=offer, code="spring", most_uses=1)
    browser = Browser()
    url = begin(browser, code=" Spring ")
    assert checkout_of(url).amount == 450
    pay(browser, url)
    work()
    assert Subscription.objects.get().invoices.get().amount == 450
    response = Browser().post("/subscribe/checkout/", {"price": make_price().pk, "email": "b@example.org", "code": "SPRING"})
    assert "as often as it may be" in response.content.decode()


def test_codes_are_mailed_to_the_stored_address() -> None:
    make_reader("Ada@example.org")
    browser = Browser()
    buy(browser, email="ada@EXAMPLE.org")
    assert code_for(Reader.objects.get().email)


def test_a_browser_that_has_paid_is_not_sold_it_twice() -> None:
    browser = Browser()
    buy(browser, email="thrice@example.org")
    form = {"email": "thrice@example.org", "price": str(make_price().pk), "article": make_article().slug}
    again = browser.post("/subscribe/checkout/", form)
    assert again.status_code == 422 and "You have All-Access already" in again.content.decode()
    assert Subscription.objects.count() == 1


def test_a_subscription_that_goes_on_after_a_refund_is_told_so_and_not_sold_beside() -> None:
    reader = make_reader()
    browser = Browser().log_in(reader)
    subscription = happens(buy(browser), books.refund)
    assert subscription.state == "refunded" and subscription.renews is not None
    mail = OutgoingMail.objects.filter(kind__contains="ended").latest("pk")
    assert "goes on" in mail.text and "ended" not in mail.subject
    again = browser.post("/subscribe/checkout/", {"price": str(make_price().pk)})
    assert again.status_code == 422
