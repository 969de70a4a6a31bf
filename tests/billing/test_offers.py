"""Offers and their codes: good where and when they say, for so many; what they bring; and what is reported of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from billing.shop import begin, books, buy, checkout_of, happens, pay, press, work
from factories import make_article, make_price, make_reader
from front.journey import Browser
from masthead.billing import offers, operations, purchase, sales, twice
from masthead.billing.models import Checkout, Offer, Plan, Price, PromotionCode, Subscription
from masthead.core import clock
from masthead.front import services as front

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def code(word: str = "SPRING", *, limits: dict[str, Any] | None = None, **offer: Any) -> PromotionCode:
    """A code that takes half off, unless ``offer`` says otherwise."""
    brings = offer if {"percent", "amount", "trial_days"} & set(offer) else {"percent": 50, **offer}
    row = Offer(name="Spring", **brings)
    row.full_clean()
    row.save()
    return PromotionCode.objects.create(offer=row, code=word, **(limits or {}))


def test_a_trial_may_be_what_is_offered() -> None:
    code(trial_days=14)
    browser = Browser().log_in(make_reader())
    url = begin(browser, code="spring")
    pay(browser, url)
    work()
    subscription = Subscription.objects.get()
    assert (subscription.state, subscription.invoices.count()) == ("trialing", 0)
    assert subscription.renews is not None and timedelta(days=13) < subscription.renews - clock.now() <= timedelta(days=14)
    happens(subscription, books.renew)
    assert subscription.invoices.get().amount == 900, "after the trial the whole price"


def test_a_longer_trial_of_the_prices_own_stays() -> None:
    code(trial_days=14)
    price = make_price(trial_days=30)
    begin(Browser().log_in(make_reader()), price=str(price.pk), code="spring")
    begin(Browser("198.51.100.2").log_in(make_reader("b@example.org")), price=str(price.pk))
    assert list(Checkout.objects.values_list("free_days", flat=True)) == [30, 30]


def test_a_trial_wants_a_reader_who_is_logged_in_whichever_address_was_typed() -> None:
    """Else the answer would tell whether the address had the days already."""
    code(trial_days=14)
    buy(Browser().log_in(make_reader("had@example.org")), email="had@example.org", code="spring")
    said = set()
    for number, email in enumerate(("had@example.org", "new@example.org")):
        form = {"price": make_price().pk, "email": email, "code": "spring"}
        response = Browser(f"198.51.100.{number + 1}").post("/subscribe/checkout/", form)
        assert response.status_code == 422 and "please log in first" in response.content.decode()
        said.add(response.content.decode().replace(email, ""))
    assert len(said) == 1


def refused_trial(reader: Any) -> bool:
    form = {"price": make_price().pk, "code": "spring"}
    response = Browser("198.51.100.9").log_in(reader).post("/subscribe/checkout/", form)
    return response.status_code == 422 and "free days of that code already" in response.content.decode()


def had_the_trial(reader: Any) -> Subscription:
    code(trial_days=14)
    subscription = buy(Browser().log_in(reader), email=reader.email, code="spring")
    operations.cancel(subscription=subscription, by=reader.subject, at_once=True)
    work()
    return subscription


def test_free_days_are_had_once() -> None:
    had_the_trial(make_reader())
    assert refused_trial(make_reader())
    assert not refused_trial(make_reader("b@example.org"))


def test_also_by_another_code_of_the_offer() -> None:
    had_the_trial(make_reader())
    PromotionCode.objects.create(offer=Offer.objects.get(), code="AGAIN")
    with pytest.raises(offers.NoOfferError, match="already"):
        offers.find(code="again", price=make_price(), reader=make_reader())


def test_once_for_an_inbox_however_it_is_written() -> None:
    had_the_trial(make_reader("ada.love@gmail.com"))
    assert refused_trial(make_reader("adalove+again@googlemail.com"))


def test_a_deleted_account_and_a_changed_address_bring_none_anew() -> None:
    reader = make_reader()
    had_the_trial(reader)
    front.delete_account(reader=reader)
    assert refused_trial(make_reader())
    offers.address_changed(old="ada@example.org", new="moved@example.org")
    assert refused_trial(make_reader("moved@example.org"))


def test_two_accounts_of_one_inbox_do_not_begin_two_at_once() -> None:
    code(trial_days=14)
    begin(Browser().log_in(make_reader("ada@gmail.com")), code="spring")
    assert refused_trial(make_reader("a.da@gmail.com"))


# --- a price's own free days


def asks_for(reader: Any, price: Price, **fields: Any) -> Any:
    return Browser("198.51.100.9").log_in(reader).post("/subscribe/checkout/", {"price": price.pk, **fields})


def had_own_days(reader: Any) -> Price:
    """A price with free days, which ``reader`` had and cancelled."""
    price = make_price(trial_days=14)
    subscription = buy(Browser().log_in(reader), email=reader.email, price=str(price.pk))
    assert subscription.state == "trialing"
    operations.cancel(subscription=subscription, by=reader.subject, at_once=True)
    work()
    return price


def test_a_prices_own_free_days_are_had_once_and_the_price_is_paid_at_once_after_a_yes() -> None:
    reader = make_reader()
    price = had_own_days(reader)
    refused = asks_for(reader, price)
    assert refused.status_code == 422 and "£9.00 is collected today" in refused.content.decode()
    assert f'name="without_free_days" value="{price.pk}"' in refused.content.decode()
    again = asks_for(reader, price, without_free_days=price.pk)
    assert again.status_code == 303
    browser = Browser("198.51.100.8").log_in(reader)
    pay(browser, again["Location"])
    work()
    assert [row.state for row in Subscription.objects.order_by("pk")] == ["ended", "active"]


def test_a_yes_to_another_price_is_no_yes_to_this_one() -> None:
    reader = make_reader()
    price = had_own_days(reader)
    assert asks_for(reader, price, without_free_days=make_price(9000, "year").pk).status_code == 422


def test_the_plans_other_prices_bring_none_anew() -> None:
    had_own_days(make_reader())
    assert asks_for(make_reader(), make_price(9000, "year", trial_days=14)).status_code == 422


def test_own_free_days_are_once_for_an_inbox_also_after_deleting_the_account() -> None:
    reader = make_reader("ada.love@gmail.com")
    price = had_own_days(reader)
    front.delete_account(reader=reader)
    assert asks_for(make_reader("adalove+again@googlemail.com"), price).status_code == 422
    assert asks_for(make_reader("b@example.org"), price).status_code == 303


def test_two_accounts_of_one_inbox_do_not_begin_own_free_days_at_once() -> None:
    price = make_price(trial_days=14)
    begin(Browser().log_in(make_reader("ada@gmail.com")), price=str(price.pk))
    assert asks_for(make_reader("a.da@gmail.com"), price).status_code == 422


def test_own_free_days_want_a_reader_who_is_logged_in_whichever_address_was_typed() -> None:
    price = had_own_days(make_reader("had@example.org"))
    said = set()
    for number, email in enumerate(("had@example.org", "new@example.org")):
        form = {"price": price.pk, "email": email, "without_free_days": price.pk}
        response = Browser(f"198.51.100.{number + 1}").post("/subscribe/checkout/", form)
        html = response.content.decode()
        assert response.status_code == 422 and "please log in first" in html and 'href="/login/">Log in</a>' in html
        said.add(html.replace(email, ""))
    assert len(said) == 1


def test_free_days_that_came_by_a_code_use_the_prices_own_up() -> None:
    had_the_trial(make_reader())
    price = make_price()
    price.trial_days = 7
    price.save()
    assert asks_for(make_reader(), price).status_code == 422
    assert asks_for(make_reader("b@example.org"), price).status_code == 303


def test_a_code_brings_its_own_free_days_also_to_whoever_had_the_prices() -> None:
    price = had_own_days(make_reader())
    code(trial_days=7)
    assert asks_for(make_reader(), price, code="spring").status_code == 303
    assert Checkout.objects.latest("pk").free_days == 7


def test_a_checkout_with_free_days_is_closed_once_others_were_had_even_where_those_were_cancelled_at_once() -> None:
    reader = make_reader()
    browser = Browser().log_in(reader)
    left = checkout_of(begin(browser, price=str(make_price(9000, "year", trial_days=14).pk)))
    had_own_days(reader)
    twice.close_superseded()
    left.refresh_from_db()
    assert left.state == Checkout.State.CLOSED
    assert press(browser, left.url, "pay").status_code != 303


# --- together with other things


def test_a_code_that_lasts_otherwise_than_the_introduction_is_refused_with_a_sentence() -> None:
    """No provider takes both: it would be a page that cannot be reached."""
    code(percent=10, payments=3)
    price = make_price()
    price.first_amount, price.first_payments = 300, 1
    price.save()
    response = Browser().post("/subscribe/checkout/", {"price": price.pk, "email": "a@example.org", "code": "spring"})
    assert response.status_code == 422 and "on top of the introductory price" in response.content.decode()
    price.first_payments = 3
    price.save()
    assert checkout_of(begin(Browser(), price=str(price.pk), code="spring")).amount == 270, "equally long, they are one"


@pytest.mark.parametrize(
    "brings",
    [{"percent": 0}, {"percent": 10, "amount": 100, "currency": "GBP"}, {"percent": 10, "trial_days": 3}, {"amount": 100}],
)
def test_an_offer_is_one_thing(brings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        code(**brings)


def test_an_offer_ends_after_it_starts() -> None:
    with pytest.raises(ValidationError):
        code(starts=clock.now(), ends=clock.now() - DAY)


@pytest.mark.parametrize(
    ("fields", "limits", "said"),
    [
        ({"starts": clock.now() + DAY}, {}, "not good yet"),
        ({"ends": clock.now() - DAY}, {}, "not good any more"),
        ({}, {"starts": clock.now() + DAY}, "not good yet"),
        ({}, {"ends": clock.now() - DAY}, "not good any more"),
        ({"interval": "year"}, {}, "another plan"),
        ({"amount": 100, "currency": "EUR"}, {}, "another currency"),
        ({"active": False}, {}, "do not know"),
        ({}, {"active": False}, "do not know"),
    ],
)
def test_a_code_is_refused_with_a_sentence_and_nothing_is_begun(fields: Any, limits: Any, said: str) -> None:
    code(limits=limits, **fields)
    response = Browser().post("/subscribe/checkout/", {"price": make_price().pk, "email": "a@example.org", "code": "spring"})
    assert response.status_code == 422
    html = response.content.decode()
    assert said in html and 'value="spring"' in html, "what was typed stays"
    assert not Checkout.objects.exists()


def test_what_was_typed_stands_in_fields_for_words_not_for_six_digits() -> None:
    form = {"price": make_price().pk, "email": "a@example.org", "code": "NOSUCH"}
    html = Browser().post("/subscribe/checkout/", form).content.decode()
    assert 'value="NOSUCH"' in html and 'value="a@example.org"' in html and "code-input" not in html


def test_an_offer_of_another_plan_is_refused() -> None:
    code(plan=Plan.objects.create(name="Other", slug="other"))
    with pytest.raises(offers.NoOfferError, match="another plan"):
        offers.find(code="SPRING", price=make_price())


def test_what_sold_is_told_by_article_gate_code_and_price() -> None:
    code()
    article = make_article("Straits", access="subscribers")
    ended = buy(Browser(), article, code="spring")
    buy(Browser("198.51.100.2"), article, email="b@example.org")
    buy(Browser("198.51.100.3"), email="c@example.org")
    begin(Browser("198.51.100.4"), article, email="d@example.org")
    happens(ended, books.refund)
    sold = sales.since(clock.now() - DAY)
    assert (sold.bought, sold.begun) == (3, 4)
    assert [(row.name, row.bought, row.running) for row in sold.by_article] == [(article.slug, 2, 1), ("no article", 1, 1)]
    assert [(row.name, row.bought) for row in sold.by_gate] == [("subscribe", 2), ("no gate", 1)]
    assert [(row.name, row.bought, row.running) for row in sold.by_code] == [("SPRING (Spring)", 1, 0)]
    assert [(row.name, row.bought) for row in sold.by_price] == [("All-Access, monthly, standard, GBP", 3)]
    assert sales.since(clock.now() + DAY).bought == 0


def test_what_was_used_up_is_counted_by_what_was_paid() -> None:
    row = code(limits={"most_uses": 1})
    url = begin(Browser(), code="spring")
    assert checkout_of(url).promotion == row
    assert offers.find(code="spring", price=make_price()) == row, "begun is not bought"


def test_a_code_for_one_is_not_had_by_two_who_begin_before_either_pays() -> None:
    code(limits={"most_uses": 1}, percent=100)
    begin(Browser("192.0.2.1"), email="first@example.org", code="spring")
    price = make_price()
    second = Browser("192.0.2.2").post(
        "/subscribe/checkout/", {"email": "second@example.org", "price": str(price.pk), "code": "spring"}
    )
    assert second.status_code == 422 and "as often as it may be" in second.content.decode()
    assert Checkout.objects.count() == 1


def test_a_use_of_a_limited_code_is_held_for_an_hour_and_then_anybodys(settings: Any) -> None:
    code(limits={"most_uses": 1})
    first = Browser("192.0.2.1")
    url = begin(first, email="first@example.org", code="spring")
    settings.MASTHEAD = replace(settings.MASTHEAD, clock_offset=int(purchase.HOLD.total_seconds()) + 1)
    begin(Browser("192.0.2.2"), email="second@example.org", code="spring")
    assert press(first, url, "pay").status_code != 303, "whoever let the hour go by cannot pay with it any more"
    assert not Subscription.objects.exists()


def test_what_anybody_may_use_is_open_as_long_as_any_checkout() -> None:
    code()
    found = checkout_of(begin(Browser(), code="spring"))
    assert found.expires - found.created > purchase.HOLD


def test_a_checkout_that_no_provider_has_heard_of_yet_is_begun_anew_where_too_little_of_its_hour_is_left(settings: Any) -> None:
    code(limits={"most_uses": 1})
    browser = Browser()
    lost = checkout_of(begin(browser, code="spring"))
    Checkout.objects.update(session="", url="")
    settings.MASTHEAD = replace(settings.MASTHEAD, clock_offset=40 * 60)
    assert checkout_of(begin(browser, code="spring")).pk != lost.pk
