"""Debian's Postfix takes the letters, with TLS and a log-in; they are read back through Debian's Dovecot."""

from __future__ import annotations

import email
import email.policy
import ssl
import threading
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from masthead.newsletters.smtp import Letter, Patience, Pool, Scope, Security, Server, Verdict
from newsletters.smtp import real
from newsletters.smtp.real import DOMAIN, LIMIT, PASSWORD, USER, Servers
from newsletters.smtp.submitting import SENDER, Submission, message, submit

pytestmark = [pytest.mark.processes, pytest.mark.skipif(bool(real.missing()), reason=real.missing() or "they are here")]

READERS = [f"reader{number}" for number in range(120)]
PATIENCE = Patience(retry=0.1, longest=1.0)


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with real.running(READERS) as started:
        yield started


@pytest.fixture
def server(servers: Servers) -> Server:
    trusting = ssl.create_default_context(cafile=str(servers.folder / "server.pem"))
    return Server("127.0.0.1", servers.starttls, Security.STARTTLS, USER, PASSWORD, "gazette.example", trusting)


def written(number: int, about: str) -> bytes:
    """A letter as a mail library writes it, with all that is tricky on the wire."""
    letter = EmailMessage(policy=email.policy.SMTP)
    letter["From"] = f"The Daily <{SENDER}>"
    letter["To"] = f"reader{number}@{DOMAIN}"
    letter["Subject"] = about
    letter["Message-ID"] = f"<{about.replace(' ', '-')}.{number}@gazette.example>"
    letter.set_content(f"Grüße an Nummer {number}.\n.\n..\n.end\nFrom here on.\n" + "The news. " * 300)
    letter.add_alternative(f"<p>Grüße an Nummer {number}</p>", subtype="html")
    return letter.as_bytes()


def with_subject(servers: Servers, reader: str, about: str) -> list[EmailMessage]:
    read = (email.message_from_bytes(raw, policy=email.policy.default) for raw in servers.inbox(reader))
    return [letter for letter in read if isinstance(letter, EmailMessage) and letter["Subject"] == about]


@pytest.mark.parametrize("tls", [Security.STARTTLS, Security.IMPLICIT])
def test_letters_are_submitted_and_read_back_once_each_and_whole(tls: Security, servers: Servers, server: Server) -> None:
    about = f"Edition over {tls.value}"
    port = servers.starttls if tls is Security.STARTTLS else servers.implicit
    on = Server(server.host, port, tls, USER, PASSWORD, "gazette.example", server.context)
    given = [Letter(number, f"reader{number}@{DOMAIN}", written(number, about)) for number in range(40)]
    found = submit(port, given, connections=4, late=True, on=on)
    assert found.verdicts == [Verdict.SUBMITTED] * 40, (found.outcomes[0], servers.log())
    real.within(30, lambda: servers.queued() == 0, "all in mailboxes")
    for number in range(40):
        (letter,) = with_subject(servers, f"reader{number}", about)
        sent = email.message_from_bytes(given[number].content, policy=email.policy.default)
        assert isinstance(sent, EmailMessage)
        assert letter["Message-ID"] == sent["Message-ID"]
        for part in ("plain", "html"):
            got, was = letter.get_body((part,)), sent.get_body((part,))
            assert got is not None and was is not None
            assert got.get_content() == was.get_content()


def test_readers_nobody_knows_are_refused_one_by_one(servers: Servers, server: Server) -> None:
    about = "Edition for some"
    given = [
        Letter(number, f"{'nobody' if number % 3 == 0 else 'reader'}{number}@{DOMAIN}", written(number, about))
        for number in range(60)
    ]
    found = submit(servers.starttls, given, connections=3, on=server)
    assert found.verdicts == [Verdict.REFUSED if number % 3 == 0 else Verdict.SUBMITTED for number in range(60)]
    refused = [outcome for outcome in found.outcomes if outcome.verdict is Verdict.REFUSED]
    assert {(outcome.code, outcome.status, outcome.scope) for outcome in refused} == {(550, "5.1.1", Scope.RECIPIENT)}


def test_a_wrong_password_is_the_servers_matter(servers: Servers, server: Server) -> None:
    on = Server(server.host, server.port, server.tls, USER, "wrong", "gazette.example", server.context)
    found = submit(servers.starttls, [Letter(1, f"reader1@{DOMAIN}", message())], on=on, patience=PATIENCE)
    assert (found.only.verdict, found.only.code, found.only.scope) == (Verdict.DEFERRED, 535, Scope.SERVER)


def test_without_tls_it_says_what_is_missing(servers: Servers) -> None:
    on = Server("127.0.0.1", servers.starttls, Security.NONE)
    found = submit(servers.starttls, [Letter(1, f"reader1@{DOMAIN}", message())], on=on, patience=PATIENCE)
    assert (found.only.code, found.only.scope) == (530, Scope.SERVER)
    assert "STARTTLS" in found.only.text


def test_a_letter_too_large_is_refused_before_it_is_sent(servers: Servers, server: Server) -> None:
    found = submit(servers.starttls, [Letter(1, f"reader1@{DOMAIN}", message("x" * LIMIT))], on=server)
    assert (found.only.verdict, found.only.status, found.began) == (Verdict.REFUSED, "5.3.4", [])


def test_postfix_killed_while_letters_are_in_flight(servers: Servers, server: Server) -> None:
    """kill -9 of all of it, and started again: submitted is once, not submitted never, in doubt perhaps."""
    about, connections = "Edition with a crash", 5
    given = [Letter(number, f"reader{number}@{DOMAIN}", written(number, about)) for number in range(len(READERS))]

    def kill(pool: Pool, found: Submission) -> None:
        while len(found.outcomes) < 30:
            threading.Event().wait(0.002)
        servers.kill()
        servers.start()

    found = submit(servers.starttls, given, connections=connections, late=True, on=server, during=kill, patience=PATIENCE)
    assert not found.unsent
    assert found.count(Verdict.IN_DOUBT) <= connections
    assert found.count(Verdict.SUBMITTED) >= len(given) - 3 * connections
    real.within(60, lambda: servers.queued() == 0, "all in mailboxes")
    for outcome in found.outcomes:
        has = len(with_subject(servers, f"reader{outcome.number}", about))
        if outcome.verdict is Verdict.SUBMITTED:
            assert has == 1
        elif outcome.verdict is Verdict.IN_DOUBT:
            assert has <= 1
        else:
            assert has == 0
