"""One rule, two speeds: for any policy, article, visitor and moment the edge answers as Django alone does, missing or hitting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core import signing
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.test.client import ClientHandler
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from edge.clockwork import Clock
from edge.through import Through, make_edge
from factories import canary, make_article, make_author, make_reader, make_topic
from masthead.access import networks, passes, services
from masthead.access.models import Grant, Network, PolicyVersion
from masthead.ads.models import Advertisement
from masthead.articles.models import Article, Author, Topic
from masthead.core import limits, remembered
from masthead.core.models import Publication
from masthead.front import visitors
from masthead.readers import addresses, codes, sessions
from masthead.readers.models import Code, Device, Reader

TODAY = datetime(2026, 11, 18, 12, tzinfo=UTC)
LIBRARY = "198.51.100.7"  # an address in a network that may be licensed
ELSEWHERE = "192.0.2.1"


@dataclass
class Cast:
    """Two articles of each access, one of them with its gate set by the editor; two readers with a browser each."""

    articles: list[Article]
    readers: list[Reader]
    devices: list[Device]
    sessions: list[str]
    topic: Topic
    author: Author


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(TODAY).install(monkeypatch)


@pytest.fixture
def cast(db: None, time: Clock) -> Cast:
    Publication.load()
    author, topic = make_author(), make_topic()
    articles = []
    for access in ("open", "metered", "subscribers"):
        for gated in (False, True):
            article = make_article(f"{access} {gated}", access=access, authors=[author], topics=[topic])
            if gated:
                article.body = [("paragraph", "<p>Before.</p>"), ("gate", None), ("paragraph", f"<p>{canary(article)}</p>")]
                article.save_revision().publish()
            articles.append(article)
    Advertisement.objects.create(name="one", slots=["top", "in-article"], headline="Our house", link="/newsletters/")
    Advertisement.objects.create(name="two", slots=["top", "side"], tag="<b>pasted</b>", ends=TODAY + timedelta(minutes=5))
    readers = [make_reader("ada@example.org"), make_reader("worker@example.org", is_staff=True)]
    devices = [Device.objects.create(created=TODAY, last_seen=TODAY) for _ in readers]
    return Cast(articles, readers, devices, [_logged_in(reader) for reader in readers], topic, author)


def _logged_in(reader: Reader) -> str:
    client = Client()
    client.force_login(reader)
    session = client.session
    if reader.is_staff:
        session[sessions.NEWSROOM] = sessions.PASSWORD
        session.save()
    return str(client.cookies["masthead_session"].value)


# --- what may be the case


moments = st.sampled_from([-86400 * 40, -86400, -1, 0, 1, 30, 599, 600, 86400, 86400 * 40]).map(
    lambda seconds: TODAY + timedelta(seconds=seconds)
)


@dataclass(frozen=True)
class Held:
    """A grant: its kind, which article (a number in the cast, or none), since and until when."""

    kind: str
    article: int | None
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Visit:
    """Who asks (0: ada, 1: who works here), how they are known, what they hold, with which cookies, from where, for what."""

    person: int
    logged_in: bool
    grants: tuple[Held, ...]
    chosen: int
    instant: int
    code: bool
    cookies: str
    address: str
    path: int
    method: str


@dataclass(frozen=True)
class Rules:
    """The policy, the publication's zone, what is licensed until when; how much later than the passes everybody asks."""

    teaser: int
    allowance: int
    period: str
    instant: bool
    per_device: int
    zone: str
    licensed_until: datetime | None
    moment: datetime
    later: float
    changed: bool


grants = st.builds(Held, st.sampled_from(Grant.Kind.values), st.none() | st.integers(0, 5), moments, st.none() | moments)
COOKIES = (
    "none", "pass", "device pass", "session device pass", "session", "device", "session device", "foreign",
    "session device pass foreign", "torn", "session torn", "pass pass", "quoted", "empty", "old", "session device old",
)  # fmt: skip
visits = st.builds(
    Visit,
    person=st.integers(0, 1),
    logged_in=st.booleans(),
    grants=st.lists(grants, max_size=3).map(tuple),
    chosen=st.integers(0, 3),
    instant=st.integers(0, 2),
    code=st.booleans(),
    cookies=st.sampled_from(COOKIES),
    address=st.sampled_from([ELSEWHERE, LIBRARY]),
    path=st.integers(0, 11) | st.integers(12, 40),
    method=st.sampled_from(["get", "get", "get", "head"]),
)
rules = st.builds(
    Rules,
    teaser=st.integers(1, 4),
    allowance=st.integers(0, 3),
    period=st.sampled_from(["month", "week", "fortnight"]),
    instant=st.booleans(),
    per_device=st.integers(0, 2),
    zone=st.sampled_from(["UTC", "America/St_Johns", "Pacific/Kiritimati"]),
    licensed_until=st.none() | moments,
    moment=st.just(TODAY) | st.datetimes(datetime(2026, 11, 29), datetime(2026, 12, 2), timezones=st.just(UTC)),
    later=st.sampled_from([0, 0, 0.25, 59, 599, 600, 601, 86400]),
    changed=st.booleans(),
)


def paths_of(cast: Cast) -> list[str]:
    """Two addresses for each article come first: they are what this is about."""
    articles = [article.path_on_site for article in cast.articles]
    return [
        *articles,
        *(f"{path}?utm_source=mail" for path in articles),
        "/", "/?x", "/topics/", cast.topic.get_absolute_url(), f"{cast.topic.get_absolute_url()}feed.rss", "/authors/",
        cast.author.get_absolute_url(), "/authors/?after=a", "/feeds/articles.rss", "/sitemap.xml", "/sitemap-pages.xml",
        "/sitemap-articles-1.xml", "/news-sitemap.xml", "/robots.txt", "/subscribe/", "/about/", "/newsletters/",
        f"/subscribe/?article={cast.articles[1].slug}", "/subscribe/?article=nothing", "/articles/nothing/",
        f"{cast.topic.get_absolute_url()}?before=2026-11-01T00:00:00.000000.1", "/articles/x",
        "/archive/", "/archive/2026/", "/archive/2026/11/", "/archive/2026/11/?before=2026-11-01T00:00:00.000000.1",
        "/archive/2026/11/18/", "/archive/1999/", "/authors/?letter=i", "/authors/?letter=I&after=x", "/authors/?letter=%C3%AF",
        "/opensearch.xml", "/sitemap-archive.xml",
    ]  # fmt: skip


@contextmanager
def undone() -> Iterator[None]:
    """Everything done to the database within is undone."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def set_the_scene(cast: Cast, rules: Rules, visits: list[Visit]) -> None:
    publication = Publication.load()
    publication.timezone = rules.zone
    publication.save()
    change_policy(rules)
    Network.objects.create(institution="Library", cidr="198.51.100.0/24", since=TODAY, until=rules.licensed_until)
    for visit in {visit.person: visit for visit in visits}.values():
        reader, device = cast.readers[visit.person], cast.devices[visit.person]
        if not visit.logged_in:
            Session.objects.filter(session_key=cast.sessions[visit.person]).delete()
        for number, held in enumerate(visit.grants):
            holder = {"reader": reader} if visit.logged_in else {"device": device}
            article = None if held.article is None else cast.articles[held.article]
            Grant.objects.create(
                kind=held.kind, article=article, since=held.since, until=held.until, period=str(number), **holder
            )
        try:
            period = services.current_policy().period_at(rules.moment).name
        except ValueError:
            period = ""
        for scope, value, used in (
            (services.CHOICE, addresses.canonical(reader.email), visit.chosen),
            (services.INSTANT_DEVICE, device.subject, visit.instant),
        ):
            meter = limits.locked_meter(scope, value, period)
            meter.count = used
            meter.save()
        if visit.code:
            codes.ask(device=device, address=reader.email, purpose=Code.Purpose.READ, period=period)


def change_policy(rules: Rules, **others: Any) -> None:
    fields = {
        "teaser_paragraphs": rules.teaser, "allowance": rules.allowance, "period": rules.period[:5], "instant": rules.instant,
        "instant_per_device": rules.per_device,
    }  # fmt: skip
    services.change_policy(changes=PolicyVersion(**(fields | others)), by=None)


def cookie_header(cast: Cast, visit: Visit, given: str, old: str) -> str:
    """The Cookie header of ``visit``, whose pass is ``given`` and was ``old`` before."""
    device = signing.Signer(salt="masthead.device").sign(cast.devices[visit.person].subject)
    texts = {
        "none": "",
        "pass": f"masthead_pass={given}",
        "device": f"masthead_device={device}",
        "session": f"masthead_session={cast.sessions[visit.person]}",
        "foreign": "_ga=GA1.2.3; consent=masthead_pass; masthead_csrf=YTQ9zUR7sXcLdbWGbO4kKSTl7M2fHXjA",
        "torn": f"masthead_pass={given[:-3]}",
        "quoted": f'masthead_pass="{given}"',
        "empty": "masthead_pass=",
        "old": f"masthead_pass={old}",
    }
    return "; ".join(filter(None, (texts[word] for word in visit.cookies.split())))


def ask(handler: ClientHandler, visit: Visit, path: str, cookie: str) -> HttpResponse:
    client = Client(REMOTE_ADDR=visit.address)
    client.handler = handler
    return getattr(client, visit.method)(path, headers={"cookie": cookie} if cookie else {})


def ask_django(visit: Visit, path: str, cookie: str) -> HttpResponse:
    return ask(ClientHandler(enforce_csrf_checks=False), visit, path, cookie)


def pass_for(cast: Cast, visit: Visit) -> str:
    """The pass Django gives whoever comes with this session and device."""
    cookie = cookie_header(cast, Visit(**{**vars(visit), "cookies": "session device"}), "", "")
    morsel = ask_django(visit, "/robots.txt", cookie).cookies.get("masthead_pass")
    return morsel.value if morsel else ""


def told(response: HttpResponse) -> tuple[Any, ...]:
    """All that is said to a visitor; their cookies by what they mean."""
    vary = {name.strip() for name in response.get("Vary", "").split(",")} - {"Accept-Encoding"}
    headers = {name: value for name, value in response.items() if name not in {"Vary", "Content-Length"}}
    cookies = {}
    for name, morsel in response.cookies.items():
        meaning = passes.read(morsel.value, visitors.signing_keys(), datetime(2000, 1, 1, tzinfo=UTC)) or morsel.value
        cookies[name] = (
            meaning,
            str(morsel["max-age"]),
            morsel["path"],
            morsel["httponly"],
            morsel["samesite"],
            morsel["secure"],
        )
    return response.status_code, response.content, headers, vary, cookies


ELSEWHERE_CALLED = ("/authors/?letter=I", "/authors/?letter=%")  # sent on to the address with the letter as we write it


def is_quick(edge: Through, visit: Visit, path: str) -> bool:
    """Whether the edge must answer a second time without Django: a page it covers, whose visitor its memory tells."""
    nowhere = ("/articles/nothing/", "/articles/x", "/subscribe/?article=nothing", "/archive/1999/", *ELSEWHERE_CALLED)
    covered = not path.startswith(nowhere)
    return covered and visit.cookies in {"none", "foreign"}


@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(rules=rules, visits=st.lists(visits, min_size=1, max_size=4), order=st.randoms(use_true_random=False))
def test_the_edge_and_django_alone_give_the_same_answer(
    cast: Cast, time: Clock, rules: Rules, visits: list[Visit], order: Any
) -> None:
    paths = paths_of(cast)
    with undone():
        time.set(rules.moment)
        networks.forget()
        set_the_scene(cast, rules, visits)
        old = [pass_for(cast, visit) for visit in visits]
        if rules.changed:
            change_policy(rules, teaser_paragraphs=rules.teaser + 1)
        cookies = [cookie_header(cast, v, pass_for(cast, v), was) for v, was in zip(visits, old, strict=True)]
        time.move(rules.later)
        networks.forget()
        through = make_edge()
        try:
            asked = 3 * list(zip(visits, cookies, strict=True))
            order.shuffle(asked)
            for visit, cookie in asked:
                path = paths[visit.path % len(paths)]
                alone = told(ask_django(visit, path, cookie))
                miss = told(ask(through, visit, path, cookie))
                assert miss == alone, f"a miss of {path}"
                before = len(through.edge.application.calls)  # type: ignore[attr-defined]
                hit = told(ask(through, visit, path, cookie))
                assert hit == alone, f"a hit of {path}"
                quick = len(through.edge.application.calls) == before  # type: ignore[attr-defined]
                assert quick or not is_quick(through, visit, path), f"asked Django again for {path}"
                event(f"answered from memory: {quick}")
        finally:
            remembered.follow(None)
