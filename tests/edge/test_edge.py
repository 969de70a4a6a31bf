"""The edge answers from memory what Django would answer, for as long as that holds, and not a moment longer."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.through import Through
from factories import canary, make_article, make_author, make_comp, make_reader, make_topic, set_policy
from front.journey import Browser
from masthead.access import passes
from masthead.access.models import Grant
from masthead.access.policy import SINGLE, Reason, Visitor
from masthead.access.policy import Grant as Held
from masthead.articles.models import Article, Byline
from masthead.articles.services import store_more
from masthead.core import clock
from masthead.edge.holders import Profiles, read
from masthead.library import keeping, search

Later = Callable[..., None]

pytestmark = pytest.mark.django_db


def calls(through: Through) -> list[str]:
    return through.edge.application.calls  # type: ignore[attr-defined]


def test_a_page_is_made_once_for_everyone_it_looks_the_same_to(through: Through) -> None:
    article = make_article()
    for n in range(3):
        assert Browser(f"192.0.2.{n}").decision(article) == "register"
    assert calls(through) == [article.path_on_site]


def test_every_visitor_is_shown_what_their_decision_opens(through: Through) -> None:
    article = make_article()
    ada, friend = make_reader("ada@example.org"), make_reader("friend@example.org")
    make_comp(friend)
    nobody, reader, subscriber = Browser(), Browser().log_in(ada), Browser().log_in(friend)
    for _ in range(2):
        assert nobody.decision(article) == "register"
        assert reader.decision(article) == "choose"
        assert subscriber.decision(article) == "comp"
        assert canary(article) not in nobody.open(article)[1]
        assert canary(article) in subscriber.open(article)[1]
    assert calls(through).count(article.path_on_site) == 3


def test_a_choice_counts_at_the_next_page_and_for_this_reader_only(through: Through) -> None:
    article = make_article()
    ada, ben = (Browser().log_in(make_reader(f"{name}@example.org")) for name in ("ada", "ben"))
    assert (ada.decision(article), ben.decision(article)) == ("choose", "choose")
    ada.choose(article)
    assert (ada.decision(article), ben.decision(article)) == ("unlock", "choose")


def test_a_choice_made_in_another_browser_counts_too(through: Through) -> None:
    article, reader = make_article(), make_reader()
    here, there = Browser().log_in(reader), Browser().log_in(reader)
    assert here.decision(article) == "choose"
    there.choose(article)
    assert here.decision(article) == "unlock"


def test_what_a_visitor_did_counts_at_once_even_before_the_log_is_next_read(through: Through) -> None:
    article = make_article()
    through.follower.read()
    through.following = False
    browser = Browser()
    assert browser.decision(article) == "register"
    browser.keep_reading(article)
    assert browser.decision(article) == "instant"


def test_logging_out_everywhere_ends_what_a_pass_opened(through: Through) -> None:
    article, reader = make_article(), make_reader()
    make_comp(reader)
    here, there = Browser().log_in(reader), Browser().log_in(reader)
    assert here.decision(article) == there.decision(article) == "comp"
    there.post("/logout/", {"everywhere": "1"})
    assert here.decision(article) == "register"


def test_an_edited_article_is_shown_as_it_is_now(through: Through, later: Later) -> None:
    article = make_article()
    browser = Browser()
    assert "A new headline" not in browser.open(article)[1]
    article.title = "A new headline"
    article.save_revision().publish()
    later(seconds=3)
    assert "A new headline" in browser.open(article)[1]
    assert "A new headline" in browser.get("/").content.decode()


def goes_on_to(browser: Browser, article: Article) -> list[str]:
    page = browser.open(article)[1]
    return re.findall(r'card-title"><a href="[^"]*">([^<]*)', page)


@pytest.fixture
def choice(monkeypatch: pytest.MonkeyPatch) -> list[Article]:
    """An article, and three that it goes on to, of which there is room for two."""
    monkeypatch.setattr("masthead.front.content.article.MORE_ARTICLES", 2)
    articles = [make_article(title) for title in ("Here", "First", "Second", "Third")]
    store_more(more={articles[0].pk: [article.pk for article in articles[1:]]})
    return articles


def test_a_publication_makes_no_page_anew_whose_choice_is_stored(through: Through, choice: list[Article]) -> None:
    here, browser = choice[0], Browser()
    browser.open(here)
    make_article("Published since")
    choice[3].unpublish()  # it would come third
    assert goes_on_to(browser, here) == ["First", "Second"]
    assert calls(through).count(here.path_on_site) == 1


def test_where_nothing_is_stored_a_publication_is_gone_on_to(through: Through, choice: list[Article], later: Later) -> None:
    browser = Browser()
    assert "Published since" not in goes_on_to(browser, choice[1])
    make_article("Published since", dated=choice[1].dated + timedelta(milliseconds=1))  # nearer than all, and equal to none
    later(seconds=3)
    assert "Published since" in goes_on_to(browser, choice[1])
    assert calls(through).count(choice[1].path_on_site) == 2


def test_what_an_article_goes_on_to_is_shown_as_it_is_now(through: Through, choice: list[Article], later: Later) -> None:
    here, first, second, third = choice
    browser = Browser()

    def shown() -> list[str]:
        later(seconds=3)
        return goes_on_to(browser, here)

    assert shown() == ["First", "Second"]
    first.title = "First, in other words"
    first.save_revision().publish()
    assert shown() == ["First, in other words", "Second"]
    first.access = "open"
    first.save_revision().publish()
    assert shown() and "Free to read" in browser.open(here)[1]
    first.unpublish()
    assert shown() == ["Second", "Third"]
    first.save_revision().publish()
    assert shown() == ["First, in other words", "Second"], "withdrawn, it was still what the page depends on"
    first.dated = clock.now() + timedelta(minutes=30)
    first.save_revision().publish()
    assert shown() == ["Second", "Third"]
    later(minutes=31)
    assert shown() == ["First, in other words", "Second"], "it has reached its date, and nobody logged that"
    second.delete()
    assert shown() == ["First, in other words", "Third"]
    store_more(more={here.pk: [third.pk, first.pk]})
    assert shown() == ["Third", "First, in other words"]
    author = make_author("Nobody Yet")
    Byline.objects.create(article=third, author=author)
    third.save_revision().publish()
    assert shown() and "Nobody Yet" in browser.open(here)[1]
    author.name = "Somebody Else"
    author.save()
    assert shown() and "Somebody Else" in browser.open(here)[1]


def test_a_withdrawn_article_is_gone(through: Through, later: Later) -> None:
    article = make_article()
    browser = Browser()
    assert browser.decision(article) == "register"
    article.unpublish()
    later(seconds=3)
    assert browser.get(article.path_on_site).status_code == 404


def test_a_tightened_access_shuts_what_was_open(through: Through, later: Later) -> None:
    article = make_article(access="open")
    browser = Browser()
    assert browser.decision(article) == "open"
    article.access = "subscribers"
    article.save_revision().publish()
    later(seconds=3)
    assert browser.decision(article) == "subscribe"


def test_the_old_page_is_shown_while_one_visitor_waits_for_the_new(through: Through) -> None:
    article = make_article()
    first, second = Browser(), Browser("192.0.2.2")
    first.open(article)
    article.title = "A new headline"
    article.save_revision().publish()
    through.follower.read()
    seen: list[str] = []
    django = through.edge.application
    django.before = lambda: (setattr(django, "before", lambda: None), seen.append(second.open(article)[1]))  # type: ignore[attr-defined]
    assert "A new headline" in first.open(article)[1]
    assert len(seen) == 1 and "A new headline" not in seen[0]
    assert "A new headline" in second.open(article)[1]


def test_a_policy_change_counts_for_everyone(through: Through, later: Later) -> None:
    article = make_article()
    browser = Browser().log_in(make_reader())
    assert browser.decision(article) == "choose"
    set_policy(allowance=0)
    later(seconds=3)
    assert browser.decision(article) == "spent"


def test_a_period_that_ends_brings_new_choices(through: Through, later: Later) -> None:
    article = make_article()
    browser = Browser().log_in(make_reader())
    for n in range(3):
        browser.choose(make_article(f"Spent on {n}"))
    assert browser.decision(article) == "spent"
    later(days=32)
    assert browser.decision(article) == "choose"


def test_headers_and_bytes_are_those_of_django(through: Through) -> None:
    article = make_article()
    for path in ("/", article.path_on_site, "/feeds/articles.rss", "/sitemap.xml", "/robots.txt", "/authors/", "/about/"):
        miss, hit = Browser().get(path), Browser().get(path)
        plain = Browser()
        plain.handler = type(plain.handler).__mro__[1](enforce_csrf_checks=False)
        direct = plain.get(path)
        assert miss.content == hit.content == direct.content
        expected = dict(direct.headers) | {"Vary": "Cookie, Accept-Encoding"}
        assert dict(miss.headers) == dict(hit.headers) == expected, path


def test_it_is_sent_compressed_to_whoever_likes_that(through: Through) -> None:
    import gzip

    import brotli

    article = make_article()
    plain = Browser().get(article.path_on_site)
    zipped = Browser().get(article.path_on_site, headers={"Accept-Encoding": "gzip"})
    pressed = Browser().get(article.path_on_site, headers={"Accept-Encoding": "gzip, br"})
    again = Browser().get(article.path_on_site)
    assert (zipped["Content-Encoding"], pressed["Content-Encoding"]) == ("gzip", "br")
    assert gzip.decompress(zipped.content) == brotli.decompress(pressed.content) == plain.content == again.content
    assert zipped["ETag"] == pressed["ETag"] == f"W/{plain['ETag']}"
    assert len(calls(through)) == 1


def test_whoever_holds_it_is_told_so(through: Through) -> None:
    article = make_article()
    etag = Browser().get(article.path_on_site)["ETag"]
    for held in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        response = Browser().get(article.path_on_site, headers={"If-None-Match": held})
        assert (response.status_code, response.content, response["ETag"]) == (304, b"", etag)
    assert Browser().get(article.path_on_site, headers={"If-None-Match": '"other"'}).status_code == 200


def test_head_has_the_headers_and_no_body(through: Through) -> None:
    article = make_article()
    head, full = Browser().head(article.path_on_site), Browser().get(article.path_on_site)
    assert canary(article) not in full.content.decode() and article.title in full.content.decode()
    assert (head.content, dict(head.headers)) == (b"", dict(full.headers))


def test_queries_that_mean_nothing_are_the_same_page(through: Through) -> None:
    article = make_article()
    for query in ("", "?utm_source=x", "?preview=true&amp"):
        assert Browser().get(article.path_on_site + query).status_code == 200
    assert len(calls(through)) == 1


def test_queries_that_mean_something_are_not(through: Through) -> None:
    first, second = make_article("One"), make_article("Two")
    browser = Browser()
    for _ in range(2):
        assert "One" in browser.get(f"/subscribe/?article={first.slug}").content.decode()
        assert "Two" in browser.get(f"/subscribe/?x=1&article={second.slug}").content.decode()
        assert "Two" not in browser.get("/subscribe/").content.decode().partition("<main")[2].partition("</h1>")[0]
    assert len(calls(through)) == 3


def test_what_is_public_says_so_and_what_came_with_a_cookie_does_not(through: Through) -> None:
    article = make_article()
    stranger, device = Browser(), Browser("192.0.2.2")
    device.keep_reading(make_article("Another"))
    for _ in range(2):
        assert stranger.get(article.path_on_site)["Cache-Control"].startswith("public")
        assert device.get(article.path_on_site)["Cache-Control"] == "private, no-cache"
        foreign = Browser()
        foreign.cookies["analytics"] = "masthead_pass"
        assert foreign.get(article.path_on_site)["Cache-Control"].startswith("public")


def test_with_the_database_away_what_is_held_is_shown_and_the_rest_is_unavailable(through: Through, later: Later) -> None:
    article, other = make_article(), make_article("Other")
    browser = Browser()
    browser.open(article)
    through.edge.application.down = True  # type: ignore[attr-defined]
    through.following = False
    through.edge.failed()
    assert browser.decision(article) == "register"
    assert browser.get(other.path_on_site).status_code == 503
    later(minutes=11)
    assert browser.get(article.path_on_site).status_code == 503


def test_a_feed_that_cannot_be_told_yet_does_not_have_stale_pages_shown(
    through: Through, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    article, reader = make_article(), make_reader()
    saved = keeping.save_search(reader=reader, address="q=straits")
    feed = f"/feeds/private/{keeping.make_feed(reader=reader, search=saved)}.rss"
    browser = Browser()
    browser.open(article)
    article.unpublish()
    through.follower.read()
    through.following = False
    monkeypatch.setattr(search, "search", lambda request, **how: search.Results(request, ready=False))
    assert Browser().get(feed).status_code == 503
    later(seconds=5)
    assert browser.get(article.path_on_site).status_code == 404


def test_nothing_is_kept_that_changed_while_it_was_made(through: Through, later: Later) -> None:
    article = make_article()
    browser = Browser()

    def publish() -> None:
        through.edge.application.before = lambda: None  # type: ignore[attr-defined]
        through.follower.read()
        article.title = "A new headline"
        article.save_revision().publish()
        through.follower.read()

    browser.get("/about/")
    through.edge.application.before = publish  # type: ignore[attr-defined]
    browser.open(article)
    before = len(calls(through))
    later(seconds=3)
    assert "A new headline" in browser.open(article)[1]
    assert len(calls(through)) == before + 1


@pytest.mark.parametrize("minutes", [0, 9])
def test_a_pass_of_another_period_of_its_life_is_good_until_it_ends(through: Through, later: Later, minutes: int) -> None:
    article, reader = make_article(), make_reader()
    make_comp(reader, days=1)
    browser = Browser().log_in(reader)
    later(minutes=minutes)
    assert browser.decision(article) == "comp"


def test_a_comp_that_ends_ends_on_its_second(through: Through, later: Later) -> None:
    article, reader = make_article(), make_reader()
    make_comp(reader, days=1)
    Grant.objects.update(until=clock.now().replace(microsecond=0) + timedelta(seconds=90))
    browser = Browser().log_in(reader)
    assert browser.decision(article) == "comp"
    later(seconds=91)
    assert browser.decision(article) == "choose"


seconds = st.none() | st.integers(-1000, 1000).map(lambda n: datetime(2026, 11, 18, 12, tzinfo=UTC) + timedelta(seconds=n))


@given(
    st.builds(
        Visitor,
        reader=st.none() | st.just("ada"),
        device=st.none() | st.just("laptop"),
        staff=st.booleans(),
        grants=st.lists(
            st.builds(Held, st.sampled_from(list(Reason)).map(str), st.none() | st.integers(1, 2), seconds, seconds), max_size=4
        ).map(tuple),
        code_pending=st.booleans(),
        instant_left=st.integers(0, 2),
        choices_left=st.integers(0, 3),
        period=st.just("2026-11"),
    ),
    st.integers(-700, 700),
)
def test_the_edge_reads_a_pass_as_django_does(visitor: Visitor, after: int) -> None:
    noon = datetime(2026, 11, 18, 12, tzinfo=UTC)
    now, keys, profiles = noon + timedelta(seconds=after), {"k": b"k" * 32}, Profiles()
    text = passes.mint(passes.Pass(visitor, 4, 99, noon + timedelta(minutes=10)), "k", keys["k"])
    held = passes.read(text, keys, now)
    holder = read(text.encode(), passes.by_header(keys), profiles, now.timestamp())
    assert (held is None) == (holder is None)
    if held is not None and holder is not None:
        same = (holder.reader, holder.device, holder.period, holder.number, holder.policy_version, holder.expires)
        assert same == (visitor.reader, visitor.device, visitor.period, 99, 4, held.expires.timestamp())
        assert holder.profile == profiles.number(held.visitor, now)
        singles = [(g.article, g.kind) for g in visitor.grants if g.article and g.kind in SINGLE and g.in_date(now)]
        assert [(article, kind) for article, kinds in (holder.singles or {}).items() for kind in kinds] == sorted(
            singles, key=lambda single: list(dict.fromkeys(a for a, _ in singles)).index(single[0])
        )


def test_who_comes_without_a_good_pass_gets_a_new_one_and_the_page_that_is_held(
    through: Through, monkeypatch: pytest.MonkeyPatch
) -> None:
    article, reader = make_article(), make_reader()
    make_comp(reader)
    browser = Browser().log_in(reader)
    html = browser.open(article)[1]
    del browser.cookies["masthead_pass"]
    monkeypatch.setattr("masthead.front.views.pages.render_page", None)  # nothing is put together anew
    assert browser.open(article)[1] == html
    assert browser.cookies["masthead_pass"].value
    before = len(calls(through))
    assert browser.decision(article) == "comp"
    assert len(calls(through)) == before


@pytest.mark.parametrize("known", [False, True])
def test_a_cold_article_asks_six_questions_at_most(through: Through, known: bool, django_assert_max_num_queries: Any) -> None:
    author, topic = make_author(), make_topic()
    articles = [make_article(f"Number {n}", authors=[author], topics=[topic]) for n in range(8)]
    reader = make_reader()
    make_comp(reader)
    browser = Browser().log_in(reader) if known else Browser()
    browser.open(articles[0])
    through.follower.read()
    through.following = False
    for article in articles[1:]:
        with django_assert_max_num_queries(6):
            browser.open(article)
