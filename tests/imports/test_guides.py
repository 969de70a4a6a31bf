"""Topics and relations go out with an export and come in again, whole: into an empty publication, or over what is there."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from factories import make_article, make_topic
from masthead.articles.models import Article, KeyArticle, Milestone, Relation, Topic
from masthead.imports import cli, export, guides, jsonl, services

pytestmark = pytest.mark.django_db


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """An export of two countries, their alliance and their relation."""
    india = make_topic("India", "country", code="IN", aliases="Bharat\nHindustan", introduction="One.\n\nTwo.")
    japan, quad = make_topic("Japan", "country", code="JP"), make_topic("The Quad", "group")
    quad.members.set([india, japan])
    body = [f"{'Word ' * 12}{n}." for n in range(5)]
    article = make_article("On both", topics=[india, japan], paragraphs=body, dated=datetime(2021, 3, 4, 12, tzinfo=UTC))
    KeyArticle.objects.create(topic=india, article=article, sort_order=0)
    relation = Relation.objects.create(first=india, second=japan, introduction="Told.")
    Milestone.objects.create(relation=relation, date=date(1952, 6, 9), text="Peace.", article=article)
    Milestone.objects.create(relation=relation, date=date(1958, 1, 1), date_precision="year", text="A loan.")
    path = tmp_path / "export.jsonl"
    with path.open("w") as out:
        assert list(export.write(out)) == ["topic", "topic", "topic", "relation", "article"]
    return path


def everything() -> list[dict[str, Any]]:
    """What an export says of topics and relations, without what articles are called."""
    lines = [line for line in export.records() if line["kind"] in ("topic", "relation")]
    for line in lines:
        line["key_articles"] = len(line.get("key_articles", ()))
        for each in line.get("milestones", ()):
            each["article"] = bool(each["article"])
        line["pair"] = sorted(line.get("pair", ()))  # which comes first is the database's matter
    return sorted(lines, key=lambda line: (line["kind"], line.get("slug", "")))


def write(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_an_export_comes_in_whole_where_there_is_nothing(written: Path) -> None:
    before = everything()
    Article.objects.all().delete()
    Topic.objects.all().delete()
    assert not Relation.objects.exists()
    outcome = services.import_jsonl(written)
    assert outcome.imported == 1 and sum(outcome.skipped.values()) == 4
    found = guides.import_guides(written, update=True)  # the articles brought India and Japan by name
    assert found.problems == [] and found.relations["added"] == 1
    assert everything() == before
    assert Relation.objects.get().milestones.first().article == Article.objects.get()


def test_what_is_there_is_left_alone_unless_an_update_is_asked_for(written: Path) -> None:
    before = everything()
    Topic.objects.filter(slug="india").update(introduction="Changed.", code="")
    Relation.objects.update(introduction="Changed.")
    Milestone.objects.first().delete()
    outcome = guides.import_guides(written)
    assert (outcome.topics["there"], outcome.relations["there"]) == (3, 1)
    assert Topic.objects.get(slug="india").introduction == "Changed." and Milestone.objects.count() == 1
    outcome = guides.import_guides(written, update=True)
    assert (outcome.topics["updated"], outcome.relations["updated"], outcome.problems) == (3, 1, [])
    assert everything() == before
    guides.import_guides(written, update=True)
    assert everything() == before and KeyArticle.objects.count() == 1 and Milestone.objects.count() == 2


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ({"kind": "topic", "slug": "x"}, "without a name"),
        ({"kind": "topic", "name": "X", "slug": "../x"}, "without a name, or without a slug"),
        ({"kind": "topic", "name": "X", "slug": "x", "topic_kind": "planet"}, "a kind we do not know ('planet')"),
        ({"kind": "topic", "name": "X", "slug": "x", "code": "INDIA"}, "has a code"),
        ({"kind": "topic", "name": "X", "slug": "x", "members": "india"}, "members that are no list"),
        ({"kind": "topic", "name": "India", "slug": "bharat"}, "the topic india is called that already"),
        ({"kind": "topic", "name": "X", "slug": "x", "key_articles": ["gone"]}, "'gone', which is not here: left out"),
        ({"kind": "topic", "name": "X", "slug": "x", "members": ["gone"]}, "names the topic 'gone', which is not here"),
        ({"kind": "relation", "pair": ["india", "gone"]}, "topics that are not here, or not two"),
        ({"kind": "relation", "pair": ["india"]}, "topics that are not here, or not two"),
        ({"kind": "relation", "pair": ["india", "japan"], "milestones": [{"date": "1971", "text": "x"}]}, "without a date"),
        ({"kind": "relation", "pair": ["india", "japan"], "milestones": [{"date": "1971-08-09"}]}, "milestone without a text"),
        ({"kind": "relation", "pair": ["india", "japan"], "milestones": ["x"]}, "milestone that is no object"),
    ],
)
def test_what_will_not_do_is_told_with_its_line_and_the_rest_comes_in(
    tmp_path: Path, line: dict[str, Any], sentence: str
) -> None:
    make_topic("India", "country")
    make_topic("Japan", "country")
    path = write(tmp_path / "some.jsonl", line, {"kind": "topic", "name": "Water", "slug": "water"})
    outcome = guides.import_guides(path)
    assert any(problem.startswith("Line 1 ") and sentence in problem for problem in outcome.problems), outcome.problems
    assert Topic.objects.filter(slug="water").exists() and not Milestone.objects.exists()


def test_a_damaged_line_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text('{"kind": "topic", \n{"kind": "topic", "name": "Water", "slug": "water"}\n[]\n')
    outcome = guides.import_guides(path)
    assert outcome.topics["added"] == 1 and len(outcome.problems) == 2
    with pytest.raises(jsonl.Unreadable):
        guides.import_guides(tmp_path / "nowhere.jsonl")


def test_the_command(written: Path) -> None:
    result = CliRunner().invoke(cli.command, ["guides", str(written)])
    assert result.exit_code == 0 and "Topics: 0 added, 0 updated, 3 there and left alone." in result.output
    assert CliRunner().invoke(cli.command, ["guides", "nowhere"]).exit_code == 1
