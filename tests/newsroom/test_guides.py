"""Topics and relations in the newsroom: what an editor may save, and the sentence for what they may not."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from factories import make_article, make_reader, make_topic
from masthead.articles import addresses
from masthead.articles.models import KeyArticle, Milestone, Relation, Topic
from masthead.core.models import Change
from masthead.library import keeping
from masthead.library.models import SavedSearch
from masthead.newsroom import milestones

pytestmark = pytest.mark.django_db


def topic(**fields: Any) -> dict[str, Any]:
    plain = {"name": "India", "slug": "india", "kind": "country", "code": "", "introduction": "", "aliases": ""}
    return plain | _formset("key_articles") | fields


def relation(first: Topic, second: Topic, *milestones: dict[str, Any]) -> dict[str, Any]:
    return {"first": first.pk, "second": second.pk, "introduction": "Told."} | _formset("milestones", *milestones)


def _formset(name: str, *rows: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = {f"{name}-TOTAL_FORMS": len(rows), f"{name}-INITIAL_FORMS": 0, f"{name}-MIN_NUM_FORMS": 0}
    for n, row in enumerate(rows):
        data |= {f"{name}-{n}-{field}": value for field, value in row.items()} | {f"{name}-{n}-ORDER": n + 1}
    return data


@pytest.fixture
def editor(as_role: Any) -> Client:
    return as_role("Editor")


# --- topics


def test_a_topic_is_made_with_all_that_belongs_to_it(editor: Client) -> None:
    india, japan, article = make_topic("India", "country"), make_topic("Japan", "country"), make_article()
    answer = editor.post(
        "/newsroom/topics/new/",
        topic(name="The  Quad", slug="quad", kind="group", members=[india.pk, japan.pk], aliases=" Four \n\nFour\nFive ")
        | _formset("key_articles", {"article": article.pk}),
    )
    assert answer.status_code == 302, answer.content.decode()
    quad = Topic.objects.get(slug="quad")
    assert quad.name == "The Quad" and quad.aliases == "Four\nFive" and set(quad.members.all()) == {india, japan}
    assert [each.article_id for each in quad.key_articles.all()] == [article.pk]
    assert Change.objects.filter(key="*").exists(), "pages are made anew"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"code": "zz"}, "No country has the code ZZ in ISO 3166."),
        ({"code": "jp"}, "Japan has the code JP already."),
        ({"code": "IN", "kind": "theme"}, "Only a country has a code."),
        ({"members": True}, "Only an alliance or dialogue has members."),
        ({"slug": "japan"}, "Topic with this Slug already exists."),
    ],
)
def test_what_cannot_be_saved_is_said(editor: Client, fields: dict[str, Any], sentence: str) -> None:
    japan = make_topic("Japan", "country", code="JP")
    if fields.get("members"):
        fields = fields | {"members": [japan.pk]}
    answer = editor.post("/newsroom/topics/new/", topic(**fields))
    assert answer.status_code == 200 and sentence in answer.content.decode()
    assert Topic.objects.count() == 1


def test_a_code_is_kept_in_capitals(editor: Client) -> None:
    assert editor.post("/newsroom/topics/new/", topic(code=" in ")).status_code == 302
    assert Topic.objects.get().code == "IN"


def test_a_theme_is_nobodys_member_and_a_topic_not_its_own(editor: Client) -> None:
    theme, quad = make_topic("Trade"), make_topic("Quad", "group")
    page = editor.get(f"/newsroom/topics/edit/{quad.pk}/").content.decode()
    assert "Trade" not in page.partition("data-ticks")[2].partition("</div>\n</div>")[0]
    answer = editor.post(f"/newsroom/topics/edit/{quad.pk}/", topic(name="Quad", slug="quad", kind="group", members=[theme.pk]))
    assert "Please tick countries and organisations only." in answer.content.decode()


def test_a_key_article_stands_there_once(editor: Client) -> None:
    article = make_article()
    answer = editor.post(
        "/newsroom/topics/new/", topic() | _formset("key_articles", {"article": article.pk}, {"article": article.pk})
    )
    assert answer.status_code == 200
    assert "Please correct the duplicate data for topic and article, which must be unique." in answer.content.decode()
    assert not Topic.objects.exists()


def test_who_deletes_a_topic_is_told_what_goes_with_it(editor: Client) -> None:
    india, japan = make_topic("India", "country"), make_topic("Japan", "country")
    make_article(topics=[india])
    Relation.objects.create(first=india, second=japan)
    page = editor.get(f"/newsroom/topics/delete/{india.pk}/").content.decode()
    assert "1 article loses this topic; 1 relation goes with it, milestones and all." in page


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"aliases": "the quad"}, "The Quad is called “the quad” already."),
        ({"aliases": "Quadrilateral Security Dialogue"}, "The Quad is called “Quadrilateral Security Dialogue” already."),
        ({"name": "quadrilateral security dialogue"}, "The Quad goes by that name, too."),
        ({"aliases": "x"}, "“x” would be found in every text."),
    ],
)
def test_no_two_topics_go_by_one_name(editor: Client, fields: dict[str, Any], sentence: str) -> None:
    make_topic("The Quad", "group", aliases="Quadrilateral Security Dialogue")
    answer = editor.post("/newsroom/topics/new/", topic(**fields))
    assert answer.status_code == 200 and sentence in answer.content.decode()


def test_a_country_of_today_gets_its_code_by_its_name(editor: Client) -> None:
    for name, code in (("India", "IN"), ("Turkiye", "TR"), ("Zaire", ""), ("Baden", "")):
        assert editor.post("/newsroom/topics/new/", topic(name=name, slug=name.lower())).status_code == 302
        assert Topic.objects.get(name=name).code == code


def test_topics_are_found_by_any_of_their_names_and_by_code(editor: Client) -> None:
    quad = make_topic("The Quad", "group", aliases="Quadrilateral Security Dialogue")
    kenya = make_topic("Kenya", "country", code="KE")
    for text, found in (("quad", quad), ("quadrilateral", quad), ("kenya", kenya), ("KE", kenya)):
        page = editor.get(f"/newsroom/topics/?q={text}").content.decode()
        assert [f"/newsroom/topics/edit/{each.pk}/" in page for each in (quad, kenya)] == [found == quad, found == kenya], text


def test_a_changed_address_leads_to_the_new_one(editor: Client) -> None:
    india, japan = make_topic("India", "country"), make_topic("Japan", "country")
    Relation.objects.create(first=india, second=japan)
    ada = make_reader()
    keeping.save_search(reader=ada, address="q=tea&topic=india")
    for slug in ("bharat", "zz-india"):
        assert editor.post(f"/newsroom/topics/edit/{india.pk}/", topic(slug=slug)).status_code == 302
    for old in ("india", "bharat"):
        for path, new in (
            (f"/topics/{old}/", "/topics/zz-india/"),
            (f"/topics/{old}/feed.rss", "/topics/zz-india/feed.rss"),
            (addresses.pair(old, "japan"), "/topics/japan/zz-india/"),
        ):
            answer = editor.get(path)
            assert (answer.status_code, answer["Location"]) == (301, new), path
    assert SavedSearch.objects.get().query == "q=tea&topic=zz-india"
    editor.post(f"/newsroom/topics/edit/{india.pk}/", topic(slug="india"))
    assert editor.get("/topics/india/").status_code == 200
    assert editor.get("/topics/bharat/")["Location"] == "/topics/india/"


def test_who_deletes_a_topic_hears_of_its_followers(editor: Client) -> None:
    india = make_topic("India", "country")
    keeping.follow(reader=make_reader(), thing=india)
    assert "1 reader follows it and is not told" in editor.get(f"/newsroom/topics/delete/{india.pk}/").content.decode()


# --- previews


def test_a_topic_is_seen_before_it_is_public(editor: Client) -> None:
    india, article = make_topic("India", "country"), make_article()
    before = Change.objects.count()
    answer = editor.post(
        f"/newsroom/topics/edit/{india.pk}/",
        topic(introduction="Not told yet.", preview="yes") | _formset("key_articles", {"article": article.pk}),
    )
    assert answer.status_code == 200
    assert "Not told yet." in answer.content.decode() and article.title in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    india.refresh_from_db()
    assert (india.introduction, india.code) == ("", "") and not KeyArticle.objects.exists()
    assert Change.objects.count() == before, "nobody hears of it"


def test_so_is_a_new_one_and_a_relation(editor: Client) -> None:
    answer = editor.post("/newsroom/topics/new/", topic(introduction="Not there yet", preview="1"))
    assert "Not there yet" in answer.content.decode() and not Topic.objects.exists()
    india, japan = make_topic("India", "country"), make_topic("Japan", "country")
    told = {"date": "1952-06-09", "text": "Peace at last.", "article": ""}
    answer = editor.post("/newsroom/relations/new/", relation(india, japan, told) | {"preview": "1"})
    assert "Peace at last." in answer.content.decode() and not Relation.objects.exists()


def test_what_cannot_be_shown_is_said(editor: Client) -> None:
    india, japan = make_topic("India", "country"), make_topic("Japan", "country")
    told = {"date": "1952-02-31", "text": "Peace.", "article": ""}
    answer = editor.post("/newsroom/relations/new/", relation(india, japan, told) | {"preview": "1"})
    assert answer.status_code == 422
    assert "Milestone 1: Date: Enter a valid date." in answer.content.decode()


# --- dates


def test_a_date_field_keeps_what_is_typed(editor: Client) -> None:
    page = editor.get("/newsroom/radar-events/new/").content.decode()
    assert '"validateOnBlur": false' in page
    assert (
        "1952-02-31"
        in editor.post(
            "/newsroom/relations/new/",
            relation(make_topic("India"), make_topic("Japan"), {"date": "1952-02-31", "text": "x"}),
        ).content.decode()
    )


# --- relations


def test_a_relation_is_told_with_milestones(editor: Client) -> None:
    india, japan, article = make_topic("India", "country"), make_topic("Japan", "country"), make_article()
    told = [
        {"date": "1952-06-09", "text": "Peace.", "article": article.pk},
        {"date": "April 1952", "text": "Relations.", "article": ""},
        {"date": "1952", "text": "Talks.", "article": ""},
    ]
    answer = editor.post("/newsroom/relations/new/", relation(japan, india, *told))
    assert answer.status_code == 302, answer.content.decode()
    row = Relation.objects.get()
    assert (row.first, row.second) == (india, japan), "in one order, whichever was given"
    assert [(each.text, each.date_precision) for each in row.milestones.all()] == [
        ("Talks.", "year"),
        ("Relations.", "month"),
        ("Peace.", "day"),
    ]
    listed = editor.get("/newsroom/relations/").content.decode()
    assert "India and Japan" in listed
    dates = BeautifulSoup(editor.get("/topics/india/japan/").content, "html.parser").select(".milestone-date time")
    assert [each.get_text() for each in dates] == ["1952", "April 1952", "9 June 1952"]
    form = editor.get(f"/newsroom/relations/edit/{row.pk}/").content.decode()
    assert all(f'value="{said}"' in form for said in ("1952", "April 1952", "9 June 1952")), "as it was written"


@pytest.mark.parametrize(
    ("text", "day", "precision"),
    [
        ("1952", date(1952, 1, 1), "year"), ("800", date(800, 1, 1), "year"), ("1952-03", date(1952, 3, 1), "month"),
        ("March 1952", date(1952, 3, 1), "month"), ("  sept.  1952 ", date(1952, 9, 1), "month"),
        ("9 June 1952", date(1952, 6, 9), "day"), ("June 9th, 1952", date(1952, 6, 9), "day"),
        ("1952-06-09", date(1952, 6, 9), "day"),
    ],
)  # fmt: skip
def test_a_milestone_is_dated_as_exactly_as_is_known(text: str, day: date, precision: str) -> None:
    assert milestones.read(text) == (day, precision)
    assert milestones.read(milestones.written(day, precision)) == (day, precision)


@pytest.mark.parametrize("text", ["", "52", "31 February 1952", "1952-13", "0000", "Smarch 1952", "in 1952", "1952-00", "19520"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert milestones.read(text) is None


def test_a_pair_that_is_there_is_named_at_its_field(editor: Client) -> None:
    india, japan = make_topic("India", "country"), make_topic("Japan", "country")
    Relation.objects.create(first=india, second=japan)
    page = editor.post("/newsroom/relations/new/", relation(japan, india)).content.decode()
    assert page.count("India and Japan have their page already: edit that one.") == 1
    assert "There is a page for these two already." not in page


def test_a_topic_has_no_relation_with_itself(editor: Client) -> None:
    india = make_topic("India", "country")
    page = editor.post("/newsroom/relations/new/", relation(india, india)).content.decode()
    assert "Please choose two different topics." in page
    assert not Relation.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"date": "the ninth", "text": "x"}, {"date": "1971-08-09", "text": ""}, {"date": "1971-08-09", "text": "x" * 301}]
)
def test_a_milestone_needs_a_day_and_a_text(editor: Client, wrong: dict[str, str]) -> None:
    india, japan = make_topic("India", "country"), make_topic("Japan", "country")
    page = editor.post("/newsroom/relations/new/", relation(india, japan, {"article": ""} | wrong))
    assert page.status_code == 200 and "The relation is not added yet" in page.content.decode()
    assert not Relation.objects.exists() and not Milestone.objects.exists()


def test_an_edit_makes_pages_anew_and_a_deletion_too(editor: Client) -> None:
    india, japan = make_topic("India", "country"), make_topic("Japan", "country")
    row = Relation.objects.create(first=india, second=japan)
    before = Change.objects.count()
    assert editor.post(f"/newsroom/relations/edit/{row.pk}/", relation(india, japan)).status_code == 302
    assert Change.objects.count() > before
    assert editor.post(f"/newsroom/relations/delete/{row.pk}/").status_code == 302
    assert not Relation.objects.exists()


@pytest.mark.parametrize(("role", "may"), [("Writer", False), ("Editor", True), ("Publisher", True), ("Support", False)])
def test_editors_and_publishers_write_relations(as_role: Any, role: str, may: bool) -> None:
    client = as_role(role)
    assert (client.get("/newsroom/relations/new/").status_code == 200) is may
    assert (client.get("/newsroom/relations/").status_code == 200) is (role != "Support")
