"""What tests of newsletters share: a clock that stands where the test puts it, a Daily, and who was mailed what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from masthead.core import clock
from masthead.core.models import Publication
from masthead.newsletters.models import Edition, Newsletter, NewsletterBlock


class Clock:
    """The one clock, standing still until a test moves it."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def at(self, text: str) -> datetime:
        """Put it to ``text`` ("2026-11-23T06:00", UTC)."""
        self.moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
        return self.moment

    def on(self, **delta: float) -> datetime:
        self.moment += timedelta(**delta)
        return self.moment


@pytest.fixture
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    one = Clock()
    monkeypatch.setattr(clock, "now", one)
    yield one


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Editions are frozen without mailing anybody; their names stand here in the order they went."""
    from masthead.newsletters import editions

    went: list[str] = []

    def freeze(edition: Edition) -> None:
        went.append(str(edition))
        edition.state, edition.frozen = Edition.State.SENDING, clock.now()
        edition.save(update_fields=["state", "frozen"])

    monkeypatch.setattr(editions, "_freeze", freeze)
    return went


@pytest.fixture
def make_newsletter(db: None) -> Callable[..., Newsletter]:
    """Makes a newsletter with the blocks named; by default a Daily on weekdays at six in London."""

    def make(
        slug: str = "daily", *, blocks: str = "wire latest radar library", zone: str = "Europe/London", **fields: Any
    ) -> Newsletter:
        publication = Publication.load()
        publication.timezone = zone
        publication.save()
        fields = {
            "title": f"The {slug.title()} Review",
            "weekdays": "12345",
            "hour": time(6),
            "editors": "desk@example.org",
        } | fields
        row = Newsletter.objects.create(slug=slug, **fields)
        for order, kind in enumerate(blocks.split()):
            NewsletterBlock.objects.create(newsletter=row, kind=kind, sort_order=order, most=1 if kind == "library" else 5)
        return row

    return make
