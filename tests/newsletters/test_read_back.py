"""An edition goes out through a real Postfix, with TLS and a log-in, is read back through a real Dovecot, and its one-click
unsubscribing works as a mail program does it: from nothing but the message."""

from __future__ import annotations

import email
import email.policy
import threading
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from masthead.core.mail_url import MailServer, Way
from masthead.newsletters import claiming, freezing, links, sending, transports
from masthead.newsletters.models import Delivery, Edition, Tick
from newsletters.post import make_edition, make_newsletter, make_readers
from newsletters.smtp import real

COUNT = 60
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.processes,
    pytest.mark.skipif(bool(real.missing()), reason=real.missing() or "they are here"),
]


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[real.Servers]:
    with real.running([f"reader{number}" for number in range(COUNT)]) as started:
        monkeypatch.setenv("SSL_CERT_FILE", str(started.folder / "server.pem"))  # its certificate is signed by nobody else
        yield started


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any) -> None:
    settings.MASTHEAD = replace(settings.MASTHEAD, data=tmp_path)
    # the tests' own host is no domain to Postfix
    settings.DEFAULT_FROM_EMAIL = settings.ENVELOPE_SENDER = "letters@gazette.example"
    monkeypatch.setattr(claiming, "durable", lambda: None)


def read(servers: real.Servers, reader: str) -> EmailMessage:
    (raw,) = servers.inbox(reader)
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_an_edition_arrives_once_and_whole_and_can_be_ended_with_one_click(servers: real.Servers) -> None:
    daily = make_newsletter(title="The Daily Gazette")
    make_readers(COUNT, daily)
    edition = make_edition(daily, subject="What the harbour costs – and who pays")
    freezing.freeze(edition)
    server = MailServer(
        Way.SMTP, "127.0.0.1", servers.starttls, tls="starttls", user=real.USER, password=real.PASSWORD, connections=5
    )
    sending.deliver_all(threading.Event(), transports.of(server))
    edition.refresh_from_db()
    assert edition.state == Edition.State.DONE, (edition.reason, servers.log())
    assert set(Delivery.objects.values_list("state", flat=True)) == {Delivery.State.SUBMITTED}
    real.within(30, lambda: servers.queued() == 0, "all in mailboxes")

    for number in range(COUNT):
        address = f"reader{number}@example.org"
        mail = read(servers, f"reader{number}")
        assert mail["To"] == address
        assert mail["Subject"] == edition.subject
        assert mail["Message-ID"] == links.message_id(daily.slug, edition.key, address)
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert not mail.defects
        text, html = mail.get_body(("plain",)), mail.get_body(("html",))
        assert text is not None and html is not None
        assert "The Daily Gazette" in html.get_content()
        assert "\0" not in text.get_content() + html.get_content()

    program = Client(enforce_csrf_checks=True)  # a mail provider's: no cookies, no token, no browser's headers
    leaving = read(servers, "reader7")["List-Unsubscribe"].strip("<>")
    assert program.get(urlsplit(leaving).path).status_code == 200
    assert Tick.objects.count() == COUNT, "looking ends nothing"
    answer = program.post(urlsplit(leaving).path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert set(Tick.objects.values_list("reader__email", flat=True)) == {
        f"reader{number}@example.org" for number in range(COUNT) if number != 7
    }
