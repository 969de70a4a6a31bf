"""Addresses from our mail, asked for through the edge: passed on as they are and never kept; and editions named in an address."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from edge.through import Through
from factories import make_article, make_reader
from front import journey
from front.journey import Browser
from masthead.core import clock
from masthead.newsletters import clicks, links, services
from masthead.newsletters.models import Edition, EditionLink, LinkClicks, Newsletter, Tick
from masthead.readers.models import Reader

pytestmark = pytest.mark.django_db


def anybody() -> Client:
    client = Client()
    client.handler = journey.handler
    return client


@pytest.fixture
def ada(through: Through) -> Reader:
    Newsletter.objects.get_or_create(slug="daily", defaults={"title": "The Daily"})
    reader = make_reader()
    services.tick(reader=reader, slugs=["daily"], origin="account")
    return reader


def test_one_click_through_the_edge(ada: Reader) -> None:
    token = links.unsubscribe_token(ada.subject, "daily")
    response = anybody().post(f"/newsletters/unsubscribe/{token}/", {"List-Unsubscribe": "One-Click"})
    assert response.status_code == 200
    assert not Tick.objects.exists()


def test_pages_of_a_signed_address_are_never_kept(ada: Reader, through: Through) -> None:
    for path in (
        f"/newsletters/unsubscribe/{links.unsubscribe_token(ada.subject, 'daily')}/",
        f"/newsletters/preferences/{links.preferences_token(ada.subject)}/",
    ):
        for _ in range(2):
            assert anybody().get(path)["Cache-Control"] == "private, no-store"
        assert through.edge.application.calls.count(path) == 2
        assert not any(path.encode() in key for key in through.edge.store.pages)


def test_a_head_of_a_counted_link_stays_one(ada: Reader) -> None:
    now = clock.now()
    fields: dict[str, Any] = {"date": now.date(), "due": now, "since": now, "frozen": now, "state": "sending"}
    edition = Edition.objects.create(newsletter=Newsletter.objects.get(slug="daily"), key="2026-11-23", **fields)
    EditionLink.objects.create(edition=edition, number=1, url="https://elsewhere.example/")
    path = f"/newsletters/go/{clicks.token(edition.pk, 1, 'registered', 'a')}/"
    assert anybody().head(path).status_code == 302
    assert not LinkClicks.objects.exists()
    assert anybody().get(path).status_code == 302
    assert LinkClicks.objects.get().count == 1


def test_an_edition_named_in_the_address_is_the_same_page(through: Through) -> None:
    article = make_article()
    plain = Browser().get(article.path_on_site)
    calls = len(through.edge.application.calls)
    for via in ("daily.2026-11-23", "daily.2026-11-24", "anything"):
        response = Browser().get(f"{article.path_on_site}?via={via}")
        assert response.content == plain.content
        assert response["Cache-Control"] == plain["Cache-Control"]
    assert len(through.edge.application.calls) == calls, "answered from memory"


def test_the_offer_asked_for_from_an_editions_article_is_led_on_and_kept_by_nobody(through: Through) -> None:
    article = make_article()
    offer = f"/subscribe/?article={article.slug}"
    plain = anybody().get(offer)
    from_edition = {"HTTP_REFERER": f"http://testserver{article.path_on_site}?via=daily.2026-11-23"}
    for _ in range(2):
        led = anybody().get(offer, **from_edition)
        assert (led.status_code, led["Location"]) == (302, f"{offer}&via=daily.2026-11-23")
    calls = len(through.edge.application.calls)
    assert anybody().get(led["Location"], **from_edition).content == plain.content
    assert anybody().get(offer).content == plain.content
    assert len(through.edge.application.calls) == calls, "both from memory"


def test_a_page_first_asked_for_with_an_edition_is_everybodys(through: Through) -> None:
    article = make_article()
    assert b"daily.2026" not in Browser().get(f"{article.path_on_site}?via=daily.2026-11-23").content
    calls = len(through.edge.application.calls)
    Browser().get(article.path_on_site)
    assert len(through.edge.application.calls) == calls
