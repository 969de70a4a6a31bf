"""What stands on reader pages: one article, at most one gate, honest metadata, right headers, few queries."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from factories import canary, make_article, make_author, make_comp, make_reader, make_topic, set_policy
from front.journey import Browser
from masthead.access.models import Network
from masthead.access.policy import Reason
from masthead.access.services import current_policy
from masthead.ads.models import Advertisement
from masthead.articles.models import Article
from masthead.articles.services import store_more
from masthead.core import clock
from masthead.core.models import Benefit, Publication
from masthead.front import headers
from masthead.front.content.article import ArticlePage, article_page, find_article
from masthead.front.content.indexes import MANY_ENTRIES
from masthead.front.content.publication import publication_facts
from masthead.front.pageview import OPENING, PageView
from masthead.front.render import render_page
from masthead.newsletters.models import Newsletter

pytestmark = pytest.mark.django_db

GATES = [reason for reason in Reason if reason not in OPENING]


@pytest.fixture
def house() -> Publication:
    """A publication with everything on its pages that can be there."""
    publication = Publication.load()
    publication.name, publication.timezone, publication.contact_email = "Sextant", "Europe/London", "letters@example.org"
    publication.save()
    Benefit.objects.create(publication=publication, title="No advertisements", text="None at all.")
    Newsletter.objects.create(slug="daily", title="The Daily", schedule="Weekdays at six")
    for slot in Advertisement.Slot.values:
        Advertisement.objects.create(name=slot, slots=[slot], headline=f"House ad {slot}", link="/newsletters/")
    return publication


@pytest.fixture
def article(house: Publication) -> Article:
    return make_article(
        "A Canal Is a Promise", standfirst="", authors=[make_author()], topics=[make_topic(), make_topic("Europe", "region")]
    )


def soup(client: Client, path: str, **headers_sent: str) -> BeautifulSoup:
    response = client.get(path, headers=headers_sent)
    assert response.status_code == 200, path
    return BeautifulSoup(response.content, "html.parser")


def json_ld(page: BeautifulSoup, kind: str) -> dict[str, Any]:
    things = json.loads(page.find("script", type="application/ld+json").string)
    return next(thing for thing in things if thing["@type"] == kind)


def page_for(
    article: Article, decision: Reason, *, standing: str = "anonymous", left: int = 0, advertising: bool = True
) -> BeautifulSoup:
    """The page of ``article`` under ``decision``, put together as the view does it."""
    view = PageView(article.path_on_site, standing, decision.value, left, "2026-11", advertising=advertising)
    now = clock.now()
    page = article_page(find_article(article.slug), opens=view.opens, policy=current_policy(), now=now)
    return BeautifulSoup(render_page(view, page, publication_facts(), now).html, "html.parser")


# --- the article and its gate


@pytest.mark.parametrize("decision", list(Reason))
def test_one_article_and_one_gate_only_when_shut(article: Article, decision: Reason) -> None:
    page = page_for(article, decision)
    [found] = page.find_all("article")
    assert (found["data-access"], found["data-decision"]) == ("metered", decision.value)
    assert len(found.select("section.gate")) == len(page.select("section.gate")) == (decision not in OPENING)
    assert len(page.find_all(attrs={"data-decision": True})) == 1
    assert (canary(article) in page.get_text()) == (decision in OPENING)


@pytest.mark.parametrize("decision", list(Reason))
def test_inside_the_article_stands_nothing_else(article: Article, decision: Reason) -> None:
    found = page_for(article, decision).article
    assert not found.select(".ad, .card, .strip, nav, script, iframe")
    assert not found.select("input[name=csrfmiddlewaretoken]")


def test_the_rest_of_a_shut_article_is_nowhere_in_the_answer(article: Article) -> None:
    for path in (
        article.path_on_site,
        "/",
        "/feeds/articles.rss",
        "/topics/trade/",
        "/topics/trade/feed.rss",
        "/authors/ines-carvalho/",
    ):
        response = Client().get(path)
        assert response.status_code == 200
        assert canary(article) not in response.content.decode() + str(response.headers), path


def test_the_register_gate_promises_instant_access_only_while_there_is_some(article: Article) -> None:
    with_some, without = page_for(article, Reason.REGISTER, left=1), page_for(article, Reason.REGISTER, left=0)
    assert "instant access" in with_some.select_one(".gate").get_text()
    assert "instant" not in without.select_one(".gate").get_text()
    assert "mail you a code first" in without.select_one(".gate").get_text()


def test_the_register_form_holds_what_the_journey_reads(article: Article) -> None:
    form = soup(Client(), article.path_on_site).select_one(".gate form")
    assert (form["action"], form["method"]) == ("/keep-reading/", "post")
    assert {field["name"] for field in form.select("input")} == {"article", "email", "newsletters"}
    assert form.select_one("[name=article]")["value"] == article.slug


def test_the_confirm_gate_has_one_code_field_and_no_second_named_button(article: Article) -> None:
    gate = page_for(article, Reason.CONFIRM).select_one(".gate")
    [field] = gate.select("[name=code]")
    assert (field["inputmode"], field["autocomplete"]) == ("numeric", "one-time-code")
    assert [form["action"] for form in gate.select("form")] == ["/confirm/", "/confirm/resend/", "/keep-reading/"]
    assert not gate.select("button[name]")


def test_the_choosing_gate_says_what_is_left(article: Article) -> None:
    gate = page_for(article, Reason.CHOOSE, standing="registered", left=2).select_one(".gate")
    assert gate.h2.get_text() == "2 of your 3 free articles are left this month"
    assert gate.form["action"] == "/unlock/" and gate.button.get_text() == "Read this article"
    assert (
        page_for(article, Reason.CHOOSE, left=1).select_one(".gate h2").get_text()
        == "1 of your 3 free articles is left this month"
    )


def test_the_spent_gate_says_when_the_next_come_in_the_publications_zone(article: Article) -> None:
    now = clock.now()
    following = (now.replace(day=1) + timedelta(days=32)).replace(day=1)
    gate = page_for(article, Reason.SPENT, standing="registered").select_one(".gate")
    assert gate.time["datetime"] == following.date().isoformat()
    assert "No advertisements" in gate.get_text()


def test_a_malformed_rule_still_shows_a_gate(article: Article) -> None:
    set_policy(period="never")
    page = soup(Client(), article.path_on_site)
    assert page.article["data-decision"] == "subscribe"
    assert canary(article) not in page.get_text()


def test_known_readers_are_not_asked_to_log_in(article: Article) -> None:
    assert page_for(article, Reason.REGISTER).select("a[href^='/login/']")
    assert not page_for(article, Reason.SPENT, standing="registered").select("a[href^='/login/']")


# --- advertising


def test_a_subscriber_gets_no_advertisement_markup_script_or_space(article: Article) -> None:
    Advertisement.objects.create(name="tag", slots=["top"], tag="<script src='https://ads.example/x.js'></script>", weight=100)
    page = page_for(article, Reason.SUBSCRIPTION, standing="subscriber", advertising=False)
    assert "dvertis" not in str(page) and not page.select("[class^=ad], .with-side, iframe")
    assert len(page.select("script[src]")) == 1, "ours"


def test_a_subscribers_page_does_not_even_look_for_advertisements(article: Article, django_assert_max_num_queries: Any) -> None:
    reader = make_reader()
    make_comp(reader)
    browser = Browser()
    browser.force_login(reader)
    page = soup(browser, article.path_on_site)
    assert page.article["data-decision"] == "comp"
    assert not page.select(".ad")


def test_others_get_each_slot_once_outside_the_article(article: Article) -> None:
    page = page_for(article, Reason.REGISTER)
    assert [next(c for c in ad["class"] if c != "ad") for ad in page.select(".ad")] == ["ad-top", "ad-side", "ad-in-article"]
    assert all("Advertisement" in ad.get_text() for ad in page.select(".ad"))


def test_a_pasted_tag_runs_as_nobody(article: Article) -> None:
    Advertisement.objects.all().delete()
    tag = "<script>document.cookie</script>"
    pasted = Advertisement.objects.create(name="tag", slots=["top"], tag=tag)
    page = soup(Client(), article.path_on_site)
    assert tag not in str(page)
    frame = page.select_one("iframe")
    assert "allow-same-origin" not in frame["sandbox"] and frame["src"] == f"/advertisements/{pasted.pk}/"
    response = Client().get(frame["src"])
    assert tag in response.content.decode()
    assert "sandbox" in response["Content-Security-Policy"] and "allow-same-origin" not in response["Content-Security-Policy"]
    pasted.active = False
    pasted.save()
    assert Client().get(frame["src"]).status_code == 404


# --- for search engines


@pytest.mark.parametrize(("access", "free"), [("open", True), ("metered", False), ("subscribers", False)])
def test_structured_data_follows_the_article_never_the_visitor(house: Publication, access: str, free: bool) -> None:
    article = make_article(access=access, authors=[make_author()], topics=[make_topic()])
    views = [page_for(article, Reason.REGISTER), page_for(article, Reason.SUBSCRIPTION, standing="subscriber")]
    for page in views:
        data = json_ld(page, "NewsArticle")
        assert data["isAccessibleForFree"] is free
        assert "hasPart" not in data and "articleBody" not in data
        assert data["author"][0]["name"] == "Inês Carvalho" and data["publisher"]["name"] == "Sextant"
        assert data["url"].endswith(article.path_on_site) and data["datePublished"] <= data["dateModified"]
    assert json_ld(views[0], "NewsArticle") == json_ld(views[1], "NewsArticle")
    crumbs = json_ld(views[0], "BreadcrumbList")["itemListElement"]
    assert [crumb["name"] for crumb in crumbs] == ["Home", "Trade", article.title]


def test_structured_data_cannot_end_its_element(house: Publication) -> None:
    article = make_article("Ends </script><script>alert(1)</script> & so on")
    html = Client().get(article.path_on_site).content.decode()
    assert "<script>alert" not in html
    assert json_ld(BeautifulSoup(html, "html.parser"), "NewsArticle")["headline"] == article.title


def test_the_description_is_the_standfirst_or_the_teasers_beginning(house: Publication) -> None:
    plain, with_one = make_article(), make_article(standfirst="What a strait is for.")
    described = [soup(Client(), a.path_on_site).find("meta", attrs={"name": "description"})["content"] for a in (plain, with_one)]
    assert described[0].startswith("Teaser paragraph 1") and canary(plain) not in described[0]
    assert described[1] == "What a strait is for."


@pytest.mark.parametrize(
    "path", ["/", "/topics/", "/authors/", "/topics/trade/", "/authors/ines-carvalho/", "/subscribe/", "/newsletters/", "/about/"]
)
def test_every_page_has_a_title_one_heading_and_its_canonical_address(article: Article, path: str, settings: Any) -> None:
    page = soup(Client(), f"{path}?utm_source=mail")
    assert page.title.get_text().strip() and len(page.find_all("h1")) == 1 and len(page.find_all("main")) == 1
    assert page.find("link", rel="canonical")["href"] == f"{settings.MASTHEAD.base_url}{path}"
    assert page.find("meta", property="og:url")["content"] == page.find("link", rel="canonical")["href"]
    assert not page.find("meta", attrs={"name": "robots"})


def test_the_feed_carries_teasers_only(article: Article) -> None:
    make_article("Open to all", access="open", paragraphs=["One.", "Two.", "Three.", "The fourth stays on the page."])
    response = Client().get("/feeds/articles.rss")
    feed = response.content.decode()
    assert response["Content-Type"].startswith("application/rss+xml")
    assert "Teaser paragraph 3" in feed and canary(article) not in feed and "The fourth" not in feed
    assert "<dc:creator>Inês Carvalho</dc:creator>" in feed
    assert Client().get("/topics/europe/feed.rss").content.count(b"<item>") == 1


@pytest.mark.django_db
def test_an_empty_feed_is_the_same_at_every_moment() -> None:
    assert b"<lastBuildDate>Thu, 01 Jan 1970" in Client().get("/feeds/articles.rss").content


def test_sitemaps_lead_to_every_article_and_no_draft(article: Article) -> None:
    draft = make_article("Draft", live=False)
    index = Client().get("/sitemap.xml").content.decode()
    parts = re.findall(r"<loc>[^<]*(/sitemap-[^<]+)</loc>", index)
    everything = "".join(Client().get(part).content.decode() for part in parts)
    assert article.path_on_site in everything and "/topics/trade/" in everything and "/authors/ines-carvalho/" in everything
    assert draft.path_on_site not in everything
    assert Client().get("/sitemap-articles-2.xml").status_code == Client().get("/sitemap-articles-0.xml").status_code == 404


def test_the_news_sitemap_has_two_days(article: Article) -> None:
    old = make_article("Old", dated=clock.now() - timedelta(days=3))
    news = Client().get("/news-sitemap.xml").content.decode()
    assert article.path_on_site in news and old.path_on_site not in news


def test_robots_keep_out_of_forms_and_find_the_sitemaps(db: None) -> None:
    text = Client().get("/robots.txt").content.decode()
    assert "Disallow: /newsroom/" in text and "/sitemap.xml" in text and "/news-sitemap.xml" in text


# --- lists


def test_more_never_shows_the_article_itself_and_prefers_its_topics(house: Publication) -> None:
    water = make_topic("Water")
    here = make_article("Here", topics=[water])
    kin = make_article("Kin", topics=[water], dated=clock.now() - timedelta(days=900))
    for n in range(9):
        make_article(f"Other {n}")
    links = [a["href"] for a in soup(Client(), here.path_on_site).select(".more .card-title a")]
    assert links[0] == kin.path_on_site and here.path_on_site not in links and len(links) == 6


def shown_after(article: Article) -> list[str]:
    """The headlines ``article``'s page goes on to."""
    return [a.get_text() for a in soup(Client(), article.path_on_site).select(".more .card-title a")]


def test_more_shows_what_was_stored_in_its_order(house: Publication) -> None:
    here, *others = [make_article(f"No {n}") for n in range(10)]
    store_more(more={here.pk: [article.pk for article in reversed(others)]})
    assert shown_after(here) == ["No 9", "No 8", "No 7", "No 6", "No 5", "No 4"]
    others[-1].unpublish()
    Article.objects.filter(pk=others[-2].pk).update(dated=clock.now() + timedelta(days=1))
    assert shown_after(here) == ["No 7", "No 6", "No 5", "No 4", "No 3", "No 2"], "the next ones take their places"


def test_where_too_few_of_them_are_left_the_nearest_follow(house: Publication) -> None:
    water = make_topic("Water")
    here, *others = [make_article(f"No {n}", topics=[water] if n < 5 else []) for n in range(10)]
    store_more(more={here.pk: [others[8].pk, here.pk, others[7].pk, 10**9]})
    others[7].unpublish()
    shown = shown_after(here)
    assert shown[0] == "No 9" and sorted(shown[1:5]) == ["No 1", "No 2", "No 3", "No 4"]
    assert len(set(shown)) == 6 and not {"No 0", "No 8"} & set(shown)


def test_never_fewer_are_shown_than_there_are(house: Publication) -> None:
    here, *others = [make_article(f"No {n}") for n in range(5)]
    for stored in ([], [others[0].pk], [article.pk for article in others], [10**9]):
        store_more(more={here.pk: stored})
        assert sorted(shown_after(here)) == ["No 1", "No 2", "No 3", "No 4"]


def test_a_page_depends_on_what_it_goes_on_to_and_on_the_lists_only_where_it_must(house: Publication) -> None:
    here, *others = [make_article(f"No {n}") for n in range(10)]

    def page() -> ArticlePage:
        now = clock.now()
        return article_page(find_article(here.slug), opens=True, policy=current_policy(), now=now)

    own = (f"article:{here.pk}", f"more:{here.pk}")
    assert set(page().keys) == {*own, "list"}
    store_more(more={here.pk: [article.pk for article in others]})
    assert page().keys == (*own, *(f"article:{article.pk}" for article in others[:6])) and page().until is None
    # what would stand there but for its date, or for being withdrawn, may come back
    tomorrow = clock.now() + timedelta(days=1)
    Article.objects.filter(pk=others[1].pk).update(dated=tomorrow)
    others[0].unpublish()
    assert page().keys == (*own, *(f"article:{article.pk}" for article in others[:8])) and page().until == tomorrow
    for article in others[2:5]:
        article.unpublish()
    assert set(page().keys) == {*own, "list"} and page().until == tomorrow, "the lists are waiting for it, too"


@pytest.mark.parametrize("stored", [0, 3, 9])
def test_a_cold_article_takes_six_queries(house: Publication, stored: int, django_assert_max_num_queries: Any) -> None:
    here, *others = [make_article(f"No {n}", topics=[make_topic()]) for n in range(10)]
    store_more(more={here.pk: [article.pk for article in others[:stored]]})
    now, policy = clock.now(), current_policy()
    # the lists' next date is among them, which a web process remembers; where there are pictures they take one more
    with django_assert_max_num_queries({0: 5, 3: 6, 9: 3}[stored]):
        page = article_page(find_article(here.slug), opens=True, policy=policy, now=now)
    assert len(page.more) == 6


def test_lists_page_by_date_without_gaps_or_repeats(house: Publication) -> None:
    topic, moment = make_topic(), clock.now() - timedelta(days=1)
    made = [make_article(f"No {n}", topics=[topic], dated=moment - timedelta(hours=n // 3)).path_on_site for n in range(45)]
    path, seen = "/topics/trade/", []
    while path:
        page = soup(Client(), path)
        seen += [a["href"] for a in page.select(".list .card-title a")]
        older = page.select_one(".paging a")
        path = older["href"] if older else ""
    assert sorted(seen) == sorted(made) and len(seen) == 45


@pytest.mark.parametrize(
    "mark", ["x", "2026-11-01.", ".5", "9999-99-99.1", "2026-11-01T00:00:00.1e9", "' OR 1=1", "2026-11-01.٣", "0" * 9999]
)
def test_a_mark_that_is_none_of_ours_shows_the_first_page(article: Article, mark: str) -> None:
    page = soup(Client(), f"/topics/trade/?before={mark}")
    assert len(page.select(".list .card")) == 1


def test_an_article_dated_later_is_not_listed_yet(house: Publication) -> None:
    make_article("From tomorrow", dated=clock.now() + timedelta(days=400))
    assert "From tomorrow" not in Client().get("/").content.decode()


def test_cards_show_the_articles_access_and_are_no_articles(article: Article) -> None:
    make_article("For all", access="open")
    make_article("For some", access="subscribers")
    page = soup(Client(), "/")
    assert not page.find_all("article") and not page.find_all(attrs={"data-access": True})
    assert {label.get_text() for label in page.select(".card .access")} == {"Free to read", "All-Access"}


def test_old_dates_keep_their_precision(house: Publication) -> None:
    article = make_article("Old", dated=clock.now().replace(year=1931, month=5, day=1), date_precision="year")
    time = soup(Client(), article.path_on_site).article.time
    assert (time["datetime"], time.get_text()) == ("1931", "1931")


def test_source_and_licence_stand_at_an_imported_articles_foot(house: Publication) -> None:
    article = make_article(source="Office of the Historian", source_url="https://history.state.gov/x", licence="CC0")
    foot = soup(Client(), article.path_on_site).article.select_one("footer.source")
    assert (
        "Office of the Historian" in foot.get_text()
        and "CC0" in foot.get_text()
        and foot.a["href"] == "https://history.state.gov/x"
    )


# --- a page is a function of its view


def test_the_same_view_gives_the_same_bytes(article: Article) -> None:
    one, two = Browser(), Browser("198.51.100.7")
    two.defaults["HTTP_USER_AGENT"] = "Somebody else"
    two.cookies["their_cookie"] = "1"
    for path in ("/", article.path_on_site, "/topics/trade/", "/subscribe/", "/newsletters/"):
        pages = [re.sub(rb"House ad [a-z-]+", b"", browser.get(path).content) for browser in (one, two)]
        assert pages[0] == pages[1], path


def test_nothing_personal_stands_on_a_variant_page(article: Article) -> None:
    reader = make_reader("very.personal@example.org", first_name="Wilhelmina")
    browser = Browser()
    browser.force_login(reader)
    for path in ("/", article.path_on_site, "/topics/trade/", "/subscribe/", "/newsletters/"):
        html = browser.get(path).content.decode()
        assert "very.personal" not in html and "Wilhelmina" not in html and reader.subject not in html and "csrf" not in html


# --- headers

PATHS = ["/", "/topics/", "/topics/trade/", "/subscribe/", "/feeds/articles.rss", "/sitemap.xml", "ARTICLE"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("cookie", "public"),
    [
        ("", True),
        ("theirs", True),
        ("_ga", True),
        ("masthead_pass", False),
        ("masthead_device", False),
        ("masthead_session", False),
    ],
)
def test_public_only_without_our_cookies(article: Article, path: str, cookie: str, public: bool) -> None:
    client = Client()
    if cookie:
        client.cookies[cookie] = "anything"
    response = client.get(article.path_on_site if path == "ARTICLE" else path)
    assert response["Cache-Control"] == (headers.PUBLIC if public else headers.PRIVATE)
    assert "Cookie" in response["Vary"]
    assert "script-src 'self'" in response["Content-Security-Policy"]


def test_a_licensed_network_is_never_public(article: Article) -> None:
    from masthead.access import networks

    Network.objects.create(institution="A University", cidr="203.0.113.0/24", since=clock.now() - timedelta(days=1))
    networks.forget()
    try:
        response = Client(REMOTE_ADDR="203.0.113.9").get(article.path_on_site)
    finally:
        Network.objects.all().delete()
        networks.forget()
    assert b'data-decision="institution"' in response.content
    assert response["Cache-Control"] == headers.PRIVATE


def test_an_anonymous_look_sets_no_cookie(article: Article) -> None:
    for path in ("/", article.path_on_site):
        for response in (Client().get(path), Client().head(path)):
            assert not response.cookies


def test_unchanged_pages_are_not_sent_again(article: Article) -> None:
    Advertisement.objects.all().delete()  # they change by the minute
    first = Client().get(article.path_on_site)
    again = Client().get(article.path_on_site, headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304 and not again.content
    for name in ("ETag", "Cache-Control", "Vary"):
        assert again[name] == first[name]
    assert Client().get(article.path_on_site, headers={"If-None-Match": '"other"'}).status_code == 200
    head = Client().head(article.path_on_site)
    assert head.status_code == 200 and head["ETag"] == first["ETag"] and not head.content


def test_pages_answer_nothing_but_looks(article: Article) -> None:
    assert Client().post(article.path_on_site).status_code == 405
    assert Client().post("/").status_code == 405


def test_no_inline_program_or_style_needs_an_exception(article: Article) -> None:
    for path in ("/", article.path_on_site, "/subscribe/", "/newsletters/"):
        page = soup(Client(), path)
        assert not page.find_all(style=True) and not page.find_all("style")
        assert all(script.get("src") or script.get("type") == "application/ld+json" for script in page.find_all("script"))
        assert not [tag for tag in page.find_all(True) for name in tag.attrs if name.startswith("on")]


# --- the number of queries does not grow with the archive


@pytest.mark.parametrize(
    ("path", "most"),
    # a topic's page asks 10 of its own (tests/front/test_guides.py); the others are remembered in a web process
    [("/", 12), ("/topics/trade/", 17), ("/authors/ines-carvalho/", 12), ("ARTICLE", 14), ("/feeds/articles.rss", 12)],
)
def test_few_queries_however_many_articles(article: Article, path: str, most: int, django_assert_max_num_queries: Any) -> None:
    for n in range(12):
        make_article(f"Number {n}", authors=[make_author(), make_author("Second")], topics=[make_topic(), make_topic(f"T{n}")])
    address = article.path_on_site if path == "ARTICLE" else path
    Client().get(address)  # content types, the licensed networks
    with django_assert_max_num_queries(most):
        assert Client().get(address).status_code == 200


# --- around


def test_subscribe_names_where_you_came_from_and_has_no_price(article: Article) -> None:
    page = soup(Client(), f"/subscribe/?article={article.slug}")
    assert page.select_one(".came-from a")["href"] == article.path_on_site
    assert page.select_one("main a[href^='mailto:letters@example.org']") and not re.search(r"[€£$]", page.main.get_text())
    assert not soup(Client(), "/subscribe/?article=none-such").select(".came-from")


@pytest.mark.parametrize("path", ["/nothing/", "/articles/none/", "/topics/none/", "/authors/none/"])
def test_what_is_not_there_says_so_in_the_house_style(house: Publication, path: str) -> None:
    response = Client().get(path)
    assert response.status_code == 404
    assert b"This page is not here" in response.content and b"Sextant" in response.content
    assert response["Cache-Control"] == "private, no-cache", "no cache keeps away what is published next"


@pytest.mark.parametrize("name", ["not_found", "cross_origin", "too_many", "broken", "unavailable"])
def test_error_pages_need_no_context(db: None, name: str) -> None:
    from django.template.loader import render_to_string

    assert "<h1>" in render_to_string(f"errors/{name}.html")


def test_the_front_page_shows_nothing_twice(house: Publication) -> None:
    region = make_topic("Europe", "region")
    for number in range(20):
        make_article(f"Article {number}", topics=[region], dated=clock.now() - timedelta(days=number))
    shown = [link["href"] for link in soup(Client(), "/").select(".card-title a")]
    assert len(shown) == len(set(shown)) == 15


def test_the_topics_say_how_much_there_is_and_have_letters_where_they_are_many(article: Article) -> None:
    page = soup(Client(), "/topics/")
    assert [entry.get_text() for entry in page.select("#main .entry-count")] == ["1 article", "1 article"]
    assert not page.select(".letters")
    for number in range(MANY_ENTRIES):
        make_topic(f"{'AÉZ2'[number % 4]} topic {number}")
    page = soup(Client(), "/topics/")
    letters = page.select(".letters a")
    assert [letter.get_text() for letter in letters] == ["0-9", "A", "E", "T", "Z"]
    for letter in letters:
        assert page.select_one(letter["href"]).select_one(".entry-name").get_text()[:1] in {"2", "A", "É", "T", "Z"}


def test_on_paper_a_shut_article_says_where_the_rest_is(article: Article) -> None:
    assert article.path_on_site in page_for(article, Reason.REGISTER).select_one(".gate .on-paper").get_text()
    assert not page_for(article, Reason.UNLOCK).select(".on-paper")
