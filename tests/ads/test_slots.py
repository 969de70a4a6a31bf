"""The choice of an advertisement: a pure function of slot, path and minute."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from masthead.ads.slots import TURN, Candidate, changes_at, choose, fill

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SLOTS = ("top", "in-article", "side")

moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)).map(
    lambda m: m.replace(second=0, microsecond=0)
)
candidates = st.builds(
    Candidate,
    id=st.integers(1, 10**6),
    slots=st.lists(st.sampled_from(SLOTS), unique=True).map(tuple),
    weight=st.integers(0, 100),
    starts=st.none() | moments,
    ends=st.none() | moments,
)
stocks = st.lists(candidates, unique_by=lambda ad: ad.id, max_size=12)


@given(stocks, st.sampled_from(SLOTS), st.text(max_size=40), moments, st.randoms())
def test_order_and_seconds_change_nothing(stock, slot, path, minute, random):
    shuffled = list(stock)
    random.shuffle(shuffled)
    assert choose(slot, path, minute, stock) == choose(slot, path, minute, shuffled) == choose(slot, path, minute, iter(stock))


@given(stocks, st.sampled_from(SLOTS), st.text(max_size=40), moments)
def test_what_is_chosen_may_stand_there_now(stock, slot, path, minute):
    chosen = choose(slot, path, minute, stock)
    fitting = [ad for ad in stock if slot in ad.slots and ad.in_date(minute) and ad.weight]
    assert (chosen in fitting) if fitting else (chosen is None)


@given(stocks, st.text(max_size=40), moments)
def test_none_stands_on_a_page_twice(stock, path, minute):
    filled = fill(SLOTS, path, minute, stock)
    assert len({ad.id for ad in filled.values()}) == len(filled)


def test_twice_the_weight_is_shown_twice_as_often():
    stock = [Candidate(1, ("top",), weight=2), Candidate(2, ("top",), weight=1)]
    shown = Counter(choose("top", "/", NOON + timedelta(seconds=n * TURN), stock).id for n in range(6000))
    assert 1.8 < shown[1] / shown[2] < 2.2


def test_it_begins_and_ends_on_its_minute():
    ad = Candidate(1, ("top",), starts=NOON, ends=NOON + timedelta(minutes=1))
    at = [choose("top", "/", NOON + timedelta(minutes=n), [ad]) for n in (-1, 0, 1)]
    assert at == [None, ad, None]


@given(stocks, st.sampled_from(SLOTS), st.text(max_size=40), moments, st.integers(0, 3 * TURN))
def test_nothing_changes_before_the_moment_that_is_told(stock, slot, path, now, seconds):
    until = changes_at([slot], path, now, stock)
    then = now + timedelta(seconds=seconds)
    assert until is None or until > now
    if until is None or then < until:
        assert choose(slot, path, then, stock) == choose(slot, path, now, stock)
