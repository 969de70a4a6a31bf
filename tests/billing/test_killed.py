"""``kill -9`` of web and worker during purchases: a few rounds of what ``benchmarks/purchases_killed.py`` does with two hundred."""

from __future__ import annotations

import pytest

from benchmarks import purchases_killed


@pytest.mark.processes
def test_killed_during_purchases_nothing_is_paid_twice_or_lost() -> None:
    found = purchases_killed.run(8, pause=(0.3, 6.0))
    assert not found["wrong"], found
    assert sum(found["kills"].values()) >= 1, found
