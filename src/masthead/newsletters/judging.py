"""What a mail server's answers mean: for the one address, and for the edition as a whole. No database, no clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from masthead.newsletters.models import Delivery
from masthead.newsletters.smtp import Outcome, Scope, Verdict

State = Delivery.State

# An address that is deferred is tried again after so many minutes, two days in all, and then counts as refused.
BACK_OFF = [timedelta(minutes=m) for m in (1, 5, 15, 30, 60, 120, 240, 480, 720, 1200)]
SERVER_AWAY = timedelta(seconds=30)  # where the server itself is in trouble the address is not to blame, and no try is counted
PROBES = 3  # letters sent one by one to a server that did not answer, until the edition is paused
TROUBLE = 5  # failures of the server in a row that are worth a word

_ANGLES = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is written down of one address."""

    state: int
    wait: timedelta | None = None  # until it is tried again
    counted: bool = True
    reply: str = ""


class Judge:
    """Judges the outcomes of one sender in the order in which they come.

    ``pause`` is why the edition has to be paused, once there is a reason; ``probing`` says that letters are to go one by one,
    since the server took one and did not answer (the sender counts ``probes``); ``trouble`` is what is wrong with the server
    as a whole.
    """

    def __init__(self, *, refusals: int, connections: int) -> None:
        self._most_refusals = refusals
        self._most_doubt = connections
        self._refusal = ""
        self._refused = 0
        self._unanswered = 0
        self._failures = 0
        self.pause = ""
        self.probing = False
        self.probes = 0
        self.trouble = ""

    def judge(self, outcome: Outcome, address: str, attempts: int) -> Ruling:
        """What to write down of ``address``, which was tried ``attempts`` times before."""
        if outcome.verdict is Verdict.SUBMITTED:
            self._refusal, self._refused = "", 0
            self._answered()
            return Ruling(State.SUBMITTED, reply=outcome.text)
        if outcome.verdict is Verdict.IN_DOUBT:
            return self._doubt(outcome)
        if outcome.scope is Scope.SERVER:
            return self._server(outcome)
        if outcome.scope is Scope.MESSAGE and outcome.code:
            self._answered()
        if outcome.verdict is Verdict.DEFERRED:
            if attempts < len(BACK_OFF):
                return Ruling(State.DEFERRED, BACK_OFF[attempts], reply=outcome.text)
            return Ruling(State.REFUSED, reply=f"Deferred {attempts + 1} times: {outcome.text}")
        self._refuse(outcome, address)
        return Ruling(State.REFUSED, reply=outcome.text)

    def limit(self, refusals: int) -> None:
        """So many identical refusals in a row are too many."""
        self._most_refusals = refusals

    def reset(self) -> None:
        """The edition is paused: begin to count anew."""
        self._refusal, self._refused, self._unanswered = "", 0, 0
        self.pause, self.probing, self.probes = "", False, 0

    def _answered(self) -> None:
        self._unanswered = self._failures = self.probes = 0
        self.probing, self.trouble = False, ""

    def _doubt(self, outcome: Outcome) -> Ruling:
        self._unanswered += 1
        self.probing = True
        if self._unanswered >= self._most_doubt or self.probes >= PROBES:
            times = "a message" if self._unanswered == 1 else f"{self._unanswered} messages in a row"
            self.pause = f"The connection broke after {times}, before the server answered: {_said(outcome)}"
        return Ruling(State.IN_DOUBT, reply=outcome.text)

    def _server(self, outcome: Outcome) -> Ruling:
        self._failures += 1
        if outcome.verdict is Verdict.REFUSED:
            self.pause = f"The mail server refuses everything: {_said(outcome)}"
        elif self._failures >= TROUBLE:
            self.trouble = f"The mail server takes nothing just now: {_said(outcome)}"
        state = State.DEFERRED if outcome.verdict is Verdict.DEFERRED else State.PENDING
        return Ruling(state, SERVER_AWAY, counted=False, reply=outcome.text)

    def _refuse(self, outcome: Outcome, address: str) -> None:
        said = _ANGLES.sub("", f"{outcome.code} {outcome.status} {outcome.text}".replace(address, "")).lower()
        self._refused = self._refused + 1 if said == self._refusal else 1
        self._refusal = said
        if self._refused >= self._most_refusals:
            self.pause = f"{self._refused} identical refusals in a row: {_said(outcome)}"


def _said(outcome: Outcome) -> str:
    words = outcome.text.rstrip(".") or "it said nothing"
    return f"{outcome.code} {words}." if outcome.code and not words.startswith(str(outcome.code)) else f"{words}."
