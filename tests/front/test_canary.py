"""The canary: every article carries a sentence below its gate; no address of the site may sing it to whom the gate is shut.

The addresses come from the resolver, so that a new one joins by itself. Each is asked as every kind of visitor, as spoofed
crawlers,
with the tricks that opened other publications' gates. Whether a visitor may see a sentence is asked of ``decide()``, nothing
else.
"""

from __future__ import annotations

import json
import quopri
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from html import escape, unescape
from itertools import islice, product, zip_longest
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.sessions.models import Session
from django.core import signing
from django.http import HttpResponse
from django.test import Client
from django.test.client import ClientHandler
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.regex_helper import normalize

from factories import (
    CANARY,
    canary,
    make_article,
    make_author,
    make_comp,
    make_edition,
    make_newsletter,
    make_reader,
    make_topic,
    put_in,
)
from front import journey
from front.journey import Browser
from masthead.access import gifts, services
from masthead.access.policy import ArticleFacts, Reason, decide
from masthead.articles.models import Article
from masthead.core import changelog, clock, remembered
from masthead.core.models import Event, OutgoingMail
from masthead.edge.follower import RECENT
from masthead.edge.log import Log
from masthead.newsletters import composing
from masthead.newsletters import services as newsletters
from masthead.newsletters.freezing import freeze
from masthead.readers import sessions
from masthead.readers.models import Device, Reader

SLOW_OR_SELF_ENDING = ("logout", "delete")  # asked last, or they would end the visitor who asks
TRICKS: list[dict[str, Any]] = [
    {},
    {
        "headers": {
            "User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "From": "googlebot(at)googlebot.com",
        }
    },
    {"headers": {"User-Agent": "facebookexternalhit/1.1", "Referer": "https://www.google.com/"}},
    {
        "headers": {
            "Referer": "https://t.co/x",
            "X-Forwarded-For": "66.249.66.1",
            "X-Real-IP": "66.249.66.1",
            "Forwarded": "for=66.249.66.1",
        }
    },
    {"headers": {"Range": "bytes=0-99999", "Accept": "application/json", "X-Requested-With": "XMLHttpRequest"}},
    {
        "headers": {
            "Accept": "application/ld+json, application/activity+json",
            "If-None-Match": "*",
            "X-HTTP-Method-Override": "POST",
        }
    },
]
QUERIES = [
    "",
    "?amp",
    "?print=1",
    "?format=json",
    "?output=full&reader=1",
    "?preview=true&mode=subscriber",
    "?q=canary&page=1&before=2099-01-01",
    '?q="canary+sings"&order=newest',
]


@dataclass
class Cast:
    """The articles at stake, and who looks."""

    articles: list[Article]
    values: dict[str, list[str]]
    visitors: dict[str, Browser]


class WebProcess(ClientHandler):
    """Django as a web process has it: what hardly ever changes is remembered, by a change log that is read before each answer."""

    def __init__(self) -> None:
        super().__init__(enforce_csrf_checks=False)
        self.log = Log()

    def __call__(self, environ: dict[str, Any]) -> HttpResponse:
        number, rows = changelog.state(None if self.log.number < 0 else self.log.number, RECENT)
        self.log.apply(rows, number, time.monotonic())
        return super().__call__(environ)


@pytest.fixture(autouse=True)
def _asked_of_a_web_process(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    process = WebProcess()
    monkeypatch.setattr(journey, "handler", process)
    remembered.follow(process.log)
    yield
    remembered.follow(None)


@pytest.fixture
def cast(shelve: Callable[[], None]) -> Cast:
    author, topic = make_author(), make_topic()
    one, other = make_topic("India", "country", code="IN"), make_topic("Russia", "country", code="RU")
    about = [topic, one, other]
    metered = make_article("Metered", authors=[author], topics=about)
    subscribers = make_article("Subscribers", access="subscribers", authors=[author], topics=about)
    chosen = make_article("Chosen", authors=[author], topics=about)
    instant = make_article("Instant", authors=[author], topics=about)
    draft = make_article("Draft", live=False)
    short = make_article(
        "Short", paragraphs=["One paragraph only. The canary sings below the gate of short-one."], slug="short-one"
    )
    gated = make_article("Gated", slug="gated-early")
    gated.body = [("paragraph", "<p>Before.</p>"), ("gate", None), ("paragraph", f"<p>{canary(gated)}</p>")]
    gated.save_revision().publish()

    ada, spent, friend = make_reader("ada@example.org"), make_reader("spent@example.org"), make_reader("friend@example.org")
    make_comp(friend)
    worker = make_reader("editor@example.org", is_staff=True, is_superuser=True)
    visitors = {"nobody": Browser(), "device": Browser("192.0.2.2")}
    visitors["device"].keep_reading(instant, "typed@example.org")
    visitors["reader"] = Browser("192.0.2.3").log_in(ada)
    visitors["reader"].choose(chosen)
    visitors["spent"] = Browser("192.0.2.4").log_in(spent)
    for n in range(3):
        visitors["spent"].choose(make_article(f"Spent on {n}", paragraphs=["a", "b", "c", "d"]))
    visitors["friend"] = Browser("192.0.2.5").log_in(friend)
    visitors["worker with six digits"] = Browser("192.0.2.6").log_in(worker)

    gift = gifts.give(reader=friend, article=ArticleFacts(subscribers.pk, subscribers.access))

    articles = [metered, subscribers, chosen, instant, draft, short, gated]
    for key, state in (("2026-11-23", "done"), ("2026-11-24", "draft")):
        edition = make_edition(key, state=state)
        for block, article in product(("latest", "library", "most-read"), articles):
            put_in(edition, block, article=article)
    numbers = [str(article.pk) for article in articles]
    slugs = [article.slug for article in articles]
    shelve()
    return Cast(
        articles,
        {
            "number": [*numbers, "1"],
            "text": [*slugs, author.slug, topic.slug, "articles", "core", "publication", *numbers[:2]],
            "token": [gift.token, *slugs[:3]],
            "year": [str(clock.now().year)],
            "one": [one.slug, other.slug],
            "other": [other.slug, one.slug],
            "name": ["daily", "weekly"],
            "key": ["2026-11-23", "2026-11-24"],
        },
        visitors,
    )


def kind_of(converter: Any) -> str:
    """Which of the cast's values a parameter takes."""
    return {"IntConverter": "number", "Year": "year"}.get(type(converter).__name__, "text")


def addresses(values: dict[str, list[str]]) -> Iterator[str]:
    """Every address the resolver knows, with its parameters filled from ``values``."""

    def walk(patterns: list[URLPattern | URLResolver], prefix: str, converters: dict[str, Any]) -> Iterator[str]:
        for entry in patterns:
            known = {**converters, **getattr(entry.pattern, "converters", {})}
            regex = prefix + str(entry.pattern.regex.pattern).lstrip("^").removeprefix("\\A").replace("\\Z", "")
            if isinstance(entry, URLResolver):
                yield from walk(entry.url_patterns, regex, known)
                continue
            for text, names in normalize(regex):
                choices = [values.get(name) or values[kind_of(known.get(name))] for name in names]
                # the newsroom's hundreds of addresses share one door: two of each are enough to try it
                for chosen in islice(product(*choices), 2 if regex.startswith("newsroom") else 12):
                    yield "/" + text % dict(zip(names, chosen, strict=True))

    yield from dict.fromkeys(walk(get_resolver().url_patterns, "", {}))


def shut_to(browser: Browser, cast: Cast) -> list[str]:
    """The sentences of the articles that are shut to ``browser``, by its cookies' rows in the database."""
    policy = services.current_policy()
    session = Session.objects.filter(session_key=getattr(browser.cookies.get("masthead_session"), "value", None)).first()
    number = session.get_decoded().get("_auth_user_id") if session else None
    reader = Reader.objects.filter(pk=number).first()
    cookie = getattr(browser.cookies.get("masthead_device"), "value", None)
    device = Device.objects.filter(subject=signing.Signer(salt="masthead.device").unsign(cookie)).first() if cookie else None
    strong = bool(session and session.get_decoded().get(sessions.NEWSROOM))
    visitor = services.visitor_of(reader, device, policy, clock.now(), staff=strong and reader is not None and reader.is_staff)
    return [
        canary(article)
        for article in cast.articles
        if not article.live or not decide(policy, ArticleFacts(article.pk, article.access), visitor, clock.now()).opens
    ]


def text_of(response: HttpResponse) -> str:
    """Everything the visitor gets: status, headers, cookies, body."""
    body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
    return f"{response.status_code} {response.headers} {response.cookies} {body.decode('utf-8', 'replace')}"


def ask(browser: Browser, path: str, method: str, shut: list[str], **extra: Any) -> list[str]:
    """Ask once; what leaked."""
    browser.raise_request_exception = False
    if method == "post":
        extra["data"] = {"article": "gated-early", "email": "crawler@example.org", "code": "000000"}
    answer = text_of(getattr(browser, method)(path, **extra))
    return [f"{method} {path} {extra}: {sentence}" for sentence in shut if sentence in answer]


def is_newsroom(path: str) -> bool:
    return path.startswith(("/newsroom/", "/documents/", "/admin/"))


def test_the_crawl_covers_the_site(cast: Cast) -> None:
    known = list(addresses(cast.values))
    for path in (
        "/",
        f"/articles/{cast.articles[0].slug}/",
        "/feeds/articles.rss",
        "/news-sitemap.xml",
        "/unlock/",
        "/account/",
        "/newsroom/",
        "/topics/india/russia/",
        f"/topics/trade/{clock.now().year}/",
        "/newsletters/daily/",
        "/newsletters/daily/2026-11-23/",
        "/newsletters/daily/feed.rss",
    ):
        assert path in known, path
    assert len(known) > 150


def test_the_canary_is_where_it_may_be(cast: Cast) -> None:
    """A crawl that could not see a sentence anywhere would prove nothing."""
    friend, reader, device = (cast.visitors[name] for name in ("friend", "reader", "device"))
    metered, subscribers, chosen, instant = cast.articles[:4]
    for article in (metered, subscribers, chosen, instant):
        assert canary(article) in friend.open(article)[1]
    assert canary(chosen) in reader.open(chosen)[1]
    assert canary(instant) in device.open(instant)[1]
    assert friend.decision(metered) == Reason.COMP


@pytest.mark.parametrize("who", ["nobody", "device", "reader", "spent", "friend", "worker with six digits"])
def test_no_address_sings_to_whom_the_gate_is_shut(who: str, cast: Cast) -> None:
    browser = cast.visitors[who]
    leaks: list[str] = []
    ending = [path for path in addresses(cast.values) if any(word in path for word in SLOW_OR_SELF_ENDING)]
    shut = shut_to(browser, cast)
    for path in addresses(cast.values):
        if path in ending:
            continue
        if is_newsroom(path):
            leaks += ask(browser, path, "get", shut)
            continue
        for trick, query in zip_longest(TRICKS, QUERIES, fillvalue=None):
            leaks += ask(browser, path + (query or ""), "get", shut, **(trick or {}))
        for method in ("head", "options"):
            leaks += ask(browser, path, method, shut)
        answered = ask(browser, path, "post", shut)
        if path in {"/unlock/", "/keep-reading/", "/confirm/"} or path.startswith("/gift/") or answered:
            shut = shut_to(browser, cast)  # a POST may open something: what is shut is asked anew
        leaks += [leak for leak in answered if leak.rpartition(": ")[2] in shut]
    for path in ending:
        shut = shut_to(browser, cast)
        leaks += ask(browser, path, "get", shut) + ask(browser, path, "post", shut)
    assert not leaks, leaks[:10]
    for mail in OutgoingMail.objects.all():
        for article in cast.articles:
            assert canary(article) not in mail.text + mail.html + mail.subject
    assert not any(canary(article) in str(event.data) for event in Event.objects.all() for article in cast.articles)


def test_no_edition_sings_to_anybody(cast: Cast) -> None:
    """Composed by itself from the articles at stake, frozen and mailed to readers of each kind: teasers only, for everyone."""
    newsletter = make_newsletter("evening", blocks="latest library most-read")
    for reader in Reader.objects.filter(confirmed__isnull=False):
        newsletters.tick(reader=reader, slugs=["evening"], origin="page")
    composing.provide_most_read(lambda since, most: [article.pk for article in cast.articles][:most])
    edition = make_edition("2026-11-25", newsletter=newsletter, state="draft", since=clock.now() - timedelta(days=7))
    try:
        composing.compose(edition)
    finally:
        composing.provide_most_read(lambda since, most: [])
    assert {item.article_id for item in edition.items.all()} >= {article.pk for article in cast.articles[:4]}
    assert freeze(edition)
    contents = list(edition.contents.all())
    assert {content.standing for content in contents} == {"registered", "subscriber"}
    for content in contents:
        whole = content.subject + content.html + content.text + bytes(content.message).decode("latin-1")
        assert cast.articles[0].title in whole
        assert CANARY not in whole and "canary sings" not in quopri.decodestring(bytes(content.message)).decode()
        assert cast.articles[4].title not in whole, "a draft is not even named"
    assert not any(CANARY in f"{item.headline}{item.text}" for item in edition.items.all())
    for path in ("/newsletters/evening/", "/newsletters/evening/2026-11-25/", "/newsletters/evening/feed.rss"):
        answer = text_of(cast.visitors["friend"].get(path))
        assert CANARY not in answer and cast.articles[4].title not in answer


SEARCHES = [
    "canary",
    '"canary sings below the gate"',
    '"sings below" canary',
    "cana*",
    '-"canary sings" teaser',
    "canry sngs",
    "topic:trade canary",
    "author:carvalho gate",
    "after:2000 canary -chosen",
    "canary subscribers",
    "the canary sings below the gate of subscribers metered chosen instant draft short gated",
]


@pytest.mark.parametrize("who", ["nobody", "device", "reader", "spent", "friend", "worker with six digits"])
def test_the_library_sings_to_nobody_whom_the_gate_is_shut_to(who: str, cast: Cast) -> None:
    """Words of the sentence find articles by their rests; no passage, suggestion, facet or field shows one to whom it is shut."""
    browser = cast.visitors[who]
    shut = shut_to(browser, cast)
    opened = [canary(article) for article in cast.articles if canary(article) not in shut]
    heard: set[str] = set()
    for text in SEARCHES:
        for path in ("/library/", "/api/v1/search", "/library/suggest.json"):
            for extra in ("", "&typing=1&order=newest", "&access=subscribers&topic=trade"):
                response = browser.get(f"{path}?q={quote(text)}{extra}")
                assert response.status_code == 200
                answer = plain_text(text_of(response), without=text)
                assert not [sentence for sentence in shut if plain_text(sentence) in answer], (path, text, extra)
                heard |= {sentence for sentence in opened if plain_text(sentence) in answer}
    if who == "friend":
        assert heard == set(opened), "a walk that heard nothing would prove nothing"
    if who == "nobody":
        assert not heard


def plain_text(text: str, without: str = "") -> str:
    """``text`` in words alone: no markup, no escapes, no case; less the search that is said back."""
    for said in (without, escape(without), quote(without), json.dumps(without)[1:-1]):
        text = text.replace(said, "") if said else text
    text = re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), text)
    return " ".join(re.sub(r"<[^<>]*>", "", unescape(text)).casefold().split())


def test_whoever_reads_one_article_is_shown_no_other(cast: Cast) -> None:
    """A chosen article shows its passage; the same word shows nothing of the others."""
    chosen = cast.articles[2]
    found = cast.visitors["reader"].get("/api/v1/search?q=canary").json()["results"]
    singing = [result["url"] for result in found if "canary" in result["passage"].casefold()]
    assert [url.rpartition("/articles/")[2] for url in singing] == [f"{chosen.slug}/"]
    assert len(found) >= 5, "all are found by it"


def test_the_newsroom_sings_to_nobody_but_those_who_work_there(cast: Cast) -> None:
    sentences = [canary(article) for article in cast.articles]
    leaks: list[str] = []
    for who in ("nobody", "friend", "worker with six digits"):
        for path in filter(is_newsroom, addresses(cast.values)):
            leaks += ask(cast.visitors[who], path, "post", sentences)
    assert not leaks, leaks[:10]


def test_the_newsrooms_search_and_choosers_never_load_the_rest(cast: Cast) -> None:
    """Not even staff find an article by a word of its rest: what autocomplete shows over a shoulder is teaser at most."""
    worker = Reader.objects.get(email="editor@example.org")
    client = Client()
    client.force_login(worker)
    session = client.session
    session[sessions.NEWSROOM] = True
    session.save()
    for path in (
        "/newsroom/pages/search/?q=canary",
        "/newsroom/choose-page/search/?q=canary",
        "/newsroom/choose-page/?page_type=articles.article",
    ):
        response = client.get(path)
        assert "The canary sings" not in response.content.decode()
