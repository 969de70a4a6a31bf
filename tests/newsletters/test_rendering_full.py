"""An edition with something in each block, as a mail: who sees what of it, its order, its pictures, its links, its message."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable
from datetime import date, time
from typing import Any
from urllib.parse import urlsplit

import pytest
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file_jpeg

from factories import CANARY, canary, make_article, make_author, make_edition, make_newsletter, make_topic, put_in
from masthead.ads.models import Advertisement
from masthead.core import clock
from masthead.core.models import Publication
from masthead.newsletters import clicks, letters, mime, rendering
from masthead.newsletters.models import Edition, EditionItem, EditionLink, Newsletter, RadarEvent, WireEntry
from masthead.newsletters.rendering import render
from newsletters.test_rendering import REGISTERED, SUBSCRIBER, house, make_house, page, words

__all__ = ["house"]

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def written(written_once: Callable[[], Any]) -> int:
    with written_once():
        return make_full().pk


@pytest.fixture
def full(written: int, db: None) -> Edition:
    """An edition with something in each block."""
    return Edition.objects.get(pk=written)


def make_full() -> Edition:
    make_house()
    newsletter = make_newsletter(title="The Daily Review", accent="#8a1c1c", closing="*Until tomorrow.*")
    edition = make_edition(
        newsletter=newsletter, opening="Good morning. See [the strait](/topics/trade/).", preheader="And a vote"
    )
    picture = Image.objects.create(title="x", file=get_test_image_file_jpeg(size=(1600, 1000)))
    latest = make_article(
        "A Canal Is a Promise",
        standfirst="What was dug can be shut.",
        authors=[make_author(), make_author("Samuel Aldred")],
        topics=[make_topic()],
        picture=picture,
        picture_alt="A lock at dawn",
        picture_credit="Photograph: A. Harbour",
        access="subscribers",
    )
    put_in(edition, "latest", article=latest)
    put_in(edition, "latest", article=make_article("Grain", access="open", standfirst=""))
    entry = WireEntry.objects.create(
        guid="1", url="https://news.example/1?a=1&b=2", headline="Three states agree a fee", publisher="Wire & Co",
        seen=clock.now(), comment="The sum is small.",
    )  # fmt: skip
    put_in(edition, "wire", entry=entry)
    event = RadarEvent.objects.create(
        title="A vote", place="Geneva", starts=date(2026, 11, 24), hour=time(14), text="Forty states."
    )
    put_in(edition, "radar", event=event)
    put_in(edition, "library", article=make_article("Older", standfirst="From long ago."))
    put_in(edition, "most-read", article=make_article("Most read of all", standfirst="Everybody read it."))
    Advertisement.objects.create(
        name="x", slots=["newsletter"], headline="Read the whole chart", text="All of it.", link="/subscribe/"
    )
    return edition


def test_everything_in_the_edition_stands_in_both_parts(full: Edition) -> None:
    found = render(full, standing=REGISTERED)
    for text in (
        "The Daily Review",
        "Monday, 23 November 2026",
        "Good morning.",
        "Three states agree a fee",
        "The sum is small.",
        "Wire & Co",
        "A Canal Is a Promise",
        "What was dug can be shut.",
        "Inês Carvalho and Samuel Aldred",
        "Tuesday 24 November",
        "Geneva",
        "Forty states.",
        "From long ago.",
        "Most read of all",
        "Until tomorrow.",
        "Sextant, 1 Harbour Row, London",
        "because you asked for it",
    ):
        assert text in words(found), text
        assert text.replace("because you asked for it", "because you") in " ".join(found.text.split()), text


def test_blocks_stand_in_the_newsletters_order(full: Edition) -> None:
    headings = [h2.get_text() for h2 in page(render(full, standing=REGISTERED)).find_all("h2")]
    assert headings == ["The news that matters", "Our latest", "On the radar", "From the library", "Most read"]
    full.newsletter.blocks.filter(kind="latest").update(sort_order=-1, heading="This week")
    assert page(render(full, standing=REGISTERED)).find("h2").get_text() == "This week"  # type: ignore[union-attr]


def test_the_text_is_set_as_a_letter(full: Edition) -> None:
    text = render(full, standing=REGISTERED).text
    long = [line for line in text.splitlines() if len(line) > 72]
    assert all(re.fullmatch(r"\S*https?://\S+", line.strip()) for line in long), "only addresses are longer, which stay whole"
    assert "\n\n\n\n" not in text
    assert "1. Most read of all" in text


def test_only_those_who_do_not_subscribe_see_advertisements_and_what_is_for_subscribers(full: Edition) -> None:
    registered, subscriber = render(full, standing=REGISTERED), render(full, standing=SUBSCRIBER)
    for found, shown in ((registered, True), (subscriber, False)):
        assert ("Advertisement" in words(found)) is shown
        assert ("Read the whole chart" in found.text) is shown
        assert ("All-Access" in words(found)) is shown
        assert ("Free to read" in words(found)) is shown


def test_a_pasted_tag_is_in_no_mail(full: Edition) -> None:
    Advertisement.objects.all().delete()
    Advertisement.objects.create(name="x", slots=["newsletter"], tag="<script>alert(1)</script>")
    found = render(full, standing=REGISTERED)
    assert "script" not in found.html and "Advertisement" not in found.html + found.text


def test_no_advertisement_stands_where_none_is_meant_for_newsletters(full: Edition) -> None:
    Advertisement.objects.update(slots=["top", "side"])
    assert "Advertisement" not in render(full, standing=REGISTERED).html


def test_pictures_have_full_addresses_and_say_what_they_show(full: Edition) -> None:
    [picture] = page(render(full, standing=REGISTERED)).find_all("img")
    assert urlsplit(str(picture["src"])).netloc
    assert picture["alt"] == "A lock at dawn"
    assert str(picture["src"]).endswith(".jpg"), "Outlook shows no WebP"
    assert "Photograph: A. Harbour" in words(render(full, standing=REGISTERED))


def test_an_article_that_stands_in_two_blocks_is_pictured_once(full: Edition) -> None:
    [latest] = full.items.filter(block="latest", article__picture__isnull=False)
    full.items.create(block="most-read", article=latest.article)
    full.newsletter.blocks.get_or_create(kind="most-read")
    letter = page(render(full, standing=REGISTERED))
    assert len(letter.find_all("img")) == 1
    assert letter.get_text().count(latest.article.title) >= 2


def test_every_link_has_an_end(full: Edition) -> None:
    found = page(render(full, standing=REGISTERED))
    for link in found.find_all("a"):
        assert link["href"], link
        assert link.get_text(strip=True) or link.find("img")["alt"], link  # type: ignore[index]


# --- which articles


def test_the_rest_of_no_article_is_in_a_mail(full: Edition) -> None:
    plain = make_article(
        "Without a standfirst", standfirst="", paragraphs=["Short.", "The second.", "The third.", "The canary sings."]
    )
    put_in(full, "latest", article=plain)
    for standing in (REGISTERED, SUBSCRIBER):
        found = render(full, standing=standing, clicks=True)
        whole = found.html + found.text + found.subject + rendering.message(full, found).decode("latin-1")
        assert CANARY not in whole and "The canary sings" not in whole
        assert not any(canary(item.article) in whole for item in full.items.exclude(article=None))  # type: ignore[arg-type]
    assert "Short. The second. The third." in " ".join(found.text.split()), "what it has instead is its teaser"


@pytest.mark.parametrize("how", ["draft", "withdrawn", "later"])
def test_an_article_nobody_can_find_on_the_site_is_left_out(how: str, full: Edition) -> None:
    article = make_article("Not to be seen", live=how != "draft")
    put_in(full, "latest", article=article, text="What was written of it.")
    if how == "withdrawn":
        article.unpublish()
    if how == "later":
        type(article).objects.filter(pk=article.pk).update(dated=clock.now().replace(year=2100))
    found = render(full, standing=SUBSCRIBER)
    assert "Not to be seen" not in found.html + found.text
    assert "What was written of it." not in found.html + found.text


def test_the_editors_words_come_before_the_articles_own(full: Edition) -> None:
    item = full.items.filter(block="latest").first()
    assert item is not None
    EditionItem.objects.filter(pk=item.pk).update(headline="What a canal promises", text="First.\n\nSecond.")
    found = words(render(full, standing=REGISTERED))
    assert "What a canal promises" in found and "A Canal Is a Promise" not in found
    assert "First. Second." in found and "What was dug can be shut." not in found


def test_what_was_said_of_outside_news_is_written_down_when_it_goes(full: Edition) -> None:
    before = render(full, standing=REGISTERED)
    letters.pin(full)
    WireEntry.objects.all().delete()
    RadarEvent.objects.all().delete()
    after = render(Edition.objects.get(pk=full.pk), standing=REGISTERED)
    assert (after.html, after.text) == (before.html, before.text)


# --- subjects, preheader, language


def test_each_subject_is_on_its_own_mail(full: Edition) -> None:
    full.subject, full.subject_b = "One", "Other"
    assert [render(full, standing=REGISTERED, variant=v).subject for v in "ab"] == ["One", "Other"]
    full.subject_b = full.subject = ""
    assert render(full, standing=REGISTERED, variant="b").subject == "The Daily Review: Three states agree a fee"


def test_inboxes_show_the_preheader_and_then_nothing(full: Edition) -> None:
    first = page(render(full, standing=REGISTERED)).find("body").get_text()  # type: ignore[union-attr]
    assert first.strip().startswith("And a vote")
    assert re.match(r"And a vote[\u034f\u200c\xa0\s]{100,}", first.strip())


def test_an_edition_in_arabic_runs_from_right_to_left(full: Edition, house: Publication) -> None:
    house.language = "ar"
    house.save()
    found = page(render(full, standing=REGISTERED))
    assert found.html["dir"] == found.body["dir"] == "rtl"  # type: ignore[index]
    sheet = found.find("table", class_="sheet")
    assert "text-align: right" in str(sheet["style"])  # type: ignore[index]
    assert "border-left" not in render(full, standing=REGISTERED).html
    assert "الاثنين" in words(render(full, standing=REGISTERED))


# --- links and clicks


def test_counted_links_lead_through_ours_and_are_the_same_for_everyone(full: Edition) -> None:
    contents = {(s, v): render(full, standing=s, variant=v, clicks=True) for s in (REGISTERED, SUBSCRIBER) for v in "ab"}
    rows = {row.number: row for row in EditionLink.objects.filter(edition=full)}
    assert sorted(rows) == list(range(1, len(rows) + 1))
    assert len({row.url for row in rows.values()}) == len(rows), "each address has one number"
    for (standing, variant), found in contents.items():
        tokens = [urlsplit(str(a["href"])).path for a in page(found).find_all("a") if "/newsletters/go/" in a["href"]]
        assert len(tokens) >= 6
        for token in tokens:
            link = clicks.read(token.removeprefix("/newsletters/go/").strip("/"))
            assert link is not None and (link.edition, link.standing, link.variant) == (full.pk, standing, variant)
            assert link.number in rows
    by_label = {row.label: row for row in rows.values()}
    assert by_label["A Canal Is a Promise"].article is not None
    assert by_label["Three states agree a fee"].url == "https://news.example/1?a=1&b=2"
    assert by_label["Read the whole chart"].url.endswith("/subscribe/")


def test_uncounted_links_lead_there_at_once(full: Edition) -> None:
    found = render(full, standing=REGISTERED, clicks=False)
    assert "/newsletters/go/" not in found.html
    assert "https://news.example/1?a=1&amp;b=2" in found.html
    assert not EditionLink.objects.exists()


def test_addresses_in_the_text_are_the_plain_ones(full: Edition) -> None:
    text = render(full, standing=REGISTERED, clicks=True).text
    assert "/newsletters/go/" not in text
    assert "https://news.example/1?a=1&b=2" in text


def test_unsubscribing_is_never_counted(full: Edition) -> None:
    found = page(render(full, standing=REGISTERED, clicks=True))
    ways = {a.get_text(): a["href"] for a in found.find_all("a")}
    assert ways["Unsubscribe"] == mime.place("unsubscribe")
    assert ways["Choose what you get, and when"] == mime.place("preferences")


def test_an_ordinary_edition_is_not_shortened(full: Edition) -> None:
    assert render(full, standing=REGISTERED).shortened == ()


# --- the message


def test_the_message_is_complete_but_for_what_is_each_readers_own(full: Edition, settings: Any) -> None:
    full.subject = "Malacca’s arithmetic"
    found = render(full, standing=REGISTERED)
    prebuilt = mime.split(rendering.message(full, found))
    assert prebuilt.names == {"to", "message_id", "date", "unsubscribe", "preferences", "list_unsubscribe"}
    values = {name: f"https://x.example/{name}".encode() for name in prebuilt.names}
    data = prebuilt.fill({**values, "to": b"ada@example.org", "date": b"Mon, 23 Nov 2026 06:00:00 +0000", "message_id": b"<1@x>"})
    message = email.message_from_bytes(data, policy=email.policy.default)
    host = urlsplit(settings.MASTHEAD.base_url).hostname
    assert message["From"].addresses[0].display_name == "Sextant"
    assert message["From"].addresses[0].addr_spec == settings.DEFAULT_FROM_EMAIL
    assert message["Reply-To"].addresses[0].addr_spec == "readers@sextant.example"
    assert message["Subject"] == "Malacca’s arithmetic"
    assert message["List-Id"] == f"The Daily Review <daily.{host}>"
    assert message["List-Unsubscribe"] == "<https://x.example/list_unsubscribe>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Content-Language"] == "en-GB"
    assert message["Precedence"] is None and message["Auto-Submitted"] is None
    html, text = message.get_body(("html",)), message.get_body(("plain",))
    assert html is not None and text is not None
    assert "https://x.example/unsubscribe" in html.get_content() and "https://x.example/preferences" in text.get_content()
    assert mime.fill_text(found.text, {n: v.decode() for n, v in values.items()}) == text.get_content().replace("\r\n", "\n")


def test_a_newsletter_has_a_sender_of_its_own(full: Edition) -> None:
    Newsletter.objects.filter(pk=full.newsletter.pk).update(
        from_name="Zoë, of Sextant", from_address="zoe@sextant.example", reply_to="desk@sextant.example"
    )
    edition = Edition.objects.get(pk=full.pk)
    message = email.message_from_bytes(
        rendering.message(edition, render(edition, standing=REGISTERED)), policy=email.policy.default
    )
    assert message["From"].addresses[0].display_name == "Zoë, of Sextant"
    assert message["From"].addresses[0].addr_spec == "zoe@sextant.example"
    assert message["Reply-To"].addresses[0].addr_spec == "desk@sextant.example"


def test_a_subject_begins_no_other_field(full: Edition) -> None:
    full.subject = "News\r\nBcc: everybody@example.org"
    message = email.message_from_bytes(rendering.message(full, render(full, standing=REGISTERED)), policy=email.policy.default)
    assert message["Bcc"] is None and message["Subject"] == "News Bcc: everybody@example.org"
