"""The newsletter editor: seven boxes for the days, and the next editions in words with what is left out and why."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from wagtail.test.utils.form_data import inline_formset, nested_form_data

from masthead.core import clock
from masthead.core.models import Publication
from masthead.newsletters.models import Edition, Holiday, Newsletter
from masthead.newsroom import due
from masthead.newsroom.newsletter_viewsets import day_words
from newsroom_desk import make_daily

pytestmark = pytest.mark.django_db

NOW = datetime(2037, 11, 18, 15, 0, tzinfo=UTC)  # a Wednesday


@pytest.fixture(autouse=True)
def london(monkeypatch, db):
    publication = Publication.load()
    publication.timezone = "Europe/London"
    publication.save()
    monkeypatch.setattr(clock, "now", lambda: NOW)


def filled(newsletter: Newsletter, **changes: object) -> dict[str, object]:
    """The form as a browser sends it."""
    blocks = [{"id": row.pk, "kind": row.kind, "most": row.most} for row in newsletter.blocks.all()]
    data = {
        "title": newsletter.title,
        "slug": newsletter.slug,
        "position": 0,
        "audience": "registered",
        "hour": "06:00",
        "cutoff": 60,
        "too_late": 360,
        "goes": "by-itself",
        "blocks": inline_formset(blocks, initial=len(blocks)),
    }
    return nested_form_data(data | {name: value for name, value in changes.items() if name != "weekdays"}) | {
        "weekdays": changes.get("weekdays", ["1", "2"])
    }


def test_the_next_three_editions_are_told_with_the_holiday_between_them():
    daily = make_daily()
    Holiday.objects.create(day=date(2037, 11, 20), name="Founders' Day")
    Holiday.objects.create(day=date(2037, 11, 19), name="Of another", newsletter=Newsletter.objects.create(slug="x", title="X"))
    assert [each.sentence for each in due.coming(daily, NOW)] == [
        "Thursday 19 November at 06:00",
        "Friday 20 November: left out, Founders' Day",
        "Monday 23 November at 06:00",
        "Tuesday 24 November at 06:00",
    ]


def test_a_date_whose_edition_went_before_its_hour_is_not_told_as_to_come():
    daily = make_daily()
    for day, state in ((19, "done"), (20, "draft")):
        moment = datetime(2037, 11, day, 6, tzinfo=UTC)
        Edition.objects.create(newsletter=daily, key=f"2037-11-{day}", date=moment.date(), due=moment, since=NOW, state=state)
    assert [each.date.day for each in due.coming(daily, NOW)] == [20, 23, 24]


def test_hours_are_told_on_the_publications_clock_on_both_sides_of_a_change():
    weekly = make_daily(weekdays="7", hour=time(8))
    days = due.coming(weekly, datetime(2037, 10, 20, tzinfo=UTC), most=2)  # clocks go back on 25 October
    assert [(each.at.hour, each.at.utcoffset().total_seconds()) for each in days] == [(8, 0), (8, 0)]


def test_the_days_are_kept_as_digits(as_role):
    daily, client = make_daily(), as_role("Publisher")
    path = f"/newsroom/newsletter-list/edit/{daily.pk}/"
    page = client.get(path).content.decode()
    assert page.count('name="weekdays"') == 7
    assert "Thursday 19 November at 06:00" in page
    response = client.post(path, filled(daily, weekdays=["6", "1"], editors="ana@example.org\n\nana@example.org"))
    assert response.status_code == 302, response.context["form"].errors
    daily.refresh_from_db()
    assert daily.weekdays == "16"
    assert daily.editors == "ana@example.org"


def test_the_name_that_stands_in_mailed_addresses_stays(as_role):
    daily, client = make_daily(), as_role("Publisher")
    path = f"/newsroom/newsletter-list/edit/{daily.pk}/"
    client.post(path, filled(daily, slug="morning"))
    daily.refresh_from_db()
    assert daily.slug == "morning", "nothing was mailed yet"
    day = NOW.date()
    Edition.objects.create(newsletter=daily, key=day.isoformat(), date=day, due=NOW, since=NOW, state="done", frozen=NOW)
    assert client.post(path, filled(daily, slug="evening", title="The Evening")).status_code == 302
    daily.refresh_from_db()
    assert (daily.slug, daily.title) == ("morning", "The Evening")


def test_what_is_no_address_or_no_colour_is_refused_with_a_sentence(as_role):
    daily, client = make_daily(), as_role("Publisher")
    path = f"/newsroom/newsletter-list/edit/{daily.pk}/"
    response = client.post(path, filled(daily, editors="ana at example", accent="red"))
    page = response.content.decode()
    assert "“ana at example” is not an e-mail address" in page
    assert "#8a1c1c" in page
    daily.refresh_from_db()
    assert daily.editors == ""


def test_a_day_is_a_holiday_once(as_role):
    client = as_role("Publisher")
    for _ in range(2):
        response = client.post("/newsroom/holidays/new/", {"day": "2037-12-25", "name": "Christmas", "newsletter": ""})
    assert "a holiday already: Christmas" in response.content.decode()
    assert Holiday.objects.count() == 1


@pytest.mark.parametrize(
    ("digits", "words"), [("12345", "Monday to Friday"), ("6", "Saturdays"), ("", "No day"), ("135", "Mon, Wed, Fri")]
)
def test_days_are_told_as_people_say_them(digits, words):
    assert day_words(digits) == words
