"""What readers keep: follows, searches and private feeds. Each kept once, never more than allowed, and ended for good."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from factories import make_article, make_author, make_reader, make_topic
from masthead.access import services as access
from masthead.articles.models import Article
from masthead.core import clock
from masthead.library import keeping, search
from masthead.library.models import Follow, PrivateFeed, SavedSearch
from masthead.library.query import Order, Request
from masthead.readers.models import Reader

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Reader:
    return make_reader()


def titles(feed: PrivateFeed, most: int = 30) -> list[str]:
    chosen = keeping.articles_of(feed, policy=access.current_policy(), now=clock.now(), most=most)
    assert chosen is not None
    return [article.title for article in chosen]


def made(**which: Any) -> PrivateFeed:
    """The feed just made."""
    token = keeping.make_feed(**which)
    assert token is not None
    feed = keeping.feed_of(token)
    assert feed is not None
    return feed


def test_a_feed_of_what_was_given_up_meanwhile_is_not_made(ada: Reader) -> None:
    saved = keeping.save_search(reader=ada, address="q=straits")
    row = keeping.follow(reader=ada, thing=make_topic())
    keeping.remove_search(reader=ada, number=saved.pk)
    keeping.unfollow(reader=ada, number=row.pk)
    for kept in ({"search": saved}, {"follow": row}):
        with pytest.raises(keeping.Gone):
            keeping.make_feed(reader=ada, **kept)
    assert not PrivateFeed.objects.exists()


# --- follows


def test_following_twice_is_following_once(ada: Reader) -> None:
    topic, author = make_topic(), make_author()
    assert keeping.follow(reader=ada, thing=topic) == keeping.follow(reader=ada, thing=topic)
    keeping.follow(reader=ada, thing=author)
    assert Follow.objects.count() == 2


def test_nobody_follows_without_end(ada: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST_FOLLOWS", 2)
    first = keeping.follow(reader=ada, thing=make_topic("One"))
    keeping.follow(reader=ada, thing=make_topic("Two"))
    with pytest.raises(keeping.TooMany, match="You follow 2 topics and authors already"):
        keeping.follow(reader=ada, thing=make_topic("Three"))
    assert keeping.follow(reader=ada, thing=make_topic("One")) == first, "what is kept already needs no room"
    keeping.follow(reader=make_reader("bob@example.org"), thing=make_topic("Three"))


def test_another_readers_follow_is_not_mine_to_end(ada: Reader) -> None:
    row = keeping.follow(reader=ada, thing=make_topic())
    assert not keeping.unfollow(reader=make_reader("eve@example.org"), number=row.pk)
    assert keeping.unfollow(reader=ada, number=row.pk)
    assert not keeping.unfollow(reader=ada, number=row.pk)


# --- saved searches


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("q=straits", "q=straits"),
        ("?utm_source=x&page=7&year=2019&q=+the++straits+&topic=trade", "q=the+straits&topic=trade&year=2019"),
        ("order=newest&q=a", "q=a&order=newest"),
        ("topic=trade&page=3", "topic=trade"),
        ("q=a&typing=1", "q=a"),
        ("q=%00&x=1", ""),
        ("order=oldest", ""),
        ("", ""),
        ("&" * 4000, ""),
        ("a=1&" * 400 + "q=x", ""),
    ],
)  # fmt: skip
def test_a_search_is_kept_in_one_form(address: str, kept: str) -> None:
    assert keeping.canonical_query(address) == kept


def test_the_same_search_is_saved_once_however_it_is_written(ada: Reader) -> None:
    first = keeping.save_search(reader=ada, address="q=straits&topic=trade", name="  Straits \x07 and trade ")
    assert keeping.save_search(reader=ada, address="topic=trade&page=2&q=straits") == first
    assert (first.name, first.query) == ("Straits and trade", "q=straits&topic=trade")


def test_a_search_without_a_name_is_called_what_it_looks_for(ada: Reader) -> None:
    assert keeping.save_search(reader=ada, address="q=the+straits&year=2019").name == "the straits"
    assert keeping.save_search(reader=ada, address="topic=trade&year=2019").name == "trade, 2019"


@pytest.mark.parametrize("address", ["", "page=2", "q=" + "%C3%A9" * 300])
def test_nothing_and_too_much_are_not_saved(ada: Reader, address: str) -> None:
    with pytest.raises(keeping.Empty):
        keeping.save_search(reader=ada, address=address)
    assert not SavedSearch.objects.exists()


def test_nobody_saves_without_end(ada: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST_SEARCHES", 1)
    keeping.save_search(reader=ada, address="q=one")
    with pytest.raises(keeping.TooMany, match="You keep 1 searches already"):
        keeping.save_search(reader=ada, address="q=two")


def test_a_search_is_renamed_and_removed_by_whose_it_is(ada: Reader) -> None:
    row, eve = keeping.save_search(reader=ada, address="q=one"), make_reader("eve@example.org")
    assert not keeping.rename_search(reader=eve, number=row.pk, name="Mine")
    assert keeping.rename_search(reader=ada, number=row.pk, name="x" * 500)
    row.refresh_from_db()
    assert row.name == "x" * 120
    assert not keeping.remove_search(reader=eve, number=row.pk)
    assert keeping.remove_search(reader=ada, number=row.pk)


# --- private feeds


def test_a_token_is_long_and_only_its_hash_is_kept(ada: Reader) -> None:
    token = keeping.make_feed(reader=ada)
    assert token is not None and len(token) >= 43
    row = PrivateFeed.objects.get()
    assert token not in row.token_hash and len(row.token_hash) == 64
    assert keeping.feed_of(token) == row


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "é" * 43, "x" * 5000])
def test_a_token_of_nobodys_opens_nothing(ada: Reader, token: str) -> None:
    keeping.make_feed(reader=ada)
    assert keeping.feed_of(token) is None


def test_a_new_address_ends_the_old_one(ada: Reader) -> None:
    old = keeping.make_feed(reader=ada)
    new = keeping.make_feed(reader=ada, instead_of=keeping.generation(PrivateFeed.objects.get()))
    assert old and new and old != new
    assert keeping.feed_of(old) is None and keeping.feed_of(new)
    assert PrivateFeed.objects.count() == 1


def test_a_form_sent_twice_does_not_end_what_it_made(ada: Reader) -> None:
    token = keeping.make_feed(reader=ada)
    assert token is not None
    assert keeping.make_feed(reader=ada) is None
    assert keeping.feed_of(token)


def test_an_ended_feed_is_ended_and_can_be_made_anew(ada: Reader) -> None:
    old = keeping.make_feed(reader=ada)
    number = PrivateFeed.objects.get().pk
    assert not keeping.revoke_feed(reader=make_reader("eve@example.org"), number=number)
    assert keeping.revoke_feed(reader=ada, number=number)
    assert not keeping.revoke_feed(reader=ada, number=number)
    assert old and keeping.feed_of(old) is None
    assert keeping.make_feed(reader=ada)
    assert keeping.feed_of(old) is None


def test_what_is_kept_no_longer_takes_its_feed_along(ada: Reader) -> None:
    row = keeping.follow(reader=ada, thing=make_topic())
    token = keeping.make_feed(reader=ada, follow=row)
    keeping.unfollow(reader=ada, number=row.pk)
    assert token and keeping.feed_of(token) is None


def test_a_closed_accounts_feeds_are_shut(ada: Reader) -> None:
    token = keeping.make_feed(reader=ada)
    Reader.objects.update(is_active=False)
    assert token and keeping.feed_of(token) is None


def test_a_follow_carries_its_articles_and_all_carries_each_once(ada: Reader) -> None:
    trade, water, ines = make_topic("Trade"), make_topic("Water"), make_author()
    now = clock.now()
    make_article("Of trade", topics=[trade], dated=now - timedelta(days=3))
    make_article("Of both", topics=[trade, water], authors=[ines], dated=now - timedelta(days=2))
    make_article("By Inês", authors=[ines], dated=now - timedelta(days=1))
    make_article("Neither")
    make_article("Draft", topics=[trade], live=False)
    make_article("Later", topics=[trade], dated=now + timedelta(days=9))
    followed = keeping.follow(reader=ada, thing=trade)
    for thing in (water, ines):
        keeping.follow(reader=ada, thing=thing)
    assert titles(made(reader=ada, follow=followed)) == ["Of both", "Of trade"]
    everything = made(reader=ada)
    assert titles(everything) == ["By Inês", "Of both", "Of trade"]
    assert titles(everything, most=2) == ["By Inês", "Of both"]
    assert titles(made(reader=make_reader("bob@example.org"))) == []


def test_a_search_asks_as_anybody_would_and_newest_first(ada: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [make_article(f"Found {n}", dated=clock.now() - timedelta(days=n)) for n in range(20)]
    asked: list[tuple[Request, dict[str, Any]]] = []

    def engine(request: Request, **how: Any) -> search.Results:
        asked.append((request, how))
        numbers = tuple(article.pk for article in found)[(request.page - 1) * 15 : request.page * 15]
        return search.Results(request, numbers=numbers, total=20)

    monkeypatch.setattr(search, "search", engine)
    row = keeping.save_search(reader=ada, address="q=straits&order=oldest")
    assert titles(made(reader=ada, search=row)) == [article.title for article in found]
    assert [(request.text, request.order, request.page, how["whole"]) for request, how in asked] == [
        ("straits", Order.NEWEST, 1, False),
        ("straits", Order.NEWEST, 2, False),
    ]


def test_while_the_library_is_prepared_a_search_says_nothing(ada: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "search", lambda request, **how: search.Results(request, ready=False))
    feed = made(reader=ada, search=keeping.save_search(reader=ada, address="q=straits"))
    assert keeping.articles_of(feed, policy=access.current_policy(), now=clock.now(), most=30) is None


def test_bodies_are_not_read_for_a_feed(ada: Reader) -> None:
    make_article("Of trade", topics=[make_topic()])
    feed = made(reader=ada, follow=keeping.follow(reader=ada, thing=make_topic()))
    chosen = keeping.articles_of(feed, policy=access.current_policy(), now=clock.now(), most=30)
    assert chosen is not None and "body" in Article.get_deferred_fields(chosen[0])


@pytest.mark.django_db(transaction=True)
def test_requests_at_once_do_not_follow_more_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    from threading import Barrier, Thread

    ada = make_reader()
    monkeypatch.setattr(keeping, "MOST_FOLLOWS", 3)
    topics = [make_topic(f"Topic {n}") for n in range(8)]
    barrier, refused = Barrier(len(topics)), []

    def go(topic: Any) -> None:
        try:
            barrier.wait()
            keeping.follow(reader=ada, thing=topic)
        except keeping.TooMany:
            refused.append(topic)
        finally:
            connections.close_all()

    threads = [Thread(target=go, args=(topic,)) for topic in topics]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (Follow.objects.count(), len(refused)) == (3, 5), connection.vendor


def test_a_saved_search_finds_what_the_library_finds_and_no_more(ada: Reader, built: Any) -> None:
    """With the engine itself: what stands only in the rest of a shut article is found by subscribers, not by a feed."""
    make_article("Canals and their keepers", dated=clock.now() - timedelta(days=2))
    make_article("Canals in winter", dated=clock.now() - timedelta(days=1))
    make_article("Harbours", paragraphs=["a", "b", "c", "The wampeter stands below the gate."])
    built()
    canals = keeping.save_search(reader=ada, address="q=canals")
    assert titles(made(reader=ada, search=canals)) == ["Canals in winter", "Canals and their keepers"]
    hidden = keeping.save_search(reader=ada, address="q=wampeter")
    assert titles(made(reader=ada, search=hidden)) == []
    request = Request(text="wampeter")
    assert search.search(request, whole=True, policy=access.current_policy(), now=clock.now()).total == 1
