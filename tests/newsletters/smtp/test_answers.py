"""The server answers, in every state, with every kind of refusal: whose fault it is, and whether another try is worth it."""

from __future__ import annotations

import pytest

from masthead.newsletters.smtp import Letter, Scope, Verdict
from newsletters.smtp.sink import Say, Sink
from newsletters.smtp.submitting import letters, message, submit

ONE_BY_ONE = (b"SIZE 100000000", b"8BITMIME")
PIPELINED = (b"PIPELINING", *ONE_BY_ONE)
pytestmark = pytest.mark.parametrize("offers", [PIPELINED, ONE_BY_ONE], ids=["pipelined", "one by one"])

CODES = [
    (b"421", Verdict.DEFERRED),
    (b"450", Verdict.DEFERRED),
    (b"451", Verdict.DEFERRED),
    (b"452", Verdict.DEFERRED),
    (b"550", Verdict.REFUSED),
    (b"552", Verdict.REFUSED),
    (b"554", Verdict.REFUSED),
]


@pytest.mark.parametrize(("code", "verdict"), CODES)
@pytest.mark.parametrize("form", [b"%s no\r\n", b"%s-no\r\n%s-and\r\n%s no\r\n"], ids=["a line", "lines"])
@pytest.mark.parametrize("moment", ["MAIL", "RCPT", "DATA", "end"])
def test_a_refused_letter_is_told_and_the_next_goes_through(
    moment: str, form: bytes, code: bytes, verdict: Verdict, offers: tuple[bytes, ...]
) -> None:
    said = form.replace(b"%s", code)
    times = 3 if code == b"421" and moment != "end" else 1  # nothing was begun: it is tried on other connections first
    with Sink({moment: [Say(said, close=code == b"421")] * times}, offers) as sink:
        found = submit(sink.port, letters(3))
    assert found.verdicts == [verdict, Verdict.SUBMITTED, Verdict.SUBMITTED]
    first = min(found.outcomes, key=lambda outcome: outcome.number)
    assert first.code == int(code)
    assert sink.recipients == {"reader1@example.org": 1, "reader2@example.org": 1}


@pytest.mark.parametrize("code", [b"421", b"450", b"451", b"550", b"552", b"554"])
@pytest.mark.parametrize("moment", ["connected", "EHLO"])
def test_a_server_that_lets_nobody_in_defers(moment: str, code: bytes, offers: tuple[bytes, ...]) -> None:
    """Never refused, whatever it says: it knows nothing of the letter."""
    with Sink({moment: Say(code + b" 5.3.2 no\r\n", close=True), "HELO": Say(code + b" no\r\n", close=True)}, offers) as sink:
        found = submit(sink.port, letters(1))
    assert (found.only.verdict, found.only.scope) == (Verdict.DEFERRED, Scope.SERVER)
    assert found.only.code == int(code)
    assert found.began == []


@pytest.mark.parametrize(
    ("moment", "reply", "scope", "status"),
    [
        ("RCPT", b"550 5.1.1 no such user", Scope.RECIPIENT, "5.1.1"),
        ("RCPT", b"550 no such user", Scope.RECIPIENT, ""),
        ("RCPT", b"452 4.2.2 mailbox full", Scope.RECIPIENT, "4.2.2"),
        ("RCPT", b"452 4.3.1 disk full", Scope.SERVER, "4.3.1"),
        ("RCPT", b"530 5.7.0 log in first", Scope.SERVER, "5.7.0"),
        ("MAIL", b"550 5.7.1 not from you", Scope.SERVER, "5.7.1"),
        ("MAIL", b"452 4.3.1 disk full", Scope.SERVER, "4.3.1"),
        ("MAIL", b"552 5.3.4 too big", Scope.MESSAGE, "5.3.4"),
        ("MAIL", b"552 too big", Scope.MESSAGE, ""),
        ("MAIL", b"530 5.7.0 STARTTLS first", Scope.SERVER, "5.7.0"),
        ("DATA", b"554 no", Scope.SERVER, ""),
        ("DATA", b"451 4.3.5 misconfigured", Scope.SERVER, "4.3.5"),
        ("end", b"554 5.7.1 looks like spam", Scope.MESSAGE, "5.7.1"),
        ("end", b"552 5.3.4 too big", Scope.MESSAGE, "5.3.4"),
        ("end", b"552 5.2.2 mailbox full", Scope.RECIPIENT, "5.2.2"),
        ("end", b"452 insufficient system storage", Scope.SERVER, ""),
        ("end", b"451 4.3.0 queue file write error", Scope.SERVER, "4.3.0"),
    ],
)
def test_whom_a_refusal_is_about(moment: str, reply: bytes, scope: Scope, status: str, offers: tuple[bytes, ...]) -> None:
    with Sink({moment: [Say(reply + b"\r\n")]}, offers) as sink:
        found = submit(sink.port, letters(1))
    assert (found.only.scope, found.only.status) == (scope, status)
    assert found.only.text == reply[4:].decode()


def test_refused_recipients_among_others_disturb_nobody(offers: tuple[bytes, ...]) -> None:
    refuses = {f"reader{number}@example.org".encode(): b"550 5.1.1 no such user\r\n" for number in range(0, 40, 3)}
    with Sink({}, offers, refuses=refuses) as sink:
        found = submit(sink.port, letters(40), connections=3, late=True)
    assert found.count(Verdict.REFUSED) == len(refuses)
    assert found.count(Verdict.SUBMITTED) == 40 - len(refuses)
    assert set(sink.recipients.values()) == {1}
    assert not refuses.keys() & {address.encode() for address in sink.recipients}
    assert sink.connections <= 3, "it goes on over the same connections"


@pytest.mark.parametrize("hollow", [b"554 5.5.1 no valid recipients\r\n", b"250 2.0.0 Ok\r\n"])
def test_a_server_that_wants_content_for_nobody_gets_none(hollow: bytes, offers: tuple[bytes, ...]) -> None:
    """RFC 2920: DATA after refused recipients may be answered 354; then an end is sent, and nothing else."""
    refuses = {b"reader0@example.org": b"550 5.1.1 nobody\r\n"}
    with Sink({}, offers, hollow=hollow, refuses=refuses) as sink:
        found = submit(sink.port, letters(3))
    assert found.verdicts == [Verdict.REFUSED, Verdict.SUBMITTED, Verdict.SUBMITTED]
    assert sink.recipients == {"reader1@example.org": 1, "reader2@example.org": 1}


def test_the_answer_comes_byte_by_byte(offers: tuple[bytes, ...]) -> None:
    script = {
        "connected": Say(b"220-sink\r\n220 ESMTP\r\n", slowly=True),
        "MAIL": Say(b"250-2.1.0 Ok\r\n250 2.1.0 go on\r\n", slowly=True),
        "RCPT": Say(b"250 2.1.5 Ok\r\n", slowly=True),
        "DATA": Say(b"354 go on\r\n", slowly=True),
        "end": Say(b"250-2.0.0 Ok\r\n250 2.0.0 queued\r\n", slowly=True),
    }
    with Sink(script, offers) as sink:
        found = submit(sink.port, letters(4), connections=2)
    assert found.verdicts == [Verdict.SUBMITTED] * 4
    assert set(sink.recipients.values()) == {1}


@pytest.mark.parametrize(
    ("moment", "reply"),
    [
        ("MAIL", b"354 go on\r\n"),
        ("MAIL", b"334 more\r\n"),
        ("RCPT", b"354 go on\r\n"),
        ("RCPT", b"334 more\r\n"),
        ("DATA", b"250 fine\r\n"),
        ("DATA", b"334 more\r\n"),
    ],
)
def test_an_answer_that_answers_something_else_is_not_trusted(moment: str, reply: bytes, offers: tuple[bytes, ...]) -> None:
    with Sink({moment: [Say(reply)]}, offers) as sink:
        found = submit(sink.port, letters(2))
    assert found.verdicts == [Verdict.SUBMITTED] * 2
    assert sink.connections == 2
    assert set(sink.recipients.values()) == {1}


def test_messages_arrive_byte_for_byte(offers: tuple[bytes, ...]) -> None:
    tricky = message("one\r\n.\r\n..two\r\n.three\r\nFrom here\r\n" + "x" * 900)
    with Sink({}, offers) as sink:
        submit(sink.port, [Letter(1, "reader@example.org", tricky)])
    assert sink.taken == [("reader@example.org", tricky)]
