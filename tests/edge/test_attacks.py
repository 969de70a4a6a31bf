"""Somebody wants to read for free, to be shown another's page, to spoil what is held for others, or to fill the memory."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from edge.through import Through, ask
from factories import canary, make_article, make_author, make_comp, make_device, make_reader
from front.journey import Browser
from masthead.access.models import Grant, Network
from masthead.core import clock
from masthead.core.models import Change
from masthead.edge.holders import Holder, Memo
from masthead.front import visitors

pytestmark = pytest.mark.django_db


def raw(through: Through, path: str, query: str = "", **environ: Any) -> Any:
    """The answer to a request whose path and query are taken as they are."""
    base = Client()._base_environ(PATH_INFO=path, QUERY_STRING=query, REMOTE_ADDR="192.0.2.66")
    return ask(through.edge, {**base, **environ})


# Reading for free -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_X_FORWARDED_FOR": "198.51.100.7"},
        {"HTTP_X_FORWARDED_FOR": "198.51.100.7, 192.0.2.66"},
        {"HTTP_FORWARDED": "for=198.51.100.7"},
        {"HTTP_X_REAL_IP": "198.51.100.7"},
        {"HTTP_HOST": "198.51.100.7"},
        {"HTTP_RANGE": "bytes=0-99999"},
        {"HTTP_IF_NONE_MATCH": '"nothing"', "HTTP_IF_MODIFIED_SINCE": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"HTTP_X_ORIGINAL_URL": "/newsroom/", "HTTP_X_HTTP_METHOD_OVERRIDE": "POST"},
        {"REQUEST_METHOD": "HEAD"},
        {"HTTP_COOKIE": "masthead_pass=" + "a" * 60_000},
        {"HTTP_COOKIE": "; ".join(["masthead_pass=a.b.c"] * 2000)},
        {"HTTP_COOKIE": "\0; masthead_pass=\0; =; ;;; masthead_session"},
    ],
)
def test_no_header_opens_what_a_subscriber_or_a_library_warmed(through: Through, headers: dict[str, Any]) -> None:
    article, friend = make_article(), make_reader("friend@example.org")
    make_comp(friend)
    Network.objects.create(institution="Library", cidr="198.51.100.0/24", since=clock.now())
    through.follower.read()
    assert canary(article) in Browser().log_in(friend).open(article)[1]
    assert Browser("198.51.100.7").decision(article) == "institution"
    for _ in range(2):
        assert canary(article) not in raw(through, article.path_on_site, **headers).content.decode()


@pytest.mark.parametrize("wrong", ["", '"', "x", "=", " ", "\xa0", ".", "\x85"])
@pytest.mark.parametrize(
    "where", ["{wrong}{text}", "{text}{wrong}", "{text}; masthead_pass={wrong}", "{wrong}; masthead_pass={text}"]
)
def test_a_pass_with_something_about_it_opens_no_more_than_django_says(through: Through, wrong: str, where: str) -> None:
    article, friend = make_article(), make_reader("friend@example.org")
    make_comp(friend)
    browser = Browser().log_in(friend)
    browser.open(article)
    cookie = "masthead_pass=" + where.format(text=browser.cookies["masthead_pass"].value, wrong=wrong)
    django = through.edge.application
    alone = ask(django, Client()._base_environ(PATH_INFO=article.path_on_site, HTTP_COOKIE=cookie, REMOTE_ADDR="192.0.2.66"))
    for _ in range(2):
        assert raw(through, article.path_on_site, HTTP_COOKIE=cookie).content == alone.content


def test_a_gift_that_begins_later_is_not_open_since_another_ones_is(through: Through) -> None:
    article = make_article()
    early, late = Browser(), Browser("192.0.2.2")
    now = clock.now().replace(microsecond=0)
    for browser, since in ((early, now), (late, now + timedelta(hours=1))):
        browser.post("/login/", {"email": "ada@example.org"})
        device = visitors.devices.Device.objects.latest("pk")
        Grant.objects.create(kind="gift", device=device, article=article, since=since, until=now + timedelta(days=1))
        del browser.cookies["masthead_pass"]
        browser.get("/robots.txt")
    for _ in range(3):
        assert early.decision(article) == "gift"
        assert late.decision(article) == "confirm"


def test_a_choice_is_spent_by_whoever_chose_and_nobody_else(through: Through) -> None:
    """Neither a pass nor a device taken from another reader spends or opens anything beyond what it carries."""
    article, other = make_article(), make_article("Another")
    ada, thief = Browser().log_in(make_reader("ada@example.org")), Browser("192.0.2.66")
    ada.choose(article)
    thief.cookies["masthead_pass"] = ada.cookies["masthead_pass"].value
    thief.choose(other)
    assert not Grant.objects.filter(article=other).exists()
    assert ada.decision(other) == "choose"


# Spoiling what is held --------------------------------------------------------------------------------------------------


def test_a_query_that_is_encoded_twice_does_not_stand_in_for_another(through: Through) -> None:
    for name in ("Inês Carvalho", "In", "Zoë"):
        make_article(f"By {name}", authors=[make_author(name)])
    sought = {"path": "/authors/", "query": "after=In%C3%AAs%20Carvalho"}
    true = ask(through.edge.application, Client()._base_environ(PATH_INFO="/authors/", QUERY_STRING=sought["query"]))
    through.follower.read()
    raw(through, "/authors/")
    raw(through, "/authors/", "after=In%25C3%25AAs%2520Carvalho")
    assert raw(through, **sought).content == true.content


@pytest.mark.parametrize(
    "query", ["after=In\xc3\xaas", "after=In%C3%AAs" + "&x=1" * 60, "after=A&after=In%C3%AAs", "after=In+", "&&after=Z;x"]
)
def test_odd_queries_mean_what_they_mean_to_django(through: Through, query: str) -> None:
    for name in ("Anna", "Inès", "Inês", "In Ön", "Zoë"):
        make_article(f"By {name}", authors=[make_author(name)])
    environ = Client()._base_environ(PATH_INFO="/authors/", QUERY_STRING=query)
    alone = ask(through.edge.application, dict(environ))
    through.follower.read()
    for warm in ("", "after=In%C3%83%C2%AAs", "after=A", query):
        raw(through, "/authors/", warm)
    assert raw(through, "/authors/", query).content == alone.content


@pytest.mark.parametrize(
    "path",
    [
        "/articles/{slug}/%3Fx", "/articles/{slug}/?x", "//articles/{slug}/", "/articles//{slug}/", "/articles/{slug}",
        "/articles/../articles/{slug}/", "/articles/{slug}/\0", "http://evil.example/articles/{slug}/", "/articles/{upper}/",
    ],
)  # fmt: skip
def test_odd_paths_get_djangos_answer_and_are_not_held_as_another(through: Through, path: str) -> None:
    article = make_article()
    Browser().open(article)
    path = path.format(slug=article.slug, upper=article.slug.upper())
    alone = ask(through.edge.application, Client()._base_environ(PATH_INFO=path))
    pages = set(through.edge.store.pages)
    for _ in range(2):
        answer = raw(through, path)
        assert (answer.status_code, answer.content) == (alone.status_code, alone.content)
    assert set(through.edge.store.pages) == pages
    assert Browser().decision(article) == "register"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:99", "a" * 300, "x\0y", "[::1"])
def test_nothing_that_is_held_names_the_host_that_asked(through: Through, host: str) -> None:
    article = make_article()
    for path in ("/", article.path_on_site, "/feeds/articles.rss", "/sitemap.xml", "/robots.txt"):
        raw(through, path, HTTP_HOST=host, HTTP_X_FORWARDED_HOST=host, HTTP_X_FORWARDED_PROTO="https")
        answer = Browser().get(path)
        assert answer.status_code == 200
        assert b"evil" not in answer.content and not any("evil" in value for value in answer.headers.values())


def test_what_sets_a_cookie_is_never_public(through: Through) -> None:
    """Or a cache in front of us would hand one visitor's form token to all the others."""
    answer = raw(through, make_article().path_on_site, HTTP_COOKIE="masthead_csrf=x")
    assert "masthead_csrf" in answer.cookies
    assert answer["Cache-Control"].startswith("private")


def test_a_page_that_failed_after_it_was_made_is_neither_held_nor_half_sent(
    through: Through, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = make_article()
    browser = Browser().log_in(make_reader())
    del browser.cookies["masthead_pass"]
    browser.raise_request_exception = False

    def away(*_: Any) -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr(visitors, "set_pass", away)
    assert browser.get(article.path_on_site).status_code in {500, 503}
    assert len(through.edge.store) == 0


# Making work and filling memory -----------------------------------------------------------------------------------------


def test_nothing_a_visitor_does_makes_anybody_elses_pages_stale(through: Through) -> None:
    article = make_article()
    make_reader("known@example.org")
    before = Change.objects.latest("number").number
    browser = Browser()
    browser.keep_reading(article, newsletters=["daily"])
    browser.confirm()
    browser.choose(article)
    for path, fields in (
        ("/save/", {"article": article.slug}),
        ("/newsletters/", {"newsletters": "daily"}),
        ("/login/", {"email": "known@example.org"}),
        ("/confirm/", {"code": "000000"}),
        ("/confirm/resend/", {}),
        ("/logout/", {"everywhere": "1"}),
    ):
        browser.post(path, fields)
    names = set(Change.objects.filter(number__gt=before).values_list("key", flat=True))
    assert names and all(name.startswith("visitor:") for name in names), names


def test_pages_that_are_not_there_leave_nothing_behind(through: Through) -> None:
    browser = Browser()
    for n in range(20):
        browser.get(f"/articles/nothing-{n}/")
        browser.get(f"/topics/nothing-{n}/?before={n}")
        browser.get(f"/subscribe/?article=nothing-{n}")
        browser.get(f"/?{n}")
    assert set(through.edge.store.pages) == {b"/", b"/subscribe/"}


def test_long_headers_are_not_remembered(through: Through) -> None:
    article = make_article()
    Network.objects.create(institution="Library", cidr="198.51.100.0/24", since=clock.now())
    through.follower.read()
    edge = through.edge
    for n in range(20):
        raw(through, article.path_on_site, HTTP_ACCEPT_ENCODING=f"x{n}" * 5000, HTTP_X_FORWARDED_FOR=f"{n}, " * 5000)
    assert sum(map(len, edge._encodings)) < 1000
    assert sum(len(forwarded) for _, forwarded in edge._institutions) < 1000


def test_what_is_remembered_of_cookies_is_bounded_in_bytes() -> None:
    memo = Memo()
    holder = Holder(0, expires=0)
    for n in range(20_000):
        memo.put(b"masthead_pass=x; a=%04000d" % n, holder)
    assert sum(map(len, memo.young)) + sum(map(len, memo._old)) < 24 * 2**20
    assert memo.get(b"masthead_pass=x; a=%04000d" % 19_999) is holder


def test_a_strangers_device_cannot_be_guessed(through: Through) -> None:
    article = make_article()
    device = make_device()
    browser = Browser()
    browser.cookies["masthead_device"] = f"{device.subject}:forged"
    assert browser.decision(article) == "register"
