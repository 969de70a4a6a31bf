"""Submitting letters in a test, and looking at what came of it."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from masthead.newsletters.smtp import Letter, Outcome, Patience, Pool, Security, Server, Verdict
from newsletters.smtp.sink import Hang

SENDER = "daily@gazette.example"
UNHURRIED = Patience(retry=0.01, longest=0.05, farewell=1)
WAITED_FOR = {
    "connected": "greeting", "EHLO": "hello", "AUTH": "hello", "MAIL": "envelope", "RCPT": "envelope", "DATA": "data",
    "content": "content", "end": "end",
}  # fmt: skip


def hasty(moment: str, act: object, patience: float = 0.5) -> Patience:
    """Little patience with what a server that hangs at ``moment`` is waited for, and much with all else.

    Where it hangs each time, nothing is ever waited for that comes: then ``patience`` may be as little as one likes.
    """
    return replace(UNHURRIED, **{WAITED_FOR[moment]: patience}) if isinstance(act, Hang) else UNHURRIED


def message(text: str = "The news.") -> bytes:
    return f"From: {SENDER}\r\nSubject: The Daily\r\n\r\n{text}\r\n".encode()


def letters(count: int, content: bytes | None = None) -> list[Letter]:
    return [Letter(number, f"reader{number}@example.org", content or message(f"Number {number}.")) for number in range(count)]


@dataclass
class Submission:
    """What a pool did with the letters it was given. ``most_open``: begun and not written down, at any one moment."""

    outcomes: list[Outcome] = field(default_factory=list)
    began: list[int] = field(default_factory=list)
    unsent: list[Letter] = field(default_factory=list)
    most_open: int = 0

    @property
    def verdicts(self) -> list[Verdict]:
        return [outcome.verdict for outcome in sorted(self.outcomes, key=lambda outcome: outcome.number)]

    @property
    def only(self) -> Outcome:
        (outcome,) = self.outcomes
        return outcome

    def count(self, verdict: Verdict) -> int:
        return Counter(self.verdicts)[verdict]


def submit(
    port: int,
    given: Iterable[Letter],
    *,
    connections: int = 1,
    patience: Patience = UNHURRIED,
    sender: str = SENDER,
    on: Server | None = None,
    late: bool = False,
    during: Callable[[Pool, Submission], None] | None = None,
    until_dry: bool = True,
    ordered: bool = False,
) -> Submission:
    """Submit all of ``given``. ``late``: outcomes are written down by another thread, in groups. ``during`` runs beside it."""
    found = Submission()
    waiting = deque(given)
    total = len(waiting)
    taken: list[int] = []
    written: set[int] = set()
    unwritten: deque[int] = deque()
    ready = threading.Event()
    over = threading.Event()

    def take() -> Letter | None:
        letter = waiting.popleft() if waiting else None
        if letter is not None:
            taken.append(letter.number)
        return letter

    def began(number: int) -> None:
        found.began.append(number)
        found.most_open = max(found.most_open, len(set(found.began) - written))
        if ordered:
            before = [other for other in taken if other not in written]
            assert number in before[:connections], "who has only what is written down would not think of it"

    def ended(outcome: Outcome) -> bool:
        found.outcomes.append(outcome)
        if late:
            unwritten.append(outcome.number)
            ready.set()
            return False
        written.add(outcome.number)
        return True

    pool = Pool(
        on or Server("127.0.0.1", port, Security.NONE, local_name="gazette.example"),
        sender=sender,
        connections=connections,
        take=take,
        began=began,
        ended=ended,
        patience=patience,
        ordered=ordered,
    )

    def write_down() -> None:
        while not over.is_set():
            ready.wait(0.05)
            ready.clear()
            group = [unwritten.popleft() for _ in range(len(unwritten))]
            written.update(group)
            pool.release(group)

    def watch() -> None:
        if during is not None:
            during(pool, found)

    threads = [threading.Thread(target=what, daemon=True) for what in ([write_down] if late else []) + [watch]]
    watchdog = threading.Timer(60, pool.stop, (0.0,))  # a test that would hang says what it saw instead
    watchdog.daemon = True
    watchdog.start()
    for thread in threads:
        thread.start()
    try:
        found.unsent = pool.run(until_dry=until_dry)
    finally:
        watchdog.cancel()
        over.set()
        ready.set()
        for thread in threads:
            thread.join(10)
    assert len(found.outcomes) + len(found.unsent) + len(waiting) == total
    assert len({outcome.number for outcome in found.outcomes}) == len(found.outcomes), "an outcome came twice"
    assert len(set(found.began)) == len(found.began), "a letter began twice"
    assert found.most_open <= connections
    return found
