"""Many at once, and more than one process: a page is made once, and what one process changes counts in the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client

from edge.through import Through, ask, make_edge
from factories import canary, make_article, make_comp, make_reader
from front import journey
from front.journey import Browser
from masthead.articles.models import Article
from masthead.core import remembered
from masthead.core.models import Publication
from masthead.readers import sessions

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 2.0  # DESIGN 4


@pytest.fixture
def edges() -> Iterator[tuple[Through, Through]]:
    """Two processes' edges, each with its follower running; their browsers do not make it read."""
    Publication.load()
    pair = make_edge(), make_edge()
    remembered.follow(None)  # one process cannot follow two logs
    for edge in pair:
        edge.follower.read()
        edge.following = False
        edge.follower.start()
    yield pair
    for edge in pair:
        edge.follower.stop()
    time.sleep(0.6)  # its thread closes its connection
    journey.handler = None


def asking(edge: Through, address: str = "192.0.2.1") -> Browser:
    browser = Browser(address)
    browser.handler = edge
    return browser


def calls(edge: Through) -> list[str]:
    return edge.edge.application.calls  # type: ignore[attr-defined]


def together(number: int, work: object) -> None:
    gate = threading.Barrier(number)

    def one(turn: int) -> None:
        gate.wait(30)
        try:
            work(turn)  # type: ignore[operator]
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(turn,)) for turn in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def test_a_hundred_at_once_have_a_cold_page_made_once(edges: tuple[Through, Through]) -> None:
    edge, article = edges[0], make_article()
    edge.follower.read()
    answers: list[bytes] = []

    def look(turn: int) -> None:
        environ = Client()._base_environ(PATH_INFO=article.path_on_site, REMOTE_ADDR=f"192.0.2.{turn}")
        answers.append(ask(edge.edge, environ).content)

    together(100, look)
    assert calls(edge) == [article.path_on_site]
    assert len(answers) == 100 and len(set(answers)) == 1 and canary(article).encode() not in answers[0]


def test_a_hundred_of_ten_kinds_have_it_made_once_for_each_and_see_their_own(edges: tuple[Through, Through]) -> None:
    edge, article = edges[0], make_article()
    readers = [make_reader(f"reader{n}@example.org") for n in range(4)]
    make_comp(readers[0])
    browsers = [asking(edge).log_in(reader) for reader in readers]
    cookies = ["", *("; ".join(f"{k}={m.value}" for k, m in browser.cookies.items()) for browser in browsers)]
    edge.follower.read()
    before = len(calls(edge))
    seen: list[tuple[int, bool]] = []

    def look(turn: int) -> None:
        cookie = cookies[turn % len(cookies)]
        environ = Client()._base_environ(PATH_INFO=article.path_on_site, **({"HTTP_COOKIE": cookie} if cookie else {}))
        seen.append((turn % len(cookies), canary(article) in ask(edge.edge, environ).content.decode()))

    together(50, look)
    assert len(seen) == 50 and {who for who, opened in seen if opened} == {1}
    assert all(opened == (who == 1) for who, opened in seen)
    assert len(calls(edge)) - before == 3, "nobody, a friend, and the three readers who look alike"


def test_what_one_process_changes_counts_in_the_other_within_two_seconds(edges: tuple[Through, Through]) -> None:
    here, there = edges
    article = make_article()
    stranger = asking(there)

    def waited(until: object) -> float:
        since = time.monotonic()
        while not until():  # type: ignore[operator]
            assert time.monotonic() - since < 10
            time.sleep(0.02)
        return time.monotonic() - since

    waited(lambda: there.edge.log.number == here.edge.log.number >= 0)
    stranger.open(article)
    article = Article.objects.get(pk=article.pk)
    article.title = "A new headline"
    article.save_revision().publish()
    assert waited(lambda: "A new headline" in stranger.open(article)[1]) < SECONDS


def test_a_choice_and_a_log_out_everywhere_count_in_the_other_within_two_seconds(edges: tuple[Through, Through]) -> None:
    here, there = edges
    article, reader = make_article(), make_reader()
    phone, laptop = asking(here).log_in(reader), asking(there, "192.0.2.2").log_in(reader)
    assert laptop.decision(article) == "choose"
    phone.choose(article)
    since = time.monotonic()
    while laptop.decision(article) != "unlock":
        assert time.monotonic() - since < SECONDS
        time.sleep(0.02)
    sessions.log_out_everywhere(reader=reader)
    since = time.monotonic()
    while laptop.decision(article) == "unlock":
        assert time.monotonic() - since < SECONDS
        time.sleep(0.02)


def test_what_is_taken_from_one_visitor_leaves_everybody_elses_pages_where_they_are(edges: tuple[Through, Through]) -> None:
    edge = edges[0]
    articles = [make_article(f"Number {n}") for n in range(3)]
    ada, friend = make_reader("ada@example.org"), make_reader("friend@example.org")
    make_comp(friend)
    nobody, reader, guest = asking(edge), asking(edge, "192.0.2.2").log_in(ada), asking(edge, "192.0.2.3").log_in(friend)
    edge.follower.read()
    for browser in (nobody, reader, guest):
        for article in articles:
            browser.open(article)
    before, held = len(calls(edge)), len(edge.edge.store)
    sessions.log_out_everywhere(reader=friend)
    edge.follower.read()
    for browser in (nobody, reader):
        for article in articles:
            browser.open(article)
    assert len(calls(edge)) == before and len(edge.edge.store) == held
    assert guest.decision(articles[0]) == "register"


def test_a_megabyte_holds_what_is_read_most_and_never_more(edges: tuple[Through, Through]) -> None:
    edge = edges[0]
    edge.edge.store.limit = 2**20
    articles = [make_article(f"Number {n}") for n in range(5)]
    edge.follower.read()
    browser = asking(edge)
    for n in range(150):
        for article in articles[:2]:
            browser.open(article)
        browser.get(f"/topics/?{n}")
        browser.get(f"/subscribe/?article={articles[n % 5].slug}")
        # a list has as many pages as there are marks to begin at
        browser.get(f"/feeds/articles.rss?{n}")
        browser.get(f"/sitemap-articles-{'0' * n}1.xml")
        assert edge.edge.store.size <= 2**20
    assert calls(edge).count(articles[0].path_on_site) <= 2
