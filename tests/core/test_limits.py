"""Hourly limits slide, are shared by everyone who counts, and cannot be raced."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from masthead.core import limits
from masthead.core.models import Attempt


@pytest.mark.django_db
def test_one_more_than_the_limit_is_named() -> None:
    answers = [limits.over_hourly({"address": ("ada", 3), "network": ("here", 99)}) for _ in range(4)]
    assert answers == [[], [], [], ["address"]]


@pytest.mark.django_db
def test_the_hour_slides(settings: Any) -> None:
    start = settings.MASTHEAD
    for _ in range(3):
        limits.over_hourly({"address": ("ada", 3)})
    settings.MASTHEAD = replace(start, clock_offset=start.clock_offset + 1800)
    assert limits.over_hourly({"address": ("ada", 3)}) == ["address"]
    settings.MASTHEAD = replace(start, clock_offset=start.clock_offset + 3601)
    assert limits.over_hourly({"address": ("ada", 3)}) == []


@pytest.mark.django_db
def test_what_is_limited_is_not_stored_readably() -> None:
    limits.over_hourly({"address": ("ada@example.org", 3)})
    assert "ada" not in Attempt.objects.get().key


@pytest.mark.django_db(transaction=True)
def test_parallel_attempts_are_all_counted() -> None:
    def once(_: int) -> bool:
        try:
            return bool(limits.over_hourly({"network": ("here", 25)}))
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        over = list(pool.map(once, range(40)))
    assert sum(over) == 15
