"""Newsletters on the web: what has a page, what it shows, and that a new edition shows at once."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from django.apps import apps
from django.test import Client

from factories import CANARY, make_article, make_comp, make_edition, make_newsletter, make_reader, make_topic, put_in
from front.journey import Browser
from masthead.newsletters.models import Edition

pytestmark = pytest.mark.django_db

PATH = "/newsletters/daily/2026-11-23/"


@pytest.fixture
def edition() -> Edition:
    edition = make_edition(subject="Straits and a vote", opening="Good *morning*.")
    put_in(edition, "latest", article=make_article("Grain", standfirst="Who eats.", topics=[make_topic()]))
    put_in(edition, "wire", headline="<b>States</b> agree", text="At last.", source="Wire", url="https://news.example/")
    put_in(edition, "radar", headline="A vote", source="Tuesday 24 November, Geneva")
    return edition


def soup(client: Client, path: str) -> BeautifulSoup:
    response = client.get(path)
    assert response.status_code == 200, path
    return BeautifulSoup(response.content, "html.parser")


def test_an_edition_is_a_page_of_the_site(client: Client, edition: Edition) -> None:
    page = soup(client, PATH)
    assert page.h1.get_text() == "Straits and a vote"  # type: ignore[union-attr]
    main = page.find("main")
    text = " ".join(main.get_text(" ").split())  # type: ignore[union-attr]
    for words in ("Monday, 23 November 2026", "Good morning", "Grain", "Who eats.", "<b>States</b> agree", "At last.", "Geneva"):
        assert words in text, words
    links = {a.get_text(): a["href"] for a in main.find_all("a")}  # type: ignore[union-attr]
    assert links["Grain"].startswith("/articles/grain")
    assert links["<b>States</b> agree"] == "https://news.example/"
    assert "unsubscribe" not in str(page).lower(), "what is one reader's own is in their mail only"


@pytest.mark.parametrize("state", ["sending", "paused", "done"])
def test_what_went_has_a_page(state: str, client: Client) -> None:
    make_edition(state=state)
    assert client.get(PATH).status_code == 200
    assert PATH in client.get("/newsletters/daily/").content.decode()


@pytest.mark.parametrize("state", ["draft", "approved", "cancelled", "skipped"])
def test_what_did_not_go_has_none_and_stands_nowhere(state: str, client: Client) -> None:
    make_edition(state=state, subject="Not to be seen")
    assert client.get(PATH).status_code == 404
    for path in ("/newsletters/", "/newsletters/daily/", "/newsletters/daily/feed.rss", "/sitemap-newsletters.xml"):
        answer = client.get(path).content.decode()
        assert PATH not in answer and "Not to be seen" not in answer, path


@pytest.mark.parametrize(
    ("audience", "kind", "segment", "shown"),
    [
        ("registered", "scheduled", "all", True),
        ("registered", "special", "all", True),
        ("registered", "special", "subscribers", False),
        ("registered", "special", "registered", False),
        ("subscribers", "scheduled", "all", True),
        ("subscribers", "special", "all", False),
    ],
)
def test_letters_to_some_readers_are_theirs(audience: str, kind: str, segment: str, shown: bool, client: Client) -> None:
    newsletter = make_newsletter(audience=audience)
    make_edition(newsletter=newsletter, kind=kind, segment=segment, body="Dear reader")
    assert (client.get(PATH).status_code == 200) is shown
    assert ("2026-11-23" in client.get("/newsletters/daily/feed.rss").content.decode()) is shown


EVERYWHERE = ("/newsletters/", "/newsletters/daily/", "/newsletters/daily/feed.rss", "/sitemap-newsletters.xml")


def test_what_was_written_to_subscribers_stays_theirs_when_everybody_may_have_the_newsletter(client: Client) -> None:
    newsletter = make_newsletter(audience="subscribers")
    make_edition("to-you", newsletter=newsletter, kind="special", subject=f"Dear subscribers, {CANARY}", body=CANARY)
    newsletter.audience = "registered"
    newsletter.save()
    assert client.get("/newsletters/daily/to-you/").status_code == 404
    for path in EVERYWHERE:
        answer = client.get(path).content.decode()
        assert CANARY not in answer and "to-you" not in answer, path
    make_edition("to-all", newsletter=newsletter, kind="special", body="From now on to all")
    assert client.get("/newsletters/daily/to-all/").status_code == 200


def test_what_was_written_to_all_stays_there_when_the_newsletter_becomes_the_subscribers(client: Client) -> None:
    newsletter = make_newsletter()
    make_edition("to-all", newsletter=newsletter, kind="special", body="To all of you")
    newsletter.audience = "subscribers"
    newsletter.save()
    assert "To all of you" in client.get("/newsletters/daily/to-all/").content.decode()
    assert "to-all" in client.get("/newsletters/daily/").content.decode()


def test_of_whom_it_is_not_known_who_could_have_it_nobody_sees(client: Client) -> None:
    make_edition("to-whom", kind="special", body=CANARY, audience="")
    assert client.get("/newsletters/daily/to-whom/").status_code == 404


def test_editions_that_went_before_this_was_kept_are_shown_as_they_were() -> None:
    migration = import_module("masthead.newsletters.migrations.0008_edition_audience")
    for slug, audience in (("daily", "registered"), ("letters", "subscribers")):
        newsletter = make_newsletter(slug, audience=audience)
        make_edition("went", newsletter=newsletter, kind="special", audience="")
        make_edition("draft", newsletter=newsletter, kind="special", state="draft")
    migration.keep(apps, None)
    kept = set(Edition.objects.values_list("newsletter__slug", "key", "audience"))
    assert kept == {
        ("daily", "went", "registered"),
        ("daily", "draft", ""),
        ("letters", "went", "subscribers"),
        ("letters", "draft", ""),
    }


@pytest.mark.parametrize(
    "path",
    ["/newsletters/weekly/", "/newsletters/weekly/feed.rss", "/newsletters/weekly/2026-11-23/", "/newsletters/daily/2026-11-24/"],
)
def test_there_is_no_page_of_what_there_is_not(path: str, client: Client, edition: Edition) -> None:
    assert client.get(path).status_code == 404


def test_the_archive_lists_editions_by_month_newest_first(client: Client) -> None:
    for key in ("2026-11-23", "2026-11-20", "2026-10-30", "2025-12-31"):
        make_edition(key)
    page = soup(client, "/newsletters/daily/")
    assert [h2.get_text() for h2 in page.find_all("h2")] == ["November 2026", "October 2026"]
    paths = [a["href"] for a in page.select(".letter-list a")]
    assert paths == [f"/newsletters/daily/{key}/" for key in ("2026-11-23", "2026-11-20", "2026-10-30")]
    older = soup(client, "/newsletters/daily/?year=2025")
    assert [a["href"] for a in older.select(".letter-list a")] == ["/newsletters/daily/2025-12-31/"]
    assert older.find("link", rel="canonical")["href"].endswith("/newsletters/daily/?year=2025")  # type: ignore[index]


@pytest.mark.parametrize("year", ["2024", "0", "x", "２０２６", "99999"])
def test_there_is_no_year_without_editions(year: str, client: Client, edition: Edition) -> None:
    assert client.get(f"/newsletters/daily/?year={year}").status_code == 404


def test_a_newsletter_of_which_nothing_went_says_so(client: Client) -> None:
    make_newsletter()
    assert "No edition has gone out yet" in soup(client, "/newsletters/daily/").get_text()


def test_each_newsletter_is_told_of_with_its_last_edition(client: Client, edition: Edition) -> None:
    make_newsletter("weekly")
    page = soup(client, "/newsletters/")
    assert [a["href"] for a in page.select(".offered h2 a")] == ["/newsletters/daily/", "/newsletters/weekly/"]
    assert [a.get_text() for a in page.select(".offered-latest a")] == ["Straits and a vote"]
    assert [box["value"] for box in page.select("input[name=newsletters]")] == ["daily", "weekly"]


def test_who_is_nobody_yet_can_ask_for_it_there(client: Client, edition: Edition) -> None:
    for path in (PATH, "/newsletters/daily/"):
        form = soup(client, path).select_one('main form[action="/newsletters/"]')
        assert form is not None
        data = {field["name"]: field.get("value", "") for field in form.select("input[name]")}
        assert data == {"newsletters": "daily", "email": ""}
    answer = client.post("/newsletters/", {"newsletters": "daily", "email": "ada@example.org"})
    assert answer.status_code == 303


def test_what_comes_to_subscribers_is_not_offered_to_others(client: Client) -> None:
    make_edition(newsletter=make_newsletter(audience="subscribers"))
    page = soup(client, "/newsletters/daily/")
    assert page.select_one('main form[action="/newsletters/"]') is None
    assert "It comes to subscribers." in page.get_text()


def test_editions_lead_to_one_another(client: Client) -> None:
    for key in ("2026-11-20", "2026-11-23", "2026-11-24"):
        make_edition(key)
    ways = {a["rel"][0]: a["href"] for a in soup(client, PATH).select(".edition-ways li a")}
    assert ways == {"prev": "/newsletters/daily/2026-11-20/", "next": "/newsletters/daily/2026-11-24/"}


def test_the_feed_tells_editions_with_teasers(client: Client, edition: Edition) -> None:
    response = client.get("/newsletters/daily/feed.rss")
    assert response["Content-Type"].startswith("application/rss+xml")
    [item] = ElementTree.fromstring(response.content).iter("item")
    assert item.findtext("title") == "Straits and a vote"
    assert (item.findtext("link") or "").endswith(PATH)
    content = item.findtext("{http://purl.org/rss/1.0/modules/content/}encoded") or ""
    assert "Who eats." in content and "&lt;b&gt;States&lt;/b&gt; agree" in content
    assert CANARY not in response.content.decode()


def test_feeds_are_found_from_their_pages(client: Client, edition: Edition) -> None:
    for path in (PATH, "/newsletters/daily/"):
        feeds = [link["href"] for link in soup(client, path).find_all("link", type="application/rss+xml")]
        assert feeds == ["/newsletters/daily/feed.rss", "/feeds/articles.rss"]


def test_search_engines_are_told(client: Client, edition: Edition) -> None:
    assert "/sitemap-newsletters.xml" in client.get("/sitemap.xml").content.decode()
    listed = client.get("/sitemap-newsletters.xml").content.decode()
    assert "/newsletters/daily/</loc>" in listed and f"{PATH}</loc>" in listed
    data: list[dict[str, Any]] = json.loads(soup(client, PATH).find("script", type="application/ld+json").get_text())  # type: ignore[union-attr]
    things = data if isinstance(data, list) else data.get("@graph", [data])  # type: ignore[union-attr]
    [issue] = [thing for thing in things if thing["@type"] == "PublicationIssue"]
    assert issue["datePublished"] == "2026-11-23"
    assert issue["isPartOf"]["name"] == "The Daily"


def test_no_page_shows_the_rest_to_anybody(edition: Edition) -> None:
    friend = make_reader("friend@example.org")
    make_comp(friend)
    for browser in (Browser(), Browser("192.0.2.3").log_in(friend)):
        for path in (PATH, "/newsletters/daily/", "/newsletters/daily/feed.rss", "/newsletters/"):
            assert CANARY not in browser.get(path).content.decode()


def test_an_article_that_is_withdrawn_leaves_the_editions_too(client: Client, edition: Edition) -> None:
    item = edition.items.get(block="latest")
    item.article.unpublish()  # type: ignore[union-attr]
    assert "Grain" not in client.get(PATH).content.decode()


def test_however_much_stands_in_an_edition_it_costs_no_more_queries(
    client: Client, edition: Edition, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        put_in(edition, "library", article=make_article(f"Older {number}", standfirst=""))
    client.get(PATH)
    with django_assert_max_num_queries(26):
        client.get(PATH)
