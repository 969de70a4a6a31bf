"""Old minutes become hours, old hours days; what was counted stays the same."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.db.models import Sum

from masthead.core.models import Publication
from masthead.insights import chores, store
from masthead.insights.models import ViewCount

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, 20, tzinfo=UTC)
KOLKATA = ZoneInfo("Asia/Kolkata")
Key = tuple[datetime, int, str, str, bool]


def counted(*rows: tuple[datetime, int]) -> None:
    for minute, count in rows:
        with transaction.atomic():
            store.add_counts([((minute, 7, "anonymous", "open", False), count)])


def left() -> list[tuple[datetime, int, int]]:
    return list(ViewCount.objects.order_by("minute").values_list("minute", "count", "span"))


def test_minutes_older_than_two_days_become_hours() -> None:
    old, young = NOW - timedelta(days=3), NOW - timedelta(hours=47)
    counted((old, 1), (old + timedelta(minutes=1), 2), (old - timedelta(minutes=20), 4), (young, 8))
    assert chores.roll_up(NOW) == 3
    assert left() == [(old.replace(minute=0), 7, 60), (young, 8, 1)]


def test_hours_older_than_ninety_days_become_days() -> None:
    old = datetime(2026, 8, 1, 9, 30, tzinfo=UTC)
    counted((old, 1), (old + timedelta(hours=5), 2))
    chores.roll_up(NOW)
    assert left() == [(datetime(2026, 8, 1, tzinfo=UTC), 3, 1440)]


def test_rolling_up_again_changes_nothing() -> None:
    counted((NOW - timedelta(days=3), 1), (NOW - timedelta(days=120), 2), (NOW, 4))
    chores.roll_up(NOW)
    before = left()
    assert chores.roll_up(NOW) == 0
    assert left() == before


def test_a_straggler_is_added_to_its_hour() -> None:
    old = NOW - timedelta(days=3)
    counted((old, 1))
    chores.roll_up(NOW)
    counted((old.replace(minute=0), 2), (old.replace(minute=5), 4))
    chores.roll_up(NOW)
    assert left() == [(old.replace(minute=0), 7, 60)]


def test_an_hour_is_rolled_up_whole_or_not_at_all() -> None:
    old = NOW - timedelta(days=3)
    counted((old, 1), (old + timedelta(minutes=1), 2))
    with patch.object(store, "add_counts", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        chores.roll_up(NOW)
    assert [count for _, count, _ in left()] == [1, 2]


def test_robots_lose_the_article_with_the_minute() -> None:
    old = NOW - timedelta(days=3)
    rows: list[tuple[Key, int]] = [((old, number, "anonymous", "open", True), 1) for number in range(1, 50)]
    store.add_counts(rows)
    chores.roll_up(NOW)
    row = ViewCount.objects.get()
    assert (row.article, row.robot, row.count) == (0, True, 49)


@pytest.mark.parametrize("timezone", ["UTC", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe"])
def test_sums_and_days_stay_what_they_were_in_any_time_zone(timezone: str) -> None:
    Publication.load()
    Publication.objects.update(timezone=timezone)
    where, chance = ZoneInfo(timezone), random.Random(timezone)
    rows: dict[Key, int] = {}
    for _ in range(400):
        # over the change of clocks, and more than ninety days back
        minute = (NOW - timedelta(minutes=chance.randrange(110 * 1440))).replace(second=0)
        rows[minute, chance.randrange(1, 4), "anonymous", chance.choice(["open", "register"]), chance.random() < 0.3] = 3
    store.add_counts(sorted(rows.items()))

    def sums() -> dict[tuple[str, bool], int]:
        found = ViewCount.objects.values_list("decision", "robot").annotate(sum=Sum("count")).order_by()
        return {(decision, robot): total for decision, robot, total in found}

    def days() -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        for row in ViewCount.objects.all():
            key = (f"{row.minute.astimezone(where):%Y-%m-%d}", row.decision)
            found[key] = found.get(key, 0) + row.count
        return found

    before = (sums(), days())
    chores.roll_up(NOW)
    assert (sums(), days()) == before
    assert ViewCount.objects.exclude(span=1).exists()
    assert chores.roll_up(NOW) == 0


def test_an_hour_in_kolkata_begins_at_half_past() -> None:
    assert chores.beginning(NOW, 60, KOLKATA) == datetime(2026, 11, 23, 11, 30, tzinfo=UTC)
    assert chores.beginning(NOW, 1440, KOLKATA) == datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
