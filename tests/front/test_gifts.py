"""A gift as browsers see it: given from an article's page, looked at by anybody, opened by whoever presses."""

from __future__ import annotations

import re
from typing import Any

import pytest

from billing.shop import buy
from factories import canary, make_article, make_comp, make_price, make_reader, set_policy
from front.journey import Browser
from front.test_account import page, words
from front.test_canary import TRICKS
from masthead.access.models import GiftLink, Grant
from masthead.articles.models import Article
from masthead.readers.models import Device

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Browser:
    reader = make_reader()
    make_comp(reader)
    return Browser().log_in(reader)


@pytest.fixture
def article() -> Article:
    return make_article(access="subscribers")


def give(browser: Browser, article: Article) -> str:
    """The path of the link ``browser`` gives ``article`` by."""
    response = browser.post("/gift/", {"article": article.slug})
    assert response.status_code == 200, response.content.decode()[:2000]
    found = re.search(r"https?://[^/\"\s]+(/gift/[^/\"\s]+/)", response.content.decode())
    assert found
    return found[1]


def test_the_form_stands_where_a_subscriber_reads_what_is_not_open(ada: Browser, article: Article) -> None:
    assert "Give this article" in ada.open(article)[1]
    assert "Give this article" not in ada.open(make_article(access="open"))[1]
    assert "Give this article" not in Browser().open(article)[1]
    assert "Give this article" not in Browser().log_in(make_reader("bob@example.org")).open(article)[1]
    set_policy(gifts=0)
    assert "Give this article" not in ada.open(article)[1]


def test_the_answer_shows_the_link_to_its_giver_alone(ada: Browser, article: Article) -> None:
    response = ada.post("/gift/", {"article": article.slug})
    assert response["Cache-Control"].startswith("private, no-store")
    assert (response["Referrer-Policy"], response["X-Robots-Tag"]) == ("no-referrer", "noindex")
    assert "You may give 4 more this month" in words(response.content.decode())


def test_a_friend_looks_presses_and_reads(ada: Browser, article: Article) -> None:
    link = give(ada, article)
    friend = Browser("198.51.100.3")
    looked = friend.get(link)
    assert (looked.status_code, looked["X-Robots-Tag"], looked["Referrer-Policy"]) == (200, "noindex", "no-referrer")
    assert not looked.cookies and "s-maxage" not in looked["Cache-Control"]
    html = looked.content.decode()
    assert "Teaser paragraph 3" in html and canary(article) not in html
    assert (GiftLink.objects.get().uses, Device.objects.filter(grants__kind="gift").count()) == (0, 0)
    pressed = friend.post(link)
    assert (pressed.status_code, pressed["Location"]) == (303, article.path_on_site)
    assert "masthead_device" in pressed.cookies
    assert friend.decision(article) == "gift"
    assert friend.decision(make_article(access="subscribers")) == "subscribe", "the one article, and no other"
    assert "opened 1 of 10 times" in page(ada)
    assert Browser("198.51.100.4").decision(article) == "subscribe", "no other browser"


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_never_shows_the_rest_nor_spends_to_anybody(ada: Browser, article: Article, trick: Any, method: str) -> None:
    link = give(ada, article)
    device = Browser("192.0.2.2")
    device.keep_reading(make_article(), "typed@example.org")
    staff = make_reader("editor@example.org", is_staff=True, is_superuser=True)
    everyone = {
        "nobody": Browser(),
        "device": device,
        "reader": Browser("192.0.2.3").log_in(make_reader("bob@example.org")),
        "giver": ada,
        "worker with six digits": Browser("192.0.2.4").log_in(staff),
    }
    for who, browser in everyone.items():
        response = getattr(browser, method)(link, **trick)
        assert canary(article) not in f"{response.headers} {response.content.decode()}", who
        assert "masthead_device" not in response.cookies or who != "nobody"
    assert GiftLink.objects.get().uses == 0
    assert not Grant.objects.filter(kind="gift").exists()


def test_whom_it_is_open_to_uses_nothing_up(ada: Browser, article: Article) -> None:
    link = give(ada, article)
    assert "It is open to you already" in words(ada.get(link).content.decode())
    assert ada.post(link)["Location"] == article.path_on_site
    assert GiftLink.objects.get().uses == 0


def test_a_link_that_is_gone_says_why(ada: Browser, article: Article) -> None:
    set_policy(gift_uses=1)
    link = give(ada, article)
    Browser("198.51.100.3").post(link)
    for method in ("get", "post"):
        response = getattr(Browser("198.51.100.4"), method)(link)
        assert response.status_code == 410 and "used as often as it may be" in response.content.decode()
    article.unpublish()
    assert "not published any more" in Browser().get(link).content.decode()
    assert Browser().get("/gift/made-up/").status_code == 404
    assert Browser().post("/gift/made-up/").status_code == 404
    before = Device.objects.count()
    Browser().post(link)
    assert Device.objects.count() == before, "a link that is gone makes no device"


def test_a_link_is_taken_back_in_the_account(ada: Browser, article: Article) -> None:
    link = give(ada, article)
    number = GiftLink.objects.get().pk
    bob = Browser("192.0.2.9").log_in(make_reader("bob@example.org"))
    assert bob.post("/account/gifts/revoke/", {"id": number}).status_code == 422
    assert ada.post("/account/gifts/revoke/", {"id": number})["Location"] == "/account/?done=gift-revoked#gifts"
    assert "taken back" in page(ada)
    assert "took it back" in Browser().get(link).content.decode()
    for wrong in ("", "x", "9" * 30, str(number)):
        assert ada.post("/account/gifts/revoke/", {"id": wrong}).status_code == 422


def test_no_other_site_gives_or_takes(ada: Browser, article: Article) -> None:
    link = give(ada, article)
    for path, data in (("/gift/", {"article": article.slug}), (link, {})):
        assert ada.post(path, data, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert GiftLink.objects.get().uses == 0


def test_who_may_not_give_is_told(ada: Browser, article: Article) -> None:
    set_policy(gifts=1)
    give(ada, article)
    response = ada.post("/gift/", {"article": make_article().slug})
    assert response.status_code == 422 and "You have given 1 this month" in response.content.decode()
    assert Browser().post("/gift/", {"article": article.slug})["Location"] == f"/login/?article={article.slug}"
    bob = Browser("192.0.2.9").log_in(make_reader("bob@example.org"))
    assert bob.post("/gift/", {"article": article.slug}).status_code == 422
    assert ada.post("/gift/", {}).status_code == 404
    assert ada.get("/gift/").status_code == 303


def test_a_browser_that_paid_logs_in_first(article: Article) -> None:
    browser = Browser()
    buy(browser, article, price=str(make_price().pk))
    assert "Give this article" in browser.open(article)[1]
    assert browser.post("/gift/", {"article": article.slug})["Location"] == f"/login/?article={article.slug}"
