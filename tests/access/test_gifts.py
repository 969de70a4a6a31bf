"""Gift links: counted so that they cannot be raced or reset, kept as a hash, good for so many and so long."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from factories import make_article, make_comp, make_device, make_reader, move_clock, set_policy
from masthead.access import gifts, services
from masthead.access.gifts import State
from masthead.access.models import GiftLink, Grant
from masthead.access.policy import ArticleFacts
from masthead.articles.models import Article
from masthead.core import clock, privacy
from masthead.readers import services as readers
from masthead.readers.models import Reader

pytestmark = pytest.mark.django_db


def subscriber(email: str = "ada@example.org") -> Reader:
    reader = make_reader(email)
    make_comp(reader)
    return reader


def facts(article: Article) -> ArticleFacts:
    return ArticleFacts(article.pk, article.access)


def give(reader: Reader, article: Article | None = None) -> gifts.Given:
    return gifts.give(reader=reader, article=facts(article or make_article()))


def test_a_link_opens_one_article_for_the_browser_that_accepts_it() -> None:
    article, device = make_article(), make_device()
    given = give(subscriber(), article)
    assert gifts.find(given.token)[0] is State.GOOD
    assert gifts.accept(token=given.token, device=device) is State.GOOD
    grant = Grant.objects.get(kind="gift")
    assert (grant.device, grant.article_id, grant.reader) == (device, article.pk, None)
    assert grant.until == grant.since + timedelta(days=30)


def test_only_a_keyed_hash_is_kept() -> None:
    given = give(subscriber())
    row = GiftLink.objects.get()
    assert given.token not in str(row.__dict__) and len(row.token_hash) == 64


def test_so_many_a_month_and_revoking_makes_no_room() -> None:
    set_policy(gifts=2)
    ada = subscriber()
    first = give(ada)
    assert (first.left, give(ada).left) == (1, 0)
    gifts.revoke(reader=ada, number=first.link.pk)
    with pytest.raises(gifts.CannotGive, match="You have given 2 this month"):
        give(ada)


def test_the_next_month_brings_more(settings: Any) -> None:
    set_policy(gifts=1)
    ada = subscriber()
    give(ada)
    move_clock(settings, day="2027-02-03")
    assert give(ada).left == 0


def test_nothing_resets_the_number() -> None:
    set_policy(gifts=1)
    ada = subscriber()
    give(ada)
    readers.change_address(reader=ada, address="new@example.org")
    services.address_changed(old="ada@example.org", new="new@example.org")
    ada.refresh_from_db()
    with pytest.raises(gifts.CannotGive):
        give(ada)
    readers.delete(reader=ada)
    with pytest.raises(gifts.CannotGive):
        give(subscriber("new@example.org"))


def test_a_page_loaded_anew_costs_no_second_gift() -> None:
    ada, article = subscriber(), make_article()
    first, again = give(ada, article), give(ada, article)
    assert (again.again, again.left, GiftLink.objects.count()) == (True, first.left, 1)
    assert gifts.find(first.token)[0] is State.UNKNOWN and gifts.find(again.token)[0] is State.GOOD
    gifts.accept(token=again.token, device=make_device())
    assert give(ada, article).again is False, "somebody has that one: this is another"


@pytest.mark.parametrize("access", ["open"])
def test_what_is_open_needs_no_gift(access: str) -> None:
    with pytest.raises(gifts.CannotGive, match="open to everyone"):
        give(subscriber(), make_article(access=access))


def test_only_subscribers_give() -> None:
    with pytest.raises(gifts.CannotGive, match="for subscribers"):
        give(make_reader())


def test_none_are_given_where_the_publisher_allows_none() -> None:
    set_policy(gifts=0)
    with pytest.raises(gifts.CannotGive, match="no gift links"):
        give(subscriber())


def test_a_link_opens_so_many_browsers_each_counted_once() -> None:
    set_policy(gift_uses=2)
    token, one, two, three = give(subscriber()).token, make_device(), make_device(), make_device()
    assert gifts.accept(token=token, device=one) is State.GOOD
    assert gifts.accept(token=token, device=one) is State.GOOD, "it has it already"
    assert gifts.accept(token=token, device=two) is State.GOOD
    assert gifts.accept(token=token, device=three) is State.USED_UP
    assert gifts.accept(token=token, device=one) is State.GOOD
    assert (GiftLink.objects.get().uses, Grant.objects.filter(kind="gift").count()) == (2, 2)


def test_a_link_ends_and_is_taken_back(settings: Any) -> None:
    ada, device = subscriber(), make_device()
    given, other = give(ada), give(ada)
    gifts.accept(token=given.token, device=device)
    assert gifts.revoke(reader=ada, number=given.link.pk) and not gifts.revoke(reader=ada, number=given.link.pk)
    assert gifts.accept(token=given.token, device=make_device()) is State.REVOKED
    assert Grant.objects.get(kind="gift").fact().in_date(clock.now()), "whoever is reading goes on reading"
    assert not gifts.revoke(reader=make_reader("bob@example.org"), number=other.link.pk)
    move_clock(settings, day="2027-02-03")
    assert gifts.accept(token=other.token, device=make_device()) is State.EXPIRED


def test_a_withdrawn_article_opens_to_nobody_and_a_deleted_one_takes_its_links_along() -> None:
    article = make_article()
    token = give(subscriber(), article).token
    article.unpublish()
    assert gifts.accept(token=token, device=make_device()) is State.WITHDRAWN
    article.get_latest_revision().publish()
    assert gifts.accept(token=token, device=make_device()) is State.GOOD
    Article.objects.get().delete()
    assert gifts.find(token) == (State.UNKNOWN, None)


def test_a_closed_account_gives_nothing_more() -> None:
    ada = subscriber()
    token = give(ada).token
    Reader.objects.update(is_active=False)
    assert gifts.accept(token=token, device=make_device()) is State.REVOKED
    readers.delete(reader=ada)
    assert gifts.find(token)[0] is State.UNKNOWN


def test_what_is_held_is_told() -> None:
    ada = subscriber()
    give(ada)
    told = privacy.export(ada)["reading"]
    assert [link["opened"] for link in told["gift_links"]] == [0]
    assert {"what": "gift links made", "count": 1} in [
        {key: meter[key] for key in ("what", "count")} for meter in told["meters"]
    ]


def in_parallel(count: int, work: Any) -> None:
    def run(number: int) -> None:
        try:
            work(number)
        except gifts.CannotGive:
            pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_presses_at_once_make_no_more_than_are_left() -> None:
    set_policy(gifts=3)
    ada, articles = subscriber(), [make_article(f"No {n}") for n in range(8)]
    in_parallel(8, lambda n: give(ada, articles[n]))
    assert GiftLink.objects.count() == 3
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_browsers_at_once_are_no_more_than_the_link_opens() -> None:
    set_policy(gift_uses=3)
    token, devices = give(subscriber()).token, [make_device() for _ in range(8)]
    in_parallel(8, lambda n: gifts.accept(token=token, device=devices[n]))
    assert (GiftLink.objects.get().uses, Grant.objects.filter(kind="gift").count()) == (3, 3)
    connection.close()
