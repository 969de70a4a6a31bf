"""An edition on its way: numbers in plain words, and buttons that do what they say and are logged."""

from __future__ import annotations

from datetime import timedelta

import pytest

from masthead.core import clock
from masthead.newsletters.models import Delivery, Edition
from masthead.newsroom import editions
from newsroom_desk import make_daily

pytestmark = pytest.mark.django_db

State = Delivery.State


@pytest.fixture
def running() -> Edition:
    now = clock.now()
    edition = Edition.objects.create(
        newsletter=make_daily(), key="2026-11-23", date=now.date(), due=now, since=now, state="sending", frozen=now, recipients=10
    )
    states = [State.SUBMITTED] * 5 + [State.REFUSED] * 2 + [State.IN_DOUBT] + [State.PENDING] * 2
    Delivery.objects.bulk_create(
        Delivery(
            edition=edition,
            address=f"r{n}@example.org",
            standing="registered",
            variant="a",
            state=state,
            due=now,
            settled=now,
            code=550 if state == State.REFUSED else 0,
            reply="5.7.1 We do not want this" if state == State.REFUSED else "",
        )
        for n, state in enumerate(states)
    )
    return edition


def path(edition: Edition, end: str = "") -> str:
    return f"/newsroom/newsletters/editions/{edition.pk}/sending/{end}"


def test_it_tells_each_state_in_plain_words_and_what_the_server_said(as_role, running):
    page = as_role("Editor").get(path(running)).content.decode()
    assert "The mail server took it. Whether it arrived, only bounces tell." in page
    assert "<b>2</b> × 550 5.7.1 We do not want this" in page
    assert "delivered" not in page.lower()


def test_the_part_that_renews_itself_is_the_same_without_the_frame(as_role, running):
    page = as_role("Editor").get(path(running, "now/"))
    assert b"In all" in page.content
    assert b"<html" not in page.content


def test_pause_keeps_the_reason_resume_goes_on_and_both_are_logged(as_role, running):
    client = as_role("Editor")
    client.post(path(running), {"do": "pause", "reason": "A wrong headline"})
    running.refresh_from_db()
    assert (running.state, running.reason) == ("paused", "A wrong headline")
    assert "Paused: A wrong headline" in client.get(path(running)).content.decode()
    client.post(path(running), {"do": "resume"})
    running.refresh_from_db()
    assert running.state == "sending"
    assert [row.what for row in editions.history(running)][:2] == ["Resumed", "Paused"]


def test_the_refused_are_tried_again_only_when_asked(as_role, running):
    client = as_role("Editor")
    client.post(path(running), {"do": "pause"})
    client.post(path(running), {"do": "resume"})
    assert running.deliveries.filter(state=State.REFUSED).count() == 2
    client.post(path(running), {"do": "pause"})
    client.post(path(running), {"do": "again"})
    assert not running.deliveries.filter(state=State.REFUSED).exists()


def test_cancelling_is_asked_for_first_and_leaves_what_was_submitted(as_role, running):
    client = as_role("Editor")
    assert "5 of 10 are submitted and stay so" in client.get(path(running, "cancel/")).content.decode()
    running.refresh_from_db()
    assert running.state == "sending"
    client.post(path(running), {"do": "cancel"})
    running.refresh_from_db()
    assert running.state == "cancelled"
    assert running.deliveries.filter(state=State.SUBMITTED).count() == 5
    assert running.deliveries.filter(state=State.CANCELLED).count() == 2


def test_only_a_publisher_settles_what_is_in_doubt(as_role, running):
    refused = as_role("Editor").post(path(running), {"do": "count"}, HTTP_X_REQUESTED_WITH="XMLHttpRequest")
    assert refused.status_code in (302, 403)
    assert running.deliveries.filter(state=State.IN_DOUBT).count() == 1
    as_role("Publisher").post(path(running), {"do": "count"})
    assert running.deliveries.filter(state=State.SUBMITTED).count() == 6


def test_mail_in_doubt_is_mailed_again_only_by_name_and_opens_a_finished_edition(as_role, running):
    Edition.objects.update(state="done", finished=clock.now())
    publisher = as_role("Publisher")
    assert "get it twice" in publisher.get(path(running, "resend/")).content.decode()
    publisher.post(path(running), {"do": "resend"})
    running.refresh_from_db()
    assert running.state == "sending"
    assert running.deliveries.filter(state=State.PENDING).count() == 3


def test_of_a_cancelled_edition_nothing_in_doubt_is_mailed_again(as_role, running):
    Edition.objects.update(state="cancelled")
    as_role("Publisher").post(path(running), {"do": "resend"})
    assert running.deliveries.filter(state=State.IN_DOUBT).count() == 1


def test_a_button_from_an_old_page_does_nothing_and_says_so(as_role, running):
    Edition.objects.update(state="done")
    client = as_role("Editor")
    page = client.post(path(running), {"do": "pause"}, follow=True).content.decode()
    assert "Nothing was done" in page
    running.refresh_from_db()
    assert running.state == "done"


def test_it_says_that_nothing_moves(as_role, running):
    Delivery.objects.update(settled=clock.now() - timedelta(minutes=5))
    assert "No mail was taken in the last seconds" in as_role("Editor").get(path(running)).content.decode()
