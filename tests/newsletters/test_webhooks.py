"""What mail providers tell: believed where it is signed, kept once, and acted on."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from masthead.newsletters import returns, suppression
from masthead.newsletters.models import Delivery, MailEvent, Suppression, Tick
from newsletters.came_back import deliver, make_edition, message_id, subscriber_of

pytestmark = pytest.mark.django_db

LOGIN = "post:a long password"
KEY = "key-of-mailgun"
State = Delivery.State


@pytest.fixture(autouse=True)
def believed(settings: Any) -> None:
    settings.MASTHEAD = replace(settings.MASTHEAD, mail_webhook_secrets=(("postmark", LOGIN), ("mailgun", KEY)))


def postmark(record: str, login: str | None = LOGIN, **said: Any) -> Any:
    """Postmark's webhook: a password over https, one event a request."""
    event = {"RecordType": record, "MessageID": "pm-1", "Recipient": "ada@example.org", "ServerID": 1, **said}
    headers = {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"} if login else {}
    return Client(headers=headers).post("/webhooks/mail/postmark/", json.dumps(event), content_type="application/json")


def mailgun(event: str, key: str = KEY, **said: Any) -> Any:
    """Mailgun's webhook: signed."""
    stamp, token = str(int(time.time())), "t" * 50
    signature = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    data = {"event": event, "id": "ev-1", "timestamp": time.time(), "recipient": "ada@example.org", **said}
    body = {"signature": {"timestamp": stamp, "token": token, "signature": signature}, "event-data": data}
    return Client().post("/webhooks/mail/mailgun/", json.dumps(body), content_type="application/json")


BOUNCE = {"ID": 42, "Type": "HardBounce", "TypeCode": 1, "Email": "ada@example.org", "BouncedAt": "2026-11-23T06:00:05Z"}


def mailed(state: State = State.SUBMITTED, **fields: Any) -> Delivery:
    return deliver(make_edition(), subscriber_of(), state, **{"external_id": "pm-1", **fields})


# --- who is believed


def test_a_bounce_signed_with_the_secret_is_believed() -> None:
    delivery = mailed()
    assert postmark("Bounce", **BOUNCE).status_code == 200
    assert suppression.is_suppressed("ada@example.org")
    event = MailEvent.objects.get()
    assert (event.kind, event.delivery, event.edition) == ("bounced", delivery, delivery.edition)


@pytest.mark.parametrize("login", [None, "post:another password", "a long password", ""])
def test_without_the_secret_nothing_is_believed(login: str | None) -> None:
    mailed()
    assert postmark("Bounce", login, **BOUNCE).status_code == 400
    assert not Suppression.objects.exists() and not MailEvent.objects.exists()


def test_a_signature_that_is_wrong_is_refused() -> None:
    mailed()
    assert mailgun("failed", key="another key", severity="permanent").status_code == 400
    assert not MailEvent.objects.exists()


def test_a_signed_event_is_believed() -> None:
    delivery = mailed(external_id="")
    message = {"headers": {"message-id": message_id(delivery).strip("<>")}}
    status = {"code": 550, "message": "5.1.1 The account does not exist"}
    response = mailgun("failed", severity="permanent", reason="bounce", message=message, **{"delivery-status": status})
    assert response.status_code == 200
    assert MailEvent.objects.get().delivery == delivery
    assert suppression.is_suppressed("ada@example.org")


def test_both_secrets_are_good_while_one_takes_the_place_of_the_other(settings: Any) -> None:
    mailed()
    both = (("postmark", "post:the new password"), ("postmark", LOGIN))
    settings.MASTHEAD = replace(settings.MASTHEAD, mail_webhook_secrets=both)
    assert postmark("Bounce", **BOUNCE).status_code == 200
    assert postmark("Bounce", "post:the new password", **BOUNCE).status_code == 200


@pytest.mark.parametrize("provider", ["sendgrid", "nobody", "billing"])
def test_a_provider_nobody_said_to_believe_is_not_there(provider: str) -> None:
    assert Client().post(f"/webhooks/mail/{provider}/", "{}", content_type="application/json").status_code == 404


@pytest.mark.parametrize("body", ["", "[]", "{", "null", '{"RecordType": 7}', "\\ud800"])
def test_what_cannot_be_read_is_refused_quietly(body: str) -> None:
    headers = {"Authorization": f"Basic {base64.b64encode(LOGIN.encode()).decode()}"}
    response = Client(headers=headers).post("/webhooks/mail/postmark/", body, content_type="application/json")
    assert response.status_code in (200, 400)
    assert not MailEvent.objects.exists()


def test_a_get_is_no_webhook() -> None:
    assert Client().get("/webhooks/mail/postmark/").status_code == 405
    assert Client().head("/webhooks/mail/postmark/").status_code == 200


# --- what is done


def test_told_twice_is_kept_once() -> None:
    mailed()
    for _ in range(7):
        postmark("Bounce", **{**BOUNCE, "Type": "SoftBounce"})
    assert MailEvent.objects.count() == 1
    assert not suppression.is_suppressed("ada@example.org")


def test_a_bounce_that_may_pass_is_soft() -> None:
    mailed()
    postmark("Bounce", **{**BOUNCE, "Type": "SoftBounce", "Details": "smtp;452 4.2.2 over quota"})
    assert Suppression.objects.get().soft == 1


def test_a_complaint_ends_every_newsletter() -> None:
    mailed()
    said = {**BOUNCE, "Type": "SpamComplaint", "TypeCode": 512}
    assert postmark("SpamComplaint", **said).status_code == 200
    assert suppression.is_suppressed("ada@example.org")
    assert not Tick.objects.exists()


@pytest.mark.parametrize(
    ("record", "said", "expected"),
    [
        ("Delivery", {"DeliveredAt": "2026-11-23T06:00:05Z"}, State.SUBMITTED),
        ("Bounce", BOUNCE, State.REFUSED),
        ("Bounce", {**BOUNCE, "Type": "Transient"}, State.SUBMITTED),
        ("Open", {"ReceivedAt": "2026-11-23T06:00:05Z"}, State.IN_DOUBT),
    ],
)
def test_what_is_told_settles_what_was_in_doubt(record: str, said: dict[str, Any], expected: State) -> None:
    delivery = mailed(State.IN_DOUBT)
    assert postmark(record, **said).status_code == 200
    delivery.refresh_from_db()
    assert delivery.state == expected


def test_that_a_mail_was_opened_is_kept_nowhere() -> None:
    mailed()
    assert postmark("Open", ReceivedAt="2026-11-23T06:00:05Z").status_code == 200
    assert not MailEvent.objects.exists()


def test_unsubscribing_at_the_provider_ends_that_newsletter() -> None:
    ada = subscriber_of("weekly")
    mailed()
    said = {"SuppressSending": True, "ChangedAt": "2026-11-23T06:00:05Z", "SuppressionReason": "ManualSuppression"}
    assert postmark("SubscriptionChange", **said).status_code == 200
    assert [tick.newsletter.slug for tick in Tick.objects.filter(reader=ada)] == ["weekly"]


def test_a_bounce_of_somebody_we_do_not_know_suppresses_nobody() -> None:
    """Another system may mail through the same account."""
    assert postmark("Bounce", **{**BOUNCE, "Email": "stranger@example.org", "MessageID": "pm-9"}).status_code == 200
    assert not Suppression.objects.exists()


def test_a_providers_number_is_looked_up_and_not_searched_for() -> None:
    """An outbox has millions of rows, and a provider tells of each. On PostgreSQL a small table is scanned all the same."""
    if connection.vendor != "sqlite":
        pytest.skip("what PostgreSQL plans goes by how many rows there are")
    assert "delivery_external" in returns.provided("pm-1").explain()
