"""Any number of schedulers at once make one edition a date, one draft mail, and freeze once. Real threads, real commits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.db import connection

from factories import make_article
from masthead.core import clock
from masthead.core.models import OutgoingMail
from masthead.newsletters import editions
from masthead.newsletters.models import Edition, Newsletter

from .conftest import Clock

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*works: Callable[[], object]) -> None:
    """Do ``works`` in threads that begin together; the first failure is raised here."""
    barrier, failures = threading.Barrier(len(works)), []

    def run(work: Callable[[], object]) -> None:
        try:
            barrier.wait()
            work()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_a_date_has_one_edition_and_it_is_frozen_once(
    make_newsletter: Callable[..., Newsletter], standing_clock: Clock, frozen: list[str]
) -> None:
    for slug in ("daily", "briefing"):
        make_newsletter(slug)
    make_article("A Canal Is a Promise", dated=clock.now())
    editions.tick()
    standing_clock.at("2026-11-23T05:00")
    at_once(*[editions.tick] * 6)
    assert Edition.objects.count() == 2
    assert OutgoingMail.objects.filter(kind="edition-draft").count() == 2
    assert [edition.items.count() for edition in Edition.objects.all()] == [1, 1]
    standing_clock.at("2026-11-23T06:00")
    at_once(*[editions.tick] * 6)
    assert sorted(frozen) == ["briefing:2026-11-23", "daily:2026-11-23"]


def test_an_edition_that_nobody_was_there_for_is_left_out_once(
    make_newsletter: Callable[..., Newsletter], standing_clock: Clock, frozen: list[str]
) -> None:
    make_newsletter()
    editions.tick()
    standing_clock.on(days=3)
    at_once(*[editions.tick] * 6)
    assert list(Edition.objects.values_list("state", flat=True)) == ["skipped"] * 3
    assert OutgoingMail.objects.filter(kind="edition-skipped").count() == 3


def test_one_press_that_comes_several_times_at_once_begins_one_edition(make_newsletter: Callable[..., Newsletter]) -> None:
    daily, press = make_newsletter(), uuid4()
    made: list[tuple[int, bool]] = []

    def begin(key: str) -> None:
        edition, new = editions.make_special(newsletter=daily, key=key, subject="The summit", press=press)
        made.append((edition.pk, new))

    # the later of two may have chosen another name, since it found the first's taken
    at_once(*(partial(begin, key) for key in ("summit", "summit-2") * 3))
    edition = Edition.objects.get()
    assert sorted(made) == [(edition.pk, False)] * 5 + [(edition.pk, True)]


def test_an_editors_hold_and_the_clock_meet(
    make_newsletter: Callable[..., Newsletter], standing_clock: Clock, frozen: list[str]
) -> None:
    """Whichever is first wins, and the other is told so: never an edition that is held and gone."""
    make_newsletter()
    for n in range(5):
        day = standing_clock.at(f"2026-11-{23 + n}T04:00")
        make_article(f"Article {n}", dated=day)
        editions.tick()
        standing_clock.on(hours=1)
        editions.tick()
        edition = Edition.objects.get(key=f"2026-11-{23 + n}")
        standing_clock.moment = edition.due + timedelta(seconds=1)
        refused: list[str] = []

        def hold() -> None:
            try:
                editions.hold(edition=edition)  # noqa: B023 - run before the next round
            except editions.NotNow as error:
                refused.append(str(error))  # noqa: B023

        at_once(editions.tick, hold)
        edition.refresh_from_db()
        assert (edition.state, edition.held, bool(refused)) in [("draft", True, False), ("sending", False, True)]
