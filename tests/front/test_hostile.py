"""Requests no page of ours makes: answered with a 4xx or a 404, never a 500, and never at another reader's cost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from smtplib import SMTPAuthenticationError, SMTPConnectError, SMTPDataError, SMTPRecipientsRefused, SMTPSenderRefused
from typing import Any
from unittest.mock import patch

import pytest
from anymail.exceptions import AnymailAPIError
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client, RequestFactory

from factories import make_article, make_reader
from front.journey import Browser, mails_to
from masthead.access import networks, passes
from masthead.access.models import Network
from masthead.core import clock, mail
from masthead.core.models import Notice, OutgoingMail, Publication
from masthead.readers.models import Reader
from masthead.site.wsgi import application

pytestmark = pytest.mark.django_db

FORMS = ["/keep-reading/", "/unlock/", "/login/", "/confirm/", "/save/", "/logout/", "/newsletters/", "/newsroom/login/"]
FIELDS = ["email", "article", "code", "newsletters", "login", "password"]


# What databases, files and parsers choke on -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("field", FIELDS)
def test_a_nul_in_a_form_is_refused(path: str, field: str) -> None:
    article = make_article()
    fields = {"email": "ada@example.org", "article": article.slug, "newsletters": "daily", field: "a\0b@example.org"}
    assert Browser().post(path, fields).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/login/?article=%00", "/subscribe/?article=%00", "/authors/?after=%00", "/articles/%00/", "/x%00y/", "/media/%00",
        "/media/" + "a" * 300, "/sitemap-articles-99999999999999999999999.xml", "/sitemap-articles-9223372036854775807.xml",
        "/advertisements/99999999999999999999999/", "/topics/trade/?before=9999-12-31T23:59:59-23:59.1",
    ],
)  # fmt: skip
def test_a_hostile_address_is_refused(path: str) -> None:
    assert Client(raise_request_exception=False).get(path).status_code in {400, 404}


@pytest.fixture
def one_connection() -> Iterator[None]:
    """A server's requests close the database behind them; a test's must not."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def ask(method: str, address: str, content_type: str, body: bytes = b"") -> tuple[int, bytes]:
    """Ask the whole application, as a server does: some requests fail before there is any middleware."""
    path, _, query = address.partition("?")
    environ = RequestFactory(headers={"sec-fetch-site": "same-origin"})._base_environ(
        REQUEST_METHOD=method, PATH_INFO=path, QUERY_STRING=query, CONTENT_TYPE=content_type, CONTENT_LENGTH=str(len(body))
    )
    told: list[str] = []
    answer = application({**environ, "wsgi.input": BytesIO(body)}, lambda status, headers: told.append(status))
    return int(told[0][:3]), b"".join(answer)


@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded; charset=utf-7", b"email=a%40example.org"),
        ("application/x-www-form-urlencoded; charset=base64", b"email=a%40example.org"),
        ("application/x-www-form-urlencoded; charset=klingon", b"email=a%40example.org"),
        ("multipart/form-data; boundary=x; charset=rot13", b"--x--"),
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=\xff", b"--x--"),
        ("application/x-www-form-urlencoded", b"a&" * 2000),
    ],
)
def test_a_form_nobody_can_read_is_refused_with_a_sentence(path: str, content_type: str, body: bytes) -> None:
    status, answer = ask("POST", path, content_type, body)
    assert status == 400
    assert answer.startswith((b"Please send", b"That request"))


@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize("charset", ["utf-7", "base64", "idna", "klingon", "x" * 20_000])
@pytest.mark.parametrize(
    "address", ["/login/?next=%ff", "/topics/?before=%c3", "/authors/?after=%e9", "/newsroom/login/?next=%ff"]
)
def test_an_odd_encoding_without_a_form_is_passed_over(address: str, charset: str) -> None:
    assert ask("GET", address, f"text/plain; charset={charset}")[0] == 200


def test_a_nul_in_a_cookie_is_refused() -> None:
    client = Client(raise_request_exception=False)
    assert client.get("/", headers={"cookie": 'masthead_session="\\000abc"'}).status_code == 400


@pytest.mark.parametrize("body", ["[" * 100_000, '{"credential":' + '{"a":' * 50_000])
def test_a_json_bomb_is_refused(body: str) -> None:
    assert Browser().post("/login/passkey/", body, content_type="application/json").status_code == 422


def test_a_pass_that_is_a_json_bomb_is_no_pass() -> None:
    import base64

    bomb = base64.urlsafe_b64encode(b"[" * 20_000).decode().rstrip("=")
    assert passes.read(f"{bomb}.e30.e30", {}, clock.now()) is None


@pytest.mark.parametrize("origin", ["http://[::1", "http://[bad]"])
def test_an_origin_that_is_no_address_is_another_site(origin: str) -> None:
    client = Client(raise_request_exception=False)
    assert client.post("/logout/", headers={"origin": origin}).status_code == 403


@pytest.mark.parametrize("path", ["/login/", "/keep-reading/", "/newsroom/login/", "/newsroom/logout/"])
def test_a_body_larger_than_any_form_is_not_read(path: str) -> None:
    response = Client().generic("POST", path, b"x", "multipart/form-data; boundary=x", CONTENT_LENGTH=str(2**31))
    assert response.status_code == 413


def test_an_address_of_half_a_megabyte_takes_no_time() -> None:
    started = time.process_time()
    assert Browser().post("/login/", {"email": "a@" + "é." * 200_000 + "com"}).status_code == 422
    assert time.process_time() - started < 1


# Somebody else's account, inbox and limits ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("strasse@example.org", "straße@example.org"),
        ("boss@example.org", "boſs@example.org"),
        ("mike@example.org", "mi\u212ae@example.org"),
    ],
)
def test_letters_that_look_alike_are_another_account(stored: str, typed: str) -> None:
    victim = make_reader(stored)
    browser = Browser()
    browser.post("/login/", {"email": typed})
    browser.confirm(typed)
    assert Reader.objects.get(identity=typed) != victim


def test_a_code_goes_to_the_address_as_it_is_stored() -> None:
    make_reader("Ada@example.org")
    Browser().post("/login/", {"email": "ada@example.org"})
    assert mails_to("ada@example.org") == []
    assert len(mails_to("Ada@example.org")) == 1


def test_a_network_beyond_its_limit_uses_up_nobodys_address() -> None:
    flood = Browser("192.0.2.66")
    for n in range(60):
        flood.cookies.clear()
        flood.post("/login/", {"email": f"x{n}@example.org"})
    for _ in range(6):
        flood.cookies.clear()
        assert flood.post("/login/", {"email": "ada@example.org"}).status_code == 429
    assert Browser("192.0.2.7").post("/login/", {"email": "ada@example.org"}).status_code == 303


# Mail -------------------------------------------------------------------------------------------------------------------


def test_a_mail_that_cannot_be_written_holds_up_none_behind_it() -> None:
    Browser().post("/login/", {"email": "é" * 64 + "@example.org"})
    Browser().post("/login/", {"email": "ada@example.org"})
    mail.submit_due()
    states = dict(OutgoingMail.objects.values_list("to", "state"))
    assert states == {"é" * 64 + "@example.org": "refused", "ada@example.org": "submitted"}


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (SMTPAuthenticationError(535, b"Wrong password"), "pending"),
        (SMTPSenderRefused(530, b"Log in first", "paper@example.org"), "pending"),
        (SMTPConnectError(554, b"Not from there"), "pending"),
        (AnymailAPIError("The provider cannot be reached"), "pending"),
        (SMTPRecipientsRefused({"ada@example.org": (450, b"Later")}), "pending"),
        (SMTPRecipientsRefused({"ada@example.org": (550, b"Nobody is called that")}), "refused"),
        (SMTPDataError(554, b"Not that"), "refused"),
    ],
)
def test_only_what_a_server_says_of_a_mail_ends_it(error: Exception, state: str) -> None:
    Browser().post("/login/", {"email": "ada@example.org"})
    with patch("django.core.mail.EmailMultiAlternatives.send", side_effect=error):
        mail.submit_due()
    assert OutgoingMail.objects.get().state == state


def test_what_a_slow_server_left_to_another_worker_is_not_submitted_again(settings: Any) -> None:
    for name in ("ada", "bob"):
        Browser().post("/login/", {"email": f"{name}@example.org"})
    submitted: list[str] = []
    start = settings.MASTHEAD

    def slowly(message: Any, fail_silently: bool = False) -> int:
        submitted.extend(message.to)
        if len(submitted) == 1:  # the first takes longer than the claim, and another worker looks
            settings.MASTHEAD = replace(start, clock_offset=start.clock_offset + 90)
            OutgoingMail.objects.exclude(to=message.to[0]).update(claimed_until=None)
            OutgoingMail.objects.filter(to=message.to[0]).update(claimed_until=clock.now() + timedelta(minutes=1))
            mail.submit_due()
        return 1

    with patch("django.core.mail.EmailMultiAlternatives.send", autospec=True, side_effect=slowly):
        mail.submit_due()
    assert sorted(submitted) == ["ada@example.org", "bob@example.org"]


# Rules that make no sense -----------------------------------------------------------------------------------------------


def test_a_time_zone_nobody_knows_opens_nothing_breaks_nothing_and_is_told() -> None:
    article, reader = make_article(), make_reader("ada@example.org")
    browser = Browser().log_in(reader)
    Publication.load().save()
    Publication.objects.update(timezone="Mars/Phobos")
    assert browser.choose(article).status_code == 303
    assert browser.decision(article) == "subscribe"
    for path in ("/", "/account/", "/feeds/articles.rss", "/subscribe/"):
        assert browser.get(path).status_code == 200, path
    stranger = Browser()
    assert stranger.keep_reading(article).status_code == 303
    assert stranger.decision(article) == "subscribe"
    assert Notice.objects.filter(key="policy").exists()


def test_a_network_as_wide_as_the_world_is_malformed() -> None:
    Network.objects.create(institution="Everybody", cidr="0.0.0.0/0", since=clock.now())
    networks.forget()
    assert Browser().decision(make_article()) == "register"
    networks.forget()
