"""Nobody is shown a page older than two seconds, nor one whose rest their decision did not open within them (DESIGN 4).

Several visitors read while everything changes that can: articles, what they go on to, access, policy, comps, choices, log-ins,
licences, advertisements, the clock. The change log is read every half second, as in life. Django alone, asked with the same
cookies, says what is right; the edge may say what Django says now or said at a moment of the last two seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test.client import ClientHandler
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from edge.clockwork import Clock, next_month
from edge.through import make_edge
from factories import canary, make_article, make_comp, make_reader, set_policy
from front import journey
from front.journey import Browser
from masthead.access import networks, services
from masthead.access.models import Grant, Network
from masthead.access.policy import ArticleFacts, decide
from masthead.ads.models import Advertisement
from masthead.articles.models import Article
from masthead.articles.services import store_more
from masthead.core import remembered
from masthead.core.models import Publication
from masthead.edge.follower import EVERY
from masthead.readers import sessions
from masthead.readers.models import Reader

OLDEST = 2.0  # seconds
LIBRARY = "198.51.100.7"
SINGING = re.compile(rb"The canary sings below the gate of [a-z0-9-]+\.")
paths = st.sampled_from(["first", "second", "/", "first", "/feeds/articles.rss"])
choices = st.permutations([0, 1, 2]).flatmap(lambda order: st.integers(0, 3).map(lambda length: order[:length]))
WHO = ("stranger", "library", "reader", "friend")


class Newsroom:
    """The cast, made once: three articles, a reader with choices, a friend of the house, a stranger, somebody in a library."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.starts = clock.moment
        Publication.load()
        self.articles = [make_article("First"), make_article("Second", access="subscribers"), make_article("Third")]
        Advertisement.objects.create(name="house", slots=["top"], headline="Our house", link="/newsletters/")
        self.readers = {name: make_reader(f"{name}@example.org") for name in ("reader", "friend")}
        make_comp(self.readers["friend"])
        Grant.objects.update(until=self.starts.replace(microsecond=0) + timedelta(seconds=7))
        self.cookies: dict[str, dict[str, str]] = {"stranger": {}, "library": {}}
        for name, reader in self.readers.items():
            browser = Browser().log_in(reader)
            self.cookies[name] = {key: morsel.value for key, morsel in browser.cookies.items()}


class Life(RuleBasedStateMachine):
    newsroom: ClassVar[Newsroom]

    def __init__(self) -> None:
        super().__init__()
        self.clock = self.newsroom.clock
        self.clock.set(self.newsroom.starts)
        self.work = transaction.atomic()
        self.work.__enter__()
        networks.forget()
        self.edge = make_edge()
        self.edge.following = False
        self.edge.follower.read()
        journey.handler = self.edge
        self.browsers = {name: self._browser(name) for name in WHO}
        # what Django said to whom about what, and whether the rest was open to them then
        self.said: dict[tuple[str, str], list[tuple[datetime, tuple[Any, ...], set[str]]]] = {}
        self.changes = 0
        self._asked: dict[tuple[str, str], tuple[datetime, int]] = {}
        self.calm_at = self.clock.moment
        self.turning_points = {next_month(self.clock.moment), *(g.until for g in Grant.objects.all() if g.until)}

    def _browser(self, name: str) -> Browser:
        browser = Browser(LIBRARY if name == "library" else "192.0.2.1")
        for key, value in self.newsroom.cookies[name].items():
            browser.cookies[key] = value
        return browser

    def teardown(self) -> None:
        journey.handler = None
        remembered.follow(None)
        transaction.set_rollback(True)
        self.work.__exit__(None, None, None)

    # --- what Django says

    @contextmanager
    def _nothing_remembered(self) -> Iterator[None]:
        """Django asks the database for everything, and what the edge's process remembers stays as it is."""
        kept = networks._read_at, networks._rows
        remembered.follow(None)
        networks.forget()
        try:
            yield
        finally:
            networks._read_at, networks._rows = kept
            remembered.follow(self.edge.edge.log)

    def _ask_django(self, name: str, path: str) -> None:
        now = self.clock.moment, self.changes
        if self._asked.get((name, path)) == now:
            return  # nothing has happened since
        self._asked[name, path] = now
        browser = Browser(LIBRARY if name == "library" else "192.0.2.1")
        browser.handler = ClientHandler(enforce_csrf_checks=False)
        browser.cookies.load({key: morsel.value for key, morsel in self.browsers[name].cookies.items()})
        with self._nothing_remembered():
            answer = shown(browser.get(path))
            # whoever is shown no rest is shown none that is shut: what is open matters to answers in which something sings
            opens = self._open_to(name, browser) if SINGING.search(answer[1]) else set()
        self.said.setdefault((name, path), []).append((self.clock.moment, answer, opens))

    def _open_to(self, name: str, browser: Browser) -> set[str]:
        """The sentences below the gates that are open to ``name`` by the database alone, whatever a pass may say."""
        policy = services.current_policy()
        session = browser.session if "masthead_session" in browser.cookies else {}
        reader = Reader.objects.filter(pk=session.get("_auth_user_id")).first()
        visitor = services.visitor_of(reader, None, policy, self.clock.moment)
        institution = networks.institution_at(networks.ipaddress.ip_address(LIBRARY)) if name == "library" else None
        found = set()
        for article in Article.objects.filter(live=True):
            facts = ArticleFacts(article.pk, article.access)
            if institution or decide(policy, facts, visitor, self.clock.moment).opens:
                found.add(canary(article))
        return found

    def _keep_what_is_said(self) -> None:
        for name, path in list(self.said):
            self._ask_django(name, path)

    def _before(self, known_after: float = EVERY) -> None:
        """Something is about to change: keep what Django says of all that was asked for.

        Waits until the change before is known everywhere: a page made of a new headline and an old policy would be right in each
        of its parts, but Django never said it.
        """
        self._calm_down()
        self._keep_what_is_said()
        self.changes += 1
        self.calm_at = self.clock.moment + timedelta(seconds=known_after)

    def _calm_down(self) -> None:
        while self.clock.moment < self.calm_at:
            self.time_passes(steps=1)

    # --- reading

    @rule(name=st.sampled_from(WHO), path=paths, times=st.integers(1, 2))
    def read(self, name: str, path: str, times: int) -> None:
        for _ in range(times):
            self._read(name, self._path(path))

    @rule(name=st.sampled_from(WHO), other=st.sampled_from(WHO), path=paths, steps=st.integers(0, 5))
    def read_while_another_waits_for_the_same_page(self, name: str, other: str, path: str, steps: int) -> None:
        """Django takes its time over the page for ``other``; whoever asks meanwhile may be shown the one before."""
        django: Any = self.edge.edge.application
        address = self._path(path)

        def meanwhile() -> None:
            django.before = lambda: None
            self.time_passes(steps=steps)
            self._read(name, address)

        django.before = meanwhile
        self._read(other, address)
        django.before = lambda: None

    @initialize(name=st.sampled_from(WHO), path=paths, taken=st.sampled_from(["log-ins", "grant", "access"]))
    def read_before_and_after_something_is_taken_away(self, name: str, path: str, taken: str) -> None:
        """What was held for them is not shown any more, although nothing told their browser."""
        address = self._path(path)
        if name == "library":
            self.license_the_library(seconds=None)
            self.time_passes(steps=9)
        elif taken == "grant" and name in self.newsroom.readers:
            self.give_a_comp(seconds=600, name=name)
        for _ in range(2):
            self._read(name, address)
        if name == "library":
            self.end_the_licence()
        elif name == "stranger" or taken == "access":
            self.change_access(which=0, access="subscribers")
        elif taken == "grant":
            self.end_a_grant(name=name)
        else:
            self.log_out_everywhere_from_elsewhere(name=name)
        self.time_passes(steps=9)
        self._read(name, address)

    @initialize(
        steps=st.integers(0, 3),
        change=st.sampled_from(["headline", "access", "unpublish", "later", "choice", "another"]),
        back=st.sampled_from(["publish", "time", "access"]),
    )
    def read_while_what_an_article_goes_on_to_changes(self, steps: int, change: str, back: str) -> None:
        """First goes on to Second, and where that cannot be, to Third: its page follows both, and no list."""
        first = self._path("first")
        self.choose_what_it_goes_on_to(which=0, numbers=[1, 2])
        self.time_passes(steps=9)
        for _ in range(2):
            self._read("stranger", first)
        if change == "headline":
            self.edit_and_publish(which=1, headline="Another headline")
        elif change == "access":
            self.change_access(which=1, access="open")
        elif change == "unpublish":
            self.unpublish(which=1)
        elif change == "later":
            self.date_anew(which=1, seconds=5)
        elif change == "choice":
            self.choose_what_it_goes_on_to(which=0, numbers=[2, 1])
        else:
            self.unpublish(which=2)
        for _ in range(2):
            self.time_passes(steps=9)
            self._read("stranger", first)
        if back == "publish":
            self.edit_and_publish(which=1, headline="One headline")
        elif back == "access":
            self.change_access(which=2, access="subscribers")
        self.time_passes(steps=8 + steps)
        self._read("stranger", first)

    def _path(self, path: str) -> str:
        first, second, _ = self.newsroom.articles
        return {"first": first.path_on_site, "second": second.path_on_site}.get(path, path)

    def _read(self, name: str, path: str) -> None:
        if (name, path) not in self.said:
            self._calm_down()
        self._ask_django(name, path)
        answer = shown(self.browsers[name].get(path))
        self._ask_django(name, path)  # it may have taken its time
        since = self.clock.moment - timedelta(seconds=OLDEST)
        recent = [(said, opens) for when, said, opens in self.said[name, path] if when >= since]
        assert answer in [said for said, _ in recent], f"{name} is shown an old {path}: {difference(answer, recent[-1][0])}"
        for sentence in SINGING.findall(answer[1]):
            assert any(sentence.decode() in opens for _, opens in recent), f"{name} reads the rest of {path}"

    # --- time

    @rule(steps=st.integers(1, 6))
    def time_passes(self, steps: int) -> None:
        """In steps of a quarter of a second; at every second one the change log is read."""
        for _ in range(steps):
            then = self.clock.moment + timedelta(seconds=EVERY / 2)
            if any(self.clock.moment < point <= then for point in self.turning_points):
                self._keep_what_is_said()
            self.clock.set(then)
            if (then - self.newsroom.starts).total_seconds() % EVERY == 0:
                self.edge.follower.read()

    @rule(minutes=st.sampled_from([1, 9, 10]))
    def nothing_happens_for_minutes(self, minutes: int) -> None:
        self._calm_down()
        self.clock.move(60 * minutes)
        networks.forget()
        self.edge.follower.read()

    # --- what the newsroom does

    @rule(which=st.integers(0, 2), headline=st.sampled_from(["One headline", "Another headline"]))
    def edit_and_publish(self, which: int, headline: str) -> None:
        self._before()
        article = self._article(which)
        article.title = headline
        article.save_revision().publish()

    @rule(which=st.integers(0, 1), numbers=choices)
    def choose_what_it_goes_on_to(self, which: int, numbers: list[int]) -> None:
        self._before()
        made = [article.pk for article in self.newsroom.articles]
        store_more(more={made[which]: [made[number] for number in numbers]})

    @rule(which=st.integers(0, 2), seconds=st.sampled_from([-3600, 1, 3, 5]))
    def date_anew(self, which: int, seconds: int) -> None:
        """In the past, or so that it joins the lists in a moment."""
        self._before()
        article = self._article(which)
        article.dated = self.clock.moment.replace(microsecond=0) + timedelta(seconds=seconds)
        article.save_revision().publish()
        self.turning_points.add(article.dated)

    @rule(which=st.integers(0, 2))
    def unpublish(self, which: int) -> None:
        self._before()
        article = self._article(which)
        if article.live:
            article.unpublish()

    @rule(which=st.integers(0, 1), access=st.sampled_from(["open", "metered", "subscribers"]))
    def change_access(self, which: int, access: str) -> None:
        self._before()
        article = self._article(which)
        article.access = access
        article.save_revision().publish()

    @rule(allowance=st.integers(0, 3), teaser=st.integers(1, 3))
    def change_policy(self, allowance: int, teaser: int) -> None:
        self._before()
        set_policy(allowance=allowance, teaser_paragraphs=teaser)

    @rule(seconds=st.sampled_from([1, 3, 600]), name=st.sampled_from(["reader", "friend"]))
    def give_a_comp(self, seconds: int, name: str) -> None:
        self._before()
        reader = self.newsroom.readers[name]
        until = self.clock.moment.replace(microsecond=0) + timedelta(seconds=seconds)
        services.give_comp(reader=reader, days=None, until=until, reason="a friend", by=reader)
        self.turning_points.add(until)

    @rule(name=st.sampled_from(["reader", "friend"]))
    def end_a_grant(self, name: str) -> None:
        self._before()
        for grant in Grant.objects.filter(reader=self.newsroom.readers[name], kind="comp"):
            services.end_grant(grant=grant, by=self.newsroom.readers[name])

    @rule(seconds=st.none() | st.sampled_from([1, 4]))
    def license_the_library(self, seconds: int | None) -> None:
        """In another process: this one learns of it by looking."""
        self._before(OLDEST)
        now = self.clock.moment.replace(microsecond=0)
        until = None if seconds is None else now + timedelta(seconds=seconds)
        Network.objects.create(institution="Library", cidr="198.51.100.0/24", since=now, until=until)
        self.turning_points.update({until} - {None})

    @rule()
    def end_the_licence(self) -> None:
        self._before(OLDEST)
        Network.objects.all().delete()

    @rule(starts=st.sampled_from([0, 2]), lasts=st.sampled_from([2, 5]))
    def book_an_advertisement(self, starts: int, lasts: int) -> None:
        self._before()
        begins = self.clock.moment.replace(microsecond=0) + timedelta(seconds=starts)
        ends = begins + timedelta(seconds=lasts)
        Advertisement.objects.create(
            name="sale", slots=["side"], headline="A sale", link="/newsletters/", starts=begins, ends=ends
        )
        self.turning_points.update({begins, ends})

    # --- what readers do

    @rule(name=st.sampled_from(["reader", "friend"]))
    def choose(self, name: str) -> None:
        self._before()
        self.browsers[name].choose(self.newsroom.articles[0])

    @rule(name=st.sampled_from(["reader", "friend"]))
    def log_out_everywhere_from_elsewhere(self, name: str) -> None:
        self._before()
        sessions.log_out_everywhere(reader=self.newsroom.readers[name])

    def _article(self, which: int) -> Article:
        return Article.objects.get(pk=self.newsroom.articles[which].pk).get_latest_revision_as_object()


def shown(response: HttpResponse) -> tuple[Any, ...]:
    """What of an answer may be old."""
    return response.status_code, response.content if response.status_code == 200 else b"", response.get("Cache-Control")


def difference(ours: tuple[Any, ...], theirs: tuple[Any, ...]) -> str:
    """The first line in which two answers differ."""
    if ours[0] != theirs[0] or ours[2] != theirs[2]:
        return f"{ours[0]} {ours[2]}, not {theirs[0]} {theirs[2]}"
    pairs = zip(ours[1].splitlines(), theirs[1].splitlines(), strict=False)
    return next((f"{a!r}, not {b!r}"[:600] for a, b in pairs if a != b), "the length")


@pytest.mark.django_db
def test_nobody_is_shown_what_is_older_than_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds_before_the_month_ends = 12.0
    clock = Clock(next_month(datetime.now(UTC)) - timedelta(seconds=seconds_before_the_month_ends)).install(monkeypatch)
    # here one thread is everybody: who waits for another's page would wait for themselves
    monkeypatch.setattr("masthead.edge.flights.LONGEST", 0.0)
    # few articles are enough to go on to, and some to spare
    monkeypatch.setattr("masthead.front.content.article.MORE_ARTICLES", 1)
    Life.newsroom = Newsroom(clock)
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
