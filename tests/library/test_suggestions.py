"""Topics found in texts: offered for an article, added to an archive."""

from __future__ import annotations

import csv
import json

import pytest
from click.testing import CliRunner

from factories import make_article, make_reader, make_topic
from masthead.articles import bulk
from masthead.articles.models import Article, Topic
from masthead.core.models import Change
from masthead.library import suggestions
from masthead.library.cli import command
from masthead.library.models import TopicSuggestion

pytestmark = pytest.mark.django_db

KENYA = ["Kenya votes today.", "Kenyans wait in Nairobi.", "In Kenya the count begins."] * 3


def kenya(**fields) -> Article:
    return make_article("Kenya votes", paragraphs=KENYA, **fields)


def country(name: str, code: str) -> Topic:
    return make_topic(name, "country", code=code)


def states(article: Article) -> dict[str, str]:
    return dict(TopicSuggestion.objects.filter(article=article).values_list("topic__name", "state"))


def names(article: Article) -> set[str]:
    return set(Article.objects.get(pk=article.pk).topics.values_list("name", flat=True))


@pytest.fixture
def editor():
    return make_reader("editor@example.org", is_staff=True, is_superuser=True)


# One article ----------------------------------------------------------------------------------------------------------


def test_what_the_newest_draft_is_about_is_offered():
    country("Kenya", "KE"), country("Peru", "PE")
    article = kenya()
    suggestions.refresh(article=article)
    (offered,) = suggestions.offered(article.pk)
    assert (offered.topic.name, offered.found) == ("Kenya", "Kenya (6), Kenyans (3), Nairobi (3)")
    draft = article.get_latest_revision_as_object()
    draft.title, draft.body = "Peru votes", [("paragraph", "<p>Peru votes in Lima. Peruvians wait. In Peru all wait.</p>")]
    draft.save_revision()
    suggestions.refresh(article=article)
    assert states(article) == {"Peru": "offered"}


def test_what_the_article_has_is_not_offered():
    article = kenya(topics=[country("Kenya", "KE")])
    suggestions.refresh(article=article)
    assert states(article) == {}


def test_accepting_adds_to_the_draft_and_publishes_nothing(editor):
    topic = country("Kenya", "KE")
    article = kenya(topics=[make_topic("Trade")])
    draft = article.get_latest_revision_as_object()
    draft.title = "Kenya votes again"
    draft.save_revision()
    suggestions.refresh(article=article)
    suggestions.accept(article=article, topic=topic, by=editor)
    assert names(article) == {"Trade"}
    article = Article.objects.get(pk=article.pk)
    newest = article.get_latest_revision_as_object()
    assert {each.name for each in newest.topics.all()} == {"Trade", "Kenya"}
    assert (newest.title, article.title) == ("Kenya votes again", "Kenya votes")
    assert states(article) == {"Kenya": "accepted"}
    article.get_latest_revision().publish()
    assert names(article) == {"Trade", "Kenya"}


def test_accepting_twice_is_once(editor):
    topic, article = country("Kenya", "KE"), kenya()
    suggestions.refresh(article=article)
    for _ in range(2):
        suggestions.accept(article=article, topic=topic, by=editor)
        article = Article.objects.get(pk=article.pk)
    assert article.revisions.count() == 2  # the first publication's, and one more


def test_an_imported_article_without_a_draft(editor):
    topic = country("Kenya", "KE")
    (key,) = bulk.create([bulk.NewArticle("Kenya votes", _blocks(KENYA), dated=kenya(slug="other").dated)])
    article = Article.objects.get(pk=key)
    suggestions.refresh(article=article)
    suggestions.accept(article=article, topic=topic, by=editor)
    assert names(article) == set()
    assert [each.name for each in Article.objects.get(pk=key).get_latest_revision_as_object().topics.all()] == ["Kenya"]


def test_what_is_dismissed_stays_away(editor):
    topic, article = country("Kenya", "KE"), kenya()
    suggestions.refresh(article=article)
    suggestions.dismiss(article=article, topic=topic, by=editor)
    suggestions.refresh(article=article)
    assert states(article) == {"Kenya": "dismissed"}
    assert suggestions.offered(article.pk) == []


def test_what_is_ticked_is_accepted_and_what_is_ticked_off_again_stays_away():
    topic, article = country("Kenya", "KE"), kenya()
    suggestions.refresh(article=article)
    draft = article.get_latest_revision_as_object()
    for chosen, state in (([topic], "accepted"), ([], "dismissed")):
        draft.topics = chosen
        draft.save_revision()
        article = Article.objects.get(pk=article.pk)
        suggestions.refresh(article=article)
        assert states(article) == {"Kenya": state}


def test_nobody_changes_what_they_may_not_edit():
    topic, article = country("Kenya", "KE"), kenya()
    suggestions.refresh(article=article)
    stranger = make_reader("stranger@example.org")
    for act in (suggestions.accept, suggestions.dismiss):
        with pytest.raises(suggestions.CannotAccept, match="may not edit"):
            act(article=article, topic=topic, by=stranger)
    assert states(article) == {"Kenya": "offered"}


def test_a_locked_article_is_left_alone(editor):
    topic, article = country("Kenya", "KE"), kenya()
    suggestions.refresh(article=article)
    other = make_reader("other@example.org", is_staff=True, is_superuser=True)
    article.locked, article.locked_by = True, other
    article.save()
    with pytest.raises(suggestions.CannotAccept, match="locked"):
        suggestions.accept(article=article, topic=topic, by=editor)


# An archive -----------------------------------------------------------------------------------------------------------


def _blocks(texts):
    return [{"type": "paragraph", "value": f"<p>{text}</p>", "id": f"{number}"} for number, text in enumerate(texts)]


def _archive(count=3) -> list[int]:
    dated = kenya(slug="kenya-first").dated
    return bulk.create([bulk.NewArticle(f"Kenya votes, part {n}", _blocks(KENYA), dated=dated) for n in range(count)])


def test_nothing_is_changed_unless_it_is_asked():
    country("Kenya", "KE")
    _archive()
    outcome = suggestions.suggest()
    assert (outcome.read, outcome.articles, len(outcome.found), outcome.added) == (4, 4, 4, 0)
    assert not Article.topics.through.objects.exists() and not TopicSuggestion.objects.exists()


def test_what_is_found_is_added_once_and_logged():
    topic = country("Kenya", "KE")
    keys = _archive()
    Change.objects.all().delete()
    assert suggestions.suggest(apply=True).added == 4
    assert set(topic.articles.values_list("pk", flat=True)) >= set(keys)
    logged = set(Change.objects.values_list("key", flat=True))
    assert {f"article:{key}" for key in keys} | {"list"} <= logged
    again = suggestions.suggest(apply=True)
    assert (again.added, again.there, len(again.found)) == (0, 4, 0)


def test_nothing_is_taken_away_and_a_waiting_draft_gets_it_too():
    country("Kenya", "KE")
    article = kenya(topics=[make_topic("Trade")])
    draft = article.get_latest_revision_as_object()
    draft.title = "Kenya votes again"
    draft.save_revision()
    suggestions.suggest(apply=True)
    assert names(article) == {"Trade", "Kenya"}
    Article.objects.get(pk=article.pk).get_latest_revision().publish()
    assert names(article) == {"Trade", "Kenya"}
    assert Article.objects.get(pk=article.pk).title == "Kenya votes again"


def test_what_an_editor_dismissed_or_took_off_is_not_added(editor):
    topic = country("Kenya", "KE")
    dismissed, taken_off = kenya(), kenya()
    suggestions.refresh(article=dismissed)
    suggestions.dismiss(article=dismissed, topic=topic, by=editor)
    TopicSuggestion.objects.create(
        article=taken_off, topic=topic, found="Kenya", score=1, state="accepted", made=dismissed.dated
    )
    outcome = suggestions.suggest(apply=True)
    assert (outcome.added, outcome.found) == (0, [])
    assert names(dismissed) == names(taken_off) == set()


def test_drafts_are_left_alone():
    country("Kenya", "KE")
    kenya(live=False)
    assert suggestions.suggest(apply=True).read == 0


def test_countries_without_a_topic_are_made_where_there_is_something_to_add():
    kenya()
    assert suggestions.suggest(apply=True).found == []
    outcome = suggestions.suggest(create_countries=True)
    assert [each.topic for each in outcome.found] == ["Kenya"] and not Topic.objects.exists()
    outcome = suggestions.suggest(create_countries=True, apply=True)
    assert outcome.created == ["Kenya"]
    assert list(Topic.objects.values_list("name", "kind", "code")) == [("Kenya", "country", "KE")]
    assert suggestions.suggest(create_countries=True, apply=True).created == []


def test_the_newest_alone():
    country("Kenya", "KE")
    keys = _archive(5)
    assert suggestions.suggest(apply=True, limit=2).added == 2
    assert set(Article.topics.through.objects.values_list("article_id", flat=True)) == set(keys[-2:])


def test_interrupted_it_goes_on_the_next_time(monkeypatch):
    country("Kenya", "KE")
    _archive(5)
    monkeypatch.setattr(suggestions, "BATCH", 2)

    def stop(done: int, total: int, outcome: suggestions.Outcome) -> None:
        raise KeyboardInterrupt

    first = suggestions.suggest(apply=True, progress=stop)
    assert (first.interrupted, first.added) == (True, 2)
    assert suggestions.suggest(apply=True).added == 4


def test_the_command_reports_and_shows_a_sample(tmp_path):
    country("Kenya", "KE")
    _archive()
    report, table = tmp_path / "report.json", tmp_path / "report.csv"
    run = CliRunner().invoke(command, ["suggest", "--apply", "--sample", "2", "--seed", "1", "--report", str(report)])
    assert run.exit_code == 0, run.output
    assert run.output.count("found: Kenya (6), Kenyans (3), Nairobi (3)") == 2
    assert "Added 4." in run.output
    told = json.loads(report.read_text())
    assert (told["added"], told["topics"], len(told["sample"])) == (4, {"Kenya": 4}, 2)
    assert "Kenya votes today" in told["sample"][0]["context"]
    TopicSuggestion.objects.all().delete()
    Article.topics.through.objects.all().delete()
    Article.objects.filter(pk=told["found"][0]["article"]).update(title="=Kenya()")
    run = CliRunner().invoke(command, ["suggest", "--report", str(table)])
    assert "Nothing was changed: give --apply to add them." in run.output
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert len(rows) == 4 and {row["topic"] for row in rows} == {"Kenya"}
    assert any(row["title"] == "'=Kenya()" for row in rows)


def test_a_report_that_cannot_be_written_is_told_before_anything_is_done():
    run = CliRunner().invoke(command, ["suggest", "--report", "/nowhere/at/all.json"])
    assert run.exit_code == 1 and "there is no directory /nowhere/at" in run.output


def test_the_context_is_found_however_the_words_are_joined():
    text = "The U.S. Senate sat. In Cote d'Ivoire it rained. COVID-19 came."
    assert suggestions.context(text, "US (3), Cote d’Ivoire, COVID-19", around=4) == (
        "The U.S. Se… | … In Cote d'Ivoire it … | …ed. COVID-19 cam…"
    )


def test_the_words_of_a_body_are_found_in_every_kind_of_block():
    body = [
        {"type": "paragraph", "value": "<p>One <b>two</b>.</p><p>Three &amp; four</p>", "id": "a"},
        {"type": "quotation", "value": {"text": "five", "by": "six", "url": "https://seven.example/"}, "id": "b"},
        {"type": "table", "value": {"data": [["eight", None], ["nine", 3]]}, "id": "c"},
    ]
    words = suggestions.plain_body(body).split()
    assert words == ["One", "two", ".", "Three", "&", "four", "five", "six", "eight", "nine"]
