"""The radar's page: what is to come by month, and a calendar that is looked at before it is taken in."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from masthead.core import clock
from masthead.newsletters.models import RadarEvent
from newsroom_desk import make_event

pytestmark = pytest.mark.django_db

PAGE = "/newsroom/newsletters/radar/"


def calendar(*titles: str) -> SimpleUploadedFile:
    day = clock.now().date() + timedelta(days=5)
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:{title}@example.org\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:{day:%Y%m%d}\r\n"
        f"SUMMARY:{title}\r\nEND:VEVENT\r\n"
        for title in titles
    )
    text = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\n{events}END:VCALENDAR\r\n"
    return SimpleUploadedFile("c.ics", text.encode(), "text/calendar")


def test_what_is_to_come_stands_by_month_and_what_was_apart(as_role):
    make_event("To come")
    make_event("Over", starts=date(2020, 1, 1))
    make_event("Going on", starts=date(2020, 1, 1), ends=clock.now().date() + timedelta(days=2))
    client = as_role("Editor")
    page, past = client.get(PAGE).content.decode(), client.get(PAGE + "?past=1").content.decode()
    assert "To come" in page and "Going on" in page and ">Over<" not in page
    assert ">Over<" in past and ">Going on<" not in past


def test_an_event_is_added_and_cannot_end_before_it_begins(as_role):
    client = as_role("Editor")
    given = {"title": "Summit", "starts": "2037-11-20", "ends": "2037-11-19"}
    assert "cannot end before it begins" in client.post("/newsroom/radar-events/new/", given).content.decode()
    client.post("/newsroom/radar-events/new/", given | {"ends": "2037-11-21"})
    assert RadarEvent.objects.get().title == "Summit"


def test_a_calendar_is_looked_at_before_it_is_taken_in(as_role):
    client = as_role("Editor")
    looked = client.post(PAGE + "import/", {"calendar": calendar("Vote", "Summit")})
    page = looked.content.decode()
    assert "would bring <b>2</b> new events" in page
    assert not RadarEvent.objects.exists(), "looking takes nothing in"
    kept = page.split('name="kept" value="')[1].split('"')[0]
    client.post(PAGE + "import/", {"kept": kept, "take": "1"})
    assert set(RadarEvent.objects.values_list("title", flat=True)) == {"Vote", "Summit"}
    again = client.post(PAGE + "import/", {"calendar": calendar("Vote", "Summit")}).content.decode()
    assert "would bring <b>0</b> new events" in again


def test_what_is_no_calendar_is_refused_with_a_sentence(as_role):
    client = as_role("Editor")
    for given in ({}, {"kept": "%%%"}, {"calendar": SimpleUploadedFile("c.ics", b"\x00\x01 no calendar")}):
        response = client.post(PAGE + "import/", given)
        assert response.status_code == 422
        assert 'role="alert"' in response.content.decode()
    assert not RadarEvent.objects.exists()


def test_the_radar_is_handed_out_and_taken_in_again_unchanged(as_role):
    make_event("Interest rate decision", place="Frankfurt", text="A pause is expected.")
    client = as_role("Editor")
    handed = client.get(PAGE + "export.ics")
    assert handed["Content-Type"].startswith("text/calendar")
    page = client.post(PAGE + "import/", {"calendar": SimpleUploadedFile("r.ics", handed.content)}).content.decode()
    assert "would bring <b>0</b> new events, change <b>0</b>, and leave 1 as it is" in page
