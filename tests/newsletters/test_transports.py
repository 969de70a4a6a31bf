"""The ways letters leave that are no mail server: files, and a provider's API; and what the provider's answers mean."""

from __future__ import annotations

import email
import email.policy
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from masthead.core import mail_url
from masthead.newsletters import sending, transports
from masthead.newsletters.models import Delivery, Edition
from newsletters.post import freeze_for, render_small

pytestmark = pytest.mark.django_db(transaction=True)
State = Delivery.State


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any) -> None:
    render_small(monkeypatch)
    monkeypatch.setattr(sending, "LOOK", 0.05)
    settings.MASTHEAD = replace(settings.MASTHEAD, data=tmp_path)


def deliver(transport: transports.Transport) -> None:
    sending.Sender(transport).deliver(threading.Event())


def test_without_a_mail_server_each_letter_is_a_file(tmp_path: Path) -> None:
    edition = freeze_for(30)
    deliver(transports.current())
    files = list((tmp_path / "mail").glob("*.eml"))
    letters = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
    assert sorted(letter["To"] for letter in letters) == sorted(f"reader{n}@example.org" for n in range(30))
    assert len({letter["Message-ID"] for letter in letters}) == 30
    assert len({letter["List-Unsubscribe"] for letter in letters}) == 30
    assert set(Delivery.objects.filter(edition=edition).values_list("state", flat=True)) == {State.SUBMITTED}
    assert not list((tmp_path / "mail").glob(".*")) and not list((tmp_path / "outbox").glob("*"))


class Provider(BaseHTTPRequestHandler):
    """A double of Postmark. Addresses decide what it says."""

    got: list[dict[str, Any]] = []

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        one = asked[0] if isinstance(asked, list) else asked
        self.got.append(one)
        number = int(one["To"].partition("@")[0].removeprefix("reader"))
        if number == 1:
            self._say(422, {"ErrorCode": 300, "Message": "Invalid 'To' address: 'reader1'."})
        elif number == 2:
            self._say(500, {"ErrorCode": 0, "Message": "We are on fire"})
        elif number == 3:
            self._say(429, {"ErrorCode": 0, "Message": "Slow down"})
        else:
            answer = {"ErrorCode": 0, "Message": "OK", "MessageID": f"id-{number}", "To": one["To"], "SubmittedAt": "2026-11-23"}
            self._say(200, [answer] if isinstance(asked, list) else answer)

    def _say(self, status: int, what: Any) -> None:
        body = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def provider(settings: Any) -> Iterator[list[dict[str, Any]]]:
    Provider.got = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "token", "POSTMARK_API_URL": f"http://127.0.0.1:{server.server_port}/"}
    yield Provider.got
    server.shutdown()
    server.server_close()


def test_a_providers_answers_are_written_down_as_what_they_mean(provider: list[dict[str, Any]]) -> None:
    edition = freeze_for(8)
    deliver(transports.Api(4))
    rows = {row.address.partition("@")[0]: row for row in Delivery.objects.filter(edition=edition)}
    assert rows["reader0"].state == State.SUBMITTED and rows["reader0"].external_id == "id-0"
    assert rows["reader1"].state == State.REFUSED and rows["reader1"].code in (422, 550)
    assert rows["reader2"].state == State.IN_DOUBT  # it may have taken the mail before it caught fire
    assert rows["reader3"].state == State.DEFERRED and rows["reader3"].attempts == 0
    assert sum(row.state == State.SUBMITTED for row in rows.values()) == 5


def test_a_provider_gets_both_parts_and_the_readers_own_header_fields(provider: list[dict[str, Any]]) -> None:
    freeze_for(1)
    deliver(transports.Api(1))
    (mail,) = provider
    headers = {header["Name"]: header["Value"] for header in mail["Headers"]}
    assert mail["To"] == "reader0@example.org" and mail["Subject"] == "The news"
    assert "All the news" in mail["TextBody"] and "<p>All the news" in mail["HtmlBody"]
    assert headers["List-Unsubscribe"].startswith("<http") and headers["Message-ID"].startswith("<daily.2026-11-23.")
    assert headers["List-Unsubscribe"].strip("<>") in mail["TextBody"]


def test_a_provider_that_cannot_be_reached_has_taken_nothing(settings: Any) -> None:
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "token", "POSTMARK_API_URL": "http://127.0.0.1:9/"}
    edition = freeze_for(2)
    deliver(transports.Api(1))
    assert set(Delivery.objects.filter(edition=edition).values_list("state", flat=True)) == {State.DEFERRED}


def test_a_key_the_provider_does_not_know_pauses_the_edition(
    provider: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Provider, "do_POST", lambda self: self._say(401, {"ErrorCode": 10, "Message": "Bad token"}))
    edition = freeze_for(3)
    deliver(transports.Api(1))
    edition.refresh_from_db()
    assert edition.state == Edition.State.PAUSED and "Bad token" in edition.reason
    assert not Delivery.objects.filter(edition=edition, state=State.REFUSED).exists()


@pytest.mark.parametrize(
    ("url", "backend", "options"),
    [
        (
            "postmark://TOKEN?stream=broadcast",
            "postmark",
            {"POSTMARK_SERVER_TOKEN": "TOKEN", "POSTMARK_MESSAGE_STREAM": "broadcast"},
        ),
        (
            "mailgun://KEY@mg.example.org?region=eu",
            "mailgun",
            {
                "MAILGUN_API_KEY": "KEY",
                "MAILGUN_SENDER_DOMAIN": "mg.example.org",
                "MAILGUN_API_URL": "https://api.eu.mailgun.net/v3",
            },
        ),
        ("sendgrid://SG.Key-1", "sendgrid", {"SENDGRID_API_KEY": "SG.Key-1"}),
        ("brevo://xkeysib%2Fa", "brevo", {"BREVO_API_KEY": "xkeysib/a"}),
        ("mailjet://KEY:SECRET", "mailjet", {"MAILJET_API_KEY": "KEY", "MAILJET_SECRET_KEY": "SECRET"}),
        (
            "ses://ID:SECRET@eu-west-1",
            "amazon_ses",
            {
                "AMAZON_SES_CLIENT_PARAMS": {
                    "aws_access_key_id": "ID",
                    "aws_secret_access_key": "SECRET",
                    "region_name": "eu-west-1",
                }
            },
        ),
    ],
)
def test_providers_are_named_in_one_address(url: str, backend: str, options: dict[str, object]) -> None:
    found = mail_url.read(url)
    assert found.way is mail_url.Way.API and found.options == options
    assert found.backend == f"anymail.backends.{backend}.EmailBackend"
    assert "KEY" not in repr(found) and "SECRET" not in repr(found)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("gopher://x", "it has to be one of"),
        ("smtp://", "names no server"),
        ("smtp://host:99999", "names a port that is none"),
        ("smtp://host?connections=0", "a number from 1 to 500"),
        ("smtp://host?retries=3", "means nothing there"),
        ("postmark://", "does not say everything"),
        ("mailgun://KEY", "does not say everything"),
        ("mailgun://KEY@example.org?region=mars", "one of us, eu"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused(url: str, says: str) -> None:
    with pytest.raises(mail_url.BadMailUrl, match=says):
        mail_url.read(url)


def test_a_mail_server_may_say_how_many_connections() -> None:
    found = mail_url.read("smtps://user:p%40ss@mail.example.org?connections=50")
    assert (found.host, found.port, found.tls, found.user, found.password) == (
        "mail.example.org",
        465,
        "implicit",
        "user",
        "p@ss",
    )
    assert found.connections == 50 and mail_url.read("smtp://host").connections == 20
