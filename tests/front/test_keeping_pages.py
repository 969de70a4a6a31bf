"""Following, saving searches and private feeds, as a browser and a feed reader meet them."""

from __future__ import annotations

import logging
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from factories import canary, make_article, make_author, make_comp, make_reader, make_topic
from front.journey import Browser, code_for
from masthead.articles.addresses import moved
from masthead.core.models import Publication
from masthead.front import headers
from masthead.front.errands import errand_in
from masthead.library import keeping, search
from masthead.library.models import Follow, PrivateFeed, SavedSearch
from masthead.readers.models import Code, Reader
from masthead.site.secret_addresses import HideTokens, hidden

pytestmark = pytest.mark.django_db

OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"


@pytest.fixture
def ada() -> Reader:
    return make_reader()


@pytest.fixture
def browser(ada: Reader) -> Browser:
    browser = Browser()
    browser.force_login(ada)
    return browser


def soup(response: Any) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def sections(browser: Browser, query: str = "") -> BeautifulSoup:
    response = browser.get(f"/account/{query}")
    assert response.status_code == 200
    return soup(response)


def address_made(response: Any) -> str:
    """The path of the feed whose address ``response`` tells."""
    assert response.status_code == 200
    found = re.search(r"https?://[^/]+(/feeds/private/.+)", soup(response).select_one("#made-address")["value"])
    assert found
    return found[1]


# --- following


@pytest.mark.parametrize("field", ["topic", "author"])
def test_a_reader_follows_and_the_address_says_so(browser: Browser, field: str) -> None:
    thing = make_topic() if field == "topic" else make_author()
    make_article(topics=[make_topic()], authors=[make_author()])
    path = thing.get_absolute_url()
    page = soup(browser.get(path))
    form = page.select_one('form[action="/follow/"]')
    assert form.button.get_text() == f"Follow {thing.name}"
    assert page.select_one("#followed")
    fields = {one["name"]: one["value"] for one in form.select("input")}
    assert fields == {field: thing.slug}, "no token"
    response = browser.post("/follow/", fields)
    assert (response.status_code, response["Location"]) == (303, f"{path}#followed")
    assert Follow.objects.count() == 1
    again = browser.get(path)
    assert soup(again).select_one('form[action="/follow/"]').button.get_text() == f"Follow {thing.name}", "the page knows nobody"
    section = sections(browser).select_one("#following")
    assert [link["href"] for link in section.select(".kept-title a")] == [path]


@pytest.mark.parametrize("field", ["topic", "author"])
def test_a_stranger_is_led_through_the_log_in_back_to_the_button(field: str) -> None:
    thing = make_topic() if field == "topic" else make_author()
    make_article(topics=[make_topic()], authors=[make_author()])
    stranger, path = Browser(), thing.get_absolute_url()
    page = soup(stranger.get(path))
    assert not page.select('form[action="/follow/"]')
    link = page.select_one(".follow a")
    assert (link.get_text(), link["href"]) == (f"Follow {thing.name}", f"/login/?{field}={thing.slug}")
    log_in = soup(stranger.get(link["href"]))
    assert log_in.h1.get_text() == f"Follow {thing.name}" and log_in.select_one(f'a[href="{path}#follow"]')
    fields = {one["name"]: one["value"] for one in log_in.select('form[action="/login/"] input[type=hidden]')}
    assert fields == {field: thing.slug}
    stranger.post("/login/", {**fields, "email": "new@example.org"})
    assert soup(stranger.get("/confirm/")).select_one(f'a[href="{path}#follow"]')
    answer = stranger.post("/confirm/", {"code": code_for("new@example.org")})
    assert (answer.status_code, answer["Location"]) == (303, f"{path}#follow")
    assert not Follow.objects.exists(), "nothing is followed but by a press"
    assert soup(stranger.get(path)).select_one('form[action="/follow/"]')
    assert stranger.get(link["href"])["Location"] == f"{path}#follow", "who is logged in is led on"


def test_a_stranger_is_led_back_to_the_search_they_would_save() -> None:
    stranger = Browser()
    link = "/login/?search=q%3D%22x+y%22%26topic%3Dtrade"
    log_in = soup(stranger.get(link))
    assert log_in.h1.get_text() == "Save this search"
    fields = {one["name"]: one["value"] for one in log_in.select('form[action="/login/"] input[type=hidden]')}
    stranger.post("/login/", {**fields, "email": "new@example.org"})
    back = "/library/?q=%22x+y%22&topic=trade#save-search"
    assert stranger.post("/confirm/", {"code": code_for("new@example.org")})["Location"] == back
    assert not SavedSearch.objects.exists()


def test_the_longest_search_that_can_be_saved_is_remembered_while_they_log_in() -> None:
    stranger = Browser()
    longest = errand_in(QueryDict(urlencode({"search": f"q={'é' * 83}"})))  # 500 characters, nearly all of them percent signs
    assert longest and len(longest.back) > 500
    stranger.post("/login/", {**dict(parse_qsl(longest.query)), "email": "new@example.org"})
    assert stranger.post("/confirm/", {"code": code_for("new@example.org")})["Location"] == longest.back
    assert len(longest.query) <= Code._meta.get_field("errand").max_length, "SQLite takes any length"


@pytest.mark.parametrize(
    "address", ["/login/?topic=none", "/login/?search=page%3D2", "/login/?search=//evil.example/", "/login/?author=%ff"]
)
def test_a_log_in_leads_nowhere_but_to_what_is_here(address: str) -> None:
    page = soup(Browser().get(address))
    assert page.h1.get_text() in ("Log in", "Save this search") and "evil" not in "".join(a["href"] for a in page.select("a"))


def test_a_page_open_since_before_a_renaming_still_follows(browser: Browser, ada: Reader) -> None:
    topic = make_topic()
    make_article(topics=[topic])
    moved("/topics/former/", topic.get_absolute_url())
    assert browser.get("/login/?topic=former")["Location"] == f"{topic.get_absolute_url()}#follow"
    browser.post("/follow/", {"topic": "former"})
    assert Follow.objects.get().topic == topic


def test_strangers_who_post_are_sent_to_log_in() -> None:
    make_article(topics=[make_topic()])
    stranger = Browser()
    response = stranger.post("/follow/", {"topic": "trade"})
    assert (response.status_code, response["Location"]) == (303, "/login/?topic=trade")
    response = stranger.post("/library/save/", {"query": "q=x"})
    assert (response.status_code, response["Location"]) == (303, "/login/?search=q%3Dx")
    assert not Follow.objects.exists() and not SavedSearch.objects.exists()


@pytest.mark.parametrize("fields", [{}, {"topic": "none"}, {"topic": "x" * 9999}, {"author": "\ud800"}, {"article": "trade"}])
def test_what_is_not_there_is_not_followed(browser: Browser, fields: dict[str, str]) -> None:
    make_topic()
    try:
        response = browser.post("/follow/", fields)
    except UnicodeEncodeError:  # the test's browser cannot even send it
        return
    assert response.status_code == 404


def test_another_site_follows_nothing(browser: Browser) -> None:
    make_topic()
    for path, fields in (("/follow/", {"topic": "trade"}), ("/library/save/", {"query": "q=x"})):
        assert browser.post(path, fields, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert not Follow.objects.exists() and not SavedSearch.objects.exists()


def test_looking_follows_and_saves_nothing(browser: Browser) -> None:
    make_topic()
    assert browser.get("/follow/?topic=trade")["Location"] == "/topics/trade/"
    assert browser.get("/library/save/?query=q%3Dx%26page%3D2")["Location"] == "/library/?q=x"
    assert not Follow.objects.exists() and not SavedSearch.objects.exists()


def test_too_many_is_a_sentence(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST_FOLLOWS", 0)
    monkeypatch.setattr(keeping, "MOST_SEARCHES", 0)
    make_topic()
    for path, fields, said in (
        ("/follow/", {"topic": "trade"}, "You follow 0 topics"),
        ("/library/save/", {"query": "q=x"}, "You keep 0 searches"),
        ("/library/save/", {"query": "page=2"}, "nothing in that search"),
    ):
        response = browser.post(path, fields)
        assert response.status_code == 422
        assert said in soup(response).select_one("[role=alert]").get_text()


# --- the account


def test_a_search_is_saved_renamed_and_removed(browser: Browser) -> None:
    response = browser.post("/library/save/", {"query": "topic=trade&q=straits", "name": "Straits"})
    assert (response.status_code, response["Location"]) == (303, "/library/?q=straits&topic=trade#search-saved")
    row = SavedSearch.objects.get()
    link = sections(browser).select_one("#searches .kept-title a")
    assert (link.get_text(), link["href"]) == ("Straits", "/library/?q=straits&topic=trade")
    assert browser.post("/account/searches/rename/", {"search": row.pk, "name": "Narrows"})["Location"].endswith("#searches")
    assert sections(browser, "?done=search-renamed").select_one("#searches .notice")
    assert "Narrows" in sections(browser).select_one("#searches").get_text()
    assert browser.post("/account/searches/rename/", {"search": row.pk, "name": " "}).status_code == 422
    assert browser.post("/account/searches/remove/", {"search": row.pk}).status_code == 303
    assert browser.post("/account/searches/remove/", {"search": row.pk}).status_code == 422
    assert not SavedSearch.objects.exists()


def test_what_is_unfollowed_is_gone(browser: Browser, ada: Reader) -> None:
    row = keeping.follow(reader=ada, thing=make_topic())
    assert browser.post("/account/following/end/", {"follow": row.pk})["Location"] == "/account/?done=unfollowed#following"
    assert browser.post("/account/following/end/", {"follow": row.pk}).status_code == 422
    assert "Nothing yet" in sections(browser).select_one("#following").get_text()


def test_another_readers_rows_are_out_of_reach(browser: Browser) -> None:
    eve = make_reader("eve@example.org")
    follow, saved = keeping.follow(reader=eve, thing=make_topic()), keeping.save_search(reader=eve, address="q=x")
    keeping.make_feed(reader=eve)
    feed = PrivateFeed.objects.get()
    for path, fields in (
        ("/account/following/end/", {"follow": follow.pk}),
        ("/account/searches/rename/", {"search": saved.pk, "name": "Mine"}),
        ("/account/searches/remove/", {"search": saved.pk}),
        ("/account/feeds/make/", {"search": saved.pk}),
        ("/account/feeds/make/", {"follow": follow.pk}),
        ("/account/feeds/end/", {"feed": feed.pk}),
        ("/account/feeds/end/", {"feed": "9" * 40}),
    ):
        assert browser.post(path, fields).status_code == 422, path
    assert PrivateFeed.objects.get() == feed and feed.revoked is None


def test_many_are_shown_a_page_at_a_time(browser: Browser, ada: Reader) -> None:
    for number in range(14):
        keeping.follow(reader=ada, thing=make_topic(f"Topic {number}"))
    assert len(sections(browser).select("#following .kept > li")) == 12
    assert len(sections(browser, "?following=2").select("#following .kept > li")) == 2


def test_the_accounts_forms_carry_a_token(ada: Reader) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(ada)
    for path in ("following/end", "searches/rename", "searches/remove", "feeds/make", "feeds/end"):
        assert browser.post(f"/account/{path}/", {}).status_code == 403


# --- private feeds


def test_a_feed_is_told_once_and_read_by_whoever_has_its_address(browser: Browser, ada: Reader) -> None:
    article = make_article("Of trade", topics=[make_topic()])
    row = keeping.follow(reader=ada, thing=make_topic())
    response = browser.post("/account/feeds/make/", {"follow": row.pk})
    path = address_made(response)
    assert response["Cache-Control"] == "private, no-store"
    token = path.removeprefix("/feeds/private/").removesuffix(".rss")
    assert token not in browser.get("/account/").content.decode() + browser.get("/account/data.json").content.decode()
    response = Client().get(path)
    feed = response.content.decode()
    assert response.status_code == 200 and response["Content-Type"].startswith("application/rss+xml")
    assert "<title>Of trade</title>" in feed and canary(article) not in feed
    assert response["Cache-Control"] == headers.PRIVATE and response["X-Robots-Tag"] == "noindex"
    assert token not in feed, "feeds are passed on, and must not carry their own address"
    held = Client().get(path, headers={"If-None-Match": response["ETag"]})
    assert (held.status_code, held["X-Robots-Tag"], held["Cache-Control"]) == (304, "noindex", headers.PRIVATE)


def test_a_feed_never_sets_a_cookie_nor_shows_more_to_who_may_read_more(browser: Browser, ada: Reader) -> None:
    make_comp(ada)
    article = make_article("Of trade", topics=[make_topic()])
    keeping.follow(reader=ada, thing=make_topic())
    path = address_made(browser.post("/account/feeds/make/"))
    assert canary(article) in browser.open(article)[1]
    browser.cookies.pop("masthead_pass", None)
    response = browser.get(path)
    assert "Of trade" in response.content.decode() and canary(article) not in response.content.decode()
    assert not response.cookies and response.content == Client().get(path).content


def test_a_reloaded_answer_does_not_end_the_address_it_told(browser: Browser) -> None:
    path = address_made(browser.post("/account/feeds/make/"))
    assert browser.post("/account/feeds/make/").status_code == 422
    assert Client().get(path).status_code == 200
    form = sections(browser).select_one('#feeds form[action^="/account/feeds/make/"]')
    fields = {one["name"]: one["value"] for one in form.select("input") if one["name"] != "csrfmiddlewaretoken"}
    renewed = address_made(browser.post("/account/feeds/make/", fields))
    assert (Client().get(path).status_code, Client().get(renewed).status_code) == (404, 200)


def test_an_ended_feed_is_as_one_that_never_was(browser: Browser) -> None:
    path = address_made(browser.post("/account/feeds/make/"))
    number = sections(browser).select_one("#feeds input[name=feed]")["value"]
    assert browser.post("/account/feeds/end/", {"feed": number})["Location"] == "/account/?done=feed-ended#feeds"
    ended, never = Client().get(path), Client().get(f"/feeds/private/{'x' * 43}.rss")
    assert ended.status_code == never.status_code == 404
    assert dict(ended.headers) == dict(never.headers)


def test_a_saved_searchs_feed_is_no_oracle(browser: Browser, ada: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    article = make_article("Found")
    asked: list[bool] = []

    def engine(request: Any, *, whole: bool, **how: Any) -> search.Results:
        asked.append(whole)
        return search.Results(request, numbers=(article.pk,), total=1)

    monkeypatch.setattr(search, "search", engine)
    make_comp(ada)
    row = keeping.save_search(reader=ada, address="q=straits", name="Straits & more")
    path = address_made(browser.post("/account/feeds/make/", {"search": row.pk}))
    feed = browser.get(path).content.decode()
    assert "<title>Found</title>" in feed and "Straits &amp; more" in feed and "/library/?q=straits" in feed
    assert asked == [False]
    monkeypatch.setattr(search, "search", lambda request, **how: search.Results(request, ready=False))
    response = Client().get(path)
    assert (response.status_code, response["Retry-After"], response["Cache-Control"]) == (503, "300", headers.PRIVATE)


def test_a_feed_writes_nothing(browser: Browser) -> None:
    path = address_made(browser.post("/account/feeds/make/"))
    with CaptureQueriesContext(connection) as asked:
        browser.get(path)
    assert not [query for query in asked.captured_queries if not query["sql"].lstrip("( ").startswith(("SELECT", "WITH"))]


def test_no_log_tells_a_secret_address(caplog: pytest.LogCaptureFixture) -> None:
    token = "aT0ken-of_43-characters-that-nobody-may-read-x"
    with caplog.at_level(logging.WARNING):
        Client().get(f"/feeds/private/{token}")
        Client().get(f"/feeds/private/{token}.rss")
        Client().get(f"/feeds//private/{token}.rss")
        Client().get(f"/feeds/private//{token}.rss")
    assert len(caplog.records) >= 4
    for record in caplog.records:
        assert HideTokens().filter(record)
        assert token not in record.getMessage()
    assert hidden(f"Gone: /confirm/{token}/") == "Gone: /confirm/…/"
    assert hidden("Not Found: /confirm/resend/") == "Not Found: /confirm/resend/"


# --- OpenSearch


def test_browsers_learn_how_to_search_the_library(settings: Any) -> None:
    publication = Publication.load()
    publication.name = "Sextant & the long name of its publisher, in full and in detail"
    publication.save()
    link = soup(Client().get("/")).select_one("link[rel=search]")
    assert (link["href"], link["type"]) == ("/opensearch.xml", "application/opensearchdescription+xml")
    response = Client().get(link["href"])
    assert response["Content-Type"].startswith("application/opensearchdescription+xml")
    assert response["Cache-Control"] == headers.PUBLIC
    found = ElementTree.fromstring(response.content)
    names = {kind: found.findtext(f"{OPENSEARCH}{kind}", "") for kind in ("ShortName", "LongName", "Description")}
    assert 0 < len(names["ShortName"]) <= 16 < len(names["LongName"]) <= 48 and names["Description"]
    base = settings.MASTHEAD.base_url
    assert {url.attrib["type"]: url.attrib["template"] for url in found.iter(f"{OPENSEARCH}Url")} == {
        "text/html": f"{base}/library/?q={{searchTerms}}",
        "application/x-suggestions+json": f"{base}/library/suggest.json?q={{searchTerms}}",
        "application/opensearchdescription+xml": f"{base}/opensearch.xml",
    }
    assert soup(Client().get("/login/")).select_one("link[rel=search]"), "on pages for one reader, too"
