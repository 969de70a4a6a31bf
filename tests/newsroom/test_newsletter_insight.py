"""What came of an edition: clicks by link, standing, subject and hour, what followed, and how newsletters grow."""

from __future__ import annotations

from datetime import timedelta

import pytest

from factories import make_reader
from masthead.core import clock, events
from masthead.insights import editions as reports
from masthead.newsletters.models import Delivery, Edition, EditionLink, LinkClicks, MailEvent, Tick
from newsroom_desk import make_daily

pytestmark = pytest.mark.django_db


@pytest.fixture
def gone() -> Edition:
    now = clock.now()
    went = now - timedelta(hours=5)
    edition = Edition.objects.create(
        newsletter=make_daily(), key="2026-11-23", date=went.date(), due=went, since=went, state="done", frozen=went,
        subject="One", subject_b="Two", winner="b", recipients=4,
    )  # fmt: skip
    for n, (standing, variant) in enumerate([("registered", "a"), ("registered", "b"), ("subscriber", "b"), ("subscriber", "b")]):
        Delivery.objects.create(
            edition=edition, address=f"r{n}@example.org", standing=standing, variant=variant, state=2 if n < 3 else 4, due=went
        )
    hour = went.replace(minute=0, second=0, microsecond=0)
    for number, label in ((1, "Straits"), (2, "Canals")):
        link = EditionLink.objects.create(edition=edition, number=number, url=f"/articles/{number}/", label=label)
        LinkClicks.objects.create(link=link, standing="registered", variant="a", hour=hour, count=number)
        LinkClicks.objects.create(link=link, standing="subscriber", variant="b", hour=hour + timedelta(hours=2), count=3)
    return edition


def test_clicks_are_told_by_link_standing_subject_and_hour(gone):
    told = reports.edition_report(gone)
    assert [(row.label, row.registered, row.subscribers) for row in told.links] == [("Canals", 2, 3), ("Straits", 1, 3)]
    assert [(row.words, row.submitted, row.clicks) for row in told.standings] == [("Registered", 2, 3), ("Subscribers", 1, 6)]
    assert [(row.words, row.submitted, row.clicks) for row in told.subjects] == [("One", 1, 3), ("Two", 2, 6)]
    assert told.subjects[1].rate == 300
    assert (told.hourly["registered"][0], told.hourly["subscriber"][2]) == (3, 6)


def test_what_followed_and_what_was_told_is_counted_for_the_edition_that_led_there(gone):
    for kind in ("unlock", "registration", "subscription"):
        events.record(kind, subject="s", via="daily.2026-11-23")
        events.record(kind, subject="s", via="daily.2026-11-20")
        events.record(kind, subject="s")
    events.record("newsletter left", subject="s", newsletter="daily", edition="2026-11-23", origin="one-click")
    events.record("newsletter left", subject="s", newsletter="weekly", edition="2026-11-23", origin="one-click")
    MailEvent.objects.create(external_id="1", kind="bounced", edition=gone, at=clock.now())
    told = reports.edition_report(gone)
    assert told.followed == {"unlock": 1, "registration": 1, "subscription": 1}
    assert told.left == 1
    assert told.told == {"bounced": 1}


def test_growth_and_loss_are_told_by_day_with_where_from_and_how(gone):
    daily = gone.newsletter
    reader = make_reader()
    Tick.objects.create(reader=reader, newsletter=daily, created=clock.now(), origin="gate")
    events.record("newsletters ticked", subject="a", newsletters=["daily", "weekly"], origin="gate")
    events.record("newsletters ticked", subject="b", newsletters=["weekly"], origin="gate")
    events.record("newsletter left", subject="c", newsletter="daily", edition="2026-11-23", origin="one-click")
    events.record("newsletters left", subject="d", newsletters=["daily"], origin="complaint")
    told = reports.newsletter_report(daily, clock.now())
    assert (told.now, told.ticked[-1], told.left[-1]) == (1, 1, 2)
    assert told.readers[-2:] == [2, 1], "one came and two left today: yesterday there were two"
    assert told.origins == {"gate": 1}
    assert told.reasons == {"one-click": 1, "complaint": 1}
    assert [(row.edition, row.submitted, row.clicks, row.left) for row in told.editions] == [(gone, 3, 9, 1)]


def test_the_pages_show_it_and_editors_see_them(as_role, gone):
    client = as_role("Editor")
    page = client.get(f"/newsroom/newsletters/editions/{gone.pk}/insight/").content.decode()
    assert "Canals" in page and "went on" in page and "<svg" in page
    assert client.get("/newsroom/newsletters/editions/insight/?newsletter=daily").status_code == 200
    assert client.get("/newsroom/newsletters/editions/insight/?newsletter=none").status_code == 200


def test_without_a_newsletter_there_is_nothing_to_tell(as_role):
    assert "There is no newsletter yet" in as_role("Editor").get("/newsroom/newsletters/editions/insight/").content.decode()
