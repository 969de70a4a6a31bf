"""Two subjects tried on a sample: the one that drew more clicks a mail goes to the rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from factories import make_article, make_reader
from masthead.core import clock
from masthead.newsletters import editions, freezing
from masthead.newsletters.models import Delivery, Edition, EditionLink, LinkClicks, Newsletter, Tick

from .conftest import Clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def edition(make_newsletter: Callable[..., Newsletter], standing_clock: Clock) -> Edition:
    """On its way to forty readers, two tenths with each subject; the sample was submitted at once."""
    daily = make_newsletter()
    readers = [make_reader(f"reader{n}@example.org") for n in range(40)]
    Tick.objects.bulk_create([Tick(reader=reader, newsletter=daily, created=clock.now(), origin="page") for reader in readers])
    make_article("A Canal Is a Promise", dated=clock.now())
    row = Edition.objects.create(
        newsletter=daily, key="2026-11-23", date=clock.now().date(), due=clock.now(), since=clock.now(), subject="One",
        subject_b="Two", sample_percent=20, sample_wait=30,
    )  # fmt: skip
    freezing.freeze(row)
    row.deliveries.exclude(variant="").update(state=Delivery.State.SUBMITTED, settled=clock.now())
    EditionLink.objects.get_or_create(edition=row, number=1, defaults={"url": "https://example.org/"})
    return row


def click(edition: Edition, variant: str, count: int) -> None:
    link = edition.links.get(number=1)
    LinkClicks.objects.create(link=link, standing="registered", variant=variant, hour=clock.now(), count=count)


def rest(edition: Edition) -> set[tuple[str, datetime]]:
    waited = edition.deliveries.filter(state=Delivery.State.PENDING)
    return set(waited.values_list("variant", "due"))


def test_the_rest_waits_and_gets_the_better(edition: Edition, standing_clock: Clock) -> None:
    click(edition, "b", 9)
    click(edition, "a", 1)
    standing_clock.on(minutes=29)
    editions.tick()
    assert {variant for variant, _ in rest(edition)} == {""}
    moment = standing_clock.on(minutes=1)
    editions.tick()
    edition.refresh_from_db()
    assert edition.winner == "b" and rest(edition) == {("b", moment)}


def test_equal_is_the_first(edition: Edition, standing_clock: Clock) -> None:
    standing_clock.on(minutes=30)
    editions.tick()
    edition.refresh_from_db()
    assert edition.winner == "a"


def test_clicks_count_by_the_mails_that_could_draw_them(edition: Edition, standing_clock: Clock) -> None:
    sample = edition.deliveries.filter(variant="b")
    sample.exclude(pk=sample.first().pk).update(state=Delivery.State.REFUSED)
    click(edition, "a", 3)
    click(edition, "b", 2)  # of one mail
    standing_clock.on(minutes=30)
    editions.tick()
    edition.refresh_from_db()
    assert edition.winner == "b"


def test_the_wait_counts_from_the_first_mail_and_not_for_ever(edition: Edition, standing_clock: Clock) -> None:
    edition.deliveries.update(state=Delivery.State.PENDING, settled=None)
    standing_clock.on(hours=5)
    editions.tick()
    edition.refresh_from_db()
    assert edition.winner == ""
    standing_clock.on(hours=1)
    editions.tick()
    edition.refresh_from_db()
    assert edition.winner == "a"


def test_it_is_judged_once(edition: Edition, standing_clock: Clock) -> None:
    standing_clock.on(minutes=30)
    assert editions.judge(edition.pk, clock.now()) == "a"
    click(edition, "b", 100)
    assert editions.judge(edition.pk, clock.now()) == ""
