"""Previews: a draft as each kind of reader would see it, through the same decision, and never stored."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.test import RequestFactory

from factories import canary, make_article, set_policy
from masthead.articles.models import Rendering
from masthead.core.models import Change, Publication

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("access", "mode", "decision"),
    [
        ("metered", "anonymous", "register"),
        ("metered", "choices", "choose"),
        ("metered", "spent", "spent"),
        ("metered", "subscriber", "subscription"),
        ("subscribers", "choices", "subscribe"),
        ("subscribers", "subscriber", "subscription"),
        ("open", "spent", "open"),
    ],
)
def test_preview_as(access: str, mode: str, decision: str) -> None:
    draft = make_article("Draft", access=access, live=False)
    Publication.load()  # makes its row where there is none yet
    changes = Change.objects.count()
    response = draft.serve_preview(RequestFactory().get("/"), mode)
    page = BeautifulSoup(response.content, "html.parser")
    assert page.article["data-decision"] == decision
    assert (canary(draft) in page.get_text()) == (not page.select(".gate"))
    assert response["Cache-Control"] == "private, no-store" and response["X-Robots-Tag"] == "noindex"
    assert not Rendering.objects.filter(article=draft).exists() and Change.objects.count() == changes


def test_the_preview_shows_the_text_in_hand_not_what_was_published() -> None:
    article = make_article()
    article.body = [("paragraph", "<p>Rewritten.</p>"), ("paragraph", "<p>Twice.</p>")]
    article.title = "Another Title"
    html = article.serve_preview(RequestFactory().get("/"), "subscriber").content.decode()
    assert "Rewritten." in html and "Another Title" in html and canary(article) not in html


def test_choices_are_the_policys() -> None:
    set_policy(allowance=5)
    page = BeautifulSoup(make_article(live=False).serve_preview(RequestFactory().get("/"), "choices").content, "html.parser")
    assert page.h2.get_text() == "5 of your 5 free articles are left this month"
