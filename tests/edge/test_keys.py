"""Keys rotate: a pass under a former secret key is good for the rest of its ten minutes, one under a removed key for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from django.core import signing

from edge.through import Through, make_edge
from factories import make_article, make_comp, make_reader
from front import journey
from front.journey import Browser
from masthead.access import passes
from masthead.core import clock, remembered
from masthead.front import visitors
from masthead.readers import devices

pytestmark = pytest.mark.django_db

NEW = "a new secret key, as long as anybody could wish for it to be"


@pytest.fixture
def rotate(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Through]]:
    """Restarts with a new secret key: ``rotate(keep=True)`` keeps the one before among the former ones."""

    def restart(*, keep: bool) -> Through:
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY] if keep else []
        settings.SECRET_KEY = NEW
        # made when a process starts
        monkeypatch.setattr(devices, "_signer", signing.Signer(salt="masthead.device"))
        journey.handler = make_edge()
        return journey.handler

    yield restart
    journey.handler = None
    remembered.follow(None)


def kid(browser: Browser) -> str:
    return str(jwt.get_unverified_header(browser.cookies["masthead_pass"].value)["kid"])


def same(browser: Browser) -> Browser:
    """The browser, asking the server as it is now."""
    browser.handler = journey.handler
    return browser


def test_a_pass_under_a_former_key_is_answered_from_memory(through: Through, rotate: Callable[..., Through]) -> None:
    article, reader = make_article(), make_reader()
    make_comp(reader)
    browser = Browser().log_in(reader)
    before = kid(browser)
    edge = rotate(keep=True)
    for _ in range(3):
        assert same(browser).decision(article) == "comp"
    assert edge.edge.application.calls == [article.path_on_site]  # type: ignore[attr-defined]
    assert kid(browser) == before


def test_it_is_replaced_by_one_under_the_new_key_when_it_ends(
    through: Through, rotate: Callable[..., Through], later: Callable[..., None]
) -> None:
    article, reader = make_article(), make_reader()
    make_comp(reader)
    browser = Browser().log_in(reader)
    before = kid(browser)
    rotate(keep=True)
    later(minutes=11)
    assert same(browser).decision(article) == "comp"
    assert kid(browser) == next(iter(visitors.signing_keys())) != before


def test_under_a_removed_key_nobody_is_known(through: Through, rotate: Callable[..., Through]) -> None:
    article, reader = make_article(), make_reader()
    make_comp(reader)
    browser = Browser().log_in(reader)
    assert browser.decision(article) == "comp"
    held = browser.cookies["masthead_pass"].value
    rotate(keep=False)
    assert passes.read(held, visitors.signing_keys(), clock.now()) is None
    for _ in range(2):
        assert same(browser).decision(article) == "register"


def test_a_removed_keys_pass_alone_opens_nothing(through: Through, rotate: Callable[..., Through]) -> None:
    article, reader = make_article(), make_reader()
    make_comp(reader)
    thief = Browser("192.0.2.66")
    thief.cookies["masthead_pass"] = Browser().log_in(reader).cookies["masthead_pass"].value
    rotate(keep=False)
    for _ in range(2):
        assert same(thief).decision(article) == "register"
