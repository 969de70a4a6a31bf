"""Support sees whether a reader is mailed, stops it and lifts it, with a reason; a merge carries what was chosen."""

from __future__ import annotations

from typing import Any

import pytest

from factories import make_reader
from masthead.billing.models import AuditEntry
from masthead.core import clock
from masthead.newsletters import choices, suppression
from masthead.newsletters.choices import Choices
from masthead.newsletters.links import Kind
from masthead.newsletters.models import PersonalMail
from masthead.newsroom import support
from newsletters.came_back import deliver, make_edition, make_newsletter, subscriber_of

pytestmark = pytest.mark.django_db
WHY = {"reason": "asked on the telephone"}


def test_support_sees_why_nothing_is_mailed_and_lifts_it(as_role: Any) -> None:
    client, ada = as_role("Support"), subscriber_of()
    suppression.suppress(address=ada.email, reason=suppression.Reason.BOUNCE, detail="550 mailbox full of letters")
    path = f"/newsroom/readers/{ada.subject}/"
    page = client.get(path).content.decode()
    assert "refuses mail" in page and "550 mailbox full of letters" in page
    assert client.post(path, {"action": "mail_again", **WHY}).status_code == 303
    assert not suppression.is_suppressed(ada.email)
    assert AuditEntry.objects.get(action="mail again").reason == WHY["reason"]


def test_support_stops_all_mail(as_role: Any) -> None:
    client, ada = as_role("Support"), subscriber_of()
    assert client.post(f"/newsroom/readers/{ada.subject}/", {"action": "stop_mail", **WHY}).status_code == 303
    assert suppression.is_suppressed(ada.email)
    assert AuditEntry.objects.filter(action="stop mail").exists()


def test_support_sees_which_editions_were_mailed(as_role: Any) -> None:
    client, ada = as_role("Support"), subscriber_of()
    deliver(make_edition(), ada, reply="2.0.0 Ok: queued as 4F2")
    page = client.get(f"/newsroom/readers/{ada.subject}/").content.decode()
    assert "daily:2026-11-23" in page and "queued as 4F2" in page


def test_who_chose_keeps_their_choices_in_a_merge_and_who_did_not_gets_the_others() -> None:
    by, make = make_reader("boss@example.org"), make_reader
    kept, gone = make("kept@example.org"), make("gone@example.org")
    make_newsletter()
    choices.save(reader=gone, wanted=Choices({"daily": ""}, timezone="Asia/Tokyo", alerts="weekly"), origin="account")
    PersonalMail.objects.create(reader=gone, kind="month", key="2026-11", at=clock.now())
    support.merge(kept=kept, gone=gone, reason="one person", by=by)
    merged = choices.of(kept)
    assert (merged.timezone, merged.alerts, dict(merged.ticks)) == ("Asia/Tokyo", "weekly", {"daily": ""})
    assert PersonalMail.objects.filter(reader=kept, kind="month", key="2026-11").exists(), "no second mail of one month"

    other = make("other@example.org")
    choices.save(reader=other, wanted=Choices(timezone="Europe/Paris", month=True), origin="account")
    support.merge(kept=kept, gone=other, reason="one person", by=by)
    assert choices.of(kept).timezone == "Asia/Tokyo"
    assert choices.wants(kept, Kind.ALERTS)
