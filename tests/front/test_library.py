"""The library's page and its JSON: what is found for whom, what is shown of it, and that every search has an address."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from django.test import Client

from factories import import_article, make_article, make_author, make_comp, make_reader, make_topic, set_policy
from front.journey import Browser
from masthead.access import networks
from masthead.access.models import Network
from masthead.access.policy import Decision, Policy, Reason, Standing, Visitor
from masthead.articles.models import Article, Relation
from masthead.core import clock
from masthead.front import finding
from masthead.front.pageview import OPENING
from masthead.library import keeper

pytestmark = pytest.mark.django_db
Shelve = Callable[[], None]


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(hour=12, tzinfo=UTC)


@pytest.fixture
def archive(shelve: Shelve) -> list[Article]:
    """Seven articles on straits, in three years; the words of their rests are common to them."""
    carvalho, okonjo = make_author(), make_author("Adaeze Okonjo")
    trade, asia = make_topic("Trade"), make_topic("Asia", "region")
    made = [
        import_article(
            f"Straits number {n}",
            paragraphs=[f"The first strait, {n}.", "A second paragraph.", "A third.", "Lanterns hang over the narrows.", "End."],
            authors=[carvalho] if n % 2 else [okonjo],
            topics=[trade, asia] if n < 4 else [trade],
            dated=day(f"20{18 + n // 3}-0{n + 1}-0{n + 1}"),
            access="open" if n == 0 else "subscribers" if n == 6 else "metered",
        )
        for n in range(7)
    ]
    shelve()
    return made


def page(client: Client, query: str = "", status: int = 200) -> BeautifulSoup:
    response = client.get(f"/library/{query}")
    assert response.status_code == status
    return BeautifulSoup(response.content, "html.parser")


def titles(soup: BeautifulSoup) -> list[str]:
    return [found.get_text() for found in soup.select(".result h3")]


def result(soup: BeautifulSoup, article: Article) -> Tag:
    found = soup.select_one(f".result:has(a[href='{article.path_on_site}'])")
    assert found is not None, article.title
    return found


def words(tag: Tag | None) -> str:
    assert tag is not None
    return " ".join(tag.get_text(" ").split())


def badge(soup: BeautifulSoup, article: Article) -> str:
    return words(result(soup, article).select_one(".may"))


# --- what is found


def test_an_empty_search_browses_the_newest(archive: list[Article]) -> None:
    soup = page(Client())
    assert titles(soup)[0] == "Straits number 6" and len(titles(soup)) == 7
    assert words(soup.select_one("#count")) == "7 articles"
    assert not soup.select("mark") and not soup.select("meta[name=robots]")
    assert soup.select_one("link[rel=canonical]")["href"].endswith("/library/")


def test_words_are_marked_where_they_were_found(archive: list[Article]) -> None:
    soup = page(Client(), "?q=strait")
    first = result(soup, archive[3])
    assert words(first.select_one("h3 mark")) == "Straits"
    assert words(first.select_one(".passage mark")) == "strait" and "The first" in words(first.select_one(".passage"))
    assert soup.select_one("input[name=q]")["value"] == "strait"
    assert soup.select_one("meta[name=robots]")["content"] == "noindex, follow"


def test_no_word_is_marked_for_a_name_of_several(shelve: Shelve) -> None:
    topic = make_topic("Seas and Straits", aliases="strait\nlaw of the sea")
    article = make_article("The strait", paragraphs=["A law on bread.", "The law of the sea.", "Three.", "Four."], topics=[topic])
    shelve()
    assert {words(mark) for mark in result(page(Client(), "?q=strait"), article).select("mark")} == {"strait"}


def test_what_readers_type_is_text(archive: list[Article]) -> None:
    html = Client().get("/library/", {"q": '<script>alert(1)</script> "><img src=x>'}).content.decode()
    assert "<script>alert" not in html and "<img src=x" not in html


def test_authors_topics_and_dates_stand_with_each_result(archive: list[Article]) -> None:
    found = result(page(Client(), "?q=straits"), archive[1])
    assert [a["href"] for a in found.select(".byline a")] == ["/authors/ines-carvalho/"]
    assert [a["href"] for a in found.select(".kicker a")] == ["/topics/asia/"]
    assert words(found.select_one("time")) == "2 February 2018"


def test_a_withdrawn_article_is_gone_at_once_though_the_index_has_it_still(archive: list[Article]) -> None:
    Article.objects.get(pk=archive[2].pk).unpublish()
    assert "Straits number 2" not in titles(page(Client(), "?q=straits"))


# --- who may read it


def test_each_visitor_is_told_what_they_may_read(archive: list[Article]) -> None:
    opened, metered, subscribers = archive[0], archive[1], archive[6]
    soup = page(Browser(), "?q=straits")
    assert badge(soup, opened) == "Free to read"
    assert badge(soup, metered) == "Free with your e-mail" and badge(soup, subscribers) == "For subscribers"

    device = Browser("192.0.2.7")
    device.keep_reading(metered, "typed@example.org")
    soup = page(device, "?q=straits")
    assert badge(soup, metered) == "You opened it" and badge(soup, archive[2]) == "Free once you confirm"

    reader = Browser("192.0.2.8").log_in(make_reader())
    reader.choose(metered)
    soup = page(reader, "?q=straits")
    assert badge(soup, metered) == "You opened it" and badge(soup, archive[2]) == "One of your 2 left this month"
    reader.choose(archive[2])
    assert badge(page(reader, "?q=straits"), archive[3]) == "Your last one this month"
    reader.choose(archive[3])
    assert badge(page(reader, "?q=straits"), archive[4]) == "Your free articles are spent"

    friend = make_reader("friend@example.org")
    make_comp(friend)
    soup = page(Browser("192.0.2.9").log_in(friend), "?q=straits")
    assert badge(soup, metered) == badge(soup, subscribers) == "In your subscription" and badge(soup, opened) == "Free to read"


def test_a_licensed_network_reads_through_its_name(archive: list[Article]) -> None:
    Network.objects.create(institution="City Library", cidr="198.51.100.0/24", since=clock.now())
    networks.forget()
    try:
        assert badge(page(Browser("198.51.100.7"), "?q=straits"), archive[6]) == "Through City Library"
    finally:
        networks.forget()


@pytest.mark.parametrize("reason", sorted(OPENING))
def test_what_opens_is_never_called_shut(reason: Reason) -> None:
    said = finding.badge(Decision(True, reason, Standing.ANONYMOUS), Visitor(institution="X"), Policy())
    assert said.kind == "open" and said.words


def test_a_passage_comes_from_the_rest_only_where_the_decision_opens_it(archive: list[Article]) -> None:
    nobody = page(Browser(), "?q=lanterns")
    assert len(titles(nobody)) == 7, "the rest is searched"
    assert "Lanterns" in words(result(nobody, archive[0])), "an open article"
    for shut in archive[1:]:
        assert "Lanterns" not in words(result(nobody, shut)), "but not shown"
    reader = Browser("192.0.2.8").log_in(make_reader())
    reader.choose(archive[1])
    soup = page(reader, "?q=lanterns")
    assert words(result(soup, archive[1]).select_one(".passage mark")) == "Lanterns"
    assert "Lanterns" not in words(result(soup, archive[2]))


def test_a_shorter_teaser_counts_at_once(archive: list[Article]) -> None:
    set_policy(teaser_paragraphs=1)
    assert "second" not in words(page(Browser(), "?q=second+straits").select_one("#found")).replace("second straits", "")


def test_phrases_and_exclusions_say_that_they_look_at_openings_only(archive: list[Article]) -> None:
    nobody = page(Browser(), '?q="lanterns hang"')
    assert not [title for title in titles(nobody) if title != "Straits number 0"]
    assert nobody.select_one(".found-note a[href='/subscribe/']")
    friend = make_reader("friend@example.org")
    make_comp(friend)
    theirs = page(Browser("192.0.2.9").log_in(friend), '?q="lanterns hang"')
    assert len(titles(theirs)) == 7 and not theirs.select(".found-note a[href='/subscribe/']")


# --- narrowing, order, pages: all of it in the address


def link(soup: BeautifulSoup, selector: str, text: str) -> str:
    return next(a["href"] for a in soup.select(selector) if text in words(a))  # type: ignore[return-value]


def test_facets_are_links_that_narrow_and_chips_undo_them(archive: list[Article]) -> None:
    soup = page(Client(), "?q=straits")
    assert link(soup, ".facet a", "Adaeze Okonjo") == "/library/?q=straits&author=adaeze-okonjo"
    assert words(next(a for a in soup.select(".facet a") if "Adaeze" in words(a)).select_one(".tally")) == "4"
    narrowed = page(Client(), "?q=straits&author=adaeze-okonjo&year=2018")
    assert sorted(titles(narrowed)) == ["Straits number 0", "Straits number 2"]
    chips = {words(a): a["href"] for a in narrowed.select(".narrowing")}
    assert chips["Without Author Adaeze Okonjo ×"] == "/library/?q=straits&year=2018"
    assert chips["Without Year 2018 ×"] == "/library/?q=straits&author=adaeze-okonjo"
    kept = {field["name"]: field["value"] for field in narrowed.select("#held input")}
    assert kept == {"author": "adaeze-okonjo", "year": "2018"}


def test_ways_to_narrow_are_not_for_crawlers(archive: list[Article]) -> None:
    soup = page(Client(), "?q=straits&topic=trade")
    for way in soup.select(".facet a[href], .narrowing, .orders a, .bars a, .as-list a"):
        assert way["rel"] == ["nofollow"], way


def test_a_slug_nobody_has_narrows_to_nothing_and_says_how_to_undo_it(archive: list[Article]) -> None:
    soup = page(Client(), "?q=trade&topic=none-such")
    assert words(soup.select_one("#count")).startswith("Nothing found")
    assert link(soup, ".nothing-ways a", "without the topic none-such") == "/library/?q=trade"
    assert soup.select_one(".nothing-ways a[href='/topics/trade/']"), "a topic of that name"


def test_where_hardly_anything_may_be_counted_the_results_themselves_offer_ways_to_narrow(
    archive: list[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("masthead.library.search.PAGE", 5)  # of seven: the word stands in rests, and in one open text
    soup = page(Client(), "?q=lanterns")
    assert len(titles(soup)) == 5
    assert link(soup, ".facet a", "Inês Carvalho") == "/library/?q=lanterns&author=ines-carvalho"
    assert not soup.select(".facet .tally") and words(soup.select_one(".facet-note")) == "From the results on this page."


def test_what_one_page_shows_whole_anybody_may_count(archive: list[Article]) -> None:
    soup = page(Client(), "?q=lanterns")
    assert len(titles(soup)) == 7
    (ours,) = (a for a in soup.select(".facet a") if "Inês Carvalho" in words(a))
    assert len(titles(page(Client(), ours["href"].partition("/library/")[2]))) == int(words(ours.select_one(".tally")))
    assert not soup.select(".facet-note"), "nothing is left out"


def test_years_are_typed_and_become_an_address(archive: list[Article]) -> None:
    form = page(Client(), "?q=straits&topic=trade&year=2019").select_one("form.within")
    held = {field["name"]: field.get("value", "") for field in form.select("input")}
    assert held == {"q": "straits", "topic": "trade", "from": "2019", "to": "2019"}
    typed = held | {"q": "straits before:1990", "year": "2019", "to": "2018"}
    answer = Client().get("/library/", typed)
    assert answer.status_code == 302 and answer["Cache-Control"] == "private, no-cache"
    assert answer["Location"] == "/library/?q=straits+after%3A2018+before%3A2020&topic=trade"
    soup = page(Client(), answer["Location"].removeprefix("/library/"))
    assert words(soup.select_one("#count")).endswith("for straits"), "the dates stand beside it"
    assert words(soup.select(".narrowing")[-1]) == "Without Date 2018–2019 ×"
    assert [field["value"] for field in soup.select("form.within input[inputmode]")] == ["2018", "2019"]
    assert Client().get("/library/?q=x&from=soon&to=")["Location"] == "/library/?q=x"
    assert Client().get("/library/?q=x+after:1990&from=&to=9999")["Location"] == "/library/?q=x"


def test_a_link_with_a_former_slug_leads_to_the_same_search(archive: list[Article], shelve: Shelve) -> None:
    for name, before in (("Trade", make_topic("Trade")), ("Asia", make_topic("Asia", "region")), ("Ada", make_author())):
        before.slug = f"new-{name.lower()}"
        before.save()
    shelve()
    answer = Client().get("/library/?q=strait&topic=trade&region=asia&author=ines-carvalho&year=2018&page=2")
    assert answer.status_code == 302
    assert answer["Location"] == "/library/?q=strait&topic=new-trade&region=new-asia&author=new-ada&year=2018&page=2"
    assert Client().get("/api/v1/search?topic=trade").json()["total"] == 7
    assert Client().get("/library/?topic=nowhere").status_code == 200


def test_order_by_date(archive: list[Article]) -> None:
    assert titles(page(Client(), "?q=straits&order=oldest"))[0] == "Straits number 0"
    newest = page(Client(), "?q=straits&order=newest")
    assert titles(newest)[0] == "Straits number 6"
    assert words(newest.select_one(".orders [aria-current]")) == "Newest"


def test_years_are_bars_and_a_list(archive: list[Article]) -> None:
    soup = page(Client(), "?q=straits")
    bars = {words(a.title): a["href"] for a in soup.select(".bars a")}
    assert bars["2019: 3"] == "/library/?q=straits&year=2019"
    assert [words(a) for a in soup.select(".as-list a")] == ["2018 3", "2019 3", "2020 1"]
    assert all(a["tabindex"] == "-1" for a in soup.select(".bars a")), "the list is for the keyboard"
    months = page(Client(), "?q=straits&year=2019")
    assert "/library/?q=straits&year=2019&month=5" in {a["href"] for a in months.select(".bars a")}
    assert titles(page(Client(), "?q=straits&year=2019&month=5")) == ["Straits number 4"]
    assert not soup.find_all(style=True)


def test_many_pages_have_numbers(shelve: Shelve, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(32):
        import_article(f"Canal {n}", dated=day(f"2020-01-{n % 28 + 1:02}"))
    shelve()
    first = page(Client(), "?q=canal")
    assert len(titles(first)) == 15
    assert [words(leaf) for leaf in first.select(".leaves li")] == ["Page 1", "Page 2", "Page 3"]
    assert first.select_one(".leaves a[rel=next]")["href"] == "/library/?q=canal&page=2"
    second = page(Client(), "?q=canal&page=2")
    assert second.select_one(".leaves a[rel=prev]")["href"] == "/library/?q=canal"
    assert second.select_one(".results")["start"] == "16"
    shown = [title for number in (1, 2, 3) for title in titles(page(Client(), f"?q=canal&page={number}"))]
    assert len(shown) == len(set(shown)) == 32
    beyond = page(Client(), "?q=canal&page=9")
    assert "There are only 3 pages" in words(beyond) and beyond.select_one(".nothing a")["href"] == "/library/?q=canal&page=3"
    assert "We show the first 200 pages" in words(page(Client(), "?q=canal&page=100000"))


def test_an_address_says_the_same_whatever_its_order(archive: list[Article]) -> None:
    for query in ("?year=2019&q=straits&topic=trade", "?topic=trade&q=straits&year=2019&typing=1&utm_source=x"):
        canonical = page(Client(), query).select_one("link[rel=canonical]")["href"]
        assert canonical.endswith("/library/?q=straits&topic=trade&year=2019")


# --- help


def test_a_misspelling_is_found_all_the_same(archive: list[Article]) -> None:
    soup = page(Client(), "?q=strats")
    assert "Nothing matches strats" in words(soup) and titles(soup)


def test_a_library_without_an_index_says_so_and_when_to_come_back(shelve: Shelve, caplog: pytest.LogCaptureFixture) -> None:
    make_article()
    response = Client().get("/library/?q=straits")
    assert response.status_code == 503 and response["Retry-After"] == "5"
    assert "being prepared" in response.content.decode()
    assert not caplog.records, "nothing is broken"
    with keeper.place().building():
        keeper.place().tell(1, 4)
        assert "25 per cent" in Client().get("/library/").content.decode()
    answer = Client().get("/api/v1/search?q=straits")
    assert answer.status_code == 503 and answer.json()["error"]["status"] == 503 and answer["Retry-After"] == "5"
    assert "Service Unavailable" not in caplog.text, "a crawler would fill the log"


def test_an_empty_publication_has_an_empty_library(shelve: Shelve) -> None:
    shelve()
    assert "Nothing is published yet" in words(page(Client()))


# --- for one visitor only


def test_a_search_is_kept_by_nobody_and_sets_no_cookie(archive: list[Article]) -> None:
    response = Client().get("/library/?q=straits")
    assert response["Cache-Control"] == "private, no-cache" and "Cookie" in response["Vary"]
    assert not response.cookies and "script-src 'self'" in response["Content-Security-Policy"]
    assert Client().post("/library/").status_code == 405


def test_a_search_costs_few_queries_however_many_results(archive: list[Article], django_assert_max_num_queries: Any) -> None:
    Client().get("/library/?q=straits")
    with django_assert_max_num_queries(14):
        Client().get("/library/?q=straits&author=adaeze-okonjo")


def test_readers_may_keep_a_search(archive: list[Article]) -> None:
    assert not page(Browser(), "?q=straits").select(".keep-search form"), "strangers are asked to log in"
    reader = Browser("192.0.2.8").log_in(make_reader())
    form = page(reader, "?q=straits&topic=trade&page=1").select_one(".keep-search")
    assert form["action"] == "/library/save/"
    query = form.select_one("input")["value"]
    assert reader.post("/library/save/", {"query": query})["Location"] == "/library/?q=straits&topic=trade#search-saved"


def test_every_page_has_a_way_to_the_library(archive: list[Article]) -> None:
    for path in ("/", archive[0].path_on_site, "/topics/", "/none/"):
        soup = BeautifulSoup(Client().get(path).content, "html.parser")
        assert soup.select_one("header form[action='/library/'] input[name=q]") and soup.select_one("footer a[href='/library/']")
    assert not page(Client()).select("header.masthead form"), "which has a larger field of its own"
    assert "/library/" in Client().get("/sitemap-pages.xml").content.decode()
    assert "Disallow: /api/" in Client().get("/robots.txt").content.decode()


# --- while typing


def test_a_search_names_the_pages_it_is_about(archive: list[Article]) -> None:
    india, russia = make_topic("India", "country", code="IN"), make_topic("Russia", "country", code="RU")
    make_author("Lu Xi", role="Editor")

    def named(text: str) -> list[str]:
        return [a.get_text() for a in page(Client(), f"?q={text}").select(".named a")]

    assert named("straits") == []
    assert named("Indian+oil+from+russia") == ["India", "Russia"]
    Relation.objects.create(first=india, second=russia)
    assert named("russia+india") == ["India and Russia", "Russia", "India"]
    assert named("%22lu+xi%22+-russia") == ["Lu Xi"] and named("xi") == [], "nobody is meant by half a name"
    assert named("russia&page=2") == []


def test_a_topic_that_begins_so_comes_before_one_that_has_it_somewhere(archive: list[Article]) -> None:
    make_topic("British Indian Ocean Territory", "country", code="IO")
    make_topic("India", "country", code="IN")
    make_topic("Oceans", aliases="indivisible seas")
    texts = Client().get("/library/suggest.json?q=ind").json()[1]
    assert texts == ["India", "British Indian Ocean Territory"], "other words of a theme are no names of it"
    assert Client().get("/library/suggest.json?q=bharat").json()[1] == ["India"]


def test_suggestions_complete_the_last_word_and_name_topics_and_authors(archive: list[Article]) -> None:
    response = Client().get("/library/suggest.json", {"q": "str"})
    text, texts, kinds, addresses = response.json()
    assert response["Content-Type"] == "application/x-suggestions+json" and text == "str"
    assert any(its.startswith("strait") for its in texts) and len(texts) == len(kinds) == len(addresses)
    _, texts, kinds, addresses = Client().get("/library/suggest.json", {"q": "okon"}).json()
    assert ("Adaeze Okonjo", "Author") in zip(texts, kinds, strict=True)
    _, texts, kinds, addresses = Client().get("/library/suggest.json", {"q": "TRA"}).json()
    assert addresses[kinds.index("Topic")].endswith("/topics/trade/")
    assert Client().get("/library/suggest.json", {"q": "ines car"}).json()[1][-1] == "Inês Carvalho"
    for nothing in ("", " ", "s", "???", "\u200b"):
        assert Client().get("/library/suggest.json", {"q": nothing}).json()[1:] == [[], [], []]


def test_suggestions_are_the_same_for_everybody_and_never_from_the_rest(archive: list[Article], shelve: Shelve) -> None:
    Article.objects.get(pk=archive[0].pk).delete()  # the open one, whose text anybody may see
    shelve()
    friend = make_reader("friend@example.org")
    make_comp(friend)
    theirs = Browser("192.0.2.9").log_in(friend)
    assert [client.get("/library/suggest.json?q=lant").json()[1] for client in (Browser(), theirs)] == [[], []]
    strait = [client.get("/library/suggest.json?q=stra").json()[1] for client in (Browser(), theirs)]
    assert strait[0] == strait[1] != []
    assert Browser().get("/library/suggest.json?q=stra")["Cache-Control"] == "public, max-age=60"
    assert theirs.get("/library/suggest.json?q=stra")["Cache-Control"] == "private, max-age=60"


def test_who_writes_a_draft_is_named_to_nobody(archive: list[Article]) -> None:
    guest, editor = make_author("Zuzana Hidden"), make_author("Zuzana Present", role="Editor")
    draft = make_article("A draft", live=False, authors=[guest])

    def named() -> list[str]:
        names = Client().get("/library/suggest.json", {"q": "zuz"}).json()[1]
        sitemap = Client().get("/sitemap-pages.xml").content.decode()
        assert (guest.get_absolute_url() in sitemap) == (guest.name in names)
        return [name for name in names if name[:1] == "Z"]

    assert named() == [editor.name], "who is presented on the page about us is"
    draft.save_revision().publish()
    assert named() == [guest.name, editor.name]


def test_an_unfinished_word_is_found_while_it_is_typed(archive: list[Article]) -> None:
    assert len(titles(page(Client(), "?q=numb&typing=1"))) == 7
    assert not any("typing" in a["href"] for a in page(Client(), "?q=numb&typing=1").select("#found a[href]"))


# --- as JSON


def test_the_same_search_as_json(archive: list[Article]) -> None:
    response = Client().get("/api/v1/search?q=strait&author=ines-carvalho&order=oldest")
    assert response["Content-Type"] == "application/json" and response["Cache-Control"] == "private, no-cache"
    assert "Access-Control-Allow-Origin" not in response and "Access-Control-Allow-Credentials" not in response
    found = response.json()
    assert (found["total"], found["page"], found["pages"]) == (3, 1, 1)
    first = found["results"][0]
    assert first["url"].endswith(archive[1].path_on_site) and first["headline"] == "Straits number 1"
    assert first["published"] == "2018-02-02" and first["precision"] == "day" and first["access"] == "metered"
    assert (first["readable"], first["decision"]) == (False, "register")
    assert first["passage"] == "The first <mark>strait</mark>, 1."
    assert [author["name"] for author in first["authors"]] == ["Inês Carvalho"]
    assert {"value": "trade", "count": 3} in found["facets"]["topic"]
    assert {"when": "2018", "count": 1} in found["timeline"]


def test_json_answers_for_whoever_asks(archive: list[Article]) -> None:
    def of(browser: Browser, article: Article) -> dict[str, Any]:
        found = browser.get("/api/v1/search?q=lanterns").json()["results"]
        return next(r for r in found if r["url"].endswith(article.path_on_site))

    friend = make_reader("friend@example.org")
    make_comp(friend)
    theirs = Browser("192.0.2.9").log_in(friend)
    assert of(theirs, archive[6])["decision"] == "comp" and "<mark>Lanterns</mark>" in of(theirs, archive[6])["passage"]
    assert of(Browser(), archive[6])["decision"] == "subscribe" and "Lanterns" not in str(of(Browser(), archive[6]))


def test_json_searches_rests_in_full_only_for_whom_they_are_open(archive: list[Article]) -> None:
    def total(browser: Browser) -> int:
        return int(browser.get("/api/v1/search", {"q": '"lanterns hang"'}).json()["total"])

    registered = Browser("192.0.2.8").log_in(make_reader())
    registered.choose(archive[1])
    friend = make_reader("friend@example.org")
    make_comp(friend)
    assert total(Browser()) == total(registered) == 1, "the open article alone"
    assert total(Browser("192.0.2.9").log_in(friend)) == 7


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("page=0", "page"),
        ("page=x", "page"),
        ("year=20x", "year"),
        ("month=13&year=2019", "month"),
        ("month=3", "month"),
        ("order=best", "order"),
    ],
)
def test_json_refuses_what_makes_no_sense(archive: list[Article], query: str, parameter: str) -> None:
    response = Client().get(f"/api/v1/search?{query}")
    assert response.status_code == 400
    assert response.json()["error"]["parameter"] == parameter and response.json()["error"]["message"].endswith(".")


def test_json_is_asked_for_with_get(archive: list[Article]) -> None:
    response = Client().post("/api/v1/search")
    assert response.status_code == 405 and response["Allow"] == "GET, HEAD" and response.json()["error"]["status"] == 405


def test_the_reference_names_every_field(archive: list[Article]) -> None:
    text = (Path(__file__).parents[2] / "docs/reference/search-api.md").read_text()
    found = Client().get("/api/v1/search?q=strait").json()
    for name in (*found, *found["results"][0], "error", "parameter"):
        assert re.search(rf"^\| (`\w+`, )?`{name}`", text, re.MULTILINE), name


def test_a_search_that_is_posted_is_told_so_by_its_own_address(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/api/v1/search", {"q": "straits"}, headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 405 and answer.json()["error"]["status"] == 405
    assert client.post("/library/", {"q": "straits"}).status_code == 405
