"""The change log's numbers are in commit order, and a change that is rolled back was never logged."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from masthead.core import changelog
from masthead.core.models import Change


@pytest.mark.django_db
def test_keys_are_written_once_at_the_end_of_the_outermost_block() -> None:
    with changelog.transaction() as outer:
        outer.add("list")
        with changelog.transaction() as inner:
            inner.add("article:1", "list")
        assert not Change.objects.exists()
    assert list(Change.objects.order_by("number").values_list("key", flat=True)) == ["list", "article:1"]


@pytest.mark.django_db
def test_what_is_rolled_back_is_not_logged() -> None:
    with pytest.raises(RuntimeError), changelog.transaction() as changes:
        changes.add("list")
        raise RuntimeError
    assert not Change.objects.exists()
    with changelog.transaction():
        pass
    assert not Change.objects.exists()


@pytest.mark.django_db
def test_the_latest_number_of_some_keys() -> None:
    for key in ("visitor:a", "visitor:b", "list"):
        with changelog.transaction() as changes:
            changes.add(key)
    assert changelog.latest() > changelog.latest("visitor:b") > changelog.latest("visitor:a") > changelog.latest("visitor:c") == 0


@pytest.mark.django_db(transaction=True)
def test_a_later_number_never_commits_first() -> None:
    """Two transactions that would commit out of order: the second waits, so nobody who reads past it misses the first."""
    wrote, release, done = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with changelog.transaction() as outer:
                outer.add("slow")
                # reach inside: written but not committed yet
                changelog._write({"slow": None})
                outer.keys.clear()
                wrote.set()
                release.wait(10)
        finally:
            connection.close()

    def quick() -> None:
        try:
            with changelog.transaction() as changes:
                changes.add("quick")
            done.set()
        finally:
            connection.close()

    first = threading.Thread(target=slow)
    first.start()
    assert wrote.wait(10)
    second = threading.Thread(target=quick)
    second.start()
    assert not done.wait(0.5), "the later number was committed before the earlier one"
    release.set()
    first.join()
    second.join()
    assert list(Change.objects.order_by("number").values_list("key", flat=True)) == ["slow", "quick"]
