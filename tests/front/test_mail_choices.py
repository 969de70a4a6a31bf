"""Ending and choosing mail without logging in: one click, the page, and what the holder of a forwarded mail cannot do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from factories import make_reader, move_clock
from front.journey import Browser
from masthead.core import clock
from masthead.core.models import Event
from masthead.newsletters import choices, links, services
from masthead.newsletters.links import Kind
from masthead.newsletters.models import Newsletter, Preferences, Tick
from masthead.readers.models import Reader
from masthead.site.secret_addresses import hidden

pytestmark = pytest.mark.django_db

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def ada() -> Reader:
    """A reader who gets the Daily and the Weekly."""
    for slug, days in (("daily", "12345"), ("weekly", "6")):
        Newsletter.objects.update_or_create(slug=slug, defaults={"title": f"The {slug.title()}", "weekdays": days})
    reader = make_reader("ada@example.org")
    services.tick(reader=reader, slugs=["daily", "weekly"], origin="account")
    return reader


def path(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def leaving(reader: Reader, slug: str = "daily") -> str:
    return path(links.unsubscribe_url(links.unsubscribe_token(reader.subject, slug)))


def leaving_kind(reader: Reader, kind: Kind) -> str:
    return path(links.unsubscribe_url(links.kind_token(reader.subject, kind)))


def choosing(reader: Reader) -> str:
    return path(links.preferences_url(reader.subject))


def ticked(reader: Reader) -> set[str]:
    return set(Tick.objects.filter(reader=reader).values_list("newsletter__slug", flat=True))


# --- one click (RFC 8058)


def test_one_click_ends_that_newsletter_and_no_other(ada: Reader) -> None:
    response = Client().post(leaving(ada), ONE_CLICK)
    assert (response.status_code, response.content.decode()) == (200, "You are unsubscribed from The Daily.\n")
    assert response["Content-Type"].startswith("text/plain")
    assert not response.cookies
    assert ticked(ada) == {"weekly"}


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=b", "application/x-www-form-urlencoded"])
def test_both_ways_of_sending_a_form_are_one_click(ada: Reader, kind: str) -> None:
    body = b"List-Unsubscribe=One-Click"
    if kind.startswith("multipart"):
        body = b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
    assert Client().generic("POST", leaving(ada), body, content_type=kind).status_code == 200
    assert ticked(ada) == {"weekly"}


def test_it_needs_neither_cookie_nor_origin_nor_token(ada: Reader) -> None:
    """A mail provider's server sends it: with Django's protection on, from nowhere, or claiming to be another site."""
    client = Client(enforce_csrf_checks=True, headers={"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"})
    assert client.post(leaving(ada), ONE_CLICK).status_code == 200
    assert ticked(ada) == {"weekly"}


def test_twice_is_once(ada: Reader) -> None:
    for _ in range(2):
        assert Client().post(leaving(ada), ONE_CLICK).status_code == 200
    assert Event.objects.filter(kind="newsletter left").count() == 1


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_of_mail_is_ended_by_its_own_address(ada: Reader, kind: Kind) -> None:
    choices.save(reader=ada, wanted=choices.Choices({"daily": ""}, month=True, alerts="daily"), origin="account")
    assert all(choices.wants(ada, each) for each in Kind)
    response = Client().post(leaving_kind(ada, kind), ONE_CLICK)
    assert response.status_code == 200
    assert [each for each in Kind if not choices.wants(ada, each)] == [kind]
    assert ticked(ada) == {"daily"}


def test_a_deleted_readers_address_says_so(ada: Reader) -> None:
    address = leaving(ada)
    Browser().log_in(ada).post("/account/delete/", {"email": ada.email})
    response = Client().post(address, ONE_CLICK)
    assert (response.status_code, response.content.decode()) == (
        200,
        "There is no account here any more: nothing is mailed to that address.\n",
    )
    assert b"no account here any more" in Client().get(address).content


def test_a_newsletter_that_is_gone_is_no_fault(ada: Reader) -> None:
    address = leaving(ada)
    Newsletter.objects.filter(slug="daily").delete()
    assert Client().post(address, ONE_CLICK).status_code == 200
    assert b"does not exist any more" in Client().get(address).content


def test_it_is_good_after_the_secret_key_has_changed(ada: Reader, settings: Any) -> None:
    address = leaving(ada)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another secret key, long enough for us"
    assert Client().post(address, ONE_CLICK).status_code == 200
    assert ticked(ada) == {"weekly"}


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("page", ["unsubscribe", "preferences"])
def test_an_address_that_is_not_ours_is_answered_in_a_sentence(ada: Reader, method: str, page: str) -> None:
    for token in ("x", "n" + "a" * 44 + "daily", leaving(ada).split("/")[3][:-1]):
        response = getattr(Client(), method)(f"/newsletters/{page}/{token}/", ONE_CLICK)
        assert response.status_code == 404
        assert response.content.decode().startswith("This address is not complete")
    assert ticked(ada) == {"daily", "weekly"}


def test_each_page_takes_its_own_tokens_only(ada: Reader) -> None:
    end, choose = leaving(ada).split("/")[3], choosing(ada).split("/")[3]
    assert Client().post(f"/newsletters/unsubscribe/{choose}/", ONE_CLICK).status_code == 404
    assert Client().post(f"/newsletters/preferences/{end}/", {"stop": "1"}).status_code == 404
    assert ticked(ada) == {"daily", "weekly"}


def test_leaving_is_kept_as_what_happened_after_which_edition(ada: Reader) -> None:
    Client().post(leaving(ada), ONE_CLICK)
    event = Event.objects.get(kind="newsletter left")
    assert event.subject == ada.subject
    assert event.data == {"newsletter": "daily", "edition": "", "origin": "one-click"}


# --- the page


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_changes_nothing(ada: Reader, method: str) -> None:
    before = (ticked(ada), Event.objects.count())
    for address in (leaving(ada), choosing(ada), leaving_kind(ada, Kind.MONTH)):
        getattr(Client(), method)(address)
    assert (ticked(ada), Event.objects.count()) == before
    assert not Preferences.objects.exists()


def test_the_button_ends_it_and_the_next_page_takes_that_back(ada: Reader) -> None:
    Tick.objects.filter(newsletter__slug="daily").update(weekdays="15")
    browser = Browser()
    assert "Unsubscribe from The Daily?" in browser.get(leaving(ada)).content.decode()
    response = browser.post(leaving(ada))
    assert response.status_code == 303
    assert ticked(ada) == {"weekly"}
    html = browser.get(response["Location"]).content.decode()
    assert "You do not get The Daily" in html
    assert 'name="take_back"' in html and 'name="days" value="15"' in html
    assert browser.post(leaving(ada), {"take_back": "1", "days": "15"}).status_code == 303
    assert Tick.objects.get(reader=ada, newsletter__slug="daily").weekdays == "15"


def test_alerts_taken_back_come_as_often_as_before(ada: Reader) -> None:
    choices.save(reader=ada, wanted=choices.Choices(alerts="weekly"), origin="account")
    address = leaving_kind(ada, Kind.ALERTS)
    response = Client().post(address)
    assert choices.of(ada).alerts == "never"
    assert 'name="often" value="weekly"' in Client().get(response["Location"]).content.decode()
    Client().post(address, {"take_back": "1", "often": "weekly"})
    assert choices.of(ada).alerts == "weekly"


@pytest.mark.parametrize("where", [leaving, choosing])
def test_nobody_keeps_indexes_or_passes_on_these_pages(ada: Reader, where: Any) -> None:
    response = Client().get(where(ada))
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Robots-Tag"] == "noindex"
    assert response["Referrer-Policy"] == "no-referrer"
    assert not response.cookies


def test_no_cookie_is_set_for_whoever_comes_with_one(ada: Reader) -> None:
    browser = Browser()
    browser.log_in(ada)
    del browser.cookies["masthead_pass"]
    assert not browser.get(choosing(ada)).cookies


def test_their_addresses_are_told_to_no_log(ada: Reader) -> None:
    for address in (leaving(ada), choosing(ada)):
        assert address.split("/")[3] not in hidden(f"Not Found: {address}")


# --- preferences


def test_the_page_shows_a_mask_and_nothing_else_of_the_reader(ada: Reader) -> None:
    Reader.objects.filter(pk=ada.pk).update(first_name="Augusta", last_name="King")
    html = Client().get(choosing(ada)).content.decode()
    assert "a…@e….org" in html
    for secret in (ada.email, "example.org", "Augusta", "King"):
        assert secret not in html


def test_everything_is_chosen_at_once(ada: Reader, settings: Any) -> None:
    move_clock(settings, day="2026-11-25")
    form = {
        "newsletters": ["daily"],
        "days-daily": ["1", "3"],
        "days-weekly": ["6"],
        "paused_until": "2026-12-24",
        "timezone": "Pacific/Auckland",
        "month": "1",
        "alerts": "weekly",
    }
    response = Client().post(choosing(ada), form)
    assert (response.status_code, response["Location"]) == (303, f"{choosing(ada)}?done=saved")
    chosen = choices.of(ada)
    assert dict(chosen.ticks) == {"daily": "13"}
    assert str(chosen.paused_until) == "2026-12-24"
    assert (chosen.timezone, chosen.clicks, chosen.month, chosen.alerts) == ("Pacific/Auckland", False, True, "weekly")
    html = Client().get(response["Location"]).content.decode()
    assert "Saved." in html
    assert '<option value="Pacific/Auckland" selected>' in html
    assert 'value="2026-12-24"' in html


def test_all_days_or_none_of_them_is_each_edition(ada: Reader) -> None:
    for days in (["1", "2", "3", "4", "5"], []):
        Client().post(choosing(ada), {"newsletters": ["daily"], "days-daily": days})
        assert Tick.objects.get(reader=ada).weekdays == ""


def test_days_it_does_not_come_on_are_no_days(ada: Reader) -> None:
    Client().post(choosing(ada), {"newsletters": ["daily"], "days-daily": ["7", "x", "2"]})
    assert Tick.objects.get(reader=ada).weekdays == "2"


def test_keeping_a_newsletter_keeps_since_when(ada: Reader) -> None:
    Tick.objects.update(created=clock.now() - timedelta(days=90))
    since = Tick.objects.get(newsletter__slug="daily").created
    Client().post(choosing(ada), {"newsletters": ["daily"], "days-daily": ["2"]})
    assert Tick.objects.get(newsletter__slug="daily").created == since


@pytest.mark.parametrize(
    ("field", "value"),
    [("timezone", "Mars/Olympus"), ("timezone", "../../etc/passwd"), ("alerts", "hourly"), ("paused_until", "soon")],
)
def test_what_the_form_does_not_offer_is_refused_and_changes_nothing(ada: Reader, field: str, value: str) -> None:
    response = Client().post(choosing(ada), {field: value})
    assert response.status_code == 422
    assert ticked(ada) == {"daily", "weekly"}


def test_a_pause_of_years_is_refused(ada: Reader) -> None:
    response = Client().post(choosing(ada), {"paused_until": "2099-01-01"})
    assert response.status_code == 422
    assert "A pause lasts a year at most" in response.content.decode()


def test_a_pause_that_is_over_is_none(ada: Reader) -> None:
    Client().post(choosing(ada), {"paused_until": "2020-01-01"})
    assert choices.of(ada).paused_until is None


def test_stop_everything_stops_everything(ada: Reader) -> None:
    choices.save(reader=ada, wanted=choices.Choices({"daily": "", "weekly": ""}, month=True, alerts="daily"), origin="account")
    response = Client().post(choosing(ada), {"stop": "1"})
    assert response.status_code == 303
    assert ticked(ada) == set()
    assert not any(choices.wants(ada, kind) for kind in Kind)
    assert "Stopped." in Client().get(response["Location"]).content.decode()


def test_who_never_said_gets_their_month_once_they_asked_for_a_newsletter(ada: Reader) -> None:
    assert choices.wants(ada, Kind.MONTH)
    assert not choices.wants(make_reader("grace@example.org"), Kind.MONTH)
    assert not choices.wants(ada, Kind.ALERTS)


def test_leaving_one_thing_leaves_what_was_never_said_as_it_was(ada: Reader) -> None:
    """Grace never ticked anything: ending alerts must not begin her month."""
    grace = make_reader("grace@example.org")
    Client().post(leaving_kind(grace, Kind.ALERTS), ONE_CLICK)
    assert not choices.wants(grace, Kind.MONTH)
    choices.save(reader=ada, wanted=choices.Choices({"daily": ""}, alerts="daily", month=True), origin="account")
    Client().post(leaving_kind(ada, Kind.ALERTS), ONE_CLICK)
    assert choices.wants(ada, Kind.MONTH)


def test_its_holder_is_logged_in_nowhere_and_sees_nothing_more(ada: Reader) -> None:
    browser = Browser()
    browser.get(choosing(ada))
    browser.post(choosing(ada), {"newsletters": ["daily"]})
    assert browser.get("/account/").status_code == 302
    assert not browser.cookies


def test_a_readers_address_opens_nobody_elses_choices(ada: Reader) -> None:
    grace = make_reader("grace@example.org")
    services.tick(reader=grace, slugs=["daily"], origin="account")
    Client().post(choosing(ada), {"stop": "1"})
    assert ticked(grace) == {"daily"}


def test_of_a_deleted_reader_nothing_is_left_to_choose(ada: Reader) -> None:
    address = choosing(ada)
    Browser().log_in(ada).post("/account/delete/", {"email": ada.email})
    assert "no account here any more" in Client().get(address).content.decode()
    assert Client().post(address, {"newsletters": ["daily"]}).status_code == 410
    assert not Tick.objects.exists()


def test_no_newsletter_can_be_called_as_these_pages() -> None:
    from django.core.exceptions import ValidationError

    for name in ("unsubscribe", "preferences", "go"):
        with pytest.raises(ValidationError):
            Newsletter(slug=name, title="X").full_clean()
