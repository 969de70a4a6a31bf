"""Newsletters' pages from memory: made once for everyone, and anew when an edition goes or is called off."""

from __future__ import annotations

from datetime import timedelta

import pytest

from edge.through import Through
from factories import make_edition, put_in
from front.journey import Browser
from masthead.core import changelog, clock
from masthead.newsletters import settling
from masthead.newsletters.freezing import freeze

pytestmark = pytest.mark.django_db

PATH = "/newsletters/daily/2026-11-23/"


def calls(through: Through) -> list[str]:
    return through.edge.application.calls  # type: ignore[attr-defined]


def test_pages_are_made_once_for_everyone(through: Through) -> None:
    make_edition()
    for path in ("/newsletters/", "/newsletters/daily/", PATH, "/newsletters/daily/feed.rss"):
        for n in range(3):
            assert Browser(f"192.0.2.{n}").get(path).status_code == 200
        assert calls(through).count(path) == 1, path


def test_an_edition_shows_as_soon_as_it_goes_and_is_gone_when_it_is_called_off(through: Through) -> None:
    edition = make_edition(state="approved", due=clock.now() - timedelta(minutes=1), subject="Straits and a vote")
    put_in(edition, "wire", headline="States agree")
    browser = Browser()
    paths = ("/newsletters/", "/newsletters/daily/", "/newsletters/daily/feed.rss")
    assert not any("Straits and a vote" in browser.get(path).content.decode() for path in paths)
    freeze(edition)
    assert all("Straits and a vote" in browser.get(path).content.decode() for path in paths)
    assert browser.get(PATH).status_code == 200
    settling.cancel(edition)
    assert browser.get(PATH).status_code == 404
    assert not any("Straits and a vote" in browser.get(path).content.decode() for path in paths)
    assert changelog.latest(changelog.EDITIONS)
