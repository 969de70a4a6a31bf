"""A server that does anything at any moment: whatever it does, no verdict is wrong."""

from __future__ import annotations

import random

import pytest

from masthead.newsletters.smtp import Verdict
from newsletters.smtp.sink import Act, Drop, Say, Sink
from newsletters.smtp.submitting import letters, submit

ACTS: list[Act] = [
    Drop(),
    Drop(hard=True),
    Say(b"421 4.3.2 going down\r\n", close=True),
    Say(b"450 4.2.0 greylisted\r\n"),
    Say(b"452 4.2.2 full\r\n"),
    Say(b"550 5.1.1 nobody\r\n"),
    Say(b"552-5.2.2 full\r\n552 5.2.2 really\r\n"),
    Say(b"554 5.7.1 no\r\n"),
    Say(b"nonsense\r\n"),
    Say(b"250", close=True),
]
SOON = frozenset({"MAIL", "RCPT", "DATA", "end", "after", "content", "RSET", "connected", "EHLO"})


class Mad(Sink):
    """One act in twelve is not what it should be."""

    chance: random.Random

    def act(self, moment: str) -> Act | None:
        with self._lock:
            mad = moment in SOON and self.chance.random() < 1 / 12
            return self.chance.choice(ACTS) if mad else None


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("offers", [(b"PIPELINING",), ()], ids=["pipelined", "one by one"])
def test_no_verdict_is_wrong_whatever_the_server_does(seed: int, offers: tuple[bytes, ...]) -> None:
    sink = Mad(offers=offers, room=20)
    sink.chance = random.Random(seed)
    with sink:
        found = submit(sink.port, letters(150), connections=4, late=True, ordered=seed % 2 == 1)
    assert not found.unsent
    for outcome in found.outcomes:
        address = f"reader{outcome.number}@example.org"
        times = sink.recipients[address]
        if outcome.verdict is Verdict.SUBMITTED:
            assert times == 1
        elif outcome.verdict is Verdict.IN_DOUBT:
            assert times <= 1
            assert outcome.number in found.began
        else:
            assert times == 0
        assert sink.ends[address] <= 1, "no letter is written to its end twice"
    assert found.count(Verdict.SUBMITTED) > 30
