"""Publishing and withdrawing are done whole or not at all, and told with what they change: whoever does it may be killed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from wagtail.actions.unpublish_page import UnpublishPageAction

from factories import make_article
from masthead.articles import services
from masthead.articles.models import Article
from masthead.core import changelog, clock
from masthead.site import chores

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """Stands for SIGKILL: nothing that follows is done."""


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever publishes or withdraws is killed once the page is written, before anybody is told."""

    def die(**_: Any) -> None:
        raise Killed

    monkeypatch.setattr(services, "render", die)
    monkeypatch.setattr(services, "withdrawn", die)


def test_who_is_killed_while_publishing_has_published_nothing(request: pytest.FixtureRequest) -> None:
    article = make_article("Why Straits Matter", access="open")
    article.title, article.access = "Why Canals Matter", "subscribers"
    revision = article.save_revision()
    request.getfixturevalue("killed")
    with pytest.raises(Killed):
        revision.publish()
    assert Article.objects.values_list("title", "access").get(pk=article.pk) == ("Why Straits Matter", "open")


def test_what_is_scheduled_is_published_though_a_worker_was_killed_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    article = make_article("Why Straits Matter", live=False)
    article.go_live_at = clock.now() - timedelta(minutes=1)
    revision = article.save_revision(approved_go_live_at=article.go_live_at)
    with monkeypatch.context() as patch:
        patch.setattr(Article, "save", lambda *args, **kwargs: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            chores.publish_scheduled()
    revision.refresh_from_db()
    assert revision.approved_go_live_at is not None
    chores.publish_scheduled()
    assert Article.objects.get(pk=article.pk).live


@pytest.mark.parametrize("how", ["unpublish", "newsroom", "expired"])
def test_who_is_killed_once_it_is_withdrawn_has_told_so(how: str, request: pytest.FixtureRequest) -> None:
    article = make_article()
    if how == "expired":
        Article.objects.filter(pk=article.pk).update(expire_at=clock.now() - timedelta(minutes=1))
    before = changelog.latest()
    request.getfixturevalue("killed")
    ways = {
        "unpublish": article.unpublish,
        "newsroom": lambda: UnpublishPageAction(article).execute(),
        "expired": chores.publish_scheduled,
    }
    with pytest.raises(Killed):
        ways[how]()
    assert not Article.objects.get(pk=article.pk).live
    assert {changelog.article(article.pk), changelog.LIST} <= {key for _, key in changelog.state(before, timedelta(0))[1]}


def test_a_draft_that_is_saved_tells_nobody() -> None:
    article = make_article(live=False)
    before = changelog.latest()
    article.title = "Another"
    article.save_revision()
    article.save()
    assert changelog.latest() == before


def test_pictures_are_made_after_the_transaction(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    made = []
    monkeypatch.setattr(services.pictures, "prepare", made.append)
    with django_capture_on_commit_callbacks() as callbacks:
        make_article()
    assert not made
    assert callbacks
    for callback in callbacks:
        callback()
    assert made == [None]
