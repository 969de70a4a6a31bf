"""Two topics made one: nothing that hung on the first is lost, and its address leads on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from factories import make_article, make_reader, make_topic
from masthead.articles.models import Article, KeyArticle, Milestone, Relation, Topic
from masthead.core import clock
from masthead.core.models import Change
from masthead.library import keeping
from masthead.library.models import Follow, PrivateFeed, SavedSearch, TopicSuggestion
from masthead.newsletters.models import RadarEvent
from masthead.newsroom import merging
from masthead.newsroom.merging import CannotMerge, merge

pytestmark = pytest.mark.django_db


@pytest.fixture
def by() -> Any:
    return make_reader("editor@example.org", is_staff=True, is_superuser=True)


@pytest.fixture
def burma() -> Topic:
    return make_topic("Burma", aliases="Union of Burma", introduction="Told of Burma.")


@pytest.fixture
def myanmar() -> Topic:
    return make_topic("Myanmar", "country", code="MM")


def names(article: Article) -> set[str]:
    return set(Article.objects.get(pk=article.pk).topics.values_list("name", flat=True))


def test_articles_drafts_and_what_is_scheduled_go_over(burma: Topic, myanmar: Topic, by: Any) -> None:
    one, both = make_article(topics=[burma]), make_article(topics=[burma, myanmar])
    draft = one.get_latest_revision_as_object()
    draft.title = "Newer"
    draft.save_revision()
    scheduled = make_article(live=False)
    scheduled.topics = [burma]
    scheduled.go_live_at = clock.now() + timedelta(days=1)
    scheduled.save_revision(approved_go_live_at=scheduled.go_live_at)
    Change.objects.all().delete()
    assert merge(topic=burma, into=myanmar, by=by) == 2
    assert names(one) == names(both) == {"Myanmar"}
    assert {f"article:{one.pk}", f"article:{both.pk}", "list"} <= set(Change.objects.values_list("key", flat=True))
    for article in (one, scheduled):
        Article.objects.get(pk=article.pk).get_latest_revision().publish()
    assert names(one) == names(scheduled) == {"Myanmar"}


def test_its_names_and_words_go_over_and_its_address_leads_there(burma: Topic, myanmar: Topic, by: Any, client: Client) -> None:
    merge(topic=burma, into=myanmar, by=by)
    myanmar.refresh_from_db()
    assert myanmar.aliases.splitlines() == ["Burma", "Union of Burma"]
    assert (myanmar.introduction, myanmar.code) == ("Told of Burma.", "MM")
    assert not Topic.objects.filter(name="Burma").exists()
    for path in ("/topics/burma/", "/topics/burma/feed.rss"):
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (301, path.replace("burma", "myanmar"))


def test_members_key_articles_and_the_radar(burma: Topic, myanmar: Topic, by: Any) -> None:
    first, second = make_article(), make_article()
    asean = make_topic("ASEAN", "group")
    asean.members.add(burma)
    for topic, articles in ((myanmar, [first]), (burma, [first, second])):
        for place, article in enumerate(articles):
            KeyArticle.objects.create(topic=topic, article=article, sort_order=place)
    event = RadarEvent.objects.create(title="A vote", starts=date(2027, 1, 1))
    event.topics.add(burma)
    merge(topic=burma, into=myanmar, by=by)
    assert set(asean.members.all()) == set(event.topics.all()) == {myanmar}
    kept = KeyArticle.objects.order_by("sort_order").values_list("topic", "article")
    assert list(kept) == [(myanmar.pk, first.pk), (myanmar.pk, second.pk)]


def test_relations_go_over_and_two_with_the_same_become_one(burma: Topic, myanmar: Topic, by: Any, client: Client) -> None:
    india, japan = make_topic("India", "country"), make_topic("Japan", "country")

    def relation(one: Topic, other: Topic, told: str, day: str) -> None:
        row = Relation.objects.create(first=one, second=other, introduction=told)
        Milestone.objects.create(relation=row, date=day, text=f"{told} happened")

    relation(burma, india, "Burma and India", "1948-01-04")
    relation(myanmar, india, "Myanmar and India", "1993-01-01")
    relation(burma, japan, "Burma and Japan", "1954-11-05")
    relation(burma, myanmar, "The two", "1989-06-18")
    merge(topic=burma, into=myanmar, by=by)
    told = {str(row): (row.introduction, row.milestones.count()) for row in Relation.objects.all()}
    assert told == {
        "Myanmar and India": ("Myanmar and India\n\nBurma and India", 2),
        "Myanmar and Japan": ("Burma and Japan", 1),
    }
    answer = client.get("/topics/burma/india/")
    assert (answer.status_code, answer["Location"]) == (301, "/topics/india/myanmar/")
    assert client.get("/topics/india/myanmar/").status_code == 200


def test_readers_follow_what_it_became_and_keep_their_feeds_and_searches(burma: Topic, myanmar: Topic, by: Any) -> None:
    ada, bob = make_reader("ada@example.org"), make_reader("bob@example.org")
    for reader, topic in ((ada, burma), (bob, burma), (bob, myanmar)):
        keeping.follow(reader=reader, thing=topic)
    keeping.make_feed(reader=bob, follow=Follow.objects.get(reader=bob, topic=burma))
    keeping.save_search(reader=ada, address="q=generals&topic=burma")
    keeping.save_search(reader=bob, address="q=generals&topic=burma")
    keeping.save_search(reader=bob, address="q=generals&topic=myanmar")
    merge(topic=burma, into=myanmar, by=by)
    assert sorted(Follow.objects.values_list("reader__email", "topic__name")) == [
        ("ada@example.org", "Myanmar"),
        ("bob@example.org", "Myanmar"),
    ]
    assert PrivateFeed.objects.get().follow == Follow.objects.get(reader=bob)
    assert sorted(SavedSearch.objects.values_list("reader__email", "query")) == [
        ("ada@example.org", "q=generals&topic=myanmar"),
        ("bob@example.org", "q=generals&topic=myanmar"),
    ]


def test_what_was_left_out_stays_out(burma: Topic, myanmar: Topic, by: Any) -> None:
    left, answered = make_article(), make_article()
    for article, topic, state in (
        (left, burma, "dismissed"),
        (answered, burma, "dismissed"),
        (answered, myanmar, "accepted"),
    ):
        TopicSuggestion.objects.create(article=article, topic=topic, found="x", score=1, state=state, made=clock.now())
    merge(topic=burma, into=myanmar, by=by)
    found = dict(TopicSuggestion.objects.values_list("article", "state"))
    assert found == {left.pk: "dismissed", answered.pk: "accepted"}


def test_two_countries_and_a_topic_with_itself_are_refused(myanmar: Topic, by: Any) -> None:
    india = make_topic("India", "country", code="IN")
    with pytest.raises(CannotMerge, match="are two countries"):
        merge(topic=india, into=myanmar, by=by)
    with pytest.raises(CannotMerge, match="into itself"):
        merge(topic=india, into=india, by=by)
    assert Topic.objects.count() == 2


def test_half_a_merger_is_none(burma: Topic, myanmar: Topic, by: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    article = make_article(topics=[burma])

    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(merging, "_suggestions", fails)
    with pytest.raises(RuntimeError):
        merge(topic=burma, into=myanmar, by=by)
    assert names(article) == {"Burma"} and Topic.objects.count() == 2


# --- the page


def test_the_page_tells_what_goes_and_does_it(burma: Topic, myanmar: Topic, as_role: Any) -> None:
    make_article(topics=[burma])
    editor = as_role("Editor")
    where = f"/newsroom/topics/merge/{burma.pk}/"
    assert where in editor.get(f"/newsroom/topics/edit/{burma.pk}/").content.decode()
    assert "1 article, 0 relations" in editor.get(where).content.decode()
    refused = editor.post(where, {"into": ""})
    assert refused.status_code == 422 and "Please choose the topic that stays." in refused.content.decode()
    answer = editor.post(where, {"into": myanmar.pk})
    assert (answer.status_code, answer["Location"]) == (303, f"/newsroom/topics/edit/{myanmar.pk}/")
    assert "Burma is Myanmar now: 1 article" in editor.get(answer["Location"]).content.decode()
    assert "Burma was merged into it" in editor.get(f"/newsroom/topics/history/{myanmar.pk}/").content.decode()


@pytest.mark.parametrize("role", ["Writer", "Support"])
def test_others_may_not(burma: Topic, myanmar: Topic, as_role: Any, role: str) -> None:
    client = as_role(role)
    where = f"/newsroom/topics/merge/{burma.pk}/"
    assert client.get(where).status_code in (302, 403)
    assert client.post(where, {"into": myanmar.pk}).status_code in (302, 403)
    assert Topic.objects.count() == 2
