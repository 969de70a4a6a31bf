"""What an article's page goes on to: chosen beforehand, stored, and logged where it changed."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from factories import make_article
from masthead.articles import services
from masthead.articles.models import Article, MoreFrom, Rendering
from masthead.articles.services import MOST_MORE, store_more
from masthead.core import changelog, clock
from masthead.library import onward

pytestmark = pytest.mark.django_db


def logged(after: int) -> list[str]:
    return [key for _, key in changelog.state(after, services.clock.now() - services.clock.now())[1]]


def test_what_is_stored_is_ordered_without_repeats_and_without_the_article_itself() -> None:
    one, two, three = (make_article(f"No {n}") for n in range(3))
    assert store_more(more={one.pk: [three.pk, one.pk, two.pk, three.pk]}) == 1
    assert MoreFrom.objects.get(article=one).numbers == [three.pk, two.pk]
    store_more(more={two.pk: range(10**6, 10**6 + 100)})
    assert len(MoreFrom.objects.get(article=two).numbers) == MOST_MORE


def test_only_those_whose_choice_changed_are_logged() -> None:
    one, two, three = (make_article(f"No {n}") for n in range(3))
    before = changelog.latest()
    assert store_more(more={one.pk: [two.pk], two.pk: [one.pk], three.pk: []}) == 3
    assert sorted(logged(before)) == sorted(changelog.more(article.pk) for article in (one, two, three))
    made, before = MoreFrom.objects.get(article=one).made, changelog.latest()
    assert store_more(more={one.pk: [two.pk], two.pk: [three.pk, one.pk], three.pk: []}) == 1
    assert logged(before) == [changelog.more(two.pk)]
    assert MoreFrom.objects.get(article=one).made > made, "it was chosen anew, and the same"
    before = changelog.latest()
    assert store_more(more={one.pk: [two.pk]}) == store_more(more={}) == 0 and logged(before) == []


def test_what_was_rendered_by_a_clock_that_is_ahead_is_chosen_for_once() -> None:
    one, two = make_article("No 1"), make_article("No 2")
    Rendering.objects.filter(article=one).update(rendered=clock.now() + timedelta(hours=1))
    for _ in range(2):  # what is new, and what is the same
        store_more(more={one.pk: [two.pk], two.pk: [one.pk]})
        assert onward.waiting() == []


def test_an_article_that_is_gone_is_passed_over() -> None:
    one = make_article()
    assert store_more(more={one.pk: [5], 10**9: [one.pk]}) == 1
    assert MoreFrom.objects.count() == 1
    one.delete()
    assert not MoreFrom.objects.exists()


def test_many_are_stored_in_bounded_statements(django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "_AT_ONCE", 4)
    numbers = [make_article(f"No {n}").pk for n in range(10)]
    with django_assert_max_num_queries(3 * 3 + 4):  # three statements for each of three parts; the transaction and its log
        assert store_more(more={here: [there] for here, there in pairwise(numbers)}) == 9
    assert dict(MoreFrom.objects.values_list("article", "numbers")) == {here: [there] for here, there in pairwise(numbers)}


def test_publishing_again_keeps_what_was_stored() -> None:
    one = make_article()
    store_more(more={one.pk: [7]})
    again = Article.objects.get(pk=one.pk).get_latest_revision_as_object()
    again.title = "Another headline"
    again.save_revision().publish()
    assert MoreFrom.objects.get(article=one).numbers == [7]
