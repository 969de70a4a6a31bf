"""The wire desk: one press picks with a comment, the order is the editors', and nothing is lost that was put away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from masthead.core import clock
from masthead.newsletters.models import Edition, EditionItem, Newsletter, WireEntry, WireSource
from masthead.newsroom import wire
from newsroom_desk import headlines, make_daily, make_draft, make_entry

pytestmark = pytest.mark.django_db

PAGE = "/newsroom/newsletters/wire/"
DO = PAGE + "do/"
SCRIPT = {"HTTP_X_REQUESTED_WITH": "XMLHttpRequest"}


def test_one_press_picks_with_the_comment_for_the_chosen_newsletter(as_role):
    daily, entry, client = make_daily(), make_entry(), as_role("Editor")
    response = client.post(DO, {"do": f"pick:{entry.pk}", f"comment-{entry.pk}": "Freight rates.", "for": "daily", "back": "p=2"})
    assert response["Location"] == PAGE + "?p=2"
    entry.refresh_from_db()
    assert (entry.comment, entry.picked_for, entry.picked_by) == ("Freight rates.", daily, client.reader)
    assert entry.headline in client.get(PAGE).content.decode().split('id="wire-picked"')[1]


def test_a_pick_goes_straight_into_the_draft_that_is_on_the_desk(as_role):
    edition, entry, client = make_draft(), make_entry(), as_role("Editor")
    told = client.post(DO, {"do": f"pick:{entry.pk}", "for": "daily"}, **SCRIPT).json()
    assert told["sentence"] == "Picked for The Daily. It is in the draft of The Daily."
    assert headlines(edition, "wire") == [entry.headline]
    client.post(DO, {"do": f"unpick:{entry.pk}", "for": "daily"})
    assert headlines(edition, "wire") == []


def test_an_approved_edition_is_left_as_its_editor_saw_it(as_role):
    edition, entry, client = make_draft(), make_entry(), as_role("Editor")
    Edition.objects.update(state="approved")
    client.post(DO, {"do": f"pick:{entry.pk}", "for": "daily"})
    assert headlines(edition, "wire") == []


def test_a_full_wire_takes_no_more(staff):
    edition = make_draft()
    edition.newsletter.blocks.filter(kind="wire").update(most=1)
    editor = staff("Editor")
    for n in range(2):
        wire.pick(entry=make_entry(f"News {n}"), newsletter=edition.newsletter, comment="", by=editor)
    assert headlines(edition, "wire") == ["News 0"]


def test_the_order_is_moved_by_buttons_and_by_dragging(as_role):
    make_daily()
    entries, client = [make_entry(f"News {n}") for n in range(3)], as_role("Editor")
    for entry in entries:
        client.post(DO, {"do": f"pick:{entry.pk}", "for": "daily"})
    client.post(DO, {"do": f"up:{entries[2].pk}", "for": "daily"})
    daily = Newsletter.objects.get()
    assert [row.headline for row in wire.waiting(daily)] == ["News 0", "News 2", "News 1"]
    client.post(DO, {"do": "order", "picked": [entries[1].pk, entries[0].pk, entries[2].pk], "for": "daily"}, **SCRIPT)
    assert [row.headline for row in wire.waiting(daily)] == ["News 1", "News 0", "News 2"]


def test_the_order_holds_however_many_were_picked_before(staff):
    daily, editor, now = make_daily(), staff("Editor"), clock.now()
    for n, name in enumerate(("First", "Second", "Third")):  # the last two as a version left them that counted no further
        make_entry(name, picked=now - timedelta(hours=3 - n), picked_for=daily, position=min(31_999 + n, wire.HIGHEST))
    make_entry("Long ago", picked=now - timedelta(days=400), position=wire.HIGHEST)
    for name in ("Fourth", "Fifth"):
        wire.pick(entry=make_entry(name), newsletter=daily, comment="", by=editor)
    assert [row.headline for row in wire.waiting(daily)] == ["First", "Second", "Third", "Fourth", "Fifth"]
    assert list(WireEntry.objects.order_by("position").values_list("position", flat=True)) == [0, 1, 2, 3, 4, wire.HIGHEST]
    wire.move(entry=WireEntry.objects.get(headline="Fifth"), newsletter=daily, steps=-1)
    assert [row.headline for row in wire.waiting(daily)][-2:] == ["Fifth", "Fourth"]


def test_what_was_picked_long_ago_makes_no_place_higher(staff):
    make_entry("Long ago", picked=clock.now() - timedelta(days=400), position=20_000)
    entry = make_entry("News")
    wire.pick(entry=entry, newsletter=None, comment="", by=staff("Editor"))
    entry.refresh_from_db()
    assert entry.position == 0


def test_what_went_out_is_no_longer_waiting():
    daily, entry = make_daily(), make_entry(picked=clock.now())
    now = clock.now()
    gone = Edition.objects.create(newsletter=daily, key="a", date=now.date(), due=now, since=now, state="done")
    EditionItem.objects.create(edition=gone, block="wire", entry=entry)
    assert wire.waiting(daily) == []
    assert wire.waiting(None) == [entry], "another newsletter may still bring it"


def test_what_is_put_away_is_out_of_sight_and_comes_back(as_role):
    make_daily()
    entry, client = make_entry(), as_role("Editor")
    client.post(DO, {"do": f"dismiss:{entry.pk}"})
    assert entry.headline not in client.get(PAGE).content.decode()
    assert entry.headline in client.get(PAGE + "?away=1").content.decode()
    client.post(DO, {"do": f"restore:{entry.pk}"})
    assert entry.headline in client.get(PAGE).content.decode()


def test_what_is_picked_is_not_put_away_by_somebody_with_an_old_page(as_role):
    make_daily()
    entry, client = make_entry(picked=clock.now()), as_role("Editor")
    told = client.post(DO, {"do": f"dismiss:{entry.pk}"}, **SCRIPT)
    assert told.status_code == 409
    entry.refresh_from_db()
    assert entry.dismissed is None


def test_it_is_narrowed_by_feed_and_words_and_the_newest_stands_first(as_role):
    make_daily()
    now = clock.now()
    make_entry("Old corridor", published=now - timedelta(hours=3))
    make_entry("New corridor", published=now)
    make_entry("By hand", source=None)
    client = as_role("Editor")
    assert [row.headline for row in client.get(PAGE + "?q=corridor").context["entries"]] == ["New corridor", "Old corridor"]
    assert [row.headline for row in client.get(PAGE + "?source=hand").context["entries"]] == ["By hand"]


@pytest.mark.parametrize("source", ["99999999999999999999", "-1", "x", "²"])
def test_a_feed_there_cannot_be_is_no_error(as_role, source):
    assert as_role("Editor").get(PAGE, {"source": source}).status_code == 200


def test_what_a_database_keeps_in_no_text_is_left_out(as_role):
    make_daily()
    entry, client = make_entry(), as_role("Editor")
    client.post(DO, {"do": f"pick:{entry.pk}", f"comment-{entry.pk}": "a\x00b", "for": "daily"})
    entry.refresh_from_db()
    assert entry.comment == "ab"


def test_what_no_feed_brought_is_added_by_hand_and_picked_once(as_role):
    make_daily()
    client = as_role("Editor")
    given = {"do": "hand", "url": "https://example.org/a", "headline": "Found", "comment": "Why", "for": "daily"}
    client.post(DO, given)
    entry = WireEntry.objects.get()
    assert (entry.source, entry.comment, entry.picked_for.slug) == (None, "Why", "daily")
    assert client.post(DO, given, **SCRIPT).status_code == 409
    assert client.post(DO, given | {"url": "javascript:alert(1)"}, **SCRIPT).status_code == 409
    assert WireEntry.objects.count() == 1


def test_a_feed_that_fails_says_so_on_the_desk(as_role):
    make_daily()
    WireSource.objects.create(name="Gazette", url="https://g.example/", problem="The server answered 503.", failures=4)
    page = as_role("Editor").get(PAGE).content.decode()
    assert "The server answered 503. (4 times in a row)" in page


def test_a_feed_is_asked_for_at_once(as_role):
    source = WireSource.objects.create(name="Gazette", url="https://g.example/", due=clock.now() + timedelta(hours=1))
    as_role("Editor").post(DO, {"do": f"fetch:{source.pk}"})
    source.refresh_from_db()
    assert source.due <= clock.now()


def test_an_entrys_words_are_shown_as_words(as_role):
    make_daily()
    make_entry("<script>alert(1)</script>", summary="<img src=x onerror=alert(1)>")
    page = as_role("Editor").get(PAGE).content.decode()
    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page
