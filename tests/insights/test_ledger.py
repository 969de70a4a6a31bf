"""What waits to be written: nothing is lost or doubled, whatever fails and however little room there is. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from masthead.insights.ledger import Batch, Ledger

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"

kinds = st.tuples(st.integers(0, 9), st.just("anonymous"), st.sampled_from(["open", "register"]), st.booleans())
added = st.tuples(st.dictionaries(kinds, st.integers(1, 50), max_size=4), st.integers(0, 3))
steps = st.lists(st.one_of(added, st.sampled_from(["written", "failed"])), max_size=40)


@given(steps=steps, room=st.integers(1, 6))
def test_what_is_added_is_written_once_or_waits_or_is_dropped_and_counted(steps: list, room: int) -> None:
    ledger = Ledger(most_keys=room)
    noted = written = lost = 0
    for step in steps:
        if step == "failed":
            ledger.take()
        elif step == "written":
            batch = ledger.take()
            written += batch.hits
            lost += batch.lost
            ledger.settle(batch)
        else:
            counted, minute = step
            noted += sum(counted.values())
            ledger.add(counted, [], NOON + timedelta(minutes=minute))
    assert written + ledger.waiting() + ledger.dropped == noted
    while batch := ledger.take():
        lost += batch.lost
        ledger.settle(batch)
    assert lost == ledger.dropped, "the operator is told of each of them once"


def test_what_is_added_while_a_batch_is_written_waits_for_the_next() -> None:
    ledger = Ledger()
    ledger.add({(1, "anonymous", "open", False): 3}, [], NOON)
    batch = ledger.take()
    ledger.add({(1, "anonymous", "open", False): 4}, [], NOON)
    ledger.settle(batch)
    assert [count for _, count in ledger.take().counts] == [4]


def test_a_batch_is_in_the_order_of_its_keys() -> None:
    ledger = Ledger()
    for number in (5, 3, 9):
        ledger.add({(number, "anonymous", "open", False): 1}, [], NOON)
    assert [key[1] for key, _ in ledger.take().counts] == [3, 5, 9]


def test_a_visitor_is_written_once_in_a_quarter_of_an_hour() -> None:
    ledger, ada = Ledger(), ("192.0.2.1", "", BROWSER)
    ledger.add({}, [ada], NOON)
    ledger.settle(ledger.take())
    ledger.add({}, [ada], NOON + timedelta(minutes=14))
    assert not ledger.take()
    ledger.add({}, [ada], NOON + timedelta(minutes=15))
    assert ledger.take().visitors == ((ada, NOON + timedelta(minutes=15)),)


def test_a_visitor_of_before_midnight_written_after_it_is_not_taken_for_todays() -> None:
    ledger, ada = Ledger(), ("192.0.2.1", "", BROWSER)
    midnight = NOON + timedelta(hours=12)
    ledger.add({}, [ada], midnight - timedelta(minutes=1))
    batch = ledger.take()
    ledger.add({}, [], midnight)
    ledger.settle(batch)
    ledger.add({}, [ada], midnight)
    assert ledger.take().visitors == ((ada, midnight),)


def test_visitors_there_is_no_room_for_are_written_when_they_come_again() -> None:
    ledger = Ledger(most_visitors=2)
    people = [(f"192.0.2.{n}", "", BROWSER) for n in range(3)]
    ledger.add({}, people, NOON)
    written = [who for who, _ in ledger.take().visitors]
    ledger.settle(ledger.take())
    ledger.add({}, people, NOON)
    assert {*written, *(who for who, _ in ledger.take().visitors)} == set(people)


def test_endless_headers_are_cut() -> None:
    ledger = Ledger()
    ledger.add({}, [("192.0.2.1", "203.0.113.5, " * 900, "Mozilla/5.0 " + "x" * 8000)], NOON)
    ((peer, forwarded, agent), _) = ledger.take().visitors[0]
    assert peer == "192.0.2.1" and forwarded.endswith("203.0.113.5, ") and len(forwarded + agent) <= 1000


def test_an_empty_ledger_has_no_batch() -> None:
    assert not Ledger().take()
    assert not Batch()
