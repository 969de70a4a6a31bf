"""An edition as a mail: what others wrote stays text, letters that are none of articles, and that it is never too long.

What is told of one with something in each block stands in test_rendering_full.py.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup
from django.db import connection

from factories import CANARY, make_article, make_edition, make_topic, put_in
from masthead.core.models import Publication
from masthead.newsletters import letters, mime
from masthead.newsletters.models import EditionItem
from masthead.newsletters.rendering import MOST, Rendered, render

pytestmark = pytest.mark.django_db

REGISTERED, SUBSCRIBER = "registered", "subscriber"


@pytest.fixture
def house(db: None) -> Publication:
    return make_house()


def make_house() -> Publication:
    publication = Publication.load()
    publication.name, publication.timezone, publication.language = "Sextant", "Europe/London", "en-GB"
    publication.contact_email, publication.footer = "readers@sextant.example", "Sextant, 1 Harbour Row, London"
    publication.save()
    return publication


def page(rendered: Rendered) -> BeautifulSoup:
    return BeautifulSoup(rendered.html, "html.parser")


def words(rendered: Rendered) -> str:
    return " ".join(page(rendered).get_text(" ").split())


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</td></tr></table><h1>Fake",
        "{{ settings.SECRET_KEY }}{% load x %}",
        f"See {mime.place('unsubscribe')} here",
        "[link](https://evil.example) **bold**",
        "Right\u202eto left\x00\x1b[31m",
    ],
)
def test_what_others_wrote_stays_text(hostile: str, house: Publication) -> None:
    edition = make_edition()
    # PostgreSQL keeps no NUL: there it cannot get as far as this
    kept = hostile.replace("\0", "") if connection.vendor == "postgresql" else hostile
    put_in(edition, "wire", headline=kept, text=kept, source=kept, url="https://news.example/")
    put_in(edition, "radar", headline="x", text=kept)
    found = render(edition, standing=REGISTERED)
    plain = page(render(make_edition("2026-11-24"), standing=REGISTERED))
    tags = {tag.name for tag in page(found).find_all()} - {tag.name for tag in plain.find_all()}
    assert tags <= {"h2", "h3", "span", "br"}
    assert next(h.get_text() for h in page(found).find_all("h3")) == " ".join(mime.clean(hostile).split())
    assert found.html.count(mime.place("unsubscribe")) == 1
    assert found.text.count(mime.place("unsubscribe")) == 1


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "//evil.example/", "ftp://x/", "https://a b/", " "]
)
def test_a_link_leads_to_the_web_or_nowhere(address: str, house: Publication) -> None:
    edition = make_edition()
    put_in(edition, "wire", headline="Three states", url=address)
    found = render(edition, standing=REGISTERED)
    assert page(found).find("h3").find("a") is None  # type: ignore[union-attr]
    assert "evil" not in found.html + found.text


def test_html_in_an_editors_markdown_stays_text(house: Publication) -> None:
    edition = make_edition(opening="<script>alert(1)</script> [x](javascript:alert(1)) <b>b</b>\n\n# Heading")
    found = page(render(edition, standing=REGISTERED))
    assert not found.find("script") and not found.find("b")
    assert "<script>alert(1)</script>" in found.get_text()
    assert [h.get_text() for h in found.find_all("h1")] == ["The Daily"], "a mail has one first heading"


def test_a_special_edition_is_what_was_written(house: Publication) -> None:
    body = (
        "## Why we ask\n\nA *word*:\n\n- one\n- two [here](/about/)\n\n> said\n\n1. first\n2. second\n\n![A map](/media/map.png)"
    )
    edition = make_edition("our-appeal", kind="special", body=body)
    found = render(edition, standing=SUBSCRIBER)
    drawn = page(found)
    assert [li.get_text() for li in drawn.find_all("li")] == ["one", "two here", "first", "second"]
    assert all(urlsplit(str(img["src"])).netloc for img in drawn.find_all("img"))
    assert all(urlsplit(str(a["href"])).netloc or mime.place("x")[0] in a["href"] for a in drawn.find_all("a"))
    assert "Why we ask\n----------" in found.text
    assert "- one\n- two here <http" in found.text
    assert "1. first\n2. second" in found.text
    assert "> said" in found.text
    assert "[A map]" in found.text


def test_a_special_edition_may_have_articles_below_its_text(house: Publication) -> None:
    edition = make_edition("our-year", kind="special", body="Dear readers, a year in five articles.")
    for title in ("Locks", "Quays"):
        put_in(edition, "latest", article=make_article(title, standfirst="", access="subscribers", topics=[make_topic()]))
    put_in(edition, "latest", headline="A word of thanks", text="To all of you.")
    for standing in (REGISTERED, SUBSCRIBER):
        found = render(edition, standing=standing)
        drawn = page(found)
        assert [h.get_text() for h in drawn.find_all("h2")] == [letters.BELOW]
        assert [h.get_text(strip=True) for h in drawn.find_all("h3")] == ["Locks", "Quays", "A word of thanks"]
        for text in (found.html, found.text):
            assert "Teaser paragraph 1 of Locks." in text and "To all of you." in text
            assert text.index("a year in five articles") < text.index("1 of Locks") < text.index("1 of Quays")
            assert CANARY not in text, "the rest of an article is in no mail"
    edition.heading = "Our five"
    assert "Our five\n--------" in render(edition, standing=REGISTERED).text


def test_an_address_too_long_to_keep_is_linked_as_it_is(house: Publication) -> None:
    edition = make_edition(opening=f"[x](https://news.example/{'y' * 1100})")
    found = render(edition, standing=REGISTERED, clicks=True)
    assert f"https://news.example/{'y' * 1100}" in found.html


# --- never too long


def test_a_long_edition_is_shortened_and_says_so(house: Publication) -> None:
    edition = make_edition()
    for number in range(30):
        put_in(edition, "wire", headline=f"Headline {number} " + "word " * 30, text="Long text. " * 700, url="https://x.example/")
    found = render(edition, standing=REGISTERED, clicks=True)
    assert len(found.html.encode()) < MOST
    assert found.shortened and "too long" in found.shortened[0]
    assert "There is more in this edition than a mail can hold." in words(found)
    assert mime.place("unsubscribe") in found.html, "what has to be there is there"
    assert len(page(found).find_all("h3")) == 30, "all are named"
    assert found.html.rstrip().endswith("</html>")


def test_an_edition_of_far_too_many_items_names_those_that_stand_first(house: Publication) -> None:
    edition = make_edition()
    items = [EditionItem(edition=edition, block="wire", position=n, headline=f"{n} " + "ü" * 190) for n in range(200)]
    EditionItem.objects.bulk_create(items)
    found = render(edition, standing=REGISTERED)
    headlines = [h3.get_text() for h3 in page(found).find_all("h3")]
    assert len(found.html.encode()) < MOST
    assert 20 < len(headlines) < 200 and headlines[0].startswith("0 ")
    assert "left out" in found.shortened[0]


def test_a_long_special_edition_ends_after_a_paragraph(house: Publication) -> None:
    edition = make_edition("appeal", kind="special", body="\n\n".join(f"Paragraph {n}. " + "word " * 400 for n in range(80)))
    found = render(edition, standing=SUBSCRIBER)
    assert 60_000 < len(found.html.encode()) < MOST
    assert "The end of what was written was left out" in found.shortened[0]
    assert "Read all of it on the web" in words(found)


def test_a_letter_to_some_readers_has_no_page_to_link(house: Publication) -> None:
    edition = make_edition("to-subscribers", kind="special", segment="subscribers", body="Dear subscribers")
    found = render(edition, standing=SUBSCRIBER)
    assert "Read on the web" not in found.html and "/newsletters/daily/to-subscribers/" not in found.html + found.text
