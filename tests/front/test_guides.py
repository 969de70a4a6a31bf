"""Guides: what stands on a topic's page, a country's, an alliance's, and the page of two; where each has its one address."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from django.test import Client

from factories import canary, make_article, make_author, make_topic
from masthead.articles.models import Article, KeyArticle, Milestone, Relation, Topic
from masthead.core import clock, remembered
from masthead.front import guides
from masthead.insights.models import ViewCount

pytestmark = pytest.mark.django_db


def soup(path: str) -> BeautifulSoup:
    response = Client().get(path)
    assert response.status_code == 200, (path, response.status_code)
    return BeautifulSoup(response.content, "html.parser")


def on(year: int, *topics: Topic, **fields: Any) -> Article:
    title = fields.pop("title", f"Of {year}")
    return make_article(title, dated=datetime(year, 6, 1, 12, tzinfo=UTC), topics=topics, **fields)


def opened(article: Article, count: int, *, days: int = 1, **fields: Any) -> None:
    kinds = {"standing": "anonymous", "decision": "open"} | fields
    ViewCount.objects.create(minute=clock.now() - timedelta(days=days), article=article.pk, count=count, **kinds)


def words_of(tag: Tag | None) -> str:
    assert tag is not None
    return " ".join(tag.get_text().split())


def words(page: BeautifulSoup, section: str) -> list[str]:
    """The names that the section with this heading links to."""
    heading = page.find(id=section)
    return [link.get_text() for link in heading.parent.select("li a")] if heading else []


@pytest.fixture
def india(db: None) -> Topic:
    return make_topic("India", "country", code="IN", introduction="First paragraph.\r\n\r\nSecond <b>paragraph</b>.")


@pytest.fixture
def russia(db: None) -> Topic:
    return make_topic("Russia", "country", code="RU")


@pytest.fixture
def followed() -> Iterator[None]:
    """As in a process of the edge: what hardly changes is remembered."""

    class Log:
        number = 10**9

        def latest(self, *keys: str) -> int:
            return 0

        def is_fresh(self) -> bool:
            return True

    remembered.follow(Log())
    yield
    remembered.follow(None)


# --- a topic


def test_a_topic_is_introduced_in_paragraphs(india: Topic) -> None:
    on(2020, india)
    paragraphs = [p.get_text() for p in soup("/topics/india/").select("p.introduction")]
    assert paragraphs == ["First paragraph.", "Second <b>paragraph</b>."], "text, never markup"


def test_key_articles_stand_first_in_their_order_and_once(india: Topic) -> None:
    old, new, newer = (on(year, india, title=f"Number {year}") for year in (2018, 2020, 2021))
    draft = make_article("Not yet", live=False, topics=[india])
    for place, article in enumerate((new, old, draft)):
        KeyArticle.objects.create(topic=india, article=article, sort_order=place)
    page = soup("/topics/india/")
    assert [card.get_text() for card in page.select(".guide-key .card-title")] == ["Number 2020", "Number 2018"]
    assert [card.get_text() for card in page.select(".guide-newest .card-title")] == [newer.title]
    assert draft.title not in page.get_text()


def test_a_key_article_that_is_not_the_topics_own_is_never_lost(india: Topic) -> None:
    KeyArticle.objects.create(topic=india, article=on(2020, make_topic("Japan", "country")), sort_order=0)
    assert len(soup("/topics/india/").select(".guide-key .card")) == 1
    KeyArticle.objects.create(topic=india, article=on(2019, india), sort_order=1)
    assert len(soup("/topics/india/").select(".guide-key .card")) == 2


def test_with_nothing_but_key_articles_they_are_simply_the_articles(india: Topic) -> None:
    KeyArticle.objects.create(topic=india, article=on(2020, india), sort_order=0)
    page = soup("/topics/india/")
    assert not page.select(".guide-key") and len(page.select(".guide-newest .card")) == 1


def test_most_read_is_what_people_had_open_this_month(india: Topic) -> None:
    shut, read, most, elsewhere, robots, before = (on(2020, india, title=f"Title {n}") for n in range(6))
    elsewhere.topics.set([make_topic("Trade")])
    elsewhere.save()
    elsewhere.save_revision().publish()
    opened(read, 3)
    opened(most, 5)
    opened(elsewhere, 50)
    opened(shut, 99, decision="register")
    opened(robots, 99, robot=True)
    opened(before, 99, days=40)
    page = soup("/topics/india/")
    assert words(page, "opened") == [most.title, read.title]
    assert "99" not in page.select_one(".guide-side").get_text(), "nobody is told how often"


def test_who_writes_and_what_goes_with_it(india: Topic) -> None:
    trade = make_topic("Trade")
    on(2020, india, trade, authors=[make_author("Ada Ito")])
    on(2021, trade, authors=[make_author("Ben Oko")])
    page = soup("/topics/india/")
    assert words(page, "writers") == ["Ada Ito"] and words(page, "related") == ["Trade"]


def test_what_bears_no_date_is_told_apart(india: Topic) -> None:
    for year in (2018, 2021):
        on(year, india)
    make_article("A profile", topics=[india], date_precision="none", dated=datetime(2019, 1, 1, 12, tzinfo=UTC))
    page = soup("/topics/india/")
    caption = words_of(page.select_one(".timeline figcaption"))
    assert caption == "2 articles from 2018 to 2021; most in 2018 (1). 1 more without a date."
    assert "A profile" in page.get_text() and Client().get("/topics/india/2019/").status_code == 404


def test_years_are_drawn_and_listed_and_lead_somewhere(india: Topic) -> None:
    for year in (2018, 2018, 2021):
        on(year, india)
    page = soup("/topics/india/")
    assert words_of(page.select_one(".timeline figcaption")) == "3 articles from 2018 to 2021; most in 2018 (2)."
    assert [a["href"] for a in page.select(".timeline .bars a")] == ["/topics/india/2018/", "/topics/india/2021/"]
    links = [(a["href"], a.get_text()) for a in page.select(".years a")]
    assert [path for path, _ in links] == ["/topics/india/2021/", "/topics/india/2018/"]
    year = soup("/topics/india/2018/")
    assert year.h1.get_text() == "India in 2018" and len(year.select(".card")) == 2
    assert year.find("link", rel="canonical")["href"].endswith("/topics/india/2018/")
    assert [a["href"] for a in year.select(".year-paging li a")] == ["/topics/india/2021/"]
    for path in ("/topics/india/2019/", "/topics/india/0000/", "/topics/india/9999/", "/topics/nowhere/2018/"):
        assert Client().get(path).status_code == 404, path


def test_older_articles_are_paged_as_ever(india: Topic) -> None:
    made = [on(1990 + n, india) for n in range(guides.NEWEST + 5)]
    page = soup("/topics/india/")
    seen = [a["href"] for a in page.select(".guide-newest .card-title a")]
    older = page.find("a", rel="next")["href"]
    following = soup(older)
    assert following.h1.get_text() == "India" and not following.select(".profile, .guide-side")
    seen += [a["href"] for a in following.select(".card-title a")]
    assert seen == [article.path_on_site for article in reversed(made)]
    assert soup("/topics/india/?before=nonsense").select(".profile"), "a mark that is none is the first page"


def test_a_year_is_paged_too(india: Topic) -> None:
    for _ in range(22):
        on(2019, india)
    first = soup("/topics/india/2019/")
    second = soup(first.find("a", rel="next")["href"])
    assert (len(first.select(".card")), len(second.select(".card"))) == (20, 2)
    assert "before=" in second.find("link", rel="canonical")["href"]


def test_the_library_can_be_searched_within_a_topic(india: Topic) -> None:
    on(2020, india)
    assert soup("/topics/india/").select_one(".guide-tools a[href='/library/?topic=india']").get_text() == "Search in India"


# --- a country, an alliance


def test_a_country_has_facts_a_map_and_names_its_sources(india: Topic) -> None:
    on(2020, india)
    page = soup("/topics/india/")
    facts = {row.dt.get_text(): row.dd.get_text() for row in page.select(".facts > div")}
    assert facts["Capital"] == "New Delhi" and "billion" in facts["Population"] and facts["Area"].endswith(" km²")
    assert page.select_one(".profile svg.map")["role"] == "img"
    assert "Natural Earth" in page.select_one(".facts-source").get_text()


def test_a_code_nobody_knows_breaks_nothing(db: None) -> None:
    make_topic("Atlantis", "country", code="QQ")
    assert not soup("/topics/atlantis/").select(".profile")


def test_neighbours_are_those_we_write_about(india: Topic, russia: Topic) -> None:
    make_topic("Nepal", "country", code="NP")
    make_topic("Not a country", "theme", code="PK")
    also = soup("/topics/india/").select_one(".guide-also").get_text(" ", strip=True)
    assert also == "Neighbours: Nepal"


def test_an_alliance_lists_its_members_and_the_pairs_and_they_name_it(india: Topic, russia: Topic) -> None:
    brazil, quad = make_topic("Brazil", "country", code="BR"), make_topic("The Quad", "group")
    quad.members.set([india, russia, brazil])
    on(2020, india, russia, quad)
    Relation.objects.create(first=india, second=brazil)
    page = soup("/topics/the-quad/")
    assert [a.get_text() for a in page.select(".profile li a")] == ["Brazil", "India", "Russia"]
    assert [(a.get_text(), a["href"]) for a in page.select("#pairs + ul a")] == [
        ("Brazil and India", "/topics/brazil/india/"),
        ("India and Russia", "/topics/india/russia/"),
    ], "told ones first; not a pair on which nothing is written"
    assert "Member of: The Quad" in soup("/topics/india/").select_one(".guide-words").get_text(" ", strip=True)
    assert "Both are members of: The Quad" in soup("/topics/india/russia/").select_one(".guide-words").get_text(" ", strip=True)


def test_a_countrys_relations_are_those_told_and_those_written_on(india: Topic, russia: Topic) -> None:
    states = make_topic("United States", "country", code="US")
    on(2020, india, states, make_topic("Trade"))
    Relation.objects.create(first=russia, second=india)
    assert words(soup("/topics/india/"), "pairs") == ["India and Russia", "India and the United States"]
    for path in ("/topics/india/russia/", "/topics/india/united-states/"):
        soup(path)


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        ("India", "Russia", "India and Russia"),
        ("Netherlands", "United Kingdom", "The Netherlands and the United Kingdom"),
        ("The Quad", "Viet Nam", "The Quad and Viet Nam"),
        ("European Union", "India", "The European Union and India"),
        ("India", "Central African Republic", "India and the Central African Republic"),
    ],
)
def test_pairs_are_called_as_one_says_it(first: str, second: str, name: str) -> None:
    assert guides.pair_name(first, second) == name


# --- two and each other


def test_two_have_one_address(india: Topic, russia: Topic) -> None:
    on(2020, india, russia)
    page = soup("/topics/india/russia/")
    assert page.h1.get_text() == "India and Russia"
    assert page.find("link", rel="canonical")["href"].endswith("/topics/india/russia/")
    for path, target in (
        ("/topics/russia/india/", "/topics/india/russia/"),
        ("/topics/russia/india/?before=x&utm=y", "/topics/india/russia/?before=x&utm=y"),
        ("/topics/russia/india/feed.rss", "/topics/india/russia/feed.rss"),
        ("/topics/russia/india/2020/", "/topics/india/russia/2020/"),
    ):
        response = Client().get(path)
        assert (response.status_code, response["Location"]) == (301, target)
        assert response["Cache-Control"].startswith("public") and response["Vary"] == "Cookie"
        assert Client().get(target).status_code == 200


@pytest.mark.parametrize("tail", ["", "feed.rss", "2020/"])
def test_a_pair_that_is_none_is_not_there(india: Topic, russia: Topic, tail: str) -> None:
    theme = make_topic("Trade")
    on(2020, india, theme)
    make_article("A draft on both", live=False, topics=[india, russia])
    for pair in ("india/russia", "russia/india", "india/india", "india/trade", "trade/india", "india/nowhere"):
        assert Client().get(f"/topics/{pair}/{tail}").status_code == 404, pair


def test_a_relation_has_a_page_before_anything_is_written(india: Topic, russia: Topic) -> None:
    relation = Relation.objects.create(first=russia, second=india, introduction="Old friends.")
    page = soup("/topics/india/russia/")
    assert "Old friends." in page.get_text() and not page.select(".card")
    assert Client().get("/topics/india/russia/feed.rss").status_code == 200
    relation.delete()
    assert Client().get("/topics/india/russia/").status_code == 404


def test_milestones_stand_in_their_order_as_exactly_as_they_are_known(india: Topic, russia: Topic) -> None:
    article, draft = on(2021, india, russia, title="On the treaty"), make_article("Draft of it", live=False)
    relation = Relation.objects.create(first=india, second=russia)
    for day, precision, about in (
        (date(2010, 12, 1), "month", draft),
        (date(1971, 8, 9), "day", article),
        (date(1958, 1, 1), "year", None),
    ):
        Milestone.objects.create(relation=relation, date=day, date_precision=precision, text=f"It was {day.year}.", article=about)
    page = soup("/topics/india/russia/")
    times = [(time["datetime"], time.get_text()) for time in page.select(".milestones time")]
    assert times == [("1958", "1958"), ("1971-08-09", "9 August 1971"), ("2010-12", "December 2010")]
    assert [a["href"] for a in page.select(".milestones a")] == [article.path_on_site]
    assert draft.title not in page.get_text()


def test_the_feed_of_two_has_what_is_on_both(india: Topic, russia: Topic) -> None:
    both = on(2020, india, russia)
    on(2021, india)
    feed = Client().get("/topics/india/russia/feed.rss")
    assert feed.content.count(b"<item>") == 1 and both.path_on_site in feed.content.decode()
    assert feed["Content-Type"].startswith("application/rss+xml") and canary(both) not in feed.content.decode()


def test_coverage_of_two_by_year(india: Topic, russia: Topic) -> None:
    on(2018, india, russia)
    on(2020, india, russia)
    on(2020, india)
    page = soup("/topics/india/russia/")
    assert words_of(page.select_one(".timeline figcaption")).startswith("2 articles from 2018 to 2020")
    on(1890, india, russia)
    decade = soup("/topics/india/russia/").select_one(".timeline .bars a")["href"]
    assert decade == "/library/?q=after%3A1890+before%3A1900&topic=india&topic=russia&order=newest"
    assert len(soup("/topics/india/russia/2020/").select(".card")) == 1
    assert Client().get("/topics/india/russia/2019/").status_code == 404


def test_where_little_is_on_both_the_last_on_each_stands_with_it(india: Topic, russia: Topic) -> None:
    both = on(2020, india, russia)
    alone = [on(2010 + n, india) for n in range(4)]
    page = soup("/topics/india/russia/")
    assert words(page, "beside-1") == [article.title for article in (alone[3], alone[2], alone[1])]
    assert not page.select("#beside-2"), "nothing is written on Russia alone"
    assert [a.get_text() for a in page.select(".guide-newest .card-title a")] == [both.title]
    for n in range(3):
        on(2015 + n, india, russia)
    assert not soup("/topics/india/russia/").select("#beside-1")


def test_a_pair_leads_to_the_others_that_are_told_and_to_a_search(india: Topic, russia: Topic) -> None:
    japan = make_topic("Japan", "country", code="JP")
    Relation.objects.create(first=india, second=japan)
    Relation.objects.create(first=india, second=russia)
    page = soup("/topics/india/russia/")
    assert words(page, "pairs") == ["India and Japan"]
    assert page.find("a", string="Search for both")["href"] == "/library/?q=India+Russia"


def test_a_page_names_itself_as_one_says_it_and_its_cards_name_other_topics(india: Topic, russia: Topic) -> None:
    trade, states = make_topic("Trade"), make_topic("United States", "country", code="US")
    on(2020, states, trade)
    on(2019, states)
    page = soup("/topics/united-states/")
    assert page.find("a", string="Search in the United States")
    assert [a.get_text() for a in page.select(".guide-newest .kicker a")] == ["Trade"]


def test_an_article_leads_to_what_is_told_of_its_countries(india: Topic, russia: Topic) -> None:
    article = on(2020, india, russia)

    def on_this() -> list[str]:
        return [a["href"] for a in soup(article.path_on_site).select(".on-this a")]

    assert on_this() == ["/topics/india/", "/topics/russia/"]
    Relation.objects.create(first=russia, second=india)
    assert on_this() == ["/topics/india/russia/", "/topics/india/", "/topics/russia/"]


# --- for machines


def test_structured_data_says_what_it_is_about(india: Topic, russia: Topic) -> None:
    article = on(2020, india, russia)
    for path, kind in (("/topics/india/", "Country"), ("/topics/india/russia/", None)):
        things = json.loads(soup(path).find("script", type="application/ld+json").string)
        found = next(thing for thing in things if thing["@type"] == "CollectionPage")
        assert found["url"].endswith(path)
        assert found["mainEntity"]["itemListElement"][0]["url"].endswith(article.path_on_site)
        if kind:
            assert found["about"] == {"@type": kind, "name": "India"}
        else:
            assert [each["name"] for each in found["about"]] == ["India", "Russia"]
        crumbs = next(thing for thing in things if thing["@type"] == "BreadcrumbList")["itemListElement"]
        assert [crumb["name"] for crumb in crumbs][:2] == ["Home", "Topics"]


def test_the_sitemap_has_pairs_that_are_told_or_often_written_on(india: Topic, russia: Topic) -> None:
    brazil, japan = make_topic("Brazil", "country"), make_topic("Japan", "country")
    for _ in range(3):
        on(2020, india, russia)
    on(2020, india, brazil)
    Relation.objects.create(first=japan, second=brazil)
    told = Client().get("/sitemap-relations.xml").content.decode()
    assert told.count("<loc>") == 2 and "/topics/brazil/japan/" in told and "/topics/india/russia/" in told
    assert "/sitemap-relations.xml" in Client().get("/sitemap.xml").content.decode()


def test_the_index_has_every_kind(india: Topic) -> None:
    for name, kind in (("Quad", "group"), ("ASEAN", "organisation"), ("Europe", "region"), ("Trade", "theme")):
        make_topic(name, kind)
    headings = [heading.get_text() for heading in soup("/topics/").find_all("h2")]
    assert headings == ["Regions", "Countries", "Alliances and dialogues", "Organisations", "Themes"]


# --- what it costs


def test_queries_are_few_and_do_not_grow(india: Topic, russia: Topic, followed: None, django_assert_max_num_queries: Any) -> None:
    quad = make_topic("Quad", "group")
    quad.members.set([india, russia])
    Relation.objects.create(first=india, second=russia)
    for n in range(14):
        article = on(2000 + n, india, russia, quad, make_topic(f"Theme {n}"), authors=[make_author(f"Author {n}")])
        KeyArticle.objects.create(topic=india, article=article, sort_order=n)
        opened(article, n + 1)
    for path in ("/topics/india/", "/topics/quad/", "/topics/india/russia/", "/topics/india/2003/", "/topics/india/russia/2003/"):
        Client().get(path)
        with django_assert_max_num_queries(12):
            Client().get(path)
