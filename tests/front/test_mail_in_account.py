"""What is chosen of mail in the account: the same as behind the signed address, and how a refused address is mailed again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from factories import make_article, make_reader
from front.journey import Browser, code_for
from masthead.newsletters import choices, services, suppression
from masthead.newsletters.models import Newsletter, Suppression, Tick
from masthead.readers.models import Login
from newsletters.came_back import deliver, make_edition, make_newsletter, subscriber_of

pytestmark = pytest.mark.django_db


def words(browser: Browser) -> str:
    return browser.get("/account/").content.decode()


def test_everything_is_chosen_in_the_account_too() -> None:
    make_newsletter(weekdays="12345")
    ada = make_reader()
    browser = Browser().log_in(ada)
    form = {"mail": "1", "newsletters": ["daily"], "days-daily": ["1", "3"], "timezone": "Asia/Tokyo", "alerts": "weekly"}
    response = browser.post("/account/newsletters/", form)
    assert response["Location"] == "/account/?done=newsletters#newsletters"
    chosen = choices.of(ada)
    assert dict(chosen.ticks) == {"daily": "13"}
    assert (chosen.timezone, chosen.alerts, chosen.clicks, chosen.month) == ("Asia/Tokyo", "weekly", False, False)
    assert '<option value="Asia/Tokyo" selected>' in words(browser)


def test_a_bad_choice_is_said_where_it_stands() -> None:
    browser = Browser().log_in(make_reader())
    response = browser.post("/account/newsletters/", {"mail": "1", "paused_until": "2099-01-01"})
    assert response.status_code == 422
    html = response.content.decode()
    assert 'href="#mail-pause"' in html and 'id="mail-pause-error"' in html


def test_ticks_from_another_page_change_nothing_else() -> None:
    ada = subscriber_of()
    choices.save(reader=ada, wanted=choices.Choices({"daily": ""}, timezone="Asia/Tokyo", clicks=False), origin="account")
    Browser().log_in(ada).post("/newsletters/", {"newsletters": []})
    assert not Tick.objects.exists()
    assert (choices.of(ada).timezone, choices.of(ada).clicks) == ("Asia/Tokyo", False)


def test_stop_everything_stops_everything() -> None:
    ada = subscriber_of()
    assert Browser().log_in(ada).post("/account/newsletters/", {"stop": "1"}).status_code == 303
    assert not Tick.objects.exists() and not choices.of(ada).month


# --- an address that was refused


def test_a_reader_is_told_and_mailed_again_once_a_code_arrived() -> None:
    ada = subscriber_of()
    browser = Browser().log_in(ada)
    suppression.suppress(address=ada.email, reason=suppression.Reason.BOUNCE, detail="550 no such user")
    Login.objects.update(created=Suppression.objects.get().since - timedelta(days=1))
    html = words(browser)
    assert "Nothing is mailed to you just now" in html and "550 no such user" in html
    assert "Mail me a code" in html and "Mail me again" not in html
    assert browser.post("/account/newsletters/again/").status_code == 422
    assert suppression.is_suppressed(ada.email)

    browser.post("/login/", {"email": ada.email})  # codes are not suppressed
    browser.post("/confirm/", {"code": code_for(ada.email)})
    assert "Mail me again" in words(browser)
    assert browser.post("/account/newsletters/again/").status_code == 303
    assert not suppression.is_suppressed(ada.email)
    assert "Nothing is mailed to you just now" not in words(browser)


def test_nobody_lifts_what_stands_against_another() -> None:
    ada, grace = make_reader(), make_reader("grace@example.org")
    suppression.suppress(address=ada.email, reason=suppression.Reason.BOUNCE)
    Browser().log_in(grace).post("/account/newsletters/again/")
    assert suppression.is_suppressed(ada.email)


def test_a_deleted_account_that_comes_again_is_still_not_mailed() -> None:
    ada = make_reader()
    suppression.suppress(address=ada.email, reason=suppression.Reason.BOUNCE)
    Browser().log_in(ada).post("/account/delete/", {"email": ada.email})
    assert suppression.is_suppressed(make_reader().email)


# --- double opt-in


def test_a_typed_address_gets_no_newsletter_before_it_is_proved() -> None:
    """Neither from the gate nor from the newsletters' page; with the code, it does."""
    make_newsletter()
    browser = Browser()
    Browser("192.0.2.2").post("/newsletters/", {"email": "ada@example.org", "newsletters": ["daily"]})
    browser.keep_reading(make_article(), newsletters=["daily"])
    assert not Tick.objects.exists()
    browser.confirm()
    assert Tick.objects.get().reader.email == "ada@example.org"


def test_nobody_ticks_for_another_by_typing_their_address() -> None:
    make_newsletter()
    make_newsletter("weekly")
    ada = make_reader()
    services.tick(reader=ada, slugs=["weekly"], origin="account")
    Browser("192.0.2.3").post("/newsletters/", {"email": ada.email, "newsletters": ["daily"]})
    assert [tick.newsletter.slug for tick in Tick.objects.filter(reader=ada)] == ["weekly"]


# --- newsletters for subscribers


def test_the_gate_offers_what_is_free_and_the_page_says_what_is_not() -> None:
    make_newsletter()
    make_newsletter("inside", title="The Inside", audience=Newsletter.Audience.SUBSCRIBERS)
    gate = Browser().get(make_article().path_on_site).content.decode()
    assert 'value="daily"' in gate and 'value="inside"' not in gate
    page = Browser().get("/newsletters/").content.decode()
    assert page.count("(for subscribers)") <= 1
    html = words(Browser().log_in(make_reader()))
    assert "For subscribers" in html


# --- what is forgotten


def test_addresses_of_editions_a_month_old_are_forgotten_and_nothing_is_mailed_twice(settings: object) -> None:
    from masthead.core import clock
    from masthead.newsletters import addresses
    from masthead.newsletters.models import Delivery, Edition

    ada = subscriber_of()
    old = make_edition("2026-10-01", frozen=clock.now() - timedelta(days=31), state=Edition.State.DONE)
    running = make_edition("2026-10-02", frozen=clock.now() - timedelta(days=31), state=Edition.State.PAUSED)
    new = make_edition("2026-11-23", state=Edition.State.DONE)
    for edition in (old, running, new):
        deliver(edition, ada)
    assert addresses.forget_old() == 1
    assert addresses.forget_old() == 0
    forgotten = Delivery.objects.get(edition=old)
    assert forgotten.address == addresses.forgotten(ada.email) and "@" not in forgotten.address
    assert {Delivery.objects.get(edition=e).address for e in (running, new)} == {ada.email}
    Edition.objects.filter(pk=running.pk).update(state=Edition.State.DONE)
    assert addresses.forget_old() == 1, "what was paused is not passed over for good"
