"""The server drops the connection, at every moment there is: each letter's verdict is exactly right.

Submitted is only what the server said 250 to. In doubt is only what the server may have read to its end and said nothing about.
All else is certainly not accepted, and is tried again.
"""

from __future__ import annotations

import pytest

from masthead.newsletters.smtp import Scope, Verdict
from newsletters.smtp.sink import Act, Drop, Hang, Say, Sink
from newsletters.smtp.submitting import hasty, letters, message, submit

ONE_BY_ONE = (b"SIZE 100000000", b"8BITMIME")
PIPELINED = (b"PIPELINING", *ONE_BY_ONE)
BEFORE_CONTENT = ["connected", "EHLO", "MAIL", "RCPT", "DATA"]
LARGE = message("x" * 70 + "\r\n") * 40_000  # more than the system takes before the server reads

BREAKS = [
    Drop(),
    Drop(hard=True),
    Hang(),
    Say(b"nonsense\r\n", close=True),
    Say(b"25", close=True),
    Say(b"250-never\r\n", close=True),
]
pytestmark = pytest.mark.parametrize("offers", [PIPELINED, ONE_BY_ONE], ids=["pipelined", "one by one"])


def judge(sink: Sink, verdicts: list[Verdict]) -> None:
    """What must hold whatever the server did."""
    for number, verdict in enumerate(verdicts):
        address = f"reader{number}@example.org"
        if verdict is Verdict.SUBMITTED:
            assert sink.recipients[address] == 1
        elif verdict is not Verdict.IN_DOUBT:
            assert sink.recipients[address] == 0


@pytest.mark.parametrize("moment", BEFORE_CONTENT)
@pytest.mark.parametrize("act", BREAKS, ids=str)
def test_a_server_that_never_gets_to_the_content_defers_and_nothing_is_in_doubt(
    moment: str, act: Act, offers: tuple[bytes, ...]
) -> None:
    with Sink({moment: act}, offers) as sink:
        found = submit(sink.port, letters(1), patience=hasty(moment, act, 0.05))
    assert found.only.verdict is Verdict.DEFERRED
    assert found.only.scope is Scope.SERVER
    assert found.began == []
    assert sink.connections == 3


@pytest.mark.parametrize("moment", BEFORE_CONTENT)
@pytest.mark.parametrize("act", BREAKS, ids=str)
def test_one_broken_connection_costs_nothing_before_the_content(moment: str, act: Act, offers: tuple[bytes, ...]) -> None:
    with Sink({moment: [act]}, offers) as sink:
        found = submit(sink.port, letters(5), patience=hasty(moment, act))
    assert found.verdicts == [Verdict.SUBMITTED] * 5
    assert set(sink.recipients.values()) == {1}


@pytest.mark.parametrize("act", [Drop(), Drop(hard=True), Hang()], ids=str)
def test_broken_in_the_middle_of_content_is_deferred(act: Act, offers: tuple[bytes, ...]) -> None:
    with Sink({"content": [act]}, offers, room=100_000) as sink:
        found = submit(sink.port, letters(2, LARGE), patience=hasty("content", act))
    assert found.verdicts == [Verdict.DEFERRED, Verdict.SUBMITTED]
    judge(sink, found.verdicts)


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (b"552 5.3.4 too much\r\n", Verdict.REFUSED),
        (b"451 4.3.0 not now\r\n", Verdict.DEFERRED),
        (b"421 4.3.2 going down\r\n", Verdict.DEFERRED),
        (b"250 2.0.0 Ok, thanks\r\n", Verdict.DEFERRED),
        (b"354 go on\r\n", Verdict.DEFERRED),
    ],
)
def test_what_is_said_in_the_middle_of_content_is_no_answer_to_its_end(
    said: bytes, verdict: Verdict, offers: tuple[bytes, ...]
) -> None:
    with Sink({"content": [Say(said, hang=True)]}, offers, room=100_000) as sink:
        found = submit(sink.port, letters(2, LARGE))
    assert found.verdicts == [verdict, Verdict.SUBMITTED]
    judge(sink, found.verdicts)


@pytest.mark.parametrize("act", BREAKS, ids=str)
def test_no_answer_after_the_end_is_in_doubt(act: Act, offers: tuple[bytes, ...]) -> None:
    with Sink({"end": [act]}, offers) as sink:
        found = submit(sink.port, letters(3), patience=hasty("end", act))
    assert found.verdicts == [Verdict.IN_DOUBT, Verdict.SUBMITTED, Verdict.SUBMITTED]
    assert sink.ends == {f"reader{number}@example.org": 1 for number in range(3)}, "what is in doubt is not written again"


@pytest.mark.parametrize("said", [b"354 go on\r\n", b"220 sink\r\n999 what\r\n", b"350 hm\r\n"])
def test_an_answer_to_the_end_that_nobody_can_read(said: bytes, offers: tuple[bytes, ...]) -> None:
    """A 2xx is a yes, whichever; a 3xx is neither yes nor no."""
    with Sink({"end": [Say(said)]}, offers) as sink:
        found = submit(sink.port, letters(2))
    assert found.verdicts == [Verdict.SUBMITTED if said.startswith(b"2") else Verdict.IN_DOUBT, Verdict.SUBMITTED]


@pytest.mark.parametrize("act", [Drop(), Drop(hard=True), Hang()], ids=str)
def test_a_small_message_may_have_arrived_though_the_server_broke_off_in_it(act: Act, offers: tuple[bytes, ...]) -> None:
    """The system took all of it at once, the end too: whether the server read that cannot be known."""
    with Sink({"content": [act]}, offers, room=1000) as sink:
        found = submit(sink.port, letters(2, message("x" * 60_000)), patience=hasty("end", act))
    assert found.verdicts[0] in (
        Verdict.IN_DOUBT,
        Verdict.SUBMITTED,
    )  # it may have read all at once
    assert found.verdicts[1] is Verdict.SUBMITTED
    judge(sink, found.verdicts)


@pytest.mark.parametrize("act", [Drop(), Say(b"421 4.3.2 enough\r\n", close=True), Say(b"what?\r\n", close=True)], ids=str)
def test_what_the_server_said_yes_to_stays_submitted(act: Act, offers: tuple[bytes, ...]) -> None:
    with Sink({"after": act}, offers) as sink:
        found = submit(sink.port, letters(6), connections=2)
    assert found.verdicts == [Verdict.SUBMITTED] * 6
    assert set(sink.recipients.values()) == {1}


def test_a_server_that_resets_after_its_yes_is_asked_no_second_time(offers: tuple[bytes, ...]) -> None:
    """A reset may overtake the 250: then the letter is in doubt, which is true, and goes out no second time."""
    with Sink({"after": Drop(hard=True)}, offers) as sink:
        found = submit(sink.port, letters(6), connections=2)
    assert set(found.verdicts) <= {Verdict.SUBMITTED, Verdict.IN_DOUBT}
    assert all(times == 1 for times in sink.recipients.values())
