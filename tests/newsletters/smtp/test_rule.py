"""The rule: at most as many letters are open (begun, and their outcome not written down) as there are connections."""

from __future__ import annotations

import threading
from collections import deque

import pytest

from masthead.newsletters.smtp import Letter, Outcome, Pool, Server, Verdict
from masthead.newsletters.smtp.line import Lost
from newsletters.smtp.sink import Act, Drop, Say, Sink
from newsletters.smtp.submitting import SENDER, UNHURRIED, Submission, letters, submit

PIPELINED = (b"PIPELINING", b"SIZE 100000000")


@pytest.mark.parametrize("connections", [1, 2, 7])
@pytest.mark.parametrize("late", [False, True], ids=["written down at once", "in groups"])
def test_each_letter_is_submitted_once_and_never_more_are_open_than_connections(connections: int, late: bool) -> None:
    with Sink() as sink:
        found = submit(sink.port, letters(200), connections=connections, late=late)
    assert found.verdicts == [Verdict.SUBMITTED] * 200
    assert set(sink.recipients.values()) == {1} and len(sink.recipients) == 200
    assert sink.most_at_once <= connections
    assert found.most_open <= connections


@pytest.mark.parametrize("connections", [1, 3, 8])
def test_ordered_those_that_may_have_begun_are_the_first_that_nothing_is_written_down_of(connections: int) -> None:
    """Refused recipients, slow ones and broken connections mix up in what order letters come to their turn."""
    refuses = {f"reader{number}@example.org".encode(): b"550 5.1.1 nobody\r\n" for number in range(0, 150, 7)}
    acts: list[Act | None] = [None, None, None, Drop(), None, None, Say(b"250 2.1.5 Ok\r\n", slowly=True), None] * 20
    with Sink({"RCPT": acts}, refuses=refuses) as sink:
        found = submit(sink.port, letters(150), connections=connections, late=True, ordered=True)
    assert found.count(Verdict.REFUSED) == len(refuses)
    assert found.count(Verdict.SUBMITTED) == 150 - len(refuses)
    assert set(sink.recipients.values()) == {1}


def test_no_content_goes_out_before_the_former_letters_outcome_is_written_down() -> None:
    """The next envelope may, and does: it costs nothing should we die."""
    begun: list[int] = []
    told: list[Outcome] = []
    second = threading.Event()
    waiting = deque(letters(2))

    def began(number: int) -> None:
        begun.append(number)

    def ended(outcome: Outcome) -> bool:
        told.append(outcome)
        second.set()
        return False

    with Sink() as sink:
        pool = Pool(
            Server("127.0.0.1", sink.port),
            sender=SENDER,
            connections=1,
            take=lambda: waiting.popleft() if waiting else None,
            began=began,
            ended=ended,
            patience=UNHURRIED,
        )
        running = threading.Thread(target=pool.run)
        running.start()
        assert second.wait(10)
        within = threading.Event()
        within.wait(0.3)  # room for it to do wrong
        assert begun == [0]
        assert sink.commands.count(b"DATA") == 2, "the envelope is there already"
        second.clear()
        pool.release([0])
        assert second.wait(10)
        assert begun == [0, 1]
        pool.release([1])
        pool.stop()
        running.join(10)
        assert not running.is_alive()
    assert [outcome.verdict for outcome in told] == [Verdict.SUBMITTED] * 2


def test_a_new_connection_is_no_way_round_the_rule() -> None:
    """The connection breaks with its letter in doubt and not written down: its successor waits all the same."""
    begun: list[int] = []
    told = threading.Event()
    waiting = deque(letters(3))

    def ended(outcome: Outcome) -> bool:
        told.set()
        return False

    with Sink({"end": [Drop()]}) as sink:
        pool = Pool(
            Server("127.0.0.1", sink.port),
            sender=SENDER,
            connections=1,
            take=lambda: waiting.popleft() if waiting else None,
            began=begun.append,
            ended=ended,
            patience=UNHURRIED,
        )
        running = threading.Thread(target=pool.run)
        running.start()
        assert told.wait(10)
        threading.Event().wait(0.5)
        assert begun == [0]
        assert sink.connections == 2
        pool.stop()
        running.join(10)


def test_a_refused_recipient_holds_nobody_up() -> None:
    """Nothing of it was begun: there is nothing to be in doubt about, and no reason to wait."""
    refuses = {f"reader{number}@example.org".encode(): b"550 5.1.1 nobody\r\n" for number in range(9)}
    told: list[Outcome] = []
    done = threading.Event()
    waiting = deque(letters(10))

    def ended(outcome: Outcome) -> bool:
        told.append(outcome)
        if len(told) == 10:
            done.set()
        return False

    with Sink(refuses=refuses) as sink:
        pool = Pool(
            Server("127.0.0.1", sink.port),
            sender=SENDER,
            connections=1,
            take=lambda: waiting.popleft() if waiting else None,
            began=lambda number: None,
            ended=ended,
        )
        running = threading.Thread(target=pool.run)
        running.start()
        assert done.wait(10), "nothing was released, and all the same all ended"
        pool.stop()
        running.join(10)
    assert [outcome.verdict for outcome in told] == [Verdict.REFUSED] * 9 + [Verdict.SUBMITTED]


def test_envelope_and_end_share_a_packet() -> None:
    with Sink() as sink:
        submit(sink.port, letters(3))
    assert [b"MAIL", b"RCPT", b"DATA"] in [[line[:4] for line in group] for group in sink.groups]


def test_without_pipelining_each_command_waits_for_its_answer() -> None:
    refuses = {b"reader1@example.org": b"550 5.1.1 nobody\r\n"}
    with Sink(offers=[b"SIZE 1000000"], refuses=refuses) as sink:
        found = submit(sink.port, letters(4))
    assert all(len(group) == 1 for group in sink.groups)
    assert found.count(Verdict.SUBMITTED) == 3
    assert sink.commands.count(b"RSET") == 1


def test_stop_awaits_what_is_in_flight_and_gives_back_what_is_not_begun() -> None:
    waiting = letters(500)

    def stop(pool: Pool, found: Submission) -> None:
        while len(found.outcomes) < 50:
            threading.Event().wait(0.005)
        pool.stop()

    with Sink() as sink:
        found = submit(sink.port, waiting, connections=4, late=True, during=stop)
    assert set(found.verdicts) == {Verdict.SUBMITTED}
    told = {outcome.number for outcome in found.outcomes}
    assert set(found.began) == told
    assert not told & {letter.number for letter in found.unsent}
    assert len(sink.recipients) == len(told) < 500


def test_stop_does_not_wait_for_ever() -> None:
    def stop(pool: Pool, found: Submission) -> None:
        while not found.began:
            threading.Event().wait(0.005)
        pool.stop(grace=0.3)

    with Sink({"end": Say(b"", hang=True)}) as sink:
        found = submit(sink.port, letters(5), connections=1, during=stop)
    assert found.only.verdict is Verdict.IN_DOUBT
    assert [letter.number for letter in found.unsent] == [1]


def test_a_pool_with_nothing_to_do_asks_nobody() -> None:
    with Sink() as sink:
        found = submit(sink.port, [])
        assert sink.connections == 0
    assert found.outcomes == []


def test_what_comes_later_is_sent_too() -> None:
    """``take`` had nothing; a nudge tells that it has."""
    waiting: deque[Letter] = deque()
    told = threading.Semaphore(0)
    with Sink() as sink:
        pool = Pool(
            Server("127.0.0.1", sink.port),
            sender=SENDER,
            connections=2,
            take=lambda: waiting.popleft() if waiting else None,
            began=lambda number: None,
            ended=lambda outcome: not told.release(),
            patience=UNHURRIED,
        )
        running = threading.Thread(target=pool.run)
        running.start()
        for letter in letters(3):
            waiting.append(letter)
            pool.nudge()
            assert told.acquire(timeout=10)
        pool.stop()
        running.join(10)
    assert set(sink.recipients.values()) == {1} and len(sink.recipients) == 3


def test_what_goes_wrong_in_the_callers_own_code_is_not_hidden() -> None:
    def ended(outcome: Outcome) -> bool:
        raise ZeroDivisionError

    waiting = deque(letters(1))
    with Sink() as sink, pytest.raises(ZeroDivisionError):
        Pool(
            Server("127.0.0.1", sink.port),
            sender=SENDER,
            connections=1,
            take=lambda: waiting.popleft() if waiting else None,
            began=lambda number: None,
            ended=ended,
        ).run()


@pytest.mark.parametrize("raises", [False, True], ids=["says no", "breaks the line"])
def test_a_letter_that_may_not_begin_goes_back_unsent(raises: bool) -> None:
    """The journal cannot be written, or somebody else has the rows by now: no content goes out, and nothing is in doubt."""
    told: list[Outcome] = []
    waiting = deque(letters(20))

    def began(number: int) -> bool:
        if number < 5:
            return True
        if raises:
            pool.stop(5.0)
            raise Lost("no more")
        return False

    def ended(outcome: Outcome) -> bool:
        told.append(outcome)
        return True

    with Sink() as sink:
        pool = Pool(
            Server("127.0.0.1", sink.port),
            sender=SENDER,
            connections=1,
            take=lambda: waiting.popleft() if waiting else None,
            began=began,
            ended=ended,
            patience=UNHURRIED,
        )
        unsent = pool.run()
    assert [letter.number for letter in unsent] == [5]
    assert [(outcome.number, outcome.verdict) for outcome in told] == [(number, Verdict.SUBMITTED) for number in range(5)]
    assert len(sink.recipients) == 5
