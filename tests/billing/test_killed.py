"""``kill -9`` of web and worker during purchases: a few of what ``benchmarks/purchases_killed.py`` does with two hundred."""

from __future__ import annotations

import os

import pytest

from benchmarks import purchases_killed
from publications import Publications


@pytest.mark.processes
def test_killed_during_purchases_nothing_is_paid_twice_or_lost(publications: Publications) -> None:
    # a publication of its own, on SQLite: the database under test is not to be written to
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MASTHEAD_", "DJANGO_"))}
    found = purchases_killed.run(8, pause=(0.2, 1.5), environ=clean, prepare=publications.empty)
    assert not found["wrong"], found
    assert sum(found["kills"].values()) >= 1, found
