"""The edition desk: what an editor changes is what goes, nothing typed is lost, and two editors never overwrite each other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from factories import make_article, make_reader
from masthead.core import clock
from masthead.core.models import OutgoingMail
from masthead.newsletters import rendering
from masthead.newsletters.models import Edition, EditionContent, EditionItem, Mailing, Newsletter, Tick
from masthead.newsroom import editions
from newsroom_desk import form_of, headlines, make_daily, make_draft, make_entry, make_event

pytestmark = pytest.mark.django_db

LIST = "/newsroom/newsletters/editions/"
SCRIPT = {"HTTP_X_REQUESTED_WITH": "XMLHttpRequest"}


def address(edition: Edition, end: str = "") -> str:
    return f"{LIST}{edition.pk}/{end}"


def opened(client, edition: Edition) -> dict:
    return form_of(client.get(address(edition)).content.decode())


def item(edition: Edition, headline: str) -> EditionItem:
    return next(row for row in edition.items.all() if editions.own_words(row).headline == headline)


# --- who may


@pytest.mark.parametrize("role", ["Writer", "Support"])
def test_neither_writers_nor_support_see_anything_of_it(as_role, role):
    edition = make_draft()
    client = as_role(role)
    paths = [LIST, address(edition), address(edition, "preview/"), address(edition, "sending/now/"), LIST + "insight/"]
    paths += ["/newsroom/newsletters/wire/", "/newsroom/newsletters/radar/", "/newsroom/newsletter-list/", "/newsroom/holidays/"]
    for path in paths:
        response = client.get(path, **SCRIPT)
        assert response.status_code in (302, 403), path
        assert b"First" not in response.content
    assert b"Wire desk" not in client.get("/newsroom/").content


def test_editors_edit_editions_and_publishers_also_what_newsletters_are(as_role):
    edition, editor, publisher = make_draft(), as_role("Editor"), as_role("Publisher")
    for client in (editor, publisher):
        for path in (LIST, address(edition), "/newsroom/newsletters/wire/", "/newsroom/newsletters/radar/"):
            assert client.get(path).status_code == 200
    settings = ["/newsroom/newsletter-list/", "/newsroom/holidays/", "/newsroom/welcome/",
                "/newsroom/settings/newsletters/mailing/"]  # fmt: skip
    for path in settings:
        assert publisher.get(path, follow=True).status_code == 200
        assert editor.get(path, **SCRIPT).status_code in (302, 403)


# --- the list


def test_the_list_tells_what_comes_what_runs_and_what_was(as_role):
    make_draft(subject="Straits")
    now = clock.now()
    gone = {"newsletter": make_daily(), "date": now.date(), "due": now, "since": now}
    Edition.objects.create(key="a", state="paused", reason="Too many refusals", frozen=now, **gone)
    Edition.objects.create(key="b", state="skipped", reason="Nothing to say", **gone)
    page = as_role("Editor").get(LIST).content.decode()
    assert "A draft: it goes by itself at its hour, unless held." in page
    assert "Paused: Too many refusals" in page
    assert "Left out: Nothing to say" in page


# --- changing it


def test_a_rewritten_headline_and_teaser_stand_in_the_mail_and_the_article_stays_as_it_is(as_role):
    edition, client = make_draft(), as_role("Editor")
    row = item(edition, "First")
    data = opened(client, edition) | {f"headline-{row.pk}": "Better", f"text-{row.pk}": "Shorter.", "subject": "News"}
    assert client.post(address(edition), data | {"do": "save"}).status_code == 303
    edition.refresh_from_db()
    rendered = rendering.render(edition, standing="registered")
    assert "Better" in rendered.text and "Shorter." in rendered.text and rendered.subject == "News"
    row.article.refresh_from_db()
    assert row.article.title == "First"


def test_words_nobody_rewrote_are_not_kept_so_that_a_corrected_headline_shows(as_role):
    edition, client = make_draft(), as_role("Editor")
    client.post(address(edition), opened(client, edition) | {"do": "save"})
    assert not edition.items.exclude(headline="", text="").exists()


def test_each_button_keeps_what_was_typed_first(as_role):
    edition, client = make_draft(), as_role("Editor")
    second = item(edition, "Second")
    client.post(address(edition), opened(client, edition) | {"opening": "Good morning.", "do": f"up:{second.pk}"})
    edition.refresh_from_db()
    assert edition.opening == "Good morning."
    assert headlines(edition) == ["Second", "First", "Third"]


def test_the_order_on_the_page_is_the_order_that_is_kept(as_role):
    edition, client = make_draft(), as_role("Editor")
    data = opened(client, edition)
    data["item"] = data["item"][::-1]
    client.post(address(edition), data | {"do": "save"})
    assert headlines(edition) == ["Third", "Second", "First"]


def test_a_subject_nobody_wrote_follows_what_leads(as_role):
    edition, client = make_draft(), as_role("Editor")
    assert (edition.subject, edition.preheader) == ("First", "Second")
    client.post(address(edition), opened(client, edition) | {"do": f"remove:{item(edition, 'First').pk}"})
    edition.refresh_from_db()
    assert (edition.subject, edition.preheader) == ("Second", "Third")
    client.post(address(edition), opened(client, edition) | {"do": f"up:{item(edition, 'Third').pk}"})
    edition.refresh_from_db()
    assert (edition.subject, edition.preheader) == ("Third", "Second")
    client.post(address(edition), opened(client, edition) | {f"headline-{item(edition, 'Third').pk}": "Better", "do": "save"})
    edition.refresh_from_db()
    assert (edition.subject, edition.preheader) == ("Better", "Second")


def test_a_subject_an_editor_wrote_stays_whatever_leads(as_role):
    edition, client = make_draft(), as_role("Editor")
    data = opened(client, edition) | {"subject": "Mine", "do": f"remove:{item(edition, 'First').pk}"}
    client.post(address(edition), data)
    edition.refresh_from_db()
    assert (edition.subject, edition.preheader) == ("Mine", "Third")


def test_what_is_taken_out_is_put_back_with_its_words_where_it_stood(as_role):
    edition, client = make_draft(), as_role("Editor")
    row = item(edition, "Second")
    data = opened(client, edition) | {f"headline-{row.pk}": "My Second", "do": f"remove:{row.pk}"}
    client.post(address(edition), data)
    assert headlines(edition) == ["First", "Third"]
    aside = edition.set_aside.get()
    client.post(address(edition), opened(client, edition) | {"do": f"restore:{aside.pk}"})
    assert headlines(edition) == ["First", "My Second", "Third"]
    assert not edition.set_aside.exists()


def test_what_was_taken_out_does_not_come_back_by_itself_before_it_goes(as_role, staff):
    from masthead.newsletters import composing
    from masthead.newsroom import wire

    edition = make_draft()
    entry = make_entry()
    wire.pick(entry=entry, newsletter=edition.newsletter, comment="", by=staff("Editor", "e2@example.org"))
    assert headlines(edition, "wire") == [entry.headline]
    editions.take_out(number=edition.pk, item=edition.items.get(entry=entry).pk, by=None)
    composing.refresh(edition, add=True)
    assert headlines(edition, "wire") == []


def test_an_article_an_entry_an_event_and_own_words_are_put_in_once(as_role):
    edition, client = make_draft(), as_role("Editor")
    other = make_article("Another", dated=clock.now() - timedelta(days=9))
    entry, event = make_entry(), make_event()
    for block, kind, thing in (("latest", "article", other), ("wire", "entry", entry), ("radar", "event", event)):
        for _ in range(2):
            client.post(address(edition, f"add/{block}/"), {"put": f"{kind}:{thing.pk}"})
        assert edition.items.filter(block=block, **{kind: thing}).count() == 1
    words = {"put": "words", "headline": "A note", "text": "Of ours.", "url": "example.org/x"}
    assert client.post(address(edition, "add/latest/"), words).status_code == 303
    assert edition.items.get(headline="A note").url == "https://example.org/x"
    assert client.post(address(edition, "add/latest/"), {"put": "words"}).status_code == 422


def test_the_page_to_add_from_offers_what_is_called_so_and_is_not_in_it(as_role):
    edition, client = make_draft(), as_role("Editor")
    make_article("Second Thoughts", dated=clock.now() - timedelta(days=9))
    make_article("Second Draft", live=False)
    page = client.get(address(edition, "add/latest/") + "?q=second").content.decode()
    assert "Second Thoughts" in page
    assert "Second Draft" not in page
    assert ">Second<" not in page


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(as_role):
    edition, client = make_draft(), as_role("Editor")
    data = opened(client, edition) | {"subject": "x" * 151, "opening": "Good morning.", "do": "save"}
    response = client.post(address(edition), data)
    assert response.status_code == 422
    assert "Good morning." in response.content.decode()
    edition.refresh_from_db()
    assert edition.opening == ""


def test_an_address_that_runs_a_script_is_refused(as_role):
    edition, client = make_draft(), as_role("Editor")
    client.post(address(edition, "add/latest/"), {"put": "words", "headline": "A note"})
    row = edition.items.get(headline="A note")
    response = client.post(address(edition), opened(client, edition) | {f"url-{row.pk}": "javascript:alert(1)", "do": "save"})
    assert response.status_code == 422
    row.refresh_from_db()
    assert row.url == ""


# --- two editors


def test_the_second_of_two_editors_is_told_whose_words_stand_there_and_keeps_their_own(as_role):
    edition, ana, tom = make_draft(), as_role("Editor", "ana@example.org"), as_role("Editor", "tom@example.org")
    hers, his = opened(ana, edition), opened(tom, edition)
    ana.post(address(edition), hers | {"subject": "Hers", "do": "save"})
    response = tom.post(address(edition), his | {"subject": "His", "do": "save"})
    page = response.content.decode()
    assert response.status_code == 409
    assert "ana@example.org changed this edition while you were writing" in page
    assert "Hers" in page and 'value="His"' in page
    edition.refresh_from_db()
    assert edition.subject == "Hers"
    tom.post(address(edition), form_of(page) | {"do": "save"})
    edition.refresh_from_db()
    assert edition.subject == "His", "pressed again, with both seen, it is saved"


def test_one_who_moved_something_meanwhile_counts_as_a_change_too(as_role):
    edition, ana, tom = make_draft(), as_role("Editor", "ana@example.org"), as_role("Editor", "tom@example.org")
    his = opened(tom, edition)
    ana.post(address(edition), opened(ana, edition) | {"do": f"remove:{item(edition, 'First').pk}"})
    assert tom.post(address(edition), his | {"subject": "His", "do": "approve"}).status_code == 409
    edition.refresh_from_db()
    assert edition.state == Edition.State.DRAFT, "nothing is approved that was not seen"


def test_a_form_that_says_not_what_it_saw_is_a_change_too(as_role):
    edition, client = make_draft(), as_role("Editor")
    data = {name: value for name, value in opened(client, edition).items() if name != "seen"}
    assert client.post(address(edition), data | {"subject": "Blind", "do": "save"}).status_code == 409


def test_a_script_gets_the_desk_back_with_a_new_mark(as_role):
    edition, client = make_draft(), as_role("Editor")
    first = client.post(address(edition), opened(client, edition) | {"subject": "One", "do": "save"}, **SCRIPT)
    assert first.status_code == 200
    again = client.post(address(edition), form_of(first.content.decode()) | {"subject": "Two", "do": "save"}, **SCRIPT)
    assert again.status_code == 200
    edition.refresh_from_db()
    assert edition.subject == "Two"


# --- when it goes


def test_approving_holding_and_letting_go_say_who_did_it(as_role):
    edition, client = make_draft(), as_role("Editor")
    for do, state, held in (("hold", "draft", True), ("release", "draft", False), ("approve", "approved", False),
                            ("unapprove", "draft", False)):  # fmt: skip
        client.post(address(edition), opened(client, edition) | {"do": do})
        edition.refresh_from_db()
        assert (edition.state, edition.held) == (state, held)
    told = editions.history(edition)
    assert {"Approved", "Held: it does not go by itself"} <= {row.what for row in told}
    assert all(row.who == "editor@example.org" for row in told if row.what == "Approved")


@pytest.mark.parametrize(("action", "state"), [("cancel", "cancelled"), ("recompose", "draft"), ("now", "approved")])
def test_what_cannot_be_undone_is_asked_for_first(as_role, action, state):
    edition, client = make_draft(), as_role("Editor")
    response = client.post(address(edition), opened(client, edition) | {"do": f"sure:{action}"})
    assert response["Location"] == address(edition, f"sure/{action}/")
    assert client.get(response["Location"]).status_code == 200
    edition.refresh_from_db()
    assert edition.state == "draft", "asking does nothing"
    client.post(response["Location"])
    edition.refresh_from_db()
    assert edition.state == state
    if action == "now":
        assert edition.due <= clock.now()


def test_let_go_after_its_hour_it_keeps_that_hour_for_readers_with_a_clock_of_their_own(as_role):
    edition, client = make_draft(), as_role("Editor")
    hour = clock.now() - timedelta(minutes=40)
    Edition.objects.update(due=hour)
    client.post(address(edition, "sure/now/"))
    edition.refresh_from_db()
    assert (edition.state, edition.due) == ("approved", hour)


def test_a_special_edition_let_go_now_is_not_too_late_however_old_its_draft_is(as_role):
    edition, client = make_draft(kind="special", key="extra", subject="Extra", body="Read all about it."), as_role("Editor")
    Edition.objects.update(due=clock.now() - timedelta(days=2))
    client.post(address(edition, "sure/now/"))
    edition.refresh_from_db()
    assert edition.state == "approved" and clock.now() - edition.due < timedelta(minutes=1)


def test_nothing_of_a_paused_newsletter_is_let_go_now(as_role):
    edition, client = make_draft(), as_role("Editor")
    Newsletter.objects.update(paused="The office moves")
    page = client.post(address(edition, "sure/now/"), follow=True).content.decode()
    assert "is paused; resume it first" in page
    edition.refresh_from_db()
    assert edition.state == "draft"


def test_an_edition_that_has_gone_cannot_be_edited(as_role):
    edition, client = make_draft(), as_role("Editor")
    data = opened(client, edition)
    Edition.objects.update(state="sending", frozen=clock.now())
    assert client.get(address(edition))["Location"] == address(edition, "sending/")
    client.post(address(edition), data | {"subject": "Late", "do": "save"})
    edition.refresh_from_db()
    assert edition.subject != "Late"
    with pytest.raises(editions.CannotEdit):
        editions.take_out(number=edition.pk, item=edition.items.first().pk, by=None)


def test_it_says_to_how_many_it_goes(as_role):
    edition = make_draft()
    for n in range(3):
        reader = make_reader(f"r{n}@example.org")
        Tick.objects.create(reader=reader, newsletter=edition.newsletter, created=clock.now(), origin="gate")
    page = as_role("Editor").get(address(edition)).content.decode()
    assert "to about 3" in page
    assert "3 registered, 0 subscribers" in page


# --- what is missing


def told_of(edition: Edition) -> str:
    return " ".join(remark.text for remark in editions.remarks(editions.sheet(edition)))


def test_a_missing_or_long_subject_and_an_empty_edition_are_remarked_on():
    edition = make_draft()
    edition.subject = ""
    assert "no subject" in told_of(edition)
    edition.subject = "x" * 80
    assert "80 characters" in told_of(edition)
    edition.items.all().delete()
    assert "nothing in it" in told_of(edition)


def test_an_article_that_was_withdrawn_and_an_event_that_is_over_are_remarked_on():
    edition = make_draft()
    item(edition, "Second").article.unpublish()
    event = make_event(starts=edition.date - timedelta(days=4))
    editions.add(number=edition.pk, block="radar", event=event, by=None)
    told = told_of(edition)
    assert "this article is not published" in told
    assert "this is over by then" in told


def test_a_subject_that_repeats_the_other_is_remarked_on():
    edition = make_draft(subject="Same", subject_b="Same")
    assert "nothing to compare" in told_of(edition)


def test_two_subjects_where_no_clicks_are_counted_are_remarked_on():
    edition = make_draft(subject_b="Other")
    assert not any("Clicks" in remark.text for remark in editions.remarks(editions.sheet(edition)))
    mailing = Mailing.load()
    mailing.clicks = False
    mailing.save()
    assert any("the first will win" in remark.text for remark in editions.remarks(editions.sheet(edition)))


# --- preview and test mail


def test_the_preview_shows_each_kind_of_reader_and_part_and_runs_nothing(as_role):
    edition, client = make_draft(), as_role("Editor")
    for query in ("", "?standing=subscriber", "?part=text", "?light=dark&width=360"):
        response = client.get(address(edition, "preview/") + query)
        assert response.status_code == 200
        assert b"First" in response.content
        assert response["Content-Security-Policy"].startswith("sandbox;")
        assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert 'sandbox=""' in client.get(address(edition)).content.decode()


def test_dark_is_shown_whatever_the_editors_own_screen_is_set_to(as_role):
    edition, client = make_draft(), as_role("Editor")
    dark = client.get(address(edition, "preview/") + "?light=dark").content.decode()
    assert "prefers-color-scheme: dark" not in dark
    assert "(min-width: 0)" in dark


def test_a_preview_counts_no_clicks_and_holds_nobodys_address(as_role):
    edition, client = make_draft(), as_role("Editor")
    page = client.get(address(edition, "preview/")).content.decode()
    assert "/newsletters/go/" not in page
    assert "/newsletters/unsubscribe/" not in page
    assert not edition.links.exists()


def test_a_test_goes_to_the_typed_address_only_and_says_what_it_is(as_role):
    edition, client = make_draft(), as_role("Editor")
    Tick.objects.create(reader=make_reader(), newsletter=edition.newsletter, created=clock.now(), origin="gate")
    client.post(address(edition, "test/"), {"to": "me@example.com", "standing": "subscriber"})
    mail = OutgoingMail.objects.get(kind="edition test")
    assert mail.to == "me@example.com"
    assert mail.subject.startswith("[Test] ")
    assert mail.text.startswith("A test of daily:")
    assert "A test of daily:" in mail.html


def test_tests_are_limited_an_hour(as_role):
    edition, client = make_draft(), as_role("Editor")
    for _ in range(12):
        client.post(address(edition, "test/"), {"to": "me@example.com", "standing": "registered"})
    assert OutgoingMail.objects.filter(kind="edition test").count() == 10
    client.post(address(edition, "test/"), {"to": "not an address", "standing": "registered"})
    assert OutgoingMail.objects.filter(kind="edition test").count() == 10


def test_of_an_edition_that_has_gone_the_preview_shows_what_was_mailed(as_role):
    edition = make_draft()
    EditionContent.objects.create(
        edition=edition, standing="registered", clicks=True, subject="S", html="<p>As mailed</p>", text="", message=b""
    )
    Edition.objects.update(state="done", frozen=clock.now())
    assert b"As mailed" in as_role("Editor").get(address(edition, "preview/")).content


# --- special editions


def test_a_special_edition_is_begun_written_and_approved_with_its_day_and_hour(as_role):
    daily, client = make_daily(), as_role("Editor")
    for n in range(2):
        Tick.objects.create(reader=make_reader(f"r{n}@example.org"), newsletter=daily, created=clock.now(), origin="gate")
    given = {"newsletter": daily.pk, "segment": "registered", "subject": "2027 begins", "body": "Dear *readers*"}
    response = client.post(LIST + "special/", given)
    edition = Edition.objects.get(kind="special")
    assert response["Location"] == address(edition)
    assert (edition.state, edition.key, edition.segment) == ("draft", "special-2027-begins", "registered")
    asked = client.post(address(edition), opened(client, edition) | {"do": "approve"})
    assert asked["Location"] == address(edition, "when/")
    edition.refresh_from_db()
    assert edition.state == "draft", "first the number of recipients is shown"
    assert "<b>2</b> readers" in client.get(address(edition, "when/")).content.decode()
    day = (clock.now() + timedelta(days=3)).date()
    client.post(address(edition, "when/"), {"day": day.isoformat(), "hour": "09:30"})
    edition.refresh_from_db()
    assert edition.state == "approved"
    assert edition.date == day


def test_a_special_edition_is_not_sent_into_the_past_nor_at_half_a_time(as_role):
    daily, client = make_daily(), as_role("Editor")
    client.post(LIST + "special/", {"newsletter": daily.pk, "segment": "all", "subject": "Hello", "body": "x"})
    edition = Edition.objects.get(kind="special")
    for given in ({"day": "2020-01-01", "hour": "09:30"}, {"day": "2040-01-01"}, {"hour": "09:30"}):
        assert client.post(address(edition, "when/"), given).status_code == 422
    edition.refresh_from_db()
    assert edition.state == "draft"


def test_two_special_editions_of_one_subject_have_two_names(as_role):
    daily, client = make_daily(), as_role("Editor")
    for _ in range(2):
        client.post(LIST + "special/", {"newsletter": daily.pk, "segment": "all", "subject": "Hello", "body": "x"})
    assert set(Edition.objects.values_list("key", flat=True)) == {"hello", "hello-2"}


def test_a_form_that_is_pressed_twice_begins_one_edition(as_role):
    daily, client = make_daily(), as_role("Editor")
    once = form_of(client.get(LIST + "special/").content.decode(), "special")["once"]
    given = {"newsletter": daily.pk, "segment": "all", "subject": "Hello", "body": "x", "once": once}
    first, second = (client.post(LIST + "special/", given) for _ in range(2))
    edition = Edition.objects.get()
    assert (first.status_code, first["Location"]) == (second.status_code, second["Location"]) == (303, address(edition))
    assert [done.what for done in editions.history(edition)] == ["Written"]
    assert "begun already" in client.get(address(edition)).content.decode()


def test_who_comes_back_to_the_form_and_writes_another_one_begins_another_one(as_role):
    daily, client = make_daily(), as_role("Editor")
    once = form_of(client.get(LIST + "special/").content.decode(), "special")["once"]
    given = {"newsletter": daily.pk, "segment": "all", "subject": "Hello", "body": "x", "once": once}
    for subject in ("Hello", "Hello", "Good morning"):
        client.post(LIST + "special/", given | {"subject": subject})
    assert set(Edition.objects.values_list("key", flat=True)) == {"hello", "good-morning"}


def test_the_form_keeps_its_mark_while_it_is_put_right(as_role):
    daily, client = make_daily(), as_role("Editor")
    once = form_of(client.get(LIST + "special/").content.decode(), "special")["once"]
    again = client.post(LIST + "special/", {"newsletter": daily.pk, "segment": "all", "subject": "", "once": once})
    assert again.status_code == 422
    assert form_of(again.content.decode(), "special")["once"] == once


# --- newsletters themselves


def test_a_paused_newsletter_says_why_wherever_it_stands(as_role):
    edition, publisher, editor = make_draft(), as_role("Publisher"), as_role("Editor")
    path = f"/newsroom/newsletters/{edition.newsletter.pk}/pause/"
    assert editor.post(path, {"reason": "x"}, **SCRIPT).status_code in (302, 403)
    assert publisher.post(path, {"reason": ""}).status_code == 422
    publisher.post(path, {"reason": "The office moves"})
    assert Newsletter.objects.get().paused == "The office moves"
    assert "The office moves" in editor.get(LIST).content.decode()
    assert "The office moves" in editor.get(address(edition)).content.decode()
    publisher.post(path)
    assert Newsletter.objects.get().paused == ""


# --- the newsroom's home


def test_the_home_shows_editors_what_goes_next_and_writers_nothing_of_it(as_role):
    make_draft(subject="Straits again")
    assert "Straits again" in as_role("Editor").get("/newsroom/").content.decode()
    assert "Straits again" not in as_role("Writer").get("/newsroom/").content.decode()
