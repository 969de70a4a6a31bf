"""Every page shown is counted once, hit or miss, with what was decided; robots and those who only load ahead are kept apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import RequestFactory

from edge.through import Django, Through, ask
from factories import make_article, make_comp, make_reader
from front.journey import Browser
from masthead.edge import build
from masthead.insights import counting
from masthead.insights.models import ViewCount, VisitorMark

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"


@pytest.fixture(autouse=True)
def _from_nothing(db: None) -> Iterator[None]:
    counting.flush()
    ViewCount.objects.all().delete()
    yield
    counting.flush()


def counted() -> dict[tuple[int, str, str, bool], int]:
    """What was written: by article, standing, decision and robot."""
    counting.flush()
    found: dict[tuple[int, str, str, bool], int] = {}
    for row in ViewCount.objects.all():
        key = (row.article, row.standing, row.decision, row.robot)
        found[key] = found.get(key, 0) + row.count
    return found


def test_hits_and_misses_count_alike(through: Through) -> None:
    article, friend = make_article(), make_reader()
    make_comp(friend)
    subscriber = Browser().log_in(friend)
    for _ in range(3):
        Browser().open(article)
        subscriber.open(article)
    assert counted() == {
        (article.pk, "anonymous", "register", False): 3,
        (article.pk, "subscriber", "comp", False): 3,
    }


def test_pages_that_are_no_article_count_too_and_feeds_do_not(through: Through) -> None:
    for path in ("/", "/", "/feeds/articles.rss", "/robots.txt"):
        Browser().get(path)
    assert counted() == {(0, "anonymous", "", False): 2}


def test_robots_are_apart(through: Through) -> None:
    article = make_article()
    for agent in ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", FIREFOX, "curl/8.5.0"):
        Browser().get(article.path_on_site, headers={"User-Agent": agent})
    assert counted() == {
        (article.pk, "anonymous", "register", True): 2,
        (article.pk, "anonymous", "register", False): 1,
    }


def test_a_reader_is_one_visitor_also_when_their_pass_has_ended(through: Through) -> None:
    article = make_article()
    reader = Browser().log_in(make_reader())
    VisitorMark.objects.all().delete()
    for _ in range(3):  # made for them, then held already, both with and without a pass
        reader.get(article.path_on_site, headers={"User-Agent": FIREFOX})
        reader.get(article.path_on_site, headers={"User-Agent": FIREFOX})
        reader.cookies.pop("masthead_pass")
    counting.flush()
    assert [mark.known for mark in VisitorMark.objects.all()] == [True]


@pytest.mark.parametrize("headers", [{"Sec-Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}])
def test_loading_ahead_is_no_view(through: Through, headers: dict[str, str]) -> None:
    article = make_article()
    for _ in range(2):
        Browser().get(article.path_on_site, headers=headers)
    Browser().head(article.path_on_site)
    assert counted() == {}


def test_without_the_edge_they_are_counted_too() -> None:
    article = make_article()
    application = build.without(Django())

    def get(**more: Any) -> int:
        request = RequestFactory().get(article.path_on_site, HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="192.0.2.1", **more)
        return ask(lambda environ, start: [b"".join(application(environ, start))], request.environ).status_code

    etag = Browser().get(article.path_on_site)["ETag"]
    assert [get(), get(HTTP_IF_NONE_MATCH=etag), get(HTTP_SEC_PURPOSE="prefetch")] == [200, 304, 200]
    assert counted() == {(article.pk, "anonymous", "register", False): 2}
