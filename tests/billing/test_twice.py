"""Nobody pays twice unnoticed: other checkouts are closed, second payments go back, and no stranger learns who subscribes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from billing.shop import begin, buy, checkout_of, happens, pay, press, work
from billing.stripe_shop import Shop
from factories import make_article, make_price, make_reader
from front.journey import Browser, code_for, mails_to
from masthead.billing import chores, operations, twice
from masthead.billing.models import AuditEntry, Checkout, Subscription
from masthead.billing.providers import ProviderError
from masthead.billing.providers.sandbox import books
from masthead.billing.providers.sandbox.provider import Sandbox
from masthead.core import clock
from masthead.front import services as front

pytestmark = pytest.mark.django_db
ADA = "ada@example.org"


@pytest.fixture
def ada() -> Browser:
    return Browser().log_in(make_reader(ADA))


def both(first: Browser, second: Browser, **fields: Any) -> tuple[str, str]:
    """Two checkouts at once: the payment pages of both."""
    return begin(first, **fields), begin(second, price=str(make_price(9000, "year").pk), **fields)


def the(reader: str = ADA) -> list[Subscription]:
    return list(Subscription.objects.filter(reader__email=reader).order_by("pk"))


# --- checkouts


def test_one_paid_the_readers_other_tab_is_closed_at_the_provider(ada: Browser) -> None:
    month, year = both(ada, ada)
    pay(ada, month)
    chores.webhooks()
    assert checkout_of(year).state == "closed"
    late = press(ada, year, "pay")
    assert late.status_code == 409 and "run out" in late.content.decode()
    assert len(the()) == 1


def test_so_is_the_one_on_another_device_where_the_reader_is_logged_in(ada: Browser) -> None:
    telephone = Browser("198.51.100.7").log_in(make_reader(ADA))
    month, year = both(ada, telephone)
    pay(ada, month)
    chores.webhooks()
    assert checkout_of(year).state == "closed"


def test_and_the_other_address_typed_in_the_browser_that_has_paid() -> None:
    browser = Browser()
    wrong, right = begin(browser, email="ada@exmaple.org"), begin(browser, email=ADA)
    pay(browser, right)
    chores.webhooks()
    assert checkout_of(wrong).state == "closed"


def test_a_strangers_checkout_for_the_same_address_stays_open_as_any_others_does(ada: Browser) -> None:
    stranger = Browser("198.51.100.7")
    url = begin(stranger, email=ADA)
    buy(ada)
    chores.webhooks()
    chores.polls()
    assert checkout_of(url).state == "open"
    assert "Pay £9.00" in stranger.get("/" + url.partition("//")[2].partition("/")[2]).content.decode()


def test_what_somebody_else_began_in_the_same_browser_afterwards_stays_open(ada: Browser) -> None:
    browser = Browser()
    buy(browser)
    browser.confirm()
    browser.post("/logout/")
    url = begin(browser, email="spouse@example.org")
    chores.polls()
    assert checkout_of(url).state == "open"


def test_a_provider_that_is_away_is_asked_again(ada: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    month, year = both(ada, ada)
    pay(ada, month)

    def away(self: Any, **_: Any) -> Any:
        raise ProviderError("away", again=True)

    with monkeypatch.context() as patched:
        patched.setattr(Sandbox, "close_checkout", away)
        chores.webhooks()
    assert checkout_of(year).state == "open"
    chores.polls()
    assert checkout_of(year).state == "closed"


def test_paid_while_it_was_being_closed_it_is_found_paid(ada: Browser) -> None:
    month, year = both(ada, ada)
    pay(ada, month)
    pay(ada, year, "pay-silently")
    chores.webhooks()
    assert [each.state for each in Checkout.objects.order_by("pk")] == ["paid", "paid"]
    assert len(the()) == 2


def test_at_stripe_the_session_is_expired(settings: Any, ada: Browser) -> None:
    shop = Shop(settings)
    try:
        month, year = both(ada, ada)
        paid, other = shop.session(month), shop.session(year)
        shop.double.pay(paid)
        shop.deliver()
        assert twice.close_superseded() == 1
        assert shop.double.get(other)["status"] == "expired"
        assert checkout_of(year).state == "closed"
        assert twice.close_superseded() == 0
        shop.deliver()
        assert len(the()) == 1
    finally:
        shop.double.close()


def test_at_stripe_a_session_that_was_paid_meanwhile_is_found_so(settings: Any, ada: Browser) -> None:
    shop = Shop(settings)
    try:
        month, year = both(ada, ada)
        shop.double.pay(shop.session(month))
        shop.deliver()
        shop.double.pay(shop.session(year))
        shop.pending()  # its webhooks are lost
        assert twice.close_superseded() == 0
        assert checkout_of(year).state == "paid"
        assert twice.find_new() == 1
        assert twice.go_on() == 0, "all of it is done"
        first, second = the()
        assert (first.state, second.state, second.renews) == ("active", "refunded", None)
        assert second.invoices.get().refunded == 9000
    finally:
        shop.double.close()


# --- a second payment by the reader themselves


def two_tabs(ada: Browser) -> tuple[Subscription, Subscription]:
    """Both tabs paid before anybody could close one."""
    month, year = both(ada, ada)
    pay(ada, month)
    pay(ada, year)
    work()
    first, second = the()
    return first, second


def test_two_tabs_paid_at_once_are_one_subscription_and_the_second_payment_goes_back(ada: Browser) -> None:
    article = make_article(access="subscribers")
    first, second = two_tabs(ada)
    chores.each_minute()
    work()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.invoices.get().refunded) == ("active", 0)
    assert (second.renews, second.invoices.get().refunded) == (None, 9000)
    assert ada.decision(article) == "subscription"
    told = [mail.kind for mail in mails_to(ADA)]
    assert told.count("paid_twice") == 1 and "ended" not in told, "one mail tells of all of it"
    mail = mails_to(ADA)[-1]
    assert "You paid twice" in mail.subject and "£90.00" in mail.text and "£90.00" in mail.html
    assert AuditEntry.objects.get(action="paid twice").data["first"] == first.subject
    assert AuditEntry.objects.filter(action="refund asked for").count() == 1


def test_looking_again_gives_nothing_back_twice(ada: Browser) -> None:
    two_tabs(ada)
    for _ in range(3):
        chores.polls()
        chores.each_minute()
        work()
    assert AuditEntry.objects.filter(action="paid twice").count() == 1
    assert sum(AuditEntry.objects.filter(action="refund").values_list("amount", flat=True)) == 9000


@pytest.mark.parametrize("way", ["refund", "cancel"])
def test_killed_or_refused_in_between_the_worker_goes_on(ada: Browser, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    _, second = two_tabs(ada)

    def away(self: Any, **_: Any) -> Any:
        raise ProviderError("away", again=True)

    with monkeypatch.context() as patched:
        patched.setattr(Sandbox, way, away)
        chores.each_minute()
        assert twice.pending().count() == 1
    chores.each_minute()
    work()
    second.refresh_from_db()
    assert (second.renews, second.invoices.get().refunded) == (None, 9000)
    assert not twice.pending().exists()
    assert [mail.kind for mail in mails_to(ADA)].count("paid_twice") == 1


def test_the_code_typed_in_the_paying_browser_proves_that_it_was_they(ada: Browser) -> None:
    """An absent-minded subscriber in a new browser: as soon as the mailed code is typed there, the money goes back."""
    buy(ada)
    elsewhere = Browser("198.51.100.7")
    second = buy(elsewhere, email=ADA)
    chores.each_minute()
    second.refresh_from_db()
    assert second.renews is not None, "not before it is proved"
    elsewhere.post("/confirm/", {"code": code_for(ADA)})
    chores.each_minute()
    work()
    second.refresh_from_db()
    assert (second.renews, second.invoices.get().refunded) == (None, 900)
    assert elsewhere.decision(make_article(access="subscribers")) == "subscription", "by the first"


def test_a_second_trial_ends_and_nothing_is_given_back(ada: Browser) -> None:
    buy(ada)
    price = make_price(9000, "year")
    price.trial_days = 14
    price.save()
    Subscription.objects.update(renews=None)  # sold beside one that was cancelled, which is resumed meanwhile
    second = buy(ada, price=str(price.pk))
    Subscription.objects.exclude(pk=second.pk).update(renews=clock.now() + timedelta(days=9))
    chores.each_minute()
    work()
    second.refresh_from_db()
    assert (second.state, second.renews) == ("ended", None)
    assert "Nothing was collected for it" in mails_to(ADA)[-1].text


@pytest.mark.parametrize("what", [books.fail, lambda number: books.pause(number, until=None)])
def test_bought_anew_while_a_payment_is_missing_or_paused_nothing_happens_by_itself(what: Any) -> None:
    first = happens(buy(Browser().log_in(make_reader(ADA))), what)
    browser = Browser("198.51.100.7")
    second = buy(browser, email=ADA)
    browser.post("/confirm/", {"code": code_for(ADA)})
    chores.each_minute()
    work()
    second.refresh_from_db()
    assert second.state == "active" and second.invoices.get().refunded == 0
    assert [reader.email for reader, _ in twice.readers()] == [ADA], "people look at it"
    first.refresh_from_db()
    assert first.state in {"past_due", "paused"}


def test_one_that_was_cancelled_and_one_that_was_bought_after_it_are_both_wanted(ada: Browser) -> None:
    first = buy(ada)
    operations.cancel(subscription=first, by="x")
    work()
    second = buy(ada)
    chores.each_minute()
    second.refresh_from_db()
    assert second.state == "active" and not twice.readers()


def test_an_account_deleted_in_between_gets_its_money_back_all_the_same(ada: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    _, second = two_tabs(ada)

    def away(self: Any, **_: Any) -> Any:
        raise ProviderError("away", again=True)

    with monkeypatch.context() as patched:
        patched.setattr(Sandbox, "refund", away)
        chores.each_minute()
    front.delete_account(reader=second.reader)
    chores.each_minute()
    chores.polls()
    work()
    assert second.invoices.get().refunded == 9000


# --- by whoever typed the address


def test_a_stranger_who_pays_for_a_subscribers_address_sees_what_anybody_sees(ada: Browser) -> None:
    article = make_article(access="subscribers")
    buy(ada)
    seen = []
    for number, address in enumerate((ADA, "nobody@example.org")):
        stranger = Browser(f"198.51.100.{number + 1}")
        back = pay(stranger, begin(stranger, article, email=address))
        for _ in range(3):
            chores.webhooks()
            chores.polls()
            chores.each_minute()
        page = stranger.get(back)
        subscription = Subscription.objects.get(
            checkout__device__isnull=False, checkout__logged_in=False, checkout__address=address
        )
        seen.append(
            (
                page.status_code,
                page.content.decode().replace(address, "").replace(back.partition("=")[2], ""),
                stranger.decision(article),
                subscription.state,
                subscription.invoices.get().refunded,
            )
        )
    assert seen[0] == seen[1]


def test_the_reader_is_told_by_mail_and_gives_it_back_with_one_press(ada: Browser) -> None:
    first = buy(ada)
    stranger = Browser("198.51.100.7")
    second = buy(stranger, email=ADA)
    assert "nobody should pay twice" in mails_to(ADA)[-1].text
    page = ada.get("/account/").content.decode()
    assert "Give it back" in page and "£9.00" in page
    answer = ada.post("/account/subscription/give-back/", {"subscription": second.subject})
    assert (answer.status_code, answer["Location"]) == (303, "/account/?done=given-back#subscription")
    work()
    for each in (first, second):
        each.refresh_from_db()
    assert (first.state, second.renews, second.invoices.get().refunded) == ("active", None, 900)
    assert "Give it back" not in ada.get("/account/").content.decode()
    assert AuditEntry.objects.get(action="paid twice").actor == first.reader.subject


def test_the_only_one_and_the_first_are_not_given_back(ada: Browser) -> None:
    first = buy(ada)
    send = {"subscription": first.subject}
    assert ada.post("/account/subscription/give-back/", send).status_code == 422
    buy(Browser("198.51.100.7"), email=ADA)
    assert ada.post("/account/subscription/give-back/", send).status_code == 422
    first.refresh_from_db()
    assert first.state == "active" and first.invoices.get().refunded == 0


def test_anothers_is_not_given_back(ada: Browser) -> None:
    buy(ada)
    second = buy(Browser("198.51.100.7"), email=ADA)
    bob = Browser("198.51.100.8").log_in(make_reader("bob@example.org"))
    assert bob.post("/account/subscription/give-back/", {"subscription": second.subject}).status_code == 404


def test_a_provider_that_does_not_answer_is_said_and_the_worker_goes_on(ada: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    buy(ada)
    second = buy(Browser("198.51.100.7"), email=ADA)

    def away(self: Any, **_: Any) -> Any:
        raise ProviderError("away", again=True)

    with monkeypatch.context() as patched:
        patched.setattr(Sandbox, "refund", away)
        answer = ada.post("/account/subscription/give-back/", {"subscription": second.subject})
    assert answer["Location"] == "/account/?done=giving-back#subscription"
    chores.each_minute()
    work()
    second.refresh_from_db()
    assert (second.renews, second.invoices.get().refunded) == (None, 900)
