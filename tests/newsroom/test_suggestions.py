"""Topics found in an article's text, in its editor: offered, ticked with one click, left out for good."""

from __future__ import annotations

import re

import pytest
from wagtail.test.utils.form_data import rich_text

from factories import make_article, make_topic
from masthead.articles.models import Article
from masthead.library import suggestions
from masthead.library.models import TopicSuggestion
from newsroom_forms import add_url, form

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

KENYA = ["Kenya votes today.", "Kenyans wait in Nairobi.", "In Kenya the count begins."] * 3
BODY = [("paragraph", rich_text(f"<p>{text}</p>")) for text in KENYA]


@pytest.fixture
def topic(db):
    return make_topic("Kenya", "country", code="KE")


@pytest.fixture
def article(topic):
    article = make_article("Kenya votes", paragraphs=KENYA)
    suggestions.refresh(article=article)
    return article


def state() -> str:
    return TopicSuggestion.objects.get().state


def drafted(article: Article) -> set[str]:
    return {topic.name for topic in Article.objects.get(pk=article.pk).get_latest_revision_as_object().topics.all()}


def test_saving_a_new_article_finds_its_topics_and_saving_it_ticked_takes_them(as_role, topic):
    writer = as_role("Writer")
    answer = writer.post(add_url(), form(title="Kenya votes", body=BODY))
    assert answer.status_code == 302
    article = Article.objects.get()
    assert state() == "offered"
    page = writer.get(f"/newsroom/pages/{article.pk}/edit/").content.decode()
    assert f'data-topic="{topic.pk}" data-name="Kenya"' in page
    assert "Kenya (6), Kenyans (3), Nairobi (3)" in page
    ticked = form(article, title="Kenya votes", body=BODY) | {"topics": [topic.pk]}
    answer = writer.post(f"/newsroom/pages/{article.pk}/edit/", ticked)
    assert answer.status_code == 302
    assert state() == "accepted"
    assert f'data-topic="{topic.pk}"' not in writer.get(f"/newsroom/pages/{article.pk}/edit/").content.decode()


def test_many_topics_can_be_looked_through_and_what_is_ticked_stands_first(as_role, topic):
    make_topic("Albania", "country")
    article = make_article(topics=[topic])
    page = as_role("Editor").get(f"/newsroom/pages/{article.pk}/edit/").content.decode()
    boxes = page[page.rindex("data-ticks") : page.index("data-found")]
    assert "Look for" in boxes and "Two or three" in page
    assert boxes.index("Kenya") < boxes.index("Albania")
    assert "newsroom/ticks" in page


def test_an_empty_editor_has_a_place_for_them(as_role):
    page = as_role("Writer").get(add_url()).content.decode()
    assert 'data-found data-article=""' in page
    assert "Once a draft is saved" in page


def test_the_script_is_a_file_of_its_own_and_nothing_is_inline(as_role, article):
    page = as_role("Editor").get(f"/newsroom/pages/{article.pk}/edit/").content.decode()
    assert re.search(r'<script src="[^"]*newsroom/suggestions[^"]*\.js" defer></script>', page)
    panel = page[page.index("data-found ") : page.index("data-found-plain")]
    assert not re.search(r"<script|style=|\son\w+=", panel)


def test_without_scripts_a_page_of_forms_adds_to_the_draft(as_role, article, topic):
    editor = as_role("Editor")
    where = f"/newsroom/topics-found/{article.pk}/"
    assert f'href="{where}"' in editor.get(f"/newsroom/pages/{article.pk}/edit/").content.decode()
    assert f'name="accept" value="{topic.pk}"' in editor.get(where).content.decode()
    answer = editor.post(f"{where}answer/", {"accept": topic.pk})
    assert (answer.status_code, answer["Location"]) == (303, where)
    assert "Kenya is among the draft&#x27;s topics now." in editor.get(where).content.decode()
    assert drafted(article) == {"Kenya"}
    assert not Article.objects.get(pk=article.pk).topics.exists(), "nothing is published"


def test_what_is_left_out_is_not_offered_again(as_role, article, topic):
    editor = as_role("Editor")
    answer = editor.post(
        f"/newsroom/topics-found/{article.pk}/answer/", {"dismiss": topic.pk}, headers={"X-Requested-With": "XMLHttpRequest"}
    )
    assert answer.json() == {"done": True, "sentence": "Kenya will not be offered for this article again."}
    editor.post(f"/newsroom/pages/{article.pk}/edit/", form(article, title="Kenya votes", body=BODY))
    assert state() == "dismissed"
    assert "Nothing to offer" in editor.get(f"/newsroom/topics-found/{article.pk}/?list").content.decode()


def test_looking_changes_nothing(as_role, article):
    editor = as_role("Editor")
    for path in (f"/newsroom/topics-found/{article.pk}/", f"/newsroom/topics-found/{article.pk}/?list"):
        assert editor.get(path).status_code == 200
    assert editor.get(f"/newsroom/topics-found/{article.pk}/answer/").status_code == 405
    assert state() == "offered" and article.revisions.count() == 1


@pytest.mark.parametrize("chosen", ["", "x", "0", "999999", "9" * 40, "²"])
def test_no_such_topic(as_role, article, chosen):
    answer = as_role("Editor").post(f"/newsroom/topics-found/{article.pk}/answer/", {"accept": chosen})
    assert answer.status_code == 404
    assert state() == "offered"


def test_whoever_may_not_edit_an_article_sees_and_answers_nothing(as_role, article, topic):
    writer = as_role("Writer")  # somebody else's article
    where = f"/newsroom/topics-found/{article.pk}/"
    assert writer.get(where).status_code in (302, 403)
    assert writer.post(f"{where}answer/", {"accept": topic.pk}).status_code in (302, 403)
    assert state() == "offered" and drafted(article) == set()
