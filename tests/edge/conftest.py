"""Every test of the edge has one of its own, and journeys' browsers ask through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from edge.through import Through, make_edge
from front import journey
from masthead.access import networks
from masthead.core import remembered
from masthead.core.models import Publication


@pytest.fixture
def through(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Through]:
    """The edge that every browser made in this test asks."""
    Publication.load()  # made when it is first asked for, which is a change of everything
    networks.forget()  # another test's are in memory for a second
    handler = make_edge()
    monkeypatch.setattr(journey, "handler", handler)
    yield handler
    remembered.follow(None)
    networks.forget()


@pytest.fixture
def later(settings: Any) -> Callable[..., None]:
    """Moves the clock on: ``later(minutes=11)``."""

    def move(**by: float) -> None:
        offset = settings.MASTHEAD.clock_offset + int(timedelta(**by).total_seconds())
        settings.MASTHEAD = replace(settings.MASTHEAD, clock_offset=offset)

    return move
