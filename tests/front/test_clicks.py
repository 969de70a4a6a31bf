"""Followed links: where they lead, what is counted of them, and what is known of what came of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.db import DatabaseError
from django.test import Client

from billing.shop import buy
from factories import make_article, make_price, make_reader
from front.journey import Browser
from masthead.articles.models import Article
from masthead.billing.models import Checkout, Price
from masthead.core import clock
from masthead.core.models import Event
from masthead.front import arrivals, crowd
from masthead.newsletters import clicks
from masthead.newsletters.models import Edition, EditionLink, LinkClicks, Mailing, Newsletter

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"
VIA = "daily.2026-11-23"


@pytest.fixture
def edition() -> Edition:
    newsletter, _ = Newsletter.objects.get_or_create(slug="daily", defaults={"title": "The Daily"})
    now = clock.now()
    fields: dict[str, Any] = {"date": now.date(), "due": now, "since": now, "frozen": now, "state": "sending"}
    return Edition.objects.create(newsletter=newsletter, key="2026-11-23", **fields)


def link_to(edition: Edition, url: str, number: int = 1) -> str:
    EditionLink.objects.create(edition=edition, number=number, url=url)
    return f"/newsletters/go/{clicks.token(edition.pk, number, 'registered', 'a')}/"


def follow(path: str, **headers: str) -> Any:
    return Client(headers={"User-Agent": FIREFOX, **headers}).get(path)


def counted() -> int:
    return sum(LinkClicks.objects.values_list("count", flat=True))


# --- where they lead


def test_a_link_leads_where_our_table_says(edition: Edition) -> None:
    response = follow(link_to(edition, "https://elsewhere.example/story?id=7#part"))
    assert (response.status_code, response["Location"]) == (302, "https://elsewhere.example/story?id=7#part")
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"
    assert not response.cookies


@pytest.mark.parametrize("query", ["?url=https://evil.example/", "?next=//evil.example", "?to=https:evil.example"])
def test_nothing_in_the_address_leads_elsewhere(edition: Edition, query: str) -> None:
    assert follow(link_to(edition, "https://elsewhere.example/") + query)["Location"] == "https://elsewhere.example/"


def test_what_was_never_mailed_leads_nowhere(edition: Edition) -> None:
    link_to(edition, "https://elsewhere.example/")
    for token in (
        clicks.token(edition.pk, 2, "registered", "a"),
        clicks.token(edition.pk + 1, 1, "registered", "a"),
        "x",
        "AAAA",
    ):
        response = follow(f"/newsletters/go/{token}/")
        assert response.status_code == 404
        assert response.content.decode().startswith("This address is not complete")
    assert counted() == 0


def test_our_own_articles_are_told_which_edition_led_there(edition: Edition, settings: Any) -> None:
    base = settings.MASTHEAD.base_url
    assert follow(link_to(edition, f"{base}/articles/straits/"))["Location"] == f"{base}/articles/straits/?via={VIA}"
    assert follow(link_to(edition, f"{base}/subscribe/?article=x#p", 2))["Location"] == f"{base}/subscribe/?article=x&via={VIA}#p"
    assert follow(link_to(edition, f"{base}/library/?q=straits", 3))["Location"] == f"{base}/library/?q=straits"


# --- what is counted


def test_clicks_are_counted_by_link_standing_subject_and_hour(edition: Edition) -> None:
    path = link_to(edition, "https://elsewhere.example/")
    for _ in range(3):
        follow(path)
    follow(f"/newsletters/go/{clicks.token(edition.pk, 1, 'subscriber', 'b')}/")
    rows = {(row.standing, row.variant): row for row in LinkClicks.objects.all()}
    assert rows[("registered", "a")].count == 3
    assert rows[("subscriber", "b")].count == 1
    assert rows[("registered", "a")].hour == clock.now().replace(minute=0, second=0, microsecond=0)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Purpose": "preview"},
        {"Sec-Fetch-Mode": "no-cors"},
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"User-Agent": "curl/8.5.0"},
        {"User-Agent": ""},
    ],
)
def test_programs_are_led_on_and_not_counted(edition: Edition, headers: dict[str, str]) -> None:
    assert follow(link_to(edition, "https://elsewhere.example/"), **headers).status_code == 302
    assert counted() == 0


def test_a_head_is_not_counted(edition: Edition) -> None:
    path = link_to(edition, "https://elsewhere.example/")
    assert Client(headers={"User-Agent": FIREFOX}).head(path).status_code == 302
    assert Client().post(path).status_code == 405
    assert counted() == 0


def test_the_publications_switch_stops_all_counting(edition: Edition) -> None:
    mailing = Mailing.load()
    mailing.clicks = False
    mailing.save()
    assert follow(link_to(edition, "https://elsewhere.example/")).status_code == 302
    assert counted() == 0


def test_one_network_adds_only_so_much_to_a_link_in_an_hour(edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "MOST", 3)
    monkeypatch.setattr("masthead.front.views.clicks._crowd", crowd.Crowd())
    path = link_to(edition, "/")
    assert [follow(path).status_code for _ in range(5)] == [302] * 5, "everybody is led on"
    assert counted() == 3
    Client(headers={"User-Agent": FIREFOX}, REMOTE_ADDR="192.0.2.7").get(path)
    assert counted() == 4


def test_what_a_network_added_is_forgotten_with_the_hour() -> None:
    door = crowd.Crowd()
    assert [door.lets_in("192.0.2.7", 1, 0.0) for _ in range(crowd.MOST + 1)] == [True] * crowd.MOST + [False]
    assert door.lets_in("192.0.2.7", 2, 1.0)
    assert door.lets_in("192.0.2.7", 1, 3600.0)


def test_a_flood_of_networks_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "KEPT", 10)
    door = crowd.Crowd()
    assert sum(door.lets_in(f"net {number}", 1, 0.0) for number in range(100)) == 10
    assert len(door._seen) <= 10


def test_editors_trying_an_edition_are_not_counted(edition: Edition) -> None:
    Edition.objects.update(frozen=None, state="draft")
    assert follow(link_to(edition, "https://elsewhere.example/")).status_code == 302
    assert counted() == 0


def test_a_reader_is_led_on_while_the_count_cannot_be_written(edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_: Any) -> None:
        raise DatabaseError("away")

    path = link_to(edition, "https://elsewhere.example/")
    monkeypatch.setattr(clicks, "count", away)
    assert follow(path).status_code == 302


def test_nothing_kept_of_a_click_names_who_followed_it() -> None:
    assert {field.name for field in LinkClicks._meta.get_fields()} == {"id", "link", "standing", "variant", "hour", "count"}


# --- what came of it


def came_to(article: Article, via: str = VIA, host: str = "http://testserver") -> dict[str, str]:
    return {"HTTP_REFERER": f"{host}{article.path_on_site}?via={via}"}


def via_of(kind: str) -> str | None:
    data = Event.objects.filter(kind=kind).latest("pk").data
    return data.get("via")


def test_instant_access_and_the_registration_after_it_are_the_editions() -> None:
    article, browser = make_article(), Browser()
    form = {"email": "ada@example.org", "article": article.slug}
    response = browser.post("/keep-reading/", form, **came_to(article))
    assert response["Location"] == f"{article.path_on_site}?via={VIA}", "on the way, what follows is the edition's, too"
    assert via_of("instant") == VIA
    browser.confirm()
    assert via_of("registration") == VIA


def test_a_choice_is_the_editions() -> None:
    article, browser = make_article(), Browser().log_in(make_reader())
    response = browser.post("/unlock/", {"article": article.slug}, **came_to(article))
    assert response["Location"] == f"{article.path_on_site}?via={VIA}"
    assert via_of("unlock") == VIA


def test_a_subscription_is_the_editions() -> None:
    make_price()
    article, browser = make_article(), Browser(HTTP_REFERER=f"http://testserver/subscribe/?via={VIA}")
    buy(browser, article)
    assert via_of("subscription") == VIA


def test_without_scripts_a_subscription_from_the_gate_of_an_article_is_the_editions_too() -> None:
    make_price()
    article, browser = make_article(), Browser()
    offer = f"/subscribe/?article={article.slug}"
    led = browser.get(offer, **came_to(article))
    assert (led.status_code, led["Location"]) == (302, f"{offer}&via={VIA}")
    assert led["Cache-Control"] == "private, no-store"
    assert not led.cookies and not browser.cookies, "nothing is left in the browser"
    page = browser.get(led["Location"], **came_to(article))
    assert page.status_code == 200, "and it is led there once"
    wrong = browser.post(
        "/subscribe/checkout/", {"email": "ada", "price": "0"}, HTTP_REFERER=f"http://testserver{led['Location']}"
    )
    form = BeautifulSoup(wrong.content, "html.parser").select_one("form.buy")
    assert form is not None and form["action"] == f"/subscribe/checkout/?via={VIA}", "a slip of the pen does not lose it"
    given = {"email": "ada@example.org", "article": article.slug, "price": Price.objects.get().pk}
    assert browser.post(str(form["action"]), given).status_code == 303
    assert Checkout.objects.get().via == VIA


@pytest.mark.parametrize(
    "referrer",
    [
        "",
        "http://testserver/articles/x/",
        f"https://evil.example/articles/x/?via={VIA}",
        "http://testserver/articles/x/?via=<script>",
    ],
)
def test_the_offer_stands_where_it_is_for_who_came_by_no_edition(referrer: str) -> None:
    assert Browser().get("/subscribe/", HTTP_REFERER=referrer).status_code == 200


def test_who_came_by_themselves_is_nobodys() -> None:
    article, browser = make_article(), Browser()
    browser.keep_reading(article)
    browser.confirm()
    for kind in ("instant", "registration"):
        assert "via" not in Event.objects.filter(kind=kind).latest("pk").data


@pytest.mark.parametrize(
    ("via", "host"),
    [
        (VIA, "https://evil.example"),
        ("<script>", "http://testserver"),
        ("x" * 200 + ".y", "http://testserver"),
        ("daily", "http://testserver"),
        ("a.b.c", "http://testserver"),
    ],
)
def test_only_our_own_pages_name_an_edition_and_only_in_its_form(via: str, host: str) -> None:
    article, browser = make_article(), Browser()
    response = browser.post(
        "/keep-reading/", {"email": "ada@example.org", "article": article.slug}, **came_to(article, via, host)
    )
    assert response["Location"] == article.path_on_site
    assert via_of("instant") is None


def test_an_edition_opens_nothing(settings: Any) -> None:
    article = make_article()
    assert Browser().get(f"{article.path_on_site}?via={VIA}").content == Browser().get(article.path_on_site).content


def test_addresses_are_not_led_by_where_they_only_look_like_ours(settings: Any) -> None:
    settings.MASTHEAD = replace(settings.MASTHEAD, base_url="https://www.example.org")
    for url in ("https://www.example.org.evil.example/articles/x/", "https://evil.example/articles/x/", "mailto:ada@example.org"):
        assert arrivals.led_by(url, VIA) == url
