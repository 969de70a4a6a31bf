"""Servers that limit what one connection or one client may do, that go away and come back, or that refuse everything."""

from __future__ import annotations

import socket
import threading

import pytest

from masthead.newsletters.smtp import Letter, Patience, Pool, Scope, Server, Verdict
from newsletters.smtp.sink import Act, Drop, Say, Sink
from newsletters.smtp.submitting import UNHURRIED, Submission, letters, message, submit

TOO_MANY = Say(b"421 4.7.0 too many messages in this session\r\n", close=True)


@pytest.mark.parametrize("most", [1, 3])
def test_a_server_that_ends_a_connection_after_some_messages_gets_the_rest_over_others(most: int) -> None:
    class Limited(Sink):
        def act(self, moment: str) -> Act | None:
            if moment == "MAIL" and done.get(threading.current_thread(), 0) >= most:
                return TOO_MANY
            if moment == "end":
                done[threading.current_thread()] = done.get(threading.current_thread(), 0) + 1
            return super().act(moment)

    done: dict[threading.Thread, int] = {}
    with Limited() as sink:
        found = submit(sink.port, letters(40), connections=3, late=True)
    assert found.verdicts == [Verdict.SUBMITTED] * 40
    assert set(sink.recipients.values()) == {1}


def test_a_limit_the_server_announces_is_kept() -> None:
    """RFC 9422: LIMITS MAILMAX."""
    with Sink(offers=[b"PIPELINING", b"LIMITS RCPTMAX=100 MAILMAX=4"]) as sink:
        found = submit(sink.port, letters(10))
        assert sink.connections == 3
        assert sink.commands.count(b"QUIT") == 3
    assert found.verdicts == [Verdict.SUBMITTED] * 10


def test_a_server_that_takes_fewer_connections_is_used_over_those() -> None:
    """The first stays; all others are turned away."""
    turned = Say(b"421 4.7.0 too many connections from you\r\n", close=True)
    with Sink({"connected": [None, *[turned] * 200]}) as sink:
        found = submit(sink.port, letters(60), connections=5)
    assert found.verdicts == [Verdict.SUBMITTED] * 60


def test_a_server_that_comes_back_is_found_again() -> None:
    with socket.socket() as nobody:
        nobody.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        nobody.bind(("127.0.0.1", 0))
        found = submit(nobody.getsockname()[1], letters(1))
    assert (found.only.verdict, found.only.scope, found.only.code) == (Verdict.DEFERRED, Scope.SERVER, 0)
    assert "cannot be reached" in found.only.text

    with Sink({"MAIL": [Drop()], "connected": [None, Drop(), None, Drop()]}) as sink:
        found = submit(sink.port, letters(20), connections=4)
    assert found.verdicts == [Verdict.SUBMITTED] * 20


def test_a_name_nobody_has_defers() -> None:
    found = submit(0, letters(1), on=Server("no-such-host.invalid", 25))
    assert (found.only.verdict, found.only.scope) == (Verdict.DEFERRED, Scope.SERVER)


def test_a_server_that_refuses_the_sender_is_asked_ever_less_often() -> None:
    """Letters of a whole edition are not burned in a second: the outbox has time to pause."""
    patience = Patience(retry=0.2, longest=5.0, farewell=1)

    def stop(pool: Pool, found: Submission) -> None:
        threading.Event().wait(1.5)
        pool.stop()

    with Sink({"MAIL": Say(b"550 5.7.1 not from you\r\n")}) as sink:
        found = submit(sink.port, letters(1000), connections=2, patience=patience, during=stop, until_dry=False)
    assert 1 <= len(found.outcomes) <= 20
    assert {(outcome.verdict, outcome.scope) for outcome in found.outcomes} == {(Verdict.REFUSED, Scope.SERVER)}


def test_a_letter_that_breaks_connections_is_given_up_and_the_others_are_not() -> None:
    class Fragile(Sink):
        def act(self, moment: str) -> Act | None:
            if moment == "RCPT" and self.commands[-1].startswith(b"RCPT TO:<reader7@"):
                return Drop()
            return super().act(moment)

    with Fragile(offers=[b"SIZE 1000"]) as sink:
        found = submit(sink.port, letters(12))
    assert found.verdicts == [Verdict.SUBMITTED] * 7 + [Verdict.DEFERRED] + [Verdict.SUBMITTED] * 4


def test_an_idle_connection_the_server_ends_costs_nothing() -> None:
    patience = Patience(retry=0.01, longest=0.05, farewell=1, idle=60)
    with Sink({"after": Say(b"421 4.4.2 idle\r\n", close=True)}) as sink:
        found = submit(sink.port, letters(5), patience=patience)
    assert found.verdicts == [Verdict.SUBMITTED] * 5


@pytest.mark.parametrize(
    ("offers", "letter", "scope", "status"),
    [
        ([b"SIZE 500"], Letter(1, "reader@example.org", message("x" * 600)), Scope.MESSAGE, "5.3.4"),
        ([b"SIZE"], Letter(1, "leser@example.org", message("schön")), Scope.MESSAGE, "5.6.3"),
        ([b"8BITMIME"], Letter(1, "jürgen@example.org", message()), Scope.RECIPIENT, "5.6.7"),
        ([b"SMTPUTF8"], Letter(1, "two words@example.org", message()), Scope.RECIPIENT, "5.1.3"),
        ([], Letter(1, "a@b> SIZE=1\r\nRCPT TO:<c@example.org", message()), Scope.RECIPIENT, "5.1.3"),
        ([], Letter(1, "nobody", message()), Scope.RECIPIENT, "5.1.3"),
    ],
)
def test_what_the_server_cannot_take_is_refused_before_anything_is_said(
    offers: list[bytes], letter: Letter, scope: Scope, status: str
) -> None:
    following = Letter(2, "reader2@example.org", message())
    with Sink(offers=offers) as sink:
        found = submit(sink.port, [letter, following])
    assert found.verdicts == [Verdict.REFUSED, Verdict.SUBMITTED]
    refusal = found.outcomes[0]
    assert (refusal.code, refusal.scope, refusal.status) == (0, scope, status)
    assert sink.recipients == {"reader2@example.org": 1}


def test_the_envelope_says_what_the_letter_needs() -> None:
    offers = [b"PIPELINING", b"SIZE 1000000", b"8BITMIME", b"SMTPUTF8"]
    plain, wide, far = message(), message("schön"), message("Far.")
    given = [
        Letter(1, "reader@example.org", plain),
        Letter(2, "reader@example.org", wide),
        Letter(3, "jürgen@bücher.example", far),
        Letter(4, "reader@bücher.example", far),
    ]
    with Sink(offers=offers) as sink:
        submit(sink.port, given)
        said = [line.decode() for line in sink.commands if line[:4] in (b"MAIL", b"RCPT")]
    assert said == [
        f"MAIL FROM:<daily@gazette.example> SIZE={len(plain)}",
        "RCPT TO:<reader@example.org>",
        f"MAIL FROM:<daily@gazette.example> SIZE={len(wide)} BODY=8BITMIME",
        "RCPT TO:<reader@example.org>",
        f"MAIL FROM:<daily@gazette.example> SIZE={len(far)} SMTPUTF8",
        "RCPT TO:<jürgen@bücher.example>",
        f"MAIL FROM:<daily@gazette.example> SIZE={len(far)}",
        "RCPT TO:<reader@xn--bcher-kva.example>",
    ]


def test_bounces_may_have_nowhere_to_go() -> None:
    with Sink() as sink:
        submit(sink.port, letters(1), sender="")
        assert any(line.startswith(b"MAIL FROM:<> ") for line in sink.commands)


def test_a_sender_who_is_none_is_an_error_of_the_callers() -> None:
    with pytest.raises(ValueError, match="address"):
        submit(0, letters(1), sender="a> b@c", patience=UNHURRIED)
