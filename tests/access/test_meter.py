"""The meter cannot be raced, reset or spoofed; looking never spends. Real threads, on whichever database is under test."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from factories import make_article, make_device, make_reader, move_clock, set_policy
from masthead.access import services
from masthead.access.models import Grant
from masthead.access.policy import ArticleFacts, decide
from masthead.articles.models import Article
from masthead.core import changelog, clock
from masthead.core.models import Meter
from masthead.front import services as front
from masthead.readers import services as readers
from masthead.readers.models import Device, Reader


def facts(article: Article) -> ArticleFacts:
    return ArticleFacts(article.pk, article.access)


def in_parallel(call: Callable[[int], Any], times: int, threads: int = 20) -> list[Any]:
    """Call ``call(0..times-1)`` from real threads that start together; each closes its own connection."""
    barrier = Barrier(min(times, threads))

    def one(number: int) -> Any:
        if number < barrier.parties:
            barrier.wait()
        try:
            return call(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(times)))


def used(reader: Reader) -> int:
    policy = services.current_policy()
    visitor = services.visitor_of(reader, None, policy, clock.now())
    return policy.allowance - visitor.choices_left


@pytest.mark.django_db(transaction=True)
def test_forty_parallel_choices_with_one_left_open_exactly_one() -> None:
    set_policy(allowance=1)
    ada = make_reader("ada@example.org")
    articles = [make_article(f"Article {n}") for n in range(40)]
    choices = in_parallel(lambda n: services.choose(reader=ada, device=None, article=facts(articles[n])), 40)
    assert sum(choice.spent for choice in choices) == 1
    assert sum(choice.opened for choice in choices) == 1
    assert Grant.objects.filter(kind="unlock", reader=ada).count() == 1
    assert Meter.objects.get(scope="choice").count == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_article_chosen_in_parallel_costs_one() -> None:
    ada = make_reader("ada@example.org")
    article = make_article("Straits")
    choices = in_parallel(lambda _: services.choose(reader=ada, device=None, article=facts(article)), 20)
    assert all(choice.opened for choice in choices)
    assert sum(choice.spent for choice in choices) == 1
    assert used(ada) == 1


@pytest.mark.django_db(transaction=True)
def test_two_accounts_of_one_canonical_address_share_one_allowance_even_in_parallel() -> None:
    plain, tagged = make_reader("ada.l@gmail.com"), make_reader("adal+news@googlemail.com")
    assert plain.pk != tagged.pk
    articles = [make_article(f"Article {n}") for n in range(8)]
    choices = in_parallel(lambda n: services.choose(reader=(plain, tagged)[n % 2], device=None, article=facts(articles[n])), 8)
    assert sum(choice.spent for choice in choices) == 3


@pytest.mark.django_db(transaction=True)
def test_two_hundred_keep_reading_with_one_device_grant_one() -> None:
    device = make_device()
    articles = [make_article(f"Article {n}") for n in range(5)]
    in_parallel(
        lambda n: services.grant_instant(
            device=device, address=f"reader{n}@example.org", network="192.0.2.1", article=facts(articles[n % 5])
        ),
        200,
    )
    assert Grant.objects.filter(kind="instant", device=device).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_hundred_keep_reading_without_cookies_grant_the_networks_limit_at_most() -> None:
    article = make_article("Straits")

    def one(number: int) -> bool:
        return services.grant_instant(
            device=make_device(), address=f"reader{number}@example.org", network="192.0.2.1", article=facts(article)
        )

    granted = in_parallel(one, 200)
    assert sum(granted) == Grant.objects.filter(kind="instant").count() == 20


@pytest.mark.django_db
def test_one_typed_address_gets_two_instant_articles_a_period_whatever_its_tags() -> None:
    article = make_article("Straits")
    addresses = ["ada@gmail.com", "a.d.a@gmail.com", "ada+3@googlemail.com"]
    granted = [
        services.grant_instant(device=make_device(), address=address, network=f"192.0.2.{n}", article=facts(article))
        for n, address in enumerate(addresses)
    ]
    assert granted == [True, True, False]


@pytest.mark.django_db
def test_disposable_addresses_get_the_code_first() -> None:
    article = make_article("Straits")
    assert not services.grant_instant(
        device=make_device(), address="x@mailinator.com", network="192.0.2.1", article=facts(article)
    )


@pytest.mark.django_db
@pytest.mark.parametrize("access", ["subscribers", "open"])
def test_instant_access_is_for_metered_articles(access: str) -> None:
    article = make_article("Straits", access=access)
    assert not services.grant_instant(
        device=make_device(), address="ada@example.org", network="192.0.2.1", article=facts(article)
    )


@pytest.mark.django_db
def test_a_refused_instant_grant_counts_against_nobody() -> None:
    device = make_device()
    first, second = make_article("First"), make_article("Second")
    assert services.grant_instant(device=device, address="a@example.org", network="192.0.2.1", article=facts(first))
    assert not services.grant_instant(device=device, address="b@example.org", network="192.0.2.1", article=facts(second))
    assert Meter.objects.get(scope="instant-network").count == 1


@pytest.mark.django_db
def test_the_instant_article_is_not_one_of_the_three() -> None:
    ada, device = make_reader("ada@example.org"), make_device()
    article = make_article("Straits")
    services.grant_instant(device=device, address=ada.email, network="192.0.2.1", article=facts(article))
    assert used(ada) == 0
    choice = services.choose(reader=ada, device=device, article=facts(article))
    assert (choice.opened, choice.spent) == (True, False)
    assert used(ada) == 0


@pytest.mark.django_db
def test_choosing_what_is_already_open_costs_nothing_also_in_the_next_period(settings: Any) -> None:
    ada, article = make_reader("ada@example.org"), make_article("Straits")
    move_clock(settings, day="2026-11-25")
    assert services.choose(reader=ada, device=None, article=facts(article)).spent
    move_clock(settings, day="2026-12-05")  # a new month; the unlock of 25 November is still open
    choice = services.choose(reader=ada, device=None, article=facts(article))
    assert (choice.opened, choice.spent) == (True, False)
    assert used(ada) == 0


@pytest.mark.django_db
def test_an_unlock_stays_open_thirty_days_and_then_shuts(settings: Any) -> None:
    ada, article = make_reader("ada@example.org"), make_article("Straits")
    move_clock(settings, day="2026-11-25")
    services.choose(reader=ada, device=None, article=facts(article))
    policy = services.current_policy()
    unlocked = services.visitor_of(ada, None, policy, clock.now())
    assert decide(policy, facts(article), unlocked, clock.now() + timedelta(days=29)).opens
    assert not decide(policy, facts(article), unlocked, clock.now() + timedelta(days=30)).opens


@pytest.mark.django_db
def test_when_none_is_left_the_choice_opens_nothing() -> None:
    ada = make_reader("ada@example.org")
    for n in range(3):
        services.choose(reader=ada, device=None, article=facts(make_article(f"Article {n}")))
    choice = services.choose(reader=ada, device=None, article=facts(make_article("One too many")))
    assert (choice.opened, choice.spent) == (False, False)
    assert used(ada) == 3


@pytest.mark.django_db
def test_a_lowered_allowance_never_makes_left_negative() -> None:
    ada = make_reader("ada@example.org")
    for n in range(3):
        services.choose(reader=ada, device=None, article=facts(make_article(f"Article {n}")))
    set_policy(allowance=1)
    assert services.visitor_of(ada, None, services.current_policy(), clock.now()).choices_left == 0


@pytest.mark.django_db
def test_deleting_the_account_and_coming_back_refills_nothing() -> None:
    ada = make_reader("ada@example.org")
    for n in range(3):
        services.choose(reader=ada, device=None, article=facts(make_article(f"Article {n}")))
    readers.delete(reader=ada)
    again = make_reader("ada@example.org")
    assert used(again) == 3


@pytest.mark.django_db
def test_a_changed_address_carries_the_higher_count() -> None:
    ada, bob = make_reader("ada@example.org"), make_reader("bob@example.org")
    for n in range(3):
        services.choose(reader=ada, device=None, article=facts(make_article(f"Ada {n}")))
    services.choose(reader=bob, device=None, article=facts(make_article("Bob")))
    readers.delete(reader=bob)
    readers.change_address(reader=ada, address="bob@example.org")
    services.address_changed(old="ada@example.org", new="bob@example.org")
    ada.refresh_from_db()
    assert used(ada) == 3
    assert used(make_reader("ada@example.org")) == 3


@pytest.mark.django_db(transaction=True)
def test_an_address_cannot_be_changed_while_choices_race_past_the_allowance() -> None:
    ada = make_reader("ada@example.org")
    articles = [make_article(f"Article {n}") for n in range(12)]

    def step(number: int) -> None:
        if number == 5:
            with changelog.transaction():
                readers.change_address(reader=ada, address="ada@elsewhere.example")
                services.address_changed(old="ada@example.org", new="ada@elsewhere.example")
        else:
            services.choose(reader=Reader.objects.get(pk=ada.pk), device=None, article=facts(articles[number]))

    in_parallel(step, 12)
    for number in range(12):
        services.choose(reader=Reader.objects.get(pk=ada.pk), device=None, article=facts(articles[number]))
    assert Grant.objects.filter(kind="unlock", reader=ada).count() <= 3


@pytest.mark.django_db
def test_a_typed_address_makes_no_account() -> None:
    front.keep_reading(
        device=make_device(), address="ada@example.org", network="192.0.2.1", article=make_article("Straits"), ticks=[]
    )
    assert not Reader.objects.filter(email="ada@example.org").exists()
    assert Device.objects.count() == 1
