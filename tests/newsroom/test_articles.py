"""Articles in the newsroom: written, refused with a sentence, handed in, approved, previewed, moved to another address."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client
from django.urls import reverse
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file
from wagtail.models import Workflow
from wagtail.test.utils.form_data import inline_formset, nested_form_data, rich_text

from factories import CANARY, canary, make_article, make_author, make_reader
from masthead.articles.models import Article, ArticleIndex, Rendering
from masthead.core.models import Event, Publication
from newsroom_forms import add_url, form

pytestmark = [
    pytest.mark.django_db,
    # Wagtail leaves the temporary file of a new rendition to the collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def picture() -> Image:
    return Image.objects.create(title="A strait", file=get_test_image_file())


def test_one_click_to_an_empty_article(as_role):
    answer = as_role("Writer").get("/newsroom/write/")
    assert answer["Location"] == add_url()


def test_a_writer_hands_in_an_editor_approves_and_readers_see_it(as_role):
    writer, editor = as_role("Writer"), as_role("Editor")
    answer = writer.post(add_url(), form() | {"action-publish": "1"})
    assert not Article.objects.filter(live=True).exists(), "a writer does not publish"
    Article.objects.all().delete()
    answer = writer.post(add_url(), form() | {"action-submit": "1"})
    assert answer.status_code == 302
    article = Article.objects.get()
    assert (article.live, article.current_workflow_state.status) == (False, "in_progress")
    assert not Rendering.objects.exists()
    task = article.current_workflow_task_state
    approve = reverse("wagtailadmin_pages:workflow_action", args=[article.pk, "approve", task.pk])
    writer.post(approve, {})
    article.refresh_from_db()
    assert not article.live, "nobody approves their own"
    editor.post(approve, {})
    article.refresh_from_db()
    assert article.live and article.dated
    assert Rendering.objects.get(article=article).words
    assert Client().get(article.path_on_site).status_code == 200


@pytest.mark.parametrize("action", ["action-publish", "action-submit"])
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"picture": True}, "what the lead picture shows"),
        ({"title": "A headline that goes on " * 6}, "The headline has 143 characters; please shorten it to 120"),
        ({"standfirst": "Too long. " * 40}, "The standfirst has"),
        ({"body": []}, "without a text"),
    ],
)
def test_what_is_not_fit_to_be_read_stays_a_draft(as_role, changes, sentence, action):
    if changes.get("picture"):
        changes = {"picture": picture().pk, "picture_alt": ""}
    client = as_role("Editor")
    answer = client.post(add_url(), form(**changes) | {action: "1"})
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert not Article.objects.exists()
    assert client.post(add_url(), form(**changes)).status_code == 302, "a draft may be unfinished"
    article = Article.objects.get()
    assert not article.live
    # nor by handing an unfit draft to somebody who only presses "approve"
    answer = client.post(f"/newsroom/pages/{article.pk}/edit/", form(article, **changes) | {"action-submit": "1"})
    assert sentence in answer.content.decode()


def test_an_article_in_review_stays_fit(as_role):
    client = as_role("Editor")
    client.post(add_url(), form() | {"action-submit": "1"})
    article = Article.objects.get()
    answer = client.post(f"/newsroom/pages/{article.pk}/edit/", form(article, picture=picture().pk, picture_alt=""))
    assert "what the lead picture shows" in answer.content.decode()


def test_a_draft_of_a_published_article_may_be_unfinished(as_role):
    client = as_role("Editor")
    client.post(add_url(), form() | {"action-publish": "1"})
    article = Article.objects.get()
    assert article.live
    changed = form(article, picture=picture().pk, picture_alt="")
    assert client.post(f"/newsroom/pages/{article.pk}/edit/", changed).status_code == 302
    assert client.post(f"/newsroom/pages/{article.pk}/edit/", changed | {"action-publish": "1"}).status_code == 200
    article.refresh_from_db()
    assert article.picture_id is None


@pytest.mark.parametrize(
    "changes",
    [
        lambda: {"picture": picture().pk, "picture_alt": ""},
        lambda: {"body": [("picture", {"image": picture().pk, "alt": "", "caption": "", "credit": ""})]},
        lambda: {"body": [("picture", {"image": "", "alt": "", "caption": "", "credit": ""})]},
    ],
)
def test_what_is_kept_by_itself_may_be_unfinished(as_role, changes):
    client, changed = as_role("Editor"), changes()
    answer = client.post(add_url(), form(**changed), headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    article = Article.objects.get()
    edit = f"/newsroom/pages/{article.pk}/edit/"
    answer = client.post(edit, form(article, **changed), headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert client.post(edit, form(article, **changed) | {"action-publish": "1"}).status_code == 200
    article.refresh_from_db()
    assert not article.live


def test_a_scheduled_article_gets_its_date_when_it_appears(as_role):
    client = as_role("Editor")
    answer = client.post(add_url(), form(go_live_at="2099-01-01 06:00") | {"action-publish": "1"})
    assert answer.status_code == 302
    article = Article.objects.get()
    assert (article.live, article.dated) == (False, None)
    assert article.status_string == "scheduled"
    assert not Rendering.objects.exists()


def test_a_changed_slug_leaves_a_redirect(as_role, django_capture_on_commit_callbacks):
    client = as_role("Editor")
    client.post(add_url(), form() | {"action-publish": "1"})
    article = Article.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/newsroom/pages/{article.pk}/edit/", form(article, slug="the-narrow-sea") | {"action-publish": "1"})
    answer = Client().get("/articles/the-strait/")
    assert answer.status_code == 301
    assert answer["Location"].endswith("/articles/the-narrow-sea/")
    assert article.get_full_url() == "http://127.0.0.1:8000/articles/the-strait/"


@pytest.mark.parametrize(
    ("mode", "decision", "opens"),
    [
        ("anonymous", "register", False),
        ("choices", "choose", False),
        ("spent", "spent", False),
        ("subscriber", "subscription", True),
    ],
)
def test_preview_as_each_kind_of_reader_of_a_draft_nobody_saved(as_role, mode, decision, opens):
    client = as_role("Writer")
    body = [("paragraph", rich_text(f"<p>Teaser {n}</p>")) for n in range(3)] + [("paragraph", rich_text(f"<p>{CANARY}</p>"))]
    path = f"{add_url()}preview/"
    assert client.post(path, form(body=body)).json()["is_valid"]
    page = client.get(path, {"mode": mode, "in_preview_panel": "true"})
    assert page.status_code == 200
    text = page.content.decode()
    assert re.search(r'<article[^>]*data-decision="([a-z]+)"', text)[1] == decision
    assert (CANARY in text) == opens
    assert page["X-Frame-Options"] == "SAMEORIGIN"
    assert "public" not in page.get("Cache-Control", "")
    assert not Rendering.objects.exists() and not Article.objects.exists()


def test_previewing_a_change_stores_nothing(as_role):
    client, article = as_role("Editor"), make_article()
    before = Rendering.objects.values().get()
    path = f"/newsroom/pages/{article.pk}/edit/preview/"
    assert client.post(path, form(article, slug=article.slug)).json()["is_valid"]
    for mode in ("anonymous", "choices", "spent", "subscriber"):
        assert client.get(path, {"mode": mode}).status_code == 200
    assert Rendering.objects.values().get() == before
    assert not Event.objects.filter(kind__in=["unlock", "instant"]).exists()


def test_previews_and_drafts_are_nobody_elses(as_role):
    article = make_article(live=False)
    article.save_revision()
    reader = Client()
    reader.force_login(make_reader())
    for path in (
        f"/newsroom/pages/{article.pk}/edit/preview/?mode=subscriber",
        f"/newsroom/pages/{article.pk}/view_draft/?mode=subscriber",
        f"/newsroom/pages/{article.pk}/revisions/{article.latest_revision_id}/view/",
        f"/newsroom/api/main/pages/{article.pk}/?fields=*",
    ):
        for client in (Client(), reader):
            answer = client.get(path)
            assert answer.status_code == 302
            assert canary(article).encode() not in answer.content


def test_choosers_and_lists_never_carry_the_text(as_role):
    client = as_role("Writer")
    article = make_article()
    for path in (
        "/newsroom/articles/",
        "/newsroom/articles/results/?q=straits",
        "/newsroom/choose-page/search/?q=straits",
        f"/newsroom/choose-page/{ArticleIndex.objects.get().pk}/",
        "/newsroom/api/main/pages/?fields=*",
        f"/newsroom/api/main/pages/{article.pk}/?fields=*",
        "/newsroom/planner/",
        "/newsroom/",
    ):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert CANARY not in json.dumps(answer.content.decode()), path


def test_the_list_is_filtered_and_searched(as_role):
    client = as_role("Editor")
    make_article("Alpha", access="open", authors=[make_author("Tom Hale")])
    make_article("Beta", live=False)

    def found(query: str) -> set[str]:
        page = client.get(f"/newsroom/articles/?{query}").content.decode()
        return {name for name in ("Alpha", "Beta") if f">{name}<" in re.sub(r"\s+", "", page)}

    assert found("") == {"Alpha", "Beta"}
    assert found("status=live") == {"Alpha"}
    assert found("status=draft") == {"Beta"}
    assert found("access=open") == {"Alpha"}
    assert found("author=hale") == {"Alpha"}
    assert found("owner=me") == set()


def test_bodies_stay_in_the_database_while_listing(as_role, django_assert_max_num_queries):
    client = as_role("Editor")
    for n in range(10):
        make_article(f"Article {n}", authors=[make_author()])
    client.get("/newsroom/articles/")
    with django_assert_max_num_queries(60) as captured:
        client.get("/newsroom/articles/")
    assert not [
        query["sql"] for query in captured.captured_queries if '"articles_article"."body"' in query["sql"].partition("FROM")[0]
    ]


def test_the_workflow_is_there_after_a_migration(db):
    workflow = Workflow.objects.get(name="Editor approval")
    assert workflow.active
    assert ArticleIndex.objects.get().get_workflow() == workflow


def test_an_author_named_twice_is_a_sentence_and_no_error_page(as_role):
    client, author = as_role("Editor"), make_author()
    twice = nested_form_data({"bylines": inline_formset([{"author": author.pk}, {"author": author.pk}])})
    answer = client.post(add_url(), form() | twice | {"action-publish": "1"})
    assert answer.status_code == 200
    assert not Article.objects.exists()


@pytest.mark.parametrize(("zone", "stored"), [("America/New_York", "2019-03-01T05:00"), ("Europe/London", "2019-03-01T00:00")])
def test_a_date_is_read_in_the_publications_time_zone(as_role, zone, stored):
    publication = Publication.load()
    publication.timezone = zone
    publication.save()
    editor = as_role("Editor")
    assert editor.post(add_url(), form(dated="2019-03-01 00:00") | {"action-publish": "1"}).status_code == 302
    assert f"{Article.objects.get().dated:%Y-%m-%dT%H:%M}" == stored
