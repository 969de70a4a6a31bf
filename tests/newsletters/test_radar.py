"""The radar: what is to come, calendars taken in without doubles, and ours handed out so that it reads the same."""

from __future__ import annotations

from datetime import date, time, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.test import Client

from masthead.core.models import Publication
from masthead.newsletters import apart, calendars, radar, radar_cli
from masthead.newsletters.models import RadarEvent

from .conftest import Clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_london(standing_clock: Clock) -> None:
    publication = Publication.load()
    publication.timezone = "Europe/London"
    publication.save()


def calendar(*events: str, extra: str = "") -> bytes:
    body = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Test//EN\n{extra}{body}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def take(*events: str) -> radar.Planned:
    return radar.take(calendar(*events))


def the_event(title: str = "Summit") -> RadarEvent:
    return RadarEvent.objects.get(title=title)


class TestUpcoming:
    def test_what_goes_on_and_what_begins_soonest_first(self) -> None:
        day = date(2026, 11, 24)
        for title, starts, ends in (
            ("Over", day - timedelta(3), day - timedelta(1)),
            ("Goes on", day - timedelta(3), day + timedelta(3)),
            ("Tomorrow", day + timedelta(1), None),
            ("Today", day, None),
            ("Far", day + timedelta(40), None),
        ):
            RadarEvent.objects.create(title=title, starts=starts, ends=ends)
        assert [event.title for event in radar.upcoming(day, timedelta(days=14), 5)] == ["Goes on", "Today", "Tomorrow"]
        assert len(radar.upcoming(day, timedelta(days=14), 2)) == 2


class TestTakingIn:
    def test_an_hour_elsewhere_is_ours_here(self) -> None:
        take("UID:1\nSUMMARY:Summit\nDTSTART;TZID=Europe/Berlin:20261124T140000\nDTEND;TZID=Europe/Berlin:20261124T160000")
        assert (the_event().starts, the_event().ends, the_event().hour) == (date(2026, 11, 24), None, time(13))
        take("UID:2\nSUMMARY:Night\nDTSTART:20261124T233000Z")
        assert (the_event("Night").starts, the_event("Night").hour) == (date(2026, 11, 24), time(23, 30))
        take("UID:3\nSUMMARY:Floating\nDTSTART:20261124T090000")
        assert the_event("Floating").hour == time(9)

    def test_a_whole_day_and_several(self) -> None:
        take(
            "UID:1\nSUMMARY:Summit\nDTSTART;VALUE=DATE:20261124\nDTEND;VALUE=DATE:20261125",
            "UID:2\nSUMMARY:Days\nDTSTART;VALUE=DATE:20261124\nDTEND;VALUE=DATE:20261127",
            "UID:3\nSUMMARY:Duration\nDTSTART;VALUE=DATE:20261124\nDURATION:P2D",
            "UID:4\nSUMMARY:Midnight\nDTSTART:20261124T200000Z\nDTEND:20261125T000000Z",
        )
        ends = {event.title: event.ends for event in RadarEvent.objects.all()}
        assert ends == {"Summit": None, "Days": date(2026, 11, 26), "Duration": date(2026, 11, 25), "Midnight": None}

    def test_a_second_time_brings_nothing_and_a_change_is_followed(self) -> None:
        event = "UID:1\nSUMMARY:{}\nDTSTART;VALUE=DATE:{}"
        take(event.format("Summit", "20261124"))
        again = take(event.format("Summit", "20261124"))
        assert (again.new, again.changed, len(again.same)) == ([], [], 1)
        moved = radar.plan(calendar(event.format("The summit", "20261201")))
        assert [each.title for each in moved.changed] == ["The summit"] and the_event("Summit")  # a plan does nothing
        take(event.format("The summit", "20261201"))
        assert (RadarEvent.objects.count(), the_event("The summit").starts) == (1, date(2026, 12, 1))

    def test_what_editors_wrote_of_an_event_stays(self) -> None:
        event = "UID:1\nSUMMARY:Summit\nDESCRIPTION:Official words.\nDTSTART;VALUE=DATE:20261124"
        take(event)
        RadarEvent.objects.update(text="Why it matters.")
        take(event.replace("Summit", "A summit"))
        assert the_event("A summit").text == "Why it matters."

    def test_what_recurs_becomes_its_dates_within_a_year(self) -> None:
        take(
            "UID:1\nSUMMARY:Council\nDTSTART;TZID=Europe/Berlin:20260105T100000\nRRULE:FREQ=MONTHLY\n"
            "EXDATE;TZID=Europe/Berlin:20270105T100000",
            "UID:1\nSUMMARY:Council in Riga\nRECURRENCE-ID;TZID=Europe/Berlin:20270205T100000\n"
            "DTSTART;TZID=Europe/Berlin:20270206T110000",
        )
        rows = list(RadarEvent.objects.order_by("starts"))
        assert [str(row.starts) for row in rows][:4] == ["2026-12-05", "2027-02-06", "2027-03-05", "2027-04-05"]
        assert (rows[1].title, rows[1].hour) == ("Council in Riga", time(10))
        assert len(rows) == 11 and {row.hour for row in rows if row.title == "Council"} == {time(9)}

    def test_to_an_end_or_so_many_times_and_at_most_a_hundred(self) -> None:
        take(
            "UID:1\nSUMMARY:Until\nDTSTART:20261124T100000Z\nRRULE:FREQ=WEEKLY;UNTIL=20261208T100000Z",
            "UID:2\nSUMMARY:Count\nDTSTART;VALUE=DATE:20261124\nRRULE:FREQ=DAILY;COUNT=2",
            "UID:3\nSUMMARY:Daily\nDTSTART;VALUE=DATE:20261124\nRRULE:FREQ=DAILY",
        )
        counts = {title: RadarEvent.objects.filter(title=title).count() for title in ("Until", "Count", "Daily")}
        assert counts == {"Until": 3, "Count": 2, "Daily": calendars.MOST_DATES}

    def test_what_is_left_out_is_named_with_the_reason(self) -> None:
        planned = take(
            "UID:1\nSUMMARY:Each hour\nDTSTART:20261124T100000Z\nRRULE:FREQ=HOURLY",
            "UID:2\nSUMMARY:Dateless",
            "UID:3\nSUMMARY:Off\nDTSTART;VALUE=DATE:20261124\nSTATUS:CANCELLED",
            "UID:4\nSUMMARY:Long ago\nDTSTART;VALUE=DATE:20200101",
        )
        assert dict(planned.left_out) == {
            "Each hour": "it recurs more often than daily",
            "Dateless": "it has no date",
            "Off": "it is cancelled",
            "1 event": "over already",
        }
        assert not RadarEvent.objects.exists()

    def test_texts_are_plain_and_addresses_lead_to_the_web(self) -> None:
        take(
            "UID:1\nSUMMARY:<b>Summit</b><script>alert(1)</script>\nDTSTART;VALUE=DATE:20261124\n"
            "DESCRIPTION:<p>Words\\, more</p>\nURL:javascript:alert(1)",
            "UID:2\nSUMMARY:Other\nDTSTART;VALUE=DATE:20261124\nURL:https://un.example/",
        )
        assert (the_event().text, the_event().url, the_event("Other").url) == ("Words, more", "", "https://un.example/")

    def test_an_event_without_uid_is_known_again_all_the_same(self) -> None:
        for _ in range(2):
            take("SUMMARY:Summit\nDTSTART;VALUE=DATE:20261124")
        assert RadarEvent.objects.count() == 1

    @pytest.mark.parametrize("data", [b"", b"no calendar", b"\x00\xff" * 100, b"BEGIN:VCALENDAR\r\n", b"<html></html>"])
    def test_what_is_no_calendar(self, data: bytes) -> None:
        try:
            assert not radar.take(data).new
        except radar.CannotRead as error:
            assert "calendar" in str(error)

    def test_one_that_is_too_large(self) -> None:
        with pytest.raises(radar.CannotRead, match="megabyte"):
            radar.take(b"x" * (radar.LARGEST + 1))

    @pytest.mark.parametrize(
        "event",
        [
            "UID:1\nSUMMARY:X\nDTSTART;VALUE=DATE:00010101",
            "UID:1\nSUMMARY:X\nDTSTART:99991231T235959Z\nDURATION:P9999D",
            "UID:1\nSUMMARY:X\nDTSTART;VALUE=DATE:20261399",
            "UID:1\nSUMMARY:X\nDTSTART:20261124T100000Z\nDTEND:20251124T100000Z",
            "UID:1\nSUMMARY:X\nDTSTART;TZID=Nowhere/At All:20261124T100000",
            "UID:1\nSUMMARY:X\nDTSTART;VALUE=DATE:20261124\nRRULE:FREQ=NEVER;INTERVAL=0",
            "UID:1\nSUMMARY:X\nDTSTART:20261124T100000Z\nDURATION:-P1D",
            f"UID:{'x' * 5000}\nSUMMARY:{'y' * 5000}\nDTSTART;VALUE=DATE:20261124",
        ],
    )
    def test_dates_that_make_no_sense_break_nothing(self, event: str) -> None:
        take(event, "UID:2\nSUMMARY:Summit\nDTSTART;VALUE=DATE:20261124")
        assert the_event()

    def test_a_rule_that_computes_for_ever_takes_only_its_own_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(apart, "SECONDS", 1)
        with pytest.raises(radar.CannotRead, match="too long"):
            take(
                *(f"UID:{n}\nSUMMARY:X\nDTSTART;VALUE=DATE:00020101\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30" for n in range(50))
            )


class TestHandingOut:
    @pytest.fixture(autouse=True)
    def _events(self) -> None:
        for fields in (
            {"title": "Summit", "starts": date(2026, 11, 24), "hour": time(14), "place": "Geneva", "text": "Comma, here"},
            {"title": "Days", "starts": date(2026, 11, 25), "ends": date(2026, 11, 27), "url": "https://un.example/"},
            {
                "title": "Long",
                "starts": date(2027, 3, 27),
                "ends": date(2027, 3, 29),
                "hour": time(1, 30),
            },  # over a changed clock
            {"title": "Whole day", "starts": date(2026, 12, 1)},
        ):
            RadarEvent.objects.create(**fields)

    def test_read_again_it_says_the_same(self) -> None:
        before = list(RadarEvent.objects.order_by("pk").values())
        planned = radar.take(radar.export(radar.coming()))
        assert (planned.new, planned.changed, len(planned.same)) == ([], [], 4)
        data = radar.export(radar.coming())
        RadarEvent.objects.all().delete()
        radar.take(data)
        names = ("title", "starts", "ends", "hour", "text", "place", "url")
        told = [{name: row[name] for name in names} for row in before]
        assert sorted(RadarEvent.objects.values(*names), key=str) == sorted(told, key=str)

    def test_others_follow_it_at_one_address(self, client: Client) -> None:
        answer = client.get("/newsletters/radar.ics")
        assert answer["Content-Type"] == "text/calendar; charset=utf-8"
        assert "max-age" in answer["Cache-Control"] and not answer.cookies
        assert b"SUMMARY:Summit" in answer.content and b"DTSTART:20261124T140000Z" in answer.content
        assert client.post("/newsletters/radar.ics").status_code == 405

    def test_from_the_command_line(self, tmp_path: Path) -> None:
        file = tmp_path / "radar.ics"
        assert "4 events" in CliRunner().invoke(radar_cli.command, ["export", str(file)]).output
        RadarEvent.objects.all().delete()
        dry = CliRunner().invoke(radar_cli.command, ["import", "--dry-run", str(file)])
        assert "4 new" in dry.output and not RadarEvent.objects.exists()
        assert "4 new" in CliRunner().invoke(radar_cli.command, ["import", str(file)]).output
        assert RadarEvent.objects.count() == 4
        file.write_text("no calendar")
        assert "no calendar" in CliRunner().invoke(radar_cli.command, ["import", str(file)]).output
