"""TLS and the log-in: what is required is kept, and what is secret goes to nobody else."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path

import pytest

from masthead.newsletters.smtp import Scope, Security, Server, Verdict
from masthead.newsletters.smtp.envelope import Offered
from newsletters.smtp.certificates import certificate
from newsletters.smtp.sink import Drop, Say, Sink
from newsletters.smtp.submitting import letters, message, submit

TLS_OFFERS = (b"PIPELINING", b"STARTTLS", b"AUTH PLAIN LOGIN", b"SIZE 10000000")
LARGE = message("x" * 70 + "\r\n") * 40_000


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("certificate"), "localhost", "127.0.0.1")


@pytest.fixture
def context(pem: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(pem)
    return made


def server(sink: Sink, pem: Path | None, tls: Security, *, host: str = "127.0.0.1", **more: str) -> Server:
    trusting = ssl.create_default_context(cafile=str(pem)) if pem else None
    return Server(host, sink.port, tls, local_name="gazette.example", context=trusting, **more)


@pytest.mark.parametrize("tls", [Security.STARTTLS, Security.IMPLICIT])
def test_letters_go_through_tls(tls: Security, pem: Path, context: ssl.SSLContext) -> None:
    with Sink(offers=TLS_OFFERS, context=context, implicit=tls is Security.IMPLICIT) as sink:
        found = submit(sink.port, letters(50), connections=3, late=True, on=server(sink, pem, tls))
    greeted = [b"EHLO gazette.example"]
    entered = [*greeted, b"STARTTLS", *greeted] if tls is Security.STARTTLS else greeted
    # one that was opened last may have had nothing left to submit
    used = [talk for talk in sink.talks if any(line.startswith(b"MAIL") for line in talk)]
    assert used and all(talk[: len(entered)] == entered and talk[len(entered)].startswith(b"MAIL") for talk in used)
    assert found.verdicts == [Verdict.SUBMITTED] * 50
    assert set(sink.recipients.values()) == {1}


def test_large_letters_go_through_tls_byte_for_byte(pem: Path, context: ssl.SSLContext) -> None:
    with Sink(offers=TLS_OFFERS, context=context) as sink:
        found = submit(sink.port, letters(2, LARGE), on=server(sink, pem, Security.STARTTLS))
    assert found.verdicts == [Verdict.SUBMITTED] * 2
    assert [content for _, content in sink.taken] == [LARGE] * 2


def test_under_tls_too_the_middle_of_content_is_no_doubt_and_its_end_is(pem: Path, context: ssl.SSLContext) -> None:
    with Sink({"content": [Drop()]}, offers=TLS_OFFERS, context=context, room=100_000) as sink:
        found = submit(sink.port, letters(2, LARGE), on=server(sink, pem, Security.STARTTLS))
    assert found.verdicts == [Verdict.DEFERRED, Verdict.SUBMITTED]
    with Sink({"end": [Drop()]}, offers=TLS_OFFERS, context=context) as sink:
        found = submit(sink.port, letters(2), on=server(sink, pem, Security.STARTTLS))
    assert found.verdicts == [Verdict.IN_DOUBT, Verdict.SUBMITTED]


def test_a_server_that_does_not_offer_starttls_hears_no_more(pem: Path) -> None:
    with Sink(offers=[b"PIPELINING", b"AUTH PLAIN"]) as sink:
        found = submit(sink.port, letters(1), on=server(sink, pem, Security.STARTTLS, user="daily", password="secret"))
        assert sink.commands == [b"EHLO gazette.example"]
    assert (found.only.verdict, found.only.scope) == (Verdict.DEFERRED, Scope.SERVER)
    assert "STARTTLS" in found.only.text


@pytest.mark.parametrize(
    ("trusted", "host"), [(False, "127.0.0.1"), (True, "127.0.0.2")], ids=["signed by nobody", "another's name"]
)
def test_a_certificate_that_does_not_convince_ends_it(trusted: bool, host: str, pem: Path, context: ssl.SSLContext) -> None:
    with Sink(offers=TLS_OFFERS, context=context) as sink:
        on = server(sink, pem if trusted else None, Security.STARTTLS, host=host, user="daily", password="secret")
        found = submit(sink.port, letters(1), on=on)
        assert not any(line.startswith(b"AUTH") for line in sink.commands)
        sink.ceased.clear()  # its side of the handshake failed
    assert (found.only.verdict, found.only.scope) == (Verdict.DEFERRED, Scope.SERVER)
    assert "certificate" in found.only.text or found.only.text.startswith("The server cannot be reached")


def test_what_was_said_in_the_clear_is_not_taken_for_private(pem: Path, context: ssl.SSLContext) -> None:
    """A stranger on the way adds replies behind the 220 to STARTTLS (CVE-2011-0411 and its kin)."""
    with Sink({"STARTTLS": Say(b"220 go ahead\r\n250-evil\r\n250 AUTH PLAIN\r\n")}, offers=TLS_OFFERS, context=context) as sink:
        found = submit(sink.port, letters(1), on=server(sink, pem, Security.STARTTLS, user="daily", password="secret"))
        assert not any(line.startswith(b"AUTH") for line in sink.commands)
        sink.ceased.clear()
    assert found.only.verdict is Verdict.DEFERRED


@pytest.mark.parametrize(
    ("offered", "said"),
    [
        (b"AUTH LOGIN PLAIN", [b"AUTH PLAIN " + base64.b64encode("\0daily\0geheim ü".encode())]),
        (b"AUTH=PLAIN", [b"AUTH PLAIN " + base64.b64encode("\0daily\0geheim ü".encode())]),
        (b"AUTH LOGIN CRAM-MD5", [b"AUTH LOGIN", base64.b64encode(b"daily"), base64.b64encode("geheim ü".encode())]),
    ],
)
def test_it_logs_in_as_the_server_likes_it(offered: bytes, said: list[bytes]) -> None:
    with Sink(offers=[b"PIPELINING", offered]) as sink:
        on = Server("127.0.0.1", sink.port, user="daily", password="geheim ü")
        found = submit(sink.port, letters(1), on=on)
        assert sink.commands[1 : 1 + len(said)] == said
    assert found.only.verdict is Verdict.SUBMITTED


@pytest.mark.parametrize(
    ("offered", "reply", "code"),
    [(b"AUTH PLAIN", b"535 5.7.8 wrong\r\n", 535), (b"AUTH LOGIN", b"535 5.7.8 wrong\r\n", 535), (b"AUTH GSSAPI", b"", 0)],
)
def test_a_refused_log_in_is_tried_once_a_letter_and_told(offered: bytes, reply: bytes, code: int) -> None:
    """Not thrice: accounts are locked for that."""
    with Sink({"AUTH": Say(reply)} if reply else {}, offers=[offered]) as sink:
        found = submit(sink.port, letters(1), on=Server("127.0.0.1", sink.port, user="daily", password="wrong"))
        assert sink.connections == 1
    assert (found.only.verdict, found.only.scope, found.only.code) == (Verdict.DEFERRED, Scope.SERVER, code)
    assert "wrong" not in repr(Server("127.0.0.1", 25, user="daily", password="wrong"))


def test_a_server_that_knows_no_ehlo_is_greeted_as_in_1982() -> None:
    with Sink({"EHLO": Say(b"502 what?\r\n")}) as sink:
        found = submit(sink.port, letters(3))
        assert sink.commands[:2] == [b"EHLO gazette.example", b"HELO gazette.example"]
        assert b"MAIL FROM:<daily@gazette.example>" in sink.commands
    assert found.verdicts == [Verdict.SUBMITTED] * 3


def test_what_the_server_offers_is_read_however_it_is_written() -> None:
    lines = (
        b"mx hello SIZE",
        b"pipelining",
        b"Size 1000",
        b"auth=login",
        b"AUTH PLAIN XOAUTH2",
        b"8BITMIME",
        b"",
        b"LIMITS MAILMAX=x",
    )
    assert Offered.read(lines) == Offered(
        pipelining=True, size=1000, eight_bit=True, login=frozenset({"LOGIN", "PLAIN", "XOAUTH2"})
    )
    assert Offered.read((b"PIPELINING",)) == Offered(), "the first line is a greeting"
    assert Offered.read((b"mx", b"SIZE")).size == 0
