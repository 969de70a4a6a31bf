"""Mail that comes back: what it says, that it is believed only where it proves itself, and what is done about it."""

from __future__ import annotations

import random
import sys
from datetime import timedelta
from io import BytesIO, TextIOWrapper
from typing import Any

import pytest
from click.testing import CliRunner

from factories import make_reader
from masthead.core import clock, mail
from masthead.newsletters import choices, dsn, links, returns, suppression
from masthead.newsletters.bounce import command
from masthead.newsletters.dsn import Outcome
from masthead.newsletters.links import Kind
from masthead.newsletters.models import Delivery, MailEvent, Suppression, Tick
from masthead.newsletters.suppression import Reason
from newsletters.came_back import complaint, deliver, make_edition, message_id, notification, subscriber_of

pytestmark = pytest.mark.django_db

State = Delivery.State


def arrived(raw: bytes) -> int:
    return returns.take_mail(raw)


# --- what reports say


@pytest.mark.parametrize(
    ("status", "diagnostic", "expected"),
    [
        ("5.1.1", "smtp; 550 5.1.1 User unknown", Outcome.HARD),
        ("5.1.10", "smtp; 550 5.1.10 RESOLVER.ADR.RecipientNotFound", Outcome.HARD),
        ("5.1.2", "smtp; 550 Host unknown", Outcome.HARD),
        ("5.2.1", "smtp; 550 5.2.1 The email account that you tried to reach is disabled", Outcome.HARD),
        ("5.0.0", "smtp; 550 No such user here", Outcome.HARD),
        ("", "smtp; 550 Requested action not taken: mailbox unavailable", Outcome.HARD),
        ("5.2.2", "smtp; 552 5.2.2 Mailbox full", Outcome.SOFT),
        ("5.7.1", "smtp; 550 5.7.1 Message rejected as spam", Outcome.SOFT),
        ("5.7.26", "smtp; 550 5.7.26 Unauthenticated mail", Outcome.SOFT),
        ("5.3.4", "smtp; 552 Message too big", Outcome.SOFT),
        ("4.4.7", "smtp; 450 4.4.7 Message expired", Outcome.SOFT),
        ("4.2.2", "smtp; 452 user unknown for now", Outcome.SOFT),
        ("5.0.0", "smtp; 554 Transaction failed", Outcome.SOFT),
    ],
)
def test_there_is_no_such_address_or_it_may_pass(status: str, diagnostic: str, expected: Outcome) -> None:
    (report,) = dsn.read(notification(id_="<x@y>", status=status, diagnostic=diagnostic))
    assert report.outcome is expected


@pytest.mark.parametrize(("action", "expected"), [("delayed", Outcome.DELAYED), ("delivered", Outcome.DELIVERED)])
def test_not_every_report_is_a_bounce(action: str, expected: Outcome) -> None:
    (report,) = dsn.read(notification(id_="<x@y>", action=action, status="4.4.1"))
    assert report.outcome is expected


@pytest.mark.parametrize("action", ["relayed", "expanded"])
def test_what_says_nothing_of_the_inbox_is_no_report(action: str) -> None:
    assert dsn.read(notification(id_="<x@y>", action=action, status="2.0.0")) == []


def test_a_report_names_no_address_in_what_is_kept_of_its_reason() -> None:
    (report,) = dsn.read(notification(id_="<x@y>"))
    assert report.detail == "5.1.1 550 5.1.1 <…>: Recipient address rejected: User unknown"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0" * 1000,
        b"From: ada@example.org\r\nSubject: Thank you\r\n\r\nI liked it.\r\n",
        b"Content-Type: multipart/report; boundary=b\r\n\r\n",
        b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\xff\r\n--b",
        b"Content-Type: message/feedback-report\r\n\r\nFeedback-Type: not-spam\r\n",
        notification(id_="<x@y>")[:700],
    ],
)
def test_what_is_no_report_says_nothing(raw: bytes) -> None:
    assert [report for report in dsn.read(raw) if report.message_ids and report.addresses] == []
    assert arrived(raw) == 0


def test_a_message_made_deep_or_large_says_nothing_and_soon() -> None:
    deep = b"".join(b'Content-Type: multipart/report; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(5000))
    assert dsn.read(deep) == []
    wide = b"Content-Type: multipart/report; boundary=b\r\n\r\n" + b"--b\r\nContent-Type: message/rfc822\r\n\r\nX: y\r\n" * 20_000
    assert dsn.read(wide) == []
    assert dsn.read(notification(id_="<x@y>") + b"x" * (3 * dsn.LARGEST)) != []


def test_bytes_thrown_at_it_break_nothing() -> None:
    """Reports with pieces cut out, doubled and overwritten: read or not, nothing is raised and nobody is suppressed."""
    chance = random.Random(7)
    sound = [notification(id_="<x@y>"), complaint(id_="<x@y>")]
    for _ in range(300):
        raw = bytearray(chance.choice(sound))
        for _ in range(chance.randrange(1, 12)):
            at = chance.randrange(len(raw))
            raw[at : at + chance.randrange(0, 40)] = chance.randbytes(chance.randrange(0, 40))
        assert arrived(bytes(raw)) == 0
    assert not Suppression.objects.exists()


# --- what is done about them


def test_a_hard_bounce_suppresses_at_once_and_takes_nothing_away() -> None:
    ada = subscriber_of()
    delivery = deliver(make_edition(), ada)
    assert arrived(notification(id_=message_id(delivery))) == 1
    assert suppression.is_suppressed(ada.email)
    assert Tick.objects.filter(reader=ada).exists(), "mailed again once it is lifted"
    event = MailEvent.objects.get()
    assert (event.kind, event.edition, event.delivery) == ("bounced", delivery.edition, delivery)
    assert event.address_key == suppression.key(ada.email)


def test_the_fifth_soft_bounce_in_a_row_suppresses() -> None:
    ada = subscriber_of()
    for number in range(1, 6):
        assert not suppression.is_suppressed(ada.email), f"before the {number}th"
        delivery = deliver(make_edition(f"edition-{number}"), ada)
        arrived(notification(id_=message_id(delivery), status="4.2.2", diagnostic="smtp; 452 4.2.2 over quota"))
    assert suppression.is_suppressed(ada.email)


def test_a_mail_that_arrives_ends_the_row() -> None:
    ada = subscriber_of()
    for number in range(1, 9):
        delivery = deliver(make_edition(f"edition-{number}"), ada)
        raw = {"action": "delivered", "status": "2.0.0"} if number == 4 else {"status": "5.2.2", "diagnostic": "smtp; 552 full"}
        arrived(notification(id_=message_id(delivery), **raw))
    assert not suppression.is_suppressed(ada.email)


def test_a_row_is_forgotten_in_a_month(settings: Any) -> None:
    ada = make_reader()
    for _ in range(4):
        suppression.bounced(address=ada.email, hard=False)
    Suppression.objects.update(last=clock.now() - timedelta(days=31))
    suppression.bounced(address=ada.email, hard=False)
    assert Suppression.objects.get().soft == 1


def test_the_same_report_twice_is_one_bounce() -> None:
    ada = subscriber_of()
    delivery = deliver(make_edition(), ada)
    raw = notification(id_=message_id(delivery), status="4.2.2", diagnostic="smtp; 452 over quota")
    for _ in range(6):
        arrived(raw)
    assert MailEvent.objects.count() == 1
    assert Suppression.objects.get().soft == 1


def test_a_complaint_suppresses_and_ends_every_newsletter() -> None:
    ada = subscriber_of()
    subscriber_of("weekly")
    choices.save(reader=ada, wanted=choices.Choices({"daily": "", "weekly": ""}, alerts="daily", month=True), origin="account")
    assert arrived(complaint(id_=message_id(deliver(make_edition(), ada)))) == 1
    assert Suppression.objects.get().reason == Reason.COMPLAINT
    assert not Tick.objects.filter(reader=ada).exists()
    assert not any(choices.wants(ada, kind) for kind in Kind)


def test_a_complaint_whose_recipient_was_struck_out_is_known_by_the_signed_address() -> None:
    ada = subscriber_of()
    delivery = deliver(make_edition(), ada)
    end = links.unsubscribe_url(links.unsubscribe_token(ada.subject, "daily"))
    assert arrived(complaint(id_=message_id(delivery), to="", unsubscribe=end)) == 1
    assert suppression.is_suppressed(ada.email)


def test_not_spam_is_no_complaint() -> None:
    ada = subscriber_of()
    assert arrived(complaint(id_=message_id(deliver(make_edition(), ada)), kind="not-spam")) == 0
    assert not suppression.is_suppressed(ada.email)


def test_a_bounced_code_is_a_bounce_too_and_codes_still_go() -> None:
    row = mail.hand_over(kind="code", to="nobody@example.org", subject="123456", text="123456")
    assert arrived(notification(id_=row.message_id, to="nobody@example.org")) == 1
    assert suppression.is_suppressed("nobody@example.org")
    assert mail.hand_over(kind="code", to="nobody@example.org", subject="1", text="1").state == "pending"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({}, State.REFUSED),
        ({"status": "5.2.2", "diagnostic": "smtp; 552 full"}, State.REFUSED),
        ({"action": "delayed", "status": "4.4.1"}, State.SUBMITTED),
        ({"action": "delivered", "status": "2.0.0"}, State.SUBMITTED),
    ],
)
def test_what_comes_back_settles_what_was_in_doubt(raw: dict[str, str], expected: State) -> None:
    delivery = deliver(make_edition(), subscriber_of(), State.IN_DOUBT)
    arrived(notification(id_=message_id(delivery), **raw))
    delivery.refresh_from_db()
    assert delivery.state == expected


def test_what_was_submitted_stays_so_whatever_comes_back() -> None:
    delivery = deliver(make_edition(), subscriber_of())
    arrived(notification(id_=message_id(delivery)))
    delivery.refresh_from_db()
    assert delivery.state == State.SUBMITTED


def test_the_address_may_come_back_in_other_capitals() -> None:
    ada = subscriber_of(email="Ada@example.org")
    delivery = deliver(make_edition(), ada)
    assert arrived(notification(id_=message_id(delivery), to="ADA@EXAMPLE.ORG")) == 1


def test_a_report_may_carry_the_whole_mail() -> None:
    delivery = deliver(make_edition(), subscriber_of())
    assert arrived(notification(id_=message_id(delivery), headers_only=False)) == 1


def test_a_forwarded_mail_bounces_for_whom_it_was_mailed_to() -> None:
    """The last server names the address it was forwarded to; the mail itself says whom we mailed."""
    ada = subscriber_of()
    delivery = deliver(make_edition(), ada)
    assert arrived(notification(id_=message_id(delivery), to="ada@elsewhere.example", original_to="ada@example.org")) == 1
    assert suppression.is_suppressed("ada@example.org")
    assert not suppression.is_suppressed("ada@elsewhere.example")


# --- what is not believed


def test_a_forged_report_suppresses_nobody() -> None:
    ada = subscriber_of()
    grace = subscriber_of(email="grace@example.org")
    edition = make_edition()
    of_ada, of_grace = deliver(edition, ada), deliver(edition, grace)
    other = make_edition("2026-11-24")
    for raw in (
        notification(id_="<anything@example.org>"),
        notification(id_=f"<daily.2026-11-23.{'0' * 32}@127.0.0.1>"),
        # Grace knows her own, and would have Ada's mail stopped by it
        notification(id_=message_id(of_grace), to="ada@example.org"),
        complaint(id_=message_id(of_grace), to="ada@example.org"),
        # an edition Ada was never mailed
        notification(id_=message_id(of_ada).replace("11-23", "11-24")),
        notification(id_=links.message_id("daily", other.key, ada.email)),
        # her own signed address, without a mail of hers
        complaint(id_="<x@y>", to="", unsubscribe=links.unsubscribe_url(links.unsubscribe_token(grace.subject, "daily"))),
        complaint(
            id_=message_id(of_ada), to="", unsubscribe=links.unsubscribe_url(links.unsubscribe_token(grace.subject, "daily"))
        ),
        # a mail that was handed over to somebody else
        notification(id_=f"<{'0' * 32}@127.0.0.1>"),
    ):
        assert arrived(raw) == 0
    assert not Suppression.objects.exists()
    assert not MailEvent.objects.exists()


def test_a_report_of_one_mail_says_nothing_of_another_address_named_with_it() -> None:
    ada, grace = subscriber_of(), subscriber_of(email="grace@example.org")
    delivery = deliver(make_edition(), ada)
    raw = notification(id_=message_id(delivery), to="grace@example.org", original_to="grace@example.org, ada@example.org")
    arrived(raw)
    assert not suppression.is_suppressed(grace.email)


def test_reports_after_the_secret_key_changed_are_believed_while_the_former_is(settings: Any) -> None:
    ada = subscriber_of()
    delivery = deliver(make_edition(), ada)
    raw = notification(id_=message_id(delivery))
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another secret key, long enough for us"
    assert arrived(raw) == 1
    assert suppression.is_suppressed(ada.email)


def test_suppression_holds_after_the_secret_key_changed(settings: Any) -> None:
    suppression.suppress(address="ada@example.org", reason=Reason.BOUNCE)
    old = settings.SECRET_KEY
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [old], "another secret key, long enough for us"
    assert suppression.is_suppressed("ada@example.org")
    suppression.suppress(address="ada@example.org", reason=Reason.COMPLAINT)
    assert Suppression.objects.count() == 1, "moved to the present key"
    settings.SECRET_KEY_FALLBACKS = []
    assert suppression.is_suppressed("ada@example.org")


def test_suppression_outlives_the_former_key_once_it_has_been_moved_on(settings: Any) -> None:
    make_reader("ada@example.org")
    suppression.suppress(address="ada@example.org", reason=Reason.BOUNCE)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another secret key, long enough for us"
    suppression._rekeyed.clear()
    assert suppression.rekey() == 1
    assert suppression.rekey() == 0
    settings.SECRET_KEY_FALLBACKS = []
    assert suppression.is_suppressed("ada@example.org")


# --- by pipe


def test_a_mail_server_pipes_it_in(monkeypatch: pytest.MonkeyPatch) -> None:
    ada = subscriber_of()
    raw = notification(id_=message_id(deliver(make_edition(), ada)))
    result = CliRunner().invoke(command, input=raw)
    assert (result.exit_code, result.output) == (0, "One of our mails came back.\n")
    assert suppression.is_suppressed(ada.email)


def test_whatever_else_comes_by_the_pipe_is_passed_over() -> None:
    result = CliRunner().invoke(command, input=b"Subject: Thank you\r\n\r\nI liked it.\r\n")
    assert (result.exit_code, result.output) == (0, "0 of our mails came back.\n")


def test_while_the_database_is_away_the_mail_server_is_asked_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    def away(_: bytes) -> int:
        raise OperationalError("away")

    monkeypatch.setattr(returns, "take_mail", away)
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"x")))
    assert CliRunner().invoke(command, input=b"x").exit_code == 75


# --- lifting


def test_lifting_ends_it_and_the_next_soft_bounce_is_the_first() -> None:
    ada = make_reader()
    suppression.suppress(address=ada.email, reason=Reason.BOUNCE)
    assert suppression.lift(reader=ada)
    assert not suppression.is_suppressed(ada.email)
    assert not suppression.lift(reader=ada), "twice is once"
    suppression.bounced(address=ada.email, hard=False)
    assert not suppression.is_suppressed(ada.email)


def test_a_complaint_stays_one_when_a_bounce_follows() -> None:
    suppression.suppress(address="ada@example.org", reason=Reason.COMPLAINT)
    suppression.bounced(address="ada@example.org", hard=True)
    assert Suppression.objects.get().reason == Reason.COMPLAINT


def test_what_is_kept_of_an_address_is_no_address() -> None:
    suppression.suppress(address="ada@example.org", reason=Reason.BOUNCE)
    row = Suppression.objects.get()
    assert "ada" not in f"{row.key}{row.detail}{row}"
